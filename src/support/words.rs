//! Bytes of text, eight at a time.
//!
//! A word has eight bytes, the first of them in its lowest bits. Tests mark bytes by their highest
//! bit; where not said otherwise, only the first mark counts: bytes behind it may have one by
//! mistake.

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES << 7;

const fn all(byte: u8) -> u64 {
    ONES * byte as u64
}

/// Marks bytes below `limit`, which is at most 128.
#[inline(always)]
pub const fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(all(limit)) & !word & HIGHS
}

/// Marks bytes that are `byte`.
#[inline(always)]
pub const fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ all(byte), 1)
}

/// Marks all bytes but letters, digits, dashes and dots, and no other.
#[inline(always)]
pub const fn unusual(word: u64) -> u64 {
    // Additions to seven bits don't reach the next byte.
    let low = word & !HIGHS;
    let lower = low | all(0x20);
    // The highest bit of a byte's sum tells whether it is at least that.
    const fn reaches(bytes: u64, least: u8) -> u64 {
        bytes + all(0x80 - least)
    }
    let letter = reaches(lower, b'a') & !reaches(lower, b'z' + 1);
    let digit = reaches(low, b'0') & !reaches(low, b'9' + 1);
    let mark = reaches(low, b'-') & !reaches(low, b'.' + 1);
    (!(letter | digit | mark) | word) & HIGHS
}

/// How many bytes of `text` stand before the first that `marks` marks in a word of them.
#[inline(always)]
pub fn run(text: &[u8], marks: impl Fn(u64) -> u64) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let marked = marks(u64::from_le_bytes(*word));
        if marked != 0 {
            return number * 8 + first(marked);
        }
    }
    let done = text.len() - rest.len();
    if rest.is_empty() {
        return done;
    }
    let last = match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last) >> (64 - 8 * rest.len()),
        None => short(rest),
    };
    done + first(marks(last)).min(rest.len())
}

/// A word of less than eight bytes; zeros follow them.
#[inline(always)]
fn short(text: &[u8]) -> u64 {
    let behind = |value: u64, at: usize| value << (8 * at);
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|four| u64::from(u32::from_le_bytes(*four)));
        return first | behind(last, text.len() - 4);
    }
    match *text {
        [a] => u64::from(a),
        [a, b] => u64::from(a) | behind(u64::from(b), 1),
        [a, b, c] => u64::from(a) | behind(u64::from(b), 1) | behind(u64::from(c), 2),
        _ => 0,
    }
}

/// The place of the first mark; 8 without one.
fn first(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_in_every_place() {
        for byte in 0..=255u8 {
            for at in 0..8 {
                let mut bytes = [b'a'; 8];
                bytes[at] = byte;
                let word = u64::from_le_bytes(bytes);
                let mark = |marked: bool| if marked { at } else { 8 };
                assert_eq!(first(below(word, b' ')), mark(byte < b' '));
                assert_eq!(first(equal(word, b'\n')), mark(byte == b'\n'));
                let usual = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
                let expected = if usual { 0 } else { 0x80 << (8 * at) };
                assert_eq!(unusual(word), expected, "{byte}");
            }
        }
    }

    #[test]
    fn runs_of_any_length() {
        let text = [b'x'; 40];
        for len in 0..text.len() {
            assert_eq!(run(&text[..len], |word| equal(word, b'\n')), len);
            for at in 0..len {
                let mut text = text;
                text[at] = b'\n';
                assert_eq!(run(&text[..len], |word| equal(word, b'\n')), at);
                assert_eq!(run(&text[..len], unusual), at);
            }
            // What follows the rest is no part of it.
            assert_eq!(run(&text[..len], |word| below(word, b' ')), len);
        }
    }
}
