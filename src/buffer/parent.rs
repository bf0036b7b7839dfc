//! The bufferevent that a buffer belongs to.
//!
//! Deferred callbacks keep it alive. Bufferevents lie above buffers, so they leave here how their
//! references are counted.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use super::Buf;
use crate::support::thunk::Argument;

/// What owns buffers and counts its references.
pub trait Owner: Argument {
    fn take_ref(self);
    fn unref(self);

    const FUNCTIONS: &'static Functions = &Functions {
        // SAFETY: buffers pass the live owner that they were given.
        take_ref: |owner| unsafe { Self::from_raw(owner) }.take_ref(),
        // SAFETY: as above.
        unref: |owner| unsafe { Self::from_raw(owner) }.unref(),
    };
}

/// The functions of the one type of owner that there is.
pub struct Functions {
    take_ref: unsafe fn(*mut c_void),
    unref: unsafe fn(*mut c_void),
}

static FUNCTIONS: AtomicPtr<Functions> = AtomicPtr::new(ptr::null_mut());

/// Makes something the owner of a buffer.
///
/// # Safety
/// The owner is live, and outlives its ownership. All owners are of one type.
pub unsafe fn set<O: Owner>(buf: Buf, owner: O) {
    FUNCTIONS.store(ptr::from_ref(O::FUNCTIONS).cast_mut(), Relaxed);
    buf.get().parent.set(owner.into_raw());
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
