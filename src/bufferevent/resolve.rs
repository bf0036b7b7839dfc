//! Connecting a bufferevent to a host by its name.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::{self, NonNull};
use std::io::Write;

use libc::addrinfo;

use super::socket::{State, state};
use super::{BY_LOOKUP, Bev, Held, callbacks, connect, enable};
use crate::ctypes::bufferevent::BEV_EVENT_ERROR;
use crate::net::getaddrinfo;
use crate::support::log;

/// Looks `host` up and connects to the first of its addresses, at `port`. Without a DNS base that
/// happens here and now, and a name that is not found is told by an event before this returns.
///
/// # Safety
/// `host` is NUL-terminated; `hints` is null or valid.
pub unsafe fn start(
    bev: &Held,
    dns: *mut c_void,
    host: *const c_char,
    port: c_int,
    hints: &addrinfo,
) -> Result<(), ()> {
    let state = state(**bev).ok_or(())?;
    state.set_dns_error(0);
    if !matches!(
        hints.ai_family,
        libc::AF_UNSPEC | libc::AF_INET | libc::AF_INET6
    ) || !(1..=0xffff).contains(&port)
    {
        return Err(());
    }
    if !dns.is_null() {
        log::warn(format_args!("There is no asynchronous resolver yet"));
        return Err(());
    }
    let mut service = [0_u8; 8];
    // A port has at most five digits, so a NUL is left.
    let _ = write!(&mut service[..7], "{port}");
    enable::suspend_write(bev, BY_LOOKUP);
    enable::suspend_read(bev, BY_LOOKUP);
    let mut found = ptr::null_mut();
    // SAFETY: promised by the caller; `service` is NUL-terminated.
    let error = unsafe {
        getaddrinfo::lookup(
            host,
            service.as_ptr().cast(),
            Some(NonNull::from(hints)),
            &raw mut found,
        )
    };
    finish(bev, state, error, found);
    Ok(())
}

/// A name has been looked up: goes on with the first address, or tells that there is none.
fn finish(bev: &Held, state: State, error: c_int, found: *mut addrinfo) {
    enable::unsuspend_write(bev, BY_LOOKUP);
    enable::unsuspend_read(bev, BY_LOOKUP);
    state.set_dns_error(error);
    // SAFETY: without an error the lookup has made a list.
    let Some(first) = (unsafe { found.as_ref() }) else {
        callbacks::run_event(bev, BEV_EVENT_ERROR, 0);
        return;
    };
    // SAFETY: the entry's address has the entry's length; the list is freed once.
    let connecting = unsafe { connect::start(bev, first.ai_addr, first.ai_addrlen) };
    if connecting.is_err() {
        callbacks::run_event(bev, BEV_EVENT_ERROR, 0);
    }
    // SAFETY: the lookup made the list, and nobody else has it.
    unsafe { libc::freeaddrinfo(found) };
}

/// What became of the last lookup: 0, or an `EAI_*` code.
pub fn last_error(bev: Bev) -> c_int {
    state(bev).map_or(0, State::dns_error)
}
