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

/** Close code: none is sent. Since 2.2. */
#define WS_CR_NONE 0
/** Close code: the session is complete. Since 2.2. */
#define WS_CR_NORMAL 1000
/** Close code: the peer has violated the protocol. Since 2.2. */
#define WS_CR_PROTO_ERR 1002
/** Close code: a message is too large. Since 2.2. */
#define WS_CR_DATA_TOO_BIG 1009

/** A message of text, which is UTF-8. Since 2.2. */
#define WS_TEXT_FRAME 0x1
/** A message of any bytes. Since 2.2. */
#define WS_BINARY_FRAME 0x2

/**
 * The callback for a message. It gets the session; WS_TEXT_FRAME or WS_BINARY_FRAME; the message,
 * which is valid during the call and has no NUL at its end, and its length; the argument. It may
 * close and free the session. Since 2.2.
 */
typedef void (*ws_on_msg_cb)(struct evws_connection *evws,
                             int type,
                             const unsigned char *data,
                             size_t len,
                             void *arg);

/**
 * The callback for the end of a session. It gets the session, which is freed afterwards, and the
 * argument. Since 2.2.
 */
typedef void (*ws_on_close_cb)(struct evws_connection *evws, void *arg);

/**
 * Accepts a request for a WebSocket session and starts the session. Call it in the callback of the
 * request or, instead of sending a reply, later.
 *
 * The request is consumed in any case. If it is not a valid request for a session, the client gets
 * an error reply: 426 for an unsupported version of the protocol, otherwise 400. The first of the
 * protocols that the client offers in Sec-WebSocket-Protocol is chosen, unless the program has
 * added that header to the request's output headers. The session takes the place of the
 * evhttp_connection, whose close callback does not run; it belongs to the evhttp, which frees it
 * unless the program does so first.
 *
 * Pings are answered. A message may be up to 10 MiB long. If the evhttp has a timeout, a client
 * that is silent for that long is sent a ping, and the session ends if the client does not answer
 * within the same time.
 *
 * @param req the request
 * @param cb what to call with each message
 * @param arg the callback's argument
 * @param options BEV_OPT_THREADSAFE if several threads use the session, which they may do once the
 *   request's callback has returned to the loop; other options are ignored
 * @return the session; NULL if the request was refused or memory runs out. Since 2.2
 */
EVENT2_EXPORT_SYMBOL
struct evws_connection *evws_new_session(struct evhttp_request *req,
                                         ws_on_msg_cb cb,
                                         void *arg,
                                         int options);

/**
 * Sends a text message, which must be UTF-8. Nothing is sent while the session is closing. Since
 * 2.2.
 */
EVENT2_EXPORT_SYMBOL
void evws_send_text(struct evws_connection *evws, const char *packet_str);

/** Sends a binary message. Nothing is sent while the session is closing. Since 2.2. */
EVENT2_EXPORT_SYMBOL
void evws_send_binary(struct evws_connection *evws,
                      const char *packet_data,
                      size_t packet_len);

/**
 * Closes a session: sends a close frame, and ends the session when the client has answered with
 * one or disconnected, or after 3 seconds. No more messages are delivered. The close callback runs
 * at the end. A second call does nothing.
 *
 * @param evws the session
 * @param reason one of WS_CR_*, or another code of RFC 6455; 0 sends none. Since 2.2
 */
EVENT2_EXPORT_SYMBOL
void evws_close(struct evws_connection *evws, uint16_t reason);

/** Sets the callback that runs once when the session ends, for whatever reason. Since 2.2. */
EVENT2_EXPORT_SYMBOL
void evws_connection_set_closecb(struct evws_connection *evws,
                                 ws_on_close_cb cb,
                                 void *cbarg);

/**
 * Ends a session at once, without a close frame; the close callback runs. It may be called in any
 * callback of the session. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
void evws_connection_free(struct evws_connection *evws);

/**
 * Returns the underlying bufferevent of a session, which the session owns: its callbacks, input
 * and output are not for the program to use. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *evws_connection_get_bufferevent(struct evws_connection *evws);

#ifdef __cplusplus
}
#endif

#endif
