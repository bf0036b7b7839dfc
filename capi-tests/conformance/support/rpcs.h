/*
 * A server with procedures, and a pool that calls them.
 */
#ifndef RPCS_H
#define RPCS_H

#include "capi.h"

#include <arpa/inet.h>

#include <event2/buffer.h>
#include <event2/event_compat.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/rpc.h>
#include <event2/rpc_struct.h>
#include <event2/tag.h>

#include "calls.gen.c"

EVRPC_HEADER(Ask, question, answer)
EVRPC_GENERATE(Ask, question, answer)
EVRPC_HEADER(Strict, question, strict)
EVRPC_GENERATE(Strict, question, strict)

static struct event_base *base;
static struct evhttp *http;
static struct evrpc_base *rpcs;
static struct evrpc_pool *pool;
static ev_uint16_t port;

/* What the server's function is to do with a call. */
enum {
	ANSWER,
	/* Keep it in `kept`. */
	KEEP,
	/* Send a reply that is not complete. */
	NOTHING,
	/* Answer a moment later. */
	LATER,
};

static EVRPC_STRUCT(Ask) *kept;

static inline void
answer_later(evutil_socket_t fd, short what, void *arg)
{
	EVRPC_STRUCT(Ask) *call = arg;

	(void)fd;
	(void)what;
	EVTAG_ASSIGN(call->reply, text, "late");
	EVRPC_REQUEST_DONE(call);
}

static inline void
on_ask(EVRPC_STRUCT(Ask) *call, void *arg)
{
	struct timeval soon = capi_ms(50);
	ev_uint32_t what = ANSWER;
	ev_uint32_t length;
	ev_uint8_t *data;
	char *text;

	(void)arg;
	EVTAG_GET(call->request, what, &what);
	ck_assert_int_eq(EVTAG_GET(call->request, text, &text), 0);
	note("asked:%s", text);
	switch (what) {
	case KEEP:
		kept = call;
		return;
	case LATER:
		event_base_once(base, -1, EV_TIMEOUT, answer_later, call, &soon);
		return;
	case NOTHING:
		break;
	default:
		EVTAG_ASSIGN(call->reply, text, text);
		EVTAG_ASSIGN(call->reply, count, (ev_uint32_t)strlen(text));
		if (EVTAG_GET_WITH_LEN(call->request, data, &data, &length) == 0)
			EVTAG_ASSIGN_WITH_LEN(call->reply, data, data, length);
	}
	EVRPC_REQUEST_DONE(call);
}

/* Of a reply that must have its text: with the text, unless "no". */
static inline void
on_strict(EVRPC_STRUCT(Strict) *call, void *arg)
{
	char *text;

	(void)arg;
	ck_assert_int_eq(EVTAG_GET(call->request, text, &text), 0);
	if (strcmp(text, "no") != 0)
		EVTAG_ASSIGN(call->reply, text, text);
	EVRPC_REQUEST_DONE(call);
}

static inline void
be_quiet(int severity, const char *message)
{
	(void)severity;
	(void)message;
}

/* A base that is the current one: the reference's pools work with no other. */
static inline void
make_server(void)
{
	struct evhttp_bound_socket *bound;
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	event_set_log_callback(be_quiet);
	base = event_init();
	http = evhttp_new(base);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	ck_assert_ptr_nonnull(bound);
	ck_assert_int_eq(getsockname(evhttp_bound_socket_get_fd(bound),
	    (struct sockaddr *)&address, &length), 0);
	port = ntohs(address.sin_port);
	rpcs = evrpc_init(http);
	ck_assert_ptr_nonnull(rpcs);
	ck_assert_int_eq(
	    EVRPC_REGISTER(rpcs, Ask, question, answer, on_ask, NULL), 0);
	ck_assert_int_eq(
	    EVRPC_REGISTER(rpcs, Strict, question, strict, on_strict, NULL), 0);
}

static inline struct evhttp_connection *
connection_to(ev_uint16_t to)
{
	struct evhttp_connection *con =
	    evhttp_connection_base_new(NULL, NULL, "127.0.0.1", to);

	ck_assert_ptr_nonnull(con);
	return con;
}

/* With this many connections. */
static inline void
make_pool(int connections)
{
	pool = evrpc_pool_new(NULL);
	ck_assert_ptr_nonnull(pool);
	while (connections-- > 0)
		evrpc_pool_add_connection(pool, connection_to(port));
}

static inline void
set_up(void)
{
	make_server();
	make_pool(1);
}

static inline void
tear_down(void)
{
	if (pool)
		evrpc_pool_free(pool);
	if (rpcs)
		evrpc_free(rpcs);
	evhttp_free(http);
	event_base_free(base);
}

/* Calls that have not ended. */
static int calls;

static inline void
call_ended(void)
{
	if (--calls == 0)
		event_base_loopbreak(base);
}

static inline void
on_answer(struct evrpc_status *status, struct question *question,
    struct answer *answer, void *arg)
{
	char *text = (char *)"-";

	EVTAG_GET(answer, text, &text);
	note("%s:%d,%s,%d", (char *)arg, status->error, text,
	    status->http_req
	        ? evhttp_request_get_response_code(status->http_req) : -1);
	question_free(question);
	answer_free(answer);
	call_ended();
}

/* Makes a call, whose answer is noted as `NAME:ERROR,TEXT,STATUS`. */
static inline int
ask(const char *name, ev_uint32_t what)
{
	struct question *question = question_new();
	struct answer *answer = answer_new();
	int result;

	EVTAG_ASSIGN(question, text, name);
	EVTAG_ASSIGN(question, what, what);
	calls++;
	result = EVRPC_MAKE_REQUEST(
	    Ask, pool, question, answer, on_answer, (void *)name);
	if (result == -1) {
		calls--;
		question_free(question);
		answer_free(answer);
	}
	return result;
}

/* Runs the loop until all calls have ended. */
static inline void
wait_for_calls(void)
{
	struct timeval patience = {CAPI_PATIENCE_MS / 1000, 0};

	if (calls > 0) {
		event_base_loopexit(base, &patience);
		event_base_dispatch(base);
	}
	ck_assert_int_eq(calls, 0);
}

/* Runs the loop for a while, for what needs no more than a few turns. */
static inline void
run_a_while(void)
{
	struct timeval a_while = capi_ms(50);

	event_base_loopexit(base, &a_while);
	event_base_dispatch(base);
}

#endif
