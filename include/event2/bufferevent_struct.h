/* Made from src/ctypes/bufferevent_struct.rs and src/abi/headers/bufferevent_struct.h.in by `make headers`: edit those. */
#ifndef EVENT2_BUFFEREVENT_STRUCT_H_INCLUDED_
#define EVENT2_BUFFEREVENT_STRUCT_H_INCLUDED_

/*
 * event2/bufferevent_struct.h: the public part of struct bufferevent, for programs of libevent 1
 * that look into it. There is a function for everything that can be done with it.
 */

#include <event2/event-config.h>

#include <sys/time.h>
#include <sys/types.h>

#include <event2/bufferevent.h>
#include <event2/event_struct.h>
#include <event2/util.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent_ops;
struct evbuffer;
struct event_base;

/** Two limits on the length of a buffer; bufferevent_setwatermark() says what they do. */
struct event_watermark {
    size_t low;
    /** 0 for none. */
    size_t high;
};

/**
 * A bufferevent's public part, behind which lies more: never make or copy one. Functions tell and
 * change everything in it; the members are here for old programs.
 */
struct bufferevent {
    /** Where it runs. */
    struct event_base *ev_base;
    /** What kind it is. */
    const struct bufferevent_ops *be_ops;
    /** Of sockets: waits for readability. Of others: the timeout of reading. */
    struct event ev_read;
    /** Of sockets: waits for writability. Of others: the timeout of writing. */
    struct event ev_write;
    /** The program takes from its start. */
    struct evbuffer *input;
    /** The program adds to its end. */
    struct evbuffer *output;
    struct event_watermark wm_read;
    struct event_watermark wm_write;
    bufferevent_data_cb readcb;
    bufferevent_data_cb writecb;
    /** The event callback. */
    bufferevent_event_cb errorcb;
    /** The last argument of all three. */
    void *cbarg;
    /** All zero for none. */
    struct timeval timeout_read;
    /** All zero for none. */
    struct timeval timeout_write;
    /** EV_READ, EV_WRITE or both. */
    short enabled;
};

#ifdef __cplusplus
}
#endif

#endif
