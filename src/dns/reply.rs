//! Messages that come: whose answer they are, and what follows from them.

use core::ffi::c_int;
use std::net::SocketAddr;

use super::answer::{Asked, Compared, Match, compare, extract};
use super::nameserver::Serial;
use super::options::SECOND;
use super::query::{Key, Query, Try};
use super::state::{Asks, Reason, State, error_of_rcode};
use super::wire::{Header, kind, rcode};
use crate::ctypes::dns::*;
use crate::net::udp::{self, RawAddr};
use crate::support::time::Micros;

/// How many datagrams are taken from a socket in one go.
const BATCH: usize = 64;
/// With more questions waiting at a socket, the next answer is probably there already.
const CROWD: u32 = 1;
/// How long a server is taken to change the case of letters.
const FOLDS_FOR: Micros = 3600 * SECOND;

impl State {
    /// Reads a server's socket.
    pub fn receive(&mut self, fd: c_int) {
        let found = self.servers.iter().enumerate().find_map(|(index, server)| {
            let socket = server.sockets.iter().find(|socket| socket.fd == fd)?;
            Some((index, socket.serial))
        });
        let Some((index, serial)) = found else { return };
        let mut room = core::mem::take(&mut self.room);
        let mut from = RawAddr::EMPTY;
        for _ in 0..BATCH {
            match udp::receive(fd, &mut room, &mut from) {
                Ok(len) => {
                    let whole = len <= room.len();
                    let message = &room[..len.min(room.len())];
                    if let Some(from) = from.internet() {
                        self.datagram(index, serial, from, message, whole);
                    }
                }
                Err(error) if error.code() == libc::EAGAIN => break,
                Err(error) => self.socket_failed(index, serial, error),
            }
            // Level-triggered: if there is more after all, the loop will tell.
            let more = self
                .servers
                .get_mut(index)
                .and_then(|server| server.socket(serial))
                .is_some_and(|socket| socket.open > CROWD);
            if !more {
                break;
            }
        }
        self.room = room;
    }

    /// The way to a server reports an error: nobody listens there, or it can't be reached.
    fn socket_failed(&mut self, index: usize, serial: Serial, error: crate::sys::Errno) {
        self.fail_server(index, Reason::System(error));
        let id = self.servers[index].id;
        let concerned = |made: &Try| made.server == id && made.serial == Some(serial) && made.open;
        let mut key = self.flying.first;
        let mut count = self.flying.len;
        while count > 0
            && let Some(query) = self.query(key)
        {
            count -= 1;
            let next = query.next;
            let waits = query.has_try(|made| concerned(made) && !made.besides);
            self.forget_tries(key, concerned);
            if waits {
                let all = self.servers.len();
                let query = self.query(key);
                if query.is_some_and(|query| (0..all).any(|index| !query.was_asked(index))) {
                    self.ask(key);
                }
                // Otherwise it has the rest of its time: the server may be about to return.
            }
            key = next;
        }
    }

    fn datagram(
        &mut self,
        index: usize,
        serial: Serial,
        from: SocketAddr,
        message: &[u8],
        whole: bool,
    ) {
        let server = &self.servers[index];
        if from.ip() != server.peer.ip() || from.port() != server.peer.port() {
            return;
        }
        let id_of_server = server.id;
        let Ok(header) = Header::read(message) else {
            return;
        };
        match self.ids.get(&header.id) {
            Some(&Asks::Probe(server)) if server == id_of_server => {
                self.probe_answered(index, &header, message);
            }
            Some(&Asks::Query(key)) => {
                let made = self.query(key).and_then(|query| query.find_try(header.id));
                if let Some(made) = made.copied()
                    && made.server == id_of_server
                    && made.serial == Some(serial)
                    && made.open
                {
                    self.answered(key, &made, index, message, whole);
                }
            }
            _ => {}
        }
    }

    fn probe_answered(&mut self, index: usize, header: &Header, message: &[u8]) {
        let server = &mut self.servers[index];
        let Some(probe) = server.probe.as_ref().filter(|probe| probe.id == header.id) else {
            return;
        };
        let sent = probe.sent;
        let name = super::servers::probe_name();
        let asked = Asked {
            id: header.id,
            name: &name,
            kind: kind::A,
            exact_case: false,
        };
        let compared = compare(message, &asked);
        if compared.how == Match::No {
            return;
        }
        match compared.rcode() {
            rcode::NO_ERROR | rcode::NXDOMAIN | rcode::SERVFAIL => {
                self.servers[index].was_of_use();
                self.server_answered(index, sent);
            }
            // It is there, but does nothing.
            _ => self.probe_refused(index),
        }
    }

    /// A message over a connection to a server.
    pub fn tcp_message(&mut self, index: usize, message: &[u8]) {
        let id_of_server = self.servers[index].id;
        let Ok(header) = Header::read(message) else {
            return;
        };
        if let Some(&Asks::Query(key)) = self.ids.get(&header.id)
            && let Some(made) = self.query(key).and_then(|query| query.find_try(header.id))
            && made.server == id_of_server
            && made.serial.is_none()
            && made.open
        {
            let made = *made;
            self.answered(key, &made, index, message, true);
        }
    }

    fn answered(&mut self, key: Key, made: &Try, index: usize, message: &[u8], whole: bool) {
        let now = self.now;
        let folds = self.servers[index].folds_until > now;
        let Some(query) = self.query(key) else { return };
        let asked = Asked {
            id: made.id,
            name: &query.name,
            kind: query.kind,
            exact_case: query.exact_case && !folds,
        };
        let mut compared = compare(message, &asked);
        match compared.how {
            Match::No => return,
            Match::CaseDiffers => {
                self.case_differs(key, index);
                return;
            }
            Match::Bare | Match::Yes => {}
        }
        if !whole {
            compared.set_truncated();
        }
        if let Some(made) = self.query(key).and_then(|query| query.find_try(made.id)) {
            made.open = false;
        }
        self.servers[index].answered_edns(made.edns, now);
        self.server_answered(index, made.sent);
        if compared.is_truncated() && made.serial.is_some() {
            let ignore = self.ignores_truncation(key);
            self.servers[index].was_of_use();
            if ignore {
                self.finish(key, DNS_ERR_TRUNCATED);
            } else {
                self.change_to_tcp(key, index);
            }
            return;
        }
        if made.edns
            && matches!(
                compared.rcode(),
                rcode::FORMERR | rcode::NOTIMP | rcode::BADVERS
            )
        {
            self.servers[index].rejects_edns(now);
            self.ask_again(key, index);
            return;
        }
        self.judge(key, made, index, &compared, message);
    }

    /// What an answer that is ours means for the question.
    fn judge(&mut self, key: Key, made: &Try, index: usize, compared: &Compared, message: &[u8]) {
        let code = compared.rcode();
        let error = error_of_rcode(code);
        match code {
            rcode::SERVFAIL => self.says_nothing(key, made, DNS_ERR_SERVERFAILED, true),
            rcode::REFUSED | rcode::NOTIMP => {
                let name = self.query(key).map_or(0, |query| query.name_hash());
                if self.servers[index].refuses(name) {
                    self.fail_server(index, Reason::Rcode(code));
                }
                self.says_nothing(key, made, error, false);
            }
            // Without a question it may be anything that the server did not understand.
            rcode::FORMERR if compared.how == Match::Bare => {
                self.says_nothing(key, made, error, false);
            }
            rcode::NO_ERROR | rcode::NXDOMAIN => {
                self.servers[index].was_of_use();
                self.read_answer(key, made, compared, message);
            }
            _ => {
                self.servers[index].was_of_use();
                self.finish(
                    key,
                    if code == rcode::FORMERR {
                        error
                    } else {
                        DNS_ERR_UNKNOWN
                    },
                );
            }
        }
    }

    /// An answer says nothing of use. If another server has been asked since, its answer is waited for.
    fn says_nothing(&mut self, key: Key, made: &Try, error: c_int, patiently: bool) {
        let Some(query) = self.query(key) else { return };
        if query.waits_for_another(made) {
            query.error = error;
        } else {
            self.ask_another(key, error, patiently);
        }
    }

    fn read_answer(&mut self, key: Key, made: &Try, compared: &Compared, message: &[u8]) {
        if compared.is_truncated() {
            // Over a connection, too.
            self.finish(key, DNS_ERR_TRUNCATED);
            return;
        }
        let Some(query) = self.query(key) else { return };
        let Query {
            name,
            kind,
            addresses,
            target,
            ..
        } = query;
        let found = extract(message, compared, name, *kind, target, addresses);
        let Ok(found) = found else {
            query.clear_result();
            self.says_nothing(key, made, DNS_ERR_UNKNOWN, false);
            return;
        };
        query.ttl = found.ttl;
        query.lifetime = found.lifetime;
        let error = if compared.rcode() == rcode::NXDOMAIN {
            DNS_ERR_NOTEXIST
        } else if found.count == 0 {
            DNS_ERR_NODATA
        } else {
            DNS_ERR_NONE
        };
        query.count = match query.kind {
            kind::A => query.addresses.len() / 4,
            kind::AAAA => query.addresses.len() / 16,
            _ => found.count.min(1),
        };
        self.finish(key, error);
    }

    /// All is right but for the case of letters: either somebody guesses, or the server folds it.
    fn case_differs(&mut self, key: Key, index: usize) {
        let (now, id) = (self.now, self.servers[index].id);
        let Some(query) = self.query(key) else { return };
        if query.case_retried {
            self.servers[index].folds_until = now + FOLDS_FOR;
            // The answer comes once more, and is taken then.
            self.ask_again(key, index);
            return;
        }
        query.case_retried = true;
        self.forget_tries(key, |made| made.server == id);
        let case = self.new_case();
        if let Some(query) = self.query(key) {
            query.set_case(case);
        }
        self.ask_again(key, index);
    }

    /// Asks the same server at once.
    fn ask_again(&mut self, key: Key, index: usize) {
        if self.transmit(key, index, false).is_err() {
            let error = self.query(key).map_or(0, |query| query.error);
            self.ask_another(key, error, false);
        }
    }

    fn ignores_truncation(&mut self, key: Key) -> bool {
        let flags = self.lookup(key.slot()).map_or(0, |lookup| lookup.flags);
        self.options.ignore_truncation || flags & DNS_QUERY_IGNTC != 0
    }

    /// The answer has no room in a datagram.
    fn change_to_tcp(&mut self, key: Key, index: usize) {
        if let Some(query) = self.query(key) {
            query.tcp = true;
            query.error = DNS_ERR_TRUNCATED;
            query.forget_asked();
            query.note_asked(index);
        }
        if self.transmit(key, index, false).is_err() {
            self.ask_another(key, DNS_ERR_TRUNCATED, false);
        }
    }
}
