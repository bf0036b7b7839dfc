//! Of `<event2/http.h>`: requests, replies and their headers.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use crate::abi::convert::{bytes, optional_bytes};
use crate::buffer::{Buf, Buffer as evbuffer};
use crate::ctypes::http::{
    evhttp_cmd_type, evhttp_connection_cb, evhttp_header_cb, evhttp_request_cb,
    evhttp_request_error_cb,
};
use crate::ctypes::http_struct::{EVHTTP_USER_OWNED, evhttp_request};
use crate::ctypes::keyvalq_struct::evkeyvalq;
use crate::http::connection::Connection as evhttp_connection;
use crate::http::keyval::{self, List};
use crate::http::request::Req;
use crate::http::uri::Uri as evhttp_uri;
use crate::http::{client, reply};
use crate::support::log;

/// The request. Null ends the process.
///
/// # Safety
/// See [`crate::abi`].
pub(crate) unsafe fn of(req: *const evhttp_request) -> Req {
    // SAFETY: the caller passes a live request.
    match unsafe { Req::new(req.cast_mut()) } {
        Some(req) => req,
        None => log::fatal_abort(format_args!("The evhttp_request is NULL")),
    }
}

/// Sends a page that says what went wrong, and closes the connection. Headers that were added to
/// the reply are dropped.
///
/// @param req the request, which is the library's from now on
/// @param error the status
/// @param reason what is said of it; NULL for the usual words
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_error(
    req: *mut evhttp_request,
    error: c_int,
    reason: *const c_char,
) {
    // SAFETY: the caller's promise.
    unsafe { reply::send_error(of(req), error, optional_bytes(reason)) };
}

/// Sends a reply. Date, Content-Length, Content-Type and Connection are added where they are missing.
/// A status without a body, and the reply to HEAD, has none sent.
///
/// @param req the request, which is the library's from now on
/// @param code the status
/// @param reason what is said of it; NULL for the usual words
/// @param databuf the body, which is moved: the buffer is empty afterwards, and remains the
///   program's; NULL for none
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply(
    req: *mut evhttp_request,
    code: c_int,
    reason: *const c_char,
    databuf: *mut evbuffer,
) {
    // SAFETY: the caller's promise.
    unsafe { reply::send(of(req), code, optional_bytes(reason), Buf::new(databuf)) };
}

/// Begins a reply whose body comes by evhttp_send_reply_chunk(), and that evhttp_send_reply_end()
/// ends. It is chunked if the client knows that, and no Content-Length is among the headers.
///
/// @param req the request
/// @param code the status
/// @param reason what is said of it; NULL for the usual words
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_start(
    req: *mut evhttp_request,
    code: c_int,
    reason: *const c_char,
) {
    // SAFETY: the caller's promise.
    unsafe { reply::start(of(req), code, optional_bytes(reason)) };
}

/// Sends a part of the body of a reply that was begun by evhttp_send_reply_start(). Nothing happens
/// if the connection is gone.
///
/// @param req the request
/// @param databuf the part, which is moved: the buffer is empty afterwards, and remains the program's
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_chunk(req: *mut evhttp_request, databuf: *mut evbuffer) {
    // SAFETY: the caller's promise.
    unsafe { evhttp_send_reply_chunk_with_cb(req, databuf, None, ptr::null_mut()) };
}

/// Sends a part of the body of a reply, as evhttp_send_reply_chunk() does.
///
/// @param req the request
/// @param databuf the part, which is moved
/// @param cb what to call whenever all is written, up to the next part; may be NULL
/// @param arg its second argument
///
/// # Safety
/// `cb` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_chunk_with_cb(
    req: *mut evhttp_request,
    databuf: *mut evbuffer,
    cb: evhttp_connection_cb,
    arg: *mut c_void,
) {
    // SAFETY: the caller's promise.
    let (req, data) = unsafe { (of(req), Buf::new(databuf)) };
    if let Some(data) = data {
        reply::chunk(req, data, cb, arg);
    }
}

/// Ends a reply that was begun by evhttp_send_reply_start(). If the connection is gone, the request
/// is freed.
///
/// @param req the request, which is the library's from now on
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_send_reply_end(req: *mut evhttp_request) {
    // SAFETY: the caller's promise.
    reply::end(unsafe { of(req) });
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
) -> *mut evhttp_request {
    Req::make(cb, arg).map_or(ptr::null_mut(), Req::as_ptr)
}

/// Sets a callback for the parts of a body: each chunk of a chunked one, else what was read. It
/// finds them in the input buffer, from which they are removed afterwards.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_chunked_cb(
    req: *mut evhttp_request,
    cb: evhttp_request_cb,
) {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.set_chunk_callback(cb);
}

/// Sets a callback for when the headers are there. If it returns less than 0, the exchange ends. Since
/// 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_header_cb(
    req: *mut evhttp_request,
    cb: evhttp_header_cb,
) {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.set_header_callback(cb);
}

/// Sets a callback that is told why a client's request has failed, before the request's own callback
/// gets NULL. The request is freed by then. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_error_cb(
    req: *mut evhttp_request,
    cb: evhttp_request_error_cb,
) {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.set_error_callback(cb);
}

/// Sets a callback for when a server's reply is written. Since 2.1.
///
/// @param req the request, which is freed after the callback
/// @param cb what to call
/// @param cb_arg its second argument
///
/// # Safety
/// `cb` can be called with `cb_arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_set_on_complete_cb(
    req: *mut evhttp_request,
    cb: evhttp_request_cb,
    cb_arg: *mut c_void,
) {
    // SAFETY: the caller's promise.
    let req = unsafe { of(req) };
    req.set_complete_callback(cb);
    req.set_complete_argument(cb_arg);
}

/// Frees a request.
///
/// # Safety
/// `req` is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_free(req: *mut evhttp_request) {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.free();
}

/// Ends a request that is not done: its callback is not called, and it is freed. If it is being
/// sent, or its reply received, the connection ends with it.
///
/// # Safety
/// `req` is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_cancel_request(req: *mut evhttp_request) {
    // SAFETY: the caller's promise.
    client::cancel(unsafe { of(req) });
}

/// Makes a client's request the program's: it is not freed after its callback. The functions that
/// send a server's reply free the request all the same.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_own(req: *mut evhttp_request) {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.add_flags(EVHTTP_USER_OWNED);
}

/// Whether evhttp_request_own() was called: 1 or 0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_is_owned(req: *mut evhttp_request) -> c_int {
    // SAFETY: the caller's promise.
    c_int::from(unsafe { of(req) }.has(EVHTTP_USER_OWNED))
}

/// The connection of a request; NULL if it has none any more.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_connection(
    req: *mut evhttp_request,
) -> *mut evhttp_connection {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.con_ptr()
}

/// The target of a request, as it was sent; NULL if it could not be understood.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_uri(req: *const evhttp_request) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.target()
}

/// The target of a request that was received, taken apart; NULL if it could not be understood.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_evhttp_uri(
    req: *const evhttp_request,
) -> *const evhttp_uri {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.uri_ptr()
}

/// The method of a request.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_command(req: *const evhttp_request) -> evhttp_cmd_type {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.method()
}

/// The status of a reply; 0 if there is none.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_response_code(req: *const evhttp_request) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.code()
}

/// What a reply says of its status. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_response_code_line(
    req: *const evhttp_request,
) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.reason()
}

/// The headers that were received.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_input_headers(
    req: *mut evhttp_request,
) -> *mut evkeyvalq {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.input_list()
}

/// The headers to send.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_output_headers(
    req: *mut evhttp_request,
) -> *mut evkeyvalq {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.output_list()
}

/// The body that was received.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_input_buffer(
    req: *mut evhttp_request,
) -> *mut evbuffer {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.input_ptr()
}

/// The body to send.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_output_buffer(
    req: *mut evhttp_request,
) -> *mut evbuffer {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.output_ptr()
}

/// The host that a request is for, without a port: that of an absolute target, or that of the Host
/// header. NULL if there is none, or no memory.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_host(req: *mut evhttp_request) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { of(req) }.host()
}

/// The list. Null ends the process.
///
/// # Safety
/// See [`crate::abi`].
unsafe fn list(headers: *const evkeyvalq) -> List {
    // SAFETY: the caller passes a live list.
    match unsafe { List::new(headers.cast_mut()) } {
        Some(list) => list,
        None => log::fatal_abort(format_args!("The evkeyvalq is NULL")),
    }
}

/// Finds a header, whatever its case.
///
/// @param headers the list
/// @param key the name
/// @return the value of the first with that name, as long as it is in the list; NULL if there is none
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_find_header(
    headers: *const evkeyvalq,
    key: *const c_char,
) -> *const c_char {
    // SAFETY: the caller's promise.
    let found = unsafe { list(headers).find(bytes(key)) };
    found.map_or(ptr::null(), |header| header.value_ptr())
}

/// Removes a header, whatever its case.
///
/// @param headers the list
/// @param key the name
/// @return 0 if the first with that name was removed; -1 if there is none
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_remove_header(
    headers: *mut evkeyvalq,
    key: *const c_char,
) -> c_int {
    // SAFETY: the caller's promise.
    let removed = unsafe { list(headers).remove(bytes(key)) };
    if removed { 0 } else { -1 }
}

/// Adds a header to the end of a list, even if one with that name is there.
///
/// @param headers the list
/// @param key the name
/// @param value the value; both are copied
/// @return 0; -1 if there is the end of a line in one of them, or no memory
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_add_header(
    headers: *mut evkeyvalq,
    key: *const c_char,
    value: *const c_char,
) -> c_int {
    // SAFETY: the caller's promise.
    let (list, key, value) = unsafe { (list(headers), bytes(key), bytes(value)) };
    let added = keyval::is_one_line(key, value) && list.add(key, value, None).is_ok();
    if added { 0 } else { -1 }
}

/// Removes all headers of a list.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_clear_headers(headers: *mut evkeyvalq) {
    if !headers.is_null() {
        // SAFETY: the caller's promise.
        unsafe { list(headers) }.clear(None);
    }
}
