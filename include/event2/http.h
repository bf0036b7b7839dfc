/* Made from src/ctypes/http.rs, src/abi/http.rs and src/abi/headers/http.h.in by `make headers`: edit those. */
#ifndef EVENT2_HTTP_H_INCLUDED_
#define EVENT2_HTTP_H_INCLUDED_

/*
 * event2/http.h: HTTP/1.1, server and client. An evhttp answers requests by calling functions of
 * the program; an evhttp_connection sends requests to a server, one after the other.
 */

#include <event2/event-config.h>
#include <event2/util.h>
#include <event2/visibility.h>

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;
struct evbuffer;
struct evconnlistener;
struct evdns_base;
struct event_base;
struct evkeyvalq;
struct sockaddr;
struct timeval;

/** A server; see evhttp_new(). */
struct evhttp;
/** A socket on which a server listens; see evhttp_bind_socket_with_handle(). */
struct evhttp_bound_socket;
/** A connection, of a server or of a client. */
struct evhttp_connection;
/** A request and the reply to it; see event2/http_struct.h. */
struct evhttp_request;
/** A URI or relative reference by RFC 3986; see evhttp_uri_parse(). */
struct evhttp_uri;

/** Called for each bound socket; see evhttp_foreach_bound_socket(). */
typedef void evhttp_bound_socket_foreach_fn(struct evhttp_bound_socket *, void *);

/** Status 100: continue with the body. Since 2.2. */
#define HTTP_CONTINUE 100
/** Status 101: switching to another protocol. Since 2.2. */
#define HTTP_SWITCH_PROTOCOLS 101
/** Status 102: the request is being processed. Since 2.2. */
#define HTTP_PROCESSING 102
/** Status 103: some headers, ahead of the reply. Since 2.2. */
#define HTTP_EARLYHINTS 103
/** Status 200: success. */
#define HTTP_OK 200
/** Status 201: a resource was created. Since 2.2. */
#define HTTP_CREATED 201
/** Status 202: the request was accepted, but not completed yet. Since 2.2. */
#define HTTP_ACCEPTED 202
/** Status 203: a proxy has changed the reply. Since 2.2. */
#define HTTP_NONAUTHORITATIVE 203
/** Status 204: success, without a body. */
#define HTTP_NOCONTENT 204
/** Status 301: the resource has moved permanently. */
#define HTTP_MOVEPERM 301
/** Status 302: the resource has moved temporarily. */
#define HTTP_MOVETEMP 302
/** Status 304: the client's copy is current. */
#define HTTP_NOTMODIFIED 304
/** Status 400: the request is malformed. */
#define HTTP_BADREQUEST 400
/** Status 401: authentication is required. Since 2.2. */
#define HTTP_UNAUTHORIZED 401
/** Status 402: payment required. Since 2.2. */
#define HTTP_PAYMENTREQUIRED 402
/** Status 403: the client has no permission. Since 2.2. */
#define HTTP_FORBIDDEN 403
/** Status 404: the resource was not found. */
#define HTTP_NOTFOUND 404
/** Status 405: the method is not allowed for this resource. */
#define HTTP_BADMETHOD 405
/** Status 413: the body is too large. */
#define HTTP_ENTITYTOOLARGE 413
/** Status 417: the client's expectation can't be met. */
#define HTTP_EXPECTATIONFAILED 417
/** Status 500: an internal error of the server. */
#define HTTP_INTERNAL 500
/** Status 501: the server does not implement this. */
#define HTTP_NOTIMPLEMENTED 501
/** Status 502: a proxy got an invalid reply. Since 2.2. */
#define HTTP_BADGATEWAY 502
/** Status 503: the service is unavailable at present. */
#define HTTP_SERVUNAVAIL 503

/**
 * Flag of evhttp_set_flags(): a request whose body is too large is read to its end, and dropped,
 * before the error is sent.
 */
#define EVHTTP_SERVER_LINGERING_CLOSE 0x0001
/**
 * Flag of evhttp_set_flags(): clients may end lines with a bare line feed, have spaces in the
 * request's target, continue header lines in the next, leave out the Host header, and use transfer
 * codings besides chunked, which are handed over as they are. The rules on the length of messages
 * stay strict. LIBEVENT_RS_HTTP_LENIENT in the environment sets it for every server, and
 * EVHTTP_CON_LENIENT for every client. New in libevent_rs.
 */
#define EVHTTP_SERVER_LENIENT 0x10000

/**
 * Flag of evhttp_connection_set_flags(): connecting again goes to the address that the name stood
 * for the last time.
 */
#define EVHTTP_CON_REUSE_CONNECTED_ADDR 0x0008
/**
 * Flag of evhttp_connection_set_flags(): when the request can't be written, a reply that has
 * arrived is read nevertheless.
 */
#define EVHTTP_CON_READ_ON_WRITE_ERROR 0x0010
/** Flag of evhttp_connection_set_flags(): see EVHTTP_SERVER_LINGERING_CLOSE. */
#define EVHTTP_CON_LINGERING_CLOSE 0x0020
/**
 * Flag of evhttp_connection_set_flags(): the server may end lines with a bare line feed. New in
 * libevent_rs.
 */
#define EVHTTP_CON_LENIENT 0x0040
/** Public flags are below this one. */
#define EVHTTP_CON_PUBLIC_FLAGS_END 0x100000

/**
 * Flag: any byte may stand in the path, the query and the fragment of a URI, as some clients send
 * them. Scheme, user, host and port stay as RFC 3986 has them.
 */
#define EVHTTP_URI_NONCONFORMANT 0x01
/**
 * Flag: evhttp_uri_get_host() gives an IPv6 address without its brackets, as getaddrinfo() wants
 * it; evhttp_uri_join() writes them nevertheless. Since 2.2.
 */
#define EVHTTP_URI_HOST_STRIP_BRACKETS 0x04
/**
 * Flag: "unix:PATH:" in place of host and port is the path of a UNIX socket, as in
 * "http://unix:/run/control.sock:/status". Since 2.2.
 */
#define EVHTTP_URI_UNIX_SOCKET 0x08

/**
 * Flag of evhttp_parse_query_str_flags(): a name may stand without "=", and what has no name is
 * passed over. Since 2.2.
 */
#define EVHTTP_URI_QUERY_NONCONFORMANT 0x01
/**
 * Flag of evhttp_parse_query_str_flags(): of several values of one name, only the last is kept.
 * Since 2.2.
 */
#define EVHTTP_URI_QUERY_LAST_VAL 0x02

/** Flag of struct evhttp_ext_method: requests with the method have a body. Since 2.2. */
#define EVHTTP_METHOD_HAS_BODY 0x0001

/** What an evhttp_ext_method_cb is asked to complete. Since 2.2. */
struct evhttp_ext_method {
    /** The method's name, or NULL to ask for it. */
    const char *method;
    /** One EVHTTP_REQ_* bit, or one above them. */
    uint32_t type;
    /** EVHTTP_METHOD_HAS_BODY or 0. */
    uint16_t flags;
};

/** Describes a method to the library; returns 0 if it knows the method. */
typedef int (*evhttp_ext_method_cb)(struct evhttp_ext_method *method);

/** Gets a request, or a reply to one, and its argument. */
typedef void (*evhttp_request_cb)(struct evhttp_request *req, void *arg);

/** Makes a bufferevent, without a descriptor, for a new connection. */
typedef struct bufferevent *(*evhttp_bev_cb)(struct event_base *base, void *arg);

/** Called for a new request object; -1 closes the connection. */
typedef int (*evhttp_newreq_cb)(struct evhttp_request *req, void *arg);

/** Writes an error page to buffer; a negative result asks for the default page. */
typedef int (*evhttp_error_page_cb)(struct evhttp_request *req,
                                    struct evbuffer *buffer,
                                    int error,
                                    const char *reason,
                                    void *arg);

/** Called for an event of a connection. */
typedef void (*evhttp_connection_cb)(struct evhttp_connection *evcon, void *arg);

/** Called when the headers are complete; a negative result ends the exchange. */
typedef int (*evhttp_header_cb)(struct evhttp_request *req, void *arg);

/** Why a request has failed. */
enum evhttp_request_error {
    /** A timeout of evhttp_connection_set_timeout() has expired. */
    EVREQ_HTTP_TIMEOUT = 0,
    /** The connection was closed. */
    EVREQ_HTTP_EOF = 1,
    /** The peer's message is not valid HTTP. */
    EVREQ_HTTP_INVALID_HEADER = 2,
    /** Reading or writing has failed. */
    EVREQ_HTTP_BUFFER_ERROR = 3,
    /** evhttp_cancel_request() was called. */
    EVREQ_HTTP_REQUEST_CANCEL = 4,
    /** The body is larger than allowed. */
    EVREQ_HTTP_DATA_TOO_LONG = 5
};

/** Called with the reason why a request has failed. */
typedef void (*evhttp_request_error_cb)(enum evhttp_request_error error, void *arg);

/** The methods of requests. */
enum evhttp_cmd_type {
    /** GET. */
    EVHTTP_REQ_GET = 0x1,
    /** POST. */
    EVHTTP_REQ_POST = 0x2,
    /** HEAD. */
    EVHTTP_REQ_HEAD = 0x4,
    /** PUT. */
    EVHTTP_REQ_PUT = 0x8,
    /** DELETE. */
    EVHTTP_REQ_DELETE = 0x10,
    /** OPTIONS. */
    EVHTTP_REQ_OPTIONS = 0x20,
    /** TRACE. */
    EVHTTP_REQ_TRACE = 0x40,
    /** CONNECT. */
    EVHTTP_REQ_CONNECT = 0x80,
    /** PATCH. */
    EVHTTP_REQ_PATCH = 0x100,
    /** PROPFIND. Since 2.2, as those that follow. */
    EVHTTP_REQ_PROPFIND = 0x200,
    /** PROPPATCH. */
    EVHTTP_REQ_PROPPATCH = 0x400,
    /** MKCOL. */
    EVHTTP_REQ_MKCOL = 0x800,
    /** LOCK. */
    EVHTTP_REQ_LOCK = 0x1000,
    /** UNLOCK. */
    EVHTTP_REQ_UNLOCK = 0x2000,
    /** COPY. */
    EVHTTP_REQ_COPY = 0x4000,
    /** MOVE; and any method that the library doesn't know. */
    EVHTTP_REQ_MOVE = 0x8000
};

/** What a request object stands for. */
enum evhttp_request_kind {
    /** A request that a server received, or one that a client is to send. */
    EVHTTP_REQUEST = 0,
    /** The reply that a client received. */
    EVHTTP_RESPONSE = 1
};

/**
 * Makes a server, which does not listen on any address yet.
 *
 * @param base the base whose loop it runs in
 * @return the server, to be freed by evhttp_free(); NULL without memory
 */
EVENT2_EXPORT_SYMBOL
struct evhttp *evhttp_new(struct event_base *base);

/**
 * Listens on an address. A name is looked up at once, blocking, and its first address is used.
 *
 * @param http the server
 * @param address a name or an address in numbers; NULL for all IPv4 addresses of this machine
 * @param port the port; 0 for any that is free
 * @return 0; -1 with errno set
 */
EVENT2_EXPORT_SYMBOL
int evhttp_bind_socket(struct evhttp *http,
                       const char *address,
                       uint16_t port);

/**
 * Listens on an address, as evhttp_bind_socket() does.
 *
 * @param http the server
 * @param address a name or an address in numbers; NULL for all IPv4 addresses of this machine
 * @param port the port; 0 for any that is free
 * @return the socket, which belongs to the server; NULL with errno set
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_bound_socket *evhttp_bind_socket_with_handle(struct evhttp *http,
                                                           const char *address,
                                                           uint16_t port);

/**
 * Accepts connections on a socket.
 *
 * @param http the server
 * @param fd a socket that listens already; the server makes it non-blocking and closes it
 * @return 0; -1 with errno set, and then the socket remains the program's
 */
EVENT2_EXPORT_SYMBOL
int evhttp_accept_socket(struct evhttp *http, evutil_socket_t fd);

/**
 * Accepts connections on a socket, as evhttp_accept_socket() does.
 *
 * @param http the server
 * @param fd a socket that listens already; the server makes it non-blocking and closes it
 * @return the socket, which belongs to the server; NULL with errno set
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_bound_socket *evhttp_accept_socket_with_handle(struct evhttp *http,
                                                             evutil_socket_t fd);

/**
 * Accepts connections from a listener, whose callback is replaced.
 *
 * @param http the server
 * @param listener the listener, which belongs to the server from now on
 * @return the socket, which belongs to the server; NULL without memory
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_bound_socket *evhttp_bind_listener(struct evhttp *http,
                                                 struct evconnlistener *listener);

/** Returns the listener of a socket, which still belongs to the server. */
EVENT2_EXPORT_SYMBOL
struct evconnlistener *evhttp_bound_socket_get_listener(struct evhttp_bound_socket *bound_socket);

/**
 * Calls a function for each socket of a server. It may free the socket that it is called for.
 *
 * @param http the server
 * @param function what to call
 * @param argument its second argument
 */
EVENT2_EXPORT_SYMBOL
void evhttp_foreach_bound_socket(struct evhttp *http,
                                 void (*function)(struct evhttp_bound_socket *bound, void *argument),
                                 void *argument);

/** Stops listening, and closes the socket. Existing connections continue. */
EVENT2_EXPORT_SYMBOL
void evhttp_del_accept_socket(struct evhttp *http,
                              struct evhttp_bound_socket *bound_socket);

/** Returns the descriptor of a socket. */
EVENT2_EXPORT_SYMBOL
evutil_socket_t evhttp_bound_socket_get_fd(struct evhttp_bound_socket *bound_socket);

/**
 * Frees a server, its sockets, connections and virtual hosts. Requests that have not been answered
 * are freed, except those taken by evhttp_request_own().
 */
EVENT2_EXPORT_SYMBOL
void evhttp_free(struct evhttp *http);

/**
 * Limits the first line and the headers of requests on connections to come. A client that exceeds
 * it gets an error (414 or 431). 256 KiB unless set; a negative number is no limit.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_max_headers_size(struct evhttp *http,
                                 ev_ssize_t max_headers_size);

/**
 * Limits the bodies of requests on connections to come. A client that exceeds it gets an error
 * (413). There is no limit unless set; a negative number is none.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_max_body_size(struct evhttp *http, ev_ssize_t max_body_size);

/**
 * Limits the connections that a server has at a time. When there is one more, the oldest idle
 * connection is closed; if none is idle, the new one gets an error (503) at once. 0 and negative
 * numbers mean no limit, which is the default. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_max_connections(struct evhttp *http, int max_connections);

/** Returns the number of connections of a server. Since 2.2. */
EVENT2_EXPORT_SYMBOL
int evhttp_get_connection_count(struct evhttp *http);

/**
 * Sets the Content-Type of replies to which the program does not add that header. NULL adds none;
 * the default is "text/html; charset=ISO-8859-1".
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_default_content_type(struct evhttp *http,
                                     const char *content_type);

/**
 * Sets the methods that a server answers: GET, POST, HEAD, PUT and DELETE unless set. For others
 * clients get an error: 405 for a method that the library knows, else 501.
 *
 * @param http the server
 * @param methods EVHTTP_REQ_* bits. EVHTTP_REQ_MOVE stands for all methods that the library does
 *   not know, too, unless evhttp_set_ext_method_cmp() is used
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_allowed_methods(struct evhttp *http, uint32_t methods);

/**
 * Sets a callback that describes methods that the library does not know. Since 2.2.
 *
 * @param http the server
 * @param cmp is called with the name of a method, to fill in its type, and returns 0 if it knows it
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_ext_method_cmp(struct evhttp *http, evhttp_ext_method_cb cmp);

/**
 * Sets the callback for requests with a path. The path of the request is compared without its
 * escapes.
 *
 * @param http the server
 * @param path the path, which is copied
 * @param cb what to call
 * @param cb_arg its second argument
 * @return 0; -1 if the path has a callback already; -2 without memory
 */
EVENT2_EXPORT_SYMBOL
int evhttp_set_cb(struct evhttp *http,
                  const char *path,
                  evhttp_request_cb cb,
                  void *cb_arg);

/**
 * Removes the callback for a path.
 *
 * @param http the server
 * @param path the path
 * @return 0; -1 if there is none
 */
EVENT2_EXPORT_SYMBOL
int evhttp_del_cb(struct evhttp *http, const char *path);

/**
 * Sets the callback for requests whose path has none. Without it clients get an error (404).
 *
 * @param http the server
 * @param cb what to call, or NULL
 * @param arg its second argument
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_gencb(struct evhttp *http, evhttp_request_cb cb, void *arg);

/**
 * Sets the callback that makes the bufferevent of a new connection, for example one with TLS. It
 * must have no descriptor; with NULL a socket bufferevent is made.
 *
 * @param http the server
 * @param cb what to call, or NULL
 * @param arg its second argument
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_bevcb(struct evhttp *http, evhttp_bev_cb cb, void *arg);

/**
 * Sets the callback that makes bufferevents for one socket, before that of evhttp_set_bevcb() is
 * asked. Since 2.2.
 *
 * @param bound the socket
 * @param cb what to call, or NULL
 * @param arg its second argument
 */
EVENT2_EXPORT_SYMBOL
void evhttp_bound_set_bevcb(struct evhttp_bound_socket *bound,
                            evhttp_bev_cb cb,
                            void *arg);

/**
 * Sets a callback for every new request object: on a new connection, and after each reply on one
 * that is kept alive, before any byte of the request has arrived. It can set the callbacks of the
 * request. -1 closes the connection. Since 2.2.
 *
 * @param http the server
 * @param cb what to call, or NULL
 * @param arg its second argument
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_newreqcb(struct evhttp *http, evhttp_newreq_cb cb, void *arg);

/**
 * Sets a callback that writes the pages of errors, those of evhttp_send_error() and the library's
 * own. If the result is negative or the buffer stays empty, the default page is sent. Since 2.2.
 *
 * @param http the server
 * @param cb what to call, or NULL
 * @param arg its last argument
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_errorcb(struct evhttp *http,
                        evhttp_error_page_cb cb,
                        void *arg);

/**
 * Sets the flags of a server, replacing those set before.
 *
 * @param http the server
 * @param flags EVHTTP_SERVER_*
 * @return 0; 1 for unknown flags, and then nothing is changed. Since 2.1
 */
EVENT2_EXPORT_SYMBOL
int evhttp_set_flags(struct evhttp *http, int flags);

/**
 * Makes a server a virtual host: its callbacks get the requests for hosts that match a pattern. It
 * must have no sockets. Virtual hosts can have virtual hosts; the innermost one that matches is
 * used.
 *
 * @param http the server
 * @param pattern a host, in which "*" stands for any text
 * @param vhost the virtual host, which is freed with the server unless it is removed before
 * @return 0; -1 if it is a virtual host already, has sockets, or there is no memory
 */
EVENT2_EXPORT_SYMBOL
int evhttp_add_virtual_host(struct evhttp *http,
                            const char *pattern,
                            struct evhttp *vhost);

/**
 * Removes a virtual host, which becomes a server of its own again.
 *
 * @param http the server
 * @param vhost the virtual host, which is the program's to free from now on
 * @return 0; -1 if it is none of this server
 */
EVENT2_EXPORT_SYMBOL
int evhttp_remove_virtual_host(struct evhttp *http, struct evhttp *vhost);

/**
 * Adds a name to a server, virtual or not. Names take precedence over patterns.
 *
 * @param http the server
 * @param alias the name of a host
 * @return 0; -1 without memory
 */
EVENT2_EXPORT_SYMBOL
int evhttp_add_server_alias(struct evhttp *http, const char *alias);

/**
 * Removes a name of evhttp_add_server_alias().
 *
 * @param http the server
 * @param alias the name
 * @return 0; -1 if it has no such name
 */
EVENT2_EXPORT_SYMBOL
int evhttp_remove_server_alias(struct evhttp *http, const char *alias);

/**
 * Makes a client, which connects when the first request is made.
 *
 * @param base the base whose loop it runs in; NULL if evhttp_connection_set_base() follows
 * @param dnsbase looks the name up; NULL to wait for the system's resolver
 * @param bev the bufferevent to use, without a descriptor, which belongs to the client from now
 *   on; with NULL a socket bufferevent is made
 * @param address a name or an address in numbers
 * @param port the port
 * @return the client, to be freed by evhttp_connection_free(); NULL without memory
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evhttp_connection_base_bufferevent_new(struct event_base *base,
                                                                 struct evdns_base *dnsbase,
                                                                 struct bufferevent *bev,
                                                                 const char *address,
                                                                 uint16_t port);

/**
 * Makes a client that connects to a UNIX socket. Since 2.2.
 *
 * @param base the base whose loop it runs in
 * @param bev the bufferevent to use, as for evhttp_connection_base_bufferevent_new()
 * @param path the socket's path
 * @return the client; NULL without memory, or if the path is too long
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evhttp_connection_base_bufferevent_unix_new(struct event_base *base,
                                                                      struct bufferevent *bev,
                                                                      const char *path);

/**
 * Makes a client on a connected bufferevent. When the connection ends, the client can't connect
 * again. Since 2.2.
 *
 * @param base the base whose loop it runs in
 * @param dnsbase not used
 * @param bev the bufferevent, which belongs to the client from now on
 * @return the client; NULL without memory or bufferevent
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evhttp_connection_base_bufferevent_reuse_new(struct event_base *base,
                                                                       struct evdns_base *dnsbase,
                                                                       struct bufferevent *bev);

/**
 * Makes a client, which connects when the first request is made.
 *
 * @param base the base whose loop it runs in
 * @param dnsbase looks the name up; NULL to wait for the system's resolver
 * @param address a name or an address in numbers
 * @param port the port
 * @return the client, to be freed by evhttp_connection_free(); NULL without memory
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evhttp_connection_base_new(struct event_base *base,
                                                     struct evdns_base *dnsbase,
                                                     const char *address,
                                                     uint16_t port);

/** Returns the bufferevent of a connection, which still belongs to the connection. */
EVENT2_EXPORT_SYMBOL
struct bufferevent *evhttp_connection_get_bufferevent(struct evhttp_connection *evcon);

/** Returns the server of a connection; NULL for a client. Since 2.1. */
EVENT2_EXPORT_SYMBOL
struct evhttp *evhttp_connection_get_server(struct evhttp_connection *evcon);

/**
 * Sets the family of addresses that a client connects to: AF_INET, AF_INET6, or AF_UNSPEC for both.
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_family(struct evhttp_connection *evcon, int family);

/**
 * Sets the flags of a connection, replacing those set before.
 *
 * @param evcon the connection
 * @param flags EVHTTP_CON_*
 * @return 0; 1 for unknown flags, and then nothing is changed. Since 2.1
 */
EVENT2_EXPORT_SYMBOL
int evhttp_connection_set_flags(struct evhttp_connection *evcon, int flags);

/**
 * Sets a callback that describes methods that the library does not know. Since 2.2.
 *
 * @param evcon the connection
 * @param cmp is called with a type, to fill in the name of the method; or on servers with a name, to
 *   fill in the type. It returns 0 if it knows it
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_ext_method_cmp(struct evhttp_connection *evcon,
                                          evhttp_ext_method_cb cmp);

/** Returns the base of a connection. Since 2.0. */
EVENT2_EXPORT_SYMBOL
struct event_base *evhttp_connection_get_base(struct evhttp_connection *req);

/** Limits the first line and the headers of messages; a negative number is no limit. Since 2.0. */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_max_headers_size(struct evhttp_connection *evcon,
                                            ev_ssize_t new_max_headers_size);

/** Limits the bodies of messages; a negative number is no limit. Since 2.0. */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_max_body_size(struct evhttp_connection *evcon,
                                         ev_ssize_t new_max_body_size);

/**
 * Frees a connection and its requests, except those taken by evhttp_request_own(). Its close
 * callback is called.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_free(struct evhttp_connection *evcon);

/** Makes a client free itself when it has no more requests and its connection ends. Since 2.1. */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_free_on_completion(struct evhttp_connection *evcon);

/**
 * Sets the address that a client connects from. It must not have begun to connect.
 *
 * @param evcon the client
 * @param address an address in numbers, which is copied
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_local_address(struct evhttp_connection *evcon,
                                         const char *address);

/** Sets the port that a client connects from. It must not have begun to connect. */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_local_port(struct evhttp_connection *evcon,
                                      uint16_t port);

/**
 * Sets how long a client waits before it tries to connect a second time; the time doubles with
 * each try, up to an hour. The default is 2 s. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_initial_retry_tv(struct evhttp_connection *evcon,
                                            const struct timeval *tv);

/** Sets how often a client tries to connect again; negative for no limit. The default is 0. */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_retries(struct evhttp_connection *evcon,
                                   int retry_max);

/**
 * Sets a callback for the end of an established connection: when it is lost, closed or freed. A
 * client can connect again afterwards.
 *
 * @param evcon the connection
 * @param cb what to call
 * @param arg its second argument
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_closecb(struct evhttp_connection *evcon,
                                   evhttp_connection_cb cb,
                                   void *arg);

/**
 * Returns the peer of a connection.
 *
 * @param evcon the connection
 * @param address where to store the numeric address, or for clients the address that they were
 *   made with; it belongs to the connection. NULL for a UNIX socket of a client
 * @param port gets the port
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_get_peer(struct evhttp_connection *evcon,
                                char **address,
                                uint16_t *port);

/**
 * Returns the address of the peer of a connection, which belongs to the connection. Its family is
 * AF_UNSPEC if the connection has never been connected, and without memory. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
const struct sockaddr *evhttp_connection_get_addr(struct evhttp_connection *evcon);

/**
 * Sends a request once those before it are done. The client connects if necessary.
 *
 * @param evcon the client
 * @param req the request, which is the library's from now on
 * @param type the method, an EVHTTP_REQ_* bit
 * @param uri the target of the request, which is sent as it is
 * @return 0; -1 without memory, for a method without a name or a target with a line end, and then
 *   the request is freed; and -1 if the client's own address can't be bound
 */
EVENT2_EXPORT_SYMBOL
int evhttp_make_request(struct evhttp_connection *evcon,
                        struct evhttp_request *req,
                        enum evhttp_cmd_type type,
                        const char *uri);

/**
 * Sets how many seconds may pass without progress in reading or writing on connections to come. 0
 * and negative numbers are no timeout, as if it was never set.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_timeout(struct evhttp *http, int timeout_in_secs);

/**
 * Sets how long may pass without progress in reading or writing on connections to come; NULL is no
 * timeout. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_timeout_tv(struct evhttp *http, const struct timeval *tv);

/** Sets how long may pass without progress in reading; NULL is no timeout. Since 2.2. */
EVENT2_EXPORT_SYMBOL
void evhttp_set_read_timeout_tv(struct evhttp *http, const struct timeval *tv);

/** Sets how long may pass without progress in writing; NULL is no timeout. Since 2.2. */
EVENT2_EXPORT_SYMBOL
void evhttp_set_write_timeout_tv(struct evhttp *http,
                                 const struct timeval *tv);

/**
 * Sets how many seconds a connection may go without progress in connecting, reading or writing. A
 * negative number brings back what it was at first: for clients 45 for connecting, and 50.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_timeout(struct evhttp_connection *evcon,
                                   int timeout_in_secs);

/**
 * Sets how long a connection may go without progress in connecting, reading or writing. NULL brings
 * back what it was at first. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_timeout_tv(struct evhttp_connection *evcon,
                                      const struct timeval *tv);

/** Sets how long a client may connect; NULL is for ever. Since 2.2. */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_connect_timeout_tv(struct evhttp_connection *evcon,
                                              const struct timeval *tv);

/** Sets how long a connection may go without progress in reading; NULL is for ever. Since 2.2. */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_read_timeout_tv(struct evhttp_connection *evcon,
                                           const struct timeval *tv);

/** Sets how long a connection may go without progress in writing; NULL is for ever. Since 2.2. */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_write_timeout_tv(struct evhttp_connection *evcon,
                                            const struct timeval *tv);

/**
 * Sends an error page and closes the connection. Headers that were added to the reply are dropped.
 *
 * @param req the request, which is the library's from now on
 * @param error the status
 * @param reason the reason phrase; NULL for the standard one
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_error(struct evhttp_request *req,
                       int error,
                       const char *reason);

/**
 * Sends a reply. Date, Content-Length, Content-Type and Connection are added where they are missing.
 * No body is sent with a status that has none, nor in reply to HEAD.
 *
 * @param req the request, which is the library's from now on
 * @param code the status
 * @param reason the reason phrase; NULL for the standard one
 * @param databuf the body, which is moved: the buffer is empty afterwards, and remains the
 *   program's; NULL for none
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_reply(struct evhttp_request *req,
                       int code,
                       const char *reason,
                       struct evbuffer *databuf);

/**
 * Starts a reply whose body is sent by evhttp_send_reply_chunk(), and which
 * evhttp_send_reply_end() ends. It is chunked if the client supports that and there is no
 * Content-Length header.
 *
 * @param req the request
 * @param code the status
 * @param reason the reason phrase; NULL for the standard one
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_reply_start(struct evhttp_request *req,
                             int code,
                             const char *reason);

/**
 * Sends a part of the body of a reply that was started by evhttp_send_reply_start(). Nothing
 * happens if the connection is gone.
 *
 * @param req the request
 * @param databuf the part, which is moved: the buffer is empty afterwards, and remains the program's
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_reply_chunk(struct evhttp_request *req,
                             struct evbuffer *databuf);

/**
 * Sends a part of the body of a reply, as evhttp_send_reply_chunk() does.
 *
 * @param req the request
 * @param databuf the part, which is moved
 * @param cb what to call whenever all output has been written, until the next part is sent; may be
 *   NULL
 * @param arg its second argument
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_reply_chunk_with_cb(struct evhttp_request *req,
                                     struct evbuffer *databuf,
                                     evhttp_connection_cb cb,
                                     void *arg);

/**
 * Ends a reply that was started by evhttp_send_reply_start(). If the connection is gone, the
 * request is freed.
 *
 * @param req the request, which is the library's from now on
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_reply_end(struct evhttp_request *req);

/**
 * Makes a request for evhttp_make_request().
 *
 * @param cb is called when the reply is complete; with NULL in place of the request, or with a
 *   status of 0, if there is none
 * @param arg the last argument of all callbacks of the request
 * @return the request; NULL without memory
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_request *evhttp_request_new(evhttp_request_cb cb, void *arg);

/**
 * Sets a callback for the parts of a body: each chunk of a chunked one, else what was read. The
 * part is in the input buffer, from which it is removed afterwards.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_request_set_chunked_cb(struct evhttp_request *req,
                                   evhttp_request_cb cb);

/**
 * Sets a callback for when the headers have been received. If it returns a negative number, the
 * exchange ends. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_request_set_header_cb(struct evhttp_request *req,
                                  evhttp_header_cb cb);

/**
 * Sets a callback that gets the reason why a client's request has failed, before the request's own
 * callback gets NULL. The request has been freed by then. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_request_set_error_cb(struct evhttp_request *req,
                                 evhttp_request_error_cb cb);

/**
 * Sets a callback for when a server's reply has been written. Since 2.1.
 *
 * @param req the request, which is freed after the callback
 * @param cb what to call
 * @param cb_arg its second argument
 */
EVENT2_EXPORT_SYMBOL
void evhttp_request_set_on_complete_cb(struct evhttp_request *req,
                                       evhttp_request_cb cb,
                                       void *cb_arg);

/** Frees a request. */
EVENT2_EXPORT_SYMBOL
void evhttp_request_free(struct evhttp_request *req);

/**
 * Cancels a pending request: its callback is not called, and it is freed. If it is being sent, or
 * its reply received, the connection ends with it.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_cancel_request(struct evhttp_request *req);

/**
 * Gives the program ownership of a client's request: it is not freed after its callback. The
 * functions that send a server's reply free the request all the same.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_request_own(struct evhttp_request *req);

/** Returns 1 if evhttp_request_own() was called, otherwise 0. */
EVENT2_EXPORT_SYMBOL
int evhttp_request_is_owned(struct evhttp_request *req);

/** Returns the connection of a request; NULL if it no longer has one. */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evhttp_request_get_connection(struct evhttp_request *req);

/** Returns the target of a request, as it was sent; NULL if it could not be parsed. */
EVENT2_EXPORT_SYMBOL
const char *evhttp_request_get_uri(const struct evhttp_request *req);

/** Returns the parsed target of a request that was received; NULL if it could not be parsed. */
EVENT2_EXPORT_SYMBOL
const struct evhttp_uri *evhttp_request_get_evhttp_uri(const struct evhttp_request *req);

/** Returns the method of a request. */
EVENT2_EXPORT_SYMBOL
enum evhttp_cmd_type evhttp_request_get_command(const struct evhttp_request *req);

/** Returns the status of a reply; 0 if there is none. */
EVENT2_EXPORT_SYMBOL
int evhttp_request_get_response_code(const struct evhttp_request *req);

/** Returns the reason phrase of a reply. Since 2.1. */
EVENT2_EXPORT_SYMBOL
const char *evhttp_request_get_response_code_line(const struct evhttp_request *req);

/** Returns the headers that were received. */
EVENT2_EXPORT_SYMBOL
struct evkeyvalq *evhttp_request_get_input_headers(struct evhttp_request *req);

/** Returns the headers to send. */
EVENT2_EXPORT_SYMBOL
struct evkeyvalq *evhttp_request_get_output_headers(struct evhttp_request *req);

/** Returns the body that was received. */
EVENT2_EXPORT_SYMBOL
struct evbuffer *evhttp_request_get_input_buffer(struct evhttp_request *req);

/** Returns the body to send. */
EVENT2_EXPORT_SYMBOL
struct evbuffer *evhttp_request_get_output_buffer(struct evhttp_request *req);

/**
 * Returns the host that a request is for, without a port: that of an absolute target, or that of
 * the Host header. NULL if there is none, or memory runs out.
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_request_get_host(struct evhttp_request *req);

/**
 * Finds a header by its name, ignoring case.
 *
 * @param headers the list
 * @param key the name
 * @return the value of the first with that name, as long as it is in the list; NULL if there is none
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_find_header(const struct evkeyvalq *headers,
                               const char *key);

/**
 * Removes a header by its name, ignoring case.
 *
 * @param headers the list
 * @param key the name
 * @return 0 if the first with that name was removed; -1 if there is none
 */
EVENT2_EXPORT_SYMBOL
int evhttp_remove_header(struct evkeyvalq *headers, const char *key);

/**
 * Appends a header to a list, even if it already has one with that name.
 *
 * @param headers the list
 * @param key the name
 * @param value the value; both are copied
 * @return 0; -1 if either contains a line end, or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evhttp_add_header(struct evkeyvalq *headers,
                      const char *key,
                      const char *value);

/** Removes all headers of a list. */
EVENT2_EXPORT_SYMBOL
void evhttp_clear_headers(struct evkeyvalq *headers);

/**
 * Parses the names and values in the query of a URI, as evhttp_parse_query_str() does.
 *
 * Returns 0; -1 and an empty list if the text is no URI by RFC 3986, if its query has a part
 * without a name or without "=", or without memory. Since 1.4.
 *
 * @deprecated use evhttp_uri_parse() and evhttp_parse_query_str()
 */
EVENT2_EXPORT_SYMBOL
int evhttp_parse_query(const char *uri, struct evkeyvalq *headers);

/**
 * Parses the names and values in a query, as returned by evhttp_uri_get_query().
 *
 * The query is split at each "&". Names stay as they are; in values, "%XX" and "+" are decoded,
 * and "%00" ends the value. A name may occur several times. Use evhttp_find_header() to find
 * values.
 *
 * @param uri the query, without "?"
 * @param headers what is made a list of the names and values, to be cleared with
 *   evhttp_clear_headers() if they were taken
 * @return 0; -1 and an empty list if a part has no name or no "=", or without memory. Since 2.0
 */
EVENT2_EXPORT_SYMBOL
int evhttp_parse_query_str(const char *uri, struct evkeyvalq *headers);

/**
 * evhttp_parse_query_str() with flags.
 *
 * @param uri the query, without "?"
 * @param headers what is made a list of the names and values
 * @param flags EVHTTP_URI_QUERY_*
 * @return 0; -1 and an empty list for what the flags don't allow, or without memory. Since 2.2
 */
EVENT2_EXPORT_SYMBOL
int evhttp_parse_query_str_flags(const char *uri,
                                 struct evkeyvalq *headers,
                                 unsigned int flags);

/**
 * Makes a URI without any part: getters return NULL, the port is -1.
 *
 * Returns it, to be freed by evhttp_uri_free(), or NULL without memory. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_uri *evhttp_uri_new(void);

/**
 * Sets the EVHTTP_URI_* flags by which the setters check from now on, in place of those that the
 * URI was parsed with. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_uri_set_flags(struct evhttp_uri *uri, unsigned int flags);

/**
 * Returns the scheme, or NULL: then it is a relative reference.
 *
 * The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_scheme(const struct evhttp_uri *uri);

/**
 * Returns the user information, before the "@" of the authority, or NULL without an "@". Escapes
 * are not decoded.
 *
 * The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_userinfo(const struct evhttp_uri *uri);

/**
 * Returns the host: a name, an IPv4 address, or an IPv6 or future address in brackets (but see
 * EVHTTP_URI_HOST_STRIP_BRACKETS). NULL if the URI has no authority, as in
 * "mailto:user@example.com",
 * and empty if the authority has no host, as in "file:///etc/motd". Escapes are not decoded.
 *
 * The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_host(const struct evhttp_uri *uri);

/**
 * Returns the path of the UNIX socket (see EVHTTP_URI_UNIX_SOCKET), or NULL. There is no host
 * then.
 *
 * The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_unixsocket(const struct evhttp_uri *uri);

/** Returns the port, or -1 without one. Since 2.0. */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_get_port(const struct evhttp_uri *uri);

/**
 * Returns the path. It is empty where a parsed URI has none, and NULL if none was set. Escapes are
 * not decoded.
 *
 * The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_path(const struct evhttp_uri *uri);

/**
 * Returns what follows the first "?", or NULL without one. Escapes are not decoded.
 *
 * The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_query(const struct evhttp_uri *uri);

/**
 * Returns what follows the "#", or NULL without one. Escapes are not decoded.
 *
 * The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_fragment(const struct evhttp_uri *uri);

/**
 * Sets the scheme, without ":"; NULL removes it. The string is copied.
 *
 * Returns 0; -1 unless it is a letter followed by letters, digits, "+", "-" and ".", or if memory
 * runs out, and then nothing is changed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_scheme(struct evhttp_uri *uri, const char *scheme);

/**
 * Sets the user information, before the "@"; NULL removes it. The string is copied.
 *
 * Returns 0; -1 if RFC 3986 does not allow it, or if memory runs out, and then nothing is changed.
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_userinfo(struct evhttp_uri *uri, const char *userinfo);

/**
 * Sets the host; NULL removes it. The string is copied.
 *
 * Returns 0; -1 if it is not a name, or an address in brackets, or if memory runs out, and then
 * nothing is changed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_host(struct evhttp_uri *uri, const char *host);

/**
 * Sets the path of the UNIX socket, which is used in place of the host; NULL removes it. The
 * string is copied.
 *
 * Returns 0; -1 if memory runs out, and then nothing is changed. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_unixsocket(struct evhttp_uri *uri, const char *unixsocket);

/**
 * Sets the port; -1 is none. There is no upper limit.
 *
 * Returns 0, or -1 for other negative numbers. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_port(struct evhttp_uri *uri, int port);

/**
 * Sets the path; NULL removes it. The string is copied.
 *
 * Returns 0; -1 if it is not a path (see EVHTTP_URI_NONCONFORMANT), or if memory runs out, and
 * then nothing is changed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_path(struct evhttp_uri *uri, const char *path);

/**
 * Sets the query, without "?"; NULL removes it. The string is copied.
 *
 * Returns 0; -1 if it is not a query (see EVHTTP_URI_NONCONFORMANT), or if memory runs out, and
 * then nothing is changed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_query(struct evhttp_uri *uri, const char *query);

/**
 * Sets the fragment, without "#"; NULL removes it. The string is copied.
 *
 * Returns 0; -1 if it is not a fragment (see EVHTTP_URI_NONCONFORMANT), or if memory runs out, and
 * then nothing is changed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_fragment(struct evhttp_uri *uri, const char *fragment);

/**
 * Parses a URI or a relative reference as described in RFC 3986:
 * "scheme://userinfo@host:port/path?query#fragment", where all parts but the path may be missing.
 * Escapes are not decoded (see evhttp_uridecode() and evhttp_parse_query_str()), nothing is
 * normalized, and the further rules of a scheme are not checked.
 *
 * @param source_uri the text
 * @param flags EVHTTP_URI_*
 * @return the URI, to be freed by evhttp_uri_free(); NULL if the text is no URI, or memory
 *   runs out. Since 2.0
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_uri *evhttp_uri_parse_with_flags(const char *source_uri,
                                               unsigned int flags);

/** evhttp_uri_parse_with_flags() without flags. Since 2.0. */
EVENT2_EXPORT_SYMBOL
struct evhttp_uri *evhttp_uri_parse(const char *source_uri);

/** Frees a URI with all its strings; NULL is ignored. Since 2.0. */
EVENT2_EXPORT_SYMBOL
void evhttp_uri_free(struct evhttp_uri *uri);

/**
 * Writes the whole URI, as it stands in texts, to buf. Nothing is escaped.
 *
 * Returns buf; NULL if that has less than the limit bytes that are needed with the terminating
 * NUL, or if there is a host and a path that does not start with "/", and then nothing is written.
 * Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_uri_join(struct evhttp_uri *uri, char *buf, size_t limit);

/**
 * Encodes a string for a place inside a URI: all bytes are written as "%XX" but letters, digits,
 * "-", ".", "_" and "~".
 *
 * Returns the text, to be freed by the program, or NULL without memory. Since 1.4.
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_encode_uri(const char *str);

/**
 * Encodes a string for a place inside a URI, as evhttp_encode_uri() does.
 *
 * @param str the string
 * @param size how long it is, if it may contain NUL bytes; -1 if it ends with the first
 * @param space_to_plus whether a space is written as "+", not as "%20"
 * @return the text, to be freed by the program, or NULL without memory. Since 2.0
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_uriencode(const char *str, ev_ssize_t size, int space_to_plus);

/**
 * Decodes the "%XX" of a whole URI, and each "+" after the first "?" to a space. As this makes
 * escaped delimiters the same as others, parse the URI first and then use evhttp_uridecode().
 *
 * Returns the text, to be freed by the program, or NULL without memory. Since 1.4.
 *
 * @deprecated use evhttp_uridecode()
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_decode_uri(const char *uri);

/**
 * Decodes the "%XX" of a part of a URI. Incomplete escapes stay as they are.
 *
 * @param uri the encoded text
 * @param decode_plus whether a "+" stands for a space
 * @param size_out if not NULL, where to store how long the result is: "%00" becomes a NUL byte
 * @return the text with a NUL at its end, to be freed by the program, or NULL without memory.
 *   Since 2.0
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_uridecode(const char *uri, int decode_plus, size_t *size_out);

/**
 * Writes "<", ">", double quote, "'" and "&" as "&lt;", "&gt;", "&quot;", "&#039;" and "&amp;".
 *
 * Returns the text, to be freed by the program; NULL without memory, and for NULL. Since 1.4.
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_htmlescape(const char *html);

#ifdef __cplusplus
}
#endif

#endif
