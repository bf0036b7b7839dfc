//! `<event2/http.h>`: HTTP, server and client.

use core::ffi::{c_char, c_int, c_uint, c_void};

use super::bufferevent_struct::bufferevent;
use super::http_struct::evhttp_request;
use super::opaque::{evbuffer, event_base, evhttp_connection};

/// Status 100: continue with the body. Since 2.2.
pub const HTTP_CONTINUE: c_int = 100;
/// Status 101: switching to another protocol. Since 2.2.
pub const HTTP_SWITCH_PROTOCOLS: c_int = 101;
/// Status 102: the request is being processed. Since 2.2.
pub const HTTP_PROCESSING: c_int = 102;
/// Status 103: some headers, ahead of the reply. Since 2.2.
pub const HTTP_EARLYHINTS: c_int = 103;
/// Status 200: success.
pub const HTTP_OK: c_int = 200;
/// Status 201: a resource was created. Since 2.2.
pub const HTTP_CREATED: c_int = 201;
/// Status 202: the request was accepted, but not completed yet. Since 2.2.
pub const HTTP_ACCEPTED: c_int = 202;
/// Status 203: a proxy has changed the reply. Since 2.2.
pub const HTTP_NONAUTHORITATIVE: c_int = 203;
/// Status 204: success, without a body.
pub const HTTP_NOCONTENT: c_int = 204;
/// Status 301: the resource has moved permanently.
pub const HTTP_MOVEPERM: c_int = 301;
/// Status 302: the resource has moved temporarily.
pub const HTTP_MOVETEMP: c_int = 302;
/// Status 304: the client's copy is current.
pub const HTTP_NOTMODIFIED: c_int = 304;
/// Status 400: the request is malformed.
pub const HTTP_BADREQUEST: c_int = 400;
/// Status 401: authentication is required. Since 2.2.
pub const HTTP_UNAUTHORIZED: c_int = 401;
/// Status 402: payment required. Since 2.2.
pub const HTTP_PAYMENTREQUIRED: c_int = 402;
/// Status 403: the client has no permission. Since 2.2.
pub const HTTP_FORBIDDEN: c_int = 403;
/// Status 404: the resource was not found.
pub const HTTP_NOTFOUND: c_int = 404;
/// Status 405: the method is not allowed for this resource.
pub const HTTP_BADMETHOD: c_int = 405;
/// Status 413: the body is too large.
pub const HTTP_ENTITYTOOLARGE: c_int = 413;
/// Status 417: the client's expectation can't be met.
pub const HTTP_EXPECTATIONFAILED: c_int = 417;
/// Status 500: an internal error of the server.
pub const HTTP_INTERNAL: c_int = 500;
/// Status 501: the server does not implement this.
pub const HTTP_NOTIMPLEMENTED: c_int = 501;
/// Status 502: a proxy got an invalid reply. Since 2.2.
pub const HTTP_BADGATEWAY: c_int = 502;
/// Status 503: the service is unavailable at present.
pub const HTTP_SERVUNAVAIL: c_int = 503;

/// Flag of evhttp_set_flags(): a request whose body is too large is read to its end, and dropped,
/// before the error is sent.
pub const EVHTTP_SERVER_LINGERING_CLOSE: c_int = 0x0001;
/// Flag of evhttp_set_flags(): clients may end lines with a bare line feed, have spaces in the
/// request's target, continue header lines in the next, leave out the Host header, and use transfer
/// codings besides chunked, which are handed over as they are. The rules on the length of messages
/// stay strict. LIBEVENT_RS_HTTP_LENIENT in the environment sets it for every server, and
/// EVHTTP_CON_LENIENT for every client. New in libevent_rs.
pub const EVHTTP_SERVER_LENIENT: c_int = 0x10000;

/// Flag of evhttp_connection_set_flags(): connecting again goes to the address that the name stood
/// for the last time.
pub const EVHTTP_CON_REUSE_CONNECTED_ADDR: c_int = 0x0008;
/// Flag of evhttp_connection_set_flags(): when the request can't be written, a reply that has
/// arrived is read nevertheless.
pub const EVHTTP_CON_READ_ON_WRITE_ERROR: c_int = 0x0010;
/// Flag of evhttp_connection_set_flags(): see EVHTTP_SERVER_LINGERING_CLOSE.
pub const EVHTTP_CON_LINGERING_CLOSE: c_int = 0x0020;
/// Flag of evhttp_connection_set_flags(): the server may end lines with a bare line feed. New in
/// libevent_rs.
pub const EVHTTP_CON_LENIENT: c_int = 0x0040;
/// Public flags are below this one.
pub const EVHTTP_CON_PUBLIC_FLAGS_END: c_int = 0x100000;

/// Flag: any byte may stand in the path, the query and the fragment of a URI, as some clients send
/// them. Scheme, user, host and port stay as RFC 3986 has them.
pub const EVHTTP_URI_NONCONFORMANT: c_uint = 0x01;
/// Flag: evhttp_uri_get_host() gives an IPv6 address without its brackets, as getaddrinfo() wants
/// it; evhttp_uri_join() writes them nevertheless. Since 2.2.
pub const EVHTTP_URI_HOST_STRIP_BRACKETS: c_uint = 0x04;
/// Flag: "unix:PATH:" in place of host and port is the path of a UNIX socket, as in
/// "http://unix:/run/control.sock:/status". Since 2.2.
pub const EVHTTP_URI_UNIX_SOCKET: c_uint = 0x08;

/// Flag of evhttp_parse_query_str_flags(): a name may stand without "=", and what has no name is
/// passed over. Since 2.2.
pub const EVHTTP_URI_QUERY_NONCONFORMANT: c_uint = 0x01;
/// Flag of evhttp_parse_query_str_flags(): of several values of one name, only the last is kept.
/// Since 2.2.
pub const EVHTTP_URI_QUERY_LAST_VAL: c_uint = 0x02;

/// The methods of requests.
pub type evhttp_cmd_type = c_uint;
/// GET.
pub const EVHTTP_REQ_GET: evhttp_cmd_type = 0x1;
/// POST.
pub const EVHTTP_REQ_POST: evhttp_cmd_type = 0x2;
/// HEAD.
pub const EVHTTP_REQ_HEAD: evhttp_cmd_type = 0x4;
/// PUT.
pub const EVHTTP_REQ_PUT: evhttp_cmd_type = 0x8;
/// DELETE.
pub const EVHTTP_REQ_DELETE: evhttp_cmd_type = 0x10;
/// OPTIONS.
pub const EVHTTP_REQ_OPTIONS: evhttp_cmd_type = 0x20;
/// TRACE.
pub const EVHTTP_REQ_TRACE: evhttp_cmd_type = 0x40;
/// CONNECT.
pub const EVHTTP_REQ_CONNECT: evhttp_cmd_type = 0x80;
/// PATCH.
pub const EVHTTP_REQ_PATCH: evhttp_cmd_type = 0x100;
/// PROPFIND. Since 2.2, as those that follow.
pub const EVHTTP_REQ_PROPFIND: evhttp_cmd_type = 0x200;
/// PROPPATCH.
pub const EVHTTP_REQ_PROPPATCH: evhttp_cmd_type = 0x400;
/// MKCOL.
pub const EVHTTP_REQ_MKCOL: evhttp_cmd_type = 0x800;
/// LOCK.
pub const EVHTTP_REQ_LOCK: evhttp_cmd_type = 0x1000;
/// UNLOCK.
pub const EVHTTP_REQ_UNLOCK: evhttp_cmd_type = 0x2000;
/// COPY.
pub const EVHTTP_REQ_COPY: evhttp_cmd_type = 0x4000;
/// MOVE; and any method that the library doesn't know.
pub const EVHTTP_REQ_MOVE: evhttp_cmd_type = 0x8000;

/// What a request object stands for.
pub type evhttp_request_kind = c_uint;
/// A request that a server received, or one that a client is to send.
pub const EVHTTP_REQUEST: evhttp_request_kind = 0;
/// The reply that a client received.
pub const EVHTTP_RESPONSE: evhttp_request_kind = 1;

/// Why a request has failed.
pub type evhttp_request_error = c_uint;
/// A timeout of evhttp_connection_set_timeout() has expired.
pub const EVREQ_HTTP_TIMEOUT: evhttp_request_error = 0;
/// The connection was closed.
pub const EVREQ_HTTP_EOF: evhttp_request_error = 1;
/// The peer's message is not valid HTTP.
pub const EVREQ_HTTP_INVALID_HEADER: evhttp_request_error = 2;
/// Reading or writing has failed.
pub const EVREQ_HTTP_BUFFER_ERROR: evhttp_request_error = 3;
/// evhttp_cancel_request() was called.
pub const EVREQ_HTTP_REQUEST_CANCEL: evhttp_request_error = 4;
/// The body is larger than allowed.
pub const EVREQ_HTTP_DATA_TOO_LONG: evhttp_request_error = 5;

/// Flag of struct evhttp_ext_method: requests with the method have a body. Since 2.2.
pub const EVHTTP_METHOD_HAS_BODY: u16 = 0x0001;

/// What an evhttp_ext_method_cb is asked to complete. Since 2.2.
#[repr(C)]
pub struct evhttp_ext_method {
    /// The method's name, or NULL to ask for it.
    pub method: *const c_char,
    /// One EVHTTP_REQ_* bit, or one above them.
    pub r#type: u32,
    /// EVHTTP_METHOD_HAS_BODY or 0.
    pub flags: u16,
}

/// Gets a request, or a reply to one, and its argument.
pub type evhttp_request_cb =
    Option<unsafe extern "C" fn(req: *mut evhttp_request, arg: *mut c_void)>;
/// Called when the headers are complete; a negative result ends the exchange.
pub type evhttp_header_cb =
    Option<unsafe extern "C" fn(req: *mut evhttp_request, arg: *mut c_void) -> c_int>;
/// Called with the reason why a request has failed.
pub type evhttp_request_error_cb =
    Option<unsafe extern "C" fn(error: evhttp_request_error, arg: *mut c_void)>;
/// Called for an event of a connection.
pub type evhttp_connection_cb =
    Option<unsafe extern "C" fn(evcon: *mut evhttp_connection, arg: *mut c_void)>;
/// Makes a bufferevent, without a descriptor, for a new connection.
pub type evhttp_bev_cb =
    Option<unsafe extern "C" fn(base: *mut event_base, arg: *mut c_void) -> *mut bufferevent>;
/// Called for a new request object; -1 closes the connection.
pub type evhttp_newreq_cb =
    Option<unsafe extern "C" fn(req: *mut evhttp_request, arg: *mut c_void) -> c_int>;
/// Writes an error page to `buffer`; a negative result asks for the default page.
pub type evhttp_error_page_cb = Option<
    unsafe extern "C" fn(
        req: *mut evhttp_request,
        buffer: *mut evbuffer,
        error: c_int,
        reason: *const c_char,
        arg: *mut c_void,
    ) -> c_int,
>;
/// Describes a method to the library; returns 0 if it knows the method.
pub type evhttp_ext_method_cb =
    Option<unsafe extern "C" fn(method: *mut evhttp_ext_method) -> c_int>;
