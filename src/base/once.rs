//! `event_base_once`: an event that the library keeps until it has fired.

use core::ffi::{c_int, c_short, c_void};
use core::mem::MaybeUninit;
use core::ptr;

use libc::timeval;

use super::event::{EventFn, assign};
use super::handle::Ev;
use super::timeout::When;
use super::{EventBase, Locked};
use crate::ctypes::event::{EV_CLOSED, EV_PERSIST, EV_READ, EV_SIGNAL, EV_TIMEOUT, EV_WRITE};
use crate::ctypes::event_struct::event;
use crate::support::mm;

/// In the list of its base until it fires.
pub struct Once {
    event: MaybeUninit<event>,
    next: *mut Once,
    /// Null for the first of the list.
    previous: *mut Once,
    callback: Option<EventFn>,
    argument: *mut c_void,
}

impl Locked<'_> {
    /// Calls `callback` once, when `fd` is ready or the time is over.
    pub fn once(
        &self,
        fd: c_int,
        events: c_short,
        callback: Option<EventFn>,
        argument: *mut c_void,
        limit: Option<timeval>,
    ) -> Result<(), ()> {
        if events & (EV_SIGNAL | EV_PERSIST) != 0 {
            return Err(());
        }
        let io = events & (EV_READ | EV_WRITE | EV_CLOSED);
        if io == 0 && events & EV_TIMEOUT == 0 {
            return Err(());
        }
        let memory = mm::malloc(size_of::<Once>()).cast::<Once>();
        if memory.is_null() {
            return Err(());
        }
        let fresh = Once {
            event: MaybeUninit::zeroed(),
            next: ptr::null_mut(),
            previous: ptr::null_mut(),
            callback,
            argument,
        };
        // SAFETY: a fresh block of the right size; it stays until the event has fired or the base
        // is freed.
        let ev = unsafe {
            memory.write(fresh);
            Ev::new((&raw mut (*memory).event).cast())
        };
        let Some(ev) = ev else { return Err(()) };
        let now = io == 0 && limit.is_none_or(|tv| tv.tv_sec == 0 && tv.tv_usec == 0);
        let fd = if io == 0 { -1 } else { fd };
        // First, so that it is not lost if debug mode ends the process.
        self.link_once(memory);
        assign(ev, self, fd, io, Some(fired), memory.cast());
        if now {
            // A common way to have something called soon: fast, and in order.
            self.activate(ev, EV_TIMEOUT, 1);
        } else if self.add(ev, limit.map(When::In)).is_err() {
            self.unlink_once(memory);
            // SAFETY: made above; nothing refers to it.
            unsafe { mm::free(memory.cast()) };
            return Err(());
        }
        Ok(())
    }

    fn link_once(&self, once: *mut Once) {
        let first = self.once_list.replace(once);
        // SAFETY: both are alive; the list is only changed under the lock.
        unsafe {
            (*once).next = first;
            if let Some(first) = first.as_mut() {
                first.previous = once;
            }
        }
    }

    fn unlink_once(&self, once: *mut Once) {
        // SAFETY: `once` and its neighbours are in the list, so alive.
        unsafe {
            let (previous, next) = ((*once).previous, (*once).next);
            if let Some(next) = next.as_mut() {
                next.previous = previous;
            }
            match previous.as_mut() {
                Some(previous) => previous.next = next,
                None => self.once_list.set(next),
            }
        }
    }

    /// Frees what has not fired. The events must have been deleted.
    pub(super) fn free_once(&self) {
        let mut next = self.once_list.replace(ptr::null_mut());
        while !next.is_null() {
            // SAFETY: in the list, so alive; freed once.
            unsafe {
                let once = next;
                next = (*once).next;
                mm::free(once.cast());
            }
        }
    }
}

/// The callback of every such event.
unsafe extern "C" fn fired(fd: c_int, what: c_short, once: *mut c_void) {
    let once = once.cast::<Once>();
    // SAFETY: the loop passes the block made by `once`, which is in the list of its base; it is
    // unlinked before it is freed, and the program's function and argument go together.
    unsafe {
        let (callback, argument) = ((*once).callback, (*once).argument);
        let ev = Ev::new((&raw mut (*once).event).cast());
        if let Some(base) = ev.and_then(|ev| EventBase::from_ptr(ev.base())) {
            base.lock().unlink_once(once);
        }
        if let Some(callback) = callback {
            callback(fd, what, argument);
        }
        mm::free(once.cast());
    }
}
