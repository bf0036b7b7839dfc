/* Made from src/ctypes/rpc.rs, src/abi/rpc.rs and src/abi/headers/rpc.h.in by `make headers`: edit those. */
#ifndef EVENT2_RPC_H_INCLUDED_
#define EVENT2_RPC_H_INCLUDED_

/*
 * event2/rpc.h: procedure calls over HTTP. event_rpcgen makes the structs of their messages, and the
 * functions that write and read them, from a .rpc file.
 *
 * A procedure has a name and two structs:
 *
 *   EVRPC_HEADER(Lookup, question, answer)       in a header
 *   EVRPC_GENERATE(Lookup, question, answer)     in one C file
 *
 * A server offers it, and ends each call when it has filled in the reply:
 *
 *   struct evrpc_base *base = evrpc_init(http);
 *   EVRPC_REGISTER(base, Lookup, question, answer, on_lookup, arg);
 *
 *   void on_lookup(EVRPC_STRUCT(Lookup) *call, void *arg)
 *   {
 *       ... call->request ... call->reply ...
 *       EVRPC_REQUEST_DONE(call);
 *   }
 *
 * A client calls it over a pool of HTTP connections:
 *
 *   struct evrpc_pool *pool = evrpc_pool_new(NULL);
 *   evrpc_pool_add_connection(pool, evcon);
 *   EVRPC_MAKE_REQUEST(Lookup, pool, question, answer, on_answer, arg);
 */

#include <event2/event-config.h>
#include <event2/visibility.h>

#include <event2/util.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct evbuffer;
struct event_base;
struct evhttp;
struct evhttp_connection;
struct evhttp_request;
struct evrpc;
struct evrpc_base;
struct evrpc_hook_meta;
struct evrpc_pool;
struct evrpc_req_generic;
struct evrpc_request_wrapper;
struct evrpc_status;

/* Whether a field of a message is set. */
#define EVTAG_HAS(msg, member) ((msg)->member##_set == 1)

#ifndef EVENT2_RPC_COMPAT_H_INCLUDED_

/* Set and get fields: 0, or -1 if memory runs out or the field is not set. The message keeps
 * ownership of the values it returns. The forms with a length are for bytes of variable length. */
#define EVTAG_ASSIGN(msg, member, value) (*(msg)->base->member##_assign)((msg), (value))
#define EVTAG_ASSIGN_WITH_LEN(msg, member, value, len) \
    (*(msg)->base->member##_assign)((msg), (value), (len))
#define EVTAG_GET(msg, member, pvalue) (*(msg)->base->member##_get)((msg), (pvalue))
#define EVTAG_GET_WITH_LEN(msg, member, pvalue, plen) \
    (*(msg)->base->member##_get)((msg), (pvalue), (plen))

#endif

/* Add a value, or an empty struct, to an array; a pointer to the new element, or NULL. */
#define EVTAG_ARRAY_ADD_VALUE(msg, member, value) (*(msg)->base->member##_add)((msg), (value))
#define EVTAG_ARRAY_ADD(msg, member) (*(msg)->base->member##_add)(msg)
/* Get an element of an array: 0, or -1 if there is no such element. */
#define EVTAG_ARRAY_GET(msg, member, offset, pvalue) \
    (*(msg)->base->member##_get)((msg), (offset), (pvalue))
/* The number of elements. */
#define EVTAG_ARRAY_LEN(msg, member) ((msg)->member##_length)

/* The type of a call on the server. */
#define EVRPC_STRUCT(rpcname) struct evrpc_req__##rpcname

/* Declares the type of calls of a procedure, and the function that EVRPC_MAKE_REQUEST() calls. */
#define EVRPC_HEADER(rpcname, reqstruct, rplystruct) \
    EVRPC_STRUCT(rpcname) { \
        struct evrpc_hook_meta *hook_meta; \
        struct reqstruct *request; \
        struct rplystruct *reply; \
        struct evrpc *rpc; \
        struct evhttp_request *http_req; \
        struct evbuffer *rpc_data; \
    }; \
    EVENT2_EXPORT_SYMBOL \
    int evrpc_send_request_##rpcname(struct evrpc_pool *, struct reqstruct *, struct rplystruct *, \
        void (*)(struct evrpc_status *, struct reqstruct *, struct rplystruct *, void *), void *);

/* Defines that function. */
#define EVRPC_GENERATE(rpcname, reqstruct, rplystruct) \
    int evrpc_send_request_##rpcname(struct evrpc_pool *pool, struct reqstruct *request, \
        struct rplystruct *reply, \
        void (*cb)(struct evrpc_status *, struct reqstruct *, struct rplystruct *, void *), \
        void *cbarg) \
    { \
        return evrpc_send_request_generic(pool, request, reply, \
            (void (*)(struct evrpc_status *, void *, void *, void *))cb, cbarg, #rpcname, \
            (void (*)(struct evbuffer *, void *))reqstruct##_marshal, \
            (void (*)(void *))rplystruct##_clear, \
            (int (*)(void *, struct evbuffer *))rplystruct##_unmarshal); \
    }

/* A call that evrpc_make_request() makes; see evrpc_make_request_ctx(). */
#define EVRPC_MAKE_CTX(rpcname, reqstruct, rplystruct, pool, request, reply, cb, cbarg) \
    evrpc_make_request_ctx(pool, request, reply, #rpcname, \
        (void (*)(struct evbuffer *, void *))reqstruct##_marshal, \
        (void (*)(void *))rplystruct##_clear, \
        (int (*)(void *, struct evbuffer *))rplystruct##_unmarshal, \
        (void (*)(struct evrpc_status *, void *, void *, void *))cb, cbarg)

/* Makes a call; see evrpc_make_request(). */
#define EVRPC_MAKE_REQUEST(name, pool, request, reply, cb, cbarg) \
    evrpc_send_request_##name((pool), (request), (reply), (cb), (cbarg))

/* The HTTP request of a call on the server, for its headers and the client's address. */
#define EVRPC_REQUEST_HTTP(rpc_req) (rpc_req)->http_req

/* Ends a call on the server; see evrpc_request_done(). */
#define EVRPC_REQUEST_DONE(rpc_req) \
    do { \
        struct evrpc_req_generic *req_ = (struct evrpc_req_generic *)(rpc_req); \
        evrpc_request_done(req_); \
    } while (0)

/* Offers a procedure. Its function is void callback(EVRPC_STRUCT(name) *call, void *cbarg). */
#define EVRPC_REGISTER(base, name, request, reply, callback, cbarg) \
    evrpc_register_generic(base, #name, \
        (void (*)(struct evrpc_req_generic *, void *))callback, cbarg, \
        (void *(*)(void *))request##_new_with_arg, NULL, \
        (void (*)(void *))request##_free, \
        (int (*)(void *, struct evbuffer *))request##_unmarshal, \
        (void *(*)(void *))reply##_new_with_arg, NULL, \
        (void (*)(void *))reply##_free, \
        (int (*)(void *))reply##_complete, \
        (void (*)(struct evbuffer *, void *))reply##_marshal)

/* Withdraws a procedure; see evrpc_unregister_rpc(). */
#define EVRPC_UNREGISTER(base, name) evrpc_unregister_rpc((base), #name)

/** The direction of the messages that a hook sees. */
enum EVRPC_HOOK_TYPE {
    /** Incoming messages: a server's requests, a client's replies. */
    EVRPC_INPUT = 0,
    /** Outgoing messages: a client's requests, a server's replies. */
    EVRPC_OUTPUT = 1
};

/** What is to be done with a message after a hook. */
enum EVRPC_HOOK_RESULT {
    /** End the call: a server sends status 503, a client's callback gets an error. */
    EVRPC_TERMINATE = -1,
    /** Go on. */
    EVRPC_CONTINUE = 0,
    /** Wait for evrpc_resume_request(). The hooks after this one are not called. */
    EVRPC_PAUSE = 1
};

/**
 * Ends a call on the server: sends the reply, or status 503 if it isn't complete. Request, reply and
 * req are freed. It may be called in the procedure's function or at any later time, even after
 * the client has disconnected.
 *
 * @param req the call
 */
EVENT2_EXPORT_SYMBOL
void evrpc_request_done(struct evrpc_req_generic *req);

/**
 * The request of a call on the server.
 *
 * @param req the call
 * @return the message
 */
EVENT2_EXPORT_SYMBOL
void *evrpc_get_request(struct evrpc_req_generic *req);

/**
 * The reply of a call on the server, to be filled in.
 *
 * @param req the call
 * @return the message
 */
EVENT2_EXPORT_SYMBOL
void *evrpc_get_reply(struct evrpc_req_generic *req);

/**
 * Lets an HTTP server offer procedures. Clients call them by a POST request whose path is "/.rpc."
 * followed by the name.
 *
 * @param server the HTTP server
 * @return the base to register procedures with; NULL without memory
 */
EVENT2_EXPORT_SYMBOL
struct evrpc_base *evrpc_init(struct evhttp *server);

/**
 * Unregisters all procedures and frees the base, but not the HTTP server. Calls that a hook has
 * paused are answered with status 503; those that the program is still working on can be answered
 * later.
 *
 * @param base the base, or NULL
 */
EVENT2_EXPORT_SYMBOL
void evrpc_free(struct evrpc_base *base);

/**
 * Registers a procedure that the program has described; EVRPC_REGISTER() is easier.
 *
 * @param base the base
 * @param rpc the procedure. It and its name come from libevent's memory (malloc(), unless
 *   event_set_mem_functions() was called), and are freed with the base
 * @param cb the function to call for a request
 * @param cb_arg its last argument
 * @return 0 on success; -1 without memory, and then rpc stays the caller's
 */
EVENT2_EXPORT_SYMBOL
int evrpc_register_rpc(struct evrpc_base *base,
                       struct evrpc *rpc,
                       void (*cb)(struct evrpc_req_generic *, void *),
                       void *cb_arg);

/**
 * Unregisters a procedure and frees its description. EVRPC_UNREGISTER() takes the name without
 * quotes.
 *
 * @param base the base
 * @param name the procedure's name
 * @return 0 on success; -1 if there is none of that name
 */
EVENT2_EXPORT_SYMBOL
int evrpc_unregister_rpc(struct evrpc_base *base, const char *name);

/**
 * Registers a procedure; EVRPC_REGISTER() fills in the arguments.
 *
 * @param base the base
 * @param name the procedure's name
 * @param callback the function to call for a request
 * @param cbarg its last argument
 * @param req_new makes a request
 * @param req_new_arg the argument of req_new
 * @param req_free frees a request
 * @param req_unmarshal reads a request; -1 if it is none
 * @param rpl_new makes a reply
 * @param rpl_new_arg the argument of rpl_new
 * @param rpl_free frees a reply
 * @param rpl_complete whether a reply is complete: 0 or -1
 * @param rpl_marshal writes a reply
 * @return 0 on success; -1 without memory
 */
EVENT2_EXPORT_SYMBOL
int evrpc_register_generic(struct evrpc_base *base,
                           const char *name,
                           void (*callback)(struct evrpc_req_generic *, void *),
                           void *cbarg,
                           void *(*req_new)(void *),
                           void *req_new_arg,
                           void (*req_free)(void *),
                           int (*req_unmarshal)(void *, struct evbuffer *),
                           void *(*rpl_new)(void *),
                           void *rpl_new_arg,
                           void (*rpl_free)(void *),
                           int (*rpl_complete)(void *),
                           void (*rpl_marshal)(struct evbuffer *, void *));

/**
 * Prepares a call with functions for its messages; EVRPC_MAKE_CTX() fills them in.
 *
 * @param pool the pool over which to call
 * @param request the message to send. The program keeps ownership of request and reply, and frees
 *   them after the callback
 * @param reply the message to read the reply into
 * @param rpcname the name of the procedure
 * @param req_marshal writes the request
 * @param rpl_clear makes the reply empty
 * @param rpl_unmarshal reads the reply; -1 if it is none
 * @param cb called when the call has ended
 * @param cbarg its last argument
 * @return the call, to be given to evrpc_make_request(), which also frees it; NULL without memory
 */
EVENT2_EXPORT_SYMBOL
struct evrpc_request_wrapper *evrpc_make_request_ctx(struct evrpc_pool *pool,
                                                     void *request,
                                                     void *reply,
                                                     const char *rpcname,
                                                     void (*req_marshal)(struct evbuffer *, void *),
                                                     void (*rpl_clear)(void *),
                                                     int (*rpl_unmarshal)(void *, struct evbuffer *),
                                                     void (*cb)(struct evrpc_status *,
                                                                void *,
                                                                void *,
                                                                void *),
                                                     void *cbarg);

/**
 * Makes a call. The callback runs exactly once, unless the pool is freed first. If a hook ends the
 * call, it runs before this function returns.
 *
 * @param ctx the call, from EVRPC_MAKE_CTX() or evrpc_make_request_ctx(). It is freed in any case
 * @return 0; -1, without the callback, if the pool has no connection
 */
EVENT2_EXPORT_SYMBOL
int evrpc_make_request(struct evrpc_request_wrapper *ctx);

/**
 * Makes a pool of connections to make calls over.
 *
 * @param base the base that connections without one get; may be NULL
 * @return the pool; NULL without memory
 */
EVENT2_EXPORT_SYMBOL
struct evrpc_pool *evrpc_pool_new(struct event_base *base);

/**
 * Frees a pool with its connections. The callbacks of calls that have not ended are not called.
 *
 * @param pool the pool, or NULL
 */
EVENT2_EXPORT_SYMBOL
void evrpc_pool_free(struct evrpc_pool *pool);

/**
 * Gives a connection to a pool, which frees it.
 *
 * @param pool the pool
 * @param evcon the connection. It gets the pool's base unless it has one, and the pool's timeout
 *   unless it has its own
 */
EVENT2_EXPORT_SYMBOL
void evrpc_pool_add_connection(struct evrpc_pool *pool,
                               struct evhttp_connection *evcon);

/**
 * Removes a connection from a pool. The caller becomes its owner and frees it.
 *
 * @param pool the pool
 * @param evcon the connection
 */
EVENT2_EXPORT_SYMBOL
void evrpc_pool_remove_connection(struct evrpc_pool *pool,
                                  struct evhttp_connection *evcon);

/**
 * Sets how long calls may take, counted from when they are sent. From now on it is also the
 * timeout of the pool's connections.
 *
 * @param pool the pool
 * @param timeout_in_secs the number of seconds; 0 for no timeout, negative for that of connections
 */
EVENT2_EXPORT_SYMBOL
void evrpc_pool_set_timeout(struct evrpc_pool *pool, int timeout_in_secs);

/**
 * Combines evrpc_make_request_ctx() and evrpc_make_request(); EVRPC_GENERATE() makes a function
 * that calls it.
 *
 * @param pool the pool over which to call
 * @param request the message to send
 * @param reply the message to read the reply into
 * @param cb called when the call has ended
 * @param cb_arg its last argument
 * @param rpcname the name of the procedure
 * @param req_marshal writes the request
 * @param rpl_clear makes the reply empty
 * @param rpl_unmarshal reads the reply; -1 if it is none
 * @return 0; -1, without the callback, if the pool has no connection, and without memory
 */
EVENT2_EXPORT_SYMBOL
int evrpc_send_request_generic(struct evrpc_pool *pool,
                               void *request,
                               void *reply,
                               void (*cb)(struct evrpc_status *, void *, void *, void *),
                               void *cb_arg,
                               const char *rpcname,
                               void (*req_marshal)(struct evbuffer *, void *),
                               void (*rpl_clear)(void *),
                               int (*rpl_unmarshal)(void *, struct evbuffer *));

/**
 * Returns the pool of a call.
 *
 * @param ctx the call
 * @return its pool
 */
EVENT2_EXPORT_SYMBOL
struct evrpc_pool *evrpc_request_get_pool(struct evrpc_request_wrapper *ctx);

/**
 * Chooses another pool for a call that has not been made yet.
 *
 * @param ctx the call
 * @param pool the pool
 */
EVENT2_EXPORT_SYMBOL
void evrpc_request_set_pool(struct evrpc_request_wrapper *ctx,
                            struct evrpc_pool *pool);

/**
 * Chooses another callback for a call.
 *
 * @param ctx the call
 * @param cb called when the call has ended
 * @param cb_arg its last argument
 */
EVENT2_EXPORT_SYMBOL
void evrpc_request_set_cb(struct evrpc_request_wrapper *ctx,
                          void (*cb)(struct evrpc_status *, void *, void *, void *),
                          void *cb_arg);

/**
 * Adds a function that is called for each message, after the hooks added before. It may change the
 * message.
 *
 * @param vbase a struct evrpc_base or a struct evrpc_pool
 * @param hook_type EVRPC_INPUT or EVRPC_OUTPUT
 * @param cb the function. It gets the context of the call, the HTTP request, the buffer with the
 *   message, and cb_arg; it returns an enum EVRPC_HOOK_RESULT
 * @param cb_arg its last argument
 * @return what evrpc_remove_hook() takes; NULL without memory
 */
EVENT2_EXPORT_SYMBOL
void *evrpc_add_hook(void *vbase,
                     enum EVRPC_HOOK_TYPE hook_type,
                     int (*cb)(void *, struct evhttp_request *, struct evbuffer *, void *),
                     void *cb_arg);

/**
 * Removes a hook, which may be the one that is being called.
 *
 * @param vbase the base or pool
 * @param hook_type the hook's type
 * @param handle the result of evrpc_add_hook()
 * @return 1 if it was removed, 0 if it was not there
 */
EVENT2_EXPORT_SYMBOL
int evrpc_remove_hook(void *vbase,
                      enum EVRPC_HOOK_TYPE hook_type,
                      void *handle);

/**
 * Resumes a call that a hook has paused. The call is processed further before this function
 * returns.
 *
 * @param vbase the base or pool
 * @param ctx the context that the hook got
 * @param res EVRPC_TERMINATE to end the call, anything else to continue it
 * @return 0 on success; -1 if there is no such paused call
 */
EVENT2_EXPORT_SYMBOL
int evrpc_resume_request(void *vbase, void *ctx, enum EVRPC_HOOK_RESULT res);

/**
 * Stores data for hooks that are called later for the same call: what a hook stores with the
 * request, the hooks of the reply find. If memory runs out, nothing is stored.
 *
 * @param ctx the context that the hook got
 * @param key the key to find it by; of several entries with the same key the first is found
 * @param data what is copied
 * @param data_size its length in bytes
 */
EVENT2_EXPORT_SYMBOL
void evrpc_hook_add_meta(void *ctx,
                         const char *key,
                         const void *data,
                         size_t data_size);

/**
 * Finds data stored by evrpc_hook_add_meta().
 *
 * @param ctx the context that the hook got
 * @param key the key
 * @param data where to store its address; it lives as long as the call
 * @param data_size where to store its length
 * @return 0 on success; -1 if there is nothing
 */
EVENT2_EXPORT_SYMBOL
int evrpc_hook_find_meta(void *ctx,
                         const char *key,
                         void **data,
                         size_t *data_size);

/**
 * Returns the connection of a call, for hooks.
 *
 * @param ctx the context that the hook got
 * @return the connection; NULL if it no longer exists
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evrpc_hook_get_connection(void *ctx);

#ifndef _WIN32
/* The names that these had in libevent 1.4. */
#define INPUT EVRPC_INPUT
#define OUTPUT EVRPC_OUTPUT
#endif

#ifdef __cplusplus
}
#endif

#endif
