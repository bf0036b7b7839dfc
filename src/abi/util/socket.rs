//! Sockets.

use core::ffi::c_int;
use core::ptr::NonNull;

use crate::abi::convert::status;
use crate::ctypes::util::evutil_socket_t;
use crate::net::socket;
use crate::sys::Errno;

/// Makes two sockets that are connected to each other, like socketpair(), with its parameters. On
/// Linux `d` has to be AF_UNIX.
///
/// Returns 0, or -1 with `errno` set and `sv` unchanged.
///
/// cbindgen:ptrs-as-arrays=[[sv;2]]
///
/// # Safety
/// `sv` has room for two descriptors.
#[allow(rustdoc::broken_intra_doc_links, reason = "cbindgen's notation")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_socketpair(
    d: c_int,
    r#type: c_int,
    protocol: c_int,
    sv: *mut evutil_socket_t,
) -> c_int {
    let Some(sv) = NonNull::new(sv.cast::<[c_int; 2]>()) else {
        return status(Err(Errno::new(libc::EFAULT)));
    };
    // SAFETY: promised by the caller.
    status(socket::pair(d, r#type, protocol).map(|fds| unsafe { sv.write(fds) }))
}

/// Makes a socket non-blocking: calls return EAGAIN where they would wait.
///
/// Returns 0; or -1 with `errno` set, and a warning in the log.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_socket_nonblocking(sock: evutil_socket_t) -> c_int {
    status(socket::make_nonblocking(sock))
}

/// Lets a listener's address be bound again as soon as the listener is closed (SO_REUSEADDR). Two
/// listeners at the same time are still not possible.
///
/// Returns 0, or -1 with `errno` set.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_listen_socket_reuseable(sock: evutil_socket_t) -> c_int {
    status(socket::set_reuse_address(sock))
}

/// Lets several listeners that all ask for it share an address (SO_REUSEPORT).
///
/// Returns 0, or -1 with `errno` set. Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_listen_socket_reuseable_port(sock: evutil_socket_t) -> c_int {
    status(socket::set_reuse_port(sock))
}

/// Keeps IPv4 connections away from an IPv6 listener, so that the same port can be bound for IPv4
/// as well (IPV6_V6ONLY). Call it before bind().
///
/// Returns 0, or -1 with `errno` set. Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_listen_socket_ipv6only(sock: evutil_socket_t) -> c_int {
    status(socket::set_ipv6_only(sock, true))
}

/// Lets an IPv6 listener accept IPv4 connections too, as IPv4-mapped addresses: the opposite of
/// evutil_make_listen_socket_ipv6only(). Call it before bind().
///
/// Returns 0, or -1 with `errno` set. Since 2.2.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_listen_socket_not_ipv6only(sock: evutil_socket_t) -> c_int {
    status(socket::set_ipv6_only(sock, false))
}

/// Makes a descriptor be closed when the process executes another program.
///
/// Returns 0; or -1 with `errno` set, and a warning in the log.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_socket_closeonexec(sock: evutil_socket_t) -> c_int {
    status(socket::make_close_on_exec(sock))
}

/// Closes a socket.
///
/// Returns 0, or -1 with `errno` set.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_closesocket(sock: evutil_socket_t) -> c_int {
    status(socket::close(sock))
}

/// Makes a TCP listener hold connections back until the client has sent data. Suitable only for
/// protocols in which the client speaks first.
///
/// Returns 0, or -1 with `errno` set. Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_tcp_listen_socket_deferred(sock: evutil_socket_t) -> c_int {
    status(socket::set_deferred_accept(sock))
}

/// Turns a TCP connection's keep-alive probes on or off.
///
/// With `on`, a peer that has been silent for `timeout` seconds is probed three times, a third of
/// `timeout` apart, and then the connection fails. `timeout` must be at least 1; it is ignored when
/// turning off.
///
/// Returns 0, or -1 with `errno` set: EINVAL for a bad `timeout`. Since 2.2.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_set_tcp_keepalive(
    sock: evutil_socket_t,
    on: c_int,
    timeout: c_int,
) -> c_int {
    status(socket::set_keepalive(sock, on != 0, timeout))
}
