//! `<event2/thread.h>`: setting the library up for programs with several threads.
//!
//! Everything here is called before the first object that needs a lock is made, and before other
//! threads use the library.
#![allow(non_camel_case_types, reason = "C names")]
#![allow(dead_code, reason = "some constants are for C programs only")]

use core::ffi::{c_int, c_uint, c_ulong, c_void};

use libc::timeval;

use crate::base::EventBase as event_base;
use crate::support::lock;

/// Mode of a locking callback: a read-write lock is taken or given back for writing.
pub const EVTHREAD_WRITE: c_uint = 0x04;
/// Mode of a locking callback: a read-write lock is taken or given back for reading.
pub const EVTHREAD_READ: c_uint = 0x08;
/// Mode of a locking callback: don't wait. If the lock cannot be had at once, the callback returns
/// a value other than 0.
pub const EVTHREAD_TRY: c_uint = 0x10;

/// The value of `lock_api_version` in struct evthread_lock_callbacks.
pub const EVTHREAD_LOCK_API_VERSION: c_int = 1;

/// Kind of lock: the thread that holds it may take it again, and gives it back as often as it took
/// it.
pub const EVTHREAD_LOCKTYPE_RECURSIVE: c_uint = 1;
/// Kind of lock: several readers or one writer hold it. The library makes none.
pub const EVTHREAD_LOCKTYPE_READWRITE: c_uint = 2;

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
    /// Takes a lock; `mode` is 0 or made of EVTHREAD_WRITE, EVTHREAD_READ and EVTHREAD_TRY.
    /// Returns 0 when the lock is held.
    pub lock: Option<unsafe extern "C" fn(mode: c_uint, lock: *mut c_void) -> c_int>,
    /// Gives a lock back. Returns 0 on success.
    pub unlock: Option<unsafe extern "C" fn(mode: c_uint, lock: *mut c_void) -> c_int>,
}

/// Chooses the functions that make and use the library's locks.
///
/// For POSIX threads evthread_use_pthreads() is the better choice. Once installed, callbacks
/// cannot be exchanged, because locks made by them are in use; giving the same ones again is fine.
/// NULL removes them, with a warning, and then every object is unlocked.
///
/// @param cbs a complete table, which is copied, or NULL
/// @return 0 on success; -1 when a function is missing from the table, or when other callbacks are
///   in force already
///
/// # Safety
/// The callbacks stay callable for as long as the library is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_set_lock_callbacks(cbs: *const evthread_lock_callbacks) -> c_int {
    // SAFETY: null or the caller's table.
    status(lock::set_locks(unsafe { cbs.as_ref() }))
}

/// The value of `condition_api_version` in struct evthread_condition_callbacks.
pub const EVTHREAD_CONDITION_API_VERSION: c_int = 1;

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
    /// Gives `lock`, which the caller holds, back, waits to be woken and takes it again. Waits no
    /// longer than `timeout` if that is not NULL. Returns 0 when woken, 1 when the time ran out,
    /// -1 on failure.
    pub wait_condition: Option<
        unsafe extern "C" fn(
            cond: *mut c_void,
            lock: *mut c_void,
            timeout: *const timeval,
        ) -> c_int,
    >,
}

/// Chooses the functions that make and use the library's condition variables.
///
/// The rules are those of evthread_set_lock_callbacks(), except that a table from which a function
/// is missing is passed over without an error, as libevent does.
///
/// @param cbs a complete table, which is copied, or NULL
/// @return 0 on success; -1 when other callbacks are in force already
///
/// # Safety
/// The callbacks stay callable for as long as the library is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_set_condition_callbacks(
    cbs: *const evthread_condition_callbacks,
) -> c_int {
    // SAFETY: null or the caller's table.
    status(lock::set_conditions(unsafe { cbs.as_ref() }))
}

/// Chooses the function that tells threads apart.
///
/// @param id_fn returns a number that no other running thread has; NULL makes the library believe
///   that there is one thread
///
/// # Safety
/// The callback stays callable for as long as the library is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_set_id_callback(
    id_fn: Option<unsafe extern "C" fn() -> c_ulong>,
) {
    lock::set_id(id_fn);
}

/// Defined where evthread_use_pthreads() exists.
pub const EVTHREAD_USE_PTHREADS_IMPLEMENTED: c_int = 1;

/// Makes the library safe to use from several POSIX threads: installs lock, condition and id
/// callbacks.
///
/// Objects that exist already stay without locks. Lock or condition callbacks that are in force
/// already stay, with a warning.
///
/// @return 0
#[unsafe(no_mangle)]
pub extern "C" fn evthread_use_pthreads() -> c_int {
    status(lock::use_pthreads(false))
}

/// Flag of evthread_use_pthreads_with_flags(): a thread that holds a lock runs with the priority
/// of the most urgent thread that waits for it. Since 2.2.
pub const EVTHREAD_PTHREAD_PRIO_INHERIT: c_int = 0x01;

/// Does what evthread_use_pthreads() does, with locks of the chosen kind. Since 2.2.
///
/// @param flags 0 or EVTHREAD_PTHREAD_PRIO_INHERIT
/// @return 0 on success; -1 when a flag is unknown, or when such locks cannot be had because the
///   system lacks them or because other lock callbacks are in force already
#[unsafe(no_mangle)]
pub extern "C" fn evthread_use_pthreads_with_flags(flags: c_int) -> c_int {
    if flags & !EVTHREAD_PTHREAD_PRIO_INHERIT != 0 {
        return -1;
    }
    status(lock::use_pthreads(
        flags & EVTHREAD_PTHREAD_PRIO_INHERIT != 0,
    ))
}

/// Makes the library check its use of locks, with whichever callbacks are or will be installed.
///
/// A lock that is given back by a thread that does not hold it, taken twice although it is not
/// recursive, or freed while it is held ends the process: the log callback is told what happened,
/// then the fatal callback runs. Call this before any lock is made.
#[unsafe(no_mangle)]
pub extern "C" fn evthread_enable_lock_debugging() {
    lock::enable_debugging();
}

/// The old name of evthread_enable_lock_debugging().
#[unsafe(no_mangle)]
pub extern "C" fn evthread_enable_lock_debuging() {
    lock::enable_debugging();
}

fn status(done: bool) -> c_int {
    if done { 0 } else { -1 }
}

/// Makes a base one that other threads can wake. Bases made after the locks were set up are so from
/// the start.
///
/// @return 0 on success, -1 if no descriptor could be had
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_make_base_notifiable(base: *mut event_base) -> c_int {
    // SAFETY: the caller's promise.
    status(unsafe { event_base::from_ptr(base) }.is_some_and(|base| base.lock().make_notifiable()))
}
