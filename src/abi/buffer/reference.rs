//! Data that is added without a copy: memory of the program, other buffers, files.

use core::ffi::{c_int, c_uint, c_void};

use super::status;
use crate::buffer::Buf;
use crate::buffer::file::{self, SegmentRef};
use crate::ctypes::buffer::{evbuffer_file_segment_cleanup_cb, evbuffer_ref_cleanup_cb};
use crate::ctypes::util::ev_off_t;

/// Appends the bytes of one buffer to another, leaving them where they are, without copying them.
///
/// Later changes to one buffer don't affect the other.
///
/// @param outbuf the buffer that gets the bytes
/// @param inbuf the buffer that keeps them
/// @return 0 on success; -1, with nothing changed, if `outbuf` is frozen at the end, the buffers
///   are the same, `inbuf` holds files or bytes that it shares itself, or memory runs out
///
/// Since 2.1.
///
/// # Safety
/// Live buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_buffer_reference(outbuf: Buf, inbuf: Buf) -> c_int {
    status(outbuf.append_shared(inbuf))
}

/// Appends bytes that the caller owns, without copying them.
///
/// @param outbuf the buffer
/// @param data the bytes, which stay as they are until the cleanup function is called
/// @param datlen their number
/// @param cleanupfn is called when no buffer needs the bytes any more, or NULL
/// @param cleanupfn_arg its last argument
/// @return 0 on success; -1, with nothing changed and the cleanup function not called, if the end
///   is frozen, the buffer would become longer than EV_SSIZE_MAX or memory runs out
///
/// # Safety
/// `data` has `datlen` bytes for as long as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_reference(
    outbuf: Buf,
    data: *const c_void,
    datlen: usize,
    cleanupfn: evbuffer_ref_cleanup_cb,
    cleanupfn_arg: *mut c_void,
) -> c_int {
    // SAFETY: a live buffer and the caller's bytes.
    status(unsafe {
        outbuf
            .lock()
            .add_reference(data.cast(), 0, datlen, cleanupfn, cleanupfn_arg)
    })
}

/// Appends a part of a block of memory that the caller owns, without copying it.
///
/// The cleanup function gets `data` and the length up to the end of the part. For the rest see
/// evbuffer_add_reference().
///
/// @param outbuf the buffer
/// @param data the memory
/// @param offset where in it the part begins
/// @param datlen the number of bytes in the part
/// @param cleanupfn is called when no buffer needs the bytes any more, or NULL
/// @param cleanupfn_arg its last argument
/// @return 0 on success, -1 as for evbuffer_add_reference()
///
/// Since 2.2.
///
/// # Safety
/// `data` has `offset + datlen` bytes for as long as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_reference_with_offset(
    outbuf: Buf,
    data: *const c_void,
    offset: usize,
    datlen: usize,
    cleanupfn: evbuffer_ref_cleanup_cb,
    cleanupfn_arg: *mut c_void,
) -> c_int {
    // SAFETY: a live buffer and the caller's bytes.
    status(unsafe {
        outbuf
            .lock()
            .add_reference(data.cast(), offset, datlen, cleanupfn, cleanupfn_arg)
    })
}

/// Appends a part of a file, without copying it where that can be avoided.
///
/// On success the buffer closes the descriptor when it needs it no more. See also
/// evbuffer_add_file_segment().
///
/// @param outbuf the buffer; with EVBUFFER_FLAG_DRAINS_TO_FD the kernel sends the file
/// @param fd the open file
/// @param offset where in it to start
/// @param length how many bytes; -1 for all that follow in a regular file
/// @return 0 on success; -1, with nothing changed and the descriptor still the caller's, if the
///   file has no such part or cannot be read, the end is frozen or memory runs out
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_file(
    outbuf: Buf,
    fd: c_int,
    offset: ev_off_t,
    length: ev_off_t,
) -> c_int {
    status(outbuf.lock().add_file(fd, offset, length))
}

/// Makes a file segment: a part of a file that can be added to buffers, more than once.
///
/// The descriptor must stay open while the segment lives.
///
/// @param fd the open file
/// @param offset where in it the segment starts
/// @param length how many bytes; -1 for all that follow in a regular file
/// @param flags any of the EVBUF_FS_ flags
/// @return the segment, to be freed with evbuffer_file_segment_free(); NULL if the range is not
///   possible, the file cannot be read or memory runs out
///
/// Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn evbuffer_file_segment_new(
    fd: c_int,
    offset: ev_off_t,
    length: ev_off_t,
    flags: c_uint,
) -> Option<SegmentRef> {
    file::new(fd, offset, length, flags)
}

/// Frees a file segment. Buffers that hold parts of it keep it alive as long as they need it.
///
/// @param seg the segment, or NULL
///
/// Since 2.1.
///
/// # Safety
/// The caller doesn't use the segment afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_file_segment_free(seg: Option<SegmentRef>) {
    if let Some(seg) = seg {
        // SAFETY: the program's reference (# Safety).
        unsafe { file::free(seg) };
    }
}

/// Sets the function that is called when a segment is freed, replacing an earlier one.
///
/// Since 2.1.
///
/// # Safety
/// A live segment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_file_segment_add_cleanup_cb(
    seg: SegmentRef,
    cb: evbuffer_file_segment_cleanup_cb,
    arg: *mut c_void,
) {
    file::set_cleanup(seg, cb, arg);
}

/// Appends a segment, or a part of it.
///
/// @param buf the buffer
/// @param seg the segment, which stays the caller's
/// @param offset where in the segment (not in the file) to start
/// @param length how many bytes; negative for all that follow in the segment
/// @return 0 on success; -1, with nothing changed, if the segment has no such part or cannot be
///   read, the end is frozen or memory runs out
///
/// Since 2.1.
///
/// # Safety
/// A live buffer and a live segment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_file_segment(
    buf: Buf,
    seg: SegmentRef,
    offset: ev_off_t,
    length: ev_off_t,
) -> c_int {
    status(buf.lock().add_segment(seg, offset, length))
}
