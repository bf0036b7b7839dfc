//! A question to us, and the answer that the program makes.

use core::cell::{RefCell, UnsafeCell};
use core::ffi::c_int;
use core::mem::offset_of;
use core::ptr::{self, NonNull};

use super::Port;
use super::response::{Data, Response};

pub use super::response::Record;
use crate::ctypes::dns::{EVDNS_ANSWER_SECTION, EVDNS_CLASS_INET};
use crate::ctypes::dns_struct::{evdns_server_question, evdns_server_request};
use crate::dns::name::{MAX_WIRE, Malformed, Name};
use crate::dns::wire::{
    self, HEADER, Header, MAX_MESSAGE, PLAIN_DATAGRAM, Question, kind, rcode, records,
};
use crate::net::udp::RawAddr;
use crate::support::mm;
use crate::support::shared::Ref;

/// The largest datagram that IPv4 carries.
const MAX_DATAGRAM: usize = 65507;
/// More than any honest question has.
const MAX_QUESTIONS: usize = 32;

/// Who asked.
#[derive(Clone, Copy)]
pub enum Peer {
    Datagram(RawAddr),
    /// The number of a client.
    Client(u32),
}

/// A question, with what programs see of it in front.
#[repr(C)]
pub struct Request {
    public: UnsafeCell<evdns_server_request>,
    pub port: Ref<Port>,
    pub peer: Peer,
    asked: Asked,
    /// What `public` points to.
    _texts: mm::OwnedBlock,
    sections: RefCell<[mm::Vec<Record>; 3]>,
}

/// What a message is.
pub enum Read {
    Question(mm::Box<Request>),
    /// To be answered with this.
    Refused([u8; HEADER]),
    /// To be passed over.
    Nothing,
}

/// Reads a message from somebody.
pub fn read(message: &[u8], port: Ref<Port>, peer: Peer) -> Read {
    let request = match parse(message) {
        Ok(Parsed::Asked(asked)) => Request::new(port, peer, asked),
        Ok(Parsed::Refused(refusal)) => return Read::Refused(refusal),
        Ok(Parsed::Nothing) | Err(Malformed) => None,
    };
    // A program that has no memory can't answer.
    request.map_or(Read::Nothing, Read::Question)
}

/// What a message asks.
pub struct Asked {
    pub id: u16,
    /// Those that the answer repeats.
    pub flags: u16,
    /// How large an answer may be that goes as a datagram, if it was said.
    pub edns: Option<u16>,
    pub questions: mm::Vec<Question>,
}

/// What a message is, whoever sent it.
pub enum Parsed {
    Asked(Asked),
    /// To be answered with this.
    Refused([u8; HEADER]),
    /// To be passed over.
    Nothing,
}

/// Reads a message.
pub fn parse(message: &[u8]) -> Result<Parsed, Malformed> {
    let header = Header::read(message)?;
    if header.has(wire::QR) {
        return Ok(Parsed::Nothing);
    }
    let kept = header.flags & (wire::RD | wire::CD);
    if header.has(wire::OPCODE) {
        let refusal = Header {
            id: header.id,
            flags: wire::QR | header.flags & wire::OPCODE | kept | rcode::NOTIMP,
            counts: [0; 4],
        };
        return Ok(Parsed::Refused(refusal.bytes()));
    }
    let count = usize::from(header.counts[0]);
    if count == 0 || count > MAX_QUESTIONS {
        return Ok(Parsed::Nothing);
    }
    let mut questions = mm::vec();
    if questions.try_reserve_exact(count).is_err() {
        return Ok(Parsed::Nothing);
    }
    let mut at = HEADER;
    for _ in 0..count {
        let (question, next) = Question::read(message, at)?;
        if question.name.labels().any(|label| label.contains(&0)) {
            // As text it would be another name.
            return Ok(Parsed::Nothing);
        }
        questions.push_within_capacity(question);
        at = next;
    }
    let others = header.counts[1..].iter().copied().map(u32::from).sum();
    let edns = records(message, at, true, others)
        .map_while(Result::ok)
        .find(|(record, _)| record.kind == kind::OPT)
        .map(|(record, _)| record.class);
    Ok(Parsed::Asked(Asked {
        id: header.id,
        flags: kept,
        edns,
        questions,
    }))
}

impl Asked {
    /// An answer with these flags and records, of at most `limit` bytes. `None` without memory.
    pub fn response(
        &self,
        flags: u16,
        sections: &[mm::Vec<Record>; 3],
        limit: usize,
    ) -> Option<mm::Vec<u8>> {
        let response = Response {
            id: self.id,
            flags,
            questions: &self.questions,
            sections,
            edns: self.edns.is_some(),
        };
        let mut out = mm::vec();
        out.try_resize(response.size().min(limit), 0).ok()?;
        let len = response.write(&mut out);
        out.truncate(len);
        Some(out)
    }
}

impl Request {
    fn new(port: Ref<Port>, peer: Peer, asked: Asked) -> Option<mm::Box<Request>> {
        let (texts, pointers) = texts(&asked.questions)?;
        let public = evdns_server_request {
            flags: asked.flags.into(),
            nquestions: asked.questions.len() as c_int,
            questions: pointers,
        };
        mm::Box::new(Request {
            public: UnsafeCell::new(public),
            port,
            peer,
            asked,
            _texts: texts,
            sections: RefCell::new([mm::vec(), mm::vec(), mm::vec()]),
        })
        .ok()
    }

    /// For the program.
    pub fn as_public(this: NonNull<Request>) -> *mut evdns_server_request {
        const { assert!(offset_of!(Request, public) == 0) };
        this.as_ptr().cast()
    }

    /// The request behind a pointer of a program.
    ///
    /// # Safety
    /// `public` is null or came from [`Self::as_public`].
    pub unsafe fn from_public(public: *mut evdns_server_request) -> Option<NonNull<Request>> {
        NonNull::new(public.cast())
    }

    /// The flags, which programs may write.
    pub fn flags(&self) -> c_int {
        // SAFETY: the program does not write them while it calls.
        unsafe { (*self.public.get()).flags }
    }

    pub fn set_flags(&self, flags: c_int) {
        // SAFETY: as above.
        unsafe { (*self.public.get()).flags = flags }
    }

    /// Adds a record to a section of the answer. False for a wrong section, and without memory.
    pub fn add(&self, section: c_int, record: Record) -> bool {
        let mut sections = self.sections.borrow_mut();
        usize::try_from(section)
            .ok()
            .and_then(|section| sections.get_mut(section))
            .is_some_and(|section| section.try_push(record).is_ok())
    }

    /// The answer, with a rcode. `None` without memory.
    pub fn response(&self, code: u16) -> Option<mm::Vec<u8>> {
        let flags = (self.flags() as u16) & !(wire::RCODE | wire::OPCODE) | wire::QR | code;
        let limit = match (self.peer, self.asked.edns) {
            (Peer::Client(_), _) => MAX_MESSAGE,
            (Peer::Datagram(_), None) => PLAIN_DATAGRAM,
            (Peer::Datagram(_), Some(size)) => {
                usize::from(size).clamp(PLAIN_DATAGRAM, MAX_DATAGRAM)
            }
        };
        let sections = self.sections.borrow();
        self.asked.response(flags, &sections, limit)
    }
}

/// The questions as programs see them, and the array of pointers to them, in one block.
pub fn texts(questions: &[Question]) -> Option<(mm::OwnedBlock, *mut *mut evdns_server_question)> {
    const HEAD: usize = offset_of!(evdns_server_question, name);
    let size_of_one = |name: &Name| {
        (HEAD + name.wire().len() + 1).next_multiple_of(align_of::<evdns_server_question>())
    };
    let array = size_of::<*mut evdns_server_question>() * questions.len();
    let all = questions.iter().map(|question| size_of_one(&question.name));
    let block = mm::OwnedBlock::zeroed(array + all.sum::<usize>()).ok()?;
    let pointers = block.as_ptr().cast::<*mut evdns_server_question>();
    let mut at = array;
    for (index, question) in questions.iter().enumerate() {
        let mut room = [0; MAX_WIRE];
        let text = question.name.raw_text(&mut room);
        // SAFETY: the block has room for the array and for each question with its name, and a zero
        // behind that; it is aligned as malloc does, and all sizes keep that up.
        unsafe {
            let place = block.as_ptr().add(at).cast::<evdns_server_question>();
            pointers.add(index).write(place);
            (&raw mut (*place).r#type).write(question.kind.into());
            (&raw mut (*place).class).write(question.class.into());
            let name = block.as_ptr().add(at + HEAD);
            ptr::copy_nonoverlapping(text.as_ptr(), name, text.len());
        }
        at += size_of_one(&question.name);
    }
    Some((block, pointers))
}

/// Adds one record for each address: `size` bytes of `addresses` each. False if that can't be done,
/// and then some may have been added.
pub fn add_addresses(
    request: &Request,
    owner: &[u8],
    kind: c_int,
    ttl: c_int,
    (addresses, size): (&[u8], usize),
) -> bool {
    addresses.chunks_exact(size).all(|address| {
        record(owner, (kind, EVDNS_CLASS_INET), ttl, address)
            .is_some_and(|record| request.add(EVDNS_ANSWER_SECTION, record))
    })
}

/// A record that holds bytes. `None` for a name that can't be one, too many bytes, and without memory.
pub fn record(
    owner: &[u8],
    (kind, class): (c_int, c_int),
    ttl: c_int,
    data: &[u8],
) -> Option<Record> {
    let mut bytes = mm::vec();
    u16::try_from(data.len()).ok()?;
    bytes.try_extend_from_slice(data).ok()?;
    Some(Record {
        owner: Name::from_text(owner)?,
        kind: kind as u16,
        class: class as u16,
        ttl: ttl as u32,
        data: Data::Bytes(bytes),
    })
}

/// A record that holds a name.
pub fn record_of_name(
    owner: &[u8],
    (kind, class): (c_int, c_int),
    ttl: c_int,
    name: &[u8],
) -> Option<Record> {
    Some(Record {
        owner: Name::from_text(owner)?,
        kind: kind as u16,
        class: class as u16,
        ttl: ttl as u32,
        data: Data::Name(mm::Box::new(Name::from_text(name)?).ok()?),
    })
}
