//! Text and numbers.

use core::ffi::{c_char, c_int};
use core::ptr;

use crate::abi::convert::{bytes, bytes_up_to};
use crate::support::ascii;

/// Reads an integer from the start of a string, like strtoll() of C99, with its parameters.
///
/// Returns the number; the nearest one that fits, with `errno` ERANGE, if it is too large; or 0 if
/// there is none.
///
/// # Safety
/// `endptr` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_strtoll(
    s: *const c_char,
    endptr: *mut *mut c_char,
    base: c_int,
) -> i64 {
    // SAFETY: promised by the caller.
    unsafe { libc::strtoll(s, endptr, base) }
}

/// Compares two strings like strcasecmp() in the C locale: only the 26 letters have a case.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_ascii_strcasecmp(
    str1: *const c_char,
    str2: *const c_char,
) -> c_int {
    // SAFETY: C strings.
    unsafe { ascii::compare(bytes(str1), bytes(str2)) as c_int }
}

/// Compares at most `n` characters of two strings, like strncasecmp() in the C locale.
///
/// # Safety
/// Each text ends with a NUL or has `n` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_ascii_strncasecmp(
    str1: *const c_char,
    str2: *const c_char,
    n: usize,
) -> c_int {
    // SAFETY: C strings, or `n` bytes.
    unsafe { ascii::compare(bytes_up_to(str1, n), bytes_up_to(str2, n)) as c_int }
}

/// Finds a string in another, like strcasestr() in the C locale.
///
/// Returns where `find` first begins in `s`, or NULL if it doesn't occur. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_ascii_strcasestr(
    s: *const c_char,
    find: *const c_char,
) -> *mut c_char {
    // SAFETY: C strings; a position is inside `s`.
    unsafe {
        match ascii::find(bytes(s), bytes(find)) {
            Some(at) => s.add(at).cast_mut(),
            None => ptr::null_mut(),
        }
    }
}

/// Describes a signal, like strsignal().
///
/// The string belongs to the system and is valid until the thread's next call. Since 2.2.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_strsignal(sig: c_int) -> *const c_char {
    // SAFETY: strsignal accepts every number.
    unsafe { libc::strsignal(sig) }
}
