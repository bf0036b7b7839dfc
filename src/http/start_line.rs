//! The first line of a message.

use super::field::is_token;
use crate::support::words;

/// Why a message is refused: the status that a server answers with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused(pub i32);

pub const BAD: Refused = Refused(400);
/// There is no memory for what it says.
pub const NO_MEMORY: Refused = Refused(500);

/// `HTTP/major.minor`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version {
    pub major: u8,
    pub minor: u8,
}

impl Version {
    /// Whether it has what HTTP/1.1 brought.
    pub fn is_modern(self) -> bool {
        (self.major, self.minor) >= (1, 1)
    }
}

/// A request's first line.
#[derive(PartialEq, Eq, Debug)]
pub struct RequestLine<'a> {
    pub method: &'a [u8],
    pub target: &'a [u8],
    pub version: Version,
}

/// A reply's first line.
#[derive(PartialEq, Eq, Debug)]
pub struct StatusLine<'a> {
    pub version: Version,
    pub code: i32,
    pub reason: &'a [u8],
}

/// A version of one digit each.
fn version(text: &[u8]) -> Result<Version, Refused> {
    let &[major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] =
        text.strip_prefix(b"HTTP/").ok_or(BAD)?
    else {
        return Err(BAD);
    };
    Ok(Version {
        major: major - b'0',
        minor: minor - b'0',
    })
}

/// Takes a request line, without its line end, apart. With `lenient` spaces may stand inside the
/// target and behind the version.
pub fn request(line: &[u8], lenient: bool) -> Result<RequestLine<'_>, Refused> {
    let line = if lenient { line.trim_ascii_end() } else { line };
    let usual = words::run(line, words::unusual);
    let (first, token) = if line.get(usual) == Some(&b' ') {
        (usual, usual > 0)
    } else {
        let first = line.iter().position(|byte| *byte == b' ').ok_or(BAD)?;
        (first, is_token(&line[..first]))
    };
    // The version has eight bytes, none of them a space.
    let (line, version) = line
        .split_last_chunk::<9>()
        .filter(|(_, version)| version[0] == b' ')
        .ok_or(BAD)?;
    let version = self::version(&version[1..])?;
    let (method, target) = (&line[..first.min(line.len())], line.get(first + 1..));
    let target = target.filter(|target| token && !target.is_empty());
    let target = target.ok_or(BAD)?;
    if version.major != 1 {
        // A client of HTTP/2 says so in a line of this form, others never existed.
        return Err(if version.major == 0 {
            BAD
        } else {
            Refused(505)
        });
    }
    let least = if lenient { b' ' } else { b' ' + 1 };
    let visible = words::run(target, |word| {
        words::below(word, least) | words::equal(word, 0x7f)
    });
    if visible < target.len() || !has_form(method, target) {
        return Err(BAD);
    }
    Ok(RequestLine {
        method,
        target,
        version,
    })
}

/// Whether a target is of a form that goes with the method (RFC 9112, 3.2). An absolute URI and an
/// authority are not looked at closely here.
fn has_form(method: &[u8], target: &[u8]) -> bool {
    match method {
        b"CONNECT" => is_authority(target),
        b"OPTIONS" if target == b"*" => true,
        _ => target[0] == b'/' || is_absolute(target),
    }
}

/// `host:port`.
fn is_authority(target: &[u8]) -> bool {
    let Some(colon) = target.iter().rposition(|byte| *byte == b':') else {
        return false;
    };
    let (host, port) = (&target[..colon], &target[colon + 1..]);
    !host.is_empty()
        && is_host(host)
        && (1..=5).contains(&port.len())
        && port.iter().all(u8::is_ascii_digit)
}

/// `scheme://…`.
fn is_absolute(target: &[u8]) -> bool {
    let Some(colon) = target.iter().position(|byte| *byte == b':') else {
        return false;
    };
    let (scheme, rest) = (&target[..colon], &target[colon + 1..]);
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(allowed)
        && rest.starts_with(b"//")
}

/// Whether this can be a host in a URI: a name or address, or an address in brackets.
fn is_host(host: &[u8]) -> bool {
    if let Some(inner) = host.strip_prefix(b"[") {
        let Some(inner) = inner.strip_suffix(b"]") else {
            return false;
        };
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b":.-_~%".contains(byte);
        return !inner.is_empty() && inner.iter().all(allowed);
    }
    // A comma is allowed by the letter of the RFC, and only met where two fields were merged.
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(byte);
    host.iter().all(allowed)
}

/// Whether a `Host` field is well-formed: a host, which may be empty, and perhaps a port.
pub fn is_host_field(value: &[u8]) -> bool {
    let usual = words::run(value, words::unusual);
    match value[usual..] {
        [] => return true,
        [b':', ref port @ ..] => return port.len() <= 5 && port.iter().all(u8::is_ascii_digit),
        _ => {}
    }
    let port_at = match value.iter().rposition(|byte| *byte == b':') {
        Some(colon) if !value.ends_with(b"]") => colon,
        _ => value.len(),
    };
    let port = value.get(port_at + 1..).unwrap_or_default();
    is_host(&value[..port_at]) && port.len() <= 5 && port.iter().all(u8::is_ascii_digit)
}

/// Takes a status line, without its line end, apart.
pub fn status(line: &[u8]) -> Result<StatusLine<'_>, Refused> {
    let (head, rest) = line.split_at_checked(8).ok_or(BAD)?;
    let version = version(head)?;
    let &[
        b' ',
        a @ b'1'..=b'9',
        b @ b'0'..=b'9',
        c @ b'0'..=b'9',
        ref reason @ ..,
    ] = rest
    else {
        return Err(BAD);
    };
    let reason = match reason {
        [] => reason,
        [b' ', reason @ ..] => reason,
        _ => return Err(BAD),
    };
    if version.major != 1 || !super::field::is_value(reason) {
        return Err(BAD);
    }
    let digits = [a, b, c].map(|digit| i32::from(digit - b'0'));
    Ok(StatusLine {
        version,
        code: digits[0] * 100 + digits[1] * 10 + digits[2],
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(line: &str) -> bool {
        request(line.as_bytes(), false).is_ok()
    }

    #[test]
    fn a_request_line_is_three_words() {
        let line = request(b"GET /a?b#c HTTP/1.1", false).unwrap();
        assert_eq!((line.method, line.target), (&b"GET"[..], &b"/a?b#c"[..]));
        assert_eq!(line.version, Version { major: 1, minor: 1 });
        for line in [
            "",
            "GET",
            "GET /",
            "GET  / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "GET /  HTTP/1.1",
            "GET /a b HTTP/1.1",
            " GET / HTTP/1.1",
            "G(T / HTTP/1.1",
            "GET\t/ HTTP/1.1",
            "GET /\x7f HTTP/1.1",
            "GET /\r HTTP/1.1",
            "GET /\0 HTTP/1.1",
            "GET HTTP/1.1",
            "GET  HTTP/1.1",
        ] {
            assert_eq!(request(line.as_bytes(), false), Err(BAD), "{line:?}");
        }
        assert!(request(b"GET /\xe4 HTTP/1.1", false).is_ok());
    }

    #[test]
    fn versions_have_one_digit_each() {
        for version in ["1.0", "1.1", "1.2", "1.9"] {
            assert!(ok(&format!("GET / HTTP/{version}")), "{version}");
        }
        for version in ["0.9", "1.10", "01.1", "+1.1", "1.", ".1", "1,1", "1.a", ""] {
            let line = format!("GET / HTTP/{version}");
            assert_eq!(request(line.as_bytes(), false), Err(BAD), "{version}");
        }
        for line in ["GET / HTTP/2.0", "PRI * HTTP/2.0"] {
            assert_eq!(request(line.as_bytes(), false), Err(Refused(505)));
        }
        assert_eq!(request(b"GET / http/1.1", false), Err(BAD));
    }

    #[test]
    fn targets_go_with_the_method() {
        for line in [
            "OPTIONS * HTTP/1.1",
            "GET http://h/p HTTP/1.1",
            "CONNECT h:443 HTTP/1.1",
            "CONNECT [::1]:443 HTTP/1.1",
            "FOO /x HTTP/1.1",
        ] {
            assert!(ok(line), "{line}");
        }
        for line in [
            "GET * HTTP/1.1",
            "GET foo HTTP/1.1",
            "GET ?a=b HTTP/1.1",
            "GET a.b:443 HTTP/1.1",
            "CONNECT / HTTP/1.1",
            "CONNECT http://h/ HTTP/1.1",
            "CONNECT h HTTP/1.1",
            "CONNECT :1 HTTP/1.1",
            "CONNECT u@h:1 HTTP/1.1",
        ] {
            assert!(!ok(line), "{line}");
        }
    }

    #[test]
    fn lenient_allows_spaces() {
        let line = request(b"GET /a b  HTTP/1.1 ", true).unwrap();
        assert_eq!(line.target, b"/a b ");
        assert!(request(b"GET /a\tb HTTP/1.1", true).is_err());
    }

    #[test]
    fn status_lines() {
        let line = status(b"HTTP/1.1 200 OK then").unwrap();
        assert_eq!((line.code, line.reason), (200, &b"OK then"[..]));
        assert_eq!(status(b"HTTP/1.0 404").unwrap().reason, b"");
        assert_eq!(status(b"HTTP/1.0 404 ").unwrap().reason, b"");
        for line in [
            "",
            "HTTP/1.1",
            "HTTP/1.1  200 OK",
            "HTTP/1.1 2000 OK",
            "HTTP/1.1 20 OK",
            "HTTP/1.1 abc OK",
            "HTTP/1.1 099 OK",
            "HTTP/2.0 200 OK",
            "ICY 200 OK",
            "HTTP/1.1 200 a\0b",
        ] {
            assert_eq!(status(line.as_bytes()), Err(BAD), "{line:?}");
        }
    }

    #[test]
    fn host_fields() {
        for host in ["", "a", "a.b:80", "[::1]", "[::1]:80", "1.2.3.4", "a:"] {
            assert!(is_host_field(host.as_bytes()), "{host}");
        }
        for host in [
            "a,b", "a b", "a/b", "a:b", "a:123456", "[::1", "u@h", "a:1:2",
        ] {
            assert!(!is_host_field(host.as_bytes()), "{host}");
        }
    }
}
