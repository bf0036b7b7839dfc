/* What a server sends: the head, its automatic headers, the body, error pages. */
// runs: one-backend
#include "replies.h"

TEST(of_each_version)
{
	begin_server();
	exchange(GET);
	exchange(GET_CLOSE);
	exchange(GET10);
	exchange(GET10_ALIVE);
	exchange("GET / HTTP/1.0\r\nConnection: close\r\n\r\n");
	exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
	exchange("GET / HTTP/1.1\r\nHost: h\r\nConnection: CLOSE\r\n\r\n");
	exchange("GET / HTTP/1.1\r\nhost: h\r\nconnection: Close\r\n\r\n");
	exchange("GET / HTTP/1.0\r\nConnection: Keep-Alive, x\r\n\r\n");
	serve_no_more();
}

TEST(without_a_body)
{
	begin_server();
	body = NULL;
	exchange(GET);
	exchange(GET10);
	exchange(GET10_ALIVE);
	evhttp_set_gencb(http, reply_without_buffer, NULL);
	exchange(GET);
	exchange(GET_CLOSE);
	serve_no_more();
}

TEST(headers_of_the_program_come_first)
{
	static const char *const cases[][10] = {
	    {"X-A", "1", "x-a", "2", NULL},
	    {"Content-Type", "text/plain", NULL},
	    {"content-type", "text/plain", "Date", "yesterday", NULL},
	    {"Content-Length", "4", NULL},
	    {"Connection", "close", NULL},
	    {"Connection", "Close", "X", "y", NULL},
	    {"Connection", "keep-alive", NULL},
	    {"Server", "s", "Content-Type", "", "Empty", "", NULL},
	    {"X", " space before", "Y", "space after ", NULL},
	};

	begin_server();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memcpy(headers, cases[i], sizeof(headers));
		exchange(GET);
		exchange(GET10);
		exchange(GET_CLOSE);
	}
	serve_no_more();
}

TEST(lists_of_the_program_that_say_close)
{
	begin_server();
	headers[0] = "Connection";
	headers[1] = "x, close";
	exchange(GET);
	serve_no_more();
}

TEST(keep_alive_of_old_clients_is_said)
{
	static const char *const cases[][10] = {
	    {NULL},
	    {"X-A", "1", NULL},
	    {"Content-Length", "4", NULL},
	    {"Content-Type", "a/b", "Content-Length", "4", NULL},
	};

	begin_server();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memcpy(headers, cases[i], sizeof(headers));
		exchange(GET10_ALIVE);
	}
	serve_no_more();
}

TEST(a_program_closes_what_an_old_client_keeps)
{
	begin_server();
	headers[0] = "Connection";
	headers[1] = "close";
	exchange(GET10_ALIVE);
	serve_no_more();
}

TEST(default_content_types)
{
	static char type[] = "text/x-mine";

	begin_server();
	evhttp_set_default_content_type(http, type);
	exchange(GET);
	/* It is not copied. */
	strcpy(type, "text/y");
	exchange(GET);
	evhttp_set_default_content_type(http, NULL);
	exchange(GET);
	exchange(GET10);
	serve_no_more();
}

TEST(reasons_of_all_codes)
{
	begin_server();
	reason = NULL;
	body = NULL;
	for (code = 200; code < 620; code++) {
		int fd;

		/* See reasons_that_differ. */
		if (code == 306 || code == 307 || code == 426 || code == 431)
			continue;
		fd = dial();
		forget();
		say(fd, GET_CLOSE);
		settle_to_end(fd);
		trace("%.*s", (int)strcspn(heard, "\r"), heard);
		close(fd);
	}
	serve_no_more();
}

TEST(reasons_that_differ)
{
	begin_server();
	reason = NULL;
	code = 307;
	exchange(GET);
	code = 426;
	exchange(GET);
	code = 431;
	exchange(GET);
	serve_no_more();
}

TEST(reasons_of_the_program)
{
	begin_server();
	for (int i = 0; i < 4; i++) {
		static const char *const reasons[] = {
		    "", "Fine by me", "\xc3\xa4", "No Content"};

		reason = reasons[i];
		exchange(GET);
	}
	code = 999;
	reason = "Far out";
	exchange(GET);
	serve_no_more();
}

TEST(codes_without_a_body)
{
	begin_server();
	body = NULL;
	for (int i = 0; i < 3; i++) {
		static const int codes[] = {204, 304, 205};

		code = codes[i];
		exchange(GET);
		exchange(GET10);
		exchange(GET10_ALIVE);
		exchange(GET_CLOSE);
	}
	serve_no_more();
}

TEST(no_body_after_204_and_304)
{
	begin_server();
	code = 204;
	exchange(GET GET);
	code = 304;
	exchange(GET GET);
	serve_no_more();
}

TEST(heads_alone)
{
	begin_server();
	body = NULL;
	exchange(HEAD HEAD);
	headers[0] = "Content-Length";
	headers[1] = "1234";
	exchange(HEAD HEAD);
	exchange("HEAD / HTTP/1.0\r\n\r\n");
	serve_no_more();
}

/* The body is left out; its length is told. */
TEST(no_body_after_head)
{
	begin_server();
	exchange(HEAD HEAD);
	serve_no_more();
}

REQUEST(reply_from_output_buffer)
{
	struct evbuffer *buffer = evbuffer_new();
	struct evbuffer *output = evhttp_request_get_output_buffer(req);

	evbuffer_add(output, "first ", 6);
	evbuffer_add(buffer, "second", 6);
	evhttp_send_reply(req, 200, "OK", arg ? buffer : NULL);
	trace("left %zu", evbuffer_get_length(buffer));
	evbuffer_free(buffer);
}

TEST(both_buffers)
{
	begin_server();
	evhttp_set_gencb(http, reply_from_output_buffer, "both");
	exchange(GET);
	evhttp_set_gencb(http, reply_from_output_buffer, NULL);
	exchange(GET);
	serve_no_more();
}

REQUEST(large_reply)
{
	struct evbuffer *buffer = evbuffer_new();

	for (int i = 0; i < 300000; i++)
		evbuffer_add_printf(buffer, "%07d\n", i);
	evhttp_send_reply(req, 200, "OK", buffer);
	evbuffer_free(buffer);
}

TEST(large_bodies)
{
	int fd;

	begin_server();
	evhttp_set_gencb(http, large_reply, NULL);
	fd = dial();
	say(fd, GET_CLOSE);
	settle_to_end(fd);
	trace("%zu bytes, %.8s", heard_len, heard + heard_len - 8);
	close(fd);
	serve_no_more();
}

/* Error pages. */

REQUEST(refuse)
{
	add_headers(req);
	evhttp_send_error(req, code, reason);
}

TEST(error_pages)
{
	static const int codes[] = {400, 401, 404, 413, 418, 500, 503, 599};

	begin_server();
	evhttp_set_gencb(http, refuse, NULL);
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		code = codes[i];
		reason = NULL;
		exchange(GET);
		reason = "Because I said so";
		exchange(GET);
	}
	reason = "Because <I> & \"you\" said so";
	exchange(GET);
	headers[0] = "X-Lost";
	headers[1] = "1";
	exchange(GET);
	exchange(GET10);
	exchange(GET10_ALIVE);
	exchange(GET_CLOSE);
	serve_no_more();
}

TEST(nothing_there)
{
	begin_server();
	evhttp_set_gencb(http, NULL, NULL);
	exchange("GET /a<b>&\"c' HTTP/1.1\r\nHost: h\r\n\r\n");
	exchange("GET / HTTP/1.0\r\n\r\n");
	exchange("GET /x?y=z HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	exchange("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
	serve_no_more();
}

TEST(methods_that_are_not_known)
{
	begin_server();
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET);
	exchange("BREW / HTTP/1.1\r\nHost: h\r\n\r\n");
	exchange(GET);
	serve_no_more();
}

TEST(methods_that_are_not_allowed)
{
	begin_server();
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET);
	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
	exchange("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n");
	serve_no_more();
}

TEST(requests_that_are_none)
{
	begin_server();
	exchange("GARBAGE\r\n\r\n");
	exchange("GET / HTTP/x\r\n\r\n");
	exchange("GET / HTTP/1.1\r\nno colon\r\n\r\n");
	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n");
	serve_no_more();
}

TEST(bodies_that_are_too_large)
{
	begin_server();
	evhttp_set_max_body_size(http, 10);
	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"
		 "0123456789");
	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n"
		 "Expect: 100-continue\r\n\r\n");
	exchange("POST / HTTP/1.1\r\nHost: h\r\n"
		 "Transfer-Encoding: chunked\r\n\r\nb\r\n");
	serve_no_more();
}

TEST(expectations)
{
	begin_server();
	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
		 "Expect: something\r\n\r\n");
	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
		 "Expect: 100-continue\r\n\r\n");
	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
		 "Expect: 100-Continue\r\n\r\nabc");
	exchange("POST / HTTP/1.0\r\nContent-Length: 3\r\n"
		 "Expect: 100-continue\r\n\r\n");
	exchange("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n");
	exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n"
		 "Expect: 100-continue\r\n\r\n");
	exchange("POST / HTTP/1.1\r\nHost: h\r\n"
		 "Transfer-Encoding: chunked\r\n"
		 "Expect: 100-continue\r\n\r\n");
	exchange("POST / HTTP/1.1\r\nHost: h\r\n"
		 "Transfer-Encoding: chunked\r\n"
		 "Expect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
	serve_no_more();
}
