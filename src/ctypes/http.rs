//! `<event2/http.h>`: HTTP servers and clients.

use core::ffi::c_uint;

/// Flag: any byte may stand in the path, the query and the fragment of a URI, as some clients send
/// them. Scheme, user, host and port stay as RFC 3986 has them.
pub const EVHTTP_URI_NONCONFORMANT: c_uint = 0x01;
/// Flag: evhttp_uri_get_host() gives an IPv6 address without its brackets, as getaddrinfo() wants
/// it; evhttp_uri_join() writes them nevertheless. Since 2.2.
pub const EVHTTP_URI_HOST_STRIP_BRACKETS: c_uint = 0x04;
/// Flag: "unix:PATH:" in place of host and port is the path of a UNIX socket, as in
/// "http://unix:/run/control.sock:/status". Since 2.2.
pub const EVHTTP_URI_UNIX_SOCKET: c_uint = 0x08;
