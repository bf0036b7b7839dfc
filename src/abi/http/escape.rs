//! Of `<event2/http.h>`: escapes of URIs and of HTML.

use core::ffi::{c_char, c_int};
use core::slice;

use crate::abi::convert::{bytes, given, optional_bytes};
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
pub unsafe extern "C" fn evhttp_encode_uri(str: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise.
    given(encode(unsafe { bytes(str) }, false))
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
    let text = unsafe {
        match usize::try_from(size) {
            Ok(0) => &[],
            Ok(size) => slice::from_raw_parts(str.cast(), size),
            Err(_) => bytes(str),
        }
    };
    given(encode(text, space_to_plus != 0))
}

/// Decodes the "%XX" of a whole URI, and each "+" after the first "?" to a space. As this makes
/// escaped delimiters the same as others, take the URI apart first and then use evhttp_uridecode().
///
/// Returns the text, to be freed by the program, or NULL without memory. Since 1.4.
///
/// @deprecated use evhttp_uridecode()
///
/// # Safety
/// `uri` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_decode_uri(uri: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise.
    given(decoded(unsafe { bytes(uri) }, Plus::InQuery))
}

/// Decodes the "%XX" of a part of a URI. What is no complete escape stays as it is.
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
    uri: *const c_char,
    decode_plus: c_int,
    size_out: *mut usize,
) -> *mut c_char {
    let plus = if decode_plus != 0 {
        Plus::Always
    } else {
        Plus::Never
    };
    // SAFETY: the caller's promise.
    let text = decoded(unsafe { bytes(uri) }, plus);
    // SAFETY: the caller's promise.
    if let (Some(text), Some(size)) = (&text, unsafe { size_out.as_mut() }) {
        *size = text.len() - 1;
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
pub unsafe extern "C" fn evhttp_htmlescape(html: *const c_char) -> *mut c_char {
    // SAFETY: the caller's promise.
    given(unsafe { optional_bytes(html) }.and_then(escape::html))
}
