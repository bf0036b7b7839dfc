//! `<event2/http_struct.h>`: what programs see of a request.

use core::ffi::{c_char, c_int, c_uint, c_void};

use super::http::{
    evhttp_cmd_type, evhttp_header_cb, evhttp_request_cb, evhttp_request_error_cb,
    evhttp_request_kind,
};
use super::keyvalq_struct::evkeyvalq;
use super::opaque::{evbuffer, evhttp_connection, evhttp_uri};
use super::queue::TailLink;

/// The connection was made for this request and ends with it.
pub const EVHTTP_REQ_OWN_CONNECTION: c_int = 0x0001;
/// The request's target names another host: it is meant for a proxy.
pub const EVHTTP_PROXY_REQUEST: c_int = 0x0002;
/// The program frees the request; see evhttp_request_own().
pub const EVHTTP_USER_OWNED: c_int = 0x0004;
/// The library is using the request: freeing it has to wait.
pub const EVHTTP_REQ_DEFER_FREE: c_int = 0x0008;
/// The request was freed and waits for the library.
pub const EVHTTP_REQ_NEEDS_FREE: c_int = 0x0010;

/// A request, or a reply to one. More lies behind what is declared here: never make or copy one.
/// cbindgen:no-export
#[repr(C)]
pub struct evhttp_request {
    pub next: TailLink<evhttp_request>,
    pub evcon: *mut evhttp_connection,
    pub flags: c_int,
    pub input_headers: *mut evkeyvalq,
    pub output_headers: *mut evkeyvalq,
    pub remote_host: *mut c_char,
    pub remote_port: u16,
    pub host_cache: *mut c_char,
    pub kind: evhttp_request_kind,
    pub r#type: evhttp_cmd_type,
    pub headers_size: usize,
    pub body_size: usize,
    pub uri: *mut c_char,
    pub uri_elems: *mut evhttp_uri,
    pub major: c_char,
    pub minor: c_char,
    pub response_code: c_int,
    pub response_code_line: *mut c_char,
    pub input_buffer: *mut evbuffer,
    pub ntoread: i64,
    /// 1 if the message is chunked, 2 if the program has nothing to add to a reply.
    pub bits: c_uint,
    pub output_buffer: *mut evbuffer,
    pub cb: evhttp_request_cb,
    pub cb_arg: *mut c_void,
    pub chunk_cb: evhttp_request_cb,
    pub header_cb: evhttp_header_cb,
    pub error_cb: evhttp_request_error_cb,
    pub on_complete_cb: evhttp_request_cb,
    pub on_complete_cb_arg: *mut c_void,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;

    assert!(size_of::<evhttp_request>() == 216);
    assert!(offset_of!(evhttp_request, evcon) == 16);
    assert!(offset_of!(evhttp_request, input_headers) == 32);
    assert!(offset_of!(evhttp_request, remote_host) == 48);
    assert!(offset_of!(evhttp_request, kind) == 72);
    assert!(offset_of!(evhttp_request, headers_size) == 80);
    assert!(offset_of!(evhttp_request, uri_elems) == 104);
    assert!(offset_of!(evhttp_request, response_code) == 116);
    assert!(offset_of!(evhttp_request, ntoread) == 136);
    assert!(offset_of!(evhttp_request, bits) == 144);
    assert!(offset_of!(evhttp_request, output_buffer) == 152);
    assert!(offset_of!(evhttp_request, error_cb) == 192);
    assert!(offset_of!(evhttp_request, on_complete_cb_arg) == 208);
};
