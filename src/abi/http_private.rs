//! Exported although `<event2/http.h>` does not name them: fuzzers and test programs import these.

#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_char, c_int};
use core::slice;

use crate::abi::argument::Required;
use crate::buffer::Buf;
use crate::ctypes::http::{
    EVREQ_HTTP_BUFFER_ERROR, EVREQ_HTTP_DATA_TOO_LONG, EVREQ_HTTP_INVALID_HEADER,
    EVREQ_HTTP_REQUEST_CANCEL, EVREQ_HTTP_TIMEOUT, evhttp_request_error,
};
use crate::http::connection::Con;
use crate::http::connection::fail::Failure;
use crate::http::escape::{Plus, decode};
use crate::http::piecewise::{self, Progress};
use crate::http::request::Req;

/// How far a message has been read.
pub type message_read_status = c_int;
/// All of it.
pub const ALL_DATA_READ: message_read_status = 1;
/// More is needed.
pub const MORE_DATA_EXPECTED: message_read_status = 0;
/// It is no message of HTTP.
pub const DATA_CORRUPTED: message_read_status = -1;
/// The request was cancelled.
#[expect(dead_code, reason = "part of the enum that harnesses know")]
pub const REQUEST_CANCELED: message_read_status = -2;
/// It is longer than allowed.
pub const DATA_TOO_LONG: message_read_status = -3;

fn status(progress: Progress) -> message_read_status {
    match progress {
        Progress::Done => ALL_DATA_READ,
        Progress::More => MORE_DATA_EXPECTED,
        Progress::Corrupt => DATA_CORRUPTED,
        Progress::TooLong => DATA_TOO_LONG,
    }
}

/// Takes the first line of a message, a request or a reply by the kind of `req`, out of a buffer.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_parse_firstline_(
    req: Option<Req>,
    buffer: Option<Buf>,
) -> message_read_status {
    match (req, buffer) {
        (Some(req), Some(buffer)) => status(piecewise::first_line(req, buffer)),
        _ => DATA_CORRUPTED,
    }
}

/// Takes the headers of a message, up to the empty line, out of a buffer, if all are there.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_parse_headers_(
    req: Option<Req>,
    buffer: Option<Buf>,
) -> message_read_status {
    match (req, buffer) {
        (Some(req), Some(buffer)) => status(piecewise::headers(req, buffer)),
        _ => DATA_CORRUPTED,
    }
}

/// Ends what a connection is doing with an error.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_fail_(
    evcon: Required<Con>,
    error: evhttp_request_error,
) {
    let failure = match error {
        EVREQ_HTTP_TIMEOUT => Failure::Timeout,
        EVREQ_HTTP_INVALID_HEADER => Failure::InvalidHeader,
        EVREQ_HTTP_BUFFER_ERROR => Failure::Buffer,
        EVREQ_HTTP_REQUEST_CANCEL => Failure::Cancelled,
        EVREQ_HTTP_DATA_TOO_LONG => Failure::TooLong,
        _ => Failure::Eof,
    };
    evcon.fail(failure);
}

/// Decodes `length` bytes to `ret`, and ends them with a NUL. `decode_plus_ctl` is 1 if each "+"
/// stands for a space, negative if only those after the first "?" do. Returns the length.
///
/// # Safety
/// `uri` has `length` readable bytes; `ret` has one more, writable, elsewhere.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_decode_uri_internal(
    uri: *const c_char,
    length: usize,
    ret: *mut c_char,
    decode_plus_ctl: c_int,
) -> c_int {
    let plus = match decode_plus_ctl {
        1 => Plus::Always,
        0.. => Plus::Never,
        _ => Plus::InQuery,
    };
    // SAFETY: the caller's promise; the bytes are initialized before they are a slice.
    let (text, out) = unsafe {
        ret.write_bytes(0, length + 1);
        (
            slice::from_raw_parts(uri.cast(), length),
            slice::from_raw_parts_mut(ret.cast(), length + 1),
        )
    };
    let len = decode(text, plus, out);
    out[len] = 0;
    len as c_int
}
