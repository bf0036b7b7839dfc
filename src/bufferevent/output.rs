//! The output of a bufferevent on a descriptor.
//!
//! Output is written just before the loop waits, or once the read callback that made it has
//! returned, and the kernel is asked for writability only when some is left. For the program it is
//! as if the descriptor had reported at once: the event for writing is pending from the first byte
//! on, with its timeout, and callbacks come from the loop.

use core::ffi::{c_int, c_short, c_void};

use super::create::hold_argument;
use super::socket::{State, fail, freeze_output, state};
use super::{Bev, Held, callbacks, connect, enable, ratelimit, timeout};
use crate::base::Locked;
use crate::base::before_wait;
use crate::base::interest::Adding;
use crate::buffer::io;
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::bufferevent::{BEV_EVENT_EOF, BEV_EVENT_ERROR, BEV_EVENT_WRITING};
use crate::ctypes::event::{EV_TIMEOUT, EV_WRITE};
use crate::ctypes::event_struct::EVLIST_ACTIVE;
use crate::ctypes::opaque::evbuffer;
use crate::support::sys;

/// What came of a write.
enum Written {
    /// There was nothing to write.
    Nothing,
    Some,
    /// Not now.
    Blocked,
    /// What the program has to be told, and `errno`.
    Failed(c_short, c_int),
}

/// What was done before the wait, and is yet to be told.
#[derive(Clone, Copy)]
pub(super) enum Ahead {
    Nothing,
    Wrote,
    /// As in [`Written`].
    Failed(c_short, c_int),
}

/// What writes to the descriptor do when there is no room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writes {
    Unknown,
    Return,
    Wait,
}

/// Writes the output of a bufferevent, instead of waiting for its event for writing.
static WRITE: before_wait::Kind = before_wait::Kind {
    run: |task| {
        let state = State::of_task(task);
        let bev = state.bev().hold();
        let waits = |base: Locked| base.is_pending(bev.write_event(), EV_WRITE);
        bev.lock_base().is_some_and(waits) && write_ahead(&bev, state)
    },
    event: |task| State::of_task(task).bev().write_event(),
};

/// Writing was enabled or goes on: wait until it is possible.
pub(super) fn start(bev: Bev, how: Adding) -> Result<(), ()> {
    let base = bev.lock_base().ok_or(())?;
    add(&base, bev, how)
}

fn add(base: &Locked, bev: Bev, how: Adding) -> Result<(), ()> {
    let ev = bev.write_event();
    let when = timeout::when(bev.write_timeout());
    match state(bev) {
        Some(state) if !state.connecting() && ev.fd() >= 0 => {
            base.add_as(ev, when, how)?;
            // SAFETY: `forget` takes it back before the last reference goes or the base changes.
            unsafe { base.before_wait(state.write(), &WRITE) };
            Ok(())
        }
        // Nothing is written before the wait.
        _ if how == Adding::BeforeWait => base.add_as(ev, when, Adding::Later),
        _ => base.add_as(ev, when, how),
    }
}

/// The buffer's callback: there is output.
pub(super) unsafe extern "C" fn on_added(
    _: *mut evbuffer,
    _: *const evbuffer_cb_info,
    bev: *mut c_void,
) {
    // SAFETY: the buffer passes what it was given.
    let Some(bev) = (unsafe { Bev::new(bev.cast()) }) else {
        return;
    };
    if bev.enabled() & EV_WRITE == 0 || bev.write_suspended() != 0 {
        return;
    }
    // A callback before this one may have freed it.
    if bev.ending() {
        return;
    }
    let Some(base) = bev.lock_base() else {
        return;
    };
    if base.is_pending(bev.write_event(), EV_WRITE) {
        return;
    }
    let started = add(&base, bev, Adding::BeforeWait);
    drop(base);
    if started.is_err() {
        // The program added to a buffer, which does not fail for that.
        enable::or_give_up(&bev.hold(), EV_WRITE, started);
    }
}

/// Nothing is written before the wait any more.
pub(super) fn forget(bev: Bev) {
    if let (Some(base), Some(state)) = (bev.lock_base(), state(bev)) {
        // SAFETY: it is queued with the bufferevent's base or not at all.
        if unsafe { base.cancel_task(state.write()) } {
            // Where this is not to be the end of the event, it waits for the kernel. It was as
            // good as there before, so that nobody expects a failure.
            let _ = base.count_in(bev.write_event());
        }
    }
}

/// The program was told of input and may have answered: if nobody is to be told that the answer is
/// written, that is done now, while the connection is in the processor's cache.
pub(super) fn write_now(bev: &Held) {
    let Some(state) = state(**bev) else {
        return;
    };
    let freed = bev.references() == 1;
    if freed || bev.write_callback().is_some() || bev.output_len() == 0 {
        return;
    }
    let waits = |base: Locked| {
        // SAFETY: it is queued with the bufferevent's base or not at all.
        let queued = unsafe { base.cancel_task(state.write()) };
        queued && base.is_pending(bev.write_event(), EV_WRITE)
    };
    if bev.lock_base().is_some_and(waits) {
        write_ahead(bev, state);
    }
}

/// Writes what waits to be written; the task is not queued, and the event pending. False if there
/// was nothing to do.
fn write_ahead(bev: &Held, state: State) -> bool {
    let ev = bev.write_event();
    if state.connecting() {
        leave_to_kernel(bev);
        return false;
    }
    let told = bev.write_callback().is_some();
    if bev.output_len() == 0 {
        // Whoever asks to be told of writability gets it from the kernel.
        let asks = told || timeout::is_set(bev.write_timeout());
        if asks {
            leave_to_kernel(bev);
        } else {
            timeout::delete(**bev, ev);
        }
        return !asks;
    }
    if blocks(state, ev.fd()) {
        leave_to_kernel(bev);
        return false;
    }
    if told {
        // Queued before the write, so that what a deferred callback of the buffer tells of it comes
        // later, as it does when the loop has the descriptor written.
        report(bev, state, Ahead::Nothing);
    }
    match write(bev, ev.fd()) {
        Written::Failed(what, error) => {
            report(bev, state, Ahead::Failed(what, error));
            true
        }
        Written::Some if told && bev.output_len() <= bev.write_marks().low => {
            report(bev, state, Ahead::Wrote);
            true
        }
        Written::Some if bev.output_len() == 0 => {
            stop(**bev);
            true
        }
        written => {
            // Unless the program made it stop meanwhile, the kernel will tell, of what it says is
            // the descriptor now; the time runs from here on.
            let waits = |base: Locked| base.is_pending(ev, EV_WRITE);
            if bev.lock_base().is_some_and(waits) {
                stop(**bev);
                enable::or_give_up(bev, EV_WRITE, timeout::add_write(**bev, Adding::Now));
            }
            matches!(written, Written::Some)
        }
    }
}

/// The kernel is asked when the descriptor is writable.
fn leave_to_kernel(bev: &Held) {
    let count_in = |base: Locked| base.count_in(bev.write_event());
    let result = bev.lock_base().map_or(Ok(()), count_in);
    enable::or_give_up(bev, EV_WRITE, result);
}

/// Whether a write could wait for room, which only the kernel's word prevents: libevent's manual
/// asks for descriptors that don't, but others work. Asked once for each descriptor.
fn blocks(state: State, fd: c_int) -> bool {
    if state.writes() == Writes::Unknown {
        let writes = if sys::blocks(fd) {
            Writes::Wait
        } else {
            Writes::Return
        };
        state.set_writes(writes);
    }
    state.writes() == Writes::Wait
}

/// Has the loop go on, in [`on_writable`], from what was done ahead.
fn report(bev: &Held, state: State, ahead: Ahead) {
    let ev = bev.write_event();
    if let Some(base) = bev.lock_base()
        && !ev.callback().has(EVLIST_ACTIVE)
    {
        // The kernel is not asked.
        base.delete(ev);
        base.activate(ev, EV_WRITE, 1);
    }
    state.set_ahead(ahead);
}

/// Suspends writing: what was written already is told all the same.
pub(super) fn pause(bev: Bev) {
    if state(bev).is_none_or(|state| matches!(state.ahead(), Ahead::Nothing)) {
        stop(bev);
    }
}

/// Ends the wait for writability.
pub(super) fn stop(bev: Bev) {
    timeout::delete(bev, bev.write_event());
    if let Some(state) = state(bev) {
        state.set_ahead(Ahead::Nothing);
    }
}

/// The descriptor reported, or writing timed out.
pub(super) unsafe extern "C" fn on_writable(fd: c_int, events: c_short, bev: *mut c_void) {
    // SAFETY: assigned with the bufferevent that the event is part of.
    let Some(bev) = (unsafe { hold_argument(bev) }) else {
        return;
    };
    let Some(state) = state(*bev) else {
        return;
    };
    if events == EV_TIMEOUT {
        timeout::expire(&bev, EV_WRITE, BEV_EVENT_WRITING);
        return;
    }
    let just_connected = state.connecting();
    if just_connected && !connect::finish(&bev, state, fd) {
        return;
    }
    let ahead = state.ahead();
    state.set_ahead(Ahead::Nothing);
    let written = match ahead {
        Ahead::Failed(what, error) => Written::Failed(what, error),
        // Once in a turn, unless more than may be told of was added since.
        Ahead::Wrote if bev.output_len() <= bev.write_marks().low => Written::Some,
        Ahead::Wrote | Ahead::Nothing => write(&bev, fd),
    };
    let told = match written {
        Written::Failed(what, error) => {
            fail(&bev, EV_WRITE, what, error);
            return;
        }
        Written::Some => true,
        Written::Nothing => !just_connected,
        Written::Blocked => false,
    };
    if bev.output_len() == 0 {
        stop(*bev);
    } else if matches!(ahead, Ahead::Wrote)
        && bev.enabled() & EV_WRITE != 0
        && bev.write_suspended() == 0
    {
        // Not all was taken, or more was added since.
        enable::or_give_up(&bev, EV_WRITE, start(*bev, Adding::BeforeWait));
    }
    if told {
        callbacks::trigger(&bev, EV_WRITE, 0);
    }
}

/// Writes what may be written now.
fn write(bev: &Held, fd: c_int) -> Written {
    let most = ratelimit::max_to_write(bev);
    if bev.write_suspended() != 0 {
        return Written::Blocked;
    }
    if bev.output_len() == 0 {
        return Written::Nothing;
    }
    freeze_output(**bev, false);
    let most = isize::try_from(most).unwrap_or(isize::MAX);
    // SAFETY: a live bufferevent's buffers are live.
    let n = unsafe { io::write(bev.output(), fd, most, bev.spares()) };
    let error = sys::errno();
    freeze_output(**bev, true);
    match n {
        1.. => {
            ratelimit::spent(bev, 0, n);
            Written::Some
        }
        0 => Written::Failed(BEV_EVENT_WRITING | BEV_EVENT_EOF, error),
        _ if matches!(error, libc::EAGAIN | libc::EINTR) => Written::Blocked,
        _ => Written::Failed(BEV_EVENT_WRITING | BEV_EVENT_ERROR, error),
    }
}
