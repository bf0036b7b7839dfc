/*
 * A server whose clients and callbacks do anything at random, with many connections at a time: at the
 * end nothing is left, neither a connection nor a block of memory, and every request that was heard of
 * has ended once.
 */
// runs: one-backend
#define CAPI_OWN_LOCKS
#include "fault_memory.h"
#include "random.h"
#include "requests.h"

enum { AT_ONCE = 30, CONNECTIONS = 1500, WAITING = 400 };

/* Requests that are answered later. */
static struct waiting {
	struct evhttp_request *req;
	/* NULL once it has ended. */
	struct evhttp_connection *evcon;
	int started;
} waiting[WAITING];

static long heard_of, ended_requests, closed_connections;
static struct evhttp_connection *taken[AT_ONCE * 2];

CONNECTION(lost)
{
	closed_connections++;
	for (int i = 0; i < WAITING; i++) {
		struct waiting *one = &waiting[i];

		if (!one->req || one->evcon != evcon)
			continue;
		one->evcon = NULL;
		if (evhttp_request_get_connection(one->req)) {
			/* It goes with the connection. */
			one->req = NULL;
			ended_requests++;
		} else if (one->started && random_below(2)) {
			evhttp_send_reply_end(one->req);
			one->req = NULL;
			ended_requests++;
		}
	}
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		if (taken[i] == evcon)
			taken[i] = NULL;
}

REQUEST(on_complete)
{
	if (random_below(30) == 0)
		evhttp_connection_free(evhttp_request_get_connection(req));
}

static void
taken_event(struct bufferevent *bev UNUSED, short what UNUSED, void *arg)
{
	evhttp_connection_free(arg);
}

static void
taken_read(struct bufferevent *bev, void *arg)
{
	if (random_below(4))
		bufferevent_write_buffer(bev, bufferevent_get_input(bev));
	else
		evhttp_connection_free(arg);
}

static void
take_over(struct evhttp_request *req, struct evhttp_connection *evcon)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		if (taken[i])
			continue;
		taken[i] = evcon;
		/* It goes with the connection. */
		ended_requests++;
		bufferevent_setcb(bev, taken_read, NULL, taken_event, evcon);
		bufferevent_enable(bev, EV_READ | EV_WRITE);
		evbuffer_add_printf(bufferevent_get_output(bev), "mine %s",
		    evhttp_request_get_uri(req));
		return;
	}
	ended_requests++;
	answer(req, 200, "OK", "no place");
}

static void
send_part(struct evhttp_request *req)
{
	static char bytes[20000];
	struct evbuffer *buffer = evbuffer_new();

	evbuffer_add(buffer, bytes, 1 + random_below(sizeof(bytes)));
	evhttp_send_reply_chunk(req, buffer);
	evbuffer_free(buffer);
}

static void
wait_for_answer(struct evhttp_request *req, struct evhttp_connection *evcon)
{
	for (int i = 0; i < WAITING; i++) {
		if (waiting[i].req)
			continue;
		waiting[i] = (struct waiting){req, evcon, 0};
		if (random_below(3) == 0)
			bufferevent_enable(
			    evhttp_connection_get_bufferevent(evcon), EV_READ);
		return;
	}
	ended_requests++;
	answer(req, 200, "OK", "no place");
}

REQUEST(serve_any)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);

	heard_of++;
	evhttp_connection_set_closecb(evcon, lost, NULL);
	if (random_below(2))
		evhttp_request_set_on_complete_cb(req, on_complete, NULL);
	switch (random_below(12)) {
	default:
		ended_requests++;
		answer(req, 200, "OK", "at once");
		break;
	case 4:
		ended_requests++;
		evhttp_send_error(req, 500, NULL);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		wait_for_answer(req, evcon);
		break;
	case 9:
		ended_requests++;
		evhttp_connection_free(evcon);
		break;
	case 10:
		take_over(req, evcon);
		break;
	case 11:
		ended_requests++;
		evhttp_request_own(req);
		evhttp_connection_free(evcon);
		req->evcon = NULL;
		evhttp_request_free(req);
		break;
	}
}

/* Goes on with some of those that wait, or ends all. */
static void
answer_some(int all)
{
	for (int i = 0; i < WAITING; i++) {
		struct waiting *one = &waiting[i];
		struct evhttp_request *req = one->req;

		if (!req || (!all && random_below(3)))
			continue;
		if (one->started && !all && random_below(3)) {
			send_part(req);
			/* There may be no place for what nobody reads. */
			continue;
		}
		if (!one->started && !all && random_below(2)) {
			one->started = 1;
			evhttp_send_reply_start(req, 200, "OK");
			continue;
		}
		one->req = NULL;
		ended_requests++;
		if (one->started)
			evhttp_send_reply_end(req);
		else
			answer(req, 200, "OK", "later");
	}
}

/* The clients. */

static struct {
	int fd;
	char text[3000];
	size_t len, at;
} clients[AT_ONCE];

static void
begin_client(int i)
{
	static const char *const parts[] = {"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
	    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
	    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3;x\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n",
	    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	    "HEAD /x?y HTTP/1.1\r\nHost: h\r\n\r\n",
	    "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
	    "Expect: 100-continue\r\n\r\nabc",
	    "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
	    "GARBAGE\r\n\r\n",
	    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nshort"};

	clients[i].fd = dial();
	clients[i].at = 0;
	clients[i].text[0] = '\0';
	for (int n = 1 + random_below(8); n > 0; n--)
		strcat(clients[i].text,
		    parts[random_below(random_below(4) ? 7 : 9)]);
	clients[i].len = strlen(clients[i].text);
	if (random_below(4) == 0)
		clients[i].len = random_below(clients[i].len);
}

static void
end_client(int i)
{
	struct linger now = {1, 0};

	if (random_below(3) == 0)
		setsockopt(clients[i].fd, SOL_SOCKET, SO_LINGER, &now,
		    sizeof(now));
	close(clients[i].fd);
	clients[i].fd = -1;
}

static void
go_on_with(int i)
{
	size_t left = clients[i].len - clients[i].at;
	static char bytes[1 << 16];
	ssize_t n;

	switch (random_below(10)) {
	default:
		n = left && random_below(2) ? 1 + random_below(left) : left;
		n = send(clients[i].fd, clients[i].text + clients[i].at, n,
		    MSG_NOSIGNAL);
		clients[i].at += n > 0 ? n : 0;
		break;
	case 5:
	case 6:
	case 7:
		if (recv(clients[i].fd, bytes, sizeof(bytes), 0) == 0)
			end_client(i);
		break;
	case 8:
		if (random_below(4) == 0)
			shutdown(clients[i].fd, SHUT_WR);
		break;
	case 9:
		if (!left || random_below(5) == 0)
			end_client(i);
	}
}

static void
everything_at_random(unsigned seed)
{
	int begun = 0, left;

	random_state = seed;
	serve();
	evhttp_set_gencb(http, serve_any, NULL);
	evhttp_set_max_body_size(http, 40);
	for (int i = 0; i < AT_ONCE; i++)
		clients[i].fd = -1;
	do {
		left = 0;
		for (int i = 0; i < AT_ONCE; i++) {
			if (clients[i].fd == -1 && begun < CONNECTIONS) {
				begin_client(i);
				begun++;
			}
			if (clients[i].fd != -1) {
				go_on_with(i);
				left++;
			}
			if (random_below(5) == 0)
				turn();
		}
		turn();
		answer_some(0);
	} while (left > 0);
	for (int i = 0; i < 5; i++) {
		turn();
		answer_some(1);
	}
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
		if (taken[i])
			evhttp_connection_free(taken[i]);
	ck_assert_int_gt(heard_of, CONNECTIONS / 2);
	ck_assert_int_eq(ended_requests, heard_of);
	for (int i = 0; i < 5; i++)
		turn();
	ck_assert_int_eq(evhttp_get_connection_count(http), 0);
	serve_no_more();
}

TEST(nothing_is_left)
{
	signal(SIGPIPE, SIG_IGN);
	hook_memory();
	capi_use_threads();
	for (unsigned seed = 1; seed <= 4; seed++)
		everything_at_random(seed);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

/* A reply waits to go with the next, and can't be written any more when the connection is freed. */

static int fd;

REQUEST(answer_and_then_free)
{
	static int calls;
	struct linger now = {1, 0};

	if (calls++ % 2 == 0) {
		answer(req, 200, "OK", "x");
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
	fd = -1;
	evhttp_connection_free(evhttp_request_get_connection(req));
}

TEST(a_reply_that_cannot_be_written)
{
	signal(SIGPIPE, SIG_IGN);
	hook_memory();
	capi_use_threads();
	serve();
	evhttp_set_gencb(http, answer_and_then_free, NULL);
	for (int i = 0; i < 3; i++) {
		fd = dial();
		say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
			"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
		for (int n = 0; n < 5; n++)
			turn();
		ck_assert_int_eq(fd, -1);
	}
	ck_assert_int_eq(evhttp_get_connection_count(http), 0);
	serve_no_more();
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}
