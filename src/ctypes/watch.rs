//! `<event2/watch.h>`: callbacks around the loop's wait. New in 2.2.

use core::ffi::c_void;

use libc::timeval;

use super::opaque::evwatch;

/// What a prepare watcher is told.
/// cbindgen:no-export
#[repr(C)]
pub struct evwatch_prepare_cb_info {
    pub timeout: *const timeval,
}

/// What a check watcher is told: nothing so far.
/// cbindgen:no-export
#[repr(C)]
pub struct evwatch_check_cb_info {
    pub unused: *mut c_void,
}

/// A prepare watcher's callback: the watcher, what it is told, its argument.
pub type evwatch_prepare_cb = Option<
    unsafe extern "C" fn(
        watcher: *mut evwatch,
        info: *const evwatch_prepare_cb_info,
        arg: *mut c_void,
    ),
>;

/// A check watcher's callback: the watcher, what it is told, its argument.
pub type evwatch_check_cb = Option<
    unsafe extern "C" fn(
        watcher: *mut evwatch,
        info: *const evwatch_check_cb_info,
        arg: *mut c_void,
    ),
>;
