//! Random numbers for ids and the case of letters, drawn from the kernel many at a time.

use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::Once;

use crate::support::rng;

const POOL: usize = 512;

/// How often this process has been forked off.
static FORKS: AtomicU32 = AtomicU32::new(0);
static WATCH: Once = Once::new();

unsafe extern "C" {
    fn pthread_atfork(
        prepare: Option<unsafe extern "C" fn()>,
        parent: Option<unsafe extern "C" fn()>,
        child: Option<unsafe extern "C" fn()>,
    ) -> core::ffi::c_int;
}

/// # Safety
/// Runs in a child process after fork(2), before anything else of the library.
unsafe extern "C" fn in_child() {
    FORKS.fetch_add(1, Relaxed);
}

/// Bytes that are used once. A child of a fork does not use what its parent has.
pub struct Random {
    pool: [u8; POOL],
    left: usize,
    forks: u32,
}

impl Random {
    pub fn new() -> Random {
        // SAFETY: the function may be called at any time. Without it, nothing is kept.
        WATCH.call_once(|| unsafe {
            if pthread_atfork(None, None, Some(in_child)) != 0 {
                FORKS.store(u32::MAX, Relaxed);
            }
        });
        Random {
            pool: [0; POOL],
            left: 0,
            forks: 0,
        }
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        const { assert!(N <= POOL) };
        let forks = FORKS.load(Relaxed);
        if self.left < N || self.forks != forks || forks == u32::MAX {
            let mut fresh = [MaybeUninit::uninit(); POOL];
            rng::fill_or_die(&mut fresh);
            // SAFETY: all of it was filled.
            self.pool = fresh.map(|byte| unsafe { byte.assume_init() });
            (self.left, self.forks) = (POOL, forks);
        }
        let mut out = [0; N];
        self.left -= N;
        out.copy_from_slice(&self.pool[self.left..self.left + N]);
        // What was used is not left to be found.
        self.pool[self.left..self.left + N].fill(0);
        out
    }

    pub fn id(&mut self) -> u16 {
        u16::from_ne_bytes(self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nothing_comes_twice() {
        let mut random = Random::new();
        let mut seen = HashSet::new();
        for _ in 0..1000 {
            assert!(seen.insert(random.bytes::<16>()));
        }
    }

    #[test]
    fn ids_are_spread_evenly() {
        let mut random = Random::new();
        let mut counts = [0u32; 64];
        for _ in 0..64 * 1000 {
            counts[usize::from(random.id() >> 10)] += 1;
        }
        // 63 degrees of freedom: above 124 once in 2^18 runs.
        let chi: f64 = counts
            .iter()
            .map(|&count| (f64::from(count) - 1000.0).powi(2) / 1000.0)
            .sum();
        assert!(chi < 124.0, "{chi}");
    }
}
