//! Receiving a reply.

use core::ptr;

use super::{Client, connect, finish, free_if_done, reset, send};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::http::EVHTTP_RESPONSE;
use crate::http::connection::fail::Failure;
use crate::http::connection::read::{self, Flow};
use crate::http::connection::{Keep, State};
use crate::http::framing::Body;
use crate::http::limits::Limit;
use crate::http::request::Req;
use crate::http::start_line::{self, BAD, NO_MEMORY, Refused};
use crate::http::{field, method};

/// The request is written: waits for the reply.
pub fn start(con: &Keep) {
    if let Some(req) = con.current() {
        req.set_kind(EVHTTP_RESPONSE);
    }
    con.expect_head();
    con.disable(EV_WRITE);
    con.attach(true, false);
    if con.enable(EV_READ) {
        read::go_on(con);
    } else {
        con.fail(Failure::Buffer);
    }
}

/// Takes the first line apart for the program.
pub fn status_line(req: Req, line: &[u8]) -> Result<(), Refused> {
    let line = start_line::status(line)?;
    req.set_version(line.version);
    req.set_code(line.code);
    if req.set_reason(line.reason) {
        Ok(())
    } else {
        Err(NO_MEMORY)
    }
}

/// The head of a reply is complete.
pub fn head_complete(con: &Keep, req: Req) -> Flow {
    let code = req.code();
    if (100..200).contains(&code) && code != 101 {
        return interim(con, req);
    }
    let may_have_body = req.reply_may_have_body();
    let body = match req.received().of_reply(req.version(), may_have_body) {
        Ok(body) => body,
        Err(refused) => {
            con.refuse(req, refused);
            return Flow::On;
        }
    };
    if !read::ask_program(con, req) {
        return Flow::On;
    }
    if matches!(body, Body::Length(length) if length > con.max_body.get())
        && !con.lingers_on_close()
    {
        con.too_long(req);
        return Flow::On;
    }
    read::start_body(con, req, body);
    Flow::On
}

/// A reply that another one follows.
fn interim(con: &Keep, req: Req) -> Flow {
    let client = Client::of(con);
    client.interim.set(client.interim.get() + 1);
    if client.interim.get() > client.limits.size(Limit::InterimReplies) {
        con.refuse(req, BAD);
        return Flow::On;
    }
    req.input_headers().clear(None);
    con.expect_head();
    if req.code() == 100 && client.body_waits.get() {
        send::body(con, req);
    }
    Flow::On
}

/// Whether the connection ends with this exchange.
fn closes(con: &Keep, req: Req) -> bool {
    let received = req.received();
    let asked = || {
        req.output_headers()
            .iter()
            .any(|header| header.is(b"Connection") && field::lists(header.value(), b"close"))
    };
    let old = !req.version().is_modern() && !received.connection_keep_alive;
    let tunnel = req.method() == method::CONNECT && !req.reply_may_have_body();
    // A body that was announced and not sent is in nobody's way, but the server may think otherwise.
    let unsent = Client::of(con).body_waits.get();
    // What came behind a reply would be taken for that to the next request.
    let unasked = || {
        let switched = tunnel || req.code() == 101;
        !switched && con.input().is_some_and(|input| !input.is_empty())
    };
    received.connection_close
        || asked()
        || old && !tunnel
        || unsent
        || con.ended.get()
        || unasked()
        || req.body() == Body::UntilClose
}

/// The reply is complete.
pub fn complete(con: &Keep, req: Req) -> Flow {
    let closes = closes(con, req);
    con.forget(req);
    req.set_con_ptr(ptr::null_mut());
    con.state.set(State::Idle);
    let hold = req.hold();
    if closes {
        reset(con);
        connect::again(con);
    } else {
        connect::idle(con);
    }
    // The close callback may have cancelled it.
    if !hold.is_freed() {
        req.call(req.callback(), req.argument());
    }
    finish(*hold);
    drop(hold);
    if closes {
        free_if_done(con);
    }
    Flow::On
}
