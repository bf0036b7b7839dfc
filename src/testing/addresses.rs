//! Addresses through the C edge: what is accepted is printed, and what is printed is read back as
//! the same; nothing is written outside the room that was given, or where nothing was accepted.
//!
//! Texts and addresses have memory of exactly their size, so that AddressSanitizer sees every step
//! beyond it.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr;

use crate::abi::util::address::{
    evutil_inet_ntop, evutil_inet_pton, evutil_inet_pton_scope, evutil_parse_sockaddr_port,
    evutil_sockaddr_cmp,
};
use crate::abi::util_private;

/// What is in memory that nobody has written to.
const UNTOUCHED: u8 = 0xa5;
const SIZE_V4: usize = size_of::<libc::sockaddr_in>();
const SIZE_V6: usize = size_of::<libc::sockaddr_in6>();

unsafe extern "C" {
    #[link_name = "inet_pton"]
    fn libc_inet_pton(af: c_int, src: *const c_char, dst: *mut c_void) -> c_int;
}

fn size(af: c_int) -> usize {
    if af == libc::AF_INET { 4 } else { 16 }
}

fn read(af: c_int, text: &CStr) -> Option<Vec<u8>> {
    let mut out = vec![UNTOUCHED; size(af)];
    // SAFETY: a C string, and room for an address of the family.
    match unsafe { evutil_inet_pton(af, text.as_ptr(), out.as_mut_ptr().cast()) } {
        1 => Some(out),
        0 => {
            assert!(out.iter().all(|&byte| byte == UNTOUCHED));
            None
        }
        other => panic!("evutil_inet_pton: {other}"),
    }
}

fn read_scoped(af: c_int, text: &CStr) -> Option<(Vec<u8>, c_uint)> {
    let mut out = vec![UNTOUCHED; size(af)];
    let mut index = 77;
    let dst = out.as_mut_ptr().cast();
    // SAFETY: a C string, and room for an address of the family and a number.
    match unsafe { evutil_inet_pton_scope(af, text.as_ptr(), dst, &raw mut index) } {
        1 => Some((out, index)),
        0 => {
            assert!(out.iter().all(|&byte| byte == UNTOUCHED));
            assert_eq!(index, 0);
            None
        }
        other => panic!("evutil_inet_pton_scope: {other}"),
    }
}

fn read_with_libc(af: c_int, text: &CStr) -> Option<Vec<u8>> {
    let mut out = vec![UNTOUCHED; size(af)];
    // SAFETY: as above.
    let done = unsafe { libc_inet_pton(af, text.as_ptr(), out.as_mut_ptr().cast()) };
    (done == 1).then_some(out)
}

/// Prints into `room` bytes.
fn print(af: c_int, address: &[u8], room: usize) -> Option<CString> {
    let mut out = vec![UNTOUCHED as c_char; room];
    // SAFETY: an address of the family, and memory of the size given.
    let text = unsafe { evutil_inet_ntop(af, address.as_ptr().cast(), out.as_mut_ptr(), room) };
    if text.is_null() {
        return None;
    }
    assert!(ptr::eq(text, out.as_ptr()));
    // SAFETY: the text has its NUL.
    Some(unsafe { CStr::from_ptr(text) }.to_owned())
}

fn check_address(af: c_int, address: &[u8]) {
    let text = print(af, address, 64).unwrap();
    let room = text.as_bytes_with_nul().len();
    assert_eq!(print(af, address, room).as_ref(), Some(&text));
    for room in 0..room {
        assert_eq!(print(af, address, room), None);
    }
    assert_eq!(read(af, &text).as_deref(), Some(address), "{text:?}");
    assert_eq!(read_with_libc(af, &text).as_deref(), Some(address));
}

/// Reads an address and port into `room` bytes and returns those that were used.
fn read_with_port(text: &CStr, room: usize) -> Option<Vec<u8>> {
    let mut out = vec![UNTOUCHED; room];
    let mut len = room as c_int;
    let sa = out.as_mut_ptr().cast();
    // SAFETY: a C string, and memory of the size given.
    let status = unsafe { evutil_parse_sockaddr_port(text.as_ptr(), sa, &raw mut len) };
    if status != 0 {
        assert_eq!((status, len as usize), (-1, room));
        assert!(out.iter().all(|&byte| byte == UNTOUCHED));
        return None;
    }
    assert!(out[len as usize..].iter().all(|&byte| byte == 0));
    out.truncate(len as usize);
    Some(out)
}

/// The family, port, address and scope of a `struct sockaddr`.
fn parts(sa: &[u8]) -> (c_int, u16, &[u8], u32) {
    let af = c_int::from(u16::from_ne_bytes([sa[0], sa[1]]));
    let port = u16::from_be_bytes([sa[2], sa[3]]);
    match af {
        libc::AF_INET => {
            assert_eq!((sa.len(), &sa[8..]), (SIZE_V4, &[0; 8][..]));
            (af, port, &sa[4..8], 0)
        }
        libc::AF_INET6 => {
            assert_eq!((sa.len(), &sa[4..8]), (SIZE_V6, &[0; 4][..]));
            let scope = sa[24..].try_into().unwrap();
            (af, port, &sa[8..24], u32::from_ne_bytes(scope))
        }
        other => panic!("family {other}"),
    }
}

fn check_with_port(text: &CStr) {
    let bytes = text.to_bytes();
    let sa = read_with_port(text, size_of::<libc::sockaddr_storage>());
    let colons = bytes.iter().filter(|&&byte| byte == b':').count();
    if colons != 1 && !bytes.starts_with(b"[") {
        // No port: an address as the other functions read it.
        let af = if colons == 0 {
            libc::AF_INET
        } else {
            libc::AF_INET6
        };
        let bare = read_scoped(af, text);
        let same = sa.as_deref().map(parts);
        assert_eq!(
            same,
            bare.as_ref()
                .map(|(bare, scope)| (af, 0, &bare[..], *scope))
        );
    }
    let Some(sa) = sa else { return };
    let (af, port, address, _) = parts(&sa);
    check_address(af, address);

    assert_eq!(read_with_port(text, sa.len()).as_ref(), Some(&sa));
    for room in [0, 1, sa.len() - 1] {
        assert_eq!(read_with_port(text, room), None);
    }

    let mut printed = vec![UNTOUCHED as c_char; 64];
    let start = printed.as_mut_ptr();
    // SAFETY: a whole address, and memory of the size given.
    let printed = unsafe {
        let text = util_private::evutil_format_sockaddr_port_(sa.as_ptr().cast(), start, 64);
        CStr::from_ptr(text)
    };
    let back = read_with_port(printed, sa.len());
    // No port is printed as 0, which nobody may ask for.
    assert_eq!(back.is_some(), port != 0, "{printed:?}");
    if let Some(back) = back {
        let (first, second) = (sa.as_ptr().cast(), back.as_ptr().cast());
        // SAFETY: two whole addresses.
        assert_eq!(unsafe { evutil_sockaddr_cmp(first, second, 1) }, 0);
    }
}

pub fn run(input: &[u8]) {
    if let Some(address) = input.first_chunk::<4>() {
        check_address(libc::AF_INET, address);
    }
    if let Some(address) = input.first_chunk::<16>() {
        check_address(libc::AF_INET6, address);
    }

    let end = input.iter().position(|&byte| byte == 0);
    let text = &CString::new(&input[..end.unwrap_or(input.len())]).unwrap();
    let v4 = read(libc::AF_INET, text);
    if let Some(same) = read_with_libc(libc::AF_INET, text) {
        assert_eq!(v4.as_ref(), Some(&same));
    }
    assert_eq!(read_scoped(libc::AF_INET, text), v4.map(|v4| (v4, 0)));
    let v6 = read(libc::AF_INET6, text);
    assert_eq!(v6, read_with_libc(libc::AF_INET6, text));
    let scoped = read_scoped(libc::AF_INET6, text);
    match text.to_bytes().iter().position(|&byte| byte == b'%') {
        None => assert_eq!(scoped, v6.map(|v6| (v6, 0))),
        Some(at) => {
            assert_eq!(v6, None);
            let bare = CString::new(&text.to_bytes()[..at]).unwrap();
            if let Some((address, _)) = scoped {
                assert_eq!(read(libc::AF_INET6, &bare), Some(address));
            }
        }
    }
    check_with_port(text);
}
