//! `<event2/buffer.h>`: byte queues for the network.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr::{self};
use core::slice;

use crate::abi::argument::{At, Const, Out};
use crate::base::BaseRef;
use crate::buffer::callback::{Entry as evbuffer_cb_entry, EntryRef, Function};
use crate::buffer::chain::Bytes;
use crate::buffer::file::{self, SegmentRef};
use crate::buffer::io::Descriptor;
use crate::buffer::line::{Line, LineEnd};
use crate::buffer::position::{self, Position};
use crate::buffer::{Buf, End, OwnedBuf, Result};
use crate::ctypes::buffer::{
    evbuffer_cb_func, evbuffer_eol_style, evbuffer_file_segment_cleanup_cb, evbuffer_iovec,
    evbuffer_ptr, evbuffer_ptr_how, evbuffer_ref_cleanup_cb,
};
use crate::ctypes::util::{ev_off_t, ev_ssize_t, ev_uint32_t, ev_uint64_t, evutil_socket_t};

/// 0 for true, -1 for false.
fn flag(success: bool) -> c_int {
    if success { 0 } else { -1 }
}

/// What most functions return for success and failure.
pub fn status(result: Result) -> c_int {
    flag(result.is_ok())
}

/// A number of bytes, or -1.
fn count(result: Result<usize>) -> ev_ssize_t {
    result.map_or(-1, |count| count as ev_ssize_t)
}

/// The end of a buffer that `at_front` means.
fn end(at_front: c_int) -> End {
    if at_front == 0 { End::End } else { End::Start }
}

/// False for a null entry.
fn set_callback_flags(buf: Buf, entry: Option<EntryRef>, flags: ev_uint32_t, on: bool) -> bool {
    let Some(entry) = entry else {
        return false;
    };
    buf.lock().set_callback_flags(entry, flags, on);
    true
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

/// Makes an empty buffer.
///
/// @return the buffer, to be freed with evbuffer_free(), or NULL without memory
#[unsafe(no_mangle)]
pub extern "C" fn evbuffer_new() -> Option<OwnedBuf> {
    OwnedBuf::new()
}

/// Frees a buffer and all it holds.
///
/// If deferred callbacks are pending, or it is freed from one of its callbacks, it is freed once they
/// have run. Bytes that other buffers share stay with them.
///
/// @param buf the buffer, or NULL
///
/// # Safety
/// The caller doesn't use the buffer afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_free(buf: Option<OwnedBuf>) {
    drop(buf);
}

/// Lets several threads use a buffer.
///
/// From now on every function locks the buffer while it works, and callbacks are called with the
/// lock held. Locking must have been set up, see `<event2/thread.h>`.
///
/// @param buf a buffer that one thread has used so far
/// @param lock a recursive lock that stays the caller's, or NULL for one that the buffer makes
/// @return 0 on success; -1 if the buffer has a lock already, or none can be made
///
/// # Safety
/// The lock is one that the installed callbacks made, and lives longer than the buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_enable_locking(buf: Buf, lock: *mut c_void) -> c_int {
    // SAFETY: a live buffer.
    flag(unsafe { buf.enable_locking(lock) })
}

/// Locks a buffer, so that several calls become one step. Does nothing without
/// evbuffer_enable_locking().
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_lock(buf: Buf) {
    buf.acquire();
}

/// Gives back what evbuffer_lock() took.
///
/// # Safety
/// The calling thread holds the lock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_unlock(buf: Buf) {
    // SAFETY: a live buffer.
    unsafe { buf.unlock() };
}

/// Sets flags of a buffer.
///
/// @param buf the buffer
/// @param flags EVBUFFER_FLAG_DRAINS_TO_FD or 0
/// @return 0
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_set_flags(buf: Buf, flags: ev_uint64_t) -> c_int {
    buf.lock().set_flags(flags as u32, true);
    0
}

/// Clears flags of a buffer.
///
/// @param buf the buffer
/// @param flags EVBUFFER_FLAG_DRAINS_TO_FD or 0
/// @return 0
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_clear_flags(buf: Buf, flags: ev_uint64_t) -> c_int {
    buf.lock().set_flags(flags as u32, false);
    0
}

/// Chooses the most that one evbuffer_read() takes. It is 4096 for a new buffer, and 16384 for the
/// input of a bufferevent on a descriptor.
///
/// @param buf the buffer
/// @param max the most bytes, no more than INT_MAX
/// @return 0 on success, -1 if `max` is too large
///
/// Since 2.2.
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_set_max_read(buf: Buf, max: usize) -> c_int {
    let locked = buf.lock();
    flag(
        c_int::try_from(max)
            .map(|max| locked.set_max_read(max))
            .is_ok(),
    )
}

/// Returns what evbuffer_set_max_read() chose. Since 2.2.
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_get_max_read(buf: Buf) -> usize {
    buf.lock().max_read()
}

/// Returns the number of bytes in a buffer.
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_get_length(buf: Const<Buf>) -> usize {
    buf.len()
}

/// Returns how many bytes at the start of a buffer lie together in memory: evbuffer_pullup() of no
/// more than that copies nothing.
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_get_contiguous_space(buf: Const<Buf>) -> usize {
    buf.lock().contiguous_len()
}

/// Reserves space for `datlen` more bytes, in one piece.
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

/// Copies bytes from the start of a buffer, leaving them there.
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

/// Copies bytes from a position on, leaving them there.
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

/// Moves bytes from the start of one buffer to the end of another, copying as little as possible.
///
/// @param src the buffer that loses them
/// @param dst the buffer that gets them
/// @param datlen how many are wanted; if there are fewer, all are moved
/// @return the number of bytes moved; -1 if `src` is frozen at the start or `dst` at the end, or
///   nothing could be moved for lack of memory
///
/// # Safety
/// Live buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_remove_buffer(src: Buf, dst: Buf, datlen: usize) -> c_int {
    count(dst.move_front_from(src, datlen)) as c_int
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

/// Moves all bytes of one buffer to the end of another, without copying them.
///
/// @param outbuf the buffer that gets them
/// @param inbuf the buffer that loses them
/// @return 0 on success; -1, with nothing changed, if `outbuf` is frozen at the end or `inbuf` at
///   the start
///
/// # Safety
/// Live buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_buffer(outbuf: Buf, inbuf: Buf) -> c_int {
    status(outbuf.append_from(inbuf))
}

/// Appends the bytes of one buffer to another, leaving them where they are, without copying them.
///
/// Later changes of one buffer don't show in the other.
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

/// Appends bytes of the caller's without copying them.
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

/// Appends a part of some memory of the caller's without copying it.
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

/// Sets the function that is called when a segment goes away, in place of an earlier one.
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

/// Writes as much of a buffer as a descriptor takes, and removes it. See evbuffer_write_atmost().
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_write(buffer: Buf, fd: evutil_socket_t) -> c_int {
    buffer.write_for_program(fd, -1)
}

/// Writes bytes from the start of a buffer to a descriptor, and removes what was written.
///
/// @param buffer the buffer
/// @param fd the descriptor
/// @param howmuch the most bytes to write, or -1 for no limit
/// @return the number of bytes written; 0 if a file of the buffer could not be sent just now, or
///   has become shorter; -1 with `errno` if the system call failed, and if the start is frozen or
///   there is nothing to write
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_write_atmost(
    buffer: Buf,
    fd: evutil_socket_t,
    howmuch: ev_ssize_t,
) -> c_int {
    buffer.write_for_program(fd, howmuch)
}

/// Reads from a descriptor to the end of a buffer.
///
/// @param buffer the buffer
/// @param fd the descriptor
/// @param howmuch the most bytes to read; the buffer's own limit, see evbuffer_set_max_read(),
///   holds if it is less or `howmuch` is negative
/// @return the number of bytes read, 0 at the end of the file; -1 with `errno` if the system call
///   failed, and if the end is frozen or memory runs out
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_read(buffer: Buf, fd: evutil_socket_t, howmuch: c_int) -> c_int {
    buffer.read(Descriptor::Any(fd), howmuch, None)
}

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
/// @return 0 on success; -1 if that is behind the end of the buffer: the position is unusable then
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
        unsafe { Position::from_c(&*ptr) }
    };
    let found = from.forward(position);
    // SAFETY: the caller's variable.
    unsafe { ptr.write(Position::to_c(found)) };
    flag(found.is_some())
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

/// Shows where the bytes of a buffer are in memory, without copying or removing them.
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

/// Has a function called whenever bytes are added to a buffer or removed from it.
///
/// @param buffer the buffer
/// @param cb the function
/// @param cbarg its last argument
/// @return a handle for the other functions, or NULL without memory
///
/// Since 2.0.
///
/// # Safety
/// The function may be called until it is removed or the buffer is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_cb(
    buffer: Buf,
    cb: evbuffer_cb_func,
    cbarg: *mut c_void,
) -> Option<EntryRef> {
    let function = cb.map_or(Function::Absent, Function::New);
    // SAFETY: the caller guarantees it (# Safety).
    unsafe { buffer.lock().add_callback(function, cbarg) }
}

/// Removes a callback by its handle.
///
/// @return 0 on success, -1 if the buffer has no such callback
///
/// Since 2.0.
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_remove_cb_entry(
    buffer: Buf,
    ent: *mut evbuffer_cb_entry,
) -> c_int {
    flag(buffer.lock().remove_entry(ent))
}

/// Removes a callback by its function and argument: the one added last, if there are several.
///
/// @return 0 on success, -1 if the buffer has no such callback
///
/// Since 2.0.
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_remove_cb(
    buffer: Buf,
    cb: evbuffer_cb_func,
    cbarg: *mut c_void,
) -> c_int {
    let function = cb.map_or(ptr::null(), |cb| cb as *const ());
    flag(buffer.lock().remove_callback(function, cbarg))
}

/// Sets flags of a callback: with EVBUFFER_CB_ENABLED it is called again.
///
/// @return 0 on success, -1 for a null handle
///
/// Since 2.0.
///
/// # Safety
/// `cb` is one of the buffer's callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_cb_set_flags(
    buffer: Buf,
    cb: Option<EntryRef>,
    flags: ev_uint32_t,
) -> c_int {
    flag(set_callback_flags(buffer, cb, flags, true))
}

/// Clears flags of a callback: without EVBUFFER_CB_ENABLED it is not called.
///
/// @return 0 on success, -1 for a null handle
///
/// Since 2.0.
///
/// # Safety
/// `cb` is one of the buffer's callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_cb_clear_flags(
    buffer: Buf,
    cb: Option<EntryRef>,
    flags: ev_uint32_t,
) -> c_int {
    flag(set_callback_flags(buffer, cb, flags, false))
}

/// Makes bytes at the start of a buffer lie together in memory.
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

/// Puts a copy of bytes in front of all others.
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
    status(unsafe { buf.lock().prepend_bytes(Bytes::new(data.cast(), size)) })
}

/// Moves all bytes of one buffer to the start of another, without copying them.
///
/// @param dst the buffer that gets them
/// @param src the buffer that loses them
/// @return 0 on success; -1, with nothing changed, if either is frozen at the start
///
/// # Safety
/// Live buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_prepend_buffer(dst: Buf, src: Buf) -> c_int {
    status(dst.prepend_from(src))
}

/// Makes every function fail that changes one end of a buffer.
///
/// @param buf the buffer
/// @param at_front not 0 for the start, where bytes are drained and prepended; 0 for the end,
///   where they are added
/// @return 0
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_freeze(buf: Buf, at_front: c_int) -> c_int {
    buf.lock().set_frozen(end(at_front), true);
    0
}

/// Undoes evbuffer_freeze().
///
/// @param buf the buffer
/// @param at_front not 0 for the start, 0 for the end
/// @return 0
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_unfreeze(buf: Buf, at_front: c_int) -> c_int {
    buf.lock().set_frozen(end(at_front), false);
    0
}

/// Has the callbacks of a buffer called from the loop of an event base, not at once: one call for
/// all changes until then. The buffer lives on until the loop has done it.
///
/// @param buffer the buffer
/// @param base the event base, which must outlive the buffer
/// @return 0
///
/// Since 2.0.
///
/// # Safety
/// A live buffer and a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_defer_callbacks(buffer: Buf, base: Option<BaseRef>) -> c_int {
    buffer.lock().defer_callbacks(base);
    0
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
