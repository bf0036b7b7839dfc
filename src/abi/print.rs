//! What `evbuffer_add_vprintf()` in `variadic.c` needs of a buffer.

use core::ffi::{c_char, c_int};
use core::mem::forget;

use crate::buffer::{Buffer, Locked, space};

super::hidden_symbol!("libevent_rs_print_begin_", begin);
super::hidden_symbol!("libevent_rs_print_more_", more);
super::hidden_symbol!("libevent_rs_print_end_", end);

/// Enough for most lines, so that they are formatted once.
const FIRST_ROOM: usize = 64;

/// `struct room` of `variadic.c`.
#[repr(C)]
struct Room {
    at: *mut c_char,
    len: usize,
}

unsafe extern "C" fn begin(buf: *mut Buffer) -> Room {
    // SAFETY: a live buffer. `end` unlocks.
    unsafe {
        forget(Locked::new(buf));
        more(buf, FIRST_ROOM)
    }
}

unsafe extern "C" fn more(buf: *mut Buffer, needed: usize) -> Room {
    // SAFETY: a live buffer, which `begin` locked.
    let (at, len) = unsafe { space::begin_print(buf, needed) };
    Room { at: at.cast(), len }
}

/// Takes over what was printed to `at`, unless that is null or the length negative.
unsafe extern "C" fn end(buf: *mut Buffer, at: *mut c_char, len: c_int) -> c_int {
    // SAFETY: a live buffer, which `begin` locked.
    unsafe {
        let _locked = Locked::resume(buf);
        match usize::try_from(len) {
            Ok(printed) if !at.is_null() => {
                space::end_print(buf, at.cast(), printed);
                len
            }
            _ => -1,
        }
    }
}
