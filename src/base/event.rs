//! The life of an event: assigned, added, made active, deleted.

use core::ffi::{c_int, c_short, c_void};
use core::hint::cold_path;
use core::ptr::NonNull;

use libc::timeval;

use super::handle::{Cb, Closure, Ev};
use super::interest::{Adding, Change};
use super::timeout::When;
use super::timer_heap::NOT_IN_HEAP;
use super::{EventBase, Locked, debug};
use crate::ctypes::event::{
    EV_CLOSED, EV_FINALIZE, EV_PERSIST, EV_READ, EV_SIGNAL, EV_TIMEOUT, EV_WRITE,
};
use crate::ctypes::event_struct::{
    EVLIST_ACTIVE, EVLIST_ACTIVE_LATER, EVLIST_FINALIZING, EVLIST_INIT, EVLIST_INSERTED,
    EVLIST_TIMEOUT, event, event_callback_function,
};
use crate::support::{log, mm, time};
use crate::sys::{Errno, Result};

/// A program's callback.
pub type EventFn = unsafe extern "C" fn(c_int, c_short, *mut c_void);

const IO: c_short = EV_READ | EV_WRITE | EV_CLOSED;

/// What `event_del` does about a callback that another thread is running.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Blocking {
    /// Goes on.
    Never,
    /// Waits until it has returned.
    Always,
    /// Waits, unless the event was made with `EV_FINALIZE`.
    Auto,
}

/// Fills an event in. False, with a warning, for combinations that make no sense.
pub fn assign(
    ev: Ev,
    base: &EventBase,
    fd: c_int,
    events: c_short,
    callback: Option<EventFn>,
    argument: *mut c_void,
) -> bool {
    assign_to(ev, Some(base), fd, events, callback, argument)
}

/// [`assign`], with or without a base.
pub fn assign_to(
    ev: Ev,
    base: Option<&EventBase>,
    fd: c_int,
    events: c_short,
    callback: Option<EventFn>,
    argument: *mut c_void,
) -> bool {
    if events & EV_SIGNAL == 0 {
        debug::assert_nonblocking(fd);
    }
    let cb = ev.callback();
    ev.set_base(base.map_or(core::ptr::null_mut(), EventBase::as_ptr));
    cb.set_function(event_callback_function {
        evcb_callback: callback,
    });
    cb.set_argument(argument);
    ev.set_fd(fd);
    ev.set_events(events);
    ev.set_result(0);
    cb.set_flags(EVLIST_INIT);
    let zero = timeval {
        tv_sec: 0,
        tv_usec: 0,
    };
    ev.set_interval(zero);
    // Nobody reads it before it is set, but compilers look at it before they decide so.
    ev.set_timeout(zero);
    ev.set_heap_index(NOT_IN_HEAP);
    if events & EV_SIGNAL != 0 {
        if events & IO != 0 {
            log::warn(format_args!(
                "An event can't wait for a signal and for a descriptor at once"
            ));
            return false;
        }
        ev.set_calls(0);
        ev.set_call_counter(core::ptr::null_mut());
        cb.set_closure(Closure::Signal);
    } else if events & EV_PERSIST != 0 {
        cb.set_closure(Closure::Persist);
    } else {
        cb.set_closure(Closure::Event);
    }
    if let Some(base) = base {
        // By default in the middle; at most 255.
        cb.set_priority((base.priorities.get() / 2) as u8);
    }
    true
}

/// A new event, which `assign` fills in; `None` without memory, or if that refuses.
///
/// # Safety
/// `assign` gives it a callback and an argument that go together.
#[inline(always)]
pub unsafe fn create(assign: impl FnOnce(Ev) -> bool) -> Option<Ev> {
    // Not filled with zeros first, as `assign` writes what is ever read.
    let event = NonNull::new(mm::malloc(size_of::<event>()).cast::<event>())?;
    // SAFETY: it stays in its block.
    let ev = unsafe { Ev::at(event) };
    if assign(ev) {
        return Some(ev);
    }
    // SAFETY: nobody has got it.
    unsafe { mm::free(event.as_ptr().cast()) };
    None
}

/// Frees an event.
///
/// # Safety
/// `ev` came from [`create`], is idle, and is not used afterwards.
pub unsafe fn free(ev: Ev) {
    debug::note_freed(ev);
    // SAFETY: promised by the caller.
    unsafe { mm::free(ev.as_ptr().cast()) };
}

/// The memory of an event is used for something else from here on. Ends the process in debug mode if
/// the event is added.
pub fn unassign(ev: Ev) {
    debug::assert_not_added(ev, "event_debug_unassign");
    debug::note_freed(ev);
    ev.callback().clear_flags(EVLIST_INIT);
}

/// Gives an event that is not in use another base. False if it is in use.
pub fn set_base(ev: Ev, base: &EventBase) -> bool {
    if !ev.callback().is_unused() {
        return false;
    }
    ev.callback().set_closure(ev.callback().closure());
    ev.set_base(base.as_ptr());
    ev.callback()
        .set_priority((base.priorities.get() / 2) as u8);
    true
}

impl EventBase {
    /// How many priorities there are.
    pub fn priorities(&self) -> c_int {
        self.priorities.get()
    }
}

impl Locked<'_> {
    /// Makes an event wait. Fails with nothing changed, or with a former timeout gone on as it was.
    #[inline]
    pub fn add(&self, ev: Ev, when: Option<When>) -> Result {
        match when {
            Some(When::In(tv)) if is_idle_timer(ev) && self.common_tag(tv).is_none() => {
                self.add_timer(ev, tv)
            }
            _ => self.add_as(ev, when, Adding::Now),
        }
    }

    /// [`Self::add_as`] for the simplest case: a new timer.
    #[inline(never)]
    fn add_timer(&self, ev: Ev, tv: timeval) -> Result {
        log_added(ev, true);
        self.reserve_new_timer()?;
        if ev.callback().is(Closure::Persist) {
            ev.set_interval(tv);
        }
        if self.schedule_in_heap(ev, self.moment_after(time::from_timeval(tv))) {
            self.wake_loop();
        }
        debug::note_added(ev);
        Ok(())
    }

    /// [`Self::add_as`] for [`Adding::BeforeWait`], without a timeout: short for an event that waits
    /// for a descriptor and is in no use yet.
    #[inline(always)]
    pub fn add_provisional(&self, ev: Ev) -> Result {
        if ev.callback().flags() != EVLIST_INIT {
            cold_path();
            return self.add_as(ev, None, Adding::BeforeWait);
        }
        log_added(ev, false);
        self.interest.borrow_mut().add_provisional(ev)?;
        self.count_inserted(ev);
        self.wake_loop();
        debug::note_added(ev);
        Ok(())
    }

    /// [`Self::delete`]: short for an event that [`Self::add_provisional`] has added, or nobody has.
    #[inline(always)]
    pub fn delete_provisional(&self, ev: Ev) {
        let cb = ev.callback();
        if cb.flags() != EVLIST_INIT | EVLIST_INSERTED || !cb.is_provisional() {
            if cb.flags() != EVLIST_INIT {
                cold_path();
                self.delete_other(ev);
            }
            return;
        }
        log_deleted(ev);
        self.remove_provisional(ev);
        debug::note_deleted(ev);
    }

    #[inline(never)]
    fn delete_other(&self, ev: Ev) {
        self.delete(ev);
    }

    /// [`Self::add`], with a word on how soon the kernel has to know.
    pub fn add_as(&self, ev: Ev, when: Option<When>, how: Adding) -> Result {
        let cb = ev.callback();
        log_added(ev, when.is_some());
        if ev.is_signal() && !cb.has(EVLIST_FINALIZING) {
            // Its counter of calls must not change under the callback. Before all else, because
            // everything may change during the wait.
            self.await_callback(cb);
        }
        if cb.has(EVLIST_FINALIZING) {
            return Err(Errno::INVAL);
        }
        if let Some(when) = when {
            self.reserve_timer(ev, when)?;
        }
        let mut notice = false;
        if ev.events() & (IO | EV_SIGNAL) != 0
            && !cb.has(EVLIST_INSERTED | EVLIST_ACTIVE | EVLIST_ACTIVE_LATER)
        {
            notice = self.insert(ev, how)?.any();
            self.count_inserted(ev);
        }
        if let Some(when) = when {
            notice |= self.start_timeout(ev, when);
        }
        if notice {
            self.wake_loop();
        }
        debug::note_added(ev);
        Ok(())
    }

    fn start_timeout(&self, ev: Ev, when: When) -> bool {
        let cb = ev.callback();
        if cb.is(Closure::Persist)
            && let When::In(tv) = when
        {
            ev.set_interval(tv);
        }
        // A timeout that is about to be reported is taken back.
        if cb.has(EVLIST_ACTIVE) && ev.result() & EV_TIMEOUT != 0 {
            ev.stop_calls();
            self.unqueue_active(cb);
        }
        self.schedule(ev, when)
    }

    /// Registers an event for its descriptor or signal. Not inlined, for it is long, and a timer takes
    /// none of it.
    #[inline(never)]
    fn insert(&self, ev: Ev, how: Adding) -> Result<Change> {
        if ev.is_signal() {
            return self.insert_signal(ev);
        }
        let mut interest = self.interest.borrow_mut();
        if how == Adding::BeforeWait {
            return interest.add_provisional(ev).map(|()| Change::new(true));
        }
        interest.add(&mut self.backend.borrow_mut(), ev, how)
    }

    /// Ends an event's wait and takes it out of the queues.
    #[inline]
    pub fn delete(&self, ev: Ev) {
        self.delete_as::<false>(ev);
    }

    /// [`Self::delete`], where the caller is the loop (`BY_LOOP`) or may be another thread.
    #[inline(always)]
    pub(super) fn delete_as<const BY_LOOP: bool>(&self, ev: Ev) {
        let cb = ev.callback();
        log_deleted(ev);
        ev.stop_calls();
        if cb.has(EVLIST_TIMEOUT) {
            self.unschedule(ev);
            if !BY_LOOP {
                self.note_fewer_events();
            }
        }
        self.unqueue(cb);
        if cb.has(EVLIST_INSERTED) {
            if cb.is_provisional() {
                self.remove_provisional_in_use(ev);
            } else {
                self.remove_inserted(ev);
            }
        }
        debug::note_deleted(ev);
    }

    /// Deletes an event for good: until it is assigned again, it can't be added or made active.
    pub fn end(&self, ev: Ev) {
        self.delete(ev);
        ev.callback().add_flags(EVLIST_FINALIZING);
    }

    #[inline(always)]
    fn remove_provisional(&self, ev: Ev) {
        self.uncount_inserted(ev);
        self.interest.borrow_mut().delete_provisional(ev);
        self.note_fewer_events();
    }

    /// [`Self::remove_provisional`] where it is rare.
    #[cold]
    #[inline(never)]
    fn remove_provisional_in_use(&self, ev: Ev) {
        self.remove_provisional(ev);
    }

    /// A loop without events ends, in whatever thread it runs.
    #[inline]
    fn note_fewer_events(&self) {
        if !self.has_events() {
            self.end_empty_loop();
        }
    }

    #[cold]
    #[inline(never)]
    fn end_empty_loop(&self) {
        self.wake_loop();
    }

    /// Unregisters an event. Not inlined, for it is long, and what is only active takes none of it.
    #[inline(never)]
    fn remove_inserted(&self, ev: Ev) {
        self.uncount_inserted(ev);
        let told = if ev.is_signal() {
            self.remove_signal(ev)
        } else {
            let mut backend = self.backend.borrow_mut();
            self.interest.borrow_mut().delete(&mut backend, ev)
        };
        // A loop without events ends.
        if told || !self.has_events() {
            self.wake_loop();
        }
    }

    /// Takes a callback back that is queued.
    #[inline]
    pub(super) fn unqueue(&self, cb: Cb) {
        if cb.has(EVLIST_ACTIVE) {
            self.unqueue_active(cb);
        } else if cb.has(EVLIST_ACTIVE_LATER) {
            self.unqueue_later(cb);
        }
    }

    /// `event_del` in its three variants.
    #[inline(always)]
    pub fn delete_and_wait(&self, ev: Ev, blocking: Blocking) {
        if ev.callback().has(EVLIST_FINALIZING) {
            return;
        }
        self.delete(ev);
        let wait = match blocking {
            Blocking::Never => false,
            Blocking::Always => true,
            Blocking::Auto => ev.events() & EV_FINALIZE == 0,
        };
        if wait {
            self.await_callback(ev.callback());
        }
    }

    /// Ends an event's timeout only.
    pub fn remove_timer(&self, ev: Ev) {
        if ev.callback().has(EVLIST_TIMEOUT) {
            self.unschedule(ev);
            self.note_fewer_events();
            // A signal event has its calls in the same place, and no interval.
            if !ev.is_signal() {
                ev.set_interval(timeval {
                    tv_sec: 0,
                    tv_usec: 0,
                });
            }
        }
    }

    /// Queues an event's callback, to be told `result`.
    #[inline(always)]
    pub fn activate(&self, ev: Ev, result: c_short, calls: c_short) {
        let cb = ev.callback();
        if cb.has(EVLIST_FINALIZING) {
            return;
        }
        if cb.has(EVLIST_ACTIVE) {
            ev.set_result(ev.result() | result);
            return;
        }
        if cb.has(EVLIST_ACTIVE_LATER) {
            ev.set_result(ev.result() | result);
        } else {
            ev.set_result(result);
        }
        if c_int::from(cb.priority()) < self.running_priority.get() {
            // Something more urgent than what is running: look again from the top.
            self.interrupts.restart().set(true);
        }
        if ev.is_signal() {
            self.await_callback(cb);
            // A loop over its calls that is going on keeps its own count.
            ev.set_calls(calls);
        }
        self.activate_callback(cb);
    }

    /// Queues a callback for this iteration. True unless it was queued before.
    #[inline(always)]
    pub fn activate_callback(&self, cb: Cb) -> bool {
        if cb.has(EVLIST_FINALIZING | EVLIST_ACTIVE) {
            return false;
        }
        let fresh = !cb.has(EVLIST_ACTIVE_LATER);
        if !fresh {
            self.unqueue_later(cb);
        }
        self.queue_active(cb);
        self.wake_loop();
        fresh
    }

    /// Queues an event's callback for the next iteration.
    pub fn activate_later(&self, ev: Ev, result: c_short) {
        let cb = ev.callback();
        if cb.has(EVLIST_ACTIVE | EVLIST_ACTIVE_LATER) {
            // It will run soon enough as it is.
            ev.set_result(ev.result() | result);
            return;
        }
        ev.set_result(result);
        self.activate_callback_later(cb);
    }

    /// Queues a callback for the next iteration. True unless it was queued before.
    pub fn activate_callback_later(&self, cb: Cb) -> bool {
        if cb.has(EVLIST_FINALIZING | EVLIST_ACTIVE | EVLIST_ACTIVE_LATER) {
            return false;
        }
        self.queue_later(cb);
        self.wake_loop();
        true
    }

    /// Whether an event is pending for any of `asked`.
    #[inline]
    pub fn is_pending(&self, ev: Ev, asked: c_short) -> bool {
        self.pending_for(ev) & asked != 0
    }

    #[inline]
    fn pending_for(&self, ev: Ev) -> c_short {
        let cb = ev.callback();
        let mut pending = 0;
        if cb.has(EVLIST_INSERTED) {
            pending |= ev.events() & (IO | EV_SIGNAL);
        }
        if cb.has(EVLIST_ACTIVE | EVLIST_ACTIVE_LATER) {
            pending |= ev.result();
        }
        if cb.has(EVLIST_TIMEOUT) {
            pending |= EV_TIMEOUT;
        }
        pending
    }

    /// What an event is pending for, of the bits asked about; when it times out, on the wall clock.
    pub fn pending(&self, ev: Ev, asked: c_short) -> (c_short, Option<timeval>) {
        let answer = self.pending_for(ev) & asked & (EV_TIMEOUT | IO | EV_SIGNAL);
        let until = (answer & EV_TIMEOUT != 0)
            .then(|| time::to_timeval(self.clock().to_wall(super::timeout::deadline(ev))));
        (answer, until)
    }

    /// Sets the priority of an event that is not active. False if it is, or for a bad number.
    pub fn set_priority(&self, ev: Ev, priority: c_int) -> bool {
        if ev.callback().has(EVLIST_ACTIVE) || !(0..self.priorities.get()).contains(&priority) {
            return false;
        }
        ev.callback().set_priority(priority as u8);
        true
    }
}

/// Whether an event waits for time only, and is in no use yet.
#[inline]
fn is_idle_timer(ev: Ev) -> bool {
    ev.callback().flags() == EVLIST_INIT && ev.is_timer()
}

#[inline]
fn log_deleted(ev: Ev) {
    log::debug(|line| {
        write!(
            line,
            "event_del: event {:p}, fd {}, flags 0x{:x}",
            ev.as_ptr(),
            ev.fd(),
            ev.callback().flags(),
        )
    });
}

#[inline]
fn log_added(ev: Ev, timeout: bool) {
    log::debug(|line| {
        write!(
            line,
            "event_add: event {:p}, fd {}, events 0x{:x}{}",
            ev.as_ptr(),
            ev.fd(),
            ev.events(),
            if timeout { ", with timeout" } else { "" },
        )
    });
}
