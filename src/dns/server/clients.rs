//! Clients that ask over TCP.

use core::ffi::{c_int, c_short};

use libc::{sockaddr, time_t, timeval};

use super::request::{self, Peer, Read};
use super::{Port, ask_program, end_if_unused};
use crate::base::timeout::When;
use crate::base::{BaseRef, OwnEvent};
use crate::ctypes::event::{EV_PERSIST, EV_READ, EV_TIMEOUT, EV_WRITE};
use crate::ctypes::opaque::evconnlistener;
use crate::dns::options::SECOND;
use crate::dns::stream::Stream;
use crate::net::listener::{AcceptFn, Listener};
use crate::net::socket;
use crate::support::mm;
use crate::support::shared::{Held, Ref, Shared};
use crate::support::thunk::{Argument, Thunk, thunk};
use crate::support::time::{self, Micros};
use crate::sys::{self, Errno, Result};

/// A client that takes no answers is disconnected when so many bytes wait for it.
const MAX_BACKLOG: usize = 4 << 20;

/// A client.
struct Client {
    number: u32,
    fd: c_int,
    stream: Stream,
    read: mm::Box<OwnEvent>,
    write: mm::Box<OwnEvent>,
    /// Questions that the program has.
    held: u32,
    /// It will ask nothing more.
    ended: bool,
    /// Since when it is amid a question.
    amid_since: Option<Micros>,
    /// How long it may be idle, or take nothing of what is sent.
    idle: timeval,
    base: BaseRef,
}

impl Drop for Client {
    fn drop(&mut self) {
        let base = self.base.lock();
        self.read.stop(&base);
        self.write.stop(&base);
    }
}

impl Client {
    fn is_idle(&self) -> bool {
        self.held == 0 && self.stream.backlog() == 0
    }

    /// Sends what it takes. `ready`: the loop says that it takes some.
    fn flush(&mut self, ready: bool) -> Result {
        let done = self.stream.flush(ready)?;
        let base = self.base.lock();
        if done {
            self.write.stop(&base);
        } else if self.write.is_idle() {
            // Only what it takes gives it more time.
            self.write.start(&base, Some(When::In(self.idle)))?;
        }
        Ok(())
    }
}

/// All clients of a port.
pub struct Clients {
    list: mm::Vec<Client>,
    last: u32,
    pub max: usize,
    /// In seconds.
    pub idle: time_t,
}

impl Clients {
    pub fn new() -> Clients {
        Clients {
            list: mm::vec(),
            last: 0,
            max: 10,
            idle: 10,
        }
    }

    fn find(&mut self, number: u32) -> Option<&mut Client> {
        self.list.iter_mut().find(|client| client.number == number)
    }

    fn remove(&mut self, number: u32) {
        self.list.retain(|client| client.number != number);
    }
}

/// Has a listener give its connections to a port.
pub fn accept_from(listener: Ref<Listener>, port: Ref<Port>) {
    let callback: Thunk<AcceptFn, Ref<Port>> = thunk(
        |port: Ref<Port>, _: *mut evconnlistener, fd: c_int, _: *mut sockaddr, _: c_int| {
            let held = port.hold();
            if held.closed.get() || held.add_client(port, fd).is_err() {
                sys::close(fd);
            }
        },
    );
    listener
        .hold()
        .set_callback(Some(callback.function()), port.into_raw());
}

impl Port {
    /// How many clients there may be, and after how many seconds an idle one is disconnected. False
    /// where there are none.
    pub fn set_limits(&self, max: Option<usize>, idle: Option<usize>) -> bool {
        let mut clients = self.clients.borrow_mut();
        clients.max = max.unwrap_or(clients.max);
        if let Some(idle) = idle {
            clients.idle = time_t::try_from(idle).unwrap_or(time_t::MAX / 4);
        }
        self.fd < 0
    }

    fn add_client(&self, port: Ref<Port>, fd: c_int) -> Result {
        let mut clients = self.clients.borrow_mut();
        if clients.list.len() >= clients.max {
            return Err(Errno::AGAIN);
        }
        socket::make_nonblocking(fd)?;
        clients.list.try_reserve(1)?;
        let (read, write) = (
            mm::Box::new(OwnEvent::new())?,
            mm::Box::new(OwnEvent::new())?,
        );
        // SAFETY: the events are in blocks of their own; the port is destroyed by the loop, after they
        // have ended.
        unsafe {
            read.assign(&self.base, fd, EV_READ | EV_PERSIST, on_readable, port);
            write.assign(&self.base, fd, EV_WRITE | EV_PERSIST, on_writable, port);
        }
        let idle = timeval {
            tv_sec: clients.idle,
            tv_usec: 0,
        };
        read.start(&self.base.lock(), Some(When::In(idle)))?;
        clients.last = clients.last.wrapping_add(1);
        let client = Client {
            number: clients.last,
            fd,
            stream: Stream::new(fd),
            read,
            write,
            held: 0,
            ended: false,
            amid_since: None,
            idle,
            base: self.base,
        };
        clients.list.push_within_capacity(client);
        Ok(())
    }

    /// Sends an answer, if the client is still there.
    pub fn send_to_client(&self, number: u32, message: &[u8]) {
        let mut clients = self.clients.borrow_mut();
        let Some(client) = clients.find(number) else {
            return;
        };
        let sent = client
            .stream
            .queue(message)
            .and_then(|()| client.flush(false));
        if sent.is_err() || client.stream.backlog() > MAX_BACKLOG {
            clients.remove(number);
        }
    }

    /// The program has one question of the client less.
    pub fn answered(&self, number: u32) {
        let mut clients = self.clients.borrow_mut();
        let closed = self.closed.get();
        if let Some(client) = clients.find(number) {
            client.held -= 1;
            if client.is_idle() && (client.ended || closed) {
                clients.remove(number);
            }
        }
    }

    /// Clients are not listened to any more.
    pub fn stop_reading(&self) {
        let clients = self.clients.borrow();
        for client in clients.list.iter() {
            client.read.stop(&client.base.lock());
        }
    }

    /// Disconnects clients that wait for nothing. True if none is left.
    pub fn close_idle_clients(&self) -> bool {
        let mut clients = self.clients.borrow_mut();
        clients.list.retain(|client| !client.is_idle());
        clients.list.is_empty()
    }

    /// Takes the next question of a client. `None` when there is none, and when the client is gone.
    fn next_question(&self, port: Ref<Port>, number: u32) -> Option<Read> {
        let mut clients = self.clients.borrow_mut();
        let client = clients.find(number)?;
        let read = match client.stream.take() {
            Ok(None) => return None,
            Ok(Some(range)) => {
                client.amid_since = None;
                request::read(client.stream.message(range), port, Peer::Client(number))
            }
            Err(_) => {
                clients.remove(number);
                return None;
            }
        };
        let refused = match &read {
            Read::Refused(refusal) => {
                let queued = client.stream.queue(refusal);
                queued.and_then(|()| client.flush(false))
            }
            _ => Ok(()),
        };
        if matches!(read, Read::Question(_)) && self.callback.is_some() {
            client.held += 1;
        }
        if refused.is_err() {
            clients.remove(number);
        }
        Some(read)
    }

    /// Reads what a client has sent. The client's number, unless it is gone.
    fn fill(&self, fd: c_int, what: c_short) -> Option<u32> {
        let mut clients = self.clients.borrow_mut();
        let client = clients.list.iter_mut().find(|client| client.fd == fd)?;
        let number = client.number;
        if what & EV_TIMEOUT != 0 {
            // One that waits for an answer is not idle.
            if client.is_idle() {
                clients.remove(number);
            }
            return None;
        }
        match client.stream.fill() {
            Ok(true) => {}
            Ok(false) => {
                client.ended = true;
                client.read.stop(&client.base.lock());
            }
            Err(_) => {
                clients.remove(number);
                return None;
            }
        }
        Some(number)
    }

    /// Whether a client is to be disconnected: it will ask nothing more, and waits for nothing; or it
    /// has taken longer over a question than it may be idle.
    fn let_go(&self, number: u32) {
        let mut clients = self.clients.borrow_mut();
        let patience = Micros::from(clients.idle).saturating_mul(SECOND);
        let Some(client) = clients.find(number) else {
            return;
        };
        let now = time::monotonic(false);
        let slow =
            client.stream.is_amid() && now - *client.amid_since.get_or_insert(now) > patience;
        if slow || client.ended && client.is_idle() {
            clients.remove(number);
        }
    }
}

fn on_readable(port: Ref<Port>, fd: c_int, what: c_short) {
    let held = port.hold();
    let Some(number) = held.fill(fd, what) else {
        return;
    };
    while !held.closed.get()
        && let Some(read) = held.next_question(port, number)
    {
        if let Read::Question(request) = read {
            ask_program(&held, request);
        }
    }
    held.let_go(number);
}

fn on_writable(port: Ref<Port>, fd: c_int, what: c_short) {
    let held: Held<Ref<Port>> = port.hold();
    {
        let mut clients = held.clients.borrow_mut();
        let client = clients.list.iter_mut().find(|client| client.fd == fd);
        let Some(client) = client else { return };
        let number = client.number;
        let stuck = what & EV_TIMEOUT != 0;
        let done = stuck || client.flush(true).is_err() || client.is_idle() && client.ended;
        if done {
            clients.remove(number);
        }
    }
    end_if_unused(&held);
}
