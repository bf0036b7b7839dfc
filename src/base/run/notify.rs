//! Waking the loop from another thread.
//!
//! Whoever changes something that a waiting loop has to know writes to the
//! base's wake channel, but only once the base's lock is released: the loop's
//! thread would run into it, and two threads that share a processor would
//! change places four times for one wake-up. By then the base may have been
//! freed, and its descriptor's number may be another file's; so the channel
//! belongs to a [`Waker`], which lives until the last of its users is done.

use core::cell::Cell;
use core::ffi::{c_int, c_short};
use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{AcqRel, Relaxed},
};

use crate::base::{BaseRef, Locked, OwnEvent};
use crate::ctypes::event::{EV_ET, EV_PERSIST, EV_READ};
use crate::support::{log, mm};
use crate::sys::{Result, WakeChannel};

/// A wake channel and the event that waits for it.
struct Waker {
    /// The base, and every thread that is about to write. A child that is forked meanwhile keeps
    /// the count, and so the descriptor, for ever.
    users: AtomicU32,
    /// A wake-up is on its way. Set with the base's lock held.
    pending: AtomicBool,
    channel: WakeChannel,
    event: OwnEvent,
}

/// What a base has to be woken with.
pub struct Notify {
    /// `None` until the base is made notifiable.
    waker: Cell<Option<User>>,
    /// To be sent when the lock is released.
    wake_up: Cell<Option<WakeUp>>,
}

/// A wake-up that is still to be sent.
pub(in crate::base) struct WakeUp(User);

/// One of a waker's users.
struct User(NonNull<Waker>);

impl Notify {
    pub const fn new() -> Notify {
        Notify {
            waker: Cell::new(None),
            wake_up: Cell::new(None),
        }
    }

    #[inline]
    pub(in crate::base) fn has_wake_up(&self) -> bool {
        // SAFETY: nobody else has the cell's address while it is looked at.
        unsafe { &*self.wake_up.as_ptr() }.is_some()
    }

    #[inline]
    pub(in crate::base) fn take_wake_up(&self) -> Option<WakeUp> {
        // Nearly always there is none: looking costs less than writing.
        if !self.has_wake_up() {
            return None;
        }
        self.wake_up.take()
    }

    fn waker(&self) -> Option<&User> {
        // SAFETY: only the holder of the base's lock looks, and it replaces the user between looks.
        unsafe { &*self.waker.as_ptr() }.as_ref()
    }
}

impl User {
    fn first(channel: WakeChannel) -> Result<User> {
        let waker = mm::Box::new(Waker {
            users: AtomicU32::new(1),
            pending: AtomicBool::new(false),
            channel,
            event: OwnEvent::new(),
        })?;
        Ok(User(waker.into_raw()))
    }

    fn waker(&self) -> &Waker {
        // SAFETY: counted as one of its users.
        unsafe { self.0.as_ref() }
    }

    fn another(&self) -> User {
        self.waker().users.fetch_add(1, Relaxed);
        User(self.0)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if self.waker().users.fetch_sub(1, AcqRel) == 1 {
            // SAFETY: the last user has it for itself; the base was one while its event was added.
            drop(unsafe { mm::Box::from_raw(self.0) });
        }
    }
}

impl WakeUp {
    /// Ends the loop's wait.
    #[cold]
    pub fn send(self) {
        let waker = self.0.waker();
        if let Err(error) = waker.channel.wake() {
            // The next one tries again.
            waker.pending.store(false, Relaxed);
            log::warn_code(error.code(), format_args!("The loop can't be woken"));
        }
    }
}

impl Locked<'_> {
    /// Makes the base one that other threads can wake.
    pub fn make_notifiable(&self) -> Result {
        if self.notify.waker().is_some() {
            return Ok(());
        }
        let channel = WakeChannel::new().inspect_err(|error| {
            log::warn_code(error.code(), format_args!("Nothing to wake the loop with"));
        })?;
        let edge = channel.is_edge_triggered() && self.backend.borrow_mut().kernel().is_some();
        let events = EV_READ | EV_PERSIST | if edge { EV_ET } else { 0 };
        let user = User::first(channel)?;
        let waker = user.waker();
        // SAFETY: the waker stays where it is, and its event is stopped before the base ends.
        unsafe {
            waker.event.assign_internal(
                self,
                waker.channel.fd(),
                events,
                on_woken,
                self.outlives(),
            );
        }
        waker.event.start(self, None)?;
        self.notify.waker.set(Some(user));
        Ok(())
    }

    /// Has the loop's wait ended when the lock is released.
    pub(in crate::base) fn wake(&self) {
        let Some(user) = self.notify.waker() else {
            return;
        };
        let waker = user.waker();
        if !waker.pending.load(Relaxed) {
            waker.pending.store(true, Relaxed);
            self.notify.wake_up.set(Some(WakeUp(user.another())));
        }
    }

    /// Undoes `make_notifiable`. True if it had been done.
    pub(in crate::base) fn drop_notify(&self) -> bool {
        let Some(user) = self.notify.waker.take() else {
            return false;
        };
        user.waker().event.stop(self);
        true
    }
}

fn on_woken(base: BaseRef, _fd: c_int, what: c_short) {
    let base = base.lock();
    if let Some(user) = base.notify.waker() {
        let waker = user.waker();
        if what & EV_ET == 0 {
            waker.channel.drain();
        }
        waker.pending.store(false, Relaxed);
    }
}
