//! Signals as events.
//!
//! A handler writes the signal's number into a pipe, and the loop reads it.
//! The process has one handler per signal, so only one base can receive: the
//! one that added a signal last, or whose loop started last. On request a base
//! uses signalfd instead (see `signalfd`).

pub mod signalfd;

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_short};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering::SeqCst};
use std::os::fd::{AsRawFd, OwnedFd};

use self::signalfd::Receiver;
use crate::base::handle::{Ev, SourceList};
use crate::base::interest::Change;
use crate::base::{BaseRef, EventBase, Locked, OwnEvent};
use crate::ctypes::event::{EV_PERSIST, EV_READ, EV_SIGNAL};
use crate::support::lock::mutex::Mutex;
use crate::support::zeroed::Zeroed;
use crate::support::{log, mm};
use crate::sys::{self, Errno, Result};

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
/// How many handlers run that may be about to write there.
static HANDLERS: AtomicU32 = AtomicU32::new(0);

/// How a signal was handled before.
pub(in crate::base) enum Previous {
    Handler(libc::sigaction),
    Signalfd(mm::Box<Receiver>),
}

/// The signals of one base.
pub struct Signals {
    by_signalfd: Cell<bool>,
    receiving: RefCell<Receiving>,
}

struct Receiving {
    /// By number; empty until the first signal is added.
    lists: mm::Vec<SourceList>,
    /// Of every signal that is received.
    previous: mm::Vec<(c_int, Previous)>,
    pipe: Option<[OwnedFd; 2]>,
    /// Waits for the pipe; there is none until the first signal is added.
    event: Option<mm::Box<OwnEvent>>,
}

impl Signals {
    pub fn new(by_signalfd: bool) -> Signals {
        Signals {
            by_signalfd: Cell::new(by_signalfd),
            receiving: RefCell::new(Receiving {
                lists: mm::vec(),
                previous: mm::vec(),
                pipe: None,
                event: None,
            }),
        }
    }

    /// As `event_base_get_signal_method` gives it.
    pub fn method(&self) -> &'static core::ffi::CStr {
        if self.by_signalfd.get() {
            c"signalfd_signal"
        } else {
            c"signal"
        }
    }

    /// Opens the pipe, and finds out whether there are signalfds. Done when the base is made: later
    /// the process may be out of descriptors, or in a sandbox. If it fails the first signal tries
    /// again.
    pub fn open(&self) -> Result {
        if self.by_signalfd.get() {
            if signalfd::is_available() {
                return Ok(());
            }
            self.by_signalfd.set(false);
        }
        let pipe = sys::pipe().inspect_err(|error| {
            log::warn_code(error.code(), format_args!("No pipe to receive signals by"));
        })?;
        self.receiving.borrow_mut().pipe = Some(pipe);
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.receiving.borrow().pipe.is_some()
    }

    fn count(&self) -> c_int {
        // At most 64.
        self.receiving.borrow().previous.len() as c_int
    }

    /// From now on the handlers write to this base's pipe.
    fn direct_handlers(&self) {
        let receiving = self.receiving.borrow();
        let end = receiving.pipe.as_ref().map(|[_, write]| write.as_raw_fd());
        OWNER_FD.store(end.unwrap_or(-1), SeqCst);
    }
}

/// Runs as a signal handler: only async-signal-safe calls, and errno is kept.
extern "C" fn handler(signal: c_int) {
    let errno = sys::errno();
    HANDLERS.fetch_add(1, SeqCst);
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
    HANDLERS.fetch_sub(1, SeqCst);
    sys::set_errno(errno);
}

/// Waits until no handler can have the former OWNER_FD any more, which is about to be closed. Not
/// for ever: a child may be forked while another thread's handler runs.
fn await_handlers() {
    for _ in 0..1000 {
        if HANDLERS.load(SeqCst) == 0 {
            return;
        }
        std::thread::yield_now();
    }
}

fn handle(signal: c_int) -> Result<libc::sigaction> {
    let mut previous = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: both structs are valid for the call, and `previous` is filled in when it succeeds.
    unsafe {
        let mut action = libc::sigaction::ZEROED;
        action.sa_sigaction = handler as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigfillset(&raw mut action.sa_mask);
        if libc::sigaction(signal, &raw const action, previous.as_mut_ptr()) == 0 {
            return Ok(previous.assume_init());
        }
    }
    let error = Errno::last();
    log::warn_code(error.code(), format_args!("No handler for signal {signal}"));
    Err(error)
}

/// Makes this base the one that signals go to, if it waits for any: otherwise they stay another's.
pub fn claim_signals(base: &Locked) {
    if base.signals.count() > 0 && base.signals.receiving.borrow().event.is_some() {
        let mut owner = OWNER.lock();
        owner.base = &raw const **base;
        owner.signals = base.signals.count();
        base.signals.direct_handlers();
    }
}

impl EventBase {
    /// The events of a signal.
    pub(in crate::base) fn signal_events(&self, signal: c_int) -> SourceList {
        usize::try_from(signal)
            .ok()
            .and_then(|index| self.signals.receiving.borrow().lists.get(index).copied())
            .unwrap_or(SourceList::EMPTY)
    }

    /// As `event_base_get_signal_method` gives it.
    pub fn signal_method(&self) -> &'static core::ffi::CStr {
        self.signals.method()
    }
}

impl Locked<'_> {
    /// Registers an event for its signal. Fails with nothing changed.
    pub(in crate::base) fn insert_signal(&self, ev: Ev) -> Result<Change> {
        let signal = ev.fd();
        let index = usize::try_from(signal).unwrap_or(SIGNALS);
        if index >= SIGNALS {
            return Err(Errno::INVAL);
        }
        if self.signals.receiving.borrow().lists.is_empty() {
            let lists = &mut self.signals.receiving.borrow_mut().lists;
            lists.try_reserve_exact(SIGNALS)?;
            lists.try_resize(SIGNALS, SourceList::EMPTY)?;
        }
        let fresh = self.signal_events(signal).first().is_none();
        if fresh {
            self.receive(signal)?;
        }
        self.signals.receiving.borrow_mut().lists[index].push_front(ev);
        Ok(Change::new(fresh))
    }

    /// Unregisters an event. True if it was its signal's last.
    pub(in crate::base) fn remove_signal(&self, ev: Ev) -> bool {
        let signal = ev.fd();
        let mut receiving = self.signals.receiving.borrow_mut();
        if let Some(list) = receiving.lists.get_mut(signal as usize) {
            list.remove(ev);
        }
        drop(receiving);
        let last = self.signal_events(signal).first().is_none();
        if last {
            self.restore(signal);
        }
        last
    }

    /// Begins to receive a signal.
    fn receive(&self, signal: c_int) -> Result {
        let space = || {
            self.signals
                .receiving
                .borrow_mut()
                .previous
                .try_reserve_exact(1)
        };
        space()?;
        let previous = if self.signals.by_signalfd.get() {
            Previous::Signalfd(signalfd::open(self, signal)?)
        } else {
            self.watch_pipe()?;
            self.claim();
            Previous::Handler(handle(signal).inspect_err(|_| self.release_claim(1))?)
        };
        let mut receiving = self.signals.receiving.borrow_mut();
        receiving.previous.push_within_capacity((signal, previous));
        Ok(())
    }

    /// Becomes the base that receives; warns if another one does.
    fn claim(&self) {
        let this: *const EventBase = &raw const **self;
        let former = {
            let mut owner = OWNER.lock();
            let former = (owner.base != this && owner.signals > 0).then_some(owner.base);
            owner.base = this;
            owner.signals = self.signals.count() + 1;
            self.signals.direct_handlers();
            former
        };
        if let Some(former) = former {
            log::warn(format_args!(
                "Signals are received by one event_base at a time: base {this:p} takes them over \
                 from base {former:p}. The base that added a signal last, or whose loop started \
                 last, gets them",
            ));
        }
    }

    fn release_claim(&self, signals: c_int) {
        let mut owner = OWNER.lock();
        if owner.base == &raw const **self {
            owner.signals -= signals;
        }
    }

    fn watch_pipe(&self) -> Result {
        if self.signals.receiving.borrow().event.is_some() {
            return Ok(());
        }
        if !self.signals.is_open() {
            self.signals.open()?;
        }
        let fd = self
            .signals
            .receiving
            .borrow()
            .pipe
            .as_ref()
            .map_or(-1, |[read, _]| read.as_raw_fd());
        let event = mm::Box::new(OwnEvent::new())?;
        // SAFETY: the event stays in its box, which `stop_watching_pipe` frees before the base goes.
        unsafe {
            event.assign_internal(self, fd, EV_READ | EV_PERSIST, on_readable, self.outlives());
        }
        event.start(self, None)?;
        self.signals.receiving.borrow_mut().event = Some(event);
        Ok(())
    }

    /// Gives a signal back to whoever handled it before.
    fn restore(&self, signal: c_int) {
        let previous = {
            let previous = &mut self.signals.receiving.borrow_mut().previous;
            let Some(place) = previous.iter().position(|(known, _)| *known == signal) else {
                return;
            };
            previous.swap_remove(place).1
        };
        match previous {
            Previous::Handler(action) => {
                // SAFETY: `action` came from sigaction.
                if unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) } < 0 {
                    log::warn_errno(format_args!("Signal {signal} keeps its handler"));
                }
                self.release_claim(1);
            }
            Previous::Signalfd(receiver) => receiver.close(self),
        }
    }

    /// Queues the events of a signal that came `times` times.
    pub(in crate::base) fn report_signal(&self, signal: c_int, times: c_short) {
        let mut next = self.signal_events(signal).first();
        while let Some(ev) = next {
            next = ev.next_of_source();
            self.activate(ev, EV_SIGNAL, times);
        }
    }

    /// Stops listening to the pipe and closes it. The signals' events must have been deleted.
    pub(in crate::base) fn close_signals(&self) {
        self.stop_watching_pipe();
        {
            let mut owner = OWNER.lock();
            if owner.base == &raw const **self {
                owner.base = ptr::null();
                owner.signals = 0;
                OWNER_FD.store(-1, SeqCst);
            }
        }
        let pipe = self.signals.receiving.borrow_mut().pipe.take();
        if pipe.is_some() {
            await_handlers();
        }
    }

    fn stop_watching_pipe(&self) {
        let event = self.signals.receiving.borrow_mut().event.take();
        if let Some(event) = event {
            event.stop(self);
        }
    }

    /// After a fork: the parent's pipe is not ours.
    pub(in crate::base) fn renew_signals(&self) -> Result {
        if self.signals.by_signalfd.get() {
            let previous = self.take_previous();
            let result = signalfd::renew(self, &previous);
            self.signals.receiving.borrow_mut().previous = previous;
            return result;
        }
        // What is received stays so.
        let previous = self.take_previous();
        let received = !previous.is_empty();
        self.close_signals();
        let opened = self.signals.open();
        self.signals.receiving.borrow_mut().previous = previous;
        if !received {
            return opened;
        }
        let watching = opened.and_then(|()| self.watch_pipe());
        claim_signals(self);
        watching
    }

    fn take_previous(&self) -> mm::Vec<(c_int, Previous)> {
        core::mem::take(&mut self.signals.receiving.borrow_mut().previous)
    }
}

/// The signals whose numbers are in the pipe.
fn on_readable(base: BaseRef, fd: c_int, _what: c_short) {
    let mut times = [0 as c_short; SIGNALS];
    loop {
        let mut numbers = [0u8; 1024];
        // SAFETY: the buffer has this many bytes.
        let count = unsafe { libc::read(fd, numbers.as_mut_ptr().cast(), numbers.len()) };
        let Ok(count @ 1..) = usize::try_from(count) else {
            if count < 0 && ![Errno::AGAIN, Errno::INTR].contains(&Errno::last()) {
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
