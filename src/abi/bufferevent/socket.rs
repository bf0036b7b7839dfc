//! Bufferevents on sockets.

use core::ffi::{c_char, c_int};

use libc::{sockaddr, socklen_t};

use crate::abi::argument::Required;
use crate::abi::convert::locked;
use crate::base::BaseRef;
use crate::bufferevent::stream::{connect, descriptor, resolve};
use crate::bufferevent::{Bev, socket};
use crate::ctypes::bufferevent::evdns_base;
use crate::ctypes::util::{evutil_addrinfo, evutil_socket_t};

/// Makes a bufferevent on a socket.
///
/// Its write callback can be called at once; for reading it has to be enabled.
///
/// @param base the base that it runs in
/// @param fd a non-blocking socket, or -1 if bufferevent_setfd() or bufferevent_socket_connect()
///   will give it one
/// @param options BEV_OPT_* flags
/// @return the bufferevent, to be freed with bufferevent_free(); NULL without memory or for
///   options that are not possible
#[unsafe(no_mangle)]
pub extern "C" fn bufferevent_socket_new(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    options: c_int,
) -> Option<Bev> {
    socket::new(base, fd, options)
}

/// Connects a socket bufferevent.
///
/// If it has no socket, one is made. The event callback gets the result: BEV_EVENT_CONNECTED or
/// BEV_EVENT_ERROR. Output may be added before that.
///
/// @param bufev the bufferevent
/// @param addr the address; NULL if the bufferevent's socket is being connected already
/// @param socklen the length of the address
/// @return 0 if connecting has begun; -1 if it could not
///
/// # Safety
/// `addr` is NULL or has `socklen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_connect(
    bufev: Required<Bev>,
    addr: *const sockaddr,
    socklen: c_int,
) -> c_int {
    // SAFETY: a live bufferevent and the caller's address.
    locked(*bufev, |bufev| unsafe {
        connect::start(bufev, addr, socklen as socklen_t)
    })
}

/// Looks up a host and connects a socket bufferevent to it, as bufferevent_socket_connect() does.
///
/// Without a resolver the lookup blocks. If the host is not found, the event callback gets
/// BEV_EVENT_ERROR, and bufferevent_socket_get_dns_error() returns the reason.
///
/// @param bufev the bufferevent
/// @param evdns_base the resolver, or NULL
/// @param family AF_INET, AF_INET6, or AF_UNSPEC for either
/// @param hostname a name or a numeric address
/// @param port the port, from 1 to 65535
/// @return 0 if the lookup has begun or has finished; -1 if it could not be begun
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_connect_hostname(
    bufev: Required<Bev>,
    evdns_base: *mut evdns_base,
    family: c_int,
    hostname: *const c_char,
    port: c_int,
) -> c_int {
    let hints = resolve::hints(family);
    // SAFETY: the caller's resolver and text.
    locked(*bufev, |bufev| unsafe {
        resolve::start(bufev, evdns_base, hostname, port, &hints)
    })
}

/// Like bufferevent_socket_connect_hostname(), with hints for the lookup.
///
/// @param bufev the bufferevent
/// @param evdns_base the resolver, or NULL
/// @param hints_in what evutil_getaddrinfo() takes
/// @param hostname a name or a numeric address
/// @param port the port, from 1 to 65535
/// @return 0 if the lookup has begun or has finished; -1 if it could not be begun
///
/// Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_connect_hostname_hints(
    bufev: Required<Bev>,
    evdns_base: *mut evdns_base,
    hints_in: Option<&evutil_addrinfo>,
    hostname: *const c_char,
    port: c_int,
) -> c_int {
    let Some(hints) = hints_in else {
        return -1;
    };
    // SAFETY: the caller's resolver and text.
    locked(*bufev, |bufev| unsafe {
        resolve::start(bufev, evdns_base, hostname, port, hints)
    })
}

/// Returns the result of the last lookup of bufferevent_socket_connect_hostname().
///
/// @return 0, or an EVUTIL_EAI_* code, which evutil_gai_strerror() explains
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_get_dns_error(bev: Required<Bev>) -> c_int {
    resolve::last_error(*bev.hold())
}

/// Gives a socket bufferevent another descriptor, or -1 for none. The old one is not closed. What is left
/// in the buffers stays; until the bufferevent reads and writes, the program may change both at both ends,
/// to drain what was meant for the former connection.
///
/// @param bufev the bufferevent; for filters, the underlying one is changed
/// @param fd a non-blocking socket, or -1
/// @return 0 on success; -1 if it can't be waited for, and then the old one remains, or if there
///   is no socket bufferevent
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_setfd(bufev: Required<Bev>, fd: evutil_socket_t) -> c_int {
    locked(*bufev, |bufev| descriptor::give_fd(bufev, fd))
}

/// Gives a socket bufferevent another descriptor, or -1 for none, and closes the old one.
///
/// @param bufev the bufferevent; for filters, the underlying one is changed
/// @param fd a non-blocking socket, or -1
/// @return 0 on success; -1 if it can't be waited for, and then the old one remains, or if there
///   is no socket bufferevent
///
/// Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_replacefd(bufev: Required<Bev>, fd: evutil_socket_t) -> c_int {
    locked(*bufev, |bufev| descriptor::replace_fd(bufev, fd))
}

/// Returns the descriptor of a bufferevent; for a filter, that of the underlying one.
///
/// @return the descriptor, or -1 if there is none
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_getfd(bufev: Required<Bev>) -> evutil_socket_t {
    let bev = bufev.hold();
    (bev.ops().fd)(*bev)
}
