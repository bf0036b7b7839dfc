//! `struct evhttp_connection`: a connection of a server or of a client, and what both have in common.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`wire`] | the bufferevent below |
//! | [`read`] | heads and bodies |
//! | [`mod@write`] | output, and what follows when it is written |
//! | [`fail`] | the ends that exchanges and connections come to |
//! | [`linger`] | closing so that the last reply is read |
//! | [`peer`] | the address of the other end |
//!
//! A connection is used by one thread at a time, as in libevent. Callbacks of the program may free
//! it: so whoever calls one has a [`Keep`], and looks at [`Connection::is_gone`] afterwards.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_void};
use core::ops::Deref;
use core::ptr::{self, NonNull};
use std::sync::OnceLock;

use libc::timeval;

use super::client::Client;
use super::head::Rules;
use super::keyval;
use super::limits::{Limit, Limits};
use super::request::{Req, Requests};
use super::server::Server;
use super::store::Store;
use crate::base::{BaseRef, OwnTimer};
use crate::ctypes::bufferevent::bufferevent_event_cb;
use crate::ctypes::http::{
    EVHTTP_CON_LENIENT, EVHTTP_CON_LINGERING_CLOSE, EVHTTP_CON_PUBLIC_FLAGS_END,
    EVHTTP_CON_READ_ON_WRITE_ERROR, EVHTTP_CON_REUSE_CONNECTED_ADDR, EVHTTP_SERVER_LENIENT,
    EVHTTP_SERVER_LINGERING_CLOSE, evhttp_connection_cb, evhttp_ext_method_cb,
};
use crate::support::members::{self, Place, linked};
use crate::support::mm;
use crate::support::thunk::Ref;
use crate::support::time::{Micros, from_timeval, to_timeval};
use crate::sys;

pub mod fail;
pub mod linger;
pub mod peer;
pub mod read;
pub mod wire;
pub mod write;

use peer::Peer;
use wire::Wire;

/// The most that a head may have unless the program says otherwise.
pub const MAX_HEAD: usize = 256 * 1024;

/// What a connection is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Of a client: it isn't connected.
    Disconnected,
    /// Of a client.
    Connecting,
    /// Of a client: connected, with nothing to do.
    Idle,
    /// Of a client: writes a request.
    Sending,
    /// Reads the head of a message.
    Head,
    Body,
    /// Reads what stands behind a chunked body.
    Trailer,
    /// Of a server: a request is being answered.
    Reply,
    /// Of a server: writes replies before it reads another request.
    Flush,
    /// Waits for the other end to read the last reply.
    Linger,
}

/// How long connecting, reading and writing may take without progress; `None` is for ever.
#[derive(Clone, Copy)]
pub struct Timeouts {
    pub connect: Option<timeval>,
    pub read: Option<timeval>,
    pub write: Option<timeval>,
}

impl Timeouts {
    pub const NONE: Timeouts = Timeouts {
        connect: None,
        read: None,
        write: None,
    };
}

/// A timeout in microseconds, as there are many connections; negative for ever.
pub struct TimeoutCell(Cell<Micros>);

impl TimeoutCell {
    pub const fn new() -> TimeoutCell {
        TimeoutCell(Cell::new(-1))
    }

    fn is_set(&self) -> bool {
        self.0.get() >= 0
    }

    fn get(&self) -> Option<timeval> {
        let time = self.0.get();
        self.is_set().then(|| to_timeval(time))
    }

    fn set(&self, to: Option<timeval>) {
        self.0.set(to.map_or(-1, from_timeval));
    }
}

/// `struct evhttp_connection`.
pub struct Connection {
    /// In its server's list.
    link: Place<Connection>,
    uses: Cell<u32>,
    /// Freed: the memory goes with the last use.
    gone: Cell<bool>,
    base: Cell<Option<BaseRef>>,
    pub server: Cell<Option<Ref<Server>>>,
    pub wire: Cell<Option<Wire>>,
    /// The callback for events that the bufferevent was given last.
    pub attached: Cell<bufferevent_event_cb>,
    pub fd: Cell<c_int>,
    pub state: Cell<State>,
    pub requests: Requests,
    /// The first line of that head is good.
    pub first_line_seen: Cell<bool>,
    /// Empty lines that came in front of a request.
    pub blank_lines: Cell<u32>,
    /// By state. Body: what is still to come of one of known length. Linger: how much may still be
    /// dropped. Reply, Flush: how much output waited at the last timeout.
    pub left: Cell<u64>,
    pub max_head: Cell<usize>,
    pub max_body: Cell<u64>,
    /// `EVHTTP_CON_*`, and of servers `EVHTTP_SERVER_LENIENT`.
    pub flags: Cell<c_int>,
    /// The peer in numbers, or as the program named it. A block of the hooks.
    pub address: Cell<*mut c_char>,
    pub port: Cell<u16>,
    pub on_close: Cell<evhttp_connection_cb>,
    pub close_argument: Cell<*mut c_void>,
    /// The close callback is still due.
    pub established: Cell<bool>,
    read_timeout: TimeoutCell,
    write_timeout: TimeoutCell,
    /// More of a refused message may come.
    pub unread: Cell<bool>,
    /// The other end sends nothing more.
    pub ended: Cell<bool>,
    /// The program's callback for a request is running.
    pub dispatching: Cell<bool>,
    /// A request was answered.
    pub served: Cell<bool>,
    /// Replies wait to be written with the next one: see [`write::flush`].
    pub batched: Cell<bool>,
    /// Input is being worked on: no second time from inside.
    pub reading: Cell<bool>,
    /// The slow head, the slow body, the lingering close: most connections never need it.
    guard: Cell<Option<mm::Box<OwnTimer>>>,
    pub ext_method: Cell<evhttp_ext_method_cb>,
    /// The address of the other end, once it was asked for.
    peer: Cell<Option<mm::Box<Cell<Peer>>>>,
    /// What only clients have.
    pub client: Option<mm::Box<Client>>,
}

/// The queue of a server's connections.
pub struct Siblings;

linked!(Connection, Siblings, link);

/// A connection whose memory is there.
pub type Con = Ref<Connection>;

/// Makes a connection on a bufferevent, which belongs to it from here on if there is one.
pub fn make(base: Option<BaseRef>, client: Option<mm::Box<Client>>) -> Option<Con> {
    let object = Connection {
        link: members::nowhere(),
        uses: Cell::new(0),
        gone: Cell::new(false),
        base: Cell::new(base),
        server: Cell::new(None),
        wire: Cell::new(None),
        attached: Cell::new(None),
        fd: Cell::new(-1),
        state: Cell::new(State::Disconnected),
        // SAFETY: it stays in the connection's block; requests leave it before they end.
        requests: unsafe { Requests::new() },
        first_line_seen: Cell::new(false),
        blank_lines: Cell::new(0),
        left: Cell::new(0),
        max_head: Cell::new(MAX_HEAD),
        max_body: Cell::new(u64::MAX),
        flags: Cell::new(0),
        address: Cell::new(ptr::null_mut()),
        port: Cell::new(0),
        on_close: Cell::new(None),
        close_argument: Cell::new(ptr::null_mut()),
        established: Cell::new(false),
        read_timeout: TimeoutCell::new(),
        write_timeout: TimeoutCell::new(),
        unread: Cell::new(false),
        ended: Cell::new(false),
        dispatching: Cell::new(false),
        served: Cell::new(false),
        batched: Cell::new(false),
        reading: Cell::new(false),
        guard: Cell::new(None),
        ext_method: Cell::new(None),
        peer: Cell::new(None),
        client,
    };
    let place = mm::Box::new(object).ok()?.into_raw();
    // SAFETY: the object stays there until `Keep` frees it.
    let con = unsafe { Con::new(place) };
    con.assign_timers();
    Some(con)
}

/// Whether programs that don't set the flags, because they don't know them, are to be lenient.
fn lenient_by_environment() -> bool {
    static WANTED: OnceLock<bool> = OnceLock::new();
    *WANTED.get_or_init(|| sys::variable(c"LIBEVENT_RS_HTTP_LENIENT").is_some())
}

impl Connection {
    /// The handle of this connection, which lies in a block of its own.
    pub fn handle(&self) -> Con {
        // SAFETY: connections are made by `make` only.
        unsafe { Con::new(NonNull::from(self)) }
    }

    /// The timer is of the base. It is idle.
    fn assign_timers(&self) {
        if let (Some(base), Some(client)) = (self.base(), &self.client) {
            let retry = super::client::on_retry;
            // SAFETY: the timer is the connection's, which stops it before it ends.
            unsafe { client.retry_timer.assign(&base, retry, self.handle()) };
        }
    }

    pub fn base(&self) -> Option<BaseRef> {
        self.base.get()
    }

    /// Gives it a base, which it has none of yet, or doesn't use yet.
    pub fn set_base(&self, base: Option<BaseRef>) {
        self.stop_timers();
        self.base.set(base);
        self.assign_timers();
    }

    /// [`Self::set_base`] with the bufferevent.
    pub fn move_to(&self, base: Option<BaseRef>) {
        self.set_base(base);
        if let (Some(wire), Some(base)) = (self.wire(), self.base()) {
            wire.set_base(&base);
        }
    }

    fn stop_timers(&self) {
        linger::calm(self);
        if let (Some(base), Some(client)) = (self.base(), &self.client) {
            client.retry_timer.stop(&base.lock());
        }
    }

    /// Where the other end is, as far as that is known.
    pub fn address_text(&self) -> Option<&[u8]> {
        let text = self.address.get();
        // SAFETY: a C string, which is the connection's to its end.
        (!text.is_null()).then(|| unsafe { keyval::text(text) })
    }

    /// Whether it waits for another request, of which nothing has come.
    pub fn is_idle(&self) -> bool {
        let nothing = || self.current().is_none_or(|req| req.headers_size() == 0);
        self.served.get()
            && self.state.get() == State::Head
            && self.input().is_some_and(|input| input.is_empty())
            && self.output().is_some_and(|output| output.is_empty())
            && nothing()
    }

    /// Whether it was freed. Then nothing of it may be used any more.
    pub fn is_gone(&self) -> bool {
        self.gone.get()
    }

    pub fn is_server(&self) -> bool {
        self.client.is_none()
    }

    /// The request that the connection works on.
    pub fn current(&self) -> Option<Req> {
        self.requests.first()
    }

    /// Keeps the connection's memory.
    pub fn keep(&self) -> Keep {
        self.uses.set(self.uses.get() + 1);
        Keep(self.handle())
    }

    /// Takes a request out of the queue.
    pub fn forget(&self, req: Req) {
        self.requests.remove(req);
    }

    pub fn has(&self, flag: c_int) -> bool {
        self.flags.get() & flag != 0
    }

    /// Whether the peer gets away with what old software does.
    pub fn is_lenient(&self) -> bool {
        self.has(EVHTTP_CON_LENIENT)
            || self.is_server() && self.server_flag(EVHTTP_SERVER_LENIENT)
            || lenient_by_environment()
    }

    /// Whether a body that is too long is read to its end before that is said.
    pub fn lingers_on_close(&self) -> bool {
        self.has(EVHTTP_CON_LINGERING_CLOSE)
            || self.is_server() && self.server_flag(EVHTTP_SERVER_LINGERING_CLOSE)
    }

    fn server_flag(&self, flag: c_int) -> bool {
        self.server
            .get()
            .is_some_and(|server| server.flags.get() & flag != 0)
    }

    fn limits<T>(&self, look: impl FnOnce(&Limits) -> T) -> T {
        match (&self.client, self.server.get()) {
            (Some(client), _) => look(&client.limits),
            (None, Some(server)) => look(&server.limits),
            (None, None) => look(&Limits::new()),
        }
    }

    pub fn limit(&self, limit: Limit) -> u64 {
        self.limits(|limits| limits.size(limit))
    }

    /// `None` is for ever.
    pub fn limit_of_time(&self, limit: Limit) -> Option<Micros> {
        self.limits(|limits| limits.time(limit))
    }

    pub fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: self
                .client
                .as_ref()
                .and_then(|client| client.connect_timeout.get()),
            read: self.read_timeout.get(),
            write: self.write_timeout.get(),
        }
    }

    pub fn set_timeouts(&self, to: Timeouts) {
        if let Some(client) = &self.client {
            client.connect_timeout.set(to.connect);
        }
        self.read_timeout.set(to.read);
        self.write_timeout.set(to.write);
    }

    /// How lines are read.
    pub fn rules(&self) -> Rules {
        Rules {
            bare_lf: self.is_lenient(),
            fold: self.is_lenient() || !self.is_server(),
        }
    }

    /// Where small blocks of memory are kept.
    pub fn store<'a>(&self) -> Option<&'a Store> {
        self.server.get().map(Server::store_of)
    }

    /// Calls the program's close callback, once for each time that the connection stood.
    pub fn tell_close(&self) {
        if self.established.replace(false)
            && let Some(callback) = self.on_close.get()
        {
            let (con, argument) = (self.handle().as_ptr(), self.close_argument.get());
            // SAFETY: the program gave callback and argument to go together.
            unsafe { callback(con.cast(), argument) };
        }
    }

    /// Sets the bits that programs may set. False if there are others.
    pub fn set_public_flags(&self, flags: c_int) -> bool {
        let public = EVHTTP_CON_LINGERING_CLOSE
            | EVHTTP_CON_READ_ON_WRITE_ERROR
            | EVHTTP_CON_REUSE_CONNECTED_ADDR
            | EVHTTP_CON_LENIENT;
        if flags & !public != 0 {
            return false;
        }
        let private = self.flags.get() & !(EVHTTP_CON_PUBLIC_FLAGS_END - 1);
        self.flags.set(private | flags);
        true
    }

    /// Leaves the bufferevent and its descriptor to the caller, and ends the rest without telling
    /// anybody.
    pub fn give_up_wire(&self) -> Option<(Wire, c_int)> {
        let keep = self.keep();
        let wire = keep.wire.replace(None)?;
        let fd = keep.fd.replace(-1);
        keep.established.set(false);
        keep.free();
        Some((wire, fd))
    }

    /// Ends the connection: the close callback runs, requests and bufferevent are freed.
    pub fn free(&self) {
        let keep = self.keep();
        if keep.gone.get() {
            return;
        }
        // What was answered is to arrive.
        write::flush(&keep);
        if keep.gone.replace(true) {
            return;
        }
        keep.tell_close();
        while let Some(req) = keep.current() {
            keep.forget(req);
            req.set_con_ptr(ptr::null_mut());
            req.free_unless_owned();
        }
        keep.stop_timers();
        if let Some(server) = keep.server.get() {
            server.remove_connection(keep.handle());
        }
        keep.drop_wire();
    }
}

/// A connection that somebody works on: when it is freed meanwhile, its memory stays until the end.
pub struct Keep(Con);

impl Deref for Keep {
    type Target = Con;
    fn deref(&self) -> &Con {
        &self.0
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        let con = self.0;
        con.uses.set(con.uses.get() - 1);
        if con.uses.get() == 0 && con.is_gone() {
            // SAFETY: made by `make`; `free` has taken it from everybody who knew it.
            unsafe {
                mm::free(con.address.get().cast());
                drop(mm::Box::from_raw(con.as_non_null()));
            }
        }
    }
}
