//! What `evbuffer_add_vprintf()` in `variadic.c` needs of a buffer.

use core::ffi::{c_char, c_int};
use core::ptr::{self, NonNull};

use crate::buffer::print::FIRST_SPACE;
use crate::buffer::{Buf, Buffer, Locked};

super::hidden_symbol!("libevent_rs_print_begin_", begin);
super::hidden_symbol!("libevent_rs_print_more_", more);
super::hidden_symbol!("libevent_rs_print_end_", end);

/// `struct room` of `variadic.c`.
#[repr(C)]
struct Room {
    at: *mut c_char,
    len: usize,
}

/// # Safety
/// `buf` is a live buffer.
unsafe extern "C" fn begin(buf: *mut Buffer) -> Room {
    // SAFETY: a live buffer. `end` unlocks.
    space(unsafe { Buf::new_unchecked(buf) }.lock(), FIRST_SPACE)
}

/// # Safety
/// `begin` has locked the buffer in this thread.
unsafe extern "C" fn more(buf: *mut Buffer, needed: usize) -> Room {
    // SAFETY: a live buffer, which `begin` locked.
    space(unsafe { Buf::new_unchecked(buf).resume() }, needed)
}

#[inline(always)]
fn space(mut locked: Locked, needed: usize) -> Room {
    let found = locked.begin_fill(needed);
    locked.suspend();
    match found {
        Some((at, len)) => Room {
            at: at.as_ptr().cast(),
            len,
        },
        None => Room {
            at: ptr::null_mut(),
            len: 0,
        },
    }
}

/// Takes over what was printed to `at`, unless that is null or the length negative.
///
/// # Safety
/// `begin` has locked the buffer; `at` has `len` bytes of the space that it lent out, unless `len`
/// is negative.
unsafe extern "C" fn end(buf: *mut Buffer, at: *mut c_char, len: c_int) -> c_int {
    // SAFETY: a live buffer, which `begin` locked.
    let mut locked = unsafe { Buf::new_unchecked(buf).resume() };
    match (NonNull::new(at), usize::try_from(len)) {
        (Some(at), Ok(printed)) => {
            // SAFETY: vsnprintf has filled the space that `more` returned, if only in part.
            unsafe { locked.end_fill(at.cast(), printed) };
            len
        }
        _ => -1,
    }
}
