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
use crate::net::addr;
use crate::support::{mm, text_out};

/// The text is a path, and perhaps a query: two slashes at its start begin no authority. Only for
/// what this library parses.
pub const ORIGIN_FORM: c_uint = 1 << 31;

/// Why there is no URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The text is not a URI reference.
    Malformed,
    /// The memory hooks gave nothing.
    NoMemory,
}

/// Where a byte may stand, one bit each.
mod class {
    pub const UNRESERVED: u8 = 1;
    pub const SUB_DELIM: u8 = 2;
    pub const COLON: u8 = 4;
    pub const AT_OR_SLASH: u8 = 8;
    pub const QUESTION: u8 = 16;
    pub const SCHEME: u8 = 32;
    pub const REG_NAME: u8 = UNRESERVED | SUB_DELIM;
    pub const USERINFO: u8 = REG_NAME | COLON;
    pub const PATH: u8 = USERINFO | AT_OR_SLASH;
    pub const QUERY: u8 = PATH | QUESTION;
}

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => {
                class::UNRESERVED | class::SCHEME
            }
            b'_' | b'~' => class::UNRESERVED,
            b'+' => class::SUB_DELIM | class::SCHEME,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b',' | b';' | b'=' => {
                class::SUB_DELIM
            }
            b':' => class::COLON,
            b'@' | b'/' => class::AT_OR_SLASH,
            b'?' => class::QUESTION,
            _ => 0,
        };
        byte += 1;
    }
    table
}

fn all(text: &[u8], class: u8) -> bool {
    text.iter()
        .all(|&byte| CLASS[usize::from(byte)] & class != 0)
}

/// How many bytes at the start of `text` are of the class or belong to escapes.
fn scan(text: &[u8], class: u8) -> usize {
    let mut at = 0;
    loop {
        match text.get(at) {
            Some(&byte) if CLASS[usize::from(byte)] & class != 0 => at += 1,
            Some(b'%') if is_escape(&text[at..]) => at += 3,
            _ => return at,
        }
    }
}

fn is_escape(text: &[u8]) -> bool {
    matches!(text, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// Whether `text` consists of bytes of the class and of escapes.
fn conforms(text: &[u8], class: u8) -> bool {
    scan(text, class) == text.len()
}

fn is_scheme(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic) && all(text, class::SCHEME)
}

/// A name, an IPv4 address, or an IPv6 or future address in brackets.
fn is_host(text: &[u8]) -> bool {
    let Some(inner) = text.strip_prefix(b"[") else {
        return conforms(text, class::REG_NAME);
    };
    match inner.strip_suffix(b"]") {
        Some([b'v', future @ ..]) => memchr::memchr(b'.', future).is_some_and(|dot| {
            dot > 0
                && future[..dot].iter().all(u8::is_ascii_hexdigit)
                && all(&future[dot + 1..], class::USERINFO)
        }),
        Some(address) => addr::parse_ipv6(address).is_some(),
        None => false,
    }
}

/// How much of `text` is a path; it ends before a query or a fragment.
fn path_len(text: &[u8], flags: c_uint) -> usize {
    if flags & NONCONFORMANT == 0 {
        scan(text, class::PATH)
    } else {
        memchr::memchr2(b'?', b'#', text).unwrap_or(text.len())
    }
}

/// How much of `text` is a query; it ends before a fragment.
fn query_len(text: &[u8], flags: c_uint) -> usize {
    if flags & NONCONFORMANT == 0 {
        scan(text, class::QUERY)
    } else {
        memchr::memchr(b'#', text).unwrap_or(text.len())
    }
}

fn is_fragment(text: &[u8], flags: c_uint) -> bool {
    flags & NONCONFORMANT != 0 || conforms(text, class::QUERY)
}

/// A part that is text. The port is a number, and no such part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Scheme,
    Userinfo,
    Host,
    UnixSocket,
    Path,
    Query,
    Fragment,
}

const PARTS: [Part; 7] = [
    Part::Scheme,
    Part::Userinfo,
    Part::Host,
    Part::UnixSocket,
    Part::Path,
    Part::Query,
    Part::Fragment,
];

impl Part {
    /// Whether `text` can be this part.
    fn accepts(self, text: &[u8], flags: c_uint) -> bool {
        match self {
            Part::Scheme => is_scheme(text),
            Part::Userinfo => conforms(text, class::USERINFO),
            Part::Host => is_host(text),
            Part::UnixSocket => true,
            Part::Path => path_len(text, flags) == text.len(),
            Part::Query => query_len(text, flags) == text.len(),
            Part::Fragment => is_fragment(text, flags),
        }
    }
}

/// A URI reference taken apart, without its delimiters. A part that is there may be empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts<'a> {
    pub scheme: Option<&'a [u8]>,
    pub userinfo: Option<&'a [u8]>,
    pub host: Option<&'a [u8]>,
    pub unix_socket: Option<&'a [u8]>,
    pub port: Option<u16>,
    pub path: &'a [u8],
    pub query: Option<&'a [u8]>,
    pub fragment: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// `None` for what is not a URI reference.
    pub fn split(text: &'a [u8], flags: c_uint) -> Option<Parts<'a>> {
        let mut parts = Parts::default();
        let mut rest = text;
        let path_first = flags & ORIGIN_FORM != 0;
        let letters = text
            .iter()
            .take_while(|&&byte| CLASS[usize::from(byte)] & class::SCHEME != 0)
            .count();
        if text.get(letters) == Some(&b':') && is_scheme(&text[..letters]) {
            parts.scheme = Some(&text[..letters]);
            rest = &text[letters + 1..];
        }
        if let Some(after) = rest.strip_prefix(b"//").filter(|_| !path_first) {
            rest = parts.authority(after, flags)?;
        } else if parts.scheme.is_none() && colon_in_first_segment(rest) {
            return None;
        }
        (parts.path, rest) = rest.split_at(path_len(rest, flags));
        if let Some(after) = rest.strip_prefix(b"?") {
            let (query, after) = after.split_at(query_len(after, flags));
            parts.query = Some(query);
            rest = after;
        }
        match rest.strip_prefix(b"#") {
            Some(fragment) if is_fragment(fragment, flags) => parts.fragment = Some(fragment),
            None if rest.is_empty() => {}
            _ => return None,
        }
        Some(parts)
    }

    /// Takes `userinfo@host:port`, and returns what follows.
    fn authority(&mut self, text: &'a [u8], flags: c_uint) -> Option<&'a [u8]> {
        let end = text
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
            .unwrap_or(text.len());
        let mut start = 0;
        if let Some(at) = memchr::memchr(b'@', &text[..end]) {
            let userinfo = &text[..at];
            if !conforms(userinfo, class::USERINFO) {
                return None;
            }
            self.userinfo = Some(userinfo);
            start = at + 1;
        }
        if flags & UNIX_SOCKET != 0
            && let Some(path) = text[start..].strip_prefix(b"unix:")
        {
            let colon = memchr::memchr(b':', path)?;
            self.unix_socket = Some(&path[..colon]);
            return Some(&path[colon + 1..]);
        }
        let mut host = &text[start..end];
        let digits = host.iter().rev().take_while(|byte| byte.is_ascii_digit());
        let name = host.len() - digits.count();
        if let Some((b':', before)) = host[..name].split_last() {
            self.port = port(&host[name..])?;
            host = before;
        }
        if !is_host(host) {
            return None;
        }
        self.host = Some(host);
        Some(&text[end..])
    }

    fn texts(&self) -> [Option<&'a [u8]>; PARTS.len()] {
        [
            self.scheme,
            self.userinfo,
            self.host,
            self.unix_socket,
            Some(self.path),
            self.query,
            self.fragment,
        ]
    }
}

/// Whether the path of a reference without a scheme could be taken for one with a scheme.
fn colon_in_first_segment(text: &[u8]) -> bool {
    let end = text
        .iter()
        .find(|byte| matches!(byte, b':' | b'/' | b'?' | b'#'));
    end == Some(&b':')
}

/// The number that `digits` stand for; no digits are no port. `None` if it is too large.
fn port(digits: &[u8]) -> Option<Option<u16>> {
    let mut value = None;
    for digit in digits {
        let next = u32::from(value.unwrap_or(0_u16)) * 10 + u32::from(digit - b'0');
        value = Some(u16::try_from(next).ok()?);
    }
    Some(value)
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

/// A part that the program has set or cleared.
struct Set {
    part: Part,
    /// With a NUL at its end.
    text: Option<mm::Vec<u8>>,
}

/// `struct evhttp_uri`.
pub struct Uri {
    /// The parts as they were parsed, a NUL after each, if they are short; they are in `long`
    /// otherwise.
    short: [u8; SHORT],
    long: mm::Vec<u8>,
    spans: [Span; PARTS.len()],
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
            }; PARTS.len()],
            set: mm::vec(),
            port: -1,
            flags: 0,
            bracketed: false,
        }
    }

    pub fn parse(text: &[u8], flags: c_uint) -> Result<Uri, Error> {
        let parts = Parts::split(text, flags).ok_or(Error::Malformed)?;
        let mut uri = Uri::new();
        uri.flags = flags & !ORIGIN_FORM;
        uri.port = parts.port.map_or(-1, c_int::from);
        let room = text.len() + PARTS.len();
        if room > SHORT {
            if room >= NOWHERE as usize {
                return Err(Error::NoMemory);
            }
            uri.long.try_resize(room, 0).map_err(|_| Error::NoMemory)?;
        }
        let mut start = 0;
        for (part, text) in PARTS.into_iter().zip(parts.texts()) {
            if let Some(text) = text {
                let text = uri.without_brackets(part, text);
                uri.text_mut()[start..start + text.len()].copy_from_slice(text);
                uri.spans[part as usize] = Span {
                    start: start as u32,
                    len: text.len() as u32,
                };
                start += text.len() + 1;
            }
        }
        Ok(uri)
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
                let mut digits = [0; 10];
                add(b":");
                add(decimal(self.port, &mut digits));
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

/// The digits of a number that is not negative.
fn decimal(mut number: c_int, digits: &mut [u8; 10]) -> &[u8] {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[start..];
        }
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
