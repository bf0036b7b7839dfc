//! Our own locks and conditions.

use core::cell::Cell;
use core::ffi::{c_int, c_uint, c_ulong, c_void};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use core::time::Duration;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use libc::timeval;
use lock_api::RawMutex as _;

use super::mutex::RawMutex;
use super::{RECURSIVE, TRY, table};
use crate::ctypes::thread::{
    EVTHREAD_CONDITION_API_VERSION, EVTHREAD_LOCK_API_VERSION,
    evthread_condition_callbacks as ConditionTable, evthread_lock_callbacks as LockTable,
};
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

/// A lock that its holder may take again. Every lock is one: the API's plain locks merely promise
/// not to need it.
pub struct Lock {
    mutex: RawMutex,
    /// The thread pointer of who holds it, or 0. Only a thread that holds it finds itself here.
    owner: AtomicUsize,
    /// How often it was taken.
    depth: Cell<usize>,
}

impl Lock {
    pub const fn new() -> Lock {
        Lock {
            mutex: RawMutex::INIT,
            owner: AtomicUsize::new(0),
            depth: Cell::new(0),
        }
    }

    #[inline(always)]
    fn lock(&self) {
        let thread = thread_pointer();
        if self.owner.load(Relaxed) == thread {
            self.depth.set(self.depth.get() + 1);
        } else {
            self.mutex.lock();
            self.owner.store(thread, Relaxed);
            self.depth.set(1);
        }
    }

    fn try_lock(&self) -> bool {
        let free = self.owner.load(Relaxed) == thread_pointer() || self.mutex.try_lock();
        if free {
            self.owner.store(thread_pointer(), Relaxed);
            self.depth.set(self.depth.get() + 1);
        }
        free
    }

    /// # Safety
    /// The calling thread holds it.
    #[inline(always)]
    unsafe fn unlock(&self) {
        let depth = self.depth.get() - 1;
        self.depth.set(depth);
        if depth == 0 {
            self.owner.store(0, Relaxed);
            // SAFETY: promised by the caller.
            unsafe { self.mutex.unlock() };
        }
    }
}

/// The table that `evthread_use_pthreads` installs.
pub const LOCKS: LockTable = LockTable {
    lock_api_version: EVTHREAD_LOCK_API_VERSION,
    supported_locktypes: RECURSIVE,
    alloc: Some(alloc),
    free: Some(free),
    lock: Some(lock),
    unlock: Some(unlock),
};

/// The condition table that `evthread_use_pthreads` installs.
pub const CONDITIONS: ConditionTable = ConditionTable {
    condition_api_version: EVTHREAD_CONDITION_API_VERSION,
    alloc_condition: Some(alloc_condition),
    free_condition: Some(free_condition),
    signal_condition: Some(signal_condition),
    wait_condition: Some(wait_condition),
};

/// Takes a lock.
///
/// # Safety
/// `lock` is a live [`Lock`].
#[inline]
pub unsafe fn acquire(lock: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { (*lock.cast::<Lock>()).lock() };
}

/// Gives a lock back.
///
/// # Safety
/// `lock` is a live [`Lock`] that the calling thread holds.
#[inline]
pub unsafe fn release(lock: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { (*lock.cast::<Lock>()).unlock() };
}

/// The thread id that `evthread_use_pthreads` installs.
///
/// # Safety
/// None: callable anywhere. (Unsafe as the callback's type is.)
pub unsafe extern "C" fn thread_id() -> c_ulong {
    thread_pointer() as c_ulong
}

/// # Safety
/// None: callable anywhere. (Unsafe as the callback's type is.)
unsafe extern "C" fn alloc(_kind: c_uint) -> *mut c_void {
    let lock = mm::malloc(size_of::<Lock>()).cast::<Lock>();
    if !lock.is_null() {
        // SAFETY: a fresh block of the right size.
        unsafe { lock.write(Lock::new()) };
    }
    lock.cast()
}

/// # Safety
/// `lock` came from this table; no thread holds or uses it.
unsafe extern "C" fn free(lock: *mut c_void, _kind: c_uint) {
    // SAFETY: the caller passes what `alloc` returned, unlocked; a Lock needs no drop.
    unsafe { mm::free(lock) };
}

/// # Safety
/// `lock` came from this table and is alive.
unsafe extern "C" fn lock(mode: c_uint, lock: *mut c_void) -> c_int {
    // SAFETY: the caller passes what `alloc` returned.
    unsafe {
        if mode & TRY != 0 {
            c_int::from(!(*lock.cast::<Lock>()).try_lock())
        } else {
            acquire(lock);
            0
        }
    }
}

/// # Safety
/// The calling thread holds `lock`.
unsafe extern "C" fn unlock(_mode: c_uint, lock: *mut c_void) -> c_int {
    // SAFETY: the caller passes what `alloc` returned, and holds it.
    unsafe { release(lock) };
    0
}

/// The inner mutex orders a signal behind the waiter's going to sleep.
pub(super) struct Condition {
    asleep: Mutex<()>,
    wake: Condvar,
}

/// # Safety
/// None: callable anywhere. (Unsafe as the callback's type is.)
unsafe extern "C" fn alloc_condition(_kind: c_uint) -> *mut c_void {
    let condition = mm::malloc(size_of::<Condition>()).cast::<Condition>();
    if !condition.is_null() {
        // SAFETY: a fresh block of the right size.
        unsafe { condition.write(Condition::new()) };
    }
    condition.cast()
}

/// # Safety
/// `condition` came from this table; no thread waits for it or uses it.
unsafe extern "C" fn free_condition(condition: *mut c_void) {
    // SAFETY: the caller passes what alloc_condition returned, without waiters.
    unsafe {
        ptr::drop_in_place(condition.cast::<Condition>());
        mm::free(condition);
    }
}

/// # Safety
/// `condition` came from this table and is alive.
unsafe extern "C" fn signal_condition(condition: *mut c_void, broadcast: c_int) -> c_int {
    // SAFETY: the caller passes what alloc_condition returned.
    unsafe { (*condition.cast::<Condition>()).signal(broadcast != 0) };
    0
}

/// 0 when woken, 1 when the time ran out.
///
/// The lock need not be ours: a program may install its own lock callbacks and still call
/// `evthread_use_pthreads`, which then installs only the conditions.
///
/// # Safety
/// Both came from this table and are alive; the calling thread holds `lock`, once. `timeout` is
/// null or a time.
unsafe extern "C" fn wait_condition(
    condition: *mut c_void,
    lock: *mut c_void,
    limit: *const timeval,
) -> c_int {
    // SAFETY: the caller passes what alloc_condition returned, and a lock of the installed
    // callbacks that it holds; `limit` is null or points to a timeval.
    unsafe {
        let woken = (*condition.cast::<Condition>()).wait(
            || table::unlock(lock),
            || {
                table::lock(0, lock);
            },
            limit.as_ref(),
        );
        c_int::from(!woken)
    }
}

impl Condition {
    pub(super) const fn new() -> Self {
        Condition {
            asleep: Mutex::new(()),
            wake: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        // A panic ends the process.
        self.asleep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn signal(&self, broadcast: bool) {
        let _order = self.lock();
        if broadcast {
            self.wake.notify_all();
        } else {
            self.wake.notify_one();
        }
    }

    /// False when the time ran out.
    pub(super) fn wait(
        &self,
        unlock: impl FnOnce(),
        lock: impl FnOnce(),
        limit: Option<&timeval>,
    ) -> bool {
        let asleep = self.lock();
        unlock();
        let woken = match limit {
            None => {
                drop(self.wake.wait(asleep));
                true
            }
            Some(limit) => {
                let micros = time::from_timeval(*limit).max(0).unsigned_abs();
                let limit = Duration::from_micros(micros);
                let waited = self.wake.wait_timeout(asleep, limit);
                let (asleep, result) = waited.unwrap_or_else(PoisonError::into_inner);
                drop(asleep);
                !result.timed_out()
            }
        };
        lock();
        woken
    }
}
