//! `<event2/tag.h>`: fields of tag, length and payload in buffers.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_char, c_int, c_void};
use core::slice;

use crate::abi::argument::{Out, Str};
use libc::timeval;

use super::convert::{buffer as writable, given};
use crate::buffer::Buf;
use crate::ctypes::util::{ev_uint32_t, ev_uint64_t};
use crate::rpc::tag::code::Decoded;
use crate::rpc::tag::{read, write};

/// 0 for a success, -1 for a failure.
fn done(result: Option<()>) -> c_int {
    if result.is_some() { 0 } else { -1 }
}

/// A length of at most INT_MAX, or -1 for a failure.
fn length(result: Option<usize>) -> c_int {
    result
        .and_then(|len| c_int::try_from(len).ok())
        .unwrap_or(-1)
}

/// Does nothing. Versions before 2.0 had to be initialized.
#[unsafe(no_mangle)]
pub extern "C" fn evtag_init() {}

/// Removes the tag and the length of the first field, which leaves its payload at the front of the
/// buffer.
///
/// @param evbuf the buffer
/// @param ptag where to store the tag, or NULL
/// @return the length of the payload. -1 if the tag or the length is malformed, the length exceeds
///   INT_MAX, or the payload is incomplete. In that case a well-formed tag or length has been
///   removed, but no byte of the payload
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_header(
    evbuf: Option<Buf>,
    ptag: Out<ev_uint32_t>,
) -> c_int {
    length(evbuf.and_then(|buf| read::header(buf, |tag| ptag.set(tag))))
}

/// Appends a field.
///
/// @param evbuf the buffer
/// @param tag the tag
/// @param data the payload; may be NULL if `len` is 0
/// @param len its length in bytes. evtag_unmarshal() cannot read a payload longer than INT_MAX
///
/// If memory runs out, nothing is appended; only the length of the buffer shows it.
///
/// # Safety
/// `data` has `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal(
    evbuf: Option<Buf>,
    tag: ev_uint32_t,
    data: *const c_void,
    len: ev_uint32_t,
) {
    let payload = match len {
        0 => &[],
        // SAFETY: the caller's bytes.
        _ => unsafe { slice::from_raw_parts(data.cast(), len as usize) },
    };
    let _ = evbuf.map(|buf| write::bytes(buf, tag, payload));
}

/// Appends a field whose payload is the whole content of another buffer. The bytes are moved, not
/// copied: the other buffer is empty afterwards.
///
/// @param evbuf the buffer
/// @param tag the tag
/// @param data a buffer with less than 4 GiB; with more, nothing happens
///
/// # Safety
/// Two live buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal_buffer(
    evbuf: Option<Buf>,
    tag: ev_uint32_t,
    data: Option<Buf>,
) {
    if let (Some(buf), Some(data)) = (evbuf, data) {
        let _ = write::buffer(buf, tag, data);
    }
}

/// Appends an integer, without a tag and a length. It takes one to five bytes.
///
/// @param evbuf the buffer
/// @param number the integer
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_encode_int(evbuf: Option<Buf>, number: ev_uint32_t) {
    let _ = evbuf.map(|buf| write::bare_int(buf, number.into()));
}

/// Appends an integer of 64 bits, without a tag and a length. It takes one to nine bytes.
///
/// @param evbuf the buffer
/// @param number the integer
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_encode_int64(evbuf: Option<Buf>, number: ev_uint64_t) {
    let _ = evbuf.map(|buf| write::bare_int(buf, number));
}

/// Appends a field of one integer.
///
/// @param evbuf the buffer
/// @param tag the tag
/// @param integer the payload
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal_int(
    evbuf: Option<Buf>,
    tag: ev_uint32_t,
    integer: ev_uint32_t,
) {
    let _ = evbuf.map(|buf| write::int(buf, tag, integer.into()));
}

/// Appends a field of one integer of 64 bits.
///
/// @param evbuf the buffer
/// @param tag the tag
/// @param integer the payload
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal_int64(
    evbuf: Option<Buf>,
    tag: ev_uint32_t,
    integer: ev_uint64_t,
) {
    let _ = evbuf.map(|buf| write::int(buf, tag, integer));
}

/// Appends a field of text, without the NUL at its end.
///
/// @param buf the buffer
/// @param tag the tag
/// @param string the payload
///
/// # Safety
/// A live buffer and a NUL-terminated text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal_string(buf: Option<Buf>, tag: ev_uint32_t, string: Str<'_>) {
    let _ = buf.map(|buf| write::bytes(buf, tag, string.bytes()));
}

/// Appends a field of a time: seconds and microseconds, each truncated to an unsigned 32-bit
/// integer.
///
/// @param evbuf the buffer
/// @param tag the tag
/// @param tv the payload
///
/// # Safety
/// A live buffer and a readable time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_marshal_timeval(
    evbuf: Option<Buf>,
    tag: ev_uint32_t,
    tv: Out<timeval>,
) {
    let _ = evbuf
        .zip(tv.get())
        .map(|(buf, time)| write::timeval(buf, tag, time));
}

/// Removes the first field and appends its payload to another buffer.
///
/// @param src the buffer with the field
/// @param ptag where to store the tag, or NULL
/// @param dst the buffer for the payload
/// @return the length of the payload; -1 as for evtag_unmarshal_header()
///
/// # Safety
/// Two live buffers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal(
    src: Option<Buf>,
    ptag: Out<ev_uint32_t>,
    dst: Option<Buf>,
) -> c_int {
    let (Some(src), Some(dst)) = (src, dst) else {
        return -1;
    };
    length(read::move_to(src, dst, |tag| ptag.set(tag)))
}

/// Reads the tag of the first field without removing it.
///
/// @param evbuf the buffer
/// @param ptag where to store the tag, or NULL
/// @return the number of bytes that the tag takes; -1 if the tag is malformed or incomplete
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_peek(evbuf: Option<Buf>, ptag: Out<ev_uint32_t>) -> c_int {
    tag_result(evbuf.and_then(read::peek_tag), ptag)
}

/// The number of bytes of a tag, which is stored; -1 if there is none.
///
/// # Safety
/// `ptag` is NULL or writable.
pub(super) fn tag_result(found: Option<Decoded<u32>>, ptag: Out<ev_uint32_t>) -> c_int {
    let Some(Decoded { value, len }) = found else {
        return -1;
    };
    ptag.set(value);
    len as c_int
}

/// Returns the total length of the first field, including its tag and length, without removing it.
///
/// @param evbuf the buffer
/// @param plength where to store the number of bytes, which need not have arrived yet
/// @return 0 on success; -1 if the tag or the length is malformed or incomplete, or the length
///   exceeds INT_MAX
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_peek_length(evbuf: Option<Buf>, plength: Out<ev_uint32_t>) -> c_int {
    let lengths = evbuf.and_then(read::peek_lengths);
    done(lengths.map(|lengths| plength.set(lengths.field)))
}

/// Returns the length of the payload of the first field without removing the field.
///
/// @param evbuf the buffer
/// @param plength where to store the number of bytes, which need not have arrived yet
/// @return as for evtag_peek_length()
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_payload_length(
    evbuf: Option<Buf>,
    plength: Out<ev_uint32_t>,
) -> c_int {
    let lengths = evbuf.and_then(read::peek_lengths);
    done(lengths.map(|lengths| plength.set(lengths.payload)))
}

/// Removes the first field.
///
/// @param evbuf the buffer
/// @return 0 on success; -1 as for evtag_unmarshal_header()
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_consume(evbuf: Option<Buf>) -> c_int {
    done(evbuf.and_then(read::skip))
}

/// Removes a field of one integer. Bytes that follow the integer in the payload are removed, too.
///
/// @param evbuf the buffer
/// @param need_tag the tag that the field must have
/// @param pinteger where to store the integer
/// @return the number of bytes that the integer took. -1 if the tag is another one, which is
///   removed; if the payload is incomplete: its tag and length are removed; or if it does not hold
///   a 32-bit integer: the whole field is removed
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_int(
    evbuf: Option<Buf>,
    need_tag: ev_uint32_t,
    pinteger: Out<ev_uint32_t>,
) -> c_int {
    let found = evbuf.and_then(|buf| read::int(buf, need_tag, 32));
    length(found.map(|int| {
        pinteger.set(int.value as ev_uint32_t);
        int.len
    }))
}

/// evtag_unmarshal_int() for an integer of 64 bits.
///
/// @param evbuf the buffer
/// @param need_tag the tag that the field must have
/// @param pinteger where to store the integer
/// @return the number of bytes that the integer took, or -1
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_int64(
    evbuf: Option<Buf>,
    need_tag: ev_uint32_t,
    pinteger: Out<ev_uint64_t>,
) -> c_int {
    let found = evbuf.and_then(|buf| read::int(buf, need_tag, 64));
    length(found.map(|int| {
        pinteger.set(int.value);
        int.len
    }))
}

/// Removes a field whose payload has a known length.
///
/// @param src the buffer
/// @param need_tag the tag that the field must have
/// @param data where to copy the payload
/// @param len the length that it must have
/// @return 0 on success; -1 if the tag or the length is another one, and as for
///   evtag_unmarshal_header(); the payload then stays in the buffer
///
/// # Safety
/// A live buffer; `data` has `len` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_fixed(
    src: Option<Buf>,
    need_tag: ev_uint32_t,
    data: *mut c_void,
    len: usize,
) -> c_int {
    // SAFETY: a live buffer, and the caller's bytes.
    let data = unsafe { writable(data.cast(), len) };
    done(src.and_then(|src| read::fixed(src, need_tag, data)))
}

/// Removes a field of text.
///
/// @param evbuf the buffer
/// @param need_tag the tag that the field must have
/// @param pstring where to store the text, which the caller frees with free(), or with the function
///   given to event_set_mem_functions(). A NUL follows the payload, which may itself contain NULs
/// @return 0 on success; -1, with nothing stored, if the tag is another one, if memory runs out,
///   and as for evtag_unmarshal_header(); the payload then stays in the buffer
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_string(
    evbuf: Option<Buf>,
    need_tag: ev_uint32_t,
    pstring: Out<*mut c_char>,
) -> c_int {
    let text = evbuf.and_then(|buf| read::text(buf, need_tag));
    done(text.map(|text| pstring.set(given(Some(text)))))
}

/// Removes a field of a time.
///
/// @param evbuf the buffer
/// @param need_tag the tag that the field must have
/// @param ptv where to store the time; neither member is negative
/// @return 0 on success. -1, with the field removed, if the tag is another one or the payload does
///   not hold two integers; -1 also as for evtag_unmarshal_header()
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evtag_unmarshal_timeval(
    evbuf: Option<Buf>,
    need_tag: ev_uint32_t,
    ptv: Out<timeval>,
) -> c_int {
    let time = evbuf.and_then(|buf| read::timeval(buf, need_tag));
    done(time.map(|time| ptv.set(time)))
}
