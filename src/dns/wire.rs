//! Messages (RFC 1035, section 4; RFC 6891): read in place, and questions written.

use super::name::{MAX_WIRE, Malformed, Name, Placed};

/// The length of a message's header.
pub const HEADER: usize = 12;
/// The length of the longest message.
pub const MAX_MESSAGE: usize = 65535;
/// What a datagram may hold unless both sides agree on more.
pub const PLAIN_DATAGRAM: usize = 512;

/// It is an answer.
pub const QR: u16 = 0x8000;
/// What is asked for; 0 is a plain question.
pub const OPCODE: u16 = 0x7800;
/// The answer had no room in a datagram.
pub const TC: u16 = 0x0200;
/// The asking side wants the answering one to ask others.
pub const RD: u16 = 0x0100;
/// The asking side wants no proofs checked.
pub const CD: u16 = 0x0010;
/// What went wrong.
pub const RCODE: u16 = 0x000f;

/// Types of records.
pub mod kind {
    pub const A: u16 = 1;
    pub const CNAME: u16 = 5;
    pub const SOA: u16 = 6;
    pub const PTR: u16 = 12;
    pub const AAAA: u16 = 28;
    pub const OPT: u16 = 41;
}

/// The class of everything that is asked here.
pub const IN: u16 = 1;

/// What [`Header::rcode`] means.
pub mod rcode {
    pub const NO_ERROR: u16 = 0;
    pub const FORMERR: u16 = 1;
    pub const SERVFAIL: u16 = 2;
    pub const NXDOMAIN: u16 = 3;
    pub const NOTIMP: u16 = 4;
    pub const REFUSED: u16 = 5;
    /// With the eight bits of the OPT record: a version of EDNS that is not known.
    pub const BADVERS: u16 = 16;
}

/// A header, which begins every message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    pub id: u16,
    pub flags: u16,
    /// Questions, answers, authority, additional.
    pub counts: [u16; 4],
}

impl Header {
    pub fn read(message: &[u8]) -> Result<Header, Malformed> {
        let words = message.first_chunk::<HEADER>().ok_or(Malformed)?;
        let word = |i: usize| u16::from_be_bytes([words[2 * i], words[2 * i + 1]]);
        Ok(Header {
            id: word(0),
            flags: word(1),
            counts: [word(2), word(3), word(4), word(5)],
        })
    }

    pub fn bytes(&self) -> [u8; HEADER] {
        let [a, b] = self.id.to_be_bytes();
        let [c, d] = self.flags.to_be_bytes();
        let [q, n, u, x] = self.counts.map(u16::to_be_bytes);
        [a, b, c, d, q[0], q[1], n[0], n[1], u[0], u[1], x[0], x[1]]
    }

    pub fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    pub fn rcode(&self) -> u16 {
        self.flags & RCODE
    }
}

fn word(message: &[u8], at: usize) -> Result<u16, Malformed> {
    let bytes = message.get(at..at + 2).ok_or(Malformed)?;
    Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn long(message: &[u8], at: usize) -> Result<u32, Malformed> {
    let bytes = message.get(at..at + 4).ok_or(Malformed)?;
    Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// A question.
#[derive(Clone, Copy, Debug)]
pub struct Question<N = Name> {
    pub name: N,
    pub kind: u16,
    pub class: u16,
}

impl<'a> Question<Placed<'a>> {
    /// The question at `at`, in place; also returns where the next thing begins.
    pub fn find(message: &'a [u8], at: usize) -> Result<(Self, usize), Malformed> {
        let (name, at) = Placed::find(message, at)?;
        let (kind, class) = (word(message, at)?, word(message, at + 2)?);
        Ok((Question { name, kind, class }, at + 4))
    }
}

impl Question {
    /// Reads the question at `at`; also returns where the next thing begins.
    pub fn read(message: &[u8], at: usize) -> Result<(Self, usize), Malformed> {
        let (Question { name, kind, class }, end) = Question::find(message, at)?;
        let name = name.read()?;
        Ok((Question { name, kind, class }, end))
    }
}

/// A record, in place.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    message: &'a [u8],
    pub owner: Placed<'a>,
    pub kind: u16,
    pub class: u16,
    pub ttl: u32,
    data_at: usize,
    pub data: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads the record at `at`; also returns where the next one begins.
    pub fn read(message: &'a [u8], at: usize) -> Result<(Record<'a>, usize), Malformed> {
        Record::read_behind(message, Placed::find(message, at)?)
    }

    /// Reads what stands behind the owner, and behind which the message goes on at `at`.
    fn read_behind(
        message: &'a [u8],
        (owner, at): (Placed<'a>, usize),
    ) -> Result<(Record<'a>, usize), Malformed> {
        let fixed = message.get(at..).and_then(<[u8]>::first_chunk::<10>);
        let &[k, i, c, d, t0, t1, t2, t3, l, m] = fixed.ok_or(Malformed)?;
        let data_at = at + 10;
        let end = data_at + usize::from(u16::from_be_bytes([l, m]));
        let record = Record {
            message,
            owner,
            kind: u16::from_be_bytes([k, i]),
            class: u16::from_be_bytes([c, d]),
            ttl: u32::from_be_bytes([t0, t1, t2, t3]),
            data_at,
            data: message.get(data_at..end).ok_or(Malformed)?,
        };
        Ok((record, end))
    }

    pub fn is(&self, kind: u16) -> bool {
        self.kind == kind && self.class == IN
    }

    /// The name that is the whole data.
    pub fn name(&self) -> Result<Name, Malformed> {
        let (name, end) = Name::read(self.message, self.data_at)?;
        (end == self.data_at + self.data.len())
            .then_some(name)
            .ok_or(Malformed)
    }

    /// The last number of an SOA record: how long to believe that something does not exist.
    pub fn soa_minimum(&self) -> Result<u32, Malformed> {
        let (_, at) = Placed::find(self.message, self.data_at)?;
        let (_, at) = Placed::find(self.message, at)?;
        if at + 20 != self.data_at + self.data.len() {
            return Err(Malformed);
        }
        long(self.message, at + 16)
    }

    /// Of an OPT record: the upper bits of the rcode, in their place.
    pub fn extended_rcode(&self) -> u16 {
        (self.ttl >> 24 << 4) as u16
    }
}

/// Reads `count` records from `at` on. Ends with the first error. With `asked` the message has a
/// question that was read: owners that only point to it need not be.
pub fn records(
    message: &[u8],
    at: usize,
    asked: bool,
    count: u32,
) -> impl Iterator<Item = Result<(Record<'_>, usize), Malformed>> {
    let mut place = Some(at);
    (0..count).map_while(move |_| {
        let owner = Placed::new(message, place?);
        let read = if asked && owner.is_question() {
            Record::read_behind(message, (owner, place? + 2))
        } else {
            Record::read(message, place?)
        };
        place = read.as_ref().ok().map(|(_, next)| *next);
        Some(read)
    })
}

/// The length of an OPT record without options.
pub const OPT_SIZE: usize = 11;

/// An OPT record without options: how large datagrams may be.
pub fn opt_record(udp_size: u16) -> [u8; OPT_SIZE] {
    let [high, low] = udp_size.to_be_bytes();
    [0, 0, kind::OPT as u8, high, low, 0, 0, 0, 0, 0, 0]
}

/// A message that asks one question.
pub struct Query {
    len: usize,
    bytes: [u8; HEADER + MAX_WIRE + 4 + OPT_SIZE],
}

impl Query {
    /// `udp_size` adds an OPT record.
    pub fn new(id: u16, name: &Name, kind: u16, udp_size: Option<u16>) -> Query {
        let mut query = Query {
            len: 0,
            bytes: [0; _],
        };
        let header = Header {
            id,
            flags: RD,
            counts: [1, 0, 0, udp_size.is_some().into()],
        };
        let end = HEADER + name.wire().len();
        let ([a, b], [c, d]) = (kind.to_be_bytes(), IN.to_be_bytes());
        query.bytes[..HEADER].copy_from_slice(&header.bytes());
        query.bytes[HEADER..end].copy_from_slice(name.wire());
        query.bytes[end..end + 4].copy_from_slice(&[a, b, c, d]);
        query.len = end + 4;
        if let Some(size) = udp_size {
            query.bytes[end + 4..end + 4 + OPT_SIZE].copy_from_slice(&opt_record(size));
            query.len += OPT_SIZE;
        }
        query
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query() {
        let name = Name::from_text(b"a.bc").unwrap();
        let query = Query::new(0x1234, &name, kind::AAAA, None);
        assert_eq!(
            query.bytes(),
            b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x02bc\0\0\x1c\0\x01"
        );
        let query = Query::new(0x1234, &name, kind::A, Some(4096));
        let message = query.bytes();
        let header = Header::read(message).unwrap();
        assert_eq!(header.counts, [1, 0, 0, 1]);
        let (question, at) = Question::read(message, HEADER).unwrap();
        assert_eq!((question.kind, question.class), (kind::A, IN));
        let (opt, end) = Record::read(message, at).unwrap();
        assert_eq!((opt.kind, opt.class, end), (kind::OPT, 4096, message.len()));
    }

    #[test]
    fn records_end_at_the_first_error() {
        let mut message = [0; HEADER].to_vec();
        message.extend(b"\0\0\x01\0\x01\0\0\0\x05\0\x04abcd");
        message.extend(b"\0\0\x01\0\x01\0\0\0\x05\0\x04abc");
        let read: Vec<_> = records(&message, HEADER, false, 100).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].as_ref().unwrap().0.data, b"abcd");
        assert!(read[1].is_err());
        assert_eq!(records(&message, HEADER, false, 1).count(), 1);
    }
}
