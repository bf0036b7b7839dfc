//! Directions, timeouts, watermarks and sizes.

use core::ffi::{c_int, c_short};

use libc::timeval;

use crate::abi::argument::{In, Out, Required};
use crate::abi::convert::locked;
use crate::bufferevent::limits::ratelimit;
use crate::bufferevent::{Bev, enable, timeout, watermark};
use crate::ctypes::util::ev_ssize_t;

/// Enables reading, writing or both. The timeout of what is enabled already is restarted.
///
/// @param bufev the bufferevent
/// @param event EV_READ, EV_WRITE or both
/// @return 0 on success; -1, with nothing enabled, if the descriptor can't be waited for
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_enable(bufev: Required<Bev>, event: c_short) -> c_int {
    locked(*bufev, |bufev| enable::enable(bufev, event))
}

/// Disables reading, writing or both: nothing is read or written, and no timeout runs. The buffers
/// keep what they have.
///
/// @param bufev the bufferevent
/// @param event EV_READ, EV_WRITE or both
/// @return 0 on success; -1 on failure
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_disable(bufev: Required<Bev>, event: c_short) -> c_int {
    locked(*bufev, |bufev| enable::disable(bufev, event))
}

/// Returns what is enabled: EV_READ, EV_WRITE, both or 0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_enabled(bufev: Required<Bev>) -> c_short {
    bufev.hold().enabled()
}

/// Sets the timeouts of a bufferevent.
///
/// A timeout runs while its direction is enabled and waits only for the descriptor; every read or
/// write restarts it. When it expires, the direction is disabled and the event callback gets
/// BEV_EVENT_TIMEOUT.
///
/// @param bufev the bufferevent
/// @param timeout_read the timeout of reading, or NULL for none
/// @param timeout_write the timeout of writing, or NULL for none
/// @return 0 on success; -1 without memory
///
/// # Safety
/// Each timeout is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_set_timeouts(
    bufev: Required<Bev>,
    timeout_read: In<timeval>,
    timeout_write: In<timeval>,
) -> c_int {
    let read = timeout_read.get().unwrap_or(timeout::NONE);
    let write = timeout_write.get().unwrap_or(timeout::NONE);
    locked(*bufev, |bufev| timeout::set(bufev, read, write))
}

/// Sets the watermarks of a bufferevent.
///
/// The read callback is called when the input has at least its low watermark; at its high watermark
/// reading stops until something is removed. The write callback is called when the output has at
/// most its low watermark; filters on top of it keep its output to its high watermark.
///
/// @param bufev the bufferevent
/// @param events EV_READ for the input, EV_WRITE for the output, or both
/// @param lowmark the low watermark
/// @param highmark the high watermark; 0 for none
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_setwatermark(
    bufev: Required<Bev>,
    events: c_short,
    lowmark: usize,
    highmark: usize,
) {
    watermark::set(&bufev.hold(), events, lowmark, highmark);
}

/// Gets the watermarks of the input or of the output.
///
/// @param bufev the bufferevent
/// @param events EV_READ or EV_WRITE
/// @param lowmark where to store the low watermark, or NULL
/// @param highmark where to store the high watermark, or NULL
/// @return 0 on success; -1 if `events` is anything else
///
/// Since 2.1.
///
/// # Safety
/// Each pointer is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_getwatermark(
    bufev: Required<Bev>,
    events: c_short,
    lowmark: Out<usize>,
    highmark: Out<usize>,
) -> c_int {
    let Some(marks) = watermark::get(&bufev.hold(), events) else {
        return -1;
    };
    lowmark.set(marks.low);
    highmark.set(marks.high);
    0
}

/// Sets the largest number of bytes read at once. The default is 16384.
///
/// @param bev the bufferevent
/// @param size the bytes; 0, and more than EV_SSIZE_MAX, for 16384
/// @return 0
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_set_max_single_read(bev: Required<Bev>, size: usize) -> c_int {
    ratelimit::set_max_single_read(*bev.hold(), size);
    0
}

/// Sets the largest number of bytes written at once. The default is 16384.
///
/// @param bev the bufferevent
/// @param size the bytes; 0, and more than EV_SSIZE_MAX, for 16384
/// @return 0
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_set_max_single_write(
    bev: Required<Bev>,
    size: usize,
) -> c_int {
    ratelimit::set_max_single_write(*bev.hold(), size);
    0
}

/// Returns the largest number of bytes read at once.
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_max_single_read(bev: Required<Bev>) -> ev_ssize_t {
    ratelimit::max_single_read(*bev.hold()) as ev_ssize_t
}

/// Returns the largest number of bytes written at once.
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_max_single_write(bev: Required<Bev>) -> ev_ssize_t {
    ratelimit::max_single_write(*bev.hold()) as ev_ssize_t
}
