//! What is done just before the loop waits. Bufferevents write their output then, instead of
//! asking first whether they may: two changes of interest and a wait less for each message.

use core::ptr::{self, NonNull};

use super::{EventBase, Locked};
use crate::support::intrusive::{Linked, TailLink, TailQueue};

/// Something to do before the wait, part of the object that it is done for; zeros to begin with.
#[repr(C)]
pub struct Task {
    link: TailLink<Task>,
    function: Option<Function>,
}

/// Does it. False if there was nothing to do.
pub type Function = unsafe fn(NonNull<Task>) -> bool;

/// The tasks of a base.
pub type Queue = TailQueue<Task>;

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
    /// Has `function` called before the next wait, unless the task is queued already.
    ///
    /// # Safety
    /// The object that the task is part of, its owner, stays where it is while the task is queued:
    /// [`cancel_task`](Self::cancel_task) is called before the owner goes to another base and
    /// before it is freed. A task that runs is not queued any more: for its sake the owner is
    /// freed by the thread that runs the base's loop, as finalizers are.
    #[inline]
    pub unsafe fn before_wait(&self, task: NonNull<Task>, function: Function) {
        let task = task.as_ptr();
        // SAFETY: the caller's promise; a link that leads nowhere is not queued.
        unsafe {
            if (*task).link.tqe_prev.is_null() {
                (*task).function = Some(function);
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

    /// Does what is queued now, but not what comes up meanwhile, nor anything after the loop was
    /// told to stop. True if anything was done.
    #[inline]
    pub(super) fn run_tasks(&self) -> bool {
        let mut done = false;
        for _ in 0..self.task_count.get() {
            let Some(task) = self.next_task() else {
                break;
            };
            // SAFETY: queued, so its object is there. Should another thread give up the object from
            // here on, it is freed by this thread, in a finalizer.
            unsafe {
                self.cancel_task(task);
                if let Some(function) = (*task.as_ptr()).function {
                    done |= self.call_out(|| function(task));
                }
            }
            if self.interrupts.stop().get() {
                break;
            }
        }
        done
    }

    /// Forgets what is queued.
    pub(super) fn drop_tasks(&self) {
        while let Some(task) = self.next_task() {
            // SAFETY: it is queued here.
            unsafe { self.cancel_task(task) };
        }
    }
}
