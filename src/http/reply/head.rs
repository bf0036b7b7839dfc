//! The head of a reply: what the program has set, and what goes without saying.

use core::ffi::CStr;

use super::Extra;
use crate::http::connection::Connection;
use crate::http::request::Req;
use crate::http::{date, field, keyval};
use crate::support::decimal::Decimal;

/// A body of up to so many bytes is copied behind the head, which saves the system a vector.
const SMALL: usize = 16 * 1024;

/// What is looked for to begin with: a head with a few headers.
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
    /// Writes the head of the reply, and the body that is in the request's output.
    pub(super) fn write_head(&self, req: Req, head: &Head) -> bool {
        let Some(output) = self.output() else {
            return false;
        };
        let body = req.output();
        let body_len = body.len();
        let date = self.server.get().map(|server| server.date.text());
        let copied = if body_len <= SMALL { body_len } else { 0 };
        let written = {
            let mut output = output.lock();
            // Most heads fit; of others the length is known then.
            let mut len = copied + USUAL_HEAD;
            if self.dispatching.get() {
                output.add_spare(len, self.spares());
            }
            let body = body.lock();
            let mut fill = || {
                let at_least = len;
                // SAFETY: `len` is returned if all that is counted is written.
                unsafe {
                    output.fill(at_least, |space| {
                        len = 0;
                        let mut add = |part: &[u8]| {
                            if let Some(place) = space.get_mut(len..len + part.len()) {
                                place.write_copy_of_slice(part);
                            }
                            len += part.len();
                        };
                        self.each_part(req, head, date.as_ref(), &mut add);
                        if copied > 0 {
                            body.pieces().for_each(add);
                        }
                        if len <= space.len() { len } else { 0 }
                    })
                }
            };
            let filled = match fill() {
                Ok(0) => fill(),
                filled => filled,
            };
            filled.is_ok_and(|filled| filled > 0)
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
        date: Option<&[u8; date::LEN]>,
        mut add: impl FnMut(&[u8]),
    ) {
        let version = req.version();
        let modern = version.is_modern();
        let received = req.received();
        add(if modern { b"HTTP/1.1 " } else { b"HTTP/1.0 " });
        add(Decimal::new(req.code()).text());
        add(b" ");
        for line in req
            .reason_text()
            .split(|byte| matches!(byte, b'\r' | b'\n'))
        {
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

    fn closes(&self, list: keyval::List) -> bool {
        self.connection
            && list
                .iter()
                .any(|header| header.is(b"Connection") && field::lists(header.value(), b"close"))
    }
}
