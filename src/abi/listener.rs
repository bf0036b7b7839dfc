//! `<event2/listener.h>`: accepting connections.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_int, c_uint, c_void};
use core::ptr;
use std::io;

use libc::{sockaddr, socklen_t};

use super::convert::status;
use crate::base::{EventBase as event_base, global};
use crate::ctypes::listener::{evconnlistener_cb, evconnlistener_errorcb};
use crate::ctypes::util::evutil_socket_t;
use crate::net::listener::{
    Held, Listener as evconnlistener, ListenerOptions, create, create_bound, free,
};
use crate::support::shared::{Ref, Shared};
use crate::support::sys;

/// The listener, or NULL with `errno` set.
fn made(result: io::Result<Ref<evconnlistener>>) -> *mut evconnlistener {
    result.map_or_else(
        |error| {
            sys::set_errno(error.raw_os_error().unwrap_or(libc::EIO));
            ptr::null_mut()
        },
        Ref::as_ptr,
    )
}

/// The listener, locked, if there is one.
///
/// # Safety
/// `lev` is null or alive.
unsafe fn hold(lev: *mut evconnlistener) -> Option<Held> {
    // SAFETY: the caller guarantees it (# Safety).
    unsafe { Ref::from_ptr(lev) }.map(Ref::hold)
}

/// The base, or the current one for NULL.
///
/// # Safety
/// `base` is null or alive.
unsafe fn base_or_current<'a>(base: *mut event_base) -> io::Result<&'a event_base> {
    let base = if base.is_null() {
        global::current()
    } else {
        base
    };
    // SAFETY: the caller's promise; a current base is alive.
    unsafe { event_base::from_ptr(base) }.ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))
}

/// Makes a listener for a socket that is bound, and should not block.
///
/// @param base the base whose loop takes the connections
/// @param cb what to call with each; without one the listener waits for evconnlistener_set_cb()
/// @param ptr the callback's argument
/// @param flags LEV_OPT_*
/// @param backlog how many connections may wait, for listen(); negative for 128; 0 if the socket
///   is listening already
/// @param fd the socket; it remains the program's unless LEV_OPT_CLOSE_ON_FREE is given
/// @return the listener, to be freed by evconnlistener_free(); NULL with `errno` set if the socket
///   can't listen or there is no memory, and then the socket is left as it is
///
/// # Safety
/// `cb` can be called with `ptr` as long as the listener is enabled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_new(
    base: *mut event_base,
    cb: evconnlistener_cb,
    ptr: *mut c_void,
    flags: c_uint,
    backlog: c_int,
    fd: evutil_socket_t,
) -> *mut evconnlistener {
    let options = ListenerOptions {
        callback: cb,
        argument: ptr,
        flags,
        backlog,
    };
    // SAFETY: the caller guarantees it (# Safety).
    made(unsafe { base_or_current(base) }.and_then(|base| create(base, fd, &options)))
}

/// Makes a stream socket, binds it, and makes a listener for it.
///
/// @param base the base whose loop takes the connections
/// @param cb what to call with each; without one the listener waits for evconnlistener_set_cb()
/// @param ptr the callback's argument
/// @param flags LEV_OPT_*
/// @param backlog how many connections may wait, for listen(); negative for 128; 0 is an error
/// @param sa the address to bind
/// @param socklen its length in bytes
/// @return the listener, to be freed by evconnlistener_free(); NULL with `errno` set if any step
///   fails
///
/// # Safety
/// `sa` points to `socklen` bytes; `cb` can be called with `ptr` as long as the listener is enabled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_new_bind(
    base: *mut event_base,
    cb: evconnlistener_cb,
    ptr: *mut c_void,
    flags: c_uint,
    backlog: c_int,
    sa: *const sockaddr,
    socklen: c_int,
) -> *mut evconnlistener {
    let options = ListenerOptions {
        callback: cb,
        argument: ptr,
        flags,
        backlog,
    };
    // SAFETY: the caller guarantees it (# Safety).
    made(unsafe {
        base_or_current(base)
            .and_then(|base| create_bound(base, &options, sa, socklen as socklen_t))
    })
}

/// Frees a listener. If its callback is running in another thread, waits for it first. The socket
/// is closed if LEV_OPT_CLOSE_ON_FREE was given; when a callback of the listener frees it, that
/// happens after the callback.
///
/// # Safety
/// `lev` is not used afterwards, not even by other threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_free(lev: *mut evconnlistener) {
    // SAFETY: the caller guarantees it (# Safety).
    if let Some(listener) = unsafe { hold(lev) } {
        free(listener);
    }
}

/// Lets a listener take connections again. Without a callback it waits for that, too.
///
/// @return 0, or -1 with `errno` set if the base can't wait for the socket
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_enable(lev: *mut evconnlistener) -> c_int {
    // SAFETY: the caller guarantees it (# Safety).
    let Some(listener) = (unsafe { hold(lev) }) else {
        return -1;
    };
    status(listener.enable().map_err(io::Error::from))
}

/// Lets a listener take no more connections: those that come wait in the backlog. If its callback
/// is running in another thread, waits for it.
///
/// @return 0; -1 for NULL
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_disable(lev: *mut evconnlistener) -> c_int {
    // SAFETY: the caller guarantees it (# Safety).
    let Some(listener) = (unsafe { hold(lev) }) else {
        return -1;
    };
    listener.disable();
    0
}

/// The base that a listener was made for.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_get_base(lev: *mut evconnlistener) -> *mut event_base {
    // SAFETY: the caller guarantees it (# Safety).
    unsafe { lev.as_ref() }.map_or(ptr::null_mut(), evconnlistener::base_ptr)
}

/// The socket of a listener.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_get_fd(lev: *mut evconnlistener) -> evutil_socket_t {
    // SAFETY: the caller guarantees it (# Safety).
    unsafe { lev.as_ref() }.map_or(-1, evconnlistener::fd)
}

/// Replaces a listener's callback and its argument. A listener whose callback is taken away closes
/// the connections that it is offered, until it is disabled or gets a callback again.
///
/// # Safety
/// `cb` can be called with `arg` as long as the listener is enabled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_set_cb(
    lev: *mut evconnlistener,
    cb: evconnlistener_cb,
    arg: *mut c_void,
) {
    // SAFETY: the caller guarantees it (# Safety).
    if let Some(listener) = unsafe { hold(lev) } {
        listener.set_callback(cb, arg);
    }
}

/// Sets what is called when a connection can't be accepted, for instance because the process is
/// out of descriptors. The connection remains waiting, so that the next loop iteration tries
/// again: a callback may want to disable the listener for a while. Without a callback a warning
/// goes to the log, and a listener that runs out of descriptors or memory backs off for 0.1 s.
///
/// # Safety
/// `errorcb` can be called with the callback's argument as long as the listener is enabled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_set_error_cb(
    lev: *mut evconnlistener,
    errorcb: evconnlistener_errorcb,
) {
    // SAFETY: the caller guarantees it (# Safety).
    if let Some(listener) = unsafe { hold(lev) } {
        listener.set_error_callback(errorcb);
    }
}
