//! A mutex that is one word, allocates nothing and leaves nothing behind.
//!
//! parking_lot's, which stood here, keeps the threads that wait in a table of the process: allocated
//! past the memory hooks, lost whenever the library is unloaded, and maybe locked in the child of a
//! fork. What both share is the inlined instruction that takes a free lock.

use core::hint;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

use lock_api::GuardNoSend;

use crate::sys;

const FREE: u32 = 0;
const HELD: u32 = 1;
/// Held, and threads may sleep until it is free.
const AWAITED: u32 = 2;

/// How often to look before going to sleep: most locks are held for less time than that takes.
const SPINS: u32 = 100;

/// See the module.
pub struct RawMutex(AtomicU32);

/// A value behind such a mutex.
pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;

// SAFETY: only who finds the word FREE, or is told that it was, has the lock.
unsafe impl lock_api::RawMutex for RawMutex {
    #[allow(
        clippy::declare_interior_mutable_const,
        reason = "the trait's way to make one"
    )]
    const INIT: RawMutex = RawMutex(AtomicU32::new(FREE));

    type GuardMarker = GuardNoSend;

    #[inline(always)]
    fn lock(&self) {
        if !self.try_lock() {
            self.lock_slowly();
        }
    }

    #[inline(always)]
    fn try_lock(&self) -> bool {
        self.0
            .compare_exchange(FREE, HELD, Acquire, Relaxed)
            .is_ok()
    }

    #[inline(always)]
    unsafe fn unlock(&self) {
        if self.0.swap(FREE, Release) == AWAITED {
            self.wake_one();
        }
    }
}

impl RawMutex {
    #[cold]
    #[inline(never)]
    fn lock_slowly(&self) {
        for _ in 0..SPINS {
            match self.0.load(Relaxed) {
                FREE if lock_api::RawMutex::try_lock(self) => return,
                AWAITED => break,
                _ => hint::spin_loop(),
            }
        }
        // From here on there may be others that sleep: the thread that gets the lock says so.
        while self.0.swap(AWAITED, Acquire) != FREE {
            sys::wait_while(&self.0, AWAITED);
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_one(&self) {
        sys::wake_one(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_threads_count() {
        let sum = Mutex::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for i in 0..5_000 {
                        let mut sum = sum.lock();
                        let now = *sum;
                        if i % 100 == 0 {
                            std::thread::yield_now();
                        }
                        *sum = now + 1;
                    }
                });
            }
        });
        assert_eq!(*sum.lock(), 20_000);
        assert_eq!(size_of::<RawMutex>(), 4);
    }

    #[test]
    fn a_held_lock_is_not_taken() {
        let mutex = Mutex::new(());
        let held = mutex.lock();
        assert!(mutex.try_lock().is_none());
        drop(held);
        assert!(mutex.try_lock().is_some());
    }
}
