//! One request after the other on a server's connection.

use core::ptr;

use crate::ctypes::event::EV_READ;
use crate::ctypes::http::EVHTTP_REQUEST;
use crate::ctypes::http_struct::EVHTTP_REQ_OWN_CONNECTION;
use crate::http::connection::fail::Failure;
use crate::http::connection::{Connection, Keep, State, linger};
use crate::http::field;
use crate::http::request::Req;

/// The request that the connection receives, which is made when its first byte is there. `None` if
/// that ended the connection or the request.
pub fn next_request(con: &Keep) -> Option<Req> {
    if let Some(req) = con.current() {
        return Some(req);
    }
    let Some(req) = make_request(con) else {
        con.fail(Failure::Buffer);
        return None;
    };
    let server = con.server.get()?;
    let Some(callback) = server.on_new_request.get() else {
        return Some(req);
    };
    let hold = req.hold();
    // SAFETY: the program gave callback and argument to go together.
    let answer = unsafe { callback(req.as_ptr(), server.new_request_argument.get()) };
    if con.is_gone() || hold.is_freed() {
        return None;
    }
    if answer == -1 {
        con.free();
        return None;
    }
    // It may have been cancelled.
    (con.state.get() == State::Head).then_some(req)
}

/// A request for what the connection receives next. `None` without memory.
pub fn make_request(con: &Keep) -> Option<Req> {
    let server = con.server.get()?;
    let req = server.spare_requests.make(None, server.as_ptr().cast())?;
    req.set_kind(EVHTTP_REQUEST);
    req.set_flags(EVHTTP_REQ_OWN_CONNECTION);
    req.set_user_done(true);
    req.set_con_ptr(con.as_ptr());
    req.set_remote_port(con.port.get());
    con.requests.push(req);
    let named = con.address_text().is_none_or(|text| req.set_remote(text));
    named.then_some(req)
}

/// Leaves a request to the program, which has not answered it yet.
pub fn detach(con: &Connection, req: Req) {
    con.forget(req);
    req.set_con_ptr(ptr::null_mut());
}

/// Whether the connection goes on when the reply to this request is written.
fn goes_on(con: &Connection, req: Req) -> bool {
    let received = req.received();
    let kept = req.version().is_modern() || received.connection_keep_alive;
    let reply_closes = || {
        req.output_headers()
            .iter()
            .any(|header| header.is(b"Connection") && field::lists(header.value(), b"close"))
    };
    // What a client has asked before it ended its direction is answered.
    let asks_no_more = con.ended.get() && con.input().is_none_or(|input| input.is_empty());
    kept && !received.connection_close && !req.last() && !asks_no_more && !reply_closes()
}

/// Replies are written together up to so many bytes.
const BATCH: usize = 16 * 1024;

/// Whether a complete reply may wait to be written with that to the next request, of which something
/// has come already: nobody is to be told when it is written.
pub fn may_wait(con: &Keep, req: Req) -> bool {
    con.input().is_some_and(|input| !input.is_empty())
        && con.output().is_some_and(|output| output.len() < BATCH)
        && con
            .wire()
            .is_some_and(|wire| wire.is_plain() && wire.is_of(con.handle()))
        && req.complete_callback().is_none()
        && req.written_callback().is_none()
        && goes_on(con, req)
}

/// The reply to the current request is written.
pub fn reply_sent(con: &Keep, req: Req) {
    con.served.set(true);
    con.forget(req);
    let hold = req.hold();
    req.call(req.complete_callback(), req.complete_argument());
    let freed = hold.is_freed();
    let on = !con.is_gone() && !freed && goes_on(con, req);
    drop(hold);
    match con.server.get().map(|server| server.keep()) {
        _ if freed => {}
        Some(server) => server.spare_requests.free(req, &server.store),
        None => {
            req.set_con_ptr(ptr::null_mut());
            req.free();
        }
    }
    if con.is_gone() {
        return;
    }
    if !on {
        linger::close(con);
        return;
    }
    next(con);
}

/// Waits for the next request.
pub fn next(con: &Keep) {
    con.expect_head();
    con.attach(true, false);
    if !con.batched.get() {
        con.end_writing();
    }
    if !con.enable(EV_READ) {
        con.fail(Failure::Buffer);
        return;
    }
    announce(con);
}

/// A program that wants to know of requests before they come is told of the next.
pub fn announce(con: &Keep) {
    let wanted = con
        .server
        .get()
        .is_some_and(|server| server.on_new_request.get().is_some());
    if wanted {
        next_request(con);
    }
}
