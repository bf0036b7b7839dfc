//! Telling a base from outside what to do: end, go on, run events now.

use core::ffi::{c_int, c_short};

use libc::timeval;

use super::event::EventFn;
use super::handle::{Ev, SourceList};
use super::{BaseRef, Locked};
use crate::ctypes::event::{EV_CLOSED, EV_READ, EV_TIMEOUT, EV_WRITE};
use crate::support::thunk::{Argument, Thunk, thunk};
use crate::sys::Result;

impl Locked<'_> {
    /// A reason to go on looping that is not an event.
    pub fn add_virtual(&self) {
        self.virtual_events.add(1);
        self.wake_loop();
    }

    /// That reason is gone.
    pub fn delete_virtual(&self) {
        self.virtual_events.take(1);
        self.wake_loop();
    }

    /// Whether `event_base_loopexit` ended the loop, or will.
    pub fn got_exit(&self) -> bool {
        self.exit.get()
    }

    /// Whether `event_base_loopbreak` ended the loop.
    pub fn got_break(&self) -> bool {
        self.interrupts.stop().get()
    }

    /// The loop ends after this iteration.
    pub fn set_exit(&self) {
        self.exit.set(true);
    }

    /// The loop ends after the iteration in which so much time has passed; `None` for this one.
    pub fn exit_after(&self, after: Option<timeval>) -> Result {
        let exit: Thunk<EventFn, BaseRef> = thunk(|base: BaseRef, _, _| base.lock().set_exit());
        let argument = self.outlives().into_raw();
        self.once(-1, EV_TIMEOUT, Some(exit.function()), argument, after)
    }

    /// The loop ends after this callback.
    pub fn break_loop(&self) {
        self.interrupts.stop().set(true);
        self.wake_loop();
    }

    /// The loop looks for new events after this callback.
    pub fn continue_loop(&self) {
        self.interrupts.restart().set(true);
        self.wake_loop();
    }

    /// Makes all events active that wait for any of `events` on `fd`; with `EV_TIMEOUT`, those
    /// whose timeout runs, and no others.
    pub fn activate_fd(&self, fd: c_int, events: c_short) {
        if events & EV_TIMEOUT != 0 {
            self.await_signals(|running| {
                self.for_each_timer(|ev| c_int::from(ev.fd() == fd && running == ev)) != 0
            });
            self.for_each_timer(|ev| {
                if ev.fd() == fd {
                    self.activate(ev, EV_TIMEOUT, 1);
                }
                0
            });
        } else {
            let list = self.interest.borrow().events(fd);
            self.activate_list(list, events & (EV_READ | EV_WRITE | EV_CLOSED));
        }
    }

    fn activate_list(&self, list: SourceList, events: c_short) {
        let mut next = list.first();
        while let Some(ev) = next {
            next = ev.next_of_source();
            let told = ev.events() & events;
            if told != 0 {
                self.activate(ev, told, 1);
            }
        }
    }

    /// Makes all events active that wait for a signal.
    pub fn activate_signal(&self, signal: c_int) {
        self.await_signals(|running| self.signal_events(signal).contains(running));
        self.report_signal(signal, 1);
    }

    /// Waits until no callback of the events runs that a walk is about to make active. Making a
    /// signal active waits for its callback, but in the middle of the walk everything could change
    /// meanwhile.
    fn await_signals(&self, events_for: impl Fn(Ev) -> bool) {
        // SAFETY: only compared with events that are alive.
        while let Some(running) = unsafe { Ev::new(self.current.get().cast()) }
            && events_for(running)
            && self.await_current()
        {}
    }
}
