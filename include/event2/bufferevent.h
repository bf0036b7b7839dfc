/* Made from src/ctypes/bufferevent.rs, src/abi/bufferevent.rs and src/abi/headers/bufferevent.h.in by `make headers`: edit those. */
#ifndef EVENT2_BUFFEREVENT_H_INCLUDED_
#define EVENT2_BUFFEREVENT_H_INCLUDED_

/*
 * event2/bufferevent.h: buffered input and output.
 *
 * A bufferevent has an input buffer, from which the program takes, and an output buffer, to which
 * it adds. The bufferevent fills the one and drains the other by itself: from and to a socket, its
 * partner in a pair, or a bufferevent below it whose data it filters. Callbacks tell the program
 * that there is input, that output is gone, and of the end, errors and timeouts.
 *
 * A bufferevent is used by one thread at a time unless BEV_OPT_THREADSAFE is set.
 */

#include <event2/event-config.h>
#include <event2/visibility.h>

#include <sys/time.h>
#include <sys/types.h>

#include <event2/util.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;
struct evbuffer;
struct evdns_base;
struct event_base;
struct sockaddr;

/** A limit on how fast bytes are moved; see ev_token_bucket_cfg_new(). */
struct ev_token_bucket_cfg;
/** Bufferevents that share a rate limit; see bufferevent_rate_limit_group_new(). */
struct bufferevent_rate_limit_group;

/** The largest rate, and the largest burst, of ev_token_bucket_cfg_new(). */
#define EV_RATE_LIMIT_MAX EV_SSIZE_MAX

/** Flag of an event: it occurred while reading. */
#define BEV_EVENT_READING 0x01
/** Flag of an event: it occurred while writing. */
#define BEV_EVENT_WRITING 0x02
/** Event: the end of the input was reached. */
#define BEV_EVENT_EOF 0x10
/** Event: an error; see EVUTIL_SOCKET_ERROR(). */
#define BEV_EVENT_ERROR 0x20
/** Event: a timeout of bufferevent_set_timeouts() has expired. */
#define BEV_EVENT_TIMEOUT 0x40
/** Event: the connection of bufferevent_socket_connect() is established. */
#define BEV_EVENT_CONNECTED 0x80

/** The result of a filter function. */
enum bufferevent_filter_result {
    /** Something was moved. */
    BEV_OK = 0,
    /** The source does not have enough data yet. */
    BEV_NEED_MORE = 1,
    /** No more data can be filtered. */
    BEV_ERROR = 2
};

/** How thorough bufferevent_flush() is. */
enum bufferevent_flush_mode {
    /** Process data as usual. */
    BEV_NORMAL = 0,
    /** Hold back no data that can be moved. */
    BEV_FLUSH = 1,
    /** There will be no more data. */
    BEV_FINISHED = 2
};

/**
 * Moves bytes from one buffer to another, transforming them on the way.
 *
 * @param src takes from its start what it can use
 * @param dst adds to its end
 * @param dst_limit the most to add, or -1 for any amount
 * @param mode how thorough to be: with BEV_FLUSH and BEV_FINISHED nothing should be kept back
 * @param ctx the argument given to bufferevent_filter_new()
 * @return BEV_OK if something was moved, BEV_NEED_MORE if src has too little, BEV_ERROR
 */
typedef enum bufferevent_filter_result (*bufferevent_filter_cb)(struct evbuffer *src,
                                                                struct evbuffer *dst,
                                                                ev_ssize_t dst_limit,
                                                                enum bufferevent_flush_mode mode,
                                                                void *ctx);

/**
 * Called when there is input to read, or when output has been written.
 *
 * @param bev the bufferevent, which the callback may free
 * @param ctx the argument given to bufferevent_setcb()
 */
typedef void (*bufferevent_data_cb)(struct bufferevent *bev, void *ctx);

/**
 * Called for an event: the end of the input, an error, a timeout, or a connection.
 *
 * @param bev the bufferevent, which the callback may free
 * @param what BEV_EVENT_* flags: one event, and with the first three BEV_EVENT_READING or
 *   BEV_EVENT_WRITING
 * @param ctx the argument given to bufferevent_setcb()
 */
typedef void (*bufferevent_event_cb)(struct bufferevent *bev, short what, void *ctx);

/** Options of a bufferevent. */
enum bufferevent_options {
    /** The descriptor, or the underlying bufferevent of a filter, is closed or freed with it. */
    BEV_OPT_CLOSE_ON_FREE = 0x01,
    /** Several threads may use it; evthread_use_pthreads() must have been called first. */
    BEV_OPT_THREADSAFE = 0x02,
    /** Callbacks are called from the loop, and never from within another function. */
    BEV_OPT_DEFER_CALLBACKS = 0x04,
    /** Callbacks are called without the lock being held; needs BEV_OPT_DEFER_CALLBACKS. */
    BEV_OPT_UNLOCK_CALLBACKS = 0x08
};

/** Options of bufferevent_trigger() and bufferevent_trigger_event(). */
enum bufferevent_trigger_options {
    /** The callbacks are called whatever the low watermarks say. */
    BEV_TRIG_IGNORE_WATERMARKS = 0x10000,
    /** The callbacks are called from the loop. */
    BEV_TRIG_DEFER_CALLBACKS = 0x04
};

/**
 * Makes a bufferevent on a socket.
 *
 * Its write callback can be called at once; for reading it has to be enabled.
 *
 * @param base the base that it runs in
 * @param fd a non-blocking socket, or -1 if bufferevent_setfd() or bufferevent_socket_connect()
 *   will give it one
 * @param options BEV_OPT_* flags
 * @return the bufferevent, to be freed with bufferevent_free(); NULL without memory or for
 *   options that are not possible
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_socket_new(struct event_base *base,
                                           evutil_socket_t fd,
                                           int options);

/**
 * Connects a socket bufferevent.
 *
 * If it has no socket, one is made. The event callback gets the result: BEV_EVENT_CONNECTED or
 * BEV_EVENT_ERROR. Output may be added before that.
 *
 * @param bufev the bufferevent
 * @param addr the address; NULL if the bufferevent's socket is being connected already
 * @param socklen the length of the address
 * @return 0 if connecting has begun; -1 if it could not
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_socket_connect(struct bufferevent *bufev,
                               const struct sockaddr *addr,
                               int socklen);

/**
 * Looks up a host and connects a socket bufferevent to it, as bufferevent_socket_connect() does.
 *
 * Without a resolver the lookup blocks. If the host is not found, the event callback gets
 * BEV_EVENT_ERROR, and bufferevent_socket_get_dns_error() returns the reason.
 *
 * @param bufev the bufferevent
 * @param evdns_base the resolver, or NULL
 * @param family AF_INET, AF_INET6, or AF_UNSPEC for either
 * @param hostname a name or a numeric address
 * @param port the port, from 1 to 65535
 * @return 0 if the lookup has begun or has finished; -1 if it could not be begun
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_socket_connect_hostname(struct bufferevent *bufev,
                                        struct evdns_base *evdns_base,
                                        int family,
                                        const char *hostname,
                                        int port);

/**
 * Like bufferevent_socket_connect_hostname(), with hints for the lookup.
 *
 * @param bufev the bufferevent
 * @param evdns_base the resolver, or NULL
 * @param hints_in what evutil_getaddrinfo() takes
 * @param hostname a name or a numeric address
 * @param port the port, from 1 to 65535
 * @return 0 if the lookup has begun or has finished; -1 if it could not be begun
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_socket_connect_hostname_hints(struct bufferevent *bufev,
                                              struct evdns_base *evdns_base,
                                              const struct evutil_addrinfo *hints_in,
                                              const char *hostname,
                                              int port);

/**
 * Returns the result of the last lookup of bufferevent_socket_connect_hostname().
 *
 * @return 0, or an EVUTIL_EAI_* code, which evutil_gai_strerror() explains
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_socket_get_dns_error(struct bufferevent *bev);

/**
 * Gives a socket bufferevent another descriptor, or -1 for none. The old one is not closed. What is left
 * in the buffers stays; until the bufferevent reads and writes, the program may change both at both ends,
 * to drain what was meant for the former connection.
 *
 * @param bufev the bufferevent; for filters, the underlying one is changed
 * @param fd a non-blocking socket, or -1
 * @return 0 on success; -1 if it can't be waited for, and then the old one remains, or if there
 *   is no socket bufferevent
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_setfd(struct bufferevent *bufev,
                      evutil_socket_t fd);

/**
 * Gives a socket bufferevent another descriptor, or -1 for none, and closes the old one.
 *
 * @param bufev the bufferevent; for filters, the underlying one is changed
 * @param fd a non-blocking socket, or -1
 * @return 0 on success; -1 if it can't be waited for, and then the old one remains, or if there
 *   is no socket bufferevent
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_replacefd(struct bufferevent *bufev, evutil_socket_t fd);

/**
 * Returns the descriptor of a bufferevent; for a filter, that of the underlying one.
 *
 * @return the descriptor, or -1 if there is none
 */
EVENT2_EXPORT_SYMBOL
evutil_socket_t bufferevent_getfd(struct bufferevent *bufev);

/**
 * Returns the underlying bufferevent of a filter.
 *
 * @return the bufferevent; NULL if bufev is not a filter
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_get_underlying(struct bufferevent *bufev);

/**
 * Makes a bufferevent on top of another one, whose input and output pass through two functions.
 *
 * From now on the filter uses the callbacks of the underlying bufferevent. With
 * BEV_OPT_CLOSE_ON_FREE the underlying one is freed with the filter.
 *
 * @param underlying the underlying bufferevent
 * @param input_filter moves the underlying one's input to the new one's; NULL passes everything on
 *   unchanged
 * @param output_filter moves the new one's output to the underlying one's; NULL passes everything
 *   on unchanged
 * @param options BEV_OPT_* flags
 * @param free_context called with ctx when the filter is freed, or NULL
 * @param ctx the last argument of the functions
 * @return the bufferevent, to be freed with bufferevent_free(); NULL on failure
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_filter_new(struct bufferevent *underlying,
                                           bufferevent_filter_cb input_filter,
                                           bufferevent_filter_cb output_filter,
                                           int options,
                                           void (*free_context)(void *),
                                           void *ctx);

/**
 * Makes two bufferevents that are connected to each other: what is written to one is read from the
 * other. Their callbacks are always deferred.
 *
 * @param base the base that they run in
 * @param options BEV_OPT_* flags
 * @param pair where to store the two
 * @return 0 on success; -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_pair_new(struct event_base *base,
                         int options,
                         struct bufferevent **pair);

/**
 * Returns the other bufferevent of a pair.
 *
 * @return the bufferevent; NULL if it has been freed, or bev is not one of a pair
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_pair_get_partner(struct bufferevent *bev);

/**
 * Gives a socket bufferevent another base, which must be done before it waits for anything.
 *
 * @param base the base
 * @param bufev the bufferevent
 * @return 0 on success; -1 if it isn't on a socket, or waits for something
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_base_set(struct event_base *base, struct bufferevent *bufev);

/** Returns the base of a bufferevent. */
EVENT2_EXPORT_SYMBOL
struct event_base *bufferevent_get_base(struct bufferevent *bev);

/**
 * Sets the priority of the events and callbacks of a bufferevent on a socket or with TLS, as
 * event_priority_set() does for an event.
 *
 * @param bufev the bufferevent
 * @param pri the priority
 * @return 0 on success; -1 for another kind of bufferevent, if its events are active, or if there
 *   is no such priority
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_priority_set(struct bufferevent *bufev, int pri);

/**
 * Returns the priority of a bufferevent.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_get_priority(const struct bufferevent *bufev);

/**
 * Frees a bufferevent, and closes its descriptor if BEV_OPT_CLOSE_ON_FREE is set. Output that has
 * not been written is lost. None of its callbacks is called any more.
 *
 * It is destroyed when nothing uses it any more, usually in the next loop iteration.
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_free(struct bufferevent *bufev);

/**
 * Locks a bufferevent and takes a reference. Buffers of the bufferevent are locked with it.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_lock(struct bufferevent *bufev);

/**
 * Undoes bufferevent_lock().
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_unlock(struct bufferevent *bufev);

/**
 * Takes a reference: the bufferevent is not freed until bufferevent_decref() is called.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_incref(struct bufferevent *bufev);

/**
 * Releases a reference.
 *
 * @return 1 if it was the last one and the bufferevent is freed, 0 otherwise
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_decref(struct bufferevent *bufev);

/**
 * Sets the callbacks of a bufferevent.
 *
 * @param bufev the bufferevent
 * @param readcb called when the input has grown and has at least its low watermark, or NULL
 * @param writecb called when output was written and at most its low watermark is left, or NULL
 * @param eventcb called for events, or NULL
 * @param cbarg the last argument of all three
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_setcb(struct bufferevent *bufev,
                       bufferevent_data_cb readcb,
                       bufferevent_data_cb writecb,
                       bufferevent_event_cb eventcb,
                       void *cbarg);

/**
 * Gets the callbacks of a bufferevent.
 *
 * @param bufev the bufferevent
 * @param readcb_ptr where to store the read callback, or NULL
 * @param writecb_ptr where to store the write callback, or NULL
 * @param eventcb_ptr where to store the event callback, or NULL
 * @param cbarg_ptr where to store their argument, or NULL
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_getcb(struct bufferevent *bufev,
                       bufferevent_data_cb *readcb_ptr,
                       bufferevent_data_cb *writecb_ptr,
                       bufferevent_event_cb *eventcb_ptr,
                       void **cbarg_ptr);

/**
 * Calls the read callback, the write callback or both, as if data had been read or written.
 *
 * @param bufev the bufferevent
 * @param iotype EV_READ, EV_WRITE or both
 * @param options BEV_TRIG_* flags
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_trigger(struct bufferevent *bufev, short iotype, int options);

/**
 * Calls the event callback.
 *
 * @param bufev the bufferevent
 * @param what BEV_EVENT_* flags
 * @param options 0 or BEV_TRIG_DEFER_CALLBACKS
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_trigger_event(struct bufferevent *bufev,
                               short what,
                               int options);

/**
 * Adds bytes to the output, which is written when the descriptor takes it.
 *
 * @param bufev the bufferevent
 * @param data the bytes, which are copied
 * @param size their number
 * @return 0 on success; -1 without memory
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_write(struct bufferevent *bufev,
                      const void *data,
                      size_t size);

/**
 * Moves everything in a buffer to the output, without copying.
 *
 * @param bufev the bufferevent
 * @param buf the buffer, which is empty afterwards
 * @return 0 on success; -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_write_buffer(struct bufferevent *bufev, struct evbuffer *buf);

/**
 * Removes bytes from the input.
 *
 * @param bufev the bufferevent
 * @param data where to put them
 * @param size the most to take
 * @return how many were taken
 */
EVENT2_EXPORT_SYMBOL
size_t bufferevent_read(struct bufferevent *bufev, void *data, size_t size);

/**
 * Moves the whole input to a buffer, without copying.
 *
 * @param bufev the bufferevent
 * @param buf the buffer
 * @return 0 on success; -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_read_buffer(struct bufferevent *bufev, struct evbuffer *buf);

/** Returns the input: bytes may be removed from its start, but not added to its end. */
EVENT2_EXPORT_SYMBOL
struct evbuffer *bufferevent_get_input(struct bufferevent *bufev);

/** Returns the output: bytes may be added to its end, but not removed from its start. */
EVENT2_EXPORT_SYMBOL
struct evbuffer *bufferevent_get_output(struct bufferevent *bufev);

/**
 * Makes a bufferevent move as much data as it can, whether or not the direction is enabled. A filter
 * ignores the watermarks; a pair stops at the reader's high watermark, or moves data beyond it if
 * it has been reached already. It has no effect on sockets.
 *
 * @param bufev the bufferevent
 * @param iotype EV_READ, EV_WRITE or both
 * @param mode BEV_NORMAL, BEV_FLUSH, or BEV_FINISHED
 * @return 1 if a filter moved something, 0 in other cases, -1 if it is not possible
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_flush(struct bufferevent *bufev,
                      short iotype,
                      enum bufferevent_flush_mode mode);

/**
 * Enables reading, writing or both. The timeout of what is enabled already is restarted.
 *
 * @param bufev the bufferevent
 * @param event EV_READ, EV_WRITE or both
 * @return 0 on success; -1, with nothing enabled, if the descriptor can't be waited for
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_enable(struct bufferevent *bufev, short event);

/**
 * Disables reading, writing or both: nothing is read or written, and no timeout runs. The buffers
 * keep what they have.
 *
 * @param bufev the bufferevent
 * @param event EV_READ, EV_WRITE or both
 * @return 0 on success; -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_disable(struct bufferevent *bufev, short event);

/** Returns what is enabled: EV_READ, EV_WRITE, both or 0. */
EVENT2_EXPORT_SYMBOL
short bufferevent_get_enabled(struct bufferevent *bufev);

/**
 * Sets the timeouts of a bufferevent.
 *
 * A timeout runs while its direction is enabled and waits only for the descriptor; every read or
 * write restarts it. When it expires, the direction is disabled and the event callback gets
 * BEV_EVENT_TIMEOUT.
 *
 * @param bufev the bufferevent
 * @param timeout_read the timeout of reading, or NULL for none
 * @param timeout_write the timeout of writing, or NULL for none
 * @return 0 on success; -1 without memory
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_timeouts(struct bufferevent *bufev,
                             const struct timeval *timeout_read,
                             const struct timeval *timeout_write);

/**
 * Sets the watermarks of a bufferevent.
 *
 * The read callback is called when the input has at least its low watermark; at its high watermark
 * reading stops until something is removed. The write callback is called when the output has at
 * most its low watermark; filters on top of it keep its output to its high watermark.
 *
 * @param bufev the bufferevent
 * @param events EV_READ for the input, EV_WRITE for the output, or both
 * @param lowmark the low watermark
 * @param highmark the high watermark; 0 for none
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_setwatermark(struct bufferevent *bufev,
                              short events,
                              size_t lowmark,
                              size_t highmark);

/**
 * Gets the watermarks of the input or of the output.
 *
 * @param bufev the bufferevent
 * @param events EV_READ or EV_WRITE
 * @param lowmark where to store the low watermark, or NULL
 * @param highmark where to store the high watermark, or NULL
 * @return 0 on success; -1 if events is anything else
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_getwatermark(struct bufferevent *bufev,
                             short events,
                             size_t *lowmark,
                             size_t *highmark);

/**
 * Sets the largest number of bytes read at once. The default is 16384.
 *
 * @param bev the bufferevent
 * @param size the bytes; 0, and more than EV_SSIZE_MAX, for 16384
 * @return 0
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_max_single_read(struct bufferevent *bev, size_t size);

/**
 * Sets the largest number of bytes written at once. The default is 16384.
 *
 * @param bev the bufferevent
 * @param size the bytes; 0, and more than EV_SSIZE_MAX, for 16384
 * @return 0
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_max_single_write(struct bufferevent *bev, size_t size);

/**
 * Returns the largest number of bytes read at once.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_single_read(struct bufferevent *bev);

/**
 * Returns the largest number of bytes written at once.
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_single_write(struct bufferevent *bev);

/**
 * Describes a rate limit. Bytes are counted per tick: each tick allows for as many as the rate
 * says, and what is not used can be used later, up to the burst.
 *
 * @param read_rate bytes read per tick, from 1 on
 * @param read_burst the most bytes read in one tick: from the rate to EV_RATE_LIMIT_MAX
 * @param write_rate bytes written per tick, from 1 on
 * @param write_burst the most bytes written in one tick: from the rate to EV_RATE_LIMIT_MAX
 * @param tick_len how long a tick is, in whole milliseconds and at least one; NULL for a second
 * @return the description, to be freed by ev_token_bucket_cfg_free(); NULL for other numbers and
 *   without memory
 */
EVENT2_EXPORT_SYMBOL
struct ev_token_bucket_cfg *ev_token_bucket_cfg_new(size_t read_rate,
                                                    size_t read_burst,
                                                    size_t write_rate,
                                                    size_t write_burst,
                                                    const struct timeval *tick_len);

/** Frees a description. No bufferevent may have it as its limit any more; groups may. */
EVENT2_EXPORT_SYMBOL
void ev_token_bucket_cfg_free(struct ev_token_bucket_cfg *cfg);

/**
 * Limits how fast a bufferevent reads and writes, or removes that limit. Bufferevents on sockets
 * and those with TLS honour it. A changed limit keeps the tokens left from the previous one.
 *
 * @param bev the bufferevent
 * @param cfg the limit, which must remain valid until the bufferevent gets another one or is
 *   freed; NULL for none
 * @return 0; -1 without memory or without a base
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_set_rate_limit(struct bufferevent *bev,
                               struct ev_token_bucket_cfg *cfg);

/**
 * Makes a group, whose members share a rate limit.
 *
 * @param base the base whose loop keeps time for the group; members may have other bases
 * @param cfg the limit, of which the group makes a copy
 * @return the group, to be freed by bufferevent_rate_limit_group_free(); NULL without memory
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent_rate_limit_group *bufferevent_rate_limit_group_new(struct event_base *base,
                                                                      const struct ev_token_bucket_cfg *cfg);

/**
 * Changes the limit of a group.
 *
 * @param group the group
 * @param cfg the new limit, of which the group makes a copy
 * @return 0; -1 for NULL or without memory
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_set_cfg(struct bufferevent_rate_limit_group *group,
                                         const struct ev_token_bucket_cfg *cfg);

/**
 * Sets the least that a member of a group may move at once, so that many members on a narrow
 * limit don't send tiny packets: 64 bytes unless set otherwise, and never more than a tick
 * allows for.
 *
 * @param group the group
 * @param size the bytes, at most EV_RATE_LIMIT_MAX
 * @return 0; -1 for more than that
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_set_min_share(struct bufferevent_rate_limit_group *group,
                                               size_t size);

/** Frees a group. The remaining members continue without its limit. */
EVENT2_EXPORT_SYMBOL
void bufferevent_rate_limit_group_free(struct bufferevent_rate_limit_group *group);

/**
 * Makes a bufferevent a member of a group, removing it from any other. It can also have a limit of
 * its own.
 *
 * @param bev the bufferevent
 * @param group the group; NULL for none
 * @return 0; -1 without memory
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_add_to_rate_limit_group(struct bufferevent *bev,
                                        struct bufferevent_rate_limit_group *group);

/**
 * Removes a bufferevent from its group, if it is in one.
 *
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_remove_from_rate_limit_group(struct bufferevent *bev);

/**
 * Returns how many bytes a bufferevent's own limit lets it read before the next tick. The number
 * is negative if it has read more than the limit.
 *
 * @return the bytes; EV_SSIZE_MAX without such a limit
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_read_limit(struct bufferevent *bev);

/**
 * Returns how many bytes a bufferevent's own limit lets it write before the next tick. The number
 * is negative if it has written more than the limit.
 *
 * @return the bytes; EV_SSIZE_MAX without such a limit
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_write_limit(struct bufferevent *bev);

/**
 * Returns how many bytes a bufferevent would read at once now, given its limit, its group's and
 * bufferevent_set_max_single_read().
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_to_read(struct bufferevent *bev);

/**
 * Returns how many bytes a bufferevent would write at once now, given its limit, its group's and
 * bufferevent_set_max_single_write().
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_get_max_to_write(struct bufferevent *bev);

/**
 * Returns the limit given to bufferevent_set_rate_limit().
 *
 * @return the description; NULL if there is no limit
 *
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
const struct ev_token_bucket_cfg *bufferevent_get_token_bucket_cfg(const struct bufferevent *bev);

/**
 * Returns how many bytes the limit of a group lets its members read before the next tick. The
 * number is negative if they have read more than the limit.
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_rate_limit_group_get_read_limit(struct bufferevent_rate_limit_group *group);

/**
 * Returns how many bytes the limit of a group lets its members write before the next tick. The
 * number is negative if they have written more than the limit.
 */
EVENT2_EXPORT_SYMBOL
ev_ssize_t bufferevent_rate_limit_group_get_write_limit(struct bufferevent_rate_limit_group *group);

/**
 * Counts bytes against a bufferevent's own read limit as if it had read them, and suspends or
 * resumes reading accordingly. Its group is not affected.
 *
 * @param bev the bufferevent
 * @param decr the number of bytes; negative to allow more
 * @return 0; -1 if it has no limit of its own
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_decrement_read_limit(struct bufferevent *bev, ev_ssize_t decr);

/**
 * Counts bytes against a bufferevent's own write limit as if it had written them; see
 * bufferevent_decrement_read_limit().
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_decrement_write_limit(struct bufferevent *bev,
                                      ev_ssize_t decr);

/**
 * Counts bytes against the read limit of a group as if its members had read them, and suspends or
 * resumes reading accordingly. The totals are not affected.
 *
 * @param group the group
 * @param decr the number of bytes; negative to allow more
 * @return 0; -1 for NULL
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_decrement_read(struct bufferevent_rate_limit_group *group,
                                                ev_ssize_t decr);

/**
 * Counts bytes against the write limit of a group as if its members had written them; see
 * bufferevent_rate_limit_group_decrement_read().
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_rate_limit_group_decrement_write(struct bufferevent_rate_limit_group *group,
                                                 ev_ssize_t decr);

/**
 * Returns how many bytes the members of a group have read and written while they were members.
 *
 * @param group the group
 * @param total_read_out where to store how many were read, or NULL
 * @param total_written_out where to store how many were written, or NULL
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_rate_limit_group_get_totals(struct bufferevent_rate_limit_group *group,
                                             uint64_t *total_read_out,
                                             uint64_t *total_written_out);

/** Resets the totals of bufferevent_rate_limit_group_get_totals() to zero. */
EVENT2_EXPORT_SYMBOL
void bufferevent_rate_limit_group_reset_totals(struct bufferevent_rate_limit_group *group);

#ifdef __cplusplus
}
#endif

#endif
