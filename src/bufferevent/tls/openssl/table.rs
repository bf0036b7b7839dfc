//! The functions of OpenSSL.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_char, c_int, c_long, c_ulong, c_void};
use core::ptr;
use core::sync::atomic::AtomicPtr;
use std::sync::OnceLock;

use libc::off_t;

use super::super::reach::foreign_functions;
use crate::support::log;

/// An `SSL`.
pub enum ssl_st {}
/// A `BIO`.
pub enum bio_st {}
/// A `BIO_METHOD`.
pub enum bio_method_st {}

/// The callbacks of a `BIO_METHOD`.
pub type BioRead = unsafe extern "C" fn(*mut bio_st, *mut c_char, c_int) -> c_int;
pub type BioWrite = unsafe extern "C" fn(*mut bio_st, *const c_char, c_int) -> c_int;
pub type BioControl = unsafe extern "C" fn(*mut bio_st, c_int, c_long, *mut c_void) -> c_long;

foreign_functions! {
    /// Functions of libssl and libcrypto that go together.
    Functions, event_rs_weak_openssl;
    required {
        SSL_read: unsafe extern "C" fn(*mut ssl_st, *mut c_void, c_int) -> c_int,
        SSL_write: unsafe extern "C" fn(*mut ssl_st, *const c_void, c_int) -> c_int,
        SSL_do_handshake: unsafe extern "C" fn(*mut ssl_st) -> c_int,
        SSL_get_error: unsafe extern "C" fn(*const ssl_st, c_int) -> c_int,
        SSL_pending: unsafe extern "C" fn(*const ssl_st) -> c_int,
        SSL_set_bio: unsafe extern "C" fn(*mut ssl_st, *mut bio_st, *mut bio_st),
        SSL_get_rbio: unsafe extern "C" fn(*const ssl_st) -> *mut bio_st,
        SSL_get_wbio: unsafe extern "C" fn(*const ssl_st) -> *mut bio_st,
        SSL_clear: unsafe extern "C" fn(*mut ssl_st) -> c_int,
        SSL_set_connect_state: unsafe extern "C" fn(*mut ssl_st),
        SSL_set_accept_state: unsafe extern "C" fn(*mut ssl_st),
        SSL_renegotiate: unsafe extern "C" fn(*mut ssl_st) -> c_int,
        SSL_free: unsafe extern "C" fn(*mut ssl_st),
        SSL_get_read_ahead: unsafe extern "C" fn(*const ssl_st) -> c_int,
        SSL_set_read_ahead: unsafe extern "C" fn(*mut ssl_st, c_int),
        BIO_new: unsafe extern "C" fn(*const bio_method_st) -> *mut bio_st,
        BIO_new_socket: unsafe extern "C" fn(c_int, c_int) -> *mut bio_st,
        BIO_free: unsafe extern "C" fn(*mut bio_st) -> c_int,
        BIO_up_ref: unsafe extern "C" fn(*mut bio_st) -> c_int,
        BIO_ctrl: unsafe extern "C" fn(*mut bio_st, c_int, c_long, *mut c_void) -> c_long,
        BIO_number_read: unsafe extern "C" fn(*mut bio_st) -> u64,
        BIO_number_written: unsafe extern "C" fn(*mut bio_st) -> u64,
        BIO_meth_new: unsafe extern "C" fn(c_int, *const c_char) -> *mut bio_method_st,
        BIO_meth_free: unsafe extern "C" fn(*mut bio_method_st),
        BIO_meth_set_read: unsafe extern "C" fn(*mut bio_method_st, BioRead) -> c_int,
        BIO_meth_set_write: unsafe extern "C" fn(*mut bio_method_st, BioWrite) -> c_int,
        BIO_meth_set_ctrl: unsafe extern "C" fn(*mut bio_method_st, BioControl) -> c_int,
        BIO_set_data: unsafe extern "C" fn(*mut bio_st, *mut c_void),
        BIO_get_data: unsafe extern "C" fn(*mut bio_st) -> *mut c_void,
        BIO_set_init: unsafe extern "C" fn(*mut bio_st, c_int),
        BIO_set_flags: unsafe extern "C" fn(*mut bio_st, c_int),
        BIO_clear_flags: unsafe extern "C" fn(*mut bio_st, c_int),
        ERR_clear_error: unsafe extern "C" fn(),
        ERR_get_error: unsafe extern "C" fn() -> c_ulong,
        ERR_peek_error: unsafe extern "C" fn() -> c_ulong,
        ERR_reason_error_string: unsafe extern "C" fn(c_ulong) -> *const c_char,
    }
    optional {
        // A static program that does not ask for the version has no such function.
        OpenSSL_version_num: unsafe extern "C" fn() -> c_ulong,
        SSL_ctrl: unsafe extern "C" fn(*mut ssl_st, c_int, c_long, *mut c_void) -> c_long,
        // BoringSSL has this one instead.
        SSL_set_mode: unsafe extern "C" fn(*mut ssl_st, u32) -> u32,
        SSL_has_pending: unsafe extern "C" fn(*const ssl_st) -> c_int,
        SSL_sendfile: unsafe extern "C" fn(*mut ssl_st, c_int, off_t, usize, c_int) -> isize,
        SSL_get_options: unsafe extern "C" fn(*const ssl_st) -> u64,
    }
}

/// The first version with opaque structs, and with some of these functions.
const OLDEST: c_ulong = 0x1010_0000;

/// The functions of one OpenSSL in the process, and what was made with them.
pub struct Table {
    functions: Functions,
    /// The kind of BIO that lies on a bufferevent; null until there is one.
    pub method: AtomicPtr<bio_method_st>,
}

impl core::ops::Deref for Table {
    type Target = Functions;
    #[inline]
    fn deref(&self) -> &Functions {
        &self.functions
    }
}

/// So many copies of OpenSSL can be told apart in one process.
pub const MAX_COPIES: usize = 4;

/// One for each copy that was met.
static KNOWN: [OnceLock<Table>; MAX_COPIES] = [const { OnceLock::new() }; MAX_COPIES];

/// The table at a place.
#[inline]
pub fn at(place: usize) -> Option<&'static Table> {
    KNOWN.get(place)?.get()
}

/// The place of a table.
pub fn place(table: &'static Table) -> Option<usize> {
    (0..MAX_COPIES).find(|place| at(*place).is_some_and(|other| ptr::eq(other, table)))
}

/// The functions of one copy have addresses of their own.
fn is_of(table: &Table, functions: &Functions) -> bool {
    ptr::fn_addr_eq(table.SSL_read, functions.SSL_read)
        && ptr::fn_addr_eq(table.BIO_new, functions.BIO_new)
}

/// The functions that `caller` would call, an address in a program or library; `None`, with a
/// warning, if there are none that will do.
pub fn find(caller: *const c_void) -> Option<&'static Table> {
    let has_modes = |table: &Functions| table.SSL_ctrl.is_some() || table.SSL_set_mode.is_some();
    let found = Functions::find(caller);
    let functions = match found.and_then(|it| has_modes(&it).then_some(it).ok_or(c"SSL_set_mode")) {
        Ok(functions) => functions,
        Err(missing) => {
            log::warn(format_args!(
                "TLS bufferevents need OpenSSL 1.1.0 or later: {} was not found by the loader, in \
                 the caller's scope or in the global one",
                missing.to_str().unwrap_or_default()
            ));
            return None;
        }
    };
    for place in &KNOWN {
        if place.get().is_none() {
            if !is_recent(&functions) {
                return None;
            }
            // Another thread may have been faster.
            let _ = place.set(Table {
                functions,
                method: AtomicPtr::default(),
            });
        }
        let known = place.get().filter(|table| is_of(table, &functions));
        if known.is_some() {
            return known;
        }
    }
    log::warn(format_args!("too many copies of OpenSSL in one process"));
    None
}

fn is_recent(functions: &Functions) -> bool {
    // SAFETY: a function without arguments.
    let version = functions
        .OpenSSL_version_num
        .map(|version| unsafe { version() });
    let version = version.unwrap_or(OLDEST);
    if version < OLDEST {
        log::warn(format_args!(
            "TLS bufferevents need OpenSSL 1.1.0 or later; this is version {version:#x}"
        ));
    }
    version >= OLDEST
}
