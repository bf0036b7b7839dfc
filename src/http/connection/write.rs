//! Output of a connection.

use super::{Con, Connection, Keep, State};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::http::evhttp_connection_cb;
use crate::http::client;
use crate::http::request::{Reply, Req};
use crate::http::server::exchange;

/// The bufferevent's callback: the output is written.
pub fn on_write(con: Con) {
    written(&con.keep());
}

/// The output is written.
pub fn written(con: &Keep) {
    if con.is_gone() {
        return;
    }
    match con.state.get() {
        State::Sending => client::send::sent(con),
        State::Reply => {
            if let Some(req) = con.current()
                && let Some(callback) = req.written_callback()
            {
                let (this, argument) = (con.as_ptr(), req.written_argument());
                // SAFETY: the program gave callback and argument to go together.
                unsafe { callback(this.cast(), argument) };
            }
            let empty = || con.output().is_some_and(|output| output.is_empty());
            if !con.is_gone()
                && let Some(req) = con.current()
                && req.reply() == Reply::Complete
                && empty()
            {
                exchange::reply_sent(con, req);
                super::read::go_on(con);
            }
        }
        State::Flush if con.output().is_some_and(|output| output.is_empty()) => {
            exchange::next(con);
            super::read::go_on(con);
        }
        _ => {}
    }
}

/// Writes the replies that have waited for each other. Without room for all of them the next request
/// has to wait, too.
pub fn flush(con: &Keep) {
    let Some(wire) = con.wire().filter(|_| con.batched.get() && !con.is_gone()) else {
        return;
    };
    let enabled = wire.bev().enabled() & EV_WRITE != 0;
    wire.note_enabled(EV_WRITE);
    if con.write_now() {
        if !enabled && !con.is_gone() {
            con.end_writing();
        }
    } else if con.state.get() == State::Head {
        con.state.set(State::Flush);
    }
}

impl Connection {
    /// Has what there is of the reply to a request written, and then `callback` called.
    pub fn start_writing(
        &self,
        req: Req,
        callback: evhttp_connection_cb,
        argument: *mut core::ffi::c_void,
    ) {
        req.set_written_callback(callback);
        req.set_written_argument(argument);
        if self.read_timeout.is_set() {
            req.set_progress(self.now());
        }
        let Some(wire) = self.wire() else {
            return;
        };
        // While the program's callback for the request runs, what follows is decided at its end.
        let dispatching = self.dispatching.get();
        self.attach(true, !dispatching);
        if dispatching && wire.is_plain() {
            wire.note_enabled(EV_READ | EV_WRITE);
        } else if wire.enable(EV_READ | EV_WRITE).is_err() {
            self.fail(super::fail::Failure::Buffer);
        }
    }

    /// Writes a complete reply at once if that is possible. True if it is written. If not, what is
    /// left waits.
    pub fn write_now(&self) -> bool {
        self.batched.set(false);
        let Some(wire) = self.wire() else {
            return false;
        };
        let ours = wire.is_of(self.handle());
        if ours && wire.is_plain() && wire.write_now() {
            return true;
        }
        if ours {
            self.attach(true, true);
        }
        self.start_noted();
        false
    }

    /// Disables writing.
    pub fn end_writing(&self) {
        if let Some(wire) = self.wire() {
            wire.end_writing();
        }
    }

    /// Starts what a reply has enabled while the program's callback ran.
    pub fn start_noted(&self) {
        if self.wire().is_some_and(|wire| wire.start_noted().is_err()) {
            self.fail(super::fail::Failure::Buffer);
        }
    }
}
