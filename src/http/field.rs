//! The syntax of header lines (RFC 9110, 5).

use super::start_line::{BAD, Refused};
use crate::support::words;

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

/// How many bytes at the start of `text` are part of a name.
fn name_len(text: &[u8]) -> usize {
    let usual = words::run(text, words::unusual);
    if text.get(usual) == Some(&b':') {
        return usual;
    }
    let token = |byte: &&u8| TOKEN[usize::from(**byte)];
    usual + text[usual..].iter().take_while(token).count()
}

/// How many bytes at the start of `text` can be part of a value: no control character but the tab.
fn value_len(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += words::run(&text[at..], |word| {
            words::below(word, b' ') | words::equal(word, 0x7f)
        });
        if text.get(at) != Some(&b'\t') {
            return at;
        }
        at += 1;
    }
}

/// Whether `text` can be a value.
pub fn is_value(text: &[u8]) -> bool {
    value_len(text) == text.len()
}

/// `text` without the spaces and tabs around it.
pub fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Takes a value off the front of `text`, without the spaces and tabs around it.
pub fn value(text: &[u8]) -> (&[u8], &[u8]) {
    let (value, rest) = text.split_at(value_len(text));
    (trim(value), rest)
}

/// Takes a name and its colon off the front of a header line. Returns the name and the rest.
pub fn name(line: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    match line.split_at(name_len(line)) {
        ([], _) => Err(BAD),
        (name, [b':', rest @ ..]) => Ok((name, rest)),
        _ => Err(BAD),
    }
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
        let split = |line| {
            let (name, rest) = name(line)?;
            match value(rest) {
                (value, []) => Ok((name, value)),
                _ => Err(BAD),
            }
        };
        for (line, name, value) in [
            (&b"A: b"[..], &b"A"[..], &b"b"[..]),
            (b"A:\t b c \t", b"A", b"b c"),
            (b"A:", b"A", b""),
            (b"A::b", b"A", b":b"),
            (b"A:\xe4", b"A", b"\xe4"),
            (b"X_Longer-Name~: a\tb", b"X_Longer-Name~", b"a\tb"),
        ] {
            assert_eq!(split(line), Ok((name, value)));
        }
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
