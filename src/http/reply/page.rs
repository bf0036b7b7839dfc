//! Pages that say what went wrong.

use core::ffi::c_int;

use super::{Extra, connection, drop_connection, send_whole, set_status};
use crate::buffer::{Buf, Locked, OwnedBuf, Refused};
use crate::http::request::{Reply, Req};
use crate::support::decimal::Decimal;

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
    let hold = req.hold();
    let by_program = ask_for_page(req, *page, code, reason);
    if hold.is_freed() {
        return;
    }
    if !by_program && write_page(page.lock(), req).is_err() {
        drop_connection(req);
    } else if connection(req, true).is_some() {
        send_page(req, *page, extra);
    }
}

/// Has the program write the page. False if it leaves that to us. It may free the request.
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
    // SAFETY: the program gave callback and argument to go together; the reason is a C string.
    let answer = unsafe { callback(req.as_ptr(), page.as_ptr().cast(), code, reason, argument) };
    let used = answer >= 0 && !page.is_empty();
    if !used {
        let _ = page.lock().drain(usize::MAX);
    }
    used
}

fn write_page(mut page: Locked, req: Req) -> Result<(), Refused> {
    let reason = req.reason_text();
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
