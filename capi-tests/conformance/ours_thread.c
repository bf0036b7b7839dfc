/* What libevent 2.1 lacks or does not survive: inheriting locks, late debugging. */
// runs: one-backend, one-locking
#include "locks.h"

TEST(pthreads_with_flags_0_are_plain_pthreads)
{
	struct evthread_lock_callbacks plain;

	watch_log();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	plain = *evthread_get_lock_callbacks();
	ck_assert_int_eq(evthread_use_pthreads_with_flags(0), 0);
	ck_assert_int_eq(new_warnings(), 0);
	ck_assert_mem_eq(
	    evthread_get_lock_callbacks(), &plain, sizeof(plain));
}

TEST(unknown_flags_are_refused_and_install_nothing)
{
	watch_log();
	ck_assert_int_eq(evthread_use_pthreads_with_flags(2), -1);
	ck_assert_int_eq(evthread_use_pthreads_with_flags(-1), -1);
	ck_assert_int_eq(new_warnings(), 0);
	ck_assert_ptr_null(evthread_get_lock_callbacks()->alloc);
	ck_assert_ptr_null(
	    evthread_get_condition_callbacks()->alloc_condition);
}

TEST(inheriting_locks_are_mutexes_that_know_their_owner)
{
	const struct evthread_lock_callbacks *t;
	pthread_mutex_t *mutex;

	ck_assert_int_eq(evthread_use_pthreads_with_flags(
	    EVTHREAD_PTHREAD_PRIO_INHERIT), 0);
	t = evthread_get_lock_callbacks();
	mutex = t->alloc(EVTHREAD_LOCKTYPE_RECURSIVE);
	ck_assert_ptr_nonnull(mutex);
	ck_assert_int_eq(t->lock(0, mutex), 0);
	/* The kernel finds the owner of such a futex in its value. */
	ck_assert_int_eq(*(int *)mutex & 0x3fffffff, gettid());
	ck_assert_int_eq(pthread_mutex_trylock(mutex), 0);
	ck_assert_int_eq(pthread_mutex_unlock(mutex), 0);
	ck_assert_int_eq(t->unlock(0, mutex), 0);
	t->free(mutex, EVTHREAD_LOCKTYPE_RECURSIVE);
}

TEST(bases_wait_with_inheriting_locks)
{
	ck_assert_int_eq(evthread_use_pthreads_with_flags(
	    EVTHREAD_PTHREAD_PRIO_INHERIT), 0);
	check_waiting();
}

TEST(inheriting_locks_can_be_debugged)
{
	watch_log();
	evthread_enable_lock_debugging();
	ck_assert_int_eq(evthread_use_pthreads_with_flags(
	    EVTHREAD_PTHREAD_PRIO_INHERIT), 0);
	check_waiting();
}

TEST(a_library_that_asks_for_plain_locks_later_takes_nothing_away)
{
	struct evthread_lock_callbacks inheriting;

	watch_log();
	ck_assert_int_eq(evthread_use_pthreads_with_flags(
	    EVTHREAD_PTHREAD_PRIO_INHERIT), 0);
	inheriting = *evthread_get_lock_callbacks();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	ck_assert_int_eq(evthread_use_pthreads_with_flags(
	    EVTHREAD_PTHREAD_PRIO_INHERIT), 0);
	ck_assert_int_eq(new_warnings(), 0);
	ck_assert_mem_eq(evthread_get_lock_callbacks(), &inheriting,
	    sizeof(inheriting));
}

TEST(inheritance_is_refused_when_other_locks_are_in_force)
{
	watch_log();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	ck_assert_int_eq(evthread_use_pthreads_with_flags(
	    EVTHREAD_PTHREAD_PRIO_INHERIT), -1);
	ck_assert_int_eq(new_warnings(), 1);
	check_waiting();
}

/* The reference crashes. */
TEST(removing_callbacks_leaves_a_base_without_locking)
{
	watch_log();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	base = event_base_new();
	ck_assert_int_eq(evthread_set_lock_callbacks(NULL), 0);
	ck_assert_int_eq(new_warnings(), 1);
	ck_assert_int_eq(turn(), 1);
	event_base_free(base);
}

/* The reference crashes. */
TEST(debugged_locks_made_before_the_callbacks_stay_usable)
{
	watch_log();
	evthread_enable_lock_debugging();
	base = event_base_new();
	ck_assert_int_eq(evthread_use_pthreads(), 0);
	ck_assert_int_eq(turn(), 1);
	event_base_free(base);
	ck_assert_int_eq(errors, 0);
}

/* The reference crashes. */
TEST_EXITS(debugging_enabled_after_a_lock_was_made_says_so, 9)
{
	watch_log();
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	base = event_base_new();
	evthread_enable_lock_debugging();
	turn();
}
