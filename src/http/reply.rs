//! What a server sends: the head that the program didn't write, bodies, and pages for errors.

use core::ffi::{CStr, c_int, c_void};
use core::fmt::Write;

use super::connection::fail::Failure;
use super::connection::{Connection, State};
use super::field;
use super::limits::Limit;
use super::request::{Reply, Req};
use super::server::exchange;
use super::{method, status};
use crate::buffer::{Buf, Locked, OwnedBuf};
use crate::ctypes::http::{EVHTTP_RESPONSE, evhttp_connection_cb};

/// A body of up to so many bytes is copied behind the head, which saves the system a vector.
const SMALL: usize = 16 * 1024;

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
    let moved = body.is_none_or(|body| req.output().append_from(body).is_ok());
    let len = req.output().len();
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
        let _ = req.output().lock().drain(usize::MAX);
    }
    if req.method() == method::CONNECT && has_body {
        req.set_last(true);
    }
    req.set_reply(Reply::Complete);
    let sent = moved && con.write_head(req, &head) && !con.is_gone();
    if sent {
        con.start_writing(None, core::ptr::null_mut());
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
        && con.write_head(req, &head)
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
    if !kept || !con.write_head(req, &head) {
        con.fail(Failure::Buffer);
        return;
    }
    con.start_writing(None, core::ptr::null_mut());
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
    let framed = req.is_chunked();
    let added = (!framed || write!(output.lock(), "{len:x}\r\n").is_ok())
        && output.append_from(data).is_ok()
        && (!framed || output.lock().add(b"\r\n").is_ok());
    if !added {
        con.fail(Failure::Buffer);
    } else if !con.is_gone() {
        con.start_writing(callback, argument);
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
            con.start_writing(None, core::ptr::null_mut());
        }
        return;
    }
    con.on_written.set(None);
    let written = con.output().is_none_or(|output| output.is_empty());
    if written && !con.dispatching.get() {
        exchange::reply_sent(&keep, req);
        super::connection::read::go_on(&keep);
    }
}

/// Sends a page that says what went wrong, and ends the connection.
pub fn send_error(req: Req, code: c_int, reason: Option<&[u8]>) {
    send_error_with(req, code, reason, &[]);
}

/// [`send_error`] with headers.
pub fn send_error_with(req: Req, code: c_int, reason: Option<&[u8]>, extra: &[Extra]) {
    if connection(req, true).is_none() || req.reply() != Reply::None {
        return;
    }
    let page = OwnedBuf::new();
    let Some(page) = page.filter(|_| set_status(req, code, reason)) else {
        drop_connection(req);
        return;
    };
    if !ask_for_page(req, *page, code, reason) && write_page(page.lock(), req).is_err() {
        drop_connection(req);
        return;
    }
    if connection(req, true).is_some() {
        send_page(req, *page, extra);
    }
}

/// Has the program write the page. False if it leaves that to us.
fn ask_for_page(req: Req, page: Buf, code: c_int, reason: Option<&[u8]>) -> bool {
    let server = req.con().and_then(|con| con.server.get());
    let Some((server, callback)) =
        server.and_then(|server| server.on_error.get().map(|callback| (server, callback)))
    else {
        return false;
    };
    let reason = if reason.is_some() {
        req.reason()
    } else {
        core::ptr::null_mut()
    };
    let argument = server.error_argument.get();
    let hold = req.hold();
    // SAFETY: the program gave callback and argument to go together; the reason is a C string.
    let answer = unsafe { callback(req.as_ptr(), page.as_ptr().cast(), code, reason, argument) };
    if hold.is_freed() {
        return true;
    }
    let used = answer >= 0 && !page.is_empty();
    if !used {
        let _ = page.lock().drain(usize::MAX);
    }
    used
}

fn write_page(mut page: Locked, req: Req) -> Result<(), crate::buffer::Refused> {
    let reason = reason(req);
    let code = Decimal::new(req.code());
    page.add(b"<HTML><HEAD>\n<TITLE>")?;
    page.add(code.text())?;
    page.add(b" ")?;
    page.add(reason)?;
    page.add(b"</TITLE>\n</HEAD><BODY>\n<H1>")?;
    page.add(reason)?;
    page.add(b"</H1>\n</BODY></HTML>\n")
}

/// Sends a page of HTML with the status that is set, and ends the connection. What the program wanted
/// to say in headers is dropped.
pub fn send_page(req: Req, page: Buf, extra: &[Extra]) {
    let Some(con) = connection(req, true) else {
        return;
    };
    if req.major() == 0 || req.minor() == 0 {
        req.set_major(1);
        req.set_minor(1);
    }
    let headers = req.output_headers();
    headers.clear(con.store());
    let _ = req.output().lock().drain(usize::MAX);
    let fixed: [Extra; 2] = [(b"Content-Type", b"text/html"), (b"Connection", b"close")];
    let added = fixed
        .iter()
        .chain(extra)
        .all(|(name, value)| headers.add(name, value, con.store()).is_ok());
    if added {
        send_whole(req, Some(page), &[]);
    } else {
        drop_connection(req);
    }
}

/// What is known of a head when it is written.
struct Head<'a> {
    /// The length of the body, if the head shall tell it.
    length: Option<usize>,
    has_body: bool,
    chunked: bool,
    extra: &'a [Extra<'a>],
}

/// The reason, or what was said of it.
fn reason<'a>(req: Req) -> &'a [u8] {
    let reason = req.reason();
    if reason.is_null() {
        return &[];
    }
    // SAFETY: the request's own string, which stays while the head is written.
    unsafe { CStr::from_ptr(reason) }.to_bytes()
}

impl Connection {
    /// Writes the head of the reply, and the body that is in the request's output.
    fn write_head(&self, req: Req, head: &Head) -> bool {
        let Some(output) = self.output() else {
            return false;
        };
        let body = req.output();
        let body_len = body.len();
        let date = self.server.get().map(|server| server.date.text());
        let mut len = 0;
        self.each_part(req, head, date.as_ref(), |part| len += part.len());
        let copied = if body_len <= SMALL { body_len } else { 0 };
        let written = {
            let mut output = output.lock();
            let body = body.lock();
            // SAFETY: all bytes that are counted are written: `at` counts them.
            let filled = unsafe {
                output.fill(len + copied, |space| {
                    let mut at = 0;
                    let mut add = |part: &[u8]| {
                        if let Some(place) = space.get_mut(at..at + part.len()) {
                            place.write_copy_of_slice(part);
                            at += part.len();
                        }
                    };
                    self.each_part(req, head, date.as_ref(), &mut add);
                    if copied > 0 {
                        body.pieces().for_each(add);
                    }
                    at
                })
            };
            filled == Ok(len + copied)
        };
        if !written {
            return false;
        }
        if copied > 0 {
            // Nobody minds the request's own buffer.
            let _ = body.lock().drain(copied);
            return true;
        }
        output.append_from(body).is_ok()
    }

    /// Gives each part of a reply's head to `add`, in order.
    fn each_part(
        &self,
        req: Req,
        head: &Head,
        date: Option<&[u8; super::date::LEN]>,
        mut add: impl FnMut(&[u8]),
    ) {
        let version = req.version();
        let modern = version.is_modern();
        let received = req.received();
        add(if modern { b"HTTP/1.1 " } else { b"HTTP/1.0 " });
        add(Decimal::new(req.code()).text());
        add(b" ");
        for line in reason(req).split(|byte| matches!(byte, b'\r' | b'\n')) {
            add(line);
        }
        add(b"\r\n");
        let mut header = |name: &[u8], value: &[u8]| {
            for part in [name, b": ", value, b"\r\n"] {
                add(part);
            }
        };
        let mut has = Has::default();
        let own = req.output_headers();
        for one in own.iter() {
            let (name, value) = (one.name(), one.value());
            if has.note(name) == Known::Connection && received.connection_close
                || has.is_coding(name) && !head.chunked
            {
                continue;
            }
            header(name, value);
        }
        for (name, value) in head.extra {
            header(name, value);
        }
        if head.chunked && !has.coding {
            header(b"Transfer-Encoding", b"chunked");
        }
        if modern
            && !has.date
            && let Some(date) = date
        {
            header(b"Date", date);
        }
        let keep_alive = received.connection_keep_alive;
        if !modern && keep_alive && !has.connection && !req.last() {
            header(b"Connection", b"keep-alive");
        }
        if let Some(length) = head.length
            && (modern || keep_alive || !head.has_body)
            && !has.length
        {
            header(b"Content-Length", Decimal::of_len(length).text());
        }
        if head.has_body && !has.kind {
            let kind = self.server.get().map(|server| server.content_type.get());
            if let Some(kind) = kind.filter(|kind| !kind.is_null()) {
                // SAFETY: the program's string, which it keeps.
                header(b"Content-Type", unsafe { CStr::from_ptr(kind) }.to_bytes());
            }
        }
        // An old client that doesn't ask for more knows.
        let tells = req.last() && (modern || keep_alive) && !has.closes(own);
        let closes = received.connection_close || tells;
        if closes {
            header(b"Connection", b"close");
        }
        add(b"\r\n");
    }
}

/// Which headers the program has given.
#[derive(Default)]
struct Has {
    date: bool,
    connection: bool,
    length: bool,
    kind: bool,
    coding: bool,
}

#[derive(PartialEq)]
enum Known {
    Connection,
    Other,
}

impl Has {
    fn note(&mut self, name: &[u8]) -> Known {
        let is = |text: &[u8]| name.eq_ignore_ascii_case(text);
        match name.len() {
            4 => self.date |= is(b"Date"),
            10 if is(b"Connection") => {
                self.connection = true;
                return Known::Connection;
            }
            12 => self.kind |= is(b"Content-Type"),
            14 => self.length |= is(b"Content-Length"),
            17 => self.coding |= is(b"Transfer-Encoding"),
            _ => {}
        }
        Known::Other
    }

    fn is_coding(&self, name: &[u8]) -> bool {
        self.coding && name.eq_ignore_ascii_case(b"Transfer-Encoding")
    }

    fn closes(&self, list: super::keyval::List) -> bool {
        self.connection
            && list
                .iter()
                .any(|header| header.is(b"Connection") && field::lists(header.value(), b"close"))
    }
}

/// A number as text.
pub struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    pub fn of_len(len: usize) -> Decimal {
        let mut this = Decimal {
            digits: [0; 20],
            start: 20,
        };
        let mut left = len;
        loop {
            this.start -= 1;
            this.digits[this.start] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                return this;
            }
        }
    }

    fn new(number: c_int) -> Decimal {
        let mut this = Decimal::of_len(number.unsigned_abs() as usize);
        if number < 0 {
            this.start -= 1;
            this.digits[this.start] = b'-';
        }
        this
    }

    pub fn text(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for number in [0, 7, 200, 65535, i32::MAX, -1, i32::MIN] {
            assert_eq!(Decimal::new(number).text(), number.to_string().as_bytes());
        }
        let most = usize::MAX;
        assert_eq!(Decimal::of_len(most).text(), most.to_string().as_bytes());
    }
}
