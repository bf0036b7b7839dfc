//! `<event2/thread.h>`: setting the library up for programs with several threads.
//!
//! Everything here is called before the first object that needs a lock is made, and before other
//! threads use the library.

use core::ffi::{c_int, c_uint, c_void};

use libc::timeval;

/// Mode of a locking callback: a read-write lock is acquired or released for writing.
pub const EVTHREAD_WRITE: c_uint = 0x04;
/// Mode of a locking callback: a read-write lock is acquired or released for reading.
pub const EVTHREAD_READ: c_uint = 0x08;
/// Mode of a locking callback: don't wait. If the lock cannot be acquired at once, the callback
/// returns a value other than 0.
pub const EVTHREAD_TRY: c_uint = 0x10;

/// The value of `lock_api_version` in struct evthread_lock_callbacks.
pub const EVTHREAD_LOCK_API_VERSION: c_int = 1;

/// Kind of lock: the thread that holds it may acquire it again, and releases it as often as it
/// acquired it.
pub const EVTHREAD_LOCKTYPE_RECURSIVE: c_uint = 1;
/// Kind of lock: several readers or one writer hold it. The library makes none.
pub const EVTHREAD_LOCKTYPE_READWRITE: c_uint = 2;

/// The value of `condition_api_version` in struct evthread_condition_callbacks.
pub const EVTHREAD_CONDITION_API_VERSION: c_int = 1;

/// Defined where evthread_use_pthreads() exists.
pub const EVTHREAD_USE_PTHREADS_IMPLEMENTED: c_int = 1;

/// Flag of evthread_use_pthreads_with_flags(): a thread that holds a lock runs with the priority
/// of the most urgent thread that waits for it. Since 2.2.
pub const EVTHREAD_PTHREAD_PRIO_INHERIT: c_int = 0x01;

/// How to make and use locks, for evthread_set_lock_callbacks().
#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
#[allow(
    unpredictable_function_pointer_comparisons,
    reason = "the same table given twice"
)]
pub struct evthread_lock_callbacks {
    /// EVTHREAD_LOCK_API_VERSION.
    pub lock_api_version: c_int,
    /// The kinds of locks that `alloc` can make: EVTHREAD_LOCKTYPE_RECURSIVE, which is always
    /// needed, and EVTHREAD_LOCKTYPE_READWRITE.
    pub supported_locktypes: c_uint,
    /// Returns a new lock of the kind `locktype`, or NULL when it cannot.
    pub alloc: Option<unsafe extern "C" fn(locktype: c_uint) -> *mut c_void>,
    /// Frees a lock that was made with the kind `locktype`.
    pub free: Option<unsafe extern "C" fn(lock: *mut c_void, locktype: c_uint)>,
    /// Acquires a lock; `mode` is 0 or made of EVTHREAD_WRITE, EVTHREAD_READ and EVTHREAD_TRY.
    /// Returns 0 when the lock is held.
    pub lock: Option<unsafe extern "C" fn(mode: c_uint, lock: *mut c_void) -> c_int>,
    /// Releases a lock. Returns 0 on success.
    pub unlock: Option<unsafe extern "C" fn(mode: c_uint, lock: *mut c_void) -> c_int>,
}

/// How to make and use condition variables, for evthread_set_condition_callbacks().
#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
#[allow(
    unpredictable_function_pointer_comparisons,
    reason = "the same table given twice"
)]
pub struct evthread_condition_callbacks {
    /// EVTHREAD_CONDITION_API_VERSION.
    pub condition_api_version: c_int,
    /// Returns a new condition variable, or NULL when it cannot. `condtype` is 0.
    pub alloc_condition: Option<unsafe extern "C" fn(condtype: c_uint) -> *mut c_void>,
    /// Frees a condition variable.
    pub free_condition: Option<unsafe extern "C" fn(cond: *mut c_void)>,
    /// Wakes one waiting thread, or all of them if `broadcast` is not 0. The condition's lock is
    /// held. Returns 0 on success and -1 on failure.
    pub signal_condition:
        Option<unsafe extern "C" fn(cond: *mut c_void, broadcast: c_int) -> c_int>,
    /// Releases `lock`, which the caller holds, waits to be woken, and acquires it again. Waits no
    /// longer than `timeout` if that is not NULL. Returns 0 when woken, 1 on a timeout, -1 on
    /// failure.
    pub wait_condition: Option<
        unsafe extern "C" fn(
            cond: *mut c_void,
            lock: *mut c_void,
            timeout: *const timeval,
        ) -> c_int,
    >,
}
