//! Positions and searching.

use core::ffi::{c_char, c_int};

use super::bytes;
use crate::abi::argument::{At, Const, Out};
use crate::abi::convert::done;
use crate::buffer::Buf;
use crate::buffer::line::LineEnd;
use crate::buffer::position::{self, Position};
use crate::ctypes::buffer::{evbuffer_eol_style, evbuffer_ptr, evbuffer_ptr_how};

/// Looks for a string of bytes.
///
/// @param buffer the buffer
/// @param what the bytes
/// @param len their number
/// @param start where to start, or NULL for the start of the buffer
/// @return where they first begin; its `pos` is -1 if they are not there
///
/// # Safety
/// `what` has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_search(
    buffer: Buf,
    what: *const c_char,
    len: usize,
    start: Const<At>,
) -> evbuffer_ptr {
    // SAFETY: a live buffer, its position and the caller's bytes.
    Position::to_c(unsafe { buffer.lock().search(bytes(what, len), start.get(), None) })
}

/// Looks for a string of bytes in a part of a buffer.
///
/// @param buffer the buffer
/// @param what the bytes
/// @param len their number
/// @param start where to start, or NULL for the start of the buffer
/// @param end where the string must have ended, or NULL for the end of the buffer
/// @return where they first begin; its `pos` is -1 if they are not there
///
/// # Safety
/// `what` has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_search_range(
    buffer: Buf,
    what: *const c_char,
    len: usize,
    start: Const<At>,
    end: Const<At>,
) -> evbuffer_ptr {
    // SAFETY: a live buffer, its positions and the caller's bytes.
    Position::to_c(unsafe {
        buffer
            .lock()
            .search(bytes(what, len), start.get(), end.get())
    })
}

/// Sets a position, or moves it forward.
///
/// @param buffer the buffer
/// @param ptr the position; may be uninitialised for EVBUFFER_PTR_SET
/// @param position a number of bytes, from the start of the buffer or from the old position
/// @param how which of the two
/// @return 0 on success; -1 if that is past the end of the buffer, which makes the position
///   unusable;
///     -1, and the position stays as it was, if it is one that a search has not found, or the sum
///     overflows
///
/// # Safety
/// `ptr` is writable, and a position of the buffer unless `how` is EVBUFFER_PTR_SET.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_ptr_set(
    buffer: Buf,
    ptr: *mut evbuffer_ptr,
    position: usize,
    how: evbuffer_ptr_how,
) -> c_int {
    let from = if how == position::FROM_START {
        buffer.lock().start_position()
    } else {
        // SAFETY: a position of the buffer (# Safety).
        let old = unsafe { Position::from_c(&*ptr) };
        if !old.can_move(position) {
            return -1;
        }
        old
    };
    let found = from.forward(position);
    // SAFETY: the caller's variable.
    unsafe { ptr.write(Position::to_c(found)) };
    done(found.is_some())
}

/// Looks for the end of a line.
///
/// @param buffer the buffer
/// @param start where to start, or NULL for the start of the buffer
/// @param eol_len_out if not NULL, gets the length of what ends the line, or 0
/// @param eol_style what ends a line
/// @return where the line's end begins; its `pos` is -1 if there is none
///
/// # Safety
/// `eol_len_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_search_eol(
    buffer: Buf,
    start: At,
    eol_len_out: Out<usize>,
    eol_style: evbuffer_eol_style,
) -> evbuffer_ptr {
    let found = LineEnd::from_c(eol_style)
        .and_then(|style| buffer.lock().search_line_end(start.get(), style));
    eol_len_out.set(found.map_or(0, |(_, len)| len));
    Position::to_c(found.map(|(found, _)| found))
}
