//! What `evbuffer_add_vprintf()` in `variadic.c` needs of a buffer.

use core::ffi::{c_char, c_int};
use core::mem::forget;

use crate::buffer::{Buffer, Locked, space};

super::hidden_symbol!("libevent_rs_print_begin_", begin);
super::hidden_symbol!("libevent_rs_print_more_", more);
super::hidden_symbol!("libevent_rs_print_end_", end);

/// Enough for most lines, so that they are formatted once.
const FIRST_ROOM: usize = 64;

unsafe extern "C" fn begin(buf: *mut Buffer, room: *mut usize) -> *mut c_char {
    // SAFETY: a live buffer, and variadic.c's variable. `end` unlocks.
    unsafe {
        forget(Locked::new(buf));
        more(buf, FIRST_ROOM, room)
    }
}

unsafe extern "C" fn more(buf: *mut Buffer, needed: usize, room: *mut usize) -> *mut c_char {
    // SAFETY: a live buffer, and variadic.c's variable.
    unsafe { space::begin_print(buf, needed, room).cast() }
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
