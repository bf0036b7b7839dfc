//! Clocks and `struct timeval` arithmetic, in microseconds.

use core::hint::cold_path;

use libc::{suseconds_t, time_t, timeval};

use crate::sys;

/// Microseconds since an unspecified start; never goes back.
pub type Micros = i64;

const PER_SECOND: i64 = 1_000_000;

/// A number of the system's, which has 32 bits on some machines.
#[inline]
fn wide(number: impl Into<i64>) -> i64 {
    number.into()
}

/// The other way. What has no room becomes `most`.
#[inline]
pub fn narrow<T: TryFrom<i64>>(number: i64, most: T) -> T {
    number.try_into().unwrap_or(most)
}

fn clock(id: libc::clockid_t) -> libc::timespec {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is writable; the clocks used here exist on every supported kernel.
    unsafe { libc::clock_gettime(id, &raw mut now) };
    now
}

/// The monotonic clock. The coarse one is the kernel's last tick: a few nanoseconds to read, a few
/// milliseconds late.
#[inline]
pub fn monotonic(precise: bool) -> Micros {
    #[cfg(any(test, fuzzing))]
    if let Some(now) = stopped::now() {
        return now;
    }
    let id = if precise {
        libc::CLOCK_MONOTONIC
    } else {
        sys::COARSE_CLOCK
    };
    let now = clock(id);
    wide(now.tv_sec) * PER_SECOND + i64::from(now.tv_nsec as u32 / 1000)
}

/// The most exact monotonic clock, in nanoseconds.
pub fn nanos() -> u64 {
    let now = clock(libc::CLOCK_MONOTONIC);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// A monotonic clock that stands still, for tests that tell the time themselves.
#[cfg(any(test, fuzzing))]
pub mod stopped {
    use super::Micros;
    use std::cell::Cell;

    std::thread_local! {
        static NOW: Cell<Option<Micros>> = const { Cell::new(None) };
    }

    pub fn now() -> Option<Micros> {
        NOW.get()
    }

    /// Sets the calling thread's clock; `None` lets it go again.
    pub fn set(now: Option<Micros>) {
        NOW.set(now);
    }
}

/// The wall clock, in microseconds since the epoch.
pub fn wall() -> Micros {
    let now = clock(libc::CLOCK_REALTIME);
    wide(now.tv_sec) * PER_SECOND + wide(now.tv_nsec) / 1000
}

/// A `timeval` as microseconds. Saturates, so that "never" stays in the far future.
#[inline]
pub fn from_timeval(tv: timeval) -> Micros {
    // Tens of thousands of years: what is shorter needs no care.
    const NO_OVERFLOW_BELOW: i64 = 1 << 40;
    let (seconds, micros) = (wide(tv.tv_sec), wide(tv.tv_usec));
    if (0..NO_OVERFLOW_BELOW).contains(&seconds) && (0..NO_OVERFLOW_BELOW).contains(&micros) {
        return seconds * PER_SECOND + micros;
    }
    cold_path();
    seconds.saturating_mul(PER_SECOND).saturating_add(micros)
}

/// Microseconds as a normalised `timeval`; the last second that there is for what comes later.
#[inline]
pub fn to_timeval(micros: Micros) -> timeval {
    // Every timer that is added comes by here, and division without a sign is half the work.
    if let Ok(micros) = u64::try_from(micros) {
        return timeval {
            tv_sec: narrow((micros / PER_SECOND.unsigned_abs()) as i64, time_t::MAX),
            tv_usec: (micros % PER_SECOND.unsigned_abs()) as suseconds_t,
        };
    }
    timeval {
        tv_sec: narrow(micros.div_euclid(PER_SECOND), time_t::MIN),
        tv_usec: micros.rem_euclid(PER_SECOND) as suseconds_t,
    }
}

/// Sleeps, or until a signal comes; not at all for a negative time.
pub fn sleep(tv: timeval) {
    let duration = libc::timespec {
        tv_sec: tv.tv_sec,
        tv_nsec: tv.tv_usec.saturating_mul(1000),
    };
    // SAFETY: nanosleep checks the time that it is given.
    unsafe { libc::nanosleep(&raw const duration, core::ptr::null_mut()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_saturation() {
        for micros in [0, 1, 999_999, 1_000_000, -1, -1_000_001] {
            assert_eq!(from_timeval(to_timeval(micros)), micros);
        }
        let never = timeval {
            tv_sec: i64::MAX,
            tv_usec: 999_999,
        };
        assert_eq!(from_timeval(never), i64::MAX);
    }

    #[test]
    fn clocks_move_forward() {
        let start = monotonic(true);
        assert!(monotonic(true) >= start);
        assert!(wall() > 1_600_000_000 * PER_SECOND);
    }
}
