//! Reading messages: what arrives goes through here, for servers and clients.

use super::fail::Failure;
use super::{Con, Connection, Keep, State, linger};
use crate::ctypes::event::EV_READ;
use crate::http::client;
use crate::http::head::Scan;
use crate::http::limits::Limit;
use crate::http::request::Req;
use crate::http::server::dispatch;

mod body;
mod head;

pub use body::start_body;
pub use head::{ask_program, collect};

/// Whether to go on with what is in the input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    On,
    /// More input is needed, or somebody else goes on.
    Stop,
}

/// So many requests of one client are answered before others have their turn.
const MOST_AT_ONCE: u32 = 64;

/// The bufferevent's callback: there is input.
pub fn on_read(con: Con) {
    go_on(&con.keep());
}

/// Works on what is in the input.
pub fn go_on(con: &Keep) {
    if con.reading.replace(true) {
        return;
    }
    let mut requests = 0;
    let mut waits = false;
    while !con.is_gone() {
        let flow = match con.state.get() {
            State::Head => {
                requests += 1;
                if requests > MOST_AT_ONCE && con.is_server() {
                    con.read_later();
                    break;
                }
                head::read(con)
            }
            State::Body => body::read(con),
            State::Trailer => head::read_trailer(con),
            State::Linger => linger::on_input(con),
            State::Idle => stray(con),
            State::Reply | State::Flush | State::Sending => ahead(con),
            State::Connecting | State::Disconnected => Flow::Stop,
        };
        if flow == Flow::Stop {
            waits = true;
            break;
        }
    }
    super::write::flush(con);
    con.reading.set(false);
    let incomplete = matches!(con.state.get(), State::Head | State::Body | State::Trailer);
    if waits && incomplete && con.ended.get() && !con.is_gone() {
        // What is missing does not come any more. Not every bufferevent says so twice.
        con.fail(Failure::Eof);
    }
}

/// Input behind a request that is being answered waits, up to a limit.
fn ahead(con: &Keep) -> Flow {
    if con
        .input()
        .is_some_and(|input| input.len() as u64 >= con.limit(Limit::InputAhead))
    {
        con.disable(EV_READ);
    }
    Flow::Stop
}

/// A server sent something without being asked.
fn stray(con: &Keep) -> Flow {
    if con.input().is_some_and(|input| !input.is_empty()) {
        client::lose_idle(con);
    }
    Flow::Stop
}

impl Connection {
    /// Gets ready for the next message.
    pub fn expect_head(&self) {
        if let Some(req) = self.current() {
            req.set_scan(Scan::default());
        }
        self.first_line_seen.set(false);
        self.blank_lines.set(0);
        self.state.set(State::Head);
    }

    /// Has the loop go on with the input.
    pub fn read_later(&self) {
        use crate::bufferevent::callbacks;
        use crate::ctypes::bufferevent::{BEV_TRIG_DEFER_CALLBACKS, BEV_TRIG_IGNORE_WATERMARKS};
        if let Some(wire) = self.wire() {
            let how = BEV_TRIG_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS;
            callbacks::trigger(&wire.bev().hold(), EV_READ, how);
        }
    }
}

/// The end of the input is the end of the body.
pub fn finish(con: &Keep) {
    if let Some(req) = con.current() {
        message_complete(con, req);
    }
}

/// The whole message is there.
pub fn message_complete(con: &Keep, req: Req) -> Flow {
    linger::calm(con);
    if req.body_size() as u64 > con.max_body.get() {
        con.too_long(req);
        return Flow::On;
    }
    if con.is_server() {
        dispatch::run(con, req)
    } else {
        client::complete(con, req)
    }
}
