//! Running the queued callbacks.

use core::ffi::{c_int, c_short};
use core::hint::cold_path;

use crate::base::handle::{Cb, Closure, Ev};
use crate::base::stats::Observer;
use crate::base::timeout::{When, deadline};
use crate::base::{Locked, debug};
use crate::ctypes::event::EV_TIMEOUT;
use crate::ctypes::event_struct::{EVLIST_FINALIZING, event, event_callback};
use crate::support::time::Micros;
use crate::support::{lock, mm};

/// How one queue's run ended.
enum Ran {
    /// After so many callbacks that count.
    Callbacks(c_int),
    /// The loop was told to stop.
    Stopped,
}

impl Locked<'_> {
    /// Runs the callbacks of the most urgent queue that has any. Their number.
    #[inline(always)]
    pub(in crate::base) fn run_active<O: Observer>(&self, observer: O) -> c_int {
        observer.begin_callbacks();
        let limits = &self.limits;
        let end = limits.interval.map(|span| {
            cold_path();
            self.clock().now().saturating_add(span)
        });
        let mut ran = 0;
        let mut next = 0;
        while next < self.priorities.get() {
            let priority = next;
            next += 1;
            let Some(first) = self.enter_if_active(priority) else {
                continue;
            };
            let (most, end) = if priority < limits.above_priority {
                (c_int::MAX, None)
            } else {
                (limits.callbacks, end)
            };
            match self.run_queue(observer, first, most, end) {
                Ran::Stopped => break,
                // Something real happened: less urgent queues wait for the next look.
                Ran::Callbacks(count) if count > 0 => {
                    ran = count;
                    break;
                }
                // Only the library's own events.
                Ran::Callbacks(_) => {}
            }
        }
        self.leave_queues();
        ran
    }

    /// Runs the queue being worked on, which begins with `cb`.
    #[inline(always)]
    fn run_queue<O: Observer>(
        &self,
        observer: O,
        mut cb: Cb,
        max_callbacks: c_int,
        end: Option<Micros>,
    ) -> Ran {
        // From so many callbacks on there is more to look at.
        let check_after = if end.is_some() {
            max_callbacks.min(1)
        } else {
            max_callbacks
        };
        let mut count = 0;
        loop {
            let flags = cb.flags();
            count += 1;
            self.current.set(cb.as_ptr());
            observer.begin_callback(cb);
            let mut next = self.unqueue_running(cb, flags);
            if let Some(ev) = cb.plain_event(flags) {
                if !ev.is_persistent() {
                    cold_path();
                    self.delete_as::<true>(ev);
                }
                self.run_event(ev);
            } else {
                cold_path();
                count -= 1 - cb.counts();
                self.run_internal(cb);
            }
            // From here on `cb` may be freed.
            self.current.set(core::ptr::null_mut());
            observer.end_callback();
            if self.interrupts.any() {
                cold_path();
                if self.interrupts.awaited().replace(false) {
                    self.tell_waiters();
                }
                if self.interrupts.stop().get() {
                    return Ran::Stopped;
                }
                if self.interrupts.restart().get() {
                    break;
                }
                if self.interrupts.unqueued().replace(false) {
                    next = self.first_running();
                }
            }
            if count >= check_after {
                cold_path();
                if count >= max_callbacks || self.is_over(end) {
                    break;
                }
            }
            cb = if let Some(cb) = next {
                cb
            } else if let Some(cb) = self.first_running() {
                // The callback queued more.
                cb
            } else {
                break;
            }
        }
        Ran::Callbacks(count)
    }

    /// Tells the threads that wait for the current callback that it has returned.
    #[cold]
    fn tell_waiters(&self) {
        self.returned.set(self.returned.get().wrapping_add(1));
        // SAFETY: the lock is held, and the condition lives as long as the base.
        unsafe { lock::broadcast(self.callback_done) };
    }

    /// Whether this moment has come. Brings the iteration's time up to date.
    fn is_over(&self, end: Option<Micros>) -> bool {
        end.is_some_and(|end| {
            self.clock().update();
            self.clock().now() >= end
        })
    }

    #[inline(always)]
    fn run_event(&self, ev: Ev) {
        // Nearly all are one of these.
        if ev.callback().is(Closure::Persist) {
            self.run_persistent(ev);
        } else if ev.callback().is(Closure::Event) {
            self.call_event(ev);
        } else {
            cold_path();
            self.run_one(ev.callback());
        }
    }

    /// Runs what is no event of the program's, or is being finalized.
    #[inline(never)]
    fn run_internal(&self, cb: Cb) {
        self.added.add(1 - cb.counts());
        if let Some(ev) = cb.event()
            && !ev.is_persistent()
            && !cb.has(EVLIST_FINALIZING)
        {
            self.delete_as::<true>(ev);
        }
        self.run_one(cb);
    }

    /// Runs what is not queued any more.
    #[inline(never)]
    pub(in crate::base) fn run_one(&self, cb: Cb) {
        match (cb.event(), cb.closure()) {
            (Some(ev), Closure::Event) => self.call_event(ev),
            (Some(ev), Closure::Persist) => self.run_persistent(ev),
            (Some(ev), Closure::Signal) => self.run_signal(ev),
            (Some(ev), closure @ (Closure::FinalizeEvent | Closure::FinalizeAndFree)) => {
                self.run_finalizer(ev, closure);
            }
            _ => self.run_callback(cb),
        }
    }

    /// Calls an event's callback.
    #[inline(always)]
    fn call_event(&self, ev: Ev) {
        // SAFETY: this closure says that the union holds a plain callback.
        let function = unsafe { ev.callback().function().evcb_callback };
        let (fd, result, argument) = (ev.fd(), ev.result(), ev.callback().argument());
        if let Some(function) = function {
            // SAFETY: the program gave function and argument to go together.
            self.call_out(|| unsafe { function(fd, result, argument) });
        }
    }

    /// A persistent event is scheduled again before its callback runs, so that the callback may
    /// change that: one interval after the last deadline, or after now if it woke for another
    /// reason or too late.
    #[inline(always)]
    fn run_persistent(&self, ev: Ev) {
        if ev.has_interval() {
            cold_path();
            self.schedule_next(ev);
        }
        self.call_event(ev);
    }

    #[inline(never)]
    fn schedule_next(&self, ev: Ev) {
        let (span, tag) = self.interval(ev.interval());
        let now = self.clock().now();
        let from = if ev.result() & EV_TIMEOUT != 0 {
            deadline(ev)
        } else {
            now
        };
        let mut next = from.saturating_add(span);
        if next < now {
            next = now.saturating_add(span);
        }
        if !self.postpone(ev, next, tag) {
            // Its place in the heap is promised: see `reserve_timer`.
            let _ = self.add(ev, Some(When::At(next, tag)));
        }
    }

    /// A signal's callback runs once for each time that the signal came, unless it is deleted
    /// meanwhile.
    fn run_signal(&self, ev: Ev) {
        let mut calls: c_short = ev.calls();
        if calls == 0 {
            return;
        }
        // Deleting the event writes 0 through this.
        let counter = &raw mut calls;
        ev.set_call_counter(counter);
        // SAFETY: `calls` outlives the loop and is only reached through `counter`.
        unsafe {
            while counter.read_volatile() > 0 {
                counter.write_volatile(counter.read_volatile() - 1);
                ev.set_calls(counter.read_volatile());
                if counter.read_volatile() == 0 {
                    // The last call may free the event.
                    ev.set_call_counter(core::ptr::null_mut());
                }
                self.call_event(ev);
                if self.interrupts.stop().get() {
                    if counter.read_volatile() != 0 {
                        ev.set_call_counter(core::ptr::null_mut());
                    }
                    return;
                }
            }
        }
    }

    fn run_finalizer(&self, ev: Ev, closure: Closure) {
        // SAFETY: this closure says that the union holds an event finalizer.
        let function = unsafe { ev.callback().function().evcb_evfinalize };
        let argument = ev.callback().argument();
        let ptr: *mut event = ev.as_ptr();
        if closure == Closure::FinalizeAndFree {
            debug::note_freed(ev);
        }
        self.call_out(|| {
            if let Some(function) = function {
                // SAFETY: the program gave function and event to go together.
                unsafe { function(ptr, argument) };
            }
            if closure == Closure::FinalizeAndFree {
                // SAFETY: made by event_new, and its owner gave it up.
                unsafe { mm::free(ptr.cast()) };
            }
        });
    }

    #[inline(never)]
    fn run_callback(&self, cb: Cb) {
        let ptr: *mut event_callback = cb.as_ptr();
        let argument = cb.argument();
        let function = if cb.closure() == Closure::FinalizeCallback {
            // SAFETY: this closure says which arm of the union is in use; both have one type.
            unsafe { cb.function().evcb_cbfinalize }
        } else {
            // SAFETY: as above.
            unsafe { cb.function().evcb_selfcb }
        };
        if let Some(function) = function {
            self.current_is_event.set(false);
            // SAFETY: whoever scheduled the callback keeps it and its argument alive until now.
            self.call_out(|| unsafe { function(ptr, argument) });
            self.current_is_event.set(true);
        }
    }
}
