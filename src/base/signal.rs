//! Signals as events.
//!
//! A handler writes the signal's number into a pipe, and the loop reads it.
//! The process has one handler per signal, so only one base can receive: the
//! one that added a signal last, or whose loop started last. On request a base
//! uses signalfd instead (see `signalfd`).

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_short, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicI32, Ordering::SeqCst};

use parking_lot::Mutex;

use super::handle::{Ev, SourceList};
use super::signalfd::{self, Receiver};
use super::{EventBase, Locked};
use crate::ctypes::event::{EV_PERSIST, EV_READ, EV_SIGNAL};
use crate::ctypes::event_struct::{EVLIST_INTERNAL, event};
use crate::support::{log, mm, sys};

/// One more than the highest signal number.
pub const SIGNALS: usize = 65;

/// The base that the handlers report to.
struct Owner {
    base: *const EventBase,
    /// How many signals it waits for.
    signals: c_int,
}

// SAFETY: the pointer is only compared, never followed.
unsafe impl Send for Owner {}

static OWNER: Mutex<Owner> = Mutex::new(Owner {
    base: ptr::null(),
    signals: 0,
});
/// Where the handlers write; apart from OWNER because a handler cannot lock.
static OWNER_FD: AtomicI32 = AtomicI32::new(-1);

/// What a signal was handled by before.
pub(super) enum Former {
    Handler(libc::sigaction),
    Signalfd(ptr::NonNull<Receiver>),
}

/// The signals of one base.
pub struct Signals {
    by_signalfd: bool,
    /// By number; empty until the first signal is added.
    lists: RefCell<mm::Vec<SourceList>>,
    former: RefCell<mm::Vec<(c_int, Former)>>,
    pipe: Cell<[c_int; 2]>,
    /// Waits for the pipe; there is none until the first signal is added.
    event: Cell<Option<Ev>>,
}

impl Signals {
    pub fn new(by_signalfd: bool) -> Signals {
        Signals {
            by_signalfd,
            lists: RefCell::new(mm::vec()),
            former: RefCell::new(mm::vec()),
            pipe: Cell::new([-1, -1]),
            event: Cell::new(None),
        }
    }

    /// As `event_base_get_signal_method` gives it.
    pub fn method(&self) -> &'static core::ffi::CStr {
        if self.by_signalfd {
            c"signalfd_signal"
        } else {
            c"signal"
        }
    }

    /// Opens the pipe. Done when the base is made: later the process may be out of descriptors, or
    /// in a sandbox. Fails with `errno` set; the first signal tries again.
    pub fn open(&self) -> Result<(), ()> {
        if self.by_signalfd {
            return Ok(());
        }
        let mut pipe = [-1, -1];
        // SAFETY: `pipe` has room for two descriptors.
        if unsafe { libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) } < 0 {
            let error = sys::errno();
            log::warn_code(error, format_args!("No pipe to receive signals by"));
            sys::set_errno(error);
            return Err(());
        }
        self.pipe.set(pipe);
        Ok(())
    }
}

/// Runs as a signal handler: only async-signal-safe calls, and errno is kept.
extern "C" fn handler(signal: c_int) {
    let errno = sys::errno();
    let fd = OWNER_FD.load(SeqCst);
    if fd >= 0 {
        let number = signal as u8;
        loop {
            // SAFETY: one byte is readable. A full pipe means that the loop has enough to read.
            let written = unsafe { libc::write(fd, (&raw const number).cast(), 1) };
            if written >= 0 || sys::errno() != libc::EINTR {
                break;
            }
        }
    }
    sys::set_errno(errno);
}

fn handle(signal: c_int) -> Result<libc::sigaction, ()> {
    let mut former = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: both structs are valid for the call, and `former` is filled in when it succeeds.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = handler as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigfillset(&mut action.sa_mask);
        if libc::sigaction(signal, &action, former.as_mut_ptr()) == 0 {
            return Ok(former.assume_init());
        }
    }
    log::warn_errno(format_args!("No handler for signal {signal}"));
    Err(())
}

/// Makes this base the one that signals go to, if it has any.
pub fn prefer(base: &Locked) {
    if base.signals.event.get().is_some() {
        let mut owner = OWNER.lock();
        owner.base = &raw const **base;
        owner.signals = base.signals.former.borrow().len() as c_int;
        OWNER_FD.store(base.signals.pipe.get()[1], SeqCst);
    }
}

impl EventBase {
    /// The events of a signal.
    pub(super) fn signal_events(&self, signal: c_int) -> SourceList {
        usize::try_from(signal)
            .ok()
            .and_then(|index| self.signals.lists.borrow().get(index).copied())
            .unwrap_or(SourceList::EMPTY)
    }

    /// As `event_base_get_signal_method` gives it.
    pub fn signal_method(&self) -> &'static core::ffi::CStr {
        self.signals.method()
    }
}

impl Locked<'_> {
    /// Registers an event for its signal. Fails with `errno` set and nothing changed.
    pub(super) fn insert_signal(&self, ev: Ev) -> Result<bool, ()> {
        let signal = ev.fd();
        let index = usize::try_from(signal).unwrap_or(SIGNALS);
        if index >= SIGNALS {
            sys::set_errno(libc::EINVAL);
            return Err(());
        }
        if self.signals.lists.borrow().is_empty() {
            let mut lists = self.signals.lists.borrow_mut();
            lists.try_reserve_exact(SIGNALS).map_err(|_| ())?;
            lists
                .try_resize(SIGNALS, SourceList::EMPTY)
                .map_err(|_| ())?;
        }
        let fresh = self.signal_events(signal).first().is_none();
        if fresh {
            self.receive(signal)?;
        }
        self.signals.lists.borrow_mut()[index].push_front(ev);
        Ok(fresh)
    }

    /// Unregisters an event. True if it was its signal's last.
    pub(super) fn remove_signal(&self, ev: Ev) -> bool {
        let signal = ev.fd();
        if let Some(list) = self.signals.lists.borrow_mut().get_mut(signal as usize) {
            list.remove(ev);
        }
        let last = self.signal_events(signal).first().is_none();
        if last {
            self.restore(signal);
        }
        last
    }

    /// Begins to receive a signal.
    fn receive(&self, signal: c_int) -> Result<(), ()> {
        self.signals
            .former
            .borrow_mut()
            .try_reserve_exact(1)
            .map_err(|_| ())?;
        if self.signals.by_signalfd {
            let receiver = signalfd::open(self, signal)?;
            let former = (signal, Former::Signalfd(receiver));
            self.signals
                .former
                .borrow_mut()
                .push_within_capacity(former);
            return Ok(());
        }
        self.watch_pipe()?;
        self.take_over();
        let former = handle(signal).inspect_err(|()| self.disown(1))?;
        self.signals
            .former
            .borrow_mut()
            .push_within_capacity((signal, Former::Handler(former)));
        Ok(())
    }

    /// Becomes the base that receives; warns if another one does.
    fn take_over(&self) {
        let this: *const EventBase = &raw const **self;
        let mut owner = OWNER.lock();
        if owner.base != this && owner.signals > 0 {
            log::warn(format_args!(
                "Signals are received by one event_base at a time: base {this:p} takes them over \
                 from base {:p}. The base that added a signal last, or whose loop started last, \
                 gets them",
                owner.base
            ));
        }
        owner.base = this;
        owner.signals = self.signals.former.borrow().len() as c_int + 1;
        OWNER_FD.store(self.signals.pipe.get()[1], SeqCst);
    }

    fn disown(&self, signals: c_int) {
        let mut owner = OWNER.lock();
        if owner.base == &raw const **self {
            owner.signals -= signals;
        }
    }

    fn watch_pipe(&self) -> Result<(), ()> {
        if self.signals.event.get().is_some() {
            return Ok(());
        }
        if self.signals.pipe.get()[0] < 0 {
            self.signals.open()?;
        }
        let fd = self.signals.pipe.get()[0];
        let memory = mm::malloc(size_of::<event>()).cast::<event>();
        // SAFETY: a fresh block of the right size, which stays until `stop_watching_pipe`.
        let ev = unsafe { Ev::new(memory) }.ok_or(())?;
        let base = self.as_ptr().cast();
        super::event::assign(ev, self, fd, EV_READ | EV_PERSIST, Some(received), base);
        ev.callback().add_flags(EVLIST_INTERNAL);
        ev.callback().set_priority(0);
        if self.add(ev, None).is_err() {
            // SAFETY: allocated above, and not added.
            unsafe { mm::free(memory.cast()) };
            return Err(());
        }
        self.signals.event.set(Some(ev));
        Ok(())
    }

    /// Gives a signal back to whoever handled it before.
    fn restore(&self, signal: c_int) {
        let former = {
            let mut former = self.signals.former.borrow_mut();
            let Some(place) = former.iter().position(|(known, _)| *known == signal) else {
                return;
            };
            former.swap_remove(place).1
        };
        match former {
            Former::Handler(action) => {
                // SAFETY: `action` came from sigaction.
                if unsafe { libc::sigaction(signal, &action, ptr::null_mut()) } < 0 {
                    log::warn_errno(format_args!("Signal {signal} keeps its handler"));
                }
                self.disown(1);
            }
            Former::Signalfd(receiver) => signalfd::close(self, receiver, signal),
        }
    }

    /// Queues the events of a signal that came `times` times.
    pub(super) fn report_signal(&self, signal: c_int, times: c_short) {
        let mut next = self.signal_events(signal).first();
        while let Some(ev) = next {
            next = ev.next_of_source();
            self.activate(ev, EV_SIGNAL, times);
        }
    }

    /// Stops listening to the pipe and closes it. The signals' events must have been deleted.
    pub(super) fn close_signals(&self) {
        self.stop_watching_pipe();
        {
            let mut owner = OWNER.lock();
            if owner.base == &raw const **self {
                owner.base = ptr::null();
                owner.signals = 0;
                OWNER_FD.store(-1, SeqCst);
            }
        }
        for fd in self.signals.pipe.replace([-1, -1]) {
            if fd >= 0 {
                sys::close(fd);
            }
        }
    }

    fn stop_watching_pipe(&self) {
        if let Some(ev) = self.signals.event.take() {
            self.delete(ev);
            // SAFETY: made by `watch_pipe`; deleted, nothing refers to it.
            unsafe { mm::free(ev.as_ptr().cast()) };
        }
    }

    /// After a fork: the parent's pipe is not ours. False if there is no new one.
    pub(super) fn renew_signals(&self) -> bool {
        let received = !self.signals.former.borrow().is_empty();
        let former = core::mem::replace(&mut *self.signals.former.borrow_mut(), mm::vec());
        self.close_signals();
        let open = self.signals.open().is_ok();
        *self.signals.former.borrow_mut() = former;
        if self.signals.by_signalfd {
            return signalfd::renew(self, &mut self.signals.former.borrow_mut());
        }
        if !received {
            return open;
        }
        let watching = open && self.watch_pipe().is_ok();
        prefer(self);
        watching
    }
}

/// The callback of the pipe.
unsafe extern "C" fn received(fd: c_int, _what: c_short, base: *mut c_void) {
    // SAFETY: the base's own loop calls this.
    let Some(base) = (unsafe { EventBase::from_ptr(base.cast()) }) else {
        return;
    };
    let mut times = [0 as c_short; SIGNALS];
    loop {
        let mut numbers = [0u8; 1024];
        // SAFETY: the buffer has this many bytes.
        let count = unsafe { libc::read(fd, numbers.as_mut_ptr().cast(), numbers.len()) };
        let Ok(count @ 1..) = usize::try_from(count) else {
            if count < 0 && ![libc::EAGAIN, libc::EINTR].contains(&sys::errno()) {
                log::warn_errno(format_args!("Reading the signal pipe failed"));
            }
            break;
        };
        for &number in &numbers[..count] {
            if let Some(times) = times.get_mut(usize::from(number)) {
                *times = times.saturating_add(1);
            }
        }
        if count < numbers.len() {
            break;
        }
    }
    let base = base.lock();
    for (signal, &times) in times.iter().enumerate() {
        if times > 0 {
            base.report_signal(signal as c_int, times);
        }
    }
}
