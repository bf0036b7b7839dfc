//! `event_base`: the loop and everything that it keeps.
//!
//! An [`EventBase`] is shared by raw pointer with C programs, and by `&` inside
//! the library; everything that changes is in a `Cell` or, where it is larger,
//! in a `RefCell` that is borrowed for the length of one operation.
//!
//! # The rule for callbacks
//! A callback may call any function of the library and may free the object it
//! was called for. So while user code runs, no `RefCell` of a base is borrowed,
//! no lock of a base is held, and afterwards nothing is touched that the
//! callback could have freed: state is read again. [`Locked::call_out`] is the
//! only way to user code.
//!
//! # Locking
//! Operations are methods of [`Locked`], which exists only while the base's
//! lock is held; a base without a lock pays one comparison for it. Cells are
//! touched under the lock, except in the loop's own thread between iterations.

use core::cell::{Cell, RefCell, UnsafeCell};
use core::ffi::{c_int, c_ulong, c_void};
use core::hint::cold_path;
use core::ops::Deref;
use core::ptr::{self, NonNull};

use crate::backend::{Backend, Method};
use crate::ctypes::event_struct::event_callback;
use crate::support::intrusive::TailQueue;
use crate::support::thunk::Ref;
use crate::support::{lock, mm};

pub mod config;
mod control;
pub mod debug;
pub mod deferred;
pub mod dump;
pub mod event;
pub mod fd;
pub mod finalize;
pub mod global;
pub mod handle;
pub mod inspect;
pub mod lifecycle;
pub mod once;
pub mod own_event;
pub mod reinit;
pub mod run;
pub mod signal;
pub mod stats;
pub mod time;

pub use fd::{interest, slot};
pub use run::{active_queue, before_wait, notify, watch};
pub use time::{clock, common_timeout, timeout, timer_heap};

use handle::Active;
use interest::Interest;
use timer_heap::Timers;

pub use deferred::Deferred;
pub use own_event::{OwnEvent, OwnTimer};

/// A base, for an object that the base outlives.
pub type BaseRef = Ref<EventBase>;

/// The queue of callbacks of one priority.
pub type ActiveQueue = TailQueue<event_callback, Active>;

/// A number and the most it has been.
#[derive(Default)]
pub struct Count {
    now: Cell<c_int>,
    most: Cell<c_int>,
}

impl Count {
    pub fn get(&self) -> c_int {
        self.now.get()
    }

    pub fn most(&self) -> c_int {
        self.most.get()
    }

    pub fn forget_most(&self) {
        self.most.set(0);
    }

    #[inline]
    fn add(&self, by: c_int) {
        let now = self.now.get() + by;
        self.now.set(now);
        // What is left of a number that falls is no new maximum, even after forget_most().
        if by > 0 && now > self.most.get() {
            self.most.set(now);
        }
    }

    #[inline]
    fn take(&self, by: c_int) {
        self.now.set(self.now.get() - by);
    }

    /// What leaves and comes back at once counts for the maximum, which may have been forgotten.
    #[inline]
    fn replaced(&self) {
        if self.now.get() > self.most.get() {
            self.most.set(self.now.get());
        }
    }
}

/// What the loop has to see to when a callback has returned: one look tells whether there is
/// anything.
#[derive(Default)]
pub struct Interrupts(Cell<[bool; 4]>);

impl Interrupts {
    #[inline]
    fn any(&self) -> bool {
        self.0.get() != [false; 4]
    }

    /// The loop was told to end after this callback. A byte of its own, since programs set it in
    /// signal handlers.
    #[inline]
    fn stop(&self) -> &Cell<bool> {
        &self.0.as_array_of_cells()[0]
    }

    /// The loop has to look from the top for what is to run.
    #[inline]
    fn restart(&self) -> &Cell<bool> {
        &self.0.as_array_of_cells()[1]
    }

    /// A callback was taken out of a queue: maybe the one that was to be next.
    #[inline]
    fn unqueued(&self) -> &Cell<bool> {
        &self.0.as_array_of_cells()[3]
    }

    /// Other threads wait for the current callback to return.
    #[inline]
    fn awaited(&self) -> &Cell<bool> {
        &self.0.as_array_of_cells()[2]
    }
}

/// Blocks of memory that are used again and again, or null. A use takes one out and leaves it, or
/// another, for the next.
pub struct Spares {
    /// For more than one read needs.
    pub large: Cell<*mut c_void>,
    /// For a short message.
    pub small: Cell<*mut c_void>,
}

impl Spares {
    pub const fn new() -> Spares {
        Spares {
            large: Cell::new(ptr::null_mut()),
            small: Cell::new(ptr::null_mut()),
        }
    }
}

/// An event loop. Opaque to C.
pub struct EventBase {
    /// Null unless locking was set up before the base was made.
    lock: *mut c_void,
    /// Signalled when the callback that others wait for has returned; null without threads.
    callback_done: *mut c_void,
    pub(crate) method: Method,
    /// `EVENT_BASE_FLAG_*`.
    flags: Cell<c_int>,
    backend: RefCell<Backend>,
    interest: RefCell<Interest>,
    /// The last wait reported what could not be deleted (see `interest`).
    stale_reports: Cell<bool>,

    timers: RefCell<Timers>,
    common: RefCell<mm::Vec<Ref<common_timeout::CommonTimeout>>>,
    clock: clock::Clock,

    /// `priorities` queues, none of which moves while it is in use.
    queues: Cell<*mut ActiveQueue>,
    priorities: Cell<c_int>,
    /// Callbacks for the next iteration.
    later: UnsafeCell<ActiveQueue>,
    /// What is done before the next wait.
    tasks: UnsafeCell<before_wait::Queue>,
    task_count: Cell<u32>,

    virtual_events: Count,
    added: Count,
    active: Count,

    exit: Cell<bool>,
    interrupts: Interrupts,
    running: Cell<bool>,
    /// The loop waits, or has begun to decide for how long: what changes now it must be told.
    /// Without a lock, from its first wait on.
    waiting: Cell<bool>,
    /// Priority of the queue that is being worked on; -1 if none is.
    running_priority: Cell<c_int>,
    /// The queue of that priority.
    running_queue: Cell<*mut ActiveQueue>,
    /// Deferred callbacks queued in this iteration.
    deferred_in_iteration: Cell<c_int>,
    /// The thread that ran the loop last, if threads have names, and whether there is one.
    owner: Cell<c_ulong>,
    has_owner: Cell<bool>,
    /// Only compared, never followed: the callback may free what it was called for.
    current: Cell<*mut event_callback>,
    /// Whether that, if there is one, is the head of an event.
    current_is_event: Cell<bool>,
    /// How many callbacks have returned that others waited for.
    returned: Cell<u32>,

    spares: Spares,

    limits: config::DispatchLimits,
    signals: signal::Signals,
    notify: notify::Notify,
    once_list: Cell<*mut once::Once>,
    watchers: watch::Watchers,
    /// If the user wants to see what the loop does.
    stats: Option<stats::Watched>,
}

/// A base whose lock the current thread holds.
pub struct Locked<'a>(&'a EventBase);

impl EventBase {
    /// The base behind a pointer from C.
    ///
    /// # Safety
    /// `base` is null or a live base that is not freed while the reference is used.
    #[inline]
    pub unsafe fn from_ptr<'a>(base: *mut EventBase) -> Option<&'a EventBase> {
        // SAFETY: the caller's promise.
        unsafe { base.as_ref() }
    }

    /// For an object of the base's own, which goes before the base does.
    fn outlives(&self) -> BaseRef {
        // SAFETY: what holds the copies is freed with the base.
        unsafe { BaseRef::new(NonNull::from(self)) }
    }

    /// For the C side and for `struct event`.
    pub fn as_ptr(&self) -> *mut EventBase {
        ptr::from_ref(self).cast_mut()
    }

    /// Takes the base's lock, if it has one.
    #[inline]
    pub fn lock(&self) -> Locked<'_> {
        // SAFETY: null, or the lock that lives as long as the base.
        unsafe { lock::lock(self.lock) };
        Locked(self)
    }

    /// For what the loop calls: only its thread touches them.
    #[inline]
    pub fn spares(&self) -> &Spares {
        &self.spares
    }

    /// What the loop does is counted here, if the user wants to see it.
    #[inline]
    pub fn stats(&self) -> Option<&stats::Stats> {
        self.stats.as_ref().map(stats::Watched::stats)
    }

    /// Whether other threads may use the base.
    pub fn has_lock(&self) -> bool {
        !self.lock.is_null()
    }

    /// Whether the calling thread runs the loop, or could: a program that names no threads has one.
    #[inline]
    pub fn in_loop_thread(&self) -> bool {
        lock::thread_id().is_none_or(|id| self.has_owner.get() && self.owner.get() == id)
    }

    /// Whether the loop runs in another thread and must be told of changes. Between two waits it
    /// need not: before the next one it looks at everything anyway, with the lock held.
    #[inline(always)]
    fn must_wake(&self) -> bool {
        self.waiting.get() && !self.in_loop_thread()
    }
}

impl Deref for Locked<'_> {
    type Target = EventBase;
    #[inline]
    fn deref(&self) -> &EventBase {
        self.0
    }
}

impl Drop for Locked<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.0.lock.is_null() || self.notify.has_wake_up() {
            cold_path();
            self.release();
        }
    }
}

impl Locked<'_> {
    /// What dropping one comes to where it is not nothing.
    #[inline(never)]
    fn release(&self) {
        let wake_up = self.notify.take_wake_up();
        // SAFETY: taken in `EventBase::lock`, by this thread.
        unsafe { lock::unlock(self.0.lock) };
        // The base may be gone now.
        if let Some(wake_up) = wake_up {
            wake_up.send();
        }
    }
}

impl Locked<'_> {
    /// Runs user code, or waits, with the lock given up. See the rule for callbacks.
    #[inline(always)]
    fn call_out<R>(&self, user: impl FnOnce() -> R) -> R {
        let held = self.0.lock;
        if held.is_null() {
            return user();
        }
        cold_path();
        self.send_wake_up();
        // SAFETY: held by this thread since `EventBase::lock`, and still there afterwards: a base
        // must not be freed while its loop runs.
        unsafe { lock::unlock(held) };
        let result = user();
        // SAFETY: as above.
        unsafe { lock::lock(held) };
        result
    }

    /// Lets the loop see what changed, if it runs in another thread.
    #[inline(always)]
    fn wake_loop(&self) {
        if self.must_wake() {
            self.wake();
        }
    }

    /// Before the lock is given up for a while.
    #[inline]
    fn send_wake_up(&self) {
        if let Some(wake_up) = self.notify.take_wake_up() {
            wake_up.send();
        }
    }

    /// Waits until the callback that another thread runs has returned, if it is this one.
    #[inline(always)]
    fn await_callback(&self, callback: handle::Cb) {
        if self.current.get() == callback.as_ptr() {
            self.await_current();
        }
    }

    /// Waits until the callback that another thread runs has returned. False if it did not wait:
    /// in the loop's own thread, and where the program's condition fails.
    #[inline(never)]
    fn await_current(&self) -> bool {
        if self.in_loop_thread() {
            return false;
        }
        self.send_wake_up();
        let returned = self.returned.get();
        self.interrupts.awaited().set(true);
        while self.returned.get() == returned {
            // SAFETY: the lock is held, and the condition lives as long as the base.
            if !unsafe { lock::wait(self.callback_done, self.lock) } {
                return false;
            }
        }
        true
    }
}
