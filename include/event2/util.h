/* Made from src/ctypes/util.rs, src/abi/util.rs and src/abi/headers/util.h.in by `make headers`: edit those. */
#ifndef EVENT2_UTIL_H_INCLUDED_
#define EVENT2_UTIL_H_INCLUDED_

/*
 * event2/util.h: sockets, addresses, time, text and random numbers, with the same names on every
 * system.
 */

#include <event2/event-config.h>
#include <event2/visibility.h>

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Integers of exactly so many bits. */
#define ev_uint64_t uint64_t
#define ev_int64_t int64_t
#define ev_uint32_t uint32_t
#define ev_int32_t int32_t
#define ev_uint16_t uint16_t
#define ev_int16_t int16_t
#define ev_uint8_t uint8_t
#define ev_int8_t int8_t

/* Integers that hold a pointer, a signed size, an offset in a file, the length of an address. */
#define ev_uintptr_t uintptr_t
#define ev_intptr_t intptr_t
#define ev_ssize_t ssize_t
#define ev_off_t ev_int64_t
#define ev_socklen_t socklen_t

/* The largest and smallest values of these types. */
#define EV_UINT64_MAX UINT64_MAX
#define EV_INT64_MAX INT64_MAX
#define EV_INT64_MIN INT64_MIN
#define EV_UINT32_MAX UINT32_MAX
#define EV_INT32_MAX INT32_MAX
#define EV_INT32_MIN INT32_MIN
#define EV_UINT16_MAX UINT16_MAX
#define EV_INT16_MAX INT16_MAX
#define EV_INT16_MIN INT16_MIN
#define EV_UINT8_MAX UINT8_MAX
#define EV_INT8_MAX INT8_MAX
#define EV_INT8_MIN INT8_MIN
#if EVENT__SIZEOF_SIZE_T == 8
#define EV_SIZE_MAX EV_UINT64_MAX
#define EV_SSIZE_MAX EV_INT64_MAX
#else
#define EV_SIZE_MAX EV_UINT32_MAX
#define EV_SSIZE_MAX EV_INT32_MAX
#endif
#define EV_SSIZE_MIN ((-EV_SSIZE_MAX) - 1)

/* What socket() and accept() return, and the value that is never one. */
#define evutil_socket_t int
#define EVUTIL_INVALID_SOCKET -1

/*
 * The error of the last call on a socket: read it, set it, have it explained. The second one is
 * about the socket `sock`.
 */
#define EVUTIL_SOCKET_ERROR() (errno)
#define evutil_socket_geterror(sock) (errno)
#define EVUTIL_SET_SOCKET_ERROR(errcode) \
    do {                                 \
        errno = (errcode);               \
    } while (0)
#define evutil_socket_error_to_string(errcode) (strerror(errcode))

#define EVUTIL_CLOSESOCKET(s) evutil_closesocket(s)

/*
 * Arithmetic on struct timeval, through pointers: vvp = tvp + uvp, vvp = tvp - uvp, comparison by
 * any of == != < <= > >=, set to zero, differs from zero.
 */
#define evutil_timeradd(tvp, uvp, vvp) timeradd((tvp), (uvp), (vvp))
#define evutil_timersub(tvp, uvp, vvp) timersub((tvp), (uvp), (vvp))
#define evutil_timercmp(tvp, uvp, cmp)                                        \
    (((tvp)->tv_sec == (uvp)->tv_sec) ? ((tvp)->tv_usec cmp (uvp)->tv_usec)   \
                                      : ((tvp)->tv_sec cmp (uvp)->tv_sec))
#define evutil_timerclear(tvp) timerclear(tvp)
#define evutil_timerisset(tvp) timerisset(tvp)

#define evutil_gettimeofday(tv, tz) gettimeofday((tv), (tz))
#define evutil_offsetof(type, field) offsetof(type, field)

/* The results of evutil_getaddrinfo() are the system's. */
#define evutil_addrinfo addrinfo

/* Flags for evutil_getaddrinfo(): RFC 3493, section 6.1. */
#define EVUTIL_AI_PASSIVE 0x0001
#define EVUTIL_AI_CANONNAME 0x0002
#define EVUTIL_AI_NUMERICHOST 0x0004
#define EVUTIL_AI_V4MAPPED 0x0008
#define EVUTIL_AI_ALL 0x0010
#define EVUTIL_AI_ADDRCONFIG 0x0020
#define EVUTIL_AI_NUMERICSERV 0x0400

/* What evutil_getaddrinfo() and its relatives return when there is no result. */
#define EVUTIL_EAI_BADFLAGS (-1)
#define EVUTIL_EAI_NONAME (-2)
#define EVUTIL_EAI_AGAIN (-3)
#define EVUTIL_EAI_FAIL (-4)
#define EVUTIL_EAI_NODATA (-5)
#define EVUTIL_EAI_FAMILY (-6)
#define EVUTIL_EAI_SOCKTYPE (-7)
#define EVUTIL_EAI_SERVICE (-8)
#define EVUTIL_EAI_ADDRFAMILY (-9)
#define EVUTIL_EAI_MEMORY (-10)
#define EVUTIL_EAI_SYSTEM (-11)
/* The lookup was cancelled. */
#define EVUTIL_EAI_CANCEL (-90001)

struct evutil_addrinfo;
struct evutil_monotonic_timer;

/**
 * Flag for evutil_configure_monotonic_time(): use the most precise clock rather than the one that
 * is fastest to read. Since 2.1.
 */
#define EV_MONOT_PRECISE 1
/**
 * Flag for evutil_configure_monotonic_time(): derive the time from the wall clock, as on systems
 * that have no monotonic one. Meant for tests. Since 2.1.
 */
#define EV_MONOT_FALLBACK 2

/**
 * Writes a date as HTTP does: Thu, 01 Jan 1970 00:00:00 GMT, always in English.
 *
 * tm is a time in UTC, or NULL for now. At most datelen bytes are written to date, with the
 * terminating NUL.
 *
 * Returns the length of the whole date, 29 for years of four digits; if that is not smaller than
 * datelen, the date was truncated. 0 if datelen is 0. -1, and an empty date, if the weekday
 * or the month does not exist. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int evutil_date_rfc1123(char *date, size_t datelen, const struct tm *tm);

/**
 * Makes a timer for evutil_gettime_monotonic(). Configure it with
 * evutil_configure_monotonic_time() before its first use; free it with
 * evutil_monotonic_timer_free().
 *
 * Returns NULL when out of memory. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
struct evutil_monotonic_timer *evutil_monotonic_timer_new(void);

/** Frees a timer; NULL is ignored. Since 2.1. */
EVENT2_EXPORT_SYMBOL
void evutil_monotonic_timer_free(struct evutil_monotonic_timer *timer);

/**
 * Chooses the clock of a timer. flags is 0 for one that is fast to read and exact to a few
 * milliseconds, EV_MONOT_PRECISE, or EV_MONOT_FALLBACK.
 *
 * Returns 0. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int evutil_configure_monotonic_time(struct evutil_monotonic_timer *timer,
                                    int flags);

/**
 * Stores in tp the time since some unspecified moment. It never goes backwards, whatever happens
 * to the wall clock: use it to measure durations.
 *
 * Returns 0. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int evutil_gettime_monotonic(struct evutil_monotonic_timer *timer,
                             struct timeval *tp);

/**
 * Makes two sockets that are connected to each other, like socketpair(), with its parameters. On
 * Linux d has to be AF_UNIX.
 *
 * Returns 0, or -1 with errno set and sv unchanged.
 */
EVENT2_EXPORT_SYMBOL
int evutil_socketpair(int d, int type, int protocol, evutil_socket_t sv[2]);

/**
 * Makes a socket non-blocking: calls return EAGAIN where they would wait.
 *
 * Returns 0; or -1 with errno set, and a warning in the log.
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_socket_nonblocking(evutil_socket_t sock);

/**
 * Lets a listener's address be bound again as soon as the listener is closed (SO_REUSEADDR). Two
 * listeners at the same time are still not possible.
 *
 * Returns 0, or -1 with errno set.
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_listen_socket_reuseable(evutil_socket_t sock);

/**
 * Lets several listeners that all ask for it share an address (SO_REUSEPORT).
 *
 * Returns 0, or -1 with errno set. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_listen_socket_reuseable_port(evutil_socket_t sock);

/**
 * Keeps IPv4 connections away from an IPv6 listener, so that the same port can be bound for IPv4
 * as well (IPV6_V6ONLY). Call it before bind().
 *
 * Returns 0, or -1 with errno set. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_listen_socket_ipv6only(evutil_socket_t sock);

/**
 * Lets an IPv6 listener accept IPv4 connections too, as IPv4-mapped addresses: the opposite of
 * evutil_make_listen_socket_ipv6only(). Call it before bind().
 *
 * Returns 0, or -1 with errno set. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_listen_socket_not_ipv6only(evutil_socket_t sock);

/**
 * Makes a descriptor be closed when the process executes another program.
 *
 * Returns 0; or -1 with errno set, and a warning in the log.
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_socket_closeonexec(evutil_socket_t sock);

/**
 * Closes a socket.
 *
 * Returns 0, or -1 with errno set.
 */
EVENT2_EXPORT_SYMBOL
int evutil_closesocket(evutil_socket_t sock);

/**
 * Makes a TCP listener hold connections back until the client has sent data. Suitable only for
 * protocols in which the client speaks first.
 *
 * Returns 0, or -1 with errno set. Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int evutil_make_tcp_listen_socket_deferred(evutil_socket_t sock);

/**
 * Turns a TCP connection's keep-alive probes on or off.
 *
 * With on, a peer that has been silent for timeout seconds is probed three times, a third of
 * timeout apart, and then the connection fails. timeout must be at least 1; it is ignored when
 * turning off.
 *
 * Returns 0, or -1 with errno set: EINVAL for a bad timeout. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int evutil_set_tcp_keepalive(evutil_socket_t sock, int on, int timeout);

/**
 * Prints an address: af is AF_INET and src a struct in_addr, or AF_INET6 and a struct
 * in6_addr. Like inet_ntop().
 *
 * Returns dst; or NULL with errno ENOSPC if the text and its NUL don't fit into len bytes,
 * or EAFNOSUPPORT for another family.
 */
EVENT2_EXPORT_SYMBOL
const char *evutil_inet_ntop(int af, const void *src, char *dst, size_t len);

/**
 * Like evutil_inet_pton(), but an IPv6 address may be followed by % and a scope: an interface's
 * name or number. indexp receives the interface's number, or 0 without a scope.
 *
 * Returns 1; 0 if src is not an address or the interface does not exist; -1 for another family.
 * Since 2.1.
 */
EVENT2_EXPORT_SYMBOL
int evutil_inet_pton_scope(int af,
                           const char *src,
                           void *dst,
                           unsigned int *indexp);

/**
 * Reads an address: af is AF_INET and dst a struct in_addr, or AF_INET6 and a struct in6_addr.
 * Like inet_pton(), but the numbers of an IPv4 address may have leading zeros; they are decimal
 * all the same.
 *
 * Returns 1; 0 if src is not an address; -1 for another family.
 */
EVENT2_EXPORT_SYMBOL
int evutil_inet_pton(int af, const char *src, void *dst);

/**
 * Reads an address with an optional port: 1.2.3.4, 1.2.3.4:80, ::1, [::1] or [::1]:80.
 * An IPv6 address may have a scope. Without a port, it becomes 0.
 *
 * outlen says how much room out has, best a struct sockaddr_storage, and receives how much is
 * used; the rest of out is zeroed.
 *
 * Returns 0; or -1, with both unchanged, if there is no address, the port is not 1 to 65535, or
 * the room is too small.
 */
EVENT2_EXPORT_SYMBOL
int evutil_parse_sockaddr_port(const char *str,
                               struct sockaddr *out,
                               int *outlen);

/**
 * Compares two IPv4 or IPv6 addresses, and their ports if include_port is not 0.
 *
 * Returns 0 if they are equal; otherwise a negative or positive number, so that addresses can be
 * sorted, in an order that is not specified further. Two addresses of another family always
 * differ.
 */
EVENT2_EXPORT_SYMBOL
int evutil_sockaddr_cmp(const struct sockaddr *sa1,
                        const struct sockaddr *sa2,
                        int include_port);

/**
 * Looks up a host and a service, like getaddrinfo() (RFC 3493, section 6.1), and blocks until
 * there is an answer. hints_in may be NULL, which means the same as all zeros.
 *
 * Returns 0 and stores a list in res, to be freed with evutil_freeaddrinfo(); or an EVUTIL_EAI_*
 * code, which evutil_gai_strerror() explains.
 */
EVENT2_EXPORT_SYMBOL
int evutil_getaddrinfo(const char *nodename,
                       const char *servname,
                       const struct evutil_addrinfo *hints_in,
                       struct evutil_addrinfo **res);

/**
 * Frees a list from evutil_getaddrinfo(), from evdns_getaddrinfo(), or from the system's
 * getaddrinfo(). NULL is ignored.
 */
EVENT2_EXPORT_SYMBOL
void evutil_freeaddrinfo(struct evutil_addrinfo *ai);

/** Describes a return value of evutil_getaddrinfo() in English. The string is static. */
EVENT2_EXPORT_SYMBOL
const char *evutil_gai_strerror(int err);

/**
 * Reads an integer from the start of a string, like strtoll() of C99, with its parameters.
 *
 * Returns the number; the nearest one that fits, with errno ERANGE, if it is too large; or 0 if
 * there is none.
 */
EVENT2_EXPORT_SYMBOL
int64_t evutil_strtoll(const char *s, char **endptr, int base);

/** Compares two strings like strcasecmp() in the C locale: only the 26 letters have a case. */
EVENT2_EXPORT_SYMBOL
int evutil_ascii_strcasecmp(const char *str1, const char *str2);

/** Compares at most n characters of two strings, like strncasecmp() in the C locale. */
EVENT2_EXPORT_SYMBOL
int evutil_ascii_strncasecmp(const char *str1, const char *str2, size_t n);

/**
 * Finds a string in another, like strcasestr() in the C locale.
 *
 * Returns where find first begins in s, or NULL if it doesn't occur. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
char *evutil_ascii_strcasestr(const char *s, const char *find);

/**
 * Describes a signal, like strsignal().
 *
 * The string belongs to the system and is valid until the thread's next call. Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
const char *evutil_strsignal(int sig);

/**
 * Fills n bytes at buf with unpredictable random bytes. They come from the kernel, so that a
 * process and its forked children never get the same ones.
 *
 * If there is no source of randomness, this is a fatal error; evutil_secure_rng_init() checks in
 * advance.
 */
EVENT2_EXPORT_SYMBOL
void evutil_secure_rng_get_bytes(void *buf, size_t n);

/**
 * Checks that evutil_secure_rng_get_bytes() works. Calling it is optional.
 *
 * Returns 0; or -1 with errno set if there is no source of randomness.
 */
EVENT2_EXPORT_SYMBOL
int evutil_secure_rng_init(void);

/**
 * Sets the file to read random bytes from where the getrandom() system call is not available,
 * instead of /dev/urandom; NULL brings that back. Give it a real random device only.
 *
 * The string is not copied: it has to live as long as random numbers may be asked for.
 *
 * Returns 0.
 */
EVENT2_EXPORT_SYMBOL
int evutil_secure_rng_set_urandom_device_file(char *fname);

/** Accepted for compatibility, without effect: the kernel's random numbers need no help. */
EVENT2_EXPORT_SYMBOL
void evutil_secure_rng_add_bytes(const char *dat, size_t datlen);

/**
 * Prints to buf, like snprintf() of C99: at most buflen bytes, with the terminating NUL.
 *
 * Returns the length of the whole text, which is not smaller than buflen if it was cut; 0 if
 * buflen is 0; or a negative number for a bad format.
 */
EVENT2_EXPORT_SYMBOL
int evutil_snprintf(char *buf, size_t buflen, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/** Like evutil_snprintf(), for arguments in a list. */
EVENT2_EXPORT_SYMBOL
int evutil_vsnprintf(char *buf, size_t buflen, const char *format, va_list ap)
#ifdef __GNUC__
    __attribute__((format(printf, 3, 0)))
#endif
    ;

#ifdef __cplusplus
}
#endif

#endif
