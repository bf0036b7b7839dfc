/* Lock debugging: with and without callbacks, in every order, and what it catches. */
// runs: one-backend, one-locking
#include "locks.h"

static void
use_a_base(void)
{
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	ck_assert_int_eq(turn(), 1);
	event_base_free(base);
}

TEST(works_without_callbacks)
{
	evthread_enable_lock_debugging();
	ck_assert_ptr_null(evthread_get_lock_callbacks()->alloc);
	ck_assert_ptr_null(evthread_get_lock_callbacks()->lock);
	ck_assert_ptr_null(
	    evthread_get_condition_callbacks()->wait_condition);
	use_a_base();
}

TEST(has_two_names_and_may_be_enabled_twice)
{
	evthread_enable_lock_debuging();
	evthread_enable_lock_debugging();
	evthread_enable_lock_debuging();
	use_a_base();
}

static void
check_own(void)
{
	struct evthread_lock_callbacks others = own_locks;
	struct evthread_condition_callbacks other_conditions = own_conditions;

	/* What the program gave is what is found, not the wrapper. */
	ck_assert_mem_eq(
	    evthread_get_lock_callbacks(), &own_locks, sizeof(own_locks));
	ck_assert_ptr_eq(
	    evthread_get_condition_callbacks()->wait_condition, own_wait);
	others.supported_locktypes = 3;
	other_conditions.condition_api_version = 3;
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	ck_assert_int_eq(new_warnings(), 0);
	ck_assert_int_eq(evthread_set_lock_callbacks(&others), -1);
	ck_assert_int_eq(
	    evthread_set_condition_callbacks(&other_conditions), -1);
	ck_assert_int_eq(new_warnings(), 2);
	asked.kinds = 0;
	check_waiting();
	/* own_lock and own_wait insist on their own locks. */
	ck_assert_int_gt(asked.taken, 0);
	ck_assert_int_eq(asked.taken, asked.given_back);
	ck_assert_int_ge(asked.waits, 1);
	ck_assert_uint_eq(asked.kinds, 1u << EVTHREAD_LOCKTYPE_RECURSIVE);
	ck_assert_int_eq(asked.conditions_made, asked.conditions_freed);
}

TEST(enabled_before_the_callbacks)
{
	watch_log();
	evthread_enable_lock_debugging();
	evthread_set_id_callback(own_id);
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	check_own();
}

TEST(enabled_after_the_callbacks)
{
	watch_log();
	evthread_set_id_callback(own_id);
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	evthread_enable_lock_debugging();
	check_own();
}

TEST(callbacks_can_be_removed)
{
	watch_log();
	evthread_enable_lock_debugging();
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	use_a_base();
	ck_assert_int_eq(evthread_set_lock_callbacks(NULL), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(NULL), 0);
	ck_assert_int_eq(new_warnings(), 2);
	ck_assert_ptr_null(evthread_get_lock_callbacks()->alloc);
	ck_assert_ptr_null(
	    evthread_get_condition_callbacks()->alloc_condition);
}

TEST(an_incomplete_table_is_refused)
{
	struct evthread_lock_callbacks table = own_locks;

	table.unlock = NULL;
	evthread_enable_lock_debugging();
	ck_assert_int_eq(evthread_set_lock_callbacks(&table), -1);
	ck_assert_ptr_null(evthread_get_lock_callbacks()->alloc);
	use_a_base();
}

TEST(pthreads_before)
{
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	evthread_enable_lock_debugging();
	check_waiting();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
}

TEST(pthreads_after)
{
	evthread_enable_lock_debugging();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	check_waiting();
}

TEST(a_base_made_before_stays_without_locks)
{
	base = event_base_new();
	evthread_enable_lock_debugging();
	ck_assert_int_eq(turn(), 1);
	event_base_free(base);
	use_a_base();
}

TEST(outlives_a_shutdown)
{
	evthread_enable_lock_debugging();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	use_a_base();
	libevent_global_shutdown();
	use_a_base();
}

static void *
activate(void *event)
{
	int i;

	for (i = 0; i < 200; i++) {
		event_active(event, EV_WRITE, 1);
		if (i % 20 == 0)
			capi_sleep_ms(1);
	}
	return NULL;
}

TEST_TIMED(finds_nothing_in_ordinary_use_by_threads)
{
	struct timeval end = capi_ms(100);
	pthread_t threads[3];
	int i;

	watch_log();
	evthread_enable_lock_debugging();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	base = event_base_new();
	ev = event_new(base, -1, EV_PERSIST, count, &runs);
	event_base_loopexit(base, &end);
	for (i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, activate, ev);
	ck_assert_int_ge(event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY), 0);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	event_free(ev);
	event_base_free(base);
	ck_assert_int_gt(runs, 0);
	ck_assert_int_eq(errors, 0);
}

/* The lock callback says that it failed, and the library goes on without. */
TEST_EXITS(catches_a_lock_that_was_refused, 9)
{
	watch_log();
	evthread_enable_lock_debugging();
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	lock_refuses = 1;
	base = event_base_new();
	timer(1, "never");
}

static int
free_base(const struct event_base *held UNUSED,
    const struct event *event UNUSED, void *arg UNUSED)
{
	event_base_free(base);
	return 0;
}

/* event_base_foreach_event() holds the lock while it calls. */
TEST_EXITS(catches_a_base_freed_while_its_lock_is_held, 9)
{
	watch_log();
	evthread_enable_lock_debugging();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	base = event_base_new();
	timer(10000, "never");
	event_base_foreach_event(base, free_base, NULL);
}

/* The same without any callbacks: checked locks still count. */
TEST_EXITS(counts_without_callbacks, 9)
{
	watch_log();
	evthread_enable_lock_debugging();
	base = event_base_new();
	timer(10000, "never");
	event_base_foreach_event(base, free_base, NULL);
}
