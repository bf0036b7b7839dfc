//! Finding a string of bytes.
//!
//! | strategy | what it looks for | where | cost |
//! | --- | --- | --- | --- |
//! | first byte | the needle's first byte, then compares | from chain to chain, until it proves common | `memchr`: 16 to 32 bytes a cycle or two |
//! | byte pair | the first and the last byte at once, by SSE2 | in a chain, and in a window | 16 bytes in about 4 cycles |
//! | rare byte | a byte that a sample shows to be rare | in a chain, and in a window | as the first byte |
//! | memmem | the whole needle, by the `memchr` crate | in a chain, and in a window | linear for every needle, dearer to begin |
//! | two-way | the whole needle, by Crochemore and Perrin | over boundaries, for needles longer than a window | linear, a byte at a time |
//!
//! [`Searcher`] chooses among the first four, by what the comparisons have cost; [`byte_pair`] does
//! the second, [`two_way`] the last. Where a match may begin in one chain and end in another, the
//! bytes around the boundary are copied to a window, which is searched like a chain; where the
//! needle's first byte isn't in front of the boundary, that is not necessary. All strategies are
//! linear for every needle, and so is the whole: a byte is in no more than one chain and two windows.
//!
//! The unit tests compare all of them with a naive search.

use core::mem::MaybeUninit;

#[cfg(target_arch = "x86_64")]
mod byte_pair;
mod searcher;
#[cfg(test)]
mod tests;
pub(super) mod two_way;

use super::Locked;
use super::cursor::Cursor;
use super::line::{self, LineEnd};
use super::position::Position;
pub use searcher::find_byte;
use searcher::{Near, Searcher};
use two_way::{Plan, Step, Streaming};

/// The size of the window. Needles up to half of it are looked for in it.
const WINDOW: usize = 4096;

impl Locked {
    /// Where `needle` begins, at or behind `from`.
    #[inline]
    pub fn find(&self, needle: &[u8], from: usize) -> Option<usize> {
        let limit = self.len().checked_sub(from)?;
        if needle.is_empty() {
            return Some(from);
        }
        let start = Cursor {
            at: from,
            ..self.start()
        };
        let (skipped, _) = find(start, limit, needle)?;
        Some(from + skipped)
    }

    /// The first `needle` at or behind `start` that ends at or before `end`.
    #[inline(always)]
    pub fn search(
        &self,
        needle: &[u8],
        start: Option<Position>,
        end: Option<Position>,
    ) -> Option<Position> {
        let start = start.unwrap_or_else(|| self.start_position());
        if needle.is_empty() {
            return Some(start);
        }
        let end = match end {
            Some(end) => usize::try_from(end.pos).unwrap_or(0),
            None => self.len(),
        };
        let pos = usize::try_from(start.pos).ok()?;
        let limit = end.min(self.len()).saturating_sub(pos);
        let (skipped, found) = find(start.place, limit, needle)?;
        Some(start.behind(skipped, found))
    }

    /// Where the first line end at or behind `start` is, and its length.
    pub fn search_line_end(
        &self,
        start: Option<Position>,
        style: LineEnd,
    ) -> Option<(Position, usize)> {
        let start = start.unwrap_or_else(|| self.start_position());
        if start.pos < 0 {
            return None;
        }
        let end = line::find_end(start.place, style)?;
        Some((start.behind(end.at, end.place), end.len))
    }

    /// Finds `needle` and makes everything up to its end contiguous; `None` if it isn't there or
    /// memory runs out.
    pub fn find_contiguous(&mut self, needle: &[u8]) -> Option<*mut u8> {
        let pos = self.find(needle, 0)?;
        let start = self.pull_up_raw(pos + needle.len())?;
        Some(start.wrapping_add(pos))
    }
}

/// Where `needle`, which isn't empty, is in the `limit` bytes behind `cursor`: how far behind it, and
/// the place.
#[inline(always)]
fn find(mut cursor: Cursor, limit: usize, needle: &[u8]) -> Option<(usize, Cursor)> {
    if limit < needle.len() {
        return None;
    }
    let here = cursor.here()?;
    let mut searcher = Searcher::new(needle);
    match searcher.find_near(&here[..here.len().min(limit)]) {
        Near::Found(near) => Some((near, cursor.forward(near))),
        Near::Passed(passed) => find_further(cursor, passed, limit, needle, &mut searcher),
        Near::Boundary(near) => {
            let there = Cursor {
                at: cursor.at + near,
                ..cursor
            };
            if limit - near >= needle.len() && there.starts_with(needle) {
                return Some((near, there));
            }
            find_further(cursor, near + 1, limit, needle, &mut searcher)
        }
    }
}

/// [`find`] where `pos` bytes were passed. Out of line, as most needles are found before.
#[inline(never)]
fn find_further(
    mut cursor: Cursor,
    mut pos: usize,
    limit: usize,
    needle: &[u8],
    searcher: &mut Searcher,
) -> Option<(usize, Cursor)> {
    let mut plan = None;
    cursor.at += pos;
    loop {
        if limit - pos < needle.len() {
            return None;
        }
        let here = cursor.here()?;
        if let Some(byte) = searcher.first_byte_alone() {
            let places = limit - pos - (needle.len() - 1);
            let gap = cursor.find_byte(byte, places)?;
            if cursor.starts_with(needle) {
                return Some((pos + gap, cursor));
            }
            let rest = cursor.here().map_or(&[][..], |rest| &rest[1..]);
            pos += gap + 1;
            cursor.at += 1;
            searcher.charge_for_first_byte(gap, rest);
            continue;
        }
        let left = limit - pos;
        let here = &here[..here.len().min(left)];
        let skipped = match searcher.find_or_boundary(here) {
            Ok(found) => return Some((pos + found, cursor.forward(found))),
            Err(boundary) => boundary,
        };
        if here.len() == left {
            return None;
        }
        cursor.at += skipped;
        pos += skipped;
        if skipped == here.len() {
            continue;
        }
        match find_at_boundary(searcher, &mut plan, cursor, limit - pos, needle) {
            Step::Found(moved, found) => return Some((pos + moved, found)),
            Step::Continue(moved, next) => {
                pos += moved;
                cursor = next;
            }
            Step::End => return None,
        }
    }
}

/// Looks for matches that begin before the end of a chain, at the last bytes of which `cursor` is,
/// and end behind it. Out of line for its frame.
#[inline(never)]
fn find_at_boundary(
    searcher: &mut Searcher,
    plan: &mut Option<Plan>,
    cursor: Cursor,
    limit: usize,
    needle: &[u8],
) -> Step {
    if needle.len() > WINDOW / 2 {
        let plan = *plan.get_or_insert_with(|| Plan::new(needle));
        return Streaming::new(needle, plan, cursor, limit).run();
    }
    let mut window = [const { MaybeUninit::uninit() }; WINDOW];
    let window = gather(cursor, limit, needle.len(), &mut window);
    if let Some(found) = searcher.find(window) {
        return Step::Found(found, cursor.forward(found));
    }
    match (window.len() + 1).saturating_sub(needle.len()) {
        0 => Step::End,
        skipped => Step::Continue(skipped, cursor.forward(skipped)),
    }
}

/// Copies the bytes from `cursor` on to the window: as many as fit, but only up to where every match
/// that begins in them ends, once a chain begins that is long enough for a search of its own.
fn gather(
    mut cursor: Cursor,
    limit: usize,
    needle_len: usize,
    window: &mut [MaybeUninit<u8>; WINDOW],
) -> &[u8] {
    let mut len = 0;
    let mut most = WINDOW.min(limit);
    while len < most
        && let Some(here) = cursor.here()
    {
        if len != 0 && here.len() >= needle_len {
            most = most.min(len + needle_len - 1);
        }
        let part = here.len().min(most - len);
        window[len..len + part].write_copy_of_slice(&here[..part]);
        len += part;
        cursor = cursor.next_chain();
    }
    // SAFETY: the loop has written `len` bytes.
    unsafe { window[..len].assume_init_ref() }
}
