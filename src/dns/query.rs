//! A question about one name and one type, until it is answered or given up.

use core::ffi::c_int;

use super::name::Name;
use super::nameserver::Serial;
use super::timers::Place;
use super::wire::kind;
use crate::support::mm;
use crate::support::time::Micros;
use crate::sys::Result;

/// As many of its messages are answered late.
pub const MAX_TRIES: usize = 6;

/// A question's name in tables: the lookup's slot and which of its questions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key(u32);

impl Key {
    /// Of no question.
    pub const NONE: Key = Key(u32::MAX);

    pub fn new(slot: u32, which: usize) -> Key {
        Key(2 * slot + which as u32)
    }

    pub fn slot(self) -> u32 {
        self.0 / 2
    }

    pub fn which(self) -> usize {
        (self.0 % 2) as usize
    }
}

/// How far a question is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// It is over, or has not begun.
    Idle,
    /// There is no server, or enough others are being asked.
    Waiting,
    /// Servers are being asked.
    Flying,
}

/// A message that was sent.
#[derive(Clone, Copy)]
pub struct Try {
    pub id: u16,
    pub server: u32,
    /// The socket; `None` for the server's connection.
    pub serial: Option<Serial>,
    pub sent: Micros,
    /// Not answered yet.
    pub open: bool,
    /// It had an OPT record.
    pub edns: bool,
    /// Nobody waits for it: it finds out whether the server is there.
    pub besides: bool,
}

impl Try {
    const NONE: Try = Try {
        id: 0,
        server: 0,
        serial: None,
        sent: 0,
        open: false,
        edns: false,
        besides: false,
    };
}

/// A question.
pub struct Query {
    /// With the case of its letters.
    pub name: Name,
    pub kind: u16,
    pub stage: Stage,
    /// The list of those that wait, or that fly.
    pub previous: Key,
    pub next: Key,
    pub place: Place,
    /// The end, come what may.
    pub deadline: Micros,
    /// When something is due before.
    pub due: Micros,
    /// Timeouts that may still be waited for.
    pub left: u32,
    /// A whole timeout is being waited for.
    pub whole: bool,
    /// What is waited for is no answer.
    pub resting: bool,
    /// The servers that were asked in this round, by their place modulo 256.
    asked: [u64; 4],
    tries: [Try; MAX_TRIES],
    /// How many of them there are.
    made: usize,
    /// Over TCP from now on.
    pub tcp: bool,
    /// Servers that TCP was tried at without success.
    pub tcp_failures: u32,
    /// The connection that it was asked over has ended.
    pub lost: bool,
    /// The case of letters must come back as it was sent.
    pub exact_case: bool,
    pub case_retried: bool,
    /// All servers failed, and one round more is made.
    pub second_round: bool,
    /// What to say unless something better comes: `DNS_ERR_*`.
    pub error: c_int,
    pub ttl: u32,
    /// For how many seconds the cache may keep the result.
    pub lifetime: u32,
    pub count: usize,
    /// The addresses, one behind the other.
    pub addresses: mm::Vec<u8>,
    /// The end of a chain of aliases, or what a PTR record says.
    pub target: Option<Name>,
}

/// So many addresses have room without any more memory.
const ADDRESSES: usize = 32;

impl Query {
    /// How many bytes addresses may take without any more memory.
    pub fn room(kind: u16) -> usize {
        match kind {
            kind::A => 4 * ADDRESSES,
            kind::AAAA => 16 * ADDRESSES,
            _ => 0,
        }
    }

    /// Of nothing, until [`Self::renew`].
    pub fn new() -> Query {
        Query {
            name: Name::ROOT,
            kind: 0,
            stage: Stage::Idle,
            previous: Key::NONE,
            next: Key::NONE,
            place: Place::NONE,
            deadline: 0,
            due: 0,
            left: 0,
            whole: false,
            resting: false,
            asked: [0; 4],
            tries: [Try::NONE; MAX_TRIES],
            made: 0,
            tcp: false,
            tcp_failures: 0,
            lost: false,
            exact_case: false,
            case_retried: false,
            second_round: false,
            error: 0,
            ttl: 0,
            lifetime: 0,
            count: 0,
            addresses: mm::vec(),
            target: None,
        }
    }

    /// Makes room for addresses.
    pub fn make_room(&mut self, kind: u16) -> Result {
        self.addresses.clear();
        if self.addresses.capacity() < Query::room(kind) {
            self.addresses.try_reserve_exact(Query::room(kind))?;
        }
        Ok(())
    }

    /// For another lookup.
    pub fn renew(&mut self, kind: u16, place: Place) {
        debug_assert!(self.made == 0 && self.stage == Stage::Idle);
        (self.kind, self.place) = (kind, place);
    }

    /// Begins anew; its name may be another one.
    pub fn begin(&mut self, attempts: u32, tcp: bool, deadline: Micros) {
        self.deadline = deadline;
        self.due = deadline;
        self.left = attempts;
        self.asked = [0; 4];
        self.tcp = tcp;
        self.tcp_failures = 0;
        self.case_retried = false;
        self.second_round = false;
        self.error = 0;
        (self.ttl, self.lifetime) = (0, 0);
        self.clear_result();
    }

    /// Gives the letters of the name the case that `bits` say, which the answer must have, too.
    pub fn set_case(&mut self, bits: Option<[u8; 32]>) {
        if let Some(bits) = bits {
            self.name.set_case(&bits);
        }
        self.exact_case = bits.is_some();
    }

    pub fn clear_result(&mut self) {
        self.count = 0;
        self.addresses.clear();
        self.target = None;
    }

    pub fn was_asked(&self, index: usize) -> bool {
        self.asked[index / 64 % 4] >> (index % 64) & 1 != 0
    }

    pub fn note_asked(&mut self, index: usize) {
        self.asked[index / 64 % 4] |= 1 << (index % 64);
    }

    pub fn forget_asked(&mut self) {
        self.asked = [0; 4];
    }

    pub fn tries(&self) -> impl Iterator<Item = &Try> {
        self.tries.iter().take(self.made)
    }

    pub fn has_try(&self, which: impl Fn(&Try) -> bool) -> bool {
        self.tries().any(which)
    }

    /// Whether an answer is being waited for from another server, which was asked no earlier than
    /// this one.
    pub fn waits_for_another(&self, answered: &Try) -> bool {
        !self.resting
            && self.has_try(|made| {
                made.open
                    && !made.besides
                    && made.server != answered.server
                    && made.sent >= answered.sent
            })
    }

    pub fn find_try(&mut self, id: u16) -> Option<&mut Try> {
        let mut tries = self.tries.iter_mut().take(self.made);
        tries.find(|made| made.id == id)
    }

    /// Remembers a message. Returns the one that is forgotten for it.
    pub fn add_try(&mut self, made: Try) -> Option<Try> {
        if let Some(place) = self.tries.get_mut(self.made) {
            *place = made;
            self.made += 1;
            return None;
        }
        // Rather one that was answered, then the oldest.
        let place = self
            .tries
            .iter_mut()
            .min_by_key(|made| (made.open, made.sent));
        place.map(|place| core::mem::replace(place, made))
    }

    /// Forgets one message that is asked for.
    pub fn take_try(&mut self, which: impl Fn(&Try) -> bool) -> Option<Try> {
        let at = self.tries().position(which)?;
        self.made -= 1;
        self.tries.swap(at, self.made);
        Some(self.tries[self.made])
    }

    /// A number that tells names apart, mostly.
    pub fn name_hash(&self) -> u32 {
        super::hosts::hash(self.name.wire())
    }
}
