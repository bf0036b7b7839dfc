//! Exported although no public header names them: separately built binaries import these.

use core::arch::global_asm;
use core::ffi::{CStr, c_char, c_int};

use super::thread::{evthread_condition_callbacks, evthread_lock_callbacks};
use crate::support::{lock, log};

// The C file reaches the Rust side by a name that is not exported.
#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl libevent_rs_log_line_",
    ".hidden libevent_rs_log_line_",
    "libevent_rs_log_line_: jmp {log_line}",
    log_line = sym log_line,
);
#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl libevent_rs_log_line_",
    ".hidden libevent_rs_log_line_",
    "libevent_rs_log_line_: b {log_line}",
    log_line = sym log_line,
);

/// Where the printf-like functions of `variadic.c` end.
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
