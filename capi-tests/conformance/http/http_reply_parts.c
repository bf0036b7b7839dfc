/* Replies that a server sends in parts: evhttp_send_reply_start() and what follows. */
// runs: one-backend
#include "replies.h"

static struct evhttp_request *waiting;

REQUEST(keep)
{
	waiting = req;
}

static void
chunk(const char *text)
{
	struct evbuffer *buffer = evbuffer_new();

	evbuffer_add(buffer, text, strlen(text));
	evhttp_send_reply_chunk(waiting, buffer);
	evbuffer_free(buffer);
}

static void
in_parts(const char *request)
{
	int fd = dial();

	forget();
	say(fd, request);
	settle(fd);
	ck_assert_ptr_nonnull(waiting);
	add_headers(waiting);
	evhttp_send_reply_start(waiting, code, reason);
	settle(fd);
	trace_heard();
	chunk("one");
	settle(fd);
	trace_heard();
	chunk("");
	chunk("two and more");
	chunk("3");
	settle(fd);
	trace_heard();
	evhttp_send_reply_end(waiting);
	waiting = NULL;
	settle(fd);
	trace_heard();
	close(fd);
	turn();
}

static void
begin_parts(void)
{
	begin_server();
	evhttp_set_gencb(http, keep, NULL);
}

TEST(parts)
{
	begin_parts();
	in_parts(GET);
	in_parts(GET_CLOSE);
	in_parts(GET10);
	serve_no_more();
}

TEST(parts_with_headers)
{
	static const char *const cases[][10] = {
	    {"X", "y", NULL},
	    {"Content-Length", "16", NULL},
	    {"Content-Type", "a/b", "Connection", "close", NULL},
	};

	begin_parts();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memcpy(headers, cases[i], sizeof(headers));
		in_parts(GET);
		in_parts(GET10);
	}
	serve_no_more();
}

TEST(parts_in_an_encoding_of_the_program)
{
	begin_parts();
	headers[0] = "Transfer-Encoding";
	headers[1] = "chunked";
	in_parts(GET);
	in_parts(GET10);
	serve_no_more();
}

/* What it is in is in chunks. */
TEST(parts_in_another_encoding_of_the_program)
{
	begin_parts();
	headers[0] = "Transfer-Encoding";
	headers[1] = "gzip";
	in_parts(GET);
	serve_no_more();
}

TEST(parts_without_a_body)
{
	begin_parts();
	in_parts(HEAD);
	code = 204;
	in_parts(GET);
	code = 304;
	in_parts(GET);
	serve_no_more();
}

/* Only the end of the connection can tell the end of the body. */
TEST(parts_for_an_old_client_that_keeps_alive)
{
	begin_parts();
	in_parts(GET10_ALIVE);
	serve_no_more();
}

static int drained;

CONNECTION(chunk_is_out)
{
	ck_assert_ptr_eq(arg, &drained);
	drained++;
	if (drained < 4) {
		struct evbuffer *buffer = evbuffer_new();

		evbuffer_add_printf(buffer, "part %d", drained);
		evhttp_send_reply_chunk_with_cb(
		    waiting, buffer, chunk_is_out, &drained);
		evbuffer_free(buffer);
	} else {
		evhttp_send_reply_end(waiting);
	}
}

TEST(parts_one_after_the_other)
{
	int fd;

	begin_parts();
	fd = dial();
	say(fd, GET);
	settle(fd);
	evhttp_send_reply_start(waiting, 200, "OK");
	chunk_is_out(NULL, &drained);
	settle(fd);
	trace_heard();
	trace("drained %d", drained);
	close(fd);
	serve_no_more();
}
