//! The list of name servers, their sockets and their probes.

use core::ffi::{c_int, c_short};
use std::net::SocketAddr;

use super::name::Name;
use super::nameserver::{Health, Probe, Serial, Server, Socket};
use super::options::SECOND;
use super::query::Key;
use super::resolver::Resolver;
use super::state::{Asks, Notice, Owner, Reason, State};
use super::wire::{self, kind};
use crate::base::OwnEvent;
use crate::ctypes::event::{EV_PERSIST, EV_READ};
use crate::support::mm;
use crate::support::shared::Ref;
use crate::support::time::Micros;
use crate::sys::{self, Errno, Result};

/// How long sockets are kept that only many questions at once need.
const KEEP_SOCKETS: Micros = 5 * SECOND;
/// With so many questions in flight ports are used several times.
const BUSY: usize = 16;
/// How many questions leave by one port then. Ports change within a moment, and whoever guesses has
/// to guess which of them asks for what, too.
const BUSY_QUERIES_PER_PORT: u32 = 8;
/// Among so many ports all that fly are divided if they are many: half of those that there can be, so
/// that the others' answers come meanwhile and their ports can be changed.
const PORTS_AT_ONCE: usize = 8;
/// What probes ask for; programs' tests and firewalls know it.
const PROBE_NAME: &[u8] = b"google.com";

/// Why a server was not added, as programs are told.
pub const EXISTS: c_int = 3;

impl State {
    pub fn server_index(&self, id: u32) -> Option<usize> {
        self.servers.iter().position(|server| server.id == id)
    }

    /// Adds a server. The error is what the exported functions return.
    pub fn add_server(&mut self, address: SocketAddr) -> core::result::Result<(), c_int> {
        let same = |server: &Server| {
            server.address.ip() == address.ip() && server.address.port() == address.port()
        };
        if self.servers.iter().any(same) {
            return Err(EXISTS);
        }
        self.servers.try_reserve(1).map_err(|_| -1)?;
        // Each can be told to have failed and to be back before anybody listens.
        let notices = 4 * (self.servers.len() + 1) + self.notices.len();
        self.notices.try_reserve(notices).map_err(|_| -1)?;
        let id = self.last_server.wrapping_add(1);
        let place = self.timers.reserve(Owner::Server(id)).ok_or(-1)?;
        let mut server = Server::new(id, address, place);
        if let Err(code) = self.add_socket(&mut server) {
            self.timers.release(place);
            return Err(code);
        }
        self.last_server = id;
        self.servers.push_within_capacity(server);
        if !self.suspended {
            self.pump();
        }
        Ok(())
    }

    /// Opens one more socket of a server.
    fn add_socket(&mut self, server: &mut Server) -> core::result::Result<usize, c_int> {
        server.sockets.try_reserve(1).map_err(|_| -1)?;
        let event = mm::Box::new(OwnEvent::new()).map_err(|_| -1)?;
        let resolver = self.resolver.ok_or(-1)?;
        let (fd, fixed) = server.open(&self.options)?;
        // SAFETY: the event is in a block of its own; the resolver is destroyed by the loop, after
        // all its events have ended.
        unsafe { event.assign(&self.base, fd, EV_READ | EV_PERSIST, readable, resolver) };
        if !self.rests_when_idle && event.start(&self.base.lock(), None).is_err() {
            sys::close(fd);
            return Err(2);
        }
        self.last_serial = self.last_serial.wrapping_add(1);
        let place = server.sockets.len();
        let serial = Serial::new(self.last_serial, place);
        server.add_socket(
            Socket::new(fd, fixed, serial, event),
            self.queries_per_port(),
        );
        Ok(place)
    }

    fn close_socket(&mut self, socket: &Socket) {
        socket.event.stop(&self.base.lock());
        sys::close(socket.fd);
    }

    /// How many questions may leave by one port.
    fn queries_per_port(&self) -> u32 {
        let most = self.options.queries_per_port;
        if self.flying.len < BUSY {
            return most;
        }
        let share = (self.flying.len / PORTS_AT_ONCE) as u32;
        most.max(BUSY_QUERIES_PER_PORT).max(share)
    }

    /// Sends a datagram to a server. Returns the socket's serial number.
    pub fn send_by_udp(&mut self, index: usize, message: &[u8]) -> Result<Serial> {
        let most = self.queries_per_port();
        let mut picked = self.servers[index].pick_socket(most);
        if picked.is_none() {
            // For the time being out of its place.
            let mut server = self.servers.swap_remove(index);
            picked = self.add_socket(&mut server).ok();
            self.servers.push_within_capacity(server);
            let last = self.servers.len() - 1;
            self.servers.swap(index, last);
            picked = picked.or_else(|| self.servers[index].least_used());
        }
        let which = picked.ok_or(Errno::AGAIN)?;
        let (now, rests) = (self.now, self.rests_when_idle);
        let server = &mut self.servers[index];
        let socket = server.sockets.get(which).ok_or(Errno::AGAIN)?;
        if rests && socket.open == 0 {
            socket.event.start(&self.base.lock(), None)?;
        }
        let sent = server.send(which, message, most, now);
        let socket = &mut server.sockets[which];
        if sent.is_err() && rests && socket.open == 0 {
            socket.event.stop(&self.base.lock());
        }
        sent?;
        socket.open += 1;
        Ok(socket.serial)
    }

    /// A message to a server is of no interest any more.
    pub fn release(&mut self, id: u32, serial: Option<Serial>) {
        let Some(index) = self.server_index(id) else {
            return;
        };
        let now = self.now;
        let rests = self.rests_when_idle;
        let server = &mut self.servers[index];
        let Some(serial) = serial else {
            if let Some(connection) = &mut server.tcp {
                connection.release(now);
            }
            self.plan(index);
            return;
        };
        let Some(socket) = server.socket(serial) else {
            return;
        };
        socket.open -= 1;
        if socket.open > 0 {
            return;
        }
        if rests {
            socket.event.stop(&self.base.lock());
        }
        if server.sockets.len() > 1 {
            self.plan(index);
        }
    }

    /// Closes what only many questions at once need.
    fn trim(&mut self, index: usize) {
        while let Some(socket) = self.servers[index].sockets.pop() {
            if self.servers[index].sockets.is_empty() || socket.open > 0 {
                self.servers[index].sockets.push_within_capacity(socket);
                break;
            }
            self.close_socket(&socket);
        }
    }

    // How servers are doing.

    /// A server counts as down from now on.
    pub fn fail_server(&mut self, index: usize, reason: Reason) {
        let (now, options) = (self.now, self.options);
        let server = &mut self.servers[index];
        if !server.fail(&options, now) {
            return;
        }
        let address = server.address;
        self.notice(Notice::Failed(address, reason));
        if self
            .servers
            .iter()
            .all(|server| server.health == Health::Down)
        {
            self.notice(Notice::AllFailed);
        }
        self.plan(index);
    }

    /// A server answered what was sent to it at `sent`.
    pub fn server_answered(&mut self, index: usize, sent: Micros) {
        let now = self.now;
        let server = &mut self.servers[index];
        if !server.answered(sent, now) {
            return;
        }
        let address = server.address;
        let probe = server.probe.take();
        let id = server.id;
        if let Some(probe) = probe {
            self.end_probe(id, &probe);
        }
        self.notice(Notice::Up(address));
        self.plan(index);
    }

    fn notice(&mut self, notice: Notice) {
        // There is room, or nobody has listened for long.
        if self.notices.len() < self.notices.capacity() {
            self.notices.push_within_capacity(notice);
        }
    }

    fn end_probe(&mut self, id: u32, probe: &Probe) {
        self.ids.remove(&probe.id);
        self.release(id, Some(probe.serial));
    }

    fn start_probe(&mut self, index: usize) {
        let now = self.now;
        let options = self.options;
        let sent = self.new_id().and_then(|id| {
            self.ids.try_reserve(1).ok()?;
            let mut name = probe_name();
            if let Some(bits) = self.new_case() {
                name.set_case(&bits);
            }
            let message = wire::Query::new(id, &name, kind::A, None);
            let serial = self.send_by_udp(index, message.bytes()).ok()?;
            Some((id, serial))
        });
        let server = &mut self.servers[index];
        match sent {
            Some((id, serial)) => {
                server.probe_at = None;
                server.probe = Some(Probe {
                    id,
                    serial,
                    sent: now,
                });
                let id_of_server = server.id;
                self.ids.insert(id, Asks::Probe(id_of_server));
            }
            None => server.probe_failed(&options, now),
        }
    }

    /// A server is there, but refuses even what probes ask.
    pub fn probe_refused(&mut self, index: usize) {
        let (now, options) = (self.now, self.options);
        let server = &mut self.servers[index];
        if let Some(probe) = server.probe.take() {
            server.probe_failed(&options, now);
            let id = server.id;
            self.end_probe(id, &probe);
            self.plan(index);
        }
    }

    /// When the server's time comes next.
    pub fn plan(&mut self, index: usize) {
        let idle = self.rests_when_idle && self.flying.len == 0;
        let timeout = self.options.timeout;
        let tcp_idle = self.options.tcp_idle;
        let now = self.now;
        let server = &self.servers[index];
        let place = server.place;
        let mut next: Option<Micros> = None;
        let mut at = |time: Micros| next = Some(next.map_or(time, |next| next.min(time)));
        if !idle {
            if let Some(probe) = &server.probe {
                at(probe.sent + timeout);
            } else if let Some(time) = server.probe_at {
                at(time);
            }
            if let Some(since) = server.tcp.as_ref().and_then(|tcp| tcp.idle_since()) {
                at(since + tcp_idle);
            }
            let spare = server.sockets.iter().skip(1).any(|socket| socket.open == 0);
            if spare {
                at(now + KEEP_SOCKETS);
            }
        }
        match next {
            Some(time) => self.timers.set(place, time),
            None => self.timers.clear(place),
        }
    }

    pub fn plan_all(&mut self) {
        for index in 0..self.servers.len() {
            self.plan(index);
        }
    }

    /// Nothing is asked any more: nothing keeps the loop from ending.
    pub fn rest_all(&mut self) {
        for index in 0..self.servers.len() {
            let server = &mut self.servers[index];
            let id = server.id;
            server.tcp = None;
            if let Some(probe) = server.probe.take() {
                server.probe_at = Some(probe.sent);
                self.end_probe(id, &probe);
            }
            self.trim(index);
            self.plan(index);
        }
    }

    /// A server's time has come.
    pub fn server_is_due(&mut self, id: u32) {
        let Some(index) = self.server_index(id) else {
            return;
        };
        let (now, options) = (self.now, self.options);
        let server = &mut self.servers[index];
        if let Some(probe) = server
            .probe
            .take_if(|probe| now >= probe.sent + options.timeout)
        {
            server.probe_failed(&options, now);
            self.end_probe(id, &probe);
        } else if server.probe.is_none() && server.probe_at.is_some_and(|time| now >= time) {
            self.start_probe(index);
        }
        let server = &mut self.servers[index];
        let idle = server.tcp.as_ref().and_then(|tcp| tcp.idle_since());
        if idle.is_some_and(|since| now >= since + options.tcp_idle) {
            server.tcp = None;
        }
        self.trim(index);
        self.plan(index);
    }

    /// Drops all servers, and has what was asked of them wait.
    pub fn clear_servers(&mut self) {
        let mut key = self.flying.first;
        while key != Key::NONE {
            self.forget_tries(key, |_| true);
            self.reset(key);
            key = self.query(key).map_or(Key::NONE, |query| query.next);
        }
        self.ground_all();
        while let Some(server) = self.servers.pop() {
            self.drop_server(server);
        }
        self.turn = 0;
        self.suspended = true;
    }

    /// Goes on with what waits.
    pub fn resume(&mut self) {
        self.suspended = false;
        self.pump();
    }

    /// A question begins anew, with all its time.
    fn reset(&mut self, key: Key) {
        let (timeout, attempts) = (self.options.timeout, self.options.attempts);
        let deadline = self.now + timeout.saturating_mul(attempts.into());
        if let Some(query) = self.query(key) {
            query.begin(attempts, query.tcp, deadline);
        }
        self.await_deadline(key);
    }

    /// Drops one server, which is in the list no more. What was asked of it moves on.
    pub fn drop_server(&mut self, mut server: Server) {
        if let Some(probe) = server.probe.take() {
            self.ids.remove(&probe.id);
        }
        while let Some(socket) = server.sockets.pop() {
            self.close_socket(&socket);
        }
        self.timers.release(server.place);
    }

    /// Takes one server out of the list. What was asked of it is asked elsewhere.
    pub fn remove_server(&mut self, index: usize) {
        let server = self.servers.remove(index);
        let id = server.id;
        let mut key = self.flying.first;
        while let Some(query) = self.query(key) {
            let next = query.next;
            query.lost = query.has_try(|made| made.server == id && made.open);
            // Servers have other places now.
            query.forget_asked();
            self.forget_tries(key, |made| made.server == id);
            key = next;
        }
        self.drop_server(server);
        for _ in 0..self.flying.len {
            let Some(lost) = self.first_lost() else { break };
            self.ask(lost);
        }
    }

    /// The descriptor of a server's socket; from now on no other is used for it.
    pub fn server_descriptor(&mut self, index: usize) -> Option<c_int> {
        let server = self.servers.get_mut(index)?;
        server.single = true;
        server.sockets.first().map(|socket| socket.fd)
    }
}

/// The name that probes ask for.
pub fn probe_name() -> Name {
    Name::from_text(PROBE_NAME).unwrap_or(Name::ROOT)
}

/// A socket has something to read.
fn readable(resolver: Ref<Resolver>, fd: c_int, _what: c_short) {
    resolver.receive(fd);
}
