/*
 * A client with a queue of requests whose server closes, resets, or sends what it was not asked for:
 * each final callback runs once, in order.
 */
// runs: one-backend
#include "requests.h"

enum { MANY = 5 };

static struct evhttp_connection *evcon;
static int listening, peer, accepted, received, told;

/* What the server does with its n-th request. */
static void (*serve_request)(int number);

REQUEST(done)
{
	long number = (long)arg;

	ck_assert_int_eq(number, told);
	told++;
	note("%ld:%d", number,
	    req ? evhttp_request_get_response_code(req) : -1);
	if (req && evhttp_request_get_response_code(req) == 200)
		ck_assert_int_eq(evbuffer_get_length(
				     evhttp_request_get_input_buffer(req)),
		    2);
}

static void
on_error(enum evhttp_request_error error, void *arg)
{
	note("error%d of %ld", (int)error, (long)arg);
}

CONNECTION(lost)
{
	note("lost");
}

static void
hang_up(void)
{
	close(peer);
	peer = -1;
}

static void
reset(void)
{
	struct linger now = {1, 0};

	setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	hang_up();
}

/* The server's part, as often as the loop turns. */
static void
serve_some(void)
{
	char bytes[2000];
	ssize_t n;
	int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);

	if (fd != -1) {
		if (peer != -1)
			close(peer);
		peer = fd;
		accepted++;
	}
	if (peer == -1)
		return;
	n = recv(peer, bytes, sizeof(bytes) - 1, 0);
	if (n == 0)
		hang_up();
	if (n <= 0)
		return;
	bytes[n] = '\0';
	/* A client sends one, and waits for its reply. */
	ck_assert_ptr_nonnull(strstr(bytes, "\r\n\r\n"));
	ck_assert_ptr_null(strstr(strstr(bytes, "\r\n\r\n") + 1, "GET"));
	serve_request(received++);
}

/* Asks MANY times at once. */
static void
ask(void (*serving)(int number))
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	peer = -1;
	accepted = received = told = 0;
	serve_request = serving;
	base = event_base_new();
	listening = listening_socket();
	evcon = evhttp_connection_base_new(
	    base, NULL, "127.0.0.1", port_of(listening));
	evhttp_connection_set_closecb(evcon, lost, NULL);
	for (long i = 0; i < MANY; i++) {
		struct evhttp_request *req =
		    evhttp_request_new(done, (void *)i);

		evhttp_request_set_error_cb(req, on_error);
		ck_assert_int_eq(
		    evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/"), 0);
	}
	while (told < MANY) {
		ck_assert_msg(capi_now_ms() < end, "%s", capi_log);
		serve_some();
		turn();
	}
	for (int i = 0; i < 3; i++)
		turn();
	ck_assert_int_eq(told, MANY);
	evhttp_connection_set_closecb(evcon, NULL, NULL);
	evhttp_connection_free(evcon);
	if (peer != -1)
		close(peer);
	close(listening);
	event_base_free(base);
}

static void
converse(void (*serving)(int number))
{
	ask(serving);
	trace("%s, %d connections, %d requests", capi_log, accepted, received);
	capi_log[0] = '\0';
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void
answer_and_close(int number UNUSED)
{
	say(peer, OK);
	hang_up();
}

TEST(closed_after_each)
{
	converse(answer_and_close);
}

static void
close_after_the_second(int number)
{
	say(peer, OK);
	if (number == 1)
		hang_up();
}

TEST(closed_after_the_second)
{
	converse(close_after_the_second);
}

static void
close_after_a_head(int number)
{
	if (number == 2) {
		say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
		hang_up();
	} else {
		say(peer, OK);
	}
}

TEST(closed_in_a_body)
{
	converse(close_after_a_head);
}

static void
reset_in_a_body(int number)
{
	if (number == 1 || number == 3) {
		say(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "5\r\nab");
		reset();
	} else {
		say(peer, OK);
	}
}

TEST(reset_in_bodies)
{
	converse(reset_in_a_body);
}

static void
reset_before_the_reply(int number)
{
	if (number % 2)
		reset();
	else
		say(peer, OK);
}

TEST(reset_before_replies)
{
	converse(reset_before_the_reply);
}

static void
garbage_for_the_third(int number)
{
	say(peer, number == 2 ? "GARBAGE\r\n\r\n" : OK);
}

TEST(garbage_between_replies)
{
	converse(garbage_for_the_third);
}

static void
two_replies(int number)
{
	say(peer, number == 1 ? "HTTP/1.1 204 No Content\r\n\r\n" OK : OK);
}

/* What comes without having been asked for answers nothing. */
TEST(a_reply_too_many)
{
	converse(two_replies);
}

static void
length_is_too_small(int number)
{
	say(peer, number == 1
		? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more"
		: OK);
}

TEST(a_body_that_is_too_long)
{
	converse(length_is_too_small);
}

static void
interim(int number)
{
	static const char *const before[] = {"HTTP/1.1 100 Continue\r\n\r\n",
	    "HTTP/1.1 102 Processing\r\n\r\n",
	    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n",
	    "HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 x\r\n\r\nHTTP/1.1 199 x\r\n\r\n",
	    ""};

	say(peer, before[number]);
	for (int i = 0; i < number; i++)
		turn();
	say(peer, OK);
}

TEST(interim_replies_before_each)
{
	ask(interim);
	ck_notes("0:200 1:200 2:200 3:200 4:200");
	ck_assert_int_eq(accepted, 1);
}

static void
switch_protocols(int number)
{
	say(peer, number == 1 ? "HTTP/1.1 101 Switching Protocols\r\n"
				"Upgrade: else\r\nConnection: Upgrade\r\n\r\n"
			      : OK);
	if (number == 1)
		hang_up();
}

/* 101 is the last of its connection. */
TEST(protocols_switched_unasked)
{
	converse(switch_protocols);
}

/* A tunnel through a proxy: what comes behind its reply is for who asked. */

static int tunnelled;

REQUEST(tunnel_stands)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
	struct evbuffer *input = bufferevent_get_input(bev);
	char bytes[20] = "";

	evbuffer_copyout(input, bytes, sizeof(bytes) - 1);
	trace("%d, and behind it <%s>",
	    req ? evhttp_request_get_response_code(req) : -1, bytes);
	evbuffer_drain(input, sizeof(bytes));
	if (!*bytes) {
		struct evhttp_request *next = evhttp_request_new(done, NULL);

		ck_assert_int_eq(evhttp_make_request(evcon, next,
				     EVHTTP_REQ_GET, "/inside"),
		    0);
	}
	tunnelled = 1;
}

static void
tunnel(const char *text)
{
	struct evhttp_request *req = evhttp_request_new(tunnel_stands, NULL);
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;
	char bytes[2000];

	told = tunnelled = 0;
	base = event_base_new();
	listening = listening_socket();
	evcon = evhttp_connection_base_new(
	    base, NULL, "127.0.0.1", port_of(listening));
	ck_assert_int_eq(evhttp_make_request(
			     evcon, req, EVHTTP_REQ_CONNECT, "host:1"),
	    0);
	while ((peer = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) == -1)
		turn();
	while (recv(peer, bytes, sizeof(bytes), 0) <= 0)
		turn();
	say(peer, text);
	while (!tunnelled) {
		ck_assert_int_lt(capi_now_ms(), end);
		turn();
	}
	for (int i = 0; i < 4; i++)
		turn();
	if (recv(peer, bytes, sizeof(bytes), 0) > 0) {
		trace("inside: %.11s", bytes);
		say(peer, OK);
		while (!told)
			turn();
	}
	ck_assert_int_eq(accept(listening, NULL, NULL), -1);
	evhttp_connection_free(evcon);
	close(peer);
	close(listening);
	event_base_free(base);
}

TEST(tunnels)
{
	tunnel("HTTP/1.0 200 OK\r\n\r\n");
	tunnel("HTTP/1.1 200 Connection established\r\n\r\n");
	tunnel("HTTP/1.1 200 Connection established\r\n\r\n220 hello");
}
