//! Buffers: how they are made, locked and frozen, and how long they are.

use core::ffi::{c_int, c_void};

use super::end;
use crate::abi::argument::Const;
use crate::abi::convert::done;
use crate::buffer::{Buf, OwnedBuf};
use crate::ctypes::util::ev_uint64_t;

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
/// have run. Bytes shared with other buffers remain in them.
///
/// @param buf the buffer, or NULL
///
/// # Safety
/// The caller doesn't use the buffer afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_free(buf: Option<OwnedBuf>) {
    drop(buf);
}

/// Makes a buffer usable by several threads.
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
    done(unsafe { buf.enable_locking(lock) })
}

/// Locks a buffer, so that several calls are atomic together. Does nothing without
/// evbuffer_enable_locking().
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_lock(buf: Buf) {
    buf.acquire();
}

/// Releases the lock taken by evbuffer_lock().
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

/// Returns the number of bytes in a buffer.
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_get_length(buf: Const<Buf>) -> usize {
    buf.len()
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
