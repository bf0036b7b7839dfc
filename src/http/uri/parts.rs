//! A URI reference taken apart in place.

use core::ffi::c_uint;

use super::{NONCONFORMANT, UNIX_SOCKET};
use crate::net::addr_text;
use crate::support::words;

/// Where a byte may stand, one bit each.
mod class {
    pub const SCHEME: u8 = 1;
    pub const REG_NAME: u8 = 2;
    pub const USERINFO: u8 = 4;
    pub const PATH: u8 = 8;
    pub const QUERY: u8 = 16;
    /// All that doesn't end an authority.
    pub const AUTHORITY: u8 = 32;
}

static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    use class::{AUTHORITY, PATH, QUERY, REG_NAME, SCHEME, USERINFO};
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'+' => {
                SCHEME | REG_NAME | USERINFO | PATH | QUERY
            }
            b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b',' | b';' | b'=' => {
                REG_NAME | USERINFO | PATH | QUERY
            }
            b':' => USERINFO | PATH | QUERY,
            b'@' | b'/' => PATH | QUERY,
            b'?' => QUERY,
            _ => 0,
        };
        if !matches!(byte as u8, b'/' | b'?' | b'#') {
            table[byte] |= AUTHORITY;
        }
        byte += 1;
    }
    table
}

/// How many bytes at the start of `text` are of the class.
fn run(text: &[u8], class: u8) -> usize {
    let of_four = |four: &[u8; 4]| {
        four.iter()
            .fold(class, |all, &b| all & CLASS[usize::from(b)])
    };
    let (fours, _) = text.as_chunks();
    let whole = 4 * fours.iter().take_while(|four| of_four(four) != 0).count();
    let of_class = |byte: &&u8| CLASS[usize::from(**byte)] & class != 0;
    whole + text[whole..].iter().take_while(of_class).count()
}

fn all(text: &[u8], class: u8) -> bool {
    run(text, class) == text.len()
}

/// How many bytes at the start of `text` are of the class or belong to escapes.
fn scan(text: &[u8], class: u8) -> usize {
    let mut at = run(text, class);
    while is_escape(&text[at..]) {
        at += 3;
        at += run(&text[at..], class);
    }
    at
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
        Some(address) => addr_text::parse_ipv6(address).is_some(),
        None => false,
    }
}

/// How much of `text` is a path; it ends before a query or a fragment.
#[inline]
pub(super) fn path_len(text: &[u8], flags: c_uint) -> usize {
    if flags & NONCONFORMANT == 0 {
        scan(text, class::PATH)
    } else {
        words::run(text, |word| {
            words::equal(word, b'?') | words::equal(word, b'#')
        })
    }
}

/// How much of `text` is a query; it ends before a fragment.
#[inline]
pub(super) fn query_len(text: &[u8], flags: c_uint) -> usize {
    if flags & NONCONFORMANT == 0 {
        scan(text, class::QUERY)
    } else {
        words::run(text, |word| words::equal(word, b'#'))
    }
}

fn is_fragment(text: &[u8], flags: c_uint) -> bool {
    flags & NONCONFORMANT != 0 || conforms(text, class::QUERY)
}

/// A part that is text. The port is a number, and no such part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Part {
    Scheme,
    Userinfo,
    Host,
    UnixSocket,
    Path,
    Query,
    Fragment,
}

impl Part {
    /// Whether `text` can be this part.
    pub(super) fn accepts(self, text: &[u8], flags: c_uint) -> bool {
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
        let mut rest = parts.before_path(text, flags)?;
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

    /// Takes scheme and authority, and returns what follows.
    #[inline(always)]
    fn before_path(&mut self, text: &'a [u8], flags: c_uint) -> Option<&'a [u8]> {
        let mut rest = text;
        let letters = run(text, class::SCHEME);
        if text.get(letters) == Some(&b':') && is_scheme(&text[..letters]) {
            self.scheme = Some(&text[..letters]);
            rest = &text[letters + 1..];
        }
        if let Some(after) = rest.strip_prefix(b"//") {
            return self.authority(after, flags);
        }
        (self.scheme.is_some() || !colon_in_first_segment(rest)).then_some(rest)
    }

    /// Takes `userinfo@host:port`, and returns what follows.
    fn authority(&mut self, text: &'a [u8], flags: c_uint) -> Option<&'a [u8]> {
        let end = run(text, class::AUTHORITY);
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

    /// What stands in front of the path, in order.
    pub(super) fn in_front(&self) -> [(Part, Option<&'a [u8]>); 4] {
        [
            (Part::Scheme, self.scheme),
            (Part::Userinfo, self.userinfo),
            (Part::Host, self.host),
            (Part::UnixSocket, self.unix_socket),
        ]
    }

    /// What stands behind the path, in order.
    pub(super) fn behind(&self) -> [(Part, Option<&'a [u8]>); 2] {
        [(Part::Query, self.query), (Part::Fragment, self.fragment)]
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
