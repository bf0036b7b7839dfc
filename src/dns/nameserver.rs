//! A name server: its sockets, and how it is doing.

use core::ffi::c_int;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::options::{Options, SECOND};
use super::tcp::Connection;
use super::timers::Place;
use crate::base::OwnEvent;
use crate::net::udp::{self, RawAddr};
use crate::support::mm;
use crate::support::time::Micros;
use crate::sys::{self, Errno};

/// How many sockets a server has at most: one that stays, the others for many questions at once.
const MAX_SOCKETS: usize = 16;
/// A server that answered as recently is asked without connecting the socket, which saves a call but
/// hides that nobody listens there.
const FRESH: Micros = SECOND;
/// After so many messages with an OPT record in a row that it did not answer, one goes without.
const MAX_EDNS_LOST: u32 = 2;
/// How long a server is taken not to understand EDNS.
const PLAIN_FOR: Micros = 600 * SECOND;
/// After so many names in a row that it refuses, a server counts as down.
const MAX_REFUSALS: u32 = 3;
/// The longest time for which a doubtful server gets nothing to do.
const MAX_REST: Micros = 60 * SECOND;

/// "Any address" is this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// How a server is doing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Health {
    /// It answered last.
    Good,
    /// It did not answer last.
    Suspect,
    /// It has failed.
    Down,
}

/// Which socket of a server: its place among them, and a number that tells it from others, which may
/// have the place later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Serial(u32);

impl Serial {
    /// As many places as there can be.
    const PLACES: u32 = 1 << 8;

    pub fn new(number: u32, place: usize) -> Serial {
        Serial(number.wrapping_mul(Self::PLACES) | place as u32)
    }

    fn place(self) -> usize {
        (self.0 % Self::PLACES) as usize
    }
}

/// A socket for questions to one server.
pub struct Socket {
    pub fd: c_int,
    pub event: mm::Box<OwnEvent>,
    pub serial: Serial,
    /// Questions whose answer is still accepted.
    pub open: u32,
    /// Questions that have left by its present port.
    used: u32,
    connected: bool,
    /// The port is the program's choice.
    fixed: bool,
}

/// A question that finds out whether a server is up again.
pub struct Probe {
    pub id: u16,
    pub serial: Serial,
    pub sent: Micros,
}

/// A name server.
pub struct Server {
    /// Tells it from all others, also former ones.
    pub id: u32,
    pub address: SocketAddr,
    /// Where it is asked, and answers from.
    pub peer: SocketAddr,
    raw: RawAddr,
    /// The first one stays as long as the server, and each stays in its place.
    pub sockets: mm::Vec<Socket>,
    /// The one that questions leave by until it is another's turn.
    current: usize,
    /// How many.
    left: u32,
    /// The program has asked for the socket: only that one is used.
    pub single: bool,
    pub tcp: Option<Connection>,
    /// When to probe, or to end what is idle.
    pub place: Place,
    pub health: Health,
    /// Questions in a row that it did not answer.
    timeouts: u32,
    /// How long it takes to answer, smoothed; 0 while that is not known.
    rtt: Micros,
    last_answer: Option<Micros>,
    /// When a doubtful server is given a question besides others.
    retry_at: Micros,
    rest: Micros,
    refusals: u32,
    refused: u32,
    pub probe: Option<Probe>,
    pub probe_at: Option<Micros>,
    probe_wait: Micros,
    /// It changes the case of letters, which is put up with until then.
    pub folds_until: Micros,
    /// It does not understand EDNS: it is asked without until then.
    plain_until: Micros,
    /// Messages with an OPT record in a row that it did not answer.
    edns_lost: u32,
    /// It is from a file that is read again.
    pub from_file: bool,
}

impl Server {
    pub fn new(id: u32, address: SocketAddr, place: Place) -> Server {
        let peer = reachable(address);
        Server {
            id,
            address,
            peer,
            raw: RawAddr::new(&peer),
            sockets: mm::vec(),
            current: 0,
            left: 0,
            single: false,
            tcp: None,
            place,
            health: Health::Good,
            timeouts: 0,
            rtt: 0,
            last_answer: None,
            retry_at: 0,
            rest: SECOND,
            refusals: 0,
            refused: 0,
            probe: None,
            probe_at: None,
            probe_wait: 0,
            folds_until: 0,
            plain_until: 0,
            edns_lost: 0,
            from_file: false,
        }
    }

    /// Opens a socket. The error is what adding a server returns.
    pub fn open(&self, options: &Options) -> Result<(c_int, bool), c_int> {
        let fd = udp::open(&self.address).map_err(|_| 1)?;
        let fail = |code| {
            sys::close(fd);
            code
        };
        let mut fixed = false;
        if let Some(own) = options.bind_to
            && !self.address.ip().is_loopback()
        {
            udp::bind(fd, &own).map_err(|_| fail(2))?;
            fixed = own.port() != 0;
        }
        for (name, size) in [
            (libc::SO_RCVBUF, options.receive_buffer),
            (libc::SO_SNDBUF, options.send_buffer),
        ] {
            if size != 0 {
                udp::set_buffer(fd, name, size).map_err(|_| fail(-name))?;
            }
        }
        Ok((fd, fixed))
    }

    /// The socket for the next question, or `None` if a new one should be opened for it: the same for
    /// `most` in a row, then rather one whose port can be changed.
    pub fn pick_socket(&mut self, most: u32) -> Option<usize> {
        // Another can't have the same port.
        if self.single || self.sockets.first().is_some_and(|socket| socket.fixed) {
            return Some(0);
        }
        // When there is less to do, what was allowed before is too much.
        self.left = self.left.min(most - 1);
        if self.left > 0 && self.current < self.sockets.len() {
            self.left -= 1;
            return Some(self.current);
        }
        let idle = self.sockets.iter().position(|socket| socket.open == 0);
        if idle.is_none() && self.sockets.len() < MAX_SOCKETS {
            return None;
        }
        let next = idle.or_else(|| self.least_used())?;
        self.take_turn(next, most);
        Some(next)
    }

    /// Questions leave by this socket from now on.
    fn take_turn(&mut self, index: usize, most: u32) {
        (self.current, self.left) = (index, most - 1);
    }

    /// Adds a socket, by which questions leave from now on.
    pub fn add_socket(&mut self, socket: Socket, most: u32) {
        self.take_turn(self.sockets.len(), most);
        self.sockets.push_within_capacity(socket);
    }

    /// The socket with the fewest questions.
    pub fn least_used(&self) -> Option<usize> {
        (0..self.sockets.len()).min_by_key(|&index| self.sockets[index].open)
    }

    pub fn socket(&mut self, serial: Serial) -> Option<&mut Socket> {
        let socket = self.sockets.get_mut(serial.place());
        socket.filter(|socket| socket.serial == serial)
    }

    /// Sends a question, by a port that at most `most` questions leave by where that can be.
    pub fn send(
        &mut self,
        index: usize,
        message: &[u8],
        most: u32,
        now: Micros,
    ) -> Result<(), Errno> {
        let fresh =
            self.health == Health::Good && self.last_answer.is_some_and(|last| now - last < FRESH);
        let Some(socket) = self.sockets.get_mut(index) else {
            return Err(Errno::AGAIN);
        };
        let idle = socket.open == 0 && !socket.fixed;
        let new_port = socket.used >= most;
        if idle && (new_port || fresh == socket.connected) && socket.used > 0 {
            // Where that is not allowed, the port stays.
            if udp::release_port(socket.fd).is_ok() {
                socket.connected = false;
            }
            socket.used = 0;
        }
        if idle && !fresh && !socket.connected {
            socket.connected = udp::connect(socket.fd, &self.peer).is_ok();
        }
        let to = (!socket.connected).then_some(&self.raw);
        udp::send(socket.fd, message, to)?;
        socket.used = socket.used.saturating_add(1);
        Ok(())
    }

    /// How long to wait for an answer. A doubtful server gets less time if there is another one.
    pub fn patience(&self, timeout: Micros, others: bool) -> Micros {
        if self.health == Health::Good || !others {
            return timeout;
        }
        timeout.min((4 * self.rtt).max(SECOND / 4))
    }

    /// It answered a question that was sent at `sent`. True if it was down.
    pub fn answered(&mut self, sent: Micros, now: Micros) -> bool {
        let rtt = (now - sent).max(1);
        self.rtt = if self.rtt == 0 {
            rtt
        } else {
            (7 * self.rtt + rtt) / 8
        };
        self.last_answer = Some(now);
        self.timeouts = 0;
        self.rest = SECOND;
        let was = core::mem::replace(&mut self.health, Health::Good);
        if was != Health::Down {
            return false;
        }
        self.probe_at = None;
        true
    }

    /// Whether it is asked without EDNS.
    pub fn is_plain(&self, now: Micros) -> bool {
        self.plain_until > now || self.edns_lost >= MAX_EDNS_LOST
    }

    /// It said that it does not understand EDNS.
    pub fn rejects_edns(&mut self, now: Micros) {
        self.plain_until = now + PLAIN_FOR;
    }

    /// It did not answer a message with an OPT record.
    pub fn lost_edns(&mut self) {
        self.edns_lost = self.edns_lost.saturating_add(1);
    }

    /// It answered a message, with or without an OPT record. One that was down is no hint: it would
    /// not have answered the others either.
    pub fn answered_edns(&mut self, edns: bool, now: Micros) {
        let lost = core::mem::take(&mut self.edns_lost) >= MAX_EDNS_LOST;
        if lost && !edns && self.health != Health::Down {
            self.rejects_edns(now);
        }
    }

    /// An answer said something about a name.
    pub fn was_of_use(&mut self) {
        self.refusals = 0;
    }

    /// It refused a name. True if it should count as down.
    pub fn refuses(&mut self, name: u32) -> bool {
        if self.refusals == 0 || self.refused != name {
            self.refusals += 1;
            self.refused = name;
        }
        self.refusals >= MAX_REFUSALS
    }

    /// It did not answer. True if it should count as down.
    pub fn timed_out(&mut self, options: &Options, now: Micros) -> bool {
        self.timeouts += 1;
        if self.health == Health::Good {
            self.health = Health::Suspect;
        }
        self.retry_at = now + self.rest;
        self.rest = (2 * self.rest).min(MAX_REST);
        self.timeouts >= options.max_timeouts
    }

    /// Whether a doubtful server is to be given a question besides. It counts as unanswered until it
    /// is answered.
    pub fn is_due(&self, now: Micros) -> bool {
        self.health != Health::Good && now >= self.retry_at
    }

    /// Has it count as down. True if it did not before.
    pub fn fail(&mut self, options: &Options, now: Micros) -> bool {
        self.retry_at = now + self.rest;
        if self.health == Health::Down {
            return false;
        }
        self.health = Health::Down;
        self.last_answer = None;
        self.probe_wait = options.initial_probe.min(options.max_probe);
        self.probe_at = Some(now + self.probe_wait);
        true
    }

    /// A probe was not answered.
    pub fn probe_failed(&mut self, options: &Options, now: Micros) {
        self.probe_wait = self
            .probe_wait
            .saturating_mul(options.probe_backoff.into())
            .min(options.max_probe);
        self.probe_at = Some(now + self.probe_wait);
    }
}

impl Socket {
    pub fn new(fd: c_int, fixed: bool, serial: Serial, event: mm::Box<OwnEvent>) -> Socket {
        Socket {
            fd,
            event,
            serial,
            open: 0,
            used: 0,
            connected: false,
            fixed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_not_used_longer_than_the_load_asks() {
        let mut server = Server::new(1, SocketAddr::from(([127, 0, 0, 1], 53)), Place::NONE);
        server.sockets.try_reserve(1).unwrap();
        let socket = Socket {
            fd: -1,
            event: mm::Box::new(OwnEvent::new()).unwrap(),
            serial: Serial::new(1, 0),
            open: 1,
            used: 0,
            connected: false,
            fixed: false,
        };
        server.add_socket(socket, 500);
        for _ in 0..10 {
            assert_eq!(server.pick_socket(500), Some(0));
        }
        let further = (0..500).take_while(|_| server.pick_socket(8) == Some(0));
        assert!(further.count() < 8);
    }
}
