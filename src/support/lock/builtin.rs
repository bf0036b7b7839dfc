//! Our own locks and conditions, on parking_lot.

use core::ffi::{c_int, c_uint, c_ulong, c_void};
use core::num::NonZeroUsize;
use core::ptr;
use core::time::Duration;

use libc::timeval;
use lock_api::{GetThreadId, RawReentrantMutex};
use parking_lot::{Condvar, Mutex, RawMutex};

use super::{ConditionTable, LockTable, RECURSIVE, TRY};
use crate::support::{mm, time};

/// The address of the thread's control block, which is also what `pthread_self()` returns.
#[inline]
fn thread_pointer() -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        let pointer: usize;
        // SAFETY: the System V ABI keeps the thread pointer at fs:0; reading it has no effect.
        unsafe {
            core::arch::asm!("mov {}, fs:0", out(reg) pointer,
                options(nostack, preserves_flags, readonly, pure));
        }
        pointer
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        // SAFETY: pthread_self cannot fail.
        unsafe { libc::pthread_self() as usize }
    }
}

/// Names the calling thread without a call.
pub struct ThreadPointer;

// SAFETY: every living thread has its own control block, at an address that is not zero.
unsafe impl GetThreadId for ThreadPointer {
    const INIT: Self = ThreadPointer;
    fn nonzero_thread_id(&self) -> NonZeroUsize {
        NonZeroUsize::new(thread_pointer()).unwrap_or(NonZeroUsize::MIN)
    }
}

/// Every lock is recursive: the API's plain locks merely promise not to need it.
pub type Lock = RawReentrantMutex<RawMutex, ThreadPointer>;

/// The table that `evthread_use_pthreads` installs.
pub const LOCKS: LockTable = LockTable {
    version: 1,
    kinds: RECURSIVE,
    alloc: Some(alloc),
    free: Some(free),
    lock: Some(lock),
    unlock: Some(unlock),
};

/// The condition table that `evthread_use_pthreads` installs.
pub const CONDITIONS: ConditionTable = ConditionTable {
    version: 1,
    alloc: Some(alloc_condition),
    free: Some(free_condition),
    signal: Some(signal_condition),
    wait: Some(wait_condition),
};

/// The thread id that `evthread_use_pthreads` installs.
pub unsafe extern "C" fn thread_id() -> c_ulong {
    thread_pointer() as c_ulong
}

unsafe extern "C" fn alloc(_kind: c_uint) -> *mut c_void {
    let lock = mm::malloc(size_of::<Lock>()).cast::<Lock>();
    if !lock.is_null() {
        // SAFETY: a fresh block of the right size.
        unsafe { lock.write(Lock::INIT) };
    }
    lock.cast()
}

unsafe extern "C" fn free(lock: *mut c_void, _kind: c_uint) {
    // SAFETY: the caller passes what `alloc` returned, unlocked; a Lock needs no drop.
    unsafe { mm::free(lock) };
}

unsafe extern "C" fn lock(mode: c_uint, lock: *mut c_void) -> c_int {
    // SAFETY: the caller passes what `alloc` returned.
    let lock = unsafe { &*lock.cast::<Lock>() };
    if mode & TRY != 0 {
        c_int::from(!lock.try_lock())
    } else {
        lock.lock();
        0
    }
}

unsafe extern "C" fn unlock(_mode: c_uint, lock: *mut c_void) -> c_int {
    // SAFETY: the caller passes what `alloc` returned, and holds it.
    unsafe { (*lock.cast::<Lock>()).unlock() };
    0
}

/// The inner mutex orders a signal behind the waiter's going to sleep.
struct Condition {
    asleep: Mutex<()>,
    wake: Condvar,
}

unsafe extern "C" fn alloc_condition(_kind: c_uint) -> *mut c_void {
    let condition = mm::malloc(size_of::<Condition>()).cast::<Condition>();
    if !condition.is_null() {
        let fresh = Condition {
            asleep: Mutex::new(()),
            wake: Condvar::new(),
        };
        // SAFETY: a fresh block of the right size.
        unsafe { condition.write(fresh) };
    }
    condition.cast()
}

unsafe extern "C" fn free_condition(condition: *mut c_void) {
    // SAFETY: the caller passes what alloc_condition returned, without waiters.
    unsafe {
        ptr::drop_in_place(condition.cast::<Condition>());
        mm::free(condition);
    }
}

unsafe extern "C" fn signal_condition(condition: *mut c_void, broadcast: c_int) -> c_int {
    // SAFETY: the caller passes what alloc_condition returned.
    let condition = unsafe { &*condition.cast::<Condition>() };
    let _order = condition.asleep.lock();
    if broadcast != 0 {
        condition.wake.notify_all();
    } else {
        condition.wake.notify_one();
    }
    0
}

/// 0 when woken, 1 when the time ran out.
unsafe extern "C" fn wait_condition(
    condition: *mut c_void,
    lock: *mut c_void,
    limit: *const timeval,
) -> c_int {
    // SAFETY: the caller passes what the two alloc functions returned, and holds the lock.
    let (condition, lock) = unsafe { (&*condition.cast::<Condition>(), &*lock.cast::<Lock>()) };
    let mut asleep = condition.asleep.lock();
    // SAFETY: held by the calling thread.
    unsafe { lock.unlock() };
    let timed_out = if limit.is_null() {
        condition.wake.wait(&mut asleep);
        false
    } else {
        // SAFETY: not null, so it points to a timeval.
        let micros = time::from_timeval(unsafe { *limit }).max(0);
        let limit = Duration::from_micros(micros.unsigned_abs());
        condition.wake.wait_for(&mut asleep, limit).timed_out()
    };
    drop(asleep);
    lock.lock();
    c_int::from(timed_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn recursive_exclusive_and_try() {
        // SAFETY: the lock is used through its own functions and freed once, unlocked.
        unsafe {
            let guard = alloc(RECURSIVE) as usize;
            let counter = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..10_000 {
                            let guard = guard as *mut c_void;
                            lock(0, guard);
                            lock(0, guard);
                            let seen = counter.load(Ordering::Relaxed);
                            counter.store(seen + 1, Ordering::Relaxed);
                            unlock(0, guard);
                            unlock(0, guard);
                        }
                    });
                }
            });
            assert_eq!(counter.into_inner(), 40_000);
            lock(0, guard as *mut c_void);
            let refused =
                std::thread::scope(|s| s.spawn(|| lock(TRY, guard as *mut c_void)).join());
            assert_ne!(refused.unwrap(), 0);
            unlock(0, guard as *mut c_void);
            free(guard as *mut c_void, RECURSIVE);
        }
    }

    #[test]
    fn waiting_times_out_and_is_woken() {
        // SAFETY: lock and condition are used through their own functions and freed once.
        unsafe {
            let guard = alloc(0) as usize;
            let condition = alloc_condition(0) as usize;
            let soon = timeval {
                tv_sec: 0,
                tv_usec: 1000,
            };
            lock(0, guard as *mut c_void);
            let got = wait_condition(condition as *mut c_void, guard as *mut c_void, &soon);
            assert_eq!(got, 1);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    lock(0, guard as *mut c_void);
                    signal_condition(condition as *mut c_void, 1);
                    unlock(0, guard as *mut c_void);
                });
                let null = ptr::null();
                let got = wait_condition(condition as *mut c_void, guard as *mut c_void, null);
                assert_eq!(got, 0);
            });
            unlock(0, guard as *mut c_void);
            free_condition(condition as *mut c_void);
            free(guard as *mut c_void, 0);
        }
    }
}
