//! How much a bufferevent may read and write just now.

use core::ffi::c_int;

use super::{Bev, Held};

/// The most that is read, and written, at once unless the program chose otherwise.
const DEFAULT_MAX_SINGLE: usize = 16384;

/// A bufferevent's limits.
pub struct Limits {
    max_single_read: usize,
    max_single_write: usize,
}

/// Sets the limits of a new bufferevent.
pub(super) fn init(bev: Bev) {
    set_max_single_read(bev, 0);
    set_max_single_write(bev, 0);
}

/// The last reference is gone. The lock is held.
pub(super) fn leave(_bev: Bev) {}

/// The bufferevent's memory is about to be freed.
pub(super) fn destroy(_bev: Bev) {}

/// The most that a program may choose; 0 and more than this mean the default.
fn single(size: usize) -> usize {
    if size == 0 || size > isize::MAX as usize {
        DEFAULT_MAX_SINGLE
    } else {
        size
    }
}

/// The most that is read at once.
pub fn max_single_read(bev: Bev) -> usize {
    // SAFETY: the handle's promise.
    unsafe { (*bev.limits()).max_single_read }
}

/// Sets [`max_single_read`]; 0 for the default.
pub fn set_max_single_read(bev: Bev, size: usize) {
    // SAFETY: the handle's promise.
    unsafe { (*bev.limits()).max_single_read = single(size) };
}

/// The most that is written at once.
pub fn max_single_write(bev: Bev) -> usize {
    // SAFETY: the handle's promise.
    unsafe { (*bev.limits()).max_single_write }
}

/// Sets [`max_single_write`]; 0 for the default.
pub fn set_max_single_write(bev: Bev, size: usize) {
    // SAFETY: the handle's promise.
    unsafe { (*bev.limits()).max_single_write = single(size) };
}

/// How much may be read now: asked before every read.
pub fn max_to_read(bev: &Held) -> usize {
    max_single_read(**bev)
}

/// How much may be written now: asked before every write.
pub fn max_to_write(bev: &Held) -> usize {
    max_single_write(**bev)
}

/// So many bytes were read from and written to a descriptor. May suspend the bufferevent.
pub fn spent(_bev: &Held, _read: c_int, _written: c_int) {}
