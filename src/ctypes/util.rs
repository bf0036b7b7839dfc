//! `<event2/util.h>`: sockets, addresses, time, text and random numbers.

use core::ffi::c_int;

/// What `socket()` and `accept()` return.
pub type evutil_socket_t = c_int;
/// A length or -1.
pub type ev_ssize_t = isize;
/// A position in a file.
pub type ev_off_t = i64;
/// The headers have these as `uint32_t` and `uint64_t`.
pub type ev_uint32_t = u32;
pub type ev_uint64_t = u64;
/// One entry of the list that evutil_getaddrinfo() returns.
pub type evutil_addrinfo = libc::addrinfo;

/// Flag for evutil_configure_monotonic_time(): use the most precise clock rather than the one that
/// is fastest to read. Since 2.1.
pub const EV_MONOT_PRECISE: c_int = 1;
/// Flag for evutil_configure_monotonic_time(): derive the time from the wall clock, as on systems
/// that have no monotonic one. Meant for tests. Since 2.1.
pub const EV_MONOT_FALLBACK: c_int = 2;
