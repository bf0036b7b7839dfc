//! Random numbers that nobody can guess.

use core::ffi::{c_char, c_int, c_void};
use core::mem::MaybeUninit;

use crate::abi::convert::{buffer, status};
use crate::support::rng;

/// Fills `n` bytes at `buf` with unpredictable random bytes. They come from the kernel, so that a
/// process and its forked children never get the same ones.
///
/// If there is no source of randomness, this is a fatal error; evutil_secure_rng_init() checks in
/// advance.
///
/// # Safety
/// `buf` has `n` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_secure_rng_get_bytes(buf: *mut c_void, n: usize) {
    // SAFETY: promised by the caller.
    rng::fill_or_die(unsafe { buffer(buf.cast(), n) });
}

/// Checks that evutil_secure_rng_get_bytes() works. Calling it is optional.
///
/// Returns 0; or -1 with `errno` set if there is no source of randomness.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_secure_rng_init() -> c_int {
    status(rng::fill(&mut [MaybeUninit::uninit()]))
}

/// Sets the file to read random bytes from where the getrandom() system call is not available,
/// instead of `/dev/urandom`; NULL brings that back. Give it a real random device only.
///
/// The string is not copied: it has to live as long as random numbers may be asked for.
///
/// Returns 0.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_secure_rng_set_urandom_device_file(fname: *mut c_char) -> c_int {
    // SAFETY: promised by the caller.
    unsafe { rng::set_device(fname) };
    0
}

/// Accepted for compatibility, without effect: the kernel's random numbers need no help.
#[unsafe(no_mangle)]
#[expect(unused_variables, reason = "the header shows the names")]
pub extern "C" fn evutil_secure_rng_add_bytes(dat: *const c_char, datlen: usize) {}
