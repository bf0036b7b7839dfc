//! ASCII text without regard to case or locale, and the white space of
//! line-based protocols.

use std::cmp::Ordering;

/// Orders two strings as if both were in lower case. Bytes above 127 have no
/// case and come last.
pub fn compare(a: &[u8], b: &[u8]) -> Ordering {
    a.iter()
        .map(u8::to_ascii_lowercase)
        .cmp(b.iter().map(u8::to_ascii_lowercase))
}

/// Where `needle` first stands in `text`; an empty one stands everywhere.
pub fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    text.windows(needle.len())
        .position(|window| window.eq_ignore_ascii_case(needle))
}

/// How much of `text` is left without the spaces and tabs at its end.
pub fn len_without_trailing_space(text: &[u8]) -> usize {
    text.iter()
        .rposition(|b| !matches!(b, b' ' | b'\t'))
        .map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_26_letters_have_case() {
        for byte in 0..=255u8 {
            for other in 0..=255u8 {
                let same = byte == other || (byte ^ other == 0x20 && byte.is_ascii_alphabetic());
                assert_eq!(compare(&[byte], &[other]).is_eq(), same, "{byte} {other}");
            }
        }
    }

    #[test]
    fn shorter_and_smaller_come_first() {
        assert_eq!(compare(b"", b""), Ordering::Equal);
        assert_eq!(compare(b"ABC", b"abd"), Ordering::Less);
        assert_eq!(compare(b"ab", b"ABC"), Ordering::Less);
        assert_eq!(compare(b"b", b"ABC"), Ordering::Greater);
        assert_eq!(compare(b"\xff", b"z"), Ordering::Greater);
        assert_eq!(compare(b"_", b"A"), Ordering::Less);
    }

    #[test]
    fn finding() {
        assert_eq!(find(b"abcABD", b"abd"), Some(3));
        assert_eq!(find(b"aaab", b"AAB"), Some(1));
        assert_eq!(find(b"ab", b"abc"), None);
        assert_eq!(find(b"", b""), Some(0));
        assert_eq!(find(b"abc", b""), Some(0));
        assert_eq!(find(b"", b"a"), None);
    }

    #[test]
    fn trailing_space() {
        for (text, len) in [
            ("", 0),
            (" \t ", 0),
            ("a", 1),
            (" a \tb\t ", 5),
            ("a\r\n", 3),
        ] {
            assert_eq!(len_without_trailing_space(text.as_bytes()), len);
        }
    }
}
