//! What the loop tells of itself.

use core::ffi::c_short;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::functions::Role;
use super::{Counter, Spans, Stats};
use crate::backend::Timeout;
use crate::base::Locked;
use crate::base::handle::{Cb, Closure};
use crate::ctypes::event::{EV_CLOSED, EV_READ, EV_SIGNAL, EV_TIMEOUT, EV_WRITE};
use crate::ctypes::event_struct::EVLIST_INTERNAL;
use crate::support::time::{Micros, nanos};

/// Who watches the loop at work.
pub(in crate::base) trait Observer: Copy {
    /// The loop is entered, and left.
    fn enter(self);
    fn leave(self);
    /// What was to be done before the wait has been done.
    fn tasks_done(self);
    /// The loop is about to wait, and has waited.
    fn begin_wait(self, base: &Locked, timeout: Timeout);
    fn end_wait(self);
    /// So many descriptors are ready.
    fn found(self, count: usize);
    /// A timer has been found to be over.
    fn expired(self, deadline: Micros, now: Micros);
    /// The loop is about to run callbacks.
    fn begin_callbacks(self);
    /// A callback is about to run, and has run. It may be gone then.
    fn begin_callback(self, cb: Cb);
    fn end_callback(self);
}

/// Nobody watches.
#[derive(Clone, Copy)]
pub(in crate::base) struct Nobody;

impl Observer for Nobody {
    #[inline(always)]
    fn enter(self) {}
    #[inline(always)]
    fn leave(self) {}
    #[inline(always)]
    fn tasks_done(self) {}
    #[inline(always)]
    fn begin_wait(self, _: &Locked, _: Timeout) {}
    #[inline(always)]
    fn end_wait(self) {}
    #[inline(always)]
    fn found(self, _: usize) {}
    #[inline(always)]
    fn expired(self, _: Micros, _: Micros) {}
    #[inline(always)]
    fn begin_callbacks(self) {}
    #[inline(always)]
    fn begin_callback(self, _: Cb) {}
    #[inline(always)]
    fn end_callback(self) {}
}

/// What callbacks are called for.
pub(super) const KINDS: [&str; 9] = [
    "reading",
    "writing",
    "closing",
    "signals",
    "timeouts",
    "activation",
    "deferred",
    "the library itself",
    "finalizing",
];
/// From so many descriptors on, it takes time to find their callbacks.
const MANY: usize = 16;

const ACTIVATION: usize = 5;
const DEFERRED: usize = 6;
const INTERNAL: usize = 7;
const FINALIZING: usize = 8;

/// What a loop did. Times are in nanoseconds.
#[derive(Default)]
pub(super) struct Loop {
    /// How often it was entered, and the time between that.
    pub outside: Spans,
    pub waits: Spans,
    /// Those that were not to take any time.
    pub looks: Counter,
    /// Those that found nothing.
    pub empty: Counter,
    /// Descriptors that were found ready.
    pub ready: Counter,
    /// Between waits.
    pub work: Spans,
    /// Output that was written before a wait.
    pub tasks: Spans,
    /// Callbacks by what they were called for: see [`KINDS`].
    pub kinds: [Counter; KINDS.len()],
    /// How late timers were found to be over.
    pub late: Spans,
    /// Events that are there, and the most that were.
    pub events: Counter,
    pub most_events: Counter,
    /// Bytes of the loop's own tables.
    pub tables: Counter,
    /// The place of the function that runs now, one up; 0 if none does.
    pub running: AtomicUsize,
    /// The last moment that was looked up.
    pub last: Counter,
    /// When the last wait ended, or the loop was entered.
    woken: Counter,
    /// 1 if there was much to do between the wait and its first callback.
    busy: Counter,
    /// 1 while it waits, from `last` on.
    pub waiting: Counter,
}

impl Loop {
    pub fn forget(&self) {
        for spans in [
            &self.outside,
            &self.waits,
            &self.work,
            &self.tasks,
            &self.late,
        ] {
            spans.forget();
        }
        for counter in [&self.looks, &self.empty, &self.ready, &self.most_events] {
            counter.set(0);
        }
        for counter in &self.kinds {
            counter.set(0);
        }
    }

    /// The time since the last moment that was looked up.
    fn lap(&self) -> u64 {
        let now = nanos();
        let span = now.saturating_sub(self.last.get());
        self.last.set(now);
        span
    }

    /// Counts the time since the last wait as work. Looking at the clock is most of what all this
    /// costs, so what little has been done since the last callback counts as waiting.
    fn end_work(&self) {
        self.work
            .add(self.last.get().saturating_sub(self.woken.get()));
    }
}

impl Spans {
    pub(super) fn forget(&self) {
        for counter in [&self.count, &self.total, &self.longest] {
            counter.set(0);
        }
    }
}

impl Observer for &Stats {
    fn enter(self) {
        self.process.set(u64::from(std::process::id()));
        let at_work = &self.at_work;
        let first = at_work.last.get() == 0;
        let span = at_work.lap();
        at_work.outside.add(if first { 0 } else { span });
        at_work.woken.set(at_work.last.get());
    }

    fn leave(self) {
        self.at_work.lap();
        self.at_work.end_work();
    }

    fn tasks_done(self) {
        self.at_work.tasks.add(self.at_work.lap());
    }

    fn begin_wait(self, base: &Locked, timeout: Timeout) {
        let at_work = &self.at_work;
        at_work.end_work();
        at_work
            .looks
            .add(u64::from(matches!(timeout, Timeout::Zero)));
        let events = u64::try_from(base.added.get()).unwrap_or(0);
        at_work.events.set(events);
        at_work.most_events.raise(events);
        let tables = base.timers.borrow().memory() + base.interest.borrow().memory();
        at_work.tables.set(tables as u64);
        at_work.waiting.set(1);
    }

    fn end_wait(self) {
        let at_work = &self.at_work;
        at_work.waiting.set(0);
        at_work.waits.add(at_work.lap());
        at_work.woken.set(at_work.last.get());
    }

    fn found(self, count: usize) {
        self.at_work.ready.add(count as u64);
        self.at_work.empty.add(u64::from(count == 0));
        self.at_work.busy.set(u64::from(count > MANY));
    }

    fn expired(self, deadline: Micros, now: Micros) {
        let late = u64::try_from(now.saturating_sub(deadline)).unwrap_or(0);
        self.at_work.late.add(late.saturating_mul(1000));
        self.at_work.busy.set(1);
    }

    fn begin_callbacks(self) {
        if self.at_work.busy.get() != 0 {
            self.at_work.lap();
        }
    }

    fn begin_callback(self, cb: Cb) {
        let (role, what) = role(cb);
        for kind in kinds(cb, role, what) {
            self.at_work.kinds[kind].add(1);
        }
        let place = self.functions.place_of(cb, role, what);
        self.at_work.running.store(place + 1, Relaxed);
    }

    fn end_callback(self) {
        let span = self.at_work.lap();
        if let Some(place) = self.at_work.running.swap(0, Relaxed).checked_sub(1) {
            self.functions.add(place, span);
        }
    }
}

/// What kind of callback it is, and what it is told.
fn role(cb: Cb) -> (Role, c_short) {
    match (cb.closure(), cb.event()) {
        (Closure::FinalizeCallback | Closure::FinalizeEvent | Closure::FinalizeAndFree, _) => {
            (Role::Finalizer, 0)
        }
        (_, Some(ev)) => (Role::Event, ev.result()),
        (_, None) => (Role::Deferred, 0),
    }
}

/// The [`KINDS`] that it counts as.
fn kinds(cb: Cb, role: Role, what: c_short) -> impl Iterator<Item = usize> {
    const TOLD: [c_short; ACTIVATION] = [EV_READ, EV_WRITE, EV_CLOSED, EV_SIGNAL, EV_TIMEOUT];
    let alone = match role {
        Role::Finalizer => Some(FINALIZING),
        Role::Deferred => Some(DEFERRED),
        Role::Event if cb.has(EVLIST_INTERNAL) => Some(INTERNAL),
        Role::Event if TOLD.iter().all(|bit| what & bit == 0) => Some(ACTIVATION),
        Role::Event => None,
    };
    let told = (0..TOLD.len()).filter(move |&kind| alone.is_none() && what & TOLD[kind] != 0);
    alone.into_iter().chain(told)
}
