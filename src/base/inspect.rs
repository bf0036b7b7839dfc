//! Looking at a base from outside: counts, and a walk over all events.

use core::ffi::{CStr, c_int, c_short, c_uint, c_void};
use core::ptr;

use libc::timeval;

use super::handle::{Ev, SourceList};
use super::signal::SIGNALS;
use super::{Count, EventBase, Locked};
use crate::backend::Method;
use crate::ctypes::event::{
    EV_CLOSED, EV_READ, EV_TIMEOUT, EV_WRITE, EVENT_BASE_COUNT_ACTIVE, EVENT_BASE_COUNT_ADDED,
    EVENT_BASE_COUNT_VIRTUAL, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST,
};
use crate::ctypes::event_struct::{EVLIST_ACTIVE, EVLIST_INSERTED, EVLIST_TIMEOUT, event};
use crate::sys::Result;

/// Shows an event to the visitor of [`Locked::for_each`], and returns if that says so.
macro_rules! visit_or {
    ($visit:ident, $ev:ident) => {
        let result = $visit($ev);
        if result != 0 {
            return result;
        }
    };
}

impl EventBase {
    /// As `event_base_get_method` gives it.
    pub fn method_name(&self) -> &'static CStr {
        if self.method == Method::Epoll
            && self.flags.get() & EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST != 0
        {
            return c"epoll (with changelist)";
        }
        self.method.name()
    }
}

impl Locked<'_> {
    /// The event whose callback is running, or null.
    pub fn running_event(&self) -> *mut event {
        if self.in_loop_thread() && self.current_is_event.get() {
            // An event begins with its callback.
            self.current.get().cast()
        } else {
            ptr::null_mut()
        }
    }

    /// The sum of the counts that `which` (`EVENT_BASE_COUNT_*`) names.
    pub fn count(&self, which: c_uint) -> c_int {
        self.counts(which).map(Count::get).sum()
    }

    /// The sum of their maxima, which start anew if `forget` says so.
    pub fn most(&self, which: c_uint, forget: bool) -> c_int {
        let most = self.counts(which).map(Count::most).sum();
        if forget {
            self.counts(which).for_each(Count::forget_most);
        }
        most
    }

    fn counts(&self, which: c_uint) -> impl Iterator<Item = &Count> {
        [
            (EVENT_BASE_COUNT_ACTIVE, &self.active),
            (EVENT_BASE_COUNT_VIRTUAL, &self.virtual_events),
            (EVENT_BASE_COUNT_ADDED, &self.added),
        ]
        .into_iter()
        .filter(move |(flag, _)| which & flag != 0)
        .map(|(_, count)| count)
    }

    /// A reason to go on looping that is not an event.
    pub fn add_virtual(&self) {
        self.virtual_events.add(1);
        self.wake_loop();
    }

    /// That reason is gone.
    pub fn delete_virtual(&self) {
        self.virtual_events.add(-1);
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
        /// # Safety
        /// `base` is the live base whose loop calls this.
        unsafe extern "C" fn exit(_fd: c_int, _what: c_short, base: *mut c_void) {
            // SAFETY: the base's own loop calls this.
            if let Some(base) = unsafe { EventBase::from_ptr(base.cast()) } {
                base.lock().set_exit();
            }
        }
        self.once(-1, EV_TIMEOUT, Some(exit), self.as_ptr().cast(), after)
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

    /// Shows every event once: by descriptor, by signal, timers, common timeouts, then what is
    /// only active. Stops at the first result that is not 0, and returns it.
    pub fn for_each(&self, mut visit: impl FnMut(Ev) -> c_int) -> c_int {
        let limit = self.interest.borrow().limit();
        for fd in 0..limit {
            let mut next = self.interest.borrow().events(fd).first();
            while let Some(ev) = next {
                next = ev.next_of_source();
                visit_or!(visit, ev);
            }
        }
        for signal in 0..SIGNALS as c_int {
            let mut next = self.signal_events(signal).first();
            while let Some(ev) = next {
                next = ev.next_of_source();
                visit_or!(visit, ev);
            }
        }
        let result = self.for_each_timer(|ev| {
            if ev.callback().has(EVLIST_INSERTED) {
                0
            } else {
                visit(ev)
            }
        });
        if result != 0 {
            return result;
        }
        for priority in 0..self.priorities.get() {
            let mut next = self.first_active(priority);
            while let Some(cb) = next {
                next = self.next_active(cb);
                if let Some(ev) = cb.event()
                    && !cb.has(EVLIST_INSERTED | EVLIST_TIMEOUT)
                {
                    visit_or!(visit, ev);
                }
            }
        }
        0
    }

    /// Shows every event whose timeout runs, as [`Locked::for_each`] does.
    fn for_each_timer(&self, mut visit: impl FnMut(Ev) -> c_int) -> c_int {
        let mut index = 0;
        loop {
            let Some(ev) = self.timers.borrow().at(index) else {
                break;
            };
            index += 1;
            visit_or!(visit, ev);
        }
        let mut index = 0;
        while let Some(first) = self.common_firsts(index) {
            index += 1;
            let mut next = first;
            while let Some(ev) = next {
                next = self.next_common(ev);
                visit_or!(visit, ev);
            }
        }
        0
    }

    /// Panics unless the queues, heaps and counts agree with each other.
    pub fn check(&self) {
        self.timers.borrow().check();
        let mut active = 0;
        for priority in 0..self.priorities.get() {
            let mut next = self.first_active(priority);
            while let Some(cb) = next {
                let least = self.priorities.get() - 1;
                assert!(c_int::from(cb.priority()).min(least) == priority);
                assert!(cb.has(EVLIST_ACTIVE));
                active += 1;
                next = self.next_active(cb);
            }
        }
        let mut next = self.first_later();
        while let Some(cb) = next {
            active += 1;
            next = self.next_active(cb);
        }
        assert!(active == self.active.get());
    }
}
