//! Exported although `<event2/tag.h>` does not name them: separately built binaries, among them
//! code of protocols that use bare numbers, import these.

use core::ffi::c_int;

use super::tag::{store, tag_result};
use crate::buffer::{Buf, Buffer as evbuffer};
use crate::rpc::tag::{read, write};

/// Appends a bare tag. Returns the number of its bytes, which is all that happens without a buffer.
///
/// # Safety
/// NULL or a live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_encode_tag(evbuf: *mut evbuffer, tag: u32) -> c_int {
    // SAFETY: the caller's promise.
    let buf = unsafe { Buf::new(evbuf) };
    write::bare_tag(buf, tag).map_or(-1, |len| len as c_int)
}

/// Removes a bare tag. Returns the number of its bytes, or -1.
///
/// # Safety
/// A live buffer; `ptag` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_decode_tag(ptag: *mut u32, evbuf: *mut evbuffer) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { tag_result(Buf::new(evbuf).and_then(read::bare_tag), ptag) }
}

/// Removes a bare integer. Returns 0 or -1.
///
/// # Safety
/// A live buffer; `pnumber` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_decode_int(pnumber: *mut u32, evbuf: *mut evbuffer) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let number = Buf::new(evbuf).and_then(|buf| read::bare_int(buf, 32));
        number.map_or(-1, |number| {
            store(pnumber, number as u32);
            0
        })
    }
}

/// Removes a bare integer of 64 bits. Returns 0 or -1.
///
/// # Safety
/// A live buffer; `pnumber` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_decode_int64(pnumber: *mut u64, evbuf: *mut evbuffer) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let number = Buf::new(evbuf).and_then(|buf| read::bare_int(buf, 64));
        number.map_or(-1, |number| {
            store(pnumber, number);
            0
        })
    }
}
