//! Bodies of messages.

use super::{Flow, message_complete};
use crate::ctypes::http_struct::EVHTTP_USER_OWNED;
use crate::http::chunked::{Chunked, Step};
use crate::http::connection::fail::Failure;
use crate::http::connection::{Keep, State, linger};
use crate::http::framing::Body;
use crate::http::head::Scan;
use crate::http::limits::Limit;
use crate::http::request::Req;
use crate::http::start_line::BAD;

/// The body begins.
pub fn start_body(con: &Keep, req: Req, body: Body) {
    req.set_body(body);
    req.set_chunked(body == Body::Chunked);
    req.set_chunks(Chunked::new(con.limit(Limit::ChunkExtensions)));
    con.left.set(match body {
        Body::Length(length) => length,
        Body::UntilClose => u64::MAX,
        Body::None | Body::Chunked => 0,
    });
    req.set_to_read(match body {
        Body::Length(length) => length as i64,
        Body::None => 0,
        Body::Chunked | Body::UntilClose => -1,
    });
    con.state.set(State::Body);
}

pub fn read(con: &Keep) -> Flow {
    let Some(req) = con.current() else {
        return Flow::Stop;
    };
    match req.body() {
        Body::None => message_complete(con, req),
        Body::Chunked => chunks(con, req),
        Body::Length(_) | Body::UntilClose => plain(con, req),
    }
}

/// Whether a body can have so many bytes. If not, it is refused, or dropped as it comes.
fn allow(con: &Keep, req: Req, size: u64) -> bool {
    if size <= con.max_body.get() || req.dropping() {
        return true;
    }
    if con.lingers_on_close() {
        req.set_dropping(true);
        return true;
    }
    con.too_long(req);
    false
}

/// What comes in pieces of that size is put together: each would hold a whole block of memory.
const SMALL: usize = 1024;

/// Moves up to `most` bytes of the input to the request. `None` ends the work.
fn take(con: &Keep, req: Req, most: u64) -> Option<u64> {
    let input = con.input()?;
    let len = input.len().min(usize::try_from(most).unwrap_or(usize::MAX));
    if len == 0 {
        return Some(0);
    }
    if !allow(con, req, req.body_size() as u64 + len as u64) {
        return None;
    }
    let moved = if req.dropping() {
        input.lock().drain(len).map(|()| len)
    } else if len <= SMALL && !req.input().is_empty() {
        let mut bytes = [0; SMALL];
        let bytes = &mut bytes[..len];
        let taken = input.lock().copy_out(0, bytes);
        let taken = taken.and_then(|_| input.lock().drain(len));
        if con.is_gone() || con.current() != Some(req) {
            return None;
        }
        taken.and_then(|()| req.input().lock().add(bytes).map(|()| len))
    } else {
        req.input().move_front_from(input, len)
    };
    let Ok(moved) = moved else {
        con.fail(Failure::Buffer);
        return None;
    };
    if con.is_gone() || con.current() != Some(req) {
        return None;
    }
    req.set_body_size(req.body_size() + moved);
    Some(moved as u64)
}

/// Gives the program what has come of a body. False if the exchange ended by that.
fn tell_chunk(con: &Keep, req: Req) -> bool {
    let callback = req.chunk_callback();
    if callback.is_none() || req.input().is_empty() {
        return true;
    }
    let hold = req.hold();
    req.call(callback, req.argument());
    let live = !hold.is_freed() && (!con.is_gone() || req.has(EVHTTP_USER_OWNED));
    if live {
        // What the program left is dropped.
        let _ = req.input().lock().drain(usize::MAX);
    }
    let awaited = || con.current() == Some(req) && con.state.get() == State::Body;
    live && !con.is_gone() && awaited()
}

fn plain(con: &Keep, req: Req) -> Flow {
    let Some(taken) = take(con, req, con.left.get()) else {
        return if con.is_gone() { Flow::Stop } else { Flow::On };
    };
    if taken > 0 {
        if req.body() != Body::UntilClose {
            con.left.set(con.left.get() - taken);
            req.set_to_read(con.left.get() as i64);
        }
        if !tell_chunk(con, req) {
            return Flow::On;
        }
    }
    if con.left.get() == 0 {
        return message_complete(con, req);
    }
    linger::guard_body(con);
    Flow::Stop
}

fn chunks(con: &Keep, req: Req) -> Flow {
    loop {
        let Some(input) = con.input() else {
            return Flow::Stop;
        };
        let mut decoder = req.chunks();
        let step = {
            let mut input = input.lock();
            let (taken, step) = match input.pieces().next() {
                Some(piece) => decoder.feed(piece),
                None => decoder.feed(&[]),
            };
            req.set_chunks(decoder);
            if input.drain(taken).is_err() {
                Step::Malformed
            } else if step == Step::More && !input.is_empty() {
                continue;
            } else {
                step
            }
        };
        match step {
            Step::More => break,
            Step::Malformed => {
                con.refuse(req, BAD);
                return Flow::On;
            }
            Step::ChunkEnd => {}
            Step::Data(left) => {
                if !allow(con, req, (req.body_size() as u64).saturating_add(left)) {
                    return Flow::On;
                }
                let Some(taken) = take(con, req, left) else {
                    return if con.is_gone() { Flow::Stop } else { Flow::On };
                };
                if taken == 0 {
                    break;
                }
                decoder.data_taken(taken);
                req.set_chunks(decoder);
                req.set_to_read((left - taken) as i64);
                if left == taken && !tell_chunk(con, req) {
                    return Flow::On;
                }
            }
            Step::Last => {
                req.set_scan(Scan::of_trailer());
                con.state.set(State::Trailer);
                return Flow::On;
            }
        }
    }
    linger::guard_body(con);
    Flow::Stop
}
