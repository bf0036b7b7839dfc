//! The head of a reply: what the program has set, and what goes without saying.

use core::ffi::CStr;

use super::Extra;
use crate::buffer::Buf;
use crate::http::connection::Connection;
use crate::http::request::Req;
use crate::http::text::{self, Text};
use crate::http::{date, field, keyval};
use crate::support::ascii;
use crate::support::decimal::Decimal;

/// A body of up to so many bytes is copied behind the head, which saves the system a vector.
pub(super) const SMALL: usize = 16 * 1024;

/// Room for a head with a few headers: most fit.
const USUAL_HEAD: usize = 160;

/// What is known of a head when it is written.
pub struct Head<'a> {
    /// The length of the body, if the head shall tell it.
    pub length: Option<usize>,
    pub has_body: bool,
    pub chunked: bool,
    pub extra: &'a [Extra<'a>],
}

impl Connection {
    /// Writes the head of the reply, and the body.
    pub(super) fn write_head(&self, req: Req, head: &Head, body: Buf) -> bool {
        let Some(output) = self.output() else {
            return false;
        };
        let body_len = body.len();
        let date = self.server.get().map(|server| server.date.text());
        let copied = if body_len <= SMALL { body_len } else { 0 };
        let written = {
            let mut output = output.lock();
            let usual = copied + USUAL_HEAD;
            if self.dispatching.get() {
                output.add_spare(usual, self.spares());
            }
            let body = body.lock();
            text::append(&mut output, usual, |text| {
                self.write_text(req, head, date.as_ref(), text);
                if copied > 0 {
                    body.pieces().for_each(|piece| text.add(piece));
                }
            })
        };
        if !written {
            return false;
        }
        if copied > 0 {
            return body.lock().drain(copied).is_ok();
        }
        output.append_from(body).is_ok()
    }

    /// Writes a reply's head.
    #[inline]
    fn write_text(
        &self,
        req: Req,
        head: &Head,
        date: Option<&[u8; date::LEN]>,
        text: &mut Text<'_>,
    ) {
        let version = req.version();
        let modern = version.is_modern();
        let received = req.received();
        text.add(if modern { b"HTTP/1.1 " } else { b"HTTP/1.0 " });
        match req.code() {
            code @ 100..1000 => {
                let digits = [code / 100, code / 10 % 10, code % 10];
                text.add(&digits.map(|digit| b'0' + digit as u8));
            }
            code => text.add(Decimal::new(code).text()),
        }
        text.add(b" ");
        let reason = req.reason_text();
        if keyval::is_one_line(reason) {
            text.add(reason);
        } else {
            let lines = reason.split(|byte| matches!(byte, b'\r' | b'\n'));
            lines.for_each(|line| text.add(line));
        }
        text.add(b"\r\n");
        let mut has = Has::default();
        let own = req.output_headers();
        for one in own.iter() {
            let (name, value) = (one.name(), one.value());
            let known = has.note(name);
            let coding = has.is_coding(name);
            if known == Known::Connection && received.connection_close || coding && !head.chunked {
                continue;
            }
            has.framed |= coding && field::lists(value, b"chunked");
            text.add_header(name, value);
        }
        for (name, value) in head.extra {
            text.add_header(name, value);
        }
        if head.chunked && !has.framed {
            text.add(b"Transfer-Encoding: chunked\r\n");
        }
        if modern
            && !has.date
            && let Some(date) = date
        {
            text.add(b"Date: ");
            text.add(date);
            text.add(b"\r\n");
        }
        let keep_alive = received.connection_keep_alive;
        if !modern && keep_alive && !has.connection && !req.last() {
            text.add(b"Connection: keep-alive\r\n");
        }
        if let Some(length) = head.length
            && (modern || keep_alive || !head.has_body)
            && !has.length
        {
            text.add(b"Content-Length: ");
            text.add(Decimal::of_len(length).text());
            text.add(b"\r\n");
        }
        if head.has_body && !has.kind {
            let kind = self.server.get().map(|server| server.content_type.get());
            if let Some(kind) = kind.filter(|kind| !kind.is_null()) {
                // SAFETY: the program's string, which it keeps.
                let kind = unsafe { CStr::from_ptr(kind) }.to_bytes();
                text.add_header(b"Content-Type", kind);
            }
        }
        // An old client that doesn't ask for more knows.
        let tells = req.last() && (modern || keep_alive) && !has.closes(own);
        let closes = received.connection_close || tells;
        if closes {
            text.add(b"Connection: close\r\n");
        }
        text.add(b"\r\n");
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
    /// That is in chunks.
    framed: bool,
}

#[derive(PartialEq)]
enum Known {
    Connection,
    Other,
}

impl Has {
    fn note(&mut self, name: &[u8]) -> Known {
        let is = |text: &[u8]| ascii::same(name, text);
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

    fn closes(&self, list: keyval::List) -> bool {
        self.connection
            && list
                .iter()
                .any(|header| header.is(b"Connection") && field::lists(header.value(), b"close"))
    }
}
