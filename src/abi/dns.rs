//! `<event2/dns.h>`: resolvers and how they are set up. Looking names up and answering questions are in parts.

use core::ffi::{c_char, c_int, c_uint, c_ulong};
use std::net::{Ipv4Addr, SocketAddr};

use crate::abi::argument::Str;
use libc::{sockaddr, socklen_t};

use super::convert::buffer;
use crate::base::{BaseRef, global as base_global};
use crate::ctypes::dns::evdns_debug_log_fn_type;
use crate::dns::resolver::{self, Resolver as evdns_base};
use crate::dns::{global, log};
use crate::net::raw_address;
use crate::support::shared::Ref;

pub mod lookup;
pub mod server;

/// Makes a resolver.
///
/// While it has name servers it keeps the loop of the event base running, unless
/// EVDNS_BASE_DISABLE_WHEN_INACTIVE is given. It must be freed before the event base. Several
/// threads may use it if locking was set up before it was made, by evthread_use_pthreads().
///
/// @param event_base the event base whose loop does the work; NULL for the current one
/// @param initialize_nameservers EVDNS_BASE_*; 1 configures it from /etc/resolv.conf and
///   /etc/hosts, 0 leaves that to the program
/// @return the resolver, to be freed by evdns_base_free(); NULL if memory runs out, or if it is to
///   be configured from a file that can't be read or names no name server
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_new(
    event_base: Option<BaseRef>,
    initialize_nameservers: c_int,
) -> Option<Ref<evdns_base>> {
    base_global::base_or_current(event_base)
        .and_then(|base| global::new(&base, initialize_nameservers))
}

/// Frees a resolver. Any callback may do that, including those of the resolver.
///
/// @param base the resolver; NULL is ignored
/// @param fail_requests if it is not 0, the callbacks of all lookups that have not ended are called
///   from the loop with DNS_ERR_SHUTDOWN (EVUTIL_EAI_FAIL for evdns_getaddrinfo()); otherwise they
///   are never called
///
/// # Safety
/// `base` is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_free(base: Option<Ref<evdns_base>>, fail_requests: c_int) {
    if let Some(base) = base {
        resolver::free(base, fail_requests != 0);
    }
}

/// Forgets everything that was loaded from hosts files.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_clear_host_addresses(base: Option<Ref<evdns_base>>) {
    if let Some(base) = base {
        base.with(|state| state.hosts.clear());
    }
}

/// Adds a name server at port 53.
///
/// @param base the resolver
/// @param address the IPv4 address in network byte order, as in struct in_addr
/// @return 0; 3 if the server is in the list already; another value if it can't be added
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_nameserver_add(
    base: Option<Ref<evdns_base>>,
    address: c_ulong,
) -> c_int {
    let ip = Ipv4Addr::from((address as u32).to_ne_bytes());
    base.map_or(-1, |base| base.add_server((ip, 53).into()))
}

/// Returns the number of name servers, whether they work or not.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_count_nameservers(base: Option<Ref<evdns_base>>) -> c_int {
    base.map_or(0, |base| base.with(|state| state.servers.len() as c_int))
}

/// Removes all name servers. Pending lookups wait, for as long as they would wait for an answer;
/// evdns_base_resume() sends them to the name servers that have been added since.
///
/// @return 0
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_clear_nameservers_and_suspend(
    base: Option<Ref<evdns_base>>,
) -> c_int {
    if let Some(base) = base {
        base.with(|state| state.clear_servers());
    }
    0
}

/// Resumes the lookups that have been waiting since evdns_base_clear_nameservers_and_suspend().
///
/// @return 0
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resume(base: Option<Ref<evdns_base>>) -> c_int {
    if let Some(base) = base {
        base.with(|state| state.resume());
    }
    0
}

/// Adds a name server by its address as text: `1.2.3.4`, `1.2.3.4:53`, `::1`, `[::1]` or `[::1]:53`.
/// The port is 53 by default.
///
/// @param base the resolver
/// @param ip_as_string the address
/// @return 0; 3 if the server is in the list already; 4 if the text is not an address; another value
///   if the server can't be added
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_nameserver_ip_add(
    base: Option<Ref<evdns_base>>,
    ip_as_string: Str<'_>,
) -> c_int {
    base.map_or(-1, |base| base.add_server_text(ip_as_string.bytes()))
}

/// Adds a name server by its socket address, which includes the port.
///
/// @param base the resolver
/// @param sa an IPv4 or IPv6 address
/// @param len its length in bytes
/// @param flags unused
/// @return 0; 3 if the server is in the list already; another value if it can't be added
///
/// # Safety
/// `sa` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_nameserver_sockaddr_add(
    base: Option<Ref<evdns_base>>,
    sa: *const sockaddr,
    len: socklen_t,
    flags: c_uint,
) -> c_int {
    let _ = flags;
    // SAFETY: the caller's promise.
    let address = unsafe { raw_address::read_len(sa, len as usize) };
    match (base, address) {
        (Some(base), Some(address)) => base.add_server(address),
        _ => 2,
    }
}

/// Sets an option of a resolver. A colon after the name is ignored, with what follows it; unknown
/// names are ignored, too.
///
/// Times are in seconds and may have a fraction. `timeout` (5): how long to wait for an answer.
/// `attempts` (3): how often to wait for one. `max-timeouts` (3): after how many consecutive
/// timeouts a server counts as down. `initial-probe-timeout` (10), `max-probe-timeout` (3600),
/// `probe-backoff-factor` (3): when it is tried again. `max-inflight` (64): how many queries are in
/// flight at once. `ndots` (1): a name with as many dots is tried as it is before it is searched.
/// `randomize-case` (1): give letters of questions any case, which answers have to repeat.
/// `bind-to`: the address, and port if there is one, from which servers are asked that are added
/// later and have no loopback address. `so-rcvbuf`, `so-sndbuf` (0, the system's): buffers of the
/// sockets of servers that are added later. `getaddrinfo-allow-skew` (3): how long
/// evdns_getaddrinfo() waits for one family of addresses when it has the other;
/// bufferevent_socket_connect_hostname() waits 0.05 at most.
///
/// Since 2.2: `use-vc` (no value): ask over TCP. `ignore-tc` (no value): leave truncated answers.
/// `tcp-idle-timeout` (5): how long to keep a connection that is not used. `edns-udp-size` (512): how
/// large an answer may be that is not asked for over TCP.
///
/// Only here: `cache` (0): 1 to have evdns_getaddrinfo() answer from a cache. `reload` (0): 1 to read
/// /etc/resolv.conf again when it has changed, if the resolver was configured by evdns_base_new().
/// `queries-per-port` (1): how many questions may leave by one port, each of which costs a system
/// call; with 16 and more in flight it is 8 at least.
///
/// @param base the resolver
/// @param option the name
/// @param val the value
/// @return 0; -1 if the value makes no sense
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_set_option(
    base: Option<Ref<evdns_base>>,
    option: Str<'_>,
    val: Option<Str<'_>>,
) -> c_int {
    let value = val.map(Str::bytes);
    let done = base.is_some_and(|base| base.set_option(option.bytes(), value));
    if done { 0 } else { -1 }
}

/// Configures a resolver by a file in the format of resolv.conf(5). Lines that are not understood
/// are skipped.
///
/// @param base the resolver
/// @param flags what to take from the file, DNS_OPTION_*
/// @param filename its path
/// @return 0; 1 if it can't be opened, and 6 if it names no name server: then 127.0.0.1 is added,
///   if name servers are wanted and DNS_OPTION_NAMESERVERS_NO_DEFAULT is not given; 2 if it can't be
///   read; 4 without memory
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resolv_conf_parse(
    base: Option<Ref<evdns_base>>,
    flags: c_int,
    filename: Option<Str<'_>>,
) -> c_int {
    base.map_or(1, |base| {
        base.read_resolv_conf(flags, filename.map(Str::c_str))
    })
}

/// Loads a file in the format of hosts(5), for evdns_getaddrinfo(). Entries loaded before remain;
/// see evdns_base_clear_host_addresses().
///
/// @param base the resolver
/// @param hosts_fname its path; NULL for `localhost` only
/// @return 0; -1 if the file can't be read, and then `localhost` is known all the same
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_load_hosts(
    base: Option<Ref<evdns_base>>,
    hosts_fname: Option<Str<'_>>,
) -> c_int {
    let done = base.is_some_and(|base| base.load_hosts(hosts_fname.map(Str::c_str)));
    if done { 0 } else { -1 }
}

/// Forgets all domains in which names are searched, and sets `ndots` to 1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_search_clear(base: Option<Ref<evdns_base>>) {
    if let Some(base) = base {
        base.with(|state| state.search.clear());
    }
}

/// Adds a search domain in front of all others. Leading dots are ignored.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_search_add(base: Option<Ref<evdns_base>>, domain: Str<'_>) {
    if let Some(base) = base {
        base.with(|state| state.search.push_front(domain.bytes()));
    }
}

/// Sets how many dots a name must have to be tried as it is before it is searched.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_search_ndots_set(base: Option<Ref<evdns_base>>, ndots: c_int) {
    if let Some(base) = base {
        base.with(|state| state.search.ndots = ndots);
    }
}

/// Sets the callback for all log messages of resolvers, for the whole process, instead of the
/// general log. It may call any function. The messages include names that are looked up.
///
/// @param fn the function; NULL for the general log
#[unsafe(no_mangle)]
pub extern "C" fn evdns_set_log_fn(r#fn: evdns_debug_log_fn_type) {
    log::set_function(r#fn);
}

/// Does nothing: ids come from the system's secure random numbers.
#[unsafe(no_mangle)]
pub extern "C" fn evdns_set_transaction_id_fn(r#fn: Option<unsafe extern "C" fn() -> u16>) {
    let _ = r#fn;
}

/// Does nothing: random bytes come from the system's secure source.
#[unsafe(no_mangle)]
pub extern "C" fn evdns_set_random_bytes_fn(
    r#fn: Option<unsafe extern "C" fn(*mut c_char, usize)>,
) {
    let _ = r#fn;
}

/// Returns the address of a name server.
///
/// @param base the resolver
/// @param idx its number, from 0 on in the order in which they were added; negative numbers count
///   as 0
/// @param sa where to put the address
/// @param len how many bytes there are
/// @return the length of the address; if that is more than len, nothing was stored; -1 if there is
///   no such server
///
/// # Safety
/// `sa` has `len` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_get_nameserver_addr(
    base: Option<Ref<evdns_base>>,
    idx: c_int,
    sa: *mut sockaddr,
    len: socklen_t,
) -> c_int {
    let Some(address) = nameserver(base, idx) else {
        return -1;
    };
    let needed = raw_address::len(&address);
    if len as usize >= needed {
        // SAFETY: the caller's promise.
        raw_address::write(&address, unsafe { buffer(sa.cast(), needed) });
    }
    needed as c_int
}

fn nameserver(base: Option<Ref<evdns_base>>, idx: c_int) -> Option<SocketAddr> {
    let index = usize::try_from(idx).unwrap_or(0);
    let base = base?;
    base.with(|state| state.servers.get(index).map(|server| server.address))
}

/// Returns the descriptor of the socket for queries to a name server, so that the program can set
/// its options. From then on it is the only socket for that server, so all queries leave from one
/// port.
///
/// @param base the resolver
/// @param idx the number of the server, as for evdns_base_get_nameserver_addr()
/// @return the descriptor, which still belongs to the resolver; -1 if there is no such server
///
/// Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_get_nameserver_fd(
    base: Option<Ref<evdns_base>>,
    idx: c_int,
) -> c_int {
    let index = usize::try_from(idx).unwrap_or(0);
    base.and_then(|base| base.with(|state| state.server_descriptor(index)))
        .unwrap_or(-1)
}
