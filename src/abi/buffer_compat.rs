//! `<event2/buffer_compat.h>`: functions on buffers that have better ones in `<event2/buffer.h>`.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_char, c_int, c_uchar, c_void};
use core::ptr;

use crate::abi::buffer::{bytes, status};
use crate::buffer::Buf;
use crate::buffer::line::{Line, LineEnd};
use crate::ctypes::buffer_compat::evbuffer_cb;

/// Removes a line that any run of CR and LF ends: evbuffer_readln() with EVBUFFER_EOL_ANY, which
/// no protocol wants.
///
/// @param buffer the buffer
/// @return the line, to be freed by the caller; NULL as for evbuffer_readln()
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_readline(buffer: Buf) -> *mut c_char {
    buffer
        .lock()
        .read_line(LineEnd::Any)
        .map_or(ptr::null_mut(), Line::into_ptr)
}

/// Removes all callbacks of a buffer, and adds one of the old kind. evbuffer_add_cb() takes none
/// away from others.
///
/// @param buffer the buffer
/// @param cb the function, or NULL for none
/// @param cbarg its last argument
/// @return 0 on success; -1, with nothing changed, without memory
///
/// # Safety
/// The function may be called until it is removed or the buffer is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_setcb(buffer: Buf, cb: evbuffer_cb, cbarg: *mut c_void) -> c_int {
    // SAFETY: the caller guarantees it (# Safety).
    status(unsafe { buffer.lock().set_only_callback(cb, cbarg) })
}

/// Looks for a string of bytes, and makes everything up to its end lie together in memory.
/// evbuffer_search() doesn't.
///
/// @param buffer the buffer
/// @param what the bytes
/// @param len their number
/// @return where they are; NULL if they are not there or memory runs out
///
/// # Safety
/// `what` has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_find(
    buffer: Buf,
    what: *const c_uchar,
    len: usize,
) -> *mut c_uchar {
    // SAFETY: a live buffer and the caller's bytes.
    unsafe { buffer.lock().find_contiguous(bytes(what, len)) }.unwrap_or(ptr::null_mut())
}
