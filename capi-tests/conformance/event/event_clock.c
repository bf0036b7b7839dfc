/* The time that a base remembers, and clocks that are precise. */
#include "events.h"

static void
expect_now(struct event_base *of)
{
	struct timeval before, cached, after;

	evutil_gettimeofday(&before, NULL);
	ck_assert_int_eq(event_base_gettimeofday_cached(of, &cached), 0);
	evutil_gettimeofday(&after, NULL);
	ck_between(&before, &cached, &after);
}

TEST(outside_of_the_loop_the_time_is_now)
{
	begin();
	expect_now(base);
	capi_sleep_ms(60);
	expect_now(base);
	/* Any base, when none is named. */
	expect_now(NULL);
	ck_assert_int_eq(event_base_update_cache_time(base), 0);
	capi_sleep_ms(60);
	expect_now(base);
}

CALLBACK(look_at_the_time)
{
	struct timeval first, second, third;

	event_base_gettimeofday_cached(base, &first);
	capi_sleep_ms(60);
	event_base_gettimeofday_cached(base, &second);
	note("stands still: %d", evutil_timercmp(&first, &second, ==));
	trace("update %d", event_base_update_cache_time(base));
	event_base_gettimeofday_cached(base, &third);
	note("updated: %d", since_ms(&first, &third) >= 50);
}

TEST(within_the_loop_the_time_stands_still)
{
	begin();
	event_active(event_new(base, -1, 0, look_at_the_time, NULL), EV_READ, 1);
	event_base_dispatch(base);
	ck_notes("stands still: 1 updated: 1");
}

CALLBACK(keep_the_time)
{
	event_base_gettimeofday_cached(base, arg);
	capi_sleep_ms(40);
}

TEST(callbacks_of_one_turn_share_the_time)
{
	struct timeval first, second;

	begin();
	event_active(event_new(base, -1, 0, keep_the_time, &first), EV_READ, 1);
	event_active(
	    event_new(base, -1, 0, keep_the_time, &second), EV_READ, 1);
	event_base_dispatch(base);
	ck_assert(evutil_timercmp(&first, &second, ==));
}

TEST(without_cache_the_time_goes_on)
{
	struct event_config *config = event_config_new();

	event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
	base = event_base_new_with_config(config);
	event_active(event_new(base, -1, 0, look_at_the_time, NULL), EV_READ, 1);
	event_base_dispatch(base);
	ck_notes("stands still: 0 updated: 1");
}

static struct timeval due_after;

/* How long after the start of the turn is a timer of 40 ms due? */
CALLBACK(sleep_then_add)
{
	struct timeval start, due;

	event_base_gettimeofday_cached(base, &start);
	capi_sleep_ms(60);
	add_ms(other, 40);
	ck_assert_int_eq(event_pending(other, EV_TIMEOUT, &due), EV_TIMEOUT);
	evutil_timersub(&due, &start, &due_after);
}

TEST(timeouts_of_callbacks_count_from_the_cached_time)
{
	begin();
	ev = evtimer_new(base, sleep_then_add, NULL);
	other = evtimer_new(base, note_name, "other");
	add_ms(ev, 0);
	event_base_dispatch(base);
	ck_notes("other");
	ck_assert_int_eq(due_after.tv_sec, 0);
	ck_assert_int_eq(due_after.tv_usec, 40000);
}

TEST(timeouts_of_callbacks_count_from_now_without_cache)
{
	struct event_config *config = event_config_new();

	event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
	base = event_base_new_with_config(config);
	ev = evtimer_new(base, sleep_then_add, NULL);
	other = evtimer_new(base, note_name, "other");
	add_ms(ev, 0);
	event_base_dispatch(base);
	ck_notes("other");
	ck_assert_int_ge(since_ms(&(struct timeval){0, 0}, &due_after), 90);
}

TEST_TIMED(precise_timers_are_precise)
{
	struct event_config *config = event_config_new();
	struct timespec before, after;
	struct timeval tv = {0, 2500};
	long best = LONG_MAX, took;

	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	base = event_base_new_with_config(config);
	ck_assert_ptr_nonnull(base);
	ev = evtimer_new(base, note_name, "ev");
	for (int i = 0; i < 20; i++) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		evtimer_add(ev, &tv);
		ck_assert_int_eq(event_base_dispatch(base), 1);
		clock_gettime(CLOCK_MONOTONIC, &after);
		took = (after.tv_sec - before.tv_sec) * 1000000 +
		    (after.tv_nsec - before.tv_nsec) / 1000;
		ck_assert_int_ge(took, 2500);
		best = took < best ? took : best;
	}
	/* The other backends wait in whole milliseconds. */
	if (capi_is_backend(base, "epoll"))
		ck_assert_int_lt(best, 2900);
}
