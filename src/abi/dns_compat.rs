//! `<event2/dns_compat.h>`: the functions of libevent 1.4, which work on one resolver for the whole
//! process.

use core::ffi::{c_int, c_ulong, c_void};

use crate::abi::argument::Str;
use libc::{in_addr, in6_addr};

use super::dns::lookup::{
    evdns_base_resolve_ipv4, evdns_base_resolve_ipv6, evdns_base_resolve_reverse,
    evdns_base_resolve_reverse_ipv6,
};
use super::dns::server::evdns_add_server_port_with_base;
use super::dns::{
    evdns_base_clear_nameservers_and_suspend, evdns_base_count_nameservers, evdns_base_free,
    evdns_base_nameserver_add, evdns_base_nameserver_ip_add, evdns_base_new,
    evdns_base_resolv_conf_parse, evdns_base_resume, evdns_base_search_add,
    evdns_base_search_clear, evdns_base_search_ndots_set, evdns_base_set_option, evdns_set_log_fn,
};
use crate::ctypes::dns::{
    EVDNS_BASE_INITIALIZE_NAMESERVERS, evdns_callback_type, evdns_request_callback_fn_type,
};
use crate::ctypes::util::evutil_socket_t;
use crate::dns::global;
use crate::dns::resolver::Resolver as evdns_base;
use crate::dns::server::Port as evdns_server_port;
use crate::support::shared::Ref;

/// 0 for a lookup that has begun.
fn begun<T>(lookup: *mut T) -> c_int {
    if lookup.is_null() { -1 } else { 0 }
}

/// Makes the resolver of this header, configured as the system's files say, on the current event
/// base.
///
/// Deprecated, as all of this header: evdns_base_new() does not depend on who else calls it.
///
/// @return 0; -1 if that fails
///
/// # Safety
/// The current event base is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_init() -> c_int {
    // SAFETY: the current base is alive.
    let made = unsafe { evdns_base_new(None, EVDNS_BASE_INITIALIZE_NAMESERVERS) };
    match made {
        Some(resolver) => {
            global::set_current(resolver);
            0
        }
        None => -1,
    }
}

/// The resolver of this header, or NULL.
#[unsafe(no_mangle)]
pub extern "C" fn evdns_get_global_base() -> Option<Ref<evdns_base>> {
    global::current()
}

/// evdns_base_free() for the resolver of this header. The log function is reset, too.
///
/// # Safety
/// No other thread uses that resolver.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_shutdown(fail_requests: c_int) {
    let resolver = global::take_current();
    // SAFETY: null or alive until now.
    unsafe { evdns_base_free(resolver, fail_requests) };
    evdns_set_log_fn(None);
}

/// evdns_base_nameserver_add() for the resolver of this header, which is made if there is none.
///
/// # Safety
/// The resolver of this header is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_nameserver_add(address: c_ulong) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { evdns_base_nameserver_add(global::current_or_new(), address) }
}

/// evdns_base_count_nameservers() for the resolver of this header.
///
/// # Safety
/// The resolver of this header is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_count_nameservers() -> c_int {
    // SAFETY: the caller's promise.
    unsafe { evdns_base_count_nameservers(global::current()) }
}

/// evdns_base_clear_nameservers_and_suspend() for the resolver of this header.
///
/// # Safety
/// The resolver of this header is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_clear_nameservers_and_suspend() -> c_int {
    // SAFETY: the caller's promise.
    unsafe { evdns_base_clear_nameservers_and_suspend(global::current()) }
}

/// evdns_base_resume() for the resolver of this header.
///
/// # Safety
/// The resolver of this header is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resume() -> c_int {
    // SAFETY: the caller's promise.
    unsafe { evdns_base_resume(global::current()) }
}

/// evdns_base_nameserver_ip_add() for the resolver of this header, which is made if there is none.
///
/// # Safety
/// The resolver of this header is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_nameserver_ip_add(ip_as_string: Str<'_>) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { evdns_base_nameserver_ip_add(global::current_or_new(), ip_as_string) }
}

/// evdns_base_resolve_ipv4() for the resolver of this header.
///
/// @return 0 if the lookup has begun; -1 if it has not
///
/// # Safety
/// `callback` can be called with `ptr` until the lookup has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resolve_ipv4(
    name: Str<'_>,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise.
    begun(unsafe { evdns_base_resolve_ipv4(global::current(), name, flags, callback, ptr) })
}

/// evdns_base_resolve_ipv6() for the resolver of this header.
///
/// @return 0 if the lookup has begun; -1 if it has not
///
/// # Safety
/// `callback` can be called with `ptr` until the lookup has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resolve_ipv6(
    name: Str<'_>,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise.
    begun(unsafe { evdns_base_resolve_ipv6(global::current(), name, flags, callback, ptr) })
}

/// evdns_base_resolve_reverse() for the resolver of this header.
///
/// @return 0 if the lookup has begun; -1 if it has not
///
/// # Safety
/// `callback` can be called with `ptr` until the lookup has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resolve_reverse(
    r#in: *const in_addr,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise.
    begun(unsafe { evdns_base_resolve_reverse(global::current(), r#in, flags, callback, ptr) })
}

/// evdns_base_resolve_reverse_ipv6() for the resolver of this header.
///
/// @return 0 if the lookup has begun; -1 if it has not
///
/// # Safety
/// `callback` can be called with `ptr` until the lookup has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resolve_reverse_ipv6(
    r#in: *const in6_addr,
    flags: c_int,
    callback: evdns_callback_type,
    ptr: *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise.
    begun(unsafe { evdns_base_resolve_reverse_ipv6(global::current(), r#in, flags, callback, ptr) })
}

/// evdns_base_set_option() for the resolver of this header, which is made if there is none. `flags`
/// are not used.
///
/// # Safety
/// The resolver of this header is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_set_option(
    option: Str<'_>,
    val: Option<Str<'_>>,
    flags: c_int,
) -> c_int {
    let _ = flags;
    // SAFETY: the caller's promise.
    unsafe { evdns_base_set_option(global::current_or_new(), option, val) }
}

/// evdns_base_resolv_conf_parse() for the resolver of this header, which is made if there is none.
///
/// # Safety
/// The resolver of this header is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_resolv_conf_parse(flags: c_int, filename: Option<Str<'_>>) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { evdns_base_resolv_conf_parse(global::current_or_new(), flags, filename) }
}

/// evdns_base_search_clear() for the resolver of this header.
///
/// # Safety
/// The resolver of this header is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_search_clear() {
    // SAFETY: the caller's promise.
    unsafe { evdns_base_search_clear(global::current()) }
}

/// evdns_base_search_add() for the resolver of this header.
///
/// # Safety
/// The resolver of this header is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_search_add(domain: Str<'_>) {
    // SAFETY: the caller's promise.
    unsafe { evdns_base_search_add(global::current(), domain) }
}

/// evdns_base_search_ndots_set() for the resolver of this header.
///
/// # Safety
/// The resolver of this header is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_search_ndots_set(ndots: c_int) {
    // SAFETY: the caller's promise.
    unsafe { evdns_base_search_ndots_set(global::current(), ndots) }
}

/// evdns_add_server_port_with_base() on the current event base.
///
/// # Safety
/// `callback` can be called with `user_data` until the server is closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evdns_add_server_port(
    socket: evutil_socket_t,
    flags: c_int,
    callback: evdns_request_callback_fn_type,
    user_data: *mut c_void,
) -> *mut evdns_server_port {
    // SAFETY: the caller's promise.
    unsafe { evdns_add_server_port_with_base(None, socket, flags, callback, user_data) }
}
