//! Fields behind the end of a buffer.

use libc::timeval;

use super::code::{self, Encoded, MAX_INT, MAX_TAG};
use crate::buffer::{Buf, Refused, Result};

/// The most bytes of a tag and a length.
const MAX_HEADER: usize = MAX_TAG + MAX_INT;

/// Bytes of numbers, put together to be added as one.
struct Bytes {
    bytes: [u8; MAX_HEADER + 2 * MAX_INT],
    len: usize,
}

impl Bytes {
    /// The tag and length of a field.
    fn header(tag: u32, len: u32) -> Self {
        let mut header = Self {
            bytes: [0; MAX_HEADER + 2 * MAX_INT],
            len: 0,
        };
        header.push(code::tag(tag));
        header.push(code::int(len.into()));
        header
    }

    fn push<const N: usize>(&mut self, encoded: Encoded<N>) {
        let bytes = encoded.as_slice();
        self.bytes[self.len..][..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A length as fields have it; refused if there are too many bytes for one.
fn field_len(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| Refused)
}

/// A field of these bytes: all of it or, without memory, nothing.
pub fn bytes(buf: Buf, tag: u32, payload: &[u8]) -> Result {
    let header = Bytes::header(tag, field_len(payload.len())?);
    let mut buf = buf.lock();
    buf.expand(header.len + payload.len())?;
    buf.add(header.as_slice())?;
    buf.add(payload)
}

/// A field of all the bytes in `payload`, which is empty then.
pub fn buffer(buf: Buf, tag: u32, payload: Buf) -> Result {
    let (mut buf, mut payload) = buf.lock_both(payload);
    let header = Bytes::header(tag, field_len(payload.len())?);
    buf.add(header.as_slice())?;
    buf.append_from(&mut payload)
}

/// A tag that stands alone. Returns its bytes.
pub fn bare_tag(buf: Option<Buf>, tag: u32) -> Result<usize> {
    let encoded = code::tag(tag);
    let bytes = encoded.as_slice();
    if let Some(buf) = buf {
        buf.lock().add(bytes)?;
    }
    Ok(bytes.len())
}

/// An integer that stands alone.
pub fn bare_int(buf: Buf, value: u64) -> Result {
    buf.lock().add(code::int(value).as_slice())
}

/// A field of one integer.
pub fn int(buf: Buf, tag: u32, value: u64) -> Result {
    let encoded = code::int(value);
    let mut field = Bytes::header(tag, encoded.as_slice().len() as u32);
    field.push(encoded);
    buf.lock().add(field.as_slice())
}

/// A field of two integers, each of 32 bits.
pub fn timeval(buf: Buf, tag: u32, time: timeval) -> Result {
    let seconds = code::int(u64::from(time.tv_sec as u32));
    let micros = code::int(u64::from(time.tv_usec as u32));
    let len = seconds.as_slice().len() + micros.as_slice().len();
    let mut field = Bytes::header(tag, len as u32);
    field.push(seconds);
    field.push(micros);
    buf.lock().add(field.as_slice())
}
