//! The base's clock: monotonic, read once per iteration of the loop.

use core::cell::Cell;
use core::hint::cold_path;

use crate::base::{EventBase, Locked};
use crate::support::time::{self, Micros};

/// A base's view of time.
pub struct Clock {
    precise: bool,
    /// Don't keep the time of the iteration.
    uncached: bool,
    /// The time of this iteration, 0 outside of one.
    cached: Cell<Micros>,
    /// Wall clock minus monotonic clock, and when that was last looked up.
    offset: Cell<Micros>,
    offset_read: Cell<Micros>,
}

/// How long the offset between the two clocks is trusted.
const OFFSET_LIFE: Micros = 5_000_000;

impl Clock {
    pub fn new(precise: bool, uncached: bool) -> Clock {
        Clock {
            precise,
            uncached,
            cached: Cell::new(0),
            offset: Cell::new(0),
            offset_read: Cell::new(Micros::MIN / 2),
        }
    }

    /// The time of the iteration, or of now outside of an iteration.
    #[inline]
    pub fn now(&self) -> Micros {
        match self.cached.get() {
            0 => self.read(),
            cached => cached,
        }
    }

    /// A new iteration: the old time is of no use.
    #[inline]
    pub fn forget(&self) {
        self.cached.set(0);
    }

    /// Fixes the time for the rest of the iteration.
    #[inline]
    pub fn update(&self) {
        if self.uncached {
            cold_path();
            return;
        }
        self.cached.set(self.read());
    }

    #[inline]
    fn read(&self) -> Micros {
        if self.precise {
            cold_path();
            return time::monotonic(true);
        }
        time::monotonic(false)
    }

    /// Whether an iteration's time is fixed.
    pub fn is_cached(&self) -> bool {
        self.cached.get() != 0
    }

    fn wall_offset(&self, now: Micros) -> Micros {
        if now - self.offset_read.get() >= OFFSET_LIFE {
            self.offset_read.set(now);
            self.offset.set(time::wall() - now);
        }
        self.offset.get()
    }

    /// A moment of this clock on the wall clock.
    pub fn to_wall(&self, moment: Micros) -> Micros {
        moment.saturating_add(self.wall_offset(self.now()))
    }
}

impl EventBase {
    /// The clock of this base.
    pub(in crate::base) fn clock(&self) -> &Clock {
        &self.clock
    }
}

impl Locked<'_> {
    /// The time of the running iteration, on the monotonic clock; of now outside of one.
    pub fn monotonic_time(&self) -> Micros {
        self.clock.now()
    }

    /// The wall-clock time of the running iteration; of now outside of one.
    pub fn wall_time(&self) -> Micros {
        if self.clock.is_cached() {
            self.clock.to_wall(self.clock.now())
        } else {
            time::wall()
        }
    }

    /// Reads the clock anew for the rest of the iteration; does nothing outside of the loop.
    pub fn refresh_time(&self) {
        if self.running.get() {
            self.clock.update();
        }
    }
}
