//! Of `<event2/dns.h>`: looking names up.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::{self, NonNull};
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::abi::argument::Str;
use crate::support::thunk::Ref;
use libc::{in_addr, in6_addr};

use crate::abi::convert::bytes;
use crate::ctypes::dns::{evdns_callback_type, evdns_getaddrinfo_cb};
use crate::ctypes::util::evutil_addrinfo;
use crate::dns::lookup::{Callback, Handle as evdns_request, Handle as evdns_getaddrinfo_request};
use crate::dns::resolver::{Resolver as evdns_base, cancel};
use crate::dns::{ask, error_text, getaddrinfo};
use crate::net::resolver::Query;
use crate::support::zeroed::Zeroed;

/// The handle, or NULL.
fn made(handle: Option<NonNull<evdns_request>>) -> *mut evdns_request {
    handle.map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// Describes the result of a lookup, a DNS_ERR_*, in English. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn evdns_err_to_string(err: c_int) -> *const c_char {
    error_text(err).as_ptr()
}

/// Looks up the IPv4 addresses of a name.
///
/// A name without a trailing dot is also tried in the search domains of resolv.conf or
/// evdns_base_search_add(). Every lookup ends, at the latest after the number of attempts times the
/// timeout for each name that is tried.
///
/// @param base the resolver
/// @param name the name, of at most 255 bytes
/// @param flags 0 or DNS_QUERY_*, and DNS_CNAME_CALLBACK
/// @param callback what to call with the result, from the loop
/// @param ptr the callback's argument
/// @return the lookup, which evdns_cancel_request() takes until the callback has been called; NULL,
///   and then the callback is never called, if the name can't be looked up or there is no memory
///
/// # Safety
/// `callback` can be called with `ptr` until the lookup has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resolve_ipv4(
    base: Option<Ref<evdns_base>>,
    name: Str<'_>,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> *mut evdns_request {
    let callback = Callback::Resolve(callback, ptr);
    made(ask::addresses(base, name.bytes(), false, flags, callback))
}

/// Looks up the IPv6 addresses of a name; see evdns_base_resolve_ipv4().
///
/// @param base the resolver
/// @param name the name, of at most 255 bytes
/// @param flags 0 or DNS_QUERY_*, and DNS_CNAME_CALLBACK
/// @param callback what to call with the result, from the loop
/// @param ptr the callback's argument
/// @return the lookup, or NULL
///
/// # Safety
/// `callback` can be called with `ptr` until the lookup has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resolve_ipv6(
    base: Option<Ref<evdns_base>>,
    name: Str<'_>,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> *mut evdns_request {
    let callback = Callback::Resolve(callback, ptr);
    made(ask::addresses(base, name.bytes(), true, flags, callback))
}

/// Looks up the name of an IPv4 address; see evdns_base_resolve_ipv4(). The result holds at most
/// one name.
///
/// @param base the resolver
/// @param in the address
/// @param flags 0 or DNS_QUERY_*
/// @param callback what to call with the result, from the loop
/// @param ptr the callback's argument
/// @return the lookup, or NULL
///
/// # Safety
/// `callback` can be called with `ptr` until the lookup has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resolve_reverse(
    base: Option<Ref<evdns_base>>,
    r#in: *const in_addr,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> *mut evdns_request {
    let callback = Callback::Resolve(callback, ptr);
    // SAFETY: the caller's promise.
    let address = unsafe { r#in.read_unaligned() }.s_addr.to_ne_bytes();
    let address = Ipv4Addr::from(address).into();
    made(ask::reverse(base, address, flags, callback))
}

/// Looks up the name of an IPv6 address; see evdns_base_resolve_reverse().
///
/// @param base the resolver
/// @param in the address
/// @param flags 0 or DNS_QUERY_*
/// @param callback what to call with the result, from the loop
/// @param ptr the callback's argument
/// @return the lookup, or NULL
///
/// # Safety
/// `callback` can be called with `ptr` until the lookup has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_base_resolve_reverse_ipv6(
    base: Option<Ref<evdns_base>>,
    r#in: *const in6_addr,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> *mut evdns_request {
    let callback = Callback::Resolve(callback, ptr);
    // SAFETY: the caller's promise.
    let address = Ipv6Addr::from(unsafe { r#in.read_unaligned() }.s6_addr).into();
    made(ask::reverse(base, address, flags, callback))
}

/// Cancels a lookup: its callback is called from the loop with DNS_ERR_CANCEL, or with the result
/// if that is pending already.
///
/// @param base the resolver of the lookup, or NULL
/// @param req the lookup, whose callback has not returned
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_cancel_request(
    base: Option<Ref<evdns_base>>,
    req: *mut evdns_request,
) {
    let _ = base;
    if let Some(handle) = NonNull::new(req) {
        // SAFETY: the caller's promise.
        unsafe { cancel(handle) };
    }
}

/// Looks up a host and a service, like getaddrinfo(), but without blocking. Names in loaded hosts
/// files are resolved without a query.
///
/// The callback may be called before this returns, and then NULL is returned.
///
/// @param dns_base the resolver
/// @param nodename the host: a name or a numeric address; or NULL
/// @param servname the service: a name or a number; or NULL
/// @param hints_in what evutil_getaddrinfo() takes; NULL means all zeros
/// @param cb what to call with the result
/// @param arg the callback's argument
/// @return the lookup, which evdns_getaddrinfo_cancel() takes until the callback has returned; NULL
///   if the callback has been called already
///
/// # Safety
/// `cb` can be called with `arg` until the lookup has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_getaddrinfo(
    dns_base: Option<Ref<evdns_base>>,
    nodename: Option<Str<'_>>,
    servname: Option<Str<'_>>,
    hints_in: *const evutil_addrinfo,
    cb: evdns_getaddrinfo_cb,
    arg: *mut c_void,
) -> *mut evdns_getaddrinfo_request {
    let none = evutil_addrinfo::ZEROED;
    // SAFETY: the caller's promise.
    unsafe {
        let query = Query {
            host: nodename.map(Str::c_str),
            service: servname.map(Str::c_str),
            hints: hints_in.as_ref().unwrap_or(&none),
        };
        made(getaddrinfo::for_program(dns_base, &query, cb, arg))
    }
}

/// Cancels a lookup of evdns_getaddrinfo(): its callback is called from the loop with
/// EVUTIL_EAI_CANCEL, or with the result if that is pending already.
///
/// @param req the lookup, whose callback has not returned; NULL is ignored
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_getaddrinfo_cancel(req: *mut evdns_getaddrinfo_request) {
    if let Some(handle) = NonNull::new(req) {
        // SAFETY: the caller's promise.
        unsafe { cancel(handle) };
    }
}

/// Stores the addresses of a name in the cache of a resolver, replacing its previous entry.
///
/// @param base the resolver
/// @param name the name, whose case is ignored
/// @param res the addresses, which are copied; NULL to forget the name
/// @param ttl for how many seconds
///
/// Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_cache_write(
    base: Option<Ref<evdns_base>>,
    name: *mut c_char,
    res: *mut evutil_addrinfo,
    ttl: c_int,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(base) = base {
            getaddrinfo::write_cache(base, bytes(name), res, ttl);
        }
    }
}

/// Looks a name up in what a resolver remembers: what evdns_cache_write() put there and, with the
/// option `cache`, what was looked up.
///
/// @param base the resolver
/// @param name the name, whose case is ignored
/// @param hints the family, type and protocol that are wanted, and EVUTIL_AI_CANONNAME; may be NULL
/// @param port the port to be put into the addresses
/// @param res receives a list, to be freed by evutil_freeaddrinfo()
/// @return 0; -1 if nothing is known; EVUTIL_EAI_ADDRFAMILY if only the other family is
///
/// Since 2.2.
///
/// # Safety
/// `res` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_cache_lookup(
    base: Option<Ref<evdns_base>>,
    name: Str<'_>,
    hints: *mut evutil_addrinfo,
    port: u16,
    res: *mut *mut evutil_addrinfo,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let Some(base) = base else {
            return -1;
        };
        match getaddrinfo::read_cache(base, name.bytes(), hints.as_ref(), port) {
            Ok(list) => {
                res.write(list.into_raw());
                0
            }
            Err(code) => code,
        }
    }
}
