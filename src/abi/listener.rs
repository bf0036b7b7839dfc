//! `<event2/listener.h>`: accepting connections.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_int, c_uint, c_void};

use libc::{sockaddr, socklen_t};

use super::convert::status;
use crate::base::{BaseRef, global};
use crate::ctypes::listener::{evconnlistener_cb, evconnlistener_errorcb};
use crate::ctypes::util::evutil_socket_t;
use crate::net::listener::{
    Listener as evconnlistener, ListenerOptions, create, create_bound, free,
};
use crate::support::shared::{Ref, Shared};
use crate::support::sys;
use crate::sys::Errno;

/// The listener, or NULL with `errno` set.
fn made(result: sys::Result<Ref<evconnlistener>>) -> Option<Ref<evconnlistener>> {
    result.inspect_err(|error| error.set()).ok()
}

/// The base, or the current one for NULL.
fn base_or_current(base: Option<BaseRef>) -> sys::Result<BaseRef> {
    global::base_or_current(base).ok_or(Errno::INVAL)
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
    base: Option<BaseRef>,
    cb: evconnlistener_cb,
    ptr: *mut c_void,
    flags: c_uint,
    backlog: c_int,
    fd: evutil_socket_t,
) -> Option<Ref<evconnlistener>> {
    let options = ListenerOptions {
        callback: cb,
        argument: ptr,
        flags,
        backlog,
    };
    made(base_or_current(base).and_then(|base| create(&base, fd, &options)))
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
    base: Option<BaseRef>,
    cb: evconnlistener_cb,
    ptr: *mut c_void,
    flags: c_uint,
    backlog: c_int,
    sa: *const sockaddr,
    socklen: c_int,
) -> Option<Ref<evconnlistener>> {
    let options = ListenerOptions {
        callback: cb,
        argument: ptr,
        flags,
        backlog,
    };
    // SAFETY: the caller guarantees it (# Safety).
    made(unsafe {
        base_or_current(base)
            .and_then(|base| create_bound(&base, &options, sa, socklen as socklen_t))
    })
}

/// Frees a listener. If its callback is running in another thread, waits for it first. The socket
/// is closed if LEV_OPT_CLOSE_ON_FREE was given; when a callback of the listener frees it, that
/// happens after the callback.
///
/// # Safety
/// `lev` is not used afterwards, not even by other threads.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_free(lev: Option<Ref<evconnlistener>>) {
    if let Some(listener) = lev.map(Ref::hold) {
        free(listener);
    }
}

/// Lets a listener accept connections again. Without a callback it starts only once a callback is
/// set, too.
///
/// @return 0, or -1 with `errno` set if the base can't wait for the socket
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_enable(lev: Option<Ref<evconnlistener>>) -> c_int {
    let Some(listener) = lev.map(Ref::hold) else {
        return -1;
    };
    status(listener.enable())
}

/// Stops a listener from accepting connections: new ones wait in the backlog. If its callback is
/// running in another thread, waits for it.
///
/// @return 0; -1 for NULL
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_disable(lev: Option<Ref<evconnlistener>>) -> c_int {
    let Some(listener) = lev.map(Ref::hold) else {
        return -1;
    };
    listener.disable();
    0
}

/// Returns the base that a listener was made for.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_get_base(
    lev: Option<Ref<evconnlistener>>,
) -> Option<BaseRef> {
    lev.map(|listener| listener.base())
}

/// Returns the socket of a listener.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_get_fd(
    lev: Option<Ref<evconnlistener>>,
) -> evutil_socket_t {
    lev.map_or(-1, |listener| listener.fd())
}

/// Replaces a listener's callback and its argument. A listener whose callback is taken away closes
/// the connections that it is offered, until it is disabled or gets a callback again.
///
/// # Safety
/// `cb` can be called with `arg` as long as the listener is enabled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evconnlistener_set_cb(
    lev: Option<Ref<evconnlistener>>,
    cb: evconnlistener_cb,
    arg: *mut c_void,
) {
    if let Some(listener) = lev.map(Ref::hold) {
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
    lev: Option<Ref<evconnlistener>>,
    errorcb: evconnlistener_errorcb,
) {
    if let Some(listener) = lev.map(Ref::hold) {
        listener.set_error_callback(errorcb);
    }
}
