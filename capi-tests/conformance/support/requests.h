/*
 * What the HTTP programs share on top of events.h: a server, and a client that
 * sends and receives bytes as they are, in the same thread.
 */
#ifndef CAPI_REQUESTS_H
#define CAPI_REQUESTS_H

#include "events.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#define REQUEST(name)                                                        \
	static UNUSED void name(                                             \
	    struct evhttp_request *req UNUSED, void *arg UNUSED)
#define CONNECTION(name)                                                     \
	static UNUSED void name(                                             \
	    struct evhttp_connection *evcon UNUSED, void *arg UNUSED)

static UNUSED struct evhttp *http;
static UNUSED struct evhttp_bound_socket *bound;
static UNUSED int port;

/* What a client has received from the server, and whether that was all. */
static UNUSED char heard[4 << 20];
static UNUSED size_t heard_len;
static UNUSED int ended;

static inline int
port_of(evutil_socket_t fd)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	ck_assert_int_eq(getsockname(fd, (void *)&address, &len), 0);
	return ntohs(address.sin_port);
}

/* A base, and a server on a port of its own. */
static inline void
serve(void)
{
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	http = evhttp_new(base);
	ck_assert_ptr_nonnull(http);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	ck_assert_ptr_nonnull(bound);
	port = port_of(evhttp_bound_socket_get_fd(bound));
}

static inline void
serve_no_more(void)
{
	evhttp_free(http);
	event_base_free(base);
}

/* Has a socket, or those that it accepts, send pieces without a wait for acknowledgements. */
static inline void
send_at_once(int fd)
{
	int on = 1;

	ck_assert_int_eq(
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
}

/* Listens at a free port. */
static inline int
listening_socket(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	send_at_once(fd);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 100), 0);
	return fd;
}

static inline int
dial_to(int to)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons(to);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(evutil_make_socket_nonblocking(fd), 0);
	send_at_once(fd);
	return fd;
}

static inline int
dial(void)
{
	return dial_to(port);
}

static inline void
say_bytes(int fd, const void *bytes, size_t len)
{
	ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static inline void
say(int fd, const char *text)
{
	say_bytes(fd, text, strlen(text));
}

/* Takes what has come; false if there was nothing. */
static inline int
listen_once(int fd)
{
	ssize_t n;

	if (ended || fd == -1)
		return 0;
	ck_assert_int_lt(heard_len, sizeof(heard) - 1);
	n = recv(fd, heard + heard_len, sizeof(heard) - 1 - heard_len, 0);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		ended = n < 0 && errno == ECONNRESET ? 2 : 1;
	else
		heard_len += n;
	heard[heard_len] = '\0';
	return 1;
}

/* Runs the loop until nothing more comes to the client. */
static inline void
settle(int fd)
{
	for (int quiet = 0; quiet < 12; quiet++) {
		turn();
		if (listen_once(fd))
			quiet = 0;
		else if (quiet > 6)
			capi_sleep_ms(1);
	}
}

/* Runs the loop until the client is sent the end. */
static inline void
settle_to_end(int fd)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	while (!ended) {
		ck_assert_msg(capi_now_ms() < end, "there is no end");
		turn();
		if (!listen_once(fd))
			capi_sleep_ms(1);
	}
}

static inline void
forget(void)
{
	heard_len = 0;
	heard[0] = '\0';
	ended = 0;
}

/* One line of what was heard, in printable characters. */
static inline void
trace_line(const char *line, size_t len, int whole)
{
	static const char date[] = "Date: ";
	char shown[2000], *out = shown;

	if (len == 35 && memcmp(line, date, 6) == 0 &&
	    memcmp(line + 31, " GMT", 4) == 0) {
		trace("| Date: now");
		return;
	}
	for (size_t i = 0; i < len && i < 450; i++)
		out += sprintf(out,
		    line[i] >= ' ' && line[i] <= '~' ? "%c" : "\\%02x",
		    (unsigned char)line[i]);
	*out = '\0';
	trace("%s %s%s", whole ? "|" : ":", shown, len > 450 ? "..." : "");
}

/* Traces what was heard, lines that end in CR LF after "|", others after ":". */
static inline void
trace_heard(void)
{
	const char *at = heard, *end = heard + heard_len;

	while (at < end) {
		const char *lf = memchr(at, '\n', end - at);
		int whole = lf && lf > at && lf[-1] == '\r';

		trace_line(at, lf ? (size_t)(lf - at - whole) : (size_t)(end - at),
		    whole);
		at = lf ? lf + 1 : end;
	}
	trace("%s", ended == 2 ? "(reset)" : ended ? "(closed)" : "(open)");
	forget();
}

/* A connection on which TEXT is said: what is answered goes to the trace. */
static inline void
exchange_bytes(const char *text, size_t len)
{
	int fd = dial();

	forget();
	say_bytes(fd, text, len);
	settle(fd);
	trace_heard();
	close(fd);
	turn();
}

static inline void
exchange(const char *text)
{
	exchange_bytes(text, strlen(text));
}

/* The answer in a buffer of its own. */
static inline void
answer(struct evhttp_request *req, int code, const char *reason,
    const char *body)
{
	struct evbuffer *buffer = evbuffer_new();

	if (body)
		evbuffer_add(buffer, body, strlen(body));
	evhttp_send_reply(req, code, reason, buffer);
	evbuffer_free(buffer);
}

/* Traces a header list. */
static inline void
trace_headers(const char *what, const struct evkeyvalq *headers)
{
	const struct evkeyval *header;

	for (header = headers->tqh_first; header;
	     header = header->next.tqe_next)
		trace("%s <%s>: <%s>", what, header->key, header->value);
}

/* Traces all that a request has; takes its body. */
static inline void
trace_request(struct evhttp_request *req)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(req);
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	size_t len = evbuffer_get_length(body);
	const char *host = evhttp_request_get_host(req);

	trace("command %x uri %s version %d.%d kind %d flags %x host %s",
	    (unsigned)evhttp_request_get_command(req),
	    evhttp_request_get_uri(req), req->major, req->minor,
	    (int)req->kind, (unsigned)req->flags, host ? host : "-");
	if (uri)
		trace("path %s query %s", evhttp_uri_get_path(uri),
		    evhttp_uri_get_query(uri) ? evhttp_uri_get_query(uri)
					      : "-");
	trace_headers("header", evhttp_request_get_input_headers(req));
	if (len)
		trace_line((char *)evbuffer_pullup(body, -1), len, 0);
	evbuffer_drain(body, len);
}

/* Answers with 200 and what the request was in the trace. */
REQUEST(show)
{
	trace_request(req);
	answer(req, 200, "OK",
	    evhttp_request_get_command(req) == EVHTTP_REQ_HEAD ? NULL
							       : "shown");
}

#endif
