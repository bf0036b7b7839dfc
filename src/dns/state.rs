//! What a resolver knows: servers, lookups, and which message belongs to what.

use core::ffi::c_int;
use core::hash::{BuildHasherDefault, Hasher};
use core::ptr::NonNull;
use std::net::SocketAddr;

use hashbrown::HashMap;

use super::cache::{Cache, Known, c_text};
use super::deliver::query_addresses;
use super::hosts::Hosts;
use super::lookup::{Handle, Lookup, Stage};
use super::nameserver::Server;
use super::options::{Options, SECOND};
use super::query::{Key, Query, Stage as QueryStage};
use super::random::Random;
use super::resolver::Resolver;
use super::search::Search;
use super::timers::Timers;
use super::wire::kind;
use crate::base::BaseRef;
use crate::ctypes::dns::*;
use crate::support::mm::{self, Hooked};
use crate::support::shared::Ref;
use crate::support::time::Micros;
use crate::sys::Errno;

/// Who a deadline belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    Query(Key),
    /// A lookup whose second family of addresses is late.
    Skew(u32),
    Server(u32),
}

/// What a message with an id asks.
#[derive(Clone, Copy)]
pub enum Asks {
    Query(Key),
    Probe(u32),
}

/// Ids are random: nobody can have many of them meet in one place.
#[derive(Default)]
pub struct IdHasher(u64);

type ById = BuildHasherDefault<IdHasher>;

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0 << 8 | u64::from(byte);
        }
    }

    fn write_u16(&mut self, id: u16) {
        self.0 = id.into();
    }

    fn finish(&self) -> u64 {
        // The table looks at both ends: 2^64 divided by the golden ratio spreads them.
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Why a server counts as down.
#[derive(Clone, Copy)]
pub enum Reason {
    Timeout,
    Rcode(u16),
    System(Errno),
}

/// What is to be told when nothing is in use any more.
#[derive(Clone, Copy)]
pub enum Notice {
    Failed(SocketAddr, Reason),
    Up(SocketAddr),
    AllFailed,
}

/// Questions in the order in which they came.
#[derive(Clone, Copy)]
pub struct List {
    pub first: Key,
    last: Key,
    pub len: usize,
}

impl List {
    const EMPTY: List = List {
        first: Key::NONE,
        last: Key::NONE,
        len: 0,
    };
}

/// The place of a lookup.
struct Slot {
    handle: mm::Box<Handle>,
    lookup: Option<mm::Box<Lookup>>,
    next_free: u32,
}

const NO_SLOT: u32 = u32::MAX;

/// How many lookups are kept to be used again.
const SPARES: usize = 16;

/// How much room there is for a datagram at least.
const LEAST_ROOM: usize = 4096;

pub struct State {
    pub resolver: Option<Ref<Resolver>>,
    pub base: BaseRef,
    pub now: Micros,
    pub options: Options,
    pub search: Search,
    pub hosts: Hosts,
    pub cache: Cache,
    pub servers: mm::Vec<Server>,
    pub last_server: u32,
    pub last_serial: u32,
    /// The server whose turn it is.
    pub turn: usize,
    /// Events of servers exist only while they are asked something.
    pub rests_when_idle: bool,
    /// The program will tell when to go on.
    pub suspended: bool,
    pub ended: bool,
    slots: mm::Vec<Slot>,
    /// Lookups that are over, for others.
    spare: mm::Vec<mm::Box<Lookup>>,
    first_free: u32,
    last_free: u32,
    /// Of all lookups.
    pub questions: usize,
    pub waiting: List,
    pub flying: List,
    first_done: u32,
    last_done: u32,
    pub ids: HashMap<u16, Asks, ById, Hooked>,
    pub timers: Timers<Owner>,
    pub armed: Option<Micros>,
    pub random: Random,
    pub notices: mm::Vec<Notice>,
    /// Where datagrams are received.
    pub room: mm::Vec<u8>,
    pub watch: super::config::Watch,
}

impl State {
    pub fn new(base: BaseRef) -> Option<State> {
        let mut room = mm::vec();
        room.try_resize(LEAST_ROOM, 0).ok()?;
        Some(State {
            resolver: None,
            base,
            now: super::resolver::now(),
            options: Options::DEFAULT,
            search: Search::new(),
            hosts: Hosts::new(),
            cache: Cache::new(),
            servers: mm::vec(),
            last_server: 0,
            last_serial: 0,
            turn: 0,
            rests_when_idle: false,
            suspended: false,
            ended: false,
            slots: mm::vec(),
            spare: mm::vec(),
            first_free: NO_SLOT,
            last_free: NO_SLOT,
            questions: 0,
            waiting: List::EMPTY,
            flying: List::EMPTY,
            first_done: NO_SLOT,
            last_done: NO_SLOT,
            ids: HashMap::with_hasher_in(ById::default(), Hooked),
            timers: Timers::new(),
            armed: None,
            random: Random::new(),
            notices: mm::vec(),
            room,
            watch: super::config::Watch::new(),
        })
    }

    // Lookups.

    /// A slot for a lookup, for which `make` gets its number. Nothing has changed if there is no
    /// memory.
    pub fn insert(
        &mut self,
        make: impl FnOnce(&mut State, u32) -> Option<mm::Box<Lookup>>,
    ) -> Option<NonNull<Handle>> {
        if self.first_free == NO_SLOT {
            self.add_slot()?;
        }
        let index = self.first_free;
        let lookup = make(self, index)?;
        self.questions += lookup.queries.len();
        let slot = &mut self.slots[index as usize];
        slot.lookup = Some(lookup);
        self.first_free = slot.next_free;
        Some(slot.handle.as_non_null())
    }

    fn add_slot(&mut self) -> Option<()> {
        let index = u32::try_from(self.slots.len()).ok()?;
        let handle = Handle {
            resolver: self.resolver?,
            slot: index,
        };
        let slot = Slot {
            handle: mm::Box::new(handle).ok()?,
            lookup: None,
            next_free: NO_SLOT,
        };
        self.slots.try_push(slot).ok()?;
        self.free_slot(index);
        Some(())
    }

    /// A lookup that is to be filled in. `None` without memory.
    pub fn spare_lookup(&mut self) -> Option<mm::Box<Lookup>> {
        let made = || mm::Box::new(Lookup::EMPTY).ok();
        self.spare.pop().or_else(made)
    }

    /// Keeps a lookup that nobody needs any more for the next one.
    pub fn keep_spare(&mut self, mut lookup: mm::Box<Lookup>) {
        if self.spare.len() < SPARES && lookup.is_small() {
            let it = lookup.get_mut();
            it.names.search = Search::new();
            it.cached_as = None;
            // Without memory it ends.
            let _ = self.spare.try_push(lookup);
        }
    }

    /// A slot can be used again: after all others, so that a program that is late with an old handle
    /// rarely meets another lookup.
    pub fn free_slot(&mut self, index: u32) {
        let last = core::mem::replace(&mut self.last_free, index);
        self.slots[index as usize].next_free = NO_SLOT;
        if self.first_free == NO_SLOT {
            self.first_free = index;
        } else {
            self.slots[last as usize].next_free = index;
        }
    }

    pub fn lookup(&mut self, slot: u32) -> Option<&mut Lookup> {
        let lookup = &mut self.slots.get_mut(slot as usize)?.lookup;
        lookup.as_mut().map(mm::Box::get_mut)
    }

    /// Takes a lookup that asks nothing any more out. Its slot is still to be freed.
    pub fn remove(&mut self, index: u32) -> Option<mm::Box<Lookup>> {
        let lookup = self.slots.get_mut(index as usize)?.lookup.take()?;
        self.questions -= lookup.queries.len();
        for query in lookup.queries.iter() {
            self.timers.release(query.place);
        }
        if let Some(skew) = lookup.skew {
            self.timers.release(skew);
        }
        Some(lookup)
    }

    /// All lookups that are there.
    pub fn slots(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.slots.len() as u32
    }

    /// Its servers' events keep the loop running, whatever else waits.
    pub fn keeps_loop_running(&self) -> bool {
        !self.rests_when_idle && !self.servers.is_empty()
    }

    pub fn query(&mut self, key: Key) -> Option<&mut Query> {
        self.lookup(key.slot())?.queries.get_mut(key.which())
    }

    // Lists of questions.

    fn list(&mut self, stage: QueryStage) -> &mut List {
        match stage {
            QueryStage::Flying => &mut self.flying,
            _ => &mut self.waiting,
        }
    }

    /// Puts a question that is in no list at the end of one.
    pub fn push(&mut self, key: Key, stage: QueryStage) {
        let last = self.list(stage).last;
        if let Some(query) = self.query(key) {
            query.stage = stage;
            query.previous = last;
            query.next = Key::NONE;
        }
        if let Some(before) = self.query(last) {
            before.next = key;
        }
        let list = self.list(stage);
        if list.len == 0 {
            list.first = key;
        }
        list.last = key;
        list.len += 1;
    }

    /// Takes a question out of its list.
    pub fn unlink(&mut self, key: Key) {
        let Some(query) = self.query(key) else { return };
        let (stage, previous, next) = (query.stage, query.previous, query.next);
        if stage == QueryStage::Idle {
            return;
        }
        query.stage = QueryStage::Idle;
        if let Some(before) = self.query(previous) {
            before.next = next;
        }
        if let Some(behind) = self.query(next) {
            behind.previous = previous;
        }
        let list = self.list(stage);
        list.len -= 1;
        if list.first == key {
            list.first = next;
        }
        if list.last == key {
            list.last = previous;
        }
    }

    /// Puts all that fly in front of those that wait.
    pub fn ground_all(&mut self) {
        let mut key = self.flying.first;
        while let Some(query) = self.query(key) {
            query.stage = QueryStage::Waiting;
            key = query.next;
        }
        let (flying, waiting) = (self.flying, self.waiting);
        if flying.len == 0 {
            return;
        }
        if let Some(last) = self.query(flying.last) {
            last.next = waiting.first;
        }
        if let Some(first) = self.query(waiting.first) {
            first.previous = flying.last;
        }
        self.waiting = List {
            first: flying.first,
            last: if waiting.len == 0 {
                flying.last
            } else {
                waiting.last
            },
            len: flying.len + waiting.len,
        };
        self.flying = List::EMPTY;
    }

    // What is done.

    /// Has the cache remember what a lookup found.
    fn remember(&mut self, slot: u32) {
        let State {
            slots, cache, now, ..
        } = self;
        let lookup = slots
            .get(slot as usize)
            .and_then(|slot| slot.lookup.as_ref());
        let Some(lookup) = lookup else { return };
        let Some(name) = &lookup.cached_as else {
            return;
        };
        for query in lookup.queries.iter() {
            let known = match query.error {
                DNS_ERR_NONE => Known::Addresses,
                DNS_ERR_NODATA => Known::NoData,
                DNS_ERR_NOTEXIST => Known::NoName,
                _ => continue,
            };
            let canonical = query.target.as_ref().and_then(c_text);
            let until = *now + Micros::from(query.lifetime) * SECOND;
            cache.put(
                name,
                query.kind == kind::AAAA,
                known,
                query_addresses(query),
                canonical.as_deref(),
                (*now, until),
            );
        }
    }

    /// A lookup is over: the loop will tell.
    pub fn complete(&mut self, slot: u32, error: c_int) {
        // What was given up says nothing, whatever its questions look like.
        if !matches!(error, DNS_ERR_CANCEL | DNS_ERR_SHUTDOWN) {
            self.remember(slot);
        }
        let Some(lookup) = self.lookup(slot) else {
            return;
        };
        lookup.stage = Stage::Done;
        lookup.error = error;
        lookup.next_done = NO_SLOT;
        if let Some(skew) = lookup.skew {
            self.timers.clear(skew);
        }
        let last = self.last_done;
        match self.lookup(last) {
            Some(before) if last != NO_SLOT => before.next_done = slot,
            _ => self.first_done = slot,
        }
        self.last_done = slot;
    }

    /// Takes the next lookup that is done.
    pub fn take_done(&mut self) -> Option<(u32, mm::Box<Lookup>)> {
        let slot = self.first_done;
        let lookup = self.remove(slot)?;
        self.first_done = lookup.next_done;
        if self.first_done == NO_SLOT {
            self.last_done = NO_SLOT;
        }
        Some((slot, lookup))
    }

    pub fn has_done(&self) -> bool {
        self.first_done != NO_SLOT
    }

    /// Takes a certain lookup that is done out of the queue.
    pub fn withdraw(&mut self, slot: u32) -> Option<mm::Box<Lookup>> {
        let next = self.lookup(slot)?.next_done;
        let mut before = NO_SLOT;
        let mut at = self.first_done;
        while at != slot {
            before = at;
            at = self.lookup(at)?.next_done;
        }
        match self.lookup(before) {
            Some(lookup) if before != NO_SLOT => lookup.next_done = next,
            _ => self.first_done = next,
        }
        if self.last_done == slot {
            self.last_done = before;
        }
        self.remove(slot)
    }

    /// Ends a lookup whatever it is doing.
    pub fn abort(&mut self, slot: u32) {
        let count = self.lookup(slot).map_or(0, |lookup| lookup.queries.len());
        for which in 0..count {
            self.stop(Key::new(slot, which));
        }
    }

    /// An id that no other message has.
    pub fn new_id(&mut self) -> Option<u16> {
        if self.ids.len() > 65000 {
            return None;
        }
        loop {
            let id = self.random.id();
            if !self.ids.contains_key(&id) {
                return Some(id);
            }
        }
    }
}

/// What a rcode is to programs.
pub fn error_of_rcode(rcode: u16) -> c_int {
    match rcode {
        1 => DNS_ERR_FORMAT,
        2 => DNS_ERR_SERVERFAILED,
        3 => DNS_ERR_NOTEXIST,
        4 => DNS_ERR_NOTIMPL,
        5 => DNS_ERR_REFUSED,
        _ => DNS_ERR_UNKNOWN,
    }
}
