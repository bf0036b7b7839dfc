/* Socket bufferevents: what the callbacks see, and when they come. */
#include "bufferevents.h"

TEST(defaults)
{
	bufferevent_data_cb readcb = note_read, writecb = note_write;
	bufferevent_event_cb eventcb = note_event;
	void *arg = &readcb;
	size_t low = 1, high = 1;

	begin();
	bev = bufferevent_socket_new(base, pair[0], 0);
	ck_assert_ptr_eq(bufferevent_get_base(bev), base);
	ck_assert_int_eq(bufferevent_getfd(bev), pair[0]);
	ck_assert_int_eq(bufferevent_get_enabled(bev), EV_WRITE);
	ck_assert_ptr_null(bufferevent_get_underlying(bev));
	bufferevent_getcb(bev, &readcb, &writecb, &eventcb, &arg);
	ck_assert(!readcb && !writecb && !eventcb && !arg);
	ck_assert_int_eq(bufferevent_getwatermark(bev, EV_READ, &low, &high), 0);
	ck_assert(low == 0 && high == 0);
	trace("priority %d, reads %ld, writes %ld",
	    bufferevent_get_priority(bev),
	    (long)bufferevent_get_max_single_read(bev),
	    (long)bufferevent_get_max_single_write(bev));
	trace("dns error %d, flush %d", bufferevent_socket_get_dns_error(bev),
	    bufferevent_flush(bev, EV_READ | EV_WRITE, BEV_FLUSH));
	ck_assert_int_eq(pending(&bev->ev_read), 0);
	ck_assert_int_eq(pending(&bev->ev_write), 0);
	ck_assert_int_eq(turn(), 1);
	bufferevent_free(bev);
	ck_assert(is_open(pair[0]));
}

TEST(descriptor_belongs_to_the_bufferevent_if_told)
{
	begin_bev(0);
	bufferevent_free(bev);
	turn();
	ck_assert(!is_open(pair[0]));
	ck_assert_str_eq(got(pair[1]), "eof");
}

TEST(callbacks_can_be_set_in_part)
{
	bufferevent_data_cb readcb;
	void *arg;

	begin_bev(0);
	bufferevent_getcb(bev, &readcb, NULL, NULL, NULL);
	ck_assert(readcb == note_read);
	bufferevent_setcb(bev, NULL, note_write, NULL, "x");
	bufferevent_getcb(bev, &readcb, NULL, NULL, &arg);
	ck_assert(readcb == NULL);
	ck_assert_str_eq(arg, "x");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "hello");
	say(bev, "hi");
	close(pair[1]);
	turn();
	ck_notes("");
	ck_assert_uint_eq(in(bev), 5);
}

TEST(data_stays_in_the_input_until_it_is_taken)
{
	char text[16] = "";

	begin_bev(0);
	ck_assert_int_eq(bufferevent_enable(bev, EV_READ), 0);
	ck_assert_int_eq(bufferevent_get_enabled(bev), EV_READ | EV_WRITE);
	ck_assert_int_eq(pending(&bev->ev_read), EV_READ);
	for (int i = 0; i < 3; i++) {
		put(pair[1], "ab");
		turn();
	}
	ck_notes("r2 r4 r6");
	ck_assert_uint_eq(bufferevent_read(bev, text, 3), 3);
	ck_assert_str_eq(text, "aba");
	ck_assert_uint_eq(in(bev), 3);
	ck_assert_uint_eq(bufferevent_read(bev, text, 16), 3);
	ck_assert_uint_eq(bufferevent_read(bev, text, 16), 0);
	turn();
	ck_notes("");
}

TEST(nothing_is_read_while_disabled)
{
	begin_bev(0);
	put(pair[1], "hello");
	ck_assert_int_eq(turn(), 1);
	ck_notes("");
	bufferevent_enable(bev, EV_READ);
	ck_notes("");
	turn();
	ck_notes("r5");
	ck_assert_int_eq(bufferevent_disable(bev, EV_READ), 0);
	ck_assert_int_eq(pending(&bev->ev_read), 0);
	put(pair[1], " world");
	turn();
	ck_notes("");
	ck_assert_uint_eq(in(bev), 5);
	ck_assert_str_eq(got(pair[0]), " world");
}

TEST(end_of_file_after_the_last_data)
{
	begin_bev(0);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "hello");
	close(pair[1]);
	turn();
	ck_notes("r5 eof+reading");
	ck_assert_int_eq(bufferevent_get_enabled(bev), EV_WRITE);
	ck_assert_int_eq(turn(), 1);
	/* Told again to whoever asks again. */
	bufferevent_enable(bev, EV_READ);
	turn();
	ck_notes("eof+reading");
}

TEST(half_closed_peer_still_receives)
{
	begin_bev(0);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "question");
	shutdown(pair[1], SHUT_WR);
	turn();
	ck_notes("r8 eof+reading");
	say(bev, "answer");
	turn();
	ck_notes("w0");
	ck_assert_str_eq(got(pair[1]), "answer");
	ck_assert_str_eq(got(pair[1]), "EAGAIN");
}

TEST(write_to_a_closed_peer)
{
	begin_bev(0);
	close(pair[1]);
	say(bev, "lost");
	turn();
	ck_notes("error+writing(EPIPE)");
	ck_assert_uint_eq(out(bev), 4);
	trace("enabled %x", (unsigned)bufferevent_get_enabled(bev));
	turn();
	ck_notes("");
}

static int errors;

EVENT_CALLBACK(count_event)
{
	note_event(b, what, arg);
	errors++;
}

TEST(reset_by_the_peer)
{
	struct linger linger = {1, 0};

	begin();
	tcp_pair(pair);
	bev = bufferevent_socket_new(base, pair[0], BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(bev, note_read, note_write, count_event, "");
	bufferevent_enable(bev, EV_READ);
	turn();
	setsockopt(pair[1], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(pair[1]);
	run_until(&errors, 1);
	ck_notes("error+reading(ECONNRESET)");
	trace("enabled %x", (unsigned)bufferevent_get_enabled(bev));
}

TEST(writing_begins_by_itself)
{
	begin_bev(0);
	ck_assert_int_eq(turn(), 1);
	say(bev, "hello");
	ck_assert_uint_eq(out(bev), 5);
	ck_assert_str_eq(got(pair[1]), "EAGAIN");
	ck_assert_int_ne(pending(&bev->ev_write), 0);
	turn();
	ck_notes("w0");
	ck_assert_str_eq(got(pair[1]), "hello");
	ck_assert_int_eq(pending(&bev->ev_write), 0);
	ck_assert_int_eq(turn(), 1);
	ck_notes("");
}

TEST(what_is_written_together_is_told_once)
{
	struct evbuffer *buffer = evbuffer_new();

	begin_bev(0);
	say(bev, "a");
	say(bev, "b");
	evbuffer_add(bufferevent_get_output(bev), "c", 1);
	evbuffer_add(buffer, "d", 1);
	ck_assert_int_eq(bufferevent_write_buffer(bev, buffer), 0);
	ck_assert_uint_eq(evbuffer_get_length(buffer), 0);
	ck_assert_uint_eq(out(bev), 4);
	turn();
	ck_notes("w0");
	ck_assert_str_eq(got(pair[1]), "abcd");
	evbuffer_free(buffer);
}

TEST(nothing_is_written_while_disabled)
{
	begin_bev(0);
	ck_assert_int_eq(bufferevent_disable(bev, EV_WRITE), 0);
	say(bev, "later");
	ck_assert_int_eq(turn(), 1);
	ck_notes("");
	ck_assert_uint_eq(out(bev), 5);
	bufferevent_enable(bev, EV_WRITE);
	turn();
	ck_notes("w0");
	say(bev, "never");
	bufferevent_disable(bev, EV_WRITE);
	ck_assert_int_eq(turn(), 1);
	ck_assert_str_eq(got(pair[1]), "later");
}

TEST(writing_nothing)
{
	begin_bev(0);
	ck_assert_int_eq(bufferevent_write(bev, "", 0), 0);
	ck_assert_int_eq(turn(), 1);
	ck_notes("");
}

TEST(reading_and_writing_in_one_turn)
{
	begin_bev(0);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "in");
	say(bev, "out");
	turn();
	ck_notes("w0 r2");
}

DATA_CALLBACK(echo)
{
	note("%sr%zu", (const char *)arg, in(b));
	bufferevent_write_buffer(b, bufferevent_get_input(b));
}

TEST(echo_from_the_read_callback)
{
	begin_bev(0);
	bufferevent_setcb(bev, echo, note_write, note_event, "");
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "hello");
	turn();
	ck_notes("r5 w0");
	ck_assert_str_eq(got(pair[1]), "hello");
	put(pair[1], "again");
	shutdown(pair[1], SHUT_WR);
	turn();
	ck_notes("r5 w0 eof+reading");
	ck_assert_str_eq(got(pair[1]), "again");
}

DATA_CALLBACK(write_more)
{
	note_write(b, arg);
	if (++runs < 4)
		say(b, "more");
}

TEST(write_from_the_write_callback)
{
	begin_bev(0);
	bufferevent_setcb(bev, NULL, write_more, note_event, "");
	say(bev, "more");
	turn();
	ck_notes("w0 w0 w0 w0");
	ck_assert_str_eq(got(pair[1]), "moremoremoremore");
}

TEST(large_output_is_written_as_the_peer_reads)
{
	static char block[1 << 20];
	size_t total = 0;

	begin_bev(0);
	ck_assert_int_eq(bufferevent_write(bev, block, sizeof(block)), 0);
	turn();
	ck_notes("");
	ck_assert_uint_gt(out(bev), 0);
	ck_assert_int_eq(pending(&bev->ev_write), EV_WRITE);
	while (out(bev)) {
		total += discard(pair[1]);
		turn();
	}
	total += discard(pair[1]);
	ck_assert_uint_eq(total, sizeof(block));
	ck_notes("w0");
}

TEST(single_reads_and_writes_are_limited)
{
	begin_bev(0);
	ck_assert_int_eq(bufferevent_set_max_single_read(bev, 4), 0);
	ck_assert_int_eq(bufferevent_set_max_single_write(bev, 4), 0);
	ck_assert_int_eq(bufferevent_get_max_single_read(bev), 4);
	ck_assert_int_eq(bufferevent_get_max_single_write(bev), 4);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "0123456789");
	turn();
	ck_notes("r4 r8 r10");
	say(bev, "0123456789");
	turn();
	ck_notes("w0");
	ck_assert_str_eq(got(pair[1]), "0123456789");
	/* None, or too much, means the default again. */
	bufferevent_set_max_single_read(bev, 0);
	bufferevent_set_max_single_write(bev, (size_t)-1);
	trace("reads %ld, writes %ld",
	    (long)bufferevent_get_max_single_read(bev),
	    (long)bufferevent_get_max_single_write(bev));
}

TEST(order_of_two_bufferevents)
{
	evutil_socket_t more[2];

	begin_bev(0);
	capi_pair(more);
	partner = bufferevent_socket_new(base, more[0], BEV_OPT_CLOSE_ON_FREE);
	take_notes(bev, "a:");
	take_notes(partner, "b:");
	bufferevent_enable(bev, EV_READ);
	bufferevent_enable(partner, EV_READ);
	put(pair[1], "x");
	turn();
	put(more[1], "y");
	turn();
	say(partner, "b");
	turn();
	say(bev, "a");
	turn();
	ck_notes("a:r1 b:r1 b:w0 a:w0");
}

TEST(input_belongs_to_the_library_at_its_end)
{
	struct evbuffer *input, *output;

	begin_bev(0);
	input = bufferevent_get_input(bev);
	output = bufferevent_get_output(bev);
	ck_assert_ptr_eq(input, bev->input);
	ck_assert_ptr_eq(output, bev->output);
	ck_assert_int_eq(evbuffer_add(input, "x", 1), -1);
	ck_assert_int_eq(evbuffer_prepend(input, "x", 1), 0);
	ck_assert_int_eq(evbuffer_drain(input, 1), 0);
	ck_assert_int_eq(evbuffer_add(output, "x", 1), 0);
	ck_assert_int_eq(evbuffer_prepend(output, "y", 1), -1);
	ck_assert_int_eq(evbuffer_drain(output, 1), -1);
	ck_assert_uint_eq(evbuffer_get_length(output), 1);
	turn();
	ck_notes("w0");
}
