/*
 * The ways to have locks: the library's own and a program's, each also with
 * lock debugging. The program's locks insist on being used as locks are.
 */
#ifndef CAPI_CHECKED_LOCKS_H
#define CAPI_CHECKED_LOCKS_H

#include <pthread.h>

enum { OF_PTHREADS, OF_THE_PROGRAM, DEBUGGED = 2 };

struct checked_lock {
	pthread_mutex_t mutex;
	pthread_t holder;
	int depth;
};

static int checked_outstanding;

static void *
checked_alloc(unsigned kind)
{
	struct checked_lock *lock = calloc(1, sizeof(*lock));
	pthread_mutexattr_t attributes;

	ck_assert_uint_eq(kind & ~EVTHREAD_LOCKTYPE_RECURSIVE, 0);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&lock->mutex, &attributes);
	__atomic_add_fetch(&checked_outstanding, 1, __ATOMIC_SEQ_CST);
	return lock;
}

static void
checked_free(void *memory, unsigned kind)
{
	struct checked_lock *lock = memory;

	(void)kind;
	ck_assert_int_eq(lock->depth, 0);
	ck_assert_int_eq(pthread_mutex_destroy(&lock->mutex), 0);
	__atomic_sub_fetch(&checked_outstanding, 1, __ATOMIC_SEQ_CST);
	free(lock);
}

static int
checked_take(unsigned mode, void *memory)
{
	struct checked_lock *lock = memory;

	if (mode & EVTHREAD_TRY) {
		if (pthread_mutex_trylock(&lock->mutex) != 0)
			return EBUSY;
	} else {
		ck_assert_int_eq(pthread_mutex_lock(&lock->mutex), 0);
	}
	lock->holder = pthread_self();
	lock->depth++;
	return 0;
}

static int
checked_give_back(unsigned mode, void *memory)
{
	struct checked_lock *lock = memory;

	(void)mode;
	ck_assert_int_gt(lock->depth, 0);
	ck_assert(pthread_equal(lock->holder, pthread_self()));
	lock->depth--;
	return pthread_mutex_unlock(&lock->mutex);
}

static void *
checked_alloc_condition(unsigned kind)
{
	pthread_cond_t *condition = malloc(sizeof(*condition));

	ck_assert_uint_eq(kind, 0);
	pthread_cond_init(condition, NULL);
	__atomic_add_fetch(&checked_outstanding, 1, __ATOMIC_SEQ_CST);
	return condition;
}

static void
checked_free_condition(void *condition)
{
	ck_assert_int_eq(pthread_cond_destroy(condition), 0);
	__atomic_sub_fetch(&checked_outstanding, 1, __ATOMIC_SEQ_CST);
	free(condition);
}

static int
checked_signal(void *condition, int broadcast)
{
	return broadcast ? pthread_cond_broadcast(condition)
			 : pthread_cond_signal(condition);
}

/* Whoever waits has the lock once, or nobody else could take it. */
static int
checked_wait(void *condition, void *memory, const struct timeval *limit)
{
	struct checked_lock *lock = memory;
	int result;

	ck_assert_ptr_null(limit);
	ck_assert(pthread_equal(lock->holder, pthread_self()));
	ck_assert_int_eq(lock->depth, 1);
	lock->depth = 0;
	result = pthread_cond_wait(condition, &lock->mutex);
	lock->holder = pthread_self();
	lock->depth = 1;
	return result;
}

static unsigned long
checked_id(void)
{
	return (unsigned long)pthread_self();
}

static inline void
use_locks(int kind)
{
	static const struct evthread_lock_callbacks locks = {
	    EVTHREAD_LOCK_API_VERSION, EVTHREAD_LOCKTYPE_RECURSIVE,
	    checked_alloc, checked_free, checked_take, checked_give_back};
	static const struct evthread_condition_callbacks conditions = {
	    EVTHREAD_CONDITION_API_VERSION, checked_alloc_condition,
	    checked_free_condition, checked_signal, checked_wait};

	if (kind & DEBUGGED)
		evthread_enable_lock_debugging();
	if (kind & OF_THE_PROGRAM) {
		evthread_set_id_callback(checked_id);
		ck_assert_int_eq(evthread_set_lock_callbacks(&locks), 0);
		ck_assert_int_eq(
		    evthread_set_condition_callbacks(&conditions), 0);
	} else {
		ck_assert_int_eq(evthread_use_pthreads(), 0);
	}
}

#endif
