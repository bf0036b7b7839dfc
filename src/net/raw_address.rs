//! `struct sockaddr` to and from the standard library's addresses.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ptr;

use libc::{sockaddr, sockaddr_in, sockaddr_in6};

use crate::support::zeroed::Zeroed;

/// The address family of `address`.
///
/// # Safety
/// `address` points to at least the family member of a socket address.
pub unsafe fn family(address: *const sockaddr) -> c_int {
    // SAFETY: the caller guarantees it (# Safety). Programs pass `char` arrays too, which
    // may have any alignment.
    unsafe { (&raw const (*address).sa_family).read_unaligned() }.into()
}

/// Reads an Internet address; `None` for every other family.
///
/// # Safety
/// `address` points to a socket address as large as its family asks for.
pub unsafe fn read(address: *const sockaddr) -> Option<SocketAddr> {
    // SAFETY: the caller's promise covers each step: the family says which
    // structure is there, and unaligned reads tolerate any address.
    unsafe {
        match family(address) {
            libc::AF_INET => {
                let v4 = address.cast::<sockaddr_in>().read_unaligned();
                let ip = v4.sin_addr.s_addr.to_ne_bytes().into();
                Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
            }
            libc::AF_INET6 => {
                let v6 = address.cast::<sockaddr_in6>().read_unaligned();
                let ip = v6.sin6_addr.s6_addr.into();
                let port = u16::from_be(v6.sin6_port);
                Some(SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}

/// [`read`] for an address that claims to have `len` bytes; `None` if those are too few.
///
/// # Safety
/// `address` is null or points to `len` bytes.
pub unsafe fn read_len(address: *const sockaddr, len: usize) -> Option<SocketAddr> {
    if address.is_null() || len < size_of::<libc::sa_family_t>() {
        return None;
    }
    // SAFETY: the family is there; the rest is read only if it is.
    unsafe {
        let needed = match family(address) {
            libc::AF_INET => size_of::<sockaddr_in>(),
            libc::AF_INET6 => size_of::<sockaddr_in6>(),
            _ => return None,
        };
        if len < needed { None } else { read(address) }
    }
}

/// How many bytes [`write()`] needs.
pub fn len(address: &SocketAddr) -> usize {
    match address {
        SocketAddr::V4(_) => size_of::<sockaddr_in>(),
        SocketAddr::V6(_) => size_of::<sockaddr_in6>(),
    }
}

/// Writes `address` to `out` and zeros the rest of it. Returns the number of
/// bytes used, or `None`, with `out` untouched, when it is too small.
pub fn write(address: &SocketAddr, out: &mut [MaybeUninit<u8>]) -> Option<usize> {
    match address {
        SocketAddr::V4(v4) => {
            let mut raw = sockaddr_in::ZEROED;
            raw.sin_family = libc::AF_INET as libc::sa_family_t;
            raw.sin_port = v4.port().to_be();
            raw.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
            write_raw(raw, out)
        }
        SocketAddr::V6(v6) => {
            let mut raw = sockaddr_in6::ZEROED;
            raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            raw.sin6_port = v6.port().to_be();
            raw.sin6_flowinfo = v6.flowinfo();
            raw.sin6_addr.s6_addr = v6.ip().octets();
            raw.sin6_scope_id = v6.scope_id();
            write_raw(raw, out)
        }
    }
}

fn write_raw<T: Copy>(raw: T, out: &mut [MaybeUninit<u8>]) -> Option<usize> {
    let size = size_of::<T>();
    if out.len() < size {
        return None;
    }
    out.fill(MaybeUninit::new(0));
    // SAFETY: `out` has at least `size` bytes; the write asks for no alignment.
    unsafe { ptr::write_unaligned(out.as_mut_ptr().cast(), raw) };
    Some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str) {
        let address: SocketAddr = text.parse().unwrap();
        // One byte past the start, so that nothing is aligned.
        let mut out = [MaybeUninit::new(0xffu8); 130];
        let used = write(&address, &mut out[1..]).unwrap();
        // SAFETY: `write` made a whole address there.
        let back = unsafe { read(out[1..].as_ptr().cast()) };
        assert_eq!(back, Some(address), "{text}");
        for byte in &out[1 + used..] {
            // SAFETY: every byte was initialised above.
            assert_eq!(unsafe { byte.assume_init() }, 0);
        }
    }

    #[test]
    fn addresses_survive_the_c_form() {
        for text in [
            "1.2.3.4:5",
            "0.0.0.0:0",
            "255.255.255.255:65535",
            "[::1]:5",
            "[fe80::1%7]:9",
        ] {
            round_trip(text);
        }
    }

    #[test]
    fn too_small_a_buffer_stays_untouched() {
        for (text, size) in [("1.2.3.4:5", 16), ("[::1]:5", 28)] {
            let address: SocketAddr = text.parse().unwrap();
            let mut out = [MaybeUninit::new(0xeeu8); 28];
            assert_eq!(write(&address, &mut out[..size - 1]), None);
            // SAFETY: every byte was initialised above.
            assert!(out.iter().all(|byte| unsafe { byte.assume_init() } == 0xee));
            assert_eq!(write(&address, &mut out[..size]), Some(size));
        }
    }

    #[test]
    fn other_families_are_not_read() {
        let mut other = sockaddr::ZEROED;
        for family in [libc::AF_UNSPEC, libc::AF_UNIX, 77] {
            other.sa_family = family as libc::sa_family_t;
            // SAFETY: `other` is a whole `sockaddr`.
            assert_eq!(unsafe { read(&raw const other) }, None);
        }
    }
}
