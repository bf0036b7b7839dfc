//! URI references by RFC 3986: taken apart, checked, and put together.
//!
//! [`Parts`] borrows from the text that was split. [`Uri`] owns its parts, each of them a C string:
//! programs keep what a getter gave them until that one part is set again.

use core::ffi::{c_char, c_int, c_uint};
use core::mem::MaybeUninit;
use core::ptr;

pub use crate::ctypes::http::{
    EVHTTP_URI_HOST_STRIP_BRACKETS as HOST_STRIP_BRACKETS,
    EVHTTP_URI_NONCONFORMANT as NONCONFORMANT, EVHTTP_URI_UNIX_SOCKET as UNIX_SOCKET,
};
use crate::support::decimal::Decimal;
use crate::support::{mm, text_out};

mod parts;

pub use parts::{Part, Parts};

/// Why there is no URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The text is not a URI reference.
    Malformed,
    /// The memory hooks gave nothing.
    NoMemory,
}

/// The text of a short URI is kept with the rest of it.
const SHORT: usize = 120;

/// Where a part was parsed to: its first byte and its length. Absent if it starts at [`NOWHERE`].
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    len: u32,
}

const NOWHERE: u32 = u32::MAX;

/// How many kinds of parts there are.
const PARTS: usize = Part::Fragment as usize + 1;

/// A part that the program has set or cleared.
struct Set {
    part: Part,
    /// With a NUL at its end.
    text: Option<mm::Vec<u8>>,
}

/// `struct evhttp_uri`.
pub struct Uri {
    /// The text that was parsed, with a NUL after each part, if it is short; it is in `long`
    /// otherwise.
    short: [u8; SHORT],
    long: mm::Vec<u8>,
    spans: [Span; PARTS],
    /// What replaces parts that were parsed.
    set: mm::Vec<Set>,
    /// Or -1.
    port: c_int,
    flags: c_uint,
    /// The host had brackets, which were taken away.
    bracketed: bool,
}

impl Uri {
    /// One without any part.
    pub fn new() -> Uri {
        Uri {
            short: [0; SHORT],
            long: mm::vec(),
            spans: [Span {
                start: NOWHERE,
                len: 0,
            }; PARTS],
            set: mm::vec(),
            port: -1,
            flags: 0,
            bracketed: false,
        }
    }

    pub fn parse(text: &[u8], flags: c_uint) -> Result<Uri, Error> {
        let parts = Parts::split(text, flags).ok_or(Error::Malformed)?;
        let mut uri = Uri::new();
        uri.make_room(text.len())?;
        uri.flags = flags;
        uri.port = parts.port.map_or(-1, c_int::from);
        let place = |part: &[u8]| part.as_ptr().addr() - text.as_ptr().addr();
        let path = place(parts.path);
        let (before, after) = text.split_at(path);
        let own = uri.text_mut();
        own[..path].copy_from_slice(before);
        own[path + 1..=text.len()].copy_from_slice(after);
        if path > 0 {
            for (part, text) in parts.in_front() {
                if let Some(text) = text {
                    let text = uri.without_brackets(part, text);
                    uri.put(part, place(text), text.len());
                }
            }
        }
        uri.put(Part::Path, path + 1, parts.path.len());
        for (part, text) in parts.behind() {
            if let Some(text) = text {
                uri.put(part, place(text) + 1, text.len());
            }
        }
        Ok(uri)
    }

    /// What a request is for by a path, and perhaps a query, which do not have to conform; two slashes
    /// in front are no authority (RFC 9112, 3.2.1).
    pub fn of_origin(text: &[u8]) -> Result<Uri, Error> {
        let mut uri = Uri::new();
        uri.make_room(text.len())?;
        uri.flags = NONCONFORMANT;
        uri.text_mut()[1..=text.len()].copy_from_slice(text);
        let path = parts::path_len(text, NONCONFORMANT);
        uri.put(Part::Path, 1, path);
        let mut end = path;
        if text.get(end) == Some(&b'?') {
            let query = parts::query_len(&text[end + 1..], NONCONFORMANT);
            uri.put(Part::Query, end + 2, query);
            end += 1 + query;
        }
        if text.get(end) == Some(&b'#') {
            uri.put(Part::Fragment, end + 2, text.len() - end - 1);
        }
        Ok(uri)
    }

    /// Makes room for a text of that length. What follows a part makes way for its NUL; only in front
    /// of the path nothing may stand.
    #[inline(always)]
    fn make_room(&mut self, len: usize) -> Result<(), Error> {
        let room = len + 2;
        if room > SHORT {
            if room >= NOWHERE as usize {
                return Err(Error::NoMemory);
            }
            self.long.try_resize(room, 0).map_err(|_| Error::NoMemory)?;
        }
        Ok(())
    }

    /// Notes where a part was parsed to, and ends it.
    #[inline]
    fn put(&mut self, part: Part, start: usize, len: usize) {
        self.text_mut()[start + len] = 0;
        self.spans[part as usize] = Span {
            start: start as u32,
            len: len as u32,
        };
    }

    fn text(&self) -> &[u8] {
        if self.long.is_empty() {
            &self.short
        } else {
            &self.long
        }
    }

    fn text_mut(&mut self) -> &mut [u8] {
        if self.long.is_empty() {
            &mut self.short
        } else {
            &mut self.long
        }
    }

    pub fn set_flags(&mut self, flags: c_uint) {
        self.flags = flags;
    }

    /// The host as it is kept; other texts are not changed.
    fn without_brackets<'a>(&mut self, part: Part, text: &'a [u8]) -> &'a [u8] {
        if part != Part::Host {
            return text;
        }
        let inner = text
            .strip_prefix(b"[")
            .and_then(|text| text.strip_suffix(b"]"))
            .filter(|_| self.flags & HOST_STRIP_BRACKETS != 0);
        self.bracketed = inner.is_some();
        inner.unwrap_or(text)
    }

    /// The part with its NUL.
    fn terminated(&self, part: Part) -> Option<&[u8]> {
        if let Some(set) = self.set.iter().find(|set| set.part == part) {
            return set.text.as_deref();
        }
        let Span { start, len } = self.spans[part as usize];
        let start = start as usize;
        (start != NOWHERE as usize).then(|| &self.text()[start..=start + len as usize])
    }

    pub fn get(&self, part: Part) -> Option<&[u8]> {
        self.terminated(part).map(|text| &text[..text.len() - 1])
    }

    /// The part as a C string, or null. It stays where it is until that part is set, if the URI
    /// does.
    pub fn c_str(&self, part: Part) -> *const c_char {
        self.terminated(part)
            .map_or(ptr::null(), |text| text.as_ptr().cast())
    }

    /// Sets or clears a part. When it fails, the part is what it was.
    pub fn set(&mut self, part: Part, text: Option<&[u8]>) -> Result<(), Error> {
        let place = self.set.iter().position(|set| set.part == part);
        if place.is_none() {
            self.set.try_reserve(1).map_err(|_| Error::NoMemory)?;
        }
        let text = match text {
            None => None,
            Some(text) if part.accepts(text, self.flags) => {
                let mut own = mm::vec();
                own.try_reserve_exact(text.len() + 1)
                    .map_err(|_| Error::NoMemory)?;
                own.extend_within_capacity(self.without_brackets(part, text));
                own.push_within_capacity(0);
                Some(own)
            }
            Some(_) => return Err(Error::Malformed),
        };
        match place {
            Some(at) => self.set[at].text = text,
            None => self.set.push_within_capacity(Set { part, text }),
        }
        Ok(())
    }

    /// The port, or -1.
    pub fn port(&self) -> c_int {
        self.port
    }

    /// -1 clears it. There is no upper limit, as in libevent.
    pub fn set_port(&mut self, port: c_int) -> Result<(), Error> {
        if port < -1 {
            return Err(Error::Malformed);
        }
        self.port = port;
        Ok(())
    }

    /// How long the whole reference is, if there is one.
    pub fn joined_len(&self) -> Option<usize> {
        let mut len = 0;
        self.join(|piece| len += piece.len())?;
        Some(len)
    }

    /// Writes the whole reference to `out`, cut to fit and NUL-terminated.
    pub fn join_into(&self, out: &mut [MaybeUninit<u8>]) {
        let mut sink = text_out::Sink::new(out);
        self.join(|piece| sink.push(piece));
        sink.finish();
    }

    /// Gives the pieces of the whole reference to `add`, in order. `None` if there is none: after
    /// an authority, a path starts with a slash or is empty.
    fn join(&self, mut add: impl FnMut(&[u8])) -> Option<()> {
        let path = self.get(Part::Path).unwrap_or_default();
        if let Some(scheme) = self.get(Part::Scheme) {
            add(scheme);
            add(b":");
        }
        let host = self.get(Part::Host);
        let socket = self.get(Part::UnixSocket);
        if host.is_some() || socket.is_some() {
            if !path.is_empty() && path[0] != b'/' {
                return None;
            }
            add(b"//");
            if let Some(userinfo) = self.get(Part::Userinfo) {
                add(userinfo);
                add(b"@");
            }
            match (socket, host) {
                (Some(socket), _) => [b"unix:", socket, b":"].map(&mut add),
                (None, host) if self.bracketed => {
                    [b"[", host.unwrap_or_default(), b"]"].map(&mut add)
                }
                (None, host) => [b"", host.unwrap_or_default(), b""].map(&mut add),
            };
            if self.port >= 0 && socket.is_none() {
                add(b":");
                add(Decimal::new(self.port).text());
            }
        }
        add(path);
        if let Some(query) = self.get(Part::Query) {
            add(b"?");
            add(query);
        }
        if let Some(fragment) = self.get(Part::Fragment) {
            add(b"#");
            add(fragment);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(uri: &Uri) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        uri.join(|piece| text.extend_from_slice(piece))?;
        assert_eq!(uri.joined_len(), Some(text.len()));
        Some(text)
    }

    fn parse(text: &str, flags: c_uint) -> Uri {
        Uri::parse(text.as_bytes(), flags).expect("a URI")
    }

    #[test]
    fn all_parts() {
        let text = b"http://u:p@[::1]:080/a/b?c=?#d?";
        let parts = Parts::split(text, 0).unwrap();
        assert_eq!(
            parts,
            Parts {
                scheme: Some(b"http"),
                userinfo: Some(b"u:p"),
                host: Some(b"[::1]"),
                unix_socket: None,
                port: Some(80),
                path: b"/a/b",
                query: Some(b"c=?"),
                fragment: Some(b"d?"),
            }
        );
        let uri = Uri::parse(text, 0).unwrap();
        assert_eq!(joined(&uri).unwrap(), b"http://u:p@[::1]:80/a/b?c=?#d?");
    }

    #[test]
    fn absent_and_empty_differ() {
        let parts = Parts::split(b"a", 0).unwrap();
        let path = |path| Parts {
            path,
            ..Parts::default()
        };
        assert_eq!(parts, path(b"a"));
        assert_eq!(Parts::split(b"", 0).unwrap(), path(b""));
        let parts = Parts::split(b"//:?#", 0).unwrap();
        assert_eq!(
            parts,
            Parts {
                host: Some(b""),
                query: Some(b""),
                fragment: Some(b""),
                ..Parts::default()
            }
        );
    }

    #[test]
    fn what_is_no_reference() {
        for text in [
            ":b",
            "1a:b",
            "a_:b",
            "a b",
            "/%4",
            "//h:65536",
            "//h:8a",
            "//u@v@h",
            "//[::1",
            "//::1",
            "//[v.a]",
            "//[V1.a]",
            "#a#",
            "/\u{80}",
            "//a\\b",
        ] {
            assert_eq!(Parts::split(text.as_bytes(), 0), None, "{text}");
        }
        for text in ["a b:c", "//h h/", "//[::g]/"] {
            assert_eq!(Parts::split(text.as_bytes(), NONCONFORMANT), None, "{text}");
        }
    }

    #[test]
    fn any_byte_where_nonconformant() {
        let parts = Parts::split(b"/\xff %?<?>#\"#", NONCONFORMANT).unwrap();
        assert_eq!(parts.path, b"/\xff %");
        assert_eq!(parts.query, Some(&b"<?>"[..]));
        assert_eq!(parts.fragment, Some(&b"\"#"[..]));
    }

    #[test]
    fn brackets_come_back() {
        let mut uri = parse("//[::1]:1/", HOST_STRIP_BRACKETS);
        assert_eq!(uri.get(Part::Host), Some(&b"::1"[..]));
        assert_eq!(joined(&uri).unwrap(), b"//[::1]:1/");
        uri.set(Part::Host, Some(b"h")).unwrap();
        assert_eq!(joined(&uri).unwrap(), b"//h:1/");
        uri.set(Part::Host, Some(b"[::2]")).unwrap();
        assert_eq!(uri.get(Part::Host), Some(&b"::2"[..]));
        assert_eq!(joined(&uri).unwrap(), b"//[::2]:1/");
    }

    #[test]
    fn paths_of_requests() {
        let parts = |uri: &Uri| {
            let all = [Part::Host, Part::Path, Part::Query, Part::Fragment];
            all.map(|part| uri.get(part).map(<[u8]>::to_vec))
        };
        let long = format!("/{}?{}", "a".repeat(200), "b".repeat(300));
        for text in [
            "/",
            "/a/b",
            "/?",
            "/a?b=c?d",
            "/a?b#c?d#e",
            "/#",
            "/a#b",
            &long,
        ] {
            let uri = Uri::of_origin(text.as_bytes()).unwrap();
            assert_eq!(parts(&uri), parts(&parse(text, NONCONFORMANT)), "{text}");
            assert_eq!(joined(&uri).as_deref(), Some(text.as_bytes()));
        }
        let uri = Uri::of_origin(b"//a/b?c").unwrap();
        assert_eq!(uri.get(Part::Host), None);
        assert_eq!(uri.get(Part::Path), Some(&b"//a/b"[..]));
        assert_eq!(uri.get(Part::Query), Some(&b"c"[..]));
    }

    #[test]
    fn unix_sockets() {
        let uri = parse("http://unix:/run/a b:/p?q", UNIX_SOCKET);
        assert_eq!(uri.get(Part::UnixSocket), Some(&b"/run/a b"[..]));
        assert_eq!(uri.get(Part::Host), None);
        assert_eq!(uri.get(Part::Path), Some(&b"/p"[..]));
        assert_eq!(joined(&uri).unwrap(), b"http://unix:/run/a b:/p?q");
        assert_eq!(Parts::split(b"http://unix:/run/a", UNIX_SOCKET), None);
        assert!(parse("http://unix:/run", 0).get(Part::UnixSocket).is_none());
    }

    #[test]
    fn setting_checks_and_keeps_others() {
        let mut uri = parse("http://h/p", 0);
        let path = uri.c_str(Part::Path);
        uri.set(Part::Host, Some(b"other")).unwrap();
        assert_eq!(uri.c_str(Part::Path), path);
        assert_eq!(uri.set(Part::Host, Some(b"a:1")), Err(Error::Malformed));
        assert_eq!(uri.get(Part::Host), Some(&b"other"[..]));
        uri.set(Part::Host, None).unwrap();
        uri.set(Part::Path, Some(b"p")).unwrap();
        assert_eq!(joined(&uri).unwrap(), b"http:p");
        uri.set(Part::Host, Some(b"")).unwrap();
        assert_eq!(joined(&uri), None);
        assert!(uri.set_port(-2).is_err());
        uri.set_port(c_int::MAX).unwrap();
        uri.set(Part::Path, None).unwrap();
        assert_eq!(joined(&uri).unwrap(), b"http://:2147483647");
    }
}
