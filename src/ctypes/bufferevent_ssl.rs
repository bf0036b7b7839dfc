//! `<event2/bufferevent_ssl.h>`: bufferevents that speak TLS.

use core::ffi::c_uint;

/// The state of the session that a TLS bufferevent is made with.
pub type bufferevent_ssl_state = c_uint;
/// The handshake is complete.
pub const BUFFEREVENT_SSL_OPEN: bufferevent_ssl_state = 0;
/// The client's side of the handshake is still to be done.
pub const BUFFEREVENT_SSL_CONNECTING: bufferevent_ssl_state = 1;
/// The server's side of the handshake is still to be done.
pub const BUFFEREVENT_SSL_ACCEPTING: bufferevent_ssl_state = 2;

/// Flag of a TLS bufferevent: the end of the transport counts as BEV_EVENT_EOF even if the peer has
/// not sent a close_notify alert. Without this flag it is a BEV_EVENT_ERROR. Since 2.2.
pub const BUFFEREVENT_SSL_DIRTY_SHUTDOWN: c_uint = 1;
/// Flag of a TLS bufferevent: output is gathered before it is encrypted, so that small pieces share
/// a record. This library always does that. Since 2.2.
pub const BUFFEREVENT_SSL_BATCH_WRITE: c_uint = 2;
