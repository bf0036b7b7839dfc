//! Data that moves between buffers, and from and to descriptors.

use core::ffi::c_int;

use super::{count, status};
use crate::abi::convert::done;
use crate::buffer::Buf;
use crate::buffer::io::Descriptor;
use crate::ctypes::util::{ev_ssize_t, evutil_socket_t};

/// Sets the largest number of bytes that one evbuffer_read() reads. It is 4096 for a new buffer,
/// and 16384 for the input of a bufferevent on a descriptor.
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
    done(
        c_int::try_from(max)
            .map(|max| locked.set_max_read(max))
            .is_ok(),
    )
}

/// Returns the limit that evbuffer_set_max_read() sets. Since 2.2.
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_get_max_read(buf: Buf) -> usize {
    buf.lock().max_read()
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

/// Writes as much of a buffer as a descriptor accepts, and drains it. See evbuffer_write_atmost().
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
