/* What libevent 2.1 lacks or does not survive: inheriting locks, late debugging. */
// runs: one-backend, one-locking
#include "locks.h"
#include <event2/bufferevent.h>
#include <event2/event_struct.h>

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
	/* With them the lock can be given back. */
	ck_assert_int_eq(evthread_use_pthreads(), 0);
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

/* Wakes up for nothing a few times, as conditions may. */
static int
fickle_wait(void *condition, void *lock, const struct timeval *limit UNUSED)
{
	if (__atomic_add_fetch(&asked.waits, 1, __ATOMIC_SEQ_CST) > 5)
		return pthread_cond_wait(condition, lock);
	pthread_mutex_unlock(lock);
	sched_yield();
	return pthread_mutex_lock(lock);
}

CALLBACK(until_waited_often)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	SET(slow_runs);
	while (GET(asked.waits) <= 5 && capi_now_ms() < end)
		capi_sleep_ms(1);
	SET(slow_ended);
}

/* The reference waits once. */
TEST(a_condition_that_wakes_up_for_nothing_is_waited_for_again)
{
	struct evthread_condition_callbacks fickle = own_conditions;
	int had_ended = -1;
	pthread_t thread;

	fickle.wait_condition = fickle_wait;
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&fickle), 0);
	evthread_set_id_callback(own_id);
	base = event_base_new();
	ev = event_new(base, -1, 0, until_waited_often, NULL);
	ck_assert_int_eq(add_ms(ev, 0), 0);
	pthread_create(&thread, NULL, delete_when_running, &had_ended);
	event_base_dispatch(base);
	pthread_join(thread, NULL);
	ck_assert_int_eq(had_ended, 1);
	ck_assert_int_gt(asked.waits, 5);
	event_free(ev);
	event_base_free(base);
}

static int
failing_wait(void *condition UNUSED, void *lock UNUSED,
    const struct timeval *limit UNUSED)
{
	asked.waits++;
	return -1;
}

CALLBACK(until_deleted)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	SET(slow_runs);
	while (pending(other) && capi_now_ms() < end)
		capi_sleep_ms(1);
}

static void *
delete_both(void *arg UNUSED)
{
	while (!GET(slow_runs))
		capi_sleep_ms(1);
	event_del(ev);
	event_del(other);
	return NULL;
}

/* Nobody is left waiting for ever, with the lock held. */
TEST(a_condition_that_fails_is_not_waited_for_again)
{
	struct evthread_condition_callbacks failing = own_conditions;
	pthread_t thread;

	failing.wait_condition = failing_wait;
	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&failing), 0);
	evthread_set_id_callback(own_id);
	base = event_base_new();
	ev = event_new(base, -1, 0, until_deleted, NULL);
	other = timer(2 * CAPI_PATIENCE_MS, "never");
	ck_assert_int_eq(add_ms(ev, 0), 0);
	pthread_create(&thread, NULL, delete_both, NULL);
	ck_assert_int_eq(event_base_dispatch(base), 1);
	pthread_join(thread, NULL);
	ck_assert_int_eq(asked.waits, 1);
}

static struct event neighbours[2];
static int neighbour_ran;

CALLBACK(count_neighbour)
{
	neighbour_ran++;
}

/* Gives its neighbour up as soon as another thread waits for it to return. */
CALLBACK(give_neighbour_up)
{
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	if (runs++)
		return;
	SET(slow_runs);
	while (!GET(asked.waits) && capi_now_ms() < end)
		capi_sleep_ms(1);
	event_del(&neighbours[0]);
	memset(&neighbours[0], 0x5a, sizeof(neighbours[0]));
}

static void *
activate_when_running(void *call)
{
	while (!GET(slow_runs))
		capi_sleep_ms(1);
	(*(void (**)(void))call)();
	event_base_loopbreak(base);
	return NULL;
}

static void
by_signal(void)
{
	event_base_active_by_signal(base, SIGUSR1);
}

static void
by_fd(void)
{
	event_base_active_by_fd(base, SIGUSR1, EV_TIMEOUT);
}

static void
walk_past_a_running_signal(void (*walk)(void), const struct timeval *timeout)
{
	struct event given_up;
	pthread_t thread;

	ck_assert_int_eq(evthread_set_lock_callbacks(&own_locks), 0);
	ck_assert_int_eq(evthread_set_condition_callbacks(&own_conditions), 0);
	evthread_set_id_callback(own_id);
	base = event_base_new();
	if (timeout)
		timeout = event_base_init_common_timeout(base, timeout);
	for (int i = 0; i < 2; i++)
		evsignal_assign(&neighbours[i], base, SIGUSR1,
		    i ? give_neighbour_up : count_neighbour, NULL);
	/* The one that runs comes first in the walk. */
	event_add(&neighbours[timeout ? 1 : 0], timeout);
	event_add(&neighbours[timeout ? 0 : 1], timeout);
	event_active(&neighbours[1], EV_SIGNAL, 1);
	pthread_create(&thread, NULL, activate_when_running, &walk);
	event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
	pthread_join(thread, NULL);
	ck_assert_int_eq(turn(), 0);
	ck_assert_int_eq(runs, 2);
	ck_assert_int_eq(neighbour_ran, 0);
	memset(&given_up, 0x5a, sizeof(given_up));
	ck_assert_mem_eq(&neighbours[0], &given_up, sizeof(given_up));
	event_del(&neighbours[1]);
	event_base_free(base);
}

/* The reference waits in the middle of its walk, and goes on to what is gone. */
TEST(events_of_a_signal_change_while_one_of_them_runs)
{
	walk_past_a_running_signal(by_signal, NULL);
}

TEST(signals_with_a_timeout_change_while_one_of_them_runs)
{
	struct timeval tv = {1000, 0};

	walk_past_a_running_signal(by_fd, &tv);
}

static pthread_t looper;
static int armed;

static void *
delete_and_close(void *arg UNUSED)
{
	event_del(ev);
	close(pair[0]);
	return NULL;
}

/* The loop has given its lock back, and is about to wait. */
static int
unlock_and_interfere(unsigned mode, void *lock)
{
	int result = own_unlock(mode, lock);
	pthread_t thread;

	if (armed && pthread_equal(looper, pthread_self())) {
		armed = 0;
		pthread_create(&thread, NULL, delete_and_close, NULL);
		pthread_join(thread, NULL);
	}
	return result;
}

static void
interfere(const char *method)
{
	struct evthread_lock_callbacks interfering = own_locks;

	interfering.unlock = unlock_and_interfere;
	ck_assert_int_eq(evthread_set_lock_callbacks(&interfering), 0);
	evthread_set_id_callback(own_id);
	looper = pthread_self();
	begin();
	ck_assert_str_eq(event_base_get_method(base), method);
	ev = event_new(base, pair[0], EV_READ, note_name, "never");
	event_add(ev, NULL);
	timer(20, "timer");
	armed = 1;
	ck_assert_int_eq(once(), 0);
	ck_assert_int_eq(armed, 0);
	ck_notes("timer");
}

/* The reference's loop ends. */
TEST(select_meets_a_descriptor_that_was_deleted_and_closed)
{
	setenv("EVENT_NOEPOLL", "1", 1);
	setenv("EVENT_NOPOLL", "1", 1);
	interfere("select");
}

TEST(poll_meets_a_descriptor_that_was_deleted_and_closed)
{
	setenv("EVENT_NOEPOLL", "1", 1);
	interfere("poll");
}

TEST(epoll_meets_a_descriptor_that_was_deleted_and_closed)
{
	interfere("epoll");
}

static int
unlock_with_another_errno(unsigned mode, void *lock)
{
	int result = own_unlock(mode, lock);

	errno = ENOTTY;
	return result;
}

/* What a function says of its failure is not what the program's locks leave behind. */
TEST(errno_outlives_the_unlocking)
{
	struct evthread_lock_callbacks changing = own_locks;
	struct bufferevent *bev;
	int fd;

	changing.unlock = unlock_with_another_errno;
	ck_assert_int_eq(evthread_set_lock_callbacks(&changing), 0);
	evthread_set_id_callback(own_id);
	begin();
	bev = bufferevent_socket_new(base, -1, BEV_OPT_THREADSAFE);
	fd = dup(pair[0]);
	close(fd);
	ck_assert_int_eq(bufferevent_setfd(bev, fd), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(bufferevent_replacefd(bev, fd), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(bufferevent_priority_set(bev, 100), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(bufferevent_decrement_read_limit(bev, 1), -1);
	ck_assert_int_eq(errno, EINVAL);
	bufferevent_free(bev);
}
