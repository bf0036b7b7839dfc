//! Finding places where two bytes stand at the right distance, sixteen places at a time.

use core::arch::x86_64::{
    __m128i, _mm_and_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128,
    _mm_set1_epi8,
};

/// So many places are looked at together.
pub const LANES: usize = 16;
/// So many are looked at together as long as there are no candidates.
pub const BLOCK: usize = 4 * LANES;

/// The first and the last byte of a needle.
#[derive(Clone, Copy)]
pub struct Pair {
    first: __m128i,
    last: __m128i,
    distance: usize,
}

impl Pair {
    /// Of a needle with at least two bytes.
    #[inline]
    pub fn new(needle: &[u8]) -> Self {
        let distance = needle.len() - 1;
        // SAFETY: every x86-64 processor has SSE2.
        let splat = |byte: u8| unsafe { _mm_set1_epi8(byte.cast_signed()) };
        Pair {
            first: splat(needle[0]),
            last: splat(needle[distance]),
            distance,
        }
    }

    /// Of the places from `at` to `at + 15`, those where both bytes are, as a mask of bits.
    #[inline(always)]
    pub fn candidates(self, bytes: &[u8], at: usize) -> u32 {
        assert!(at + self.distance + LANES <= bytes.len());
        // SAFETY: this is what `both` needs; every x86-64 processor has SSE2.
        unsafe { _mm_movemask_epi8(self.both(bytes.as_ptr().add(at))).cast_unsigned() }
    }

    /// The first group of places at or behind `at`, and before `end`, with candidates; or the first
    /// one that isn't before `end`.
    #[inline(always)]
    pub fn next_group(self, bytes: &[u8], mut at: usize, end: usize) -> (usize, u32) {
        assert!(end + self.distance + LANES <= bytes.len() + 1);
        // SAFETY: groups begin before `end`, so this is what `both` needs; every x86-64 processor
        // has SSE2.
        unsafe {
            while at + (BLOCK - LANES) < end {
                let start = bytes.as_ptr().add(at);
                if any(|group| self.both(start.add(group * LANES))) {
                    break;
                }
                at += BLOCK;
            }
            while at < end {
                let mask = _mm_movemask_epi8(self.both(bytes.as_ptr().add(at)));
                if mask != 0 {
                    return (at, mask.cast_unsigned());
                }
                at += LANES;
            }
        }
        (at, 0)
    }

    /// Of the first `BLOCK` places, those where both bytes are, as a mask of bits; and whether the
    /// first byte is in any of them.
    #[inline(always)]
    pub fn look(self, bytes: &[u8]) -> (u64, bool) {
        assert!(BLOCK + self.distance <= bytes.len());
        // SAFETY: this is what `both` needs, and the other loads, too; every x86-64 processor has
        // SSE2.
        unsafe {
            let start = |group: usize| bytes.as_ptr().add(group * LANES);
            let first = any(|i| _mm_cmpeq_epi8(_mm_loadu_si128(start(i).cast()), self.first));
            if !first {
                return (0, false);
            }
            let of = |i: usize| {
                let mask = _mm_movemask_epi8(self.both(start(i))).cast_unsigned();
                u64::from(mask) << (i * LANES)
            };
            (of(0) | of(1) | of(2) | of(3), true)
        }
    }

    /// The places from `start` to `start + 15` where both bytes are.
    ///
    /// # Safety
    /// `start` has as many bytes to compare with the first of the pair, and with the last one.
    #[inline(always)]
    unsafe fn both(self, start: *const u8) -> __m128i {
        // SAFETY: promised by the caller; every x86-64 processor has SSE2.
        unsafe {
            let firsts = _mm_cmpeq_epi8(_mm_loadu_si128(start.cast()), self.first);
            let lasts = _mm_cmpeq_epi8(_mm_loadu_si128(start.add(self.distance).cast()), self.last);
            _mm_and_si128(firsts, lasts)
        }
    }
}

/// Whether a comparison holds anywhere in the groups of a block.
#[inline(always)]
fn any(of: impl Fn(usize) -> __m128i) -> bool {
    // SAFETY: every x86-64 processor has SSE2.
    unsafe {
        let halves = _mm_or_si128(_mm_or_si128(of(0), of(1)), _mm_or_si128(of(2), of(3)));
        _mm_movemask_epi8(halves) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_sees_a_block() {
        let mut bytes = [b'.'; 70];
        let pair = Pair::new(b"a.b");
        assert_eq!(pair.look(&bytes), (0, false));
        (bytes[64], bytes[66]) = (b'a', b'b');
        assert_eq!(pair.look(&bytes), (0, false));
        for at in 0..BLOCK {
            let mut bytes = bytes;
            bytes[at] = b'a';
            assert_eq!(pair.look(&bytes[..66]), (0, true));
            bytes[at + 2] = b'b';
            assert_eq!(pair.look(&bytes[..66]), (1 << at, true));
        }
    }

    #[test]
    fn both_bytes_count() {
        let pair = Pair::new(b"a.b");
        assert_eq!(pair.candidates(b"a.b.a.b..a.......b", 0), 0b1_0001);
        assert_eq!(pair.candidates(b"xx................b", 1), 0);
        let mut bytes = [b'.'; 60];
        (bytes[0], bytes[19], bytes[21]) = (b'a', b'a', b'b');
        assert_eq!(pair.next_group(&bytes, 0, 24), (16, 0b1000));
        assert_eq!(pair.next_group(&bytes, 1, 1), (1, 0));
        assert_eq!(pair.next_group(&bytes, 20, 24), (36, 0));
        // One block, then single groups.
        let mut bytes = [b'.'; 200];
        assert_eq!(pair.next_group(&bytes, 3, 100), (115, 0));
        (bytes[99], bytes[101]) = (b'a', b'b');
        assert_eq!(pair.next_group(&bytes, 3, 100), (99, 1));
        assert_eq!(pair.next_group(&bytes, 4, 100), (84, 1 << 15));
    }
}
