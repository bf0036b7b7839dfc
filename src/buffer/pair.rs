//! Finding places where two bytes stand at the right distance, sixteen places at a time.

use core::arch::x86_64::{
    __m128i, _mm_and_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8,
};

/// So many places are looked at together.
pub const LANES: usize = 16;

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
        // SAFETY: both loads are within the slice, and every x86-64 processor has SSE2.
        unsafe {
            let start = bytes.as_ptr().add(at);
            let firsts = _mm_cmpeq_epi8(_mm_loadu_si128(start.cast()), self.first);
            let lasts = _mm_cmpeq_epi8(_mm_loadu_si128(start.add(self.distance).cast()), self.last);
            _mm_movemask_epi8(_mm_and_si128(firsts, lasts)).cast_unsigned()
        }
    }

    /// The first group of places at or behind `at`, and before `end`, with candidates; or the first
    /// one that isn't before `end`.
    #[inline(always)]
    pub fn next_group(self, bytes: &[u8], mut at: usize, end: usize) -> (usize, u32) {
        while at < end {
            let mask = self.candidates(bytes, at);
            if mask != 0 {
                return (at, mask);
            }
            at += LANES;
        }
        (at, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
