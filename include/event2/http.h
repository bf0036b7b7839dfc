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

/** Is called for each bound socket; see evhttp_foreach_bound_socket(). */
typedef void evhttp_bound_socket_foreach_fn(struct evhttp_bound_socket *, void *);

/** Status 100: go on with the body. Since 2.2. */
#define HTTP_CONTINUE 100
/** Status 101: another protocol follows. Since 2.2. */
#define HTTP_SWITCH_PROTOCOLS 101
/** Status 102: the answer will take a while. Since 2.2. */
#define HTTP_PROCESSING 102
/** Status 103: some headers of the answer. Since 2.2. */
#define HTTP_EARLYHINTS 103
/** Status 200: success. */
#define HTTP_OK 200
/** Status 201: something was created. Since 2.2. */
#define HTTP_CREATED 201
/** Status 202: it will be done. Since 2.2. */
#define HTTP_ACCEPTED 202
/** Status 203: somebody changed the answer on its way. Since 2.2. */
#define HTTP_NONAUTHORITATIVE 203
/** Status 204: success, without a body. */
#define HTTP_NOCONTENT 204
/** Status 301: it is elsewhere for good. */
#define HTTP_MOVEPERM 301
/** Status 302: it is elsewhere for now. */
#define HTTP_MOVETEMP 302
/** Status 304: what the client has is current. */
#define HTTP_NOTMODIFIED 304
/** Status 400: this is no HTTP. */
#define HTTP_BADREQUEST 400
/** Status 401: only for those who say who they are. Since 2.2. */
#define HTTP_UNAUTHORIZED 401
/** Status 402: reserved. Since 2.2. */
#define HTTP_PAYMENTREQUIRED 402
/** Status 403: not for this client. Since 2.2. */
#define HTTP_FORBIDDEN 403
/** Status 404: there is nothing. */
#define HTTP_NOTFOUND 404
/** Status 405: the method is not for this. */
#define HTTP_BADMETHOD 405
/** Status 413: the body is too large. */
#define HTTP_ENTITYTOOLARGE 413
/** Status 417: what the client expects can't be done. */
#define HTTP_EXPECTATIONFAILED 417
/** Status 500: the server has failed. */
#define HTTP_INTERNAL 500
/** Status 501: the server doesn't know how. */
#define HTTP_NOTIMPLEMENTED 501
/** Status 502: the server behind a proxy has failed. Since 2.2. */
#define HTTP_BADGATEWAY 502
/** Status 503: not now. */
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
 * stay strict. New in libevent_rs.
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

/** Flag of struct evhttp_ext_method: requests with the method have a body. Since 2.2. */
#define EVHTTP_METHOD_HAS_BODY 0x0001

/** Makes a bufferevent, without a descriptor, for a new connection. */
typedef struct bufferevent *(*evhttp_bev_cb)(struct event_base *base, void *arg);

/** Is told something about a connection. */
typedef void (*evhttp_connection_cb)(struct evhttp_connection *evcon, void *arg);

/** Writes the page of an error to buffer; less than 0 asks for the usual page. */
typedef int (*evhttp_error_page_cb)(struct evhttp_request *req,
                                    struct evbuffer *buffer,
                                    int error,
                                    const char *reason,
                                    void *arg);

/** What an evhttp_ext_method_cb is asked to complete. Since 2.2. */
struct evhttp_ext_method {
    /** The method's name, or NULL to ask for it. */
    const char *method;
    /** One EVHTTP_REQ_* bit, or one above them. */
    uint32_t type;
    /** EVHTTP_METHOD_HAS_BODY or 0. */
    uint16_t flags;
};

/** Tells what the library needs to know of a method; 0 if it is known. */
typedef int (*evhttp_ext_method_cb)(struct evhttp_ext_method *method);

/** Is called when a head is complete; less than 0 ends the exchange. */
typedef int (*evhttp_header_cb)(struct evhttp_request *req, void *arg);

/** Is told of a new request object; -1 closes the connection. */
typedef int (*evhttp_newreq_cb)(struct evhttp_request *req, void *arg);

/** Gets a request, or a reply to one, and its argument. */
typedef void (*evhttp_request_cb)(struct evhttp_request *req, void *arg);

/** Why a request has failed. */
enum evhttp_request_error {
    /** A timeout of evhttp_connection_set_timeout() has expired. */
    EVREQ_HTTP_TIMEOUT = 0,
    /** The connection was closed. */
    EVREQ_HTTP_EOF = 1,
    /** The other end doesn't speak HTTP. */
    EVREQ_HTTP_INVALID_HEADER = 2,
    /** Reading or writing has failed. */
    EVREQ_HTTP_BUFFER_ERROR = 3,
    /** evhttp_cancel_request() was called. */
    EVREQ_HTTP_REQUEST_CANCEL = 4,
    /** The body is larger than allowed. */
    EVREQ_HTTP_DATA_TOO_LONG = 5
};

/** Is told why a request has failed. */
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
 * escaped delimiters the same as others, take the URI apart first and then use evhttp_uridecode().
 *
 * Returns the text, to be freed by the program, or NULL without memory. Since 1.4.
 *
 * @deprecated use evhttp_uridecode()
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_decode_uri(const char *uri);

/**
 * Decodes the "%XX" of a part of a URI. What is no complete escape stays as it is.
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
 * Returns what stands before the "@" of the authority, or NULL without an "@". Escapes are not decoded.
 *
 * The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_userinfo(const struct evhttp_uri *uri);

/**
 * Returns the host: a name, an IPv4 address, or an IPv6 or future address in brackets (but see
 * EVHTTP_URI_HOST_STRIP_BRACKETS). NULL if the URI has no authority, as in "mailto:user@example.com",
 * and empty if the authority has no host, as in "file:///etc/motd". Escapes are not decoded.
 *
 * The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_host(const struct evhttp_uri *uri);

/**
 * Returns the path of the UNIX socket (see EVHTTP_URI_UNIX_SOCKET), or NULL. There is no host then.
 *
 * The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_unixsocket(const struct evhttp_uri *uri);

/** Returns the port, or -1 without one. Since 2.0. */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_get_port(const struct evhttp_uri *uri);

/**
 * Returns the path. It is empty where a parsed URI has none, and NULL if none was set. Escapes are not decoded.
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
 * Sets the scheme, without ":"; NULL takes it away. The string is copied.
 *
 * Returns 0; -1 if it is not a letter and then letters, digits, "+", "-" and ".", or without memory, and then nothing is changed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_scheme(struct evhttp_uri *uri,
                          const char *scheme);

/**
 * Sets what stands before the "@"; NULL takes it away. The string is copied.
 *
 * Returns 0; -1 if it is not what RFC 3986 lets stand there, or without memory, and then nothing is changed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_userinfo(struct evhttp_uri *uri,
                            const char *userinfo);

/**
 * Sets the host; NULL takes it away. The string is copied.
 *
 * Returns 0; -1 if it is not a name, or an address in brackets, or without memory, and then nothing is changed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_host(struct evhttp_uri *uri,
                        const char *host);

/**
 * Sets the path of the UNIX socket, which is used in place of the host; NULL takes it away. The string is copied.
 *
 * Returns 0; -1 without memory, and then nothing is changed. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_unixsocket(struct evhttp_uri *uri,
                              const char *unixsocket);

/**
 * Sets the port; -1 is none. There is no upper limit.
 *
 * Returns 0, or -1 for other negative numbers. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_port(struct evhttp_uri *uri, int port);

/**
 * Sets the path; NULL takes it away. The string is copied.
 *
 * Returns 0; -1 if it is not a path (see EVHTTP_URI_NONCONFORMANT), or without memory, and then nothing is changed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_path(struct evhttp_uri *uri,
                        const char *path);

/**
 * Sets the query, without "?"; NULL takes it away. The string is copied.
 *
 * Returns 0; -1 if it is not a query (see EVHTTP_URI_NONCONFORMANT), or without memory, and then nothing is changed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_query(struct evhttp_uri *uri,
                         const char *query);

/**
 * Sets the fragment, without "#"; NULL takes it away. The string is copied.
 *
 * Returns 0; -1 if it is not a fragment (see EVHTTP_URI_NONCONFORMANT), or without memory, and then nothing is changed. Since 2.0.
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_fragment(struct evhttp_uri *uri,
                            const char *fragment);

/**
 * Takes a URI or a relative reference apart, as RFC 3986 describes it:
 * "scheme://userinfo@host:port/path?query#fragment", where all parts but the path may be missing.
 * Escapes are not decoded (see evhttp_uridecode() and evhttp_parse_query_str()), nothing is
 * normalized, and what a scheme demands besides is not checked.
 *
 * @param source_uri the text
 * @param flags EVHTTP_URI_*
 * @return the URI, to be freed by evhttp_uri_free(); NULL if the text is no URI, or without memory.
 *   Since 2.0
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

#ifdef __cplusplus
}
#endif

#endif
