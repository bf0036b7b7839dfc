//! Between C's arguments and Rust's types.

use core::ffi::{CStr, c_char, c_int};
use core::mem::MaybeUninit;
use core::{ptr, slice};

use crate::support::mm;
use crate::support::shared::{Held, Shared};
use crate::sys::Errno;

/// 0 for success; -1 with `errno` set for an error.
pub fn status(result: Result<(), impl Into<Errno>>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => {
            error.into().set();
            -1
        }
    }
}

/// The [`status`] of work on an object whose lock is held. `errno` is set when it is released: the
/// program's locks may change it.
pub fn locked<S: Shared>(object: S, work: impl FnOnce(&Held<S>) -> Result<(), Errno>) -> c_int {
    let result = work(&object.hold());
    status(result)
}

/// 0 for yes; -1 for no, with `errno` as it is.
pub fn done(done: bool) -> c_int {
    if done { 0 } else { -1 }
}

/// The C buffer at `start`, which may be NULL if it is empty.
///
/// # Safety
/// `start` points to `len` writable bytes that nothing else uses during `'a`.
pub unsafe fn buffer<'a>(start: *mut c_char, len: usize) -> &'a mut [MaybeUninit<u8>] {
    if start.is_null() || len == 0 {
        return &mut [];
    }
    // SAFETY: promised by the caller.
    unsafe { slice::from_raw_parts_mut(start.cast(), len) }
}

/// [`buffer`] for a text of at most 63 bytes. Programs pass sizes like `(size_t)-1` for "large
/// enough": no more than the text may need counts.
///
/// # Safety
/// `start` points to `len` writable bytes, or to 64, that nothing else uses during `'a`.
pub unsafe fn text_buffer<'a>(start: *mut c_char, len: usize) -> &'a mut [MaybeUninit<u8>] {
    // SAFETY: promised by the caller.
    unsafe { buffer(start, len.min(64)) }
}

/// The bytes of a C string, without the terminator.
///
/// # Safety
/// `text` is NUL-terminated and does not change during `'a`.
pub unsafe fn bytes<'a>(text: *const c_char) -> &'a [u8] {
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(text) }.to_bytes()
}

/// The bytes of a C string, at most `n` of them; then no terminator is needed.
///
/// # Safety
/// `text` is NUL-terminated or has `n` bytes, and does not change during `'a`.
pub unsafe fn bytes_up_to<'a>(text: *const c_char, n: usize) -> &'a [u8] {
    // SAFETY: promised by the caller; strnlen reads no further than promised.
    unsafe { slice::from_raw_parts(text.cast(), libc::strnlen(text, n)) }
}

/// Gives a text, which ends with a NUL, to the program, which frees it; NULL for `None`.
pub fn given(text: Option<mm::Vec<u8>>) -> *mut c_char {
    text.map_or(ptr::null_mut(), |text| text.into_raw().cast())
}
