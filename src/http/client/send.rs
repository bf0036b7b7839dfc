//! Sending a request.

use core::ffi::CStr;

use super::{Client, receive};
use crate::buffer::Locked;
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::http::evhttp_ext_method;
use crate::http::connection::fail::Failure;
use crate::http::connection::{Connection, Keep, State};
use crate::http::request::Req;
use crate::http::start_line::Version;
use crate::http::text;
use crate::http::{Bits, method};
use crate::support::decimal::Decimal;

/// Sends the first request of the queue over the connection, which is idle.
pub fn next(con: &Keep) {
    let Some(req) = con.current() else {
        return;
    };
    con.state.set(State::Sending);
    let client = Client::of(con);
    client.interim.set(0);
    client.body_waits.set(expects_continue(req));
    let hold = req.hold();
    let head = write_head(con, req);
    if con.is_gone() || hold.is_freed() || con.current() != Some(req) {
        return;
    }
    drop(hold);
    if head.is_some() && (client.body_waits.get() || add_body(con, req)) {
        flow(con);
    } else {
        con.fail(Failure::Buffer);
    }
}

/// Has the output written.
fn flow(con: &Keep) {
    con.attach(true, true);
    if !con.enable(EV_READ | EV_WRITE) {
        con.fail(Failure::Buffer);
    }
}

/// The server wants the body that waits.
pub fn body(con: &Keep, req: Req) {
    Client::of(con).body_waits.set(false);
    con.state.set(State::Sending);
    if add_body(con, req) {
        flow(con);
    } else {
        con.fail(Failure::Buffer);
    }
}

fn add_body(con: &Keep, req: Req) -> bool {
    let added = con
        .output()
        .is_some_and(|output| output.append_from(req.output()).is_ok());
    added && !con.is_gone()
}

fn expects_continue(req: Req) -> bool {
    let expect = req.output_headers().find(b"Expect");
    !req.output().is_empty()
        && expect.is_some_and(|header| header.value().eq_ignore_ascii_case(b"100-continue"))
}

/// Room for a head with a few headers.
const USUAL_HEAD: usize = 160;

/// Writes the first line and the headers. `None` without memory, or for a method without a name. The
/// program may be asked for the name, and end request and connection.
fn write_head(con: &Connection, req: Req) -> Option<()> {
    with_name(con, req.method(), |name| {
        let output = con.output().filter(|_| con.current() == Some(req))?;
        write_lines(req, name, output.lock()).then_some(())
    })?
}

fn write_lines(req: Req, name: &[u8], mut output: Locked) -> bool {
    let headers = req.output_headers();
    let len = req.output().len();
    let always = [method::POST, method::PUT].contains(&req.method());
    let announced = headers.has(b"Content-Length") || headers.has(b"Transfer-Encoding");
    let length = (always || len > 0) && !announced;
    let Version { major, minor } = req.version();
    text::append(&mut output, USUAL_HEAD, |text| {
        for part in [name, b" ", req.target_text(), b" HTTP/"] {
            text.add(part);
        }
        text.add(Decimal::new(major.into()).text());
        text.add(b".");
        text.add(Decimal::new(minor.into()).text());
        text.add(b"\r\n");
        for header in headers.iter() {
            if !header.is(b"Proxy-Connection") {
                text.add_header(header.name(), header.value());
            }
        }
        if length {
            text.add_header(b"Content-Length", Decimal::of_len(len).text());
        }
        text.add(b"\r\n");
    })
}

/// Calls `action` with the name of a method.
fn with_name<T>(con: &Connection, bit: Bits, action: impl FnOnce(&[u8]) -> T) -> Option<T> {
    if let Some(name) = method::name(bit) {
        return Some(action(name.as_bytes()));
    }
    let callback = con.ext_method.get()?;
    let mut asked = evhttp_ext_method {
        method: core::ptr::null(),
        r#type: bit,
        flags: 0,
    };
    // SAFETY: the program's promise.
    let known = unsafe { callback(&raw mut asked) } == 0 && !asked.method.is_null();
    // SAFETY: the program gave a C string.
    known.then(|| action(unsafe { CStr::from_ptr(asked.method) }.to_bytes()))
}

/// Whether a method has a name.
pub fn has_name(con: &Connection, bit: Bits) -> bool {
    with_name(con, bit, |_| ()).is_some()
}

/// The request, or what may be sent of it now, is written.
pub fn sent(con: &Keep) {
    if con.current().is_some() {
        receive::start(con);
    }
}
