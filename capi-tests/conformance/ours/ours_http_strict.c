/*
 * What our HTTP server refuses, and libevent takes: each request is followed by
 * another, which must never be answered when the first is refused, because the two
 * ends could disagree on where it begins.
 */
// runs: one-backend
#include "events.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

static struct evhttp *http;
static int port, evil_calls, good_calls;
static char heard[1 << 16];

static void
good(struct evhttp_request *req, void *arg UNUSED)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);

	good_calls++;
	evbuffer_add_buffer(evhttp_request_get_output_buffer(req), in);
	evhttp_send_reply(req, HTTP_OK, "OK", NULL);
}

static void
evil(struct evhttp_request *req, void *arg UNUSED)
{
	evil_calls++;
	evhttp_send_reply(req, HTTP_OK, "OK", NULL);
}

static void
serve(int flags)
{
	struct evhttp_bound_socket *bound;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	base = event_base_new();
	http = evhttp_new(base);
	ck_assert_int_eq(evhttp_set_flags(http, flags), 0);
	evhttp_set_allowed_methods(http, 0xffff & ~EVHTTP_REQ_MOVE);
	evhttp_set_gencb(http, good, NULL);
	ck_assert_int_eq(evhttp_set_cb(http, "/evil", evil, NULL), 0);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	ck_assert_ptr_nonnull(bound);
	ck_assert_int_eq(getsockname(evhttp_bound_socket_get_fd(bound),
			     (struct sockaddr *)&sin, &len),
	    0);
	port = ntohs(sin.sin_port);
}

static void
serve_no_more(void)
{
	evhttp_free(http);
	event_base_free(base);
}

/* Sends all that LEN says, and reads until nothing more comes. The first status. */
static int
ask(const char *text, size_t len)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = 0;
	int status = 0;

	to.sin_port = htons(port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (void *)&to, sizeof(to)), 0);
	ck_assert_int_eq(evutil_make_socket_nonblocking(fd), 0);
	ck_assert_int_eq(send(fd, text, len, MSG_NOSIGNAL), len);
	for (int quiet = 0; quiet < 8; quiet++) {
		ssize_t got;

		event_base_loop(base, EVLOOP_NONBLOCK);
		got = recv(fd, heard + n, sizeof(heard) - 1 - n, 0);
		if (got == 0)
			break;
		if (got > 0) {
			n += got;
			quiet = 0;
		} else if (quiet > 4) {
			capi_sleep_ms(1);
		}
	}
	close(fd);
	heard[n] = '\0';
	event_base_loop(base, EVLOOP_NONBLOCK);
	sscanf(heard, "HTTP/1.%*d %d", &status);
	return status;
}

struct request {
	int status;
	const char *text;
	size_t len;
};

#define R(status, text) {status, text, sizeof(text) - 1}
#define H "GET / HTTP/1.1\r\nHost: a\r\n"
#define P "POST / HTTP/1.1\r\nHost: a\r\n"
#define C P "Transfer-Encoding: chunked\r\n\r\n"
#define EVIL "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n"

static void
check(const struct request *requests, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct request *r = &requests[i];
		size_t len = r->len + sizeof(EVIL) - 1;
		char *text = malloc(len);
		int status;

		memcpy(text, r->text, r->len);
		memcpy(text + r->len, EVIL, sizeof(EVIL) - 1);
		evil_calls = good_calls = 0;
		status = ask(text, len);
		free(text);
		ck_assert_msg(status == r->status, "%s: %d, not %d", r->text,
		    status, r->status);
		ck_assert_msg(evil_calls == (r->status == 200),
		    "%s: the next request was %sanswered", r->text,
		    evil_calls ? "" : "not ");
		ck_assert_msg(good_calls == (r->status == 200),
		    "%s: %d calls", r->text, good_calls);
	}
}

#define CHECK(table) check(table, sizeof(table) / sizeof(*(table)))

static const struct request first_lines[] = {
	R(200, H "\r\n"),
	R(200, "\r\n\r\n" H "\r\n"),
	R(400, "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" H "\r\n"),
	R(200, "GET / HTTP/1.9\r\nHost: a\r\n\r\n"),
	R(200, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(200, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(200, "GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(501, "FOO / HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
	R(505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	R(400, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
	R(400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
	R(400, "GET / HTTP/01.1\r\nHost: a\r\n\r\n"),
	R(400, "GET / HTTP/+1.1\r\nHost: a\r\n\r\n"),
	R(400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
	R(400, "GET /\r\n\r\n"),
	R(400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "GET foo HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "GET a.b:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "GET http://u:p@b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "GET http://b:99999/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"),
	R(400, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
	R(400, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
};

TEST(first_lines_by_the_rules)
{
	serve(0);
	CHECK(first_lines);
	serve_no_more();
}

static const struct request header_lines[] = {
	R(200, H "A:\tb\t\r\n\r\n"),
	R(200, H "A: \xe4\r\n\r\n"),
	R(200, H "A:\r\n\r\n"),
	R(400, H "A: b\n\r\n"),
	R(400, H "A: b\r\n\n"),
	R(400, H "A : b\r\n\r\n"),
	R(400, H " A: b\r\n\r\n"),
	R(400, H "A: b\r\n c\r\n\r\n"),
	R(400, H "A b\r\n\r\n"),
	R(400, H ": b\r\n\r\n"),
	R(400, H "A(: b\r\n\r\n"),
	R(400, H "A: b\0c\r\n\r\n"),
	R(400, H "\0: b\r\n\r\n"),
	R(400, H "A: b\rc\r\n\r\n"),
	R(400, H "A: b\r\r\n\r\n"),
	R(400, H "A: \x01\r\n\r\n"),
	R(400, H "A: \x7f\r\n\r\n"),
	R(400, "GET / HTTP/1.1\r\n A: b\r\nHost: a\r\n\r\n"),
	R(400, "GET / HTTP/1.1\r\n\r\n"),
	R(400, H "Host: a\r\n\r\n"),
	R(400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
	R(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
	R(400, "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"),
};

TEST(header_lines_by_the_rules)
{
	serve(0);
	CHECK(header_lines);
	serve_no_more();
}

static const struct request lengths[] = {
	R(200, P "Content-Length: 3\r\n\r\nabc"),
	R(200, P "Content-Length:\t3\r\n\r\nabc"),
	R(200, P "Content-Length: 0003\r\n\r\nabc"),
	R(200, P "Content-Length: 0\r\n\r\n"),
	R(200, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
	R(200, "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
	R(400, "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
	R(400, P "Content-Length: +3\r\n\r\nabc"),
	R(400, P "Content-Length: -0\r\n\r\n"),
	R(400, P "Content-Length: 3,3\r\n\r\nabc"),
	R(400, P "Content-Length: \x0b" "3\r\n\r\nabc"),
	R(400, P "Content-Length: 0x3\r\n\r\nabc"),
	R(400, P "Content-Length: 3 3\r\n\r\nabc"),
	R(400, P "Content-Length:\r\n\r\n"),
	R(400, P "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
	R(400, P "Content-Length: 0\r\nContent-Length: 33\r\n\r\n"),
	R(400, P "Content-Length: 9223372036854775808\r\n\r\n"),
	R(400, P "Content-Length: 99999999999999999999\r\n\r\n"),
	R(400, H "Content-Length: x\r\n\r\n"),
	R(400, "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"),
	R(400, P "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	R(400, P "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
	R(400, P "Transfer-Encoding: gzip\r\n\r\n"),
	R(400, P "Transfer-Encoding: identity\r\n\r\n"),
	R(400, P "Transfer-Encoding:\r\n\r\n"),
	R(400, P "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
	R(400, P "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
	R(400, P "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
	R(400, P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	R(400, P "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"),
	R(501, P "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
	R(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
};

TEST(lengths_by_the_rules)
{
	serve(0);
	CHECK(lengths);
	serve_no_more();
}

static const struct request chunks[] = {
	R(200, C "3\r\nabc\r\n0\r\n\r\n"),
	R(200, C "3;ext\r\nabc\r\n0;x=\"\\\"\"\r\n\r\n"),
	R(200, C "3 ;ext\r\nabc\r\n0\r\n\r\n"),
	R(200, C "003\r\nabc\r\n0\r\nA: b\r\n\r\n"),
	R(200, C "0\r\nContent-Length: 33\r\nHost: b\r\n\r\n"),
	R(400, C "0x3\r\nabc\r\n0\r\n\r\n"),
	R(400, C "+3\r\nabc\r\n0\r\n\r\n"),
	R(400, C " 3\r\nabc\r\n0\r\n\r\n"),
	R(400, C "-3\r\nabc\r\n0\r\n\r\n"),
	R(400, C "3 \r\nabc\r\n0\r\n\r\n"),
	R(400, C "3 junk\r\nabc\r\n0\r\n\r\n"),
	R(400, C "3\0zz\r\nabc\r\n0\r\n\r\n"),
	R(400, C "3\nabc\r\n0\r\n\r\n"),
	R(400, C "3\r\nabc\n0\r\n\r\n"),
	R(400, C "3\r\nabcd\r\n0\r\n\r\n"),
	R(400, C "\r\n3\r\nabc\r\n0\r\n\r\n"),
	R(400, C "00000000000000003\r\nabc\r\n0\r\n\r\n"),
	R(400, C "ffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
	R(400, C "0\r\nA : b\r\n\r\n"),
	R(400, C "0\r\nA: b\n\r\n"),
};

TEST(chunks_by_the_rules)
{
	serve(0);
	CHECK(chunks);
	serve_no_more();
}

/* Each byte in each place of a field that says where the body ends. */

#define BYTE "@"

/* Whether what FORMAT makes with BYTE is a request that hides no other. */
static void
try_byte(const char *format, int byte)
{
	char text[400], *place;
	size_t len;
	int status;

	strcpy(text, format);
	strcat(text, EVIL);
	len = strlen(text);
	place = strchr(text, *BYTE);
	if (byte < 0)
		memmove(place, place + 1, len-- - (place - text));
	else
		*place = (char)byte;
	evil_calls = good_calls = 0;
	status = ask(text, len);
	if (status >= 400)
		ck_assert_msg(evil_calls == 0 && good_calls == 0,
		    "%s with %d: %d, %d calls", format, byte, status,
		    evil_calls);
	else
		ck_assert_msg(status == 0 || (good_calls == 1 && evil_calls == 1),
		    "%s with %d: %d, %d and %d calls", format, byte, status,
		    good_calls, evil_calls);
	if (strstr(format, "chunked") && good_calls)
		/* By the length: the field is another one. */
		ck_assert_msg(strncmp(format, P "Transfer" BYTE "Encoding",
				  strlen(P "Transfer" BYTE)) == 0 ||
			strncmp(format, P BYTE "Transfer",
			    strlen(P BYTE)) == 0 ||
			strncmp(format, P "Transfer-Encoding" BYTE,
			    strlen(P "Transfer-Encoding" BYTE)) == 0,
		    "%s with %d", format, byte);
}

TEST(any_byte_anywhere)
{
	static const char *const formats[] = {
	    P "Content-Length: 5\r\nTransfer-Encoding:" BYTE
	      "chunked\r\n\r\n0\r\n\r\n",
	    P "Content-Length: 5\r\nTransfer-Encoding: chunked" BYTE
	      "\r\n\r\n0\r\n\r\n",
	    P "Content-Length: 5\r\nTransfer-Encoding: chun" BYTE
	      "ked\r\n\r\n0\r\n\r\n",
	    P "Transfer" BYTE
	      "Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	    P BYTE
	    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	    P "Transfer-Encoding" BYTE
	      ": chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	    P "Transfer-Encoding: chunked\r" BYTE
	      "Content-Length: 5\r\n\r\n0\r\n\r\n",
	    P "A: b" BYTE
	      "\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
	      "0\r\n\r\n",
	};

	serve(0);
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		for (int byte = -1; byte < 256; byte++)
			try_byte(formats[i], byte);
	serve_no_more();
}

static const struct request lenient[] = {
	R(200, "GET / HTTP/1.1\nHost: a\n\n"),
	R(200, "GET /a b HTTP/1.1 \r\nHost: a\r\n\r\n"),
	R(200, H "A: b\r\n c\r\n\r\n"),
	R(200, "GET / HTTP/1.1\r\n\r\n"),
	R(200, P "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
	/* Lengths are as strict as ever. */
	R(400, P "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
	R(400, P "Content-Length:\r\n 3\r\n\r\nabc"),
	R(400, P "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	R(400, P "Transfer-Encoding: gzip\r\n\r\n"),
	R(400, C "3\nabc\r\n0\r\n\r\n"),
	R(400, H "A : b\r\n\r\n"),
	R(400, H "A: b\0c\r\n\r\n"),
};

TEST(what_the_lenient_flag_allows)
{
	serve(EVHTTP_SERVER_LENIENT);
	CHECK(lenient);
	serve_no_more();
}

/* For programs that don't know of the flag. */
TEST(what_the_environment_allows)
{
	ck_assert_int_eq(setenv("LIBEVENT_RS_HTTP_LENIENT", "1", 1), 0);
	serve(0);
	CHECK(lenient);
	serve_no_more();
}

TEST(known_methods_that_are_not_allowed)
{
	static const char text[] = "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n";

	serve(0);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	ck_assert_int_eq(ask(text, sizeof(text) - 1), 405);
	ck_assert_ptr_nonnull(strstr(heard, "\r\nAllow: GET, HEAD\r\n"));
	serve_no_more();
}

static void
head_of(struct evbuffer *to, int lines, int length)
{
	evbuffer_add_printf(to, H);
	for (int i = 0; i < lines; i++)
		evbuffer_add_printf(to, "A: %0*d\r\n", length, i);
	evbuffer_add_printf(to, "\r\n");
}

static int
ask_head(int lines, int length)
{
	struct evbuffer *text = evbuffer_new();
	int status;

	head_of(text, lines, length);
	status = ask((char *)evbuffer_pullup(text, -1),
	    evbuffer_get_length(text));
	evbuffer_free(text);
	return status;
}

TEST(heads_have_limits)
{
	serve(0);
	ck_assert_int_eq(ask_head(1900, 10), 200);
	ck_assert_int_eq(ask_head(2100, 10), 431);
	ck_assert_int_eq(ask_head(250, 1000), 200);
	ck_assert_int_eq(ask_head(270, 1000), 431);
	evhttp_set_max_headers_size(http, -1);
	ck_assert_int_eq(ask_head(2100, 10), 200);
	ck_assert_int_eq(ask_head(1000, 1000), 200);
	serve_no_more();
}

/* One byte at a time, two requests in a row. */
TEST(heads_and_bodies_cut_anywhere)
{
	static const char text[] = C "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n"
				   P "Content-Length: 4\r\n\r\nbody" EVIL;
	size_t len = sizeof(text) - 1;

	serve(0);
	for (size_t cut = 0; cut <= len; cut++) {
		struct sockaddr_in to = {.sin_family = AF_INET};
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		char got[2000];
		int on = 1;
		ssize_t n;

		to.sin_port = htons(port);
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		ck_assert_int_eq(connect(fd, (void *)&to, sizeof(to)), 0);
		ck_assert_int_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
				     sizeof(on)),
		    0);
		evil_calls = good_calls = 0;
		if (cut == 0) {
			for (size_t i = 0; i < len; i++) {
				ck_assert_int_eq(send(fd, text + i, 1, 0), 1);
				event_base_loop(base, EVLOOP_NONBLOCK);
			}
		} else {
			ck_assert_int_eq(send(fd, text, cut, 0), cut);
			event_base_loop(base, EVLOOP_NONBLOCK);
			event_base_loop(base, EVLOOP_NONBLOCK);
			ck_assert_int_eq(
			    send(fd, text + cut, len - cut, 0), len - cut);
		}
		for (int i = 0; i < 6; i++)
			event_base_loop(base, EVLOOP_NONBLOCK);
		ck_assert_msg(good_calls == 2 && evil_calls == 1,
		    "cut at %zu: %d and %d", cut, good_calls, evil_calls);
		n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
		ck_assert_int_gt(n, 0);
		got[n] = '\0';
		ck_assert_ptr_nonnull(strstr(got, "\r\n\r\nabcde"));
		close(fd);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	serve_no_more();
}
