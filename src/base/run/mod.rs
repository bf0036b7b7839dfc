//! The loop.

pub mod active_queue;
pub mod before_wait;
pub mod dispatch;
pub mod notify;
pub mod watch;

use core::ffi::c_int;
use core::hint::cold_path;

use crate::backend::{Backend, EDGE, Mask, Timeout};
use crate::base::active_queue::Batch;
use crate::base::handle::SourceList;
use crate::base::interest::Interest;
use crate::base::stats::{Nobody, Observer, Stats};
use crate::base::{EventBase, Locked, signal};
use crate::ctypes::event::{EVLOOP_NO_EXIT_ON_EMPTY, EVLOOP_NONBLOCK, EVLOOP_ONCE};
use crate::support::time::Micros;
use crate::support::{lock, log, mm};
use crate::sys::{Errno, Result};

/// How long a wait may take while the kernel had no memory for what is wanted.
const UNSETTLED: Micros = 20_000;

/// How a loop ended; the values are those that `event_base_loop` returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The backend failed, or the loop runs already.
    Failed = -1,
    /// Told to, or by the flags.
    Done = 0,
    /// Nothing is pending or active.
    Empty = 1,
}

impl EventBase {
    /// Whether a loop runs.
    pub fn is_running(&self) -> bool {
        self.running.get()
    }

    /// Runs until told to stop, or until nothing is left to wait for; `flags` are `EVLOOP_*`.
    pub fn run(&self, flags: c_int) -> End {
        let base = self.lock();
        if base.running.get() {
            log::warn(format_args!(
                "event_base_loop called while the loop is running: it can run only once at a time"
            ));
            return End::Failed;
        }
        base.running.set(true);
        base.clock.forget();
        signal::claim_signals(&base);
        let thread = lock::thread_id();
        base.owner.set(thread.unwrap_or(0));
        base.has_owner.set(thread.is_some());
        base.exit.set(false);
        base.interrupts.stop().set(false);
        let end = match base.stats() {
            None => base.iterate(Nobody, flags),
            Some(stats) => base.iterate_watched(stats, flags),
        };
        base.clock.forget();
        base.running.set(false);
        base.waiting.set(false);
        end
    }
}

impl Locked<'_> {
    #[cold]
    #[inline(never)]
    fn iterate_watched(&self, stats: &Stats, flags: c_int) -> End {
        stats.enter();
        let end = self.iterate(stats, flags);
        stats.leave();
        end
    }

    #[inline(always)]
    fn iterate<O: Observer>(&self, observer: O, flags: c_int) -> End {
        loop {
            // What another thread changes from here on may come too late for this iteration's limit.
            self.waiting.set(true);
            self.interrupts.restart().set(false);
            self.deferred_in_iteration.set(0);
            if self.is_ending() {
                return End::Done;
            }
            // Also what callbacks left behind counts: time has gone on since the iteration began.
            self.clock.forget();
            // For EVLOOP_ONCE that is work done: as if the descriptors had reported.
            let wrote = self.has_tasks() && {
                let wrote = self.run_tasks();
                observer.tasks_done();
                if wrote && self.is_ending() {
                    return End::Done;
                }
                wrote
            };
            let worked = wrote && flags & EVLOOP_ONCE != 0;
            let timeout = self.timeout(flags, worked);
            let empty = !self.has_events() && self.active.get() == 0 && !worked;
            if empty && flags & EVLOOP_NO_EXIT_ON_EMPTY == 0 {
                cold_path();
                return End::Empty;
            }
            if self.first_later().is_some() {
                cold_path();
                self.queue_all_later();
            }
            self.clock.forget();
            let timeout = match watch::run_prepare(self, timeout) {
                // They may have added and activated events, or told the loop to end.
                true => self.timeout_again(flags, worked),
                false => timeout,
            };
            if self.wait(observer, timeout).is_err() {
                cold_path();
                return End::Failed;
            }
            self.clock.update();
            watch::run_check(self);
            self.expire(observer);
            if self.active.get() > 0 {
                let ran = self.run_active(observer);
                if flags & EVLOOP_ONCE != 0 && self.active.get() == 0 && (ran != 0 || worked) {
                    return End::Done;
                }
            } else {
                cold_path();
                if flags & EVLOOP_NONBLOCK != 0 || worked {
                    return End::Done;
                }
            }
        }
    }

    /// Whether the loop was told to end.
    fn is_ending(&self) -> bool {
        self.exit.get() || self.interrupts.stop().get()
    }

    /// [`Self::timeout`], where watchers have been called.
    #[inline(never)]
    fn timeout_again(&self, flags: c_int, worked: bool) -> Timeout {
        self.timeout(flags, worked)
    }

    /// How long the next wait may take; not at all if something has been done.
    #[inline(always)]
    fn timeout(&self, flags: c_int, worked: bool) -> Timeout {
        let busy = self.active.get() > 0 || worked || self.is_ending();
        if busy || flags & EVLOOP_NONBLOCK != 0 {
            Timeout::Zero
        } else {
            self.time_left()
        }
    }

    /// Waits for descriptors and queues their events.
    #[inline(always)]
    fn wait<O: Observer>(&self, observer: O, timeout: Timeout) -> Result {
        let complete = self.commit_provisional();
        let wait = {
            let mut backend = self.backend.borrow_mut();
            let mut interest = self.interest.borrow_mut();
            interest.flush_changes(&mut backend);
            let timeout = if complete && !interest.is_unsettled() {
                timeout
            } else {
                cold_path();
                timeout.at_most(UNSETTLED, self.clock().now())
            };
            backend.prepare(timeout)
        };
        observer.begin_wait(self, timeout);
        self.waiting.set(true);
        // Without a lock `call_out` has nothing to do.
        self.send_wake_up();
        let result = self.call_out(|| {
            // SAFETY: the backend is replaced only by the loop's own thread, between waits.
            unsafe { wait.run() }
        });
        observer.end_wait();
        // Without a lock nobody can know when the loop looks next: it is told of everything.
        self.waiting.set(!self.has_lock());
        match result {
            Ok(count) => {
                self.process_ready(observer, count);
                Ok(())
            }
            Err(error) => self.waited_in_vain(error),
        }
    }

    /// The wait has failed with this. Whether the loop can go on.
    #[cold]
    #[inline(never)]
    fn waited_in_vain(&self, error: Errno) -> Result {
        if error == Errno::INTR || self.backend.borrow().has_recovered(error) {
            return Ok(());
        }
        log::warn_code(
            error.code(),
            format_args!("{} failed", self.method.name().to_string_lossy()),
        );
        Err(error)
    }

    #[inline(always)]
    fn process_ready<O: Observer>(&self, observer: O, count: usize) {
        observer.found(count);
        let mut stale_reports = false;
        let mut backend = self.backend.borrow_mut();
        if count > 0 {
            let mut interest = self.interest.borrow_mut();
            // Edge-triggered events are told that they are where the backend knows of it. (Two
            // calls, so that the kernel's is inlined.)
            if let Some(kernel) = backend.kernel() {
                let mut stale = mm::vec();
                let mut batch = Batch::new(self);
                kernel.process_ready(count, |ready| {
                    let list = interest.events_registered(&ready, &mut stale);
                    report(&mut batch, list, ready.mask, EDGE);
                });
                drop(batch);
                if !stale.is_empty() {
                    cold_path();
                    stale_reports = !interest.forget_stale(kernel, &stale);
                }
            } else {
                self.process_polled(&mut backend, &interest, count);
            }
        }
        // An orphan may be a descriptor that another thread closed during the wait: only one that
        // reports again is worth a new epoll set.
        let again = self.stale_reports.replace(stale_reports);
        drop(backend);
        if stale_reports && again {
            self.rebuild_backend();
        }
    }
}

impl Locked<'_> {
    /// [`Self::process_ready`] where interest is not kept by the kernel.
    #[cold]
    #[inline(never)]
    fn process_polled(&self, backend: &mut Backend, interest: &Interest, count: usize) {
        let mut batch = Batch::new(self);
        backend.process_ready(count, |ready| {
            report(&mut batch, interest.events(ready.fd), ready.mask, 0);
        });
    }
}

/// Queues those events of a descriptor that wait for what it is ready for.
#[inline(always)]
fn report(batch: &mut Batch, list: SourceList, mask: Mask, edge: Mask) {
    let Some(mut ev) = list.first() else {
        return;
    };
    loop {
        let next = ev.next_of_source();
        let told = ev.events() & i16::from(mask | edge);
        if told & !i16::from(EDGE) != 0 {
            batch.activate(ev, told);
        }
        let Some(other) = next else {
            return;
        };
        // Mostly there is one.
        cold_path();
        ev = other;
    }
}
