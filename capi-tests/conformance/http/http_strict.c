/*
 * Requests that are none by RFC 9112, or hardly: how each is answered, and whether what follows it is
 * taken for the next request. What must come of it on our library is in ours_http_strict.c.
 */
// runs: one-backend, one-locking
#include "requests.h"

static int evil_calls;

REQUEST(good)
{
	answer(req, 200, "OK", "good");
}

REQUEST(evil)
{
	evil_calls++;
	answer(req, 200, "OK", "evil");
}

static void
begin_server(void)
{
	serve();
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST |
		EVHTTP_REQ_HEAD | EVHTTP_REQ_TRACE | EVHTTP_REQ_OPTIONS);
	evhttp_set_gencb(http, good, NULL);
	evhttp_set_cb(http, "/evil", evil, NULL);
}

/* Traces the status of each answer. */
static void
ask(const char *text, size_t len)
{
	static const char next[] = "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n";
	char all[1000], codes[100] = "";
	const char *at = heard;
	int fd = dial();

	memcpy(all, text, len);
	memcpy(all + len, next, sizeof(next));
	forget();
	evil_calls = 0;
	say_bytes(fd, all, len + sizeof(next) - 1);
	settle(fd);
	while ((at = strstr(at, "HTTP/1.1 ")) != NULL) {
		sprintf(codes + strlen(codes), " %.3s", at + 9);
		at++;
	}
	trace("%zu bytes:%s%s", len, *codes ? codes : " nothing",
	    evil_calls ? ", and what follows" : "");
	close(fd);
	turn();
}

#define ASK(text) ask(text, sizeof(text) - 1)
#define G "GET / HTTP/1.1\r\nHost: a\r\n"
#define P "POST / HTTP/1.1\r\nHost: a\r\n"
#define C P "Transfer-Encoding: chunked\r\n\r\n"

#define ALL(name, ...)                                                       \
	TEST(name)                                                           \
	{                                                                    \
		begin_server();                                              \
		__VA_ARGS__;                                                 \
		serve_no_more();                                             \
	}

ALL(empty_lines_in_front, ASK("\r\n" G "\r\n"), ASK("\r\n\r\n" G "\r\n"))
ALL(spaces_in_targets, ASK("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ASK("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ASK("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"))
ALL(versions, ASK("GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
    ASK("GET / HTTP/+1.1\r\nHost: a\r\n\r\n"),
    ASK("GET / HTTP/01.1\r\nHost: a\r\n\r\n"),
    ASK("GET / HTTP/2.0\r\nHost: a\r\n\r\n"))
ALL(targets, ASK("GET foo HTTP/1.1\r\nHost: a\r\n\r\n"),
    ASK("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    ASK("GET a.b:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ASK("GET http://u:p@b/ HTTP/1.1\r\nHost: a\r\n\r\n"))
ALL(bare_line_feeds, ASK("GET / HTTP/1.1\nHost: a\n\n"),
    ASK(G "A: b\n\r\n"), ASK(G "A: b\r\n\n"))
ALL(bytes_in_values, ASK(G "A: b\0c\r\n\r\n"), ASK(G "\0: b\r\n\r\n"),
    ASK(G "A: \x01\r\n\r\n"))
ALL(names_of_fields, ASK(G "A : b\r\n\r\n"), ASK(G ": b\r\n\r\n"),
    ASK(G "A(: b\r\n\r\n"))
ALL(lines_that_go_on, ASK(G "A: b\r\n c\r\n\r\n"))
ALL(hosts, ASK("GET / HTTP/1.1\r\n\r\n"), ASK(G "Host: b\r\n\r\n"),
    ASK("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"))
ALL(content_lengths, ASK(P "Content-Length: +3\r\n\r\nabc"),
    ASK(P "Content-Length: -0\r\n\r\n"),
    ASK(P "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    ASK(P "Content-Length: 0\r\nContent-Length: 3\r\n\r\n"),
    ASK(P "Content-Length: 9223372036854775808\r\n\r\n"))
ALL(transfer_codings, ASK(P "Transfer-Encoding: gzip\r\n\r\n"),
    ASK(P "Transfer-Encoding: identity\r\n\r\n"),
    ASK(P "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ASK("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
ALL(sizes_of_chunks, ASK(C "0x3\r\nabc\r\n0\r\n\r\n"),
    ASK(C "+3\r\nabc\r\n0\r\n\r\n"), ASK(C "3 junk\r\nabc\r\n0\r\n\r\n"),
    ASK(C "-3\r\nabc\r\n0\r\n\r\n"))
ALL(extensions_of_chunks, ASK(C "3;a=b\r\nabc\r\n0\r\n\r\n"),
    ASK(C "3\r\nabc\r\n0;a\r\n\r\n"))
ALL(ends_of_chunks, ASK(C "3\nabc\r\n0\r\n\r\n"),
    ASK(C "3\r\nabc0\r\n\r\n"), ASK(C "\r\n3\r\nabc\r\n0\r\n\r\n"))
ALL(trailers, ASK(C "0\r\nA : b\r\n\r\n"), ASK(C "0\r\nno colon\r\n\r\n"))
ALL(bodies_of_requests_that_have_none,
    ASK("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
    ASK("TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"))

/* More than a head may have, unless the program allows it. */
TEST(heads_without_measure)
{
	static char text[300000];

	begin_server();
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, G "A: ", strlen(G "A: "));
	strcpy(text + sizeof(text) - 5, "\r\n\r\n");
	for (int i = 0; i < 2; i++) {
		int fd = dial();

		forget();
		for (size_t at = 0; at < sizeof(text) - 1;) {
			ssize_t n = send(fd, text + at, sizeof(text) - 1 - at,
			    MSG_NOSIGNAL);

			if (n < 0 && errno != EAGAIN)
				break;
			at += n > 0 ? n : 0;
			turn();
		}
		settle(fd);
		trace("%.12s", heard);
		close(fd);
		turn();
		evhttp_set_max_headers_size(http, -1);
	}
	serve_no_more();
}
