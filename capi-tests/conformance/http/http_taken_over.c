/* Connections that the program takes over from a server, and what still belongs to whom. */
// runs: one-backend
#include "watched.h"

static void
taken_event(struct bufferevent *bev, short what, void *arg)
{
	note("event:%x", what);
	ck_assert_ptr_nonnull(bev);
	evhttp_connection_free(arg);
}

static void
taken_read(struct bufferevent *bev, void *arg UNUSED)
{
	note("read:%zu", evbuffer_get_length(bufferevent_get_input(bev)));
	bufferevent_write_buffer(bev, bufferevent_get_input(bev));
}

REQUEST(take_over)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
	struct evbuffer *out = bufferevent_get_output(bev);

	note("request");
	watch(req);
	bufferevent_setcb(bev, taken_read, NULL, taken_event, evcon);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	evbuffer_add_printf(out, "HTTP/1.0 200 OK\r\n\r\nmine");
}

TEST(taken_over)
{
	begin_server(take_over);
	say(fd, GET);
	settle(fd);
	trace_heard();
	say(fd, "hello");
	settle(fd);
	trace_heard();
	ck_notes("request read:5");
	close(fd);
	settle(-1);
	ck_notes("event:11 lost");
	serve_no_more();
	ck_notes("");
}

TEST(freed_while_taken_over)
{
	begin_server(take_over);
	say(fd, GET);
	settle(fd);
	serve_no_more();
	ck_notes("request lost");
}

enum { MUCH = 16 << 20 };

REQUEST(answer_first_and_take_over)
{
	static char bytes[MUCH];
	static int calls;
	struct bufferevent *bev = evhttp_connection_get_bufferevent(
	    evhttp_request_get_connection(req));

	if (calls++ == 0) {
		answer(req, 200, "OK", "x");
		return;
	}
	take_over(req, arg);
	evbuffer_add_reference(bufferevent_get_output(bev), bytes,
	    sizeof(bytes), NULL, NULL);
}

/* The reply before it, and what the program sends, take their time. */
TEST(taken_over_in_a_pipeline)
{
	static char bytes[1 << 16];
	size_t got = 0;
	int quiet = 0;

	begin_server(answer_first_and_take_over);
	say(fd, GET GET);
	settle(-1);
	/* Two heads come besides. */
	while (got < MUCH || quiet < 20) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		got += n > 0 ? n : 0;
		quiet = n > 0 ? 0 : quiet + 1;
		turn();
	}
	say(fd, "hello");
	settle(fd);
	ck_assert_str_eq(heard, "hello");
	ck_notes("request read:5");
	close(fd);
	settle(-1);
	ck_notes("event:11 lost");
	serve_no_more();
	ck_notes("");
}

/* As ustreamer does: what it sends is the program's, and the last of it ends the connection. */

static struct evhttp_connection *taken;

static void
taken_written(struct bufferevent *bev, void *arg)
{
	static char bytes[1 << 16];
	int *left = arg;

	if (*left > 10) {
		evbuffer_add_reference(bufferevent_get_output(bev), bytes,
		    sizeof(bytes), NULL, NULL);
		return;
	}
	note("written");
	if (--*left > 0) {
		evbuffer_add(bufferevent_get_output(bev), "more", 4);
		return;
	}
	evhttp_connection_free(taken);
	note("freed");
}

static void
taken_lost(struct bufferevent *bev UNUSED, short what, void *arg UNUSED)
{
	note("event:%x", what);
	evhttp_connection_free(taken);
}

static void
take_over_to_write(struct evhttp_request *req, int *left)
{
	struct bufferevent *bev;
	struct evbuffer *buffer = evbuffer_new();

	watch(req);
	taken = connection;
	bev = evhttp_connection_get_bufferevent(taken);
	note("behind:%zu", evbuffer_get_length(bufferevent_get_input(bev)));
	bufferevent_setcb(bev, NULL, taken_written, taken_lost, left);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	evbuffer_add(buffer, "HTTP/1.0 200 OK\r\n\r\n", 19);
	bufferevent_write_buffer(bev, buffer);
	evbuffer_free(buffer);
}

REQUEST(take_over_to_write_thrice)
{
	static int left = 3;

	take_over_to_write(req, &left);
}

TEST(taken_over_with_input_behind)
{
	begin_server(take_over_to_write_thrice);
	say(fd, GET GET "and more");
	settle_to_end(fd);
	/* Input that nobody took resets the connection. */
	ended = 1;
	trace_heard();
	ck_notes("behind:35 written written written lost freed");
	serve_no_more();
	ck_notes("");
}

REQUEST(take_over_to_write_for_ever)
{
	static int left = 1 << 30;

	take_over_to_write(req, &left);
}

TEST(the_client_of_a_stream_goes)
{
	struct linger reset = {1, 0};

	for (int i = 0; i < 2; i++) {
		begin_server(take_over_to_write_for_ever);
		say(fd, GET);
		turn();
		turn();
		if (i)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset,
			    sizeof(reset));
		close(fd);
		for (int n = 0; n < 5; n++)
			turn();
		ck_assert_ptr_nonnull(strstr(capi_log, "behind:0 event:"));
		ck_assert_ptr_nonnull(strstr(capi_log, " lost"));
		capi_log[0] = '\0';
		serve_no_more();
		ck_notes("");
	}
}
