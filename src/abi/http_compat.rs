//! `<event2/http_compat.h>`: HTTP as in libevent 1.

use core::ffi::c_char;
use core::ptr;

use super::http::connection::{evhttp_connection_base_new, of};
use super::http::server::{evhttp_bind_socket, evhttp_free, evhttp_new};
use crate::base::{BaseRef, global};
use crate::http::connection::Connection as evhttp_connection;
use crate::http::server::Server as evhttp;

/// Makes a server in the current base that listens at an address.
///
/// @param address a name or an address in numbers; NULL for all IPv4 addresses of this machine
/// @param port the port
/// @return the server, to be freed by evhttp_free(); NULL with `errno` set
///
/// @deprecated use evhttp_new() and evhttp_bind_socket()
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_start(address: *const c_char, port: u16) -> *mut evhttp {
    let http = evhttp_new(global::current());
    // SAFETY: the caller's promise; a server that was just made.
    if !http.is_null() && unsafe { evhttp_bind_socket(http, address, port) } != 0 {
        let error = crate::sys::errno();
        // SAFETY: nobody else knows it.
        unsafe { evhttp_free(http) };
        crate::sys::set_errno(error);
        return ptr::null_mut();
    }
    http
}

/// Makes a client in the current base.
///
/// @param address a name or an address in numbers
/// @param port the port
/// @return the client, to be freed by evhttp_connection_free(); NULL without memory
///
/// @deprecated use evhttp_connection_base_new()
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_new(
    address: *const c_char,
    port: u16,
) -> *mut evhttp_connection {
    let dns = ptr::null_mut();
    // SAFETY: the caller's promise.
    unsafe { evhttp_connection_base_new(global::current(), dns, address, port) }
}

/// Sets the base of a client that has not begun to connect.
///
/// @deprecated use evhttp_connection_base_new()
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_base(
    evcon: *mut evhttp_connection,
    base: Option<BaseRef>,
) {
    // SAFETY: the caller's promise.
    unsafe { of(evcon) }.move_to(base);
}
