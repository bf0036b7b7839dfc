//! The two-way algorithm over a list of chains, for needles that are longer than the chains.
//!
//! It needs no memory, and never looks back further than the needle is long, with cursors that only
//! move forward: so it is linear even where every chain holds one byte.

use super::super::chain::Link;
use super::super::cursor::Cursor;

/// What the two-way algorithm knows of a needle (Crochemore and Perrin, "Two-way
/// string-matching", 1991).
#[derive(Clone, Copy)]
pub struct Plan {
    /// Where the needle is cut: the right part is compared first.
    cut: usize,
    /// How far to go on after a match of both parts, or of the right one alone.
    period: usize,
    /// The needle repeats itself after `period` bytes, so what a shift leaves need not be compared
    /// again.
    periodic: bool,
}

impl Plan {
    pub fn new(needle: &[u8]) -> Self {
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

pub enum Step {
    /// The needle, so far behind the start.
    Found(usize, Cursor),
    /// It is not before this place, so far behind the start, where another strategy is better.
    Continue(usize, Cursor),
    /// It isn't there.
    End,
}

/// The two-way algorithm over chains.
pub struct Streaming<'a> {
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
    first_chain: Link,
}

impl<'a> Streaming<'a> {
    /// A search of the `limit` bytes behind `start`.
    pub fn new(needle: &'a [u8], plan: Plan, start: Cursor, limit: usize) -> Self {
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

    /// Runs until there is an answer.
    pub fn run(mut self) -> Step {
        let len = self.needle.len();
        while self.moved + len <= self.limit {
            let Some(here) = self.start.here() else {
                break;
            };
            if self.start.chain != self.first_chain && here.len() >= len {
                return Step::Continue(self.moved, self.start);
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
        Step::End
    }

    fn shift(&mut self, by: usize) {
        self.start.at += by;
        self.moved += by;
    }

    fn left_matches(&self) -> bool {
        let mut left = self.start;
        left.at += self.known;
        let part = self.needle.get(self.known..self.plan.cut);
        part.unwrap_or_default()
            .iter()
            .all(|&byte| left.next() == Some(byte))
    }
}

/// Where `needle` is in all the chains, however long they are.
#[cfg(test)]
pub fn find_all(mut start: Cursor, needle: &[u8], limit: usize) -> Option<usize> {
    let mut skipped = 0;
    loop {
        match Streaming::new(needle, Plan::new(needle), start, limit - skipped).run() {
            Step::Found(at, _) => return Some(skipped + at),
            Step::Continue(at, next) => {
                skipped += at;
                start = next;
            }
            Step::End => return None,
        }
    }
}
