//! The client's connection to a server, over which many questions can be asked at once (RFC 7766).

use core::ffi::{c_int, c_short};

use super::query::{Key, Try};
use super::resolver::Resolver;
use super::state::State;
use super::stream::Stream;
use crate::base::OwnEvent;
use crate::ctypes::dns::*;
use crate::ctypes::event::{EV_PERSIST, EV_READ, EV_WRITE};
use crate::net::{socket, udp};
use crate::support::mm;
use crate::support::shared::Ref;
use crate::support::time::Micros;
use crate::sys::{Errno, Result};

/// A question gives connections up after so many have ended under it.
const MAX_FAILURES: u32 = 4;

/// A connection that is made, or being made.
pub struct Connection {
    stream: Stream,
    pub fd: c_int,
    connected: bool,
    read: mm::Box<OwnEvent>,
    write: mm::Box<OwnEvent>,
    /// Questions whose answer is accepted.
    open: u32,
    idle_since: Micros,
    base: crate::base::BaseRef,
}

impl Connection {
    /// A question that was asked over it is of no interest any more.
    pub fn release(&mut self, now: Micros) {
        self.open = self.open.saturating_sub(1);
        self.idle_since = now;
    }

    /// Since when nothing is asked over it, if so.
    pub fn idle_since(&self) -> Option<Micros> {
        (self.open == 0).then_some(self.idle_since)
    }

    /// Sends what is to be sent as far as that goes now. `ready`: the loop says that it does.
    fn flush(&mut self, ready: bool) -> Result {
        if !self.connected {
            return Ok(());
        }
        let done = self.stream.flush(ready)?;
        let base = self.base.lock();
        if done {
            self.write.stop(&base);
        } else {
            self.write.start(&base, None)?;
        }
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let base = self.base.lock();
        self.read.stop(&base);
        self.write.stop(&base);
    }
}

impl State {
    /// Has a question sent over the connection to a server, which is made if there is none.
    pub fn send_by_tcp(&mut self, index: usize, message: &[u8]) -> Result {
        if self.servers[index].tcp.is_none() {
            self.servers[index].tcp = Some(self.connect(index)?);
        }
        let connection = self.servers[index].tcp.as_mut().ok_or(Errno::INVAL)?;
        connection.stream.queue(message)?;
        connection.open += 1;
        // An error of sending is told by the event.
        let _ = connection.flush(false);
        Ok(())
    }

    fn connect(&mut self, index: usize) -> Result<Connection> {
        let resolver = self.resolver.ok_or(Errno::INVAL)?;
        let (read, write) = (
            mm::Box::new(OwnEvent::new())?,
            mm::Box::new(OwnEvent::new())?,
        );
        let (fd, connected) = udp::connect_stream(&self.servers[index].peer)?;
        let stream = Stream::new(fd);
        // SAFETY: the events are in blocks of their own; the resolver is destroyed by the loop, after
        // all its events have ended.
        unsafe {
            read.assign(&self.base, fd, EV_READ | EV_PERSIST, ready, resolver);
            write.assign(&self.base, fd, EV_WRITE | EV_PERSIST, ready, resolver);
        }
        let connection = Connection {
            stream,
            fd,
            connected,
            read,
            write,
            open: 0,
            idle_since: self.now,
            base: self.base,
        };
        let base = self.base.lock();
        connection.read.start(&base, None)?;
        connection.write.start(&base, None)?;
        drop(base);
        Ok(connection)
    }

    /// A connection can be read, or written to.
    pub fn tcp_ready(&mut self, fd: c_int, writable: bool) {
        let Some(index) = self
            .servers
            .iter()
            .position(|server| server.tcp.as_ref().is_some_and(|tcp| tcp.fd == fd))
        else {
            return;
        };
        let id = self.servers[index].id;
        if self.exchange(index, writable).is_err()
            && let Some(index) = self.server_index(id)
        {
            self.tcp_failed(index);
        }
    }

    /// Reads and writes; fails when the connection is of no more use.
    fn exchange(&mut self, index: usize, writable: bool) -> Result {
        let id = self.servers[index].id;
        let connection = self.servers[index].tcp.as_mut().ok_or(Errno::INVAL)?;
        if !connection.connected {
            connection.connected = socket::finish_connecting(connection.fd)?;
        }
        connection.flush(writable)?;
        if !connection.connected {
            return Ok(());
        }
        let more = connection.stream.fill()?;
        // Whatever an answer leads to, the connection may be gone then.
        while let Some(connection) = self
            .server_index(id)
            .and_then(|index| self.servers[index].tcp.as_mut())
        {
            let Some(range) = connection.stream.take()? else {
                break;
            };
            let mut message = mm::vec();
            message.try_extend_from_slice(connection.stream.message(range))?;
            self.tcp_message(index, &message);
        }
        if more {
            Ok(())
        } else {
            Err(Errno::new(libc::ECONNRESET))
        }
    }

    /// The connection has ended: whatever was asked over it is asked again.
    pub fn tcp_failed(&mut self, index: usize) {
        let id = self.servers[index].id;
        self.servers[index].tcp = None;
        self.plan(index);
        let over_it = |made: &Try| made.server == id && made.serial.is_none();
        // All are freed from it before the first may make another.
        let mut key = self.flying.first;
        while let Some(query) = self.query(key) {
            let next = query.next;
            query.lost = query.has_try(|made| over_it(made) && made.open);
            self.forget_tries(key, over_it);
            key = next;
        }
        // What is begun meanwhile comes behind.
        for _ in 0..self.flying.len {
            let Some(lost) = self.first_lost() else { break };
            self.ask_elsewhere(lost);
        }
    }

    pub fn first_lost(&mut self) -> Option<Key> {
        let mut key = self.flying.first;
        while let Some(query) = self.query(key) {
            if core::mem::take(&mut query.lost) {
                return Some(key);
            }
            key = query.next;
        }
        None
    }

    fn ask_elsewhere(&mut self, key: Key) {
        let servers = self.servers.len();
        let Some(query) = self.query(key) else { return };
        query.tcp_failures += 1;
        let others = (0..servers).any(|index| !query.was_asked(index));
        let error = query.error;
        if others || query.tcp_failures < MAX_FAILURES {
            self.ask_another(key, error, true);
        } else if error == DNS_ERR_TRUNCATED {
            self.finish(key, error);
        }
        // Otherwise there is nothing left but to wait for the end of its time.
    }
}

/// A connection has something to do.
fn ready(resolver: Ref<Resolver>, fd: c_int, what: c_short) {
    resolver.connection_ready(fd, what & EV_WRITE != 0);
}
