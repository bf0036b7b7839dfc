//! Of `<event2/http.h>`: virtual hosts.

use core::ffi::c_int;

use crate::abi::argument::{Required, Str};
use crate::http::server::Server as evhttp;
use crate::support::thunk::Ref;

/// Makes a server a virtual host: its callbacks get the requests for hosts that match a pattern. It
/// must have no sockets. Virtual hosts can have virtual hosts; the innermost one that matches is
/// used.
///
/// @param http the server
/// @param pattern a host, in which "*" stands for any text
/// @param vhost the virtual host, which is freed with the server unless it is removed before
/// @return 0; -1 if it is a virtual host already, has sockets, or there is no memory
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_add_virtual_host(
    http: Required<Ref<evhttp>>,
    pattern: Str<'_>,
    vhost: Required<Ref<evhttp>>,
) -> c_int {
    let added = http.add_host(pattern.bytes(), *vhost);
    if added { 0 } else { -1 }
}

/// Removes a virtual host, which becomes a server of its own again.
///
/// @param http the server
/// @param vhost the virtual host, which is the program's to free from now on
/// @return 0; -1 if it is none of this server
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_remove_virtual_host(
    http: Required<Ref<evhttp>>,
    vhost: Required<Ref<evhttp>>,
) -> c_int {
    let removed = http.remove_host(*vhost);
    if removed { 0 } else { -1 }
}

/// Adds a name to a server, virtual or not. Names take precedence over patterns.
///
/// @param http the server
/// @param alias the name of a host
/// @return 0; -1 without memory
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_add_server_alias(
    http: Required<Ref<evhttp>>,
    alias: Str<'_>,
) -> c_int {
    let added = http.add_alias(alias.bytes());
    if added { 0 } else { -1 }
}

/// Removes a name of evhttp_add_server_alias().
///
/// @param http the server
/// @param alias the name
/// @return 0; -1 if it has no such name
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_remove_server_alias(
    http: Required<Ref<evhttp>>,
    alias: Str<'_>,
) -> c_int {
    let removed = http.remove_alias(alias.bytes());
    if removed { 0 } else { -1 }
}
