/*
 * Watermarks: how much is read, and which callbacks come. As long as the input
 * is at its high mark the read callback is called again and again.
 */
#include "bufferevents.h"

/* Ends the turn: the program looks into the matter before the next call. */
DATA_CALLBACK(note_and_break)
{
	note_read(b, arg);
	event_base_loopbreak(base);
}

static void
marks(short events, size_t low, size_t high)
{
	bufferevent_setwatermark(bev, events, low, high);
}

/* A bufferevent that reads between these marks. */
static void
begin_reading(bufferevent_data_cb callback, size_t low, size_t high)
{
	begin_bev(0);
	bufferevent_setcb(bev, callback, NULL, note_event, "");
	marks(EV_READ, low, high);
	bufferevent_enable(bev, EV_READ);
}

static void
take(size_t size)
{
	char block[4096];

	ck_assert_uint_eq(bufferevent_read(bev, block, size), size);
}

TEST(marks_can_be_asked_for)
{
	size_t low = 7, high = 7;

	begin_bev(0);
	marks(EV_READ, 1, 2);
	marks(EV_WRITE, 3, 4);
	ck_assert_int_eq(bufferevent_getwatermark(bev, EV_READ, &low, &high), 0);
	ck_assert(low == 1 && high == 2);
	ck_assert_int_eq(
	    bufferevent_getwatermark(bev, EV_WRITE, &low, &high), 0);
	ck_assert(low == 3 && high == 4);
	ck_assert_int_eq(bufferevent_getwatermark(bev, EV_WRITE, NULL, NULL), 0);
	low = high = 7;
	ck_assert_int_eq(bufferevent_getwatermark(
	    bev, EV_READ | EV_WRITE, &low, &high), -1);
	ck_assert_int_eq(bufferevent_getwatermark(bev, 0, &low, &high), -1);
	ck_assert(low == 7 && high == 7);
	ck_assert(bev->wm_read.low == 1 && bev->wm_read.high == 2);
	ck_assert(bev->wm_write.low == 3 && bev->wm_write.high == 4);
	marks(EV_READ | EV_WRITE, 5, 6);
	ck_assert(bev->wm_read.low == 5 && bev->wm_write.high == 6);
	marks(0, 8, 9);
	ck_assert(bev->wm_read.low == 5 && bev->wm_write.high == 6);
}

TEST(high_mark_stops_reading)
{
	begin_reading(note_and_break, 0, 4);
	put(pair[1], "0123456789");
	turn();
	ck_notes("r4");
	ck_assert_uint_eq(in(bev), 4);
	ck_assert_int_eq(pending(&bev->ev_read), 0);
	ck_assert_int_eq(bufferevent_get_enabled(bev), EV_READ | EV_WRITE);
	turn();
	ck_notes("r4");
	/* There is room for one byte, which comes after the pending call. */
	take(1);
	ck_assert_int_eq(pending(&bev->ev_read), EV_READ);
	turn();
	turn();
	ck_notes("r3 r4");
	ck_assert_uint_eq(in(bev), 4);
}

TEST(end_of_file_waits_behind_the_high_mark)
{
	begin_reading(note_and_break, 0, 4);
	put(pair[1], "0123");
	close(pair[1]);
	turn();
	ck_notes("r4");
	take(4);
	turn();
	ck_notes("r0");
}

TEST(low_mark_holds_the_read_callback_back)
{
	begin_reading(note_read, 4, 0);
	for (int i = 0; i < 5; i++) {
		put(pair[1], "ab");
		turn();
	}
	ck_notes("r4 r6 r8 r10");
	take(7);
	turn();
	ck_notes("");
	put(pair[1], "c");
	turn();
	ck_notes("r4");
	close(pair[1]);
	turn();
	ck_notes("eof+reading");
}

TEST(end_of_file_below_the_low_mark)
{
	begin_reading(note_read, 100, 0);
	put(pair[1], "too little");
	close(pair[1]);
	turn();
	ck_notes("eof+reading");
	ck_assert_uint_eq(in(bev), 10);
}

TEST(low_mark_above_the_high_mark)
{
	begin_reading(note_and_break, 8, 4);
	put(pair[1], "0123456789");
	turn();
	ck_notes("");
	ck_assert_uint_eq(in(bev), 4);
}

TEST(high_mark_lowered_onto_a_full_input)
{
	begin_reading(note_and_break, 0, 0);
	put(pair[1], "0123456789");
	turn();
	ck_notes("r10");
	marks(EV_READ, 0, 5);
	ck_assert_int_eq(pending(&bev->ev_read), 0);
	put(pair[1], "more");
	turn();
	ck_notes("");
	take(5);
	ck_assert_int_eq(pending(&bev->ev_read), 0);
	take(1);
	ck_assert_int_eq(pending(&bev->ev_read), EV_READ);
	turn();
	ck_notes("r5");
}

TEST(high_mark_raised)
{
	begin_reading(note_and_break, 0, 4);
	put(pair[1], "0123456789");
	turn();
	ck_notes("r4");
	marks(EV_READ, 0, 8);
	turn();
	ck_notes("r4");
	marks(EV_READ, 0, 0);
	turn();
	ck_notes("r10");
}

TEST(enabling_does_not_overrule_the_high_mark)
{
	begin_reading(note_and_break, 0, 4);
	put(pair[1], "01234567");
	turn();
	bufferevent_disable(bev, EV_READ);
	bufferevent_enable(bev, EV_READ);
	turn();
	ck_notes("r4 r4");
	ck_assert_uint_eq(in(bev), 4);
	bufferevent_disable(bev, EV_READ);
	take(4);
	turn();
	ck_notes("r0");
	bufferevent_enable(bev, EV_READ);
	turn();
	ck_notes("r4");
}

DATA_CALLBACK(take_two)
{
	note_read(b, arg);
	if (in(b) >= 2)
		take(2);
}

TEST(taken_in_the_read_callback)
{
	begin_reading(take_two, 0, 4);
	put(pair[1], "0123456789");
	turn();
	ck_notes("r4 r4 r4 r4");
	close(pair[1]);
	turn();
	ck_notes("eof+reading");
}

DATA_CALLBACK(set_marks)
{
	note_read(b, arg);
	marks(EV_READ, in(b) + 2, in(b) + 3);
}

TEST(marks_set_in_the_read_callback)
{
	begin_reading(set_marks, 0, 2);
	put(pair[1], "0123456789");
	turn();
	ck_notes("r2 r5 r8 r10");
}

TEST(large_input_goes_through_a_small_window)
{
	static char block[100000];
	size_t total = 0, sent = 0;

	begin_reading(NULL, 0, 1000);
	while (total < sizeof(block)) {
		ssize_t size = write(pair[1], block, sizeof(block) - sent);

		if (size > 0)
			sent += size;
		turn();
		ck_assert_uint_gt(in(bev), 0);
		ck_assert_uint_le(in(bev), 1000);
		total += in(bev);
		take(in(bev));
	}
	ck_assert_uint_eq(total, sizeof(block));
	ck_notes("");
}

/* What the kernel takes at once is its own affair: blocks of a known size. */
static void
write_blocks(int count, size_t single)
{
	static char block[10];

	bufferevent_set_max_single_write(bev, single);
	for (int i = 0; i < count; i++)
		bufferevent_write(bev, block, sizeof(block));
}

TEST(write_callback_comes_when_all_is_written)
{
	begin_bev(0);
	write_blocks(5, 10);
	turn();
	ck_notes("w0");
}

TEST(low_mark_of_writing_brings_it_sooner)
{
	begin_bev(0);
	marks(EV_WRITE, 25, 0);
	write_blocks(5, 10);
	turn();
	ck_notes("w20 w10 w0");
}

TEST(low_mark_of_writing_above_the_output)
{
	begin_bev(0);
	marks(EV_WRITE, 1000, 0);
	write_blocks(3, 10);
	ck_notes("");
	turn();
	ck_notes("w20 w10 w0");
}

TEST(high_mark_of_writing_does_not_hold_a_socket_back)
{
	begin_bev(0);
	marks(EV_WRITE, 0, 5);
	write_blocks(3, 10);
	ck_assert_uint_eq(out(bev), 30);
	turn();
	ck_notes("w0");
	ck_assert_uint_eq(discard(pair[1]), 30);
}

TEST(low_mark_lowered_while_writing)
{
	begin_bev(0);
	marks(EV_WRITE, 100, 0);
	write_blocks(2, 10);
	marks(EV_WRITE, 5, 0);
	turn();
	ck_notes("w0");
	/* Setting a mark calls nobody. */
	marks(EV_WRITE, 10, 0);
	turn();
	ck_notes("");
}
