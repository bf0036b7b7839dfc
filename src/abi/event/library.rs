//! The library as a whole: debug mode, log, memory, version.

use core::ffi::{c_char, c_void};
use core::ptr;

use crate::backend::Method;
use crate::base::{debug, global};
use crate::ctypes::event::{event_fatal_cb, event_log_cb};
use crate::ctypes::event_config::{EVENT__NUMERIC_VERSION, EVENT__VERSION};
use crate::ctypes::event_struct::event;
use crate::support::{log, mm};

/// Makes the library remember every event and report misuse: an event that is used without having
/// been assigned, is assigned again while it is added, or waits for a descriptor that is blocking
/// (bufferevents and listeners, too). A report is an EVENT_LOG_ERR line and the end of the process,
/// see event_set_fatal_callback(). Costs time and memory. Must be called before anything else of the
/// library; calling it late or twice ends the process.
///
/// Since 2.0.
#[unsafe(no_mangle)]
pub extern "C" fn event_enable_debug_mode() {
    debug::enable();
}

/// An array that ends with null.
#[repr(transparent)]
struct Names([*const c_char; Method::ALL.len() + 1]);

// SAFETY: the strings are constants.
unsafe impl Sync for Names {}

/// The names of all methods that this library has, best first; the array ends with NULL and must
/// not be changed. Some may be of no use on this system or forbidden by the environment.
#[unsafe(no_mangle)]
pub extern "C" fn event_get_supported_methods() -> *mut *const c_char {
    static NAMES: Names = Names([
        c"epoll".as_ptr(),
        c"poll".as_ptr(),
        c"select".as_ptr(),
        ptr::null(),
    ]);
    NAMES.0.as_ptr().cast_mut()
}

/// Sends all log lines to a function.
///
/// @param cb called with severity and text; it must not use the library. NULL for stderr.
///
/// # Safety
/// `cb` can be called until it is replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set_log_callback(cb: event_log_cb) {
    log::set_log_callback(cb);
}

/// Replaces what the library does about an error that it can't go on after. By default it ends the
/// process, which it also does if the function returns.
///
/// @param cb called with the exit code; NULL for the default
///
/// # Safety
/// `cb` can be called until it is replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set_fatal_callback(cb: event_fatal_cb) {
    log::set_fatal_callback(cb);
}

/// Switches debug lines on or off.
///
/// @param which EVENT_DBG_ALL or EVENT_DBG_NONE
///
/// Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn event_enable_debug_logging(which: u32) {
    log::set_debug_mask(which);
}

/// The size of struct event in this library, in bytes; 128 on 64-bit systems.
#[unsafe(no_mangle)]
pub extern "C" fn event_get_struct_event_size() -> usize {
    size_of::<event>()
}

/// The version of libevent that this library stands in for.
#[unsafe(no_mangle)]
pub extern "C" fn event_get_version() -> *const c_char {
    EVENT__VERSION.as_ptr()
}

/// That version as a number: a byte each for major, minor and patch level, and one for what comes
/// after.
#[unsafe(no_mangle)]
pub extern "C" fn event_get_version_number() -> u32 {
    EVENT__NUMERIC_VERSION
}

/// Replaces how the library gets its memory. Must be called before anything else of the library;
/// otherwise memory allocated by one allocator is freed by another.
///
/// @param malloc_fn a replacement of malloc(), NULL for the original
/// @param realloc_fn a replacement of realloc(), NULL for the original
/// @param free_fn a replacement of free(), NULL for the original
///
/// Since 2.0.
///
/// # Safety
/// The functions behave as those that they replace, and can be called until the process ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set_mem_functions(
    malloc_fn: Option<unsafe extern "C" fn(sz: usize) -> *mut c_void>,
    realloc_fn: Option<unsafe extern "C" fn(ptr: *mut c_void, sz: usize) -> *mut c_void>,
    free_fn: Option<unsafe extern "C" fn(ptr: *mut c_void)>,
) {
    mm::set_hooks(malloc_fn, realloc_fn, free_fn);
}

/// Frees what the library holds for the process as a whole. Nothing of the library may be used
/// afterwards, and everything made by it must have been freed before. Of use to leak checkers.
///
/// Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn libevent_global_shutdown() {
    global::shut_down();
}
