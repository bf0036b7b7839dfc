//! What exists once per process: the current base of the 1.4 functions, and
//! the end of everything.

use core::cell::UnsafeCell;
use core::ptr;

use super::{EventBase, debug};

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

/// The current base, or null.
pub fn current() -> *mut EventBase {
    event_global_current_base_.get()
}

/// The base at `base`, or the current one for null, as the functions of 1.4 have it.
///
/// # Safety
/// As for [`EventBase::from_ptr`]; so is the current base alive.
pub unsafe fn base_or_current<'a>(base: *mut EventBase) -> Option<&'a EventBase> {
    let base = if base.is_null() { current() } else { base };
    // SAFETY: promised by the caller.
    unsafe { EventBase::from_ptr(base) }
}

/// Replaces the current base.
pub fn set_current(base: *mut EventBase) {
    event_global_current_base_.set(base);
}

/// A base that goes away is the current one no longer.
pub(super) fn forget(base: &EventBase) {
    if current() == base.as_ptr() {
        set_current(ptr::null_mut());
    }
}

/// Frees what is held for the whole process.
pub fn shut_down() {
    set_current(ptr::null_mut());
    debug::disable();
}
