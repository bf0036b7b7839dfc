//! Moving bytes between the program and a bufferevent's buffers.

use super::Bev;
use crate::buffer::{Buffer, add, take, transfer};

/// Adds bytes to the output. Fails without memory.
#[inline]
pub fn write(bev: Bev, bytes: &[u8]) -> Result<(), ()> {
    // SAFETY: a live bufferevent's buffers are live; the bytes are borrowed.
    let added = unsafe { add::add(bev.output(), bytes.as_ptr(), bytes.len()) };
    added.then_some(()).ok_or(())
}

/// Moves everything in `from` to the output.
///
/// # Safety
/// `from` is live.
pub unsafe fn write_buffer(bev: Bev, from: *mut Buffer) -> Result<(), ()> {
    // SAFETY: a live bufferevent's buffers are live; the rest is the caller's promise.
    let moved = unsafe { transfer::append(bev.output(), from) };
    moved.then_some(()).ok_or(())
}

/// Takes at most `len` bytes from the input; their number.
///
/// # Safety
/// There is space for `len` bytes at `out`, or for the whole input.
pub unsafe fn read(bev: Bev, out: *mut u8, len: usize) -> usize {
    // SAFETY: a live bufferevent's buffers are live; the rest is the caller's promise.
    let taken = unsafe { take::remove(bev.input(), out, len) };
    // If the program has frozen the input there is nothing to be had.
    usize::try_from(taken).unwrap_or(0)
}

/// Moves the whole input behind what is in `to`.
///
/// # Safety
/// `to` is live.
pub unsafe fn read_buffer(bev: Bev, to: *mut Buffer) -> Result<(), ()> {
    // SAFETY: a live bufferevent's buffers are live; the rest is the caller's promise.
    let moved = unsafe { transfer::append(to, bev.input()) };
    moved.then_some(()).ok_or(())
}
