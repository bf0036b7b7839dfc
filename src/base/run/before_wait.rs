//! What is done just before the loop waits. Bufferevents write their output then, instead of
//! asking first whether they may: two changes of interest and a wait less for each message.
//!
//! While a task is queued, its event is pending, as if the backend had been asked already. That is
//! done only if the task has not been able to run when the wait begins; see
//! [`Adding::BeforeWait`](crate::base::interest::Adding::BeforeWait).

use core::ptr::{self, NonNull};

use crate::base::handle::Ev;
use crate::base::{EventBase, Locked};
use crate::support::intrusive::{Linked, TailLink, TailQueue};
use crate::support::zeroed::zeroed;
use crate::sys::Result;

/// Something to do before the wait, part of the object that it is done for; zeros to begin with.
#[repr(C)]
pub struct Task {
    link: TailLink<Task>,
    kind: Option<&'static TaskOps>,
}

zeroed!(Task { link, kind });

/// What a task is about.
pub struct TaskOps {
    /// Does it. False if there was nothing to do.
    pub run: unsafe fn(NonNull<Task>) -> bool,
    /// The event that it is done instead of waiting for.
    pub event: unsafe fn(NonNull<Task>) -> Ev,
}

/// The tasks of a base.
pub type Queue = TailQueue<Task>;

impl Task {
    /// Whether it is queued. The base that it would be queued with is locked.
    pub fn is_queued(&self) -> bool {
        !self.link.tqe_prev.is_null()
    }
}

// SAFETY: computes the address of the link.
unsafe impl Linked<()> for Task {
    #[inline]
    unsafe fn link(this: *mut Self) -> *mut TailLink<Self> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*this).link }
    }
}

impl EventBase {
    #[inline]
    fn next_task(&self) -> Option<NonNull<Task>> {
        // SAFETY: the queue is initialised.
        NonNull::new(unsafe { Queue::first(self.tasks.get()) })
    }
}

impl Locked<'_> {
    /// Has a task done before the next wait, unless it is queued already.
    ///
    /// # Safety
    /// The object that the task is part of, its owner, stays where it is while the task is queued:
    /// [`cancel_task`](Self::cancel_task) is called before the owner goes to another base and
    /// before it is freed. A task that runs is not queued any more: for its sake the owner is
    /// freed by the thread that runs the base's loop, as finalizers are.
    #[inline]
    pub unsafe fn before_wait(&self, task: NonNull<Task>, kind: &'static TaskOps) {
        let task = task.as_ptr();
        // SAFETY: the caller's promise; a link that leads nowhere is not queued.
        unsafe {
            if (*task).link.tqe_prev.is_null() {
                (*task).kind = Some(kind);
                Queue::push_back(self.tasks.get(), task);
                self.task_count.set(self.task_count.get() + 1);
            }
        }
    }

    /// Takes a task back. False if it is not queued.
    ///
    /// # Safety
    /// It is queued with this base or not at all.
    #[inline]
    pub unsafe fn cancel_task(&self, task: NonNull<Task>) -> bool {
        let task = task.as_ptr();
        // SAFETY: the caller's promise.
        unsafe {
            if (*task).link.tqe_prev.is_null() {
                return false;
            }
            Queue::remove(self.tasks.get(), task);
            (*task).link.tqe_prev = ptr::null_mut();
        }
        self.task_count.set(self.task_count.get() - 1);
        true
    }

    /// Whether there is anything to do.
    #[inline]
    pub(in crate::base) fn has_tasks(&self) -> bool {
        self.task_count.get() != 0
    }

    /// Does what is queued now, but not what comes up meanwhile, nor anything after the loop was
    /// told to stop. True if anything was done.
    #[inline(never)]
    pub(in crate::base) fn run_tasks(&self) -> bool {
        let mut done = false;
        for _ in 0..self.task_count.get() {
            let Some(task) = self.next_task() else {
                break;
            };
            // SAFETY: queued, so its object is there. Should another thread give up the object from
            // here on, it is freed by this thread, in a finalizer.
            unsafe {
                self.cancel_task(task);
                if let Some(kind) = (*task.as_ptr()).kind {
                    done |= self.call_out(|| (kind.run)(task));
                }
            }
            if self.interrupts.stop().get() {
                break;
            }
        }
        done
    }

    /// Has the backend asked for the events whose tasks could not be run before this wait. False if
    /// that has to be tried again.
    #[inline]
    pub(in crate::base) fn commit_provisional(&self) -> bool {
        self.task_count.get() == 0 || self.count_in_events_of_tasks()
    }

    #[cold]
    fn count_in_events_of_tasks(&self) -> bool {
        let mut complete = true;
        let mut next = self.next_task();
        while let Some(task) = next {
            // SAFETY: queued, so its object is there and has a kind.
            unsafe {
                next = NonNull::new(Queue::next(task.as_ptr()));
                if let Some(kind) = (*task.as_ptr()).kind {
                    complete &= self.commit((kind.event)(task)).is_ok();
                }
            }
        }
        complete
    }

    /// Has the backend asked for an event, if that is yet to be done. Fails with `errno` set.
    pub fn commit(&self, ev: Ev) -> Result {
        if !ev.callback().is_provisional() {
            return Ok(());
        }
        let mut backend = self.backend.borrow_mut();
        let mut interest = self.interest.borrow_mut();
        interest.commit(&mut backend, ev)
    }

    /// Forgets what is queued.
    pub(in crate::base) fn drop_tasks(&self) {
        while let Some(task) = self.next_task() {
            // SAFETY: it is queued here.
            unsafe { self.cancel_task(task) };
        }
    }
}
