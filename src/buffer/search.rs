//! Finding a string of bytes.
//!
//! As long as the needle's first byte is rare, that alone is looked for from chain to chain, and the
//! needle compared where it is. Otherwise [`Slices`] looks inside a chain. Where a match may then
//! begin in one chain and end in another, the bytes around the seam are copied to a window, in which
//! it looks, too; for needles that don't fit into that, [`Streaming`] looks. All are linear for every
//! needle, and so is the whole: a byte is in no more than one chain and two windows. A seam in front
//! of which the needle's first byte isn't needs neither.

use core::mem::MaybeUninit;
use core::ptr;
use core::slice;

use super::chain::{self, Chain};
use super::slices::{Slices, find_byte};
use super::two_way::{Plan, Step, Streaming};
use super::{Buffer, Locked, file, position, take};
use crate::ctypes::buffer::evbuffer_ptr;

/// The size of the window. Needles up to half of it are looked for in it.
const WINDOW: usize = 4096;

/// The first `needle` at or behind `start` that ends at or before `end`, or
/// [`position::NOWHERE`].
///
/// # Safety
/// `buf` is live; `start` and `end` are valid positions in it.
#[inline(always)]
pub unsafe fn search(
    buf: *mut Buffer,
    needle: &[u8],
    start: Option<evbuffer_ptr>,
    end: Option<evbuffer_ptr>,
) -> evbuffer_ptr {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let start = match start {
            Some(start) => start,
            None => position::at(0, (*buf).first, 0),
        };
        if needle.is_empty() {
            return start;
        }
        let end = match end {
            Some(end) => usize::try_from(end.pos).unwrap_or(0),
            None => (*buf).total_len,
        };
        let Ok(pos) = usize::try_from(start.pos) else {
            return position::NOWHERE;
        };
        let mut cursor = Cursor {
            chain: start.internal_.chain.cast(),
            at: start.internal_.pos_in_chain,
        };
        let limit = end.min((*buf).total_len).saturating_sub(pos);
        if limit < needle.len() || !cursor.settle() {
            return position::NOWHERE;
        }
        let mut slices = Slices::new(needle);
        let here = cursor.rest();
        let found = match slices.find_near(&here[..here.len().min(limit)]) {
            Ok(near) => Some((near, cursor.forward(near))),
            Err(passed) => find(cursor, passed, limit, needle, &mut slices),
        };
        match found {
            Some((skipped, found)) => position::at((pos + skipped) as isize, found.chain, found.at),
            None => position::NOWHERE,
        }
    }
}

/// Finds `needle` and makes everything up to its end contiguous; `None` if it isn't there or memory
/// runs out.
///
/// # Safety
/// `buf` is live.
pub unsafe fn find_contiguous(buf: *mut Buffer, needle: &[u8]) -> Option<*mut u8> {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let pos = usize::try_from(search(buf, needle, None, None).pos).ok()?;
        let start = take::pull_up(buf, (pos + needle.len()) as isize);
        (!start.is_null()).then(|| start.add(pos))
    }
}

/// Looks for `needle` in the `limit` bytes behind `cursor`, of which `pos` were passed. Returns how
/// far behind it is, and where. Out of line, as most needles are found before.
#[inline(never)]
unsafe fn find(
    mut cursor: Cursor,
    mut pos: usize,
    limit: usize,
    needle: &[u8],
    slices: &mut Slices,
) -> Option<(usize, Cursor)> {
    let mut plan = None;
    cursor.at += pos;
    // SAFETY: the caller holds the buffer's lock; the cursor walks its chains.
    unsafe {
        loop {
            if limit - pos < needle.len() || !cursor.settle() {
                return None;
            }
            if let Some(byte) = slices.first_byte_alone() {
                let places = limit - pos - (needle.len() - 1);
                let gap = cursor.find_byte(byte, places)?;
                if cursor.starts_with(needle) {
                    return Some((pos + gap, cursor));
                }
                pos += gap + 1;
                cursor.at += 1;
                slices.pay_for_first_byte(gap, cursor.rest());
                continue;
            }
            let left = limit - pos;
            let here = cursor.rest();
            let here = &here[..here.len().min(left)];
            let skipped = match slices.find_or_seam(here) {
                Ok(found) => return Some((pos + found, cursor.forward(found))),
                Err(seam) => seam,
            };
            if here.len() == left {
                return None;
            }
            cursor.at += skipped;
            pos += skipped;
            if skipped == here.len() {
                continue;
            }
            match find_at_seam(slices, &mut plan, cursor, limit - pos, needle) {
                Step::Found(moved, found) => return Some((pos + moved, found)),
                Step::GoOn(moved, next) => {
                    pos += moved;
                    cursor = next;
                }
                Step::End => return None,
            }
        }
    }
}

/// Looks for matches that begin before a seam and end behind it. Out of line for its frame.
#[inline(never)]
unsafe fn find_at_seam(
    slices: &mut Slices,
    plan: &mut Option<Plan>,
    cursor: Cursor,
    limit: usize,
    needle: &[u8],
) -> Step {
    // SAFETY: the caller holds the buffer's lock; the cursor is at the last bytes of a chain.
    unsafe {
        if needle.len() > WINDOW / 2 {
            let plan = *plan.get_or_insert_with(|| Plan::new(needle));
            return Streaming::new(needle, plan, cursor, limit).run();
        }
        let mut window = [const { MaybeUninit::uninit() }; WINDOW];
        let window = gather(cursor, limit, needle.len(), &mut window);
        if let Some(found) = slices.find(window) {
            return Step::Found(found, cursor.forward(found));
        }
        match (window.len() + 1).saturating_sub(needle.len()) {
            0 => Step::End,
            skipped => Step::GoOn(skipped, cursor.forward(skipped)),
        }
    }
}

/// Copies the bytes from `cursor` on to the window: as many as fit, but only up to where every match
/// that begins in them ends, once a chain begins that is long enough for a search of its own.
unsafe fn gather(
    mut cursor: Cursor,
    limit: usize,
    needle_len: usize,
    window: &mut [MaybeUninit<u8>; WINDOW],
) -> &[u8] {
    let mut len = 0;
    let mut room = WINDOW.min(limit);
    // SAFETY: the caller holds the buffer's lock; what is returned has been written.
    unsafe {
        while len < room && cursor.settle() {
            let here = cursor.rest();
            if len != 0 && here.len() >= needle_len {
                room = room.min(len + needle_len - 1);
            }
            let part = here.len().min(room - len);
            ptr::copy_nonoverlapping(here.as_ptr(), window.as_mut_ptr().add(len).cast(), part);
            len += part;
            cursor.at += here.len();
        }
        slice::from_raw_parts(window.as_ptr().cast(), len)
    }
}

/// A place in a list of chains.
#[derive(Clone, Copy)]
pub struct Cursor {
    pub chain: *mut Chain,
    pub at: usize,
}

impl Cursor {
    /// Moves over the ends of chains. False at the end of the list, and at a file that can't be
    /// read.
    ///
    /// # Safety
    /// The buffer is locked.
    #[inline]
    pub unsafe fn settle(&mut self) -> bool {
        // SAFETY: the chains of a locked buffer are live.
        unsafe {
            while !self.chain.is_null() && self.at >= (*self.chain).off {
                self.at -= (*self.chain).off;
                self.chain = (*self.chain).next;
            }
            !self.chain.is_null() && file::make_readable(self.chain)
        }
    }

    /// The bytes from here to the end of the chain.
    ///
    /// # Safety
    /// The buffer is locked and stays unchanged while the bytes are used; the cursor is settled.
    #[inline]
    pub unsafe fn rest<'a>(&self) -> &'a [u8] {
        // SAFETY: `settle` made sure that the chain is live, readable and longer than `at`.
        unsafe {
            slice::from_raw_parts(
                chain::data(self.chain).add(self.at),
                (*self.chain).off - self.at,
            )
        }
    }

    /// Moves to the next `byte` and returns how far that was; `None` if there is none in the `limit`
    /// bytes from here on. Out of line, so that the loop has all registers.
    ///
    /// # Safety
    /// As for [`Cursor::settle`].
    #[inline(never)]
    unsafe fn find_byte(&mut self, byte: u8, limit: usize) -> Option<usize> {
        let mut at = *self;
        let mut left = limit;
        // SAFETY: promised by the caller.
        unsafe {
            while left != 0 && at.settle() {
                let here = at.rest();
                let here = &here[..here.len().min(left)];
                let next = (*at.chain).next;
                chain::prefetch(next);
                if let Some(found) = find_byte(byte, here) {
                    at.at += found;
                    *self = at;
                    return Some(limit - left + found);
                }
                left -= here.len();
                at = Cursor { chain: next, at: 0 };
            }
        }
        None
    }

    /// Whether the next bytes are those of `needle`.
    ///
    /// # Safety
    /// As for [`Cursor::rest`].
    #[inline]
    unsafe fn starts_with(mut self, mut needle: &[u8]) -> bool {
        // SAFETY: promised by the caller; after the first chain, `settle` says whether there is one.
        unsafe {
            loop {
                let here = self.rest();
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
                if !self.settle() {
                    return false;
                }
            }
        }
    }

    /// The place `by` bytes on.
    ///
    /// # Safety
    /// As for [`Cursor::settle`], and there are as many bytes.
    unsafe fn forward(mut self, by: usize) -> Self {
        self.at += by;
        // SAFETY: promised by the caller.
        unsafe { self.settle() };
        self
    }

    /// The byte here, if there is one, stepping over it.
    ///
    /// # Safety
    /// As for [`Cursor::settle`].
    pub unsafe fn next(&mut self) -> Option<u8> {
        // SAFETY: the caller holds the lock; a settled cursor is at a byte.
        unsafe {
            if !self.settle() {
                return None;
            }
            let byte = *chain::data(self.chain).add(self.at);
            self.at += 1;
            Some(byte)
        }
    }
}

#[cfg(test)]
mod tests;
