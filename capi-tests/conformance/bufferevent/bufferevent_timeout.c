/* Timeouts of reading and writing. */
#include "bufferevents.h"
#include <event2/bufferevent_compat.h>

static int told;

EVENT_CALLBACK(tell)
{
	note_event(b, what, arg);
	told++;
}

static void
begin_timeouts(long read_ms, long write_ms)
{
	struct timeval reading = capi_ms(read_ms), writing = capi_ms(write_ms);

	begin_bev(0);
	bufferevent_setcb(bev, note_read, note_write, tell, "");
	ck_assert_int_eq(bufferevent_set_timeouts(bev,
	    read_ms ? &reading : NULL, write_ms ? &writing : NULL), 0);
}

/* More than a socket takes, for a peer that doesn't read. */
static void
write_too_much(void)
{
	static char block[4 << 20];

	ck_assert_int_eq(bufferevent_write(bev, block, sizeof(block)), 0);
}

TEST(reading_times_out)
{
	long long start = capi_now_ms();

	begin_timeouts(60, 0);
	bufferevent_enable(bev, EV_READ);
	run_until(&told, 1);
	ck_assert_int_ge(capi_now_ms() - start, 50);
	ck_notes("timeout+reading");
	/* Disabled until asked for again. */
	ck_assert_int_eq(bufferevent_get_enabled(bev), EV_WRITE);
	put(pair[1], "late");
	ck_assert_int_eq(turn(), 1);
	ck_notes("");
	/* No machine is too slow for this. */
	bufferevent_set_timeouts(bev, NULL, NULL);
	bufferevent_enable(bev, EV_READ);
	turn();
	ck_notes("r4");
}

TEST(no_timeout_while_not_reading)
{
	begin_timeouts(20, 0);
	run_for(80);
	ck_notes("");
	bufferevent_enable(bev, EV_READ);
	bufferevent_disable(bev, EV_READ);
	run_for(80);
	ck_notes("");
}

TEST_TIMED(input_postpones_the_timeout)
{
	begin_timeouts(400, 0);
	bufferevent_enable(bev, EV_READ);
	for (int i = 0; i < 6; i++) {
		run_for(100);
		put(pair[1], "x");
	}
	turn();
	ck_assert_int_eq(told, 0);
	run_until(&told, 1);
	ck_notes("r1 r2 r3 r4 r5 r6 timeout+reading");
}

TEST_TIMED(enabling_again_postpones_the_timeout)
{
	begin_timeouts(400, 0);
	for (int i = 0; i < 6; i++) {
		bufferevent_enable(bev, EV_READ);
		run_for(100);
	}
	ck_notes("");
}

TEST(timeout_set_while_reading)
{
	struct timeval tv = capi_ms(40);

	begin_bev(0);
	bufferevent_setcb(bev, note_read, note_write, tell, "");
	bufferevent_enable(bev, EV_READ);
	bufferevent_set_timeouts(bev, &tv, NULL);
	run_until(&told, 1);
	ck_notes("timeout+reading");
}

TEST(timeout_taken_back)
{
	begin_timeouts(40, 40);
	bufferevent_enable(bev, EV_READ);
	bufferevent_set_timeouts(bev, NULL, NULL);
	ck_assert_int_eq(evutil_timerisset(&bev->timeout_read), 0);
	ck_assert_int_eq(evutil_timerisset(&bev->timeout_write), 0);
	run_for(120);
	ck_notes("");
	put(pair[1], "x");
	turn();
	ck_notes("r1");
}

TEST(timeouts_are_kept_in_the_structure)
{
	begin_timeouts(1500, 2500);
	trace("%ld.%06ld %ld.%06ld", (long)bev->timeout_read.tv_sec,
	    (long)bev->timeout_read.tv_usec, (long)bev->timeout_write.tv_sec,
	    (long)bev->timeout_write.tv_usec);
	bufferevent_settimeout(bev, 3, 0);
	trace("%ld.%06ld %ld.%06ld", (long)bev->timeout_read.tv_sec,
	    (long)bev->timeout_read.tv_usec, (long)bev->timeout_write.tv_sec,
	    (long)bev->timeout_write.tv_usec);
}

TEST(a_timeout_of_zero_is_none)
{
	struct timeval zero = {0, 0};

	begin_bev(0);
	bufferevent_enable(bev, EV_READ);
	bufferevent_set_timeouts(bev, &zero, &zero);
	run_for(30);
	ck_notes("");
}

TEST(writing_times_out)
{
	begin_timeouts(0, 60);
	write_too_much();
	run_until(&told, 1);
	ck_notes("timeout+writing");
	ck_assert_int_eq(bufferevent_get_enabled(bev), 0);
	ck_assert_uint_gt(out(bev), 0);
	/* Goes on where it stopped. */
	bufferevent_enable(bev, EV_WRITE);
	bufferevent_set_timeouts(bev, NULL, NULL);
	while (out(bev)) {
		discard(pair[1]);
		turn();
	}
	ck_notes("w0");
}

TEST(no_timeout_when_there_is_nothing_to_write)
{
	begin_timeouts(0, 20);
	run_for(60);
	say(bev, "hello");
	turn();
	ck_notes("w0");
	run_for(60);
	ck_notes("");
	ck_assert_int_eq(bufferevent_get_enabled(bev), EV_WRITE);
}

TEST_TIMED(progress_postpones_the_timeout_of_writing)
{
	begin_timeouts(0, 400);
	write_too_much();
	for (int i = 0; i < 6; i++) {
		run_for(100);
		ck_assert_uint_gt(discard(pair[1]), 0);
	}
	ck_assert_uint_gt(out(bev), 0);
	ck_notes("");
}

TEST_TIMED(both_time_out)
{
	begin_timeouts(30, 150);
	bufferevent_enable(bev, EV_READ);
	write_too_much();
	run_until(&told, 2);
	ck_notes("timeout+reading timeout+writing");
	ck_assert_int_eq(bufferevent_get_enabled(bev), 0);
	ck_assert_int_eq(turn(), 1);
}

TEST_TIMED(no_timeout_behind_the_high_mark)
{
	begin_timeouts(150, 0);
	bufferevent_setcb(bev, NULL, NULL, tell, "");
	bufferevent_setwatermark(bev, EV_READ, 0, 2);
	bufferevent_enable(bev, EV_READ);
	put(pair[1], "xyz");
	turn();
	ck_notes("");
	run_for(400);
	ck_notes("");
	evbuffer_drain(bufferevent_get_input(bev), 2);
	turn();
	ck_notes("");
	run_until(&told, 1);
	ck_notes("timeout+reading");
}

EVENT_CALLBACK(tell_and_go_on)
{
	tell(b, what, arg);
	bufferevent_enable(b, EV_READ);
}

TEST(reading_goes_on_from_the_event_callback)
{
	begin_timeouts(20, 0);
	bufferevent_setcb(bev, note_read, NULL, tell_and_go_on, "");
	bufferevent_enable(bev, EV_READ);
	run_until(&told, 3);
	put(pair[1], "x");
	turn();
	ck_assert_uint_eq(in(bev), 1);
	trace("at least %s", strncmp(capi_log, "timeout+reading ", 16) == 0
	    ? "timeout+reading" : capi_log);
}

EVENT_CALLBACK(tell_and_free)
{
	tell(b, what, arg);
	bufferevent_free(b);
}

TEST(freed_by_its_timeout)
{
	begin_timeouts(20, 20);
	bufferevent_setcb(bev, NULL, NULL, tell_and_free, "");
	bufferevent_enable(bev, EV_READ);
	run_until(&told, 1);
	run_for(40);
	ck_notes("timeout+reading");
	ck_assert(!is_open(pair[0]));
}

TEST_TIMED(timeout_of_a_closed_peer_comes_never)
{
	begin_timeouts(150, 0);
	bufferevent_enable(bev, EV_READ);
	close(pair[1]);
	turn();
	ck_notes("eof+reading");
	run_for(400);
	ck_notes("");
}

TEST(pairs_time_out)
{
	struct bufferevent *both[2];
	struct timeval reading = capi_ms(20), writing = capi_ms(100);

	begin();
	ck_assert_int_eq(bufferevent_pair_new(base, 0, both), 0);
	bev = both[0];
	bufferevent_setcb(bev, note_read, note_write, tell, "");
	bufferevent_set_timeouts(bev, &reading, &writing);
	bufferevent_enable(bev, EV_READ);
	run_until(&told, 1);
	ck_notes("timeout+reading");
	ck_assert_int_eq(bufferevent_get_enabled(bev), EV_WRITE);
	/* The other side doesn't read. */
	say(bev, "hello");
	run_for(200);
	ck_notes("");
	trace("enabled %x", (unsigned)bufferevent_get_enabled(bev));
}

TEST(filters_time_out)
{
	struct timeval reading = capi_ms(20);

	begin_bev(0);
	partner = bufferevent_filter_new(bev, NULL, NULL,
	    BEV_OPT_CLOSE_ON_FREE, NULL, NULL);
	bufferevent_setcb(partner, note_read, note_write, tell, "");
	bufferevent_set_timeouts(partner, &reading, NULL);
	bufferevent_enable(partner, EV_READ);
	run_until(&told, 1);
	ck_notes("timeout+reading");
	trace("enabled %x, below %x",
	    (unsigned)bufferevent_get_enabled(partner),
	    (unsigned)bufferevent_get_enabled(bev));
}
