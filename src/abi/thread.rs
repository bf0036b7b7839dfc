//! `<event2/thread.h>`: setting the library up for programs with several threads.
//!
//! Everything here is called before the first object that needs a lock is made, and before other
//! threads use the library.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_int, c_ulong};

use crate::abi::convert::{done, status};
use crate::base::{EventBase as event_base, debug};
use crate::ctypes::thread::{
    EVTHREAD_PTHREAD_PRIO_INHERIT, evthread_condition_callbacks, evthread_lock_callbacks,
};
use crate::support::lock;
use crate::sys::Errno;

/// Chooses the functions that make and use the library's locks.
///
/// For POSIX threads evthread_use_pthreads() is the better choice. Once installed, callbacks
/// cannot be replaced, because locks made by them are in use; giving the same ones again is fine.
/// NULL removes them, with a warning, and then every object is unlocked. In debug mode the process is
/// ended if an event_base has been made before.
///
/// @param cbs a complete table, which is copied, or NULL
/// @return 0 on success; -1 when a function is missing from the table, or when other callbacks are
///   active already
///
/// # Safety
/// The callbacks stay callable for as long as the library is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_set_lock_callbacks(cbs: *const evthread_lock_callbacks) -> c_int {
    debug::check_in_time_for_locks();
    // SAFETY: null or the caller's table.
    done(lock::set_locks(unsafe { cbs.as_ref() }))
}

/// Chooses the functions that make and use the library's condition variables.
///
/// The rules are those of evthread_set_lock_callbacks(), except that a table that lacks a function
/// is ignored without an error, as in libevent.
///
/// @param cbs a complete table, which is copied, or NULL
/// @return 0 on success; -1 when other callbacks are active already
///
/// # Safety
/// The callbacks stay callable for as long as the library is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_set_condition_callbacks(
    cbs: *const evthread_condition_callbacks,
) -> c_int {
    debug::check_in_time_for_locks();
    // SAFETY: null or the caller's table.
    done(lock::set_conditions(unsafe { cbs.as_ref() }))
}

/// Chooses the function that tells threads apart.
///
/// @param id_fn returns a number that no other running thread has; with NULL the library assumes
///   that there is only one thread
///
/// # Safety
/// The callback stays callable for as long as the library is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_set_id_callback(
    id_fn: Option<unsafe extern "C" fn() -> c_ulong>,
) {
    lock::set_id(id_fn);
}

/// Makes the library safe to use from several POSIX threads: installs lock, condition and id
/// callbacks.
///
/// Objects that exist already stay without locks. Lock or condition callbacks that are active
/// already stay, with a warning.
///
/// @return 0
#[unsafe(no_mangle)]
pub extern "C" fn evthread_use_pthreads() -> c_int {
    debug::check_in_time_for_locks();
    done(lock::use_pthreads(false))
}

/// Does what evthread_use_pthreads() does, with locks of the chosen kind. Since 2.2.
///
/// @param flags 0 or EVTHREAD_PTHREAD_PRIO_INHERIT
/// @return 0 on success; -1 when a flag is unknown, or when such locks cannot be made because the
///   system lacks them or because other lock callbacks are active already
#[unsafe(no_mangle)]
pub extern "C" fn evthread_use_pthreads_with_flags(flags: c_int) -> c_int {
    if flags & !EVTHREAD_PTHREAD_PRIO_INHERIT != 0 {
        return -1;
    }
    debug::check_in_time_for_locks();
    done(lock::use_pthreads(
        flags & EVTHREAD_PTHREAD_PRIO_INHERIT != 0,
    ))
}

/// Makes the library check its use of locks, with whichever callbacks are or will be installed.
///
/// Releasing a lock that the thread does not hold, acquiring a lock twice that is not recursive, or
/// freeing a lock that is held ends the process: the reason is logged, then the fatal callback
/// runs. Call this before any lock is made.
#[unsafe(no_mangle)]
pub extern "C" fn evthread_enable_lock_debugging() {
    lock::enable_debugging();
}

/// The old name of evthread_enable_lock_debugging().
#[unsafe(no_mangle)]
pub extern "C" fn evthread_enable_lock_debuging() {
    lock::enable_debugging();
}

/// Makes a base that other threads can wake up. Bases made after locking was set up already are.
///
/// @return 0 on success, -1 if no descriptor could be had
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evthread_make_base_notifiable(base: *mut event_base) -> c_int {
    // SAFETY: the caller's promise.
    let base = unsafe { event_base::from_ptr(base) }.ok_or(Errno::INVAL);
    status(base.and_then(|base| base.lock().make_notifiable()))
}
