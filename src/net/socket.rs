//! Sockets: options, pairs, connecting.

use std::ffi::c_int;
use std::mem::size_of_val;
use std::os::fd::IntoRawFd;

use libc::{sockaddr, sockaddr_storage, socklen_t};

use crate::support::log;
use crate::support::zeroed::Zeroed;
use crate::sys::{self, Errno, check};

fn set_option(fd: c_int, level: c_int, name: c_int, value: c_int) -> sys::Result {
    let size = size_of_val(&value) as socklen_t;
    // SAFETY: the option is an int, and `value` is one.
    check(unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), size) })?;
    Ok(())
}

/// Adds one flag by an fcntl pair, if it is not set yet. Programs expect a
/// warning when this fails, because few of them check.
fn add_flag(fd: c_int, get: (c_int, &str), set: (c_int, &str), flag: c_int) -> sys::Result {
    let warn = |call: &str, error: Errno| {
        log::warn_code(error.code(), format_args!("fcntl({fd}, {call})"));
        error
    };
    // SAFETY: these commands only read and write flags.
    let flags = check(unsafe { libc::fcntl(fd, get.0) }).map_err(|e| warn(get.1, e))?;
    if flags & flag == 0 {
        // SAFETY: as above.
        check(unsafe { libc::fcntl(fd, set.0, flags | flag) }).map_err(|e| warn(set.1, e))?;
    }
    Ok(())
}

/// Calls that would block return `EAGAIN` from now on.
pub fn make_nonblocking(fd: c_int) -> sys::Result {
    let (get, set) = ((libc::F_GETFL, "F_GETFL"), (libc::F_SETFL, "F_SETFL"));
    add_flag(fd, get, set, libc::O_NONBLOCK)
}

/// Programs that the process turns into don't get the descriptor.
pub fn make_close_on_exec(fd: c_int) -> sys::Result {
    let (get, set) = ((libc::F_GETFD, "F_GETFD"), (libc::F_SETFD, "F_SETFD"));
    add_flag(fd, get, set, libc::FD_CLOEXEC)
}

/// The address can be bound again right after the listener is gone.
pub fn set_reuse_address(fd: c_int) -> sys::Result {
    set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)
}

/// Several listeners can share the address.
pub fn set_reuse_port(fd: c_int) -> sys::Result {
    set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)
}

/// Whether an IPv6 listener leaves IPv4 connections to others.
pub fn set_ipv6_only(fd: c_int, on: bool) -> sys::Result {
    set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, on.into())
}

/// A TCP listener keeps connections back until they have data.
pub fn set_deferred_accept(fd: c_int) -> sys::Result {
    set_option(fd, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, 1)
}

/// Sends keep-alive probes on the connections of a listener, at the system's usual times.
pub fn set_default_keepalive(fd: c_int) -> sys::Result {
    set_option(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1)
}

/// How many keep-alive probes may stay unanswered.
const KEEPALIVE_PROBES: c_int = 3;

/// Turns TCP's keep-alive probes on or off. On, a peer that stays silent is
/// first probed after `idle` seconds, and is given up about as much later.
pub fn set_keepalive(fd: c_int, on: bool, idle: c_int) -> sys::Result {
    if on && idle < 1 {
        return Err(Errno::INVAL);
    }
    set_option(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, on.into())?;
    if on {
        let interval = (idle / KEEPALIVE_PROBES).max(1);
        set_option(fd, libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, idle)?;
        set_option(fd, libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, interval)?;
        set_option(fd, libc::IPPROTO_TCP, libc::TCP_KEEPCNT, KEEPALIVE_PROBES)?;
    }
    Ok(())
}

/// Two sockets connected to each other, as `socketpair` makes them.
pub fn pair(domain: c_int, kind: c_int, protocol: c_int) -> sys::Result<[c_int; 2]> {
    let mut fds = [-1; 2];
    // SAFETY: there is room for two descriptors.
    check(unsafe { libc::socketpair(domain, kind, protocol, fds.as_mut_ptr()) })?;
    Ok(fds)
}

/// A pipe whose ends are non-blocking and closed on exec: the reading end first.
pub fn internal_pipe() -> sys::Result<[c_int; 2]> {
    Ok(sys::pipe()?.map(IntoRawFd::into_raw_fd))
}

/// Closes a socket and tells how that went.
pub fn close(fd: c_int) -> sys::Result {
    // SAFETY: the caller owns the descriptor; a wrong one is an error.
    check(unsafe { libc::close(fd) })?;
    Ok(())
}

/// How far connecting came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connecting {
    /// The socket becomes writable when it is decided.
    InProgress,
    Connected,
    Refused,
}

/// Starts to connect the stream socket `fd`, or a new non-blocking one if it is
/// negative; then `fd` is set unless there is an error. A socket of the caller's
/// is never closed here.
///
/// # Safety
/// `address` points to `len` bytes.
pub unsafe fn connect(
    fd: &mut c_int,
    address: *const sockaddr,
    len: socklen_t,
) -> sys::Result<Connecting> {
    let given = *fd >= 0;
    let socket = if given {
        *fd
    } else {
        // SAFETY: promised by the caller; only the family is read.
        stream(unsafe { super::raw_address::family(address) }, true)?
    };
    // SAFETY: the caller guarantees it (# Safety).
    let result = match check(unsafe { libc::connect(socket, address, len) }) {
        Ok(_) => Ok(Connecting::Connected),
        Err(error) => match error.code() {
            libc::EINPROGRESS | libc::EINTR => Ok(Connecting::InProgress),
            libc::ECONNREFUSED => Ok(Connecting::Refused),
            _ => Err(error),
        },
    };
    match (&result, given) {
        (Err(_), false) => sys::close(socket),
        _ => *fd = socket,
    }
    result
}

/// A new stream socket that does not block.
pub fn stream(family: c_int, close_on_exec: bool) -> sys::Result<c_int> {
    let on_exec = if close_on_exec { libc::SOCK_CLOEXEC } else { 0 };
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | on_exec;
    sys::socket(family, kind, 0)
}

/// Gives a socket its address.
///
/// # Safety
/// `address` points to `len` bytes, or is null.
pub unsafe fn bind(fd: c_int, address: *const sockaddr, len: socklen_t) -> sys::Result {
    // SAFETY: promised by the caller; the kernel refuses null.
    check(unsafe { libc::bind(fd, address, len) })?;
    Ok(())
}

/// Lets a socket take connections, of which `backlog` wait to be accepted.
pub fn listen(fd: c_int, backlog: c_int) -> sys::Result {
    // SAFETY: touches no memory.
    check(unsafe { libc::listen(fd, backlog) })?;
    Ok(())
}

/// The address of a peer, of any family.
pub struct Peer {
    address: sockaddr_storage,
    pub len: socklen_t,
}

impl Peer {
    pub fn as_mut_ptr(&mut self) -> *mut sockaddr {
        (&raw mut self.address).cast()
    }
}

/// Takes a connection. `flags` are those of `accept4`.
pub fn accept(fd: c_int, flags: c_int) -> sys::Result<(c_int, Peer)> {
    let mut peer = Peer {
        address: sockaddr_storage::ZEROED,
        len: size_of::<sockaddr_storage>() as socklen_t,
    };
    let address = peer.as_mut_ptr();
    // SAFETY: there is room for `len` bytes.
    let socket = unsafe { sys::accept(fd, address, &mut peer.len, flags)? };
    Ok((socket.into_raw_fd(), peer))
}

/// How connecting went: true if the connection is established, false if that is not decided yet.
pub fn finish_connecting(fd: c_int) -> sys::Result<bool> {
    let mut error: c_int = 0;
    let mut size = size_of_val(&error) as socklen_t;
    let option = (&raw mut error).cast();
    // SAFETY: the option is an int, and `error` is one.
    check(unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_ERROR, option, &raw mut size)
    })?;
    match error {
        0 => Ok(true),
        libc::EINTR | libc::EINPROGRESS => Ok(false),
        error => Err(Errno::new(error)),
    }
}
