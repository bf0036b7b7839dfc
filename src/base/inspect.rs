//! Looking at a base from outside: counts, and a walk over all events.

use core::ffi::{CStr, c_int, c_uint};
use core::ptr;

use super::handle::Ev;
use super::signal::SIGNALS;
use super::{Count, EventBase, Locked};
use crate::backend::Method;
use crate::ctypes::event::{
    EVENT_BASE_COUNT_ACTIVE, EVENT_BASE_COUNT_ADDED, EVENT_BASE_COUNT_VIRTUAL,
    EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST,
};
use crate::ctypes::event_struct::{EVLIST_ACTIVE, EVLIST_INSERTED, EVLIST_TIMEOUT, event};

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
    pub(super) fn for_each_timer(&self, mut visit: impl FnMut(Ev) -> c_int) -> c_int {
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
