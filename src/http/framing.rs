//! How long a message's body is (RFC 9112, 6).
//!
//! Wherever two readers could disagree on the length, the message is refused: that is what request
//! smuggling lives on. Nothing of this has a lenient form.

use super::field::{list, lists};
use super::start_line::{BAD, Refused, Version, is_host_field};
use crate::support::ascii::same;

/// What the lines of a head say about the message itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields {
    length: Option<u64>,
    /// The transfer coding, if any line names one.
    coding: Option<Coding>,
    /// A line that makes the length doubtful.
    refused: bool,
    hosts: u8,
    bad_host: bool,
    pub connection_close: bool,
    pub connection_keep_alive: bool,
    pub connection_upgrade: bool,
    pub has_connection: bool,
    pub expects_continue: bool,
    pub expects_other: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Coding {
    Chunked,
    /// Another coding, and `chunked` behind it.
    OtherThenChunked,
    /// Nothing says where the body ends.
    Other,
}

/// How the end of a body is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    None,
    Length(u64),
    Chunked,
    /// The sender closes the connection.
    UntilClose,
}

impl Fields {
    /// Notes what one header line says.
    pub fn note(&mut self, name: &[u8], value: &[u8]) {
        match name.len() {
            4 if same(name, b"Host") => self.note_host(value),
            6 if same(name, b"Expect") => {
                let wanted = value.eq_ignore_ascii_case(b"100-continue");
                self.expects_continue |= wanted;
                self.expects_other |= !wanted;
            }
            10 if same(name, b"Connection") => self.note_connection(value),
            14 if same(name, b"Content-Length") => self.note_length(value),
            17 if same(name, b"Transfer-Encoding") => self.note_coding(value),
            _ => {}
        }
    }

    /// Notes that a line went on in the next one. Fields that matter here can't do that.
    pub fn note_folded(&mut self, name: &[u8]) {
        let matters: [&[u8]; 3] = [b"Content-Length", b"Transfer-Encoding", b"Host"];
        self.refused |= matters.iter().any(|one| one.eq_ignore_ascii_case(name));
    }

    fn note_host(&mut self, value: &[u8]) {
        self.hosts = self.hosts.saturating_add(1);
        self.bad_host |= !is_host_field(value);
    }

    fn note_connection(&mut self, value: &[u8]) {
        self.has_connection = true;
        self.connection_close |= lists(value, b"close");
        self.connection_keep_alive |= lists(value, b"keep-alive");
        self.connection_upgrade |= lists(value, b"upgrade");
    }

    fn note_length(&mut self, value: &[u8]) {
        match length(value) {
            Some(length) if self.length.is_none() => self.length = Some(length),
            _ => self.refused = true,
        }
    }

    fn note_coding(&mut self, value: &[u8]) {
        for coding in list(value) {
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            self.coding = match (self.coding, chunked) {
                (None, true) => Some(Coding::Chunked),
                (Some(Coding::Other), true) => Some(Coding::OtherThenChunked),
                (None | Some(Coding::Other), false) => Some(Coding::Other),
                _ => {
                    // Something behind chunked.
                    self.refused = true;
                    return;
                }
            };
            self.refused |= coding.is_empty();
        }
    }

    /// The rules for all messages. True if the body is chunked. `raw` hands bodies with other
    /// codings over as they are.
    fn chunked(&self, version: Version, raw: bool) -> Result<bool, Refused> {
        if self.refused {
            return Err(BAD);
        }
        let Some(coding) = self.coding else {
            return Ok(false);
        };
        if self.length.is_some() || !version.is_modern() {
            return Err(BAD);
        }
        match coding {
            Coding::Chunked => Ok(true),
            Coding::OtherThenChunked if raw => Ok(true),
            Coding::OtherThenChunked => Err(Refused(501)),
            Coding::Other => Err(BAD),
        }
    }

    /// The body of a request.
    pub fn of_request(&self, version: Version, raw: bool) -> Result<Body, Refused> {
        Ok(if self.chunked(version, raw)? {
            Body::Chunked
        } else {
            match self.length {
                None | Some(0) => Body::None,
                Some(length) => Body::Length(length),
            }
        })
    }

    /// The body of a reply to a request that `may_have_body` in its answer, with a status that can
    /// have one.
    pub fn of_reply(&self, version: Version, may_have_body: bool) -> Result<Body, Refused> {
        let chunked = self.chunked(version, true);
        if !may_have_body {
            // What these lines say is of another reply.
            return if self.refused {
                Err(BAD)
            } else {
                Ok(Body::None)
            };
        }
        Ok(if chunked? {
            Body::Chunked
        } else {
            match self.length {
                None => Body::UntilClose,
                Some(0) => Body::None,
                Some(length) => Body::Length(length),
            }
        })
    }

    /// Whether a request says for which host it is, as it must.
    pub fn has_good_host(&self, version: Version, lenient: bool) -> bool {
        let missing_ok = lenient || !version.is_modern();
        !self.bad_host && (self.hosts == 1 || self.hosts == 0 && missing_ok)
    }
}

/// A number of bytes: digits, and less than 2^63.
fn length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: u64, digit: &u8| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    let length = value.iter().try_fold(0, add)?;
    (length <= i64::MAX as u64).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V11: Version = Version { major: 1, minor: 1 };
    const V10: Version = Version { major: 1, minor: 0 };

    fn fields(lines: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.note(name.as_bytes(), value.as_bytes());
        }
        fields
    }

    fn request(lines: &[(&str, &str)]) -> Result<Body, Refused> {
        fields(lines).of_request(V11, false)
    }

    #[test]
    fn one_length_of_digits() {
        assert_eq!(request(&[]), Ok(Body::None));
        assert_eq!(request(&[("content-length", "0")]), Ok(Body::None));
        assert_eq!(request(&[("Content-Length", "17")]), Ok(Body::Length(17)));
        let most = (1_u64 << 63) - 1;
        assert_eq!(
            request(&[("Content-Length", &most.to_string())]),
            Ok(Body::Length(most))
        );
        for value in [
            "",
            "+3",
            "-3",
            "-0",
            "3,3",
            "0x3",
            "3 3",
            "\x0b3",
            "9223372036854775808",
            "99999999999999999999999",
        ] {
            assert_eq!(request(&[("Content-Length", value)]), Err(BAD), "{value}");
        }
        let twice = [("Content-Length", "3"), ("Content-Length", "3")];
        assert_eq!(request(&twice), Err(BAD));
    }

    #[test]
    fn chunked_is_last_and_once() {
        let coding = |value| request(&[("Transfer-Encoding", value)]);
        assert_eq!(coding("Chunked"), Ok(Body::Chunked));
        assert_eq!(coding("gzip, chunked"), Err(Refused(501)));
        for value in [
            "gzip",
            "identity",
            "",
            "chunked, gzip",
            "chunked, chunked",
            "chunked;a=b",
            "\"chunked\"",
            ",chunked",
            "chunked,",
        ] {
            assert_eq!(coding(value), Err(BAD), "{value}");
        }
        let lines = [
            ("Transfer-Encoding", "gzip"),
            ("Transfer-Encoding", "chunked"),
        ];
        assert_eq!(request(&lines), Err(Refused(501)));
        assert_eq!(fields(&lines).of_request(V11, true), Ok(Body::Chunked));
        let both = [("Transfer-Encoding", "chunked"), ("Content-Length", "3")];
        assert_eq!(request(&both), Err(BAD));
        let old = fields(&both[..1]);
        assert_eq!(old.of_request(V10, false), Err(BAD));
    }

    #[test]
    fn replies() {
        let reply = |lines: &[(&str, &str)]| fields(lines).of_reply(V11, true);
        assert_eq!(reply(&[]), Ok(Body::UntilClose));
        assert_eq!(reply(&[("Content-Length", "5")]), Ok(Body::Length(5)));
        assert_eq!(
            reply(&[("Transfer-Encoding", "chunked")]),
            Ok(Body::Chunked)
        );
        let head = fields(&[("Content-Length", "5")]);
        assert_eq!(head.of_reply(V11, false), Ok(Body::None));
        let twice = [("Content-Length", "3"), ("Content-Length", "4")];
        assert_eq!(fields(&twice).of_reply(V11, true), Err(BAD));
    }

    #[test]
    fn hosts() {
        let good = |lines: &[(&str, &str)], version| fields(lines).has_good_host(version, false);
        assert!(good(&[("Host", "a")], V11));
        assert!(!good(&[], V11));
        assert!(good(&[], V10));
        assert!(fields(&[]).has_good_host(V11, true));
        assert!(!good(&[("Host", "a"), ("Host", "a")], V10));
        assert!(!good(&[("Host", "a b")], V10));
    }

    #[test]
    fn folded_lengths_are_refused() {
        let mut folded = fields(&[("Content-Length", "5")]);
        folded.note_folded(b"content-length");
        assert_eq!(folded.of_request(V11, true), Err(BAD));
    }
}
