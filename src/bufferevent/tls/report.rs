//! What the program is told of a connection's end.

use core::ffi::c_short;

use super::engine::{End, How};
use super::{Tls, filter, socket};
use crate::bufferevent::{Held, callbacks};
use crate::ctypes::bufferevent::{BEV_EVENT_EOF, BEV_EVENT_ERROR, BEV_EVENT_TIMEOUT};
use crate::sys;

/// The end of the transport alone counts as the end of the connection.
pub const DIRTY_SHUTDOWN: u64 = 1;
/// Output is encrypted in full records, which is done anyway.
pub const BATCH_WRITE: u64 = 2;
/// All flags that there are.
pub const FLAGS: u64 = DIRTY_SHUTDOWN | BATCH_WRITE;

/// Which event an end is, and has its codes kept.
pub(super) fn event(tls: &Tls, end: &End) -> c_short {
    let mut codes = tls.codes.get();
    codes.extend(&end.codes);
    tls.codes.set(codes);
    match end.how {
        How::Closed => BEV_EVENT_EOF,
        How::Truncated if tls.flags.get() & DIRTY_SHUTDOWN != 0 => BEV_EVENT_EOF,
        How::Truncated | How::Failed => BEV_EVENT_ERROR,
    }
}

/// Tells of an end that came in this direction, `BEV_EVENT_*`.
pub(super) fn end(bev: &Held, tls: &Tls, direction: c_short, end: End) {
    let event = event(tls, &end);
    tls.closed.set(true);
    match tls.underlying {
        None => socket::close(bev, event),
        Some(underlying) => filter::close(bev, underlying),
    }
    sys::set_errno(end.error);
    callbacks::run_event(bev, direction | event, 0);
}

/// Tells of a timeout; the directions stay enabled.
pub(super) fn timeout(bev: &Held, tls: &Tls, direction: c_short) {
    let direction = if tls.handshaking.get() { 0 } else { direction };
    callbacks::run_event(bev, BEV_EVENT_TIMEOUT | direction, 0);
}
