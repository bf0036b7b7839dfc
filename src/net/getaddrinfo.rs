//! Blocking name lookup.
//!
//! The system's resolver does the work and owns the lists that it returns, so
//! that programs may mix these functions with `getaddrinfo` and `freeaddrinfo`.

use std::ffi::{CStr, c_char, c_int};
use std::ptr::{self, NonNull};

use libc::addrinfo;

use super::addr_list::AddrList;
use super::resolver::Query;

use crate::support::zeroed::Zeroed;

/// libevent's own error code: a lookup was cancelled before it finished.
pub const CANCEL: c_int = -90001;

/// `EAI_ADDRFAMILY`, which the libc crate lacks on Linux.
pub const EAI_ADDRFAMILY: c_int = -9;

/// Like the system's `getaddrinfo`, except that no hints mean all-zero hints
/// and not the system's default flags. Returns 0 or an `EAI_*` code.
///
/// # Safety
/// `getaddrinfo`'s own: strings and hints are valid or NULL, `result` is valid.
pub unsafe fn lookup(
    node: *const c_char,
    service: *const c_char,
    hints: Option<NonNull<addrinfo>>,
    result: *mut *mut addrinfo,
) -> c_int {
    // No flags, any family.
    let none = addrinfo::ZEROED;
    let hints = hints.map_or(&raw const none, |hints| hints.as_ptr().cast_const());
    // SAFETY: promised by the caller; `none` lives until the call returns.
    unsafe { libc::getaddrinfo(node, service, hints, result) }
}

/// What the system's resolver knows.
pub fn answer(query: &Query) -> Result<AddrList, c_int> {
    let text = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
    let mut list = ptr::null_mut();
    // SAFETY: borrowed strings and hints.
    let error = unsafe {
        let hints = Some(NonNull::from(query.hints));
        lookup(text(query.host), text(query.service), hints, &raw mut list)
    };
    match error {
        // SAFETY: the resolver's list, which no other code has.
        0 => Ok(unsafe { AddrList::from_raw(list) }),
        error => Err(error),
    }
}

/// Says in words what a return value of [`lookup`] means.
pub fn error_text(code: c_int) -> &'static CStr {
    match code {
        0 => c"No error",
        CANCEL => c"Request canceled",
        EAI_ADDRFAMILY => c"address family for nodename not supported",
        libc::EAI_AGAIN => c"temporary failure in name resolution",
        libc::EAI_BADFLAGS => c"invalid value for ai_flags",
        libc::EAI_FAIL => c"non-recoverable failure in name resolution",
        libc::EAI_FAMILY => c"ai_family not supported",
        libc::EAI_MEMORY => c"memory allocation failure",
        libc::EAI_NODATA => c"no address associated with nodename",
        libc::EAI_NONAME => c"nodename nor servname provided, or not known",
        libc::EAI_SERVICE => c"servname not supported for ai_socktype",
        libc::EAI_SOCKTYPE => c"ai_socktype not supported",
        libc::EAI_SYSTEM => c"system error",
        // SAFETY: the system's texts are constants.
        _ => unsafe { CStr::from_ptr(libc::gai_strerror(code)) },
    }
}
