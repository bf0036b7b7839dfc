//! A place in a list of chains, as searching and copying move it.

use core::{ptr, slice};

use super::chain::{self, Link};
use super::search::find_byte;
use super::{Buffer, file};

/// A place in a list of chains, used while the buffer is locked and not changed.
#[derive(Clone, Copy)]
pub struct Cursor {
    pub chain: Link,
    pub at: usize,
}

impl Buffer {
    /// The place of the first byte.
    #[inline]
    pub(super) fn start(&self) -> Cursor {
        Cursor {
            chain: self.first.get(),
            at: 0,
        }
    }
}

impl Cursor {
    /// Moves over the ends of chains, and returns the bytes from here to the end of the chain, of
    /// which there is one at least; `None` at the end of the list, and at a file that can't be read.
    #[inline]
    pub fn here<'a>(&mut self) -> Option<&'a [u8]> {
        let mut chain = self.chain?;
        let mut off = chain.off.get();
        while self.at >= off {
            self.at -= off;
            self.chain = chain.next.get();
            chain = self.chain?;
            off = chain.off.get();
        }
        if chain.has(chain::SENDFILE) && !file::make_readable(chain) {
            return None;
        }
        // SAFETY: the data is in memory, and longer than `at`. No code writes to it while the buffer
        // isn't changed.
        Some(unsafe { slice::from_raw_parts(chain.data().add(self.at), off - self.at) })
    }

    /// The start of the next chain.
    #[inline]
    pub fn next_chain(&self) -> Self {
        Cursor {
            chain: self.chain.and_then(|chain| chain.next.get()),
            at: 0,
        }
    }

    /// Moves to the next `byte` and returns how far that was; `None` if there is none in the `limit`
    /// bytes from here on. Out of line, so that the loop has all registers.
    #[inline(never)]
    pub fn find_byte(&mut self, byte: u8, limit: usize) -> Option<usize> {
        let mut at = *self;
        let mut left = limit;
        while left != 0 {
            let here = at.here()?;
            let here = &here[..here.len().min(left)];
            let next = at.next_chain();
            chain::prefetch(next.chain);
            if let Some(found) = find_byte(byte, here) {
                at.at += found;
                *self = at;
                return Some(limit - left + found);
            }
            left -= here.len();
            at = next;
        }
        None
    }

    /// Whether the next bytes are those of `needle`.
    #[inline]
    pub fn starts_with(mut self, mut needle: &[u8]) -> bool {
        while let Some(here) = self.here() {
            let (part, others) = needle.split_at(here.len().min(needle.len()));
            // The last byte first: it spares most of the calls to compare memory.
            if part.last() != here[..part.len()].last() || !here.starts_with(part) {
                return false;
            }
            needle = others;
            self.at += part.len();
            if needle.is_empty() {
                return true;
            }
        }
        false
    }

    /// The place `by` bytes on, of which there are as many.
    pub fn forward(mut self, by: usize) -> Self {
        self.at += by;
        self.here();
        self
    }

    /// The byte here, if there is one, stepping over it.
    pub fn next(&mut self) -> Option<u8> {
        let byte = *self.here()?.first()?;
        self.at += 1;
        Some(byte)
    }

    /// Copies the next `len` bytes. False if there are fewer, or a file could not be read.
    ///
    /// # Safety
    /// `out` has room for them.
    #[inline]
    pub unsafe fn copy(mut self, mut out: *mut u8, mut len: usize) -> bool {
        while let Some(here) = self.here() {
            let part = here.len().min(len);
            // SAFETY: promised by the caller; what was not in use before overlaps nothing.
            unsafe {
                ptr::copy_nonoverlapping(here.as_ptr(), out, part);
                out = out.add(part);
            }
            len -= part;
            if len == 0 {
                return true;
            }
            self = self.next_chain();
        }
        len == 0
    }
}
