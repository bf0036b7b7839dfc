//! The functions of mbedTLS.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_int, c_void};
use core::ptr;
use std::sync::OnceLock;

use super::super::reach::foreign_functions;
use crate::support::log;

/// A `mbedtls_ssl_context`.
pub enum mbedtls_ssl_context {}
/// A `mbedtls_ssl_config`.
pub enum mbedtls_ssl_config {}

/// How a context sends and receives: `mbedtls_ssl_set_bio()`.
pub type Send = unsafe extern "C" fn(*mut c_void, *const u8, usize) -> c_int;
pub type Receive = unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> c_int;
pub type ReceiveInTime = unsafe extern "C" fn(*mut c_void, *mut u8, usize, u32) -> c_int;

foreign_functions! {
    /// Functions of libmbedtls.
    Functions, event_rs_weak_mbedtls;
    required {
        mbedtls_ssl_init: unsafe extern "C" fn(*mut mbedtls_ssl_context),
        mbedtls_ssl_setup:
            unsafe extern "C" fn(*mut mbedtls_ssl_context, *const mbedtls_ssl_config) -> c_int,
        mbedtls_ssl_free: unsafe extern "C" fn(*mut mbedtls_ssl_context),
        mbedtls_ssl_session_reset: unsafe extern "C" fn(*mut mbedtls_ssl_context) -> c_int,
        mbedtls_ssl_set_bio: unsafe extern "C" fn(
            *mut mbedtls_ssl_context,
            *mut c_void,
            Option<Send>,
            Option<Receive>,
            Option<ReceiveInTime>,
        ),
        mbedtls_ssl_handshake: unsafe extern "C" fn(*mut mbedtls_ssl_context) -> c_int,
        mbedtls_ssl_read: unsafe extern "C" fn(*mut mbedtls_ssl_context, *mut u8, usize) -> c_int,
        mbedtls_ssl_write:
            unsafe extern "C" fn(*mut mbedtls_ssl_context, *const u8, usize) -> c_int,
        mbedtls_ssl_check_pending: unsafe extern "C" fn(*const mbedtls_ssl_context) -> c_int,
        mbedtls_ssl_get_bytes_avail: unsafe extern "C" fn(*const mbedtls_ssl_context) -> usize,
    }
    optional {
        mbedtls_ssl_renegotiate: unsafe extern "C" fn(*mut mbedtls_ssl_context) -> c_int,
    }
}

/// One for each copy of mbedTLS that was met.
static KNOWN: [OnceLock<Functions>; 4] = [const { OnceLock::new() }; 4];

/// The functions of one copy have addresses of their own.
fn is_of(one: &Functions, other: &Functions) -> bool {
    ptr::fn_addr_eq(one.mbedtls_ssl_read, other.mbedtls_ssl_read)
}

/// The functions that `caller` would call, an address in a program or library; `None`, with a
/// warning, if there are none.
pub fn find(caller: *const c_void) -> Option<&'static Functions> {
    let functions = match Functions::find(caller) {
        Ok(functions) => functions,
        Err(missing) => {
            log::warn(format_args!(
                "TLS bufferevents need mbedTLS 2.28 or later: {} was not found by the loader, in \
                 the caller's scope or in the global one",
                missing.to_str().unwrap_or_default()
            ));
            return None;
        }
    };
    let known = KNOWN.iter().find_map(|place| {
        let known = place.get_or_init(|| functions);
        is_of(known, &functions).then_some(known)
    });
    if known.is_none() {
        log::warn(format_args!("too many copies of mbedTLS in one process"));
    }
    known
}
