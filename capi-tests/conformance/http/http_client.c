/* A client: what it sends, which replies it takes, reuse of connections, failures. */
// runs: one-backend
#include "faults.h"
#include "requests.h"
#include <event2/http_compat.h>

static struct evhttp_connection *evcon;
static int listening, peer = -1;

CONNECTION(lost)
{
	note("lost");
}

static void
on_error(enum evhttp_request_error error, void *arg)
{
	note("error:%d,%s", (int)error, (const char *)arg);
}

/* Notes how a request ended. */
REQUEST(done)
{
	if (!req)
		note("%s:null", (const char *)arg);
	else
		note("%s:%d", (const char *)arg,
		    evhttp_request_get_response_code(req));
}

/* Traces the whole reply. */
REQUEST(show_reply)
{
	struct evbuffer *body;
	size_t len;

	if (!req) {
		trace("no reply");
		return;
	}
	trace("reply %d <%s> version %d.%d kind %d",
	    evhttp_request_get_response_code(req),
	    evhttp_request_get_response_code_line(req)
		? evhttp_request_get_response_code_line(req)
		: "-",
	    req->major, req->minor, (int)req->kind);
	trace_headers("header", evhttp_request_get_input_headers(req));
	body = evhttp_request_get_input_buffer(req);
	len = evbuffer_get_length(body);
	if (len)
		trace_line((char *)evbuffer_pullup(body, -1), len, 0);
	evbuffer_drain(body, len);
}

static void
begin_client(void)
{
	base = event_base_new();
	listening = listening_socket();
	port = port_of(listening);
	evcon = evhttp_connection_base_new(base, NULL, "127.0.0.1", port);
	ck_assert_ptr_nonnull(evcon);
	evhttp_connection_set_closecb(evcon, lost, NULL);
}

static void
end_client(void)
{
	if (evcon)
		evhttp_connection_free(evcon);
	event_base_free(base);
	close(listening);
	if (peer != -1)
		close(peer);
}

/* The next connection of the client; the one before is closed. */
static void
take(void)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	if (peer != -1)
		close(peer);
	forget();
	while ((peer = accept4(listening, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC)) == -1) {
		ck_assert_msg(capi_now_ms() < end, "nobody comes");
		turn();
	}
	settle(peer);
}

/* Whether the client wants another connection. */
static int
comes_again(void)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd;

	settle(-1);
	fd = accept4(listening, (void *)&address, &len, SOCK_NONBLOCK);
	if (fd == -1)
		return 0;
	close(peer);
	forget();
	peer = fd;
	settle(peer);
	return 1;
}

static struct evhttp_request *
request(const char *name)
{
	struct evhttp_request *req =
	    evhttp_request_new(done, (void *)name);

	ck_assert_ptr_nonnull(req);
	evhttp_request_set_error_cb(req, on_error);
	return req;
}

static struct evhttp_request *
get(const char *name)
{
	struct evhttp_request *req = request(name);

	ck_assert_int_eq(
	    evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/"), 0);
	return req;
}

static void
reply(const char *text)
{
	say(peer, text);
	settle(peer);
}

static void
reply_and_close(const char *text)
{
	say(peer, text);
	shutdown(peer, SHUT_WR);
	settle(peer);
	close(peer);
	peer = -1;
	settle(-1);
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define OK_CLOSE                                                             \
	"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

TEST(what_is_sent)
{
	static const enum evhttp_cmd_type types[] = {EVHTTP_REQ_GET,
	    EVHTTP_REQ_POST, EVHTTP_REQ_HEAD, EVHTTP_REQ_PUT,
	    EVHTTP_REQ_DELETE, EVHTTP_REQ_OPTIONS, EVHTTP_REQ_TRACE,
	    EVHTTP_REQ_CONNECT, EVHTTP_REQ_PATCH};

	begin_client();
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct evhttp_request *req = request("r");

		ck_assert_int_eq(evhttp_make_request(evcon, req, types[i],
				     i % 2 ? "/a b?c" : "http://h/x"),
		    0);
		take();
		trace_heard();
		reply_and_close("HTTP/1.1 204 x\r\nConnection: close\r\n\r\n");
	}
	end_client();
}

TEST(headers_and_bodies_that_are_sent)
{
	begin_client();
	for (int i = 0; i < 6; i++) {
		struct evhttp_request *req = request("r");
		struct evkeyvalq *out = evhttp_request_get_output_headers(req);

		evhttp_add_header(out, "Host", "somewhere");
		evhttp_add_header(out, "X-A", "1");
		if (i % 2)
			evhttp_add_header(out, "Connection", "close");
		if (i == 4)
			evhttp_add_header(out, "Content-Length", "4");
		if (i == 5)
			req->minor = 0, req->major = 1;
		evbuffer_add(
		    evhttp_request_get_output_buffer(req), "body", 4);
		ck_assert_int_eq(evhttp_make_request(evcon, req,
				     i < 3 ? EVHTTP_REQ_POST : EVHTTP_REQ_PUT,
				     "/"),
		    0);
		take();
		trace_heard();
		reply_and_close("HTTP/1.1 204 x\r\nConnection: close\r\n\r\n");
	}
	end_client();
}

static void
show_reply_to(enum evhttp_cmd_type type, const char *text)
{
	struct evhttp_request *req = evhttp_request_new(show_reply, NULL);

	ck_assert_int_eq(evhttp_make_request(evcon, req, type, "/"), 0);
	if (!comes_again())
		trace("on the same connection");
	forget();
	reply(text);
	/* What ends with the connection. */
	shutdown(peer, SHUT_WR);
	settle(-1);
	trace("--");
}

TEST(replies)
{
	static const char *const texts[] = {OK, OK_CLOSE,
	    "HTTP/1.0 200 OK\r\n\r\nto the end",
	    "HTTP/1.1 200 OK\r\n\r\nto the end",
	    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end",
	    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 204 No Content\r\n\r\n",
	    "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\nok\r\n0\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "1\r\no\r\n1\r\nk\r\n0\r\nTrailer: x\r\n\r\n",
	    "HTTP/1.1 299 What ever it is\r\nA: b\r\na:  c \r\n"
	    "Content-Length: 1\r\n\r\nx",
	    "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nfail",
	    "HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"};

	begin_client();
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		show_reply_to(EVHTTP_REQ_GET, texts[i]);
	end_client();
}

TEST(replies_to_head)
{
	begin_client();
	show_reply_to(EVHTTP_REQ_HEAD,
	    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	show_reply_to(EVHTTP_REQ_HEAD,
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	end_client();
}

TEST(replies_that_are_none)
{
	static const char *const texts[] = {"GARBAGE\r\n\r\n",
	    "HTTP/1.1\r\n\r\n", "HTTP/x 200 OK\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
	    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	     "Content-Length: 1\r\n\r\n1\r\na\r\n0\r\n\r\n")};

	begin_client();
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		get("r");
		take();
		reply(texts[i]);
		shutdown(peer, SHUT_WR);
		settle(-1);
		trace("%s", capi_log);
		capi_log[0] = '\0';
	}
	end_client();
}

TEST(chunks_that_are_none)
{
	begin_client();
	get("r");
	take();
	reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
	ck_notes("lost error:2,r r:null");
	end_client();
}

TEST(a_reply_byte_by_byte)
{
	static const char text[] =
	    "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\nok\r\n3\r\nyes\r\n0\r\nX: y\r\n\r\n";
	struct evhttp_request *req = evhttp_request_new(show_reply, NULL);

	begin_client();
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	take();
	for (const char *at = text; *at; at++) {
		say_bytes(peer, at, 1);
		turn();
	}
	settle(-1);
	end_client();
}

/* Reuse and queues. */

TEST(connections_are_used_again)
{
	begin_client();
	get("a");
	take();
	reply(OK);
	get("b");
	ck_assert(!comes_again());
	settle(peer);
	reply(OK);
	ck_notes("a:200 b:200");
	/* Closed while nothing is asked: the next request connects again. */
	close(peer);
	peer = -1;
	settle(-1);
	ck_notes("lost");
	get("c");
	take();
	reply(OK);
	ck_notes("c:200");
	end_client();
	ck_notes("lost");
}

TEST(requests_wait_for_their_turn)
{
	begin_client();
	get("a");
	get("b");
	get("c");
	take();
	reply(OK);
	reply(OK);
	reply(OK);
	ck_notes("a:200 b:200 c:200");
	end_client();
}

TEST(closed_between_requests)
{
	begin_client();
	get("a");
	get("b");
	get("c");
	take();
	reply_and_close(OK_CLOSE);
	take();
	reply_and_close(OK_CLOSE);
	take();
	reply(OK);
	ck_notes("lost a:200 lost b:200 c:200");
	end_client();
}

TEST(stray_bytes_on_an_idle_connection)
{
	begin_client();
	get("a");
	take();
	reply(OK);
	ck_notes("a:200");
	reply("stray");
	ck_notes("lost");
	get("b");
	take();
	reply(OK);
	ck_notes("b:200");
	end_client();
}

REQUEST(ask_again)
{
	done(req, arg);
	get("again");
}

TEST(asked_in_the_callback)
{
	struct evhttp_request *req = evhttp_request_new(ask_again, "first");

	begin_client();
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	take();
	reply(OK);
	settle(peer);
	reply(OK);
	ck_notes("first:200 again:200");
	end_client();
}

REQUEST(free_connection)
{
	done(req, arg);
	evhttp_connection_free(evcon);
	evcon = NULL;
}

TEST(freed_in_the_callback)
{
	struct evhttp_request *req = evhttp_request_new(free_connection, "a");

	begin_client();
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	get("b");
	take();
	reply(OK);
	settle(-1);
	ck_notes("a:200 lost");
	end_client();
}

TEST(freed_while_asking)
{
	begin_client();
	get("a");
	get("b");
	take();
	end_client();
	ck_notes("lost");
}

static struct evhttp_request *kept;

REQUEST(keep)
{
	evhttp_request_own(req);
	kept = req;
	done(req, arg);
}

TEST(owned_requests_stay)
{
	struct evhttp_request *req = evhttp_request_new(keep, "a");

	begin_client();
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	take();
	reply(OK);
	ck_notes("a:200");
	end_client();
	ck_assert_int_eq(evhttp_request_get_response_code(kept), 200);
	ck_assert_int_eq(
	    evbuffer_get_length(evhttp_request_get_input_buffer(kept)), 2);
	ck_assert_ptr_nonnull(evhttp_find_header(
	    evhttp_request_get_input_headers(kept), "content-length"));
	evhttp_request_free(kept);
}

/* Failures. */

TEST(refused)
{
	int descriptors;

	begin_client();
	close(listening);
	descriptors = open_descriptors();
	get("a");
	get("b");
	settle(-1);
	ck_notes("a:0 b:0");
	ck_assert_int_eq(open_descriptors(), descriptors);
	end_client();
	ck_notes("");
}

TEST(closed_before_the_reply)
{
	begin_client();
	get("a");
	get("b");
	take();
	close(peer);
	peer = -1;
	take();
	ck_notes("lost error:1,a a:null");
	reply(OK);
	ck_notes("b:200");
	end_client();
}

TEST(closed_inside_of_the_reply)
{
	static const char *const texts[] = {"HTTP/1.1 200 OK\r\nConte",
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"};

	begin_client();
	for (int i = 0; i < 3; i++) {
		get("a");
		take();
		reply_and_close(texts[i]);
		ck_notes("lost error:1,a a:null");
	}
	end_client();
}

TEST(too_much)
{
	begin_client();
	evhttp_connection_set_max_body_size(evcon, 4);
	get("a");
	take();
	reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde");
	ck_notes("lost error:5,a a:null");
	get("a");
	take();
	reply("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd");
	ck_notes("a:200");
	end_client();
}

TEST(too_large_a_head)
{
	begin_client();
	evhttp_connection_set_max_headers_size(evcon, 40);
	get("a");
	take();
	reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: 01234567890\r\n\r\n");
	settle(-1);
	trace("%s", capi_log);
	end_client();
}

TEST(no_answer_in_time)
{
	struct timeval tv = capi_ms(50);

	begin_client();
	evhttp_connection_set_timeout_tv(evcon, &tv);
	get("a");
	take();
	while (!*capi_log)
		once();
	settle(-1);
	ck_notes("lost error:0,a a:null");
	end_client();
}

TEST(cancelled)
{
	struct evhttp_request *a, *b;

	begin_client();
	a = get("a");
	b = get("b");
	get("c");
	take();
	evhttp_cancel_request(b);
	ck_notes("");
	evhttp_cancel_request(a);
	ck_notes("lost error:4,a");
	take();
	reply(OK);
	ck_notes("c:200");
	end_client();
}

TEST(tried_again)
{
	struct timeval soon = capi_ms(30);
	struct sockaddr_in address = {.sin_family = AF_INET};
	int on = 1;

	begin_client();
	close(listening);
	/* Holds the port, which refuses until somebody listens. */
	listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	send_at_once(listening);
	setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(port);
	ck_assert_int_eq(bind(listening, (void *)&address, sizeof(address)), 0);
	evhttp_connection_set_initial_retry_tv(evcon, &soon);
	evhttp_connection_set_retries(evcon, 10);
	get("a");
	settle(-1);
	get("b");
	ck_notes("");
	ck_assert_int_eq(listen(listening, 10), 0);
	take();
	reply(OK);
	reply(OK);
	ck_notes("a:200 b:200");
	end_client();
}

TEST(tried_again_in_vain)
{
	struct timeval soon = capi_ms(10);

	begin_client();
	close(listening);
	evhttp_connection_set_initial_retry_tv(evcon, &soon);
	evhttp_connection_set_retries(evcon, 2);
	get("a");
	get("b");
	event_base_dispatch(base);
	ck_notes("a:0 b:0");
	end_client();
}

/* Callbacks on the way. */

static int
on_header(struct evhttp_request *req, void *arg)
{
	note("header:%s,%d", (const char *)arg,
	    evhttp_request_get_response_code(req));
	return strcmp(arg, "refuse") == 0 ? -1 : 0;
}

REQUEST(on_chunk)
{
	note("chunk:%zu",
	    evbuffer_get_length(evhttp_request_get_input_buffer(req)));
}

REQUEST(on_complete)
{
	note("complete");
}

REQUEST(done_empty)
{
	done(req, arg);
	note("left:%zu",
	    evbuffer_get_length(evhttp_request_get_input_buffer(req)));
}

TEST(told_of_parts)
{
	begin_client();
	for (int i = 0; i < 2; i++) {
		struct evhttp_request *req =
		    evhttp_request_new(done_empty, "a");

		evhttp_request_set_header_cb(req, on_header);
		evhttp_request_set_chunked_cb(req, on_chunk);
		evhttp_request_set_on_complete_cb(req, on_complete, NULL);
		evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
		if (i == 0)
			take();
		if (i == 0) {
			reply("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
			reply("abc");
			reply("def");
		} else {
			reply("HTTP/1.1 200 OK\r\n"
			      "Transfer-Encoding: chunked\r\n\r\n");
			reply("3\r\nabc\r\n4\r\nde");
			reply("fg\r\n0\r\n\r\n");
		}
		trace("%s", capi_log);
		capi_log[0] = '\0';
	}
	end_client();
}

TEST(refused_by_the_header_callback)
{
	struct evhttp_request *req = request("refuse");

	begin_client();
	evhttp_request_set_header_cb(req, on_header);
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	take();
	reply(OK);
	ck_notes("header:refuse,200 lost error:1,refuse refuse:null");
	end_client();
}

REQUEST(cancel_in_chunk)
{
	note("chunk");
	evhttp_cancel_request(req);
}

TEST(cancelled_in_the_chunk_callback)
{
	struct evhttp_request *req = request("a");

	begin_client();
	evhttp_request_set_chunked_cb(req, cancel_in_chunk);
	evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/");
	take();
	reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	      "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
	settle(-1);
	trace("%s", capi_log);
	end_client();
}

TEST(a_body_that_waits_for_100)
{
	struct evhttp_request *req = request("a");

	begin_client();
	evhttp_add_header(evhttp_request_get_output_headers(req), "Expect",
	    "100-continue");
	evbuffer_add(evhttp_request_get_output_buffer(req), "body", 4);
	evhttp_make_request(evcon, req, EVHTTP_REQ_POST, "/");
	take();
	trace_heard();
	reply("HTTP/1.1 100 Continue\r\n\r\n");
	trace_heard();
	reply(OK);
	ck_notes("a:200");
	end_client();
}

TEST(a_body_that_is_not_wanted)
{
	struct evhttp_request *req = request("a");

	begin_client();
	evhttp_add_header(evhttp_request_get_output_headers(req), "Expect",
	    "100-continue");
	evbuffer_add(evhttp_request_get_output_buffer(req), "body", 4);
	evhttp_make_request(evcon, req, EVHTTP_REQ_POST, "/");
	take();
	forget();
	reply("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
	/* What comes next would be taken for the body. */
	ck_notes("lost a:417");
	ck_assert_int_eq(heard_len, 0);
	end_client();
}

/* Interim replies are passed over. */
TEST(interim_replies)
{
	begin_client();
	get("a");
	take();
	reply("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
	      "HTTP/1.1 102 Processing\r\n\r\n" OK);
	ck_notes("a:200");
	end_client();
}

/* Connections that free themselves. */

TEST(freed_on_completion)
{
	begin_client();
	get("a");
	get("b");
	evhttp_connection_free_on_completion(evcon);
	evcon = NULL;
	take();
	reply(OK);
	ck_notes("a:200");
	reply_and_close(OK_CLOSE);
	ck_notes("lost b:200");
	end_client();
	ck_notes("");
}

TEST(freed_on_completion_of_a_failure)
{
	begin_client();
	get("a");
	evhttp_connection_free_on_completion(evcon);
	evcon = NULL;
	take();
	close(peer);
	peer = -1;
	settle(-1);
	trace("%s", capi_log);
	end_client();
}

TEST(peers)
{
	char *address = NULL;
	ev_uint16_t to = 0;

	begin_client();
	evhttp_connection_get_peer(evcon, &address, &to);
	ck_assert_str_eq(address, "127.0.0.1");
	ck_assert_int_eq(to, port);
	get("a");
	take();
	ck_assert_ptr_nonnull(evhttp_connection_get_addr(evcon));
	reply(OK);
	end_client();
}

TEST(local_addresses)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	begin_client();
	evhttp_connection_set_local_address(evcon, "127.0.0.7");
	get("a");
	take();
	ck_assert_int_eq(getpeername(peer, (void *)&address, &len), 0);
	ck_assert_str_eq(inet_ntoa(address.sin_addr), "127.0.0.7");
	reply(OK);
	ck_notes("a:200");
	end_client();
}

TEST(flags)
{
	begin_client();
	ck_assert_int_eq(evhttp_connection_set_flags(evcon,
			     EVHTTP_CON_REUSE_CONNECTED_ADDR),
	    0);
	ck_assert_int_eq(evhttp_connection_set_flags(evcon,
			     EVHTTP_CON_READ_ON_WRITE_ERROR),
	    0);
	ck_assert_int_eq(evhttp_connection_set_flags(evcon, 0), 0);
	ck_assert_int_eq(evhttp_connection_set_flags(evcon, 1 << 30), 1);
	end_client();
}

TEST(names)
{
	begin_client();
	evhttp_connection_free(evcon);
	evcon = evhttp_connection_base_new(base, NULL, "localhost", port);
	evhttp_connection_set_family(evcon, AF_INET);
	evhttp_connection_set_closecb(evcon, lost, NULL);
	get("a");
	take();
	reply(OK);
	ck_notes("a:200");
	evhttp_connection_free(evcon);
	ck_notes("lost");
	evcon = evhttp_connection_base_new(base, NULL, "host.invalid", port);
	get("b");
	settle(-1);
	ck_notes("error:1,b b:null");
	end_client();
}
