/* Setting up locks, conditions and thread ids: which callbacks are in force. */
// runs: one-backend, one-locking
#include "locks.h"

static int
no_locks(void)
{
	const struct evthread_lock_callbacks *t = evthread_get_lock_callbacks();

	return !t->alloc && !t->free && !t->lock && !t->unlock &&
	    !t->lock_api_version && !t->supported_locktypes;
}

static int
no_conditions(void)
{
	const struct evthread_condition_callbacks *t =
	    evthread_get_condition_callbacks();

	return !t->alloc_condition && !t->free_condition &&
	    !t->signal_condition && !t->wait_condition &&
	    !t->condition_api_version;
}

TEST(nothing_is_installed_at_first)
{
	watch_log();
	ck_assert(no_locks());
	ck_assert(no_conditions());
	ck_assert_int_eq(evthread_set_lock_callbacks(NULL), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(NULL), 0);
	ck_assert_int_eq(new_warnings(), 0);
}

TEST(an_incomplete_lock_table_is_refused)
{
	struct evthread_lock_callbacks table;
	int missing;

	watch_log();
	for (missing = 0; missing < 4; missing++) {
		table = own_locks;
		if (missing == 0)
			table.alloc = NULL;
		if (missing == 1)
			table.free = NULL;
		if (missing == 2)
			table.lock = NULL;
		if (missing == 3)
			table.unlock = NULL;
		ck_assert_int_eq(evthread_set_lock_callbacks(&table), -1);
		ck_assert(no_locks());
	}
	ck_assert_int_eq(new_warnings(), 0);
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
}

TEST(an_incomplete_condition_table_is_passed_over)
{
	struct evthread_condition_callbacks table;
	int missing;

	watch_log();
	for (missing = 0; missing < 4; missing++) {
		table = own_conditions;
		if (missing == 0)
			table.alloc_condition = NULL;
		if (missing == 1)
			table.free_condition = NULL;
		if (missing == 2)
			table.signal_condition = NULL;
		if (missing == 3)
			table.wait_condition = NULL;
		ck_assert_int_eq(evthread_set_condition_callbacks(&table), 0);
		ck_assert(no_conditions());
	}
	ck_assert_int_eq(new_warnings(), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	ck_assert(!no_conditions());
}

TEST(versions_and_kinds_are_not_looked_at)
{
	struct evthread_lock_callbacks locks = own_locks;
	struct evthread_condition_callbacks conditions = own_conditions;

	locks.lock_api_version = 7;
	locks.supported_locktypes = 0;
	conditions.condition_api_version = 9;
	ck_assert_int_eq(evthread_set_lock_callbacks(&locks), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&conditions), 0);
	ck_assert_int_eq(evthread_get_lock_callbacks()->lock_api_version, 7);
	ck_assert_int_eq(
	    evthread_get_condition_callbacks()->condition_api_version, 9);
}

TEST(other_lock_callbacks_are_refused_the_same_are_fine)
{
	struct evthread_lock_callbacks table = own_locks;

	watch_log();
	ck_assert_int_eq(evthread_set_lock_callbacks(&table), 0);
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(new_warnings(), 0);
	table.supported_locktypes = 3;
	ck_assert_int_eq(evthread_set_lock_callbacks(&table), -1);
	table = own_locks;
	table.lock_api_version = 2;
	ck_assert_int_eq(evthread_set_lock_callbacks(&table), -1);
	table = own_locks;
	table.alloc = NULL;
	ck_assert_int_eq(evthread_set_lock_callbacks(&table), -1);
	ck_assert_int_eq(new_warnings(), 3);
	ck_assert_mem_eq(
	    evthread_get_lock_callbacks(), &own_locks, sizeof(own_locks));
}

TEST(other_condition_callbacks_are_refused_the_same_are_fine)
{
	struct evthread_condition_callbacks table = own_conditions;

	watch_log();
	ck_assert_int_eq(evthread_set_condition_callbacks(&table), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	ck_assert_int_eq(new_warnings(), 0);
	table.condition_api_version = 3;
	ck_assert_int_eq(evthread_set_condition_callbacks(&table), -1);
	table = own_conditions;
	table.wait_condition = NULL;
	ck_assert_int_eq(evthread_set_condition_callbacks(&table), -1);
	ck_assert_int_eq(new_warnings(), 2);
	ck_assert_ptr_eq(
	    evthread_get_condition_callbacks()->wait_condition, own_wait);
}

TEST(removing_callbacks_warns)
{
	watch_log();
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(evthread_set_lock_callbacks(NULL), 0);
	ck_assert_int_eq(new_warnings(), 1);
	ck_assert(no_locks());
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(NULL), 0);
	ck_assert_int_eq(new_warnings(), 1);
	ck_assert(no_conditions());
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	ck_assert_int_eq(new_warnings(), 0);
}

TEST(pthreads_install_everything_and_may_be_asked_again)
{
	struct evthread_lock_callbacks first;

	watch_log();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	first = *evthread_get_lock_callbacks();
	ck_assert_int_eq(first.lock_api_version, EVTHREAD_LOCK_API_VERSION);
	ck_assert_uint_eq(
	    first.supported_locktypes, EVTHREAD_LOCKTYPE_RECURSIVE);
	ck_assert(!no_conditions());
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	ck_assert_int_eq(new_warnings(), 0);
	ck_assert_mem_eq(
	    evthread_get_lock_callbacks(), &first, sizeof(first));
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), -1);
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), -1);
	ck_assert_int_eq(new_warnings(), 2);
	check_waiting();
}

TEST(the_pthread_callbacks_can_be_called)
{
	const struct evthread_lock_callbacks *t;
	void *lock;

	ck_assert_int_eq(evthread_use_pthreads(), 0);
	t = evthread_get_lock_callbacks();
	lock = t->alloc(EVTHREAD_LOCKTYPE_RECURSIVE);
	ck_assert_ptr_nonnull(lock);
	ck_assert_int_eq(t->lock(0, lock), 0);
	ck_assert_int_eq(t->lock(EVTHREAD_TRY, lock), 0);
	ck_assert_int_eq(t->unlock(0, lock), 0);
	ck_assert_int_eq(t->unlock(0, lock), 0);
	t->free(lock, EVTHREAD_LOCKTYPE_RECURSIVE);
}

TEST(own_locks_stay_and_pthread_conditions_wait_with_them)
{
	watch_log();
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	ck_assert_int_eq(new_warnings(), 1);
	ck_assert_mem_eq(
	    evthread_get_lock_callbacks(), &own_locks, sizeof(own_locks));
	ck_assert(!no_conditions());
	check_waiting();
	ck_assert_int_gt(asked.taken, 0);
}

TEST(own_conditions_stay_and_wait_with_pthread_locks)
{
	watch_log();
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	ck_assert_int_eq(new_warnings(), 1);
	ck_assert(!no_locks());
	check_waiting();
	ck_assert_int_ge(asked.waits, 1);
	ck_assert_int_ge(asked.signals, 1);
	ck_assert_int_eq(asked.conditions_made, asked.conditions_freed);
}

TEST(a_base_uses_and_gives_back_what_it_was_given)
{
	int made, freed;

	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	evthread_set_id_callback(own_id);
	made = asked.made;
	freed = asked.freed;
	check_waiting();
	ck_assert_int_eq(asked.made - made, 1);
	ck_assert_int_eq(asked.freed - freed, 1);
	ck_assert_int_gt(asked.taken, 0);
	/* While it waits, the condition has given one lock back and taken it. */
	ck_assert_int_eq(asked.taken, asked.given_back);
	ck_assert_int_eq(asked.held, 0);
	ck_assert_int_eq(asked.conditions_made, 1);
	ck_assert_int_eq(asked.conditions_freed, 1);
	ck_assert_int_ge(asked.waits, 1);
	ck_assert_uint_eq(asked.modes & EVTHREAD_TRY, 0);
	trace("modes %u", asked.modes);
}

TEST(own_locks_work_without_conditions_and_ids)
{
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	evthread_set_id_callback(NULL);
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	ck_assert_int_eq(turn(), 1);
	event_base_free(base);
	ck_assert_int_gt(asked.taken, 0);
	ck_assert_int_eq(asked.taken, asked.given_back);
}

TEST(a_base_made_before_stays_without_locks)
{
	int made, taken;

	base = event_base_new();
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	made = asked.made;
	taken = asked.taken;
	ck_assert_int_eq(turn(), 1);
	ck_assert_int_eq(
	    event_base_once(base, -1, EV_TIMEOUT, count, &runs, NULL), 0);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	ck_assert_int_eq(runs, 1);
	ck_assert_int_eq(asked.taken, taken);
	ck_assert_int_eq(asked.made, made);
	event_base_free(base);
}

TEST(a_base_without_locks_can_be_asked_for)
{
	struct event_config *config = event_config_new();
	int made, taken;

	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(
	    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK), 0);
	made = asked.made;
	taken = asked.taken;
	base = event_base_new_with_config(config);
	ck_assert_ptr_nonnull(base);
	ck_assert_int_eq(turn(), 1);
	ck_assert_int_eq(asked.made, made);
	ck_assert_int_eq(asked.taken, taken);
	event_base_free(base);
	event_config_free(config);
}

TEST(a_base_works_although_no_lock_can_be_made)
{
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	alloc_fails = condition_fails = 1;
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	ck_assert_int_eq(turn(), 1);
	event_base_free(base);
	ck_assert_int_eq(asked.conditions_made, 0);
}

TEST(a_lock_callback_that_fails_is_not_noticed)
{
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	lock_refuses = 1;
	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	ck_assert_int_eq(turn(), 1);
	event_base_free(base);
}

TEST(the_table_is_copied)
{
	struct evthread_lock_callbacks table = own_locks;

	ck_assert_int_eq(evthread_set_lock_callbacks(&table), 0);
	memset(&table, 0, sizeof(table));
	base = event_base_new();
	ck_assert_int_eq(turn(), 1);
	event_base_free(base);
	ck_assert_int_gt(asked.taken, 0);
}

TEST(shutdown_keeps_the_callbacks_and_allows_others)
{
	struct evthread_lock_callbacks others = own_locks;

	others.lock_api_version = 5;
	watch_log();
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	base = event_base_new();
	event_base_free(base);
	libevent_global_shutdown();
	ck_assert_int_eq(asked.made, asked.freed);
	ck_assert(!no_locks());
	ck_assert_int_eq(evthread_set_lock_callbacks(&others), -1);
	ck_assert_int_eq(evthread_set_lock_callbacks(NULL), 0);
	ck_assert_int_eq(new_warnings(), 2);
	ck_assert_int_eq(evthread_set_lock_callbacks(&others), 0);
	base = event_base_new();
	ck_assert_int_eq(turn(), 1);
	event_base_free(base);
}

TEST(a_base_can_be_made_notifiable_at_any_time)
{
	ck_assert_int_eq(evthread_make_base_notifiable(NULL), -1);
	base = event_base_new();
	ck_assert_int_eq(evthread_make_base_notifiable(base), 0);
	ck_assert_int_eq(evthread_make_base_notifiable(base), 0);
	ck_assert_int_eq(turn(), 1);
	event_base_free(base);
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	base = event_base_new();
	ck_assert_int_eq(evthread_make_base_notifiable(base), 0);
	ck_assert_int_eq(turn(), 1);
	event_base_free(base);
}
