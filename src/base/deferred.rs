//! Callbacks that are not events: queued to run from the loop, so that deeply
//! nested calls become loop iterations.

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use core::marker::PhantomPinned;
use core::ptr::NonNull;

use super::finalize::CallbackFinalizer;
use super::handle::{Cb, Closure};
use super::{BaseRef, Locked, global};
use crate::ctypes::event_struct::{
    EVLIST_ACTIVE, EVLIST_ACTIVE_LATER, EVLIST_FINALIZING, event_callback, event_callback_function,
};
use crate::support::thunk::{Argument, Thunk, thunk};
use crate::support::zeroed::Zeroed;

/// What a deferred callback calls.
pub type CallbackFn = unsafe extern "C" fn(*mut event_callback, *mut c_void);

/// More than these in one iteration wait for the next, so that descriptors get their chance.
const MAX_PER_ITERATION: c_int = 32;

/// A deferred callback that is part of an object of the library. It must not be queued when it is
/// dropped.
#[repr(transparent)]
pub struct Deferred {
    callback: UnsafeCell<event_callback>,
    /// A base knows its address.
    pinned: PhantomPinned,
}

// SAFETY: so is its callback.
unsafe impl Zeroed for Deferred {}

impl Deferred {
    /// To be initialised once it is in its place.
    pub const fn new() -> Deferred {
        Deferred {
            callback: UnsafeCell::new(event_callback::ZEROED),
            pinned: PhantomPinned,
        }
    }

    /// Says that `callback(argument)` is called when this runs.
    ///
    /// # Safety
    /// This stays where it is until it is dropped, and what `argument` refers to is alive whenever
    /// it is queued.
    pub unsafe fn init<A: Argument>(&self, priority: u8, callback: impl Fn(A) + Copy, argument: A) {
        debug_assert!(!self.is_queued());
        fill_in(
            self.handle(),
            priority,
            Some(Deferred::thunk(callback).function()),
            argument.into_raw(),
        );
    }

    /// What the loop calls where `init` was given this.
    pub fn thunk<A: Argument>(callback: impl Fn(A) + Copy) -> Thunk<CallbackFn, A> {
        thunk(move |argument, _: *mut event_callback| callback(argument))
    }

    /// For what a [`Locked`] base does with callbacks.
    #[inline]
    pub fn handle(&self) -> Cb {
        // SAFETY: alive as long as the object that it is part of.
        unsafe { Cb::at(NonNull::from(&self.callback).cast()) }
    }

    /// Queues it: for this iteration, or for the next when there are many. True unless it was
    /// queued before.
    #[inline]
    pub fn schedule(&self, base: &Locked) -> bool {
        base.schedule_callback(self.handle())
    }

    /// Takes it out of the queue.
    #[inline]
    pub fn cancel(&self, base: &Locked) {
        base.cancel_callback(self.handle());
    }

    /// Has the loop call `finalizer(argument)` with the argument of `init`, as the last that is done
    /// with this; it can't be queued from here on.
    ///
    /// # Safety
    /// `argument`, as in `init`, is alive until then.
    pub unsafe fn finalize<A: Argument>(
        &self,
        base: &Locked,
        finalizer: impl Fn(A) + Copy,
        argument: A,
    ) {
        let finalizer: Thunk<CallbackFinalizer, A> =
            thunk(move |argument, _: *mut event_callback| finalizer(argument));
        self.handle().set_argument(argument.into_raw());
        base.finalize_callback(self.handle(), Some(finalizer.function()));
    }

    /// From when it is queued next.
    pub fn set_priority(&self, priority: u8) {
        self.handle().set_priority(priority);
    }

    #[inline]
    pub fn is_queued(&self) -> bool {
        self.handle().has(EVLIST_ACTIVE | EVLIST_ACTIVE_LATER)
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        debug_assert!(!self.is_queued(), "a callback ends while it is queued");
    }
}

fn fill_in(cb: Cb, priority: u8, function: Option<CallbackFn>, argument: *mut c_void) {
    cb.set_flags(0);
    cb.set_priority(priority);
    cb.set_closure(Closure::Callback);
    cb.set_function(event_callback_function {
        evcb_selfcb: function,
    });
    cb.set_argument(argument);
}

/// Fills a callback in.
///
/// # Safety
/// `callback` is writable, and not queued.
pub unsafe fn init(
    callback: Option<Cb>,
    priority: u8,
    function: Option<CallbackFn>,
    argument: *mut c_void,
) {
    if let Some(cb) = callback {
        fill_in(cb, priority, function, argument);
    }
}

/// Queues a callback: for this iteration, or for the next when there are many. True unless it was
/// queued before.
///
/// Without a base, on the current one.
pub fn schedule(base: Option<BaseRef>, callback: Option<Cb>) -> bool {
    global::base_or_current(base)
        .zip(callback)
        .is_some_and(|(base, cb)| base.lock().schedule_callback(cb))
}

impl Locked<'_> {
    /// Queues a callback: for this iteration, or for the next when there are many. True unless it
    /// was queued before.
    pub fn schedule_callback(&self, cb: Cb) -> bool {
        if self.deferred_in_iteration.get() > MAX_PER_ITERATION {
            return self.activate_callback_later(cb);
        }
        let fresh = self.activate_callback(cb);
        if fresh {
            self.deferred_in_iteration
                .set(self.deferred_in_iteration.get() + 1);
        }
        fresh
    }

    /// Takes a callback, event or not, out of the queues.
    #[inline(always)]
    pub fn cancel_callback(&self, cb: Cb) {
        if cb.has(EVLIST_FINALIZING) {
            return;
        }
        if let Some(ev) = cb.event() {
            self.delete(ev);
        } else {
            self.unqueue(cb);
        }
    }
}
