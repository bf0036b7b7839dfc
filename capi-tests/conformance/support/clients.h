/*
 * A client whose server is the test: it accepts, hears what is sent, and replies.
 */
#ifndef SUPPORT_CLIENTS_H
#define SUPPORT_CLIENTS_H

#include "requests.h"

static struct evhttp_connection *evcon;
static int listening, peer = -1;

CONNECTION(lost)
{
	note("lost");
}

static inline void
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

static inline void
begin_client(void)
{
	base = event_base_new();
	listening = listening_socket();
	port = port_of(listening);
	evcon = evhttp_connection_base_new(base, NULL, "127.0.0.1", port);
	ck_assert_ptr_nonnull(evcon);
	evhttp_connection_set_closecb(evcon, lost, NULL);
}

static inline void
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
static inline void
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
static inline int
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

static inline struct evhttp_request *
request(const char *name)
{
	struct evhttp_request *req =
	    evhttp_request_new(done, (void *)name);

	ck_assert_ptr_nonnull(req);
	evhttp_request_set_error_cb(req, on_error);
	return req;
}

static inline struct evhttp_request *
get(const char *name)
{
	struct evhttp_request *req = request(name);

	ck_assert_int_eq(
	    evhttp_make_request(evcon, req, EVHTTP_REQ_GET, "/"), 0);
	return req;
}

static inline void
reply(const char *text)
{
	say(peer, text);
	settle(peer);
}

static inline void
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

#endif
