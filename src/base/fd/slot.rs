//! What [`interest`](crate::base::interest) keeps of one descriptor.

use crate::backend::{CLOSED, EDGE, Mask, READ, WRITE};
use crate::base::handle::{Ev, SourceList};
use crate::ctypes::event::EV_ET;

/// In the list of changes to flush_changes.
pub const CHANGED: u8 = 1;
/// The events are edge-triggered.
pub const EDGE_TRIGGERED: u8 = 2;
/// The first event was added for later, and the kernel knows of none yet.
pub const UNREGISTERED: u8 = 4;

/// One descriptor: its events, and what they want to hear of.
#[derive(Clone, Copy)]
pub struct Slot {
    pub events: SourceList,
    readers: u16,
    writers: u16,
    closers: u16,
    /// What the kernel was told; 0 if it knows nothing.
    pub registered: Mask,
    pub state: u8,
    /// Of the registration.
    pub generation: u32,
    /// The iteration in which the last event went.
    pub idle_since: u32,
}

impl Slot {
    pub const EMPTY: Slot = Slot {
        events: SourceList::EMPTY,
        readers: 0,
        writers: 0,
        closers: 0,
        registered: 0,
        state: 0,
        generation: 0,
        idle_since: 0,
    };

    /// What the events want to hear of.
    #[inline(always)]
    fn kinds(&self) -> Mask {
        let mut mask = 0;
        if self.readers > 0 {
            mask |= READ;
        }
        if self.writers > 0 {
            mask |= WRITE;
        }
        if self.closers > 0 {
            mask |= CLOSED;
        }
        mask
    }

    /// That, and whether by edges.
    #[inline(always)]
    pub fn wanted(&self) -> Mask {
        self.by_edges(self.kinds())
    }

    #[inline(always)]
    fn by_edges(&self, kinds: Mask) -> Mask {
        if kinds != 0 && self.state & EDGE_TRIGGERED != 0 {
            kinds | EDGE
        } else {
            kinds
        }
    }

    /// The event that came or went last, and changed what is wanted by that, decides for all
    /// whether by edges: a program that mixes them gets what libevent gives it.
    #[inline]
    pub fn decide_on_edges(&mut self, edge: bool) {
        if edge {
            self.state |= EDGE_TRIGGERED;
        } else {
            self.state &= !EDGE_TRIGGERED;
        }
    }

    /// Begins a new generation: what the kernel still reports of the old one is not ours.
    pub fn unregister(&mut self) {
        self.registered = 0;
        self.generation = self.generation.wrapping_add(1);
    }

    /// Counts an event in or out: what was wanted, and what is now. `None`, with nothing changed, if
    /// a counter would overflow.
    #[inline(always)]
    pub fn recount(&mut self, ev: Ev, by: i32) -> Option<(Mask, Mask)> {
        let old = self.wanted();
        if !self.count(ev, by) {
            return None;
        }
        let kinds = self.kinds();
        if kinds != old & !EDGE {
            self.decide_on_edges(ev.events() & EV_ET != 0);
        }
        Some((old, self.by_edges(kinds)))
    }

    /// Counts an event in or out; false if a counter would overflow.
    #[inline(always)]
    pub fn count(&mut self, ev: Ev, by: i32) -> bool {
        let events = ev.events() as Mask;
        let counters = [
            (READ, &mut self.readers),
            (WRITE, &mut self.writers),
            (CLOSED, &mut self.closers),
        ];
        let overflows = counters
            .iter()
            .any(|(flag, n)| events & flag != 0 && u16::try_from(i32::from(**n) + by).is_err());
        if overflows {
            return false;
        }
        for (flag, counter) in counters {
            if events & flag != 0 {
                *counter = (i32::from(*counter) + by) as u16;
            }
        }
        true
    }
}
