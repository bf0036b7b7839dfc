/* Made from src/abi/http_compat.rs and src/abi/headers/http_compat.h.in by `make headers`: edit those. */
#ifndef EVENT2_HTTP_COMPAT_H_INCLUDED_
#define EVENT2_HTTP_COMPAT_H_INCLUDED_

/*
 * event2/http_compat.h: functions of libevent 1 that work on the current base.
 */

#include <event2/event-config.h>
#include <event2/util.h>
#include <event2/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct evhttp;
struct evhttp_connection;

/**
 * Makes a server in the current base that listens at an address.
 *
 * @param address a name or an address in numbers; NULL for all IPv4 addresses of this machine
 * @param port the port
 * @return the server, to be freed by evhttp_free(); NULL with errno set
 *
 * @deprecated use evhttp_new() and evhttp_bind_socket()
 */
EVENT2_EXPORT_SYMBOL
struct evhttp *evhttp_start(const char *address, uint16_t port);

/**
 * Makes a client in the current base.
 *
 * @param address a name or an address in numbers
 * @param port the port
 * @return the client, to be freed by evhttp_connection_free(); NULL without memory
 *
 * @deprecated use evhttp_connection_base_new()
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evhttp_connection_new(const char *address,
                                                uint16_t port);

/**
 * Sets the base of a client that has not begun to connect.
 *
 * @deprecated use evhttp_connection_base_new()
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_base(struct evhttp_connection *evcon,
                                struct event_base *base);

/** The old name of evhttp_request_get_uri(). */
#define evhttp_request_uri evhttp_request_get_uri

#ifdef __cplusplus
}
#endif

#endif
