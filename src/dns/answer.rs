//! Whether a message answers a question, and what it says. Whatever does not match is not ours, and
//! says nothing: anybody may have sent it.

use super::name::{Malformed, Name};
use super::wire::{self, HEADER, Header, Question, Record, kind, rcode, records};

/// How many aliases a chain may have.
const MAX_CHAIN: usize = 16;
/// No answer is believed for longer than a week.
const MAX_TTL: u32 = 7 * 24 * 3600;

/// What was asked.
pub struct Asked<'a> {
    pub id: u16,
    pub name: &'a Name,
    pub kind: u16,
    /// The case of letters must come back as it was sent.
    pub exact_case: bool,
}

/// How a message goes with a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Match {
    /// Not at all.
    No,
    /// But for the case of letters.
    CaseDiffers,
    /// The server refuses, without repeating the question.
    Bare,
    /// It answers.
    Yes,
}

/// A message that was compared with a question.
pub struct Compared {
    pub how: Match,
    header: Header,
    /// Where the answers begin.
    answers_at: usize,
    rcode: u16,
}

impl Compared {
    /// With the bits of an OPT record.
    pub fn rcode(&self) -> u16 {
        self.rcode
    }

    /// More was sent than received.
    pub fn set_truncated(&mut self) {
        self.header.flags |= wire::TC;
    }

    pub fn is_truncated(&self) -> bool {
        self.header.has(wire::TC)
    }
}

/// Whether a message answers the question.
pub fn compare(message: &[u8], asked: &Asked) -> Compared {
    let Ok(header) = Header::read(message) else {
        let header = Header {
            id: 0,
            flags: 0,
            counts: [0; 4],
        };
        return Compared {
            how: Match::No,
            header,
            answers_at: 0,
            rcode: 0,
        };
    };
    let mut compared = Compared {
        how: Match::No,
        header,
        answers_at: HEADER,
        rcode: header.rcode(),
    };
    if header.id != asked.id || !header.has(wire::QR) || header.has(wire::OPCODE) {
        return compared;
    }
    match header.counts[0] {
        0 if matches!(
            header.rcode(),
            rcode::FORMERR | rcode::SERVFAIL | rcode::NOTIMP | rcode::REFUSED
        ) =>
        {
            compared.how = Match::Bare;
        }
        1 => {
            let Ok((question, at)) = Question::find(message, HEADER) else {
                return compared;
            };
            compared.answers_at = at;
            if question.kind != asked.kind || question.class != wire::IN {
                return compared;
            }
            // Usually it stands there as it was sent.
            compared.how = if message[HEADER..].starts_with(asked.name.wire()) {
                Match::Yes
            } else if !question.name.eq_ignore_case(asked.name) {
                Match::No
            } else if asked.exact_case
                && !question
                    .name
                    .read()
                    .is_ok_and(|name| name.eq_exactly(asked.name))
            {
                Match::CaseDiffers
            } else {
                Match::Yes
            };
        }
        _ => {}
    }
    if compared.how != Match::No
        && let Some(opt) = find_opt(message, &compared)
    {
        compared.rcode |= opt.extended_rcode();
    }
    compared
}

fn find_opt<'a>(message: &'a [u8], compared: &Compared) -> Option<Record<'a>> {
    let [_, answers, authority, additional] = compared.header.counts.map(u32::from);
    // Nobody is told what only a whole walk would find.
    if additional == 0 {
        return None;
    }
    let all = answers + authority + additional;
    records(message, compared.answers_at, all)
        .map_while(Result::ok)
        .map(|(record, _)| record)
        .find(|record| record.kind == kind::OPT)
}

/// What an answer's records say.
pub struct Found {
    /// Addresses or, for `PTR`, names.
    pub count: usize,
    /// How long that may be believed, in seconds.
    pub ttl: u32,
}

/// Gives each address of the answer to a question for `name` and `kind` to `sink`, in the order of
/// the message. `target` gets the end of the chain of aliases, if there was one, or for `PTR` the
/// first name. The chain may stand in any order; what does not belong to it is passed over.
pub fn extract(
    message: &[u8],
    compared: &Compared,
    name: &Name,
    kind: u16,
    target: &mut Option<Name>,
    mut sink: impl FnMut(&[u8]),
) -> Result<Found, Malformed> {
    let [_, answers, authority, additional] = compared.header.counts.map(u32::from);
    // All of it must be there, not only what is of use.
    let mut negative_ttl = 0;
    let mut has_aliases = false;
    let all = answers + authority + additional;
    for (index, record) in (0..).zip(records(message, compared.answers_at, all)) {
        let (record, _) = record?;
        if index < answers {
            has_aliases |= record.is(kind::CNAME);
        } else if index < answers + authority && record.is(kind::SOA) {
            negative_ttl = sane(record.ttl).min(sane(record.soa_minimum()?));
        }
    }
    let mut found = Found {
        count: 0,
        ttl: negative_ttl,
    };
    if compared.rcode != rcode::NO_ERROR {
        return Ok(found);
    }
    let answers = || {
        records(message, compared.answers_at, answers)
            .map_while(Result::ok)
            .map(|(record, _)| record)
    };
    let mut alias = None;
    // The question is the one that was asked.
    let is_of = |record: &Record, alias: &Option<Name>| match alias {
        None => record.owner.is_question() || record.owner.eq_ignore_case(name),
        Some(alias) => record.owner.eq_ignore_case(alias),
    };
    for hop in (0..).take_while(|_| has_aliases) {
        let owner = alias.as_ref().unwrap_or(name);
        let next = answers().find(|record| record.is(kind::CNAME) && is_of(record, &alias));
        let Some(next) = next else { break };
        let next = next.name()?;
        if hop == MAX_CHAIN || next.eq_ignore_case(owner) {
            return Err(Malformed);
        }
        alias = Some(next);
    }
    let mut ttl = u32::MAX;
    for record in answers() {
        if !record.is(kind) || !is_of(&record, &alias) {
            continue;
        }
        let size = match kind {
            kind::A => 4,
            kind::AAAA => 16,
            _ => {
                let name = record.name()?;
                target.get_or_insert(name);
                found.count += 1;
                ttl = ttl.min(sane(record.ttl));
                continue;
            }
        };
        // Servers made with libevent 2 put several addresses into one record.
        if record.data.len() % size != 0 {
            return Err(Malformed);
        }
        for address in record.data.chunks_exact(size) {
            sink(address);
            found.count += 1;
            ttl = ttl.min(sane(record.ttl));
        }
    }
    if found.count > 0 {
        found.ttl = ttl;
    }
    if kind != kind::PTR {
        *target = alias;
    }
    Ok(found)
}

/// A TTL with the top bit set counts as 0 (RFC 2181, section 8).
fn sane(ttl: u32) -> u32 {
    if ttl > i32::MAX as u32 {
        0
    } else {
        ttl.min(MAX_TTL)
    }
}

#[cfg(test)]
mod tests;
