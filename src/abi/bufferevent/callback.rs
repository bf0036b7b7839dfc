//! Callbacks, and calling them.

use core::ffi::{c_int, c_short, c_void};

use crate::abi::argument::{Out, Required};
use crate::bufferevent::{Bev, callbacks};
use crate::ctypes::bufferevent::{bufferevent_data_cb, bufferevent_event_cb};

/// Sets the callbacks of a bufferevent.
///
/// @param bufev the bufferevent
/// @param readcb called when the input has grown and has at least its low watermark, or NULL
/// @param writecb called when output was written and at most its low watermark is left, or NULL
/// @param eventcb called for events, or NULL
/// @param cbarg the last argument of all three
///
/// # Safety
/// The functions may be called until others are set or the bufferevent is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_setcb(
    bufev: Required<Bev>,
    readcb: bufferevent_data_cb,
    writecb: bufferevent_data_cb,
    eventcb: bufferevent_event_cb,
    cbarg: *mut c_void,
) {
    callbacks::set(&bufev.hold(), readcb, writecb, eventcb, cbarg);
}

/// Gets the callbacks of a bufferevent.
///
/// @param bufev the bufferevent
/// @param readcb_ptr where to store the read callback, or NULL
/// @param writecb_ptr where to store the write callback, or NULL
/// @param eventcb_ptr where to store the event callback, or NULL
/// @param cbarg_ptr where to store their argument, or NULL
///
/// Since 2.1.
///
/// # Safety
/// Each pointer is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_getcb(
    bufev: Required<Bev>,
    readcb_ptr: Out<bufferevent_data_cb>,
    writecb_ptr: Out<bufferevent_data_cb>,
    eventcb_ptr: Out<bufferevent_event_cb>,
    cbarg_ptr: Out<*mut c_void>,
) {
    let bev = bufev.hold();
    readcb_ptr.set(bev.read_callback());
    writecb_ptr.set(bev.write_callback());
    eventcb_ptr.set(bev.event_callback());
    cbarg_ptr.set(bev.argument());
}

/// Calls the read callback, the write callback or both, as if data had been read or written.
///
/// @param bufev the bufferevent
/// @param iotype EV_READ, EV_WRITE or both
/// @param options BEV_TRIG_* flags
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_trigger(
    bufev: Required<Bev>,
    iotype: c_short,
    options: c_int,
) {
    callbacks::trigger(&bufev.hold(), iotype, options);
}

/// Calls the event callback.
///
/// @param bufev the bufferevent
/// @param what BEV_EVENT_* flags
/// @param options 0 or BEV_TRIG_DEFER_CALLBACKS
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_trigger_event(
    bufev: Required<Bev>,
    what: c_short,
    options: c_int,
) {
    callbacks::trigger_event(&bufev.hold(), what, options);
}
