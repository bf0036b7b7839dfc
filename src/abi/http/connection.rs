//! Of `<event2/http.h>`: connections, and requests that a client makes.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::{self};

use crate::abi::argument::{In, Out, Required, Str};
use crate::abi::convert::status;
use crate::bufferevent::Bev;
use crate::http::request::Req;
use libc::{sockaddr, timeval};

use super::server;
use crate::base::BaseRef;
use crate::ctypes::bufferevent::evdns_base;
use crate::ctypes::http::{evhttp_cmd_type, evhttp_connection_cb, evhttp_ext_method_cb};
use crate::ctypes::util::ev_ssize_t;
use crate::http::client::{self, Client, Target};
use crate::http::connection::Con;
use crate::http::connection::wire::Wire;
use crate::http::server::Server as evhttp;
use crate::support::mm;
use crate::support::thunk::Ref;

/// Calls `change` with what only clients have.
fn with_client(evcon: Required<Con>, change: impl FnOnce(&Client)) {
    if let Some(client) = &evcon.client {
        change(client);
    }
}

/// Makes a client, which connects when the first request is made.
///
/// @param base the base whose loop it runs in; NULL if evhttp_connection_set_base() follows
/// @param dnsbase looks the name up; NULL to wait for the system's resolver
/// @param bev the bufferevent to use, without a descriptor, which belongs to the client from now
///   on; with NULL a socket bufferevent is made
/// @param address a name or an address in numbers
/// @param port the port
/// @return the client, to be freed by evhttp_connection_free(); NULL without memory
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_base_bufferevent_new(
    base: Option<BaseRef>,
    dnsbase: *mut evdns_base,
    bev: Option<Bev>,
    address: Str<'_>,
    port: u16,
) -> Option<Con> {
    let (bev, address) = (bev.map(Wire::of), address.bytes());
    client::make(base, dnsbase, bev, Target::Host, address, port)
}

/// Makes a client that connects to a UNIX socket. Since 2.2.
///
/// @param base the base whose loop it runs in
/// @param bev the bufferevent to use, as for evhttp_connection_base_bufferevent_new()
/// @param path the socket's path
/// @return the client; NULL without memory, or if the path is too long
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_base_bufferevent_unix_new(
    base: Option<BaseRef>,
    bev: Option<Bev>,
    path: Str<'_>,
) -> Option<Con> {
    let (bev, path) = (bev.map(Wire::of), path.bytes());
    if path.len() > client::connect::MAX_PATH {
        return None;
    }
    client::make(base, ptr::null_mut(), bev, Target::Unix, path, 0)
}

/// Makes a client on a connected bufferevent. When the connection ends, the client can't connect
/// again. Since 2.2.
///
/// @param base the base whose loop it runs in
/// @param dnsbase not used
/// @param bev the bufferevent, which belongs to the client from now on
/// @return the client; NULL without memory or bufferevent
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_base_bufferevent_reuse_new(
    base: Option<BaseRef>,
    dnsbase: *mut evdns_base,
    bev: Option<Bev>,
) -> Option<Con> {
    let bev = Wire::of(bev?);
    client::make(base, dnsbase, Some(bev), Target::Given, b"", 0)
}

/// Makes a client, which connects when the first request is made.
///
/// @param base the base whose loop it runs in
/// @param dnsbase looks the name up; NULL to wait for the system's resolver
/// @param address a name or an address in numbers
/// @param port the port
/// @return the client, to be freed by evhttp_connection_free(); NULL without memory
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_base_new(
    base: Option<BaseRef>,
    dnsbase: *mut evdns_base,
    address: Str<'_>,
    port: u16,
) -> Option<Con> {
    client::make(base, dnsbase, None, Target::Host, address.bytes(), port)
}

/// Returns the bufferevent of a connection, which still belongs to the connection.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_get_bufferevent(evcon: Required<Con>) -> Option<Bev> {
    let wire = evcon.wire();
    wire.map(Wire::bev)
}

/// Returns the server of a connection; NULL for a client. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_get_server(evcon: Required<Con>) -> Option<Ref<evhttp>> {
    evcon.server.get()
}

/// Sets the family of addresses that a client connects to: AF_INET, AF_INET6, or AF_UNSPEC for both.
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_family(evcon: Required<Con>, family: c_int) {
    with_client(evcon, |client| client.family.set(family));
}

/// Sets the flags of a connection, replacing those set before.
///
/// @param evcon the connection
/// @param flags EVHTTP_CON_*
/// @return 0; 1 for unknown flags, and then nothing is changed. Since 2.1
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_flags(evcon: Required<Con>, flags: c_int) -> c_int {
    let set = evcon.set_public_flags(flags);
    c_int::from(!set)
}

/// Sets a callback that describes methods that the library does not know. Since 2.2.
///
/// @param evcon the connection
/// @param cmp is called with a type, to fill in the name of the method; or on servers with a name, to
///   fill in the type. It returns 0 if it knows it
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_ext_method_cmp(
    evcon: Required<Con>,
    cmp: evhttp_ext_method_cb,
) {
    evcon.ext_method.set(cmp);
}

/// Returns the base of a connection. Since 2.0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_get_base(req: Required<Con>) -> Option<BaseRef> {
    req.base()
}

/// Limits the first line and the headers of messages; a negative number is no limit. Since 2.0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_max_headers_size(
    evcon: Required<Con>,
    new_max_headers_size: ev_ssize_t,
) {
    evcon.max_head.set(server::limit(new_max_headers_size));
}

/// Limits the bodies of messages; a negative number is no limit. Since 2.0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_max_body_size(
    evcon: Required<Con>,
    new_max_body_size: ev_ssize_t,
) {
    evcon.max_body.set(server::body_limit(new_max_body_size));
}

/// Frees a connection and its requests, except those taken by evhttp_request_own(). Its close
/// callback is called.
///
/// # Safety
/// `evcon` is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_free(evcon: Required<Con>) {
    evcon.free();
}

/// Makes a client free itself when it has no more requests and its connection ends. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_free_on_completion(evcon: Required<Con>) {
    with_client(evcon, |client| client.frees_itself.set(true));
}

/// Sets the address that a client connects from. It must not have begun to connect.
///
/// @param evcon the client
/// @param address an address in numbers, which is copied
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_local_address(
    evcon: Required<Con>,
    address: *const c_char,
) {
    // SAFETY: the caller's promise.
    with_client(evcon, |client| unsafe {
        let old = client.local_address.replace(mm::strdup(address));
        mm::free(old.cast());
    });
}

/// Sets the port that a client connects from. It must not have begun to connect.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_local_port(evcon: Required<Con>, port: u16) {
    with_client(evcon, |client| client.local_port.set(port));
}

/// Sets how long a client waits before it tries to connect a second time; the time doubles with
/// each try, up to an hour. The default is 2 s. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_initial_retry_tv(
    evcon: Required<Con>,
    tv: In<timeval>,
) {
    const USUAL: timeval = timeval {
        tv_sec: 2,
        tv_usec: 0,
    };
    let delay = tv.get().unwrap_or(USUAL);
    with_client(evcon, |client| client.first_delay.set(delay));
}

/// Sets how often a client tries to connect again; negative for no limit. The default is 0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_retries(evcon: Required<Con>, retry_max: c_int) {
    with_client(evcon, |client| client.retries.set(retry_max));
}

/// Sets a callback for the end of an established connection: when it is lost, closed or freed. A
/// client can connect again afterwards.
///
/// @param evcon the connection
/// @param cb what to call
/// @param arg its second argument
///
/// # Safety
/// `cb` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_closecb(
    evcon: Required<Con>,
    cb: evhttp_connection_cb,
    arg: *mut c_void,
) {
    evcon.on_close.set(cb);
    evcon.close_argument.set(arg);
}

/// Returns the peer of a connection.
///
/// @param evcon the connection
/// @param address where to store the numeric address, or for clients the address that they were
///   made with; it belongs to the connection. NULL for a UNIX socket of a client
/// @param port gets the port
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_get_peer(
    evcon: Required<Con>,
    address: Out<*mut c_char>,
    port: Out<u16>,
) {
    let named = evcon
        .client
        .as_ref()
        .is_none_or(|client| client.target == Target::Host);
    address.set(if named {
        evcon.address.get()
    } else {
        ptr::null_mut()
    });
    port.set(evcon.port.get());
}

/// Returns the address of the peer of a connection, which belongs to the connection. Its family is
/// AF_UNSPEC if the connection has never been connected, and without memory. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_get_addr(evcon: Required<Con>) -> *const sockaddr {
    evcon.peer_address()
}

/// Sends a request once those before it are done. The client connects if necessary.
///
/// @param evcon the client
/// @param req the request, which is the library's from now on
/// @param type the method, an EVHTTP_REQ_* bit
/// @param uri the target of the request, which is sent as it is
/// @return 0; -1 without memory, for a method without a name or a target with a line end, and then
///   the request is freed; and -1 if the client's own address can't be bound
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_make_request(
    evcon: Required<Con>,
    req: Required<Req>,
    r#type: evhttp_cmd_type,
    uri: Str<'_>,
) -> c_int {
    let con = evcon.keep();
    status(client::make_request(&con, *req, r#type, uri.bytes()))
}
