//! Finding a needle in one slice after the other, by the strategy that suits the bytes at hand.
//!
//! Looking for one byte is fastest, as long as that byte is rare. So the needle's first byte is
//! looked for alone, which the caller does, because chain boundaries don't matter for it. If it is
//! among the first bytes, or turns up too often, it is looked for together with the last one.
//! Each comparison of the needle is charged to a budget that grows with the bytes passed. When the
//! budget is spent, a byte is looked for that a sample shows to be rare, and finally `memmem` takes
//! over, which is linear for every needle.

use core::ffi::c_int;

use memchr::memmem::Finder;

#[cfg(target_arch = "x86_64")]
use super::byte_pair::{BLOCK, LANES, Pair};

/// The budget for comparisons at the start; each byte passed adds one.
const BUDGET: usize = 192;
/// What a comparison costs, besides a part of the needle's length.
const COMPARISON: usize = 32;
/// The most that one costs: what the byte pair passes in the time of a look for one byte and a
/// comparison.
const MAX_COMPARISON: usize = 256;
/// The bytes in a sample.
const SAMPLE: usize = 256;
/// A byte that occurs more often in a sample is not rare.
const MAX_OF_RARE_BYTE: u16 = 2;

/// Where `byte` first is, by the C library, which is fastest for short slices.
#[inline]
pub fn find_byte(byte: u8, bytes: &[u8]) -> Option<usize> {
    // SAFETY: memchr reads no more than the slice.
    let found = unsafe { libc::memchr(bytes.as_ptr().cast(), c_int::from(byte), bytes.len()) };
    (!found.is_null()).then(|| found as usize - bytes.as_ptr() as usize)
}

#[allow(
    clippy::large_enum_variant,
    reason = "one on the stack, and no memory to be had"
)]
enum Strategy<'n> {
    /// By the first and the last byte.
    #[cfg(target_arch = "x86_64")]
    BytePair(Pair),
    /// By the byte at this index of the needle.
    OneByte(usize),
    Memmem(Finder<'n>),
}

pub struct Searcher<'n> {
    needle: &'n [u8],
    strategy: Strategy<'n>,
    budget: usize,
    sampled: bool,
}

/// How far the first look came.
#[derive(Debug, PartialEq)]
pub enum Near {
    Found(usize),
    /// Here a match may begin that ends behind the bytes.
    Boundary(usize),
    /// It does not begin before.
    Passed(usize),
}

/// How far a strategy came.
enum Outcome {
    Found(usize),
    /// It isn't there.
    Nothing,
    /// Another strategy continues from here.
    Continue(usize),
}

impl<'n> Searcher<'n> {
    /// A search for a needle that isn't empty.
    #[inline]
    pub fn new(needle: &'n [u8]) -> Self {
        Searcher {
            needle,
            strategy: Strategy::OneByte(0),
            budget: BUDGET,
            sampled: false,
        }
    }

    /// Where the needle is in `bytes`, wholly.
    #[inline]
    pub fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        let last = bytes.len().checked_sub(self.needle.len())?;
        let mut at = 0;
        while at <= last {
            let outcome = match &self.strategy {
                #[cfg(target_arch = "x86_64")]
                Strategy::BytePair(pair) => {
                    let pair = *pair;
                    self.by_byte_pair(pair, bytes, at, last)
                }
                Strategy::OneByte(index) => {
                    let index = *index;
                    self.by_one(index, bytes, at, last)
                }
                Strategy::Memmem(finder) => return Some(at + finder.find(&bytes[at..])?),
            };
            match outcome {
                Outcome::Found(at) => return Some(at),
                Outcome::Nothing => return None,
                Outcome::Continue(next) => at = next,
            }
        }
        None
    }

    /// [`Self::find`], or where in `bytes` a match may begin that ends behind them: their length if
    /// there is no such place.
    pub fn find_or_boundary(&mut self, bytes: &[u8]) -> Result<usize, usize> {
        if let Some(found) = self.find(bytes) {
            return Ok(found);
        }
        let boundary = (bytes.len() + 1).saturating_sub(self.needle.len());
        let rest = find_byte(self.needle[0], &bytes[boundary..]);
        Err(rest.map_or(bytes.len(), |rest| boundary + rest))
    }

    /// Looks where most needles are: where the search begins.
    #[inline(always)]
    pub fn find_near(&mut self, bytes: &[u8]) -> Near {
        let places = (bytes.len() + 1).saturating_sub(self.needle.len());
        #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
        let mut from = 0;
        #[cfg(target_arch = "x86_64")]
        if places >= BLOCK && self.needle.len() > 1 {
            let pair = Pair::new(self.needle);
            let (mask, first_is_common) = pair.look(bytes);
            if mask != 0 {
                self.strategy = Strategy::BytePair(pair);
                let candidate = mask.trailing_zeros() as usize;
                return match self.is_at(bytes, candidate) {
                    true => Near::Found(candidate),
                    false => Near::Passed(candidate + 1),
                };
            }
            from = BLOCK;
            if first_is_common {
                self.strategy = Strategy::BytePair(pair);
                return Near::Passed(from);
            }
        }
        match find_byte(self.needle[0], &bytes[from..]).map(|gap| from + gap) {
            Some(at) if at >= places => Near::Boundary(at),
            Some(at) if self.is_at(bytes, at) => Near::Found(at),
            Some(at) => Near::Passed(at + 1),
            None => Near::Passed(bytes.len()),
        }
    }

    /// The needle's first byte, if looking for that alone is the strategy.
    #[inline]
    pub fn first_byte_alone(&self) -> Option<u8> {
        matches!(self.strategy, Strategy::OneByte(0)).then(|| self.needle[0])
    }

    /// Charges for a comparison that was made where the first byte alone turned up after `gap` bytes.
    /// `rest` is what follows in the slice: where that is short, no other strategy is faster.
    #[inline]
    pub fn charge_for_first_byte(&mut self, gap: usize, rest: &[u8]) {
        self.charge(gap, rest.len().clamp(COMPARISON, MAX_COMPARISON), rest);
    }

    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        &bytes[at..at + self.needle.len()] == self.needle
    }

    #[cfg(target_arch = "x86_64")]
    fn by_byte_pair(&mut self, pair: Pair, bytes: &[u8], start: usize, last: usize) -> Outcome {
        if last - start + 1 < LANES {
            // Not a single group.
            return self.by_one(0, bytes, start, last);
        }
        // The last group overlaps the one before.
        let last_group = last + 1 - LANES;
        let (mut at, mut charged) = (start, start);
        loop {
            let (group, mut mask) = pair.next_group(bytes, at, last_group);
            let group = group.min(last_group);
            if mask == 0 {
                mask = pair.candidates(bytes, last_group);
            }
            while mask != 0 {
                let candidate = group + mask.trailing_zeros() as usize;
                mask &= mask - 1;
                if candidate < charged {
                    continue;
                }
                if self.is_at(bytes, candidate) {
                    return Outcome::Found(candidate);
                }
                if !self.charge(candidate - charged, COMPARISON, &bytes[candidate + 1..]) {
                    return Outcome::Continue(candidate + 1);
                }
                charged = candidate + 1;
            }
            if group == last_group {
                self.budget += last + 1 - charged;
                return Outcome::Nothing;
            }
            at = group + LANES;
        }
    }

    fn by_one(&mut self, index: usize, bytes: &[u8], start: usize, last: usize) -> Outcome {
        let mut at = start;
        while at <= last {
            let candidates = &bytes[at + index..=last + index];
            let Some(gap) = find_byte(self.needle[index], candidates) else {
                self.budget += candidates.len();
                break;
            };
            at += gap;
            if self.is_at(bytes, at) {
                return Outcome::Found(at);
            }
            at += 1;
            if !self.charge(gap, COMPARISON, &bytes[at..]) {
                return Outcome::Continue(at);
            }
        }
        Outcome::Nothing
    }

    /// Charges for a comparison that was made after `gap` bytes. False if there was no budget left, and
    /// another strategy was chosen.
    #[inline]
    fn charge(&mut self, gap: usize, cost: usize, rest: &[u8]) -> bool {
        let budget = self.budget + gap;
        match budget.checked_sub(cost + self.needle.len() / 8) {
            Some(budget) => {
                self.budget = budget;
                true
            }
            None => {
                self.change_strategy(rest);
                false
            }
        }
    }

    #[cold]
    fn change_strategy(&mut self, rest: &[u8]) {
        self.budget = BUDGET;
        #[cfg(target_arch = "x86_64")]
        if !self.sampled && matches!(self.strategy, Strategy::OneByte(_)) && self.needle.len() > 1 {
            self.strategy = Strategy::BytePair(Pair::new(self.needle));
            return;
        }
        self.strategy = match self.rare_byte(rest) {
            Some(index) => Strategy::OneByte(index),
            None => Strategy::Memmem(Finder::new(self.needle)),
        };
    }

    /// The index of a byte that is rare in `rest`; sought once.
    fn rare_byte(&mut self, rest: &[u8]) -> Option<usize> {
        if self.sampled || rest.len() < SAMPLE {
            return None;
        }
        self.sampled = true;
        let mut counts = [0u16; 256];
        for &byte in &rest[..SAMPLE] {
            counts[byte as usize] += 1;
        }
        let (index, &byte) = self
            .needle
            .iter()
            .enumerate()
            .min_by_key(|&(_, &byte)| counts[byte as usize])?;
        (counts[byte as usize] <= MAX_OF_RARE_BYTE).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(bytes: &[u8], needle: &[u8]) -> Option<usize> {
        bytes.windows(needle.len()).position(|part| part == needle)
    }

    fn words(most: u32) -> impl Iterator<Item = Vec<u8>> {
        (0..=most).flat_map(|len| {
            (0..2u32.pow(len)).map(move |bits| {
                (0..len)
                    .map(|i| b'a' + (bits >> i & 1) as u8)
                    .collect::<Vec<u8>>()
            })
        })
    }

    /// All needles of up to 4 letters in many texts, with so little budget that every strategy is taken.
    #[test]
    fn every_small_needle() {
        for needle in words(4).filter(|needle| !needle.is_empty()) {
            for word in words(7) {
                let long = [&b"aacaabacbbaacbabac"[..], &word, b"ccab", &word].concat();
                for text in [&word, &long] {
                    for budget in [0, 40, BUDGET] {
                        let mut searcher = Searcher::new(&needle);
                        searcher.budget = budget;
                        let found = searcher.find(text);
                        assert_eq!(found, naive(text, &needle), "{needle:?} in {text:?}");
                    }
                }
            }
        }
    }

    fn strategies(needle: &[u8]) -> Vec<Strategy<'_>> {
        let last = needle.len() - 1;
        let mut strategies = vec![
            Strategy::OneByte(0),
            Strategy::OneByte(last / 2),
            Strategy::OneByte(last),
        ];
        strategies.push(Strategy::Memmem(Finder::new(needle)));
        #[cfg(target_arch = "x86_64")]
        if last > 0 {
            strategies.push(Strategy::BytePair(Pair::new(needle)));
        }
        strategies
    }

    /// Needles of 1 to 64 bytes, by every strategy, at every place of a group and a block and from every
    /// alignment, behind many places that look like it.
    #[test]
    fn every_place_and_alignment() {
        let mut random = crate::testing::noise(1);
        let mut letter = || b"aab"[random.next().unwrap() as usize % 3];
        for len in 1..=64 {
            let mut needle: Vec<u8> = (0..len).map(|_| letter()).collect();
            needle[len / 2] = b'!';
            for place in 0..150 {
                let start = place % 16;
                let mut text: Vec<u8> = (0..start + place).map(|_| letter()).collect();
                text.extend(&needle);
                text.extend((0..(place * 7 + len) % 90).map(|_| letter()));
                let text = &text.into_boxed_slice()[start..];
                for strategy in strategies(&needle) {
                    let mut searcher = Searcher::new(&needle);
                    searcher.strategy = strategy;
                    // As much as it takes, so that the strategy stays.
                    searcher.budget = usize::MAX / 2;
                    assert_eq!(searcher.find(text), Some(place), "{needle:?} in {text:?}");
                    let short = &text[..place + len - 1];
                    assert_eq!(searcher.find(short), None, "{needle:?} in {short:?}");
                    let boundary = searcher.find_or_boundary(short).unwrap_err();
                    let rest = &short[boundary..];
                    assert!(
                        rest.len() < len && boundary <= place,
                        "{needle:?} in {short:?}"
                    );
                    assert!(rest.is_empty() || rest[0] == needle[0]);
                }
            }
        }
    }

    /// The needle's first byte is looked for alone, unless it is among the first bytes of a slice
    /// that is long enough, and until too much was charged.
    #[test]
    fn a_rare_first_byte_is_looked_for_alone() {
        let mut text = [b'.'; 200];
        for at in [0, 15, 16, 32, 48, 63] {
            text[at] = b'!';
            let mut searcher = Searcher::new(b"!x");
            let expected = match at {
                63 => Near::Boundary(at),
                _ => Near::Passed(at + 1),
            };
            assert_eq!(searcher.find_near(&text[..64]), expected);
            assert_eq!(searcher.first_byte_alone(), Some(b'!'));
            #[cfg(target_arch = "x86_64")]
            {
                assert_eq!(searcher.find_near(&text), Near::Passed(BLOCK));
                assert_eq!(searcher.first_byte_alone(), None);
            }
            text[at + 1] = b'x';
            assert_eq!(Searcher::new(b"!x").find_near(&text), Near::Found(at));
            (text[at], text[at + 1]) = (b'.', b'.');
        }
        text[64] = b'!';
        let mut searcher = Searcher::new(b"!x");
        let mut comparisons = 0;
        while searcher.first_byte_alone().is_some() {
            searcher.charge_for_first_byte(100, &text);
            comparisons += 1;
        }
        assert_eq!(comparisons, 2);
        let mut searcher = Searcher::new(b"!x");
        for _ in 0..100 {
            searcher.charge_for_first_byte(COMPARISON, &text[..20]);
        }
        assert_eq!(searcher.first_byte_alone(), Some(b'!'));
    }

    #[test]
    fn ways_change_with_the_bytes() {
        let mut text = b"abcabcabd".repeat(200);
        text.extend(b"abcq");
        let mut searcher = Searcher::new(b"abcq");
        assert_eq!(searcher.find(&text), Some(1800));
        // Comparing all the needles that begin and end well costs too much.
        let mut text = b"aaxa".repeat(400);
        text.extend(b"aaya");
        let mut searcher = Searcher::new(b"aaya");
        assert_eq!(searcher.find(&text), Some(1600));
        assert!(matches!(searcher.strategy, Strategy::OneByte(2)));
        let mut searcher = Searcher::new(b"abaa");
        assert_eq!(searcher.find(&b"aaba".repeat(400)), Some(1));
        assert_eq!(searcher.find(b"xabcab"), None);
        assert_eq!(searcher.find(b"abc"), None);
    }
}
