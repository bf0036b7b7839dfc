/* The lives of a server's requests and connections: who frees what, which callback runs when. */
// runs: one-backend
#include "requests.h"

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_CLOSE "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

static struct evhttp_request *waiting;
static struct evhttp_connection *connection;

CONNECTION(lost)
{
	note("lost");
}

CONNECTION(lost_while_waiting)
{
	note("lost evcon:%d", evhttp_request_get_connection(waiting) != NULL);
}

REQUEST(complete)
{
	note("complete:%s,%d", (const char *)arg,
	    evhttp_request_get_connection(req) != NULL);
}

static void
watch(struct evhttp_request *req)
{
	connection = evhttp_request_get_connection(req);
	evhttp_connection_set_closecb(connection, lost, NULL);
	evhttp_request_set_on_complete_cb(req, complete, "c");
}

REQUEST(reply_watched)
{
	note("request");
	watch(req);
	answer(req, 200, "OK", "x");
	note("replied");
}

REQUEST(keep)
{
	note("request");
	watch(req);
	waiting = req;
}

static int fd;

static void
begin_server(void (*cb)(struct evhttp_request *, void *))
{
	serve();
	evhttp_set_gencb(http, cb, NULL);
	fd = dial();
}

static void
send_get(void)
{
	say(fd, GET);
	settle(fd);
}

TEST(of_a_request_that_is_answered_at_once)
{
	begin_server(reply_watched);
	send_get();
	ck_notes("request replied complete:c,1");
	send_get();
	ck_notes("request replied complete:c,1");
	close(fd);
	settle(-1);
	ck_notes("lost");
	serve_no_more();
	ck_notes("");
}

TEST(of_the_last_request)
{
	begin_server(reply_watched);
	say(fd, GET_CLOSE);
	settle(fd);
	ck_notes("request replied complete:c,1 lost");
	ck_assert_int_eq(ended, 1);
	serve_no_more();
	ck_notes("");
}

TEST(of_several_in_a_pipeline)
{
	begin_server(reply_watched);
	say(fd, GET GET GET_CLOSE GET);
	settle_to_end(fd);
	close(fd);
	settle(-1);
	ck_notes("request replied complete:c,1 request replied complete:c,1 "
		 "request replied complete:c,1 lost");
	serve_no_more();
}

TEST(answered_later)
{
	begin_server(keep);
	send_get();
	ck_notes("request");
	answer(waiting, 200, "OK", "late");
	ck_notes("");
	settle(fd);
	ck_notes("complete:c,1");
	trace_heard();
	serve_no_more();
	ck_notes("lost");
}

TEST(the_server_is_freed_with_a_request_that_waits)
{
	begin_server(keep);
	send_get();
	serve_no_more();
	ck_notes("request lost");
}

static struct evhttp_request *owned;

REQUEST(own)
{
	note("request");
	watch(req);
	evhttp_request_own(req);
	ck_assert_int_eq(evhttp_request_is_owned(req), 1);
	owned = req;
}

TEST(an_owned_request_outlives_its_connection)
{
	begin_server(own);
	send_get();
	evhttp_connection_free(connection);
	ck_notes("request lost");
	ck_assert_str_eq(evhttp_request_get_uri(owned), "/");
	ck_assert_ptr_nonnull(evhttp_find_header(
	    evhttp_request_get_input_headers(owned), "Host"));
	owned->evcon = NULL;
	evhttp_request_free(owned);
	serve_no_more();
}

TEST(the_connection_is_freed_while_a_request_waits)
{
	begin_server(keep);
	send_get();
	evhttp_connection_free(connection);
	ck_notes("request lost");
	settle(fd);
	ck_assert_int_ne(ended, 0);
	serve_no_more();
	ck_notes("");
}

/* The client goes away while its request waits: with reading on, that is noticed. */

REQUEST(keep_and_read)
{
	struct bufferevent *bev;

	keep(req, NULL);
	bev = evhttp_connection_get_bufferevent(connection);
	ck_assert_int_eq(bufferevent_enable(bev, EV_READ), 0);
}

static void
lose_client(void)
{
	begin_server(keep_and_read);
	send_get();
	evhttp_connection_set_closecb(connection, lost_while_waiting, NULL);
	close(fd);
	settle(-1);
	ck_notes("request lost evcon:0");
	ck_assert_ptr_null(evhttp_request_get_connection(waiting));
}

TEST(answered_after_the_client_has_gone)
{
	lose_client();
	answer(waiting, 200, "OK", "late");
	serve_no_more();
	ck_notes("");
}

TEST(refused_after_the_client_has_gone)
{
	lose_client();
	evhttp_send_error(waiting, 500, "late");
	serve_no_more();
	ck_notes("");
}

TEST(answered_in_parts_after_the_client_has_gone)
{
	struct evbuffer *buffer = evbuffer_new();

	lose_client();
	evhttp_send_reply_start(waiting, 200, "OK");
	evbuffer_add(buffer, "x", 1);
	evhttp_send_reply_chunk(waiting, buffer);
	evhttp_send_reply_end(waiting);
	evbuffer_free(buffer);
	serve_no_more();
	ck_notes("");
}

CONNECTION(end_when_lost)
{
	note("lost evcon:%d", evhttp_request_get_connection(waiting) != NULL);
	evhttp_send_reply_end(waiting);
	waiting = NULL;
}

static void
stream(void)
{
	struct evbuffer *buffer = evbuffer_new();

	evhttp_send_reply_start(waiting, 200, "OK");
	evbuffer_add(buffer, "part", 4);
	evhttp_send_reply_chunk(waiting, buffer);
	evbuffer_free(buffer);
	settle(fd);
	ck_assert_ptr_nonnull(strstr(heard, "4\r\npart\r\n"));
}

TEST(ended_in_the_close_callback)
{
	begin_server(keep);
	send_get();
	evhttp_connection_set_closecb(connection, end_when_lost, NULL);
	stream();
	close(fd);
	settle(-1);
	ck_notes("request lost evcon:0");
	serve_no_more();
	ck_notes("");
}

/* The end of the client's side ends a reply in parts, too. */
TEST(half_closed_while_streaming)
{
	begin_server(keep);
	send_get();
	evhttp_connection_set_closecb(connection, lost_while_waiting, NULL);
	stream();
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	settle(fd);
	ck_notes("request lost evcon:0");
	ck_assert_int_ne(ended, 0);
	evhttp_send_reply_end(waiting);
	serve_no_more();
}

TEST(half_closed_before_the_answer)
{
	begin_server(reply_watched);
	say(fd, GET);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	settle_to_end(fd);
	ck_notes("request replied complete:c,1 lost");
	trace_heard();
	serve_no_more();
}

/* The connection is freed in callbacks of its own. */

REQUEST(free_connection)
{
	note("request");
	watch(req);
	evhttp_connection_free(connection);
	note("freed");
}

TEST(freed_in_the_request_callback)
{
	begin_server(free_connection);
	send_get();
	ck_notes("request lost freed");
	ck_assert_int_ne(ended, 0);
	serve_no_more();
}

TEST(freed_in_the_request_callback_of_a_pipeline)
{
	begin_server(free_connection);
	say(fd, GET GET GET);
	settle(fd);
	ck_notes("request lost freed");
	serve_no_more();
}

REQUEST(answer_and_free_connection)
{
	note("request");
	watch(req);
	answer(req, 200, "OK", "x");
	evhttp_connection_free(connection);
	note("freed");
}

TEST(freed_after_the_answer)
{
	begin_server(answer_and_free_connection);
	send_get();
	ck_notes("request lost freed");
	ck_assert_int_ne(ended, 0);
	serve_no_more();
}

static struct evhttp_connection *first;

REQUEST(free_first_connection)
{
	if (!first) {
		first = evhttp_request_get_connection(req);
		evhttp_connection_set_closecb(first, lost, NULL);
	} else {
		note("free");
		evhttp_connection_free(first);
	}
	answer(req, 200, "OK", "x");
}

TEST(freed_in_the_callback_of_another_connection)
{
	int fd2;

	begin_server(free_first_connection);
	send_get();
	fd2 = dial();
	say(fd2, GET);
	settle(fd);
	ck_notes("free lost");
	ck_assert_int_eq(ended, 1);
	close(fd2);
	serve_no_more();
}


/* Taking over. */

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

/* Bytes that come while a request waits belong to the next one. */
TEST(a_pipeline_while_a_request_waits)
{
	begin_server(keep);
	say(fd, GET GET);
	settle(fd);
	ck_notes("request");
	say(fd, GET_CLOSE);
	settle(fd);
	ck_notes("");
	for (int i = 0; i < 3; i++) {
		answer(waiting, 200, "OK", "x");
		settle(fd);
	}
	ck_notes("complete:c,1 request complete:c,1 request complete:c,1 lost");
	ck_assert_int_eq(ended, 1);
	serve_no_more();
}

REQUEST(reply_at_once)
{
	note("request");
	answer(req, 200, "OK", "x");
}

REQUEST(reply_and_keep)
{
	static int calls;

	note("request");
	if (calls++ == 2)
		waiting = req;
	else
		answer(req, 200, "OK", "x");
}

/* What was answered does not wait for a request that is not. */
TEST(a_pipeline_in_which_one_request_waits)
{
	begin_server(reply_and_keep);
	say(fd, GET GET GET GET GET_CLOSE);
	settle(fd);
	ck_notes("request request request");
	trace_heard();
	answer(waiting, 200, "OK", "late");
	settle_to_end(fd);
	ck_notes("request request");
	trace_heard();
	serve_no_more();
}

REQUEST(reply_and_free)
{
	static int calls;

	note("request");
	if (calls++ == 2)
		evhttp_connection_free(evhttp_request_get_connection(req));
	else
		answer(req, 200, "OK", "x");
}

/* What was answered arrives. */
TEST(freed_in_the_middle_of_a_pipeline)
{
	begin_server(reply_and_free);
	say(fd, GET GET GET GET);
	settle_to_end(fd);
	ck_notes("request request request");
	ended = 1;
	trace_heard();
	serve_no_more();
}

/* Half of a request does not hold up the reply to the one before. */
TEST(a_pipeline_that_ends_anywhere)
{
	for (size_t cut = 1; cut < strlen(GET); cut += 5) {
		begin_server(reply_at_once);
		say_bytes(fd, GET GET, strlen(GET) + cut);
		settle(fd);
		ck_notes("request");
		ck_assert_ptr_nonnull(strstr(heard, "\r\n\r\nx"));
		forget();
		say(fd, &GET[cut]);
		settle(fd);
		ck_notes("request");
		ck_assert_ptr_nonnull(strstr(heard, "\r\n\r\nx"));
		forget();
		close(fd);
		serve_no_more();
	}
}

TEST(a_pipeline_while_a_request_waits_and_is_read)
{
	begin_server(keep_and_read);
	send_get();
	ck_notes("request");
	say(fd, GET_CLOSE);
	settle(fd);
	ck_notes("");
	answer(waiting, 200, "OK", "x");
	settle(fd);
	ck_notes("complete:c,1 request");
	answer(waiting, 200, "OK", "x");
	settle(fd);
	ck_notes("complete:c,1 lost");
	ck_assert_int_eq(ended, 1);
	serve_no_more();
}

/* Timeouts. */

TEST(idle_connections_end_in_time)
{
	struct timeval tv = capi_ms(60);

	begin_server(reply_watched);
	evhttp_set_timeout_tv(http, &tv);
	close(fd);
	settle(-1);
	fd = dial();
	forget();
	settle_to_end(fd);
	ck_assert_int_eq(heard_len, 0);
	close(fd);
	fd = dial();
	forget();
	say(fd, GET);
	settle_to_end(fd);
	ck_assert_int_ne(heard_len, 0);
	ck_notes("request replied complete:c,1 lost");
	close(fd);
	fd = dial();
	forget();
	say(fd, "GET / HT");
	settle_to_end(fd);
	ck_assert_int_eq(heard_len, 0);
	close(fd);
	serve_no_more();
}

TEST(no_timeout_while_a_request_waits)
{
	struct timeval tv = capi_ms(40);

	begin_server(keep);
	evhttp_set_timeout_tv(http, &tv);
	close(fd);
	settle(-1);
	fd = dial();
	forget();
	send_get();
	for (int i = 0; i < 15; i++) {
		turn();
		capi_sleep_ms(10);
	}
	ck_notes("request");
	answer(waiting, 200, "OK", "late");
	settle(fd);
	ck_assert_ptr_nonnull(strstr(heard, "late"));
	close(fd);
	serve_no_more();
}

/* The client is gone before anything was read. */
TEST(connections_without_a_request)
{
	begin_server(reply_watched);
	for (int i = 0; i < 20; i++) {
		struct linger reset = {1, 0};
		int gone = dial();

		if (i % 2)
			say(gone, i % 3 ? "GET / HTTP/1.1\r\n" : GET);
		if (i % 5 == 0)
			setsockopt(gone, SOL_SOCKET, SO_LINGER, &reset,
			    sizeof(reset));
		close(gone);
	}
	settle(-1);
	close(fd);
	serve_no_more();
}

/* A factory of bufferevents. */

static struct bufferevent *
make(struct event_base *of, void *arg)
{
	note("make:%s", (const char *)arg);
	ck_assert_ptr_eq(of, base);
	return strcmp(arg, "null") ? bufferevent_socket_new(
					 of, -1, BEV_OPT_CLOSE_ON_FREE)
				   : NULL;
}

TEST(bufferevents_of_the_program)
{
	begin_server(reply_watched);
	evhttp_set_bevcb(http, make, "one");
	send_get();
	ck_notes("make:one request replied complete:c,1");
	close(fd);
	settle(-1);
	ck_notes("lost");
	evhttp_set_bevcb(http, make, "null");
	fd = dial();
	send_get();
	ck_notes("make:null request replied complete:c,1");
	serve_no_more();
	ck_notes("lost");
}
