//! Of `<event2/http.h>`: requests, replies and their headers.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use crate::abi::argument::{Const, Required, Str};
use crate::buffer::{Buf, Buffer as evbuffer};
use crate::ctypes::http::{
    evhttp_cmd_type, evhttp_connection_cb, evhttp_header_cb, evhttp_request_cb,
    evhttp_request_error_cb,
};
use crate::ctypes::http_struct::EVHTTP_USER_OWNED;
use crate::ctypes::keyvalq_struct::evkeyvalq;
use crate::http::connection::Connection as evhttp_connection;
use crate::http::keyval::{self, List};
use crate::http::request::Req;
use crate::http::server::dispatch;
use crate::http::uri::Uri as evhttp_uri;
use crate::http::{client, reply};

/// Sends an error page and closes the connection. Headers that were added to the reply are dropped.
///
/// @param req the request, which is the library's from now on
/// @param error the status
/// @param reason the reason phrase; NULL for the standard one
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_error(
    req: Required<Req>,
    error: c_int,
    reason: Option<Str<'_>>,
) {
    reply::send_error(*req, error, reason.map(Str::bytes));
}

/// Sends a reply. Date, Content-Length, Content-Type and Connection are added where they are missing.
/// No body is sent with a status that has none, nor in reply to HEAD.
///
/// @param req the request, which is the library's from now on
/// @param code the status
/// @param reason the reason phrase; NULL for the standard one
/// @param databuf the body, which is moved: the buffer is empty afterwards, and remains the
///   program's; NULL for none
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply(
    req: Required<Req>,
    code: c_int,
    reason: Option<Str<'_>>,
    databuf: Option<Buf>,
) {
    reply::send(*req, code, reason.map(Str::bytes), databuf);
}

/// Starts a reply whose body is sent by evhttp_send_reply_chunk(), and which
/// evhttp_send_reply_end() ends. It is chunked if the client supports that and there is no
/// Content-Length header.
///
/// @param req the request
/// @param code the status
/// @param reason the reason phrase; NULL for the standard one
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_start(
    req: Required<Req>,
    code: c_int,
    reason: Option<Str<'_>>,
) {
    reply::start(*req, code, reason.map(Str::bytes));
}

/// Sends a part of the body of a reply that was started by evhttp_send_reply_start(). Nothing
/// happens if the connection is gone.
///
/// @param req the request
/// @param databuf the part, which is moved: the buffer is empty afterwards, and remains the program's
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_chunk(req: Required<Req>, databuf: Option<Buf>) {
    if let Some(data) = databuf {
        reply::chunk(*req, data, None, ptr::null_mut());
    }
}

/// Sends a part of the body of a reply, as evhttp_send_reply_chunk() does.
///
/// @param req the request
/// @param databuf the part, which is moved
/// @param cb what to call whenever all output has been written, until the next part is sent; may be
///   NULL
/// @param arg its second argument
///
/// # Safety
/// `cb` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_chunk_with_cb(
    req: Required<Req>,
    databuf: Option<Buf>,
    cb: evhttp_connection_cb,
    arg: *mut c_void,
) {
    let (req, data) = (*req, databuf);
    if let Some(data) = data {
        reply::chunk(req, data, cb, arg);
    }
}

/// Ends a reply that was started by evhttp_send_reply_start(). If the connection is gone, the
/// request is freed.
///
/// @param req the request, which is the library's from now on
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_end(req: Required<Req>) {
    reply::end(*req);
}

/// Makes a request for evhttp_make_request().
///
/// @param cb is called when the reply is complete; with NULL in place of the request, or with a
///   status of 0, if there is none
/// @param arg the last argument of all callbacks of the request
/// @return the request; NULL without memory
///
/// # Safety
/// `cb` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_new(
    cb: evhttp_request_cb,
    arg: *mut c_void,
) -> Option<Req> {
    Req::make(cb, arg)
}

/// Sets a callback for the parts of a body: each chunk of a chunked one, else what was read. The
/// part is in the input buffer, from which it is removed afterwards.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_chunked_cb(req: Required<Req>, cb: evhttp_request_cb) {
    req.set_chunk_callback(cb);
}

/// Sets a callback for when the headers have been received. If it returns a negative number, the
/// exchange ends. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_header_cb(req: Required<Req>, cb: evhttp_header_cb) {
    req.set_header_callback(cb);
}

/// Sets a callback that gets the reason why a client's request has failed, before the request's own
/// callback gets NULL. The request has been freed by then. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_error_cb(
    req: Required<Req>,
    cb: evhttp_request_error_cb,
) {
    req.set_error_callback(cb);
}

/// Sets a callback for when a server's reply has been written. Since 2.1.
///
/// @param req the request, which is freed after the callback
/// @param cb what to call
/// @param cb_arg its second argument
///
/// # Safety
/// `cb` can be called with `cb_arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_on_complete_cb(
    req: Required<Req>,
    cb: evhttp_request_cb,
    cb_arg: *mut c_void,
) {
    req.set_complete_callback(cb);
    req.set_complete_argument(cb_arg);
}

/// Frees a request.
///
/// # Safety
/// `req` is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_free(req: Required<Req>) {
    req.free();
}

/// Cancels a pending request: its callback is not called, and it is freed. If it is being sent, or
/// its reply received, the connection ends with it.
///
/// # Safety
/// `req` is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_cancel_request(req: Required<Req>) {
    client::cancel(*req);
}

/// Gives the program ownership of a client's request: it is not freed after its callback. The
/// functions that send a server's reply free the request all the same.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_own(req: Required<Req>) {
    req.add_flags(EVHTTP_USER_OWNED);
}

/// Returns 1 if evhttp_request_own() was called, otherwise 0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_is_owned(req: Required<Req>) -> c_int {
    c_int::from(req.has(EVHTTP_USER_OWNED))
}

/// Returns the connection of a request; NULL if it no longer has one.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_connection(
    req: Required<Req>,
) -> *mut evhttp_connection {
    req.con_ptr()
}

/// Returns the target of a request, as it was sent; NULL if it could not be parsed.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_uri(req: Const<Required<Req>>) -> *const c_char {
    req.target()
}

/// Returns the parsed target of a request that was received; NULL if it could not be parsed.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_evhttp_uri(
    req: Const<Required<Req>>,
) -> *const evhttp_uri {
    req.uri_ptr()
}

/// Returns the method of a request.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_command(req: Const<Required<Req>>) -> evhttp_cmd_type {
    req.method()
}

/// Returns the status of a reply; 0 if there is none.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_response_code(req: Const<Required<Req>>) -> c_int {
    req.code()
}

/// Returns the reason phrase of a reply. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_response_code_line(
    req: Const<Required<Req>>,
) -> *const c_char {
    req.reason()
}

/// Returns the headers that were received.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_input_headers(req: Required<Req>) -> *mut evkeyvalq {
    req.input_list()
}

/// Returns the headers to send.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_output_headers(req: Required<Req>) -> *mut evkeyvalq {
    req.output_list()
}

/// Returns the body that was received.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_input_buffer(req: Required<Req>) -> *mut evbuffer {
    req.input_ptr()
}

/// Returns the body to send.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_output_buffer(req: Required<Req>) -> *mut evbuffer {
    req.output_ptr()
}

/// Returns the host that a request is for, without a port: that of an absolute target, or that of
/// the Host header. NULL if there is none, or memory runs out.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_host(req: Required<Req>) -> *const c_char {
    req.host()
}

/// Finds a header by its name, ignoring case.
///
/// @param headers the list
/// @param key the name
/// @return the value of the first with that name, as long as it is in the list; NULL if there is none
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_find_header(
    headers: Const<Required<List>>,
    key: Str<'_>,
) -> *const c_char {
    let found = headers.find(key.bytes());
    found.map_or(ptr::null(), |header| header.value_ptr())
}

/// Removes a header by its name, ignoring case.
///
/// @param headers the list
/// @param key the name
/// @return 0 if the first with that name was removed; -1 if there is none
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_remove_header(headers: Required<List>, key: Str<'_>) -> c_int {
    let removed = headers.remove(key.bytes());
    if removed { 0 } else { -1 }
}

/// Appends a header to a list, even if it already has one with that name.
///
/// @param headers the list
/// @param key the name
/// @param value the value; both are copied
/// @return 0; -1 if either contains a line end, or memory runs out
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_add_header(
    headers: Required<List>,
    key: Str<'_>,
    value: Str<'_>,
) -> c_int {
    let (list, key, value) = (*headers, key.bytes(), value.bytes());
    let added = keyval::is_one_line(key)
        && keyval::is_one_line(value)
        && list.add(key, value, dispatch::store_for(list)).is_ok();
    if added { 0 } else { -1 }
}

/// Removes all headers of a list.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_clear_headers(headers: Option<List>) {
    if let Some(headers) = headers {
        headers.clear(None);
    }
}
