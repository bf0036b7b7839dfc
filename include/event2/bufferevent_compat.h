/* Made from src/abi/bufferevent_compat.rs and src/abi/headers/bufferevent_compat.h.in by `make headers`: edit those. */
#ifndef EVENT2_BUFFEREVENT_COMPAT_H_INCLUDED_
#define EVENT2_BUFFEREVENT_COMPAT_H_INCLUDED_

/*
 * event2/bufferevent_compat.h: functions and names of libevent 1 for bufferevents.
 */

#include <event2/event-config.h>
#include <event2/visibility.h>

#include <event2/bufferevent.h>
#include <event2/util.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Names of the types of callbacks. */
#define evbuffercb bufferevent_data_cb
#define everrorcb bufferevent_event_cb

/**
 * Makes a bufferevent on a socket, for the current base: the last one that event_init() made.
 * bufferevent_socket_new() says which base it means.
 *
 * @param fd a non-blocking socket, or -1
 * @param readcb called when there is input, or NULL
 * @param writecb called when output was written, or NULL
 * @param errorcb called for events, or NULL
 * @param cbarg the last argument of all three
 * @return the bufferevent, to be freed with bufferevent_free(); NULL without memory
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_new(evutil_socket_t fd,
                                    bufferevent_data_cb readcb,
                                    bufferevent_data_cb writecb,
                                    bufferevent_event_cb errorcb,
                                    void *cbarg);

/**
 * Sets the timeouts of a bufferevent in seconds; bufferevent_set_timeouts() is finer.
 *
 * @param bufev the bufferevent
 * @param timeout_read the timeout of reading, or 0 for none
 * @param timeout_write the timeout of writing, or 0 for none
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_settimeout(struct bufferevent *bufev,
                            int timeout_read,
                            int timeout_write);

/* What event callbacks are told. */
#define EVBUFFER_READ BEV_EVENT_READING
#define EVBUFFER_WRITE BEV_EVENT_WRITING
#define EVBUFFER_EOF BEV_EVENT_EOF
#define EVBUFFER_ERROR BEV_EVENT_ERROR
#define EVBUFFER_TIMEOUT BEV_EVENT_TIMEOUT

/* The buffers of a bufferevent. */
#define EVBUFFER_INPUT(x) bufferevent_get_input(x)
#define EVBUFFER_OUTPUT(x) bufferevent_get_output(x)

#ifdef __cplusplus
}
#endif

#endif
