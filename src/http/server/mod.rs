//! `struct evhttp`: a server.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`sockets`] | listening, and new connections |
//! | [`receive`] | the head of a request |
//! | [`dispatch`] | which callback gets a request |
//! | [`paths`] | callbacks by path |
//! | [`hosts`] | virtual hosts and aliases |
//! | [`exchange`] | one request after the other on a connection |

use core::cell::{Cell, RefCell};
use core::ffi::{c_char, c_int, c_void};
use core::ptr::{self, NonNull};

use super::connection::{Con, Connection, MAX_HEAD, Siblings, Timeouts};
use super::date::Date;
use super::limits::Limits;
use super::request::spare::Spares;
use super::store::Store;
use super::ws::session::{self, Session};
use super::{Bits, method};
use crate::base::BaseRef;
use crate::ctypes::http::{
    evhttp_bev_cb, evhttp_error_page_cb, evhttp_ext_method_cb, evhttp_newreq_cb, evhttp_request_cb,
};
use crate::support::members::{self, Members, Place};
use crate::support::mm;
use crate::support::thunk::Ref;

pub mod dispatch;
pub mod exchange;
pub mod hosts;
pub mod paths;
pub mod receive;
pub mod sockets;

use paths::Paths;

/// `struct evhttp`.
pub struct Server {
    /// In its parent's list of virtual hosts.
    link: Place<Server>,
    base: Option<BaseRef>,
    uses: Cell<u32>,
    gone: Cell<bool>,
    pub store: Store,
    pub spare_requests: Spares,
    pub date: Date,
    pub flags: Cell<c_int>,
    connections: Members<Connection, Siblings>,
    /// WebSocket sessions; they are counted with the connections.
    sessions: Members<Session, session::Siblings>,
    connection_count: Cell<c_int>,
    pub max_connections: Cell<c_int>,
    sockets: Members<sockets::Bound>,
    hosts: Members<Server, hosts::Hosts>,
    parent: Cell<Option<Ref<Server>>>,
    /// Of a virtual host.
    pattern: RefCell<mm::Vec<u8>>,
    aliases: RefCell<mm::Vec<mm::Vec<u8>>>,
    pub paths: RefCell<Paths>,
    pub general: Cell<evhttp_request_cb>,
    pub general_argument: Cell<*mut c_void>,
    pub make_bev: Cell<evhttp_bev_cb>,
    pub make_bev_argument: Cell<*mut c_void>,
    pub on_new_request: Cell<evhttp_newreq_cb>,
    pub new_request_argument: Cell<*mut c_void>,
    pub on_error: Cell<evhttp_error_page_cb>,
    pub error_argument: Cell<*mut c_void>,
    pub ext_method: Cell<evhttp_ext_method_cb>,
    /// Requests for what begins so may lack a Host.
    pub hostless: Cell<Option<&'static [u8]>>,
    pub allowed: Cell<Bits>,
    pub max_head: Cell<usize>,
    pub max_body: Cell<u64>,
    pub limits: Limits,
    pub timeouts: Cell<Timeouts>,
    /// The program's string, or null.
    pub content_type: Cell<*const c_char>,
}

/// What replies say of their content unless the program does.
static CONTENT_TYPE: &core::ffi::CStr = c"text/html; charset=ISO-8859-1";

/// A new server without sockets. `None` without memory.
pub fn make(base: Option<BaseRef>) -> Option<Ref<Server>> {
    // SAFETY: the queues stay in the server's block; whoever frees one of their objects has it removed.
    let queues = unsafe {
        (
            Members::new(),
            Members::new(),
            Members::new(),
            Members::new(),
        )
    };
    let (connections, sessions, sockets, hosts) = queues;
    let object = Server {
        link: members::nowhere(),
        base,
        uses: Cell::new(0),
        gone: Cell::new(false),
        store: Store::new(),
        spare_requests: Spares::new(),
        date: Date::new(),
        flags: Cell::new(0),
        connections,
        sessions,
        connection_count: Cell::new(0),
        max_connections: Cell::new(0),
        sockets,
        hosts,
        parent: Cell::new(None),
        pattern: RefCell::new(mm::vec()),
        aliases: RefCell::new(mm::vec()),
        paths: RefCell::new(Paths::new()),
        general: Cell::new(None),
        general_argument: Cell::new(ptr::null_mut()),
        make_bev: Cell::new(None),
        make_bev_argument: Cell::new(ptr::null_mut()),
        on_new_request: Cell::new(None),
        new_request_argument: Cell::new(ptr::null_mut()),
        on_error: Cell::new(None),
        error_argument: Cell::new(ptr::null_mut()),
        ext_method: Cell::new(None),
        hostless: Cell::new(None),
        allowed: Cell::new(method::DEFAULT),
        max_head: Cell::new(MAX_HEAD),
        max_body: Cell::new(u64::MAX),
        limits: Limits::new(),
        timeouts: Cell::new(Timeouts::NONE),
        content_type: Cell::new(CONTENT_TYPE.as_ptr()),
    };
    let place = mm::Box::new(object).ok()?.into_raw();
    // SAFETY: the server stays there until `KeepServer` frees it.
    Some(unsafe { Ref::new(place) })
}

impl Server {
    pub fn handle(&self) -> Ref<Server> {
        // SAFETY: servers are made by `make` only.
        unsafe { Ref::new(NonNull::from(self)) }
    }

    pub fn base(&self) -> Option<BaseRef> {
        self.base
    }

    /// Keeps the server's memory while program code runs.
    pub fn keep(&self) -> KeepServer {
        self.uses.set(self.uses.get() + 1);
        KeepServer(self.handle())
    }

    pub fn is_gone(&self) -> bool {
        self.gone.get()
    }

    /// Where small blocks of memory are kept. Whoever asks keeps the server, or has a connection of it.
    pub fn store_of<'a>(server: Ref<Server>) -> &'a Store {
        // SAFETY: a server outlives its connections, and is not moved.
        unsafe { &server.as_non_null().as_ref().store }
    }

    pub fn connection_count(&self) -> c_int {
        self.connection_count.get()
    }

    fn add_connection(&self, con: Con) {
        self.connections.push(con);
        con.server.set(Some(self.handle()));
        self.connection_count.set(self.connection_count.get() + 1);
    }

    /// A connection ends.
    pub fn remove_connection(&self, con: Con) {
        con.server.set(None);
        self.connection_count.set(self.connection_count.get() - 1);
        self.connections.remove(con);
    }

    /// Closes the oldest connection that has nothing to do after a reply. False if there is none.
    fn close_idle(&self) -> bool {
        let Some(con) = self.connections.iter().find(|con| con.is_idle()) else {
            return false;
        };
        let con = con.keep();
        con.tell_close();
        if !con.is_gone() && !con.is_wrapped() {
            // Its descriptor is wanted at once.
            con.hang_up();
        }
        con.free();
        true
    }

    pub fn add_session(&self, session: Ref<Session>) {
        self.sessions.push(session);
        self.connection_count.set(self.connection_count.get() + 1);
    }

    /// A session ends.
    pub fn remove_session(&self, session: Ref<Session>) {
        self.connection_count.set(self.connection_count.get() - 1);
        self.sessions.remove(session);
    }

    /// Ends sockets, connections, virtual hosts and the server itself.
    pub fn free(&self) {
        let keep = self.keep();
        if keep.gone.replace(true) {
            return;
        }
        while let Some(bound) = keep.sockets.first() {
            bound.free();
        }
        while let Some(con) = keep.connections.first() {
            let con = con.keep();
            con.free();
            // One whose close callback frees the server is ending already.
            if con.server.get().is_some() {
                keep.remove_connection(*con);
            }
        }
        while let Some(session) = keep.sessions.first() {
            let session = session.keep();
            session.free();
            session.leave();
        }
        keep.leave_parent();
        while let Some(host) = keep.hosts.first() {
            host.free();
        }
    }
}

/// A server that somebody works on: when it is freed meanwhile, its memory stays until the end.
pub struct KeepServer(Ref<Server>);

impl core::ops::Deref for KeepServer {
    type Target = Ref<Server>;
    fn deref(&self) -> &Ref<Server> {
        &self.0
    }
}

impl Drop for KeepServer {
    fn drop(&mut self) {
        let server = self.0;
        server.uses.set(server.uses.get() - 1);
        if server.uses.get() == 0 && server.is_gone() {
            // SAFETY: made by `make`, and nobody knows it any more.
            drop(unsafe { mm::Box::from_raw(server.as_non_null()) });
        }
    }
}
