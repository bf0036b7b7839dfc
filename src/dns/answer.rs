//! Whether a message answers a question, and what it says. Whatever does not match is not ours, and
//! says nothing: anybody may have sent it.

use super::name::{Malformed, Name};
use super::wire::{self, HEADER, Header, Question, Record, kind, rcode, records};
use crate::support::mm;

/// How many aliases a chain may have.
const MAX_CHAIN: usize = 16;
/// No answer is believed for longer than a week.
const MAX_TTL: u32 = 7 * 24 * 3600;
/// That something does not exist is remembered for three hours at most (RFC 2308, section 5).
const MAX_NEGATIVE: u32 = 3 * 3600;

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
            if let Some(at) = repeats(message, asked) {
                compared.answers_at = at;
                compared.how = Match::Yes;
            } else {
                match compare_question(message, asked) {
                    Ok((how, at)) => (compared.how, compared.answers_at) = (how, at),
                    Err(Malformed) => return compared,
                }
            }
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

/// Where a message goes on that has the question exactly as it was sent, as most have.
fn repeats(message: &[u8], asked: &Asked) -> Option<usize> {
    let rest = message[HEADER..].strip_prefix(asked.name.wire())?;
    let ([a, b], [c, d]) = (asked.kind.to_be_bytes(), wire::IN.to_be_bytes());
    let rest = rest.strip_prefix(&[a, b, c, d])?;
    Some(message.len() - rest.len())
}

/// How the question of a message goes with the one that was asked, and where the message goes on.
fn compare_question(message: &[u8], asked: &Asked) -> Result<(Match, usize), Malformed> {
    let (question, at) = Question::find(message, HEADER)?;
    let same = question.kind == asked.kind
        && question.class == wire::IN
        && question.name.eq_ignore_case(asked.name);
    let how = if !same {
        Match::No
    } else if asked.exact_case && !question.name.read()?.eq_exactly(asked.name) {
        Match::CaseDiffers
    } else {
        Match::Yes
    };
    Ok((how, at))
}

fn find_opt<'a>(message: &'a [u8], compared: &Compared) -> Option<Record<'a>> {
    let [_, answers, authority, additional] = compared.header.counts.map(u32::from);
    // Nobody is told what only a whole walk would find.
    if additional == 0 {
        return None;
    }
    let all = answers + authority + additional;
    records(message, compared.answers_at, false, all)
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
    /// For how long all of it may be remembered, the aliases that lead there included.
    pub lifetime: u32,
}

/// Takes what is wanted out of records.
struct Taker<'a> {
    kind: u16,
    target: &'a mut Option<Name>,
    addresses: &'a mut mm::Vec<u8>,
    count: usize,
    ttl: u32,
}

impl Taker<'_> {
    fn forget(&mut self) {
        *self.target = None;
        self.addresses.clear();
        self.count = 0;
        self.ttl = u32::MAX;
    }

    fn take(&mut self, record: &Record) -> Result<(), Malformed> {
        let size = match self.kind {
            kind::A => 4,
            kind::AAAA => 16,
            _ => {
                let name = record.name()?;
                self.target.get_or_insert(name);
                self.count += 1;
                self.ttl = self.ttl.min(sane(record.ttl));
                return Ok(());
            }
        };
        // Servers made with libevent 2 put several addresses into one record.
        if !record.data.len().is_multiple_of(size) {
            return Err(Malformed);
        }
        if !record.data.is_empty() {
            self.count += record.data.len() / size;
            self.ttl = self.ttl.min(sane(record.ttl));
            // Those for which there is no memory are left out; there is room for many.
            let _ = self.addresses.try_extend_from_slice(record.data);
        }
        Ok(())
    }
}

/// Puts the addresses of the answer to a question for `name` and `kind` into `addresses`, one behind
/// the other in the order of the message. `target` gets the end of the chain of aliases, if there was
/// one, or for `PTR` the first name. The chain may stand in any order; what does not belong to it is
/// passed over. After an error, both may have anything in them.
pub fn extract(
    message: &[u8],
    compared: &Compared,
    name: &Name,
    kind: u16,
    target: &mut Option<Name>,
    addresses: &mut mm::Vec<u8>,
) -> Result<Found, Malformed> {
    let [_, answers, authority, additional] = compared.header.counts.map(u32::from);
    let matched = compared.how != Match::Bare;
    let read = |count| records(message, compared.answers_at, matched, count);
    let mut taker = Taker {
        kind,
        target,
        addresses,
        count: 0,
        ttl: u32::MAX,
    };
    taker.forget();
    let mut negative_ttl = 0;
    let mut has_aliases = false;
    let mut taken = Ok(());
    // All of it must be there, not only what is of use.
    for (index, record) in (0..).zip(read(answers + authority + additional)) {
        let (record, _) = record?;
        if index >= answers {
            if index < answers + authority && record.is(kind::SOA) {
                negative_ttl = sane(record.ttl).min(sane(record.soa_minimum()?));
            }
        } else if record.is(kind::CNAME) {
            has_aliases = true;
        } else if record.is(kind)
            // The question is the one that was asked.
            && (record.owner.is_question() || record.owner.eq_ignore_case(name))
        {
            taken = taken.and_then(|()| taker.take(&record));
        }
    }
    let denied = compared.rcode != rcode::NO_ERROR;
    let (alias, alias_ttl) = if has_aliases && !denied {
        follow(|| read(answers), name)?
    } else {
        (None, u32::MAX)
    };
    if denied {
        taker.forget();
    } else if let Some(alias) = &alias {
        taker.forget();
        for (record, _) in read(answers).map_while(Result::ok) {
            if record.is(kind) && record.owner.eq_ignore_case(alias) {
                taker.take(&record)?;
            }
        }
    } else {
        taken?;
    }
    let (count, ttl) = (taker.count, taker.ttl);
    if kind != kind::PTR {
        *target = alias;
    }
    let (ttl, most) = if count > 0 {
        (ttl, MAX_TTL)
    } else {
        (negative_ttl, MAX_NEGATIVE)
    };
    Ok(Found {
        count,
        ttl,
        lifetime: ttl.min(alias_ttl).min(most),
    })
}

/// The end of the chain of aliases of a name, if it has any, and how long all of them may be believed.
fn follow<'a, R>(answers: impl Fn() -> R, name: &Name) -> Result<(Option<Name>, u32), Malformed>
where
    R: Iterator<Item = Result<(Record<'a>, usize), Malformed>>,
{
    let mut alias: Option<Name> = None;
    let mut ttl = u32::MAX;
    for hop in 0.. {
        let owner = alias.as_ref().unwrap_or(name);
        let mut aliases = answers().map_while(Result::ok).map(|(record, _)| record);
        let next =
            aliases.find(|record| record.is(kind::CNAME) && record.owner.eq_ignore_case(owner));
        let Some(next) = next else { break };
        ttl = ttl.min(sane(next.ttl));
        let next = next.name()?;
        if hop == MAX_CHAIN || next.eq_ignore_case(owner) {
            return Err(Malformed);
        }
        alias = Some(next);
    }
    Ok((alias, ttl))
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
