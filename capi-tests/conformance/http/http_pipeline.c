/* Requests that a client sends before the one in front is answered. */
// runs: one-backend
#include "watched.h"

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
