//! Locks and conditions as libevent has them: made by callbacks, absent by default.
//!
//! An object holds a `*mut c_void` that is null when it needs no lock, and
//! locking null does nothing. The callbacks are ours (then locking is inlined
//! here: an uncontended lock is one atomic exchange and no call) or a
//! program's, reached through the table that it installed.
//!
//! As with libevent, callbacks are installed before the first object that
//! needs them is made and before other threads use the library; the statics
//! below rely on that.

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_uint, c_ulong, c_void};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};

use libc::timeval;

use super::log;

pub mod builtin;

/// The holder may lock again.
pub const RECURSIVE: c_uint = 1;
/// Mode of an exclusive lock.
pub const WRITE: c_uint = 0x04;
/// Mode that gives up instead of waiting.
pub const TRY: c_uint = 0x10;

/// `struct evthread_lock_callbacks`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
#[allow(
    unpredictable_function_pointer_comparisons,
    reason = "the same table given twice"
)]
pub struct LockTable {
    pub version: c_int,
    pub kinds: c_uint,
    pub alloc: Option<unsafe extern "C" fn(c_uint) -> *mut c_void>,
    pub free: Option<unsafe extern "C" fn(*mut c_void, c_uint)>,
    pub lock: Option<unsafe extern "C" fn(c_uint, *mut c_void) -> c_int>,
    pub unlock: Option<unsafe extern "C" fn(c_uint, *mut c_void) -> c_int>,
}

/// `struct evthread_condition_callbacks`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq)]
#[allow(
    unpredictable_function_pointer_comparisons,
    reason = "the same table given twice"
)]
pub struct ConditionTable {
    pub version: c_int,
    pub alloc: Option<unsafe extern "C" fn(c_uint) -> *mut c_void>,
    pub free: Option<unsafe extern "C" fn(*mut c_void)>,
    pub signal: Option<unsafe extern "C" fn(*mut c_void, c_int) -> c_int>,
    pub wait: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *const timeval) -> c_int>,
}

/// Tells threads apart.
pub type IdFn = unsafe extern "C" fn() -> c_ulong;

/// Written while the program has one thread, read afterwards.
struct SetUp<T>(UnsafeCell<T>);
// SAFETY: see the module's documentation: writes come before other threads use the library.
unsafe impl<T> Sync for SetUp<T> {}

const NO_LOCKS: LockTable = LockTable {
    version: 0,
    kinds: 0,
    alloc: None,
    free: None,
    lock: None,
    unlock: None,
};
const NO_CONDITIONS: ConditionTable = ConditionTable {
    version: 0,
    alloc: None,
    free: None,
    signal: None,
    wait: None,
};

static LOCKS: SetUp<LockTable> = SetUp(UnsafeCell::new(NO_LOCKS));
static CONDITIONS: SetUp<ConditionTable> = SetUp(UnsafeCell::new(NO_CONDITIONS));
static ID: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
/// LOCKS is `builtin::LOCKS`: locking is inlined.
static INLINED: AtomicBool = AtomicBool::new(false);

fn locks() -> LockTable {
    // SAFETY: see SetUp.
    unsafe { *LOCKS.0.get() }
}

fn conditions() -> ConditionTable {
    // SAFETY: see SetUp.
    unsafe { *CONDITIONS.0.get() }
}

/// Installs a program's (or our own) lock callbacks. True if they are in force afterwards.
///
/// Once installed they cannot be changed, because locks made by them exist; installing the same
/// ones again is fine.
pub fn set_locks(table: Option<&LockTable>) -> bool {
    let current = locks();
    let Some(table) = table else {
        if current.alloc.is_some() {
            log::warn(format_args!(
                "Removing the lock callbacks after they were in use will probably not work"
            ));
        }
        install(NO_LOCKS);
        return true;
    };
    if current.alloc.is_some() {
        if current != *table {
            log::warn(format_args!(
                "Can't change the lock callbacks once they have been set"
            ));
            return false;
        }
        return true;
    }
    if table.alloc.is_none()
        || table.free.is_none()
        || table.lock.is_none()
        || table.unlock.is_none()
    {
        return false;
    }
    install(*table);
    true
}

fn install(table: LockTable) {
    // SAFETY: see SetUp.
    unsafe { *LOCKS.0.get() = table };
    INLINED.store(table == builtin::LOCKS, Relaxed);
}

/// Installs condition callbacks, by the rules of [`set_locks`].
pub fn set_conditions(table: Option<&ConditionTable>) -> bool {
    let current = conditions();
    let Some(table) = table else {
        if current.alloc.is_some() {
            log::warn(format_args!(
                "Removing the condition callbacks after they were in use will probably not work"
            ));
        }
        // SAFETY: see SetUp.
        unsafe { *CONDITIONS.0.get() = NO_CONDITIONS };
        return true;
    };
    if current.alloc.is_some() {
        if current != *table {
            log::warn(format_args!(
                "Can't change the condition callbacks once they have been set"
            ));
            return false;
        }
        return true;
    }
    if table.alloc.is_none()
        || table.free.is_none()
        || table.signal.is_none()
        || table.wait.is_none()
    {
        return false;
    }
    // SAFETY: see SetUp.
    unsafe { *CONDITIONS.0.get() = *table };
    true
}

/// Installs the function that tells threads apart.
pub fn set_id(id: Option<IdFn>) {
    ID.store(id.map_or(ptr::null_mut(), |f| f as *mut ()), Relaxed);
}

/// The installed lock callbacks, for code that wraps them.
pub fn lock_table() -> *mut LockTable {
    LOCKS.0.get()
}

/// The installed condition callbacks, for code that wraps them.
pub fn condition_table() -> *mut ConditionTable {
    CONDITIONS.0.get()
}

/// Whether lock callbacks are installed.
pub fn enabled() -> bool {
    locks().lock.is_some()
}

/// A new lock; null without callbacks or memory.
pub fn alloc(kind: c_uint) -> *mut c_void {
    match locks().alloc {
        // SAFETY: an installed callback may be called.
        Some(alloc) => unsafe { alloc(kind) },
        None => ptr::null_mut(),
    }
}

/// Frees a lock; null is accepted.
///
/// # Safety
/// `lock` came from [`alloc`] with the same kind, is not held and not used again.
pub unsafe fn free(lock: *mut c_void, kind: c_uint) {
    if let (false, Some(free)) = (lock.is_null(), locks().free) {
        // SAFETY: the caller's promise.
        unsafe { free(lock, kind) };
    }
}

/// Locks; null is accepted and does nothing.
///
/// # Safety
/// `lock` is null or a live lock from [`alloc`].
#[inline]
pub unsafe fn lock(lock: *mut c_void) {
    if lock.is_null() {
        return;
    }
    if INLINED.load(Relaxed) {
        // SAFETY: while our own callbacks are installed every lock is a builtin one.
        unsafe { (*lock.cast::<builtin::Lock>()).lock() };
    } else if let Some(call) = locks().lock {
        // SAFETY: the caller's promise.
        unsafe { call(0, lock) };
    }
}

/// Locks if nobody else holds the lock; null counts as locked.
///
/// # Safety
/// See [`lock`].
pub unsafe fn try_lock(lock: *mut c_void) -> bool {
    match locks().lock {
        // SAFETY: the caller's promise.
        Some(call) if !lock.is_null() => unsafe { call(TRY, lock) == 0 },
        _ => true,
    }
}

/// Unlocks; null is accepted and does nothing.
///
/// # Safety
/// `lock` is null or a lock that the calling thread holds.
#[inline]
pub unsafe fn unlock(lock: *mut c_void) {
    if lock.is_null() {
        return;
    }
    if INLINED.load(Relaxed) {
        // SAFETY: while our own callbacks are installed every lock is a builtin one.
        unsafe { (*lock.cast::<builtin::Lock>()).unlock() };
    } else if let Some(call) = locks().unlock {
        // SAFETY: the caller's promise.
        unsafe { call(0, lock) };
    }
}

/// A new condition; null without callbacks or memory.
pub fn alloc_condition() -> *mut c_void {
    match conditions().alloc {
        // SAFETY: an installed callback may be called.
        Some(alloc) => unsafe { alloc(0) },
        None => ptr::null_mut(),
    }
}

/// Frees a condition; null is accepted.
///
/// # Safety
/// `condition` came from [`alloc_condition`], has no waiters and is not used again.
pub unsafe fn free_condition(condition: *mut c_void) {
    if let (false, Some(free)) = (condition.is_null(), conditions().free) {
        // SAFETY: the caller's promise.
        unsafe { free(condition) };
    }
}

/// Wakes all waiters; null is accepted.
///
/// # Safety
/// `condition` is null or live; the calling thread holds the lock that the waiters gave up.
pub unsafe fn broadcast(condition: *mut c_void) {
    if let (false, Some(signal)) = (condition.is_null(), conditions().signal) {
        // SAFETY: the caller's promise.
        unsafe { signal(condition, 1) };
    }
}

/// Gives up `lock`, waits for a wake-up and locks again; null returns at once.
///
/// # Safety
/// `condition` is null or live, and the calling thread holds `lock` once.
pub unsafe fn wait(condition: *mut c_void, lock: *mut c_void) {
    if let (false, Some(wait)) = (condition.is_null(), conditions().wait) {
        // SAFETY: the caller's promise.
        unsafe { wait(condition, lock, ptr::null()) };
    }
}

/// Names the calling thread, or `None` where the program has not said how: it has one thread then.
#[inline]
pub fn thread_id() -> Option<c_ulong> {
    let id = ID.load(Relaxed);
    if id.is_null() {
        return None;
    }
    if id == builtin::thread_id as *mut () {
        // SAFETY: reads the thread pointer.
        return Some(unsafe { builtin::thread_id() });
    }
    // SAFETY: set_id stored an IdFn.
    Some(unsafe { core::mem::transmute::<*mut (), IdFn>(id)() })
}
