//! Debug mode: remembers every assigned event, and reports events that are
//! used without having been assigned, or assigned while they are in use.

use core::ffi::c_int;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::handle::Ev;
use crate::support::lock::mutex::Mutex;
use crate::support::mm::Hooked;
use crate::support::{log, sys};
use hashbrown::{DefaultHashBuilder, HashMap};

/// By address: whether the event is added.
type Known = HashMap<usize, bool, DefaultHashBuilder, Hooked>;

static ENABLED: AtomicBool = AtomicBool::new(false);
/// Events exist that debug mode would not know.
static IN_USE: AtomicBool = AtomicBool::new(false);
/// A base was made in debug mode.
static HAS_BASE: AtomicBool = AtomicBool::new(false);
static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
/// There was no memory to remember an event.
static MISSED: AtomicBool = AtomicBool::new(false);

/// Whether debug mode is on.
#[inline]
pub fn enabled() -> bool {
    ENABLED.load(Relaxed)
}

/// Switches debug mode on. Ends the process if that comes too late or twice.
pub fn enable() {
    if enabled() {
        fatal(format_args!("event_enable_debug_mode was called twice"));
    }
    if IN_USE.load(Relaxed) {
        fatal(format_args!(
            "event_enable_debug_mode must be called before any event or event_base is made"
        ));
    }
    *KNOWN.lock() = Some(HashMap::new_in(Hooked));
    ENABLED.store(true, Relaxed);
}

/// Switches debug mode off and forgets everything.
pub fn disable() {
    ENABLED.store(false, Relaxed);
    MISSED.store(false, Relaxed);
    HAS_BASE.store(false, Relaxed);
    *KNOWN.lock() = None;
}

fn fatal(args: core::fmt::Arguments) -> ! {
    let mut line = log::Line::new();
    let _ = core::fmt::Write::write_fmt(&mut line, args);
    log::fatal(1, line)
}

/// From now on debug mode would miss events.
#[inline]
pub fn now_in_use() {
    if !IN_USE.load(Relaxed) {
        IN_USE.store(true, Relaxed);
    }
}

/// A base is made.
pub fn note_base() {
    now_in_use();
    if enabled() {
        HAS_BASE.store(true, Relaxed);
    }
}

/// Lock callbacks are about to be chosen. In debug mode that ends the process if it comes too late
/// for a base.
pub fn check_in_time_for_locks() {
    if HAS_BASE.load(Relaxed) {
        fatal(format_args!(
            "Lock callbacks must be chosen before any event_base is made"
        ));
    }
}

fn with<R>(action: impl FnOnce(&mut Known) -> R) -> Option<R> {
    KNOWN.lock().as_mut().map(action)
}

fn address(ev: Ev) -> usize {
    ev.as_ptr() as usize
}

fn complain(ev: Ev, function: &str, what: &str) -> ! {
    log::fatal_abort(format_args!(
        "{function}: event {:p} {what} (events: 0x{:x}, fd: {}, flags: 0x{:x})",
        ev.as_ptr(),
        ev.events(),
        ev.fd(),
        ev.callback().flags() as c_int,
    ))
}

/// An event has been filled in.
#[inline(always)]
pub fn note_assigned(ev: Ev) {
    now_in_use();
    if enabled() {
        remember(ev);
    }
}

#[cold]
fn remember(ev: Ev) {
    let noted = with(|known| {
        let room = known.try_reserve(1).is_ok();
        if room {
            known.insert(address(ev), false);
        }
        room
    });
    if noted == Some(false) && !MISSED.swap(true, Relaxed) {
        log::warn(format_args!(
            "No memory for debug mode: from now on it can't tell which events were never assigned"
        ));
    }
}

/// An event's memory is its program's again.
#[inline(always)]
pub fn note_freed(ev: Ev) {
    now_in_use();
    if enabled() {
        forget(ev);
    }
}

#[cold]
fn forget(ev: Ev) {
    with(|known| known.remove(&address(ev)));
}

/// An event waits.
#[inline(always)]
pub fn note_added(ev: Ev) {
    if enabled() {
        note(ev, true);
    }
}

/// An event waits no longer.
#[inline(always)]
pub fn note_deleted(ev: Ev) {
    if enabled() {
        note(ev, false);
    }
}

/// The library's own events are not known, and need no check.
#[cold]
fn note(ev: Ev, added: bool) {
    with(|known| known.get_mut(&address(ev)).map(|entry| *entry = added));
}

/// Ends the process if the event has not been assigned.
#[inline(always)]
pub fn assert_assigned(ev: Ev, function: &str) {
    if enabled() {
        check_assigned(ev, function);
    }
}

#[cold]
fn check_assigned(ev: Ev, function: &str) {
    if with(|known| known.contains_key(&address(ev))) == Some(false) && !MISSED.load(Relaxed) {
        complain(ev, function, "was never assigned, or has been freed");
    }
}

/// Ends the process if the event waits.
#[inline(always)]
pub fn assert_not_added(ev: Ev, function: &str) {
    if enabled() {
        check_not_added(ev, function);
    }
}

#[cold]
fn check_not_added(ev: Ev, function: &str) {
    if with(|known| known.get(&address(ev)).copied()).flatten() == Some(true) {
        complain(ev, function, "is added already");
    }
}

/// Ends the process if an event is made for a descriptor that is blocking.
#[inline(always)]
pub fn assert_nonblocking(fd: c_int) {
    if enabled() && fd >= 0 {
        check_nonblocking(fd);
    }
}

#[cold]
fn check_nonblocking(fd: c_int) {
    if sys::blocks(fd) {
        log::fatal_abort(format_args!(
            "An event was made for fd {fd}, which is blocking"
        ));
    }
}
