//! Of `<event2/http.h>`: timeouts of servers and of connections.

use core::ffi::c_int;
use core::ptr;

use libc::timeval;

use super::{connection, server};
use crate::http::client;
use crate::http::connection::{Con, Connection as evhttp_connection, Timeouts};
use crate::http::server::Server as evhttp;

/// A timeout; all zero, like NULL, is none.
///
/// # Safety
/// `tv` is null or points to a time.
unsafe fn timeout(tv: *const timeval) -> Option<timeval> {
    // SAFETY: promised by the caller.
    unsafe { tv.as_ref() }
        .copied()
        .filter(|tv| tv.tv_sec > 0 || tv.tv_sec == 0 && tv.tv_usec > 0)
}

/// Sets how many seconds may pass without progress in reading or writing on connections to come. 0
/// and negative numbers are no timeout, as if it was never set.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_timeout(http: *mut evhttp, timeout_in_secs: c_int) {
    let tv = timeval {
        tv_sec: timeout_in_secs.max(0).into(),
        tv_usec: 0,
    };
    // SAFETY: the caller's promise.
    unsafe { evhttp_set_timeout_tv(http, &raw const tv) };
}

/// Sets how long may pass without progress in reading or writing on connections to come; NULL is no
/// timeout. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_timeout_tv(http: *mut evhttp, tv: *const timeval) {
    // SAFETY: the caller's promise.
    let (http, tv) = unsafe { (server::of(http), timeout(tv)) };
    http.timeouts.set(Timeouts {
        connect: None,
        read: tv,
        write: tv,
    });
}

/// Sets how long may pass without progress in reading; NULL is no timeout. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_read_timeout_tv(http: *mut evhttp, tv: *const timeval) {
    // SAFETY: the caller's promise.
    let (http, read) = unsafe { (server::of(http), timeout(tv)) };
    http.timeouts.set(Timeouts {
        read,
        ..http.timeouts.get()
    });
}

/// Sets how long may pass without progress in writing; NULL is no timeout. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_write_timeout_tv(http: *mut evhttp, tv: *const timeval) {
    // SAFETY: the caller's promise.
    let (http, write) = unsafe { (server::of(http), timeout(tv)) };
    http.timeouts.set(Timeouts {
        write,
        ..http.timeouts.get()
    });
}

/// Sets the timeouts of a connection, and has them begin anew.
fn set_timeouts(con: Con, timeouts: Timeouts) {
    con.timeouts.set(timeouts);
    con.apply_timeouts();
}

/// Sets how many seconds a connection may go without progress in connecting, reading or writing. A
/// negative number brings back what it was at first: for clients 45 for connecting, and 50.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_timeout(
    evcon: *mut evhttp_connection,
    timeout_in_secs: c_int,
) {
    let tv = timeval {
        tv_sec: timeout_in_secs.max(0).into(),
        tv_usec: 0,
    };
    let tv = if timeout_in_secs < 0 {
        ptr::null()
    } else {
        &raw const tv
    };
    // SAFETY: the caller's promise.
    unsafe { evhttp_connection_set_timeout_tv(evcon, tv) };
}

/// Sets how long a connection may go without progress in connecting, reading or writing. NULL brings
/// back what it was at first. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_timeout_tv(
    evcon: *mut evhttp_connection,
    tv: *const timeval,
) {
    // SAFETY: the caller's promise.
    let (evcon, tv) = unsafe { (connection::of(evcon), timeout(tv)) };
    let first = if evcon.is_server() {
        Timeouts::NONE
    } else {
        client::TIMEOUTS
    };
    let chosen = tv.map(|_| Timeouts {
        connect: tv,
        read: tv,
        write: tv,
    });
    set_timeouts(evcon, chosen.unwrap_or(first));
}

/// Sets how long a client may connect; NULL is for ever. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_connect_timeout_tv(
    evcon: *mut evhttp_connection,
    tv: *const timeval,
) {
    // SAFETY: the caller's promise.
    let (evcon, connect) = unsafe { (connection::of(evcon), timeout(tv)) };
    let others = evcon.timeouts.get();
    set_timeouts(evcon, Timeouts { connect, ..others });
}

/// Sets how long a connection may go without progress in reading; NULL is for ever. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_read_timeout_tv(
    evcon: *mut evhttp_connection,
    tv: *const timeval,
) {
    // SAFETY: the caller's promise.
    let (evcon, read) = unsafe { (connection::of(evcon), timeout(tv)) };
    let others = evcon.timeouts.get();
    set_timeouts(evcon, Timeouts { read, ..others });
}

/// Sets how long a connection may go without progress in writing; NULL is for ever. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_write_timeout_tv(
    evcon: *mut evhttp_connection,
    tv: *const timeval,
) {
    // SAFETY: the caller's promise.
    let (evcon, write) = unsafe { (connection::of(evcon), timeout(tv)) };
    let others = evcon.timeouts.get();
    set_timeouts(evcon, Timeouts { write, ..others });
}
