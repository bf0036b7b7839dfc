//! The head of a request: what it asks for, and whether its body is wanted.

use core::ffi::c_int;

use crate::ctypes::event::EV_WRITE;
use crate::ctypes::http::{EVHTTP_METHOD_HAS_BODY, evhttp_ext_method};
use crate::ctypes::http_struct::EVHTTP_PROXY_REQUEST;
use crate::http::connection::fail::Failure;
use crate::http::connection::read::{self, Flow};
use crate::http::connection::{Connection, Keep};
use crate::http::framing::Body;
use crate::http::method;
use crate::http::request::Req;
use crate::http::start_line::{self, BAD, NO_MEMORY, Refused};
use crate::http::uri::{self, NONCONFORMANT, Part, Uri};
use crate::support::mm;

/// A method that the program is to be asked for, once no buffer is locked.
pub struct Unknown {
    name: mm::OwnedBlock,
    callback: MethodCallback,
}

type MethodCallback = unsafe extern "C" fn(*mut evhttp_ext_method) -> c_int;

/// Takes the first line apart for the program. `con` is the request's connection, if it has one.
/// Returns the method if the program is to be asked for it.
pub fn request_line(
    con: Option<&Connection>,
    req: Req,
    line: &[u8],
) -> Result<Option<Unknown>, Refused> {
    let line = start_line::request(line, con.is_some_and(Connection::is_lenient))?;
    let known = method::bit(line.method);
    req.set_method(known.unwrap_or(method::UNKNOWN));
    let unknown = match known {
        Some(_) => None,
        None => Unknown::new(con, line.method)?,
    };
    req.set_version(line.version);
    target(req, line.target)?;
    if let Some(server) = con.and_then(|con| con.server.get())
        && let Some(uri) = req.uri()
        && uri.get(Part::Scheme).is_some()
        && let Some(host) = uri.get(Part::Host)
        && server.find_host(host).is_none()
    {
        req.add_flags(EVHTTP_PROXY_REQUEST);
    }
    Ok(unknown)
}

/// Takes a request's target apart.
fn target(req: Req, target: &[u8]) -> Result<(), Refused> {
    if !req.set_target(target) {
        return Err(NO_MEMORY);
    }
    let uri = if req.method() == method::CONNECT {
        // The target is an authority.
        let mut text = mm::vec();
        let made = text.try_reserve_exact(target.len() + 2);
        made.map_err(|_| NO_MEMORY)?;
        text.extend_within_capacity(b"//");
        text.extend_within_capacity(target);
        Uri::parse(&text, NONCONFORMANT)
    } else if target.starts_with(b"/") {
        Uri::of_origin(target)
    } else {
        Uri::parse(target, NONCONFORMANT)
    };
    let uri = uri.map_err(|error| match error {
        uri::Error::Malformed => BAD,
        uri::Error::NoMemory => NO_MEMORY,
    })?;
    if uri.get(Part::Userinfo).is_some() {
        // Only there to mislead people (RFC 9110, 4.2.4).
        return Err(BAD);
    }
    req.set_uri(uri);
    Ok(())
}

impl Unknown {
    /// Nothing if the program has no callback for methods.
    fn new(con: Option<&Connection>, name: &[u8]) -> Result<Option<Unknown>, Refused> {
        let callback = con.and_then(|con| {
            let of_server = || con.server.get().and_then(|server| server.ext_method.get());
            con.ext_method.get().or_else(of_server)
        });
        let Some(callback) = callback else {
            return Ok(None);
        };
        let name = mm::OwnedBlock::c_string(name).map_err(|_| NO_MEMORY)?;
        Ok(Some(Unknown { name, callback }))
    }

    /// Asks the program, and tells the request. The caller holds it and its connection: the
    /// callback may end them.
    pub fn ask(self, req: Req) {
        let name = self.name.as_ptr().cast();
        let mut asked = evhttp_ext_method {
            method: name,
            r#type: 0,
            flags: 0,
        };
        // SAFETY: the program's promise.
        let known = unsafe { (self.callback)(&raw mut asked) } == 0;
        let intact = asked.method == name && asked.flags & !EVHTTP_METHOD_HAS_BODY == 0;
        req.set_method(if known && intact { asked.r#type } else { 0 });
    }
}

/// The head of a request is complete.
pub fn head_complete(con: &Keep, req: Req) -> Flow {
    let body = match check(con, req) {
        Ok(body) => body,
        Err(refused) => {
            con.refuse(req, refused);
            return Flow::On;
        }
    };
    if !read::ask_program(con, req) {
        return Flow::On;
    }
    let received = req.received();
    if body != Body::None && req.version().is_modern() {
        if received.expects_other {
            con.refuse(req, Refused(417));
            return Flow::On;
        }
        if received.expects_continue && !send_continue(con) {
            con.fail(Failure::Buffer);
            return Flow::Stop;
        }
    }
    read::start_body(con, req, body);
    Flow::On
}

/// How long the body is, unless the request is refused.
fn check(con: &Keep, req: Req) -> Result<Body, Refused> {
    let (received, version) = (req.received(), req.version());
    if !received.has_good_host(version, con.is_lenient() || may_lack_host(con, req)) {
        return Err(BAD);
    }
    let body = received.of_request(version, con.is_lenient())?;
    if body != Body::None {
        match req.method() {
            method::TRACE => return Err(BAD),
            // It means nothing.
            method::HEAD => req.set_dropping(true),
            _ => {}
        }
    }
    if matches!(body, Body::Length(length) if length > con.max_body.get()) {
        if !con.lingers_on_close() {
            return Err(Refused(413));
        }
        req.set_dropping(true);
    }
    Ok(body)
}

/// Whether it is libevent's clients of procedure calls who send such requests: they name no host.
fn may_lack_host(con: &Keep, req: Req) -> bool {
    let prefix = con.server.get().and_then(|server| server.hostless.get());
    prefix.is_some_and(|prefix| req.target_text().starts_with(prefix))
}

/// The client waits for a word before it sends the body, unless that is there already.
fn send_continue(con: &Keep) -> bool {
    if con.input().is_some_and(|input| !input.is_empty()) {
        return true;
    }
    let line = b"HTTP/1.1 100 Continue\r\n\r\n";
    let added = con
        .output()
        .is_some_and(|output| output.lock().add(line).is_ok());
    added && con.enable(EV_WRITE)
}
