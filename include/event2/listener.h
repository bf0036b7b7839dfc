/* Made from src/ctypes/listener.rs, src/abi/listener.rs and src/abi/headers/listener.h.in by `make headers`: edit those. */
#ifndef EVENT2_LISTENER_H_INCLUDED_
#define EVENT2_LISTENER_H_INCLUDED_

/*
 * event2/listener.h: listeners, which accept the connections of a socket and give each of them to
 * a callback.
 */

#include <event2/visibility.h>

#include <event2/event.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sockaddr;

/** Accepts connections; see evconnlistener_new_bind(). */
struct evconnlistener;

/** Flag: accepted sockets are left blocking. */
#define LEV_OPT_LEAVE_SOCKETS_BLOCKING 0x01U
/** Flag: evconnlistener_free() closes the listener's socket. */
#define LEV_OPT_CLOSE_ON_FREE 0x02U
/**
 * Flag: accepted sockets, and the one that evconnlistener_new_bind() makes, are closed when the
 * process executes another program.
 */
#define LEV_OPT_CLOSE_ON_EXEC 0x04U
/**
 * Flag for evconnlistener_new_bind(): the address can be bound again as soon as the listener is
 * gone (SO_REUSEADDR).
 */
#define LEV_OPT_REUSEABLE 0x08U
/** Flag: several threads may use the listener. They need evthread_use_pthreads() before. */
#define LEV_OPT_THREADSAFE 0x10U
/** Flag: the listener accepts no connections until evconnlistener_enable() is called. Since 2.1. */
#define LEV_OPT_DISABLED 0x20U
/**
 * Flag for evconnlistener_new_bind(): hold connections back until the client has sent data.
 * Suitable only for protocols in which the client speaks first. Since 2.1.
 */
#define LEV_OPT_DEFERRED_ACCEPT 0x40U
/**
 * Flag for evconnlistener_new_bind(): several listeners, of several processes even, can share the
 * address if all of them ask for it (SO_REUSEPORT). Since 2.1.
 */
#define LEV_OPT_REUSEABLE_PORT 0x80U
/**
 * Flag for evconnlistener_new_bind(): accept only IPv6 connections, so that another listener can
 * accept IPv4 connections. Fails unless the address is an IPv6 one. Since 2.1.
 */
#define LEV_OPT_BIND_IPV6ONLY 0x100U
/**
 * Flag for evconnlistener_new_bind(): accept IPv4 connections too, as IPv4-mapped addresses,
 * whatever the system's default is. Fails unless the address is an IPv6 one, and together with
 * LEV_OPT_BIND_IPV6ONLY (EINVAL). Since 2.2.
 */
#define LEV_OPT_BIND_IPV4_AND_IPV6 0x200U

/**
 * The callback for a new connection. It gets the listener; the socket, which the callback owns
 * from now on; the peer's address, which is valid during the call, and its length; the argument.
 * It may disable and free the listener.
 */
typedef void (*evconnlistener_cb)(struct evconnlistener *listener,
                                  evutil_socket_t fd,
                                  struct sockaddr *addr,
                                  int socklen,
                                  void *arg);

/**
 * The callback for a connection that can't be accepted. It gets the listener and the listener's
 * callback argument. errno tells why. It may disable and free the listener.
 */
typedef void (*evconnlistener_errorcb)(struct evconnlistener *listener, void *arg);

/**
 * Makes a listener for a socket that is bound, and should not block.
 *
 * @param base the base whose loop takes the connections
 * @param cb what to call with each; without one the listener waits for evconnlistener_set_cb()
 * @param ptr the callback's argument
 * @param flags LEV_OPT_*
 * @param backlog how many connections may wait, for listen(); negative for 128; 0 if the socket
 *   is listening already
 * @param fd the socket; it remains the program's unless LEV_OPT_CLOSE_ON_FREE is given
 * @return the listener, to be freed by evconnlistener_free(); NULL with errno set if the socket
 *   can't listen or there is no memory, and then the socket is left as it is
 */
EVENT2_EXPORT_SYMBOL
struct evconnlistener *evconnlistener_new(struct event_base *base,
                                          evconnlistener_cb cb,
                                          void *ptr,
                                          unsigned int flags,
                                          int backlog,
                                          evutil_socket_t fd);

/**
 * Makes a stream socket, binds it, and makes a listener for it.
 *
 * @param base the base whose loop takes the connections
 * @param cb what to call with each; without one the listener waits for evconnlistener_set_cb()
 * @param ptr the callback's argument
 * @param flags LEV_OPT_*
 * @param backlog how many connections may wait, for listen(); negative for 128; 0 is an error
 * @param sa the address to bind
 * @param socklen its length in bytes
 * @return the listener, to be freed by evconnlistener_free(); NULL with errno set if any step
 *   fails
 */
EVENT2_EXPORT_SYMBOL
struct evconnlistener *evconnlistener_new_bind(struct event_base *base,
                                               evconnlistener_cb cb,
                                               void *ptr,
                                               unsigned int flags,
                                               int backlog,
                                               const struct sockaddr *sa,
                                               int socklen);

/**
 * Frees a listener. If its callback is running in another thread, waits for it first. The socket
 * is closed if LEV_OPT_CLOSE_ON_FREE was given; when a callback of the listener frees it, that
 * happens after the callback.
 */
EVENT2_EXPORT_SYMBOL
void evconnlistener_free(struct evconnlistener *lev);

/**
 * Lets a listener accept connections again. Without a callback it starts only once a callback is
 * set, too.
 *
 * @return 0, or -1 with errno set if the base can't wait for the socket
 */
EVENT2_EXPORT_SYMBOL
int evconnlistener_enable(struct evconnlistener *lev);

/**
 * Stops a listener from accepting connections: new ones wait in the backlog. If its callback is
 * running in another thread, waits for it.
 *
 * @return 0; -1 for NULL
 */
EVENT2_EXPORT_SYMBOL
int evconnlistener_disable(struct evconnlistener *lev);

/** Returns the base that a listener was made for. */
EVENT2_EXPORT_SYMBOL
struct event_base *evconnlistener_get_base(struct evconnlistener *lev);

/** Returns the socket of a listener. */
EVENT2_EXPORT_SYMBOL
evutil_socket_t evconnlistener_get_fd(struct evconnlistener *lev);

/**
 * Replaces a listener's callback and its argument. A listener whose callback is taken away closes
 * the connections that it is offered, until it is disabled or gets a callback again.
 */
EVENT2_EXPORT_SYMBOL
void evconnlistener_set_cb(struct evconnlistener *lev,
                           evconnlistener_cb cb,
                           void *arg);

/**
 * Sets what is called when a connection can't be accepted, for instance because the process is
 * out of descriptors. The connection remains waiting, so that the next loop iteration tries
 * again: a callback may want to disable the listener for a while. Without a callback a warning
 * goes to the log, and a listener that runs out of descriptors or memory backs off for 0.1 s.
 */
EVENT2_EXPORT_SYMBOL
void evconnlistener_set_error_cb(struct evconnlistener *lev,
                                 evconnlistener_errorcb errorcb);

#ifdef __cplusplus
}
#endif

#endif
