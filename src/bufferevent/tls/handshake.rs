//! The handshake.

use core::ffi::{c_int, c_short};

use super::engine::{Engine, Step};
use super::{Session, Tls, count, filter, input, of, output, report, socket};
use crate::bufferevent::{Held, callbacks};
use crate::ctypes::bufferevent::{BEV_EVENT_CONNECTED, BEV_EVENT_READING};
use crate::ctypes::event::{EV_READ, EV_WRITE};

/// Continues with the handshake, as far as that goes.
pub(super) fn drive(bev: &Held, tls: &Tls) {
    let Some(session) = tls
        .session()
        .filter(|_| !tls.closed.get() && !tls.working.get())
    else {
        return;
    };
    let Some(step) = tls.step(**bev, session, Session::handshake) else {
        return;
    };
    count(bev, tls, session);
    match step {
        Step::Done(_) => done(bev, tls),
        Step::WantRead => wait(bev, tls, EV_READ),
        Step::WantWrite => wait(bev, tls, EV_WRITE),
        Step::Undecided => wait(bev, tls, 0),
        Step::Ended(end) => report::end(bev, tls, BEV_EVENT_READING, end),
    }
}

/// Waits for a direction of the transport.
fn wait(bev: &Held, tls: &Tls, direction: c_short) {
    match tls.underlying {
        None => socket::wait(bev, direction),
        Some(underlying) => filter::wait(bev, tls, underlying),
    }
}

/// The handshake is complete.
fn done(bev: &Held, tls: &Tls) {
    tls.handshaking.set(false);
    let connection = tls.connection.get();
    match tls.underlying {
        None => {
            output::choose_files(**bev, tls);
            socket::open(bev);
        }
        Some(underlying) => filter::open(bev, underlying),
    }
    callbacks::run_event(bev, BEV_EVENT_CONNECTED, 0);
    if tls.is_on(connection) && !tls.handshaking.get() {
        input::read_on_if_pending(bev, tls);
        if tls.underlying.is_some() {
            filter::write(bev, tls);
        }
    }
}

/// Asks for a new handshake: 0 if one has begun, 1 if it is complete already, -1 if that can't be,
/// as for other kinds of bufferevents.
pub fn renegotiate(bev: &Held) -> c_int {
    let Some(tls) = of(**bev) else {
        return -1;
    };
    let Some(session) = tls.session() else {
        return -1;
    };
    if tls.handshaking.get() {
        // The session is not to be disturbed in its first one.
        return 0;
    }
    if !session.renegotiate() {
        return -1;
    }
    tls.handshaking.set(true);
    if tls.underlying.is_none() {
        socket::hold_back(bev);
    }
    let connection = tls.connection.get();
    drive(bev, tls);
    c_int::from(tls.is_on(connection) && !tls.handshaking.get())
}
