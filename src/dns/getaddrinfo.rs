//! Looking up a host and a service without blocking, as `getaddrinfo` does.

use core::ffi::{CStr, c_int, c_void};
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use libc::addrinfo;

use super::cache::Known;
use super::log;
use super::lookup::{Callback, Handle, Shape};
use super::name::Name;
use super::options::SECOND;
use super::resolver::{Request, Resolver};
use super::state::State;
use super::wire::kind;
use crate::ctypes::dns::evdns_getaddrinfo_cb;
use crate::net::addr_list::AddrList;
use crate::net::addr_text;
use crate::net::getaddrinfo::{self, EAI_ADDRFAMILY};
use crate::net::raw_address;
use crate::net::resolver::{Done, Query, Resolver as Functions};
use crate::support::shared::Ref;
use crate::support::time::Micros;
use crate::support::zeroed::Zeroed;

/// What an answer is: a list, or an `EAI_*` code.
type Answer = Result<AddrList, c_int>;

/// What bufferevents look names up by.
pub static RESOLVER: Functions = Functions {
    start: start_for_library,
    cancel: cancel_for_library,
};

/// # Safety
/// As [`crate::net::resolver`] says.
unsafe fn start_for_library(
    dns: NonNull<c_void>,
    query: &Query,
    done: Done,
    argument: *mut c_void,
) -> Option<NonNull<c_void>> {
    // SAFETY: the caller's promise: a live resolver.
    let resolver = unsafe { Ref::from_ptr(dns.as_ptr().cast::<Resolver>()) }?;
    match start(resolver, query, Callback::Internal(done, argument)) {
        Ok(handle) => Some(handle.cast()),
        Err(answer) => {
            // SAFETY: the caller's promise.
            unsafe { done(argument, answer) };
            None
        }
    }
}

/// # Safety
/// As [`crate::net::resolver`] says.
unsafe fn cancel_for_library(request: NonNull<c_void>) -> bool {
    // SAFETY: the caller's promise: the handle of a lookup that has not been told.
    let handle = unsafe { request.cast::<Handle>().as_ref() };
    let slot = handle.slot;
    handle.resolver.with(|state| state.cancel_silently(slot))
}

/// Begins a lookup for a program, or tells it the answer at once.
///
/// # Safety
/// The callback can be called with its argument until the lookup has ended.
pub unsafe fn for_program(
    resolver: Option<Ref<Resolver>>,
    query: &Query,
    callback: evdns_getaddrinfo_cb,
    argument: *mut c_void,
) -> Option<NonNull<Handle>> {
    let begun = match resolver {
        Some(resolver) => start(resolver, query, Callback::Addresses(callback, argument)),
        None => {
            log::warn(format_args!(
                "Call to getaddrinfo_async with no evdns_base configured."
            ));
            Err(Err(libc::EAI_FAIL))
        }
    };
    let answer = match begun {
        Ok(handle) => return Some(handle),
        Err(answer) => answer,
    };
    let (error, list) = match answer {
        Ok(list) => (0, list.into_raw()),
        Err(error) => (error, ptr::null_mut()),
    };
    if let Some(callback) = callback {
        // SAFETY: promised by the caller.
        unsafe { callback(error, list, argument) };
    }
    None
}

/// Has the cache remember a list of addresses.
///
/// # Safety
/// `list` is null or a list of addresses.
pub unsafe fn write_cache(resolver: Ref<Resolver>, name: &[u8], list: *mut addrinfo, ttl: c_int) {
    // SAFETY: promised by the caller; the list stays the caller's.
    let list = ManuallyDrop::new(unsafe { AddrList::from_raw(list) });
    let addresses = || {
        list.iter()
            // SAFETY: entries have whole addresses.
            .filter_map(|info| unsafe { raw_address::read(info.ai_addr) })
            .map(|address| address.ip())
    };
    let canonical = list.iter().map(|info| info.ai_canonname);
    let canonical = canonical
        .filter(|name| !name.is_null())
        // SAFETY: names in a list are NUL-terminated.
        .map(|name| unsafe { CStr::from_ptr(name) })
        .next();
    resolver.with(|state| {
        state.cache.remove(name);
        let until = state.now + Micros::from(ttl) * SECOND;
        for v6 in [false, true] {
            let of_family = || addresses().filter(|address| address.is_ipv6() == v6);
            if of_family().next().is_some() {
                let canonical = canonical.map(CStr::to_bytes_with_nul);
                let times = (state.now, until);
                let known = Known::Addresses;
                state
                    .cache
                    .put(name, v6, known, of_family(), canonical, times);
            }
        }
    });
}

/// What the cache knows: a list, -1 or `EAI_ADDRFAMILY`.
pub fn read_cache(
    resolver: Ref<Resolver>,
    name: &[u8],
    hints: Option<&addrinfo>,
    port: u16,
) -> Answer {
    let shape = Shape {
        socktype: hints.map_or(0, |hints| hints.ai_socktype),
        protocol: hints.map_or(0, |hints| hints.ai_protocol),
        port,
        canonical_name: hints.is_some_and(|hints| hints.ai_flags & libc::AI_CANONNAME != 0),
    };
    let family = hints.map_or(libc::AF_UNSPEC, |hints| hints.ai_family);
    resolver.with(|state| state.ask_cache(name, family, &shape))
}

/// Begins a lookup, or answers it at once: then nothing is called.
pub fn start(
    resolver: Ref<Resolver>,
    query: &Query,
    callback: Callback,
) -> Result<NonNull<Handle>, Answer> {
    let hints = query.hints;
    if query.host.is_some() && hints.ai_flags & libc::AI_NUMERICHOST != 0 {
        return Err(getaddrinfo::answer(query));
    }
    let family = hints.ai_family;
    if !matches!(family, libc::AF_UNSPEC | libc::AF_INET | libc::AF_INET6) {
        return Err(Err(libc::EAI_FAMILY));
    }
    let shape = shape(query).map_err(Err)?;
    let wants = |v6: bool| family == libc::AF_UNSPEC || v6 == (family == libc::AF_INET6);
    let Some(host) = query.host else {
        if query.service.is_none() {
            return Err(Err(libc::EAI_NONAME));
        }
        return Err(nobody(
            &shape,
            hints.ai_flags & libc::AI_PASSIVE != 0,
            wants,
        ));
    };
    if let Some((address, scope)) = numeric(host.to_bytes(), wants) {
        return Err(list(&shape, [(address, scope)].into_iter()));
    }
    let reachable = if hints.ai_flags & libc::AI_ADDRCONFIG != 0 && family == libc::AF_UNSPEC {
        own_families()
    } else {
        [true; 2]
    };
    let wants = |v6: bool| wants(v6) && reachable[usize::from(v6)];
    resolver.look_at_file();
    let text = host.to_bytes();
    if let Some(answer) = resolver.with(|state| state.known(text, &shape, wants)) {
        return Err(answer);
    }
    let kinds = [kind::A, kind::AAAA];
    let kinds = match (wants(false), wants(true)) {
        (true, false) => &kinds[..1],
        (false, true) => &kinds[1..],
        _ => &kinds[..],
    };
    let name = Name::from_text(text).ok_or(Err(libc::EAI_FAIL))?;
    let request = Request {
        name: &name,
        complete: text.ends_with(b"."),
        flags: 0,
        kinds,
        shape: Some(shape),
        callback,
        cached_as: Some(text),
    };
    resolver
        .with(|state| state.start(&request))
        .ok_or(Err(libc::EAI_FAIL))
}

/// Type, protocol and port; an error for a service that is not known.
fn shape(query: &Query) -> Result<Shape, c_int> {
    let hints = query.hints;
    let (mut socktype, mut protocol) = (hints.ai_socktype, hints.ai_protocol);
    match (socktype, protocol) {
        (0, libc::IPPROTO_TCP) => socktype = libc::SOCK_STREAM,
        (0, libc::IPPROTO_UDP) => socktype = libc::SOCK_DGRAM,
        (0, libc::IPPROTO_SCTP) => socktype = libc::SOCK_STREAM,
        (libc::SOCK_STREAM, 0) => protocol = libc::IPPROTO_TCP,
        (libc::SOCK_DGRAM, 0) => protocol = libc::IPPROTO_UDP,
        _ => {}
    }
    let port = match query.service {
        None => 0,
        Some(service) => match port_number(service.to_bytes()) {
            Some(port) => port.ok_or(libc::EAI_NONAME)?,
            None if hints.ai_flags & libc::AI_NUMERICSERV != 0 => {
                return Err(libc::EAI_NONAME);
            }
            None => named_service(service, socktype).ok_or(libc::EAI_NONAME)?,
        },
    };
    Ok(Shape {
        socktype,
        protocol,
        port,
        canonical_name: hints.ai_flags & libc::AI_CANONNAME != 0,
    })
}

/// The port of a service that is written as a number: `Some(None)` for one that no port has, `None`
/// for a name.
fn port_number(text: &[u8]) -> Option<Option<u16>> {
    let text = text.trim_ascii_start();
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    let digits = digits.strip_prefix(b"-").unwrap_or(digits);
    // The system would take no text for port 0, and cut larger numbers.
    let number = digits.iter().all(u8::is_ascii_digit);
    let text = core::str::from_utf8(text).ok();
    number.then(|| text.and_then(|text| text.parse().ok()))
}

/// The port of a service, from the system's table.
fn named_service(service: &CStr, socktype: c_int) -> Option<u16> {
    let mut hints = addrinfo::ZEROED;
    hints.ai_family = libc::AF_INET;
    // Of others the table says nothing: it knows protocols.
    if matches!(socktype, libc::SOCK_STREAM | libc::SOCK_DGRAM) {
        hints.ai_socktype = socktype;
    }
    let query = Query {
        host: None,
        service: Some(service),
        hints: &hints,
    };
    let found = getaddrinfo::answer(&query).ok()?;
    let first = found.iter().next()?;
    // SAFETY: entries have whole addresses.
    let address = unsafe { raw_address::read(first.ai_addr) };
    address.map(|address| address.port())
}

fn list(shape: &Shape, addresses: impl Iterator<Item = (IpAddr, u32)>) -> Answer {
    let mut list = AddrList::new();
    for (address, scope) in addresses {
        shape.push_scoped(&mut list, address, scope)?;
    }
    Ok(list)
}

/// Without a host: this one, or any address of it.
fn nobody(shape: &Shape, passive: bool, wants: impl Fn(bool) -> bool) -> Answer {
    let (v4, v6) = if passive {
        (Ipv4Addr::UNSPECIFIED, Ipv6Addr::UNSPECIFIED)
    } else {
        (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST)
    };
    let both = [IpAddr::from(v4), IpAddr::from(v6)];
    let wanted = both.into_iter().filter(|address| wants(address.is_ipv6()));
    list(shape, wanted.map(|address| (address, 0)))
}

/// A numeric address of a family that is wanted, and its scope.
fn numeric(text: &[u8], wants: impl Fn(bool) -> bool) -> Option<(IpAddr, u32)> {
    if let Some(v4) = addr_text::parse_ipv4(text).filter(|_| wants(false)) {
        return Some((v4.into(), 0));
    }
    let inner = text
        .strip_prefix(b"[")
        .and_then(|text| text.strip_suffix(b"]"));
    let text = inner.unwrap_or(text);
    let (v6, scope) = addr_text::parse_ipv6_scoped(text).filter(|_| wants(true))?;
    Some((v6.into(), scope))
}

/// Whether the host has an address of its own by which others reach it, IPv4 and IPv6. Found out
/// once.
fn own_families() -> [bool; 2] {
    static OWN: OnceLock<[bool; 2]> = OnceLock::new();
    *OWN.get_or_init(|| {
        let mut interfaces = core::ptr::null_mut();
        // SAFETY: there is room for the result.
        if unsafe { libc::getifaddrs(&raw mut interfaces) } != 0 {
            return [true; 2];
        }
        let mut own = [false; 2];
        let mut next = interfaces;
        // SAFETY: null, or an entry of the list, which lives until it is freed.
        while let Some(interface) = unsafe { next.as_ref() } {
            next = interface.ifa_next;
            if interface.ifa_addr.is_null() {
                continue;
            }
            // SAFETY: as large as its family asks for.
            match unsafe { raw_address::read(interface.ifa_addr) }.map(|address| address.ip()) {
                Some(IpAddr::V4(v4)) => own[0] |= !addr_text::is_local_v4(v4),
                Some(IpAddr::V6(v6)) => own[1] |= !addr_text::is_local_v6(v6),
                None => {}
            }
        }
        // SAFETY: the list of getifaddrs, once.
        unsafe { libc::freeifaddrs(interfaces) };
        if own == [false; 2] { [true; 2] } else { own }
    })
}

impl State {
    /// What is known without asking: from the hosts file, or from the cache.
    fn known(
        &mut self,
        name: &[u8],
        shape: &Shape,
        wants: impl Fn(bool) -> bool,
    ) -> Option<Answer> {
        let mut there = false;
        let mut result = AddrList::new();
        for (address, scope) in self.hosts.find(name) {
            there = true;
            if wants(address.is_ipv6())
                && let Err(error) = shape.push_scoped(&mut result, address, scope)
            {
                return Some(Err(error));
            }
        }
        if there {
            return Some(if result.is_empty() {
                Err(EAI_ADDRFAMILY)
            } else {
                Ok(result)
            });
        }
        if !self.options.cache {
            return None;
        }
        self.cached(name, shape, wants)
    }

    /// What the cache says, if it knows about all families that are wanted.
    fn cached(&self, name: &[u8], shape: &Shape, wants: impl Fn(bool) -> bool) -> Option<Answer> {
        let mut result = AddrList::new();
        let mut no_name = true;
        for v6 in [false, true] {
            if !wants(v6) {
                continue;
            }
            no_name &= self.cache.get(name, v6, self.now)? == Known::NoName;
            for address in self.cache.addresses(name, v6) {
                if let Err(error) = shape.push(&mut result, address) {
                    return Some(Err(error));
                }
            }
        }
        if result.is_empty() {
            return Some(Err(if no_name {
                libc::EAI_NONAME
            } else {
                libc::EAI_FAIL
            }));
        }
        if shape.canonical_name
            && let Some(name) = self.cache.canonical(name)
            && let Ok(name) = CStr::from_bytes_until_nul(name)
            && !result.set_canonical_name(name)
        {
            return Some(Err(libc::EAI_MEMORY));
        }
        Some(Ok(result))
    }

    /// What a program asks the cache: 0 and a list, -1 for what is not known, or another code.
    pub fn ask_cache(&self, name: &[u8], family: c_int, shape: &Shape) -> Answer {
        let both = [libc::AF_INET, libc::AF_INET6];
        let known = both.map(|own| {
            let v6 = own == libc::AF_INET6;
            self.cache.get(name, v6, self.now) == Some(Known::Addresses)
        });
        if known == [false; 2] {
            return Err(-1);
        }
        let wants = |v6: bool| {
            known[usize::from(v6)] && (family == libc::AF_UNSPEC || family == both[usize::from(v6)])
        };
        if !wants(false) && !wants(true) {
            return Err(EAI_ADDRFAMILY);
        }
        self.cached(name, shape, wants).unwrap_or(Err(-1))
    }
}
