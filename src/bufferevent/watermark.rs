//! Limits on the length of the buffers.
//!
//! Low watermarks decide when the callbacks are called. At the input's high watermark reading is
//! suspended until the program has drained some of it. The output's high watermark is for filters
//! above.

use core::ffi::c_short;

use super::{BY_WATERMARK, Bev, Held, enable, lifecycle};
use crate::buffer::callback;
use crate::ctypes::bufferevent_struct::event_watermark;
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::support::thunk::thunk;

/// Sets the watermarks of input, output or both.
pub fn set(bev: &Held, directions: c_short, low: usize, high: usize) {
    let marks = event_watermark { low, high };
    if directions & EV_WRITE != 0 {
        bev.set_write_watermarks(marks);
    }
    if directions & EV_READ != 0 {
        bev.set_read_watermarks(marks);
        if high == 0 {
            watch_input(bev, false);
            enable::unsuspend_read(bev, BY_WATERMARK);
        } else {
            watch_input(bev, true);
            check_high_watermark(bev);
        }
    }
}

/// The watermarks of the input or of the output; `None` for anything else.
pub fn get(bev: &Held, directions: c_short) -> Option<event_watermark> {
    match directions {
        EV_READ => Some(bev.read_watermarks()),
        EV_WRITE => Some(bev.write_watermarks()),
        _ => None,
    }
}

/// Whether reading stops at the high watermark; reading has to be tried again when the input shrinks.
fn watch_input(bev: &Held, on: bool) {
    let (input, entry) = (bev.input(), bev.watermark_entry());
    if on {
        let on_input = thunk(|bev: Bev, _, _| check_high_watermark(&bev.hold()));
        lifecycle::watch_buffer(**bev, input, entry, on_input, callback::NOT_DEFERRED);
    } else {
        lifecycle::set_watching(input, entry, false);
    }
}

/// Suspends reading at the high watermark, or resumes it below.
fn check_high_watermark(bev: &Held) {
    if bev.input_len() >= bev.read_watermarks().high {
        enable::suspend_read(bev, BY_WATERMARK);
    } else {
        enable::unsuspend_read(bev, BY_WATERMARK);
    }
}
