//! Data that is read, removed and looked at.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use super::{count, status};
use crate::abi::argument::{At, Const, Out};
use crate::buffer::Buf;
use crate::buffer::line::{Line, LineEnd};
use crate::ctypes::buffer::{evbuffer_eol_style, evbuffer_iovec};
use crate::ctypes::util::ev_ssize_t;

/// Copies bytes from the start of a buffer and removes them.
///
/// @param buf the buffer
/// @param data where the bytes go
/// @param datlen how many are wanted; if there are fewer, all are taken
/// @return the number of bytes, or -1 if the start is frozen and there are any
///
/// # Safety
/// `data` has space for `datlen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_remove(buf: Buf, data: *mut c_void, datlen: usize) -> c_int {
    // SAFETY: a live buffer and the caller's memory.
    count(unsafe { buf.lock().remove_raw(data.cast(), datlen) }) as c_int
}

/// Copies bytes from the start of a buffer without removing them.
///
/// @param buf the buffer
/// @param data_out where the bytes go
/// @param datlen how many are wanted; if there are fewer, all are copied
/// @return the number of bytes, or -1 if the start is frozen and there are any
///
/// # Safety
/// `data_out` has space for `datlen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_copyout(
    buf: Buf,
    data_out: *mut c_void,
    datlen: usize,
) -> ev_ssize_t {
    // SAFETY: a live buffer and the caller's memory.
    count(unsafe { buf.lock().copy_out_raw(None, data_out.cast(), datlen) })
}

/// Copies bytes starting at a position without removing them.
///
/// @param buf the buffer
/// @param pos where to start, or NULL for the start of the buffer
/// @param data_out where the bytes go
/// @param datlen how many are wanted; if there are fewer, all are copied
/// @return the number of bytes, or -1 if the start is frozen and there are any
///
/// Since 2.1.
///
/// # Safety
/// `data_out` has space for `datlen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_copyout_from(
    buf: Buf,
    pos: Const<At>,
    data_out: *mut c_void,
    datlen: usize,
) -> ev_ssize_t {
    // SAFETY: a live buffer, its position, and the caller's memory.
    count(unsafe { buf.lock().copy_out_raw(pos.get(), data_out.cast(), datlen) })
}

/// Removes a line from the start of a buffer.
///
/// @param buffer the buffer
/// @param n_read_out if not NULL, gets the length of the line, which can contain NUL bytes, or 0
/// @param eol_style what ends a line
/// @return the line without its end, NUL-terminated, to be freed by the caller with `free()`, or
///   the function given to event_set_mem_functions(); NULL if there is no whole line, the start is
///   frozen or memory runs out
///
/// # Safety
/// `n_read_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_readln(
    buffer: Buf,
    n_read_out: Out<usize>,
    eol_style: evbuffer_eol_style,
) -> *mut c_char {
    let line = LineEnd::from_c(eol_style).and_then(|style| buffer.lock().read_line(style));
    n_read_out.set(line.as_ref().map_or(0, |line| line.len()));
    line.map_or(ptr::null_mut(), Line::into_ptr)
}

/// Removes bytes from the start of a buffer.
///
/// @param buf the buffer
/// @param len how many; if there are fewer, all
/// @return 0 on success, -1 if the start is frozen and there are any
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_drain(buf: Buf, len: usize) -> c_int {
    status(buf.drain(len))
}

/// Gives access to the bytes of a buffer in memory, without copying or removing them.
///
/// @param buffer the buffer
/// @param len how many bytes are wanted: the extents can hold more, and less if they or the bytes
///   are too few; negative for as many as the extents can hold
/// @param start_at where to start, or NULL for the start of the buffer
/// @param vec_out is filled with extents, which must not be written to
/// @param n_vec the number of elements in `vec_out`; with 0 the extents are only counted, and a
///   negative `len` stands for all bytes
/// @return how many extents there are for `len` bytes, which can be more than `n_vec`
///
/// # Safety
/// `vec_out` has `n_vec` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_peek(
    buffer: Buf,
    len: ev_ssize_t,
    start_at: At,
    vec_out: *mut evbuffer_iovec,
    n_vec: c_int,
) -> c_int {
    // SAFETY: a live buffer, its position and the caller's array.
    unsafe { buffer.lock().peek(len, start_at.get(), vec_out, n_vec) }
}

/// Makes bytes at the start of a buffer contiguous in memory.
///
/// @param buf the buffer
/// @param size how many bytes, or -1 for all
/// @return their address, valid until the buffer is changed; NULL if there are none, or fewer, or
///   memory runs out
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_pullup(buf: Buf, size: ev_ssize_t) -> *mut u8 {
    buf.pull_up_raw(usize::try_from(size).ok())
        .unwrap_or(ptr::null_mut())
}
