//! Limits on the length of the buffers.
//!
//! Low marks decide when the callbacks are called. At the input's high mark reading is suspended,
//! until the program has taken something away. The output's high mark is for filters above.

use core::ffi::{c_short, c_void};

use super::lifecycle::hold_argument;
use super::{BY_WATERMARK, Held, enable};
use crate::ctypes::opaque::evbuffer;

use crate::buffer::callback;
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::bufferevent_struct::event_watermark;
use crate::ctypes::event::{EV_READ, EV_WRITE};

/// Sets the marks of input, output or both.
pub fn set(bev: &Held, directions: c_short, low: usize, high: usize) {
    let marks = event_watermark { low, high };
    if directions & EV_WRITE != 0 {
        bev.set_write_marks(marks);
    }
    if directions & EV_READ != 0 {
        bev.set_read_marks(marks);
        if high == 0 {
            mind(bev, false);
            enable::unsuspend_read(bev, BY_WATERMARK);
        } else {
            mind(bev, true);
            compare(bev);
        }
    }
}

/// The marks of the input or of the output; `None` for anything else.
pub fn get(bev: &Held, directions: c_short) -> Option<event_watermark> {
    match directions {
        EV_READ => Some(bev.read_marks()),
        EV_WRITE => Some(bev.write_marks()),
        _ => None,
    }
}

/// Whether reading stops at the high mark; reading has to be tried again when the input shrinks.
fn mind(bev: &Held, on: bool) {
    let (input, entry) = (bev.input().lock(), bev.read_mark());
    // SAFETY: input and entry live as long as the bufferevent, which takes the entry out at its end.
    unsafe {
        if on {
            let flags = callback::NOT_DEFERRED;
            input.add_embedded(entry, on_input, bev.as_ptr().cast(), flags);
        } else {
            input.set_callback_flags(entry, callback::ENABLED, false);
        }
    }
}

/// Suspends reading at the high mark, or lets it go on.
fn compare(bev: &Held) {
    if bev.input_len() >= bev.read_marks().high {
        enable::suspend_read(bev, BY_WATERMARK);
    } else {
        enable::unsuspend_read(bev, BY_WATERMARK);
    }
}

unsafe extern "C" fn on_input(_: *mut evbuffer, _: *const evbuffer_cb_info, bev: *mut c_void) {
    // SAFETY: registered with the bufferevent that owns the buffer.
    if let Some(bev) = unsafe { hold_argument(bev) } {
        compare(&bev);
    }
}
