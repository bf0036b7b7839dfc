/* Made from src/ctypes/rpc_struct.rs and src/abi/headers/rpc_struct.h.in by `make headers`: edit those. */
#ifndef EVENT2_RPC_STRUCT_H_INCLUDED_
#define EVENT2_RPC_STRUCT_H_INCLUDED_

/*
 * event2/rpc_struct.h: how a call ended, and the description of a procedure.
 */

#include <event2/event-config.h>

#ifdef __cplusplus
extern "C" {
#endif

struct evbuffer;
struct evhttp_request;
struct evrpc_base;
struct evrpc_req_generic;

/* Links of lists, for where <sys/queue.h> has not been included. */
#ifndef TAILQ_ENTRY
#define EVENT_DEFINED_TQENTRY_
#define EVENT_RPC_TQENTRY_
#define TAILQ_ENTRY(type)        \
    struct {                     \
        struct type *tqe_next;   \
        struct type **tqe_prev;  \
    }
#endif

/** The reply is there. */
#define EVRPC_STATUS_ERR_NONE 0
/** No reply came, in time or at all. */
#define EVRPC_STATUS_ERR_TIMEOUT 1
/** What came is no reply: a status other than success, or a body that is no complete message. */
#define EVRPC_STATUS_ERR_BADPAYLOAD 2
/** The request was not sent: a hook ended it, or memory ran out. */
#define EVRPC_STATUS_ERR_UNSTARTED 3
/** A hook did not let the reply pass. */
#define EVRPC_STATUS_ERR_HOOKABORTED 4

/**
 * A procedure that a server offers: how its messages are made, read, written and freed.
 * evrpc_register_generic() fills it in.
 */
struct evrpc {
    TAILQ_ENTRY(evrpc) next;
    /** The name of the procedure, a block of libevent's memory that is freed with the struct. */
    const char *uri;
    void *(*request_new)(void *);
    void *request_new_arg;
    void (*request_free)(void *);
    int (*request_unmarshal)(void *, struct evbuffer *);
    void *(*reply_new)(void *);
    void *reply_new_arg;
    void (*reply_free)(void *);
    int (*reply_complete)(void *);
    void (*reply_marshal)(struct evbuffer *, void *);
    /** The program's function, and its argument. */
    void (*cb)(struct evrpc_req_generic *, void *);
    void *cb_arg;
    struct evrpc_base *base;
};

/** How a client's call ended. */
struct evrpc_status {
    /** One of EVRPC_STATUS_ERR_*. */
    int error;
    /** The HTTP request with the server's answer, for its headers; NULL if there was none. */
    struct evhttp_request *http_req;
};

#ifdef EVENT_RPC_TQENTRY_
#undef EVENT_RPC_TQENTRY_
#undef TAILQ_ENTRY
#endif

#ifdef __cplusplus
}
#endif

#endif
