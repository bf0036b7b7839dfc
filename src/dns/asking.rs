//! Asking: which server, when again, and when to give up.

use core::ffi::c_int;

use super::lookup::{Callback, Lookup, Stage as LookupStage};
use super::nameserver::Health;
use super::options::SECOND;
use super::query::{Key, Stage, Try};
use super::state::{Asks, Owner, Reason, State};
use super::wire;
use crate::ctypes::dns::*;
use crate::support::time::Micros;
use crate::sys::{Errno, Result};

/// How long to wait when the system can't take a message just now.
const CHOKED: Micros = SECOND / 50;
/// How long whoever connects by name waits for the other family of addresses at most (RFC 8305,
/// section 3).
const CONNECTING_SKEW: Micros = SECOND / 20;
/// How long to wait before all servers are asked again that could not say anything.
const BEFORE_SECOND_ROUND: Micros = SECOND / 4;

impl State {
    // Lookups.

    /// Has a new lookup ask for its first name. False if there is none.
    pub fn begin(&mut self, slot: u32) -> bool {
        self.next_candidate(slot)
    }

    /// Goes on with the next name, if there is one.
    fn next_candidate(&mut self, slot: u32) -> bool {
        let Some(lookup) = self.lookup(slot) else {
            return false;
        };
        let Lookup { names, queries, .. } = lookup;
        let Some((first, others)) = queries.split_first_mut() else {
            return false;
        };
        if !names.take_next(&mut first.name) {
            return false;
        }
        for query in others {
            query.name = first.name;
        }
        let (count, flags) = (lookup.queries.len(), lookup.flags);
        let (attempts, timeout) = (self.options.attempts, self.options.timeout);
        let tcp = self.options.use_tcp || flags & DNS_QUERY_USEVC != 0;
        let deadline = self.now + timeout.saturating_mul(attempts.into());
        for which in 0..count {
            let key = Key::new(slot, which);
            let case = self.new_case();
            if let Some(query) = self.query(key) {
                query.begin(attempts, tcp, deadline);
                query.set_case(case);
            }
            self.enqueue(key);
        }
        true
    }

    /// Bits for the case of a name's letters, if any case is wanted.
    pub fn new_case(&mut self) -> Option<[u8; 32]> {
        let random = &mut self.random;
        self.options.randomize_case.then(|| random.bytes())
    }

    /// A question of a lookup is over: is that the end of the lookup?
    fn step(&mut self, slot: u32) {
        let (now, mut skew) = (self.now, self.options.skew);
        let Some(lookup) = self.lookup(slot) else {
            return;
        };
        if matches!(lookup.callback, Callback::Internal(..)) {
            skew = skew.min(CONNECTING_SKEW);
        }
        if lookup.stage == LookupStage::Done {
            return;
        }
        let asking = lookup
            .queries
            .iter()
            .any(|query| query.stage != Stage::Idle);
        let found = lookup
            .queries
            .iter()
            .any(|query| query.stage == Stage::Idle && query.error == DNS_ERR_NONE);
        if asking {
            if found && let Some(place) = lookup.skew {
                self.timers.set(place, now + skew);
            }
            return;
        }
        let last = lookup.queries.iter().map(|query| query.error);
        let searched = last.clone().all(goes_on_searching);
        let error = combine(last);
        if found || !searched || !self.next_candidate(slot) {
            self.complete(slot, error);
        }
    }

    /// The other family of addresses has had its time.
    pub fn skew_is_over(&mut self, slot: u32) {
        let count = self.lookup(slot).map_or(0, |lookup| lookup.queries.len());
        for which in 0..count {
            let key = Key::new(slot, which);
            let idle = self
                .query(key)
                .is_none_or(|query| query.stage == Stage::Idle);
            if !idle {
                self.finish(key, DNS_ERR_TIMEOUT);
            }
        }
    }

    // Questions.

    fn enqueue(&mut self, key: Key) {
        if self.flying.len < self.options.max_inflight && !self.servers.is_empty() {
            self.launch(key);
        } else {
            self.push(key, Stage::Waiting);
            self.await_deadline(key);
        }
    }

    /// Has a question end when its time is over.
    pub fn await_deadline(&mut self, key: Key) {
        if let Some(query) = self.query(key) {
            let (place, deadline) = (query.place, query.deadline);
            self.timers.set(place, deadline);
        }
    }

    fn launch(&mut self, key: Key) {
        let first = self.flying.len == 0;
        self.push(key, Stage::Flying);
        if first && self.rests_when_idle {
            self.plan_all();
        }
        self.ask(key);
    }

    /// Has as many questions fly as may.
    pub fn pump(&mut self) {
        while self.flying.len < self.options.max_inflight
            && self.waiting.len > 0
            && !self.servers.is_empty()
        {
            let key = self.waiting.first;
            self.unlink(key);
            self.launch(key);
        }
    }

    /// A question is over.
    pub fn finish(&mut self, key: Key, error: c_int) {
        self.stop(key);
        if let Some(query) = self.query(key) {
            query.error = error;
            if error != DNS_ERR_NONE {
                query.clear_result();
            }
        }
        self.step(key.slot());
        self.pump();
        if self.flying.len == 0 && self.rests_when_idle {
            self.rest_all();
        }
    }

    /// Ends the asking, without any answer.
    pub fn stop(&mut self, key: Key) {
        self.forget_tries(key, |_| true);
        self.unlink(key);
        if let Some(query) = self.query(key) {
            let place = query.place;
            self.timers.clear(place);
        }
    }

    /// Answers to such messages of a question are not accepted any more.
    pub fn forget_tries(&mut self, key: Key, which: impl Fn(&Try) -> bool) {
        while let Some(made) = self.query(key).and_then(|query| query.take_try(&which)) {
            self.forget_try(&made);
        }
    }

    fn forget_try(&mut self, made: &Try) {
        self.ids.remove(&made.id);
        self.release(made.server, made.serial);
    }

    /// Asks the next server.
    pub fn ask(&mut self, key: Key) {
        for _ in 0..self.servers.len() {
            let Some(index) = self.choose(key) else { break };
            match self.transmit(key, index, false) {
                Ok(()) => {
                    self.wait_for_answer(key, index);
                    self.ask_doubtful(key, index);
                    return;
                }
                Err(error) if is_passing(error) => {
                    self.wait(key, CHOKED, false, true);
                    return;
                }
                Err(error) => {
                    let tcp = self.query(key).is_some_and(|query| query.tcp);
                    if !tcp {
                        self.fail_server(index, Reason::System(error));
                    }
                }
            }
        }
        // Nobody can be asked.
        let timeout = self.options.timeout;
        let Some(query) = self.query(key) else { return };
        if query.tcp && query.error == DNS_ERR_TRUNCATED {
            self.finish(key, DNS_ERR_TRUNCATED);
            return;
        }
        query.forget_asked();
        self.wait(key, timeout, true, true);
    }

    fn wait_for_answer(&mut self, key: Key, index: usize) {
        let timeout = self.options.timeout;
        let count = self.servers.len();
        let others = self
            .query(key)
            .is_some_and(|query| (0..count).any(|other| !query.was_asked(other)));
        let patience = self.servers[index].patience(timeout, others);
        self.wait(key, patience, patience == timeout, false);
    }

    /// Wakes a question up later, but not after its end.
    fn wait(&mut self, key: Key, time: Micros, whole: bool, resting: bool) {
        let until = self.now + time;
        let Some(query) = self.query(key) else { return };
        query.whole = whole;
        query.resting = resting;
        query.due = until.min(query.deadline);
        let (place, until) = (query.place, query.due);
        self.timers.set(place, until);
    }

    /// A question's time has come.
    pub fn query_is_due(&mut self, key: Key) {
        let (now, timeout) = (self.now, self.options.timeout);
        let Some(query) = self.query(key) else { return };
        let over = query.due >= query.deadline;
        // A loop that is late takes no time from those who are asked.
        query.deadline += (now - query.due).max(0);
        if query.stage != Stage::Flying {
            if over {
                self.finish(key, DNS_ERR_TIMEOUT);
            }
            return;
        }
        if !query.resting {
            self.charge(key, timeout);
        }
        let Some(query) = self.query(key) else { return };
        if query.whole {
            query.left = query.left.saturating_sub(1);
        }
        if over || query.left == 0 {
            let error = match query.error {
                DNS_ERR_NONE => DNS_ERR_TIMEOUT,
                error => error,
            };
            self.finish(key, error);
            return;
        }
        self.ask(key);
    }

    /// Whoever was asked last has not answered.
    fn charge(&mut self, key: Key, timeout: Micros) {
        let now = self.now;
        let Some(query) = self.query(key) else { return };
        let last = query
            .tries()
            .filter(|made| made.open && !made.besides)
            .max_by_key(|made| made.sent)
            .copied();
        // The end may come before a server has had its time.
        let Some(last) = last.filter(|made| now - made.sent >= timeout.min(SECOND / 2) / 2) else {
            return;
        };
        let Some(index) = self.server_index(last.server) else {
            return;
        };
        if last.serial.is_none() {
            // Others would wait for it in vain, too.
            self.forget_tries(key, |made| made.serial.is_none());
            self.tcp_failed(index);
            return;
        }
        let server = &mut self.servers[index];
        if last.edns {
            server.lost_edns();
        }
        if server.timed_out(&self.options, now) {
            self.fail_server(index, Reason::Timeout);
        }
    }

    /// The server said nothing of use: asks the next one at once. When all have been asked, `error` is
    /// the end, with one more round before if `patiently`.
    pub fn ask_another(&mut self, key: Key, error: c_int, patiently: bool) {
        let count = self.servers.len();
        let (now, timeout) = (self.now, self.options.timeout);
        let Some(query) = self.query(key) else { return };
        query.error = error;
        if (0..count).any(|index| !query.was_asked(index)) {
            self.ask(key);
            return;
        }
        if patiently && !query.second_round && now + BEFORE_SECOND_ROUND < query.deadline {
            query.second_round = true;
            query.forget_asked();
            self.wait(key, BEFORE_SECOND_ROUND, false, true);
            return;
        }
        if error == DNS_ERR_NONE {
            query.forget_asked();
            self.wait(key, timeout, true, true);
            return;
        }
        self.finish(key, error);
    }

    /// The server to be asked next: one that has not been in this round, rather a good one than a
    /// suspect one than one that is down, each in its turn.
    fn choose(&mut self, key: Key) -> Option<usize> {
        let count = self.servers.len();
        for _ in 0..2 {
            for health in [Health::Good, Health::Suspect, Health::Down] {
                let turn = if self.turn < count { self.turn } else { 0 };
                for index in (turn..count).chain(0..turn) {
                    if self.servers[index].health != health {
                        continue;
                    }
                    let query = self.query(key)?;
                    if !query.was_asked(index) {
                        query.note_asked(index);
                        self.turn = index + 1;
                        return Some(index);
                    }
                }
            }
            self.query(key)?.forget_asked();
        }
        None
    }

    /// Sends a question to a server. `besides` is for nobody to wait for.
    pub fn transmit(&mut self, key: Key, index: usize, besides: bool) -> Result {
        let now = self.now;
        let server = &self.servers[index];
        let (id_of_server, plain) = (server.id, server.is_plain(now));
        let edns = self.options.edns_size.filter(|_| !plain);
        let id = self.new_id().ok_or(Errno::AGAIN)?;
        self.ids.try_reserve(1).map_err(|_| Errno::AGAIN)?;
        let query = self.query(key).ok_or(Errno::INVAL)?;
        let message = wire::Query::new(id, &query.name, query.kind, edns);
        let tcp = query.tcp;
        let serial = if tcp {
            self.send_by_tcp(index, message.bytes())?;
            None
        } else {
            Some(self.send_by_udp(index, message.bytes())?)
        };
        self.ids.insert(id, Asks::Query(key));
        let made = Try {
            id,
            server: id_of_server,
            serial,
            sent: now,
            open: true,
            edns: edns.is_some(),
            besides,
        };
        let forgotten = self.query(key).and_then(|query| query.add_try(made));
        if let Some(forgotten) = forgotten {
            self.forget_try(&forgotten);
        }
        Ok(())
    }

    /// Gives the question to a doubtful server, too, if it is time to see whether it is back.
    fn ask_doubtful(&mut self, key: Key, asked: usize) {
        let now = self.now;
        let due = (0..self.servers.len())
            .find(|&index| index != asked && self.servers[index].is_due(now));
        let Some(index) = due else { return };
        if self.query(key).is_none_or(|query| query.tcp) {
            return;
        }
        // Until it answers.
        if self.servers[index].timed_out(&self.options, now) {
            self.fail_server(index, Reason::Timeout);
        }
        // Nobody waits for it.
        let _ = self.transmit(key, index, true);
    }

    /// What is due by now.
    pub fn run_timers(&mut self) {
        while let Some(owner) = self.timers.take_due(self.now) {
            match owner {
                Owner::Query(key) => self.query_is_due(key),
                Owner::Skew(slot) => self.skew_is_over(slot),
                Owner::Server(id) => self.server_is_due(id),
            }
        }
    }
}

/// The system may take the message later.
fn is_passing(error: Errno) -> bool {
    matches!(
        error.code(),
        libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM | libc::EMFILE | libc::ENFILE
    )
}

/// Whether the next name is tried after this.
fn goes_on_searching(error: c_int) -> bool {
    !matches!(
        error,
        DNS_ERR_NONE | DNS_ERR_TIMEOUT | DNS_ERR_SERVERFAILED | DNS_ERR_SHUTDOWN | DNS_ERR_CANCEL
    )
}

/// The error of a lookup with these.
fn combine(mut errors: impl Iterator<Item = c_int>) -> c_int {
    let first = errors.next().unwrap_or(DNS_ERR_NONE);
    errors.fold(first, |one, other| match (one, other) {
        (DNS_ERR_NONE, _) | (_, DNS_ERR_NONE) => DNS_ERR_NONE,
        // That a name does not exist is believed if both say so.
        (DNS_ERR_NOTEXIST, other) => other,
        (one, _) => one,
    })
}

impl Lookup {
    /// How long its answer may be believed, and how many addresses it has.
    pub fn ttl(&self) -> u32 {
        let used = |found: bool| {
            self.queries
                .iter()
                .filter(move |query| (query.count > 0) == found)
                .map(|query| query.ttl)
                .min()
        };
        used(true).or_else(|| used(false)).unwrap_or(0)
    }
}
