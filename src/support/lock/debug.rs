//! Checked locks: `evthread_enable_lock_debugging`.
//!
//! A checked lock wraps one of the installed callbacks, or none: without
//! callbacks there is nothing to wait for, but what the library does is still
//! counted. A mistake ends the process through the log and fatal callbacks.

use core::ffi::{c_uint, c_ulong, c_void};
use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering::Relaxed};

use super::{RECURSIVE, TRY, table};
use crate::support::{log, mm};

/// Marks a live checked lock, so that a lock made before debugging began is told apart.
const LIVE: u32 = 0xdeb6_10cc;

/// The counters are atomic because a mistake may change them without the lock.
pub struct Lock {
    signature: AtomicU32,
    kind: c_uint,
    /// Meaningful while `count` is not 0 and the program tells threads apart.
    holder: AtomicUsize,
    count: AtomicI32,
    /// Of the installed callbacks; null if there were none.
    real: *mut c_void,
}

/// What can be wrong with the use of a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mistake {
    NotChecked,
    Refused,
    HeldElsewhere,
    NotRecursive,
    NotHeld,
    FreedWhileHeld,
    OtherKind,
    WaitsWhileHeldTwice,
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Self::NotChecked => {
                "it was freed, or made before lock debugging was enabled, or not by the library"
            }
            Self::Refused => "the lock callback failed although it was allowed to wait",
            Self::HeldElsewhere => "another thread holds it",
            Self::NotRecursive => "it is held already and is not recursive",
            Self::NotHeld => "it is not held",
            Self::FreedWhileHeld => "it is freed while it is held",
            Self::OtherKind => "it is freed as a lock of another kind",
            Self::WaitsWhileHeldTwice => "a condition is awaited while it is held more than once",
        })
    }
}

impl Lock {
    fn new(kind: c_uint, real: *mut c_void) -> Self {
        Lock {
            signature: AtomicU32::new(LIVE),
            kind,
            holder: AtomicUsize::new(0),
            count: AtomicI32::new(0),
            real,
        }
    }

    fn held_by_other(&self, me: Option<c_ulong>) -> bool {
        me.is_some_and(|me| me as usize != self.holder.load(Relaxed))
    }

    /// Counts a lock that was just taken by the thread `me`.
    fn taken(&self, me: Option<c_ulong>) -> Result<(), Mistake> {
        if self.count.fetch_add(1, Relaxed) == 0 {
            self.holder.store(me.unwrap_or(0) as usize, Relaxed);
            Ok(())
        } else if self.held_by_other(me) {
            Err(Mistake::HeldElsewhere)
        } else if self.kind & RECURSIVE == 0 {
            Err(Mistake::NotRecursive)
        } else {
            Ok(())
        }
    }

    /// Counts a lock that the thread `me` is about to give back.
    fn given_back(&self, me: Option<c_ulong>) -> Result<(), Mistake> {
        if self.count.load(Relaxed) <= 0 {
            Err(Mistake::NotHeld)
        } else if self.held_by_other(me) {
            Err(Mistake::HeldElsewhere)
        } else {
            self.count.fetch_sub(1, Relaxed);
            Ok(())
        }
    }

    fn may_wait(&self) -> Result<(), Mistake> {
        match self.count.load(Relaxed) {
            ..=1 => Ok(()),
            _ => Err(Mistake::WaitsWhileHeldTwice),
        }
    }

    fn may_be_freed(&self, kind: c_uint) -> Result<(), Mistake> {
        if self.kind != kind {
            Err(Mistake::OtherKind)
        } else if self.count.load(Relaxed) != 0 {
            Err(Mistake::FreedWhileHeld)
        } else {
            Ok(())
        }
    }
}

/// Ends the process if there was a mistake.
fn insist(lock: *const c_void, outcome: Result<(), Mistake>) {
    if let Err(mistake) = outcome {
        log::fatal_abort(format_args!("Misuse of the lock {lock:p}: {mistake}"));
    }
}

/// # Safety
/// `lock` points to a lock of some kind.
unsafe fn checked<'a>(lock: *mut c_void) -> &'a Lock {
    let lock = lock.cast::<Lock>();
    // SAFETY: every kind of lock has at least the size of the signature, which comes first.
    let signature = unsafe { (*lock).signature.load(Relaxed) };
    if signature != LIVE {
        insist(lock.cast(), Err(Mistake::NotChecked));
    }
    // SAFETY: the signature says that it is a live Lock.
    unsafe { &*lock }
}

/// A new checked lock; null without memory, or when the installed callback makes none.
pub fn alloc(kind: c_uint) -> *mut c_void {
    let memory = mm::malloc(size_of::<Lock>()).cast::<Lock>();
    if memory.is_null() {
        return ptr::null_mut();
    }
    // A real lock that is not recursive would wait forever before the mistake is seen.
    let real = table::alloc(RECURSIVE);
    if real.is_null() && table::installed() {
        // SAFETY: a fresh block.
        unsafe { mm::free(memory.cast()) };
        return ptr::null_mut();
    }
    // SAFETY: a fresh block of the right size.
    unsafe { memory.write(Lock::new(kind, real)) };
    memory.cast()
}

/// # Safety
/// `lock` is null or came from [`alloc`].
pub unsafe fn free(lock: *mut c_void, kind: c_uint) {
    if lock.is_null() {
        return;
    }
    // SAFETY: the caller's promise; no thread uses the lock after this.
    unsafe {
        let this = checked(lock);
        insist(lock, this.may_be_freed(kind));
        this.signature.store(0, Relaxed);
        table::free(this.real, RECURSIVE);
        mm::free(lock);
    }
}

/// True if the lock is held now; null counts as held.
///
/// # Safety
/// `lock` is null or came from [`alloc`].
pub unsafe fn lock(mode: c_uint, lock: *mut c_void) -> bool {
    if lock.is_null() {
        return true;
    }
    // SAFETY: the caller's promise.
    let this = unsafe { checked(lock) };
    // SAFETY: `real` lives as long as the lock around it.
    let held = unsafe { table::lock(mode, this.real) };
    if held {
        insist(lock, this.taken(table::thread_id()));
    } else if mode & TRY == 0 {
        insist(lock, Err(Mistake::Refused));
    }
    held
}

/// # Safety
/// `lock` came from [`alloc`].
pub unsafe fn unlock(lock: *mut c_void) {
    // SAFETY: the caller's promise.
    let this = unsafe { checked(lock) };
    insist(lock, this.given_back(table::thread_id()));
    // SAFETY: held, as was just checked, so that `real` is held as well.
    unsafe { table::unlock(this.real) };
}

/// Waits without a limit of time; returns at once if either pointer is null.
///
/// # Safety
/// `condition` is null or live; `lock` is null or came from [`alloc`].
pub unsafe fn wait(condition: *mut c_void, lock: *mut c_void) -> bool {
    if condition.is_null() || lock.is_null() {
        return false;
    }
    // SAFETY: the caller's promise.
    let this = unsafe { checked(lock) };
    let me = table::thread_id();
    insist(lock, this.may_wait().and_then(|()| this.given_back(me)));
    // SAFETY: held once, as was just checked, so that `real` is held once as well.
    let woken = unsafe { table::wait(condition, this.real) };
    insist(lock, this.taken(me));
    woken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(kind: c_uint) -> Lock {
        Lock::new(kind, ptr::null_mut())
    }

    #[test]
    fn recursive_locks_nest_and_others_do_not() {
        let lock = fresh(RECURSIVE);
        assert_eq!(lock.taken(Some(1)), Ok(()));
        assert_eq!(lock.taken(Some(1)), Ok(()));
        assert_eq!(lock.may_wait(), Err(Mistake::WaitsWhileHeldTwice));
        assert_eq!(lock.given_back(Some(1)), Ok(()));
        assert_eq!(lock.may_wait(), Ok(()));
        assert_eq!(lock.given_back(Some(1)), Ok(()));
        assert_eq!(lock.given_back(Some(1)), Err(Mistake::NotHeld));

        let plain = fresh(0);
        assert_eq!(plain.taken(Some(1)), Ok(()));
        assert_eq!(plain.taken(Some(1)), Err(Mistake::NotRecursive));
    }

    #[test]
    fn the_holder_is_known_if_threads_are_told_apart() {
        let lock = fresh(RECURSIVE);
        assert_eq!(lock.taken(Some(1)), Ok(()));
        assert_eq!(lock.taken(Some(2)), Err(Mistake::HeldElsewhere));
        assert_eq!(lock.given_back(Some(2)), Err(Mistake::HeldElsewhere));

        let unnamed = fresh(RECURSIVE);
        assert_eq!(unnamed.taken(None), Ok(()));
        assert_eq!(unnamed.given_back(None), Ok(()));
        assert_eq!(unnamed.given_back(None), Err(Mistake::NotHeld));
    }

    #[test]
    fn freeing_wants_an_idle_lock_and_its_kind() {
        let lock = fresh(RECURSIVE);
        assert_eq!(lock.may_be_freed(0), Err(Mistake::OtherKind));
        assert_eq!(lock.taken(Some(1)), Ok(()));
        assert_eq!(lock.may_be_freed(RECURSIVE), Err(Mistake::FreedWhileHeld));
        assert_eq!(lock.given_back(Some(1)), Ok(()));
        assert_eq!(lock.may_be_freed(RECURSIVE), Ok(()));
    }
}
