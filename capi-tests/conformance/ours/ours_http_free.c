/*
 * Each callback of a server frees its connection, another one or the server, while two more
 * connections are in the middle of something. Each connection is told of its end once.
 */
// runs: one-backend
#include "requests.h"
#include <event2/ws.h>

enum { MINE, WAITS, STREAMS, MANY };

/* The connections as the server has them, and how often each ended. */
static struct evhttp_connection *connections[MANY];
static int ends[MANY], fds[MANY];
static struct evhttp_request *waiting, *streaming, *mine;

static const char *acts_in;
static void (*action)(void);
static int acted;

/* Whether it was here. */
static int
act(const char *where)
{
	if (acted || strcmp(where, acts_in) != 0)
		return 0;
	acted = 1;
	action();
	return 1;
}

CONNECTION(lost)
{
	long number = (long)arg;

	ck_assert_ptr_eq(connections[number], evcon);
	ends[number]++;
	if (number == WAITS)
		waiting = NULL;
	if (number == STREAMS)
		streaming = NULL;
	/* Also once more the one that ends. */
	if (number == MINE) {
		/* Its client has gone: it is the program's. */
		if (mine && !evhttp_request_get_connection(mine))
			evhttp_send_reply_end(mine);
		mine = NULL;
		act("close");
	}
	connections[number] = NULL;
}

static void
meet(struct evhttp_request *req, long number)
{
	connections[number] = evhttp_request_get_connection(req);
	evhttp_connection_set_closecb(
	    connections[number], lost, (void *)number);
}

static void
free_connection(long number)
{
	if (connections[number])
		evhttp_connection_free(connections[number]);
}

static void
free_mine(void)
{
	free_connection(MINE);
}

static void
free_others(void)
{
	free_connection(WAITS);
	free_connection(STREAMS);
}

static void
free_all(void)
{
	free_others();
	free_mine();
}

static void
free_server(void)
{
	evhttp_free(http);
	http = NULL;
}

static void
answer_others(void)
{
	if (waiting)
		answer(waiting, 200, "OK", "late");
	waiting = NULL;
	if (streaming)
		evhttp_send_reply_end(streaming);
	streaming = NULL;
}

static int
on_header(struct evhttp_request *req UNUSED, void *arg UNUSED)
{
	act("header");
	return 0;
}

REQUEST(on_chunk)
{
	act("chunk");
}

REQUEST(on_complete)
{
	act("complete");
}

static int
on_new(struct evhttp_request *req, void *arg UNUSED)
{
	evhttp_request_set_header_cb(req, on_header);
	evhttp_request_set_chunked_cb(req, on_chunk);
	/* The others had their first requests before. */
	if (!connections[MINE] && !acted)
		meet(req, MINE);
	act("new");
	return 0;
}

static int
on_error(struct evhttp_request *req UNUSED, struct evbuffer *page UNUSED,
    int code UNUSED, const char *reason UNUSED, void *arg UNUSED)
{
	act("error");
	return -1;
}

CONNECTION(written)
{
	act("written");
}

REQUEST(keep)
{
	meet(req, WAITS);
	waiting = req;
}

static void
send_part(struct evhttp_request *req,
    void (*cb)(struct evhttp_connection *, void *))
{
	struct evbuffer *buffer = evbuffer_new();

	evbuffer_add(buffer, "part", 4);
	evhttp_send_reply_chunk_with_cb(req, buffer, cb, NULL);
	evbuffer_free(buffer);
}

REQUEST(stream)
{
	meet(req, STREAMS);
	evhttp_send_reply_start(req, 200, "OK");
	send_part(req, NULL);
	streaming = req;
}

REQUEST(serve_mine)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);

	meet(req, MINE);
	evhttp_request_set_on_complete_cb(req, on_complete, NULL);
	if (act("request") && (!http || connections[MINE] != evcon))
		return;
	if (strcmp(acts_in, "written") == 0) {
		evhttp_send_reply_start(req, 200, "OK");
		mine = req;
		send_part(req, written);
	} else {
		answer(req, 200, "OK", "x");
		act("answered");
	}
}

/* On a busy machine what was sent comes a little later. */
static void
turns(int n)
{
	if (n > 2)
		capi_sleep_ms(3);
	while (n-- > 0)
		turn();
}

static void
scenario(const char *where, void (*what)(void))
{
	static const char *const first[] = {NULL,
	    "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n",
	    "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"};
	/* More follows behind it. */
	static const char chunks[] =
	    "POST /mine HTTP/1.1\r\nHost: h\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n"
	    "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"
	    "GET /mine HTTP/1.1\r\nHost: h\r\n\r\nGET /mi";
	const char *text;

	memset(ends, 0, sizeof(ends));
	acted = 0;
	acts_in = where;
	action = what;
	serve();
	evhttp_set_gencb(http, serve_mine, NULL);
	evhttp_set_cb(http, "/wait", keep, NULL);
	evhttp_set_cb(http, "/stream", stream, NULL);
	evhttp_set_errorcb(http, on_error, NULL);
	for (int i = WAITS; i < MANY; i++) {
		fds[i] = dial();
		say(fds[i], first[i]);
		turns(4);
	}
	ck_assert_ptr_nonnull(waiting);
	ck_assert_ptr_nonnull(streaming);
	evhttp_set_newreqcb(http, on_new, NULL);
	fds[MINE] = dial();
	turns(3);
	text = strcmp(where, "error") == 0 ? "GARBAGE\r\n\r\n" : chunks;
	(void)!send(fds[MINE], text, strlen(text), MSG_NOSIGNAL);
	turns(6);
	close(fds[MINE]);
	turns(4);
	ck_assert_msg(acted, "%s was not called", where);
	if (http)
		evhttp_free(http);
	/* A connection that ended before its first request was never met. */
	ck_assert_int_le(ends[MINE], 1);
	ck_assert_int_eq(ends[WAITS], 1);
	ck_assert_int_eq(ends[STREAMS], 1);
	for (int i = WAITS; i < MANY; i++)
		close(fds[i]);
	turns(2);
	/* Nothing is left that the loop would wait for. */
	ck_assert_int_eq(event_base_loop(base, EVLOOP_NONBLOCK), 1);
	event_base_free(base);
}

static void
everywhere(void (*what)(void))
{
	static const char *const places[] = {"new", "header", "chunk", "request",
	    "answered", "complete", "written", "close", "error"};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		scenario(places[i], what);
}

TEST(its_own_connection)
{
	everywhere(free_mine);
}

TEST(other_connections)
{
	everywhere(free_others);
}

TEST(all_connections)
{
	everywhere(free_all);
}

TEST(the_server)
{
	everywhere(free_server);
}

TEST(others_are_answered)
{
	everywhere(answer_others);
}

/* The same for WebSocket. */

static struct evws_connection *sessions[2];
static int opened;

static void
session_lost(struct evws_connection *evws, void *arg)
{
	long number = (long)arg;

	ck_assert_ptr_eq(sessions[number], evws);
	ends[number]++;
	if (number == 0)
		act("close");
	sessions[number] = NULL;
}

static void
on_message(struct evws_connection *evws, int type UNUSED,
    const unsigned char *data UNUSED, size_t len UNUSED, void *arg UNUSED)
{
	if (evws == sessions[0])
		act("message");
}

REQUEST(open_session)
{
	long number = 1 - opened++;

	sessions[number] = evws_new_session(req, on_message, NULL, 0);
	ck_assert_ptr_nonnull(sessions[number]);
	evws_connection_set_closecb(
	    sessions[number], session_lost, (void *)number);
}

static void
free_sessions(void)
{
	for (int i = 1; i >= 0; i--)
		if (sessions[i])
			evws_connection_free(sessions[i]);
}

static void
send_to_sessions(void)
{
	for (int i = 0; i < 2; i++)
		if (sessions[i])
			evws_send_text(sessions[i], "text");
}

static void
session_scenario(const char *where, void (*what)(void))
{
	static const char text[] =
	    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	    /* Two messages "ab". */
	    "\x81\x82\0\0\0\0ab\x81\x82\0\0\0\0ab";

	memset(ends, 0, sizeof(ends));
	opened = acted = 0;
	acts_in = where;
	action = what;
	serve();
	evhttp_set_gencb(http, open_session, NULL);
	for (int i = 1; i >= 0; i--) {
		fds[i] = dial();
		say_bytes(fds[i], text, sizeof(text) - 1 - 8 * i);
		turns(4);
	}
	close(fds[0]);
	turns(4);
	ck_assert_msg(acted, "%s was not called", where);
	if (http)
		evhttp_free(http);
	ck_assert_int_eq(ends[0], 1);
	ck_assert_int_eq(ends[1], 1);
	close(fds[1]);
	turns(2);
	ck_assert_int_eq(event_base_loop(base, EVLOOP_NONBLOCK), 1);
	event_base_free(base);
}

TEST(websocket_sessions)
{
	static void (*const actions[])(void) = {
	    free_sessions, free_server, send_to_sessions};

	for (int i = 0; i < 3; i++) {
		session_scenario("message", actions[i]);
		session_scenario("close", actions[i]);
	}
}
