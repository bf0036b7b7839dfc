/*
 * A client that asks twice, and the socket of a server that answers as the test likes.
 */
#ifndef SUPPORT_RAW_SERVER_H
#define SUPPORT_RAW_SERVER_H

#include "requests.h"

static struct evhttp_connection *evcon;
static int listening, peer, told, codes[2];
static char bodies[2][100];

REQUEST(done)
{
	long number = (long)arg;

	ck_assert_int_eq(number, told);
	told++;
	codes[number] = req ? evhttp_request_get_response_code(req) : -1;
	bodies[number][0] = '\0';
	if (req) {
		int n = evbuffer_copyout(evhttp_request_get_input_buffer(req),
		    bodies[number], sizeof(bodies[number]) - 1);

		bodies[number][n] = '\0';
	}
}

static inline void
ask(long number)
{
	struct evhttp_request *req = evhttp_request_new(done, (void *)number);

	ck_assert_int_eq(
	    evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/"), 0);
}

static inline void
begin_client(void)
{
	/* As libevent does, the library leaves it to the program. */
	signal(SIGPIPE, SIG_IGN);
	peer = -1;
	told = 0;
	base = event_base_new();
	listening = listening_socket();
	evcon = evhttp_connection_base_new(
	    base, NULL, "127.0.0.1", port_of(listening));
}

static inline void
hang_up(void)
{
	if (peer != -1)
		close(peer);
	peer = -1;
}

static inline void
end_client(void)
{
	evhttp_connection_free(evcon);
	hang_up();
	close(listening);
	event_base_free(base);
}

/* Whether a request has come; a new connection takes the place of the one before. */
static inline int
hears(void)
{
	int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
	char bytes[2000];

	if (fd != -1) {
		hang_up();
		peer = fd;
	}
	return peer != -1 && recv(peer, bytes, sizeof(bytes), 0) > 0;
}

static inline void
await_request(void)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	while (!hears()) {
		ck_assert_msg(capi_now_ms() < end, "nobody asks");
		turn();
	}
}

#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
#define EVIL "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"

/* Answers good until all was told. */
static inline void
be_good(int requests)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	while (told < requests) {
		ck_assert_msg(capi_now_ms() < end, "%d were told", told);
		if (hears())
			say(peer, GOOD);
		turn();
	}
}

#endif
