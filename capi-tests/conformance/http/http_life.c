/* The lives of a server's requests and connections: who frees what, which callback runs when. */
// runs: one-backend
#include "watched.h"

CONNECTION(lost_while_waiting)
{
	note("lost evcon:%d", evhttp_request_get_connection(waiting) != NULL);
}

REQUEST(reply_watched)
{
	note("request");
	watch(req);
	answer(req, 200, "OK", "x");
	note("replied");
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

static int ending;

REQUEST(keep_started)
{
	struct evbuffer *part;

	note(ending ? "inside" : "request");
	if (waiting) {
		answer(req, 200, "OK", "x");
		return;
	}
	waiting = req;
	watch(req);
	evhttp_add_header(
	    evhttp_request_get_output_headers(req), "Content-Length", "2");
	evhttp_send_reply_start(req, 200, "OK");
	part = evbuffer_new();
	evbuffer_add(part, "ab", 2);
	evhttp_send_reply_chunk(req, part);
	evbuffer_free(part);
}

/* The next request is met by the loop, not by who ends the reply to the one before. */
TEST(ended_when_the_next_request_has_come)
{
	begin_server(keep_started);
	say(fd, GET GET_CLOSE);
	settle(fd);
	ending = 1;
	evhttp_send_reply_end(waiting);
	ending = 0;
	settle(fd);
	ck_notes("request complete:c,1 request lost");
	ck_assert_int_eq(ended, 1);
	serve_no_more();
}

TEST(cancelled_while_the_reply_is_sent)
{
	begin_server(keep_started);
	say(fd, GET GET);
	settle(fd);
	evhttp_cancel_request(waiting);
	settle(fd);
	ck_assert_ptr_nonnull(strstr(capi_log, "lost"));
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
