//! Signals by signalfd: on request only, because it blocks the signals, and
//! children inherit that.

use core::ffi::{c_int, c_short, c_void};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use super::handle::Ev;
use super::signal::Former;
use super::{EventBase, Locked};
use crate::ctypes::event::{EV_PERSIST, EV_READ};
use crate::ctypes::event_struct::{EVLIST_INTERNAL, event};
use crate::support::{log, mm, sys};

/// Receives one signal.
pub struct Receiver {
    fd: c_int,
    signal: c_int,
    /// The signal was blocked before us, and stays so.
    was_blocked: bool,
    base: *mut EventBase,
    event: MaybeUninit<event>,
}

fn only(signal: c_int) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set; the number was checked by the caller.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal);
        set.assume_init()
    }
}

/// Blocks or unblocks a signal; whether it was blocked before.
fn set_blocked(signal: c_int, how: c_int) -> Result<bool, ()> {
    let mut former = MaybeUninit::uninit();
    // SAFETY: both sets are valid for the call, and `former` is filled in when it succeeds.
    unsafe {
        if libc::pthread_sigmask(how, &only(signal), former.as_mut_ptr()) != 0 {
            return Err(());
        }
        Ok(libc::sigismember(former.as_ptr(), signal) == 1)
    }
}

fn open_fd(signal: c_int) -> Result<c_int, ()> {
    // SAFETY: the set is valid for the call.
    let fd = unsafe { libc::signalfd(-1, &only(signal), libc::SFD_NONBLOCK | libc::SFD_CLOEXEC) };
    if fd < 0 {
        log::warn_errno(format_args!("No signalfd for signal {signal}"));
        return Err(());
    }
    Ok(fd)
}

fn event_of(receiver: NonNull<Receiver>) -> Option<Ev> {
    // SAFETY: the receiver is alive until it is closed.
    unsafe { Ev::new((&raw mut (*receiver.as_ptr()).event).cast()) }
}

/// Begins to receive a signal.
pub(super) fn open(base: &Locked, signal: c_int) -> Result<NonNull<Receiver>, ()> {
    if signal <= 0 {
        sys::set_errno(libc::EINVAL);
        return Err(());
    }
    let memory = mm::malloc(size_of::<Receiver>()).cast::<Receiver>();
    let receiver = NonNull::new(memory).ok_or(())?;
    let free = || {
        // SAFETY: allocated above; nothing refers to it.
        unsafe { mm::free(receiver.as_ptr().cast()) };
    };
    let was_blocked = set_blocked(signal, libc::SIG_BLOCK).inspect_err(|()| free())?;
    let undo = || {
        if !was_blocked {
            let _ = set_blocked(signal, libc::SIG_UNBLOCK);
        }
        free();
    };
    let fd = open_fd(signal).inspect_err(|()| undo())?;
    let fresh = Receiver {
        fd,
        signal,
        was_blocked,
        base: base.as_ptr(),
        event: MaybeUninit::zeroed(),
    };
    // SAFETY: a fresh block of the right size.
    unsafe { receiver.as_ptr().write(fresh) };
    watch(base, receiver).inspect_err(|()| {
        sys::close(fd);
        undo();
    })?;
    Ok(receiver)
}

fn watch(base: &Locked, receiver: NonNull<Receiver>) -> Result<(), ()> {
    let ev = event_of(receiver).ok_or(())?;
    // SAFETY: the receiver is alive.
    let fd = unsafe { (*receiver.as_ptr()).fd };
    let argument = receiver.as_ptr().cast();
    super::event::assign(ev, base, fd, EV_READ | EV_PERSIST, Some(received), argument);
    ev.callback().add_flags(EVLIST_INTERNAL);
    ev.callback().set_priority(0);
    base.add(ev, None)
}

/// Stops receiving a signal.
pub(super) fn close(base: &Locked, receiver: NonNull<Receiver>, signal: c_int) {
    if let Some(ev) = event_of(receiver) {
        base.delete(ev);
    }
    // SAFETY: made by `open`; nothing refers to it after this.
    let was_blocked = unsafe {
        if (*receiver.as_ptr()).fd >= 0 {
            sys::close((*receiver.as_ptr()).fd);
        }
        let was_blocked = (*receiver.as_ptr()).was_blocked;
        mm::free(receiver.as_ptr().cast());
        was_blocked
    };
    if !was_blocked {
        let _ = set_blocked(signal, libc::SIG_UNBLOCK);
    }
}

/// After a fork: new descriptors, because the parent reads from the old ones too.
pub(super) fn renew(base: &Locked, all: &mut mm::Vec<(c_int, Former)>) -> bool {
    let mut complete = true;
    for (signal, former) in all.iter() {
        let Former::Signalfd(receiver) = *former else {
            continue;
        };
        if let Some(ev) = event_of(receiver) {
            base.delete(ev);
        }
        let fd = open_fd(*signal);
        // SAFETY: the receiver is alive.
        unsafe {
            if (*receiver.as_ptr()).fd >= 0 {
                sys::close((*receiver.as_ptr()).fd);
            }
            (*receiver.as_ptr()).fd = fd.unwrap_or(-1);
        }
        complete &= fd.is_ok() && watch(base, receiver).is_ok();
    }
    complete
}

/// The callback of a signalfd.
unsafe extern "C" fn received(fd: c_int, _what: c_short, receiver: *mut c_void) {
    let receiver = receiver.cast::<Receiver>();
    let mut times: c_short = 0;
    let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let size = size_of::<libc::signalfd_siginfo>();
    // SAFETY: `info` has `size` bytes.
    while unsafe { libc::read(fd, ptr::from_mut(&mut info).cast(), size) } == size as isize {
        times = times.saturating_add(1);
    }
    if times == 0 {
        return;
    }
    // SAFETY: the loop passes the receiver, whose base it is.
    unsafe {
        let signal = (*receiver).signal;
        if let Some(base) = EventBase::from_ptr((*receiver).base) {
            base.lock().report_signal(signal, times);
        }
    }
}
