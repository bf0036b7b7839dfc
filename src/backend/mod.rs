//! What waits for descriptors.
//!
//! # The contract
//! A backend is told by [`Backend::set`] which readiness is wanted of a
//! descriptor, and is asked to wait in three steps, because the base's lock is
//! not held during the second: [`Backend::prepare`] (locked) returns a [`Wait`]
//! that holds everything the system call needs, [`Wait::run`] (unlocked) makes
//! the call, [`Backend::process_ready`] (locked) reports what is ready.
//!
//! * `set` may be called between `prepare` and `process_ready`, from another thread;
//!   it takes effect on this wait or on the next.
//! * Interest and readiness are a [`Mask`] of `EV_READ`, `EV_WRITE` and
//!   `EV_CLOSED`; interest may also have `EV_ET`.
//! * Errors and hang-ups are reported as readable and writable.
//! * A backend that keeps its interest in the kernel ([`Kernel`]) may find that
//!   the kernel forgot a descriptor, or still reports one that was closed while
//!   a duplicate lives. It tells registrations apart by a generation;
//!   `base::interest` does what follows from that.
//!
//! A [`Kernel`] has `register`, `change` and `remove` besides, each for one
//! descriptor, which fail with a [`Refusal`].

use core::ffi::c_int;
use core::hint::cold_path;

use crate::ctypes::event::{EV_CLOSED, EV_ET, EV_READ, EV_WRITE};
use crate::support::time::Micros;
use crate::sys::{Errno, Result};

mod epoll;
mod poll;
mod select;
mod snapshot;

/// The backend of this platform that keeps its interest in the kernel.
pub use epoll::Epoll as Kernel;
use poll::Poll;
use select::Select;

/// A set of `EV_READ`, `EV_WRITE`, `EV_CLOSED` and `EV_ET`.
pub type Mask = u8;

pub const READ: Mask = EV_READ as Mask;
pub const WRITE: Mask = EV_WRITE as Mask;
pub const CLOSED: Mask = EV_CLOSED as Mask;
pub const EDGE: Mask = EV_ET as Mask;

/// The kinds of backend there are, best first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    Epoll,
    Poll,
    Select,
}

impl Method {
    pub const ALL: [Method; 3] = [Method::Epoll, Method::Poll, Method::Select];

    /// As `event_base_get_method` gives it, with the NUL.
    pub fn name(self) -> &'static core::ffi::CStr {
        match self {
            Method::Epoll => c"epoll",
            Method::Poll => c"poll",
            Method::Select => c"select",
        }
    }

    /// The environment variable that forbids it.
    pub fn variable(self) -> &'static core::ffi::CStr {
        match self {
            Method::Epoll => c"EVENT_NOEPOLL",
            Method::Poll => c"EVENT_NOPOLL",
            Method::Select => c"EVENT_NOSELECT",
        }
    }

    /// `EV_FEATURE_*` bits.
    pub fn features(self) -> c_int {
        use crate::ctypes::event::{
            EV_FEATURE_EARLY_CLOSE, EV_FEATURE_ET, EV_FEATURE_FDS, EV_FEATURE_O1,
        };
        match self {
            Method::Epoll => EV_FEATURE_ET | EV_FEATURE_O1 | EV_FEATURE_EARLY_CLOSE,
            Method::Poll => EV_FEATURE_FDS | EV_FEATURE_EARLY_CLOSE,
            Method::Select => EV_FEATURE_FDS,
        }
    }
}

/// Why the kernel does not change its interest in a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It was to register what it has.
    Known,
    /// It was to change or remove what it does not have.
    Unknown,
    /// For want of memory; nothing changed, and the same call may succeed later.
    Transient(Errno),
    Final(Errno),
}

impl Refusal {
    pub fn is_transient(self) -> bool {
        matches!(self, Refusal::Transient(_))
    }
}

/// One backend of one base.
pub enum Backend {
    Kernel(Kernel),
    Poll(Poll),
    Select(Select),
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub enum Timeout {
    /// Not at all.
    Zero,
    /// For this long, until this moment of the monotonic clock.
    For {
        span: Micros,
        until: Micros,
    },
    Infinite,
}

/// One descriptor's report.
pub struct Ready {
    pub fd: c_int,
    /// Of the registration that fired; 0 where the backend has none.
    pub generation: u32,
    pub mask: Mask,
}

/// The arguments of the waiting system call.
#[derive(Clone, Copy)]
pub enum Wait {
    Kernel(epoll::Wait),
    Poll(poll::Wait),
    Select(select::Wait),
}

impl Wait {
    /// Waits. The number of ready descriptors.
    ///
    /// # Safety
    /// The backend that prepared this still exists, and `process_ready` is not called meanwhile.
    pub unsafe fn run(self) -> Result<usize> {
        // SAFETY: promised by the caller.
        let count = unsafe {
            match self {
                Wait::Kernel(wait) => wait.run(),
                Wait::Poll(wait) => {
                    cold_path();
                    wait.run()
                }
                Wait::Select(wait) => {
                    cold_path();
                    wait.run()
                }
            }
        };
        usize::try_from(count).map_err(|_| {
            cold_path();
            Errno::last()
        })
    }
}

impl Backend {
    /// A backend of this kind. `precise` asks for timers that are finer than
    /// a millisecond; `threads` says that `set` may be called during a wait.
    pub fn new(method: Method, precise: bool, threads: bool) -> Result<Backend> {
        match method {
            Method::Epoll => Kernel::new(precise).map(Backend::Kernel),
            Method::Poll => Ok(Backend::Poll(Poll::new(threads))),
            Method::Select => Ok(Backend::Select(Select::new())),
        }
    }

    /// This backend, if interest is kept by the kernel.
    pub fn kernel(&mut self) -> Option<&mut Kernel> {
        match self {
            Backend::Kernel(kernel) => Some(kernel),
            _ => {
                cold_path();
                None
            }
        }
    }

    /// Puts a fresh one of the same kind in its place, in the same process.
    pub fn replace(&mut self, fresh: Backend) {
        match (self, fresh) {
            (Backend::Kernel(kernel), Backend::Kernel(fresh)) => kernel.replace(fresh),
            (old, fresh) => *old = fresh,
        }
    }

    /// For backends that keep interest here: replaces the interest in `fd`.
    pub fn set(&mut self, fd: c_int, wanted: Mask) -> Result {
        match self {
            Backend::Kernel(_) => Ok(()),
            Backend::Poll(poll) => poll.set(fd, wanted),
            Backend::Select(select) => select.set(fd, wanted),
        }
    }

    /// The arguments of a wait.
    #[inline(always)]
    pub fn prepare(&mut self, timeout: Timeout) -> Wait {
        match self {
            Backend::Kernel(kernel) => Wait::Kernel(kernel.prepare(timeout)),
            Backend::Poll(poll) => {
                cold_path();
                Wait::Poll(poll.prepare(timeout))
            }
            Backend::Select(select) => {
                cold_path();
                Wait::Select(select.prepare(timeout))
            }
        }
    }

    /// Whether a wait that failed is worth another: what it failed for was deleted and closed by
    /// another thread just before.
    pub fn has_recovered(&self, error: Errno) -> bool {
        match self {
            Backend::Select(select) => error == Errno::BADF && select.all_open(),
            _ => false,
        }
    }

    /// Reports the `count` ready descriptors of the wait that was prepared last.
    pub fn process_ready(&mut self, count: usize, report: impl FnMut(Ready)) {
        match self {
            Backend::Kernel(kernel) => kernel.process_ready(count, report),
            Backend::Poll(poll) => poll.process_ready(count, report),
            Backend::Select(select) => select.process_ready(count, report),
        }
    }
}

impl Timeout {
    /// This, or `span` from `now` if that is shorter.
    pub fn at_most(self, span: Micros, now: Micros) -> Timeout {
        match self {
            Timeout::Zero => self,
            Timeout::For { span: own, .. } if own <= span => self,
            _ => Timeout::For {
                span,
                until: now.saturating_add(span),
            },
        }
    }

    /// In whole milliseconds, rounded up so as not to wake too early; -1 for ever.
    fn millis(self) -> c_int {
        /// Longer waits overflow in some kernels; waking once in 35 minutes costs nothing.
        const LONGEST: Micros = 35 * 60 * 1000;
        match self {
            Timeout::Zero => 0,
            Timeout::Infinite => -1,
            // At most LONGEST, so it fits.
            Timeout::For { span, .. } => {
                (span.saturating_add(999) / 1000).clamp(0, LONGEST) as c_int
            }
        }
    }
}
