//! Query strings: `name=value&name=value`.

use core::ffi::c_uint;

use super::escape::{self, Plus};
use super::keyval::List;
use crate::ctypes::http::{
    EVHTTP_URI_QUERY_LAST_VAL as LAST_VAL, EVHTTP_URI_QUERY_NONCONFORMANT as NONCONFORMANT,
};

/// Why nothing was taken from a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A part has no name, or no value.
    Malformed,
    /// The memory hooks gave nothing.
    NoMemory,
}

/// The names and values of a query as they stand there, up to the first error.
fn pairs(text: &[u8], flags: c_uint) -> impl Iterator<Item = Result<(&[u8], &[u8]), Error>> {
    let lenient = flags & NONCONFORMANT != 0;
    // What follows a delimiter at the end is nothing, not a part without a name.
    let text = match text {
        [before @ .., b'&'] if !before.is_empty() => before,
        text => text,
    };
    let parts = if text.is_empty() { None } else { Some(text) };
    let parts = parts
        .into_iter()
        .flat_map(|text| text.split(|&byte| byte == b'&'));
    parts.filter_map(move |part| {
        let (name, value) = match memchr::memchr(b'=', part) {
            Some(at) => (&part[..at], &part[at + 1..]),
            None if lenient => (part, &part[part.len()..]),
            None => return Some(Err(Error::Malformed)),
        };
        match name.is_empty() {
            false => Some(Ok((name, value))),
            true if lenient => None,
            true => Some(Err(Error::Malformed)),
        }
    })
}

/// Fills an empty list with the names as they are and the values decoded; a NUL byte ends a value.
/// After an error the list is empty.
pub fn parse(text: &[u8], list: List, flags: c_uint) -> Result<(), Error> {
    let filled = pairs(text, flags).try_for_each(|pair| {
        let (name, value) = pair?;
        add(list, name, value, flags & LAST_VAL != 0)
    });
    if filled.is_err() {
        list.clear(None);
    }
    filled
}

fn add(list: List, name: &[u8], value: &[u8], only: bool) -> Result<(), Error> {
    let mut room = [0; 256];
    let long;
    let decoded = if memchr::memchr2(b'%', b'+', value).is_none() {
        value
    } else if let Some(room) = room.get_mut(..value.len()) {
        let len = escape::decode(value, Plus::Always, room);
        &room[..len]
    } else {
        long = escape::decoded(value, Plus::Always).ok_or(Error::NoMemory)?;
        &long[..]
    };
    let end = memchr::memchr(0, decoded).unwrap_or(decoded.len());
    if only {
        list.remove(name);
    }
    list.add(name, &decoded[..end], None)
        .map_err(|_| Error::NoMemory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, flags: c_uint) -> Result<Vec<(String, String)>, Error> {
        pairs(text.as_bytes(), flags)
            .map(|pair| {
                let (name, value) = pair?;
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("ASCII");
                Ok((text(name), text(value)))
            })
            .collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn strict() {
        assert_eq!(all("", 0), Ok(vec![]));
        assert_eq!(all("a=1", 0), Ok(vec![pair("a", "1")]));
        let both = vec![pair("a+b", "=%41"), pair("c", "")];
        assert_eq!(all("a+b==%41&c=&", 0), Ok(both));
        for text in ["a", "=b", "=", "&", "a=1&&b=2", "a=1&b", "&a=1", "a=1&&"] {
            assert_eq!(all(text, 0), Err(Error::Malformed), "{text}");
        }
    }

    #[test]
    fn lenient() {
        let wanted = vec![pair("a", ""), pair("b", "1")];
        for text in ["a&b=1", "&a=&&b=1&&", "=c&a&b=1&="] {
            assert_eq!(all(text, NONCONFORMANT).as_ref(), Ok(&wanted), "{text}");
        }
        assert_eq!(all("&", NONCONFORMANT), Ok(vec![]));
    }
}
