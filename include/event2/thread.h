/* Made from src/ctypes/thread.rs, src/abi/thread.rs and src/abi/headers/thread.h.in by `make headers`: edit those. */
#ifndef EVENT2_THREAD_H_INCLUDED_
#define EVENT2_THREAD_H_INCLUDED_

/*
 * event2/thread.h: setting the library up for programs with several threads.
 *
 * What is declared here is called before the first object that needs a lock is made, and before
 * other threads use the library.
 */

#include <event2/event-config.h>
#include <event2/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct timeval;

/** Mode of a locking callback: a read-write lock is acquired or released for writing. */
#define EVTHREAD_WRITE 0x04
/** Mode of a locking callback: a read-write lock is acquired or released for reading. */
#define EVTHREAD_READ 0x08
/**
 * Mode of a locking callback: don't wait. If the lock cannot be acquired at once, the callback
 * returns a value other than 0.
 */
#define EVTHREAD_TRY 0x10

/** The value of lock_api_version in struct evthread_lock_callbacks. */
#define EVTHREAD_LOCK_API_VERSION 1

/**
 * Kind of lock: the thread that holds it may acquire it again, and releases it as often as it
 * acquired it.
 */
#define EVTHREAD_LOCKTYPE_RECURSIVE 1
/** Kind of lock: several readers or one writer hold it. The library makes none. */
#define EVTHREAD_LOCKTYPE_READWRITE 2

/** The value of condition_api_version in struct evthread_condition_callbacks. */
#define EVTHREAD_CONDITION_API_VERSION 1

/** Defined where evthread_use_pthreads() exists. */
#define EVTHREAD_USE_PTHREADS_IMPLEMENTED 1

/**
 * Flag of evthread_use_pthreads_with_flags(): a thread that holds a lock runs with the priority
 * of the most urgent thread that waits for it. Since 2.2.
 */
#define EVTHREAD_PTHREAD_PRIO_INHERIT 0x01

/** How to make and use locks, for evthread_set_lock_callbacks(). */
struct evthread_lock_callbacks {
    /** EVTHREAD_LOCK_API_VERSION. */
    int lock_api_version;
    /**
     * The kinds of locks that alloc can make: EVTHREAD_LOCKTYPE_RECURSIVE, which is always
     * needed, and EVTHREAD_LOCKTYPE_READWRITE.
     */
    unsigned int supported_locktypes;
    /** Returns a new lock of the kind locktype, or NULL when it cannot. */
    void *(*alloc)(unsigned int locktype);
    /** Frees a lock that was made with the kind locktype. */
    void (*free)(void *lock, unsigned int locktype);
    /**
     * Acquires a lock; mode is 0 or made of EVTHREAD_WRITE, EVTHREAD_READ and EVTHREAD_TRY.
     * Returns 0 when the lock is held.
     */
    int (*lock)(unsigned int mode, void *lock);
    /** Releases a lock. Returns 0 on success. */
    int (*unlock)(unsigned int mode, void *lock);
};

/** How to make and use condition variables, for evthread_set_condition_callbacks(). */
struct evthread_condition_callbacks {
    /** EVTHREAD_CONDITION_API_VERSION. */
    int condition_api_version;
    /** Returns a new condition variable, or NULL when it cannot. condtype is 0. */
    void *(*alloc_condition)(unsigned int condtype);
    /** Frees a condition variable. */
    void (*free_condition)(void *cond);
    /**
     * Wakes one waiting thread, or all of them if broadcast is not 0. The condition's lock is
     * held. Returns 0 on success and -1 on failure.
     */
    int (*signal_condition)(void *cond, int broadcast);
    /**
     * Releases lock, which the caller holds, waits to be woken, and acquires it again. Waits no
     * longer than timeout if that is not NULL. Returns 0 when woken, 1 on a timeout, -1 on
     * failure.
     */
    int (*wait_condition)(void *cond, void *lock, const struct timeval *timeout);
};

/**
 * Chooses the functions that make and use the library's locks.
 *
 * For POSIX threads evthread_use_pthreads() is the better choice. Once installed, callbacks
 * cannot be replaced, because locks made by them are in use; giving the same ones again is fine.
 * NULL removes them, with a warning, and then every object is unlocked. In debug mode the process is
 * ended if an event_base has been made before.
 *
 * @param cbs a complete table, which is copied, or NULL
 * @return 0 on success; -1 when a function is missing from the table, or when other callbacks are
 *   active already
 */
EVENT2_EXPORT_SYMBOL
int evthread_set_lock_callbacks(const struct evthread_lock_callbacks *cbs);

/**
 * Chooses the functions that make and use the library's condition variables.
 *
 * The rules are those of evthread_set_lock_callbacks(), except that a table that lacks a function
 * is ignored without an error, as in libevent.
 *
 * @param cbs a complete table, which is copied, or NULL
 * @return 0 on success; -1 when other callbacks are active already
 */
EVENT2_EXPORT_SYMBOL
int evthread_set_condition_callbacks(const struct evthread_condition_callbacks *cbs);

/**
 * Chooses the function that tells threads apart.
 *
 * @param id_fn returns a number that no other running thread has; with NULL the library assumes
 *   that there is only one thread
 */
EVENT2_EXPORT_SYMBOL
void evthread_set_id_callback(unsigned long (*id_fn)(void));

/**
 * Makes the library safe to use from several POSIX threads: installs lock, condition and id
 * callbacks.
 *
 * Objects that exist already stay without locks. Lock or condition callbacks that are active
 * already stay, with a warning.
 *
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int evthread_use_pthreads(void);

/**
 * Does what evthread_use_pthreads() does, with locks of the chosen kind. Since 2.2.
 *
 * @param flags 0 or EVTHREAD_PTHREAD_PRIO_INHERIT
 * @return 0 on success; -1 when a flag is unknown, or when such locks cannot be made because the
 *   system lacks them or because other lock callbacks are active already
 */
EVENT2_EXPORT_SYMBOL
int evthread_use_pthreads_with_flags(int flags);

/**
 * Makes the library check its use of locks, with whichever callbacks are or will be installed.
 *
 * Releasing a lock that the thread does not hold, acquiring a lock twice that is not recursive, or
 * freeing a lock that is held ends the process: the reason is logged, then the fatal callback
 * runs. Call this before any lock is made.
 */
EVENT2_EXPORT_SYMBOL
void evthread_enable_lock_debugging(void);

/** The old name of evthread_enable_lock_debugging(). */
EVENT2_EXPORT_SYMBOL
void evthread_enable_lock_debuging(void);

/**
 * Makes a base that other threads can wake up. Bases made after locking was set up already are.
 *
 * @return 0 on success, -1 if no descriptor could be had
 */
EVENT2_EXPORT_SYMBOL
int evthread_make_base_notifiable(struct event_base *base);

#ifdef __cplusplus
}
#endif

#endif
