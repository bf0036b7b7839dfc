/* Timers: order, precision, persistence, odd values, timers of I/O events. */
#include "events.h"
#include <event2/event_struct.h>

TEST_TIMED(fire_in_the_order_of_their_deadlines)
{
	begin();
	timer(90, "a");
	timer(30, "b");
	timer(60, "c");
	timer(0, "d");
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("d b c a");
}

TEST_TIMED(wait_for_their_time)
{
	long long start = capi_now_ms(), took;

	begin();
	timer(70, "a");
	ck_assert_int_eq(event_base_dispatch(base), 1);
	took = capi_now_ms() - start;
	/* The coarse clock may be a tick behind. */
	ck_assert_int_ge(took, 60);
	ck_assert_int_lt(took, 2000 * capi_slowness);
}

CALLBACK(note_pending)
{
	note("%x:%d", (unsigned)what, pending(arg));
	event_del(arg);
}

TEST(one_shot_is_not_pending_in_its_callback_persistent_is)
{
	struct event once, persistent;

	begin();
	event_assign(&once, base, -1, 0, note_pending, &once);
	event_assign(&persistent, base, -1, EV_PERSIST, note_pending,
	    &persistent);
	ck_assert_int_eq(add_ms(&once, 5), 0);
	ck_assert_int_eq(pending(&once), EV_TIMEOUT);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("1:0");
	ck_assert_int_eq(add_ms(&persistent, 5), 0);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("1:1");
}

static struct timeval deadline;
/* So often in a row. */
static int on_time;

/* Takes more than half of the period of 50 ms. The next deadline is one period
 * after the last, unless the machine was so slow that it has passed already. */
CALLBACK(slow)
{
	static const struct timeval slack = {0, 100};
	struct timeval next, least = capi_ms(50), most;

	ck_assert_int_eq(event_pending(ev, EV_TIMEOUT, &next), EV_TIMEOUT);
	evutil_timeradd(&deadline, &least, &least);
	evutil_timeradd(&least, &slack, &most);
	evutil_timersub(&least, &slack, &least);
	deadline = next;
	if (evutil_timercmp(&least, &next, <) &&
	    evutil_timercmp(&next, &most, <))
		on_time++;
	else
		on_time = 0;
	if (on_time == 5 || ++runs == 20)
		event_del(ev);
	else
		capi_sleep_ms(30);
}

TEST_TIMED(persistent_does_not_drift)
{
	long long start;

	begin();
	ev = event_new(base, -1, EV_PERSIST, slow, NULL);
	start = capi_now_ms();
	add_ms(ev, 50);
	event_pending(ev, EV_TIMEOUT, &deadline);
	event_base_dispatch(base);
	ck_assert_int_eq(on_time, 5);
	ck_assert_int_ge(capi_now_ms() - start, 5 * 50 - 15);
}

static long long times[4];

CALLBACK(stall)
{
	times[runs++] = capi_now_ms();
	if (runs == 1)
		capi_sleep_ms(150);
	if (runs == 4)
		event_del(ev);
}

TEST_TIMED(persistent_does_not_catch_up)
{
	begin();
	ev = event_new(base, -1, EV_PERSIST, stall, NULL);
	add_ms(ev, 20);
	event_base_dispatch(base);
	/* Once at once because it is late, then at its interval again. */
	ck_assert_int_ge(times[3] - times[1], 30);
}

TEST(persistent_without_timeout_is_not_rescheduled)
{
	begin();
	ev = event_new(base, -1, EV_PERSIST, note_flags, "p");
	ck_assert_int_eq(event_add(ev, NULL), 0);
	trace("pending %x", pending(ev));
	event_active(ev, EV_TIMEOUT, 1);
	trace("loop %d", turn());
	trace("loop %d", turn());
	trace("pending %x", pending(ev));
	ck_notes("p:1");
}

TEST(adding_a_timer_without_a_time)
{
	begin();
	ev = evtimer_new(base, note_flags, "t");
	trace("add %d", evtimer_add(ev, NULL));
	trace("pending %x", pending(ev));
	trace("added %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
	trace("dispatch %d", event_base_dispatch(base));
	/* A timer that runs keeps its deadline. */
	trace("add %d", add_ms(ev, 10));
	trace("add %d", evtimer_add(ev, NULL));
	trace("pending %x", pending(ev));
	trace("added %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
	trace("dispatch %d", event_base_dispatch(base));
	ck_notes("t:1");
	trace("del %d", evtimer_del(ev));
	trace("del %d", evtimer_del(ev));
}

TEST_TIMED(adding_again_moves_the_deadline)
{
	begin();
	ev = timer(20, "a");
	other = timer(60, "b");
	ck_assert_int_eq(add_ms(ev, 100), 0);
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 2);
	event_base_dispatch(base);
	ck_notes("b a");
	add_ms(ev, 100);
	add_ms(other, 100);
	add_ms(other, 1);
	event_base_dispatch(base);
	ck_notes("b a");
}

CALLBACK(postpone_other)
{
	note("first");
	ck_assert_int_eq(pending(other), EV_TIMEOUT);
	add_ms(other, 50);
}

TEST(adding_an_expired_timer_again_takes_it_off_the_queue)
{
	long long start = capi_now_ms();

	begin();
	ev = evtimer_new(base, postpone_other, NULL);
	other = evtimer_new(base, note_flags, "second");
	add_ms(ev, 0);
	add_ms(other, 0);
	event_base_dispatch(base);
	ck_notes("first second:1");
	ck_assert_int_ge(capi_now_ms() - start, 40);
}

CALLBACK(delete_other)
{
	note("ran");
	ck_assert_int_eq(event_del(arg == &ev ? ev : other), 0);
}

TEST(deleted_by_another_callback_of_the_same_turn)
{
	begin();
	ev = evtimer_new(base, delete_other, &other);
	other = evtimer_new(base, delete_other, &ev);
	add_ms(ev, 0);
	add_ms(other, 0);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("ran");
}

CALLBACK(add_again)
{
	if (++runs < 5)
		add_ms(ev, 0);
}

TEST(zero_timeout_of_a_callback_waits_for_the_next_turn)
{
	begin();
	ev = evtimer_new(base, add_again, NULL);
	add_ms(ev, 0);
	for (int turns = 1; turns <= 5; turns++) {
		ck_assert_int_eq(once(), 0);
		ck_assert_int_eq(runs, turns);
	}
	ck_assert_int_eq(once(), 1);
}

/* One call: in 2.1 the expired timeout takes the event off the queue that
 * readiness had put it on, and it says EV_TIMEOUT only. */
TEST(readiness_and_timeout_in_one_turn)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ, note_flags, "ev");
	add_ms(ev, 0);
	ck_assert_int_eq(once(), 0);
	trace("once: %s", capi_log);
	ck_assert_int_eq(once(), 1);
	trace("once: %s", capi_log);
	capi_log[0] = 0;
	event_free(ev);
	ev = event_new(base, pair[0], EV_READ | EV_WRITE | EV_PERSIST,
	    note_flags, "ev");
	add_ms(ev, 0);
	ck_assert_int_eq(once(), 0);
	trace("persistent: %s, pending %x", capi_log, pending(ev));
}

TEST(readiness_and_expiry_of_a_persistent_event)
{
	begin();
	feed(pair[1]);
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags, "r");
	add_ms(ev, 10);
	other = event_new(base, pair[0], EV_WRITE, note_flags, "w");
	event_add(other, NULL);
	capi_sleep_ms(30);
	ck_assert_int_eq(once(), 0);
	/* To the end of the queue it goes, too. */
	trace("%s, pending %x", capi_log, pending(ev));
}

TEST(read_event_that_times_out)
{
	begin();
	ev = event_new(base, pair[0], EV_READ, note_flags, "once");
	add_ms(ev, 10);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("once:1");
	ck_assert_int_eq(pending(ev), 0);
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags, "p");
	add_ms(ev, 10);
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(once(), 0);
	ck_notes("p:1 p:1");
	ck_assert_int_eq(pending(ev), EV_READ | EV_TIMEOUT);
}

CALLBACK(consume_or_delete)
{
	if (what & EV_READ)
		consume(fd, what, "ev");
	else
		event_del(ev);
}

CALLBACK(feed_three_times)
{
	feed(pair[1]);
	if (++runs == 3)
		event_del(other);
}

TEST_TIMED(activity_restarts_the_timeout_of_a_persistent_event)
{
	long long start;

	begin();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, consume_or_delete,
	    NULL);
	other = event_new(base, -1, EV_PERSIST, feed_three_times, NULL);
	add_ms(ev, 200);
	add_ms(other, 60);
	start = capi_now_ms();
	event_base_dispatch(base);
	ck_notes("ev:2 ev:2 ev:2");
	ck_assert_int_ge(capi_now_ms() - start, 3 * 60 + 200 - 15);
}

TEST(remove_timer_leaves_the_descriptor_pending)
{
	struct event *plain, zeroed;

	begin();
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, consume, "io");
	plain = evtimer_new(base, note_flags, "plain");
	trace("not pending: %d", event_remove_timer(ev));
	add_ms(ev, 10);
	add_ms(plain, 10);
	trace("pending: %d %d", event_remove_timer(ev),
	    event_remove_timer(plain));
	trace("left %x %x", pending(ev), pending(plain));
	trace("events %d",
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
	capi_sleep_ms(20);
	trace("loop %d", turn());
	/* The interval of the persistent event is forgotten, too. */
	feed(pair[1]);
	trace("loop %d", turn());
	trace("left %x", pending(ev));
	ck_notes("io:2");
	event_del(ev);
	trace("loop %d", turn());
	memset(&zeroed, 0, sizeof(zeroed));
	trace("without base: %d", event_remove_timer(&zeroed));
}

TEST(pending_tells_the_deadline_in_wall_clock_time)
{
	struct timeval tv = {100, 250000}, before, after, due, added;

	begin();
	ev = evtimer_new(base, note_flags, "ev");
	evutil_gettimeofday(&before, NULL);
	evtimer_add(ev, &tv);
	evutil_gettimeofday(&after, NULL);
	memset(&due, 0, sizeof(due));
	ck_assert_int_eq(evtimer_pending(ev, &due), EV_TIMEOUT);
	evutil_timersub(&due, &tv, &added);
	ck_between(&before, &added, &after);
	/* Only when asked about the timeout, and when there is one. */
	due.tv_sec = 12345;
	ck_assert_int_eq(event_pending(ev, EV_READ | EV_SIGNAL, &due), 0);
	ck_assert_int_eq(due.tv_sec, 12345);
	evtimer_del(ev);
	ck_assert_int_eq(evtimer_pending(ev, &due), 0);
	ck_assert_int_eq(due.tv_sec, 12345);
}

static void
try_value(const char *label, long long sec, long usec)
{
	struct timeval tv = {sec, usec};
	int added, before;

	ev = evtimer_new(base, note_flags, "ran");
	added = evtimer_add(ev, &tv);
	before = pending(ev);
	capi_log[0] = '\0';
	turn();
	trace("%s: add %d, pending %d then %d, %s", label, added, before,
	    pending(ev), capi_log);
	event_free(ev);
}

TEST(odd_values)
{
	begin();
	try_value("negative second", -1, 0);
	try_value("long ago", -1000000, 0);
	try_value("negative microseconds", 0, -5);
	try_value("2 s in microseconds", 0, 2000000);
	try_value("-2 s in microseconds", 0, -2000000);
	try_value("a day", 86400, 0);
	try_value("2^31 s", 1LL << 31, 0);
	try_value("2^32 s", 1LL << 32, 0);
	try_value("2^40 s", 1LL << 40, 999999);
}

TEST(seconds_and_microseconds_that_cancel_out)
{
	begin();
	try_value("negative sum", 1, -1500000);
}

TEST(a_huge_timeout_does_not_overflow_the_wait)
{
	struct timeval huge = {1LL << 40, 0}, out = capi_ms(50);
	long long start;

	begin();
	ev = evtimer_new(base, note_flags, "huge");
	evtimer_add(ev, &huge);
	timer(30, "short");
	ck_assert_int_eq(once(), 0);
	ck_notes("short");
	ck_assert_int_eq(pending(ev), EV_TIMEOUT);
	/* Alone it must wait, not spin or fail. */
	start = capi_now_ms();
	event_base_loopexit(base, &out);
	ck_assert_int_eq(event_base_dispatch(base), 0);
	ck_assert_int_ge(capi_now_ms() - start, 40);
	ck_notes("");
}

TEST_TIMED(fifty_persistent_timers_share_the_loop)
{
	enum { N = 50 };
	static struct event events[N];
	struct timeval stop = capi_ms(205);
	int each[N] = {0};

	begin();
	for (int i = 0; i < N; i++) {
		event_assign(&events[i], base, -1, EV_PERSIST, count, &each[i]);
		add_ms(&events[i], 10);
	}
	event_base_loopexit(base, &stop);
	ck_assert_int_eq(event_base_dispatch(base), 0);
	for (int i = 0; i < N; i++) {
		ck_assert_int_ge(each[i], 3);
		ck_assert_int_le(each[i], 22);
	}
}

/* No time at all is what a persistent event without timeout has. */
TEST(persistent_with_a_zero_timeout_runs_once)
{
	begin();
	ev = event_new(base, -1, EV_PERSIST, note_flags, "timer");
	add_ms(ev, 0);
	other = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags,
	    "io");
	add_ms(other, 0);
	trace("loop %d", once());
	trace("pending %x %x", pending(ev), pending(other));
	ck_notes("timer:1 io:1");
	trace("loop %d", once());
	/* The descriptor is gone with the timeout. */
	feed(pair[1]);
	trace("loop %d", once());
	ck_notes("");
}
