//! Data that is copied into a buffer.

use core::ffi::{c_int, c_void};

use super::status;
use crate::abi::argument::Const;
use crate::buffer::Buf;
use crate::buffer::chain::Bytes;
use crate::ctypes::buffer::evbuffer_iovec;
use crate::ctypes::util::ev_ssize_t;

/// Returns how many bytes at the start of a buffer are contiguous in memory: evbuffer_pullup() of
/// no more than that copies nothing.
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_get_contiguous_space(buf: Const<Buf>) -> usize {
    buf.lock().contiguous_len()
}

/// Reserves contiguous space for `datlen` more bytes.
///
/// @return 0 on success, -1 without memory
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_expand(buf: Buf, datlen: usize) -> c_int {
    status(buf.lock().expand(datlen))
}

/// Reserves space at the end of a buffer, for the caller to write to.
///
/// What was written becomes part of the buffer with evbuffer_commit_space(). Until then the buffer
/// must not be changed; calling this again reserves the same space.
///
/// @param buf the buffer
/// @param size how many bytes are wanted; there may be more
/// @param vec is filled with the extents of the space
/// @param n_vec the number of elements in `vec`: with 1 all the space is in one piece; 2 can save
///   copying and memory
/// @return the number of extents; -1 if the end is frozen, `n_vec` or `size` is not acceptable or
///   memory runs out
///
/// # Safety
/// `vec` has `n_vec` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_reserve_space(
    buf: Buf,
    size: ev_ssize_t,
    vec: *mut evbuffer_iovec,
    n_vec: c_int,
) -> c_int {
    // SAFETY: a live buffer and the caller's array.
    unsafe { buf.lock().reserve(size, vec, n_vec) }.unwrap_or(-1)
}

/// Appends bytes that the caller wrote to reserved space.
///
/// @param buf the buffer
/// @param vec extents of evbuffer_reserve_space(); `iov_len` of each is how many bytes of it were
///   used
/// @param n_vecs the number of extents, which can be less than was reserved
/// @return 0 on success; -1 if the end is frozen, or the extents are not the buffer's space any more
///
/// # Safety
/// `vec` has `n_vecs` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_commit_space(
    buf: Buf,
    vec: *mut evbuffer_iovec,
    n_vecs: c_int,
) -> c_int {
    // SAFETY: a live buffer and the caller's array.
    status(unsafe { buf.lock().commit(vec, n_vecs) })
}

/// Appends a copy of bytes.
///
/// @param buf the buffer
/// @param data the bytes
/// @param datlen their number
/// @return 0 on success; -1, with the buffer unchanged, if its end is frozen, it would become
///   longer than EV_SSIZE_MAX or memory runs out
///
/// # Safety
/// `data` has `datlen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add(buf: Buf, data: *const c_void, datlen: usize) -> c_int {
    // SAFETY: a live buffer and the caller's bytes.
    status(unsafe { buf.add_bytes(Bytes::new(data.cast(), datlen)) })
}

/// Prepends a copy of bytes.
///
/// @param buf the buffer
/// @param data the bytes
/// @param size their number
/// @return 0 on success; -1, with the buffer unchanged, if its start is frozen, it would become
///   longer than EV_SSIZE_MAX or memory runs out
///
/// # Safety
/// `data` has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_prepend(buf: Buf, data: *const c_void, size: usize) -> c_int {
    // SAFETY: a live buffer and the caller's bytes.
    status(unsafe { buf.prepend_bytes(Bytes::new(data.cast(), size)) })
}

/// Appends copies of several pieces of memory, reserving space for all of them first.
///
/// @param buffer the buffer
/// @param vec the pieces
/// @param n_vec their number
/// @return the number of bytes added: less than all if the end is frozen or memory runs out
///
/// Since 2.1.
///
/// # Safety
/// `vec` has `n_vec` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_iovec(
    buffer: Buf,
    vec: *mut evbuffer_iovec,
    n_vec: c_int,
) -> usize {
    // SAFETY: a live buffer and the caller's array.
    unsafe { buffer.lock().add_iovec(vec, n_vec) }
}
