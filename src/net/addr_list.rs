//! Lists of addresses, as lookups give them: `struct addrinfo`, linked.
//!
//! The system's resolver makes its lists itself, and only it can free them. Ours come from the
//! memory hooks and carry a mark in `ai_flags`, so that one function frees both kinds.

use core::ffi::{CStr, c_int};
use core::mem::{MaybeUninit, offset_of};
use core::ptr;
use std::net::SocketAddr;

use libc::{addrinfo, sockaddr, sockaddr_in6, socklen_t};

use super::raw_address;
use crate::support::mm;

/// In `ai_flags`: the list is one of ours. libevent's own mark, which no system uses.
const OURS: c_int = 0x8000_0000_u32 as c_int;

/// A list of addresses, freed with it. Empty to begin with.
pub struct AddrList(*mut addrinfo);

/// An entry of our own lists: one block.
#[repr(C)]
struct Entry {
    info: addrinfo,
    address: [MaybeUninit<u8>; size_of::<sockaddr_in6>()],
}

impl AddrList {
    pub const fn new() -> AddrList {
        AddrList(ptr::null_mut())
    }

    /// Takes a list over.
    ///
    /// # Safety
    /// `list` is null, or a list of the system's resolver or of [`Self::into_raw`], which nobody
    /// else uses or frees.
    pub unsafe fn from_raw(list: *mut addrinfo) -> AddrList {
        AddrList(list)
    }

    /// Hands the list over to whoever frees it, by [`Self::from_raw`]; null if it is empty.
    pub fn into_raw(self) -> *mut addrinfo {
        let list = self.0;
        core::mem::forget(self);
        list
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_null()
    }

    /// The entries in order.
    pub fn iter(&self) -> Iter<'_> {
        // SAFETY: null or a live list.
        Iter(unsafe { self.0.as_ref() })
    }

    /// Appends an address, for sockets of one type (`SOCK_STREAM`) and protocol. False, and nothing
    /// changed, without memory. The list is empty or one of our own.
    #[must_use]
    pub fn push(&mut self, to: &SocketAddr, kind: c_int, protocol: c_int) -> bool {
        let entry = mm::calloc(1, size_of::<Entry>()).cast::<Entry>();
        if entry.is_null() {
            return false;
        }
        // SAFETY: a fresh block of zeros, which an addrinfo may be. It is large enough for both
        // kinds of addresses.
        unsafe {
            let place = (&raw mut (*entry).address).cast::<sockaddr>();
            let used = raw_address::write(to, &mut (*entry).address).unwrap_or(0);
            let info = &raw mut (*entry).info;
            (*info).ai_flags = OURS;
            (*info).ai_family = raw_address::family(place);
            (*info).ai_socktype = kind;
            (*info).ai_protocol = protocol;
            (*info).ai_addrlen = used as socklen_t;
            (*info).ai_addr = place;
            self.append(AddrList(info));
        }
        true
    }

    /// Appends another list. Each is empty or one of our own.
    pub fn append(&mut self, other: AddrList) {
        let mut end = &raw mut self.0;
        // SAFETY: the entries of a live list are live; the other's are this one's now.
        unsafe {
            while !(*end).is_null() {
                end = &raw mut (**end).ai_next;
            }
            *end = other.into_raw();
        }
    }

    /// Sets the canonical name, which the first entry keeps. False, and nothing changed, without
    /// memory or an entry. The list is one of our own.
    #[must_use]
    pub fn set_canonical_name(&mut self, name: &CStr) -> bool {
        if self.0.is_null() {
            return false;
        }
        // SAFETY: the name is NUL-terminated; the entry is live, and its name null or from `mm`.
        unsafe {
            let copy = mm::strdup(name.as_ptr());
            if copy.is_null() {
                return false;
            }
            mm::free((*self.0).ai_canonname.cast());
            (*self.0).ai_canonname = copy;
        }
        true
    }
}

impl Drop for AddrList {
    fn drop(&mut self) {
        let mut next = self.0;
        // SAFETY: a list that no other code uses. Ours consist of blocks of `mm`; what has no mark
        // is the system's.
        unsafe {
            if !next.is_null() && (*next).ai_flags & OURS == 0 {
                libc::freeaddrinfo(next);
                return;
            }
            while !next.is_null() {
                let info = next;
                next = (*info).ai_next;
                mm::free((*info).ai_canonname.cast());
                const { assert!(offset_of!(Entry, info) == 0) };
                mm::free(info.cast());
            }
        }
    }
}

/// Goes through a list.
pub struct Iter<'a>(Option<&'a addrinfo>);

impl<'a> Iterator for Iter<'a> {
    type Item = &'a addrinfo;

    fn next(&mut self) -> Option<&'a addrinfo> {
        let info = self.0?;
        // SAFETY: null or the next entry of the list, which is borrowed.
        self.0 = unsafe { info.ai_next.as_ref() };
        Some(info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_lists_have_what_was_put_in() {
        let texts = ["1.2.3.4:5", "[::1]:6", "9.8.7.6:0"];
        let mut list = AddrList::new();
        assert!(list.is_empty());
        assert!(!list.set_canonical_name(c"nobody"));
        for text in &texts[..2] {
            assert!(list.push(&text.parse().unwrap(), libc::SOCK_STREAM, libc::IPPROTO_TCP));
        }
        let mut more = AddrList::new();
        assert!(more.push(&texts[2].parse().unwrap(), libc::SOCK_DGRAM, 0));
        list.append(more);
        assert!(list.set_canonical_name(c"first"));
        assert!(list.set_canonical_name(c"host.example"));
        // SAFETY: what `into_raw` gave, once.
        let list = unsafe { AddrList::from_raw(list.into_raw()) };
        let mut seen = Vec::new();
        for info in list.iter() {
            assert!(info.ai_flags & OURS != 0);
            // SAFETY: entries have whole addresses.
            seen.push(
                unsafe { raw_address::read(info.ai_addr) }
                    .unwrap()
                    .to_string(),
            );
        }
        assert_eq!(seen, texts);
        let first = list.iter().next().unwrap();
        assert_eq!(
            // SAFETY: the name was set.
            unsafe { CStr::from_ptr(first.ai_canonname) },
            c"host.example"
        );
        assert_eq!(first.ai_family, libc::AF_INET);
        assert_eq!(list.iter().nth(1).unwrap().ai_addrlen, 28);
        assert_eq!(list.iter().nth(2).unwrap().ai_socktype, libc::SOCK_DGRAM);
    }

    #[test]
    fn the_systems_lists_go_back_to_the_system() {
        let mut list = ptr::null_mut();
        // SAFETY: valid arguments.
        let error = unsafe {
            libc::getaddrinfo(
                c"127.0.0.1".as_ptr(),
                c"1".as_ptr(),
                ptr::null(),
                &raw mut list,
            )
        };
        assert_eq!(error, 0);
        // SAFETY: the resolver's list, once.
        let list = unsafe { AddrList::from_raw(list) };
        assert!(list.iter().count() >= 1);
    }
}
