//! `event_base_once`: an event that the library keeps until it has fired.

use core::cell::Cell;
use core::ffi::{c_int, c_short, c_void};
use core::ptr::{self, NonNull};

use libc::timeval;

use super::event::EventFn;
use super::stats::functions::Meaning;
use super::timeout::When;
use super::{Locked, OwnEvent};
use crate::ctypes::event::{EV_CLOSED, EV_PERSIST, EV_READ, EV_SIGNAL, EV_TIMEOUT, EV_WRITE};
use crate::support::mm;
use crate::support::thunk::{Argument, Ref, Thunk, thunk};
use crate::sys::{Errno, Result};

/// In the list of its base until it fires.
pub struct Once {
    event: OwnEvent,
    next: Cell<*mut Once>,
    /// Null for the first of the list.
    previous: Cell<*mut Once>,
    callback: Option<EventFn>,
    argument: *mut c_void,
}

impl Locked<'_> {
    /// Calls `callback` once, when `fd` is ready or the timeout expires.
    #[inline(always)]
    pub fn once(
        &self,
        fd: c_int,
        events: c_short,
        callback: Option<EventFn>,
        argument: *mut c_void,
        timeout: Option<timeval>,
    ) -> Result {
        if events & (EV_SIGNAL | EV_PERSIST) != 0 {
            return Err(Errno::INVAL);
        }
        let io = events & (EV_READ | EV_WRITE | EV_CLOSED);
        if io == 0 && events & EV_TIMEOUT == 0 {
            return Err(Errno::INVAL);
        }
        let once = mm::Box::new(Once {
            event: OwnEvent::new(),
            next: Cell::new(ptr::null_mut()),
            previous: Cell::new(ptr::null_mut()),
            callback,
            argument,
        })?;
        // SAFETY: it stays where it is until its event has fired or its base is freed.
        let once = unsafe { Ref::new(once.into_raw()) };
        let now = io == 0 && timeout.is_none_or(|tv| tv.tv_sec == 0 && tv.tv_usec == 0);
        let fd = if io == 0 { -1 } else { fd };
        // First, so that it is not lost if debug mode ends the process.
        self.link_once(once);
        // SAFETY: as above.
        unsafe { once.event.assign(self, fd, io, on_event, once) };
        if now {
            // A common way to have something called soon: fast, and in order.
            self.activate(once.event.handle(), EV_TIMEOUT, 1);
        } else if let Err(error) = once.event.start(self, timeout.map(When::In)) {
            self.unlink_once(once);
            free(once);
            return Err(error);
        }
        Ok(())
    }

    fn link_once(&self, once: Ref<Once>) {
        let first = self.once_list.replace(once.as_ptr());
        once.next.set(first);
        // SAFETY: what is in the list is alive, and the list only changes under the lock.
        if let Some(first) = unsafe { first.as_ref() } {
            first.previous.set(once.as_ptr());
        }
    }

    fn unlink_once(&self, once: Ref<Once>) {
        let (previous, next) = (once.previous.get(), once.next.get());
        // SAFETY: neighbours in the list are alive.
        unsafe {
            if let Some(next) = next.as_ref() {
                next.previous.set(previous);
            }
            match previous.as_ref() {
                Some(previous) => previous.next.set(next),
                None => self.once_list.set(next),
            }
        }
    }

    /// Frees what has not fired. The events must have been deleted.
    pub(super) fn free_once(&self) {
        while let Some(first) = NonNull::new(self.once_list.get()) {
            // SAFETY: in the list, so alive.
            let first = unsafe { Ref::new(first) };
            self.unlink_once(first);
            free(first);
        }
    }
}

/// Frees what is in no list, and whose event is idle.
fn free(once: Ref<Once>) {
    // SAFETY: made by `Locked::once`, whose reference this is; nobody uses it afterwards.
    drop(unsafe { mm::Box::from_raw(once.as_non_null()) });
}

/// What a callback stands for, if it is that of an event here: for statistics.
pub(super) fn explain(function: *const (), argument: *mut c_void) -> Option<Meaning> {
    let thunk: Thunk<EventFn, Ref<Once>> = thunk(on_event);
    (function == thunk.function() as *const ()).then(|| {
        // SAFETY: that function is installed with a reference, which lives when it is about to run.
        let once: Ref<Once> = unsafe { Ref::from_raw(argument) };
        Meaning {
            function: once.callback.map(|callback| callback as *const ()),
            role: "event",
        }
    })
}

fn on_event(once: Ref<Once>, fd: c_int, what: c_short) {
    if let Some(base) = once.event.base() {
        base.lock().unlink_once(once);
    }
    if let Some(callback) = once.callback {
        // SAFETY: the program gave function and argument to go together.
        unsafe { callback(fd, what, once.argument) };
    }
    free(once);
}
