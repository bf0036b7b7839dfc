//! Locks and conditions that are a `pthread_mutex_t` and a `pthread_cond_t`.
//!
//! Our own mutex, on which [`builtin`](super::builtin) stands, knows no priority
//! inheritance. And condition callbacks of a program that lets us choose the
//! locks expect what libevent would give them: a mutex.

use core::ffi::{c_int, c_uint, c_void};
use core::mem::MaybeUninit;
use core::ptr;

use libc::{pthread_cond_t, pthread_mutex_t, timeval};

use super::{RECURSIVE, TRY};
use crate::ctypes::thread::{
    EVTHREAD_CONDITION_API_VERSION, EVTHREAD_LOCK_API_VERSION,
    evthread_condition_callbacks as ConditionTable, evthread_lock_callbacks as LockTable,
};
use crate::support::{mm, time};

/// Ordinary mutexes.
pub const PLAIN: LockTable = LockTable {
    lock_api_version: EVTHREAD_LOCK_API_VERSION,
    supported_locktypes: RECURSIVE,
    alloc: Some(alloc_plain),
    free: Some(free),
    lock: Some(lock),
    unlock: Some(unlock),
};

/// Mutexes whose holder inherits the priority of the waiters.
pub const INHERITING: LockTable = LockTable {
    alloc: Some(alloc_inheriting),
    ..PLAIN
};

/// Conditions for both.
pub const CONDITIONS: ConditionTable = ConditionTable {
    condition_api_version: EVTHREAD_CONDITION_API_VERSION,
    alloc_condition: Some(alloc_condition),
    free_condition: Some(free_condition),
    signal_condition: Some(signal_condition),
    wait_condition: Some(wait_condition),
};

/// Whether the system has mutexes with priority inheritance.
pub fn can_inherit() -> bool {
    let mut mutex = MaybeUninit::uninit();
    // SAFETY: the mutex is destroyed only if it was made, and no thread uses it.
    unsafe {
        let made = init(mutex.as_mut_ptr(), libc::PTHREAD_PRIO_INHERIT);
        if made {
            libc::pthread_mutex_destroy(mutex.as_mut_ptr());
        }
        made
    }
}

/// Makes a recursive mutex: the API's plain locks merely promise not to need it.
///
/// # Safety
/// `mutex` may be written to.
unsafe fn init(mutex: *mut pthread_mutex_t, protocol: c_int) -> bool {
    let mut attributes = MaybeUninit::uninit();
    let at = attributes.as_mut_ptr();
    // SAFETY: the attributes are made before they are used, and destroyed.
    unsafe {
        if libc::pthread_mutexattr_init(at) != 0 {
            return false;
        }
        let made = libc::pthread_mutexattr_settype(at, libc::PTHREAD_MUTEX_RECURSIVE) == 0
            && libc::pthread_mutexattr_setprotocol(at, protocol) == 0
            && libc::pthread_mutex_init(mutex, at) == 0;
        libc::pthread_mutexattr_destroy(at);
        made
    }
}

fn alloc(protocol: c_int) -> *mut c_void {
    let mutex = mm::malloc(size_of::<pthread_mutex_t>());
    // SAFETY: a fresh block of the right size, freed if it is of no use.
    unsafe {
        if !mutex.is_null() && !init(mutex.cast(), protocol) {
            mm::free(mutex);
            return ptr::null_mut();
        }
    }
    mutex
}

/// # Safety
/// As for `alloc_inheriting`.
unsafe extern "C" fn alloc_plain(_kind: c_uint) -> *mut c_void {
    alloc(libc::PTHREAD_PRIO_NONE)
}

/// # Safety
/// None: callable anywhere. (Unsafe as the callback's type is.)
unsafe extern "C" fn alloc_inheriting(_kind: c_uint) -> *mut c_void {
    alloc(libc::PTHREAD_PRIO_INHERIT)
}

/// # Safety
/// `lock` came from this table; no thread holds or uses it.
unsafe extern "C" fn free(lock: *mut c_void, _kind: c_uint) {
    // SAFETY: the caller passes what `alloc` returned, unlocked.
    unsafe {
        libc::pthread_mutex_destroy(lock.cast());
        mm::free(lock);
    }
}

/// # Safety
/// `lock` came from this table and is alive.
unsafe extern "C" fn lock(mode: c_uint, lock: *mut c_void) -> c_int {
    // SAFETY: the caller passes what `alloc` returned.
    unsafe {
        if mode & TRY != 0 {
            libc::pthread_mutex_trylock(lock.cast())
        } else {
            libc::pthread_mutex_lock(lock.cast())
        }
    }
}

/// # Safety
/// The calling thread holds `lock`.
unsafe extern "C" fn unlock(_mode: c_uint, lock: *mut c_void) -> c_int {
    // SAFETY: the caller passes what `alloc` returned, and holds it.
    unsafe { libc::pthread_mutex_unlock(lock.cast()) }
}

/// # Safety
/// None: callable anywhere. (Unsafe as the callback's type is.)
unsafe extern "C" fn alloc_condition(_kind: c_uint) -> *mut c_void {
    let condition = mm::malloc(size_of::<pthread_cond_t>());
    // SAFETY: a fresh block of the right size, freed if it is of no use.
    unsafe {
        if !condition.is_null() && !init_condition(condition.cast()) {
            mm::free(condition);
            return ptr::null_mut();
        }
    }
    condition
}

/// # Safety
/// `condition` may be written to.
unsafe fn init_condition(condition: *mut pthread_cond_t) -> bool {
    let mut attributes = MaybeUninit::uninit();
    let at = attributes.as_mut_ptr();
    // SAFETY: the attributes are made before they are used, and destroyed.
    unsafe {
        if libc::pthread_condattr_init(at) != 0 {
            return false;
        }
        // A limit of time must not depend on the wall clock.
        let made = libc::pthread_condattr_setclock(at, libc::CLOCK_MONOTONIC) == 0
            && libc::pthread_cond_init(condition, at) == 0;
        libc::pthread_condattr_destroy(at);
        made
    }
}

/// # Safety
/// `condition` came from this table; no thread waits for it or uses it.
unsafe extern "C" fn free_condition(condition: *mut c_void) {
    // SAFETY: the caller passes what alloc_condition returned, without waiters.
    unsafe {
        libc::pthread_cond_destroy(condition.cast());
        mm::free(condition);
    }
}

/// # Safety
/// `condition` came from this table and is alive.
unsafe extern "C" fn signal_condition(condition: *mut c_void, broadcast: c_int) -> c_int {
    // SAFETY: the caller passes what alloc_condition returned.
    let result = unsafe {
        if broadcast != 0 {
            libc::pthread_cond_broadcast(condition.cast())
        } else {
            libc::pthread_cond_signal(condition.cast())
        }
    };
    if result == 0 { 0 } else { -1 }
}

/// # Safety
/// Both came from this table and are alive; the calling thread holds `lock`, once. `timeout` is
/// null or a time.
unsafe extern "C" fn wait_condition(
    condition: *mut c_void,
    lock: *mut c_void,
    limit: *const timeval,
) -> c_int {
    // SAFETY: the caller passes what the alloc functions returned, holds the lock, and `limit` is
    // null or points to a timeval.
    let result = unsafe {
        if limit.is_null() {
            libc::pthread_cond_wait(condition.cast(), lock.cast())
        } else {
            let limit = time::from_timeval(*limit).max(0);
            let end = time::to_timeval(time::monotonic(true).saturating_add(limit));
            let end = libc::timespec {
                tv_sec: end.tv_sec,
                tv_nsec: end.tv_usec * 1000,
            };
            libc::pthread_cond_timedwait(condition.cast(), lock.cast(), &raw const end)
        }
    };
    match result {
        0 => 0,
        libc::ETIMEDOUT => 1,
        _ => -1,
    }
}
