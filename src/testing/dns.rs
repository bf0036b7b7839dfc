//! Messages, resolv.conf and hosts files of any bytes: nothing is read that is not there, and what is
//! read is what is written.

use std::ffi::CStr;

use crate::dns::answer::{Asked, Match, compare, extract};
use crate::dns::hosts::Hosts;
use crate::dns::name::{MAX_TEXT, MAX_WIRE, Malformed, Name};
use crate::dns::resolv_conf::{Line, lines, option, words};
use crate::dns::search::Search;
use crate::dns::server::request::{self, Parsed};
use crate::dns::server::response::{self, Data};
use crate::dns::wire::{
    self, HEADER, Header, MAX_MESSAGE, OPT_SIZE, PLAIN_DATAGRAM, Query, Question, Record, kind,
    rcode, records,
};
use crate::dns::{cache, options};
use crate::support::mm;

/// A message, as an answer to the question that it repeats, and as a question.
pub fn messages(input: &[u8]) {
    let Ok(header) = Header::read(input) else {
        return;
    };
    assert_eq!(&header.bytes(), &input[..HEADER]);
    let Ok((question, at)) = Question::read(input, HEADER) else {
        return;
    };
    assert!(at <= input.len());
    check_name(&question.name);
    for asked_kind in [kind::A, kind::AAAA, kind::PTR] {
        let asked = Asked {
            id: header.id,
            name: &question.name,
            kind: asked_kind,
            exact_case: true,
        };
        let compared = compare(input, &asked);
        if compared.how != Match::Yes {
            continue;
        }
        let (mut addresses, mut target) = (mm::vec(), None);
        let found = extract(
            input,
            &compared,
            asked.name,
            asked.kind,
            &mut target,
            &mut addresses,
        );
        if let Ok(found) = found {
            assert!(found.ttl <= 7 * 24 * 3600);
            if asked_kind != kind::PTR {
                let size = if asked_kind == kind::A { 4 } else { 16 };
                assert_eq!(addresses.len(), size * found.count);
                for address in addresses.chunks(size) {
                    assert!(input.windows(size).any(|window| window == address));
                }
            }
            if let Some(name) = &target {
                check_name(name);
            }
        }
    }
    let all = header.counts[1..].iter().copied().map(u32::from).sum();
    for read in records(input, at, true, all) {
        let Ok((record, end)) = read else { break };
        assert!(end <= input.len());
        check_record(&record);
    }
}

/// A message as the server takes it, and the answer to it: it has the questions of the message, and
/// whatever there is no room for is left out whole.
pub fn questions(input: &[u8]) {
    let asked = match request::parse(input) {
        Ok(Parsed::Asked(asked)) => asked,
        Ok(Parsed::Refused(refusal)) => {
            assert_eq!(refusal[..2], input[..2]);
            assert_eq!(Header::read(&refusal).unwrap().rcode(), rcode::NOTIMP);
            return;
        }
        Ok(Parsed::Nothing) | Err(Malformed) => return,
    };
    let (_block, pointers) = request::texts(&asked.questions).unwrap();
    let mut sections = [mm::vec(), mm::vec(), mm::vec()];
    for (index, question) in asked.questions.iter().enumerate() {
        let mut room = [0; MAX_WIRE];
        let text = question.name.raw_text(&mut room);
        // SAFETY: there are so many, and each name ends with a zero.
        let told = unsafe { CStr::from_ptr((&raw const (**pointers.add(index)).name).cast()) };
        assert_eq!(told.to_bytes(), text);
        for (number, section) in sections.iter_mut().enumerate() {
            let data = match number {
                0 => Data::Bytes(mm::vec()),
                _ => Data::Name(mm::Box::new(question.name).unwrap()),
            };
            let record = response::Record {
                owner: question.name,
                kind: kind::PTR,
                class: 1,
                ttl: index as u32,
                data,
            };
            section.try_push(record).unwrap();
        }
    }
    let count = asked.questions.len();
    for limit in [HEADER + OPT_SIZE, 40, 200, PLAIN_DATAGRAM, MAX_MESSAGE] {
        let answer = asked.response(wire::QR, &sections, limit).unwrap();
        assert!(answer.len() <= limit);
        let header = Header::read(&answer).unwrap();
        assert_eq!(header.id, asked.id);
        let [questions, others @ ..] = header.counts.map(usize::from);
        assert!(questions <= count);
        let mut at = HEADER;
        for question in asked.questions.iter().take(questions) {
            let (read, next) = Question::read(&answer, at).unwrap();
            assert!(read.name.eq_exactly(&question.name));
            assert_eq!((read.kind, read.class), (question.kind, question.class));
            at = next;
        }
        let all: usize = others.iter().sum();
        for read in records(&answer, at, questions > 0, all as u32) {
            let (record, next) = read.unwrap();
            check_record(&record);
            at = next;
        }
        assert_eq!(at, answer.len());
        let opt = usize::from(asked.edns.is_some());
        let whole = questions + all - opt == 4 * count;
        assert_eq!(header.has(wire::TC), !whole);
    }
}

fn check_record(record: &Record) {
    check_name(&record.owner.read().unwrap());
    if let Ok(name) = record.name() {
        check_name(&name);
    }
    let _ = record.soa_minimum();
}

/// A name keeps its bytes in a message, and its text is one of its own.
fn check_name(name: &Name) {
    let query = Query::new(7, name, kind::A, Some(512));
    let (question, _) = Question::read(query.bytes(), HEADER).unwrap();
    assert!(question.name.eq_exactly(name));
    assert!(name.wire().len() <= MAX_WIRE);
    let mut room = [0; MAX_TEXT];
    let text = name.write_text(&mut room);
    assert!(text.iter().all(u8::is_ascii_graphic));
    assert_eq!(
        cache::c_text(name).as_deref().map(<[u8]>::len),
        Some(text.len() + 1)
    );
    // Without anything to escape it is the name again.
    if !text.contains(&b'\\') {
        assert!(Name::from_text(text).unwrap().eq_exactly(name));
    }
}

/// The bytes as a resolv.conf file, as a hosts file, and as a name.
pub fn files(input: &[u8]) {
    let mut search = Search::new();
    for line in lines(input) {
        match line {
            Line::Nameserver(word) | Line::Domain(word) => {
                assert!(!word.is_empty() && words(word).count() == 1);
            }
            Line::Search(text) => {
                for domain in words(text) {
                    search.push_back(domain);
                }
            }
            Line::Options(text) => {
                for word in words(text) {
                    let (name, value) = option(word);
                    assert_eq!(name.len() + value.len(), word.len());
                    let _ = options::parse(name, Some(value));
                }
            }
        }
    }
    let www = Name::from_text(b"www").unwrap();
    for index in 0..search.candidates(false) {
        let mut name = www;
        if search.extend(&mut name, false, index) {
            check_name(&name);
        }
    }
    let mut hosts = Hosts::new();
    assert!(hosts.add_file(input));
    for word in words(input).take(20) {
        // What it says about a name, it says whatever the case.
        let found: Vec<_> = hosts.find(word).collect();
        let upper = word.to_ascii_uppercase();
        assert_eq!(hosts.find(&upper).collect::<Vec<_>>(), found);
    }
    if let Some(name) = Name::from_text(input) {
        check_name(&name);
        let mut room = [0; MAX_WIRE];
        let raw = name.raw_text(&mut room);
        assert_eq!(raw, input.strip_suffix(b".").unwrap_or(input));
    }
}
