//! `<event2/http_rs.h>`: what libevent doesn't have.

use core::ffi::c_int;

/// What evhttp_set_limit() and evhttp_connection_set_limit() limit.
pub type evhttp_limit = c_int;
/// The milliseconds from the first byte of a request to the end of its headers, or the timeout of
/// the connection if that is longer; then the connection is closed. The default is 60,000.
pub const EVHTTP_LIMIT_HEAD_TIME: evhttp_limit = 1;
/// The milliseconds that a request's body may make no progress, or the timeout of the connection if
/// that is longer; then the connection is closed. 300,000.
pub const EVHTTP_LIMIT_BODY_TIME: evhttp_limit = 2;
/// The milliseconds that a server waits after the last reply for a client that still sends, so that
/// it can read the reply. 2,000.
pub const EVHTTP_LIMIT_LINGER_TIME: evhttp_limit = 3;
/// The bytes that a server drops meanwhile. 65,536.
pub const EVHTTP_LIMIT_LINGER_SIZE: evhttp_limit = 4;
/// The lines of a head, or of the trailer of a chunked body. A request that exceeds it gets an error
/// (431). Where evhttp_set_max_headers_size() sets no limit, there is none on lines, either. 2,000.
pub const EVHTTP_LIMIT_HEADERS: evhttp_limit = 5;
/// The empty lines in front of a request. A client that exceeds it gets an error (400). 8.
pub const EVHTTP_LIMIT_BLANK_LINES: evhttp_limit = 6;
/// The bytes of chunk extensions in one body. A request that exceeds it gets an error (400). 16,384.
pub const EVHTTP_LIMIT_CHUNK_EXTENSIONS: evhttp_limit = 7;
/// The bytes that are read while a request is being answered; no more is read until the reply is
/// sent. 65,536.
pub const EVHTTP_LIMIT_INPUT_AHEAD: evhttp_limit = 8;
/// The bytes of a reply in pieces that may wait to be sent when evhttp_send_reply_chunk() adds some;
/// if there are more, the connection is closed. No limit.
pub const EVHTTP_LIMIT_OUTPUT: evhttp_limit = 9;
/// Of a client: the replies 1xx that it skips before it fails the request. 16.
pub const EVHTTP_LIMIT_INTERIM_REPLIES: evhttp_limit = 10;
/// The bytes of a WebSocket message, in sessions to come; a larger one closes the session with status
/// 1009. 10,485,760.
pub const EVHTTP_LIMIT_WS_MESSAGE: evhttp_limit = 11;
/// The frames of a WebSocket message, in sessions to come; more close the session with status 1009.
/// 131,072.
pub const EVHTTP_LIMIT_WS_FRAGMENTS: evhttp_limit = 12;
