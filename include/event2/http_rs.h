/* Made from src/ctypes/http_rs.rs, src/abi/http_rs.rs and src/abi/headers/http_rs.h.in by `make headers`: edit those. */
#ifndef EVENT2_HTTP_RS_H_INCLUDED_
#define EVENT2_HTTP_RS_H_INCLUDED_

/*
 * event2/http_rs.h: what libevent_rs adds to HTTP. Neither libevent 2.1 nor 2.2 has it.
 */

#include <event2/event-config.h>
#include <event2/util.h>
#include <event2/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

struct evhttp;
struct evhttp_connection;
struct evhttp_request;
struct evkeyvalq;

/** What evhttp_set_limit() and evhttp_connection_set_limit() limit. */
enum evhttp_limit {
    /**
     * The milliseconds from the first byte of a request to the end of its headers, or the timeout of
     * the connection if that is longer; then the connection is closed. The default is 60,000.
     */
    EVHTTP_LIMIT_HEAD_TIME = 1,
    /**
     * The milliseconds that a request's body may make no progress, or the timeout of the connection if
     * that is longer; then the connection is closed. 300,000.
     */
    EVHTTP_LIMIT_BODY_TIME = 2,
    /**
     * The milliseconds that a server waits after the last reply for a client that still sends, so that
     * it can read the reply. 2,000.
     */
    EVHTTP_LIMIT_LINGER_TIME = 3,
    /** The bytes that a server drops meanwhile. 65,536. */
    EVHTTP_LIMIT_LINGER_SIZE = 4,
    /**
     * The lines of a head, or of the trailer of a chunked body. A request that exceeds it gets an error
     * (431). Where evhttp_set_max_headers_size() sets no limit, there is none on lines, either. 2,000.
     */
    EVHTTP_LIMIT_HEADERS = 5,
    /** The empty lines in front of a request. A client that exceeds it gets an error (400). 8. */
    EVHTTP_LIMIT_BLANK_LINES = 6,
    /**
     * The bytes of chunk extensions in one body. A request that exceeds it gets an error (400). 16,384.
     */
    EVHTTP_LIMIT_CHUNK_EXTENSIONS = 7,
    /**
     * The bytes that are read while a request is being answered; no more is read until the reply is
     * sent. 65,536.
     */
    EVHTTP_LIMIT_INPUT_AHEAD = 8,
    /**
     * The bytes of a reply in pieces that may wait to be sent when evhttp_send_reply_chunk() adds some;
     * if there are more, the connection is closed. No limit.
     */
    EVHTTP_LIMIT_OUTPUT = 9,
    /** Of a client: the replies 1xx that it skips before it fails the request. 16. */
    EVHTTP_LIMIT_INTERIM_REPLIES = 10,
    /**
     * The bytes of a WebSocket message, in sessions to come; a larger one closes the session with status
     * 1009. 10,485,760.
     */
    EVHTTP_LIMIT_WS_MESSAGE = 11,
    /**
     * The frames of a WebSocket message, in sessions to come; more close the session with status 1009.
     * 131,072.
     */
    EVHTTP_LIMIT_WS_FRAGMENTS = 12
};

/**
 * Sets a limit of a server, which applies to its connections from now on, unless the limit's
 * description says otherwise. Virtual hosts have the limits of the server with the sockets.
 *
 * @param http the server
 * @param limit which limit
 * @param value milliseconds, or how many; a negative number is no limit
 * @return 0; -1 if there is no such limit. New in libevent_rs
 */
EVENT2_EXPORT_SYMBOL
int evhttp_set_limit(struct evhttp *http,
                     enum evhttp_limit limit,
                     int64_t value);

/**
 * Returns a limit of a server.
 *
 * @return milliseconds, or how many; -1 for no limit, and if there is no such limit. New in
 *   libevent_rs
 */
EVENT2_EXPORT_SYMBOL
int64_t evhttp_get_limit(struct evhttp *http, enum evhttp_limit limit);

/**
 * Sets a limit of a client. Connections of servers have the limits of their server.
 *
 * @param evcon the client
 * @param limit which limit
 * @param value milliseconds, or how many; a negative number is no limit
 * @return 0; -1 if there is no such limit, and for a connection of a server. New in libevent_rs
 */
EVENT2_EXPORT_SYMBOL
int evhttp_connection_set_limit(struct evhttp_connection *evcon,
                                enum evhttp_limit limit,
                                int64_t value);

/**
 * Returns the headers that were received after a chunked body (its trailer). They are not among
 * those of evhttp_request_get_input_headers(), because the sender of a body may not be trusted to
 * set headers.
 *
 * @param req the request
 * @return the list, which belongs to the request; it is empty where there are none, and before the
 *   whole body has arrived. New in libevent_rs
 */
EVENT2_EXPORT_SYMBOL
struct evkeyvalq *evhttp_request_get_trailers(struct evhttp_request *req);

#ifdef __cplusplus
}
#endif

#endif
