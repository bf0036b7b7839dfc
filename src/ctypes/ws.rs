//! `<event2/ws.h>`: WebSocket.

use core::ffi::{c_int, c_uchar, c_void};

use super::opaque::evws_connection;

/// The callback for a message. It gets the session; WS_TEXT_FRAME or WS_BINARY_FRAME; the message,
/// which is valid during the call and has no NUL at its end, and its length; the argument. It may
/// close and free the session. Since 2.2.
pub type ws_on_msg_cb = Option<
    unsafe extern "C" fn(
        evws: *mut evws_connection,
        r#type: c_int,
        data: *const c_uchar,
        len: usize,
        arg: *mut c_void,
    ),
>;

/// The callback for the end of a session. It gets the session, which is freed afterwards, and the
/// argument. Since 2.2.
pub type ws_on_close_cb =
    Option<unsafe extern "C" fn(evws: *mut evws_connection, arg: *mut c_void)>;

/// Close code: none is sent. Since 2.2.
pub const WS_CR_NONE: c_int = 0;
/// Close code: the session is complete. Since 2.2.
pub const WS_CR_NORMAL: c_int = 1000;
/// Close code: the peer has violated the protocol. Since 2.2.
pub const WS_CR_PROTO_ERR: c_int = 1002;
/// Close code: a message is too large. Since 2.2.
pub const WS_CR_DATA_TOO_BIG: c_int = 1009;

/// A message of text, which is UTF-8. Since 2.2.
pub const WS_TEXT_FRAME: c_int = 0x1;
/// A message of any bytes. Since 2.2.
pub const WS_BINARY_FRAME: c_int = 0x2;
