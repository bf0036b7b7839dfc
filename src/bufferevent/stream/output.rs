//! The output of a bufferevent on a descriptor.
//!
//! Output is written just before the loop waits, or once the read callback that made it has
//! returned, and the kernel is asked for writability only when some is left. For the program it is
//! as if the descriptor had reported at once: the event for writing is pending from the first byte
//! on, with its timeout, and callbacks come from the loop.

use core::ffi::{c_int, c_short};
use core::hint::cold_path;

use super::descriptor::Calls;
use super::{Phase, Stream, Written, connect};
use crate::base::Locked;
use crate::base::before_wait;
use crate::base::interest::Adding;
use crate::buffer::End;
use crate::bufferevent::limits::ratelimit;
use crate::bufferevent::{Bev, EventThunk, Held, callbacks, enable, lock_base_of, timeout};
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::bufferevent::{BEV_EVENT_EOF, BEV_EVENT_ERROR, BEV_EVENT_WRITING};
use crate::ctypes::event::{EV_TIMEOUT, EV_WRITE};
use crate::ctypes::event_struct::EVLIST_ACTIVE;
use crate::ctypes::opaque::evbuffer;
use crate::support::thunk::thunk;
use crate::support::zeroed::Zeroed;
use crate::sys::{self, Errno};

/// What was written before the wait, and is yet to be told.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EarlyWrite {
    None = 0,
    Progress,
    /// As in [`Written::Failed`], with this instead of its flags.
    Error,
    Eof,
}

// SAFETY: `None`.
unsafe impl Zeroed for EarlyWrite {}

/// Writes the output of a bufferevent, instead of waiting for its event for writing.
static WRITE: before_wait::TaskOps = before_wait::TaskOps {
    run: |task| {
        let stream = Stream::of_task(task);
        let bev = stream.bev().hold();
        let waits = |base: Locked| base.is_pending(bev.write_event(), EV_WRITE);
        if !lock_base_of(bev.write_event()).is_some_and(waits) {
            return false;
        }
        if bev.header().is_released() {
            // It ends with the last of its callbacks, which come first.
            cold_path();
            leave_to_kernel(&bev);
            return false;
        }
        write_early(&bev, stream, bev.write_callback().is_some(), Start::Before)
    },
    event: |task| Stream::of_task(task).bev().write_event(),
};

/// Writing was enabled or resumed: wait until it is possible.
pub fn start(bev: Bev, how: Adding) -> sys::Result {
    let base = lock_base_of(bev.write_event()).ok_or(Errno::INVAL)?;
    add(&base, bev, how)
}

#[inline(always)]
fn add(base: &Locked, bev: Bev, how: Adding) -> sys::Result {
    let ev = bev.write_event();
    let when = timeout::when(bev.write_timeout());
    match Stream::of(bev) {
        // What every message comes to.
        Some(stream) if how == Adding::BeforeWait && when.is_none() && stream.is_open(ev) => {
            base.add_provisional(ev)?;
            // SAFETY: as below.
            unsafe { base.before_wait(stream.task(), &WRITE) };
            Ok(())
        }
        Some(stream) if stream.is_open(ev) => {
            base.add_as(ev, when, how)?;
            // SAFETY: `forget` takes it back before the last reference goes or the base changes.
            unsafe { base.before_wait(stream.task(), &WRITE) };
            Ok(())
        }
        Some(stream) if stream.phase() == Phase::HeldBack => Ok(()),
        // Nothing is written before the wait.
        _ if how == Adding::BeforeWait => base.add_as(ev, when, Adding::Later),
        _ => base.add_as(ev, when, how),
    }
}

/// The buffer's callback: there is output.
pub fn on_added(bev: Bev, _: *mut evbuffer, _: *const evbuffer_cb_info) {
    if bev.enabled() & EV_WRITE == 0 || bev.write_suspended() != 0 {
        return;
    }
    // A callback before this one may have freed it.
    if bev.header().is_ending() {
        return;
    }
    let Some(base) = lock_base_of(bev.write_event()) else {
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
pub fn forget(bev: Bev) {
    if let (Some(base), Some(stream)) = (lock_base_of(bev.write_event()), Stream::of(bev)) {
        // SAFETY: it is queued with the bufferevent's base or not at all.
        if unsafe { base.cancel_task(stream.task()) } {
            // Where this is not to be the end of the event, it waits for the kernel. It was as
            // good as there before, so that no failure is expected.
            let _ = base.commit(bev.write_event());
        }
    }
}

/// The program was told of input and may have answered: if nobody is to be told that the answer is
/// written, that is done now, while the connection is in the processor's cache.
pub fn write_now(bev: &Held) {
    if let Some(stream) = Stream::of(**bev) {
        write_answer(bev, stream);
    }
}

/// [`write_now`], in line.
#[inline(always)]
pub fn write_answer(bev: &Held, stream: Stream) {
    let header = bev.header();
    let freed = header.is_released() || header.references() == 1;
    if freed || bev.write_callback().is_some() || bev.output_len() == 0 {
        return;
    }
    let Some(base) = lock_base_of(bev.write_event()) else {
        return;
    };
    // SAFETY: it is queued with the bufferevent's base or not at all.
    let queued = unsafe { base.cancel_task(stream.task()) };
    let waits = queued && base.is_pending(bev.write_event(), EV_WRITE);
    drop(base);
    if waits {
        write_early(bev, stream, false, Start::Before);
    } else {
        cold_path();
    }
}

/// [`write_now`] where writing is enabled but the event not added yet, which spares it that if the
/// descriptor takes all.
pub fn write_unstarted(bev: &Held) {
    let ev = bev.write_event();
    let in_use = |base: Locked| base.is_pending(ev, EV_WRITE);
    if lock_base_of(ev).is_none_or(in_use) {
        write_now(bev);
        return;
    }
    let wanted = bev.enabled() & EV_WRITE != 0
        && bev.write_suspended() == 0
        && bev.write_callback().is_none()
        && bev.output_len() != 0;
    if let Some(stream) = Stream::of(**bev).filter(|_| wanted)
        && stream.phase() == Phase::Open
        && !blocks(stream, ev.fd())
    {
        write_early(bev, stream, false, Start::After);
    }
}

/// When the event for writing is added.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// It is pending.
    Before,
    /// If something is left.
    After,
}

/// Writes what waits to be written; the task is not queued. False if there was nothing to do. `told`
/// says whether the program has a write callback.
#[inline(always)]
fn write_early(bev: &Held, stream: Stream, told: bool, start: Start) -> bool {
    let ev = bev.write_event();
    match stream.phase() {
        Phase::Open => {}
        Phase::Connecting => {
            cold_path();
            leave_to_kernel(bev);
            return false;
        }
        Phase::HeldBack => {
            cold_path();
            return false;
        }
    }
    if bev.output_len() == 0 {
        cold_path();
        // Whoever asks to be told of writability gets it from the kernel.
        let asks = told || timeout::is_set(bev.write_timeout());
        if asks {
            leave_to_kernel(bev);
        } else {
            timeout::delete(ev);
        }
        return !asks;
    }
    if blocks(stream, ev.fd()) {
        cold_path();
        leave_to_kernel(bev);
        return false;
    }
    if told {
        // Queued before the write, so that what a deferred callback of the buffer tells of it comes
        // later, as it does when the loop has the descriptor written.
        report(bev, stream, EarlyWrite::None);
    }
    match write(bev, stream, ev.fd()) {
        Written::Progress(_) if told && bev.output_len() <= bev.write_watermarks().low => {
            report(bev, stream, EarlyWrite::Progress);
            true
        }
        Written::Progress(_) if bev.output_len() == 0 => {
            stop_waiting(**bev, stream);
            true
        }
        written => {
            cold_path();
            written_in_part(bev, stream, written, start)
        }
    }
}

/// [`write_early`] has not written all, or failed.
#[inline(never)]
fn written_in_part(bev: &Held, stream: Stream, written: Written, start: Start) -> bool {
    let ev = bev.write_event();
    match written {
        Written::Failed(what, error) => {
            stream.set_early_error(error);
            let eof = what & BEV_EVENT_EOF != 0;
            report(
                bev,
                stream,
                if eof {
                    EarlyWrite::Eof
                } else {
                    EarlyWrite::Error
                },
            );
            true
        }
        Written::Elsewhere => false,
        written => {
            // Unless the program made it stop meanwhile, the kernel will tell, of what it says is
            // the descriptor now; the time runs from here on.
            let add_again = |base: Locked| {
                let wanted = match start {
                    Start::Before => base.is_pending(ev, EV_WRITE),
                    Start::After => bev.enabled() & EV_WRITE != 0 && bev.write_suspended() == 0,
                };
                if !wanted {
                    return Ok(());
                }
                base.delete(ev);
                stream.set_early(EarlyWrite::None);
                base.add(ev, timeout::when(bev.write_timeout()))
            };
            let added = lock_base_of(ev).map_or(Ok(()), add_again);
            enable::or_give_up(bev, EV_WRITE, added);
            matches!(written, Written::Progress(_))
        }
    }
}

/// The kernel is asked when the descriptor is writable.
#[inline(never)]
fn leave_to_kernel(bev: &Held) {
    let commit = |base: Locked| base.commit(bev.write_event());
    let result = lock_base_of(bev.write_event()).map_or(Ok(()), commit);
    enable::or_give_up(bev, EV_WRITE, result);
}

/// Whether a write could wait for room, which only the kernel's word prevents: libevent's manual
/// asks for descriptors that don't, but others work. Asked once for each descriptor.
#[inline(always)]
fn blocks(stream: Stream, fd: c_int) -> bool {
    let known = stream.known();
    if known.does_not_block() {
        return false;
    }
    cold_path();
    known.blocks() || ask_if_blocks(stream, fd)
}

#[cold]
#[inline(never)]
fn ask_if_blocks(stream: Stream, fd: c_int) -> bool {
    let blocks = sys::blocks(fd);
    stream.set_known(stream.known().with_blocks(blocks));
    blocks
}

/// Has the loop continue, in [`on_writable`], from what was written early.
#[inline(never)]
fn report(bev: &Held, stream: Stream, early: EarlyWrite) {
    let ev = bev.write_event();
    if let Some(base) = lock_base_of(ev) {
        if !ev.callback().has(EVLIST_ACTIVE) {
            // The kernel is not asked.
            base.delete(ev);
        }
        // Besides what the program may have activated it with.
        base.activate(ev, EV_WRITE, 1);
    }
    stream.set_early(early);
}

/// Suspends writing: what was written already is told all the same.
pub fn pause(bev: Bev) {
    let told = |stream: Stream| stream.early() == EarlyWrite::None;
    if Stream::of(bev).is_none_or(told) {
        stop(bev);
    }
}

/// Ends the wait for writability.
pub fn stop(bev: Bev) {
    match Stream::of(bev) {
        Some(stream) => stop_waiting(bev, stream),
        None => timeout::delete(bev.write_event()),
    }
}

#[inline(always)]
fn stop_waiting(bev: Bev, stream: Stream) {
    let ev = bev.write_event();
    if let Some(base) = lock_base_of(ev) {
        base.delete_provisional(ev);
    }
    stream.set_early(EarlyWrite::None);
}

/// The event's callback; see [`writable`].
pub fn on_writable() -> EventThunk {
    thunk(|bev: Bev, fd, events| writable(&bev.hold(), fd, events))
}

/// The descriptor reported, or writing timed out.
pub fn writable(bev: &Held, fd: c_int, events: c_short) {
    let Some(stream) = Stream::of(**bev) else {
        return;
    };
    if events == EV_TIMEOUT {
        timeout::expire(bev, EV_WRITE, BEV_EVENT_WRITING);
        return;
    }
    let just_connected = stream.connecting();
    if just_connected && !connect::finish(bev, stream, fd) {
        return;
    }
    let early = stream.early();
    stream.set_early(EarlyWrite::None);
    let written = match early {
        EarlyWrite::Error => {
            Written::Failed(BEV_EVENT_WRITING | BEV_EVENT_ERROR, stream.early_error())
        }
        EarlyWrite::Eof => Written::Failed(BEV_EVENT_WRITING | BEV_EVENT_EOF, stream.early_error()),
        // Once in an iteration, unless more than may be told of was added since.
        EarlyWrite::Progress if bev.output_len() <= bev.write_watermarks().low => {
            Written::Progress(0)
        }
        EarlyWrite::Progress | EarlyWrite::None => write(bev, stream, fd),
    };
    let told = match written {
        Written::Failed(what, error) => {
            fail(bev, EV_WRITE, what, error);
            return;
        }
        Written::Elsewhere => {
            stop(**bev);
            return;
        }
        Written::Progress(_) => true,
        Written::Nothing => !just_connected,
        Written::Blocked => false,
    };
    if bev.output_len() == 0 {
        stop(**bev);
    } else if early == EarlyWrite::Progress
        && bev.enabled() & EV_WRITE != 0
        && bev.write_suspended() == 0
    {
        // Not all was taken, or more was added since.
        enable::or_give_up(bev, EV_WRITE, start(**bev, Adding::BeforeWait));
    }
    if told {
        callbacks::trigger(bev, EV_WRITE, 0);
    }
}

/// Has the kind tell of a failure.
pub(super) fn fail(bev: &Held, direction: c_short, what: c_short, error: c_int) {
    if let Some(transport) = bev.ops().stream {
        (transport.failed)(bev, direction, what, error);
    }
}

/// Writes output to the descriptor.
#[inline(always)]
fn write_as_it_is(bev: &Held, stream: Stream, fd: c_int, most: usize) -> Written {
    let output = bev.output();
    output.held().set_frozen(End::Start, false);
    let most = isize::try_from(most).unwrap_or(isize::MAX);
    let calls = Calls::of(stream);
    let n = output.write(calls.on(fd), most, bev.spares());
    calls.note();
    output.held().set_frozen(End::Start, true);
    match n {
        1.. => Written::Progress(n),
        _ => not_written(n),
    }
}

/// What a write that returned `n` comes to: it has written nothing.
#[cold]
#[inline(never)]
fn not_written(n: c_int) -> Written {
    match (n, sys::errno()) {
        (0, error) => Written::Failed(BEV_EVENT_WRITING | BEV_EVENT_EOF, error),
        (_, libc::EAGAIN | libc::EINTR) => Written::Blocked,
        (_, error) => Written::Failed(BEV_EVENT_WRITING | BEV_EVENT_ERROR, error),
    }
}

/// Writes what may be written now.
#[inline(always)]
fn write(bev: &Held, stream: Stream, fd: c_int) -> Written {
    let most = ratelimit::max_to_write(bev);
    let Some(transport) = bev.ops().stream else {
        return Written::Nothing;
    };
    if bev.write_suspended() != 0 {
        cold_path();
        return Written::Elsewhere;
    }
    if bev.output_len() == 0 {
        cold_path();
        return Written::Nothing;
    }
    let written = match transport.write {
        None => write_as_it_is(bev, stream, fd, most),
        Some(write) => write(bev, fd, most),
    };
    if let Written::Progress(n) = written {
        ratelimit::charge(bev, 0, n);
    }
    written
}
