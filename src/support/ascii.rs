//! ASCII text without regard to case or locale, and the white space of
//! line-based protocols.

use core::cmp::Ordering;
use core::ffi::c_char;
use core::iter;

/// Orders two C strings as if both were in lower case. Bytes above 127 have no
/// case; as in libevent they are what char makes of them, which on most systems
/// is less than the NUL at the end.
pub fn compare(a: &[u8], b: &[u8]) -> Ordering {
    chars(a).cmp(chars(b))
}

fn chars(text: &[u8]) -> impl Iterator<Item = c_char> {
    let lower = text.iter().map(|byte| byte.to_ascii_lowercase() as c_char);
    lower.chain(iter::once(0))
}

/// Whether both are the same, which is looked for as they are to begin with.
#[inline(always)]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a == b || a.eq_ignore_ascii_case(b)
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
        assert_eq!(compare(b"\xff", b"\xfe"), Ordering::Greater);
        let sign = (0xff_u8 as c_char).cmp(&0);
        assert_eq!(compare(b"\xff", b"z"), sign);
        assert_eq!(compare(b"\xff", b""), sign);
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
