/* What a server reads: the head, bodies of all kinds, limits, pipelines. */
// runs: one-backend
#include "requests.h"

static void
begin_server(void)
{
	serve();
	evhttp_set_gencb(http, show, NULL);
	evhttp_set_allowed_methods(http, 0xffff);
}

#define HOST "Host: h\r\n"

TEST(methods)
{
	static const char *const methods[] = {"GET", "POST", "HEAD", "PUT",
	    "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH"};
	char text[100];

	begin_server();
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		snprintf(text, sizeof(text),
		    "%s /x HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
		    strcmp(methods[i], "CONNECT") ? methods[i] : "OPTIONS");
		exchange(text);
	}
	serve_no_more();
}

TEST(targets)
{
	static const char *const targets[] = {"/", "/a/b?c=d", "/%41%zz?<>",
	    "/\"<>\\^`{|}", "/\xc3\xa4", "http://other/x?y",
	    "http://h:80/x", "HTTP://u.example/", "/a;b=c?d&e=%20", "/?",
	    "/a?b?c"};
	char text[200];

	begin_server();
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\n" HOST "\r\n",
		    targets[i]);
		exchange(text);
	}
	exchange("OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
	serve_no_more();
}

/* A path may begin with two slashes. */
TEST(targets_with_two_slashes)
{
	serve();
	evhttp_set_gencb(http, show, NULL);
	exchange("GET //evil/p?q HTTP/1.1\r\nHost: good\r\n\r\n");
	exchange("GET // HTTP/1.1\r\nHost: good\r\n\r\n");
	exchange("GET ///p HTTP/1.1\r\nHost: good:80\r\n\r\n");
	serve_no_more();
}

TEST(hosts)
{
	static const char *const hosts[] = {"h", "h:80", "h.example:8080",
	    "[::1]", "[::1]:80", "1.2.3.4:5", "H"};
	char text[200];

	begin_server();
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		snprintf(text, sizeof(text),
		    "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[i]);
		exchange(text);
		snprintf(text, sizeof(text),
		    "GET http://a.b:1/ HTTP/1.0\r\nHost: %s\r\n\r\n", hosts[i]);
		exchange(text);
	}
	exchange("GET / HTTP/1.0\r\n\r\n");
	serve_no_more();
}

TEST(header_lines)
{
	begin_server();
	exchange("GET / HTTP/1.1\r\n" HOST "A: 1\r\na: 2\r\nB:\r\nC:3\r\n"
		 "D:   4  \r\nE: a:b, c;d=\"e\"\r\nF: \xe4\r\n"
		 "!#$%&'*+-.^_`|~09Az: x\r\n\r\n");
	exchange("GET / HTTP/1.1\r\n" HOST "Cookie: a=b; c=d\r\n"
		 "X-Long: 0123456789012345678901234567890123456789012345678"
		 "01234567890123456789012345678901234567890123456789012345"
		 "01234567890123456789012345678901234567890123456789012345"
		 "\r\n\r\n");
	serve_no_more();
}

#define POST "POST /p HTTP/1.1\r\n" HOST

TEST(bodies_of_a_length)
{
	begin_server();
	exchange(POST "Content-Length: 5\r\n\r\nhello");
	exchange(POST "Content-Length: 0\r\n\r\n");
	exchange(POST "Content-Length:5\r\n\r\nhello");
	exchange(POST "content-length: 005\r\n\r\nhello");
	exchange(POST "\r\n");
	exchange("PUT /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab");
	exchange("GET /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab");
	exchange("DELETE /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab");
	exchange("PATCH /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab");
	exchange("OPTIONS /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab");
	exchange("POST /p HTTP/1.0\r\nContent-Length: 2\r\n\r\nab");
	serve_no_more();
}

#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

TEST(bodies_in_chunks)
{
	begin_server();
	exchange(CHUNKED "5\r\nhello\r\n0\r\n\r\n");
	exchange(CHUNKED "0\r\n\r\n");
	exchange(CHUNKED "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n");
	exchange(CHUNKED "0000a\r\n0123456789\r\n00\r\n\r\n");
	exchange(CHUNKED "A\r\n0123456789\r\n0\r\n\r\n");
	/* Trailers are not headers. */
	exchange(CHUNKED "1\r\na\r\n0\r\nX-Trailer: 1\r\nY: 2\r\n\r\n");
	exchange("PUT / HTTP/1.1\r\n" HOST
		 "transfer-encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
	/* The next request follows. */
	exchange(CHUNKED "1\r\na\r\n0\r\n\r\n" CHUNKED "1\r\nb\r\n0\r\n\r\n");
	serve_no_more();
}

TEST(pipelines)
{
	begin_server();
	exchange("GET /1 HTTP/1.1\r\n" HOST "\r\n"
		 "POST /2 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
		 "GET /3 HTTP/1.1\r\n" HOST "\r\n"
		 "GET /4 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"
		 "GET /lost HTTP/1.1\r\n" HOST "\r\n");
	exchange("GET /1 HTTP/1.0\r\n\r\nGET /lost HTTP/1.0\r\n\r\n");
	exchange("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
		 "GET /2 HTTP/1.0\r\n\r\n");
	serve_no_more();
}

TEST(what_follows_a_request_may_be_none)
{
	begin_server();
	exchange("GET /1 HTTP/1.1\r\n" HOST "\r\nGARBAGE\r\n\r\n");
	serve_no_more();
}

static int served;

REQUEST(serve_one)
{
	served++;
	answer(req, 200, "OK", "x");
}

TEST(a_thousand_at_once)
{
	static char text[100000];
	int fd;

	begin_server();
	evhttp_set_gencb(http, serve_one, NULL);
	for (int i = 0; i < 1000; i++)
		strcat(text + 35 * i, "GET /123456 HTTP/1.1\r\nHost: host\r\n\r\n");
	fd = dial();
	say_bytes(fd, text, strlen(text));
	settle(fd);
	ck_assert_int_eq(served, 1000);
	close(fd);
	serve_no_more();
}

static const char whole[] =
    "POST /a%20b?c=d HTTP/1.1\r\nHost: h:80\r\nX-Y:  z \r\n"
    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n"
    "T: u\r\n\r\n"
    "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
    "Connection: close\r\n\r\nabc";

static char seen[100];

REQUEST(remember)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(req);
	size_t len = strlen(seen);

	snprintf(seen + len, sizeof(seen) - len, "%s %zu %s;",
	    evhttp_request_get_uri(req), evbuffer_get_length(input),
	    evhttp_request_get_host(req));
	answer(req, 200, "OK", "x");
}

/* Says the two requests in two parts, or byte by byte for 0. */
static void
in_parts(size_t at)
{
	static const char wanted[] = "/a%20b?c=d 11 h;/2 3 h;";
	size_t len = sizeof(whole) - 1;
	int fd = dial();

	forget();
	seen[0] = '\0';
	for (size_t from = 0, to; from < len; from = to) {
		to = at == 0 ? from + 1 : from < at ? at : len;
		say_bytes(fd, whole + from, to - from);
		for (int i = 0; i < 3; i++)
			turn();
	}
	settle_to_end(fd);
	ck_assert_str_eq(seen, wanted);
	close(fd);
}

TEST(cut_anywhere)
{
	begin_server();
	evhttp_set_gencb(http, remember, NULL);
	for (size_t at = 0; at < sizeof(whole) - 1; at++)
		in_parts(at);
	serve_no_more();
}

TEST(heads_that_are_too_large)
{
	char text[1000];

	begin_server();
	evhttp_set_max_headers_size(http, 100);
	/* 15 and 7 bytes, and as many as are missing. */
	for (int more = 70; more < 82; more++) {
		int fd = dial();

		snprintf(text, sizeof(text),
		    "GET /x HTTP/1.1\r\n" HOST "X: %0*d\r\n\r\n", more, 0);
		forget();
		say(fd, text);
		settle(fd);
		trace("%d %s", more,
		    strncmp(heard, "HTTP/1.1 200", 12) ? "refused" : "taken");
		close(fd);
	}
	serve_no_more();
}

TEST(no_limit_of_the_head)
{
	static char text[60000];

	begin_server();
	evhttp_set_gencb(http, serve_one, NULL);
	evhttp_set_max_headers_size(http, 50);
	evhttp_set_max_headers_size(http, -1);
	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST "X: %050000d\r\n\r\n",
	    1);
	exchange(text);
	serve_no_more();
}

TEST(bodies_up_to_the_limit)
{
	begin_server();
	evhttp_set_max_body_size(http, 5);
	exchange(POST "Content-Length: 5\r\n\r\nhello");
	exchange(CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
	evhttp_set_max_body_size(http, 0);
	exchange(POST "Content-Length: 0\r\n\r\n");
	evhttp_set_max_body_size(http, -1);
	exchange(POST "Content-Length: 5\r\n\r\nhello");
	serve_no_more();
}

TEST(large_bodies)
{
	static char body[1 << 20];
	struct evbuffer *out = evbuffer_new();
	int fd;

	begin_server();
	evhttp_set_gencb(http, remember, NULL);
	memset(body, 'b', sizeof(body));
	evbuffer_add_printf(out, POST "Connection: close\r\n"
	    "Content-Length: %zu\r\n\r\n", sizeof(body));
	evbuffer_add(out, body, sizeof(body));
	fd = dial();
	forget();
	while (evbuffer_get_length(out)) {
		evbuffer_write(out, fd);
		turn();
	}
	settle_to_end(fd);
	ck_assert_str_eq(seen, "/p 1048576 h;");
	close(fd);
	evbuffer_free(out);
	serve_no_more();
}


REQUEST(whence)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);
	const struct sockaddr_in *addr =
	    (const void *)evhttp_connection_get_addr(evcon);
	char *host = NULL;
	ev_uint16_t peer = 0;

	evhttp_connection_get_peer(evcon, &host, &peer);
	ck_assert_str_eq(host, "127.0.0.1");
	ck_assert_str_eq(req->remote_host, "127.0.0.1");
	ck_assert_int_eq(req->remote_port, peer);
	ck_assert_int_eq(peer, *(int *)arg);
	ck_assert_ptr_nonnull(addr);
	ck_assert_int_eq(ntohs(addr->sin_port), peer);
	ck_assert_ptr_eq(evhttp_connection_get_base(evcon), base);
	ck_assert_ptr_nonnull(evhttp_connection_get_bufferevent(evcon));
	ck_assert_int_eq(evhttp_request_is_owned(req), 0);
	served++;
	answer(req, 200, "OK", "");
}

TEST(peers)
{
	int from, fd;

	begin_server();
	evhttp_set_gencb(http, whence, &from);
	fd = dial();
	from = port_of(fd);
	say(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
	settle(fd);
	ck_assert_int_eq(served, 1);
	close(fd);
	serve_no_more();
}
