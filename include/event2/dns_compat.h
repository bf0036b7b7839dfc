/* Made from src/abi/dns_compat.rs and src/abi/headers/dns_compat.h.in by `make headers`: edit those. */
#ifndef EVENT2_DNS_COMPAT_H_INCLUDED_
#define EVENT2_DNS_COMPAT_H_INCLUDED_

/*
 * event2/dns_compat.h: functions of libevent 1.4, which work on one resolver for the whole program.
 * They cannot be used from several threads; those of event2/dns.h, which name the resolver that they
 * work on, replace them.
 */

#include <event2/event-config.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <event2/visibility.h>

#include <sys/time.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes the resolver of this header, configured as the system's files say, on the current event
 * base.
 *
 * Deprecated, as all of this header: evdns_base_new() does not depend on who else calls it.
 *
 * @return 0; -1 if that fails
 */
EVENT2_EXPORT_SYMBOL
int evdns_init(void);

/** The resolver of this header, or NULL. */
EVENT2_EXPORT_SYMBOL
struct evdns_base *evdns_get_global_base(void);

/** evdns_base_free() for the resolver of this header. The log function is reset, too. */
EVENT2_EXPORT_SYMBOL
void evdns_shutdown(int fail_requests);

/** evdns_base_nameserver_add() for the resolver of this header, which is made if there is none. */
EVENT2_EXPORT_SYMBOL
int evdns_nameserver_add(unsigned long address);

/** evdns_base_count_nameservers() for the resolver of this header. */
EVENT2_EXPORT_SYMBOL
int evdns_count_nameservers(void);

/** evdns_base_clear_nameservers_and_suspend() for the resolver of this header. */
EVENT2_EXPORT_SYMBOL
int evdns_clear_nameservers_and_suspend(void);

/** evdns_base_resume() for the resolver of this header. */
EVENT2_EXPORT_SYMBOL
int evdns_resume(void);

/**
 * evdns_base_nameserver_ip_add() for the resolver of this header, which is made if there is none.
 */
EVENT2_EXPORT_SYMBOL
int evdns_nameserver_ip_add(const char *ip_as_string);

/**
 * evdns_base_resolve_ipv4() for the resolver of this header.
 *
 * @return 0 if the lookup has begun; -1 if it has not
 */
EVENT2_EXPORT_SYMBOL
int evdns_resolve_ipv4(const char *name,
                       int flags,
                       evdns_callback_type callback,
                       void *ptr);

/**
 * evdns_base_resolve_ipv6() for the resolver of this header.
 *
 * @return 0 if the lookup has begun; -1 if it has not
 */
EVENT2_EXPORT_SYMBOL
int evdns_resolve_ipv6(const char *name,
                       int flags,
                       evdns_callback_type callback,
                       void *ptr);

/**
 * evdns_base_resolve_reverse() for the resolver of this header.
 *
 * @return 0 if the lookup has begun; -1 if it has not
 */
EVENT2_EXPORT_SYMBOL
int evdns_resolve_reverse(const struct in_addr *in,
                          int flags,
                          evdns_callback_type callback,
                          void *ptr);

/**
 * evdns_base_resolve_reverse_ipv6() for the resolver of this header.
 *
 * @return 0 if the lookup has begun; -1 if it has not
 */
EVENT2_EXPORT_SYMBOL
int evdns_resolve_reverse_ipv6(const struct in6_addr *in,
                               int flags,
                               evdns_callback_type callback,
                               void *ptr);

/**
 * evdns_base_set_option() for the resolver of this header, which is made if there is none. flags
 * are not used.
 */
EVENT2_EXPORT_SYMBOL
int evdns_set_option(const char *option, const char *val, int flags);

/**
 * evdns_base_resolv_conf_parse() for the resolver of this header, which is made if there is none.
 */
EVENT2_EXPORT_SYMBOL
int evdns_resolv_conf_parse(int flags, const char *filename);

/** evdns_base_search_clear() for the resolver of this header. */
EVENT2_EXPORT_SYMBOL
void evdns_search_clear(void);

/** evdns_base_search_add() for the resolver of this header. */
EVENT2_EXPORT_SYMBOL
void evdns_search_add(const char *domain);

/** evdns_base_search_ndots_set() for the resolver of this header. */
EVENT2_EXPORT_SYMBOL
void evdns_search_ndots_set(int ndots);

/** evdns_add_server_port_with_base() on the current event base. */
EVENT2_EXPORT_SYMBOL
struct evdns_server_port *evdns_add_server_port(evutil_socket_t socket,
                                                int flags,
                                                evdns_request_callback_fn_type callback,
                                                void *user_data);

#ifdef __cplusplus
}
#endif

#endif
