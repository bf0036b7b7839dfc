//! Reading messages: what arrives goes through here, for servers and clients.

use super::fail::Failure;
use super::{Con, Connection, Keep, State, linger};
use crate::ctypes::event::EV_READ;
use crate::ctypes::http_struct::EVHTTP_USER_OWNED;
use crate::http::chunked::{Chunked, Step};
use crate::http::client;
use crate::http::framing::{Body, Fields};
use crate::http::head::{self, Rules, Scan, Sink};
use crate::http::keyval::List;
use crate::http::limits::Limit;
use crate::http::request::Req;
use crate::http::server::{dispatch, exchange, receive};
use crate::http::start_line::{self, BAD, NO_MEMORY, Refused};
use crate::http::store::Store;

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
    while !con.is_gone() {
        let flow = match con.state.get() {
            State::Head => {
                requests += 1;
                if requests > MOST_AT_ONCE && con.is_server() {
                    con.read_later();
                    break;
                }
                head(con)
            }
            State::Body => body(con),
            State::Trailer => trailer(con),
            State::Linger => linger::on_input(con),
            State::Idle => stray(con),
            State::Reply | State::Flush | State::Sending => ahead(con),
            State::Connecting | State::Disconnected => Flow::Stop,
        };
        if flow == Flow::Stop {
            break;
        }
    }
    super::write::flush(con);
    con.reading.set(false);
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
    fn read_later(&self) {
        use crate::bufferevent::callbacks;
        use crate::ctypes::bufferevent::{BEV_TRIG_DEFER_CALLBACKS, BEV_TRIG_IGNORE_WATERMARKS};
        if let Some(wire) = self.wire() {
            let how = BEV_TRIG_DEFER_CALLBACKS | BEV_TRIG_IGNORE_WATERMARKS;
            callbacks::trigger(&wire.bev().hold(), EV_READ, how);
        }
    }
}

/// Puts headers where they belong, and notes what they say of the message.
struct Collect<'a> {
    list: List,
    fields: Fields,
    store: Option<&'a Store>,
}

impl Sink for Collect<'_> {
    fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), Refused> {
        self.fields.note(name, value);
        let added = self.list.add(name, value, self.store);
        added.map_err(|_| NO_MEMORY)
    }

    fn extend(&mut self, value: &[u8]) -> Result<(), Refused> {
        if let Some(last) = self.list.iter().last() {
            self.fields.note_folded(last.name());
        }
        self.list.extend_last(value).map_err(|_| NO_MEMORY)
    }
}

/// Where the head at the front of the input ends.
enum Found {
    /// Nothing is there.
    Nothing,
    /// It may go on.
    Incomplete,
    Complete(usize),
    Refused(Refused),
}

/// Looks for the end of a head, with `before` bytes of the message counted already, and brings it
/// together in one piece.
fn find(con: &Keep, req: Req, before: usize) -> Found {
    let Some(input) = con.input() else {
        return Found::Nothing;
    };
    let mut input = input.lock();
    let total = input.len();
    let mut scan = req.scan();
    let max = con.max_head.get().saturating_sub(before);
    let first = input.pieces().next().map_or(0, <[u8]>::len);
    let mut reach = first;
    let end = loop {
        let Some(bytes) = input.pull_up(reach) else {
            return match total {
                0 => Found::Nothing,
                _ => Found::Refused(NO_MEMORY),
            };
        };
        if let Some(end) = scan.end(bytes) {
            break Some(end);
        }
        // A head without end is not brought together.
        if reach == total || scan.size(reach) > max {
            break None;
        }
        reach = total.min((reach * 2).max(reach + 4096));
    };
    req.set_scan(scan);
    let size = scan.size(end.unwrap_or(reach));
    // Whoever wants no limit has none.
    let most = con.limit(Limit::Headers).saturating_add(2);
    let many = scan.lines() as u64 > most && con.max_head.get() != usize::MAX;
    if size > max || many {
        let in_line = con.state.get() == State::Head && scan.first_line().is_none();
        return Found::Refused(Refused(if in_line { 414 } else { 431 }));
    }
    match end {
        Some(end) => Found::Complete(end),
        None if total == 0 => Found::Nothing,
        None => Found::Incomplete,
    }
}

/// Drops empty lines in front of a request, which some clients send. False if that was too much.
fn drop_blank_lines(con: &Keep) -> bool {
    let Some(input) = con.input() else {
        return true;
    };
    let mut input = input.lock();
    loop {
        let mut start = [0; 2];
        let len = input.copy_out(0, &mut start).unwrap_or(0);
        let blank = match &start[..len] {
            b"\r\n" => 2,
            [b'\n', ..] if con.is_lenient() => 1,
            _ => return true,
        };
        let lines = con.blank_lines.get().saturating_add(1);
        con.blank_lines.set(lines);
        if u64::from(lines) > con.limit(Limit::BlankLines) || input.drain(blank).is_err() {
            return false;
        }
    }
}

fn head(con: &Keep) -> Flow {
    let server = con.is_server();
    let fresh = con.current().is_none_or(|req| req.scan().lines() == 0);
    if server && fresh && !drop_blank_lines(con) {
        let Some(req) = exchange::next_request(con) else {
            return Flow::Stop;
        };
        con.refuse(req, BAD);
        return Flow::On;
    }
    if con.input().is_none_or(|input| input.is_empty()) {
        return Flow::Stop;
    }
    let Some(req) = (if server {
        exchange::next_request(con)
    } else {
        con.current()
    }) else {
        return Flow::Stop;
    };
    let end = match find(con, req, 0) {
        Found::Nothing => return Flow::Stop,
        Found::Incomplete => {
            if let Err(refused) = check_first_line(con, req) {
                con.refuse(req, refused);
                return Flow::On;
            }
            linger::guard_head(con);
            return Flow::Stop;
        }
        Found::Complete(end) => end,
        Found::Refused(refused) => {
            con.refuse(req, refused);
            return Flow::On;
        }
    };
    linger::calm(con);
    req.set_headers_size(req.headers_size() + req.scan().size(end));
    let parsed = parse(con, req, end);
    if let Some(input) = con.input()
        && (input.lock().drain(end).is_err() || con.is_gone())
    {
        con.fail(Failure::Buffer);
        return Flow::Stop;
    }
    match parsed {
        Err(refused) => {
            con.refuse(req, refused);
            Flow::On
        }
        Ok(()) if server => receive::head_complete(con, req),
        Ok(()) => client::head_complete(con, req),
    }
}

/// Refuses what will never be a good head as soon as its first line is there.
fn check_first_line(con: &Keep, req: Req) -> Result<(), Refused> {
    let first = req.scan().first_line();
    let (Some(end), Some(input)) = (first.filter(|_| !con.first_line_seen.get()), con.input())
    else {
        return Ok(());
    };
    con.first_line_seen.set(true);
    let mut input = input.lock();
    let bytes = input.pull_up(end).ok_or(NO_MEMORY)?;
    let (line, _) = head::line(bytes, con.is_lenient())?;
    if con.is_server() {
        start_line::request(line, con.is_lenient()).map(drop)
    } else {
        start_line::status(line).map(drop)
    }
}

/// Takes the head of `end` bytes at the front of the input apart, in place.
fn parse(con: &Keep, req: Req, end: usize) -> Result<(), Refused> {
    let input = con.input().ok_or(BAD)?;
    let mut input = input.lock();
    let bytes = input.pull_up(end).ok_or(NO_MEMORY)?;
    let (line, rest) = head::line(bytes, con.is_lenient())?;
    if con.is_server() {
        receive::request_line(Some(con), req, line)?;
    } else {
        client::status_line(req, line)?;
    }
    let fields = collect(rest, req.input_headers(), con.rules(), con.store())?;
    req.set_received(fields);
    Ok(())
}

/// Takes header lines apart, up to an empty one.
pub fn collect(
    lines: &[u8],
    list: List,
    rules: Rules,
    store: Option<&Store>,
) -> Result<Fields, Refused> {
    let mut sink = Collect {
        list,
        fields: Fields::default(),
        store,
    };
    head::fields(lines, rules, &mut sink)?;
    Ok(sink.fields)
}

/// The head is complete: asks the program whether to go on. False if not.
pub fn ask_program(con: &Keep, req: Req) -> bool {
    let Some(callback) = req.header_callback() else {
        return true;
    };
    let hold = req.hold();
    // SAFETY: the program gave callback and argument to go together.
    let answer = unsafe { callback(req.as_ptr(), req.argument()) };
    if con.is_gone() || hold.is_freed() || con.current() != Some(req) {
        return false;
    }
    if answer < 0 {
        con.fail(Failure::Eof);
        return false;
    }
    true
}

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

fn body(con: &Keep) -> Flow {
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

/// Gives the program what has come of a body. False if that was the end of it.
fn tell_chunk(con: &Keep, req: Req) -> bool {
    let Some(callback) = req.chunk_callback() else {
        return true;
    };
    if req.input().is_empty() {
        return true;
    }
    let hold = req.hold();
    // SAFETY: the program gave callback and argument to go together.
    unsafe { callback(req.as_ptr(), req.argument()) };
    let live = !hold.is_freed() && (!con.is_gone() || req.has(EVHTTP_USER_OWNED));
    if live {
        // What the program left is dropped.
        let _ = req.input().lock().drain(usize::MAX);
    }
    live && !con.is_gone() && con.current() == Some(req)
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

fn trailer(con: &Keep) -> Flow {
    let Some(req) = con.current() else {
        return Flow::Stop;
    };
    let end = match find(con, req, req.headers_size()) {
        Found::Nothing | Found::Incomplete => {
            linger::guard_body(con);
            return Flow::Stop;
        }
        Found::Complete(end) => end,
        Found::Refused(refused) => {
            con.refuse(req, refused);
            return Flow::On;
        }
    };
    req.set_headers_size(req.headers_size() + req.scan().size(end));
    let lines = || {
        let input = con.input().ok_or(BAD)?;
        let mut input = input.lock();
        let bytes = input.pull_up(end).ok_or(NO_MEMORY)?;
        collect(bytes, req.trailers(), con.rules(), con.store())?;
        input.drain(end).map_err(|_| BAD)
    };
    match lines() {
        Err(refused) => {
            con.refuse(req, refused);
            Flow::On
        }
        Ok(()) if con.is_gone() => Flow::Stop,
        Ok(()) => message_complete(con, req),
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
