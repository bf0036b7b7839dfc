/* Made from src/ctypes/event_struct.rs and src/abi/headers/event_struct.h.in by `make headers`: edit those. */
#ifndef EVENT2_EVENT_STRUCT_H_INCLUDED_
#define EVENT2_EVENT_STRUCT_H_INCLUDED_

/*
 * event2/event_struct.h: the definition of struct event, for programs that keep events inside
 * their own structs. A program that does so must be compiled again when the layout changes;
 * event_new() spares it that.
 */

#include <event2/event-config.h>
#include <event2/keyvalq_struct.h>
#include <event2/util.h>

#include <sys/time.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Links of lists, for where <sys/queue.h> has not been included. */
#ifndef TAILQ_ENTRY
#define EVENT_DEFINED_TQENTRY_
#define TAILQ_ENTRY(type)        \
    struct {                     \
        struct type *tqe_next;   \
        struct type **tqe_prev;  \
    }
#endif
#ifndef TAILQ_HEAD
#define EVENT_DEFINED_TQHEAD_
#define TAILQ_HEAD(name, type)   \
    struct name {                \
        struct type *tqh_first;  \
        struct type **tqh_last;  \
    }
#endif
#ifndef LIST_ENTRY
#define EVENT_DEFINED_LISTENTRY_
#define LIST_ENTRY(type)         \
    struct {                     \
        struct type *le_next;    \
        struct type **le_prev;   \
    }
#endif
#ifndef LIST_HEAD
#define EVENT_DEFINED_LISTHEAD_
#define LIST_HEAD(name, type)    \
    struct name {                \
        struct type *lh_first;   \
    }
#endif

struct event;
struct event_base;

/** The event is in the timeout heap or in a common-timeout queue. */
#define EVLIST_TIMEOUT 0x01
/** The event is registered for its descriptor or signal. */
#define EVLIST_INSERTED 0x02
/** Not used any more. */
#define EVLIST_SIGNAL 0x04
/** The callback is queued and will run. */
#define EVLIST_ACTIVE 0x08
/** The event belongs to the library itself. */
#define EVLIST_INTERNAL 0x10
/** The callback is queued for a later iteration of the loop. */
#define EVLIST_ACTIVE_LATER 0x20
/** The event is being finalized and takes no part in anything else. */
#define EVLIST_FINALIZING 0x40
/** The event has been assigned. */
#define EVLIST_INIT 0x80
/** All of the above. */
#define EVLIST_ALL 0xff

/** A callback that can be queued; the head of every event. Its members are private. */
struct event_callback {
    TAILQ_ENTRY(event_callback) evcb_active_next;
    short evcb_flags;
    /** Smaller numbers run first. */
    uint8_t evcb_pri;
    uint8_t evcb_closure;
    /** What to call; evcb_closure tells which. */
    union {
        void (*evcb_callback)(evutil_socket_t, short, void *);
        void (*evcb_selfcb)(struct event_callback *, void *);
        void (*evcb_evfinalize)(struct event *, void *);
        void (*evcb_cbfinalize)(struct event_callback *, void *);
    } evcb_cb_union;
    void *evcb_arg;
};

/** An event. Programs may hold one anywhere, but touch it only through functions. */
struct event {
    struct event_callback ev_evcallback;
    /** Where an event with a timeout is kept. */
    union {
        TAILQ_ENTRY(event) ev_next_with_common_timeout;
        int min_heap_idx;
    } ev_timeout_pos;
    evutil_socket_t ev_fd;
    struct event_base *ev_base;
    /** What an event waits for, besides time. */
    union {
        /** Of events on descriptors. */
        struct {
            LIST_ENTRY(event) ev_io_next;
            /** The interval of a persistent event. */
            struct timeval ev_timeout;
        } ev_io;
        /** Of events on signals. */
        struct {
            LIST_ENTRY(event) ev_signal_next;
            /** How often the callback has still to run. */
            short ev_ncalls;
            /** Where the running loop over ev_ncalls counts, so that deleting the event ends it. */
            short *ev_pncalls;
        } ev_signal;
    } ev_;
    /** What the event waits for. */
    short ev_events;
    /** What happened, as given to the callback. */
    short ev_res;
    /** When the event times out, on the base's monotonic clock. */
    struct timeval ev_timeout;
};

TAILQ_HEAD(event_list, event);
LIST_HEAD(event_dlist, event);

#ifdef EVENT_DEFINED_TQENTRY_
#undef TAILQ_ENTRY
#endif
#ifdef EVENT_DEFINED_TQHEAD_
#undef TAILQ_HEAD
#endif
#ifdef EVENT_DEFINED_LISTENTRY_
#undef LIST_ENTRY
#endif
#ifdef EVENT_DEFINED_LISTHEAD_
#undef LIST_HEAD
#endif

#ifdef __cplusplus
}
#endif

#endif
