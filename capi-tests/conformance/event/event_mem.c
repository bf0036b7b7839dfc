/* event_set_mem_functions: who allocates, what is given back, what fails. */
#define CAPI_OWN_LOCKS
#include "fault_memory.h"
#include <event2/event_struct.h>

static void
work(void)
{
	struct event_config *config = event_config_new();
	struct timeval tv = capi_ms(1);

	event_config_avoid_method(config, "no such");
	base = event_base_new_with_config(config);
	event_config_free(config);
	event_base_priority_init(base, 5);
	capi_pair(pair);
	ev = event_new(base, pair[0], EV_READ | EV_PERSIST, note_flags, "r");
	add_ms(ev, 100);
	other = evsignal_new(base, SIGUSR1, note_flags, "s");
	event_add(other, NULL);
	event_base_once(base, pair[1], EV_WRITE, note_flags, "w", NULL);
	event_base_once(base, pair[1], EV_READ, note_flags, "left", NULL);
	event_base_init_common_timeout(base, &tv);
	raise(SIGUSR1);
	feed(pair[1]);
	once();
	once();
	event_reinit(base);
	event_free(ev);
	event_free(other);
	event_base_free(base);
	close(pair[0]);
	close(pair[1]);
}

TEST(everything_comes_from_the_hooks_and_goes_back)
{
	hook_memory();
	work();
	ck_assert_int_gt(requests, 5);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

TEST(the_bases_and_events_come_from_the_hooks)
{
	long before;

	hook_memory();
	base = event_base_new();
	ck_assert_int_gt(blocks, 0);
	before = blocks;
	ev = event_new(base, -1, 0, note_name, "ev");
	ck_assert_int_eq(blocks, before + 1);
	event_free(ev);
	ck_assert_int_eq(blocks, before);
	event_base_free(base);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

TEST(debug_mode_gives_everything_back)
{
	hook_memory();
	event_enable_debug_mode();
	work();
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

TEST(shutdown_without_anything)
{
	hook_memory();
	libevent_global_shutdown();
	libevent_global_shutdown();
	ck_assert_int_le(blocks, 0);
}

TEST(shutdown_and_start_again)
{
	for (int i = 0; i < 3; i++) {
		work();
		libevent_global_shutdown();
	}
}

TEST(a_base_needs_memory)
{
	long needed;

	hook_memory();
	base = event_base_new();
	needed = requests;
	event_base_free(base);
	refuse(0, 1);
	ck_assert_ptr_null(event_base_new());
	ck_assert_ptr_null(event_config_new());
	refuse_nothing();
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	ck_assert_int_gt(needed, 0);
}

TEST(an_event_needs_memory)
{
	hook_memory();
	base = event_base_new();
	refuse(0, 1);
	ck_assert_ptr_null(event_new(base, -1, 0, note_name, "ev"));
	ck_assert_ptr_null(evsignal_new(base, SIGUSR1, note_name, "ev"));
	ck_assert_int_eq(event_base_once(base, -1, EV_TIMEOUT, note_name,
	    "once", NULL), -1);
	refuse_nothing();
	event_base_free(base);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

TEST(adding_without_memory_changes_nothing)
{
	struct timeval tv = {10, 0};
	struct event reader, timer_event;

	hook_memory();
	begin();
	/* Far beyond the tables that the base's own descriptors need. */
	ck_assert_int_eq(pair[0] = dup2(pair[0], 900), 900);
	event_assign(&reader, base, pair[0], EV_READ, note_name, "ev");
	event_assign(&timer_event, base, -1, 0, note_name, "timer");
	refuse(0, 1);
	ck_assert_int_eq(event_add(&reader, NULL), -1);
	ck_assert_int_eq(event_add(&timer_event, &tv), -1);
	ck_assert_int_eq(event_add(&reader, &tv), -1);
	ck_assert_int_eq(pending(&reader), 0);
	ck_assert_int_eq(pending(&timer_event), 0);
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	refuse_nothing();
	ck_assert_int_eq(event_add(&reader, &tv), 0);
	ck_assert_int_eq(event_add(&timer_event, &tv), 0);
	ck_assert_int_eq(pending(&reader), EV_READ | EV_TIMEOUT);
	feed(pair[1]);
	ck_assert_int_eq(once(), 0);
	ck_notes("ev");
}

/* The heap of deadlines gets smaller when most timers are gone; that may fail. */
TEST(many_timers_end_without_memory)
{
	enum { MANY = 20000, FEW = 200 };
	static struct event timers[MANY];
	struct timeval soon = {0, 50000}, never = {1000, 0};

	hook_memory();
	begin();
	for (int i = 0; i < MANY; i++) {
		evtimer_assign(&timers[i], base, count, &runs);
		ck_assert_int_eq(
		    evtimer_add(&timers[i], i < FEW ? &soon : &never), 0);
	}
	ck_assert_int_eq(event_base_loop(base, EVLOOP_NONBLOCK), 0);
	for (int i = FEW; i < MANY; i++)
		evtimer_del(&timers[i]);
	capi_sleep_ms(60);
	refuse(0, 1);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(runs, FEW);
	refuse_nothing();
	event_base_free(base);
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

/* A base of which only a part could be had: nothing, and nothing is left. */
TEST(every_allocation_of_a_base_may_fail)
{
	long needed;

	hook_memory();
	base = event_base_new();
	needed = requests;
	event_base_free(base);
	for (long n = 0; n < needed; n++) {
		refuse(n, 1);
		base = event_base_new();
		refuse_nothing();
		if (base)
			event_base_free(base);
	}
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

TEST(every_allocation_of_an_add_may_fail)
{
	hook_memory();
	for (long n = 0; n < 40; n++) {
		struct timeval tv = {10, 0};
		struct event reader, usr1;
		int added;

		begin();
		event_assign(&reader, base, pair[0], EV_READ, note_name, "ev");
		evsignal_assign(&usr1, base, SIGUSR1, note_name, "usr1");
		refuse(n, 1);
		added = event_add(&reader, &tv);
		ck_assert_int_eq(pending(&reader), added == 0 ?
		    EV_READ | EV_TIMEOUT : 0);
		added = event_add(&usr1, NULL);
		ck_assert_int_eq(pending(&usr1), added == 0 ? EV_SIGNAL : 0);
		refuse_nothing();
		event_base_free(base);
		close(pair[0]);
		close(pair[1]);
	}
	libevent_global_shutdown();
	ck_assert_int_eq(blocks, 0);
}

TEST(null_hooks_mean_the_c_library)
{
	event_set_mem_functions(NULL, NULL, NULL);
	work();
	libevent_global_shutdown();
}
