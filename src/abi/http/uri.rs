//! Of `<event2/http.h>`: URIs.

use core::ffi::{c_char, c_int, c_uint};
use core::ptr::{self};

use crate::abi::argument::Str;
use crate::abi::convert::buffer;
use crate::http::uri::{Error, Part, Uri as evhttp_uri};
use crate::support::mm;

fn status(result: Result<(), Error>) -> c_int {
    if result.is_ok() { 0 } else { -1 }
}

/// A block that the program frees; NULL without memory.
fn own(uri: evhttp_uri) -> Option<mm::Box<evhttp_uri>> {
    mm::Box::new(uri).ok()
}

/// Makes a URI without any part: getters return NULL, the port is -1.
///
/// Returns it, to be freed by evhttp_uri_free(), or NULL without memory. Since 2.0.
#[unsafe(no_mangle)]
pub extern "C" fn evhttp_uri_new() -> Option<mm::Box<evhttp_uri>> {
    own(evhttp_uri::new())
}

/// Sets the EVHTTP_URI_* flags by which the setters check from now on, in place of those that the
/// URI was parsed with. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_flags(uri: &mut evhttp_uri, flags: c_uint) {
    uri.set_flags(flags);
}

/// Returns the scheme, or NULL: then it is a relative reference.
///
/// The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_scheme(uri: &evhttp_uri) -> *const c_char {
    uri.c_str(Part::Scheme)
}

/// Returns the user information, before the "@" of the authority, or NULL without an "@". Escapes
/// are not decoded.
///
/// The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_userinfo(uri: &evhttp_uri) -> *const c_char {
    uri.c_str(Part::Userinfo)
}

/// Returns the host: a name, an IPv4 address, or an IPv6 or future address in brackets (but see
/// EVHTTP_URI_HOST_STRIP_BRACKETS). NULL if the URI has no authority, as in
/// "mailto:user@example.com",
/// and empty if the authority has no host, as in "file:///etc/motd". Escapes are not decoded.
///
/// The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_host(uri: &evhttp_uri) -> *const c_char {
    uri.c_str(Part::Host)
}

/// Returns the path of the UNIX socket (see EVHTTP_URI_UNIX_SOCKET), or NULL. There is no host
/// then.
///
/// The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_unixsocket(uri: &evhttp_uri) -> *const c_char {
    uri.c_str(Part::UnixSocket)
}

/// Returns the port, or -1 without one. Since 2.0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_port(uri: &evhttp_uri) -> c_int {
    uri.port()
}

/// Returns the path. It is empty where a parsed URI has none, and NULL if none was set. Escapes are
/// not decoded.
///
/// The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_path(uri: &evhttp_uri) -> *const c_char {
    uri.c_str(Part::Path)
}

/// Returns what follows the first "?", or NULL without one. Escapes are not decoded.
///
/// The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_query(uri: &evhttp_uri) -> *const c_char {
    uri.c_str(Part::Query)
}

/// Returns what follows the "#", or NULL without one. Escapes are not decoded.
///
/// The string belongs to the URI, and lasts until it is set or the URI is freed. Since 2.0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_get_fragment(uri: &evhttp_uri) -> *const c_char {
    uri.c_str(Part::Fragment)
}

/// Sets the scheme, without ":"; NULL removes it. The string is copied.
///
/// Returns 0; -1 unless it is a letter followed by letters, digits, "+", "-" and ".", or if memory
/// runs out, and then nothing is changed. Since 2.0.
///
/// # Safety
/// `scheme` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_scheme(
    uri: &mut evhttp_uri,
    scheme: Option<Str<'_>>,
) -> c_int {
    status(uri.set(Part::Scheme, scheme.map(Str::bytes)))
}

/// Sets the user information, before the "@"; NULL removes it. The string is copied.
///
/// Returns 0; -1 if RFC 3986 does not allow it, or if memory runs out, and then nothing is changed.
/// Since 2.0.
///
/// # Safety
/// `userinfo` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_userinfo(
    uri: &mut evhttp_uri,
    userinfo: Option<Str<'_>>,
) -> c_int {
    status(uri.set(Part::Userinfo, userinfo.map(Str::bytes)))
}

/// Sets the host; NULL removes it. The string is copied.
///
/// Returns 0; -1 if it is not a name, or an address in brackets, or if memory runs out, and then
/// nothing is changed. Since 2.0.
///
/// # Safety
/// `host` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_host(uri: &mut evhttp_uri, host: Option<Str<'_>>) -> c_int {
    status(uri.set(Part::Host, host.map(Str::bytes)))
}

/// Sets the path of the UNIX socket, which is used in place of the host; NULL removes it. The
/// string is copied.
///
/// Returns 0; -1 if memory runs out, and then nothing is changed. Since 2.2.
///
/// # Safety
/// `unixsocket` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_unixsocket(
    uri: &mut evhttp_uri,
    unixsocket: Option<Str<'_>>,
) -> c_int {
    status(uri.set(Part::UnixSocket, unixsocket.map(Str::bytes)))
}

/// Sets the port; -1 is none. There is no upper limit.
///
/// Returns 0, or -1 for other negative numbers. Since 2.0.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_port(uri: &mut evhttp_uri, port: c_int) -> c_int {
    status(uri.set_port(port))
}

/// Sets the path; NULL removes it. The string is copied.
///
/// Returns 0; -1 if it is not a path (see EVHTTP_URI_NONCONFORMANT), or if memory runs out, and
/// then nothing is changed. Since 2.0.
///
/// # Safety
/// `path` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_path(uri: &mut evhttp_uri, path: Option<Str<'_>>) -> c_int {
    status(uri.set(Part::Path, path.map(Str::bytes)))
}

/// Sets the query, without "?"; NULL removes it. The string is copied.
///
/// Returns 0; -1 if it is not a query (see EVHTTP_URI_NONCONFORMANT), or if memory runs out, and
/// then nothing is changed. Since 2.0.
///
/// # Safety
/// `query` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_query(
    uri: &mut evhttp_uri,
    query: Option<Str<'_>>,
) -> c_int {
    status(uri.set(Part::Query, query.map(Str::bytes)))
}

/// Sets the fragment, without "#"; NULL removes it. The string is copied.
///
/// Returns 0; -1 if it is not a fragment (see EVHTTP_URI_NONCONFORMANT), or if memory runs out, and
/// then nothing is changed. Since 2.0.
///
/// # Safety
/// `fragment` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_set_fragment(
    uri: &mut evhttp_uri,
    fragment: Option<Str<'_>>,
) -> c_int {
    status(uri.set(Part::Fragment, fragment.map(Str::bytes)))
}

/// Parses a URI or a relative reference as described in RFC 3986:
/// "scheme://userinfo@host:port/path?query#fragment", where all parts but the path may be missing.
/// Escapes are not decoded (see evhttp_uridecode() and evhttp_parse_query_str()), nothing is
/// normalized, and the further rules of a scheme are not checked.
///
/// @param source_uri the text
/// @param flags EVHTTP_URI_*
/// @return the URI, to be freed by evhttp_uri_free(); NULL if the text is no URI, or memory
///   runs out. Since 2.0
///
/// # Safety
/// `source_uri` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_parse_with_flags(
    source_uri: Option<Str<'_>>,
    flags: c_uint,
) -> Option<mm::Box<evhttp_uri>> {
    parse(source_uri, flags)
}

fn parse(text: Option<Str<'_>>, flags: c_uint) -> Option<mm::Box<evhttp_uri>> {
    own(evhttp_uri::parse(text?.bytes(), flags).ok()?)
}

/// evhttp_uri_parse_with_flags() without flags. Since 2.0.
///
/// # Safety
/// `source_uri` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_parse(
    source_uri: Option<Str<'_>>,
) -> Option<mm::Box<evhttp_uri>> {
    parse(source_uri, 0)
}

/// Frees a URI with all its strings; NULL is ignored. Since 2.0.
///
/// # Safety
/// `uri` comes from this library, and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_free(uri: Option<mm::Box<evhttp_uri>>) {
    drop(uri);
}

/// Writes the whole URI, as it stands in texts, to `buf`. Nothing is escaped.
///
/// Returns `buf`; NULL if that has less than the `limit` bytes that are needed with the terminating
/// NUL, or if there is a host and a path that does not start with "/", and then nothing is written.
/// Since 2.0.
///
/// # Safety
/// `buf` has `limit` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uri_join(
    uri: &mut evhttp_uri,
    buf: *mut c_char,
    limit: usize,
) -> *mut c_char {
    match uri.joined_len() {
        Some(len) if len < limit && !buf.is_null() => {
            // SAFETY: the caller's promise, as `len` is less than `limit`.
            uri.join_into(unsafe { buffer(buf, len + 1) });
            buf
        }
        _ => ptr::null_mut(),
    }
}
