//! Making the kernel's side of a base anew: after a fork, or to be rid of
//! registrations that cannot be named any more.

use core::cell::RefMut;

use super::{Locked, lifecycle};
use crate::backend::Backend;
use crate::support::log;
use crate::sys::Result;

impl Locked<'_> {
    /// After a fork, in the child: shares nothing with the parent any more. The first error, if
    /// something could not be made anew; it may be tried again.
    pub fn reinit(&self) -> Result {
        // With a lock it was notifiable from the start, and is not since the last try if that failed.
        if let Some(stats) = self.stats() {
            stats.forget();
        }
        let notifiable = self.drop_notify() || self.has_lock();
        // What the number of the parent's set means by now is unknown.
        let backend = self.renew_backend(|old, fresh| *old = fresh);
        let signals = self.renew_signals();
        let notify = if notifiable {
            self.make_notifiable()
        } else {
            Ok(())
        };
        backend.and(signals).and(notify)
    }

    /// Replaces the backend by a new one that knows what is wanted. The old one stays if there
    /// can be no new one.
    fn renew_backend(&self, replace: fn(&mut Backend, Backend)) -> Result {
        let timer = lifecycle::wants_timer(self.flags.get());
        let fresh = Backend::new(self.method, timer, self.has_lock()).inspect_err(|error| {
            log::warn_code(error.code(), format_args!("No new event mechanism"));
        })?;
        let mut backend: RefMut<Backend> = self.backend.borrow_mut();
        replace(&mut backend, fresh);
        self.added.replaced();
        self.interest.borrow_mut().register_all(&mut backend)
    }

    /// A file that was closed under one of its descriptors keeps reporting: gets rid of it.
    pub(super) fn rebuild_backend(&self) {
        log::debug(|line| {
            write!(
                line,
                "A descriptor was closed before its event was deleted, and lives on elsewhere: \
             making the epoll set anew"
            )
        });
        self.stale_reports.set(false);
        self.interest.borrow_mut().delete_at_once();
        // Otherwise the warning is all that can be done.
        let _ = self.renew_backend(Backend::replace);
    }
}
