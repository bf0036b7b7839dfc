/* Made from src/ctypes/bufferevent_ssl.rs, src/abi/bufferevent_ssl.rs and src/abi/headers/bufferevent_ssl.h.in by `make headers`: edit those. */
#ifndef EVENT2_BUFFEREVENT_SSL_H_INCLUDED_
#define EVENT2_BUFFEREVENT_SSL_H_INCLUDED_

/*
 * event2/bufferevent_ssl.h: bufferevents that speak TLS, on a socket or on top of another
 * bufferevent. The TLS library is the one that the program uses: its functions are looked up in the
 * process, and this library is not linked with any.
 *
 * The program makes the session, an SSL of OpenSSL or a context of mbedTLS, and sets it up. It should
 * not read from it, write to it or continue its handshake while a bufferevent uses it. When the
 * handshake is complete, the event callback gets BEV_EVENT_CONNECTED.
 */

#include <event2/event-config.h>
#include <event2/visibility.h>

#include <event2/bufferevent.h>
#include <event2/util.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What an SSL of OpenSSL is. */
struct ssl_st;

/** A session of mbedTLS, and its configuration. */
struct mbedtls_ssl_context;
struct mbedtls_ssl_config;
/** A session of mbedTLS from bufferevent_mbedtls_dyncontext_new(). */
typedef struct mbedtls_ssl_context mbedtls_dyncontext;

/**
 * Flag of a TLS bufferevent: the end of the transport counts as BEV_EVENT_EOF even if the peer has
 * not sent a close_notify alert. Without this flag it is a BEV_EVENT_ERROR. Since 2.2.
 */
#define BUFFEREVENT_SSL_DIRTY_SHUTDOWN 1
/**
 * Flag of a TLS bufferevent: output is gathered before it is encrypted, so that small pieces share
 * a record. This library always does that. Since 2.2.
 */
#define BUFFEREVENT_SSL_BATCH_WRITE 2

/** The state of the session that a TLS bufferevent is made with. */
enum bufferevent_ssl_state {
    /** The handshake is complete. */
    BUFFEREVENT_SSL_OPEN = 0,
    /** The client's side of the handshake is still to be done. */
    BUFFEREVENT_SSL_CONNECTING = 1,
    /** The server's side of the handshake is still to be done. */
    BUFFEREVENT_SSL_ACCEPTING = 2
};

/**
 * Makes a TLS bufferevent that sends and receives over another bufferevent.
 *
 * From then on the new bufferevent controls the callbacks, the read watermarks and the enabled
 * directions of the underlying one.
 *
 * @param base the base that both run in
 * @param underlying the bufferevent to send and receive over
 * @param ssl the session: an SSL of OpenSSL 1.1.0 or later. It gets a BIO on the underlying
 *   bufferevent.
 * @param state how far the session is; the handshake begins in the loop
 * @param options BEV_OPT_* flags; with BEV_OPT_CLOSE_ON_FREE session and underlying bufferevent are
 *   freed with the bufferevent, and the session also if this fails
 * @return the bufferevent, to be freed by bufferevent_free(); NULL if the state is unknown, if
 *   memory runs out, or if OpenSSL is not found in the process
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_openssl_filter_new(struct event_base *base,
                                                   struct bufferevent *underlying,
                                                   struct ssl_st *ssl,
                                                   enum bufferevent_ssl_state state,
                                                   int options);

/**
 * Makes a TLS bufferevent on a socket.
 *
 * @param base the base that it runs in
 * @param fd a non-blocking socket; or -1 for the one that the session has already, or to give it
 *   one by bufferevent_setfd() or bufferevent_socket_connect()
 * @param ssl the session: an SSL of OpenSSL 1.1.0 or later. It gets a BIO on the socket unless it
 *   has one.
 * @param state how far the session is; the handshake begins in the loop, and again with every
 *   socket that is given
 * @param options BEV_OPT_* flags; with BEV_OPT_CLOSE_ON_FREE the session is freed and the socket
 *   closed with the bufferevent, and the session is freed if this fails
 * @return the bufferevent, to be freed by bufferevent_free(); NULL if the state is unknown, if the
 *   socket is not the one that the session has, if memory runs out, or if OpenSSL is not found in
 *   the process
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_openssl_socket_new(struct event_base *base,
                                                   evutil_socket_t fd,
                                                   struct ssl_st *ssl,
                                                   enum bufferevent_ssl_state state,
                                                   int options);

/**
 * Returns whether the end of the transport counts as the end of the connection even without a
 * close_notify alert.
 *
 * @param bev the bufferevent
 * @return 1 or 0, as BUFFEREVENT_SSL_DIRTY_SHUTDOWN is set; -1 if it is not on OpenSSL
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_openssl_get_allow_dirty_shutdown(struct bufferevent *bev);

/**
 * Chooses the event that is reported when the transport ends and the peer has not sent a
 * close_notify alert: BEV_EVENT_EOF, or BEV_EVENT_ERROR, which is the default. An attacker can cut
 * off a connection, so the data received may be incomplete in that case.
 *
 * @param bev the bufferevent; nothing happens if it is not on OpenSSL
 * @param allow_dirty_shutdown 1 for BEV_EVENT_EOF, 0 for BEV_EVENT_ERROR
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_openssl_set_allow_dirty_shutdown(struct bufferevent *bev,
                                                  int allow_dirty_shutdown);

/**
 * Returns the session of a TLS bufferevent that uses OpenSSL.
 *
 * @param bufev the bufferevent
 * @return its SSL, which remains in use; NULL for another kind of bufferevent
 */
EVENT2_EXPORT_SYMBOL
struct ssl_st *bufferevent_openssl_get_ssl(struct bufferevent *bufev);

/**
 * Removes and returns one of the OpenSSL errors behind a BEV_EVENT_ERROR. Up to three are kept,
 * and the latest one is returned first: OpenSSL's own codes, then a small number that says which
 * kind of error it is, as SSL_get_error() does.
 *
 * @param bev the bufferevent
 * @return an error for ERR_error_string() and the like; 0 if none is left, and for another kind of
 *   bufferevent
 */
EVENT2_EXPORT_SYMBOL
unsigned long bufferevent_get_openssl_error(struct bufferevent *bev);

/**
 * Returns the flags of a TLS bufferevent. Since 2.2.
 *
 * @param bev the bufferevent
 * @return BUFFEREVENT_SSL_* flags; all bits set for another kind of bufferevent
 */
EVENT2_EXPORT_SYMBOL
uint64_t bufferevent_ssl_get_flags(struct bufferevent *bev);

/**
 * Sets flags of a TLS bufferevent, and leaves the others as they are. Since 2.2.
 *
 * @param bev the bufferevent
 * @param flags BUFFEREVENT_SSL_* flags
 * @return the flags before; all bits set if nothing was changed: for another kind of bufferevent,
 *   or if no known flag is named
 */
EVENT2_EXPORT_SYMBOL
uint64_t bufferevent_ssl_set_flags(struct bufferevent *bev, uint64_t flags);

/**
 * Clears flags of a TLS bufferevent, and leaves the others as they are. Since 2.2.
 *
 * @param bev the bufferevent
 * @param flags BUFFEREVENT_SSL_* flags
 * @return as for bufferevent_ssl_set_flags()
 */
EVENT2_EXPORT_SYMBOL
uint64_t bufferevent_ssl_clear_flags(struct bufferevent *bev, uint64_t flags);

/**
 * Starts another handshake. Output waits until it is complete, and BEV_EVENT_CONNECTED is reported
 * again. TLS 1.3 has no renegotiation: the event is reported, and nothing else happens.
 *
 * @param bev the bufferevent
 * @return 0 if the handshake has begun, 1 if it is complete, -1 if the session refuses it or for
 *   another kind of bufferevent
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_ssl_renegotiate(struct bufferevent *bev);

/**
 * Makes a TLS bufferevent on mbedTLS that sends and receives over another bufferevent. Everything
 * not mentioned here is as for bufferevent_openssl_filter_new(). Since 2.2.
 *
 * @param base the base that both run in
 * @param underlying the bufferevent to send and receive over
 * @param ssl the session: a context of mbedTLS 2.28 or later that is set up
 * @param state how far the session is; the side of the handshake is in its configuration
 * @param options BEV_OPT_* flags; BEV_OPT_CLOSE_ON_FREE only with a context of
 *   bufferevent_mbedtls_dyncontext_new()
 * @return the bufferevent, to be freed by bufferevent_free(); NULL if the state is unknown, if
 *   memory runs out, or if mbedTLS is not found in the process
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_mbedtls_filter_new(struct event_base *base,
                                                   struct bufferevent *underlying,
                                                   struct mbedtls_ssl_context *ssl,
                                                   enum bufferevent_ssl_state state,
                                                   int options);

/**
 * Makes a TLS bufferevent on mbedTLS and a socket. Everything not mentioned here is as for
 * bufferevent_openssl_socket_new(). Since 2.2.
 *
 * @param base the base that it runs in
 * @param fd a non-blocking socket; or -1 to give it one by bufferevent_setfd() or
 *   bufferevent_socket_connect()
 * @param ssl the session: a context of mbedTLS 2.28 or later that is set up
 * @param state how far the session is; the side of the handshake is in its configuration
 * @param options BEV_OPT_* flags; BEV_OPT_CLOSE_ON_FREE only with a context of
 *   bufferevent_mbedtls_dyncontext_new()
 * @return the bufferevent, to be freed by bufferevent_free(); NULL if the state is unknown, if
 *   memory runs out, or if mbedTLS is not found in the process
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *bufferevent_mbedtls_socket_new(struct event_base *base,
                                                   evutil_socket_t fd,
                                                   struct mbedtls_ssl_context *ssl,
                                                   enum bufferevent_ssl_state state,
                                                   int options);

/**
 * Returns whether the end of the transport counts as the end of the connection even without a
 * close_notify alert. Since 2.2.
 *
 * @param bev the bufferevent
 * @return 1 or 0, as BUFFEREVENT_SSL_DIRTY_SHUTDOWN is set; -1 if it is not on mbedTLS
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_mbedtls_get_allow_dirty_shutdown(struct bufferevent *bev);

/**
 * Chooses the event that is reported when the transport ends without a close_notify alert, as
 * bufferevent_openssl_set_allow_dirty_shutdown() does. Since 2.2.
 *
 * @param bev the bufferevent; nothing happens if it is not on mbedTLS
 * @param allow_dirty_shutdown 1 for BEV_EVENT_EOF, 0 for BEV_EVENT_ERROR
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_mbedtls_set_allow_dirty_shutdown(struct bufferevent *bev,
                                                  int allow_dirty_shutdown);

/**
 * Returns the session of a TLS bufferevent that uses mbedTLS. Since 2.2.
 *
 * @param bufev the bufferevent
 * @return its context, which remains in use; NULL for another kind of bufferevent
 */
EVENT2_EXPORT_SYMBOL
struct mbedtls_ssl_context *bufferevent_mbedtls_get_ssl(struct bufferevent *bufev);

/**
 * Starts another handshake, as bufferevent_ssl_renegotiate() does. Since 2.2.
 *
 * @param bev the bufferevent
 * @return 0 if the handshake has begun, 1 if it is complete, -1 if the session refuses it or the
 *   bufferevent is not on mbedTLS
 */
EVENT2_EXPORT_SYMBOL
int bufferevent_mbedtls_renegotiate(struct bufferevent *bev);

/**
 * Removes and returns one of the mbedTLS errors behind a BEV_EVENT_ERROR, the latest one first.
 * Since 2.2.
 *
 * @param bev the bufferevent
 * @return an error without its sign, for mbedtls_strerror(); 0 if none is left, and for another
 *   kind of bufferevent
 */
EVENT2_EXPORT_SYMBOL
unsigned long bufferevent_get_mbedtls_error(struct bufferevent *bev);

/**
 * Allocates an mbedTLS context and sets it up. Since 2.2.
 *
 * @param conf the configuration, which must outlive the context
 * @return the context, to be freed by bufferevent_mbedtls_dyncontext_free() or with a bufferevent
 * that was made with BEV_OPT_CLOSE_ON_FREE; NULL if memory runs out, if mbedTLS refuses the
 * configuration, or if mbedTLS is not found in the process
 */
EVENT2_EXPORT_SYMBOL
struct mbedtls_ssl_context *bufferevent_mbedtls_dyncontext_new(struct mbedtls_ssl_config *conf);

/**
 * Frees a context of bufferevent_mbedtls_dyncontext_new(). Since 2.2.
 *
 * @param ctx the context, or NULL
 */
EVENT2_EXPORT_SYMBOL
void bufferevent_mbedtls_dyncontext_free(struct mbedtls_ssl_context *ctx);

#ifdef __cplusplus
}
#endif

#endif
