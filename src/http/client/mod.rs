//! Clients: a connection that sends requests, one after the other, and connects when it has to.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`connect`] | connecting, again and again if wished |
//! | [`send`] | the head of a request |
//! | [`receive`] | replies |

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_short, c_void};
use core::ptr;

use libc::timeval;

use super::connection::fail::Failure;
use super::connection::wire::Wire;
use super::connection::{self, Con, Keep, State, TimeoutCell, Timeouts};
use super::framing::Body;
use super::limits::Limits;
use super::reply;
use super::request::{Reply, Req};
use crate::base::{BaseRef, OwnTimer};
use crate::bufferevent::stream::resolve;
use crate::ctypes::bufferevent::{
    BEV_EVENT_CONNECTED, BEV_EVENT_ERROR, BEV_EVENT_READING, BEV_EVENT_TIMEOUT, BEV_EVENT_WRITING,
};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::http::{EVHTTP_CON_READ_ON_WRITE_ERROR, EVHTTP_REQUEST};
use crate::ctypes::http_struct::{EVHTTP_REQ_NEEDS_FREE, EVHTTP_USER_OWNED};
use crate::support::mm;
use crate::sys::{self, Errno};

pub mod connect;
pub mod receive;
pub mod send;

pub use connect::on_retry;
pub use receive::{complete, head_complete, status_line};

/// Where a client connects to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The host and the port of the connection.
    Host,
    /// The path of a UNIX socket, which is the connection's address.
    Unix,
    /// The program gave a connection that can't be made again.
    Given,
}

/// What only a client's connection has.
pub struct Client {
    pub retry_timer: OwnTimer,
    /// How often connecting is tried again; negative for ever.
    pub retries: Cell<c_int>,
    pub tried: Cell<c_int>,
    pub first_delay: Cell<timeval>,
    /// An `evdns_base`, or null.
    dns: *mut c_void,
    pub target: Target,
    pub family: Cell<c_int>,
    /// Where it connects from: a block of the hooks, or null.
    pub local_address: Cell<*mut c_char>,
    pub local_port: Cell<u16>,
    pub connect_timeout: TimeoutCell,
    /// The connection is freed when it has nothing to do and ends.
    pub frees_itself: Cell<bool>,
    /// The body waits for the server's word.
    pub body_waits: Cell<bool>,
    /// Replies before the final one.
    pub interim: Cell<u64>,
    pub limits: Limits,
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: the client's own block.
        unsafe { mm::free(self.local_address.get().cast()) };
    }
}

const fn seconds(seconds: libc::time_t) -> timeval {
    timeval {
        tv_sec: seconds,
        tv_usec: 0,
    }
}

/// What a client waits for unless the program chooses.
pub const TIMEOUTS: Timeouts = Timeouts {
    connect: Some(seconds(45)),
    read: Some(seconds(50)),
    write: Some(seconds(50)),
};

/// Makes a client. It takes the bufferevent over, if there is one. `None` without memory.
pub fn make(
    base: Option<BaseRef>,
    dns: *mut c_void,
    bev: Option<Wire>,
    target: Target,
    address: &[u8],
    port: u16,
) -> Option<Con> {
    let client = mm::Box::new(Client {
        retry_timer: OwnTimer::new(),
        retries: Cell::new(0),
        tried: Cell::new(0),
        first_delay: Cell::new(seconds(2)),
        dns,
        target,
        family: Cell::new(libc::AF_UNSPEC),
        local_address: Cell::new(ptr::null_mut()),
        local_port: Cell::new(0),
        connect_timeout: TimeoutCell::new(),
        frees_itself: Cell::new(false),
        body_waits: Cell::new(false),
        interim: Cell::new(0),
        limits: Limits::new(),
    });
    let address = mm::OwnedBlock::c_string(address).ok()?;
    let con = connection::make(base, Some(client.ok()?))?;
    let keep = con.keep();
    con.address.set(address.into_raw().cast());
    con.port.set(port);
    con.set_timeouts(TIMEOUTS);
    let Some(wire) = bev.or_else(|| Wire::plain(base)) else {
        keep.free();
        return None;
    };
    con.wire.set(Some(wire));
    if target == Target::Given {
        con.fd.set(wire.fd());
        con.established.set(true);
        con.state.set(State::Idle);
        con.apply_timeouts();
        con.attach(true, false);
        con.enable(EV_READ);
    }
    Some(con)
}

impl Client {
    /// A client is asked for by its connection.
    pub fn of(con: &connection::Connection) -> &Client {
        match &con.client {
            Some(client) => client,
            None => crate::support::log::fatal_abort(format_args!("not a client's connection")),
        }
    }
}

impl connection::Connection {
    /// Has the timeouts of what the connection does now begin anew.
    pub fn apply_timeouts(&self) {
        let timeouts = self.timeouts();
        let (read, write) = match self.state.get() {
            State::Disconnected | State::Connecting if !self.is_server() => {
                (timeouts.connect, timeouts.connect)
            }
            _ => (timeouts.read, timeouts.write),
        };
        if let Some(wire) = self.wire() {
            // Without memory for the timers there are none.
            let _ = wire.set_timeouts(read, write);
        }
    }
}

/// Sends a request, as soon as those before it are done. Fails without memory, and then the request
/// is freed; or when the connection can't be bound to its local address, and then it is not.
pub fn make_request(con: &Keep, req: Req, method: super::Bits, uri: &[u8]) -> sys::Result {
    req.set_kind(EVHTTP_REQUEST);
    req.set_method(method);
    let good = memchr::memchr2(b'\r', b'\n', uri).is_none()
        && send::has_name(con, method)
        && !con.is_gone();
    if !good || !req.set_target(uri) {
        req.free_unless_owned();
        return Err(if good { Errno::NOMEM } else { Errno::INVAL });
    }
    if req.major() == 0 && req.minor() == 0 {
        req.set_major(1);
        req.set_minor(1);
    }
    req.set_con_ptr(con.as_ptr());
    con.requests.push(req);
    if Client::of(con).tried.get() > 0 {
        // It goes with the next try.
        return Ok(());
    }
    if con.state.get() == State::Disconnected {
        return connect::start(con).inspect_err(|_| {
            con.forget(req);
            req.set_con_ptr(ptr::null_mut());
        });
    }
    if con.state.get() == State::Idle && con.current() == Some(req) {
        send::next(con);
    }
    Ok(())
}

/// Ends a request that the program doesn't want any more.
pub fn cancel(req: Req) {
    let Some(con) = req.con().map(|con| con.keep()) else {
        req.free_unless_owned();
        return;
    };
    if con.current() != Some(req) {
        con.forget(req);
        req.set_con_ptr(ptr::null_mut());
        req.free_unless_owned();
    } else if con.is_server() && req.reply() == Reply::Started {
        // It is too late for another reply.
        reply::drop_connection(req);
    } else if con.is_server() {
        con.refuse(req, super::start_line::BAD);
    } else {
        con.fail(Failure::Cancelled);
    }
}

/// The bufferevent's callback for events.
pub fn on_event(con: &Keep, what: c_short) {
    let error = sys::errno();
    match con.state.get() {
        State::Connecting if what & BEV_EVENT_CONNECTED != 0 => connect::stands(con),
        State::Connecting => {
            let unknown = con
                .wire()
                .is_some_and(|wire| resolve::last_error(wire.bev()) != 0);
            let refused = what & BEV_EVENT_TIMEOUT != 0 || error == libc::ECONNREFUSED;
            if refused && !unknown {
                connect::refused(con, Errno::new(error));
            } else {
                sys::set_errno(error);
                con.fail(Failure::Eof);
            }
        }
        _ if what & BEV_EVENT_CONNECTED != 0 => {}
        State::Idle => lose_idle(con),
        State::Sending if may_read_on(con, what) => {
            if let Some(wire) = con.wire() {
                wire.drop_output();
            }
            receive::start(con);
        }
        State::Body if ends_body(con, what) => {
            con.ended.set(true);
            connection::read::finish(con);
        }
        _ => {
            sys::set_errno(error);
            con.fail(Failure::of_event(what));
        }
    }
}

/// Whether a reply may have come although the request can't be written.
fn may_read_on(con: &Keep, what: c_short) -> bool {
    what & BEV_EVENT_WRITING != 0
        && what & BEV_EVENT_ERROR != 0
        && con.has(EVHTTP_CON_READ_ON_WRITE_ERROR)
}

/// Whether the end of input is that of the body.
fn ends_body(con: &Keep, what: c_short) -> bool {
    let until_close = con
        .current()
        .is_some_and(|req| req.body() == Body::UntilClose);
    until_close
        && what & BEV_EVENT_READING != 0
        && what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT) == 0
}

/// The connection below ends. The close callback may free this one.
pub fn reset(con: &Keep) {
    con.disable(EV_READ | EV_WRITE);
    con.tell_close();
    if !con.is_gone() {
        con.hang_up();
        con.state.set(State::Disconnected);
        con.ended.set(false);
    }
}

/// The server has closed a connection that had nothing to do, or sent something that nobody asked
/// for.
pub fn lose_idle(con: &Keep) {
    reset(con);
    free_if_done(con);
}

/// Frees a connection that frees itself, when it has nothing to do.
fn free_if_done(con: &Keep) {
    let client = Client::of(con);
    let done = !con.is_gone() && con.current().is_none() && con.state.get() == State::Disconnected;
    if done && client.frees_itself.get() && client.tried.get() == 0 {
        con.free();
    }
}

/// The current request has failed. The next one goes over a new connection.
pub fn fail(con: &Keep, failure: Failure) {
    let error = sys::errno();
    let Some(req) = con.current() else {
        lose_idle(con);
        return;
    };
    let told = (req.error_callback(), req.argument());
    let callback = req.callback().filter(|_| failure != Failure::Cancelled);
    con.forget(req);
    req.set_con_ptr(ptr::null_mut());
    let hold = req.hold();
    reset(con);
    // The close callback may have cancelled it.
    let cancelled = hold.is_freed() && !hold.has(EVHTTP_USER_OWNED);
    req.free_unless_owned();
    drop(hold);
    connect::again(con);
    if cancelled {
        free_if_done(con);
        return;
    }
    sys::set_errno(error);
    if let (Some(callback), argument) = told {
        // SAFETY: the program gave callback and argument to go together.
        unsafe { callback(failure.code(), argument) };
    }
    if let Some(callback) = callback {
        // SAFETY: as above.
        unsafe { callback(ptr::null_mut(), told.1) };
    }
    free_if_done(con);
}

/// Frees a request whose final callback has run, unless the program keeps it.
fn finish(req: Req) {
    if !req.has(EVHTTP_USER_OWNED) && !req.has(EVHTTP_REQ_NEEDS_FREE) {
        req.free();
    }
}
