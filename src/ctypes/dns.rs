//! `<event2/dns.h>`: looking names up, and answering such questions.

#![allow(non_upper_case_globals, reason = "C names")]

use core::ffi::{c_char, c_int, c_void};

use super::dns_struct::evdns_server_request;
use super::util::evutil_addrinfo;

/// Result of a lookup: there is an answer.
pub const DNS_ERR_NONE: c_int = 0;
/// The name server did not understand the question.
pub const DNS_ERR_FORMAT: c_int = 1;
/// The name servers failed, or could not reach a server that knows the answer.
pub const DNS_ERR_SERVERFAILED: c_int = 2;
/// The name does not exist.
pub const DNS_ERR_NOTEXIST: c_int = 3;
/// The name server does not support this kind of question.
pub const DNS_ERR_NOTIMPL: c_int = 4;
/// The name server refused to answer.
pub const DNS_ERR_REFUSED: c_int = 5;
/// The answer was truncated, and the whole answer could not be obtained.
pub const DNS_ERR_TRUNCATED: c_int = 65;
/// The answer is malformed, or the error is unknown.
pub const DNS_ERR_UNKNOWN: c_int = 66;
/// No name server answered in time.
pub const DNS_ERR_TIMEOUT: c_int = 67;
/// The evdns_base was freed.
pub const DNS_ERR_SHUTDOWN: c_int = 68;
/// The lookup was cancelled.
pub const DNS_ERR_CANCEL: c_int = 69;
/// The name exists, but has no record of this type.
pub const DNS_ERR_NODATA: c_int = 70;

/// Type of an answer: IPv4 addresses.
pub const DNS_IPv4_A: c_int = 1;
/// Type of an answer: a name.
pub const DNS_PTR: c_int = 2;
/// Type of an answer: IPv6 addresses.
pub const DNS_IPv6_AAAA: c_int = 3;
/// Type of an answer: the name of which the looked-up name is an alias. Since 2.2.
pub const DNS_CNAME: c_int = 4;

/// Flag for lookups: do not try the name in the search domains.
pub const DNS_QUERY_NO_SEARCH: c_int = 1;
/// Flag for lookups: ask over TCP. Since 2.2.
pub const DNS_QUERY_USEVC: c_int = 2;
/// Flag for lookups: do not ask again over TCP when an answer is truncated. Since 2.2.
pub const DNS_QUERY_IGNTC: c_int = 4;
/// Flag for lookups of addresses: if the name is an alias, call the callback once more, after the
/// call with the addresses, with type DNS_CNAME and the `char *` of the canonical name. The
/// argument must stay valid after the first call. Since 2.2.
pub const DNS_CNAME_CALLBACK: c_int = 0x80;

/// Flag for evdns_base_resolv_conf_parse(): take the domains to search and `ndots`.
pub const DNS_OPTION_SEARCH: c_int = 1;
/// Flag for evdns_base_resolv_conf_parse(): take the name servers.
pub const DNS_OPTION_NAMESERVERS: c_int = 2;
/// Flag for evdns_base_resolv_conf_parse(): take all other options.
pub const DNS_OPTION_MISC: c_int = 4;
/// Flag for evdns_base_resolv_conf_parse(): load the system's hosts file, too.
pub const DNS_OPTION_HOSTSFILE: c_int = 8;
/// Flags for evdns_base_resolv_conf_parse(): take everything.
pub const DNS_OPTIONS_ALL: c_int = 15;
/// Flag for evdns_base_resolv_conf_parse(): add no name server if the file names none.
pub const DNS_OPTION_NAMESERVERS_NO_DEFAULT: c_int = 16;

/// Obsolete name of DNS_QUERY_NO_SEARCH.
pub const DNS_NO_SEARCH: c_int = 1;

/// Flag for evdns_base_new(): configure the resolver as the system's files say.
pub const EVDNS_BASE_INITIALIZE_NAMESERVERS: c_int = 1;
/// Flag for evdns_base_new(): do not answer from a cache, which is the default here. Since 2.2.
pub const EVDNS_BASE_NO_CACHE: c_int = 0x10;
/// Flag for evdns_base_new(): do not keep the loop running while nothing is being looked up.
pub const EVDNS_BASE_DISABLE_WHEN_INACTIVE: c_int = 0x8000;
/// Flag for evdns_base_new(): add no name server if the system's file names none.
pub const EVDNS_BASE_NAMESERVERS_NO_DEFAULT: c_int = 0x10000;

/// Result of evdns_base_resolv_conf_parse(): success. Since 2.2, as the other six names.
pub const EVDNS_ERROR_NONE: c_int = 0;
/// The file could not be opened.
pub const EVDNS_ERROR_FAILED_TO_OPEN_FILE: c_int = 1;
/// The file could not be read.
pub const EVDNS_ERROR_FAILED_TO_STAT_FILE: c_int = 2;
/// The file is too large.
pub const EVDNS_ERROR_FILE_TOO_LARGE: c_int = 3;
/// Memory ran out.
pub const EVDNS_ERROR_OUT_OF_MEMORY: c_int = 4;
/// The file could not be read to its end.
pub const EVDNS_ERROR_SHORT_READ_FROM_FILE: c_int = 5;
/// The file names no name server.
pub const EVDNS_ERROR_NO_NAMESERVERS_CONFIGURED: c_int = 6;

/// Section of an answer: what was asked for.
pub const EVDNS_ANSWER_SECTION: c_int = 0;
/// Section of an answer: who is responsible for the name.
pub const EVDNS_AUTHORITY_SECTION: c_int = 1;
/// Section of an answer: additional records.
pub const EVDNS_ADDITIONAL_SECTION: c_int = 2;

/// Type of a record: an IPv4 address.
pub const EVDNS_TYPE_A: c_int = 1;
/// Type of a record: a responsible name server.
pub const EVDNS_TYPE_NS: c_int = 2;
/// Type of a record: the name that this one is an alias of.
pub const EVDNS_TYPE_CNAME: c_int = 5;
/// Type of a record: data about a zone.
pub const EVDNS_TYPE_SOA: c_int = 6;
/// Type of a record: a name, usually the one of an address.
pub const EVDNS_TYPE_PTR: c_int = 12;
/// Type of a record: a mail server.
pub const EVDNS_TYPE_MX: c_int = 15;
/// Type of a record: text.
pub const EVDNS_TYPE_TXT: c_int = 16;
/// Type of a record: an IPv6 address.
pub const EVDNS_TYPE_AAAA: c_int = 28;

/// Type of a question: a whole zone.
pub const EVDNS_QTYPE_AXFR: c_int = 252;
/// Type of a question: records of any type.
pub const EVDNS_QTYPE_ALL: c_int = 255;

/// The class of Internet records.
pub const EVDNS_CLASS_INET: c_int = 1;

/// Flag of an answer: the server is responsible for the name.
pub const EVDNS_FLAGS_AA: c_int = 0x400;
/// Flag of an answer: the server looks names up for others. (This is the bit that RFC 1035 calls
/// RA.)
pub const EVDNS_FLAGS_RD: c_int = 0x080;

/// What evdns_server_port_set_option() sets. Since 2.2.
pub type evdns_server_option = c_int;
/// How many TCP clients are served at once; others are disconnected. The default is 10.
pub const EVDNS_SOPT_TCP_MAX_CLIENTS: evdns_server_option = 0;
/// After how many seconds without a request a TCP client is disconnected. The default is 10.
pub const EVDNS_SOPT_TCP_IDLE_TIMEOUT: evdns_server_option = 1;

/// The callback for the result of a lookup, run from the loop. It gets a DNS_ERR_*; the type of the
/// answer, DNS_IPv4_A and so on; the number of addresses; for how many seconds they are valid; an
/// array of addresses (struct in_addr, struct in6_addr, or `char *` for DNS_PTR), which is valid
/// during the call; the argument of the lookup.
///
/// Names that an answer holds are in presentation form: dots and unprintable bytes inside of a label
/// are escaped with a backslash.
pub type evdns_callback_type = Option<
    unsafe extern "C" fn(
        result: c_int,
        r#type: c_char,
        count: c_int,
        ttl: c_int,
        addresses: *mut c_void,
        arg: *mut c_void,
    ),
>;

/// The callback for log messages. It gets whether the message is a warning, and the text.
pub type evdns_debug_log_fn_type =
    Option<unsafe extern "C" fn(is_warning: c_int, msg: *const c_char)>;

/// The callback of a DNS server for a request, run from the loop. For each request,
/// evdns_server_request_respond() or evdns_server_request_drop() must be called, in the callback or
/// at any later time.
pub type evdns_request_callback_fn_type =
    Option<unsafe extern "C" fn(req: *mut evdns_server_request, user_data: *mut c_void)>;

/// The callback for the result of evdns_getaddrinfo(). It gets 0 or an EVUTIL_EAI_*; a list to be
/// freed with evutil_freeaddrinfo(), or NULL; the argument of the lookup.
pub type evdns_getaddrinfo_cb =
    Option<unsafe extern "C" fn(result: c_int, res: *mut evutil_addrinfo, arg: *mut c_void)>;
