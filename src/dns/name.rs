//! Domain names: as text, and in the form that messages have (RFC 1035, section 3.1).

use core::fmt;

/// The length of the longest name in a message, its lengths and the root included.
pub const MAX_WIRE: usize = 255;
/// The length of the longest label.
pub const MAX_LABEL: usize = 63;
/// The length of the longest text that [`Name::write_text`] makes.
pub const MAX_TEXT: usize = 4 * MAX_WIRE;
/// How many pointers a name may lead through: one for each label but the first. Without a limit a
/// message could hold a long chain of them, and thousands of names that follow all of it.
const MAX_POINTERS: usize = 126;

/// What is no message, or no name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

/// A whole name: labels, each behind its length, and the root's zero. Any byte may stand in a label.
#[derive(Clone, Copy)]
pub struct Name {
    len: u8,
    bytes: [u8; MAX_WIRE],
}

impl Name {
    /// The root of all names.
    pub const ROOT: Name = Name {
        len: 1,
        bytes: [0; MAX_WIRE],
    };

    /// Reads dotted text, in which nothing is escaped. One dot at the end changes nothing. `None` for
    /// an empty label elsewhere, and for what is too long for a message.
    pub fn from_text(text: &[u8]) -> Option<Name> {
        let mut name = Name::ROOT;
        let text = text.strip_suffix(b".").unwrap_or(text);
        let end = text.len() + 2;
        if text.is_empty() {
            return Some(name);
        }
        if end > MAX_WIRE {
            return None;
        }
        // Each length has the place of the dot in front of its label.
        name.bytes[1..end - 1].copy_from_slice(text);
        let mut start = 0;
        while start < end - 1 {
            let len = next_dot(&name.bytes, start + 1, end - 1) - (start + 1);
            if !(1..=MAX_LABEL).contains(&len) {
                return None;
            }
            name.bytes[start] = len as u8;
            start += len + 1;
        }
        name.len = end as u8;
        Some(name)
    }

    /// Puts a label between the others and the root.
    fn push(&mut self, label: &[u8]) -> Result<(), Malformed> {
        let at = usize::from(self.len) - 1;
        let end = at + 1 + label.len();
        if label.is_empty() || label.len() > MAX_LABEL || end >= MAX_WIRE {
            return Err(Malformed);
        }
        self.bytes[at] = label.len() as u8;
        self.bytes[at + 1..end].copy_from_slice(label);
        self.bytes[end] = 0;
        self.len = end as u8 + 1;
        Ok(())
    }

    /// Puts another name behind this one. False, and of no use any more, if it gets too long.
    pub fn append(&mut self, suffix: &Name) -> bool {
        suffix.labels().all(|label| self.push(label).is_ok())
    }

    /// Reads the name at `at` of a message. Also returns where the message goes on behind it.
    pub fn read(message: &[u8], at: usize) -> Result<(Name, usize), Malformed> {
        let mut name = Name::ROOT;
        let end = walk(message, at, |label| name.push(label))?;
        Ok((name, end))
    }

    /// As it stands in a message without compression.
    pub fn wire(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    pub fn is_root(&self) -> bool {
        self.len == 1
    }

    /// Without the root.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.wire();
        core::iter::from_fn(move || {
            let (&length, behind) = rest.split_first()?;
            let (label, next) = behind.split_at_checked(length.into())?;
            rest = next;
            (length > 0).then_some(label)
        })
    }

    /// Equal but for the case of letters. (Lengths are no letters: they are below 64.)
    pub fn eq_ignore_case(&self, other: &Name) -> bool {
        self.wire().eq_ignore_ascii_case(other.wire())
    }

    /// Equal to the last bit.
    pub fn eq_exactly(&self, other: &Name) -> bool {
        self.wire() == other.wire()
    }

    /// Gives each letter the case that the next bit of `bits` says.
    pub fn set_case(&mut self, bits: &[u8; 32]) {
        let mut letters = 0;
        for byte in &mut self.bytes[..usize::from(self.len)] {
            if byte.is_ascii_alphabetic() {
                let upper = bits[letters / 8 % 32] >> (letters % 8) & 1 != 0;
                *byte = if upper {
                    byte.to_ascii_uppercase()
                } else {
                    byte.to_ascii_lowercase()
                };
                letters += 1;
            }
        }
    }

    /// The text with the bytes of each label as they are.
    pub fn raw_text<'a>(&self, out: &'a mut [u8; MAX_WIRE]) -> &'a [u8] {
        let mut len = 0;
        for label in self.labels() {
            if len > 0 {
                out[len] = b'.';
                len += 1;
            }
            out[len..len + label.len()].copy_from_slice(label);
            len += label.len();
        }
        &out[..len]
    }

    /// The text in presentation form (RFC 4343, section 2.1), without a dot at the end: dots,
    /// backslashes and unprintable bytes inside of labels are escaped, so that there is one text
    /// for each name.
    pub fn write_text<'a>(&self, out: &'a mut [u8; MAX_TEXT]) -> &'a [u8] {
        let mut len = 0;
        let mut put = |byte| {
            out[len] = byte;
            len += 1;
        };
        for (index, label) in self.labels().enumerate() {
            if index > 0 {
                put(b'.');
            }
            for &byte in label {
                match byte {
                    b'.' | b'\\' => {
                        put(b'\\');
                        put(byte);
                    }
                    0x21..=0x7e => put(byte),
                    _ => {
                        put(b'\\');
                        put(b'0' + byte / 100);
                        put(b'0' + byte / 10 % 10);
                        put(b'0' + byte % 10);
                    }
                }
            }
        }
        &out[..len]
    }
}

/// Where the next dot is, or `end`: looked for in eight bytes at a time.
fn next_dot(bytes: &[u8; MAX_WIRE], mut at: usize, end: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    while at < end {
        let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) else {
            let mut rest = (at..end).skip_while(|&at| bytes[at] != b'.');
            return rest.next().unwrap_or(end);
        };
        // Dots are zeros here. The lowest zero is told by its top bit; only above it others may be.
        let dots = u64::from_le_bytes(*eight) ^ (ONES * u64::from(b'.'));
        let found = dots.wrapping_sub(ONES) & !dots & (ONES << 7);
        if found != 0 {
            at += found.trailing_zeros() as usize / 8;
            break;
        }
        at += 8;
    }
    at.min(end)
}

/// Gives `visit` each label of the name at `at` of a message, without the root. Returns where the
/// message goes on behind the name.
///
/// A pointer must lead in front of the labels that it follows, so there can be no circle.
fn walk<'a>(
    message: &'a [u8],
    at: usize,
    mut visit: impl FnMut(&'a [u8]) -> Result<(), Malformed>,
) -> Result<usize, Malformed> {
    let (mut at, mut start) = (at, at);
    let mut end = None;
    let (mut size, mut pointers) = (1, 0);
    loop {
        let length = *message.get(at).ok_or(Malformed)?;
        match length {
            0 => return Ok(end.unwrap_or(at + 1)),
            1..=0x3f => {
                let next = at + 1 + usize::from(length);
                size += next - at;
                let label = message.get(at + 1..next).ok_or(Malformed)?;
                if size > MAX_WIRE {
                    return Err(Malformed);
                }
                visit(label)?;
                at = next;
            }
            0xc0.. => {
                let low = *message.get(at + 1).ok_or(Malformed)?;
                let target = usize::from(length & 0x3f) << 8 | usize::from(low);
                pointers += 1;
                if target >= start || target < super::wire::HEADER || pointers > MAX_POINTERS {
                    return Err(Malformed);
                }
                end = end.or(Some(at + 2));
                (at, start) = (target, target);
            }
            // Kinds of labels that nobody uses.
            _ => return Err(Malformed),
        }
    }
}

/// A name where it stands in a message.
#[derive(Clone, Copy)]
pub struct Placed<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Placed<'a> {
    /// The name at `at`, if it is one. Also returns where the message goes on behind it.
    pub fn find(message: &'a [u8], at: usize) -> Result<(Placed<'a>, usize), Malformed> {
        let end = walk(message, at, |_| Ok(()))?;
        Ok((Placed { message, at }, end))
    }

    /// It is only a pointer to where messages have the name of the first question.
    pub fn is_question(&self) -> bool {
        const TO_QUESTION: [u8; 2] = [0xc0, super::wire::HEADER as u8];
        let rest = self.message.get(self.at..).unwrap_or_default();
        rest.starts_with(&TO_QUESTION)
    }

    /// A copy of it.
    pub fn read(&self) -> Result<Name, Malformed> {
        Name::read(self.message, self.at).map(|(name, _)| name)
    }

    /// Whatever stands at `at`, if it is a name at all.
    pub fn new(message: &'a [u8], at: usize) -> Placed<'a> {
        Placed { message, at }
    }

    /// Equal but for the case of letters.
    pub fn eq_ignore_case(&self, other: &Name) -> bool {
        self.is(other.wire(), <[u8]>::eq_ignore_ascii_case)
    }

    /// Equal to the last bit to a name as it stands in messages.
    pub fn eq_exactly(&self, wire: &[u8]) -> bool {
        self.is(wire, <[u8]>::eq)
    }

    fn is(&self, mut rest: &[u8], equal: fn(&[u8], &[u8]) -> bool) -> bool {
        let walked = walk(self.message, self.at, |label| {
            let (&length, behind) = rest.split_first().ok_or(Malformed)?;
            let (same, next) = behind.split_at_checked(length.into()).ok_or(Malformed)?;
            rest = next;
            equal(same, label).then_some(()).ok_or(Malformed)
        });
        walked.is_ok() && rest == [0]
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; MAX_TEXT];
        f.write_str(core::str::from_utf8(self.write_text(&mut text)).unwrap_or("?"))
    }
}

/// The name under which the owner of an IPv4 address is found.
pub fn reverse_v4(octets: [u8; 4]) -> Name {
    let mut text = [0; 32];
    let mut out = &mut text[..];
    let [a, b, c, d] = octets;
    // It has 29 bytes at most.
    let _ = std::io::Write::write_fmt(&mut out, format_args!("{d}.{c}.{b}.{a}.in-addr.arpa"));
    let left = out.len();
    Name::from_text(&text[..32 - left]).unwrap_or(Name::ROOT)
}

/// The name under which the owner of an IPv6 address is found.
pub fn reverse_v6(octets: [u8; 16]) -> Name {
    let mut name = Name::ROOT;
    let digit = |nibble: u8| [b"0123456789abcdef"[usize::from(nibble & 15)]];
    for octet in octets.iter().rev() {
        let _ = name.push(&digit(*octet));
        let _ = name.push(&digit(octet >> 4));
    }
    let _ = name.push(b"ip6");
    let _ = name.push(b"arpa");
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::from_text(text.as_bytes()).unwrap()
    }

    fn text(name: &Name) -> String {
        format!("{name:?}")
    }

    #[test]
    fn text_to_wire() {
        assert_eq!(name("ab.c").wire(), b"\x02ab\x01c\0");
        assert_eq!(name("ab.c.").wire(), b"\x02ab\x01c\0");
        assert_eq!(name("").wire(), b"\0");
        assert!(name(".").is_root());
        for bad in ["a..b", ".a", "a..", ".."] {
            assert!(Name::from_text(bad.as_bytes()).is_none(), "{bad}");
        }
        let label = "x".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "y".repeat(61));
        assert_eq!(name(&longest).wire().len(), 255);
        assert_eq!(text(&name(&longest)), longest);
        assert!(Name::from_text(format!("{longest}y").as_bytes()).is_none());
        assert!(Name::from_text("x".repeat(64).as_bytes()).is_none());
        let most_labels = "a.".repeat(127);
        assert_eq!(name(&most_labels).labels().count(), 127);
        assert!(Name::from_text("a.".repeat(128).as_bytes()).is_none());
    }

    #[test]
    fn joining() {
        let joined = |first: &str, second: &str| {
            let mut joined = name(first);
            joined.append(&name(second)).then_some(joined)
        };
        assert_eq!(text(&joined("a.b", "c.d").unwrap()), "a.b.c.d");
        assert_eq!(text(&joined("a", "").unwrap()), "a");
        let long = "abcdefg.".repeat(31);
        assert!(joined(&long, "abcde").is_some());
        assert!(joined(&long, "abcdef").is_none());
    }

    #[test]
    fn presentation() {
        let (name, _) = Name::read(b"\x09a.\\\0\x7f\xff b \0", 0).unwrap();
        assert_eq!(text(&name), "a\\.\\\\\\000\\127\\255\\032b\\032");
        let mut raw = [0; MAX_WIRE];
        assert_eq!(name.raw_text(&mut raw), b"a.\\\0\x7f\xff b ");
        let mut wire = [0xff; 65];
        (wire[0], wire[64]) = (63, 0);
        let (name, _) = Name::read(&wire, 0).unwrap();
        assert_eq!(text(&name).len(), 252);
    }

    #[test]
    fn pointers_lead_back() {
        let mut message = [0; 12].to_vec();
        message.extend(b"\x03com\0\x01a\xc0\x0c\x01b\xc0\x11");
        let (name, end) = Name::read(&message, 21).unwrap();
        assert_eq!((text(&name).as_str(), end), ("b.a.com", 25));
        // To itself, to the labels in front of it, forwards, into the header, beyond the end.
        for bad in [
            b"\xc0\x0c".as_slice(),
            b"\x01a\xc0\x0c",
            b"\xc0\x10\0\0\x01a\0",
            b"\xc0\x04",
            b"\xff\xff",
            b"\xc0",
            b"\x40a\0",
            b"\x80a\0",
            b"\x02a",
            b"\x01a",
            b"",
        ] {
            let mut message = [0; 12].to_vec();
            message.extend(bad);
            assert!(Name::read(&message, 12).is_err(), "{bad:?}");
            assert!(Placed::find(&message, 12).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn pointers_to_pointers_are_limited() {
        let mut message = [0; 12].to_vec();
        message.extend(b"\x01a\0");
        let mut last = 12;
        for pointers in 1..300 {
            let at = message.len();
            message.extend((0xc000 | last as u16).to_be_bytes());
            let read = Name::read(&message, at);
            assert_eq!(read.is_ok(), pointers <= MAX_POINTERS, "{pointers}");
            last = at;
        }
    }

    #[test]
    fn length_is_limited_through_pointers() {
        let mut message = [0; 12].to_vec();
        for chunk in 0..5 {
            let at = message.len();
            message.push(63);
            message.extend([b'x'; 63]);
            if chunk == 0 {
                message.push(0);
            } else {
                message.extend([0xc0, (at - if chunk == 1 { 65 } else { 66 }) as u8]);
            }
            let read = Name::read(&message, at);
            assert_eq!(read.is_ok(), chunk < 3, "{chunk}");
            assert_eq!(Placed::find(&message, at).is_ok(), chunk < 3, "{chunk}");
        }
    }

    #[test]
    fn case() {
        let mut shouting = name("www.Example.com");
        shouting.set_case(&[0xff; 32]);
        assert_eq!(text(&shouting), "WWW.EXAMPLE.COM");
        assert!(shouting.eq_ignore_case(&name("www.example.com")));
        assert!(!shouting.eq_exactly(&name("www.example.com")));
        shouting.set_case(&[0b10101010; 32]);
        assert_eq!(text(&shouting), "wWw.ExAmPlE.cOm");
    }

    #[test]
    fn names_in_place_compare_as_copies_do() {
        let mut message = [0; 12].to_vec();
        message.extend(b"\x03com\0\x01A\xc0\x0c\x01b\xc0\x11\0");
        for at in [12, 17, 21, 25] {
            let (placed, end) = Placed::find(&message, at).unwrap();
            let (copy, same_end) = Name::read(&message, at).unwrap();
            assert_eq!(end, same_end);
            assert!(placed.read().unwrap().eq_exactly(&copy));
            assert!(!placed.is_question());
            for other in [
                "",
                "com",
                "a.com",
                "b.a.com",
                "b.a.co",
                "c.a.com",
                "b.a.com.x",
            ] {
                let other = name(other);
                assert_eq!(placed.eq_ignore_case(&other), copy.eq_ignore_case(&other));
            }
        }
    }

    #[test]
    fn reverse_names() {
        assert_eq!(text(&reverse_v4([1, 2, 3, 255])), "255.3.2.1.in-addr.arpa");
        let v6 = text(&reverse_v6([
            0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf1,
        ]));
        assert_eq!(
            v6,
            "1.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        );
    }
}
