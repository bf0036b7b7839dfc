//! One event, as the model knows it and as the library does.

use core::ffi::{c_int, c_short};

use crate::ctypes::event_struct::{
    EVLIST_ACTIVE, EVLIST_ACTIVE_LATER, EVLIST_FINALIZING, EVLIST_INIT, EVLIST_INSERTED,
    EVLIST_TIMEOUT, event,
};
use crate::support::time::Micros;

/// When a callback was queued: those with a lower stamp run first.
pub type Stamp = u64;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Queued {
    No,
    Active(Stamp),
    Later(Stamp),
}

/// How long a timeout is, and whether it is a common one.
pub type Span = (Micros, bool);

#[derive(Debug)]
pub struct Event {
    pub ptr: *mut event,
    pub fd: c_int,
    pub events: c_short,
    pub priority: c_int,
    pub inserted: bool,
    pub timed: bool,
    /// Of the timeout that runs or ran last.
    pub deadline: Micros,
    pub common: bool,
    pub interval: Option<Span>,
    pub queued: Queued,
    pub result: c_short,
    pub finalizing: bool,
}

impl Event {
    pub fn new(ptr: *mut event, fd: c_int, events: c_short, priority: c_int) -> Event {
        Event {
            ptr,
            fd,
            events,
            priority,
            inserted: false,
            timed: false,
            deadline: 0,
            common: false,
            interval: None,
            queued: Queued::No,
            result: 0,
            finalizing: false,
        }
    }

    /// Whether a walk over all events comes by. A negative descriptor is in no list.
    pub fn is_seen(&self) -> bool {
        match self.inserted {
            true => self.fd >= 0,
            false => self.timed || self.is_active(),
        }
    }

    pub fn is_active(&self) -> bool {
        matches!(self.queued, Queued::Active(_))
    }

    /// What the library thinks of it.
    pub fn flags(&self) -> c_int {
        // SAFETY: the model forgets events before they are freed.
        unsafe { c_int::from((*self.ptr).ev_evcallback.evcb_flags) }
    }

    pub fn reported(&self) -> c_short {
        // SAFETY: as above.
        unsafe { (*self.ptr).ev_res }
    }

    fn expected_flags(&self) -> c_int {
        let mut flags = EVLIST_INIT;
        for (flag, set) in [
            (EVLIST_INSERTED, self.inserted),
            (EVLIST_TIMEOUT, self.timed),
            (EVLIST_ACTIVE, self.is_active()),
            (EVLIST_ACTIVE_LATER, matches!(self.queued, Queued::Later(_))),
            (EVLIST_FINALIZING, self.finalizing),
        ] {
            if set {
                flags |= flag;
            }
        }
        flags
    }

    /// Panics unless the library thinks the same.
    pub fn check(&self, i: usize) {
        let known = EVLIST_INSERTED
            | EVLIST_TIMEOUT
            | EVLIST_ACTIVE
            | EVLIST_ACTIVE_LATER
            | EVLIST_FINALIZING
            | EVLIST_INIT;
        let flags = self.flags() & known;
        assert_eq!(flags, self.expected_flags(), "event {i}: {self:?}");
        if self.queued != Queued::No {
            assert_eq!(self.reported(), self.result, "event {i}: {self:?}");
        }
    }

    /// How many reasons it is for the loop to go on.
    pub fn reasons(&self) -> c_int {
        c_int::from(self.inserted)
            + c_int::from(self.timed)
            + c_int::from(self.queued != Queued::No)
    }
}
