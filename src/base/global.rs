//! What exists once per process: the current base of the 1.4 functions, and
//! the end of everything.

use core::cell::UnsafeCell;
use core::ptr;

use super::{BaseRef, EventBase, debug};
use crate::support::thunk::Ref;

/// A word that C programs also read and write.
#[repr(transparent)]
pub struct CurrentBase(UnsafeCell<*mut EventBase>);

// SAFETY: the 1.4 functions that use it are documented as not thread-safe.
unsafe impl Sync for CurrentBase {}

impl CurrentBase {
    pub const fn new() -> CurrentBase {
        CurrentBase(UnsafeCell::new(ptr::null_mut()))
    }

    pub fn get(&self) -> *mut EventBase {
        // SAFETY: see the `Sync` implementation.
        unsafe { *self.0.get() }
    }

    pub fn set(&self, base: *mut EventBase) {
        // SAFETY: see the `Sync` implementation.
        unsafe { *self.0.get() = base }
    }
}

/// The base that functions without a base argument use. krb5 and others read and write it.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "C name")]
pub static event_global_current_base_: CurrentBase = CurrentBase::new();

/// The current base.
pub fn current() -> Option<BaseRef> {
    // SAFETY: programs, and `set_current`'s callers, put live bases there; `forget` takes them out.
    unsafe { BaseRef::from_ptr(event_global_current_base_.get()) }
}

/// The given base, or else the current one, as the functions of 1.4 have it.
#[inline]
pub fn base_or_current(base: Option<BaseRef>) -> Option<BaseRef> {
    base.or_else(current)
}

/// Replaces the current base.
pub fn set_current(base: Option<BaseRef>) {
    event_global_current_base_.set(base.map_or(ptr::null_mut(), Ref::as_ptr));
}

/// A base that goes away is the current one no longer.
pub(super) fn forget(base: &EventBase) {
    if event_global_current_base_.get() == base.as_ptr() {
        set_current(None);
    }
}

/// Frees what is held for the whole process.
pub fn shut_down() {
    set_current(None);
    debug::disable();
}
