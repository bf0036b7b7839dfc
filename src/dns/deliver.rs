//! Telling the program what a lookup came to.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::lookup::{Callback, Lookup, ResolveFn, Shape};
use super::name::{MAX_TEXT, Name};
use super::query::Query;
use super::wire::kind;
use crate::ctypes::dns::*;
use crate::net::addr_list::AddrList;
use crate::net::getaddrinfo::CANCEL;

/// Calls whoever asked; a program only if `tell_program`.
pub fn deliver(lookup: &Lookup, tell_program: bool) {
    match lookup.callback {
        Callback::Internal(done, argument) => {
            let answer = addresses(lookup);
            // SAFETY: the promise that came with the lookup.
            unsafe { done(argument, answer) };
        }
        _ if !tell_program => {}
        Callback::Resolve(None, _) | Callback::Addresses(None, _) => {}
        Callback::Resolve(Some(function), argument) => resolved(lookup, function, argument),
        Callback::Addresses(Some(function), argument) => {
            let (error, list) = match addresses(lookup) {
                Ok(list) => (0, list.into_raw()),
                Err(error) => (error, ptr::null_mut()),
            };
            // SAFETY: the program gave function and argument to go together.
            unsafe { function(error, list, argument) };
        }
    }
}

/// A name as a C string.
struct Text([u8; MAX_TEXT + 1]);

impl Text {
    fn new(name: &Name) -> Text {
        let mut room = [0; MAX_TEXT];
        let text = name.write_text(&mut room);
        let mut out = [0; MAX_TEXT + 1];
        out[..text.len()].copy_from_slice(text);
        Text(out)
    }

    fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

fn resolved(lookup: &Lookup, function: ResolveFn, argument: *mut c_void) {
    let Some(query) = lookup.queries.first() else {
        return;
    };
    let ttl = lookup.ttl() as c_int;
    let call = |kind: c_int, count: usize, addresses: *mut c_void| {
        let (kind, count) = (kind as c_char, count as c_int);
        // SAFETY: the program gave function and argument to go together; addresses are valid during
        // the call.
        unsafe { function(lookup.error, kind, count, ttl, addresses, argument) };
    };
    let kind = match query.kind {
        kind::A => DNS_IPv4_A,
        kind::AAAA => DNS_IPv6_AAAA,
        _ => DNS_PTR,
    };
    if lookup.error != DNS_ERR_NONE {
        call(kind, 0, ptr::null_mut());
        return;
    }
    let text = query.target.as_ref().map(Text::new);
    let mut name = text.as_ref().map_or(ptr::null(), Text::as_ptr);
    if kind == DNS_PTR {
        call(kind, query.count, (&raw mut name).cast());
        return;
    }
    call(
        kind,
        query.count,
        query.addresses.as_ptr().cast_mut().cast(),
    );
    if lookup.flags & DNS_CNAME_CALLBACK != 0 && !name.is_null() {
        call(DNS_CNAME, 1, name.cast_mut().cast());
    }
}

/// What `getaddrinfo` returns.
fn addresses(lookup: &Lookup) -> Result<AddrList, c_int> {
    match lookup.error {
        DNS_ERR_NONE => {}
        DNS_ERR_CANCEL => return Err(CANCEL),
        DNS_ERR_NOTEXIST => return Err(libc::EAI_NONAME),
        _ => return Err(libc::EAI_FAIL),
    }
    let shape = lookup.shape.ok_or(libc::EAI_FAIL)?;
    let mut list = AddrList::new();
    for query in lookup.queries.iter().filter(|query| query.count > 0) {
        for address in query_addresses(query) {
            shape.push(&mut list, address)?;
        }
    }
    let canonical = lookup
        .queries
        .iter()
        .filter(|query| query.count > 0)
        .find_map(|query| query.target.as_ref());
    if shape.canonical_name
        && let Some(name) = canonical
    {
        let text = Text::new(name);
        // SAFETY: the text is NUL-terminated.
        let text = unsafe { core::ffi::CStr::from_ptr(text.as_ptr()) };
        if !list.set_canonical_name(text) {
            return Err(libc::EAI_MEMORY);
        }
    }
    Ok(list)
}

/// The addresses that were found for a question.
pub fn query_addresses(query: &Query) -> impl Iterator<Item = IpAddr> {
    let size = if query.kind == kind::A { 4 } else { 16 };
    query.addresses.chunks_exact(size).map(move |bytes| {
        match (bytes.first_chunk::<4>(), bytes.first_chunk::<16>()) {
            (_, Some(v6)) => Ipv6Addr::from(*v6).into(),
            (Some(v4), None) => Ipv4Addr::from(*v4).into(),
            (None, None) => Ipv4Addr::UNSPECIFIED.into(),
        }
    })
}

impl Shape {
    /// Appends an address in each of the forms that are wanted.
    pub fn push(&self, list: &mut AddrList, address: IpAddr) -> Result<(), c_int> {
        self.push_scoped(list, address, 0)
    }

    /// [`Self::push`] of an address of a link, which is reached by the interface `scope`.
    pub fn push_scoped(
        &self,
        list: &mut AddrList,
        address: IpAddr,
        scope: u32,
    ) -> Result<(), c_int> {
        let mut address = SocketAddr::new(address, self.port);
        if let SocketAddr::V6(v6) = &mut address {
            v6.set_scope_id(scope);
        }
        let both = [
            (libc::SOCK_STREAM, libc::IPPROTO_TCP),
            (libc::SOCK_DGRAM, libc::IPPROTO_UDP),
        ];
        let one = [(self.socktype, self.protocol)];
        let forms: &[(c_int, c_int)] = if self.socktype == 0 && self.protocol == 0 {
            &both
        } else {
            &one
        };
        for &(kind, protocol) in forms {
            if !list.push(&address, kind, protocol) {
                return Err(libc::EAI_MEMORY);
            }
        }
        Ok(())
    }
}
