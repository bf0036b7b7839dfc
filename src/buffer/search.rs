//! Finding a string of bytes.
//!
//! Inside a chain `memmem` looks, with SIMD. Where a match may begin in one chain and end in
//! another, [`Streaming`] looks: the two-way algorithm over a list of chains. It needs no memory,
//! and goes on from chain to chain for as long as they are shorter than the needle. Both are linear
//! for every needle, and so is the whole: after a chain of at least the needle's length, no more
//! than that length is looked at twice.

use core::slice;

use memchr::memmem;

use super::chain::{self, Chain};
use super::{Buffer, Locked, file, position, take};
use crate::abi::buffer::evbuffer_ptr;

/// The first `needle` at or behind `start` that ends at or before `end`, or
/// [`position::NOWHERE`].
///
/// # Safety
/// `buf` is live; `start` and `end` are valid positions in it.
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
        let cursor = Cursor {
            chain: start.internal_.chain.cast(),
            at: start.internal_.pos_in_chain,
        };
        let limit = end.min((*buf).total_len).saturating_sub(pos);
        match find(cursor, limit, needle) {
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

/// Looks for `needle` in the `limit` bytes behind `cursor`. Returns how far behind it is, and where.
unsafe fn find(mut cursor: Cursor, limit: usize, needle: &[u8]) -> Option<(usize, Cursor)> {
    let finder = memmem::Finder::new(needle);
    let mut plan = None;
    let mut pos = 0;
    // SAFETY: the caller holds the buffer's lock; the cursor walks its chains.
    unsafe {
        loop {
            if limit - pos < needle.len() || !cursor.settle() {
                return None;
            }
            let here = cursor.rest();
            let here = &here[..here.len().min(limit - pos)];
            if let Some(found) = finder.find(here) {
                cursor.at += found;
                return Some((pos + found, cursor));
            }
            if here.len() == limit - pos {
                return None;
            }
            // The last bytes of this chain may begin a match.
            let skipped = (here.len() + 1).saturating_sub(needle.len());
            cursor.at += skipped;
            pos += skipped;
            let plan = *plan.get_or_insert_with(|| Plan::new(needle));
            match Streaming::new(needle, plan, cursor, limit - pos).run() {
                Step::Found(moved, found) => return Some((pos + moved, found)),
                Step::LongChain(moved, next) => {
                    pos += moved;
                    cursor = next;
                }
                Step::End => return None,
            }
        }
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

    /// The byte here, if there is one, stepping over it.
    unsafe fn next(&mut self) -> Option<u8> {
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

/// What the two-way algorithm knows of a needle (Crochemore and Perrin, "Two-way
/// string-matching", 1991).
#[derive(Clone, Copy)]
struct Plan {
    /// Where the needle is cut: the right part is compared first.
    cut: usize,
    /// How far to go on after a match of both parts, or of the right one alone.
    period: usize,
    /// The needle repeats itself after `period` bytes, so what a shift leaves need not be compared
    /// again.
    periodic: bool,
}

impl Plan {
    fn new(needle: &[u8]) -> Self {
        let (less, less_period) = maximal_suffix(needle, |a, b| a < b);
        let (more, more_period) = maximal_suffix(needle, |a, b| a > b);
        let (cut, period) = if less > more {
            (less, less_period)
        } else {
            (more, more_period)
        };
        let periodic =
            period + cut <= needle.len() && needle[..cut] == needle[period..period + cut];
        Plan {
            cut,
            period: if periodic {
                period
            } else {
                cut.max(needle.len() - cut) + 1
            },
            periodic,
        }
    }
}

/// The largest suffix in an order of the bytes: where it starts, and its period.
fn maximal_suffix(needle: &[u8], before: impl Fn(u8, u8) -> bool) -> (usize, usize) {
    let (mut best, mut candidate, mut same, mut period) = (0, 1, 0, 1);
    while candidate + same < needle.len() {
        let (theirs, ours) = (needle[candidate + same], needle[best + same]);
        if before(theirs, ours) {
            // Smaller: everything up to here is one period.
            candidate += same + 1;
            same = 0;
            period = candidate - best;
        } else if theirs == ours {
            same += 1;
            if same == period {
                candidate += period;
                same = 0;
            }
        } else {
            best = candidate;
            candidate += 1;
            same = 0;
            period = 1;
        }
    }
    (best, period)
}

enum Step {
    /// The needle, so far behind the start.
    Found(usize, Cursor),
    /// A chain that is long enough for `memmem`, so far behind the start.
    LongChain(usize, Cursor),
    /// It isn't there.
    End,
}

/// The two-way algorithm over chains.
struct Streaming<'a> {
    needle: &'a [u8],
    plan: Plan,
    /// Where the needle is tried.
    start: Cursor,
    /// How far that is behind the place where the search began.
    moved: usize,
    /// Where the next byte of the right part is.
    right: Cursor,
    /// How many bytes of the needle are known to match.
    known: usize,
    limit: usize,
    first_chain: *mut Chain,
}

impl<'a> Streaming<'a> {
    fn new(needle: &'a [u8], plan: Plan, start: Cursor, limit: usize) -> Self {
        Streaming {
            needle,
            plan,
            start,
            moved: 0,
            right: Cursor {
                at: start.at + plan.cut,
                ..start
            },
            known: 0,
            limit,
            first_chain: start.chain,
        }
    }

    /// # Safety
    /// The buffer is locked.
    unsafe fn run(mut self) -> Step {
        let len = self.needle.len();
        // SAFETY: promised by the caller; the cursors walk the buffer's chains.
        unsafe {
            while self.moved + len <= self.limit {
                if !self.start.settle() {
                    break;
                }
                if self.start.chain != self.first_chain
                    && (*self.start.chain).off - self.start.at >= len
                {
                    return Step::LongChain(self.moved, self.start);
                }
                let begin = self.plan.cut.max(self.known);
                let mut i = begin;
                while i < len {
                    if self.right.next() != Some(self.needle[i]) {
                        break;
                    }
                    i += 1;
                }
                if i < len {
                    // `right` is behind byte i, which is where it is wanted after this shift.
                    self.shift(i + 1 - self.plan.cut);
                    self.known = 0;
                } else if self.left_matches() {
                    return Step::Found(self.moved, self.start);
                } else {
                    let shift = self.plan.period;
                    self.shift(shift);
                    self.known = if self.plan.periodic { len - shift } else { 0 };
                    let wanted = shift + self.plan.cut.max(self.known);
                    self.right.at += wanted - len;
                }
            }
        }
        Step::End
    }

    fn shift(&mut self, by: usize) {
        self.start.at += by;
        self.moved += by;
    }

    unsafe fn left_matches(&self) -> bool {
        let mut left = self.start;
        left.at += self.known;
        // SAFETY: `run` holds the lock.
        unsafe {
            for &byte in self.needle.get(self.known..self.plan.cut).unwrap_or(&[]) {
                if left.next() != Some(byte) {
                    return false;
                }
            }
        }
        true
    }
}
