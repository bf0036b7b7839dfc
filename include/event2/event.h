/* Made from src/ctypes/event.rs, src/abi/event.rs and src/abi/headers/event.h.in by `make headers`: edit those. */
#ifndef EVENT2_EVENT_H_INCLUDED_
#define EVENT2_EVENT_H_INCLUDED_

/*
 * event2/event.h: event bases, events, timers and signals.
 *
 * A program makes an event base, makes events for the descriptors, signals and timeouts that it
 * waits for, adds them, and runs the base's loop, which calls the events' callbacks:
 *
 *     struct event_base *base = event_base_new();
 *     struct event *input = event_new(base, fd, EV_READ | EV_PERSIST, callback, argument);
 *     event_add(input, NULL);
 *     event_base_dispatch(base);
 *     event_free(input);
 *     event_base_free(base);
 *
 * A program with several threads calls evthread_use_pthreads() (event2/thread.h) first.
 */

#include <event2/event-config.h>
#include <event2/util.h>
#include <event2/visibility.h>

#include <stdio.h>
#include <sys/time.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Waits for events and runs their callbacks; see event_base_new(). */
struct event_base;
/** Something to wait for, and what to call then; see event_new(). */
struct event;
/** Options for event_base_new_with_config(); see event_config_new(). */
struct event_config;

/** The version that these headers belong to, as text; event_get_version() is the library's. */
#define LIBEVENT_VERSION EVENT__VERSION
/** The version that these headers belong to, as a number: 0x02010c00 is 2.1.12. */
#define LIBEVENT_VERSION_NUMBER EVENT__NUMERIC_VERSION

/** The timeout expired. */
#define EV_TIMEOUT 0x01
/** The descriptor can be read. */
#define EV_READ 0x02
/** The descriptor can be written. */
#define EV_WRITE 0x04
/** The signal was received. */
#define EV_SIGNAL 0x08
/** The event stays pending after it fires. */
#define EV_PERSIST 0x10
/**
 * Report changes of readiness, not readiness, if the method can. The events of one descriptor should
 * agree on it.
 */
#define EV_ET 0x20
/**
 * event_del() does not block while another thread runs the callback; use event_finalize() to free
 * the event.
 * Since 2.1.
 */
#define EV_FINALIZE 0x40
/**
 * The peer closed its end, whether or not data is left to read, if the method can tell. Since 2.1.
 */
#define EV_CLOSED 0x80

/** event_base_loop(): wait for events to become active, run them, and return. */
#define EVLOOP_ONCE 0x01
/** event_base_loop(): run what is ready now, and return. */
#define EVLOOP_NONBLOCK 0x02
/** event_base_loop(): don't return because no event is left. Since 2.1. */
#define EVLOOP_NO_EXIT_ON_EMPTY 0x04

/** Count active events. */
#define EVENT_BASE_COUNT_ACTIVE 1U
/** Count virtual events. */
#define EVENT_BASE_COUNT_VIRTUAL 2U
/** Count added events. */
#define EVENT_BASE_COUNT_ADDED 4U

/** No base can have this many priorities; the limit is one less. */
#define EVENT_MAX_PRIORITIES 256

/** Log severity: useful when debugging the library. */
#define EVENT_LOG_DEBUG 0
/** Log severity: a message. */
#define EVENT_LOG_MSG 1
/** Log severity: something is wrong, and the library goes on. */
#define EVENT_LOG_WARN 2
/** Log severity: fatal; the process exits. */
#define EVENT_LOG_ERR 3

/** event_enable_debug_logging(): no debug lines. */
#define EVENT_DBG_NONE 0
/** event_enable_debug_logging(): all debug lines. */
#define EVENT_DBG_ALL 0xffffffff

/**
 * What event_set_log_callback() takes: the severity (EVENT_LOG_*) and the line, without line end.
 */
typedef void (*event_log_cb)(int severity, const char *msg);

/** What event_set_fatal_callback() takes: it gets the exit code, and should not return. */
typedef void (*event_fatal_cb)(int err);

/** What event_base_foreach_event() calls; a non-zero return stops the iteration. */
typedef int (*event_base_foreach_event_cb)(const struct event_base *base,
                                           const struct event *ev,
                                           void *arg);

/** An event's callback: its descriptor or signal, what happened (EV_*), and its argument. */
typedef void (*event_callback_fn)(evutil_socket_t fd, short what, void *arg);

/** An event's finalizer. */
typedef void (*event_finalize_callback_fn)(struct event *ev, void *arg);

/** What the method of a base can do; see event_base_get_features(). */
enum event_method_feature {
    /** The method can be edge-triggered. */
    EV_FEATURE_ET = 0x01,
    /** Making an event active costs the same however many are added. */
    EV_FEATURE_O1 = 0x02,
    /** The method takes any kind of descriptor, regular files included. */
    EV_FEATURE_FDS = 0x04,
    /** The method can tell that the peer closed its end: EV_CLOSED. Since 2.1. */
    EV_FEATURE_EARLY_CLOSE = 0x08
};

/** Flags for event_config_set_flag(). */
enum event_base_config_flag {
    /** Make no lock for the base: only one thread uses it. */
    EVENT_BASE_FLAG_NOLOCK = 0x01,
    /** Don't look at the EVENT_* environment variables. */
    EVENT_BASE_FLAG_IGNORE_ENV = 0x02,
    /** Windows only; has no effect here. */
    EVENT_BASE_FLAG_STARTUP_IOCP = 0x04,
    /** Read the clock whenever the time is needed, not once per iteration of the loop. */
    EVENT_BASE_FLAG_NO_CACHE_TIME = 0x08,
    /**
     * Accepted. This library always tells epoll of changes as late as it can, and, unlike the
     * original, is safe against duplicated descriptors when it does.
     */
    EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST = 0x10,
    /** Use the finest clock and timer that the system has. Since 2.1. */
    EVENT_BASE_FLAG_PRECISE_TIMER = 0x20,
    /** With EVENT_BASE_FLAG_PRECISE_TIMER: the finest clock, but no timerfd. Since 2.2. */
    EVENT_BASE_FLAG_EPOLL_DISALLOW_TIMERFD = 0x40,
    /**
     * Receive signals by signalfd. The signals are blocked then, and children inherit that.
     * Since 2.2.
     */
    EVENT_BASE_FLAG_USE_SIGNALFD = 0x80
};

/**
 * Makes the library remember every event and report misuse: an event that is used without having
 * been assigned, is assigned again while it is added, or waits for a descriptor that is blocking
 * (bufferevents and listeners, too). A report is an EVENT_LOG_ERR line and the end of the process,
 * see event_set_fatal_callback(). Costs time and memory. Must be called before anything else of the
 * library; calling it late or twice ends the process.
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
void event_enable_debug_mode(void);

/**
 * The names of all methods that this library has, best first; the array ends with NULL and must
 * not be changed. Some may be of no use on this system or forbidden by the environment.
 */
EVENT2_EXPORT_SYMBOL
const char **event_get_supported_methods(void);

/**
 * Sends all log lines to a function.
 *
 * @param cb called with severity and text; it must not use the library. NULL for stderr.
 */
EVENT2_EXPORT_SYMBOL
void event_set_log_callback(event_log_cb cb);

/**
 * Replaces what the library does about an error that it can't go on after. By default it ends the
 * process, which it also does if the function returns.
 *
 * @param cb called with the exit code; NULL for the default
 */
EVENT2_EXPORT_SYMBOL
void event_set_fatal_callback(event_fatal_cb cb);

/**
 * Switches debug lines on or off.
 *
 * @param which EVENT_DBG_ALL or EVENT_DBG_NONE
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void event_enable_debug_logging(uint32_t which);

/** The size of struct event in this library, in bytes; 128 on 64-bit systems. */
EVENT2_EXPORT_SYMBOL
size_t event_get_struct_event_size(void);

/** The version of libevent that this library stands in for. */
EVENT2_EXPORT_SYMBOL
const char *event_get_version(void);

/**
 * That version as a number: a byte each for major, minor and patch level, and one for what comes
 * after.
 */
EVENT2_EXPORT_SYMBOL
uint32_t event_get_version_number(void);

/**
 * Replaces how the library gets its memory. Must be called before anything else of the library;
 * otherwise memory allocated by one allocator is freed by another.
 *
 * @param malloc_fn a replacement of malloc(), NULL for the original
 * @param realloc_fn a replacement of realloc(), NULL for the original
 * @param free_fn a replacement of free(), NULL for the original
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
void event_set_mem_functions(void *(*malloc_fn)(size_t sz),
                             void *(*realloc_fn)(void *ptr, size_t sz),
                             void (*free_fn)(void *ptr));

/**
 * Frees what the library holds for the process as a whole. Nothing of the library may be used
 * afterwards, and everything made by it must have been freed before. Of use to leak checkers.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void libevent_global_shutdown(void);

/**
 * A new, empty description of what a base should be like.
 *
 * @return the description, to be freed with event_config_free(), or NULL
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
struct event_config *event_config_new(void);

/** Frees a description. Bases made from it go on. */
EVENT2_EXPORT_SYMBOL
void event_config_free(struct event_config *cfg);

/**
 * Forbids a method.
 *
 * @param method the name, as event_base_get_method() gives it; one that is not known here is fine
 * @return 0 on success, -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_config_avoid_method(struct event_config *cfg, const char *method);

/**
 * Demands features of the method.
 *
 * @param feature EV_FEATURE_* bits, all of which the method must have
 * @return 0 on success, -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_config_require_features(struct event_config *cfg, int feature);

/**
 * Sets flags, beside those set before.
 *
 * @param flag EVENT_BASE_FLAG_* bits
 * @return 0 on success, -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_config_set_flag(struct event_config *cfg, int flag);

/**
 * Says how many processors the program means to use. No method here makes use of it.
 *
 * @return 0 on success, -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_config_set_num_cpus_hint(struct event_config *cfg, int cpus);

/**
 * Limits how long callbacks run before the loop looks for more urgent events.
 *
 * @param max_interval look again after this time; NULL for no such limit
 * @param max_callbacks look again after so many callbacks; -1 for no such limit
 * @param min_priority don't limit callbacks whose priority is below this number
 * @return 0 on success, -1 on failure
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_config_set_max_dispatch_interval(struct event_config *cfg,
                                           const struct timeval *max_interval,
                                           int max_callbacks,
                                           int min_priority);

/**
 * Makes a base as described.
 *
 * @param cfg the description, which may be freed at once, or NULL
 * @return the base, to be freed with event_base_free(), or NULL if no method meets the description
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
struct event_base *event_base_new_with_config(const struct event_config *cfg);

/**
 * Makes a new base, which is what events are added to and what runs them.
 *
 * @return the base, to be freed with event_base_free(), or NULL
 */
EVENT2_EXPORT_SYMBOL
struct event_base *event_base_new(void);

/**
 * Makes a base usable in a child process after fork(): everything that the kernel would share
 * between parent and child is made anew, and the events stay as they are.
 *
 * @return 0 on success; -1 if something could not be made anew, which may be tried again
 */
EVENT2_EXPORT_SYMBOL
int event_reinit(struct event_base *base);

/** The name of the method that a base waits with: "epoll", "poll" or "select". */
EVENT2_EXPORT_SYMBOL
const char *event_base_get_method(const struct event_base *base);

/**
 * How a base receives signals: "signal" (by a handler) or "signalfd_signal".
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
const char *event_base_get_signal_method(const struct event_base *base);

/**
 * The time on the monotonic clock of a base, which timeouts are measured by. While the loop runs
 * callbacks this is the time at which the iteration began.
 *
 * @param tp where to write the time
 * @return 0 on success, -1 on failure
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_gettime_monotonic(struct event_base *base, struct timeval *tp);

/**
 * How many events a base has.
 *
 * @param flags which: EVENT_BASE_COUNT_ACTIVE, _VIRTUAL and _ADDED, or any of them together.
 *   What is added counts once for its descriptor or signal, once for its timeout, and once for
 *   being active.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_base_get_num_events(struct event_base *base, unsigned int flags);

/**
 * How many events a base had at most.
 *
 * @param flags which: see event_base_get_num_events()
 * @param clear not 0: from now on count the maxima anew
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_base_get_max_events(struct event_base *base,
                              unsigned int flags,
                              int clear);

/** What the method of a base can do: EV_FEATURE_* bits. */
EVENT2_EXPORT_SYMBOL
int event_base_get_features(const struct event_base *base);

/**
 * Frees a base. Its events are deleted, but remain their owner's to free; finalizers that are
 * due run. Descriptors are not closed.
 */
EVENT2_EXPORT_SYMBOL
void event_base_free(struct event_base *base);

/**
 * Frees a base like event_base_free(), but runs no finalizers, so that what they would have freed
 * may leak.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void event_base_free_nofinalize(struct event_base *base);

/**
 * Sets how many priorities a base has. Smaller numbers are more urgent; as long as an event of one
 * priority is active no event of a less urgent one runs. Best called before events are assigned,
 * which get the middle priority.
 *
 * @param npriorities between 1 and 255
 * @return 0 on success; -1 for another number, without memory, or while an event is active
 */
EVENT2_EXPORT_SYMBOL
int event_base_priority_init(struct event_base *base, int npriorities);

/**
 * How many priorities a base has.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_base_get_npriorities(struct event_base *base);

/**
 * Says that many events will have the same timeout, which makes adding them cheap. Pass what this
 * returns, instead of the timeout itself, to event_add().
 *
 * @param base the base whose events these are
 * @param duration the timeout
 * @return the value to use, which belongs to the base; NULL without memory, or when the base has
 *   256 of them
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
const struct timeval *event_base_init_common_timeout(struct event_base *base,
                                                     const struct timeval *duration);

/**
 * Writes all events of a base to a stream, as text for people: the format may change.
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
void event_base_dump_events(struct event_base *base, FILE *out);

/**
 * Makes the events active that wait for a descriptor, as if it were ready.
 *
 * @param events for what: EV_READ, EV_WRITE, EV_CLOSED
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void event_base_active_by_fd(struct event_base *base,
                             evutil_socket_t fd,
                             short events);

/**
 * Makes the events active that wait for a signal, as if it had come.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void event_base_active_by_signal(struct event_base *base, int sig);

/**
 * Calls a function for each event of a base that is pending or active, once, in no order to rely
 * on. The function must not change any event.
 *
 * @param fn called with base, event and arg; a non-zero return stops the iteration
 * @return what fn returned last; 0 if there was no event; -1 without base or function
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_base_foreach_event(struct event_base *base,
                             event_base_foreach_event_cb fn,
                             void *arg);

/**
 * The wall-clock time, as of the beginning of this iteration while the loop runs callbacks: no system
 * call is needed then.
 *
 * @param tv where to write it
 * @return 0 on success, -1 on failure
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int event_base_gettimeofday_cached(struct event_base *base,
                                   struct timeval *tv);

/**
 * Reads the clock anew, for callbacks that take long. Does nothing unless the loop runs.
 *
 * @return 0 on success, -1 on failure
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_base_update_cache_time(struct event_base *base);

/**
 * Runs the loop until no event is left or it is told to stop. The same as event_base_loop() with
 * no flags.
 */
EVENT2_EXPORT_SYMBOL
int event_base_dispatch(struct event_base *base);

/**
 * Runs the loop.
 *
 * An iteration of the loop waits for events, queues those that are ready, then calls the callbacks of
 * the most urgent priority that has any. It goes on until no event is left, or
 * event_base_loopexit() or event_base_loopbreak() is called.
 *
 * @param flags EVLOOP_ONCE, EVLOOP_NONBLOCK and EVLOOP_NO_EXIT_ON_EMPTY, or 0
 * @return 0 if it was told to stop, 1 if no event was left, -1 if waiting failed or the loop runs
 *   already
 */
EVENT2_EXPORT_SYMBOL
int event_base_loop(struct event_base *base,
                    int flags);

/**
 * Ends the loop after a time: the iteration in which the time expires is completed. Works from any
 * thread, also before the loop starts.
 *
 * @param tv how long from now; NULL for the end of this iteration
 * @return 0 on success, -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_loopexit(struct event_base *base, const struct timeval *tv);

/**
 * Ends the loop after the callback that is running. Callbacks that are active stay so. Works from
 * any thread; forgotten when the loop starts.
 *
 * @return 0 on success, -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_loopbreak(struct event_base *base);

/**
 * Makes the loop look for new events after the callback that is running, before it goes on with
 * those that are active.
 *
 * @return 0 on success, -1 on failure
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_base_loopcontinue(struct event_base *base);

/** Whether event_base_loopexit() ended the loop: 1 or 0. Forgotten when the loop starts again. */
EVENT2_EXPORT_SYMBOL
int event_base_got_exit(struct event_base *base);

/** Whether event_base_loopbreak() ended the loop: 1 or 0. Forgotten when the loop starts again. */
EVENT2_EXPORT_SYMBOL
int event_base_got_break(struct event_base *base);

/**
 * The event whose callback is running; NULL if none is, or in another thread than the loop's.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
struct event *event_base_get_running_event(struct event_base *base);

/**
 * Tells debug mode that the memory of an event is used for something else now. The event must not
 * be pending, and counts as not initialized from here on, also outside of debug mode.
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
void event_debug_unassign(struct event *ev);

/**
 * Moves an event to another base. It must be assigned, and neither pending nor active. Its
 * priority becomes the base's middle one.
 *
 * @return 0 on success, -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_set(struct event_base *base, struct event *ev);

/**
 * What to pass as the argument of a callback that wants its own event as argument. For event_new()
 * and event_assign().
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void *event_self_cbarg(void);

/**
 * Makes an event, which waits for nothing until event_add().
 *
 * @param base the base
 * @param fd the descriptor or the signal's number; -1 for a timer
 * @param events EV_READ, EV_WRITE, EV_CLOSED, or EV_SIGNAL alone; with EV_PERSIST and EV_ET as
 *   wished; 0 for a timer
 * @param callback what to call
 * @param callback_arg the callback's argument
 * @return the event, to be freed with event_free(), or NULL
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
struct event *event_new(struct event_base *base,
                        evutil_socket_t fd,
                        short events,
                        event_callback_fn callback,
                        void *callback_arg);

/**
 * Makes an event in memory that the program provides. Parameters are those of event_new(); the
 * event must not be pending or active if it was assigned before.
 *
 * @return 0 on success, -1 if events makes no sense
 *
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int event_assign(struct event *ev,
                 struct event_base *base,
                 evutil_socket_t fd,
                 short events,
                 event_callback_fn callback,
                 void *callback_arg);

/**
 * Deletes an event and frees it.
 *
 * @param ev an event of event_new(), or NULL
 */
EVENT2_EXPORT_SYMBOL
void event_free(struct event *ev);

/**
 * Deletes an event, and calls a function from the loop once no thread runs its callback any more.
 * Until then the event's memory must stay.
 *
 * @param flags 0
 * @param ev an event, best made with EV_FINALIZE
 * @param cb called with the event and its argument
 * @return 0 on success, -1 on failure
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_finalize(unsigned int flags,
                   struct event *ev,
                   event_finalize_callback_fn cb);

/**
 * event_finalize(), then frees the event.
 *
 * @return 0 on success, -1 on failure
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_free_finalize(unsigned int flags,
                        struct event *ev,
                        event_finalize_callback_fn cb);

/**
 * Sets an event's priority. It must not be active.
 *
 * @return 0 on success; -1 if it is active, or for a number that its base does not have
 */
EVENT2_EXPORT_SYMBOL
int event_priority_set(struct event *ev, int priority);

/**
 * Calls a function once, without an event to look after.
 *
 * @param base the base
 * @param fd the descriptor to wait for, or -1
 * @param events EV_TIMEOUT, or EV_READ and EV_WRITE with or without EV_TIMEOUT; neither EV_SIGNAL
 *   nor EV_PERSIST
 * @param callback what to call
 * @param arg its argument
 * @param timeout how long to wait at most; NULL for ever, or with EV_TIMEOUT alone: not at all
 * @return 0 on success, -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_base_once(struct event_base *base,
                    evutil_socket_t fd,
                    short events,
                    event_callback_fn callback,
                    void *arg,
                    const struct timeval *timeout);

/**
 * Makes an event wait for what it was assigned for, and for a timeout.
 *
 * An event that is pending keeps what it waits for; a timeout given replaces its former one.
 * Unless the event is persistent it is deleted before its callback runs. A persistent event with a
 * timeout fires again and again, each time at least one timeout after the last.
 *
 * @param ev an assigned event
 * @param timeout how long from now, or a value of event_base_init_common_timeout(); NULL for ever
 * @return 0 on success; -1 on failure, with errno set where the system refused, and nothing
 *   changed
 */
EVENT2_EXPORT_SYMBOL
int event_add(struct event *ev, const struct timeval *timeout);

/**
 * Ends an event's timeout. Whatever else it waits for, it goes on waiting for.
 *
 * @return 0 on success, also when there was no timeout; -1 on failure
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_remove_timer(struct event *ev);

/**
 * Makes an event non-pending; if it is active, its callback is not run. If another thread runs its
 * callback, waits until that has returned, unless the event was made with EV_FINALIZE.
 *
 * @return 0 on success, also when the event was not pending; -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int event_del(struct event *ev);

/**
 * event_del() that never waits for the callback.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_del_noblock(struct event *ev);

/**
 * event_del() that waits for the callback, also for events made with EV_FINALIZE.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_del_block(struct event *ev);

/**
 * Makes an event active: its callback runs in this iteration of the loop or, if the loop
 * runs in another thread, in that loop's next iteration. The event need not be pending, and remains
 * so if it is.
 *
 * @param ev an assigned event
 * @param res what to tell the callback: EV_* bits
 * @param ncalls for signal events: how often to call
 */
EVENT2_EXPORT_SYMBOL
void event_active(struct event *ev, int res, short ncalls);

/**
 * Whether an event is pending or active.
 *
 * @param ev an event
 * @param events what to ask about: EV_TIMEOUT, EV_READ, EV_WRITE, EV_CLOSED, EV_SIGNAL
 * @param tv where to write when it times out, on the wall clock; may be NULL
 * @return those bits of events that it is pending or active for
 */
EVENT2_EXPORT_SYMBOL
int event_pending(const struct event *ev, short events, struct timeval *tv);

/**
 * Whether an event has been assigned: not 0 or 0. Memory that was never assigned must be zero for
 * this to be of use.
 */
EVENT2_EXPORT_SYMBOL
int event_initialized(const struct event *ev);

/** An event's descriptor, or signal number. */
EVENT2_EXPORT_SYMBOL
evutil_socket_t event_get_fd(const struct event *ev);

/** An event's base. */
EVENT2_EXPORT_SYMBOL
struct event_base *event_get_base(const struct event *ev);

/** What an event waits for: EV_* bits. */
EVENT2_EXPORT_SYMBOL
short event_get_events(const struct event *ev);

/** An event's callback. */
EVENT2_EXPORT_SYMBOL
event_callback_fn event_get_callback(const struct event *ev);

/** The argument of an event's callback. */
EVENT2_EXPORT_SYMBOL
void *event_get_callback_arg(const struct event *ev);

/**
 * An event's priority.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int event_get_priority(const struct event *ev);

/** Everything that an event was assigned with. Each pointer may be NULL. */
EVENT2_EXPORT_SYMBOL
void event_get_assignment(const struct event *ev,
                          struct event_base **base_out,
                          evutil_socket_t *fd_out,
                          short *events_out,
                          event_callback_fn *callback_out,
                          void **arg_out);

/* Names of the severities in libevent 1.4. */
#define _EVENT_LOG_DEBUG EVENT_LOG_DEBUG
#define _EVENT_LOG_MSG EVENT_LOG_MSG
#define _EVENT_LOG_WARN EVENT_LOG_WARN
#define _EVENT_LOG_ERR EVENT_LOG_ERR

/** Defined where event_set_mem_functions() exists. */
#define EVENT_SET_MEM_FUNCTIONS_IMPLEMENTED

/** The signal that an event waits for. */
#define event_get_signal(ev) ((int)event_get_fd(ev))

/*
 * Events that wait for nothing but their timeout.
 */
#define evtimer_assign(ev, b, cb, arg) event_assign((ev), (b), -1, 0, (cb), (arg))
#define evtimer_new(b, cb, arg) event_new((b), -1, 0, (cb), (arg))
#define evtimer_add(ev, tv) event_add((ev), (tv))
#define evtimer_del(ev) event_del(ev)
#define evtimer_pending(ev, tv) event_pending((ev), EV_TIMEOUT, (tv))
#define evtimer_initialized(ev) event_initialized(ev)

/*
 * Events that wait for signal x, again and again.
 */
#define evsignal_assign(ev, b, x, cb, arg) \
    event_assign((ev), (b), (x), EV_SIGNAL | EV_PERSIST, (cb), (arg))
#define evsignal_new(b, x, cb, arg) event_new((b), (x), EV_SIGNAL | EV_PERSIST, (cb), (arg))
#define evsignal_add(ev, tv) event_add((ev), (tv))
#define evsignal_del(ev) event_del(ev)
#define evsignal_pending(ev, tv) event_pending((ev), EV_SIGNAL, (tv))
#define evsignal_initialized(ev) event_initialized(ev)

/*
 * Events that only the program itself triggers.
 */
#define evuser_new(b, cb, arg) event_new((b), -1, 0, (cb), (arg))
#define evuser_del(ev) event_del(ev)
#define evuser_pending(ev, tv) event_pending((ev), 0, (tv))
#define evuser_initialized(ev) event_initialized(ev)
#define evuser_trigger(ev) event_active((ev), 0, 0)

#ifdef __cplusplus
}
#endif

#endif
