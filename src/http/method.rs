//! Request methods: a name, or one bit of `enum evhttp_cmd_type`.

use crate::http::Bits;

/// A method that the library knows.
struct Known {
    name: &'static str,
    bit: Bits,
}

const fn known(name: &'static str, bit: Bits) -> Known {
    Known { name, bit }
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
    known("GET", GET),
    known("POST", POST),
    known("HEAD", HEAD),
    known("PUT", PUT),
    known("DELETE", DELETE),
    known("OPTIONS", OPTIONS),
    known("TRACE", TRACE),
    known("CONNECT", CONNECT),
    known("PATCH", PATCH),
    known("PROPFIND", PROPFIND),
    known("PROPPATCH", PROPPATCH),
    known("MKCOL", MKCOL),
    known("LOCK", LOCK),
    known("UNLOCK", UNLOCK),
    known("COPY", COPY),
    known("MOVE", MOVE),
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
