//! What `evbuffer_add_vprintf()` in `variadic.c` needs of a buffer.

use core::ffi::{c_char, c_int};
use core::ptr;

use crate::buffer::print::FIRST_SPACE;
use crate::buffer::{Buf, Buffer};

super::hidden_symbol!("libevent_rs_print_begin_", begin);
super::hidden_symbol!("libevent_rs_print_more_", more);
super::hidden_symbol!("libevent_rs_print_end_", end);

/// `struct room` of `variadic.c`.
#[repr(C)]
struct Room {
    at: *mut c_char,
    len: usize,
}

unsafe extern "C" fn begin(buf: *mut Buffer) -> Room {
    // SAFETY: a live buffer. `end` unlocks.
    unsafe {
        Buf::new_unchecked(buf).lock().suspend();
        more(buf, FIRST_SPACE)
    }
}

unsafe extern "C" fn more(buf: *mut Buffer, needed: usize) -> Room {
    // SAFETY: a live buffer, which `begin` locked.
    let mut locked = unsafe { Buf::new_unchecked(buf).resume() };
    let (at, len) = locked.begin_fill(needed).unwrap_or((ptr::null_mut(), 0));
    locked.suspend();
    Room { at: at.cast(), len }
}

/// Takes over what was printed to `at`, unless that is null or the length negative.
unsafe extern "C" fn end(buf: *mut Buffer, at: *mut c_char, len: c_int) -> c_int {
    // SAFETY: a live buffer, which `begin` locked.
    let mut locked = unsafe { Buf::new_unchecked(buf).resume() };
    match usize::try_from(len) {
        Ok(printed) if !at.is_null() => {
            // SAFETY: vsnprintf has filled the space that `more` returned, if only in part.
            unsafe { locked.end_fill(at.cast(), printed) };
            len
        }
        _ => -1,
    }
}
