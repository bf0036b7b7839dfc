/* Made from src/abi/event_compat.rs and src/abi/headers/event_compat.h.in by `make headers`: edit those. */
#ifndef EVENT2_EVENT_COMPAT_H_INCLUDED_
#define EVENT2_EVENT_COMPAT_H_INCLUDED_

/*
 * event2/event_compat.h: functions of libevent 1.4, which work on one event base for the whole
 * program. They cannot be used from several threads; those of event2/event.h, which name the base
 * that they work on, replace them.
 */

#include <event2/event-config.h>
#include <event2/event.h>
#include <event2/util.h>
#include <event2/visibility.h>

#include <sys/time.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes a base, which the functions of this header use from now on. Ends the process on failure.
 *
 * Deprecated: event_base_new() does not depend on who else calls it.
 *
 * @return the base
 */
EVENT2_EXPORT_SYMBOL
struct event_base *event_init(void);

/** event_base_dispatch() on the current base. */
EVENT2_EXPORT_SYMBOL
int event_dispatch(void);

/** event_base_loop() on the current base. */
EVENT2_EXPORT_SYMBOL
int event_loop(int flags);

/** event_base_loopexit() on the current base. */
EVENT2_EXPORT_SYMBOL
int event_loopexit(const struct timeval *tv);

/** event_base_loopbreak() on the current base. */
EVENT2_EXPORT_SYMBOL
int event_loopbreak(void);

/** event_base_once() on the current base. */
EVENT2_EXPORT_SYMBOL
int event_once(evutil_socket_t fd,
               short events,
               event_callback_fn callback,
               void *arg,
               const struct timeval *timeout);

/** event_base_get_method() on the current base. */
EVENT2_EXPORT_SYMBOL
const char *event_get_method(void);

/** event_base_priority_init() on the current base. */
EVENT2_EXPORT_SYMBOL
int event_priority_init(int npriorities);

/** event_assign() on the current base. */
EVENT2_EXPORT_SYMBOL
void event_set(struct event *ev,
               evutil_socket_t fd,
               short events,
               event_callback_fn callback,
               void *arg);

/*
 * Events that wait for nothing but their timeout. Those named timeout_ are the same.
 */
#define evtimer_set(ev, cb, arg) event_set((ev), -1, 0, (cb), (arg))
#define timeout_set(ev, cb, arg) event_set((ev), -1, 0, (cb), (arg))
#define timeout_add(ev, tv) event_add((ev), (tv))
#define timeout_del(ev) event_del(ev)
#define timeout_pending(ev, tv) event_pending((ev), EV_TIMEOUT, (tv))
#define timeout_initialized(ev) event_initialized(ev)

/*
 * Events that wait for signal x, again and again. Those named signal_ are the same.
 */
#define evsignal_set(ev, x, cb, arg) event_set((ev), (x), EV_SIGNAL | EV_PERSIST, (cb), (arg))
#define signal_set(ev, x, cb, arg) event_set((ev), (x), EV_SIGNAL | EV_PERSIST, (cb), (arg))
#define signal_add(ev, tv) event_add((ev), (tv))
#define signal_del(ev) event_del(ev)
#define signal_pending(ev, tv) event_pending((ev), EV_SIGNAL, (tv))
#define signal_initialized(ev) event_initialized(ev)

/*
 * The descriptor or the signal that an event waits for.
 */
#ifndef EVENT_FD
#define EVENT_FD(ev) ((int)event_get_fd(ev))
#define EVENT_SIGNAL(ev) event_get_signal(ev)
#endif

#ifdef __cplusplus
}
#endif

#endif
