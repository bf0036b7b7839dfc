//! `<event2/bufferevent_struct.h>`: what programs of libevent 1 know of a bufferevent.
//!
//! Layouts only. Programs read these members and add the two events themselves, so the core works
//! on them in place.

use core::ffi::{c_short, c_void};

use libc::timeval;

use super::bufferevent::{bufferevent_data_cb, bufferevent_event_cb};
use super::event_struct::event;
use super::opaque::{bufferevent_ops, evbuffer, event_base};

/// Two limits on the length of a buffer; bufferevent_setwatermark() says what they do.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct event_watermark {
    pub low: usize,
    /// 0 for none.
    pub high: usize,
}

/// A bufferevent's public part, behind which lies more: never make or copy one. Functions tell and
/// change everything in it; the members are here for old programs.
#[repr(C)]
pub struct bufferevent {
    /// Where it runs.
    pub ev_base: *mut event_base,
    /// What kind it is.
    pub be_ops: *const bufferevent_ops,
    /// Of sockets: waits for readability. Of others: the timeout of reading.
    pub ev_read: event,
    /// Of sockets: waits for writability. Of others: the timeout of writing.
    pub ev_write: event,
    /// The program takes from its start.
    pub input: *mut evbuffer,
    /// The program adds to its end.
    pub output: *mut evbuffer,
    pub wm_read: event_watermark,
    pub wm_write: event_watermark,
    pub readcb: bufferevent_data_cb,
    pub writecb: bufferevent_data_cb,
    /// The event callback.
    pub errorcb: bufferevent_event_cb,
    /// The last argument of all three.
    pub cbarg: *mut c_void,
    /// All zero for none.
    pub timeout_read: timeval,
    /// All zero for none.
    pub timeout_write: timeval,
    /// EV_READ, EV_WRITE or both.
    pub enabled: c_short,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;

    assert!(size_of::<bufferevent>() == 392);
    assert!(offset_of!(bufferevent, ev_read) == 16);
    assert!(offset_of!(bufferevent, ev_write) == 144);
    assert!(offset_of!(bufferevent, input) == 272);
    assert!(offset_of!(bufferevent, output) == 280);
    assert!(offset_of!(bufferevent, wm_read) == 288);
    assert!(offset_of!(bufferevent, wm_write) == 304);
    assert!(offset_of!(bufferevent, readcb) == 320);
    assert!(offset_of!(bufferevent, errorcb) == 336);
    assert!(offset_of!(bufferevent, cbarg) == 344);
    assert!(offset_of!(bufferevent, timeout_read) == 352);
    assert!(offset_of!(bufferevent, timeout_write) == 368);
    assert!(offset_of!(bufferevent, enabled) == 384);
};
