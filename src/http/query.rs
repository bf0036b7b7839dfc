//! Query strings: `name=value&name=value`.

use core::ffi::c_uint;

use super::escape::{self, Plus};
use super::keyval::{List, NoMemory};
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

/// A name and a value as they stand in a query.
struct Pair<'a> {
    name: &'a [u8],
    value: &'a [u8],
    /// The value has signs that stand for others.
    escaped: bool,
}

/// What is left of a query, until the first error.
struct Pairs<'a> {
    rest: Option<&'a [u8]>,
    lenient: bool,
}

/// Where the first such byte stands, or the length. A search of more than one byte at a time costs more
/// in so little text.
#[inline(always)]
fn first(text: &[u8], is_it: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| !is_it(**byte)).count()
}

impl<'a> Pairs<'a> {
    fn new(text: &'a [u8], flags: c_uint) -> Pairs<'a> {
        Pairs {
            rest: Some(text).filter(|text| !text.is_empty()),
            lenient: flags & NONCONFORMANT != 0,
        }
    }

    /// Takes the next part, which ends at a delimiter, and whether it has a value.
    fn split(&mut self, text: &'a [u8]) -> (Pair<'a>, bool) {
        let (name, after) = text.split_at(first(text, |byte| matches!(byte, b'=' | b'&')));
        let (mut value, mut rest) = (&name[name.len()..], after);
        let mut escaped = false;
        let has_value = after.first() == Some(&b'=');
        if has_value {
            let after = &after[1..];
            let mut end = first(after, |byte| matches!(byte, b'%' | b'&' | b'+'));
            escaped = after.get(end).is_some_and(|byte| *byte != b'&');
            if escaped {
                end += first(&after[end..], |byte| byte == b'&');
            }
            (value, rest) = after.split_at(end);
        }
        // What follows a delimiter at the end is nothing, not a part without a name.
        self.rest = rest.get(1..).filter(|rest| !rest.is_empty());
        let pair = Pair {
            name,
            value,
            escaped,
        };
        (pair, has_value)
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<Pair<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(text) = self.rest {
            let (pair, has_value) = self.split(text);
            if !pair.name.is_empty() && (has_value || self.lenient) {
                return Some(Ok(pair));
            }
            if !self.lenient {
                return Some(Err(Error::Malformed));
            }
        }
        None
    }
}

/// Fills an empty list with the names as they are and the values decoded; a NUL byte ends a value.
/// After an error the list is empty.
pub fn parse(text: &[u8], list: List, flags: c_uint) -> Result<(), Error> {
    for pair in Pairs::new(text, flags) {
        let added = pair.and_then(|pair| {
            if flags & LAST_VAL != 0 {
                list.remove(pair.name);
            }
            add(list, &pair)
        });
        if added.is_err() {
            list.clear(None);
            return added;
        }
    }
    Ok(())
}

fn add(list: List, pair: &Pair) -> Result<(), Error> {
    let added = if pair.escaped {
        add_decoded(list, pair)
    } else {
        list.add(pair.name, pair.value, None)
    };
    added.map_err(|_| Error::NoMemory)
}

fn add_decoded(list: List, pair: &Pair) -> Result<(), NoMemory> {
    let mut room = [0; 256];
    let long;
    let decoded = if let Some(room) = room.get_mut(..pair.value.len()) {
        let len = escape::decode(pair.value, Plus::Always, room);
        &room[..len]
    } else {
        long = escape::decoded(pair.value, Plus::Always).ok_or(NoMemory)?;
        &long[..]
    };
    let end = memchr::memchr(0, decoded).unwrap_or(decoded.len());
    list.add(pair.name, &decoded[..end], None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, flags: c_uint) -> Result<Vec<(String, String)>, Error> {
        Pairs::new(text.as_bytes(), flags)
            .map(|pair| {
                let Pair { name, value, .. } = pair?;
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
