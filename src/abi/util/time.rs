//! Dates and the monotonic clock.

use core::ffi::{c_char, c_int};

use libc::{timeval, tm};

use crate::abi::convert::text_buffer;
use crate::ctypes::util::{EV_MONOT_FALLBACK, EV_MONOT_PRECISE};
use crate::support::monotonic::{Clock, MonotonicTimer};
use crate::support::{date, mm, text_out};

/// A clock that never goes back, see evutil_monotonic_timer_new().
#[expect(non_camel_case_types, reason = "C name")]
pub type evutil_monotonic_timer = MonotonicTimer;

/// Writes a date as HTTP does: `Thu, 01 Jan 1970 00:00:00 GMT`, always in English.
///
/// `tm` is a time in UTC, or NULL for now. At most `datelen` bytes are written to `date`, with the
/// terminating NUL.
///
/// Returns the length of the whole date, 29 for years of four digits; if that is not smaller than
/// `datelen`, the date was truncated. 0 if `datelen` is 0. -1, and an empty `date`, if the weekday
/// or the month does not exist. Since 2.1.
///
/// # Safety
/// `date` has `datelen` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_date_rfc1123(
    date: *mut c_char,
    datelen: usize,
    tm: *const tm,
) -> c_int {
    // SAFETY: promised by the caller.
    let (out, tm) = unsafe { (text_buffer(date, datelen), tm.as_ref()) };
    let now = tm.is_none().then(date::now);
    match tm.or(now.as_ref()).and_then(date::Rfc1123::new) {
        _ if out.is_empty() => 0,
        Some(date) => text_out::print(out, format_args!("{date}")) as c_int,
        None => {
            text_out::copy(out, b"");
            -1
        }
    }
}

/// Makes a timer for evutil_gettime_monotonic(). Configure it with
/// evutil_configure_monotonic_time() before its first use; free it with
/// evutil_monotonic_timer_free().
///
/// Returns NULL when out of memory. Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_monotonic_timer_new() -> *mut evutil_monotonic_timer {
    mm::calloc(1, size_of::<MonotonicTimer>()).cast()
}

/// Frees a timer; NULL is ignored. Since 2.1.
///
/// # Safety
/// `timer` comes from evutil_monotonic_timer_new() and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_monotonic_timer_free(timer: *mut evutil_monotonic_timer) {
    // SAFETY: promised by the caller.
    unsafe { mm::free(timer.cast()) };
}

/// Chooses the clock of a timer. `flags` is 0 for one that is fast to read and exact to a few
/// milliseconds, EV_MONOT_PRECISE, or EV_MONOT_FALLBACK.
///
/// Returns 0. Since 2.1.
///
/// # Safety
/// No other thread uses the timer during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_configure_monotonic_time(
    timer: *mut evutil_monotonic_timer,
    flags: c_int,
) -> c_int {
    let clock = match flags {
        _ if flags & EV_MONOT_FALLBACK != 0 => Clock::CorrectedWall,
        _ if flags & EV_MONOT_PRECISE != 0 => Clock::Precise,
        _ => Clock::Fast,
    };
    // SAFETY: a valid pointer that nobody else uses.
    unsafe { timer.write(MonotonicTimer::new(clock)) };
    0
}

/// Stores in `tp` the time since some unspecified moment. It never goes backwards, whatever happens
/// to the wall clock: use it to measure durations.
///
/// Returns 0. Since 2.1.
///
/// # Safety
/// `tp` is writable, and no other thread uses the timer during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_gettime_monotonic(
    timer: *mut evutil_monotonic_timer,
    tp: *mut timeval,
) -> c_int {
    // SAFETY: valid pointers that nobody else uses.
    unsafe { tp.write((*timer).now()) };
    0
}
