//! `<event2/http_rs.h>`: what libevent doesn't have.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::c_int;

use crate::abi::argument::Required;
use crate::ctypes::http_rs::evhttp_limit;
use crate::ctypes::keyvalq_struct::evkeyvalq;
use crate::http::connection::Con;
use crate::http::limits::{Limit, Limits};
use crate::http::request::Req;
use crate::http::server::Server as evhttp;
use crate::support::thunk::Ref;

fn set(limits: &Limits, limit: evhttp_limit, value: i64) -> c_int {
    match Limit::of(limit) {
        Some(limit) => {
            limits.set(limit, value);
            0
        }
        None => -1,
    }
}

/// Sets a limit of a server, which applies to its connections from now on, unless the limit's
/// description says otherwise. Virtual hosts have the limits of the server with the sockets.
///
/// @param http the server
/// @param limit which limit
/// @param value milliseconds, or how many; a negative number is no limit
/// @return 0; -1 if there is no such limit. New in libevent_rs
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_limit(
    http: Required<Ref<evhttp>>,
    limit: evhttp_limit,
    value: i64,
) -> c_int {
    set(&http.limits, limit, value)
}

/// Returns a limit of a server.
///
/// @return milliseconds, or how many; -1 for no limit, and if there is no such limit. New in
///   libevent_rs
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_get_limit(http: Required<Ref<evhttp>>, limit: evhttp_limit) -> i64 {
    Limit::of(limit).map_or(-1, |limit| http.limits.get(limit))
}

/// Sets a limit of a client. Connections of servers have the limits of their server.
///
/// @param evcon the client
/// @param limit which limit
/// @param value milliseconds, or how many; a negative number is no limit
/// @return 0; -1 if there is no such limit, and for a connection of a server. New in libevent_rs
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_limit(
    evcon: Required<Con>,
    limit: evhttp_limit,
    value: i64,
) -> c_int {
    let client = evcon.client.as_ref();
    client.map_or(-1, |client| set(&client.limits, limit, value))
}

/// Returns the headers that were received after a chunked body (its trailer). They are not among
/// those of evhttp_request_get_input_headers(), because the sender of a body may not be trusted to
/// set headers.
///
/// @param req the request
/// @return the list, which belongs to the request; it is empty where there are none, and before the
///   whole body has arrived. New in libevent_rs
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_request_get_trailers(req: Required<Req>) -> *mut evkeyvalq {
    req.trailers().as_ptr()
}
