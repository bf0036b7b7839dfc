//! How exchanges and connections fail.

use core::ffi::c_short;

use libc::timeval;

use super::{Con, Connection, Keep, State};
use crate::ctypes::bufferevent::{
    BEV_EVENT_CONNECTED, BEV_EVENT_EOF, BEV_EVENT_ERROR, BEV_EVENT_READING, BEV_EVENT_TIMEOUT,
};
use crate::ctypes::event::EV_READ;
use crate::ctypes::http::{
    EVREQ_HTTP_BUFFER_ERROR, EVREQ_HTTP_DATA_TOO_LONG, EVREQ_HTTP_EOF, EVREQ_HTTP_INVALID_HEADER,
    EVREQ_HTTP_REQUEST_CANCEL, EVREQ_HTTP_TIMEOUT, evhttp_request_error,
};
use crate::http::request::{Reply, Req};
use crate::http::server::exchange;
use crate::http::start_line::Refused;
use crate::http::{client, reply};
use crate::support::time::from_timeval;

/// Why an exchange fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    Timeout,
    Eof,
    InvalidHeader,
    Buffer,
    Cancelled,
    TooLong,
}

impl Failure {
    /// For the program.
    pub fn code(self) -> evhttp_request_error {
        match self {
            Failure::Timeout => EVREQ_HTTP_TIMEOUT,
            Failure::Eof => EVREQ_HTTP_EOF,
            Failure::InvalidHeader => EVREQ_HTTP_INVALID_HEADER,
            Failure::Buffer => EVREQ_HTTP_BUFFER_ERROR,
            Failure::Cancelled => EVREQ_HTTP_REQUEST_CANCEL,
            Failure::TooLong => EVREQ_HTTP_DATA_TOO_LONG,
        }
    }

    pub fn of_event(what: c_short) -> Failure {
        if what & BEV_EVENT_TIMEOUT != 0 {
            Failure::Timeout
        } else if what & (BEV_EVENT_EOF | BEV_EVENT_ERROR) != 0 {
            Failure::Eof
        } else {
            Failure::Buffer
        }
    }
}

/// The bufferevent's callback for events.
pub fn on_event(con: Con, what: c_short) {
    let con = con.keep();
    if con.is_gone() {
        return;
    }
    if !con.is_server() {
        client::on_event(&con, what);
    } else if what & BEV_EVENT_CONNECTED == 0 {
        on_server_event(&con, what);
    }
}

/// [`on_event`] of a server, for the end of something.
fn on_server_event(con: &Keep, what: c_short) {
    let state = con.state.get();
    if state == State::Linger {
        con.free();
        return;
    }
    let writes = matches!(state, State::Reply | State::Flush);
    if writes && what & BEV_EVENT_READING != 0 {
        let complete = con
            .current()
            .is_some_and(|req| req.reply() == Reply::Complete);
        if what & BEV_EVENT_TIMEOUT != 0 && is_alive(con) {
            if !con.enable(EV_READ) {
                con.fail(Failure::Buffer);
            }
            return;
        }
        if what & BEV_EVENT_EOF != 0 && state == State::Flush {
            // It is seen again when the input is read to its end.
            return;
        }
        if what & BEV_EVENT_EOF != 0 && complete {
            // The client only says that it has no other request.
            con.ended.set(true);
            if con.output().is_some_and(|output| output.is_empty()) {
                super::write::written(con);
            }
            return;
        }
    }
    con.fail(Failure::of_event(what));
}

/// Whether writing a reply goes on, although nothing was read for a while.
fn is_alive(con: &Keep) -> bool {
    let timeouts = con.timeouts();
    let waiting = con.output().map_or(0, |output| output.len());
    if waiting > 0 {
        // Writing has a timeout of its own, or else it has to have moved.
        return con.left.replace(waiting as u64) != waiting as u64 || timeouts.write.is_some();
    }
    let none = timeval {
        tv_sec: 0,
        tv_usec: 0,
    };
    con.now() - con.current().map_or(0, |req| req.progress())
        < from_timeval(timeouts.read.unwrap_or(none))
}

impl Connection {
    /// The exchange, and with it the connection, has failed.
    pub fn fail(&self, failure: Failure) {
        let con = self.keep();
        if con.is_gone() {
            return;
        }
        if !con.is_server() {
            client::fail(&con, failure);
            return;
        }
        if let Some(req) = con.current()
            && !req.is_user_done()
        {
            // The program still works on it.
            exchange::detach(&con, req);
        }
        con.free();
    }

    /// What the other end sent is no good.
    pub fn refuse(&self, req: Req, refused: Refused) {
        if !self.is_server() {
            self.fail(match refused {
                Refused(500) => Failure::Buffer,
                _ => Failure::InvalidHeader,
            });
            return;
        }
        let con = self.keep();
        con.unread.set(true);
        con.state.set(State::Reply);
        req.clear_target();
        req.set_last(true);
        reply::send_error(req, refused.0, None);
    }

    /// The body is larger than allowed.
    pub fn too_long(&self, req: Req) {
        if self.is_server() {
            self.refuse(req, Refused(413));
        } else {
            self.fail(Failure::TooLong);
        }
    }
}
