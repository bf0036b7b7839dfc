//! TLS on a descriptor.

use core::ffi::{c_int, c_short};

use super::engine::{End, Engine};
use super::output::Outcome;
use super::{Tls, create, handshake, input, of, output, reads, report, writes};
use crate::base::interest::Adding;
use crate::bufferevent::ops::{Mode, Ops};
use crate::bufferevent::stream::output as stream_output;
use crate::bufferevent::stream::{Phase, Stream, Transport, Written, descriptor};
use crate::bufferevent::{Bev, Held, callbacks, enable, timeout};
use crate::ctypes::bufferevent::{
    BEV_EVENT_EOF, BEV_EVENT_ERROR, BEV_EVENT_READING, BEV_EVENT_WRITING,
};
use crate::ctypes::event::{EV_READ, EV_TIMEOUT, EV_WRITE};
use crate::support::thunk::thunk;
use crate::sys::{self, Errno};

/// The kind. libevent exports it under this name, and objects that were built with libevent's TLS
/// part tell the kind by its address.
#[unsafe(export_name = "bufferevent_ops_openssl")]
pub static OPS: Ops = Ops {
    enable: start,
    disable: stop,
    give_up: create::give_up,
    unlink: create::unlink,
    destroy: create::destroy,
    adjust_timeouts: timeout::adjust_waiting,
    flush: |_, _, _: Mode| 0,
    set_fd,
    fd: |bev| bev.read_event().fd(),
    underlying: |_| None,
    stream: Some(&Transport {
        write: Some(write),
        connected,
        failed,
        on_readable: || thunk(on_readable),
        on_writable: || thunk(on_writable),
    }),
};

/// The handshake waits for this direction, for neither if it is 0.
pub fn wait(bev: &Held, direction: c_short) {
    let Some(base) = bev.lock_base() else {
        return;
    };
    let mut result = Ok(());
    for (ev, this, limit) in [
        (bev.read_event(), EV_READ, bev.read_timeout()),
        (bev.write_event(), EV_WRITE, bev.write_timeout()),
    ] {
        if direction != this {
            base.delete(ev);
        } else if !base.is_pending(ev, this) {
            result = base.add_as(ev, timeout::when(limit), Adding::Later);
        }
    }
    drop(base);
    enable::or_give_up(bev, direction, result);
}

/// Output waits until the handshake is complete.
pub fn hold_back(bev: &Held) {
    if let Some(stream) = Stream::of(**bev) {
        stream_output::stop(**bev);
        stream_output::forget(**bev);
        stream.set_phase(Phase::HeldBack);
    }
}

/// The handshake is complete: waits for what the program wants.
pub fn open(bev: &Held) {
    if let Some(stream) = Stream::of(**bev) {
        stream.set_phase(Phase::Open);
    }
    timeout::delete(bev.read_event());
    timeout::delete(bev.write_event());
    if reads(bev) {
        let result = timeout::add_read(**bev, Adding::Later);
        enable::or_give_up(bev, EV_READ, result);
    }
    start_output(bev);
}

/// Writes before the loop waits, if there is anything to write.
fn start_output(bev: &Held) {
    if writes(bev) && bev.output_len() > 0 {
        let result = stream_output::start(**bev, Adding::BeforeWait);
        enable::or_give_up(bev, EV_WRITE, result);
    }
}

/// The connection has ended. After an orderly end, output can still be sent.
pub fn close(bev: &Held, event: c_short) {
    timeout::delete(bev.read_event());
    let half_open = event == BEV_EVENT_EOF && bev.output_len() > 0;
    if !half_open {
        stream_output::stop(**bev);
    }
}

fn start(bev: &Held, directions: c_short) -> sys::Result {
    let (Some(tls), Some(stream)) = (of(**bev), Stream::of(**bev)) else {
        return Err(Errno::INVAL);
    };
    if stream.connecting() {
        // The end of that is writability, and the handshake comes next.
        return match directions & EV_WRITE {
            0 => Ok(()),
            _ => stream_output::start(**bev, Adding::Later),
        };
    }
    if tls.handshaking.get() {
        return resume_handshake(bev, tls);
    }
    if directions & EV_READ != 0 && !tls.closed.get() {
        timeout::add_read(**bev, Adding::Now)?;
        input::read_on_if_pending(bev, tls);
    }
    if directions & EV_WRITE != 0 && (bev.output_len() > 0 || tls.blocked.get().is_some()) {
        stream_output::start(**bev, Adding::Now)?;
    }
    Ok(())
}

/// Waits for writability first, unless the handshake waits already: it says what it needs then.
fn resume_handshake(bev: &Held, tls: &Tls) -> sys::Result {
    let base = bev.lock_base().ok_or(Errno::INVAL)?;
    let waits =
        base.is_pending(bev.read_event(), EV_READ) || base.is_pending(bev.write_event(), EV_WRITE);
    if waits || bev.write_event().fd() < 0 || tls.closed.get() {
        return Ok(());
    }
    let when = timeout::when(bev.write_timeout());
    base.add_as(bev.write_event(), when, Adding::Now)
}

fn stop(bev: &Held, directions: c_short) -> sys::Result {
    let Some(tls) = of(**bev) else {
        return Ok(());
    };
    let connecting = Stream::of(**bev).is_some_and(Stream::connecting);
    if tls.handshaking.get() && !connecting {
        if directions & EV_READ != 0 {
            timeout::delete(bev.read_event());
        }
        if directions & EV_WRITE != 0 {
            timeout::delete(bev.write_event());
        }
        return Ok(());
    }
    let mut directions = directions;
    // What the other direction waits for goes on.
    if tls.write_wants_read.get() && writes(bev) {
        directions &= !EV_READ;
    }
    if tls.read_wants_write.get() && reads(bev) {
        directions &= !EV_WRITE;
    }
    descriptor::stop(bev, directions)
}

/// Begins on a descriptor, which is not waited for yet.
pub(super) fn begin(bev: &Held, tls: &Tls) -> sys::Result {
    match Stream::of(**bev) {
        Some(stream) if tls.handshaking.get() && !stream.connecting() => {
            stream.set_phase(Phase::HeldBack);
            resume_handshake(bev, tls)
        }
        _ => Ok(()),
    }
}

fn set_fd(bev: &Held, fd: c_int) -> sys::Result {
    let tls = of(**bev).ok_or(Errno::INVAL)?;
    let session = tls.session().ok_or(Errno::INVAL)?;
    if !session.use_fd(fd) {
        return Err(Errno::NOMEM);
    }
    create::restart(bev, tls, session);
    descriptor::set_fd(bev, fd)?;
    begin(bev, tls)
}

/// The transport is connected.
fn connected(bev: &Held) {
    let (Some(tls), Some(stream)) = (of(**bev), Stream::of(**bev)) else {
        return;
    };
    if tls.handshaking.get() {
        stream.set_phase(Phase::HeldBack);
        timeout::delete(bev.write_event());
        handshake::drive(bev, tls);
    } else {
        open(bev);
    }
}

/// Connecting or writing has failed.
fn failed(bev: &Held, direction: c_short, what: c_short, error: c_int) {
    let Some(tls) = of(**bev) else {
        return;
    };
    if direction == 0 {
        // Of a connection that never stood, as of its handshake.
        let mut end = End::of_system(error);
        if let Some(session) = tls.session() {
            end.codes.push(session.system_code());
        }
        report::end(bev, tls, BEV_EVENT_READING, end);
        return;
    }
    tls.closed.set(true);
    close(bev, what & (BEV_EVENT_EOF | BEV_EVENT_ERROR));
    sys::set_errno(error);
    callbacks::run_event(bev, what, 0);
}

fn write(bev: &Held, _: c_int, _: usize) -> Written {
    let Some(tls) = of(**bev) else {
        return Written::Nothing;
    };
    let (any, outcome) = output::write(bev, tls);
    match outcome {
        Outcome::Written | Outcome::WantsWrite if any => Written::Progress(0),
        Outcome::Written | Outcome::WantsWrite => Written::Blocked,
        Outcome::Ended(end) => {
            let event = report::event(tls, &end);
            Written::Failed(BEV_EVENT_WRITING | event, end.error)
        }
        Outcome::Gone => Written::Elsewhere,
        Outcome::Undecided => {
            stream_output::stop(**bev);
            Written::Elsewhere
        }
        Outcome::WantsRead => {
            stream_output::stop(**bev);
            tls.write_wants_read.set(true);
            let result = timeout::add_read(**bev, Adding::Later);
            enable::or_give_up(bev, EV_READ, result);
            Written::Elsewhere
        }
    }
}

fn on_readable(bev: Bev, _: c_int, events: c_short) {
    let bev = bev.hold();
    let Some(tls) = of(*bev) else {
        return;
    };
    if events == EV_TIMEOUT {
        report::timeout(&bev, tls, BEV_EVENT_READING);
        return;
    }
    if Stream::of(*bev).is_some_and(Stream::connecting) {
        // Writability tells what came of it.
        return;
    }
    if tls.handshaking.get() {
        handshake::drive(&bev, tls);
        return;
    }
    if tls.write_wants_read.take() {
        start_output(&bev);
        if !reads(&bev) {
            timeout::delete(bev.read_event());
        }
    }
    read(&bev, tls);
    stream_output::write_now(&bev);
}

fn read(bev: &Held, tls: &Tls) {
    let connection = tls.connection.get();
    input::read(bev, tls);
    if tls.is_on(connection) && tls.read_wants_write.get() {
        let result = timeout::add_write(**bev, Adding::Later);
        enable::or_give_up(bev, EV_WRITE, result);
    }
}

fn on_writable(bev: Bev, fd: c_int, events: c_short) {
    let bev = bev.hold();
    let Some(tls) = of(*bev) else {
        return;
    };
    let connecting = Stream::of(*bev).is_some_and(Stream::connecting);
    if events == EV_TIMEOUT && !connecting {
        report::timeout(&bev, tls, BEV_EVENT_WRITING);
    } else if connecting {
        stream_output::writable(&bev, fd, events);
    } else if tls.handshaking.get() {
        handshake::drive(&bev, tls);
    } else if tls.read_wants_write.take() {
        let connection = tls.connection.get();
        timeout::delete(bev.write_event());
        start_output(&bev);
        read(&bev, tls);
        if tls.is_on(connection) {
            start_output(&bev);
        }
    } else {
        stream_output::writable(&bev, fd, events);
    }
}
