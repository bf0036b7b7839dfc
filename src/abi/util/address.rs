//! Addresses, and looking them up.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr::{self, NonNull};
use std::net::{Ipv4Addr, Ipv6Addr};

use libc::sockaddr;

use crate::abi::convert::{buffer, bytes, text_buffer};
use crate::ctypes::util::evutil_addrinfo;
use crate::net::addr_list::AddrList;
use crate::net::{addr_text, getaddrinfo, raw_address};
use crate::support::{sys, text_out};

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
            text_out::print(out, format_args!("{}", addr_text::Ipv6Text(address)))
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
        let Some((address, scope)) = addr_text::parse_ipv6_scoped(bytes(src)) else {
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
        libc::AF_INET => addr_text::parse_ipv4(text).map(|v4| write(&v4.octets())),
        libc::AF_INET6 => addr_text::parse_ipv6(text).map(|v6| write(&v6.octets())),
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
    let used =
        addr_text::parse_socket_addr(text).and_then(|address| raw_address::write(&address, out));
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
        return addr_text::compare(&first, &second, include_port != 0) as c_int;
    }
    // SAFETY: as above.
    match unsafe { raw_address::family(sa1) - raw_address::family(sa2) } {
        0 => 1,
        difference => difference,
    }
}

/// Looks up a host and a service, like getaddrinfo() (RFC 3493, section 6.1), and blocks until
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

/// Frees a list from evutil_getaddrinfo(), from evdns_getaddrinfo(), or from the system's
/// getaddrinfo(). NULL is ignored.
///
/// # Safety
/// `ai` is the head of a list that is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evutil_freeaddrinfo(ai: *mut evutil_addrinfo) {
    // SAFETY: promised by the caller.
    drop(unsafe { AddrList::from_raw(ai) });
}

/// Describes a return value of evutil_getaddrinfo() in English. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn evutil_gai_strerror(err: c_int) -> *const c_char {
    getaddrinfo::error_text(err).as_ptr()
}
