//! `struct evutil_monotonic_timer`: a clock that never goes back.

use libc::{clockid_t, timeval};

use super::time::{self, Micros, from_timeval, to_timeval};
use crate::sys;

/// What a timer goes by.
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub enum Clock {
    /// The monotonic clock that is fastest to read.
    Fast = sys::COARSE_CLOCK,
    /// The most exact monotonic clock.
    Precise = libc::CLOCK_MONOTONIC,
    /// The wall clock, its jumps corrected, as if there were no monotonic one.
    CorrectedWall = CORRECTED_WALL,
}

/// No clock of the system has this number.
const CORRECTED_WALL: clockid_t = -1;

/// A clock. All zeros is a valid value: the plain wall clock.
///
/// Some programs embed one: the layout is libevent's.
#[repr(C)]
pub struct MonotonicTimer {
    clock: clockid_t,
    /// What is added to the wall clock to make up for its jumps.
    correction: timeval,
    /// What was last returned.
    last: timeval,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<MonotonicTimer>() == 40);

impl MonotonicTimer {
    /// A timer that goes by this clock.
    pub fn new(clock: Clock) -> MonotonicTimer {
        MonotonicTimer {
            clock: clock as clockid_t,
            correction: to_timeval(0),
            last: to_timeval(0),
        }
    }

    /// The time since an unspecified start.
    pub fn now(&mut self) -> timeval {
        to_timeval(match self.clock {
            CORRECTED_WALL => self.corrected(time::wall()),
            libc::CLOCK_MONOTONIC => time::monotonic(true),
            sys::COARSE_CLOCK => time::monotonic(false),
            _ => time::wall(),
        })
    }

    /// The wall clock's time, or the last one returned if the clock was set back since.
    fn corrected(&mut self, wall: Micros) -> Micros {
        let correction = from_timeval(self.correction);
        let last = from_timeval(self.last);
        let now = wall.saturating_add(correction).max(last);
        self.correction = to_timeval(now.saturating_sub(wall));
        self.last = to_timeval(now);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_set_back_stands_still_and_then_goes_on() {
        let mut timer = MonotonicTimer::new(Clock::CorrectedWall);
        assert_eq!(timer.corrected(5_000_000), 5_000_000);
        assert_eq!(timer.corrected(5_000_001), 5_000_001);
        // One hour back.
        assert_eq!(timer.corrected(5_000_001 - 3_600_000_000), 5_000_001);
        assert_eq!(timer.corrected(5_000_011 - 3_600_000_000), 5_000_011);
        // And forward again: nothing tells that from time that passed.
        assert_eq!(timer.corrected(5_000_021), 3_605_000_021);
    }

    #[test]
    fn no_clock_goes_back() {
        for clock in [Clock::Fast, Clock::Precise, Clock::CorrectedWall] {
            let mut timer = MonotonicTimer::new(clock);
            let mut last = 0;
            for _ in 0..1000 {
                let now = from_timeval(timer.now());
                assert!(now >= last && now > 0, "{clock:?}");
                last = now;
            }
        }
    }
}
