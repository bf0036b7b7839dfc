//! Writing and reading.

use core::ffi::{c_int, c_short, c_void};
use core::slice;

use crate::abi::argument::Required;
use crate::abi::convert::done;
use crate::buffer::{Buf, Buffer as evbuffer};
use crate::bufferevent::ops::Mode;
use crate::bufferevent::{Bev, data};
use crate::ctypes::bufferevent::bufferevent_flush_mode;

/// The bytes that a program passes; `None` for more than there can be.
///
/// # Safety
/// `data` points to `size` readable bytes that do not change during `'a`, or `size` is 0.
unsafe fn input_bytes<'a>(data: *const c_void, size: usize) -> Option<&'a [u8]> {
    if size == 0 {
        return Some(&[]);
    }
    // SAFETY: the caller guarantees it (# Safety).
    (size <= isize::MAX as usize).then(|| unsafe { slice::from_raw_parts(data.cast(), size) })
}

/// Adds bytes to the output, which is written when the descriptor takes it.
///
/// @param bufev the bufferevent
/// @param data the bytes, which are copied
/// @param size their number
/// @return 0 on success; -1 without memory
///
/// # Safety
/// `data` has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_write(
    bufev: Required<Bev>,
    data: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: a live bufferevent and the caller's bytes.
    let bytes = unsafe { input_bytes(data, size) };
    done(bytes.is_some_and(|bytes| data::write(*bufev, bytes).is_ok()))
}

/// Moves everything in a buffer to the output, without copying.
///
/// @param bufev the bufferevent
/// @param buf the buffer, which is empty afterwards
/// @return 0 on success; -1 on failure
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_write_buffer(bufev: Required<Bev>, buf: Buf) -> c_int {
    done(data::write_buffer(*bufev, buf).is_ok())
}

/// Removes bytes from the input.
///
/// @param bufev the bufferevent
/// @param data where to put them
/// @param size the most to take
/// @return how many were taken
///
/// # Safety
/// `data` has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_read(
    bufev: Required<Bev>,
    data: *mut c_void,
    size: usize,
) -> usize {
    // SAFETY: a live bufferevent and the caller's room.
    unsafe { data::read(*bufev, data.cast(), size) }
}

/// Moves the whole input to a buffer, without copying.
///
/// @param bufev the bufferevent
/// @param buf the buffer
/// @return 0 on success; -1 on failure
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_read_buffer(bufev: Required<Bev>, buf: Buf) -> c_int {
    done(data::read_buffer(*bufev, buf).is_ok())
}

/// Returns the input: bytes may be removed from its start, but not added to its end.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_input(bufev: Required<Bev>) -> *mut evbuffer {
    bufev.input().as_ptr()
}

/// Returns the output: bytes may be added to its end, but not removed from its start.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_output(bufev: Required<Bev>) -> *mut evbuffer {
    bufev.output().as_ptr()
}

/// Makes a bufferevent move as much data as it can, whether or not the direction is enabled. A filter
/// ignores the watermarks; a pair stops at the reader's high watermark, or moves data beyond it if
/// it has been reached already. It has no effect on sockets.
///
/// @param bufev the bufferevent
/// @param iotype EV_READ, EV_WRITE or both
/// @param mode BEV_NORMAL, BEV_FLUSH, or BEV_FINISHED
/// @return 1 if a filter moved something, 0 in other cases, -1 if it is not possible
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_flush(
    bufev: Required<Bev>,
    iotype: c_short,
    mode: bufferevent_flush_mode,
) -> c_int {
    let mode = match mode {
        0 => Mode::Normal,
        2 => Mode::Finished,
        _ => Mode::Flush,
    };
    let bev = bufev.hold();
    (bev.ops().flush)(&bev, iotype, mode)
}
