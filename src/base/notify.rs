//! Waking the loop from another thread.

use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_int, c_short, c_void};
use core::mem::MaybeUninit;

use super::handle::Ev;
use super::{EventBase, Locked};
use crate::abi::event::{EV_PERSIST, EV_READ};
use crate::abi::event_struct::{EVLIST_INTERNAL, event};
use crate::support::{log, sys};

/// The eventfd of a base and the event that waits for it.
pub struct Notify {
    /// -1 until the base is made notifiable.
    fd: Cell<c_int>,
    event: UnsafeCell<MaybeUninit<event>>,
    /// A wake-up is on its way.
    pending: Cell<bool>,
}

impl Notify {
    pub const fn new() -> Notify {
        Notify {
            fd: Cell::new(-1),
            event: UnsafeCell::new(MaybeUninit::zeroed()),
            pending: Cell::new(false),
        }
    }

    fn event(&self) -> Option<Ev> {
        // SAFETY: part of the base, which is alive and does not move.
        unsafe { Ev::new(self.event.get().cast()) }
    }
}

impl Locked<'_> {
    /// Makes the base one that other threads can wake. True if it is afterwards.
    pub fn make_notifiable(&self) -> bool {
        if self.notify.fd.get() >= 0 {
            return true;
        }
        // SAFETY: plain system call.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            log::warn_errno(format_args!("No eventfd to wake the loop with"));
            return false;
        }
        let Some(ev) = self.notify.event() else {
            return false;
        };
        let base = self.as_ptr().cast();
        super::event::assign(ev, self, fd, EV_READ | EV_PERSIST, Some(woken), base);
        ev.callback().add_flags(EVLIST_INTERNAL);
        ev.callback().set_priority(0);
        if self.add(ev, None).is_err() {
            sys::close(fd);
            return false;
        }
        self.notify.fd.set(fd);
        true
    }

    /// Ends the loop's wait.
    pub(super) fn wake(&self) {
        if self.notify.fd.get() < 0 || self.notify.pending.replace(true) {
            return;
        }
        let one = 1u64;
        loop {
            // SAFETY: `one` holds eight bytes. The counter cannot overflow: `pending` limits it to 1.
            let written = unsafe { libc::write(self.notify.fd.get(), (&raw const one).cast(), 8) };
            if written >= 0 {
                return;
            }
            if sys::errno() != libc::EINTR {
                break;
            }
        }
        // The next one tries again.
        self.notify.pending.set(false);
        log::warn_errno(format_args!("The loop can't be woken"));
    }

    /// Undoes `make_notifiable`. True if it had been done.
    pub(super) fn drop_notify(&self) -> bool {
        let fd = self.notify.fd.replace(-1);
        self.notify.pending.set(false);
        if fd < 0 {
            return false;
        }
        if let Some(ev) = self.notify.event() {
            self.delete(ev);
        }
        sys::close(fd);
        true
    }
}

/// The callback of the eventfd.
unsafe extern "C" fn woken(fd: c_int, _what: c_short, base: *mut c_void) {
    let mut count = 0u64;
    // SAFETY: `count` holds eight bytes. If there is nothing to read, all is well too.
    unsafe { libc::read(fd, (&raw mut count).cast(), 8) };
    // SAFETY: the base's own loop calls this.
    if let Some(base) = unsafe { EventBase::from_ptr(base.cast()) } {
        base.lock().notify.pending.set(false);
    }
}
