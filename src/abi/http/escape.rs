//! Of `<event2/http.h>`: escapes of URIs and of HTML.

use core::ffi::{c_char, c_int};
use core::slice;

use crate::abi::argument::{Out, Str};
use crate::abi::convert::{bytes, given};
use crate::ctypes::util::ev_ssize_t;
use crate::http::escape::{self, Plus, decoded, encode};

/// Encodes a string for a place inside a URI: all bytes are written as "%XX" but letters, digits,
/// "-", ".", "_" and "~".
///
/// Returns the text, to be freed by the program, or NULL without memory. Since 1.4.
///
/// # Safety
/// `str` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_encode_uri(str: Str<'_>) -> *mut c_char {
    given(encode(str.bytes(), false))
}

/// Encodes a string for a place inside a URI, as evhttp_encode_uri() does.
///
/// @param str the string
/// @param size how long it is, if it may contain NUL bytes; -1 if it ends with the first
/// @param space_to_plus whether a space is written as "+", not as "%20"
/// @return the text, to be freed by the program, or NULL without memory. Since 2.0
///
/// # Safety
/// `str` has `size` readable bytes, or is a string if `size` is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uriencode(
    str: *const c_char,
    size: ev_ssize_t,
    space_to_plus: c_int,
) -> *mut c_char {
    // SAFETY: the caller's promise.
    let text = match usize::try_from(size) {
        Ok(0) => &[],
        // SAFETY: promised by the caller.
        Ok(size) => unsafe { slice::from_raw_parts(str.cast(), size) },
        // SAFETY: as above.
        Err(_) => unsafe { bytes(str) },
    };
    given(encode(text, space_to_plus != 0))
}

/// Decodes the "%XX" of a whole URI, and each "+" after the first "?" to a space. As this makes
/// escaped delimiters the same as others, parse the URI first and then use evhttp_uridecode().
///
/// Returns the text, to be freed by the program, or NULL without memory. Since 1.4.
///
/// @deprecated use evhttp_uridecode()
///
/// # Safety
/// `uri` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_decode_uri(uri: Str<'_>) -> *mut c_char {
    given(decoded(uri.bytes(), Plus::InQuery))
}

/// Decodes the "%XX" of a part of a URI. Incomplete escapes stay as they are.
///
/// @param uri the encoded text
/// @param decode_plus whether a "+" stands for a space
/// @param size_out if not NULL, where to store how long the result is: "%00" becomes a NUL byte
/// @return the text with a NUL at its end, to be freed by the program, or NULL without memory.
///   Since 2.0
///
/// # Safety
/// `uri` is a string; `size_out` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_uridecode(
    uri: Str<'_>,
    decode_plus: c_int,
    size_out: Out<usize>,
) -> *mut c_char {
    let plus = if decode_plus != 0 {
        Plus::Always
    } else {
        Plus::Never
    };
    let text = decoded(uri.bytes(), plus);
    if let Some(text) = &text {
        size_out.set(text.len() - 1);
    }
    given(text)
}

/// Writes "<", ">", double quote, "'" and "&" as "&lt;", "&gt;", "&quot;", "&#039;" and "&amp;".
///
/// Returns the text, to be freed by the program; NULL without memory, and for NULL. Since 1.4.
///
/// # Safety
/// `html` is NULL or a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_htmlescape(html: Option<Str<'_>>) -> *mut c_char {
    given(html.map(Str::bytes).and_then(escape::html))
}
