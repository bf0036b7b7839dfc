/*
 * A server and a client of HTTP of which the n-th allocation fails: nothing leaks,
 * every request that was made is told of exactly once, and nobody waits for ever.
 */
// runs: one-backend
#define CAPI_OWN_LOCKS
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>

#include "fault_memory.h"

static struct event_base *base;
static struct evhttp *http;
static struct evhttp_connection *client;
static int made, told, good, descriptors;
static long runs_done;

/* Answers at once, with headers of its own. */
static void
answer(struct evhttp_request *req, void *arg)
{
	struct evbuffer *body = evbuffer_new();

	(void)arg;
	evhttp_add_header(evhttp_request_get_output_headers(req), "A", "b");
	if (body)
		evbuffer_add(body, "abc", 3);
	evhttp_send_reply(req, HTTP_OK, "OK", body);
	if (body)
		evbuffer_free(body);
}

/* Answers in parts. */
static void
answer_in_parts(struct evhttp_request *req, void *arg)
{
	struct evbuffer *part = evbuffer_new();

	(void)arg;
	evhttp_send_reply_start(req, HTTP_OK, NULL);
	for (int i = 0; part && i < 2; i++) {
		evbuffer_add_printf(part, "part %d", i);
		evhttp_send_reply_chunk(req, part);
	}
	evhttp_send_reply_end(req);
	if (part)
		evbuffer_free(part);
}

static struct evhttp_request *waiting;

/* Is answered in parts from outside of the callback. */
static void
keep(struct evhttp_request *req, void *arg)
{
	(void)arg;
	waiting = req;
}

static void
done(struct evhttp_request *req, void *arg)
{
	int *was_told = arg;

	ck_assert_int_eq((*was_told)++, 0);
	told++;
	good += req && evhttp_request_get_response_code(req) == HTTP_OK;
}

static void
ask(enum evhttp_cmd_type type, const char *uri, const char *body, int *was_told)
{
	struct evhttp_request *req = evhttp_request_new(done, was_told);

	*was_told = 0;
	if (!req)
		return;
	if (evhttp_add_header(evhttp_request_get_output_headers(req), "Host",
		"a") < 0 ||
	    (body &&
		evbuffer_add(evhttp_request_get_output_buffer(req), body,
		    strlen(body)) < 0)) {
		evhttp_request_free(req);
		return;
	}
	made += evhttp_make_request(client, req, type, uri) == 0;
}

static int
port_of(struct evhttp_bound_socket *bound)
{
	struct sockaddr_in sin;
	socklen_t length = sizeof sin;

	ck_assert_int_eq(getsockname(evhttp_bound_socket_get_fd(bound),
			     (struct sockaddr *)&sin, &length),
	    0);
	return ntohs(sin.sin_port);
}

static void
work(void)
{
	static int was_told[5];
	struct evhttp_bound_socket *bound;
	struct timeval start, now;

	http = evhttp_new(base);
	if (!http)
		return;
	if (evhttp_set_cb(http, "/a", answer, NULL) != 0 ||
	    evhttp_set_cb(http, "/later", keep, NULL) != 0)
		return;
	evhttp_set_gencb(http, answer_in_parts, NULL);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	if (!bound)
		return;
	client =
	    evhttp_connection_base_new(base, NULL, "127.0.0.1", port_of(bound));
	if (!client)
		return;
	ask(EVHTTP_REQ_GET, "/a?b", NULL, &was_told[0]);
	ask(EVHTTP_REQ_POST, "/a%61", "body", &was_told[1]);
	ask(EVHTTP_REQ_HEAD, "/a", NULL, &was_told[2]);
	ask(EVHTTP_REQ_TRACE, "/", NULL, &was_told[3]);
	ask(EVHTTP_REQ_GET, "/later", NULL, &was_told[4]);
	evutil_gettimeofday(&start, NULL);
	while (told < made) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (waiting) {
			struct evhttp_request *req = waiting;

			waiting = NULL;
			answer_in_parts(req, NULL);
		}
		evutil_gettimeofday(&now, NULL);
		ck_assert_msg(now.tv_sec - start.tv_sec < CAPI_PATIENCE_MS / 1000,
		    "told of %d of %d", told, made);
	}
}

static void
run_and_check(void)
{
	made = told = good = 0;
	base = event_base_new();
	if (base) {
		work();
		if (client)
			evhttp_connection_free(client);
		if (http)
			evhttp_free(http);
		event_base_loop(base, EVLOOP_NONBLOCK);
		event_base_free(base);
	}
	client = NULL;
	http = NULL;
	refuse_nothing();
	runs_done++;
	ck_assert_int_eq(told, made);
	ck_assert_int_eq(open_descriptors(), descriptors);
}

static void
sweep(int onwards)
{
	long before, n = 0;

	descriptors = open_descriptors();
	hook_memory();
	refuse_nothing();
	run_and_check();
	ck_assert_int_eq(good, 4);
	before = blocks;
	do {
		refuse(n, onwards);
		run_and_check();
		ck_assert_int_eq(blocks, before);
	} while (requests > n++);
	ck_assert_int_eq(good, 4);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
	ck_assert_int_gt(runs_done, 100);
}

TEST(the_nth_allocation_fails)
{
	sweep(0);
}

TEST(all_allocations_from_the_nth_fail)
{
	sweep(1);
}
