//! Ciphertext in the buffers of an underlying bufferevent.

use core::mem::MaybeUninit;
use core::slice;

use super::super::Bev;
use crate::sys::{Errno, Result};

/// Takes what has arrived, as much as fits; `None` if that is nothing.
pub fn receive(underlying: Bev, into: &mut [MaybeUninit<u8>]) -> Option<usize> {
    // SAFETY: `remove` only writes to it.
    let into = unsafe { slice::from_raw_parts_mut(into.as_mut_ptr().cast(), into.len()) };
    underlying
        .input()
        .lock()
        .remove(into)
        .ok()
        .filter(|n| *n > 0)
}

/// Sends what fits below the high watermark; `None` if that is nothing. Fails without memory.
pub fn send(underlying: Bev, from: &[u8]) -> Result<Option<usize>> {
    let mut output = underlying.output().lock();
    let high = underlying.write_watermarks().high;
    let len = match high {
        0 => from.len(),
        _ => from.len().min(high.saturating_sub(output.len())),
    };
    if len == 0 {
        return Ok(None);
    }
    let added = output.add(&from[..len]);
    added.map(|()| Some(len)).map_err(|_| Errno::NOMEM)
}
