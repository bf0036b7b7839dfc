//! Escapes of URIs and of HTML.

use crate::support::mm;

/// Which plus signs stand for spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plus {
    Never,
    Always,
    /// Those after the first question mark.
    InQuery,
}

static UNRESERVED: [bool; 256] = unreserved();

const fn unreserved() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let this = byte as u8;
        table[byte] = this.is_ascii_alphanumeric() || matches!(this, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
}

/// `len` zeros. `None` without memory.
fn zeros(len: usize) -> Option<mm::Vec<u8>> {
    let mut out = mm::vec();
    out.try_resize(len, 0).ok()?;
    Some(out)
}

/// Writes every byte but the unreserved ones as `%XX`; a space as `+`, if so wished. The text ends
/// with a NUL. `None` without memory.
pub fn encode(text: &[u8], space_to_plus: bool) -> Option<mm::Vec<u8>> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let plain = |byte: u8| UNRESERVED[usize::from(byte)];
    let escapes = text.iter().filter(|&&byte| !plain(byte)).count();
    let mut out = zeros(escapes.checked_mul(2)?.checked_add(text.len() + 1)?)?;
    let mut to = 0;
    for &byte in text {
        if plain(byte) {
            out[to] = byte;
            to += 1;
        } else if byte == b' ' && space_to_plus {
            out[to] = b'+';
            to += 1;
        } else {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            out[to..to + 3].copy_from_slice(&[b'%', HEX[high], HEX[low]]);
            to += 3;
        }
    }
    out.truncate(to + 1);
    Some(out)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The byte that the escape at the start of `text` stands for.
fn escaped(text: &[u8]) -> Option<u8> {
    match text {
        [b'%', high, low, ..] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

/// Decodes to the start of `out`, which is not shorter than `text`, and returns how long the result
/// is. What looks like an escape and is none stays as it is.
pub fn decode(text: &[u8], plus: Plus, out: &mut [u8]) -> usize {
    let query = match plus {
        Plus::Never => text.len(),
        Plus::Always => 0,
        Plus::InQuery => memchr::memchr(b'?', text).unwrap_or(text.len()),
    };
    let (mut from, mut to) = (0, 0);
    while let Some(&byte) = text.get(from) {
        let (decoded, len) = match byte {
            b'%' => escaped(&text[from..]).map_or((byte, 1), |byte| (byte, 3)),
            b'+' if from >= query => (b' ', 1),
            _ => (byte, 1),
        };
        out[to] = decoded;
        to += 1;
        from += len;
    }
    to
}

/// [`decode`] with memory of its own, and a NUL at the end. `None` without memory.
pub fn decoded(text: &[u8], plus: Plus) -> Option<mm::Vec<u8>> {
    let mut out = zeros(text.len() + 1)?;
    let len = decode(text, plus, &mut out);
    out[len] = 0;
    out.truncate(len + 1);
    Some(out)
}

/// What stands for the five characters that mean something in HTML.
const ENTITIES: [(u8, &[u8]); 5] = [
    (b'<', b"&lt;"),
    (b'>', b"&gt;"),
    (b'"', b"&quot;"),
    (b'\'', b"&#039;"),
    (b'&', b"&amp;"),
];

/// For every byte its place in [`ENTITIES`], counted from 1, and 0 for most.
static ENTITY: [u8; 256] = entities();

const fn entities() -> [u8; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < ENTITIES.len() {
        table[ENTITIES[at].0 as usize] = at as u8 + 1;
        at += 1;
    }
    table
}

/// Writes HTML's five special characters as entities. The text ends with a NUL. `None` without
/// memory.
pub fn html(text: &[u8]) -> Option<mm::Vec<u8>> {
    let place = |byte: u8| usize::from(ENTITY[usize::from(byte)]);
    let special = text.iter().filter(|&&byte| place(byte) != 0).count();
    // An entity has at most six bytes.
    let mut out = zeros(special.checked_mul(5)?.checked_add(text.len() + 1)?)?;
    let mut to = 0;
    for &byte in text {
        let place = place(byte);
        if place == 0 {
            out[to] = byte;
            to += 1;
        } else {
            let entity = ENTITIES[place - 1].1;
            out[to..to + entity.len()].copy_from_slice(entity);
            to += entity.len();
        }
    }
    out.truncate(to + 1);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        for plus in [false, true] {
            let encoded = encode(&all, plus).unwrap();
            assert_eq!(encoded.last(), Some(&0));
            assert!(
                encoded[..encoded.len() - 1]
                    .iter()
                    .all(u8::is_ascii_graphic)
            );
            let how = if plus { Plus::Always } else { Plus::Never };
            let decoded = decoded(&encoded, how).unwrap();
            assert_eq!(decoded[..256], all);
        }
    }

    #[test]
    fn encoding() {
        assert_eq!(encode(b"a b+\0~", false).unwrap()[..], *b"a%20b%2B%00~\0");
        assert_eq!(encode(b"a b+", true).unwrap()[..], *b"a+b%2B\0");
        assert_eq!(encode(b"", true).unwrap()[..], *b"\0");
    }

    #[test]
    fn decoding() {
        for (text, plus, wanted) in [
            ("a+b?c+d?e+f", Plus::Never, "a+b?c+d?e+f\0"),
            ("a+b?c+d?e+f", Plus::Always, "a b?c d?e f\0"),
            ("a+b?c+d?e+f", Plus::InQuery, "a+b?c d?e f\0"),
            ("%41%4g%4", Plus::Never, "A%4g%4\0"),
            ("%%41%", Plus::Never, "%A%\0"),
            ("%00x", Plus::Never, "\0x\0"),
            ("a%3f+", Plus::InQuery, "a?+\0"),
            ("%2+", Plus::Always, "%2 \0"),
        ] {
            assert_eq!(
                decoded(text.as_bytes(), plus).unwrap()[..],
                *wanted.as_bytes()
            );
        }
    }

    #[test]
    fn html_entities() {
        let escaped = html(b"<a \"b\" 'c'> & d\xff").unwrap();
        let wanted = b"&lt;a &quot;b&quot; &#039;c&#039;&gt; &amp; d\xff\0";
        assert_eq!(escaped[..], wanted[..]);
        assert_eq!(html(b"").unwrap()[..], *b"\0");
    }
}
