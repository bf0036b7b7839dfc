//! Exported although `<event2/tag.h>` does not name them: separately built binaries, among them
//! code of protocols that use bare numbers, import these.

use core::ffi::c_int;

use super::tag::tag_result;
use crate::abi::argument::Out;
use crate::buffer::Buf;
use crate::rpc::tag::{read, write};

/// Appends a bare tag. Returns the number of its bytes, which is all that happens without a buffer.
///
/// # Safety
/// NULL or a live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_encode_tag(evbuf: Option<Buf>, tag: u32) -> c_int {
    write::bare_tag(evbuf, tag).map_or(-1, |len| len as c_int)
}

/// Removes a bare tag. Returns the number of its bytes, or -1.
///
/// # Safety
/// A live buffer; `ptag` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_decode_tag(ptag: Out<u32>, evbuf: Option<Buf>) -> c_int {
    tag_result(evbuf.and_then(read::bare_tag), ptag)
}

/// Removes a bare integer. Returns 0 or -1.
///
/// # Safety
/// A live buffer; `pnumber` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_decode_int(pnumber: Out<u32>, evbuf: Option<Buf>) -> c_int {
    let number = evbuf.and_then(|buf| read::bare_int(buf, 32));
    number.map_or(-1, |number| {
        pnumber.set(number as u32);
        0
    })
}

/// Removes a bare integer of 64 bits. Returns 0 or -1.
///
/// # Safety
/// A live buffer; `pnumber` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_decode_int64(pnumber: Out<u64>, evbuf: Option<Buf>) -> c_int {
    let number = evbuf.and_then(|buf| read::bare_int(buf, 64));
    number.map_or(-1, |number| {
        pnumber.set(number);
        0
    })
}
