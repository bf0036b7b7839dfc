//! Signals by signalfd: on request only, because it blocks the signals, and
//! children inherit that.

use core::cell::RefCell;
use core::ffi::{c_int, c_short};
use core::mem::MaybeUninit;

use crate::base::signal::Previous;
use crate::base::{Locked, OwnEvent};
use crate::ctypes::event::{EV_PERSIST, EV_READ};
use crate::support::thunk::Ref;
use crate::support::{log, mm};
use crate::sys::{Errno, Result, SignalSource};

/// Receives one signal.
pub struct Receiver {
    /// `None` when it could not be renewed.
    source: RefCell<Option<SignalSource>>,
    signal: c_int,
    /// The signal was blocked before us, and stays so.
    was_blocked: bool,
    event: OwnEvent,
}

fn sigset_of(signal: c_int) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set; the number was checked by the caller.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal);
        set.assume_init()
    }
}

/// Blocks or unblocks a signal; whether it was blocked before.
fn set_blocked(signal: c_int, how: c_int) -> Result<bool> {
    let mut previous = MaybeUninit::uninit();
    // SAFETY: both sets are valid for the call, and `previous` is filled in when it succeeds.
    unsafe {
        match libc::pthread_sigmask(how, &sigset_of(signal), previous.as_mut_ptr()) {
            0 => Ok(libc::sigismember(previous.as_ptr(), signal) == 1),
            error => Err(Errno::new(error)),
        }
    }
}

fn open_source(signal: c_int) -> Result<SignalSource> {
    SignalSource::new(&sigset_of(signal)).inspect_err(|error| {
        log::warn_code(
            error.code(),
            format_args!("No signalfd for signal {signal}"),
        );
    })
}

/// Whether the system has them.
pub(in crate::base) fn is_available() -> bool {
    let mut none = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set.
    let none = unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        none.assume_init()
    };
    SignalSource::new(&none).is_ok()
}

/// Begins to receive a signal.
pub(in crate::base) fn open(base: &Locked, signal: c_int) -> Result<mm::Box<Receiver>> {
    if signal <= 0 {
        return Err(Errno::INVAL);
    }
    let was_blocked = set_blocked(signal, libc::SIG_BLOCK)?;
    receiver(base, signal, was_blocked).inspect_err(|_| {
        if !was_blocked {
            let _ = set_blocked(signal, libc::SIG_UNBLOCK);
        }
    })
}

fn receiver(base: &Locked, signal: c_int, was_blocked: bool) -> Result<mm::Box<Receiver>> {
    let receiver = mm::Box::new(Receiver {
        source: RefCell::new(None),
        signal,
        was_blocked,
        event: OwnEvent::new(),
    })?;
    receiver.watch(base)?;
    Ok(receiver)
}

impl Receiver {
    /// Opens a descriptor and waits for it.
    fn watch(&self, base: &Locked) -> Result {
        let source = open_source(self.signal)?;
        let (fd, events) = (source.fd(), EV_READ | EV_PERSIST);
        // SAFETY: the receiver is in a box of its own, and stops the event before it goes.
        unsafe {
            let this = Ref::new(core::ptr::NonNull::from(self));
            self.event
                .assign_internal(base, fd, events, on_readable, this);
        }
        self.event.start(base, None)?;
        self.source.replace(Some(source));
        Ok(())
    }

    /// Stops receiving the signal.
    pub(in crate::base) fn close(&self, base: &Locked) {
        self.event.stop(base);
        self.source.replace(None);
        if !self.was_blocked {
            let _ = set_blocked(self.signal, libc::SIG_UNBLOCK);
        }
    }
}

/// After a fork: new descriptors, because the parent reads from the old ones too. The first error,
/// if there are any.
pub(in crate::base) fn renew(base: &Locked, all: &[(c_int, Previous)]) -> Result {
    let mut result = Ok(());
    for (_, previous) in all {
        if let Previous::Signalfd(receiver) = previous {
            receiver.event.stop(base);
            receiver.source.replace(None);
            result = result.and(receiver.watch(base));
        }
    }
    result
}

fn on_readable(receiver: Ref<Receiver>, _fd: c_int, _what: c_short) {
    let mut times: c_short = 0;
    while receiver
        .source
        .borrow()
        .as_ref()
        .is_some_and(SignalSource::take)
    {
        times = times.saturating_add(1);
    }
    if times > 0
        && let Some(base) = receiver.event.base()
    {
        base.lock().report_signal(receiver.signal, times);
    }
}
