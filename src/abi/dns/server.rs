//! Of `<event2/dns.h>`: answering questions.

use core::ffi::{c_char, c_int, c_void};
use core::{ptr, slice};

use libc::{in_addr, sockaddr};

use crate::abi::convert::{buffer, bytes};
use crate::base::{BaseRef, global as base_global};
use crate::ctypes::dns::{
    EVDNS_ANSWER_SECTION, EVDNS_CLASS_INET, EVDNS_FLAGS_AA, EVDNS_FLAGS_RD,
    EVDNS_SOPT_TCP_IDLE_TIMEOUT, EVDNS_SOPT_TCP_MAX_CLIENTS, EVDNS_TYPE_A, EVDNS_TYPE_AAAA,
    EVDNS_TYPE_CNAME, EVDNS_TYPE_PTR, evdns_request_callback_fn_type, evdns_server_option,
};
use crate::ctypes::dns_struct::evdns_server_request;
use crate::ctypes::util::evutil_socket_t;
use crate::dns::name::{MAX_WIRE, reverse_v4};
use crate::dns::server::request::{self, Peer, Request};
use crate::dns::server::{self, NotSent, Port as evdns_server_port};
use crate::net::listener::Listener as evconnlistener;
use crate::support::shared::{Ref, Shared};

/// Makes a DNS server on a socket.
///
/// @param base the event base whose loop does the work; NULL for the current one
/// @param socket a bound, non-blocking UDP socket; it belongs to the server from then on
/// @param flags 0
/// @param callback what to call with each question
/// @param user_data the callback's argument
/// @return the server, to be closed by evdns_close_server_port(); NULL if there can be none, and then
///   the socket remains the program's
///
/// # Safety
/// `callback` can be called with `user_data` until the server is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_add_server_port_with_base(
    base: Option<BaseRef>,
    socket: evutil_socket_t,
    flags: c_int,
    callback: evdns_request_callback_fn_type,
    user_data: *mut c_void,
) -> *mut evdns_server_port {
    base_global::base_or_current(base)
        .filter(|_| flags == 0)
        .and_then(|base| server::from_socket(&base, socket, callback, user_data))
        .map_or(ptr::null_mut(), Ref::as_ptr)
}

/// Makes a DNS server for TCP on a listener. The listener's callback is replaced.
///
/// @param base the event base whose loop does the work; NULL for the current one
/// @param listener the listener, which belongs to the server from then on
/// @param flags 0
/// @param callback what to call with each question
/// @param user_data the callback's argument
/// @return the server, to be closed by evdns_close_server_port(); NULL if there can be none, and then
///   the listener remains the program's
///
/// Since 2.2.
///
/// # Safety
/// `callback` can be called with `user_data` until the server is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_add_server_port_with_listener(
    base: Option<BaseRef>,
    listener: Option<Ref<evconnlistener>>,
    flags: c_int,
    callback: evdns_request_callback_fn_type,
    user_data: *mut c_void,
) -> *mut evdns_server_port {
    base_global::base_or_current(base)
        .zip(listener)
        .filter(|_| flags == 0)
        .and_then(|(base, from)| server::from_listener(&base, from, callback, user_data))
        .map_or(ptr::null_mut(), Ref::as_ptr)
}

/// Closes a server: it accepts no more requests. Those that the program still holds may be
/// answered, and the server's socket is closed after the last of them. The callback may call this.
///
/// # Safety
/// `port` is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_close_server_port(port: *mut evdns_server_port) {
    // SAFETY: the caller's promise.
    if let Some(port) = unsafe { Ref::from_ptr(port) } {
        server::close(port);
    }
}

/// Sets an option of a TCP server.
///
/// @param port the server
/// @param option EVDNS_SOPT_*
/// @param value its value
/// @return 0; -1 for an unknown option and for a server of a UDP socket
///
/// Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_port_set_option(
    port: *mut evdns_server_port,
    option: evdns_server_option,
    value: usize,
) -> c_int {
    let (max, idle) = match option {
        EVDNS_SOPT_TCP_MAX_CLIENTS => (Some(value), None),
        EVDNS_SOPT_TCP_IDLE_TIMEOUT => (None, Some(value)),
        _ => return -1,
    };
    // SAFETY: the caller's promise.
    match unsafe { Ref::from_ptr(port) } {
        Some(port) if port.hold().set_limits(max, idle) => 0,
        _ => -1,
    }
}

/// Sets the flags of an answer, in addition to those copied from the request.
///
/// @param req the question
/// @param flags EVDNS_FLAGS_AA and EVDNS_FLAGS_RD
///
/// # Safety
/// The program has the question.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_set_flags(
    req: *mut evdns_server_request,
    flags: c_int,
) {
    // SAFETY: the caller's promise.
    if let Some(request) = unsafe { question(req) } {
        request.set_flags(request.flags() & !(EVDNS_FLAGS_AA | EVDNS_FLAGS_RD) | flags);
    }
}

/// Adds a record to an answer.
///
/// @param req the question
/// @param section EVDNS_ANSWER_SECTION, EVDNS_AUTHORITY_SECTION or EVDNS_ADDITIONAL_SECTION
/// @param name the record's name
/// @param type EVDNS_TYPE_*
/// @param dns_class EVDNS_CLASS_INET
/// @param ttl for how many seconds it is valid
/// @param datalen how many bytes of data there are, unless they are a name
/// @param is_name whether the data is the text of a name
/// @param data the data; may be NULL if there is none
/// @return 0; -1 if the section or a name is invalid, or memory runs out
///
/// # Safety
/// The program has the question; `data` points to a text or to `datalen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_add_reply(
    req: *mut evdns_server_request,
    section: c_int,
    name: *const c_char,
    r#type: c_int,
    dns_class: c_int,
    ttl: c_int,
    datalen: c_int,
    is_name: c_int,
    data: *const c_char,
) -> c_int {
    let kind = (r#type, dns_class);
    // SAFETY: the caller's promise.
    unsafe {
        let record = match (data.is_null(), is_name != 0) {
            (true, _) => request::record(bytes(name), kind, ttl, &[]),
            (false, true) => request::record_of_name(bytes(name), kind, ttl, bytes(data)),
            (false, false) => {
                let len = usize::try_from(datalen).unwrap_or(0);
                request::record(
                    bytes(name),
                    kind,
                    ttl,
                    slice::from_raw_parts(data.cast(), len),
                )
            }
        };
        added(req, section, record)
    }
}

/// Adds IPv4 addresses to an answer, each as a record.
///
/// @param req the question
/// @param name the name that has the addresses
/// @param n how many there are
/// @param addrs an array of struct in_addr
/// @param ttl for how many seconds they are valid
/// @return 0; -1 if a name is invalid or memory runs out
///
/// # Safety
/// The program has the question; `addrs` points to `n` addresses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_add_a_reply(
    req: *mut evdns_server_request,
    name: *const c_char,
    n: c_int,
    addrs: *const c_void,
    ttl: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { add_addresses(req, name, (EVDNS_TYPE_A, 4), n, addrs, ttl) }
}

/// Adds IPv6 addresses to an answer, each as a record.
///
/// @param req the question
/// @param name the name that has the addresses
/// @param n how many there are
/// @param addrs an array of struct in6_addr
/// @param ttl for how many seconds they are valid
/// @return 0; -1 if a name is invalid or memory runs out
///
/// # Safety
/// The program has the question; `addrs` points to `n` addresses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_add_aaaa_reply(
    req: *mut evdns_server_request,
    name: *const c_char,
    n: c_int,
    addrs: *const c_void,
    ttl: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { add_addresses(req, name, (EVDNS_TYPE_AAAA, 16), n, addrs, ttl) }
}

/// Adds the name of an address to an answer.
///
/// @param req the question
/// @param in the address; or NULL
/// @param inaddr_name the name under which the owner of the address is looked up; or NULL. One of
///   both has to be given.
/// @param hostname the name of the address
/// @param ttl for how many seconds it is valid
/// @return 0; -1 if a name is invalid or memory runs out
///
/// # Safety
/// The program has the question.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_add_ptr_reply(
    req: *mut evdns_server_request,
    r#in: *mut in_addr,
    inaddr_name: *const c_char,
    hostname: *const c_char,
    ttl: c_int,
) -> c_int {
    const PTR: (c_int, c_int) = (EVDNS_TYPE_PTR, EVDNS_CLASS_INET);
    // SAFETY: the caller's promise.
    unsafe {
        let record = match (r#in.is_null(), inaddr_name.is_null()) {
            (false, true) => {
                let owner = reverse_v4(r#in.read_unaligned().s_addr.to_ne_bytes());
                let mut room = [0; MAX_WIRE];
                request::record_of_name(owner.raw_text(&mut room), PTR, ttl, bytes(hostname))
            }
            (true, false) => request::record_of_name(bytes(inaddr_name), PTR, ttl, bytes(hostname)),
            _ => None,
        };
        added(req, EVDNS_ANSWER_SECTION, record)
    }
}

/// Adds an alias (CNAME) to an answer.
///
/// @param req the question
/// @param name the alias
/// @param cname the name that it stands for
/// @param ttl for how many seconds that is valid
/// @return 0; -1 if a name is invalid or memory runs out
///
/// # Safety
/// The program has the question.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_add_cname_reply(
    req: *mut evdns_server_request,
    name: *const c_char,
    cname: *const c_char,
    ttl: c_int,
) -> c_int {
    const CNAME: (c_int, c_int) = (EVDNS_TYPE_CNAME, EVDNS_CLASS_INET);
    // SAFETY: the caller's promise.
    unsafe {
        let record = request::record_of_name(bytes(name), CNAME, ttl, bytes(cname));
        added(req, EVDNS_ANSWER_SECTION, record)
    }
}

/// Answers a request with the records that were added, and frees it. An answer that is too long for
/// a datagram is truncated between two records and marked as truncated.
///
/// @param req the question
/// @param err 0, or a DNS_ERR_* up to 15
/// @return 0 if it was sent, or the client is gone; 1 if it is sent later; -1 if it could not be sent:
///   then the question is still the program's, which may try again or call
///   evdns_server_request_drop()
///
/// # Safety
/// The program has the question, and does not use it afterwards unless -1 is returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_respond(
    req: *mut evdns_server_request,
    err: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    let sent = unsafe { Request::from_public(req).map(|request| server::respond(request, err)) };
    match sent {
        Some(Ok(())) => 0,
        Some(Err(NotSent::Later)) => 1,
        Some(Err(NotSent::Yours)) | None => -1,
    }
}

/// Frees a question without answering it.
///
/// @param req the question; NULL is ignored
/// @return 0
///
/// # Safety
/// The program has the question, and does not use it afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_drop(req: *mut evdns_server_request) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(request) = Request::from_public(req) {
            server::drop_request(request);
        }
    }
    0
}

/// Returns the address from which a request came.
///
/// @param req the question
/// @param sa where to put the address
/// @param addr_len how many bytes there are
/// @return the length of the address; -1 if there is no room for it; 0 for a question over TCP
///
/// # Safety
/// The program has the question; `sa` has `addr_len` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_server_request_get_requesting_addr(
    req: *mut evdns_server_request,
    sa: *mut sockaddr,
    addr_len: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    let Some(request) = (unsafe { question(req) }) else {
        return -1;
    };
    let Peer::Datagram(from) = &request.peer else {
        return 0;
    };
    let from = from.bytes();
    let room = usize::try_from(addr_len).unwrap_or(0);
    if room < from.len() {
        return -1;
    }
    // SAFETY: the caller's promise.
    let out = unsafe { buffer(sa.cast(), room) };
    out[..from.len()].write_copy_of_slice(from);
    from.len() as c_int
}

/// The question, if there is one.
///
/// # Safety
/// `req` is null, or the program has the question.
unsafe fn question<'a>(req: *mut evdns_server_request) -> Option<&'a Request> {
    // SAFETY: promised by the caller.
    unsafe { Request::from_public(req).map(|request| request.as_ref()) }
}

/// Adds a record, if there is one.
///
/// # Safety
/// As for [`question`].
unsafe fn added(
    req: *mut evdns_server_request,
    section: c_int,
    record: Option<request::Record>,
) -> c_int {
    // SAFETY: promised by the caller.
    let added = unsafe { question(req) }
        .zip(record)
        .is_some_and(|(request, record)| request.add(section, record));
    if added { 0 } else { -1 }
}

/// Adds `n` addresses of a type that have `size` bytes each.
///
/// # Safety
/// As for [`evdns_server_request_add_a_reply`].
unsafe fn add_addresses(
    req: *mut evdns_server_request,
    name: *const c_char,
    (kind, size): (c_int, usize),
    n: c_int,
    addrs: *const c_void,
    ttl: c_int,
) -> c_int {
    let len = usize::try_from(n).unwrap_or(0) * size;
    // SAFETY: promised by the caller.
    unsafe {
        let addresses = match len {
            0 => &[],
            _ => slice::from_raw_parts(addrs.cast(), len),
        };
        let Some(request) = question(req) else {
            return -1;
        };
        match request::add_addresses(request, bytes(name), kind, ttl, (addresses, size)) {
            true => 0,
            false => -1,
        }
    }
}
