//! Of `<event2/http.h>`: servers.

use core::ffi::{c_char, c_int, c_void};

use crate::abi::argument::{Required, Str};
use crate::base::BaseRef;
use crate::ctypes::http::{
    EVHTTP_SERVER_LENIENT, EVHTTP_SERVER_LINGERING_CLOSE, evhttp_bev_cb, evhttp_error_page_cb,
    evhttp_ext_method_cb, evhttp_newreq_cb, evhttp_request_cb,
};
use crate::ctypes::util::{ev_ssize_t, evutil_socket_t};
use crate::http::server::paths::Refused;
use crate::http::server::sockets::Bound as evhttp_bound_socket;
use crate::http::server::{self, Server as evhttp};
use crate::net::listener::Listener as evconnlistener;
use crate::support::thunk::Ref;
use crate::sys;

/// The socket, or NULL with `errno` set.
pub(in crate::abi) fn bound(
    result: sys::Result<Ref<evhttp_bound_socket>>,
) -> Option<Ref<evhttp_bound_socket>> {
    result.inspect_err(|error| error.set()).ok()
}

/// A limit in bytes; a negative one is none.
pub(super) fn limit(size: ev_ssize_t) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

/// [`limit`] of a body.
pub(super) fn body_limit(size: ev_ssize_t) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// Makes a server, which does not listen on any address yet.
///
/// @param base the base whose loop it runs in
/// @return the server, to be freed by evhttp_free(); NULL without memory
#[unsafe(no_mangle)]
pub extern "C" fn evhttp_new(base: Option<BaseRef>) -> Option<Ref<evhttp>> {
    server::make(base)
}

/// Listens on an address. A name is looked up at once, blocking, and its first address is used.
///
/// @param http the server
/// @param address a name or an address in numbers; NULL for all IPv4 addresses of this machine
/// @param port the port; 0 for any that is free
/// @return 0; -1 with `errno` set
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_bind_socket(
    http: Required<Ref<evhttp>>,
    address: Option<Str<'_>>,
    port: u16,
) -> c_int {
    let made = bound(http.bind(address.map(Str::c_str), port));
    if made.is_some() { 0 } else { -1 }
}

/// Listens on an address, as evhttp_bind_socket() does.
///
/// @param http the server
/// @param address a name or an address in numbers; NULL for all IPv4 addresses of this machine
/// @param port the port; 0 for any that is free
/// @return the socket, which belongs to the server; NULL with `errno` set
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_bind_socket_with_handle(
    http: Required<Ref<evhttp>>,
    address: Option<Str<'_>>,
    port: u16,
) -> Option<Ref<evhttp_bound_socket>> {
    bound(http.bind(address.map(Str::c_str), port))
}

/// Accepts connections on a socket.
///
/// @param http the server
/// @param fd a socket that listens already; the server makes it non-blocking and closes it
/// @return 0; -1 with `errno` set, and then the socket remains the program's
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_accept_socket(
    http: Required<Ref<evhttp>>,
    fd: evutil_socket_t,
) -> c_int {
    if bound(http.accept_on(fd)).is_some() {
        0
    } else {
        -1
    }
}

/// Accepts connections on a socket, as evhttp_accept_socket() does.
///
/// @param http the server
/// @param fd a socket that listens already; the server makes it non-blocking and closes it
/// @return the socket, which belongs to the server; NULL with `errno` set
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_accept_socket_with_handle(
    http: Required<Ref<evhttp>>,
    fd: evutil_socket_t,
) -> Option<Ref<evhttp_bound_socket>> {
    bound(http.accept_on(fd))
}

/// Accepts connections from a listener, whose callback is replaced.
///
/// @param http the server
/// @param listener the listener, which belongs to the server from now on
/// @return the socket, which belongs to the server; NULL without memory
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_bind_listener(
    http: Required<Ref<evhttp>>,
    listener: Option<Ref<evconnlistener>>,
) -> Option<Ref<evhttp_bound_socket>> {
    listener.and_then(|listener| bound(http.add_listener(listener)))
}

/// Returns the listener of a socket, which still belongs to the server.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_bound_socket_get_listener(
    bound_socket: Required<Ref<evhttp_bound_socket>>,
) -> Option<Ref<evconnlistener>> {
    bound_socket.listener()
}

/// Calls a function for each socket of a server. It may free the socket that it is called for.
///
/// @param http the server
/// @param function what to call
/// @param argument its second argument
///
/// # Safety
/// `function` can be called with `argument`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_foreach_bound_socket(
    http: Required<Ref<evhttp>>,
    function: Option<unsafe extern "C" fn(bound: *mut evhttp_bound_socket, argument: *mut c_void)>,
    argument: *mut c_void,
) {
    if let Some(function) = function {
        // SAFETY: the caller's promise.
        http.each_socket(|bound| unsafe { function(bound.as_ptr(), argument) });
    }
}

/// Stops listening, and closes the socket. Existing connections continue.
///
/// # Safety
/// `bound_socket` is one of the server's, and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_del_accept_socket(
    http: Required<Ref<evhttp>>,
    bound_socket: Required<Ref<evhttp_bound_socket>>,
) {
    let _ = http;
    bound_socket.free();
}

/// Returns the descriptor of a socket.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_bound_socket_get_fd(
    bound_socket: Required<Ref<evhttp_bound_socket>>,
) -> evutil_socket_t {
    let listener = bound_socket.listener();
    listener.map_or(-1, |listener| listener.fd())
}

/// Frees a server, its sockets, connections and virtual hosts. Requests that have not been answered
/// are freed, except those taken by evhttp_request_own().
///
/// # Safety
/// `http` is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_free(http: Required<Ref<evhttp>>) {
    http.free();
}

/// Limits the first line and the headers of requests on connections to come. A client that exceeds
/// it gets an error (414 or 431). 256 KiB unless set; a negative number is no limit.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_max_headers_size(
    http: Required<Ref<evhttp>>,
    max_headers_size: ev_ssize_t,
) {
    http.max_head.set(limit(max_headers_size));
}

/// Limits the bodies of requests on connections to come. A client that exceeds it gets an error
/// (413). There is no limit unless set; a negative number is none.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_max_body_size(
    http: Required<Ref<evhttp>>,
    max_body_size: ev_ssize_t,
) {
    http.max_body.set(body_limit(max_body_size));
}

/// Limits the connections that a server has at a time. When there is one more, the oldest idle
/// connection is closed; if none is idle, the new one gets an error (503) at once. 0 and negative
/// numbers mean no limit, which is the default. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_max_connections(
    http: Required<Ref<evhttp>>,
    max_connections: c_int,
) {
    http.max_connections.set(max_connections);
}

/// Returns the number of connections of a server. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_get_connection_count(http: Required<Ref<evhttp>>) -> c_int {
    http.connection_count()
}

/// Sets the Content-Type of replies to which the program does not add that header. NULL adds none;
/// the default is "text/html; charset=ISO-8859-1".
///
/// # Safety
/// `content_type` stays valid as long as the server uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_default_content_type(
    http: Required<Ref<evhttp>>,
    content_type: *const c_char,
) {
    http.content_type.set(content_type);
}

/// Sets the methods that a server answers: GET, POST, HEAD, PUT and DELETE unless set. For others
/// clients get an error: 405 for a method that the library knows, else 501.
///
/// @param http the server
/// @param methods EVHTTP_REQ_* bits. EVHTTP_REQ_MOVE stands for all methods that the library does
///   not know, too, unless evhttp_set_ext_method_cmp() is used
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_allowed_methods(http: Required<Ref<evhttp>>, methods: u32) {
    http.allowed.set(methods);
}

/// Sets a callback that describes methods that the library does not know. Since 2.2.
///
/// @param http the server
/// @param cmp is called with the name of a method, to fill in its type, and returns 0 if it knows it
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_ext_method_cmp(
    http: Required<Ref<evhttp>>,
    cmp: evhttp_ext_method_cb,
) {
    http.ext_method.set(cmp);
}

/// Sets the callback for requests with a path. The path of the request is compared without its
/// escapes.
///
/// @param http the server
/// @param path the path, which is copied
/// @param cb what to call
/// @param cb_arg its second argument
/// @return 0; -1 if the path has a callback already; -2 without memory
///
/// # Safety
/// `cb` can be called with `cb_arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_cb(
    http: Required<Ref<evhttp>>,
    path: Str<'_>,
    cb: evhttp_request_cb,
    cb_arg: *mut c_void,
) -> c_int {
    let (http, path) = (*http, path.bytes());
    let added = http.paths.borrow_mut().add(path, cb, cb_arg);
    match added {
        Ok(()) => 0,
        Err(Refused::Present) => -1,
        Err(Refused::NoMemory) => -2,
    }
}

/// Removes the callback for a path.
///
/// @param http the server
/// @param path the path
/// @return 0; -1 if there is none
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_del_cb(http: Required<Ref<evhttp>>, path: Str<'_>) -> c_int {
    let (http, path) = (*http, path.bytes());
    let removed = http.paths.borrow_mut().remove(path);
    if removed { 0 } else { -1 }
}

/// Sets the callback for requests whose path has none. Without it clients get an error (404).
///
/// @param http the server
/// @param cb what to call, or NULL
/// @param arg its second argument
///
/// # Safety
/// `cb` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_gencb(
    http: Required<Ref<evhttp>>,
    cb: evhttp_request_cb,
    arg: *mut c_void,
) {
    http.general.set(cb);
    http.general_argument.set(arg);
}

/// Sets the callback that makes the bufferevent of a new connection, for example one with TLS. It
/// must have no descriptor; with NULL a socket bufferevent is made.
///
/// @param http the server
/// @param cb what to call, or NULL
/// @param arg its second argument
///
/// # Safety
/// `cb` can be called with `arg`, and what it returns belongs to the server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_bevcb(
    http: Required<Ref<evhttp>>,
    cb: evhttp_bev_cb,
    arg: *mut c_void,
) {
    http.make_bev.set(cb);
    http.make_bev_argument.set(arg);
}

/// Sets the callback that makes bufferevents for one socket, before that of evhttp_set_bevcb() is
/// asked. Since 2.2.
///
/// @param bound the socket
/// @param cb what to call, or NULL
/// @param arg its second argument
///
/// # Safety
/// As for evhttp_set_bevcb().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_bound_set_bevcb(
    bound: Required<Ref<evhttp_bound_socket>>,
    cb: evhttp_bev_cb,
    arg: *mut c_void,
) {
    bound.make_bev.set(cb);
    bound.make_bev_argument.set(arg);
}

/// Sets a callback for every new request object: on a new connection, and after each reply on one
/// that is kept alive, before any byte of the request has arrived. It can set the callbacks of the
/// request. -1 closes the connection. Since 2.2.
///
/// @param http the server
/// @param cb what to call, or NULL
/// @param arg its second argument
///
/// # Safety
/// `cb` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_newreqcb(
    http: Required<Ref<evhttp>>,
    cb: evhttp_newreq_cb,
    arg: *mut c_void,
) {
    http.on_new_request.set(cb);
    http.new_request_argument.set(arg);
}

/// Sets a callback that writes the pages of errors, those of evhttp_send_error() and the library's
/// own. If the result is negative or the buffer stays empty, the default page is sent. Since 2.2.
///
/// @param http the server
/// @param cb what to call, or NULL
/// @param arg its last argument
///
/// # Safety
/// `cb` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_errorcb(
    http: Required<Ref<evhttp>>,
    cb: evhttp_error_page_cb,
    arg: *mut c_void,
) {
    http.on_error.set(cb);
    http.error_argument.set(arg);
}

/// Sets the flags of a server, replacing those set before.
///
/// @param http the server
/// @param flags EVHTTP_SERVER_*
/// @return 0; 1 for unknown flags, and then nothing is changed. Since 2.1
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_flags(http: Required<Ref<evhttp>>, flags: c_int) -> c_int {
    if flags & !(EVHTTP_SERVER_LINGERING_CLOSE | EVHTTP_SERVER_LENIENT) != 0 {
        return 1;
    }
    http.flags.set(flags);
    0
}
