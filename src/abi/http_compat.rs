//! `<event2/http_compat.h>`: HTTP as in libevent 1.

use core::ptr;

use crate::abi::argument::{Required, Str};
use crate::base::{BaseRef, global};
use crate::http::client::{self, Target};
use crate::http::connection::Con;
use crate::http::server::{self, Server as evhttp};
use crate::support::thunk::Ref;

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
pub unsafe extern "C" fn evhttp_start(address: Option<Str<'_>>, port: u16) -> Option<Ref<evhttp>> {
    let http = server::make(global::current())?;
    if super::http::server::bound(http.bind(address.map(Str::c_str), port)).is_none() {
        let error = crate::sys::errno();
        http.free();
        crate::sys::set_errno(error);
        return None;
    }
    Some(http)
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
pub unsafe extern "C" fn evhttp_connection_new(address: Str<'_>, port: u16) -> Option<Con> {
    let dns = ptr::null_mut();
    client::make(
        global::current(),
        dns,
        None,
        Target::Host,
        address.bytes(),
        port,
    )
}

/// Sets the base of a client that has not begun to connect.
///
/// @deprecated use evhttp_connection_base_new()
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_base(evcon: Required<Con>, base: Option<BaseRef>) {
    evcon.move_to(base);
}
