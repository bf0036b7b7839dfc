//! What must fire, worked out from poll(2), the clock and nothing else.
//!
//! Where the documentation leaves an answer open, the model takes the library's if it is one of
//! those allowed: for a descriptor that was closed or replaced while events waited for it, for
//! edges that may have been seen or not, and for the place of common timeouts among the others.

use core::ffi::{c_int, c_short};

use super::descriptors::{self, ALL, Descriptors};
use super::known::{Event, Queued, Span, Stamp};
use crate::backend::Method;
use crate::ctypes::event::{EV_ET, EV_FINALIZE, EV_PERSIST, EV_TIMEOUT};
use crate::ctypes::event_struct::{EVLIST_ACTIVE, EVLIST_TIMEOUT};
use crate::support::time::{Micros, stopped};

pub const EVENTS: usize = 12;

/// What is known of the running iteration of the loop.
#[derive(Default)]
struct Iteration {
    /// When the loop looked.
    looked: Option<Micros>,
    /// What the base takes for now.
    time: Option<Micros>,
    priority: Option<c_int>,
    ran: c_int,
    /// Something may have ended the iteration before its queue was empty.
    early: bool,
}

pub struct Model {
    pub method: Method,
    /// The time of the iteration is not kept.
    pub uncached: bool,
    /// Callbacks in an iteration, and the priorities that this is not for.
    pub limit: Option<(c_int, c_int)>,
    pub priorities: c_int,
    pub events: [Option<Event>; EVENTS],
    pub fds: Descriptors,
    /// Closed or replaced under an event.
    tainted: [bool; descriptors::COUNT],
    /// Registered for edges.
    edged: [bool; descriptors::COUNT],
    /// The library has events of its own for common timeouts.
    pub used_common: bool,
    stamp: Stamp,
    iteration: Iteration,
}

impl Model {
    pub fn new(method: Method) -> Model {
        Model {
            method,
            uncached: false,
            limit: None,
            priorities: 1,
            events: [const { None }; EVENTS],
            fds: Descriptors::new(),
            tainted: [false; descriptors::COUNT],
            edged: [false; descriptors::COUNT],
            used_common: false,
            stamp: 0,
            iteration: Iteration::default(),
        }
    }

    fn event(&mut self, i: usize) -> &mut Event {
        self.events[i].as_mut().unwrap()
    }

    fn all(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().flatten()
    }

    fn next_stamp(&mut self) -> Stamp {
        self.stamp += 1;
        self.stamp
    }

    fn now(&self) -> Micros {
        match self.iteration.time {
            Some(time) if !self.uncached => time,
            _ => stopped::now().unwrap(),
        }
    }

    fn queue_of(&self, i: usize) -> c_int {
        let priority = self.events[i].as_ref().unwrap().priority;
        priority.min(self.priorities - 1)
    }

    pub fn waits_for(&self, fd: c_int) -> bool {
        self.all().any(|e| e.inserted && e.fd == fd)
    }

    /// The descriptor is not what events on it were added for.
    pub fn taint(&mut self, index: usize) {
        self.tainted[index] = self.waits_for(descriptors::number(index));
    }

    pub fn any_active(&self) -> bool {
        self.all().any(Event::is_active)
    }

    pub fn is_empty(&self) -> bool {
        self.reasons() == 0
    }

    pub fn reasons(&self) -> c_int {
        self.all().map(Event::reasons).sum()
    }

    pub fn queued(&self) -> c_int {
        self.all().filter(|e| e.queued != Queued::No).count() as c_int
    }

    // What programs do.

    /// Whether adding succeeds.
    pub fn add(&mut self, i: usize, span: Option<Span>) -> bool {
        let until = span.map(|(length, common)| (self.now().saturating_add(length), common));
        self.add_until(i, span, until)
    }

    fn add_until(&mut self, i: usize, span: Option<Span>, until: Option<(Micros, bool)>) -> bool {
        let e = self.event(i);
        if e.finalizing {
            return false;
        }
        let waits = e.events & ALL != 0 && !e.inserted && e.queued == Queued::No;
        if waits && !self.insert(i) {
            return false;
        }
        let e = self.event(i);
        if let (Some(span), true) = (span, e.events & EV_PERSIST != 0) {
            e.interval = Some(span);
        }
        if let Some((deadline, common)) = until {
            // A timeout that was about to be reported is taken back.
            if e.is_active() && e.result & EV_TIMEOUT != 0 {
                e.queued = Queued::No;
            }
            (e.timed, e.deadline, e.common) = (true, deadline, common);
            self.used_common |= common;
        }
        true
    }

    fn insert(&mut self, i: usize) -> bool {
        let fd = self.event(i).fd;
        if descriptors::index(fd).is_some() && !self.waits_for(fd) {
            if self.method == Method::Epoll && !self.fds.is_open(fd) {
                return false;
            }
            self.fds.all_edges(fd);
        }
        self.set_inserted(i, true);
        true
    }

    /// Where edges and levels are mixed, the event that changes last what is waited for decides.
    fn set_inserted(&mut self, i: usize, inserted: bool) {
        let Event { fd, events, .. } = *self.event(i);
        let before = self.wanted(fd);
        self.event(i).inserted = inserted;
        if let Some(place) = descriptors::index(fd)
            && self.wanted(fd) != before
        {
            self.edged[place] = self.method == Method::Epoll && events & EV_ET != 0;
        }
    }

    pub fn delete(&mut self, i: usize) {
        let e = self.event(i);
        if e.finalizing {
            return;
        }
        (e.timed, e.queued) = (false, Queued::No);
        let fd = e.fd;
        self.set_inserted(i, false);
        if let Some(place) = descriptors::index(fd)
            && !self.waits_for(fd)
        {
            self.tainted[place] = false;
        }
    }

    pub fn remove_timer(&mut self, i: usize) {
        let e = self.event(i);
        if e.timed {
            e.timed = false;
            e.interval = None;
        }
    }

    pub fn activate(&mut self, i: usize, result: c_short) {
        let stamp = self.next_stamp();
        self.activate_at(i, result, stamp);
    }

    fn activate_at(&mut self, i: usize, result: c_short, stamp: Stamp) {
        let queue = self.queue_of(i);
        let urgent = self
            .iteration
            .priority
            .is_some_and(|running| queue < running);
        let e = self.event(i);
        if e.finalizing {
            return;
        }
        match e.queued {
            Queued::Active(_) => e.result |= result,
            Queued::Later(_) => e.result |= result,
            Queued::No => e.result = result,
        }
        if !e.is_active() {
            e.queued = Queued::Active(stamp);
            self.iteration.early |= urgent;
        }
    }

    pub fn activate_later(&mut self, i: usize, result: c_short) {
        let stamp = self.next_stamp();
        let e = self.event(i);
        if e.queued != Queued::No {
            e.result |= result;
            return;
        }
        e.result = result;
        if !e.finalizing {
            e.queued = Queued::Later(stamp);
        }
    }

    pub fn activate_fd(&mut self, fd: c_int, what: c_short) {
        let stamp = self.next_stamp();
        for i in 0..EVENTS {
            let Some(e) = &self.events[i] else { continue };
            if what & EV_TIMEOUT != 0 {
                if e.timed && e.fd == fd {
                    self.activate_at(i, EV_TIMEOUT, stamp);
                }
            } else if e.inserted && e.fd == fd && e.events & what & ALL != 0 {
                let told = e.events & what & ALL;
                self.activate_at(i, told, stamp);
            }
        }
    }

    pub fn finalize(&mut self, i: usize) {
        self.delete(i);
        self.activate(i, EV_FINALIZE);
        self.event(i).finalizing = true;
    }

    /// Whether the priority can be set.
    pub fn set_priority(&mut self, i: usize, priority: c_int) -> bool {
        let possible = !self.event(i).is_active() && (0..self.priorities).contains(&priority);
        if possible {
            self.event(i).priority = priority;
        }
        possible
    }

    /// Whether everything that waits can be registered anew.
    pub fn reinit(&mut self) -> bool {
        let mut complete = true;
        for place in 0..descriptors::COUNT {
            let fd = descriptors::number(place);
            if !self.waits_for(fd) {
                continue;
            }
            if self.fds.is_open(fd) {
                self.tainted[place] = false;
                self.fds.all_edges(fd);
            } else if self.method == Method::Epoll {
                complete = false;
            }
        }
        complete
    }

    pub fn continue_loop(&mut self) {
        self.iteration.early = true;
    }

    pub fn refresh_time(&mut self) {
        if self.iteration.time.is_some() {
            self.iteration.time = stopped::now();
        }
    }

    // What the loop does.

    /// An iteration begins: what was put off is due. Returns how long the loop may wait, if not for ever.
    pub fn begin_turn(&mut self) -> Option<Micros> {
        self.end_turn();
        let now = self.now();
        let mut later: Vec<_> = (0..EVENTS)
            .filter_map(|i| match self.events[i].as_ref()?.queued {
                Queued::Later(stamp) => Some((stamp, i)),
                _ => None,
            })
            .collect();
        later.sort_unstable();
        for (_, i) in later {
            let stamp = self.next_stamp();
            self.event(i).queued = Queued::Active(stamp);
        }
        if self.any_active() {
            return Some(0);
        }
        let timed = self.all().filter(|e| e.timed);
        timed.map(|e| e.deadline.saturating_sub(now).max(0)).min()
    }

    /// What ran was all that had to.
    pub fn end_turn(&mut self) {
        self.sync_common(None);
        if let (Some(priority), false) = (self.iteration.priority, self.iteration.early) {
            let left = (0..EVENTS).find(|&i| {
                self.events[i].as_ref().is_some_and(Event::is_active)
                    && self.queue_of(i) == priority
            });
            assert_eq!(
                left,
                None,
                "left in the queue: {:?}",
                left.map(|i| &self.events[i])
            );
        }
        self.iteration = Iteration::default();
    }

    /// The loop ended of itself: nothing that was due may be left.
    pub fn expect_all_fired(&mut self) {
        let looked = self.iteration.looked;
        self.sync_common(None);
        let late = |e: &&Event| {
            e.is_active() || e.timed && e.common && looked.is_some_and(|now| e.deadline <= now)
        };
        let left = self.all().find(late);
        assert!(left.is_none(), "did not fire: {left:?}");
    }

    fn wanted(&self, fd: c_int) -> c_short {
        self.all()
            .filter(|e| e.inserted && e.fd == fd)
            .fold(0, |wanted, e| wanted | e.events & ALL)
    }

    /// What is ready of a place; and whether that must be reported, for each kind of readiness.
    fn readiness(&self, place: usize) -> (c_short, c_short) {
        let fd = descriptors::number(place);
        let wanted = self.wanted(fd);
        if wanted == 0 {
            return (0, 0);
        }
        let ready = self.fds.ready(self.method, fd, wanted);
        let certain = if self.tainted[place] {
            0
        } else if self.edged[place] {
            ready & self.fds.edges(fd)
        } else {
            ready
        };
        (ready, certain & wanted)
    }

    /// Whether the next look must find something.
    pub fn must_find(&self) -> bool {
        (0..descriptors::COUNT).any(|place| self.readiness(place).1 != 0)
    }

    /// The loop has looked, and reported what is ready.
    pub fn look(&mut self) {
        self.iteration.looked = stopped::now();
        self.iteration.time = stopped::now();
        let stamp = self.next_stamp();
        for place in 0..descriptors::COUNT {
            let fd = descriptors::number(place);
            let (ready, certain) = self.readiness(place);
            for i in 0..EVENTS {
                let Some(e) = &self.events[i] else { continue };
                if !e.inserted || e.fd != fd {
                    continue;
                }
                let edge = if self.method == Method::Epoll {
                    EV_ET
                } else {
                    0
                };
                let told = e.events & (ready | edge);
                if e.events & certain != 0 {
                    self.activate_at(i, told, stamp);
                } else if self.tainted[place] {
                    self.accept(i, e.events & (ALL | EV_ET), stamp);
                } else if self.edged[place] && e.events & ready & ALL != 0 {
                    self.accept(i, told, stamp);
                }
            }
        }
        self.fds.looked();
    }

    /// The library may have reported any of this, or nothing.
    fn accept(&mut self, i: usize, possible: c_short, stamp: Stamp) {
        let e = self.event(i);
        if e.flags() & EVLIST_ACTIVE == 0 {
            return;
        }
        let before = if e.is_active() { e.result } else { 0 };
        let reported = e.reported();
        assert_eq!(reported & !(before | possible), 0, "{e:?}");
        if !e.is_active() {
            e.queued = Queued::Active(stamp);
        }
        e.result = reported;
    }

    /// Timeouts that are over.
    pub fn expire(&mut self) {
        let now = self.now();
        let mut due: Vec<_> = (0..EVENTS)
            .filter_map(|i| Some((self.events[i].as_ref()?, i)))
            .filter(|(e, _)| e.timed && !e.common && e.deadline <= now)
            .map(|(e, i)| (e.deadline, i))
            .collect();
        due.sort_unstable();
        let mut last = None;
        for (deadline, i) in due {
            if last.replace(deadline) != Some(deadline) {
                self.next_stamp();
            }
            self.time_out(i, self.stamp);
        }
    }

    fn time_out(&mut self, i: usize, stamp: Stamp) {
        let e = self.event(i);
        let fd = e.fd;
        let told = if e.queued == Queued::No { 0 } else { e.result };
        if e.interval.is_some_and(|(length, _)| length != 0) && e.inserted {
            (e.timed, e.queued) = (false, Queued::No);
            if e.events & EV_ET != 0 {
                self.fds.all_edges(fd);
            }
        } else {
            self.delete(i);
        }
        self.activate_at(i, told | EV_TIMEOUT, stamp);
    }

    /// Common timeouts that the library has queued since; but for an event that is running, of which
    /// the library doesn't tell any more.
    fn sync_common(&mut self, running: Option<usize>) {
        if self.iteration.looked.is_none() {
            return;
        }
        let now = self.now();
        let stamp = self.next_stamp();
        for i in 0..EVENTS {
            let Some(e) = &self.events[i] else { continue };
            let due = e.timed && e.common && e.deadline <= now;
            if due && running != Some(i) && e.flags() & EVLIST_TIMEOUT == 0 {
                self.time_out(i, stamp);
            }
        }
    }

    /// A callback is about to run: is it its turn? Leaves the event as its callback finds it, and
    /// returns what that must be told, which should be `told`.
    pub fn run(&mut self, i: usize, told: c_short) -> c_short {
        let now = self.now();
        let e = self.event(i);
        let expected = e.is_active() && e.result == told;
        let timed_out = !expected && told & EV_TIMEOUT != 0;
        if timed_out && e.timed && e.common && e.deadline <= now {
            let stamp = self.next_stamp();
            self.time_out(i, stamp);
        }
        self.sync_common(Some(i));
        let queue = self.queue_of(i);
        let e = self.event(i);
        let Queued::Active(stamp) = e.queued else {
            panic!("ran although it was not active: {e:?}");
        };
        for other in 0..EVENTS {
            let Some(Queued::Active(earlier)) = self.events[other].as_ref().map(|e| e.queued)
            else {
                continue;
            };
            let place = (self.queue_of(other), earlier);
            assert!(
                (queue, stamp) <= place,
                "{i} ran before {other}: {:?}",
                self.events
            );
        }
        if let Some(running) = self.iteration.priority {
            assert_eq!(queue, running, "two queues in one iteration");
        }
        self.iteration.priority = Some(queue);
        self.iteration.ran += 1;
        if let Some((most, above)) = self.limit
            && queue >= above
        {
            assert!(
                self.iteration.ran <= most,
                "too many callbacks in an iteration"
            );
            self.iteration.early |= self.iteration.ran == most;
        }
        let e = self.event(i);
        let result = e.result;
        e.queued = Queued::No;
        if e.finalizing {
            return result;
        }
        if e.events & EV_PERSIST == 0 {
            self.delete(i);
        } else if let Some((length, common)) = e.interval
            && length != 0
        {
            let from = if result & EV_TIMEOUT != 0 {
                e.deadline
            } else {
                now
            };
            let mut next = from.saturating_add(length);
            if next < now {
                next = now.saturating_add(length);
            }
            self.add_until(i, None, Some((next, common)));
        }
        result
    }

    /// Panics unless the library thinks the same of every event.
    pub fn check(&mut self) {
        self.sync_common(None);
        for (i, e) in self.events.iter().enumerate() {
            let Some(e) = e else { continue };
            e.check(i);
        }
    }
}
