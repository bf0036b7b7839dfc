//! What a server sends: whole replies, and replies in pieces.

use core::ffi::{c_int, c_void};

use super::connection::State;
use super::connection::fail::Failure;
use super::limits::Limit;
use super::request::{Reply, Req};
use super::server::exchange;
use super::{method, status};
use crate::buffer::{Buf, OwnedBuf};
use crate::ctypes::http::{EVHTTP_RESPONSE, evhttp_connection_cb};

mod chunk;
mod head;
mod page;

use head::Head;
pub use page::{send_error, send_error_with, send_page};

/// Sets the status, and the reason that goes with it unless one is given. False without memory.
pub fn set_status(req: Req, code: c_int, reason: Option<&[u8]>) -> bool {
    req.set_kind(EVHTTP_RESPONSE);
    req.set_code(code);
    req.set_reason(reason.unwrap_or_else(|| status::reason(code).as_bytes()))
}

/// The connection that a reply can go to. Without one the request has no more use: it is freed if
/// `done`.
fn connection(req: Req, done: bool) -> Option<super::connection::Con> {
    let con = req.con();
    if con.is_none() && done {
        req.free();
    }
    con.filter(|con| {
        !con.is_gone() && con.current() == Some(req) && con.state.get() == State::Reply
    })
}

/// There is no memory for a reply.
pub fn drop_connection(req: Req) {
    if let Some(con) = req.con() {
        req.set_user_done(true);
        con.free();
    }
}

/// Sends a whole reply. The contents of `body` are moved.
pub fn send(req: Req, code: c_int, reason: Option<&[u8]>, body: Option<Buf>) {
    if connection(req, true).is_none() || req.reply() != Reply::None {
        return;
    }
    if set_status(req, code, reason) {
        send_whole(req, body, &[]);
    } else {
        drop_connection(req);
    }
}

/// A header that the library adds.
type Extra<'a> = (&'a [u8], &'a [u8]);

/// Sends a reply whose status is set: what the program put into the output buffer, then `body`.
fn send_whole(req: Req, body: Option<Buf>, extra: &[Extra]) {
    let Some(con) = connection(req, true) else {
        return;
    };
    req.set_user_done(true);
    // What is only copied needs no way through the request's own buffer.
    let direct = body.filter(|body| {
        let copied = body.len() <= head::SMALL && Some(*body) != con.output();
        copied && req.output().is_as_made()
    });
    let moved = match (direct, body) {
        (None, Some(body)) => req.output().append_from(body).is_ok(),
        _ => true,
    };
    let body = direct.unwrap_or(req.output());
    let len = body.len();
    let has_body = req.reply_may_have_body();
    let head = Head {
        length: if has_body || len > 0 && req.method() == method::HEAD {
            Some(len)
        } else {
            None
        },
        has_body,
        chunked: false,
        extra,
    };
    if !has_body {
        let _ = body.lock().drain(usize::MAX);
    }
    if req.method() == method::CONNECT && has_body {
        req.set_last(true);
    }
    req.set_reply(Reply::Complete);
    let sent = moved && con.write_head(req, &head, body) && !con.is_gone();
    if sent {
        con.start_writing(req, None, core::ptr::null_mut());
    } else {
        drop_connection(req);
    }
}

/// Says that another protocol follows, with these headers and the program's. False if that is not
/// possible; then the request has no more use.
pub fn switch_protocols(req: Req, extra: &[Extra]) -> bool {
    let Some(con) = connection(req, true) else {
        return false;
    };
    let head = Head {
        length: None,
        has_body: false,
        chunked: false,
        extra,
    };
    let _ = req.output().lock().drain(usize::MAX);
    let said = req.reply() == Reply::None
        && set_status(req, 101, None)
        && con.write_head(req, &head, req.output())
        && !con.is_gone();
    if said {
        req.set_user_done(true);
    } else {
        drop_connection(req);
    }
    said
}

/// Begins a reply that is sent in pieces.
pub fn start(req: Req, code: c_int, reason: Option<&[u8]>) {
    let Some(con) = connection(req, false) else {
        return;
    };
    if req.reply() != Reply::None {
        return;
    }
    if !set_status(req, code, reason) {
        con.fail(Failure::Buffer);
        return;
    }
    let has_body = req.reply_may_have_body();
    let announced = req.output_headers().find(b"Content-Length");
    let chunked = has_body && announced.is_none() && req.version().is_modern();
    if has_body && !chunked {
        match announced {
            // More or less than this would be the next reply.
            Some(length) => req.set_promised(parse_length(length.value())),
            None => req.set_last(true),
        }
    }
    req.set_chunked(chunked);
    req.set_reply(Reply::Started);
    let head = Head {
        length: None,
        has_body,
        chunked,
        extra: &[],
    };
    let first = OwnedBuf::new();
    let kept = first
        .as_ref()
        .is_some_and(|first| first.append_from(req.output()).is_ok());
    if !kept || !con.write_head(req, &head, req.output()) {
        con.fail(Failure::Buffer);
        return;
    }
    con.start_writing(req, None, core::ptr::null_mut());
    if let Some(first) = first.filter(|first| !first.is_empty()) {
        chunk(req, *first, None, core::ptr::null_mut());
    }
}

fn parse_length(value: &[u8]) -> Option<u64> {
    core::str::from_utf8(value).ok()?.trim().parse().ok()
}

/// Sends a piece of a reply; `callback` is called whenever all is written, up to the next piece.
pub fn chunk(req: Req, data: Buf, callback: evhttp_connection_cb, argument: *mut c_void) {
    let Some(con) = connection(req, false) else {
        return;
    };
    let len = data.len();
    if req.reply() != Reply::Started || len == 0 || !req.reply_may_have_body() {
        return;
    }
    if let Some(promised) = req.promised() {
        match promised.checked_sub(len as u64) {
            Some(left) => req.set_promised(Some(left)),
            None => req.set_last(true),
        }
    }
    let Some(output) = con.output() else {
        return;
    };
    if output.len() as u64 > con.limit(Limit::Output) {
        con.fail(Failure::Buffer);
        return;
    }
    let added = if req.is_chunked() {
        chunk::add(output, data)
    } else {
        output.append_from(data).is_ok()
    };
    if !added {
        con.fail(Failure::Buffer);
    } else if !con.is_gone() {
        con.start_writing(req, callback, argument);
    }
}

/// Ends a reply that was sent in pieces, or a request whose connection is gone.
pub fn end(req: Req) {
    let Some(con) = connection(req, true) else {
        return;
    };
    if req.reply() != Reply::Started {
        return;
    }
    let keep = con.keep();
    req.set_user_done(true);
    req.set_reply(Reply::Complete);
    if req.promised().is_some_and(|left| left > 0) {
        req.set_last(true);
    }
    if req.is_chunked() {
        req.set_chunked(false);
        let added = con
            .output()
            .is_some_and(|output| output.lock().add(b"0\r\n\r\n").is_ok());
        if !added {
            drop_connection(req);
        } else if !con.is_gone() {
            con.start_writing(req, None, core::ptr::null_mut());
        }
        return;
    }
    req.set_written_callback(None);
    let written = con.output().is_none_or(|output| output.is_empty());
    if written && !con.dispatching.get() {
        exchange::reply_sent(&keep, req);
        if !keep.is_gone() && keep.input().is_some_and(|input| !input.is_empty()) {
            keep.read_later();
        }
    }
}
