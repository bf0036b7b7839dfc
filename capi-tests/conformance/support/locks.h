/*
 * Lock and condition callbacks of a program that watches what it is asked for:
 * POSIX objects, counted.
 */
#ifndef CAPI_LOCKS_H
#define CAPI_LOCKS_H

#define CAPI_OWN_LOCKS
#include "events.h"

#include <pthread.h>

#define MAX_LOCKS 64

/* Exported, but in no public header. */
struct evthread_lock_callbacks *evthread_get_lock_callbacks(void);
struct evthread_condition_callbacks *evthread_get_condition_callbacks(void);

/* What the callbacks were asked for. */
static struct {
	int made, freed, taken, given_back, held;
	unsigned kinds, modes;
	int conditions_made, conditions_freed, signals, waits;
} asked;
static int lock_refuses, alloc_fails, condition_fails;
/* The log callback's part. */
static int warnings, errors;

static void *known_locks[MAX_LOCKS];

static UNUSED int
is_known(void *lock)
{
	int i;

	for (i = 0; i < MAX_LOCKS; i++)
		if (known_locks[i] == lock)
			return 1;
	return 0;
}

static UNUSED void *
own_alloc(unsigned kind)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t *mutex;

	if (alloc_fails)
		return NULL;
	mutex = malloc(sizeof(*mutex));
	ck_assert_ptr_nonnull(mutex);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(mutex, &attributes);
	known_locks[asked.made++ % MAX_LOCKS] = mutex;
	asked.kinds |= 1u << kind;
	return mutex;
}

static UNUSED void
own_free(void *lock, unsigned kind UNUSED)
{
	ck_assert_int_eq(pthread_mutex_destroy(lock), 0);
	free(lock);
	asked.freed++;
}

static UNUSED int
own_lock(unsigned mode, void *lock)
{
	ck_assert(is_known(lock));
	if (lock_refuses)
		return 1;
	ck_assert_int_eq(pthread_mutex_lock(lock), 0);
	asked.modes |= mode;
	asked.taken++;
	asked.held++;
	return 0;
}

static UNUSED int
own_unlock(unsigned mode, void *lock)
{
	ck_assert(is_known(lock));
	if (lock_refuses)
		return 1;
	asked.modes |= mode;
	asked.given_back++;
	asked.held--;
	return pthread_mutex_unlock(lock);
}

static UNUSED void *
own_alloc_condition(unsigned kind)
{
	pthread_cond_t *condition;

	ck_assert_uint_eq(kind, 0);
	if (condition_fails)
		return NULL;
	condition = malloc(sizeof(*condition));
	ck_assert_ptr_nonnull(condition);
	pthread_cond_init(condition, NULL);
	asked.conditions_made++;
	return condition;
}

static UNUSED void
own_free_condition(void *condition)
{
	pthread_cond_destroy(condition);
	free(condition);
	asked.conditions_freed++;
}

static UNUSED int
own_signal(void *condition, int broadcast)
{
	asked.signals++;
	return broadcast ? pthread_cond_broadcast(condition)
			 : pthread_cond_signal(condition);
}

/* The library waits without a limit only. */
static UNUSED int
own_wait(void *condition, void *lock, const struct timeval *limit)
{
	ck_assert_ptr_null(limit);
	__atomic_add_fetch(&asked.waits, 1, __ATOMIC_SEQ_CST);
	return pthread_cond_wait(condition, lock);
}

static UNUSED unsigned long
own_id(void)
{
	return (unsigned long)pthread_self();
}

static const UNUSED struct evthread_lock_callbacks own_locks = {
	EVTHREAD_LOCK_API_VERSION, EVTHREAD_LOCKTYPE_RECURSIVE, own_alloc,
	own_free, own_lock, own_unlock};
static const UNUSED struct evthread_condition_callbacks own_conditions = {
	EVTHREAD_CONDITION_API_VERSION, own_alloc_condition,
	own_free_condition, own_signal, own_wait};

static void
count_log(int severity, const char *text UNUSED)
{
	warnings += severity == EVENT_LOG_WARN;
	errors += severity == EVENT_LOG_ERR;
}

/* How many warnings there were since the last call. */
static UNUSED int
new_warnings(void)
{
	int count = warnings;

	warnings = 0;
	return count;
}

/* The library ends the process with the code of abort(), after one error line. */
static void
expect_abort(int code)
{
	ck_assert_uint_eq((unsigned)code, 0xdeaddeadu);
	ck_assert_int_eq(errors, 1);
	exit(9);
}

static UNUSED void
watch_log(void)
{
	event_set_log_callback(count_log);
	event_set_fatal_callback(expect_abort);
}

#define GET(flag) __atomic_load_n(&(flag), __ATOMIC_SEQ_CST)
#define SET(flag) __atomic_store_n(&(flag), 1, __ATOMIC_SEQ_CST)

static int slow_runs, slow_deleted, slow_ended;

/* Runs until the other thread waits for its end, as far as that can be seen. */
CALLBACK(slow_callback)
{
	int visible = evthread_get_condition_callbacks()->wait_condition ==
	    own_wait;
	long long end = capi_now_ms() + CAPI_PATIENCE_MS;

	SET(slow_runs);
	while (!GET(slow_deleted))
		capi_sleep_ms(1);
	capi_sleep_ms(40);
	while (visible && !GET(asked.waits) && capi_now_ms() < end)
		capi_sleep_ms(1);
	SET(slow_ended);
}

static void *
delete_when_running(void *had_ended)
{
	while (!GET(slow_runs))
		capi_sleep_ms(1);
	SET(slow_deleted);
	event_del(ev);
	*(int *)had_ended = GET(slow_ended);
	return NULL;
}

/* Deleting a running event in another thread waits until its callback ended. */
static UNUSED void
check_waiting(void)
{
	int had_ended = -1;
	pthread_t thread;

	base = event_base_new();
	ck_assert_ptr_nonnull(base);
	ev = event_new(base, -1, 0, slow_callback, NULL);
	ck_assert_int_eq(add_ms(ev, 0), 0);
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, delete_when_running, &had_ended), 0);
	event_base_dispatch(base);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(had_ended, 1);
	event_free(ev);
	event_base_free(base);
}

#endif
