//! The queues of callbacks that will run, and the counts of events.

use core::ffi::c_int;
use core::ptr::NonNull;

use super::handle::{Active, Cb, Ev};
use super::{ActiveQueue, EventBase, Locked};
use crate::abi::event_struct::{
    EVLIST_ACTIVE, EVLIST_ACTIVE_LATER, EVLIST_INSERTED, event_callback,
};
use crate::support::intrusive::TailQueue;
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

    /// The callback that a priority's queue begins with.
    #[inline]
    pub(super) fn first_active(&self, priority: c_int) -> Option<Cb> {
        // SAFETY: the queue is initialised; queued callbacks are alive.
        unsafe { Cb::new(Queue::first(self.queue(priority))) }
    }

    /// The first callback for the next turn.
    pub(super) fn first_later(&self) -> Option<Cb> {
        // SAFETY: the queue is initialised; queued callbacks are alive.
        unsafe { Cb::new(Queue::first(self.later.get())) }
    }

    /// The callback behind a queued one.
    pub(super) fn next_active(&self, cb: Cb) -> Option<Cb> {
        // SAFETY: queued callbacks are alive.
        unsafe { Cb::new(Queue::next(cb.as_ptr())) }
    }

    /// Whether anything keeps the loop going.
    pub(super) fn has_events(&self) -> bool {
        self.added.get() > 0 || self.virtual_events.get() > 0
    }

    /// Replaces the queues by `count` empty ones. They must be empty. False without memory.
    pub(super) fn make_queues(&self, count: c_int) -> bool {
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
        true
    }

    /// Frees the queues, which must be empty.
    pub(super) fn free_queues(&self) {
        // SAFETY: null or a block of make_queues.
        unsafe { mm::free(self.queues.get().cast()) };
        self.queues.set(core::ptr::null_mut());
    }
}

impl Locked<'_> {
    /// Queues a callback to run in this turn of the loop.
    #[inline]
    pub(super) fn queue_active(&self, cb: Cb) {
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

    /// Takes a callback out of its queue.
    #[inline]
    pub(super) fn unqueue_active(&self, cb: Cb) {
        self.added.add(-cb.counts());
        cb.clear_flags(EVLIST_ACTIVE);
        self.active.add(-1);
        let queue = self.queue(c_int::from(cb.priority()));
        // SAFETY: the callback is in this queue: neither its priority nor their number changes while it is.
        unsafe { Queue::remove(queue, cb.as_ptr()) };
    }

    /// Queues a callback for the next turn.
    pub(super) fn queue_later(&self, cb: Cb) {
        if cb.has(EVLIST_ACTIVE | EVLIST_ACTIVE_LATER) {
            return;
        }
        self.added.add(cb.counts());
        cb.add_flags(EVLIST_ACTIVE_LATER);
        self.active.add(1);
        // SAFETY: the queue is initialised, the callback alive and not queued.
        unsafe { Queue::push_back(self.later.get(), cb.as_ptr()) };
    }

    /// Takes a callback out of the queue for the next turn.
    pub(super) fn unqueue_later(&self, cb: Cb) {
        self.added.add(-cb.counts());
        cb.clear_flags(EVLIST_ACTIVE_LATER);
        self.active.add(-1);
        // SAFETY: its flag says that it is in this queue.
        unsafe { Queue::remove(self.later.get(), cb.as_ptr()) };
    }

    /// At the start of a turn: what was put off is due now.
    pub(super) fn queue_all_later(&self) {
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
            self.deferred_in_turn
                .set(self.deferred_in_turn.get() + c_int::from(cb.event().is_none()));
        }
    }

    /// Counts an event in that waits for a descriptor or signal.
    #[inline]
    pub(super) fn count_inserted(&self, ev: Ev) {
        self.added.add(ev.callback().counts());
        ev.callback().add_flags(EVLIST_INSERTED);
    }

    /// Counts it out.
    #[inline]
    pub(super) fn uncount_inserted(&self, ev: Ev) {
        self.added.add(-ev.callback().counts());
        ev.callback().clear_flags(EVLIST_INSERTED);
    }
}
