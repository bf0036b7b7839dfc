/* Running out of memory in the middle of whole scenarios; the reference loses events. */
#define CAPI_OWN_LOCKS
#include "fault_memory.h"
#include <event2/event_struct.h>
#include <event2/watch.h>

static const struct timeval *
common_ms(long ms)
{
	struct timeval tv = capi_ms(ms);
	const struct timeval *common = event_base_init_common_timeout(base, &tv);

	ck_assert_ptr_nonnull(common);
	return common;
}

/* Adds ordinary timers while there is room for them. */
static int
fill_heap(struct event *events, int most)
{
	struct timeval later = {100, 0};

	for (int i = 0; i < most; i++) {
		event_assign(&events[i], base, -1, 0, note_name, "late");
		if (event_add(&events[i], &later) != 0)
			return i;
	}
	ck_abort_msg("there is no end of the room");
}

TEST(from_a_common_timeout_to_one_of_its_own)
{
	static struct event fill[200];
	struct timeval plain = {50, 0};
	int count;

	hook_memory();
	base = event_base_new();
	ev = event_new(base, -1, 0, note_name, "ev");
	ck_assert_int_eq(event_add(ev, common_ms(20)), 0);
	refuse(0, 1);
	count = fill_heap(fill, 200);
	/* It goes on as before. */
	ck_assert_int_eq(event_add(ev, &plain), -1);
	ck_assert_int_eq(pending(ev), EV_TIMEOUT);
	ck_assert_int_eq(once(), 0);
	ck_notes("ev");
	while (count > 0)
		event_del(&fill[--count]);
	refuse_nothing();
	event_free(ev);
	event_base_free(base);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

static struct event greedy_fill[200];

/* Takes every place in the heap that can be had. */
CALLBACK(greedy)
{
	refuse(0, 1);
	fill_heap(greedy_fill, 200);
	note("greedy");
}

TEST(common_timeouts_keep_their_place)
{
	struct event *first, *second, *eater;

	hook_memory();
	base = event_base_new();
	eater = event_new(base, -1, 0, greedy, NULL);
	event_priority_set(eater, 0);
	ck_assert_int_eq(add_ms(eater, 5), 0);
	first = event_new(base, -1, 0, note_name, "first");
	event_add(first, common_ms(10));
	capi_sleep_ms(3);
	second = event_new(base, -1, 0, note_name, "second");
	event_base_update_cache_time(base);
	event_add(second, common_ms(10));
	/* The eater and the wake-up for the first come in one turn. */
	capi_sleep_ms(8);
	for (int i = 0; i < 4 && pending(second); i++)
		once();
	ck_assert_int_eq(pending(first), 0);
	ck_assert_int_eq(pending(second), 0);
	ck_notes("greedy first second");
}

TEST(persistent_timers_keep_their_place)
{
	struct event *eater;

	hook_memory();
	base = event_base_new();
	eater = event_new(base, -1, 0, greedy, NULL);
	ev = event_new(base, -1, EV_PERSIST, note_name, "ev");
	add_ms(eater, 4);
	add_ms(ev, 5);
	capi_sleep_ms(10);
	/* Both are due; the eater is first. */
	ck_assert_int_eq(once(), 0);
	ck_notes("greedy ev");
	ck_assert_int_eq(pending(ev), EV_TIMEOUT);
	ck_assert_int_eq(once(), 0);
	ck_notes("ev");
}

static void
on_prepare(struct evwatch *watch UNUSED,
    const struct evwatch_prepare_cb_info *info UNUSED, void *arg)
{
	++*(int *)arg;
}

static int use_signalfd;

/* One of everything; whatever can't be had is done without. */
static void
scenario(void)
{
	struct event_config *config = event_config_new();
	struct timeval tv = capi_ms(1);
	const struct timeval *common;
	struct event *events[5] = {NULL};
	int watched = 0, usr1 = 0;

	if (!config)
		return;
	if (use_signalfd)
		event_config_set_flag(config, EVENT_BASE_FLAG_USE_SIGNALFD);
	event_config_avoid_method(config, "kqueue");
	base = event_base_new_with_config(config);
	event_config_free(config);
	if (!base)
		return;
	event_base_priority_init(base, 3);
	capi_pair(pair);
	evwatch_prepare_new(base, on_prepare, &watched);
	common = event_base_init_common_timeout(base, &tv);
	events[0] = event_new(base, pair[0], EV_READ | EV_PERSIST, count, &runs);
	events[1] = evsignal_new(base, SIGUSR1, count, &usr1);
	events[2] = event_new(base, -1, EV_PERSIST, count, &runs);
	events[3] = event_new(base, pair[1], EV_WRITE, count, &runs);
	events[4] = event_new(base, -1, 0, count, &runs);
	if (events[0])
		event_add(events[0], common);
	if (events[1] && event_add(events[1], NULL) == 0)
		raise(SIGUSR1);
	if (events[2])
		event_add(events[2], &tv);
	if (events[3])
		event_add(events[3], NULL);
	if (events[4])
		event_active(events[4], EV_READ, 1);
	event_base_once(base, pair[1], EV_WRITE, count, &runs, &tv);
	event_base_once(base, -1, EV_TIMEOUT, count, &runs, NULL);
	feed(pair[1]);
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	event_reinit(base);
	event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	if (refuse_from < 0)
		ck_assert_int_eq(usr1, 1);
	for (int i = 0; i < 5; i++)
		if (events[i])
			event_free(events[i]);
	event_base_free(base);
	close(pair[0]);
	close(pair[1]);
}

static void
sweep(void)
{
	int descriptors = open_descriptors();
	long before, runs_done = 1;

	scenario();
	before = blocks;
	for (int onwards = 0; onwards < 2; onwards++)
		for (long n = 0;; n++) {
			ck_assert_int_lt(n, 500);
			refuse(n, onwards);
			scenario();
			refuse_nothing();
			runs_done++;
			ck_assert_int_eq(blocks, before);
			ck_assert_int_eq(open_descriptors(), descriptors);
			if (!refused)
				break;
		}
	libevent_global_shutdown();
	trace("%ld runs", runs_done);
}

TEST(every_allocation_of_a_scenario)
{
	hook_memory();
	sweep();
	ck_assert_int_eq(blocks, 0);
}

TEST(every_allocation_with_signalfd)
{
	/* Where the loop had no memory to look, the signal comes when it is unblocked. */
	signal(SIGUSR1, SIG_IGN);
	use_signalfd = 1;
	hook_memory();
	sweep();
	ck_assert_int_eq(blocks, 0);
}
