/* Pairs: two bufferevents without a descriptor. */
#include "bufferevents.h"

static struct bufferevent *a, *b;

static void
begin_pair(int options)
{
	struct bufferevent *both[2] = {NULL, NULL};

	base = event_base_new();
	ck_assert_int_eq(bufferevent_pair_new(base, options, both), 0);
	a = both[0];
	b = both[1];
	take_notes(a, "a:");
	take_notes(b, "b:");
}

TEST(partners_know_each_other)
{
	begin_pair(0);
	ck_assert_ptr_eq(bufferevent_pair_get_partner(a), b);
	ck_assert_ptr_eq(bufferevent_pair_get_partner(b), a);
	ck_assert_ptr_eq(bufferevent_get_base(a), base);
	ck_assert_ptr_null(bufferevent_get_underlying(a));
	ck_assert_int_eq(bufferevent_getfd(a), -1);
	trace("enabled %x, priority %d, setfd %d",
	    (unsigned)bufferevent_get_enabled(a), bufferevent_get_priority(a),
	    bufferevent_setfd(a, 0));
	trace("priority_set %d", bufferevent_priority_set(a, 0));
	ck_assert_ptr_null(bufferevent_pair_get_partner(
	    bufferevent_socket_new(base, -1, 0)));
}

TEST(what_one_writes_the_other_reads)
{
	begin_pair(0);
	bufferevent_enable(a, EV_READ | EV_WRITE);
	bufferevent_enable(b, EV_READ | EV_WRITE);
	say(a, "hello");
	trace("after the write: %s", capi_log);
	turn();
	ck_notes("b:r5 a:w0");
	ck_assert_uint_eq(in(b), 5);
	ck_assert_uint_eq(out(a), 0);
	say(b, "hi");
	turn();
	ck_notes("a:r2 b:w0");
	ck_assert_uint_eq(in(a), 2);
}

TEST(nothing_moves_until_the_other_reads)
{
	begin_pair(0);
	say(a, "hello");
	turn();
	ck_notes("");
	ck_assert_uint_eq(out(a), 5);
	bufferevent_enable(b, EV_READ);
	turn();
	ck_notes("b:r5 a:w0");
	ck_assert_uint_eq(out(a), 0);
	bufferevent_disable(b, EV_READ);
	say(a, "more");
	turn();
	ck_notes("");
	ck_assert_uint_eq(out(a), 4);
}

TEST(nothing_moves_until_one_writes)
{
	begin_pair(0);
	bufferevent_disable(a, EV_WRITE);
	bufferevent_enable(b, EV_READ);
	say(a, "hello");
	turn();
	ck_notes("");
	bufferevent_enable(a, EV_WRITE);
	turn();
	ck_notes("b:r5 a:w0");
	ck_assert_uint_eq(in(b), 5);
}

TEST(high_mark_of_the_reader)
{
	begin_pair(0);
	bufferevent_setcb(b, NULL, NULL, note_event, "b:");
	bufferevent_setwatermark(b, EV_READ, 0, 4);
	bufferevent_enable(b, EV_READ);
	say(a, "0123456789");
	turn();
	trace("%s; in %zu, out %zu", capi_log, in(b), out(a));
	evbuffer_drain(bufferevent_get_input(b), 3);
	turn();
	trace("%s; in %zu, out %zu", capi_log, in(b), out(a));
	evbuffer_drain(bufferevent_get_input(b), 4);
	turn();
	trace("%s; in %zu, out %zu", capi_log, in(b), out(a));
}

TEST(low_marks)
{
	begin_pair(0);
	bufferevent_setwatermark(b, EV_READ, 4, 0);
	bufferevent_enable(b, EV_READ);
	say(a, "ab");
	turn();
	ck_notes("a:w0");
	say(a, "cd");
	turn();
	ck_notes("b:r4 a:w0");
}

TEST(flush_finished_is_an_end_of_file)
{
	begin_pair(0);
	bufferevent_enable(b, EV_READ);
	say(a, "last");
	trace("%d", bufferevent_flush(a, EV_WRITE, BEV_FINISHED));
	turn();
	ck_notes("b:r4 b:eof+reading a:w0");
}

TEST(other_flushes)
{
	begin_pair(0);
	say(a, "x");
	trace("normal %d", bufferevent_flush(a, EV_WRITE, BEV_NORMAL));
	trace("in %zu, out %zu", in(b), out(a));
	trace("flush %d", bufferevent_flush(a, EV_WRITE, BEV_FLUSH));
	trace("in %zu, out %zu", in(b), out(a));
	say(b, "yy");
	trace("reading %d", bufferevent_flush(a, EV_READ, BEV_FLUSH));
	trace("in %zu, out %zu", in(a), out(b));
	turn();
	trace("%s", capi_log);
}

TEST(flushes_stop_at_the_high_mark_once)
{
	begin_pair(0);
	bufferevent_setwatermark(b, EV_READ, 0, 10);
	say(a, "twenty-five bytes of text");
	for (int i = 0; i < 3; i++) {
		trace("flush %d", bufferevent_flush(a, EV_WRITE, BEV_FLUSH));
		trace("in %zu, out %zu", in(b), out(a));
		if (i == 0)
			evbuffer_drain(bufferevent_get_input(b), 1);
	}
	say(a, "more");
	trace("finish %d", bufferevent_flush(a, EV_WRITE, BEV_FINISHED));
	trace("in %zu, out %zu", in(b), out(a));
	turn();
	trace("%s", capi_log);
}

TEST(finished_in_both_directions)
{
	begin_pair(0);
	bufferevent_enable(a, EV_READ);
	bufferevent_enable(b, EV_READ);
	trace("%d", bufferevent_flush(a, EV_READ | EV_WRITE, BEV_FINISHED));
	turn();
	trace("%s", capi_log);
}

TEST(partner_is_freed)
{
	begin_pair(0);
	bufferevent_enable(b, EV_READ);
	bufferevent_free(a);
	turn();
	trace("%s", capi_log);
	ck_assert_ptr_null(bufferevent_pair_get_partner(b));
	say(b, "nobody hears");
	turn();
	ck_assert_uint_eq(out(b), 12);
	trace("%d", bufferevent_flush(b, EV_WRITE, BEV_FINISHED));
	bufferevent_free(b);
	turn();
}

DATA_CALLBACK(free_both)
{
	note_read(b, arg);
	bufferevent_free(bufferevent_pair_get_partner(b));
	bufferevent_free(b);
}

TEST(both_freed_in_a_callback)
{
	begin_pair(0);
	bufferevent_setcb(b, free_both, NULL, NULL, "b:");
	bufferevent_enable(b, EV_READ);
	say(a, "x");
	turn();
	trace("%s", capi_log);
	ck_assert_int_eq(turn(), 1);
}

DATA_CALLBACK(ping_pong)
{
	note_read(b, arg);
	if (++runs < 6)
		bufferevent_write_buffer(b, bufferevent_get_input(b));
}

TEST(ping_pong_in_callbacks)
{
	begin_pair(0);
	bufferevent_setcb(a, ping_pong, NULL, NULL, "a:");
	bufferevent_setcb(b, ping_pong, NULL, NULL, "b:");
	bufferevent_enable(a, EV_READ);
	bufferevent_enable(b, EV_READ);
	say(a, "x");
	turn();
	ck_notes("b:r1 a:r1 b:r1 a:r1 b:r1 a:r1");
}

TEST(large_transfers_arrive_whole)
{
	static char block[300000];

	begin_pair(0);
	bufferevent_enable(b, EV_READ);
	bufferevent_write(a, block, sizeof(block));
	turn();
	ck_assert_uint_eq(in(b), sizeof(block));
	ck_notes("b:r300000 a:w0");
}

TEST(order_with_every_option)
{
	static const int options[] = {BEV_OPT_CLOSE_ON_FREE, BEV_OPT_DEFER_CALLBACKS,
	    BEV_OPT_THREADSAFE,
	    BEV_OPT_THREADSAFE | BEV_OPT_DEFER_CALLBACKS |
	    BEV_OPT_UNLOCK_CALLBACKS};

	for (int i = 0; i < 4; i++) {
		/* A pair is refused what the program has no locks for. */
		if (options[i] & BEV_OPT_THREADSAFE && !getenv("CAPI_THREADS")) {
			struct bufferevent *both[2];

			ck_assert_int_eq(
			    bufferevent_pair_new(base, options[i], both), -1);
			continue;
		}
		begin_pair(options[i]);
		bufferevent_enable(a, EV_READ);
		bufferevent_enable(b, EV_READ);
		say(a, "x");
		say(b, "y");
		turn();
		bufferevent_flush(a, EV_WRITE, BEV_FINISHED);
		turn();
		trace("options %x: %s", (unsigned)options[i], capi_log);
		capi_log[0] = '\0';
		bufferevent_free(a);
		bufferevent_free(b);
		turn();
	}
}

static int
timers_after_a_flush(const char *text, int enabled, int waiting)
{
	struct timeval hour = {3600, 0};
	int timers;

	begin_pair(0);
	bufferevent_disable(a, EV_READ | EV_WRITE);
	bufferevent_enable(a, (short)enabled);
	if (waiting)
		say(a, "waits");
	bufferevent_set_timeouts(a, &hour, &hour);
	bufferevent_disable(a, (EV_READ | EV_WRITE) & ~enabled);
	say(b, text);
	bufferevent_flush(b, EV_WRITE, BEV_FLUSH);
	turn();
	timers = event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED);
	bufferevent_free(a);
	bufferevent_free(b);
	turn();
	event_base_free(base);
	return timers;
}

TEST(flushes_of_nothing_start_no_timeout)
{
	for (int enabled = 0; enabled <= (EV_READ | EV_WRITE); enabled += 2)
		trace("enabled %x: %d, %d", (unsigned)enabled,
		    timers_after_a_flush("", enabled, 0),
		    timers_after_a_flush("", enabled, 1));
}

TEST(flushes_start_no_timeout_of_what_is_disabled)
{
	ck_assert_int_eq(timers_after_a_flush("moved", 0, 0), 0);
	ck_assert_int_eq(timers_after_a_flush("moved", 0, 1), 0);
	ck_assert_int_eq(timers_after_a_flush("moved", EV_READ, 1), 1);
	ck_assert_int_eq(timers_after_a_flush("moved", EV_READ | EV_WRITE, 1), 2);
}
