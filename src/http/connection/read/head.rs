//! Heads of messages, and the trailers behind chunked bodies.

use super::{Flow, message_complete};
use crate::http::client;
use crate::http::connection::fail::Failure;
use crate::http::connection::{Keep, State, linger};
use crate::http::framing::Fields;
use crate::http::head::{self, Rules, Scan, Sink};
use crate::http::keyval::List;
use crate::http::limits::Limit;
use crate::http::request::Req;
use crate::http::server::receive::Unknown;
use crate::http::server::{exchange, receive};
use crate::http::start_line::{self, BAD, NO_MEMORY, Refused};
use crate::http::store::Store;

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
    if exceeds(con, &scan, end.unwrap_or(reach), max) {
        let in_line = con.state.get() == State::Head && scan.first_line().is_none();
        return Found::Refused(Refused(if in_line { 414 } else { 431 }));
    }
    match end {
        Some(end) => Found::Complete(end),
        None if total == 0 => Found::Nothing,
        None => Found::Incomplete,
    }
}

/// Whether a head or trailer of which `len` bytes are there is too large.
fn exceeds(con: &Keep, scan: &Scan, len: usize, max: usize) -> bool {
    // Whoever wants no limit has none.
    let most = con.limit(Limit::Headers).saturating_add(2);
    scan.size(len) > max || scan.lines() as u64 > most && con.max_head.get() != usize::MAX
}

/// Drops empty lines in front of a request, which some clients send. False if that was too much.
fn drop_blank_lines(con: &Keep) -> bool {
    let Some(input) = con.input() else {
        return true;
    };
    let mut input = input.lock();
    if let Some([first, ..]) = input.pieces().next()
        && !matches!(first, b'\r' | b'\n')
    {
        return true;
    }
    loop {
        let mut start = [0; 2];
        let len = input.copy_out(0, &mut start).unwrap_or(0);
        let blank = match &start[..len] {
            b"\r\n" => 2,
            [b'\n', ..] if con.is_lenient() => 1,
            _ => return true,
        };
        // Half of it may have been searched for the end of a head.
        if let Some(req) = con.current() {
            req.set_scan(Scan::default());
        }
        let lines = con.blank_lines.get().saturating_add(1);
        con.blank_lines.set(lines);
        if u64::from(lines) > con.limit(Limit::BlankLines) || input.drain(blank).is_err() {
            return false;
        }
    }
}

pub fn read(con: &Keep) -> Flow {
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
    let hold = req.hold();
    let (end, parsed) = match parse_at_once(con, req) {
        Some(parsed) => parsed,
        None => match find(con, req, 0) {
            Found::Nothing => return Flow::Stop,
            Found::Incomplete => {
                if let Err(refused) = check_first_line(con, req) {
                    con.refuse(req, refused);
                    return Flow::On;
                }
                linger::guard_head(con);
                return Flow::Stop;
            }
            Found::Complete(end) => (end, parse(con, req, end)),
            Found::Refused(refused) => {
                con.refuse(req, refused);
                return Flow::On;
            }
        },
    };
    let parsed = parsed.map(|unknown| {
        if let Some(unknown) = unknown {
            unknown.ask(req);
        }
    });
    if con.is_gone() {
        return Flow::Stop;
    }
    drop(hold);
    linger::calm(con);
    req.set_headers_size(req.headers_size() + req.scan().size(end));
    if let Some(input) = con.input()
        && (input.lock().drain_to(end, con.spares()).is_err() || con.is_gone())
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

/// Takes a head apart that is good, and all there in one piece, as most are, without looking for
/// its end before. Returns its length and whether its first line is good, too; `None` leaves
/// everything as it was.
fn parse_at_once(con: &Keep, req: Req) -> Option<(usize, Result<Option<Unknown>, Refused>)> {
    let list = req.input_headers();
    if req.scan().is_begun() || !list.is_empty() {
        return None;
    }
    let input = con.input()?.lock();
    let bytes = input.pieces().next()?;
    let (line, rest) = head::line(bytes, con.is_lenient()).ok()?;
    let first = bytes.len() - rest.len();
    let mut scan = Scan::behind_first(first, first - line.len());
    let fields = collect(rest, list, con.rules(), &mut scan, con.store());
    let end = scan.seen();
    let good = |_: &Fields| !exceeds(con, &scan, end, con.max_head.get());
    let Some(fields) = fields.ok().filter(good) else {
        list.clear(con.store());
        return None;
    };
    req.set_scan(scan);
    let parsed = match first_line(con, req, line) {
        Ok(unknown) => {
            req.set_received(fields);
            Ok(unknown)
        }
        Err(refused) => {
            list.clear(con.store());
            Err(refused)
        }
    };
    Some((end, parsed))
}

/// Takes the first line of a head apart. Returns the method if the program is to be asked for it.
fn first_line(con: &Keep, req: Req, line: &[u8]) -> Result<Option<Unknown>, Refused> {
    if con.is_server() {
        receive::request_line(Some(con), req, line)
    } else {
        client::status_line(req, line).map(|()| None)
    }
}

/// Takes the head of `end` bytes at the front of the input apart, in place.
fn parse(con: &Keep, req: Req, end: usize) -> Result<Option<Unknown>, Refused> {
    let input = con.input().ok_or(BAD)?;
    let mut input = input.lock();
    let bytes = input.pull_up(end).ok_or(NO_MEMORY)?;
    let (line, rest) = head::line(bytes, con.is_lenient())?;
    let unknown = first_line(con, req, line)?;
    let (list, mut again) = (req.input_headers(), Scan::default());
    let fields = collect(rest, list, con.rules(), &mut again, con.store())?;
    req.set_received(fields);
    Ok(unknown)
}

/// Takes header lines apart, up to an empty one. `scan` goes on behind them.
pub fn collect(
    lines: &[u8],
    list: List,
    rules: Rules,
    scan: &mut Scan,
    store: Option<&Store>,
) -> Result<Fields, Refused> {
    let mut sink = Collect {
        list,
        fields: Fields::default(),
        store,
    };
    head::fields(lines, rules, scan, &mut sink)?;
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
    let awaited = con.current() == Some(req) && con.state.get() == State::Head;
    if con.is_gone() || hold.is_freed() || !awaited {
        return false;
    }
    if answer < 0 {
        con.fail(Failure::Eof);
        return false;
    }
    true
}

/// A trailer.
pub fn read_trailer(con: &Keep) -> Flow {
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
        let (list, mut again) = (req.trailers(), Scan::default());
        collect(bytes, list, con.rules(), &mut again, con.store())?;
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
