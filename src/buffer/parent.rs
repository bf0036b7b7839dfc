//! The bufferevent that a buffer belongs to.
//!
//! Deferred callbacks keep it alive. Bufferevents lie above buffers, so they leave here the two
//! functions that this takes.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use super::Buf;

/// How to count references to a bufferevent.
pub struct Functions {
    pub take_ref: unsafe fn(*mut c_void),
    pub unref: unsafe fn(*mut c_void),
}

static FUNCTIONS: AtomicPtr<Functions> = AtomicPtr::new(ptr::null_mut());

/// Makes a bufferevent the owner of a buffer. All of them bring the same functions.
///
/// # Safety
/// The bufferevent is live, and outlives its ownership.
pub unsafe fn set(buf: Buf, owner: *mut c_void, functions: &'static Functions) {
    FUNCTIONS.store(ptr::from_ref(functions).cast_mut(), Relaxed);
    buf.get().parent.set(owner);
}

fn functions() -> Option<&'static Functions> {
    // SAFETY: null, or what `set` stored.
    unsafe { FUNCTIONS.load(Relaxed).as_ref() }
}

/// Takes a reference to a buffer's owner, if it has one.
///
/// # Safety
/// `owner` is null or live.
pub unsafe fn take_ref(owner: *mut c_void) {
    if let (false, Some(functions)) = (owner.is_null(), functions()) {
        // SAFETY: promised by the caller.
        unsafe { (functions.take_ref)(owner) };
    }
}

/// Gives back what [`take_ref`] took. No lock of the buffer is held.
///
/// # Safety
/// `owner` is null or live.
pub unsafe fn unref(owner: *mut c_void) {
    if let (false, Some(functions)) = (owner.is_null(), functions()) {
        // SAFETY: promised by the caller.
        unsafe { (functions.unref)(owner) };
    }
}
