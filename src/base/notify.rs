//! Waking the loop from another thread.
//!
//! Whoever changes something that a sleeping loop has to know writes to the
//! base's eventfd, but only once the base's lock is given up: the loop's thread
//! would run into it, and two threads that share a processor would change
//! places four times for one wake-up. By then the base may have been freed,
//! and its descriptor's number may be another file's; so the descriptor
//! belongs to a [`Waker`], which lives until the last of its users has let go.

use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_int, c_short, c_void};
use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{AcqRel, Relaxed},
};

use super::handle::Ev;
use super::{EventBase, Locked};
use crate::ctypes::event::{EV_ET, EV_PERSIST, EV_READ};
use crate::ctypes::event_struct::{EVLIST_INTERNAL, event};
use crate::support::{log, mm, sys};

/// An eventfd and the event that waits for it.
struct Waker {
    /// The base, and every thread that is about to write. A child that is forked meanwhile keeps
    /// the count, and so the descriptor, for ever.
    users: AtomicU32,
    /// A wake-up is on its way. Set with the base's lock held.
    pending: AtomicBool,
    fd: c_int,
    event: UnsafeCell<event>,
}

/// What a base has to be woken with.
pub struct Notify {
    /// `None` until the base is made notifiable.
    waker: Cell<Option<NonNull<Waker>>>,
    /// To be sent when the lock is given up.
    wake_up: Cell<Option<WakeUp>>,
}

/// A wake-up that is still to be sent.
pub(super) struct WakeUp(NonNull<Waker>);

impl Notify {
    pub const fn new() -> Notify {
        Notify {
            waker: Cell::new(None),
            wake_up: Cell::new(None),
        }
    }

    #[inline]
    pub(super) fn take_wake_up(&self) -> Option<WakeUp> {
        // Nearly always there is none: looking costs less than writing.
        // SAFETY: nobody else has the cell's address while it is looked at.
        if unsafe { &*self.wake_up.as_ptr() }.is_none() {
            return None;
        }
        self.wake_up.take()
    }
}

impl Waker {
    /// None, with `errno` set, without memory or descriptors.
    fn new() -> Option<NonNull<Waker>> {
        let memory = mm::malloc(size_of::<Waker>()).cast::<Waker>();
        let waker = NonNull::new(memory)?;
        // SAFETY: plain system call.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            log::warn_errno(format_args!("No eventfd to wake the loop with"));
            // SAFETY: allocated above.
            unsafe { mm::free(memory.cast()) };
            return None;
        }
        // SAFETY: a fresh block of the right size; all zero is a valid event.
        unsafe {
            waker.write(Waker {
                users: AtomicU32::new(1),
                pending: AtomicBool::new(false),
                fd,
                event: UnsafeCell::new(core::mem::zeroed()),
            });
        }
        Some(waker)
    }

    fn event(waker: NonNull<Waker>) -> Option<Ev> {
        // SAFETY: the base keeps the waker alive while it uses the event.
        unsafe { Ev::new(waker.as_ref().event.get()) }
    }

    /// Lets go.
    ///
    /// # Safety
    /// The caller is one of the users, and the event is deleted if it is the last.
    unsafe fn release(waker: NonNull<Waker>) {
        // SAFETY: the caller's promise; the last user has it for itself.
        unsafe {
            if waker.as_ref().users.fetch_sub(1, AcqRel) == 1 {
                sys::close(waker.as_ref().fd);
                mm::free(waker.as_ptr().cast());
            }
        }
    }
}

impl WakeUp {
    /// Ends the loop's wait.
    #[cold]
    pub fn send(self) {
        // SAFETY: counted as a user in `wake`.
        let waker = unsafe { self.0.as_ref() };
        let one = 1u64;
        loop {
            // SAFETY: `one` holds eight bytes. The counter does not overflow in 2^64 wake-ups.
            if unsafe { libc::write(waker.fd, (&raw const one).cast(), 8) } >= 0 {
                break;
            }
            if sys::errno() != libc::EINTR {
                // The next one tries again.
                waker.pending.store(false, Relaxed);
                log::warn_errno(format_args!("The loop can't be woken"));
                break;
            }
        }
        // SAFETY: as above; the base deletes the event before it lets go.
        unsafe { Waker::release(self.0) };
    }
}

impl Locked<'_> {
    /// Makes the base one that other threads can wake. True if it is afterwards.
    pub fn make_notifiable(&self) -> bool {
        if self.notify.waker.get().is_some() {
            return true;
        }
        let Some((waker, ev)) = Waker::new().and_then(|waker| Some((waker, Waker::event(waker)?)))
        else {
            return false;
        };
        // SAFETY: a new waker, nobody else's yet.
        let fd = unsafe { waker.as_ref().fd };
        // Each write is an edge, so that epoll needs no read to be quiet again.
        let edge = if self.backend.borrow_mut().in_kernel().is_some() {
            EV_ET
        } else {
            0
        };
        let base = self.as_ptr().cast();
        super::event::assign(ev, self, fd, EV_READ | EV_PERSIST | edge, Some(woken), base);
        ev.callback().add_flags(EVLIST_INTERNAL);
        ev.callback().set_priority(0);
        if self.add(ev, None).is_err() {
            // SAFETY: its only user; the event was not added.
            unsafe { Waker::release(waker) };
            return false;
        }
        self.notify.waker.set(Some(waker));
        true
    }

    /// Has the loop's wait ended when the lock is given up.
    pub(super) fn wake(&self) {
        let Some(place) = self.notify.waker.get() else {
            return;
        };
        // SAFETY: the base is a user of its waker.
        let waker = unsafe { place.as_ref() };
        if !waker.pending.load(Relaxed) {
            waker.pending.store(true, Relaxed);
            waker.users.fetch_add(1, Relaxed);
            self.notify.wake_up.set(Some(WakeUp(place)));
        }
    }

    /// Undoes `make_notifiable`. True if it had been done.
    pub(super) fn drop_notify(&self) -> bool {
        let Some(waker) = self.notify.waker.take() else {
            return false;
        };
        if let Some(ev) = Waker::event(waker) {
            self.delete(ev);
        }
        // SAFETY: the base was a user until now.
        unsafe { Waker::release(waker) };
        true
    }
}

/// The callback of the eventfd.
unsafe extern "C" fn woken(fd: c_int, what: c_short, base: *mut c_void) {
    if what & EV_ET == 0 {
        let mut count = 0u64;
        // SAFETY: `count` holds eight bytes. If there is nothing to read, all is well too.
        unsafe { libc::read(fd, (&raw mut count).cast(), 8) };
    }
    // SAFETY: the base's own loop calls this.
    if let Some(base) = unsafe { EventBase::from_ptr(base.cast()) } {
        let base = base.lock();
        if let Some(waker) = base.notify.waker.get() {
            // SAFETY: the base is a user of its waker.
            unsafe { waker.as_ref() }.pending.store(false, Relaxed);
        }
    }
}
