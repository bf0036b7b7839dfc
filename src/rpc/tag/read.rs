//! Fields at the front of a buffer: looking at them, and taking them.
//!
//! What a failure leaves of the field is part of the interface; each function says it.

use core::mem::MaybeUninit;

use libc::timeval;

use super::code::{self, Decoded, MAX_INT, MAX_TAG};
use crate::buffer::{Buf, Locked};
use crate::support::mm;

/// The bytes from `from` to `to`, piece by piece, as many as there are.
fn range(buf: &Locked, from: usize, to: usize) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    buf.pieces().map_while(move |piece| {
        let start = from.saturating_sub(at).min(piece.len());
        let end = to.checked_sub(at)?.min(piece.len());
        at += piece.len();
        Some(&piece[start..end.max(start)])
    })
}

/// Copies the bytes that follow `from`, as many as there are.
fn look<const N: usize>(buf: &Locked, from: usize) -> ([u8; N], usize) {
    let mut bytes = [0; N];
    let mut len = 0;
    for piece in range(buf, from, from + N) {
        bytes[len..][..piece.len()].copy_from_slice(piece);
        len += piece.len();
    }
    (bytes, len)
}

fn look_at_tag(buf: &Locked) -> Option<Decoded<u32>> {
    let (bytes, len) = look::<MAX_TAG>(buf, 0);
    code::decode_tag(&bytes[..len])
}

/// An integer of up to `bits` bits between two places.
fn look_at_int(buf: &Locked, from: usize, to: usize, bits: usize) -> Option<Decoded<u64>> {
    let (bytes, len) = look::<MAX_INT>(buf, from);
    code::decode_int(&bytes[..len.min(to.saturating_sub(from))], bits)
}

/// An announced length, if an `int` can hold it.
fn as_length(value: u64) -> Option<usize> {
    usize::try_from(i32::try_from(value).ok()?).ok()
}

/// The tag in front.
pub fn peek_tag(buf: Buf) -> Option<Decoded<u32>> {
    look_at_tag(&buf.lock())
}

/// How long a field says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    pub field: u32,
    pub payload: u32,
}

/// The lengths of the field in front, whose payload need not be there.
pub fn peek_lengths(buf: Buf) -> Option<Lengths> {
    let buf = buf.lock();
    let tag = look_at_tag(&buf)?;
    let announced = look_at_int(&buf, tag.len, usize::MAX, 32)?;
    let payload = as_length(announced.value)?;
    Some(Lengths {
        field: u32::try_from(tag.len + announced.len + payload).ok()?,
        payload: u32::try_from(payload).ok()?,
    })
}

fn take_tag(buf: &mut Locked) -> Option<Decoded<u32>> {
    let decoded = look_at_tag(buf)?;
    buf.drain(decoded.len).ok()?;
    Some(decoded)
}

fn take_int(buf: &mut Locked, bits: usize) -> Option<u64> {
    let decoded = look_at_int(buf, 0, usize::MAX, bits)?;
    buf.drain(decoded.len).ok()?;
    Some(decoded.value)
}

/// Takes the length of a payload that is wholly there. A failure leaves the payload.
fn take_length(buf: &mut Locked) -> Option<usize> {
    let len = as_length(take_int(buf, 32)?)?;
    (len <= buf.len()).then_some(len)
}

/// Takes tag and length, and tells the tag as soon as it is known.
fn take_header(buf: &mut Locked, found: impl FnOnce(u32)) -> Option<usize> {
    found(take_tag(buf)?.value);
    take_length(buf)
}

/// Takes tag and length. `None`, too, for another tag.
fn take_header_of(buf: &mut Locked, tag: u32) -> Option<usize> {
    let mut found = None;
    let len = take_header(buf, |tag| found = Some(tag))?;
    (found == Some(tag)).then_some(len)
}

/// Takes a tag that stands alone. A failure takes nothing.
pub fn bare_tag(buf: Buf) -> Option<Decoded<u32>> {
    take_tag(&mut buf.lock())
}

/// Takes an integer that stands alone. A failure takes nothing.
pub fn bare_int(buf: Buf, bits: usize) -> Option<u64> {
    take_int(&mut buf.lock(), bits)
}

/// Takes tag and length, and returns the length. A failure leaves the payload.
pub fn header(buf: Buf, found: impl FnOnce(u32)) -> Option<usize> {
    take_header(&mut buf.lock(), found)
}

/// Takes a field. A failure leaves the payload.
pub fn skip(buf: Buf) -> Option<()> {
    let mut buf = buf.lock();
    let len = take_header(&mut buf, |_| ())?;
    buf.drain(len).ok()
}

/// Takes a field and appends the payload to `to`. A failure leaves the payload.
pub fn move_to(buf: Buf, to: Buf, found: impl FnOnce(u32)) -> Option<usize> {
    let (mut from, mut to) = buf.lock_both(to);
    let len = take_header(&mut from, found)?;
    if to.buf() != buf && to.move_front_from(&mut from, len).ok()? < len {
        return None;
    }
    Some(len)
}

/// Takes a field of one integer; more bytes may follow that in the payload. A failure leaves
/// everything behind another tag, and a payload that is not there wholly, but not an integer that
/// is wrong.
pub fn int(buf: Buf, tag: u32, bits: usize) -> Option<Decoded<u64>> {
    let mut buf = buf.lock();
    if take_tag(&mut buf)?.value != tag {
        return None;
    }
    let len = take_length(&mut buf)?;
    let decoded = look_at_int(&buf, 0, len, bits);
    buf.drain(len).ok()?;
    decoded
}

/// Takes a field of as many bytes as `out` has. A failure leaves the payload.
pub fn fixed(buf: Buf, tag: u32, out: &mut [MaybeUninit<u8>]) -> Option<()> {
    let mut buf = buf.lock();
    let len = take_header_of(&mut buf, tag).filter(|&len| len == out.len())?;
    let mut rest = out;
    for piece in range(&buf, 0, len) {
        let (now, later) = rest.split_at_mut_checked(piece.len())?;
        now.write_copy_of_slice(piece);
        rest = later;
    }
    if !rest.is_empty() {
        return None;
    }
    buf.drain(len).ok()
}

/// Takes a field as a text with a NUL behind it. A failure leaves the payload.
pub fn text(buf: Buf, tag: u32) -> Option<mm::Vec<u8>> {
    let mut buf = buf.lock();
    let len = take_header_of(&mut buf, tag)?;
    let mut text = mm::vec();
    text.try_reserve_exact(len + 1).ok()?;
    for piece in range(&buf, 0, len) {
        text.extend_within_capacity(piece);
    }
    buf.drain(len).ok()?;
    text.push_within_capacity(0);
    Some(text)
}

/// Takes a field of seconds and microseconds. A failure leaves a payload that is not there wholly.
pub fn timeval(buf: Buf, tag: u32) -> Option<timeval> {
    let mut buf = buf.lock();
    let mut found = None;
    let len = take_header(&mut buf, |tag| found = Some(tag))?;
    let seconds = look_at_int(&buf, 0, len, 32);
    let micros = seconds.and_then(|seconds| look_at_int(&buf, seconds.len, len, 32));
    buf.drain(len).ok()?;
    if found != Some(tag) {
        return None;
    }
    Some(timeval {
        tv_sec: seconds?.value as _,
        tv_usec: micros?.value as _,
    })
}
