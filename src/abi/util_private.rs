//! Exported although `<event2/util.h>` does not name them: separately built binaries, among them
//! test and benchmark programs, import these.

use core::ffi::{c_char, c_int};
use core::net::{Ipv4Addr, Ipv6Addr};

use libc::{in_addr, in6_addr, sockaddr, timeval};

use super::convert::{buffer, bytes, status, text_buffer};
use super::util::time::evutil_monotonic_timer;
use crate::ctypes::util::evutil_socket_t;
use crate::net::{addr_text, raw_address, socket};
use crate::support::{ascii, text_out, time, weakrand};

/// The state of the cheap random numbers.
#[repr(C)]
pub struct evutil_weakrand_state {
    pub seed: u32,
}

/// Prints an address and its port, cut to fit; other families as a remark. Returns `out`.
///
/// # Safety
/// `sa` is as large as its family asks for; `out` has `outlen` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_format_sockaddr_port_(
    sa: *const sockaddr,
    out: *mut c_char,
    outlen: usize,
) -> *const c_char {
    // SAFETY: promised by the caller.
    let (address, family, text) = unsafe {
        (
            raw_address::read(sa),
            raw_address::family(sa),
            text_buffer(out, outlen),
        )
    };
    match address {
        Some(address) => {
            text_out::print(text, format_args!("{}", addr_text::SocketAddrText(address)))
        }
        None => text_out::print(text, format_args!("<addr with socktype {family}>")),
    };
    out
}

/// Whether an address is IPv4's or IPv6's loopback.
///
/// # Safety
/// `addr` is as large as its family asks for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_sockaddr_is_loopback_(addr: *const sockaddr) -> c_int {
    // SAFETY: promised by the caller.
    let address = unsafe { raw_address::read(addr) };
    address
        .is_some_and(|address| address.ip().is_loopback())
        .into()
}

/// Whether an IPv4 address is of no use beyond this link.
///
/// # Safety
/// `in_` points to an address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_v4addr_is_local_(in_: *const in_addr) -> c_int {
    // SAFETY: promised by the caller.
    let octets = unsafe { in_.cast::<[u8; 4]>().read() };
    addr_text::is_local_v4(Ipv4Addr::from(octets)).into()
}

/// Whether an IPv6 address is of no use beyond this site.
///
/// # Safety
/// `in_` points to an address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_v6addr_is_local_(in_: *const in6_addr) -> c_int {
    // SAFETY: promised by the caller.
    let octets = unsafe { in_.cast::<[u8; 16]>().read() };
    addr_text::is_local_v6(Ipv6Addr::from(octets)).into()
}

/// Makes a non-blocking, close-on-exec pipe, the reading end first. 0, or -1 with `errno`.
///
/// # Safety
/// `fd` has room for two descriptors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_make_internal_pipe_(fd: *mut evutil_socket_t) -> c_int {
    // SAFETY: promised by the caller.
    status(socket::internal_pipe().map(|fds| unsafe { fd.cast::<[c_int; 2]>().write(fds) }))
}

/// Starts to connect `*fd_ptr`, or a new socket if that is negative: 0 for in progress, 1 for
/// connected, 2 for refused, -1 for an error.
///
/// # Safety
/// `fd_ptr` is readable and writable; `sa` has `socklen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_socket_connect_(
    fd_ptr: *mut evutil_socket_t,
    sa: *const sockaddr,
    socklen: c_int,
) -> c_int {
    // SAFETY: promised by the caller.
    let result = unsafe { socket::connect(&mut *fd_ptr, sa, socklen as libc::socklen_t) };
    match result {
        Ok(socket::Connecting::InProgress) => 0,
        Ok(socket::Connecting::Connected) => 1,
        Ok(socket::Connecting::Refused) => 2,
        Err(error) => status(Err(error)),
    }
}

/// Removes the spaces and tabs at the end of a string. NULL is ignored.
///
/// # Safety
/// `text` is NULL or a writable C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_rtrim_lws_(text: *mut c_char) {
    if text.is_null() {
        return;
    }
    // SAFETY: a writable C string, and a position inside it.
    unsafe {
        let len = ascii::len_without_trailing_space(bytes(text));
        text.add(len).write(0);
    }
}

/// Sleeps, or until a signal comes. NULL and times that don't exist don't sleep.
///
/// # Safety
/// `tv` is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_usleep_(tv: *const timeval) {
    // SAFETY: promised by the caller.
    if let Some(tv) = unsafe { tv.as_ref() } {
        time::sleep(*tv);
    }
}

/// Sets the state, randomly if `seed` is 0. Returns the seed.
///
/// # Safety
/// `state` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_weakrand_seed_(
    state: *mut evutil_weakrand_state,
    seed: u32,
) -> u32 {
    let seed = if seed == 0 {
        weakrand::some_seed()
    } else {
        seed
    };
    // SAFETY: promised by the caller.
    unsafe { state.write(evutil_weakrand_state { seed }) };
    seed
}

/// The next number, 0 to 2^31 - 1.
///
/// # Safety
/// `state` is readable and writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_weakrand_(state: *mut evutil_weakrand_state) -> i32 {
    // SAFETY: promised by the caller.
    weakrand::next(unsafe { &mut (*state).seed })
}

/// The next number below `top`.
///
/// # Safety
/// `state` is readable and writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_weakrand_range_(
    state: *mut evutil_weakrand_state,
    top: i32,
) -> i32 {
    // SAFETY: promised by the caller.
    weakrand::below(unsafe { &mut (*state).seed }, top)
}

/// Whether a character is a decimal digit, in every locale.
#[unsafe(no_mangle)]
pub extern "C" fn EVUTIL_ISDIGIT_(c: c_char) -> c_int {
    (c as u8).is_ascii_digit().into()
}

/// The lower case of an ASCII letter; every other character as it is.
#[unsafe(no_mangle)]
pub extern "C" fn EVUTIL_TOLOWER_(c: c_char) -> c_char {
    (c as u8).to_ascii_lowercase() as c_char
}

/// The upper case of an ASCII letter; every other character as it is.
#[unsafe(no_mangle)]
pub extern "C" fn EVUTIL_TOUPPER_(c: c_char) -> c_char {
    (c as u8).to_ascii_uppercase() as c_char
}

/// Copies a string, cut to fit and NUL-terminated unless `siz` is 0. Returns the length of `src`.
///
/// # Safety
/// `dst` has `siz` writable bytes and does not overlap `src`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_strlcpy_(dst: *mut c_char, src: *const c_char, siz: usize) -> usize {
    // SAFETY: promised by the caller.
    unsafe {
        let text = bytes(src);
        text_out::copy(buffer(dst, siz.min(text.len() + 1)), text)
    }
}

/// What evutil_configure_monotonic_time() does, for timers that programs embed.
///
/// # Safety
/// `base` is writable, and no other thread uses it during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_configure_monotonic_time_(
    base: *mut evutil_monotonic_timer,
    flags: c_int,
) -> c_int {
    // SAFETY: promised by the caller.
    unsafe { super::util::time::evutil_configure_monotonic_time(base, flags) }
}

/// What evutil_gettime_monotonic() does, for timers that programs embed.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_gettime_monotonic_(
    base: *mut evutil_monotonic_timer,
    tp: *mut timeval,
) -> c_int {
    // SAFETY: promised by the caller.
    unsafe { super::util::time::evutil_gettime_monotonic(base, tp) }
}
