//! Request methods: a name, or one bit of `enum evhttp_cmd_type`.

use crate::http::Bits;

/// A method that the library knows.
struct Known {
    name: &'static str,
    bit: Bits,
    /// Whether a request of this kind has a body that means something.
    body: bool,
}

const fn known(name: &'static str, bit: Bits, body: bool) -> Known {
    Known { name, bit, body }
}

pub const GET: Bits = 1;
pub const POST: Bits = 1 << 1;
pub const HEAD: Bits = 1 << 2;
pub const PUT: Bits = 1 << 3;
pub const DELETE: Bits = 1 << 4;
pub const OPTIONS: Bits = 1 << 5;
pub const TRACE: Bits = 1 << 6;
pub const CONNECT: Bits = 1 << 7;
pub const PATCH: Bits = 1 << 8;
const PROPFIND: Bits = 1 << 9;
const PROPPATCH: Bits = 1 << 10;
const MKCOL: Bits = 1 << 11;
const LOCK: Bits = 1 << 12;
const UNLOCK: Bits = 1 << 13;
const COPY: Bits = 1 << 14;
const MOVE: Bits = 1 << 15;
/// What libevent 2.1 gives to programs as the type of any method that it does not know.
pub const UNKNOWN: Bits = MOVE;

/// What a server answers unless it was told otherwise.
pub const DEFAULT: Bits = GET | POST | HEAD | PUT | DELETE;

static KNOWN: [Known; 16] = [
    known("GET", GET, false),
    known("POST", POST, true),
    known("HEAD", HEAD, false),
    known("PUT", PUT, true),
    known("DELETE", DELETE, true),
    known("OPTIONS", OPTIONS, true),
    known("TRACE", TRACE, false),
    known("CONNECT", CONNECT, false),
    known("PATCH", PATCH, true),
    known("PROPFIND", PROPFIND, true),
    known("PROPPATCH", PROPPATCH, true),
    known("MKCOL", MKCOL, true),
    known("LOCK", LOCK, true),
    known("UNLOCK", UNLOCK, false),
    known("COPY", COPY, false),
    known("MOVE", MOVE, false),
];

/// The bit of a method, whose name is in upper case.
pub fn bit(name: &[u8]) -> Option<Bits> {
    if name == b"GET" {
        return Some(GET);
    }
    KNOWN
        .iter()
        .find(|known| known.name.as_bytes() == name)
        .map(|known| known.bit)
}

/// The name of a method; `None` unless exactly one known bit is set.
pub fn name(bit: Bits) -> Option<&'static str> {
    KNOWN
        .iter()
        .find(|known| known.bit == bit)
        .map(|known| known.name)
}

/// Whether a client announces the length of what it sends with this method.
pub fn has_body(bit: Bits) -> bool {
    KNOWN.iter().any(|known| known.bit == bit && known.body)
}

/// The names of a set of methods, in the order of their bits.
pub fn names(bits: Bits) -> impl Iterator<Item = &'static str> {
    KNOWN
        .iter()
        .filter(move |known| known.bit & bits != 0)
        .map(|known| known.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_belong_together() {
        for known in &KNOWN {
            assert_eq!(bit(known.name.as_bytes()), Some(known.bit));
            assert_eq!(name(known.bit), Some(known.name));
        }
        assert_eq!(bit(b"get"), None);
        assert_eq!(bit(b""), None);
        assert_eq!(name(GET | POST), None);
        assert_eq!(name(0), None);
        assert!(names(DEFAULT).eq(["GET", "POST", "HEAD", "PUT", "DELETE"]));
    }
}
