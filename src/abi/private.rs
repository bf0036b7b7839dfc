//! Exported although no public header names them: separately built binaries import these.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{CStr, c_char, c_int, c_short, c_uint, c_void};

use crate::base::handle::{Cb, Ev};
use crate::base::{BaseRef, debug, deferred};
use crate::ctypes::event_struct::event_callback;
use crate::ctypes::thread::{evthread_condition_callbacks, evthread_lock_callbacks};
use crate::support::{lock, log, mm};

super::hidden_symbol!("libevent_rs_log_line_", log_line);

/// Where the printf-like functions of `variadic.c` end.
///
/// # Safety
/// `line` is a C string.
unsafe extern "C" fn log_line(
    severity: c_int,
    exit_code: c_int,
    error: c_int,
    text: *const c_char,
) {
    // SAFETY: variadic.c passes its own NUL-terminated buffer.
    let mut line = log::Line::from_c(unsafe { CStr::from_ptr(text) });
    if error >= 0 {
        line = log::with_error(error, line);
    }
    if severity == log::ERR {
        log::fatal(exit_code, line);
    }
    log::emit(severity, &line);
}

/// The lock callbacks that the program installed, for reading only; all NULL when there are none.
#[unsafe(no_mangle)]
pub extern "C" fn evthread_get_lock_callbacks() -> *mut evthread_lock_callbacks {
    lock::lock_table()
}

/// The condition callbacks that the program installed, for reading only; all NULL when there are
/// none.
#[unsafe(no_mangle)]
pub extern "C" fn evthread_get_condition_callbacks() -> *mut evthread_condition_callbacks {
    lock::condition_table()
}

/// Allocates through the memory hooks. NULL for 0 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn event_mm_malloc_(size: usize) -> *mut c_void {
    mm::malloc(size)
}

/// Allocates zeroed memory through the memory hooks. NULL, with ENOMEM, if the product overflows.
#[unsafe(no_mangle)]
pub extern "C" fn event_mm_calloc_(count: usize, size: usize) -> *mut c_void {
    mm::calloc(count, size)
}

/// Copies a string into memory from the hooks.
///
/// # Safety
/// `text` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_mm_strdup_(text: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise.
    unsafe { mm::strdup(text) }
}

/// Resizes memory from the hooks.
///
/// # Safety
/// `memory` is NULL or came from the hooks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_mm_realloc_(memory: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's promise.
    unsafe { mm::realloc(memory, size) }
}

/// Frees memory from the hooks.
///
/// # Safety
/// `memory` is NULL or came from the hooks, and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_mm_free_(memory: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { mm::free(memory) }
}

/// What a callback that is not an event's calls: itself, and its argument.
pub type deferred_cb_fn = Option<unsafe extern "C" fn(*mut event_callback, *mut c_void)>;

/// event_active(), but in the next iteration of the loop.
///
/// # Safety
/// `ev` is assigned to a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_active_later_(ev: Option<Ev>, res: c_int) {
    if let Some(ev) = ev
        && let Some(base) = ev.base()
    {
        base.lock().activate_later(ev, res as c_short);
    }
}

/// Queues a callback. 1 if it was not queued before, 0 otherwise.
///
/// # Safety
/// `base` and `callback` are alive, the latter until it has run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_callback_activate_(
    base: Option<BaseRef>,
    callback: Option<Cb>,
) -> c_int {
    base.zip(callback).map_or(0, |(base, cb)| {
        c_int::from(base.lock().activate_callback(cb))
    })
}

/// Takes a callback back and queues a finalizer in its place.
///
/// # Safety
/// `base` and `callback` are alive, the latter until the finalizer has run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_callback_finalize_(
    base: Option<BaseRef>,
    flags: c_uint,
    callback: Option<Cb>,
    finalizer: deferred_cb_fn,
) {
    let _ = flags;
    if let Some((base, cb)) = base.zip(callback) {
        base.lock().finalize_callback(cb, finalizer);
    }
}

/// Fills in a callback that is not an event.
///
/// # Safety
/// `callback` is writable and not queued.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_deferred_cb_init_(
    callback: Option<Cb>,
    priority: u8,
    function: deferred_cb_fn,
    argument: *mut c_void,
) {
    // SAFETY: the caller's promise.
    unsafe { deferred::init(callback, priority, function, argument) };
}

/// Queues a deferred callback. 1 if it was not queued before, 0 otherwise.
///
/// # Safety
/// `base` (or, for NULL, the current one) and `callback` are alive, the latter until it has run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_deferred_cb_schedule_(
    base: Option<BaseRef>,
    callback: Option<Cb>,
) -> c_int {
    c_int::from(deferred::schedule(base, callback))
}

/// Gives the loop a reason to go on that is not an event.
///
/// # Safety
/// `base` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_add_virtual_(base: Option<BaseRef>) {
    if let Some(base) = base {
        base.lock().add_virtual();
    }
}

/// Takes back what event_base_add_virtual_() gave.
///
/// # Safety
/// `base` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_del_virtual_(base: Option<BaseRef>) {
    if let Some(base) = base {
        base.lock().delete_virtual();
    }
}

/// Checks a base's queues, heaps and counts against each other; ends the process if they disagree.
///
/// # Safety
/// `base` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_assert_ok_(base: Option<BaseRef>) {
    if let Some(base) = base {
        base.lock().check();
    }
}

/// Windows' completion ports: -1, there are none.
#[unsafe(no_mangle)]
pub extern "C" fn event_base_start_iocp_(base: Option<BaseRef>, cpus: c_int) -> c_int {
    let _ = (base, cpus);
    -1
}

/// Undoes event_enable_debug_mode().
#[unsafe(no_mangle)]
pub extern "C" fn event_disable_debug_mode() {
    debug::disable();
}
