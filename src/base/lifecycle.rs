//! Making and freeing a base.

use core::cell::{Cell, RefCell, UnsafeCell};
use core::ffi::{CStr, c_int};
use core::ptr::{self, NonNull};

use super::clock::Clock;
use super::config::Config;
use super::handle::Ev;
use super::interest::Interest;
use super::notify::Notify;
use super::signal::{SIGNALS, Signals};
use super::stats::Watched;
use super::timer_heap::Timers;
use super::watch::Watchers;
use super::{
    ActiveQueue, BaseRef, Count, EventBase, Interrupts, Locked, before_wait, debug, global,
};
use crate::backend::{Backend, Method};
use crate::ctypes::event::{
    EVENT_BASE_FLAG_EPOLL_DISALLOW_TIMERFD, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST,
    EVENT_BASE_FLAG_IGNORE_ENV, EVENT_BASE_FLAG_NO_CACHE_TIME, EVENT_BASE_FLAG_NOLOCK,
    EVENT_BASE_FLAG_PRECISE_TIMER, EVENT_BASE_FLAG_USE_SIGNALFD,
};
use crate::ctypes::event_struct::EVLIST_INTERNAL;
use crate::support::{lock, log, mm};
use crate::sys::{self, Errno, Result};

/// Whether an environment variable is set, and heeded by a base with these flags.
fn variable(name: &CStr, flags: c_int) -> bool {
    flags & EVENT_BASE_FLAG_IGNORE_ENV == 0 && sys::variable(name).is_some()
}

/// Whether the backend is to wait more finely than to the millisecond.
pub(super) fn wants_timer(flags: c_int) -> bool {
    flags & EVENT_BASE_FLAG_PRECISE_TIMER != 0
        && flags & EVENT_BASE_FLAG_EPOLL_DISALLOW_TIMERFD == 0
}

/// The first method that the configuration and the environment allow and the system has.
fn choose(config: &Config, flags: c_int, threads: bool) -> Result<(Method, Backend)> {
    let timer = wants_timer(flags);
    let mut result = Err(Errno::INVAL);
    let allowed = Method::ALL
        .into_iter()
        .filter(|&method| !config.avoids(method))
        .filter(|method| method.features() & config.features == config.features)
        .filter(|method| !variable(method.variable(), flags));
    for method in allowed {
        match Backend::new(method, timer, threads) {
            Ok(backend) => return Ok((method, backend)),
            Err(error) => result = Err(error),
        }
    }
    result
}

impl EventBase {
    /// A new base; null, with a log line, if there can be none.
    pub fn create(config: &Config) -> Option<BaseRef> {
        debug::note_base();
        let mut flags = config.flags;
        for (name, flag) in [
            (c"EVENT_PRECISE_TIMER", EVENT_BASE_FLAG_PRECISE_TIMER),
            (
                c"EVENT_EPOLL_USE_CHANGELIST",
                EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST,
            ),
            (c"EVENT_USE_SIGNALFD", EVENT_BASE_FLAG_USE_SIGNALFD),
        ] {
            if variable(name, flags) {
                flags |= flag;
            }
        }
        let threads = flags & EVENT_BASE_FLAG_NOLOCK == 0 && lock::enabled();
        let Ok((method, backend)) = choose(config, flags, threads) else {
            log::warn(format_args!("No event mechanism is available"));
            return None;
        };
        if variable(c"EVENT_SHOW_METHOD", flags) {
            log::msg(format_args!(
                "libevent using: {}",
                method.name().to_string_lossy()
            ));
        }
        let precise = flags & EVENT_BASE_FLAG_PRECISE_TIMER != 0;
        let uncached = flags & EVENT_BASE_FLAG_NO_CACHE_TIME != 0;
        let (lock, callback_done) = if threads {
            (lock::alloc(0), lock::alloc_condition())
        } else {
            (ptr::null_mut(), ptr::null_mut())
        };
        let fresh = EventBase {
            lock,
            callback_done,
            method,
            flags: Cell::new(flags),
            backend: RefCell::new(backend),
            interest: RefCell::new(Interest::new()),
            stale_reports: Cell::new(false),
            timers: RefCell::new(Timers::new()),
            common: RefCell::new(mm::vec()),
            clock: Clock::new(precise, uncached),
            queues: Cell::new(ptr::null_mut()),
            priorities: Cell::new(0),
            later: UnsafeCell::new(ActiveQueue::UNSET),
            tasks: UnsafeCell::new(before_wait::Queue::UNSET),
            task_count: Cell::new(0),
            virtual_events: Count::default(),
            added: Count::default(),
            active: Count::default(),
            exit: Cell::new(false),
            interrupts: Interrupts::default(),
            running: Cell::new(false),
            waiting: Cell::new(false),
            running_priority: Cell::new(-1),
            running_queue: Cell::new(ptr::null_mut()),
            deferred_in_iteration: Cell::new(0),
            owner: Cell::new(0),
            has_owner: Cell::new(false),
            current: Cell::new(ptr::null_mut()),
            current_is_event: Cell::new(true),
            returned: Cell::new(0),
            spares: super::Spares::new(),
            limits: config.limits,
            signals: Signals::new(flags & EVENT_BASE_FLAG_USE_SIGNALFD != 0),
            notify: Notify::new(),
            once_list: Cell::new(ptr::null_mut()),
            watchers: Watchers::new(),
            stats: Watched::new(method, flags),
        };
        let Ok(place) = mm::Box::new(fresh) else {
            log::warn(format_args!("No memory for an event_base"));
            // SAFETY: nobody else's.
            unsafe {
                lock::free(lock, 0);
                lock::free_condition(callback_done);
            }
            return None;
        };
        let place = place.into_raw();
        // SAFETY: the queues stay in place until `destroy`.
        let base = unsafe {
            let base = place.as_ref();
            ActiveQueue::init(base.later.get());
            before_wait::Queue::init(base.tasks.get());
            base
        };
        // Without one the base is of use for everything else.
        let _ = base.signals.open();
        let locking =
            !threads || !lock.is_null() && (!callback_done.is_null() || !lock::has_conditions());
        let complete =
            locking && base.make_queues(1) && (!threads || base.lock().make_notifiable().is_ok());
        if !complete {
            log::warn(format_args!("An event_base could not be set up"));
            // SAFETY: no other code knows it.
            unsafe { EventBase::destroy(place, false) };
            return None;
        }
        // SAFETY: alive until `destroy`.
        Some(unsafe { BaseRef::new(place) })
    }

    /// Deletes all events, runs the finalizers if asked to, and frees the base.
    ///
    /// # Safety
    /// `base` came from [`Self::create`], and nobody uses it, its lock or its condition afterwards.
    pub unsafe fn destroy(base: NonNull<EventBase>, finalize: bool) {
        // SAFETY: alive until the end of this.
        unsafe { base.as_ref() }.empty(finalize);
        // SAFETY: made by `create`, and promised by the caller.
        unsafe {
            let (guard, condition) = (base.as_ref().lock, base.as_ref().callback_done);
            mm::free(base.as_ref().spares.large.get());
            mm::free(base.as_ref().spares.small.get());
            drop(mm::Box::from_raw(base));
            lock::free(guard, 0);
            lock::free_condition(condition);
        }
    }

    fn empty(&self, finalize: bool) {
        global::forget(self);
        let base = self.lock();
        base.drop_notify();
        base.drop_tasks();
        loop {
            base.delete_events();
            // Finalizers may have added more.
            if !base.empty_queues(finalize) {
                break;
            }
        }
        base.delete_common();
        base.close_signals();
        base.free_once();
        base.free_watchers();
        base.free_queues();
    }

    /// Gives the base another number of priorities. False while anything is active, and for a
    /// number below 1 or above 255.
    pub fn set_priorities(&self, count: c_int) -> bool {
        if self.active.get() > 0 || !(1..256).contains(&count) {
            return false;
        }
        count == self.priorities.get() || self.make_queues(count)
    }
}

impl Locked<'_> {
    /// Deletes every event of the program.
    fn delete_events(&self) {
        let limit = self.interest.borrow().limit();
        for fd in 0..limit {
            self.delete_list(|| self.interest.borrow().events(fd).first());
        }
        for signal in 0..SIGNALS as c_int {
            self.delete_list(|| self.signal_events(signal).first());
        }
        self.delete_list(|| {
            let timers = self.timers.borrow();
            (0..timers.len())
                .filter_map(|index| timers.at(index))
                .find(|ev| !ev.callback().has(EVLIST_INTERNAL))
        });
        let mut index = 0;
        while let Some(first) = self.common_firsts(index) {
            match first {
                Some(ev) => self.delete(ev),
                None => index += 1,
            }
        }
    }

    /// Deletes the events that `first` finds, until it finds one of the library's own or none.
    fn delete_list(&self, first: impl Fn() -> Option<Ev>) {
        while let Some(ev) = first() {
            if ev.callback().has(EVLIST_INTERNAL) {
                break;
            }
            self.delete(ev);
        }
    }
}
