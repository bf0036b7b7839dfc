//! The syntax of header lines (RFC 9110, 5).

use super::start_line::{BAD, Refused};

/// A byte that a name or method may have.
const fn token_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
}

static TOKEN: [bool; 256] = token_table();

/// Whether `text` is a token: at least one byte, and no delimiter.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| TOKEN[usize::from(*byte)])
}

/// Neither space nor control character; the meaning of bytes above 127 is nobody's business.
pub fn is_visible(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f
}

/// Whether `text` can be a value: no control character but the tab.
pub fn is_value(text: &[u8]) -> bool {
    // Without an early end, so that the compiler takes many bytes at once.
    text.iter().fold(true, |good, byte| {
        good & ((*byte >= b' ') & (*byte != 0x7f) | (*byte == b'\t'))
    })
}

/// `text` without the spaces and tabs around it.
pub fn trim(text: &[u8]) -> &[u8] {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let Some(first) = text.iter().position(|byte| !space(byte)) else {
        return &[];
    };
    let last = text.iter().rposition(|byte| !space(byte)).unwrap_or(first);
    &text[first..=last]
}

/// Takes a header line, without its line end, apart.
pub fn split(line: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    let colon = line
        .iter()
        .position(|byte| !TOKEN[usize::from(*byte)])
        .ok_or(BAD)?;
    if colon == 0 || line[colon] != b':' {
        return Err(BAD);
    }
    let value = trim(&line[colon + 1..]);
    if !is_value(value) {
        return Err(BAD);
    }
    Ok((&line[..colon], value))
}

/// The members of a comma-separated list, without the spaces around them; empty ones, too.
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trim)
}

/// Whether a comma-separated list has a member, whatever its case.
pub fn lists(value: &[u8], member: &[u8]) -> bool {
    list(value).any(|one| one.eq_ignore_ascii_case(member))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(split(b"A: b"), Ok((&b"A"[..], &b"b"[..])));
        assert_eq!(split(b"A:\t b c \t"), Ok((&b"A"[..], &b"b c"[..])));
        assert_eq!(split(b"A:"), Ok((&b"A"[..], &b""[..])));
        assert_eq!(split(b"A::b"), Ok((&b"A"[..], &b":b"[..])));
        assert_eq!(split(b"A:\xe4"), Ok((&b"A"[..], &b"\xe4"[..])));
        for line in [
            &b""[..],
            b"A",
            b": b",
            b"A : b",
            b" A: b",
            b"A b: c",
            b"A(: b",
            b"\xe4: b",
            b"A: \x01",
            b"A: \x7f",
            b"A: b\0c",
            b"A: b\rc",
            b"A: b\r",
        ] {
            assert_eq!(split(line), Err(BAD), "{line:?}");
        }
    }

    #[test]
    fn lists_have_members() {
        assert!(lists(b"keep-alive, Upgrade", b"upgrade"));
        assert!(lists(b"close", b"CLOSE"));
        assert!(!lists(b"closed", b"close"));
        assert!(!lists(b"", b"close"));
        assert!(list(b"a,,b").eq([&b"a"[..], b"", b"b"]));
    }
}
