//! Moving bytes between the program and a bufferevent's buffers.

use super::Bev;
use crate::buffer::chain::Bytes;
use crate::buffer::{Buf, Result};

/// Adds bytes to the output. Fails without memory.
#[inline]
pub fn write(bev: Bev, bytes: &[u8]) -> Result {
    // SAFETY: the slice has its bytes.
    bev.output()
        .add_bytes(unsafe { Bytes::new(bytes.as_ptr(), bytes.len()) })
}

/// Moves everything in `from` to the output.
pub fn write_buffer(bev: Bev, from: Buf) -> Result {
    bev.output().append_from(from)
}

/// Takes at most `len` bytes from the input; their number.
///
/// # Safety
/// There is space for `len` bytes at `out`, or for the whole input.
pub unsafe fn read(bev: Bev, out: *mut u8, len: usize) -> usize {
    // SAFETY: the caller guarantees it (# Safety).
    let taken = unsafe { bev.input().lock().remove_raw(out, len) };
    // If the program has frozen the input there is nothing to be had.
    taken.unwrap_or(0)
}

/// Moves the whole input behind what is in `to`.
pub fn read_buffer(bev: Bev, to: Buf) -> Result {
    to.append_from(bev.input())
}
