//! `<event2/buffer.h>`: byte queues for the network.

use core::ffi::c_int;
use core::slice;

use super::convert::done;
use crate::buffer::{End, Result};
use crate::ctypes::util::ev_ssize_t;

pub mod object;

pub mod add;

pub mod reference;

pub mod transfer;

pub mod take;

pub mod search;

pub mod callback;

/// What most functions return for success and failure.
pub fn status(result: Result) -> c_int {
    done(result.is_ok())
}

/// A number of bytes, or -1.
fn count(result: Result<usize>) -> ev_ssize_t {
    result.map_or(-1, |count| count as ev_ssize_t)
}

/// The end of a buffer that `at_front` means.
fn end(at_front: c_int) -> End {
    if at_front == 0 { End::End } else { End::Start }
}

/// The `len` bytes at `data`.
///
/// # Safety
/// They are there, and the caller does not change them meanwhile.
pub unsafe fn bytes<'a, T>(data: *const T, len: usize) -> &'a [u8] {
    if data.is_null() || len == 0 || len > isize::MAX as usize {
        return &[];
    }
    // SAFETY: the caller's bytes, which it doesn't change meanwhile.
    unsafe { slice::from_raw_parts(data.cast(), len) }
}
