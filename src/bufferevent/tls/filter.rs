//! TLS on top of another bufferevent.

use core::ffi::{c_int, c_short};

use super::engine::{Codes, End, How};
use super::output::Outcome;
use super::{Tls, create, handshake, input, of, output, reads, report, writes};
use crate::bufferevent::ops::{Mode, Ops};
use crate::bufferevent::stream::descriptor;
use crate::bufferevent::{BY_FILTER, Bev, Held, callbacks, enable, timeout};
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::bufferevent::{
    BEV_EVENT_CONNECTED, BEV_EVENT_EOF, BEV_EVENT_ERROR, BEV_EVENT_READING, BEV_EVENT_TIMEOUT,
    BEV_EVENT_WRITING, BEV_TRIG_DEFER_CALLBACKS,
};
use crate::ctypes::bufferevent_struct::bufferevent;
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::opaque::evbuffer;
use crate::support::thunk::thunk;
use crate::sys::{self, Errno};

/// The kind.
pub static OPS: Ops = Ops {
    enable: start,
    disable: stop,
    give_up: create::give_up,
    unlink: create::unlink,
    destroy: create::destroy,
    adjust_timeouts: timeout::update_timers,
    flush: |_, _, _: Mode| 0,
    set_fd,
    fd: |bev| underlying(bev).map_or(-1, |under| (under.ops().fd)(under)),
    underlying,
    stream: None,
};

fn underlying(bev: Bev) -> Option<Bev> {
    of(bev)?.underlying
}

/// Takes the underlying bufferevent for itself, and begins from the loop.
pub(super) fn begin(bev: &Held, tls: &Tls, underlying: &Held) {
    callbacks::set_own(
        underlying,
        thunk(on_underlying_read),
        thunk(on_underlying_write),
        thunk(on_underlying_event),
        **bev,
    );
    underlying.header().add_reference();
    crate::bufferevent::watermark::set(underlying, EV_READ, 0, 0);
    if !tls.handshaking.get() {
        enable::suspend_read(underlying, BY_FILTER);
    }
    // What the underlying bufferevent can't do shows when it is used.
    let _ = enable::enable(underlying, EV_READ | EV_WRITE);
    underlying.set_enabled(underlying.enabled() | EV_READ | EV_WRITE);
    if tls.handshaking.get() {
        input::read_on(bev, tls);
    }
}

/// The handshake waits for the underlying bufferevent.
pub(super) fn wait(bev: &Held, tls: &Tls, underlying: Bev) {
    if let Some((direction, end)) = tls.drained.take() {
        report::end(bev, tls, direction, end);
        return;
    }
    enable::unsuspend_read(&underlying.hold(), BY_FILTER);
}

/// The handshake is complete.
pub fn open(bev: &Held, underlying: Bev) {
    if !reads(bev) {
        enable::suspend_read(&underlying.hold(), BY_FILTER);
    }
}

/// The connection has ended.
pub fn close(bev: &Held, underlying: Bev) {
    timeout::delete(bev.read_event());
    timeout::delete(bev.write_event());
    enable::suspend_read(&underlying.hold(), BY_FILTER);
}

fn start(bev: &Held, directions: c_short) -> sys::Result {
    let (Some(tls), Some(underlying)) = (of(**bev), underlying(**bev)) else {
        return Err(Errno::INVAL);
    };
    if directions & EV_READ != 0 && !tls.closed.get() {
        timeout::restart_read(**bev)?;
        let underlying = underlying.hold();
        enable::resume_read(&underlying, BY_FILTER)?;
        callbacks::read_again(&underlying);
        input::read_on_if_pending(bev, tls);
    }
    if directions & EV_WRITE != 0 && bev.output_len() > 0 {
        timeout::restart_write(**bev)?;
        write(bev, tls);
    }
    Ok(())
}

fn stop(bev: &Held, directions: c_short) -> sys::Result {
    let (Some(tls), Some(underlying)) = (of(**bev), underlying(**bev)) else {
        return Ok(());
    };
    if directions & EV_WRITE != 0 {
        timeout::delete(bev.write_event());
    }
    if directions & EV_READ != 0 {
        timeout::delete(bev.read_event());
        if !tls.handshaking.get() && !tls.write_wants_read.get() {
            enable::suspend_read(&underlying.hold(), BY_FILTER);
        }
    }
    Ok(())
}

fn set_fd(bev: &Held, fd: c_int) -> sys::Result {
    let tls = of(**bev).ok_or(Errno::INVAL)?;
    let (session, underlying) = tls.session().zip(tls.underlying).ok_or(Errno::INVAL)?;
    descriptor::give_fd(&underlying.hold(), fd)?;
    create::restart(bev, tls, session);
    if tls.handshaking.get() && fd >= 0 {
        handshake::drive(bev, tls);
    }
    Ok(())
}

/// Encrypts the output, as far as the underlying bufferevent takes it.
pub(super) fn write(bev: &Held, tls: &Tls) {
    if tls.handshaking.get() || tls.working.get() {
        return;
    }
    let connection = tls.connection.get();
    let mut any = false;
    let outcome = loop {
        let (some, outcome) = output::write(bev, tls);
        any |= some;
        match outcome {
            Outcome::Written if some && bev.output_len() > 0 && writes(bev) => {}
            outcome => break outcome,
        }
    };
    if matches!(outcome, Outcome::Gone) || !tls.is_on(connection) {
        return;
    }
    if any {
        let result = match bev.output_len() {
            0 => {
                timeout::delete(bev.write_event());
                Ok(())
            }
            _ => timeout::restart_write(**bev),
        };
        enable::or_give_up(bev, EV_WRITE, result);
        callbacks::trigger(bev, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
    }
    match outcome {
        Outcome::Ended(end) => report::end(bev, tls, BEV_EVENT_WRITING, end),
        Outcome::WantsRead => {
            tls.write_wants_read.set(true);
            if let Some(underlying) = tls.underlying {
                enable::unsuspend_read(&underlying.hold(), BY_FILTER);
            }
        }
        // The underlying bufferevent tells when it can take more.
        _ => {}
    }
}

/// Decrypts what has arrived below.
fn read(bev: &Held, tls: &Tls) {
    if tls.working.get() {
        return;
    }
    let connection = tls.connection.get();
    let before = bev.input_len();
    input::read(bev, tls);
    if tls.is_on(connection) && bev.input_len() > before && reads(bev) {
        enable::or_give_up(bev, EV_READ, timeout::restart_read(**bev));
    }
}

/// The bufferevent that a callback on the one below is for, unless it is going away.
fn held(bev: Bev) -> Option<(Held, &'static Tls)> {
    let bev = bev.hold();
    let tls = of(*bev).filter(|_| !bev.header().is_ending())?;
    Some((bev, tls))
}

pub fn on_output(bev: Bev, _: *mut evbuffer, _: *const evbuffer_cb_info) {
    let Some((bev, tls)) = held(bev) else {
        return;
    };
    if writes(&bev) {
        write(&bev, tls);
    }
}

fn on_underlying_read(bev: Bev, _: *mut bufferevent) {
    let Some((bev, tls)) = held(bev) else {
        return;
    };
    if tls.handshaking.get() {
        handshake::drive(&bev, tls);
        return;
    }
    let connection = tls.connection.get();
    let retry = tls.write_wants_read.take();
    read(&bev, tls);
    if retry && tls.is_on(connection) {
        write(&bev, tls);
    }
}

fn on_underlying_write(bev: Bev, _: *mut bufferevent) {
    let Some((bev, tls)) = held(bev) else {
        return;
    };
    if tls.handshaking.get() {
        handshake::drive(&bev, tls);
        return;
    }
    let connection = tls.connection.get();
    if tls.read_wants_write.take() {
        read(&bev, tls);
    }
    if tls.is_on(connection) {
        write(&bev, tls);
    }
}

fn on_underlying_event(bev: Bev, _: *mut bufferevent, what: c_short) {
    let error = sys::errno();
    let Some((bev, tls)) = held(bev) else {
        return;
    };
    if what & BEV_EVENT_CONNECTED != 0 {
        // The program is told when the handshake is complete.
        if tls.handshaking.get() {
            handshake::drive(&bev, tls);
        }
        return;
    }
    if what & BEV_EVENT_TIMEOUT != 0 {
        callbacks::run_event(&bev, what, 0);
        return;
    }
    if what & (BEV_EVENT_EOF | BEV_EVENT_ERROR) == 0 || tls.closed.get() {
        return;
    }
    let (direction, how) = match what & BEV_EVENT_EOF {
        0 => (what & (BEV_EVENT_READING | BEV_EVENT_WRITING), How::Failed),
        _ => (0, How::Truncated),
    };
    let end = End {
        how,
        error,
        codes: Codes::default(),
    };
    tls.drained.set(Some((direction, end)));
    // What has arrived before comes first.
    if tls.handshaking.get() {
        handshake::drive(&bev, tls);
    } else if reads(&bev) {
        read(&bev, tls);
        return;
    }
    if (tls.handshaking.get() || how == How::Failed || !tls.has_more())
        && let Some((direction, end)) = tls.drained.take()
    {
        report::end(&bev, tls, direction, end);
    }
}
