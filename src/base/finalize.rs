//! Finalizers: callbacks that run when nothing of an event is in use any more.

use core::ffi::c_void;

use super::Locked;
use super::event::Blocking;
use super::handle::{Cb, Closure, Ev};
use crate::ctypes::event::EV_FINALIZE;
use crate::ctypes::event_struct::{
    EVLIST_ACTIVE, EVLIST_FINALIZING, EVLIST_INTERNAL, event, event_callback,
    event_callback_function,
};

/// What an event's finalizer is.
pub type EventFinalizer = unsafe extern "C" fn(*mut event, *mut c_void);
/// What a callback's finalizer is.
pub type CallbackFinalizer = unsafe extern "C" fn(*mut event_callback, *mut c_void);

impl Locked<'_> {
    /// Deletes an event and queues its finalizer, after which the event is freed if `free` says so.
    pub fn finalize(&self, ev: Ev, finalizer: Option<EventFinalizer>, free: bool) {
        self.delete_and_wait(ev, Blocking::Never);
        ev.callback().set_closure(if free {
            Closure::FinalizeAndFree
        } else {
            Closure::FinalizeEvent
        });
        ev.callback().set_function(event_callback_function {
            evcb_evfinalize: finalizer,
        });
        self.activate(ev, EV_FINALIZE, 1);
        ev.callback().add_flags(EVLIST_FINALIZING);
    }

    /// Takes a callback back and queues its finalizer instead.
    pub fn finalize_callback(&self, cb: Cb, finalizer: Option<CallbackFinalizer>) {
        self.cancel_callback(cb);
        cb.set_closure(Closure::FinalizeCallback);
        cb.set_function(event_callback_function {
            evcb_cbfinalize: finalizer,
        });
        self.activate_callback(cb);
        cb.add_flags(EVLIST_FINALIZING);
    }

    /// Empties the queues of a base that goes away, running finalizers if asked to. Finalizers may
    /// queue more: true if anything was found.
    pub(super) fn empty_queues(&self, finalize: bool) -> bool {
        let mut found = false;
        for priority in 0..self.priorities.get() {
            // The library's own events are deleted by those who made them.
            let mut next = self.first_active(priority);
            while let Some(cb) = next {
                next = self.next_active(cb);
                if !cb.has(EVLIST_INTERNAL) {
                    self.discard(cb, finalize);
                    found = true;
                    next = self.first_active(priority);
                }
            }
        }
        while let Some(cb) = self.first_later() {
            self.discard(cb, finalize);
            found = true;
        }
        found
    }

    fn discard(&self, cb: Cb, finalize: bool) {
        let finalizing = cb.has(EVLIST_FINALIZING);
        if cb.has(EVLIST_ACTIVE) {
            self.unqueue_active(cb);
        } else {
            self.unqueue_later(cb);
        }
        match cb.event() {
            // Also ends its timeout and its wait.
            Some(ev) if !finalizing => self.delete(ev),
            _ if finalize && finalizing => self.run_one(cb),
            _ => {}
        }
    }
}
