//! `<event2/listener.h>`: accepting connections.

use core::ffi::{c_int, c_uint, c_void};

use libc::sockaddr;

use super::opaque::evconnlistener;
use super::util::evutil_socket_t;

/// The callback for a new connection. It gets the listener; the socket, which the callback owns
/// from now on; the peer's address, which is valid during the call, and its length; the argument.
/// It may disable and free the listener.
pub type evconnlistener_cb = Option<
    unsafe extern "C" fn(
        listener: *mut evconnlistener,
        fd: evutil_socket_t,
        addr: *mut sockaddr,
        socklen: c_int,
        arg: *mut c_void,
    ),
>;

/// The callback for a connection that can't be accepted. It gets the listener and the listener's
/// callback argument. `errno` tells why. It may disable and free the listener.
pub type evconnlistener_errorcb =
    Option<unsafe extern "C" fn(listener: *mut evconnlistener, arg: *mut c_void)>;

/// Flag: accepted sockets are left blocking.
pub const LEV_OPT_LEAVE_SOCKETS_BLOCKING: c_uint = 0x01_u32;
/// Flag: evconnlistener_free() closes the listener's socket.
pub const LEV_OPT_CLOSE_ON_FREE: c_uint = 0x02_u32;
/// Flag: accepted sockets, and the one that evconnlistener_new_bind() makes, are closed when the
/// process executes another program.
pub const LEV_OPT_CLOSE_ON_EXEC: c_uint = 0x04_u32;
/// Flag for evconnlistener_new_bind(): the address can be bound again as soon as the listener is
/// gone (SO_REUSEADDR).
pub const LEV_OPT_REUSEABLE: c_uint = 0x08_u32;
/// Flag: several threads may use the listener. They need evthread_use_pthreads() before.
pub const LEV_OPT_THREADSAFE: c_uint = 0x10_u32;
/// Flag: the listener accepts no connections until evconnlistener_enable() is called. Since 2.1.
pub const LEV_OPT_DISABLED: c_uint = 0x20_u32;
/// Flag for evconnlistener_new_bind(): hold connections back until the client has sent data.
/// Suitable only for protocols in which the client speaks first. Since 2.1.
pub const LEV_OPT_DEFERRED_ACCEPT: c_uint = 0x40_u32;
/// Flag for evconnlistener_new_bind(): several listeners, of several processes even, can share the
/// address if all of them ask for it (SO_REUSEPORT). Since 2.1.
pub const LEV_OPT_REUSEABLE_PORT: c_uint = 0x80_u32;
/// Flag for evconnlistener_new_bind(): accept only IPv6 connections, so that another listener can
/// accept IPv4 connections. Fails unless the address is an IPv6 one. Since 2.1.
pub const LEV_OPT_BIND_IPV6ONLY: c_uint = 0x100_u32;
/// Flag for evconnlistener_new_bind(): accept IPv4 connections too, as IPv4-mapped addresses,
/// whatever the system's default is. Fails unless the address is an IPv6 one, and together with
/// LEV_OPT_BIND_IPV6ONLY (EINVAL). Since 2.2.
pub const LEV_OPT_BIND_IPV4_AND_IPV6: c_uint = 0x200_u32;
