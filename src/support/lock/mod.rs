//! Locks and conditions as libevent has them: made by callbacks, absent by default.
//!
//! An object holds a `*mut c_void` that is null when it needs no lock, and
//! locking null does nothing. What the pointer leads to depends on how the
//! program set the library up:
//!
//! | set up by                               | a lock is         | called              |
//! |-----------------------------------------|-------------------|---------------------|
//! | `evthread_use_pthreads`                 | [`builtin::Lock`] | inlined             |
//! | the same, with priority inheritance     | a mutex, [`pthread`] | through the table |
//! | `evthread_set_lock_callbacks`           | the program's     | through the table   |
//! | and `evthread_enable_lock_debugging`    | [`debug::Lock`] around one of these | checked, then as above |
//!
//! [`table`] keeps the callbacks and the rules for installing them.

use core::ffi::{c_uint, c_void};
use core::hint::cold_path;
use core::ptr;

mod builtin;
mod debug;
pub mod mutex;
mod pthread;
mod table;
#[cfg(test)]
mod tests;

pub use crate::ctypes::thread::{EVTHREAD_LOCKTYPE_RECURSIVE as RECURSIVE, EVTHREAD_TRY as TRY};
pub use table::{
    condition_table, enable_debugging, enabled, lock_table, set_conditions, set_id, set_locks,
    thread_id, use_pthreads,
};

/// A new lock; null without callbacks or memory.
pub fn alloc(kind: c_uint) -> *mut c_void {
    if table::debugging() {
        debug::alloc(kind)
    } else {
        table::alloc(kind)
    }
}

/// Frees a lock; null is accepted.
///
/// # Safety
/// `lock` came from [`alloc`] with the same kind, is not held and not used again.
pub unsafe fn free(lock: *mut c_void, kind: c_uint) {
    // SAFETY: the caller's promise; while debugging, every lock is a debug lock.
    unsafe {
        if table::debugging() {
            debug::free(lock, kind);
        } else {
            table::free(lock, kind);
        }
    }
}

/// Locks; null is accepted and does nothing.
///
/// # Safety
/// `lock` is null or a live lock from [`alloc`].
#[inline(always)]
pub unsafe fn lock(lock: *mut c_void) {
    if lock.is_null() {
        return;
    }
    cold_path();
    // SAFETY: the caller's promise; inlined() says what kind of lock it is.
    unsafe {
        if table::inlined() {
            builtin::acquire(lock);
        } else {
            lock_by_callback(lock);
        }
    }
}

/// # Safety
/// See [`lock`].
#[cold]
unsafe fn lock_by_callback(lock: *mut c_void) {
    // SAFETY: the caller's promise; while debugging, every lock is a debug lock.
    unsafe {
        if table::debugging() {
            debug::lock(0, lock);
        } else {
            table::lock(0, lock);
        }
    }
}

/// Locks unless another thread holds the lock; null counts as locked.
///
/// # Safety
/// See [`lock`].
pub unsafe fn try_lock(lock: *mut c_void) -> bool {
    // SAFETY: the caller's promise; while debugging, every lock is a debug lock.
    unsafe {
        if table::debugging() {
            debug::lock(TRY, lock)
        } else {
            table::lock(TRY, lock)
        }
    }
}

/// Unlocks; null is accepted and does nothing.
///
/// # Safety
/// `lock` is null or a lock that the calling thread holds.
#[inline(always)]
pub unsafe fn unlock(lock: *mut c_void) {
    if lock.is_null() {
        return;
    }
    cold_path();
    // SAFETY: the caller's promise; inlined() says what kind of lock it is.
    unsafe {
        if table::inlined() {
            builtin::release(lock);
        } else {
            unlock_by_callback(lock);
        }
    }
}

/// # Safety
/// See [`unlock`].
#[cold]
unsafe fn unlock_by_callback(lock: *mut c_void) {
    // SAFETY: the caller's promise; while debugging, every lock is a debug lock.
    unsafe {
        if table::debugging() {
            debug::unlock(lock);
        } else {
            table::unlock(lock);
        }
    }
}

/// A new condition; null without callbacks or memory.
pub fn alloc_condition() -> *mut c_void {
    match table::conditions().alloc_condition {
        // SAFETY: an installed callback may be called.
        Some(alloc) => unsafe { alloc(0) },
        None => ptr::null_mut(),
    }
}

/// Whether there are callbacks for conditions.
pub fn has_conditions() -> bool {
    table::conditions().alloc_condition.is_some()
}

/// Frees a condition; null is accepted.
///
/// # Safety
/// `condition` came from [`alloc_condition`], has no waiters and is not used again.
pub unsafe fn free_condition(condition: *mut c_void) {
    if let (false, Some(free)) = (condition.is_null(), table::conditions().free_condition) {
        // SAFETY: the caller's promise.
        unsafe { free(condition) };
    }
}

/// Wakes all waiters; null is accepted.
///
/// # Safety
/// `condition` is null or live; the calling thread holds the lock that the waiters gave up.
pub unsafe fn broadcast(condition: *mut c_void) {
    if let (false, Some(signal)) = (condition.is_null(), table::conditions().signal_condition) {
        // SAFETY: the caller's promise.
        unsafe { signal(condition, 1) };
    }
}

/// Gives up `lock`, waits for a wake-up and locks again. False, at once, if either is null or the
/// program's callback fails.
///
/// # Safety
/// `condition` is null or live; `lock` is null or held once by the calling thread.
pub unsafe fn wait(condition: *mut c_void, lock: *mut c_void) -> bool {
    // SAFETY: the caller's promise; while debugging, every lock is a debug lock.
    unsafe {
        if table::debugging() {
            debug::wait(condition, lock)
        } else {
            table::wait(condition, lock)
        }
    }
}
