//! `<event2/bufferevent_compat.h>`: functions of libevent 1 on bufferevents.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_int, c_void};

use libc::timeval;

use crate::bufferevent::{Bev, callbacks, socket, timeout};
use crate::ctypes::bufferevent::{bufferevent_data_cb, bufferevent_event_cb};
use crate::ctypes::bufferevent_struct::bufferevent;

/// What `socket()` returns.
pub type evutil_socket_t = c_int;

/// Makes a bufferevent on a socket, for the current base: the last one that event_init() made.
/// bufferevent_socket_new() says which base it means.
///
/// @param fd a non-blocking socket, or -1
/// @param readcb called when there is input, or NULL
/// @param writecb called when output was written, or NULL
/// @param errorcb called for events, or NULL
/// @param cbarg the last argument of all three
/// @return the bufferevent, to be freed with bufferevent_free(); NULL without memory
///
/// # Safety
/// The functions may be called until others are set or the bufferevent is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_new(
    fd: evutil_socket_t,
    readcb: bufferevent_data_cb,
    writecb: bufferevent_data_cb,
    errorcb: bufferevent_event_cb,
    cbarg: *mut c_void,
) -> Option<Bev> {
    let bev = socket::new(None, fd, 0)?;
    callbacks::set(&bev.hold(), readcb, writecb, errorcb, cbarg);
    Some(bev)
}

/// Sets the timeouts of a bufferevent in seconds; bufferevent_set_timeouts() is finer.
///
/// @param bufev the bufferevent
/// @param timeout_read the timeout of reading, or 0 for none
/// @param timeout_write the timeout of writing, or 0 for none
///
/// # Safety
/// A live bufferevent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_settimeout(
    bufev: *mut bufferevent,
    timeout_read: c_int,
    timeout_write: c_int,
) {
    // SAFETY: a live bufferevent.
    if let Some(bev) = unsafe { Bev::new(bufev) } {
        let [read, write] = [timeout_read, timeout_write].map(|seconds| timeval {
            tv_sec: seconds.into(),
            tv_usec: 0,
        });
        // Without memory the old timeouts go on, and nobody is told: that is this function's kind.
        let _ = timeout::set(&bev.hold(), read, write);
    }
}
