//! Of `<event2/http.h>`: query strings.

use core::ffi::{c_int, c_uint};
use core::ptr::NonNull;

use crate::abi::argument::Str;
use crate::ctypes::keyvalq_struct::evkeyvalq;
use crate::http::keyval::List;
use crate::http::query;
use crate::http::uri::Parts;

/// Makes `headers` an empty list and fills it from a query.
///
/// # Safety
/// `headers` is NULL or writable, and used by nobody else.
unsafe fn fill(headers: *mut evkeyvalq, text: Option<&[u8]>, flags: c_uint) -> c_int {
    let Some(place) = NonNull::new(headers) else {
        return -1;
    };
    // SAFETY: the caller's promise.
    let list = unsafe { List::init(place) };
    match query::parse(text.unwrap_or_default(), list, flags) {
        Ok(()) => 0,
        Err(_) => -1,
    }
}

/// Parses the names and values in the query of a URI, as evhttp_parse_query_str() does.
///
/// Returns 0; -1 and an empty list if the text is no URI by RFC 3986, if its query has a part
/// without a name or without "=", or without memory. Since 1.4.
///
/// @deprecated use evhttp_uri_parse() and evhttp_parse_query_str()
///
/// # Safety
/// `uri` is NULL or a string; `headers` is writable, and no list that has headers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_parse_query(
    uri: Option<Str<'_>>,
    headers: *mut evkeyvalq,
) -> c_int {
    let parts = uri.map(Str::bytes).and_then(|text| Parts::split(text, 0));
    // SAFETY: the caller's promise.
    let filled = unsafe { fill(headers, parts.and_then(|parts| parts.query), 0) };
    if parts.is_some() { filled } else { -1 }
}

/// Parses the names and values in a query, as returned by evhttp_uri_get_query().
///
/// The query is split at each "&". Names stay as they are; in values, "%XX" and "+" are decoded,
/// and "%00" ends the value. A name may occur several times. Use evhttp_find_header() to find
/// values.
///
/// @param uri the query, without "?"
/// @param headers what is made a list of the names and values, to be cleared with
///   evhttp_clear_headers() if they were taken
/// @return 0; -1 and an empty list if a part has no name or no "=", or without memory. Since 2.0
///
/// # Safety
/// `uri` is NULL or a string; `headers` is writable, and no list that has headers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_parse_query_str(
    uri: Option<Str<'_>>,
    headers: *mut evkeyvalq,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { fill(headers, uri.map(Str::bytes), 0) }
}

/// evhttp_parse_query_str() with flags.
///
/// @param uri the query, without "?"
/// @param headers what is made a list of the names and values
/// @param flags EVHTTP_URI_QUERY_*
/// @return 0; -1 and an empty list for what the flags don't allow, or without memory. Since 2.2
///
/// # Safety
/// `uri` is NULL or a string; `headers` is writable, and no list that has headers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_parse_query_str_flags(
    uri: Option<Str<'_>>,
    headers: *mut evkeyvalq,
    flags: c_uint,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { fill(headers, uri.map(Str::bytes), flags) }
}
