//! The installed callbacks, the rules for installing them, and calls through them.
//!
//! Callbacks are installed before the first object that needs them is made and
//! before other threads use the library; the statics here rely on that.

use core::cell::UnsafeCell;
use core::ffi::{c_uint, c_ulong, c_void};
use core::mem::transmute;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};

use libc::timeval;

use super::{builtin, pthread};
use crate::ctypes::thread::{
    evthread_condition_callbacks as ConditionTable, evthread_lock_callbacks as LockTable,
};
use crate::support::log;

/// Tells threads apart.
pub type IdFn = unsafe extern "C" fn() -> c_ulong;

/// Written while the program has one thread, read afterwards.
struct SetUp<T>(UnsafeCell<T>);
// SAFETY: see the module's documentation: writes come before other threads use the library.
unsafe impl<T> Sync for SetUp<T> {}

const NO_LOCKS: LockTable = LockTable {
    lock_api_version: 0,
    supported_locktypes: 0,
    alloc: None,
    free: None,
    lock: None,
    unlock: None,
};
const NO_CONDITIONS: ConditionTable = ConditionTable {
    condition_api_version: 0,
    alloc_condition: None,
    free_condition: None,
    signal_condition: None,
    wait_condition: None,
};

static LOCKS: SetUp<LockTable> = SetUp(UnsafeCell::new(NO_LOCKS));
static CONDITIONS: SetUp<ConditionTable> = SetUp(UnsafeCell::new(NO_CONDITIONS));
static ID: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
static DEBUGGING: AtomicBool = AtomicBool::new(false);
/// Every lock is a `builtin::Lock` and is not checked: locking is inlined.
static INLINED: AtomicBool = AtomicBool::new(false);

fn locks() -> LockTable {
    // SAFETY: see SetUp.
    unsafe { *LOCKS.0.get() }
}

pub(super) fn conditions() -> ConditionTable {
    // SAFETY: see SetUp.
    unsafe { *CONDITIONS.0.get() }
}

/// Whether every lock is an unchecked `builtin::Lock`.
#[inline]
pub(super) fn inlined() -> bool {
    INLINED.load(Relaxed)
}

/// Whether the use of locks is checked: then every lock is a `debug::Lock`.
pub(super) fn debugging() -> bool {
    DEBUGGING.load(Relaxed)
}

/// Whether lock callbacks are installed.
pub(super) fn installed() -> bool {
    locks().lock.is_some()
}

/// Whether locks are made at all.
pub fn enabled() -> bool {
    debugging() || installed()
}

/// Installs a program's (or our own) lock callbacks. True if they are active afterwards.
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
        }
        return current == *table;
    }
    let complete = table.alloc.is_some()
        && table.free.is_some()
        && table.lock.is_some()
        && table.unlock.is_some();
    if complete {
        install(*table);
    }
    complete
}

fn install(table: LockTable) {
    // SAFETY: see SetUp.
    unsafe { *LOCKS.0.get() = table };
    choose_path();
}

fn choose_path() {
    INLINED.store(!debugging() && locks() == builtin::LOCKS, Relaxed);
}

/// Installs condition callbacks, by the rules of [`set_locks`], but an incomplete table is no
/// error: it is passed over, as libevent does.
pub fn set_conditions(table: Option<&ConditionTable>) -> bool {
    let current = conditions();
    let Some(table) = table else {
        if current.alloc_condition.is_some() {
            log::warn(format_args!(
                "Removing the condition callbacks after they were in use will probably not work"
            ));
        }
        // SAFETY: see SetUp.
        unsafe { *CONDITIONS.0.get() = NO_CONDITIONS };
        return true;
    };
    if current.alloc_condition.is_some() {
        if current != *table {
            log::warn(format_args!(
                "Can't change the condition callbacks once they have been set"
            ));
        }
        return current == *table;
    }
    if table.alloc_condition.is_some()
        && table.free_condition.is_some()
        && table.signal_condition.is_some()
        && table.wait_condition.is_some()
    {
        // SAFETY: see SetUp.
        unsafe { *CONDITIONS.0.get() = *table };
    }
    true
}

/// Installs the function that tells threads apart.
pub fn set_id(id: Option<IdFn>) {
    ID.store(id.map_or(ptr::null_mut(), |f| f as *mut ()), Relaxed);
}

/// Installs our own callbacks. Callbacks of the program that are active stay, with a warning;
/// false only if locks with priority inheritance were asked for and cannot be had.
pub fn use_pthreads(inherit: bool) -> bool {
    if inherit && !(pthread::can_inherit() && set_locks(Some(&pthread::INHERITING))) {
        return false;
    }
    let (locks, conditions) = if locks() == pthread::INHERITING {
        (pthread::INHERITING, pthread::CONDITIONS)
    } else if foreign_conditions() {
        // The program's conditions may know what a pthread_mutex_t is, but not what our locks are.
        (pthread::PLAIN, pthread::CONDITIONS)
    } else {
        (builtin::LOCKS, builtin::CONDITIONS)
    };
    set_locks(Some(&locks));
    set_conditions(Some(&conditions));
    set_id(Some(builtin::thread_id));
    true
}

fn foreign_conditions() -> bool {
    ![NO_CONDITIONS, builtin::CONDITIONS, pthread::CONDITIONS].contains(&conditions())
}

/// From now on the use of locks is checked.
pub fn enable_debugging() {
    DEBUGGING.store(true, Relaxed);
    choose_path();
}

/// Where the installed lock callbacks are.
pub fn lock_table() -> *mut LockTable {
    LOCKS.0.get()
}

/// Where the installed condition callbacks are.
pub fn condition_table() -> *mut ConditionTable {
    CONDITIONS.0.get()
}

/// A new lock of the installed callbacks; null without callbacks or memory.
pub(super) fn alloc(kind: c_uint) -> *mut c_void {
    match locks().alloc {
        // SAFETY: an installed callback may be called.
        Some(alloc) => unsafe { alloc(kind) },
        None => ptr::null_mut(),
    }
}

/// # Safety
/// `lock` is null or came from [`alloc`] with the same kind, is not held and not used again.
pub(super) unsafe fn free(lock: *mut c_void, kind: c_uint) {
    if let (false, Some(free)) = (lock.is_null(), locks().free) {
        // SAFETY: the caller's promise.
        unsafe { free(lock, kind) };
    }
}

/// True if the lock is held now; null counts as held.
///
/// # Safety
/// `lock` is null or a live lock from [`alloc`].
pub(super) unsafe fn lock(mode: c_uint, lock: *mut c_void) -> bool {
    match locks().lock {
        // SAFETY: the caller's promise.
        Some(call) if !lock.is_null() => unsafe { call(mode, lock) == 0 },
        _ => true,
    }
}

/// # Safety
/// `lock` is null or a live lock from [`alloc`] that the calling thread holds.
pub(super) unsafe fn unlock(lock: *mut c_void) {
    if let (false, Some(call)) = (lock.is_null(), locks().unlock) {
        // SAFETY: the caller's promise.
        unsafe { call(0, lock) };
    }
}

/// Waits without a limit of time. False, at once, if either pointer is null or there is no callback
/// that could wait.
///
/// # Safety
/// `condition` is null or live; `lock` is null or a lock from [`alloc`] that the calling thread
/// holds once.
pub(super) unsafe fn wait(condition: *mut c_void, lock: *mut c_void) -> bool {
    if condition.is_null() || lock.is_null() {
        return false;
    }
    let no_limit: *const timeval = ptr::null();
    conditions()
        .wait_condition
        // SAFETY: the caller's promise.
        .is_some_and(|wait| unsafe { wait(condition, lock, no_limit) } == 0)
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
    Some(unsafe { transmute::<*mut (), IdFn>(id)() })
}
