//! The queues of callbacks that will run, and the counts of events.

use core::ffi::{c_int, c_short};
use core::hint::cold_path;
use core::ptr::NonNull;

use crate::base::handle::{Active, Cb, Ev};
use crate::base::{ActiveQueue, EventBase, Locked};
use crate::ctypes::event_struct::{
    EVLIST_ACTIVE, EVLIST_ACTIVE_LATER, EVLIST_FINALIZING, EVLIST_INSERTED, EVLIST_INTERNAL,
    event_callback,
};
use crate::support::intrusive::{Appender, TailQueue};
use crate::support::mm;

type Queue = TailQueue<event_callback, Active>;

impl EventBase {
    /// The queue of a priority. Programs may lower the number of priorities after events got
    /// theirs, or in a callback: what is too high then means the least urgent.
    fn queue(&self, priority: c_int) -> *mut ActiveQueue {
        let index = priority.min(self.priorities.get() - 1);
        // SAFETY: `queues` holds `priorities` queues, at least one; priorities are not negative.
        unsafe { self.queues.get().add(index as usize) }
    }

    /// The queue of the most urgent priority, which is always there.
    #[inline]
    fn first_queue(&self) -> *mut ActiveQueue {
        self.queues.get()
    }

    /// The callback that a priority's queue begins with.
    #[inline]
    pub(in crate::base) fn first_active(&self, priority: c_int) -> Option<Cb> {
        // SAFETY: the queue is initialised; queued callbacks are alive.
        unsafe { Cb::new(Queue::first(self.queue(priority))) }
    }

    #[inline]
    fn end_of_queue(&self, priority: u8) -> Appender<event_callback, Active> {
        let queue = match priority {
            0 => self.first_queue(),
            _ => self.queue(c_int::from(priority)),
        };
        // SAFETY: the queue is initialised, and stays where it is until somebody's code is called.
        unsafe { Appender::new(queue) }
    }

    /// From now on works on the queue of this priority.
    #[inline]
    fn enter_queue(&self, priority: c_int, queue: *mut ActiveQueue) {
        self.running_priority.set(priority);
        self.running_queue.set(queue);
        self.interrupts.unqueued().set(false);
    }

    /// Works on the queue of this priority, of which there are more, from now on, if it is not empty.
    /// The callback that it begins with.
    #[inline]
    pub(in crate::base) fn enter_if_active(&self, priority: c_int) -> Option<Cb> {
        // SAFETY: `queues` holds `priorities` queues, which are initialised; queued callbacks are
        // alive.
        unsafe {
            let queue = self.queues.get().add(priority as usize);
            let first = Cb::new(Queue::first(queue))?;
            self.enter_queue(priority, queue);
            Some(first)
        }
    }

    /// From now on works on no queue.
    #[inline]
    pub(in crate::base) fn leave_queues(&self) {
        self.running_priority.set(-1);
    }

    /// The callback that the queue being worked on begins with.
    #[inline]
    pub(in crate::base) fn first_running(&self) -> Option<Cb> {
        // SAFETY: `enter_queue` and `make_queues` see to it that the queue is there; queued
        // callbacks are alive.
        unsafe { Cb::new(Queue::first(self.running_queue.get())) }
    }

    /// The first callback for the next iteration.
    pub(in crate::base) fn first_later(&self) -> Option<Cb> {
        // SAFETY: the queue is initialised; queued callbacks are alive.
        unsafe { Cb::new(Queue::first(self.later.get())) }
    }

    /// The callback behind a queued one.
    pub(in crate::base) fn next_active(&self, cb: Cb) -> Option<Cb> {
        // SAFETY: queued callbacks are alive.
        unsafe { Cb::new(Queue::next(cb.as_ptr())) }
    }

    /// Whether anything keeps the loop going.
    pub(in crate::base) fn has_events(&self) -> bool {
        self.added.get() > 0 || self.virtual_events.get() > 0
    }

    /// Replaces the queues by `count` empty ones. They must be empty. False without memory.
    pub(in crate::base) fn make_queues(&self, count: c_int) -> bool {
        let bytes = count as usize * size_of::<ActiveQueue>();
        let Some(queues) = NonNull::new(mm::malloc(bytes).cast::<ActiveQueue>()) else {
            return false;
        };
        self.free_queues();
        for index in 0..count as usize {
            // SAFETY: inside the fresh block, which stays in place until it is replaced.
            unsafe { Queue::init(queues.as_ptr().add(index)) };
        }
        self.queues.set(queues.as_ptr());
        self.priorities.set(count);
        // A callback may do this. What it has unqueued before stays known.
        if self.running_priority.get() >= 0 {
            self.running_queue
                .set(self.queue(self.running_priority.get()));
        }
        true
    }

    /// Frees the queues, which must be empty.
    pub(in crate::base) fn free_queues(&self) {
        // SAFETY: null or a block of make_queues.
        unsafe { mm::free(self.queues.get().cast()) };
        self.queues.set(core::ptr::null_mut());
    }
}

impl Locked<'_> {
    /// Queues a callback to run in this iteration of the loop.
    #[inline(always)]
    pub(in crate::base) fn queue_active(&self, cb: Cb) {
        if cb.has(EVLIST_ACTIVE) {
            return;
        }
        self.added.add(cb.counts());
        cb.add_flags(EVLIST_ACTIVE);
        self.active.add(1);
        let queue = self.queue(c_int::from(cb.priority()));
        // SAFETY: the queue is initialised, the callback alive and not queued.
        unsafe { Queue::push_back(queue, cb.as_ptr()) };
    }

    /// Takes the callback that the queue being worked on begins with, and which has these flags, out
    /// of it, as if it counted. The one behind it.
    #[inline(always)]
    pub(in crate::base) fn unqueue_running(&self, cb: Cb, flags: c_int) -> Option<Cb> {
        self.added.take(1);
        cb.set_flags(flags & !EVLIST_ACTIVE);
        self.active.take(1);
        // SAFETY: it is the first, as the caller has seen or been told by the last call of this,
        // since when nothing else left a queue. What is queued is alive.
        unsafe { Cb::new(Queue::remove_first(self.running_queue.get(), cb.as_ptr())) }
    }

    /// Takes a callback out of its queue.
    #[inline]
    pub(in crate::base) fn unqueue_active(&self, cb: Cb) {
        self.added.take(cb.counts());
        cb.clear_flags(EVLIST_ACTIVE);
        self.active.take(1);
        self.interrupts.unqueued().set(true);
        let queue = self.queue(c_int::from(cb.priority()));
        // SAFETY: the callback is in this queue: neither its priority nor their number changes while it is.
        unsafe { Queue::remove(queue, cb.as_ptr()) };
    }

    /// [`Locked::activate`] where it is rare.
    #[cold]
    #[inline(never)]
    fn activate_slow(&self, ev: Ev, result: c_short) {
        self.activate(ev, result, 1);
    }

    /// Queues a callback for the next iteration.
    pub(in crate::base) fn queue_later(&self, cb: Cb) {
        if cb.has(EVLIST_ACTIVE | EVLIST_ACTIVE_LATER) {
            return;
        }
        self.added.add(cb.counts());
        cb.add_flags(EVLIST_ACTIVE_LATER);
        self.active.add(1);
        // SAFETY: the queue is initialised, the callback alive and not queued.
        unsafe { Queue::push_back(self.later.get(), cb.as_ptr()) };
    }

    /// Takes a callback out of the queue for the next iteration.
    pub(in crate::base) fn unqueue_later(&self, cb: Cb) {
        self.added.take(cb.counts());
        cb.clear_flags(EVLIST_ACTIVE_LATER);
        self.active.take(1);
        // SAFETY: its flag says that it is in this queue.
        unsafe { Queue::remove(self.later.get(), cb.as_ptr()) };
    }

    /// At the start of an iteration: what was put off is due now.
    #[inline(never)]
    pub(in crate::base) fn queue_all_later(&self) {
        while let Some(cb) = self.first_later() {
            // Not counted again: it only changes queues.
            cb.clear_flags(EVLIST_ACTIVE_LATER);
            cb.add_flags(EVLIST_ACTIVE);
            let queue = self.queue(c_int::from(cb.priority()));
            // SAFETY: the callback leaves one initialised queue for another.
            unsafe {
                Queue::remove(self.later.get(), cb.as_ptr());
                Queue::push_back(queue, cb.as_ptr());
            }
            self.deferred_in_iteration
                .set(self.deferred_in_iteration.get() + c_int::from(cb.event().is_none()));
        }
    }

    /// Counts an event in that waits for a descriptor or signal.
    #[inline]
    pub(in crate::base) fn count_inserted(&self, ev: Ev) {
        self.added.add(ev.callback().counts());
        ev.callback().add_flags(EVLIST_INSERTED);
    }

    /// Counts it out.
    #[inline]
    pub(in crate::base) fn uncount_inserted(&self, ev: Ev) {
        self.added.take(ev.callback().counts());
        ev.callback().clear_flags(EVLIST_INSERTED);
    }
}

/// The events that a wait found, queued one after another: what is the same for all of them is done
/// once, the counting when this is dropped.
pub(in crate::base) struct Batch<'a, 'b> {
    base: &'a Locked<'b>,
    queued: c_int,
    /// Of the last event.
    priority: u8,
    /// The end of that priority's queue.
    end: Appender<event_callback, Active>,
}

impl<'a, 'b> Batch<'a, 'b> {
    #[inline]
    pub(in crate::base) fn new(base: &'a Locked<'b>) -> Self {
        Batch {
            base,
            queued: 0,
            priority: 0,
            end: base.end_of_queue(0),
        }
    }

    /// [`Locked::activate`] for an event that waits for a descriptor.
    #[inline(always)]
    pub(in crate::base) fn activate(&mut self, ev: Ev, result: c_short) {
        const SLOW: c_int =
            EVLIST_ACTIVE | EVLIST_ACTIVE_LATER | EVLIST_FINALIZING | EVLIST_INTERNAL;
        let cb = ev.callback();
        let flags = cb.flags();
        if flags & SLOW != 0 {
            cold_path();
            self.end.finish();
            self.base.activate_slow(ev, result);
            self.end = self.base.end_of_queue(self.priority);
            return;
        }
        ev.set_result(result);
        cb.set_flags(flags | EVLIST_ACTIVE);
        self.queued += 1;
        let priority = cb.priority();
        if priority != self.priority {
            cold_path();
            self.end.finish();
            self.priority = priority;
            self.end = self.base.end_of_queue(priority);
        }
        // SAFETY: the callback is alive and not queued.
        unsafe { self.end.push(cb.as_ptr()) };
    }
}

impl Drop for Batch<'_, '_> {
    #[inline]
    fn drop(&mut self) {
        self.end.finish();
        self.base.added.add(self.queued);
        self.base.active.add(self.queued);
    }
}
