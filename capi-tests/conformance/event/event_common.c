/* Common timeouts: queues for many timers of one duration. */
#include "events.h"

static const struct timeval *
common_ms(long ms)
{
	struct timeval tv = capi_ms(ms);

	return event_base_init_common_timeout(base, &tv);
}

TEST(one_duration_has_one_timeval)
{
	struct timeval tv = {3, 500000}, odd = {2, 1500000};
	const struct timeval *a, *b;

	begin();
	a = event_base_init_common_timeout(base, &tv);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_eq(event_base_init_common_timeout(base, &tv), a);
	ck_assert_ptr_eq(event_base_init_common_timeout(base, a), a);
	b = common_ms(4000);
	ck_assert_ptr_ne(a, b);
	/* The marks in it are read by programs that were built long ago. */
	trace("%ld %lx", (long)a->tv_sec, (long)a->tv_usec);
	trace("%ld %lx", (long)b->tv_sec, (long)b->tv_usec);
	ck_assert_ptr_eq(event_base_init_common_timeout(base, &odd), a);
}

TEST(they_fire_in_the_order_of_adding)
{
	static char names[64][4];
	char expected[1024] = "";
	const struct timeval *tv;

	begin();
	tv = common_ms(20);
	for (int i = 0; i < 64; i++) {
		snprintf(names[i], sizeof(names[i]), "%d", i);
		event_add(evtimer_new(base, note_name, names[i]), tv);
		sprintf(expected + strlen(expected), "%s%d", i ? " " : "", i);
	}
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 64);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes(expected);
}

TEST_TIMED(they_fire_beside_other_timers)
{
	const struct timeval *tv;

	begin();
	tv = common_ms(80);
	timer(400, "c");
	event_add(evtimer_new(base, note_name, "b"), tv);
	timer(20, "a");
	event_add(event_new(base, pair[0], EV_READ, note_flags, "io"), tv);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("a b io:1 c");
}

TEST(deleted_from_anywhere_in_the_queue)
{
	static const char *names[] = {"0", "1", "2", "3", "4", "5"};
	struct event *events[6];
	const struct timeval *tv;

	begin();
	tv = common_ms(30);
	for (int i = 0; i < 6; i++) {
		events[i] = evtimer_new(base, note_name, (void *)names[i]);
		event_add(events[i], tv);
	}
	event_del(events[0]);
	event_del(events[5]);
	event_remove_timer(events[2]);
	/* To the end of the queue. */
	event_add(events[1], tv);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("3 4 1");
}

TEST(an_emptied_queue_is_used_again)
{
	const struct timeval *tv;

	begin();
	tv = common_ms(20);
	ev = evtimer_new(base, note_name, "ev");
	for (int i = 0; i < 3; i++) {
		event_add(ev, tv);
		event_del(ev);
	}
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("");
	event_add(ev, tv);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	event_add(ev, tv);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("ev ev");
}

TEST_TIMED(from_common_to_plain_and_back)
{
	const struct timeval *tv;

	begin();
	tv = common_ms(40);
	ev = evtimer_new(base, note_name, "ev");
	event_add(ev, tv);
	add_ms(ev, 500);
	timer(60, "t");
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("t ev");
	add_ms(ev, 90);
	event_add(ev, tv);
	timer(500, "t");
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_notes("ev t");
}

CALLBACK(five_times)
{
	if (++runs == 5)
		event_del(ev);
}

TEST(persistent_events_stay_in_the_queue)
{
	long long start = capi_now_ms();

	begin();
	ev = event_new(base, -1, EV_PERSIST, five_times, NULL);
	event_add(ev, common_ms(20));
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(runs, 5);
	ck_assert_int_ge(capi_now_ms() - start, 90);
}

TEST(pending_tells_a_proper_time)
{
	struct timeval tv = capi_ms(5250), before, after, due, added;

	begin();
	ev = evtimer_new(base, note_name, "ev");
	evutil_gettimeofday(&before, NULL);
	event_add(ev, common_ms(5250));
	evutil_gettimeofday(&after, NULL);
	ck_assert_int_eq(event_pending(ev, EV_TIMEOUT, &due), EV_TIMEOUT);
	ck_assert_int_ge(due.tv_usec, 0);
	ck_assert_int_lt(due.tv_usec, 1000000);
	evutil_timersub(&due, &tv, &added);
	ck_between(&before, &added, &after);
}

static int errors;

static void
count_errors(int severity, const char *message)
{
	(void)message;
	errors += severity == EVENT_LOG_WARN;
}

TEST(as_many_durations_as_fit)
{
	const struct timeval *all[256];
	int n;

	begin();
	event_set_log_callback(count_errors);
	for (n = 0; n < 300; n++) {
		const struct timeval *tv = common_ms(1000 + n);

		if (!tv)
			break;
		ck_assert_int_lt(n, 256);
		all[n] = tv;
	}
	trace("%d durations, %d warnings", n, errors);
	for (int i = 0; i < n; i++)
		ck_assert_ptr_eq(common_ms(1000 + i), all[i]);
	event_add(evtimer_new(base, note_name, "last"), all[n - 1]);
	event_add(evtimer_new(base, note_name, "first"), all[0]);
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 2);
}

TEST(freed_with_events_in_the_queue)
{
	const struct timeval *tv;

	begin();
	tv = common_ms(10);
	for (int i = 0; i < 10; i++)
		event_add(evtimer_new(base, note_name, "ev"), tv);
	event_base_free(base);
	ck_notes("");
}

TEST(deleted_by_its_neighbour)
{
	begin();
	ev = evtimer_new(base, five_times, NULL);
	runs = 4;
	other = evtimer_new(base, note_name, "other");
	/* The callback of the one deletes "ev", the second in the queue. */
	struct event *first = evtimer_new(base, five_times, NULL);
	const struct timeval *tv = common_ms(10);
	event_add(first, tv);
	event_add(ev, tv);
	event_add(other, tv);
	capi_sleep_ms(30);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(runs, 5);
	ck_notes("other");
}

TEST(a_timeval_of_another_base)
{
	struct event_base *second;
	const struct timeval *tv;

	begin();
	second = event_base_new();
	tv = common_ms(20);
	event_set_log_callback(count_errors);
	ev = evtimer_new(second, note_name, "ev");
	trace("add %d", event_add(ev, tv));
	trace("%d warnings", errors);
}

TEST(thousands_in_one_queue)
{
	const struct timeval *tv;

	begin();
	tv = common_ms(30);
	for (int i = 0; i < 5000; i++)
		event_add(evtimer_new(base, count, &runs), tv);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(runs, 5000);
}
