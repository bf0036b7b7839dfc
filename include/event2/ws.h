/* Made from src/ctypes/ws.rs, src/abi/ws.rs and src/abi/headers/ws.h.in by `make headers`: edit those. */
#ifndef EVENT2_WS_H_INCLUDED_
#define EVENT2_WS_H_INCLUDED_

/*
 * event2/ws.h: WebSocket (RFC 6455), the server's side. A request that an evhttp has received becomes
 * a session, over which both sides send messages. Since 2.2.
 */

#include <event2/event-config.h>
#include <event2/util.h>
#include <event2/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;
struct evhttp_request;

/** A session; see evws_new_session(). */
struct evws_connection;

/** Reason to close: none is told. Since 2.2. */
#define WS_CR_NONE 0
/** Reason to close: all is done. Since 2.2. */
#define WS_CR_NORMAL 1000
/** Reason to close: the other end breaks the protocol. Since 2.2. */
#define WS_CR_PROTO_ERR 1002
/** Reason to close: a message is too large. Since 2.2. */
#define WS_CR_DATA_TOO_BIG 1009

/** A message of text, which is UTF-8. Since 2.2. */
#define WS_TEXT_FRAME 0x1
/** A message of any bytes. Since 2.2. */
#define WS_BINARY_FRAME 0x2

/**
 * What is called with a message: the session; WS_TEXT_FRAME or WS_BINARY_FRAME; the message, which
 * is valid during the call and has no NUL at its end, and its length; the argument. It may close
 * and free the session. Since 2.2.
 */
typedef void (*ws_on_msg_cb)(struct evws_connection *evws,
                             int type,
                             const unsigned char *data,
                             size_t len,
                             void *arg);

/**
 * What is called when a session ends: the session, which is freed afterwards, and the argument.
 * Since 2.2.
 */
typedef void (*ws_on_close_cb)(struct evws_connection *evws, void *arg);

/**
 * Answers a request for a WebSocket session, and begins the session. To be called in the callback
 * of the request, or later in its place of a reply.
 *
 * The request is used up, whatever comes of it. When it asks for no session, the client is told
 * (400, or 426 for another version of the protocol). Of the protocols that the client offers in
 * Sec-WebSocket-Protocol the first is chosen, unless the program has added that header to the
 * request's output headers. With the session, the evhttp_connection ends, without its close callback;
 * the session belongs to the evhttp, which frees it if the program doesn't before.
 *
 * Pings are answered. A message may have 10 MiB. If the evhttp has a timeout, a client that is quiet
 * for so long is sent a ping, and is gone if it does not answer in time.
 *
 * @param req the request
 * @param cb what to call with each message
 * @param arg the callback's argument
 * @param options BEV_OPT_THREADSAFE if several threads use the session, which they may once the
 *   request's callback has returned to the loop; other options mean nothing here
 * @return the session; NULL if there is none, and without memory. Since 2.2
 */
EVENT2_EXPORT_SYMBOL
struct evws_connection *evws_new_session(struct evhttp_request *req,
                                         ws_on_msg_cb cb,
                                         void *arg,
                                         int options);

/**
 * Sends a message of text, which has to be UTF-8. Nothing is sent when the session is closing.
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
void evws_send_text(struct evws_connection *evws, const char *packet_str);

/** Sends a message of any bytes. Nothing is sent when the session is closing. Since 2.2. */
EVENT2_EXPORT_SYMBOL
void evws_send_binary(struct evws_connection *evws,
                      const char *packet_data,
                      size_t packet_len);

/**
 * Closes a session: says so to the client, and ends the session when the client has said the same,
 * has gone, or has done neither in 3 seconds. No more messages are delivered. The close callback
 * runs at the end. A second call does nothing.
 *
 * @param evws the session
 * @param reason one of WS_CR_*, or another code of RFC 6455; 0 tells none. Since 2.2
 */
EVENT2_EXPORT_SYMBOL
void evws_close(struct evws_connection *evws, uint16_t reason);

/** Sets what is called when the session ends, however that comes, once. Since 2.2. */
EVENT2_EXPORT_SYMBOL
void evws_connection_set_closecb(struct evws_connection *evws,
                                 ws_on_close_cb cb,
                                 void *cbarg);

/**
 * Ends a session at once, without a word to the client; the close callback runs. It may be called
 * in every callback of the session. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
void evws_connection_free(struct evws_connection *evws);

/**
 * Returns the bufferevent below a session, to which it belongs: its callbacks, its input and what is
 * written to it are the session's. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *evws_connection_get_bufferevent(struct evws_connection *evws);

#ifdef __cplusplus
}
#endif

#endif
