//! Writing answers: records in sections, names compressed, cut where the room ends.

use crate::dns::name::{Name, Placed};
use crate::dns::wire::{self, HEADER, Header, OPT_SIZE, Question, opt_record};
use crate::support::mm;

/// How large questions may be that come as datagrams, as we tell those who ask.
const OWN_SIZE: u16 = 1232;
/// Beyond this a pointer can't lead.
const REACH: usize = 0x3fff;
/// So many places of names are remembered.
const PLACES: usize = 128;

/// What a record holds.
pub enum Data {
    Bytes(mm::Vec<u8>),
    Name(mm::Box<Name>),
}

/// A record of an answer.
pub struct Record {
    pub owner: Name,
    pub kind: u16,
    pub class: u16,
    pub ttl: u32,
    pub data: Data,
}

impl Record {
    /// No more than this many bytes, whatever is compressed.
    pub fn size(&self) -> usize {
        let data = match &self.data {
            Data::Bytes(bytes) => bytes.len(),
            Data::Name(name) => name.wire().len(),
        };
        self.owner.wire().len() + 10 + data
    }
}

/// What is to be written.
pub struct Response<'a> {
    pub id: u16,
    pub flags: u16,
    pub questions: &'a [Question],
    pub sections: &'a [mm::Vec<Record>; 3],
    /// Whoever asked knows EDNS.
    pub edns: bool,
}

/// There is no room.
struct Full;

struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
    /// Where names, or ends of names, stand.
    places: [u16; PLACES],
    known: usize,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.len + bytes.len();
        self.out
            .get_mut(self.len..end)
            .ok_or(Full)?
            .copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    /// Where the end of a name, in wire form, stands already.
    fn find(&self, rest: &[u8]) -> Option<u16> {
        let written = &self.out[..self.len];
        let mut places = self.places[..self.known].iter().copied();
        places.find(|&place| Placed::new(written, place.into()).eq_exactly(rest))
    }

    /// Writes a name; its end only once for all names that have it, case included.
    fn put_name(&mut self, name: &Name) -> Result<(), Full> {
        let mut rest = name.wire();
        while rest.len() > 1 {
            if let Some(place) = self.find(rest) {
                return self.put(&(0xc000 | place).to_be_bytes());
            }
            let (label, behind) = rest.split_at(1 + usize::from(rest[0]));
            let place = self.len;
            self.put(label)?;
            if place <= REACH && self.known < PLACES {
                self.places[self.known] = place as u16;
                self.known += 1;
            }
            rest = behind;
        }
        self.put(&[0])
    }

    fn put_record(&mut self, record: &Record) -> Result<(), Full> {
        self.put_name(&record.owner)?;
        self.put(&record.kind.to_be_bytes())?;
        self.put(&record.class.to_be_bytes())?;
        self.put(&record.ttl.to_be_bytes())?;
        let length_at = self.len;
        self.put(&[0, 0])?;
        match &record.data {
            Data::Bytes(bytes) => self.put(bytes)?,
            Data::Name(name) => self.put_name(name)?,
        }
        let length = u16::try_from(self.len - length_at - 2).map_err(|_| Full)?;
        self.out[length_at..length_at + 2].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    /// Does something whole or not at all.
    fn whole(&mut self, work: impl FnOnce(&mut Self) -> Result<(), Full>) -> Result<(), Full> {
        let (len, known) = (self.len, self.known);
        work(self).inspect_err(|_| {
            // Places are remembered while names are written, so those beyond are of this work.
            (self.len, self.known) = (len, known);
        })
    }
}

impl Response<'_> {
    /// Enough room for all of it.
    pub fn size(&self) -> usize {
        let questions = self.questions.iter().map(|q| q.name.wire().len() + 4);
        let records = self.sections.iter().flat_map(|section| section.iter());
        HEADER + questions.sum::<usize>() + records.map(Record::size).sum::<usize>() + OPT_SIZE
    }

    /// Writes as much as there is room for, and says so if that is not all. Returns the length.
    pub fn write(&self, out: &mut [u8]) -> usize {
        let reserved = if self.edns { OPT_SIZE } else { 0 };
        let room = out.len().saturating_sub(reserved);
        let (body, _) = out.split_at_mut(room);
        let mut writer = Writer {
            out: body,
            len: 0,
            places: [0; PLACES],
            known: 0,
        };
        let mut header = Header {
            id: self.id,
            flags: self.flags,
            counts: [0; 4],
        };
        if writer.put(&header.bytes()).is_err() {
            return 0;
        }
        if self.write_body(&mut writer, &mut header.counts).is_err() {
            header.flags |= wire::TC;
        }
        let mut len = writer.len;
        if self.edns {
            out[len..len + OPT_SIZE].copy_from_slice(&opt_record(OWN_SIZE));
            len += OPT_SIZE;
            header.counts[3] += 1;
        }
        out[..HEADER].copy_from_slice(&header.bytes());
        len
    }

    fn write_body(&self, writer: &mut Writer, counts: &mut [u16; 4]) -> Result<(), Full> {
        for question in self.questions {
            writer.whole(|writer| {
                writer.put_name(&question.name)?;
                writer.put(&question.kind.to_be_bytes())?;
                writer.put(&question.class.to_be_bytes())
            })?;
            counts[0] += 1;
        }
        for (section, count) in self.sections.iter().zip(&mut counts[1..]) {
            for record in section.iter() {
                let room = *count < u16::MAX - 1;
                room.then_some(()).ok_or(Full)?;
                writer.whole(|writer| writer.put_record(record))?;
                *count += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::wire::{IN, kind, records};

    fn name(text: &str) -> Name {
        Name::from_text(text.as_bytes()).unwrap()
    }

    fn address(owner: &str, last: u8) -> Record {
        let mut bytes = mm::vec();
        bytes.try_extend_from_slice(&[1, 2, 3, last]).unwrap();
        Record {
            owner: name(owner),
            kind: kind::A,
            class: IN,
            ttl: 5,
            data: Data::Bytes(bytes),
        }
    }

    fn alias(owner: &str, to: &str) -> Record {
        Record {
            owner: name(owner),
            kind: kind::CNAME,
            class: IN,
            ttl: 5,
            data: Data::Name(mm::Box::new(name(to)).unwrap()),
        }
    }

    fn sections(answers: Vec<Record>) -> [mm::Vec<Record>; 3] {
        let mut sections = [mm::vec(), mm::vec(), mm::vec()];
        for record in answers {
            sections[0].try_push(record).unwrap();
        }
        sections
    }

    fn write(sections: &[mm::Vec<Record>; 3], edns: bool, room: usize) -> Vec<u8> {
        let question = Question {
            name: name("WWW.example.test"),
            kind: kind::A,
            class: IN,
        };
        let response = Response {
            id: 7,
            flags: wire::QR,
            questions: &[question],
            sections,
            edns,
        };
        let mut out = vec![0xee; room.min(response.size())];
        let len = response.write(&mut out);
        out.truncate(len);
        out
    }

    #[test]
    fn names_are_written_once() {
        let sections = sections(vec![
            alias("www.example.test", "a.Example.test"),
            address("a.Example.test", 1),
            address("a.Example.test", 2),
        ]);
        let message = write(&sections, false, 512);
        let header = Header::read(&message).unwrap();
        assert_eq!(header.counts, [1, 3, 0, 0]);
        let (question, at) = Question::read(&message, HEADER).unwrap();
        assert!(question.name.eq_exactly(&name("WWW.example.test")));
        let read: Vec<_> = records(&message, at, true, 3).map(Result::unwrap).collect();
        assert!(
            read[0]
                .0
                .owner
                .read()
                .unwrap()
                .eq_exactly(&name("www.example.test"))
        );
        assert!(
            read[0]
                .0
                .name()
                .unwrap()
                .eq_exactly(&name("a.Example.test"))
        );
        assert!(
            read[2]
                .0
                .owner
                .read()
                .unwrap()
                .eq_exactly(&name("a.Example.test"))
        );
        assert_eq!(read[2].1, message.len());
        // The second address's owner is a pointer.
        assert_eq!(read[2].1 - read[1].1, 2 + 10 + 4);
    }

    #[test]
    fn what_has_no_room_is_cut_between_records() {
        let answers = || (0..60).map(|i| address("www.example.test", i)).collect();
        for edns in [false, true] {
            let sections = sections(answers());
            let whole = write(&sections, edns, 65535);
            for room in 12..whole.len() + 5 {
                let message = write(&sections, edns, room);
                assert!(message.len() <= room);
                let Ok(header) = Header::read(&message) else {
                    assert!(edns && room < 23);
                    continue;
                };
                assert_eq!(header.has(wire::TC), message.len() < whole.len());
                let [questions, answers, _, additional] = header.counts;
                let mut at = HEADER;
                for _ in 0..questions {
                    at = Question::read(&message, at).unwrap().1;
                }
                let all = (answers + additional).into();
                let read: Vec<_> = records(&message, at, true, all)
                    .map(Result::unwrap)
                    .collect();
                assert_eq!(read.len(), all as usize);
                assert_eq!(read.last().map_or(at, |(_, end)| *end), message.len());
                assert_eq!(additional, u16::from(edns));
            }
        }
    }
}
