//! Events that the library makes for itself, embedded in the object that they are about.

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_short};
use core::marker::PhantomPinned;
use core::ptr::NonNull;

use libc::timeval;

use super::event::{EventFn, assign};
use super::handle::Ev;
use super::timeout::When;
use super::{BaseRef, EventBase, Locked, stats};
use crate::ctypes::event_struct::{
    EVLIST_ACTIVE, EVLIST_ACTIVE_LATER, EVLIST_INSERTED, EVLIST_INTERNAL, EVLIST_TIMEOUT, event,
};
use crate::support::thunk::{Argument, Thunk, thunk};
use crate::support::zeroed::Zeroed;
use crate::sys::Result;

/// An event that is part of an object of the library. It must be idle when it is dropped.
#[repr(transparent)]
pub struct OwnEvent {
    event: UnsafeCell<event>,
    /// A base knows its address.
    pinned: PhantomPinned,
}

impl OwnEvent {
    /// To be assigned once it is in its place.
    pub const fn new() -> OwnEvent {
        OwnEvent {
            event: UnsafeCell::new(event::ZEROED),
            pinned: PhantomPinned,
        }
    }

    /// Says what the event waits for (`events` as for `event_new()`), and that
    /// `callback(argument, fd, what)` is called then. The event must be idle.
    ///
    /// # Safety
    /// The event stays where it is until it is dropped, its base outlives it, and what `argument` refers to is alive
    /// whenever the event is added or active.
    #[inline(always)]
    pub unsafe fn assign<A: Argument>(
        &self,
        base: &EventBase,
        fd: c_int,
        events: c_short,
        callback: impl Fn(A, c_int, c_short) + Copy,
        argument: A,
    ) {
        debug_assert!(self.is_idle());
        let thunk: Thunk<EventFn, A> = thunk(callback);
        let argument = argument.into_raw();
        if base.stats().is_some() {
            let path = core::any::type_name_of_val(&callback);
            stats::functions::name(thunk.function() as *const (), path);
        }
        assign(
            self.handle(),
            base,
            fd,
            events,
            Some(thunk.function()),
            argument,
        );
    }

    /// [`Self::assign`] for what a base needs to work: most urgent, and no reason to keep the loop
    /// running.
    ///
    /// # Safety
    /// As for `assign`.
    pub(super) unsafe fn assign_internal<A: Argument>(
        &self,
        base: &EventBase,
        fd: c_int,
        events: c_short,
        callback: impl Fn(A, c_int, c_short) + Copy,
        argument: A,
    ) {
        // SAFETY: promised by the caller.
        unsafe { self.assign(base, fd, events, callback, argument) };
        self.handle().callback().add_flags(EVLIST_INTERNAL);
        self.handle().callback().set_priority(0);
    }

    /// The base that it was assigned to.
    pub fn base(&self) -> Option<BaseRef> {
        self.handle().base()
    }

    /// For what a [`Locked`] base does with events.
    #[inline]
    pub fn handle(&self) -> Ev {
        // SAFETY: the event is alive as long as the object that it is part of.
        unsafe { Ev::at(NonNull::from(&self.event).cast()) }
    }

    /// Makes the event pending, with a timeout if one is given.
    #[inline]
    pub fn start(&self, base: &Locked, when: Option<When>) -> Result {
        debug_assert!(self.handle().base_ptr() == base.as_ptr());
        base.add(self.handle(), when)
    }

    /// Makes the event neither pending nor active. Its callback may be running in another thread.
    #[inline]
    pub fn stop(&self, base: &Locked) {
        debug_assert!(self.is_idle() || self.handle().base_ptr() == base.as_ptr());
        base.delete(self.handle());
    }

    /// [`Self::stop`] for good: until it is assigned again, the event can't be added or made active.
    /// For objects that are ending, which other threads may still be working on.
    pub fn end(&self, base: &Locked) {
        base.end(self.handle());
    }

    /// Whether the event is neither pending nor active.
    #[inline]
    pub fn is_idle(&self) -> bool {
        const IN_USE: c_int =
            EVLIST_TIMEOUT | EVLIST_INSERTED | EVLIST_ACTIVE | EVLIST_ACTIVE_LATER;
        !self.handle().callback().has(IN_USE)
    }
}

impl Drop for OwnEvent {
    fn drop(&mut self) {
        debug_assert!(self.is_idle(), "an event ends while its base knows it");
    }
}

/// A timer that is part of an object of the library: an [`OwnEvent`] that waits for nothing else.
#[repr(transparent)]
pub struct OwnTimer(OwnEvent);

impl OwnTimer {
    /// To be assigned once it is in its place.
    pub const fn new() -> OwnTimer {
        OwnTimer(OwnEvent::new())
    }

    /// Says that `callback(argument)` is called when the time has passed, once for each start.
    ///
    /// # Safety
    /// As for [`OwnEvent::assign`].
    pub unsafe fn assign<A: Argument>(
        &self,
        base: &EventBase,
        callback: impl Fn(A) + Copy,
        argument: A,
    ) {
        let callback = move |argument, _fd, _what| callback(argument);
        // SAFETY: promised by the caller.
        unsafe { self.0.assign(base, -1, 0, callback, argument) };
    }

    /// Starts it, or has it start again from now.
    pub fn start(&self, base: &Locked, after: timeval) -> Result {
        self.0.start(base, Some(When::In(after)))
    }

    pub fn stop(&self, base: &Locked) {
        self.0.stop(base);
    }

    /// See [`OwnEvent::end`].
    pub fn end(&self, base: &Locked) {
        self.0.end(base);
    }

    /// Whether it is neither running nor about to call.
    pub fn is_idle(&self) -> bool {
        self.0.is_idle()
    }

    /// For what a [`Locked`] base does with events.
    pub fn handle(&self) -> Ev {
        self.0.handle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::config::Config;
    use crate::base::run::End;
    use crate::support::thunk::Ref;
    use crate::support::time::to_timeval;
    use core::cell::Cell;

    struct Ticker {
        timer: OwnTimer,
        base: BaseRef,
        left: Cell<u32>,
    }

    fn on_tick(ticker: Ref<Ticker>) {
        ticker.left.set(ticker.left.get() - 1);
        if ticker.left.get() > 0 {
            ticker
                .timer
                .start(&ticker.base.lock(), to_timeval(0))
                .unwrap();
        }
    }

    #[test]
    fn a_timer_calls_with_its_object_until_it_ends() {
        let base = EventBase::create(&Config::DEFAULT).unwrap();
        let ticker = Ticker {
            timer: OwnTimer::new(),
            base,
            left: Cell::new(3),
        };
        // SAFETY: the ticker stays in this frame.
        unsafe {
            ticker
                .timer
                .assign(&base, on_tick, Ref::new(NonNull::from(&ticker)))
        };
        ticker.timer.start(&base.lock(), to_timeval(0)).unwrap();
        assert!(!ticker.timer.is_idle());
        assert_eq!(base.run(0), End::Empty);
        assert_eq!(ticker.left.get(), 0);
        ticker.timer.start(&base.lock(), to_timeval(0)).unwrap();
        ticker.timer.end(&base.lock());
        assert!(ticker.timer.is_idle());
        assert!(ticker.timer.start(&base.lock(), to_timeval(0)).is_err());
        base.lock().activate(ticker.timer.handle(), 1, 1);
        assert!(ticker.timer.is_idle());
        drop(ticker);
        // SAFETY: no code uses it any more.
        unsafe { EventBase::destroy(base.as_non_null(), false) };
    }
}
