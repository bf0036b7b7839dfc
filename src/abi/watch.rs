//! `<event2/watch.h>`: callbacks around the loop's wait. New in 2.2.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

use libc::timeval;

use crate::base::watch::{Call, Watch as evwatch};
use crate::base::{BaseRef, EventBase as event_base};
use crate::ctypes::watch::{evwatch_check_cb, evwatch_prepare_cb, evwatch_prepare_cb_info};

/// Calls a function in each iteration of the loop, just before the loop waits for events. The
/// function may add, delete and activate events, end the loop, and free any watcher; the wait takes
/// this into account.
///
/// @param base the base to watch
/// @param callback what to call
/// @param arg its argument
/// @return the watcher, which is freed by evwatch_free() or with its base; NULL without memory
///
/// Since 2.2.
///
/// # Safety
/// `base` is a live base, and `callback` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evwatch_prepare_new(
    base: Option<BaseRef>,
    callback: evwatch_prepare_cb,
    arg: *mut c_void,
) -> *mut evwatch {
    base.map_or(ptr::null_mut(), |base| {
        base.lock().watch(Call::Prepare(callback), arg)
    })
}

/// Calls a function in each iteration of the loop, just after the loop has waited and before the
/// callbacks of any events. Parameters and result are those of evwatch_prepare_new().
///
/// Since 2.2.
///
/// # Safety
/// `base` is a live base, and `callback` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evwatch_check_new(
    base: Option<BaseRef>,
    callback: evwatch_check_cb,
    arg: *mut c_void,
) -> *mut evwatch {
    base.map_or(ptr::null_mut(), |base| {
        base.lock().watch(Call::Check(callback), arg)
    })
}

/// Returns the base that a watcher watches.
///
/// Since 2.2.
///
/// # Safety
/// `watcher` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evwatch_base(watcher: *mut evwatch) -> *mut event_base {
    // SAFETY: the caller's promise.
    unsafe { watcher.as_ref() }.map_or(ptr::null_mut(), evwatch::base)
}

/// Frees a watcher, which may be the one whose callback is running.
///
/// Since 2.2.
///
/// # Safety
/// `watcher` is alive, and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evwatch_free(watcher: *mut evwatch) {
    // SAFETY: the caller's promise; the base outlives its watchers.
    unsafe {
        if let Some(watch) = NonNull::new(watcher)
            && let Some(base) = event_base::from_ptr(watch.as_ref().base())
        {
            base.lock().unwatch(watch);
        }
    }
}

/// Returns the longest time that the loop is about to wait. For prepare watchers.
///
/// @param info what the callback got
/// @param timeout where to write it
/// @return 1 if there is a limit, 0 if the loop waits until something happens
///
/// Since 2.2.
///
/// # Safety
/// `info` is what the callback got, and the callback has not returned; `timeout` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evwatch_prepare_get_timeout(
    info: *const evwatch_prepare_cb_info,
    timeout: *mut timeval,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        match info.as_ref().and_then(|info| info.timeout.as_ref()) {
            Some(limit) if !timeout.is_null() => {
                timeout.write(*limit);
                1
            }
            Some(_) => 1,
            None => 0,
        }
    }
}
