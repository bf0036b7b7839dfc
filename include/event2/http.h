/* Made from src/ctypes/http.rs, src/abi/http.rs and src/abi/headers/http.h.in by `make headers`: edit those. */
#ifndef EVENT2_HTTP_H_INCLUDED_
#define EVENT2_HTTP_H_INCLUDED_

/*
 * event2/http.h: HTTP servers and clients.
 */

#include <event2/event-config.h>
#include <event2/visibility.h>

#include <event2/util.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A URI or relative reference by RFC 3986; see evhttp_uri_parse(). */
struct evhttp_uri;

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
