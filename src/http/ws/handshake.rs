//! The handshake of RFC 6455: what a request must say, and what is answered.

use sha1_smol::Sha1;

use crate::http::field;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What every server appends to the key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What `Sec-WebSocket-Accept` says to a key: 16 bytes in base64. `None` if it is no key.
pub fn accept(key: &[u8]) -> Option<[u8; 28]> {
    let digits = key.strip_suffix(b"==")?;
    if digits.len() != 22 || !digits.iter().all(|digit| BASE64.contains(digit)) {
        return None;
    }
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    Some(base64(hash.digest().bytes()))
}

fn base64(hash: [u8; 20]) -> [u8; 28] {
    let mut text = [b'='; 28];
    for (three, four) in hash.chunks(3).zip(text.chunks_mut(4)) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        // Two bytes at the end are three digits.
        for (at, digit) in four.iter_mut().enumerate().take(three.len() + 1) {
            *digit = BASE64[(bits >> (18 - 6 * at)) as usize & 63];
        }
    }
    text
}

/// The protocol that is chosen from those offered: the first.
pub fn first_protocol(offered: &[u8]) -> Option<&[u8]> {
    field::list(offered).find(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc() {
        let accepted = accept(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        assert_eq!(&accepted, b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_is_no_key() {
        for key in [
            &b""[..],
            b"==",
            b"dGhlIHNhbXBsZSBub25jZQ=",
            b"dGhlIHNhbXBsZSBub25jZQAA",
            b"dGhlIHNhbXBsZSBub25jZ==",
            b"dGhlIHNhbXBsZSBub25jZQa==",
            b"dGhlIHNhbXBsZSBub25j\nQ==",
        ] {
            assert_eq!(accept(key), None);
        }
    }

    #[test]
    fn the_first_protocol_is_chosen() {
        assert_eq!(first_protocol(b" , chat , x"), Some(&b"chat"[..]));
        assert_eq!(first_protocol(b" , "), None);
    }
}
