//! Exported although `<event2/http.h>` does not name them: fuzzers and test programs import these.

use core::ffi::{c_char, c_int};
use core::slice;

use crate::http::escape::{Plus, decode};

/// Decodes `length` bytes to `ret`, and ends them with a NUL. `decode_plus_ctl` is 1 if each "+"
/// stands for a space, negative if only those after the first "?" do. Returns the length.
///
/// # Safety
/// `uri` has `length` readable bytes; `ret` has one more, writable, elsewhere.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_decode_uri_internal(
    uri: *const c_char,
    length: usize,
    ret: *mut c_char,
    decode_plus_ctl: c_int,
) -> c_int {
    let plus = match decode_plus_ctl {
        1 => Plus::Always,
        0.. => Plus::Never,
        _ => Plus::InQuery,
    };
    // SAFETY: the caller's promise; the bytes are initialized before they are a slice.
    let (text, out) = unsafe {
        ret.write_bytes(0, length + 1);
        (
            slice::from_raw_parts(uri.cast(), length),
            slice::from_raw_parts_mut(ret.cast(), length + 1),
        )
    };
    let len = decode(text, plus, out);
    out[len] = 0;
    len as c_int
}
