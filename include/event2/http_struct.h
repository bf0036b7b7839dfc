/* Made from src/ctypes/http_struct.rs and src/abi/headers/http_struct.h.in by `make headers`: edit those. */
#ifndef EVENT2_HTTP_STRUCT_H_INCLUDED_
#define EVENT2_HTTP_STRUCT_H_INCLUDED_

/*
 * event2/http_struct.h: the members of struct evhttp_request. There is a function in event2/http.h
 * for most of what can be done with them.
 */

#include <event2/event-config.h>
#include <event2/http.h>
#include <event2/util.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The connection was made for this request and ends with it. */
#define EVHTTP_REQ_OWN_CONNECTION 0x0001
/** The request's target names another host: it is meant for a proxy. */
#define EVHTTP_PROXY_REQUEST 0x0002
/** The program frees the request; see evhttp_request_own(). */
#define EVHTTP_USER_OWNED 0x0004
/** The library is using the request: freeing it has to wait. */
#define EVHTTP_REQ_DEFER_FREE 0x0008
/** The request was freed and waits for the library. */
#define EVHTTP_REQ_NEEDS_FREE 0x0010

/** A request, or a reply to one. More lies behind what is declared here: never make or copy one. */
struct evhttp_request {
#if defined(TAILQ_ENTRY)
    TAILQ_ENTRY(evhttp_request) next;
#else
    struct {
        struct evhttp_request *tqe_next;
        struct evhttp_request **tqe_prev;
    } next;
#endif

    /** The connection; NULL if it no longer exists or never did. */
    struct evhttp_connection *evcon;
    /** EVHTTP_REQ_* and the like, above. */
    int flags;

    struct evkeyvalq *input_headers;
    struct evkeyvalq *output_headers;

    /** The numeric address of the peer, and its port. */
    char *remote_host;
    ev_uint16_t remote_port;

    /** What evhttp_request_get_host() has found. */
    char *host_cache;

    enum evhttp_request_kind kind;
    enum evhttp_cmd_type type;

    size_t headers_size;
    size_t body_size;

    /** The request's target as it was sent, and taken apart. */
    char *uri;
    struct evhttp_uri *uri_elems;

    /** The version of HTTP. */
    char major;
    char minor;

    /** The reply's status and reason. */
    int response_code;
    char *response_code_line;

    /** The body that is received. */
    struct evbuffer *input_buffer;
    ev_int64_t ntoread;
    unsigned chunked:1, userdone:1;

    /** The body that is sent. */
    struct evbuffer *output_buffer;

    /** Called when the request, or the reply to it, is complete. */
    void (*cb)(struct evhttp_request *, void *);
    /** The argument of all callbacks but on_complete_cb. */
    void *cb_arg;

    /** See evhttp_request_set_chunked_cb(). */
    void (*chunk_cb)(struct evhttp_request *, void *);

    /** See evhttp_request_set_header_cb(). */
    int (*header_cb)(struct evhttp_request *, void *);

    /** See evhttp_request_set_error_cb(). */
    void (*error_cb)(enum evhttp_request_error, void *);

    /** See evhttp_request_set_on_complete_cb(). */
    void (*on_complete_cb)(struct evhttp_request *, void *);
    void *on_complete_cb_arg;
};

#ifdef __cplusplus
}
#endif

#endif
