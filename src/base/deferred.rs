//! Callbacks that are not events: queued to run from the loop, so that deeply
//! nested calls become turns.

use core::ffi::{c_int, c_void};

use super::handle::{Cb, Closure};
use super::{EventBase, Locked, global};
use crate::ctypes::event_struct::{
    EVLIST_ACTIVE, EVLIST_ACTIVE_LATER, EVLIST_FINALIZING, event_callback, event_callback_function,
};

/// What a deferred callback calls.
pub type CallbackFn = unsafe extern "C" fn(*mut event_callback, *mut c_void);

/// More than these in one turn wait for the next, so that descriptors get their chance.
const MOST_IN_TURN: c_int = 32;

/// Fills a callback in.
///
/// # Safety
/// `callback` is null or writable, and not queued.
pub unsafe fn init(
    callback: *mut event_callback,
    priority: u8,
    function: Option<CallbackFn>,
    argument: *mut c_void,
) {
    // SAFETY: the caller's promise.
    let Some(cb) = (unsafe { Cb::new(callback) }) else {
        return;
    };
    cb.set_flags(0);
    cb.set_priority(priority);
    cb.set_closure(Closure::Callback);
    cb.set_function(event_callback_function {
        evcb_selfcb: function,
    });
    cb.set_argument(argument);
}

/// The base (for null: the current one) and the callback.
///
/// # Safety
/// Each is null or alive.
unsafe fn both<'a>(
    base: *mut EventBase,
    callback: *mut event_callback,
) -> Option<(&'a EventBase, Cb)> {
    let base = if base.is_null() {
        global::current()
    } else {
        base
    };
    // SAFETY: the caller's promise.
    unsafe { EventBase::from_ptr(base).zip(Cb::new(callback)) }
}

/// Queues a callback: for this turn, or for the next when there are many. True unless it was queued
/// before.
///
/// # Safety
/// `base` is alive, or null for the current one; `callback` is filled in and stays until it has run
/// or is cancelled.
pub unsafe fn schedule(base: *mut EventBase, callback: *mut event_callback) -> bool {
    // SAFETY: the caller's promise.
    unsafe { both(base, callback) }.is_some_and(|(base, cb)| base.lock().schedule_callback(cb))
}

/// Takes a callback back.
///
/// # Safety
/// As for [`schedule`].
pub unsafe fn cancel(base: *mut EventBase, callback: *mut event_callback) {
    // SAFETY: the caller's promise.
    if let Some((base, cb)) = unsafe { both(base, callback) } {
        base.lock().cancel_callback(cb);
    }
}

impl Locked<'_> {
    /// Queues a callback: for this turn, or for the next when there are many. True unless it was
    /// queued before.
    pub fn schedule_callback(&self, cb: Cb) -> bool {
        if self.deferred_in_turn.get() > MOST_IN_TURN {
            return self.activate_callback_later(cb);
        }
        let fresh = self.activate_callback(cb);
        if fresh {
            self.deferred_in_turn.set(self.deferred_in_turn.get() + 1);
        }
        fresh
    }

    /// Takes a callback back, event or not.
    pub fn cancel_callback(&self, cb: Cb) {
        if cb.has(EVLIST_FINALIZING) {
            return;
        }
        if let Some(ev) = cb.event() {
            self.delete(ev);
        } else if cb.has(EVLIST_ACTIVE) {
            self.unqueue_active(cb);
        } else if cb.has(EVLIST_ACTIVE_LATER) {
            self.unqueue_later(cb);
        }
    }
}
