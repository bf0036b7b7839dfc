//! Making the kernel's side of a base anew: after a fork, or to be rid of
//! registrations that cannot be named any more.

use core::cell::RefMut;

use super::{Locked, create};
use crate::backend::Backend;
use crate::support::{log, sys};

impl Locked<'_> {
    /// After a fork, in the child: shares nothing with the parent any more. False, with `errno`
    /// set, if something could not be made anew; it may be tried again.
    pub fn reinit(&self) -> bool {
        // With a lock it was notifiable from the start, and is not since the last try if that failed.
        let notifiable = self.drop_notify() || self.has_lock();
        let mut error = None;
        let mut check = |complete: bool| {
            if !complete && error.is_none() {
                error = Some(sys::errno());
            }
        };
        check(self.renew_backend());
        check(self.renew_signals());
        check(!notifiable || self.make_notifiable());
        if let Some(code) = error {
            sys::set_errno(code);
        }
        error.is_none()
    }

    /// Replaces the backend by a new one that knows what is wanted. The old one goes on if there
    /// can be no new one.
    fn renew_backend(&self) -> bool {
        let timer = create::wants_timer(self.flags.get());
        let Some(fresh) = Backend::new(self.method, timer, self.has_lock()) else {
            log::warn_errno(format_args!("No new event mechanism"));
            return false;
        };
        let mut backend: RefMut<Backend> = self.backend.borrow_mut();
        *backend = fresh;
        self.interest.borrow_mut().register_all(&mut backend)
    }

    /// A file that was closed under one of its descriptors goes on reporting: gets rid of it.
    pub(super) fn shed_orphans(&self) {
        log::debug(|line| {
            write!(
                line,
                "A descriptor was closed before its event was deleted, and lives on elsewhere: \
             making the epoll set anew"
            )
        });
        self.orphans.set(false);
        self.interest.borrow_mut().delete_at_once();
        self.renew_backend();
    }
}
