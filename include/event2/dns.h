/* Made from src/ctypes/dns.rs, src/abi/dns.rs and src/abi/headers/dns.h.in by `make headers`: edit those. */
#ifndef EVENT2_DNS_H_INCLUDED_
#define EVENT2_DNS_H_INCLUDED_

/*
 * event2/dns.h: looking names up without blocking, and answering such questions.
 */

#include <event2/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

#include <event2/util.h>

struct evconnlistener;
struct event_base;
struct in6_addr;
struct in_addr;
struct sockaddr;

/** A resolver: name servers, and what is asked of them; see evdns_base_new(). */
struct evdns_base;
/** A lookup of evdns_getaddrinfo() that has not ended. */
struct evdns_getaddrinfo_request;
/** A lookup that has not ended; see evdns_base_resolve_ipv4(). */
struct evdns_request;
/** A DNS server; see evdns_add_server_port_with_base(). */
struct evdns_server_port;
/** One question of a request to a DNS server; see event2/dns_struct.h. */
struct evdns_server_question;
/** A request to a DNS server; see event2/dns_struct.h. */
struct evdns_server_request;

/** Result of a lookup: there is an answer. */
#define DNS_ERR_NONE 0
/** The name server did not understand the question. */
#define DNS_ERR_FORMAT 1
/** The name servers failed, or could not reach a server that knows the answer. */
#define DNS_ERR_SERVERFAILED 2
/** The name does not exist. */
#define DNS_ERR_NOTEXIST 3
/** The name server does not support this kind of question. */
#define DNS_ERR_NOTIMPL 4
/** The name server refused to answer. */
#define DNS_ERR_REFUSED 5
/** The answer was truncated, and the whole answer could not be obtained. */
#define DNS_ERR_TRUNCATED 65
/** The answer is malformed, or the error is unknown. */
#define DNS_ERR_UNKNOWN 66
/** No name server answered in time. */
#define DNS_ERR_TIMEOUT 67
/** The evdns_base was freed. */
#define DNS_ERR_SHUTDOWN 68
/** The lookup was cancelled. */
#define DNS_ERR_CANCEL 69
/** The name exists, but has no record of this type. */
#define DNS_ERR_NODATA 70

/** Type of an answer: IPv4 addresses. */
#define DNS_IPv4_A 1
/** Type of an answer: a name. */
#define DNS_PTR 2
/** Type of an answer: IPv6 addresses. */
#define DNS_IPv6_AAAA 3
/** Type of an answer: the name of which the looked-up name is an alias. Since 2.2. */
#define DNS_CNAME 4

/** Flag for lookups: do not try the name in the search domains. */
#define DNS_QUERY_NO_SEARCH 1
/** Flag for lookups: ask over TCP. Since 2.2. */
#define DNS_QUERY_USEVC 2
/** Flag for lookups: do not ask again over TCP when an answer is truncated. Since 2.2. */
#define DNS_QUERY_IGNTC 4
/**
 * Flag for lookups of addresses: if the name is an alias, call the callback once more, after the
 * call with the addresses, with type DNS_CNAME and the char * of the canonical name. The
 * argument must stay valid after the first call. Since 2.2.
 */
#define DNS_CNAME_CALLBACK 0x80

/** Flag for evdns_base_resolv_conf_parse(): take the domains to search and ndots. */
#define DNS_OPTION_SEARCH 1
/** Flag for evdns_base_resolv_conf_parse(): take the name servers. */
#define DNS_OPTION_NAMESERVERS 2
/** Flag for evdns_base_resolv_conf_parse(): take all other options. */
#define DNS_OPTION_MISC 4
/** Flag for evdns_base_resolv_conf_parse(): load the system's hosts file, too. */
#define DNS_OPTION_HOSTSFILE 8
/** Flags for evdns_base_resolv_conf_parse(): take everything. */
#define DNS_OPTIONS_ALL 15
/** Flag for evdns_base_resolv_conf_parse(): add no name server if the file names none. */
#define DNS_OPTION_NAMESERVERS_NO_DEFAULT 16

/** Obsolete name of DNS_QUERY_NO_SEARCH. */
#define DNS_NO_SEARCH 1

/** Flag for evdns_base_new(): configure the resolver as the system's files say. */
#define EVDNS_BASE_INITIALIZE_NAMESERVERS 1
/** Flag for evdns_base_new(): do not answer from a cache, which is the default here. Since 2.2. */
#define EVDNS_BASE_NO_CACHE 0x10
/** Flag for evdns_base_new(): do not keep the loop running while nothing is being looked up. */
#define EVDNS_BASE_DISABLE_WHEN_INACTIVE 0x8000
/** Flag for evdns_base_new(): add no name server if the system's file names none. */
#define EVDNS_BASE_NAMESERVERS_NO_DEFAULT 0x10000

/** Result of evdns_base_resolv_conf_parse(): success. Since 2.2, as the other six names. */
#define EVDNS_ERROR_NONE 0
/** The file could not be opened. */
#define EVDNS_ERROR_FAILED_TO_OPEN_FILE 1
/** The file could not be read. */
#define EVDNS_ERROR_FAILED_TO_STAT_FILE 2
/** The file is too large. */
#define EVDNS_ERROR_FILE_TOO_LARGE 3
/** Memory ran out. */
#define EVDNS_ERROR_OUT_OF_MEMORY 4
/** The file could not be read to its end. */
#define EVDNS_ERROR_SHORT_READ_FROM_FILE 5
/** The file names no name server. */
#define EVDNS_ERROR_NO_NAMESERVERS_CONFIGURED 6

/** Section of an answer: what was asked for. */
#define EVDNS_ANSWER_SECTION 0
/** Section of an answer: who is responsible for the name. */
#define EVDNS_AUTHORITY_SECTION 1
/** Section of an answer: additional records. */
#define EVDNS_ADDITIONAL_SECTION 2

/** Type of a record: an IPv4 address. */
#define EVDNS_TYPE_A 1
/** Type of a record: a responsible name server. */
#define EVDNS_TYPE_NS 2
/** Type of a record: the name that this one is an alias of. */
#define EVDNS_TYPE_CNAME 5
/** Type of a record: data about a zone. */
#define EVDNS_TYPE_SOA 6
/** Type of a record: a name, usually the one of an address. */
#define EVDNS_TYPE_PTR 12
/** Type of a record: a mail server. */
#define EVDNS_TYPE_MX 15
/** Type of a record: text. */
#define EVDNS_TYPE_TXT 16
/** Type of a record: an IPv6 address. */
#define EVDNS_TYPE_AAAA 28

/** Type of a question: a whole zone. */
#define EVDNS_QTYPE_AXFR 252
/** Type of a question: records of any type. */
#define EVDNS_QTYPE_ALL 255

/** The class of Internet records. */
#define EVDNS_CLASS_INET 1

/** Flag of an answer: the server is responsible for the name. */
#define EVDNS_FLAGS_AA 0x400
/**
 * Flag of an answer: the server looks names up for others. (This is the bit that RFC 1035 calls
 * RA.)
 */
#define EVDNS_FLAGS_RD 0x080

/** The callback for log messages. It gets whether the message is a warning, and the text. */
typedef void (*evdns_debug_log_fn_type)(int is_warning, const char *msg);

/**
 * The callback for the result of a lookup, run from the loop. It gets a DNS_ERR_*; the type of the
 * answer, DNS_IPv4_A and so on; the number of addresses; for how many seconds they are valid; an
 * array of addresses (struct in_addr, struct in6_addr, or char * for DNS_PTR), which is valid
 * during the call; the argument of the lookup.
 *
 * Names that an answer holds are in presentation form: dots and unprintable bytes inside of a label
 * are escaped with a backslash.
 */
typedef void (*evdns_callback_type)(int result,
                                    char type,
                                    int count,
                                    int ttl,
                                    void *addresses,
                                    void *arg);

/**
 * The callback for the result of evdns_getaddrinfo(). It gets 0 or an EVUTIL_EAI_*; a list to be
 * freed with evutil_freeaddrinfo(), or NULL; the argument of the lookup.
 */
typedef void (*evdns_getaddrinfo_cb)(int result, struct evutil_addrinfo *res, void *arg);

/**
 * The callback of a DNS server for a request, run from the loop. For each request,
 * evdns_server_request_respond() or evdns_server_request_drop() must be called, in the callback or
 * at any later time.
 */
typedef void (*evdns_request_callback_fn_type)(struct evdns_server_request *req, void *user_data);

/** What evdns_server_port_set_option() sets. Since 2.2. */
enum evdns_server_option {
    /** How many TCP clients are served at once; others are disconnected. The default is 10. */
    EVDNS_SOPT_TCP_MAX_CLIENTS = 0,
    /** After how many seconds without a request a TCP client is disconnected. The default is 10. */
    EVDNS_SOPT_TCP_IDLE_TIMEOUT = 1
};

/**
 * Makes a resolver.
 *
 * While it has name servers it keeps the loop of the event base running, unless
 * EVDNS_BASE_DISABLE_WHEN_INACTIVE is given. It must be freed before the event base. Several
 * threads may use it if locking was set up before it was made, by evthread_use_pthreads().
 *
 * @param event_base the event base whose loop does the work; NULL for the current one
 * @param initialize_nameservers EVDNS_BASE_*; 1 configures it from /etc/resolv.conf and
 *   /etc/hosts, 0 leaves that to the program
 * @return the resolver, to be freed by evdns_base_free(); NULL if memory runs out, or if it is to
 *   be configured from a file that can't be read or names no name server
 */
EVENT2_EXPORT_SYMBOL
struct evdns_base *evdns_base_new(struct event_base *event_base,
                                  int initialize_nameservers);

/**
 * Frees a resolver. Any callback may do that, including those of the resolver.
 *
 * @param base the resolver; NULL is ignored
 * @param fail_requests if it is not 0, the callbacks of all lookups that have not ended are called
 *   from the loop with DNS_ERR_SHUTDOWN (EVUTIL_EAI_FAIL for evdns_getaddrinfo()); otherwise they
 *   are never called
 */
EVENT2_EXPORT_SYMBOL
void evdns_base_free(struct evdns_base *base, int fail_requests);

/** Forgets everything that was loaded from hosts files. */
EVENT2_EXPORT_SYMBOL
void evdns_base_clear_host_addresses(struct evdns_base *base);

/**
 * Adds a name server at port 53.
 *
 * @param base the resolver
 * @param address the IPv4 address in network byte order, as in struct in_addr
 * @return 0; 3 if the server is in the list already; another value if it can't be added
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_nameserver_add(struct evdns_base *base, unsigned long address);

/** Returns the number of name servers, whether they work or not. */
EVENT2_EXPORT_SYMBOL
int evdns_base_count_nameservers(struct evdns_base *base);

/**
 * Removes all name servers. Pending lookups wait, for as long as they would wait for an answer;
 * evdns_base_resume() sends them to the name servers that have been added since.
 *
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_clear_nameservers_and_suspend(struct evdns_base *base);

/**
 * Resumes the lookups that have been waiting since evdns_base_clear_nameservers_and_suspend().
 *
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_resume(struct evdns_base *base);

/**
 * Adds a name server by its address as text: 1.2.3.4, 1.2.3.4:53, ::1, [::1] or [::1]:53.
 * The port is 53 by default.
 *
 * @param base the resolver
 * @param ip_as_string the address
 * @return 0; 3 if the server is in the list already; 4 if the text is not an address; another value
 *   if the server can't be added
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_nameserver_ip_add(struct evdns_base *base,
                                 const char *ip_as_string);

/**
 * Adds a name server by its socket address, which includes the port.
 *
 * @param base the resolver
 * @param sa an IPv4 or IPv6 address
 * @param len its length in bytes
 * @param flags unused
 * @return 0; 3 if the server is in the list already; another value if it can't be added
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_nameserver_sockaddr_add(struct evdns_base *base,
                                       const struct sockaddr *sa,
                                       socklen_t len,
                                       unsigned int flags);

/**
 * Sets an option of a resolver. A colon after the name is ignored, with what follows it; unknown
 * names are ignored, too.
 *
 * Times are in seconds and may have a fraction. timeout (5): how long to wait for an answer.
 * attempts (3): how often to wait for one. max-timeouts (3): after how many consecutive
 * timeouts a server counts as down. initial-probe-timeout (10), max-probe-timeout (3600),
 * probe-backoff-factor (3): when it is tried again. max-inflight (64): how many queries are in
 * flight at once. ndots (1): a name with as many dots is tried as it is before it is searched.
 * randomize-case (1): give letters of questions any case, which answers have to repeat.
 * bind-to: the address, and port if there is one, from which servers are asked that are added
 * later and have no loopback address. so-rcvbuf, so-sndbuf (0, the system's): buffers of the
 * sockets of servers that are added later. getaddrinfo-allow-skew (3): how long
 * evdns_getaddrinfo() waits for one family of addresses when it has the other;
 * bufferevent_socket_connect_hostname() waits 0.05 at most.
 *
 * Since 2.2: use-vc (no value): ask over TCP. ignore-tc (no value): leave truncated answers.
 * tcp-idle-timeout (5): how long to keep a connection that is not used. edns-udp-size (512): how
 * large an answer may be that is not asked for over TCP.
 *
 * Only here: cache (0): 1 to have evdns_getaddrinfo() answer from a cache. reload (0): 1 to read
 * /etc/resolv.conf again when it has changed, if the resolver was configured by evdns_base_new().
 * queries-per-port (1): how many questions may leave by one port, each of which costs a system
 * call; with 16 and more in flight it is 8 at least.
 *
 * @param base the resolver
 * @param option the name
 * @param val the value
 * @return 0; -1 if the value makes no sense
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_set_option(struct evdns_base *base,
                          const char *option,
                          const char *val);

/**
 * Configures a resolver by a file in the format of resolv.conf(5). Lines that are not understood
 * are skipped.
 *
 * @param base the resolver
 * @param flags what to take from the file, DNS_OPTION_*
 * @param filename its path
 * @return 0; 1 if it can't be opened, and 6 if it names no name server: then 127.0.0.1 is added,
 *   if name servers are wanted and DNS_OPTION_NAMESERVERS_NO_DEFAULT is not given; 2 if it can't be
 *   read; 4 without memory
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_resolv_conf_parse(struct evdns_base *base,
                                 int flags,
                                 const char *filename);

/**
 * Loads a file in the format of hosts(5), for evdns_getaddrinfo(). Entries loaded before remain;
 * see evdns_base_clear_host_addresses().
 *
 * @param base the resolver
 * @param hosts_fname its path; NULL for localhost only
 * @return 0; -1 if the file can't be read, and then localhost is known all the same
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_load_hosts(struct evdns_base *base, const char *hosts_fname);

/** Forgets all domains in which names are searched, and sets ndots to 1. */
EVENT2_EXPORT_SYMBOL
void evdns_base_search_clear(struct evdns_base *base);

/** Adds a search domain in front of all others. Leading dots are ignored. */
EVENT2_EXPORT_SYMBOL
void evdns_base_search_add(struct evdns_base *base, const char *domain);

/** Sets how many dots a name must have to be tried as it is before it is searched. */
EVENT2_EXPORT_SYMBOL
void evdns_base_search_ndots_set(struct evdns_base *base, int ndots);

/**
 * Sets the callback for all log messages of resolvers, for the whole process, instead of the
 * general log. It may call any function. The messages include names that are looked up.
 *
 * @param fn the function; NULL for the general log
 */
EVENT2_EXPORT_SYMBOL
void evdns_set_log_fn(evdns_debug_log_fn_type fn);

/** Does nothing: ids come from the system's secure random numbers. */
EVENT2_EXPORT_SYMBOL
void evdns_set_transaction_id_fn(uint16_t (*fn)(void));

/** Does nothing: random bytes come from the system's secure source. */
EVENT2_EXPORT_SYMBOL
void evdns_set_random_bytes_fn(void (*fn)(char *, size_t));

/**
 * Returns the address of a name server.
 *
 * @param base the resolver
 * @param idx its number, from 0 on in the order in which they were added; negative numbers count
 *   as 0
 * @param sa where to put the address
 * @param len how many bytes there are
 * @return the length of the address; if that is more than len, nothing was stored; -1 if there is
 *   no such server
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_get_nameserver_addr(struct evdns_base *base,
                                   int idx,
                                   struct sockaddr *sa,
                                   socklen_t len);

/**
 * Returns the descriptor of the socket for queries to a name server, so that the program can set
 * its options. From then on it is the only socket for that server, so all queries leave from one
 * port.
 *
 * @param base the resolver
 * @param idx the number of the server, as for evdns_base_get_nameserver_addr()
 * @return the descriptor, which still belongs to the resolver; -1 if there is no such server
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int evdns_base_get_nameserver_fd(struct evdns_base *base, int idx);

/** Describes the result of a lookup, a DNS_ERR_*, in English. The string is static. */
EVENT2_EXPORT_SYMBOL
const char *evdns_err_to_string(int err);

/**
 * Looks up the IPv4 addresses of a name.
 *
 * A name without a trailing dot is also tried in the search domains of resolv.conf or
 * evdns_base_search_add(). Every lookup ends, at the latest after the number of attempts times the
 * timeout for each name that is tried.
 *
 * @param base the resolver
 * @param name the name, of at most 255 bytes
 * @param flags 0 or DNS_QUERY_*, and DNS_CNAME_CALLBACK
 * @param callback what to call with the result, from the loop
 * @param ptr the callback's argument
 * @return the lookup, which evdns_cancel_request() takes until the callback has been called; NULL,
 *   and then the callback is never called, if the name can't be looked up or there is no memory
 */
EVENT2_EXPORT_SYMBOL
struct evdns_request *evdns_base_resolve_ipv4(struct evdns_base *base,
                                              const char *name,
                                              int flags,
                                              evdns_callback_type callback,
                                              void *ptr);

/**
 * Looks up the IPv6 addresses of a name; see evdns_base_resolve_ipv4().
 *
 * @param base the resolver
 * @param name the name, of at most 255 bytes
 * @param flags 0 or DNS_QUERY_*, and DNS_CNAME_CALLBACK
 * @param callback what to call with the result, from the loop
 * @param ptr the callback's argument
 * @return the lookup, or NULL
 */
EVENT2_EXPORT_SYMBOL
struct evdns_request *evdns_base_resolve_ipv6(struct evdns_base *base,
                                              const char *name,
                                              int flags,
                                              evdns_callback_type callback,
                                              void *ptr);

/**
 * Looks up the name of an IPv4 address; see evdns_base_resolve_ipv4(). The result holds at most
 * one name.
 *
 * @param base the resolver
 * @param in the address
 * @param flags 0 or DNS_QUERY_*
 * @param callback what to call with the result, from the loop
 * @param ptr the callback's argument
 * @return the lookup, or NULL
 */
EVENT2_EXPORT_SYMBOL
struct evdns_request *evdns_base_resolve_reverse(struct evdns_base *base,
                                                 const struct in_addr *in,
                                                 int flags,
                                                 evdns_callback_type callback,
                                                 void *ptr);

/**
 * Looks up the name of an IPv6 address; see evdns_base_resolve_reverse().
 *
 * @param base the resolver
 * @param in the address
 * @param flags 0 or DNS_QUERY_*
 * @param callback what to call with the result, from the loop
 * @param ptr the callback's argument
 * @return the lookup, or NULL
 */
EVENT2_EXPORT_SYMBOL
struct evdns_request *evdns_base_resolve_reverse_ipv6(struct evdns_base *base,
                                                      const struct in6_addr *in,
                                                      int flags,
                                                      evdns_callback_type callback,
                                                      void *ptr);

/**
 * Cancels a lookup: its callback is called from the loop with DNS_ERR_CANCEL, or with the result
 * if that is pending already.
 *
 * @param base the resolver of the lookup, or NULL
 * @param req the lookup, whose callback has not returned
 */
EVENT2_EXPORT_SYMBOL
void evdns_cancel_request(struct evdns_base *base, struct evdns_request *req);

/**
 * Looks up a host and a service, like getaddrinfo(), but without blocking. Names in loaded hosts
 * files are resolved without a query.
 *
 * The callback may be called before this returns, and then NULL is returned.
 *
 * @param dns_base the resolver
 * @param nodename the host: a name or a numeric address; or NULL
 * @param servname the service: a name or a number; or NULL
 * @param hints_in what evutil_getaddrinfo() takes; NULL means all zeros
 * @param cb what to call with the result
 * @param arg the callback's argument
 * @return the lookup, which evdns_getaddrinfo_cancel() takes until the callback has returned; NULL
 *   if the callback has been called already
 */
EVENT2_EXPORT_SYMBOL
struct evdns_getaddrinfo_request *evdns_getaddrinfo(struct evdns_base *dns_base,
                                                    const char *nodename,
                                                    const char *servname,
                                                    const struct evutil_addrinfo *hints_in,
                                                    evdns_getaddrinfo_cb cb,
                                                    void *arg);

/**
 * Cancels a lookup of evdns_getaddrinfo(): its callback is called from the loop with
 * EVUTIL_EAI_CANCEL, or with the result if that is pending already.
 *
 * @param req the lookup, whose callback has not returned; NULL is ignored
 */
EVENT2_EXPORT_SYMBOL
void evdns_getaddrinfo_cancel(struct evdns_getaddrinfo_request *req);

/**
 * Stores the addresses of a name in the cache of a resolver, replacing its previous entry.
 *
 * @param base the resolver
 * @param name the name, whose case is ignored
 * @param res the addresses, which are copied; NULL to forget the name
 * @param ttl for how many seconds
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
void evdns_cache_write(struct evdns_base *base,
                       char *name,
                       struct evutil_addrinfo *res,
                       int ttl);

/**
 * Looks a name up in what a resolver remembers: what evdns_cache_write() put there and, with the
 * option cache, what was looked up.
 *
 * @param base the resolver
 * @param name the name, whose case is ignored
 * @param hints the family, type and protocol that are wanted, and EVUTIL_AI_CANONNAME; may be NULL
 * @param port the port to be put into the addresses
 * @param res receives a list, to be freed by evutil_freeaddrinfo()
 * @return 0; -1 if nothing is known; EVUTIL_EAI_ADDRFAMILY if only the other family is
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int evdns_cache_lookup(struct evdns_base *base,
                       const char *name,
                       struct evutil_addrinfo *hints,
                       uint16_t port,
                       struct evutil_addrinfo **res);

/**
 * Makes a DNS server on a socket.
 *
 * @param base the event base whose loop does the work; NULL for the current one
 * @param socket a bound, non-blocking UDP socket; it belongs to the server from then on
 * @param flags 0
 * @param callback what to call with each question
 * @param user_data the callback's argument
 * @return the server, to be closed by evdns_close_server_port(); NULL if there can be none, and then
 *   the socket remains the program's
 */
EVENT2_EXPORT_SYMBOL
struct evdns_server_port *evdns_add_server_port_with_base(struct event_base *base,
                                                          evutil_socket_t socket,
                                                          int flags,
                                                          evdns_request_callback_fn_type callback,
                                                          void *user_data);

/**
 * Makes a DNS server for TCP on a listener. The listener's callback is replaced.
 *
 * @param base the event base whose loop does the work; NULL for the current one
 * @param listener the listener, which belongs to the server from then on
 * @param flags 0
 * @param callback what to call with each question
 * @param user_data the callback's argument
 * @return the server, to be closed by evdns_close_server_port(); NULL if there can be none, and then
 *   the listener remains the program's
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
struct evdns_server_port *evdns_add_server_port_with_listener(struct event_base *base,
                                                              struct evconnlistener *listener,
                                                              int flags,
                                                              evdns_request_callback_fn_type callback,
                                                              void *user_data);

/**
 * Closes a server: it accepts no more requests. Those that the program still holds may be
 * answered, and the server's socket is closed after the last of them. The callback may call this.
 */
EVENT2_EXPORT_SYMBOL
void evdns_close_server_port(struct evdns_server_port *port);

/**
 * Sets an option of a TCP server.
 *
 * @param port the server
 * @param option EVDNS_SOPT_*
 * @param value its value
 * @return 0; -1 for an unknown option and for a server of a UDP socket
 *
 * Since 2.2.
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_port_set_option(struct evdns_server_port *port,
                                 enum evdns_server_option option,
                                 size_t value);

/**
 * Sets the flags of an answer, in addition to those copied from the request.
 *
 * @param req the question
 * @param flags EVDNS_FLAGS_AA and EVDNS_FLAGS_RD
 */
EVENT2_EXPORT_SYMBOL
void evdns_server_request_set_flags(struct evdns_server_request *req,
                                    int flags);

/**
 * Adds a record to an answer.
 *
 * @param req the question
 * @param section EVDNS_ANSWER_SECTION, EVDNS_AUTHORITY_SECTION or EVDNS_ADDITIONAL_SECTION
 * @param name the record's name
 * @param type EVDNS_TYPE_*
 * @param dns_class EVDNS_CLASS_INET
 * @param ttl for how many seconds it is valid
 * @param datalen how many bytes of data there are, unless they are a name
 * @param is_name whether the data is the text of a name
 * @param data the data; may be NULL if there is none
 * @return 0; -1 if the section or a name is invalid, or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_add_reply(struct evdns_server_request *req,
                                   int section,
                                   const char *name,
                                   int type,
                                   int dns_class,
                                   int ttl,
                                   int datalen,
                                   int is_name,
                                   const char *data);

/**
 * Adds IPv4 addresses to an answer, each as a record.
 *
 * @param req the question
 * @param name the name that has the addresses
 * @param n how many there are
 * @param addrs an array of struct in_addr
 * @param ttl for how many seconds they are valid
 * @return 0; -1 if a name is invalid or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_add_a_reply(struct evdns_server_request *req,
                                     const char *name,
                                     int n,
                                     const void *addrs,
                                     int ttl);

/**
 * Adds IPv6 addresses to an answer, each as a record.
 *
 * @param req the question
 * @param name the name that has the addresses
 * @param n how many there are
 * @param addrs an array of struct in6_addr
 * @param ttl for how many seconds they are valid
 * @return 0; -1 if a name is invalid or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_add_aaaa_reply(struct evdns_server_request *req,
                                        const char *name,
                                        int n,
                                        const void *addrs,
                                        int ttl);

/**
 * Adds the name of an address to an answer.
 *
 * @param req the question
 * @param in the address; or NULL
 * @param inaddr_name the name under which the owner of the address is looked up; or NULL. One of
 *   both has to be given.
 * @param hostname the name of the address
 * @param ttl for how many seconds it is valid
 * @return 0; -1 if a name is invalid or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_add_ptr_reply(struct evdns_server_request *req,
                                       struct in_addr *in,
                                       const char *inaddr_name,
                                       const char *hostname,
                                       int ttl);

/**
 * Adds an alias (CNAME) to an answer.
 *
 * @param req the question
 * @param name the alias
 * @param cname the name that it stands for
 * @param ttl for how many seconds that is valid
 * @return 0; -1 if a name is invalid or memory runs out
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_add_cname_reply(struct evdns_server_request *req,
                                         const char *name,
                                         const char *cname,
                                         int ttl);

/**
 * Answers a request with the records that were added, and frees it. An answer that is too long for
 * a datagram is truncated between two records and marked as truncated.
 *
 * @param req the question
 * @param err 0, or a DNS_ERR_* up to 15
 * @return 0 if it was sent, or the client is gone; 1 if it is sent later; -1 if it could not be sent:
 *   then the question is still the program's, which may try again or call
 *   evdns_server_request_drop()
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_respond(struct evdns_server_request *req,
                                 int err);

/**
 * Frees a question without answering it.
 *
 * @param req the question; NULL is ignored
 * @return 0
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_drop(struct evdns_server_request *req);

/**
 * Returns the address from which a request came.
 *
 * @param req the question
 * @param sa where to put the address
 * @param addr_len how many bytes there are
 * @return the length of the address; -1 if there is no room for it; 0 for a question over TCP
 */
EVENT2_EXPORT_SYMBOL
int evdns_server_request_get_requesting_addr(struct evdns_server_request *req,
                                             struct sockaddr *sa,
                                             int addr_len);

#ifdef __cplusplus
}
#endif

#endif
