/* The order of timers: many, with random deadlines and with equal ones. */
#include "events.h"
#include <event2/event_struct.h>

enum { RANDOM = 800 };
static struct event random_events[RANDOM];
static int delay[RANDOM], deleted[RANDOM], last = -1, expected;

CALLBACK(check_order)
{
	int index = (int)((struct event *)arg - random_events);

	ck_assert_int_eq(deleted[index], 0);
	ck_assert_int_ge(delay[index], last);
	last = delay[index];
	runs++;
}

/* In a callback, where the time stands still. */
CALLBACK(add_random_events)
{
	srand(7);
	for (int i = 0; i < RANDOM; i++) {
		delay[i] = rand() % 15;
		event_assign(&random_events[i], base, -1, 0, check_order,
		    &random_events[i]);
		add_ms(&random_events[i], 100 + delay[i] * 20);
	}
	for (int i = 0; i < RANDOM; i += 1 + rand() % 3) {
		event_del(&random_events[i]);
		deleted[i] = rand() % 2;
		if (!deleted[i]) {
			delay[i] = rand() % 15;
			add_ms(&random_events[i], 100 + delay[i] * 20);
		}
	}
	for (int i = 0; i < RANDOM; i++)
		expected += !deleted[i];
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), expected);
}

TEST(random_deadlines_come_out_sorted)
{
	begin();
	event_base_once(base, -1, EV_TIMEOUT, add_random_events, NULL, NULL);
	event_base_dispatch(base);
	ck_assert_int_eq(runs, expected);
}

TEST(thousands_at_one_instant)
{
	enum { N = 5000 };
	static struct event events[N];

	begin();
	for (int i = 0; i < N; i++) {
		evtimer_assign(&events[i], base, count, &runs);
		ck_assert_int_eq(add_ms(&events[i], 20), 0);
	}
	capi_sleep_ms(60);
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(runs, N);
	ck_assert_int_eq(once(), 1);
}

/* The time stands still in a callback: all deadlines are equal. */
CALLBACK(add_equal_timers)
{
	int count = *(int *)arg / 10, again = *(int *)arg % 10;
	static const char *const names[] = {"0", "1", "2", "3", "4", "5"};
	struct event *timers[6];

	for (int i = 0; i < count; i++)
		timers[i] = timer(1, names[i]);
	add_ms(timers[again], 1);
	ev = timers[again];
}

TEST(added_again_for_the_same_moment)
{
	begin();
	for (int count = 2; count <= 6; count++)
		for (int again = 0; again < count; again++) {
			int both = count * 10 + again;

			event_base_once(base, -1, EV_TIMEOUT, add_equal_timers,
			    &both, NULL);
			event_base_dispatch(base);
			trace("%d of %d: %s", again, count, capi_log);
			capi_log[0] = '\0';
		}
}

CALLBACK(add_two_groups)
{
	static const char *const early[] = {"a", "b", "c"}, *const late[] = {"0", "1", "2", "3", "4", "5"};

	for (int i = 0; i < 3; i++)
		timer(1, early[i]);
	for (int i = 0; i < 6; i++)
		timer(20, late[i]);
}

/* What matters is that each group comes out whole and in its time. */
TEST(equal_deadlines_behind_others)
{
	begin();
	event_base_once(base, -1, EV_TIMEOUT, add_two_groups, NULL, NULL);
	event_base_dispatch(base);
	trace("%s", capi_log);
	ck_assert_int_eq(strlen(capi_log), 17);
	ck_assert(strpbrk(capi_log + strcspn(capi_log, "012345"), "abc") == NULL);
	capi_log[0] = '\0';
}

CALLBACK(add_equal_timers_twice)
{
	add_equal_timers(fd, what, arg);
	event_del(ev);
	add_ms(ev, 1);
	add_ms(ev, 1);
}

TEST(deleted_and_added_again_for_the_same_moment)
{
	begin();
	for (int count = 2; count <= 6; count++)
		for (int again = 0; again < count; again++) {
			int both = count * 10 + again;

			event_base_once(base, -1, EV_TIMEOUT,
			    add_equal_timers_twice, &both, NULL);
			event_base_dispatch(base);
			trace("%d of %d: %s", again, count, capi_log);
			capi_log[0] = '\0';
		}
}

static int order[300];

CALLBACK(note_order)
{
	order[runs++] = (int)(long)arg;
}

CALLBACK(add_many_equal_timers)
{
	struct timeval tv = capi_ms(1);

	for (long i = 0; i < *(int *)arg; i++)
		event_base_once(base, -1, EV_TIMEOUT, note_order, (void *)i, &tv);
}

TEST(the_order_of_many_at_one_instant)
{
	begin();
	for (int count = 60; count <= 300; count += 60) {
		runs = 0;
		event_base_once(base, -1, EV_TIMEOUT, add_many_equal_timers,
		    &count, NULL);
		event_base_dispatch(base);
		ck_assert_int_eq(runs, count);
		for (int i = 0; i < count; i++)
			trace("%d: %d", i, order[i]);
	}
}
