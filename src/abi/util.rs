//! `<event2/util.h>`: sockets, addresses, time, text and random numbers.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use std::net::{Ipv4Addr, Ipv6Addr};

use libc::{sockaddr, timeval, tm};

use super::convert::{buffer, bytes, bytes_up_to, status, text_buffer};
use crate::ctypes::util::{EV_MONOT_FALLBACK, EV_MONOT_PRECISE, evutil_addrinfo, evutil_socket_t};
use crate::net::addr_list::AddrList;
use crate::net::{addr, getaddrinfo, sockaddr as raw_address, socket};
use crate::support::monotonic::{Clock, MonotonicTimer};
use crate::support::{ascii, date, mm, rng, sys, text_out};
use crate::sys::Errno;

/// A clock that never goes back, see evutil_monotonic_timer_new().
pub type evutil_monotonic_timer = MonotonicTimer;

/// Writes a date as HTTP does: `Thu, 01 Jan 1970 00:00:00 GMT`, always in English.
///
/// `tm` is a time in UTC, or NULL for now. At most `datelen` bytes are written to `date`, with the
/// terminating NUL.
///
/// Returns the length of the whole date, 29 for years of four digits; a value that is not smaller
/// than `datelen` tells that the date was cut. 0 if `datelen` is 0. -1, and an empty `date`, if
/// the weekday or the month does not exist. Since 2.1.
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

/// Stores in `tp` the time since some unspecified moment. It never goes back, whatever happens to
/// the wall clock: use it to measure how long something takes.
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

/// Makes two sockets that are connected to each other, like socketpair(), with its parameters. On
/// Linux `d` has to be AF_UNIX.
///
/// Returns 0, or -1 with `errno` set and `sv` unchanged.
///
/// cbindgen:ptrs-as-arrays=[[sv;2]]
///
/// # Safety
/// `sv` has room for two descriptors.
#[allow(rustdoc::broken_intra_doc_links, reason = "cbindgen's notation")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_socketpair(
    d: c_int,
    r#type: c_int,
    protocol: c_int,
    sv: *mut evutil_socket_t,
) -> c_int {
    let Some(sv) = NonNull::new(sv.cast::<[c_int; 2]>()) else {
        return status(Err(Errno::new(libc::EFAULT)));
    };
    // SAFETY: promised by the caller.
    status(socket::pair(d, r#type, protocol).map(|fds| unsafe { sv.write(fds) }))
}

/// Makes calls on a descriptor return EAGAIN where they would wait.
///
/// Returns 0; or -1 with `errno` set, and a warning in the log.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_socket_nonblocking(sock: evutil_socket_t) -> c_int {
    status(socket::make_nonblocking(sock))
}

/// Lets a listener's address be bound again as soon as the listener is closed (SO_REUSEADDR). Two
/// listeners at the same time are still refused.
///
/// Returns 0, or -1 with `errno` set.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_listen_socket_reuseable(sock: evutil_socket_t) -> c_int {
    status(socket::set_reuse_address(sock))
}

/// Lets several listeners that all ask for it share an address (SO_REUSEPORT).
///
/// Returns 0, or -1 with `errno` set. Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_listen_socket_reuseable_port(sock: evutil_socket_t) -> c_int {
    status(socket::set_reuse_port(sock))
}

/// Keeps IPv4 connections away from an IPv6 listener, so that the same port can be bound for IPv4
/// as well (IPV6_V6ONLY). Call it before bind().
///
/// Returns 0, or -1 with `errno` set. Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_listen_socket_ipv6only(sock: evutil_socket_t) -> c_int {
    status(socket::set_ipv6_only(sock, true))
}

/// Gives an IPv6 listener IPv4 connections too, as IPv4-mapped addresses: the opposite of
/// evutil_make_listen_socket_ipv6only(). Call it before bind().
///
/// Returns 0, or -1 with `errno` set. Since 2.2.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_listen_socket_not_ipv6only(sock: evutil_socket_t) -> c_int {
    status(socket::set_ipv6_only(sock, false))
}

/// Closes a descriptor in the programs that exec() starts.
///
/// Returns 0; or -1 with `errno` set, and a warning in the log.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_socket_closeonexec(sock: evutil_socket_t) -> c_int {
    status(socket::make_close_on_exec(sock))
}

/// Closes a socket.
///
/// Returns 0, or -1 with `errno` set.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_closesocket(sock: evutil_socket_t) -> c_int {
    status(socket::close(sock))
}

/// Makes a TCP listener hold connections back until the client has sent something. Right only for
/// protocols in which the client speaks first.
///
/// Returns 0, or -1 with `errno` set. Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_make_tcp_listen_socket_deferred(sock: evutil_socket_t) -> c_int {
    status(socket::set_deferred_accept(sock))
}

/// Turns a TCP connection's keep-alive probes on or off.
///
/// With `on`, a peer that was silent for `timeout` seconds is probed three times, a third of
/// `timeout` apart, and the connection is then given up. `timeout` must be at least 1; it is
/// ignored when turning off.
///
/// Returns 0, or -1 with `errno` set: EINVAL for a bad `timeout`. Since 2.2.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_set_tcp_keepalive(
    sock: evutil_socket_t,
    on: c_int,
    timeout: c_int,
) -> c_int {
    status(socket::set_keepalive(sock, on != 0, timeout))
}

/// Reads an integer from the start of a string, like strtoll() of C99, with its parameters.
///
/// Returns the number; the nearest one that fits, with `errno` ERANGE, if it is too large; or 0 if
/// there is none.
///
/// # Safety
/// `endptr` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_strtoll(
    s: *const c_char,
    endptr: *mut *mut c_char,
    base: c_int,
) -> i64 {
    // SAFETY: promised by the caller.
    unsafe { libc::strtoll(s, endptr, base) }
}

/// Prints an address: `af` is AF_INET and `src` a struct in_addr, or AF_INET6 and a struct
/// in6_addr. Like inet_ntop().
///
/// Returns `dst`; or NULL with `errno` ENOSPC if the text and its NUL don't fit into `len` bytes,
/// or EAFNOSUPPORT for another family.
///
/// # Safety
/// `src` points to an address of the family, `dst` to `len` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_inet_ntop(
    af: c_int,
    src: *const c_void,
    dst: *mut c_char,
    len: usize,
) -> *const c_char {
    // SAFETY: promised by the caller.
    let out = unsafe { text_buffer(dst, len) };
    let room = out.len();
    let printed = match af {
        libc::AF_INET => {
            // SAFETY: promised by the caller; arrays of bytes need no alignment.
            let address = Ipv4Addr::from(unsafe { src.cast::<[u8; 4]>().read() });
            text_out::print(out, format_args!("{address}"))
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let address = Ipv6Addr::from(unsafe { src.cast::<[u8; 16]>().read() });
            text_out::print(out, format_args!("{}", addr::Ipv6Text(address)))
        }
        _ => {
            sys::set_errno(libc::EAFNOSUPPORT);
            return ptr::null();
        }
    };
    if printed >= room {
        sys::set_errno(libc::ENOSPC);
        return ptr::null();
    }
    dst
}

/// Like evutil_inet_pton(), but an IPv6 address may be followed by `%` and a scope: an interface's
/// name or number. `indexp` receives the interface's number, or 0 without a scope.
///
/// Returns 1; 0 if `src` is not an address or the interface does not exist; -1 for another family.
/// Since 2.1.
///
/// # Safety
/// `dst` has room for an address of the family, `indexp` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_inet_pton_scope(
    af: c_int,
    src: *const c_char,
    dst: *mut c_void,
    indexp: *mut c_uint,
) -> c_int {
    // SAFETY: promised by the caller.
    unsafe {
        indexp.write(0);
        if af != libc::AF_INET6 {
            return evutil_inet_pton(af, src, dst);
        }
        let Some((address, scope)) = addr::parse_ipv6_scoped(bytes(src)) else {
            return 0;
        };
        dst.cast::<[u8; 16]>().write(address.octets());
        indexp.write(scope);
    }
    1
}

/// Reads an address: `af` is AF_INET and `dst` a struct in_addr, or AF_INET6 and a struct in6_addr.
/// Like inet_pton(), but the numbers of an IPv4 address may have leading zeros; they are decimal
/// all the same.
///
/// Returns 1; 0 if `src` is not an address; -1 for another family.
///
/// # Safety
/// `dst` has room for an address of the family.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_inet_pton(
    af: c_int,
    src: *const c_char,
    dst: *mut c_void,
) -> c_int {
    // SAFETY: promised by the caller.
    let write = |address: &[u8]| unsafe { ptr::copy(address.as_ptr(), dst.cast(), address.len()) };
    // SAFETY: as above.
    let text = unsafe { bytes(src) };
    let done = match af {
        libc::AF_INET => addr::parse_ipv4(text).map(|v4| write(&v4.octets())),
        libc::AF_INET6 => addr::parse_ipv6(text).map(|v6| write(&v6.octets())),
        _ => return -1,
    };
    done.is_some().into()
}

/// Reads an address with an optional port: `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]` or `[::1]:80`.
/// An IPv6 address may have a scope. Without a port, it becomes 0.
///
/// `outlen` says how much room `out` has, best a struct sockaddr_storage, and receives how much is
/// used; the rest of `out` is zeroed.
///
/// Returns 0; or -1, with both unchanged, if there is no address, the port is not 1 to 65535, or
/// the room is too small.
///
/// # Safety
/// `out` has `*outlen` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_parse_sockaddr_port(
    str: *const c_char,
    out: *mut sockaddr,
    outlen: *mut c_int,
) -> c_int {
    // SAFETY: promised by the caller.
    let (text, room) = unsafe { (bytes(str), usize::try_from(*outlen).unwrap_or(0)) };
    // SAFETY: as above.
    let out = unsafe { buffer(out.cast(), room) };
    let used = addr::parse_socket_addr(text).and_then(|address| raw_address::write(&address, out));
    let Some(used) = used else { return -1 };
    // SAFETY: as above.
    unsafe { outlen.write(used as c_int) };
    0
}

/// Compares two IPv4 or IPv6 addresses, and their ports if `include_port` is not 0.
///
/// Returns 0 if they are equal; otherwise a negative or positive number, so that addresses can be
/// sorted, in an order that is not specified further. Two addresses of another family always
/// differ.
///
/// # Safety
/// Both addresses are as large as their family asks for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_sockaddr_cmp(
    sa1: *const sockaddr,
    sa2: *const sockaddr,
    include_port: c_int,
) -> c_int {
    // SAFETY: promised by the caller.
    let (first, second) = unsafe { (raw_address::read(sa1), raw_address::read(sa2)) };
    if let (Some(first), Some(second)) = (first, second) {
        return addr::compare(&first, &second, include_port != 0) as c_int;
    }
    // SAFETY: as above.
    match unsafe { raw_address::family(sa1) - raw_address::family(sa2) } {
        0 => 1,
        difference => difference,
    }
}

/// Compares two strings like strcasecmp() in the C locale: only the 26 letters have a case.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_ascii_strcasecmp(
    str1: *const c_char,
    str2: *const c_char,
) -> c_int {
    // SAFETY: C strings.
    unsafe { ascii::compare(bytes(str1), bytes(str2)) as c_int }
}

/// Compares at most `n` characters of two strings, like strncasecmp() in the C locale.
///
/// # Safety
/// Each text ends with a NUL or has `n` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_ascii_strncasecmp(
    str1: *const c_char,
    str2: *const c_char,
    n: usize,
) -> c_int {
    // SAFETY: C strings, or `n` bytes.
    unsafe { ascii::compare(bytes_up_to(str1, n), bytes_up_to(str2, n)) as c_int }
}

/// Finds a string in another, like strcasestr() in the C locale.
///
/// Returns where `find` first begins in `s`, or NULL if it doesn't occur. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_ascii_strcasestr(
    s: *const c_char,
    find: *const c_char,
) -> *mut c_char {
    // SAFETY: C strings; a position is inside `s`.
    unsafe {
        match ascii::find(bytes(s), bytes(find)) {
            Some(at) => s.add(at).cast_mut(),
            None => ptr::null_mut(),
        }
    }
}

/// Looks a host and a service up, like getaddrinfo() (RFC 3493, section 6.1); it blocks until
/// there is an answer. `hints_in` may be NULL, which means the same as all zeros.
///
/// Returns 0 and stores a list in `res`, to be freed with evutil_freeaddrinfo(); or an EVUTIL_EAI_*
/// code, which evutil_gai_strerror() explains.
///
/// # Safety
/// `res` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_getaddrinfo(
    nodename: *const c_char,
    servname: *const c_char,
    hints_in: *const evutil_addrinfo,
    res: *mut *mut evutil_addrinfo,
) -> c_int {
    // SAFETY: promised by the caller.
    unsafe { getaddrinfo::lookup(nodename, servname, NonNull::new(hints_in.cast_mut()), res) }
}

/// Frees a list of evutil_getaddrinfo(), of a lookup in the background, or of the system's
/// getaddrinfo(). NULL is ignored.
///
/// # Safety
/// `ai` is the head of a list that is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_freeaddrinfo(ai: *mut evutil_addrinfo) {
    // SAFETY: promised by the caller.
    drop(unsafe { AddrList::from_raw(ai) });
}

/// Says in English what a return value of evutil_getaddrinfo() means. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_gai_strerror(err: c_int) -> *const c_char {
    getaddrinfo::error_text(err).as_ptr()
}

/// Fills `n` bytes at `buf` with random numbers that nobody can predict. They come from the kernel,
/// so that a process and its forked children never get the same ones.
///
/// Without any source of randomness this is a fatal error; evutil_secure_rng_init() tells in
/// advance.
///
/// # Safety
/// `buf` has `n` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_secure_rng_get_bytes(buf: *mut c_void, n: usize) {
    // SAFETY: promised by the caller.
    rng::fill_or_die(unsafe { buffer(buf.cast(), n) });
}

/// Checks that evutil_secure_rng_get_bytes() works. Nobody needs to call this.
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

/// Says what a signal number means, like strsignal().
///
/// The string belongs to the system and is valid until the thread's next call. Since 2.2.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_strsignal(sig: c_int) -> *const c_char {
    // SAFETY: strsignal accepts every number.
    unsafe { libc::strsignal(sig) }
}
