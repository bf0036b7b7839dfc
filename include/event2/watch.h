/* Made from src/ctypes/watch.rs, src/abi/watch.rs and src/abi/headers/watch.h.in by `make headers`: edit those. */
#ifndef EVENT2_WATCH_H_INCLUDED_
#define EVENT2_WATCH_H_INCLUDED_

/*
 * event2/watch.h: callbacks that an event base runs in each iteration of its loop, just before and just
 * after it waits for events. They serve to measure the loop. Since 2.2.
 */

#include <event2/event-config.h>
#include <event2/visibility.h>

#include <sys/time.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;

/** A callback in the loop of one event base; see evwatch_prepare_new(). */
struct evwatch;
/** Information for a prepare watcher's callback; evwatch_prepare_get_timeout() reads it. */
struct evwatch_prepare_cb_info;
/** Information for a check watcher's callback: none so far. */
struct evwatch_check_cb_info;

/** A prepare watcher's callback: the watcher, what it is told, its argument. */
typedef void (*evwatch_prepare_cb)(struct evwatch *watcher,
                                   const struct evwatch_prepare_cb_info *info,
                                   void *arg);

/** A check watcher's callback: the watcher, what it is told, its argument. */
typedef void (*evwatch_check_cb)(struct evwatch *watcher,
                                 const struct evwatch_check_cb_info *info,
                                 void *arg);

/**
 * Calls a function in each iteration of the loop, just before the loop waits for events. The
 * function may add, delete and activate events, end the loop, and free any watcher; the wait takes
 * this into account.
 *
 * @param base the base to watch
 * @param callback what to call
 * @param arg its argument
 * @return the watcher, which is freed by evwatch_free() or with its base; NULL without memory
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
struct evwatch *evwatch_prepare_new(struct event_base *base,
                                    evwatch_prepare_cb callback,
                                    void *arg);

/**
 * Calls a function in each iteration of the loop, just after the loop has waited and before the
 * callbacks of any events. Parameters and result are those of evwatch_prepare_new().
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
struct evwatch *evwatch_check_new(struct event_base *base,
                                  evwatch_check_cb callback,
                                  void *arg);

/**
 * Returns the base that a watcher watches.
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
struct event_base *evwatch_base(struct evwatch *watcher);

/**
 * Frees a watcher, which may be the one whose callback is running.
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
void evwatch_free(struct evwatch *watcher);

/**
 * Returns the longest time that the loop is about to wait. For prepare watchers.
 *
 * @param info what the callback got
 * @param timeout where to write it
 * @return 1 if there is a limit, 0 if the loop waits until something happens
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int evwatch_prepare_get_timeout(const struct evwatch_prepare_cb_info *info,
                                struct timeval *timeout);

#ifdef __cplusplus
}
#endif

#endif
