//! Messages as the crate `domain` reads them: what is read here is read there, too, and as the same.

use domain::base::{Message, ToName};

use super::name::Name;
use super::wire::{HEADER, Header, Query, Question, kind, records};
use crate::testing::noise;

/// The labels of all names and the types in a message, question first; `None` if it can't be read.
type Reading = Option<Vec<(Vec<Vec<u8>>, u16)>>;

fn ours(message: &[u8]) -> Reading {
    let labels = |name: &Name| name.labels().map(<[u8]>::to_vec).collect();
    let header = Header::read(message).ok()?;
    let mut at = HEADER;
    let mut all = Vec::new();
    for _ in 0..header.counts[0] {
        let (question, next) = Question::read(message, at).ok()?;
        all.push((labels(&question.name), question.kind));
        at = next;
    }
    let count = header.counts[1..].iter().copied().map(u32::from).sum();
    for read in records(message, at, header.counts[0] > 0, count) {
        let (record, _) = read.ok()?;
        all.push((labels(&record.owner.read().ok()?), record.kind));
    }
    Some(all)
}

fn their_labels(name: &impl ToName) -> Vec<Vec<u8>> {
    let all = name.iter_labels().map(|label| label.as_slice().to_vec());
    all.filter(|label| !label.is_empty()).collect()
}

fn theirs(message: &[u8]) -> Reading {
    let message = Message::from_octets(message).ok()?;
    let mut all = Vec::new();
    for question in message.question() {
        let question = question.ok()?;
        all.push((their_labels(question.qname()), question.qtype().to_int()));
    }
    for read in message.iter() {
        let (record, _) = read.ok()?;
        all.push((their_labels(&record.owner()), record.rtype().to_int()));
    }
    Some(all)
}

fn kept() -> Vec<Vec<u8>> {
    let corpus = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/capi-tests/fuzz/corpus/dns_messages"
    );
    let entries = std::fs::read_dir(corpus).unwrap();
    entries
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn questions() {
    for name in ["", "a", "www.example.test", "x.".repeat(127).as_str()] {
        let name = Name::from_text(name.as_bytes()).unwrap();
        let query = Query::new(7, &name, kind::AAAA, Some(4096));
        let read = theirs(query.bytes()).unwrap();
        assert_eq!(Some(&read), ours(query.bytes()).as_ref());
        assert_eq!(read.len(), 2);
    }
}

#[test]
fn changed_messages() {
    let mut noise = noise(7);
    let mut both = 0;
    for message in kept() {
        for _ in 0..20_000 {
            let mut changed = message.clone();
            for _ in 0..1 + noise.next().unwrap() % 3 {
                let at = usize::from(noise.next().unwrap()) % changed.len();
                changed[at] = noise.next().unwrap();
            }
            // What is refused here for being out of the ordinary may be read there.
            if let Some(read) = ours(&changed) {
                assert_eq!(theirs(&changed), Some(read), "{changed:02x?}");
                both += 1;
            }
        }
    }
    assert!(both > 1000, "{both}");
}
