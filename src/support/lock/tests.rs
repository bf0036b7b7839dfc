//! The callbacks that `evthread_use_pthreads` can install, each by its own table.

use core::ffi::c_void;
use core::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use libc::timeval;

use super::{RECURSIVE, TRY, builtin, pthread};
use crate::ctypes::thread::evthread_lock_callbacks as LockTable;

/// A lock with its table, as a value that threads may share.
#[derive(Clone, Copy)]
struct Guard(LockTable, usize);

impl Guard {
    fn new(table: LockTable) -> Self {
        // SAFETY: alloc takes every kind.
        let lock = unsafe { table.alloc.unwrap()(RECURSIVE) };
        assert!(!lock.is_null());
        Guard(table, lock as usize)
    }

    fn pointer(self) -> *mut c_void {
        self.1 as *mut c_void
    }

    fn lock(self, mode: u32) -> bool {
        // SAFETY: the lock is freed at the end of each test only.
        unsafe { self.0.lock.unwrap()(mode, self.pointer()) == 0 }
    }

    fn unlock(self) {
        // SAFETY: the tests unlock what they have locked.
        assert_eq!(unsafe { self.0.unlock.unwrap()(0, self.pointer()) }, 0);
    }

    fn free(self) {
        // SAFETY: the last use.
        unsafe { self.0.free.unwrap()(self.pointer(), RECURSIVE) };
    }
}

#[test]
fn locks_are_recursive_exclusive_and_can_be_tried() {
    for table in [builtin::LOCKS, pthread::PLAIN, pthread::INHERITING] {
        let guard = Guard::new(table);
        let counter = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        guard.lock(0);
                        guard.lock(0);
                        let seen = counter.load(Relaxed);
                        counter.store(seen + 1, Relaxed);
                        guard.unlock();
                        guard.unlock();
                    }
                });
            }
        });
        assert_eq!(counter.into_inner(), 20_000);

        let try_elsewhere =
            || std::thread::scope(|scope| scope.spawn(|| guard.lock(TRY)).join().unwrap());
        assert!(guard.lock(TRY));
        assert!(!try_elsewhere());
        guard.unlock();
        assert!(guard.lock(0));
        guard.unlock();
        guard.free();
    }
}

#[test]
fn inheriting_is_what_the_mutex_says() {
    assert!(pthread::can_inherit());
    let low = Guard::new(pthread::INHERITING);
    // A mutex with inheritance keeps its owner's thread id in the futex word.
    assert!(low.lock(0));
    // SAFETY: glibc's futex word comes first; gettid cannot fail.
    let (word, me) = unsafe { (*low.pointer().cast::<u32>(), libc::gettid() as u32) };
    assert_eq!(word & 0x3fff_ffff, me);
    low.unlock();
    low.free();
}

#[test]
fn pthread_conditions_time_out_and_are_woken() {
    let table = pthread::CONDITIONS;
    let guard = Guard::new(pthread::INHERITING);
    // SAFETY: the condition is used through its own functions and freed once.
    unsafe {
        let condition = table.alloc_condition.unwrap()(0) as usize;
        let wait = |limit: *const timeval| {
            table.wait_condition.unwrap()(condition as *mut c_void, guard.pointer(), limit)
        };
        let soon = timeval {
            tv_sec: 0,
            tv_usec: 20_000,
        };
        guard.lock(0);
        let start = Instant::now();
        // A spurious wake-up is allowed, but not forever.
        while wait(&raw const soon) == 0 {}
        // Its clock is another one.
        assert!(start.elapsed() >= Duration::from_millis(15));
        let ready = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                guard.lock(0);
                ready.store(1, Relaxed);
                table.signal_condition.unwrap()(condition as *mut c_void, 1);
                guard.unlock();
            });
            while ready.load(Relaxed) == 0 {
                assert_eq!(wait(ptr::null()), 0);
            }
        });
        guard.unlock();
        table.free_condition.unwrap()(condition as *mut c_void);
    }
    guard.free();
}

#[test]
fn builtin_conditions_time_out_and_are_woken() {
    let guard = Guard::new(builtin::LOCKS);
    let condition = builtin::Condition::new();
    let wait = |limit| condition.wait(|| guard.unlock(), || assert!(guard.lock(0)), limit);
    let soon = timeval {
        tv_sec: 0,
        tv_usec: 20_000,
    };
    guard.lock(0);
    let start = Instant::now();
    assert!(!wait(Some(&soon)));
    assert!(start.elapsed() >= Duration::from_millis(20));
    let ready = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            guard.lock(0);
            ready.store(1, Relaxed);
            condition.signal(true);
            guard.unlock();
        });
        while ready.load(Relaxed) == 0 {
            assert!(wait(None));
        }
    });
    guard.unlock();
    guard.free();
}
