//! When events time out: the heap for most, queues for common timeouts.

use core::ffi::c_int;
use core::hint::cold_path;

use libc::timeval;

use crate::backend::Timeout;
use crate::base::common_timeout;
use crate::base::handle::{Closure, Ev};
use crate::base::stats::Observer;
use crate::base::{EventBase, Locked};
use crate::ctypes::event::{EV_ET, EV_TIMEOUT};
use crate::ctypes::event_struct::{
    EVLIST_ACTIVE, EVLIST_ACTIVE_LATER, EVLIST_INSERTED, EVLIST_TIMEOUT,
};
use crate::support::time::{self, Micros};
use crate::sys::Result;

/// How many events time out in one iteration without further ado.
const EXPIRE_BATCH: usize = 64;

/// When an added event is to time out.
#[derive(Clone, Copy)]
pub enum When {
    /// So long from now: what programs give. Maybe one of the base's common timeouts.
    In(timeval),
    /// At this moment, with the common timeout that it belongs to, if any.
    At(Micros, common_timeout::Tag),
}

/// When an event's timeout ends, on the base's clock.
pub fn deadline(ev: Ev) -> Micros {
    time::from_timeval(common_timeout::strip(ev.timeout()))
}

impl EventBase {
    /// The interval of a timeout given by a program, and whether it is one of the common ones.
    pub(in crate::base) fn interval(&self, tv: timeval) -> (Micros, common_timeout::Tag) {
        let tag = self.common_tag(tv);
        let plain = if tag.is_none() {
            tv
        } else {
            common_timeout::strip(tv)
        };
        (time::from_timeval(plain), tag)
    }
}

impl Locked<'_> {
    /// How many places in the heap belong to those that left it and come back: persistent events
    /// between timeout and callback, and the wake-ups of common timeouts. At least that many.
    fn promised_timers(&self) -> usize {
        usize::try_from(self.active.get()).unwrap_or(0) + self.common.borrow().len()
    }

    /// Makes sure of room in the heap for an event's timeout. Those that come back to a place that
    /// they had (`When::At`) never fail, because the others leave the promised places alone.
    pub(in crate::base) fn reserve_timer(&self, ev: Ev, when: When) -> Result {
        let in_heap = ev.callback().has(EVLIST_TIMEOUT) && self.common_tag(ev.timeout()).is_none();
        match when {
            _ if in_heap => Ok(()),
            When::At(..) => self.timers.borrow_mut().reserve(1),
            When::In(_) => self.reserve_new_timer(),
        }
    }

    /// [`Self::reserve_timer`] for a timeout that a program gives an event which has none.
    #[inline]
    pub(in crate::base) fn reserve_new_timer(&self) -> Result {
        let room = 1 + self.promised_timers();
        self.timers.borrow_mut().reserve(room)
    }

    /// Starts (or starts anew) an event's timeout. Room in the heap must have been reserved. True
    /// if the loop has to wake earlier than it knows.
    #[inline]
    pub(in crate::base) fn schedule(&self, ev: Ev, when: When) -> bool {
        let (deadline, tag) = match when {
            When::At(moment, tag) => (moment, tag),
            When::In(tv) => {
                let (interval, tag) = self.interval(tv);
                (self.moment_after(interval), tag)
            }
        };
        let scheduled = ev.callback().has(EVLIST_TIMEOUT);
        let in_heap = scheduled && self.common_tag(ev.timeout()).is_none();
        if tag.is_none() && in_heap {
            // Was it what the loop waits for? Then the loop may now sleep longer than it will.
            let was_first = self.affects_wait(ev);
            ev.set_timeout(time::to_timeval(deadline));
            self.timers.borrow_mut().update(deadline, ev);
            self.added.replaced();
            return was_first || self.affects_wait(ev);
        }
        if scheduled {
            self.unschedule(ev);
        }
        if let Some(queue) = self.common_queue(tag) {
            self.count_scheduled(ev);
            ev.set_timeout(tag.mark(time::to_timeval(deadline)));
            self.queue_common(queue, ev, deadline);
            return false;
        }
        self.schedule_in_heap(ev, deadline)
    }

    /// [`Self::schedule`] for an event that is not scheduled, and not with a common timeout.
    #[inline(always)]
    pub(in crate::base) fn schedule_in_heap(&self, ev: Ev, deadline: Micros) -> bool {
        self.count_scheduled(ev);
        ev.set_timeout(time::to_timeval(deadline));
        self.timers.borrow_mut().push(deadline, ev);
        self.affects_wait(ev)
    }

    /// When a timeout ends that begins now.
    #[inline]
    pub(in crate::base) fn moment_after(&self, interval: Micros) -> Micros {
        self.clock().now().saturating_add(interval)
    }

    /// Gives an event that waits for a descriptor, with a timeout in the heap, another deadline, from
    /// the loop's own thread. False if it is not such an event. (One that was added while it was
    /// active may have a timeout without waiting.)
    #[inline]
    pub(in crate::base) fn postpone(
        &self,
        ev: Ev,
        deadline: Micros,
        tag: common_timeout::Tag,
    ) -> bool {
        const BOTH: c_int = EVLIST_INSERTED | EVLIST_TIMEOUT;
        let common = !tag.is_none() || !self.common_tag(ev.timeout()).is_none();
        if common || ev.callback().flags() & BOTH != BOTH {
            return false;
        }
        ev.set_timeout(time::to_timeval(deadline));
        self.timers.borrow_mut().update(deadline, ev);
        self.added.replaced();
        true
    }

    /// Whether a loop in another thread has to know that this event times out first.
    #[inline]
    fn affects_wait(&self, ev: Ev) -> bool {
        let earliest = || self.timers.borrow_mut().first();
        self.must_wake() && earliest().is_some_and(|(_, first)| first == ev)
    }

    /// Stops an event's timeout.
    #[inline]
    pub(in crate::base) fn unschedule(&self, ev: Ev) {
        self.uncount_scheduled(ev);
        match self.common_queue(self.common_tag(ev.timeout())) {
            Some(queue) => common_timeout::unlink(queue, ev),
            None => self.timers.borrow_mut().remove(ev),
        }
    }

    #[inline]
    fn count_scheduled(&self, ev: Ev) {
        self.added.add(ev.callback().counts());
        ev.callback().add_flags(EVLIST_TIMEOUT);
    }

    #[inline]
    fn uncount_scheduled(&self, ev: Ev) {
        self.added.take(ev.callback().counts());
        ev.callback().clear_flags(EVLIST_TIMEOUT);
    }

    /// Queues the events whose time has come.
    #[inline]
    pub(in crate::base) fn expire<O: Observer>(&self, observer: O) {
        let Some((first, _)) = self.timers.borrow_mut().first() else {
            return;
        };
        let now = self.clock().now();
        if first <= now {
            self.expire_due(observer, now);
        }
    }

    /// Queues the events whose time has come by `now`: some have.
    #[inline(never)]
    fn expire_due<O: Observer>(&self, observer: O, now: Micros) {
        for _ in 0..EXPIRE_BATCH {
            // A statement of its own: the borrow must end before the event is deleted.
            let first = self.timers.borrow_mut().first();
            match first {
                Some((deadline, ev)) if deadline <= now => {
                    observer.expired(deadline, now);
                    self.time_out(ev);
                }
                _ => return,
            }
        }
        self.expire_many(observer, now);
    }

    /// Goes on where [`Self::expire_due`] saw that there is more to do than usual.
    #[cold]
    fn expire_many<O: Observer>(&self, observer: O, now: Micros) {
        let due = self.timers.borrow_mut().sort_due(now);
        for _ in 0..due {
            let next = self.timers.borrow_mut().pop_due();
            let Some(ev) = next else { break };
            self.uncount_scheduled(ev);
            observer.expired(deadline(ev), now);
            self.time_out(ev);
        }
        loop {
            let first = self.timers.borrow_mut().first();
            match first {
                Some((deadline, ev)) if deadline <= now => {
                    observer.expired(deadline, now);
                    self.time_out(ev);
                }
                _ => break,
            }
        }
        self.timers.borrow_mut().shrink(self.promised_timers());
    }

    /// Ends one event's wait and queues it. What it was active for already is told as well.
    pub(in crate::base) fn time_out(&self, ev: Ev) {
        let cb = ev.callback();
        if cb.has(EVLIST_ACTIVE | EVLIST_ACTIVE_LATER) {
            return self.time_out_active(ev);
        }
        self.end_wait(ev);
        self.activate(ev, EV_TIMEOUT, 1);
    }

    #[cold]
    #[inline(never)]
    fn time_out_active(&self, ev: Ev) {
        let told = ev.result();
        let calls = if ev.is_signal() { ev.calls() } else { 1 };
        self.end_wait(ev);
        self.activate(ev, told | EV_TIMEOUT, calls);
    }

    #[inline(always)]
    fn end_wait(&self, ev: Ev) {
        let cb = ev.callback();
        // Without an interval a persistent event ends with its timeout.
        let goes_on = cb.is(Closure::Persist) && ev.has_interval();
        if goes_on && cb.has(EVLIST_INSERTED) {
            // Its callback finds it pending: there is no need to unregister its descriptor for
            // the moment until then.
            if cb.has(EVLIST_TIMEOUT) {
                self.unschedule(ev);
            }
            self.unqueue(cb);
            if ev.events() & EV_ET != 0 {
                cold_path();
                self.report_edge_again(ev);
            }
        } else {
            self.delete_as::<true>(ev);
        }
    }

    /// Programs expect an edge-triggered event that timed out to be told of what is ready still, as
    /// if it were registered anew.
    #[cold]
    fn report_edge_again(&self, ev: Ev) {
        if !ev.is_signal() {
            let mut backend = self.backend.borrow_mut();
            self.interest.borrow_mut().renew(&mut backend, ev.fd());
        }
    }

    /// How long the next wait may take.
    #[inline]
    pub(in crate::base) fn time_left(&self) -> Timeout {
        let Some((until, _)) = self.timers.borrow_mut().first() else {
            return Timeout::Infinite;
        };
        let span = until.saturating_sub(self.clock().now());
        if span <= 0 {
            Timeout::Zero
        } else {
            Timeout::For { span, until }
        }
    }
}
