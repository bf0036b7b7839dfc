/*
 * Calls that succeed, calls that fail, and what the server makes of requests.
 */
// runs: one-backend
// messages: calls
#include "rpcs.h"

TEST(a_call_is_answered)
{
	set_up();
	ck_assert_int_eq(ask("hello", ANSWER), 0);
	wait_for_calls();
	ck_notes("asked:hello hello:0,hello,200");
	/* The connection serves for another one. */
	ck_assert_int_eq(ask("again", LATER), 0);
	wait_for_calls();
	ck_notes("asked:again again:0,late,200");
	tear_down();
}

TEST(calls_wait_for_an_idle_connection)
{
	set_up();
	ask("one", ANSWER);
	ask("two", LATER);
	ask("three", ANSWER);
	wait_for_calls();
	ck_notes("asked:one one:0,one,200 asked:two two:0,late,200 "
	    "asked:three three:0,three,200");
	evrpc_pool_add_connection(pool, connection_to(port));
	ask("slow", LATER);
	ask("quick", ANSWER);
	wait_for_calls();
	ck_assert_ptr_nonnull(strstr(capi_log, "quick:0,quick,200 slow:0"));
	tear_down();
}

TEST(a_call_without_a_connection)
{
	make_server();
	make_pool(0);
	ck_assert_int_eq(ask("nobody", ANSWER), -1);
	ck_notes("");
	evrpc_pool_add_connection(pool, connection_to(port));
	ask("somebody", ANSWER);
	wait_for_calls();
	ck_notes("asked:somebody somebody:0,somebody,200");
	tear_down();
}

/* The reply of a procedure that must have its text. */
static void
on_strict_answer(struct evrpc_status *status, struct question *question,
    struct strict *strict, void *arg)
{
	(void)arg;
	note("%d,%d,%d", status->error, EVTAG_HAS(strict, text),
	    status->http_req
	        ? evhttp_request_get_response_code(status->http_req) : -1);
	question_free(question);
	strict_free(strict);
	call_ended();
}

static void
ask_strictly(const char *text)
{
	struct question *question = question_new();

	if (text)
		EVTAG_ASSIGN(question, text, text);
	calls++;
	ck_assert_int_eq(EVRPC_MAKE_REQUEST(Strict, pool, question,
	    strict_new(), on_strict_answer, NULL), 0);
}

TEST(a_reply_that_is_not_complete_is_none)
{
	set_up();
	ask_strictly("yes");
	wait_for_calls();
	ck_notes("0,1,200");
	/* The server does not send it. */
	ask_strictly("no");
	wait_for_calls();
	ck_notes("2,0,503");
	tear_down();
}

TEST(a_request_that_is_not_complete_is_refused)
{
	struct question *question = question_new();

	set_up();
	ck_assert_int_eq(question_complete(question), -1);
	question_free(question);
	question = question_new();
	EVTAG_ASSIGN(question, what, 1);
	calls++;
	EVRPC_MAKE_REQUEST(
	    Strict, pool, question, strict_new(), on_strict_answer, NULL);
	wait_for_calls();
	ck_notes("2,0,503");
	tear_down();
}

TEST(an_empty_reply_is_one)
{
	set_up();
	ask("empty", NOTHING);
	wait_for_calls();
	ck_notes("asked:empty empty:0,-,200");
	tear_down();
}

/* libevent does not look at the status, but at the page. */
TEST(a_status_other_than_success_is_no_reply)
{
	set_up();
	ck_assert_int_eq(EVRPC_UNREGISTER(rpcs, Ask), 0);
	ask("nothing", ANSWER);
	wait_for_calls();
	ck_notes("nothing:2,-,404");
	tear_down();
}

static void
answer_nothing(struct evhttp_request *req, void *arg)
{
	(void)arg;
	evhttp_send_reply(req, 404, "Nothing", NULL);
}

TEST(an_empty_page_of_an_error_is_no_reply)
{
	set_up();
	EVRPC_UNREGISTER(rpcs, Ask);
	evhttp_set_gencb(http, answer_nothing, NULL);
	ask("nothing", ANSWER);
	wait_for_calls();
	ck_notes("nothing:2,-,404");
	tear_down();
}

static void
closed_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
	ck_assert_int_eq(
	    getsockname(fd, (struct sockaddr *)&address, &length), 0);
	port = ntohs(address.sin_port);
	close(fd);
}

TEST(a_refused_connection_is_no_reply)
{
	make_server();
	closed_port();
	make_pool(1);
	ask("refused", ANSWER);
	wait_for_calls();
	ck_notes("refused:2,-,0");
	ask("again", ANSWER);
	wait_for_calls();
	ck_notes("again:2,-,0");
	tear_down();
}

TEST(a_required_field_makes_it_an_error_everywhere)
{
	make_server();
	closed_port();
	make_pool(1);
	ask_strictly("refused");
	wait_for_calls();
	ck_notes("2,0,0");
	tear_down();
}

TEST(procedures_come_and_go)
{
	set_up();
	ck_assert_int_eq(evrpc_unregister_rpc(rpcs, "Nothing"), -1);
	ck_assert_int_eq(EVRPC_UNREGISTER(rpcs, Ask), 0);
	ck_assert_int_eq(EVRPC_UNREGISTER(rpcs, Ask), -1);
	ck_assert_int_eq(
	    EVRPC_REGISTER(rpcs, Ask, question, answer, on_ask, NULL), 0);
	ask("back", ANSWER);
	wait_for_calls();
	ck_notes("asked:back back:0,back,200");
	tear_down();
}

static void *
new_question(void *arg)
{
	return question_new_with_arg(arg);
}
static void
free_question(void *message)
{
	question_free(message);
}
static int
read_question(void *message, struct evbuffer *buf)
{
	return question_unmarshal(message, buf);
}
static void *
new_answer(void *arg)
{
	return answer_new_with_arg(arg);
}
static void
free_answer(void *message)
{
	answer_free(message);
}
static int
complete_answer(void *message)
{
	return answer_complete(message);
}
static void
write_answer(struct evbuffer *buf, void *message)
{
	answer_marshal(buf, message);
}

static void
on_generic(struct evrpc_req_generic *call, void *arg)
{
	EVRPC_STRUCT(Ask) *typed = (void *)call;

	ck_assert_ptr_eq(typed->request, evrpc_get_request(call));
	ck_assert_ptr_eq(typed->reply, evrpc_get_reply(call));
	ck_assert_str_eq(typed->rpc->uri, "Ask");
	ck_assert_ptr_eq(typed->rpc->base, rpcs);
	ck_assert_ptr_nonnull(EVRPC_REQUEST_HTTP(typed));
	note("%s", (char *)arg);
	EVTAG_ASSIGN((struct answer *)evrpc_get_reply(call), text, "generic");
	evrpc_request_done(call);
}

TEST(a_procedure_that_the_program_describes)
{
	struct evrpc *rpc = calloc(1, sizeof(*rpc));

	set_up();
	EVRPC_UNREGISTER(rpcs, Ask);
	rpc->uri = strdup("Ask");
	rpc->request_new = new_question;
	rpc->request_free = free_question;
	rpc->request_unmarshal = read_question;
	rpc->reply_new = new_answer;
	rpc->reply_free = free_answer;
	rpc->reply_complete = complete_answer;
	rpc->reply_marshal = write_answer;
	ck_assert_int_eq(
	    evrpc_register_rpc(rpcs, rpc, on_generic, (void *)"arg"), 0);
	ask("x", ANSWER);
	wait_for_calls();
	ck_notes("arg x:0,generic,200");
	tear_down();
}

/* What the server answers to requests that are no calls. */
static void
on_http_reply(struct evhttp_request *req, void *arg)
{
	(void)arg;
	note("%d,%s", req ? evhttp_request_get_response_code(req) : -1,
	    req ? evhttp_find_header(
	        evhttp_request_get_input_headers(req), "Content-Type") : "-");
	event_base_loopbreak(base);
}

static void
http_request(enum evhttp_cmd_type type, const char *uri, const char *hex)
{
	struct evhttp_connection *con =
	    evhttp_connection_base_new(base, NULL, "127.0.0.1", port);
	struct evhttp_request *req = evhttp_request_new(on_http_reply, NULL);
	unsigned value;
	char byte;

	for (; sscanf(hex, "%2x", &value) == 1; hex += 2) {
		byte = (char)value;
		evbuffer_add(evhttp_request_get_output_buffer(req), &byte, 1);
	}
	evhttp_add_header(
	    evhttp_request_get_output_headers(req), "Host", "localhost");
	ck_assert_int_eq(evhttp_make_request(con, req, type, uri), 0);
	event_base_dispatch(base);
	evhttp_connection_free(con);
}

TEST(requests_that_are_no_calls)
{
	set_up();
	http_request(EVHTTP_REQ_POST, "/.rpc.Ask", "010161");
	ck_notes("asked:a 200,application/octet-stream");
	http_request(EVHTTP_REQ_POST, "/.rpc.Ask?x=y", "010161");
	ck_notes("asked:a 200,application/octet-stream");
	http_request(EVHTTP_REQ_GET, "/.rpc.Ask", "");
	ck_notes("503,text/html");
	http_request(EVHTTP_REQ_PUT, "/.rpc.Ask", "010161");
	ck_notes("503,text/html");
	http_request(EVHTTP_REQ_POST, "/.rpc.Ask", "");
	ck_notes("503,text/html");
	/* No field, an unknown one, one twice, none that is required. */
	http_request(EVHTTP_REQ_POST, "/.rpc.Ask", "01");
	http_request(EVHTTP_REQ_POST, "/.rpc.Ask", "0101610901");
	http_request(EVHTTP_REQ_POST, "/.rpc.Ask", "010161010161");
	http_request(EVHTTP_REQ_POST, "/.rpc.Ask", "020100");
	ck_notes("503,text/html 503,text/html 503,text/html 503,text/html");
	http_request(EVHTTP_REQ_POST, "/.rpc.Other", "010161");
	ck_notes("404,text/html");
	tear_down();
}

static void
on_any(struct evhttp_request *req, void *arg)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
	struct evkeyval *header;
	struct evbuffer *body = evhttp_request_get_input_buffer(req);
	unsigned char *bytes = evbuffer_pullup(body, -1);

	(void)arg;
	trace("%d %s %zu bytes %02x %02x", evhttp_request_get_command(req),
	    evhttp_request_get_uri(req), evbuffer_get_length(body), bytes[0],
	    bytes[1]);
	/* libevent's calls do not name the host. */
	for (header = headers->tqh_first; header;
	    header = header->next.tqe_next)
		if (strcmp(header->key, "Host") != 0)
			trace("%s: %s", header->key, header->value);
	evbuffer_drain(body, 100);
	evbuffer_add(body, "\1\2hi", 4);
	evhttp_send_reply(req, 200, "OK", body);
}

TEST(what_is_sent)
{
	set_up();
	EVRPC_UNREGISTER(rpcs, Ask);
	evhttp_set_gencb(http, on_any, NULL);
	ask("hello", ANSWER);
	wait_for_calls();
	ck_notes("hello:0,hi,200");
	tear_down();
}

static void
on_changed(struct evrpc_status *status, void *question, void *answer, void *arg)
{
	note("changed:%d,%s", status->error, (char *)arg);
	question_free(question);
	answer_free(answer);
	call_ended();
}

TEST(a_call_that_is_made_in_steps)
{
	struct question *question = question_new();
	struct answer *answer = answer_new();
	struct evrpc_request_wrapper *call;
	struct evrpc_pool *other = evrpc_pool_new(NULL);

	set_up();
	EVTAG_ASSIGN(question, text, "steps");
	call = EVRPC_MAKE_CTX(Ask, question, answer, other, question, answer,
	    on_answer, (void *)"steps");
	ck_assert_ptr_eq(evrpc_request_get_pool(call), other);
	evrpc_request_set_pool(call, pool);
	ck_assert_ptr_eq(evrpc_request_get_pool(call), pool);
	evrpc_request_set_cb(call, on_changed, (void *)"arg");
	calls++;
	ck_assert_int_eq(evrpc_make_request(call), 0);
	wait_for_calls();
	ck_notes("asked:steps changed:0,arg");
	evrpc_pool_free(other);
	tear_down();
}

TEST(large_messages)
{
	static ev_uint8_t block[3 << 20];
	struct question *question = question_new();
	struct answer *answer;

	set_up();
	memset(block, 'x', sizeof(block));
	EVTAG_ASSIGN(question, text, "large");
	EVTAG_ASSIGN_WITH_LEN(question, data, block, sizeof(block));
	answer = answer_new();
	calls++;
	EVRPC_MAKE_REQUEST(
	    Ask, pool, question, answer, on_answer, (void *)"large");
	wait_for_calls();
	ck_notes("asked:large large:0,large,200");
	tear_down();
}

static int left;

static void
on_many(struct evrpc_status *status, struct question *question,
    struct answer *answer, void *arg)
{
	(void)arg;
	ck_assert_int_eq(status->error, EVRPC_STATUS_ERR_NONE);
	/* The callback makes the next call, of the same messages. */
	answer_clear(answer);
	if (left-- > 0) {
		EVRPC_MAKE_REQUEST(Ask, pool, question, answer, on_many, NULL);
		return;
	}
	question_free(question);
	answer_free(answer);
	call_ended();
}

TEST(thousands_of_calls_over_some_connections)
{
	struct question *question;
	int i;

	make_server();
	make_pool(8);
	left = 1000;
	for (i = 0; i < 20; i++) {
		question = question_new();
		EVTAG_ASSIGN(question, text, "x");
		calls++;
		EVRPC_MAKE_REQUEST(
		    Ask, pool, question, answer_new(), on_many, NULL);
	}
	wait_for_calls();
	tear_down();
}
