//! A session: a connection from its handshake on.
//!
//! It lives until its connection ends, or the program frees it; both call the close callback, once.
//! Whoever runs code of the program meanwhile has a [`Keep`].
//!
//! All that a session does, it does with its bufferevent locked, if that has a lock.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_short, c_void};
use core::ops::Deref;
use core::ptr::{self, NonNull};

use super::frame::{self, Fault, Opcode};
use super::message::{Complete, Kind, Most, Reader};
use crate::base::{BaseRef, Deferred, OwnTimer};
use crate::bufferevent::{Held, callbacks, lifecycle};
use crate::ctypes::bufferevent::{
    BEV_EVENT_CONNECTED, BEV_EVENT_READING, BEV_EVENT_TIMEOUT, BEV_OPT_THREADSAFE,
};
use crate::ctypes::bufferevent_struct::bufferevent;
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::ws::{WS_BINARY_FRAME, WS_TEXT_FRAME, ws_on_close_cb, ws_on_msg_cb};
use crate::http::connection::wire::{self, Wire};
use crate::http::limits::Limit;
use crate::http::server::Server;
use crate::support::members::{self, Place, linked};
use crate::support::thunk::{Argument, Ref, thunk};
use crate::support::{lock, mm};

/// What waits in the output when pings are not answered any more.
const MAX_WAITING: usize = 64 << 10;

/// How long the client has to answer a close frame.
const CLOSE_TIME: libc::timeval = libc::timeval {
    tv_sec: 3,
    tv_usec: 0,
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    /// We have said that we close, and wait for the client to do so.
    Closing,
    /// What the client sent was no good, and it was told. Nothing more is understood.
    Failed,
    /// Both have said it: the session ends when that is written.
    Closed,
}

/// `struct evws_connection`.
pub struct Session {
    /// In its server's list.
    link: Place<Session>,
    uses: Cell<u32>,
    /// Freed: the memory goes with the last use.
    gone: Cell<bool>,
    server: Cell<Option<Ref<Server>>>,
    base: Option<BaseRef>,
    wire: Wire,
    fd: c_int,
    options: c_int,
    state: Cell<State>,
    reader: RefCell<Reader>,
    /// A ping was sent because nothing came for a while.
    pinged: Cell<bool>,
    on_message: ws_on_msg_cb,
    message_argument: *mut c_void,
    on_close: Cell<ws_on_close_cb>,
    close_argument: Cell<*mut c_void>,
    /// The client takes too long to close.
    timer: OwnTimer,
    /// Reads what came with the handshake.
    begin: Deferred,
}

/// The queue of a server's sessions.
pub struct Siblings;

linked!(Session, Siblings, link);

/// What a session is made of.
pub struct Parts {
    pub server: Ref<Server>,
    pub base: Option<BaseRef>,
    pub wire: Wire,
    pub fd: c_int,
}

/// What the program wants of it.
pub struct Wishes {
    pub on_message: ws_on_msg_cb,
    pub argument: *mut c_void,
    pub options: c_int,
}

/// Begins a session on a connection that is given to it. `None` without memory; then the connection
/// is gone.
pub fn begin(parts: Parts, wishes: Wishes) -> Option<Ref<Session>> {
    let wire = parts.wire;
    let fd = parts.fd;
    let limits = &parts.server.limits;
    let most = Most {
        bytes: limits.size(Limit::WsMessage),
        frames: limits.size(Limit::WsFragments),
    };
    let object = Session {
        link: members::nowhere(),
        uses: Cell::new(0),
        gone: Cell::new(false),
        server: Cell::new(None),
        base: parts.base,
        wire,
        fd,
        options: wishes.options,
        state: Cell::new(State::Open),
        reader: RefCell::new(Reader::new(most)),
        pinged: Cell::new(false),
        on_message: wishes.on_message,
        message_argument: wishes.argument,
        on_close: Cell::new(None),
        close_argument: Cell::new(ptr::null_mut()),
        timer: OwnTimer::new(),
        begin: Deferred::new(),
    };
    let Ok(place) = mm::Box::new(object) else {
        wire.free(fd);
        return None;
    };
    let place = place.into_raw();
    // SAFETY: the session stays there until `Keep` frees it, and stops timer and callback before.
    let session = unsafe {
        let session = Ref::new(place);
        if let Some(base) = session.base() {
            session.timer.assign(&base, on_timer, session);
            session
                .begin
                .init((base.priorities() / 2) as u8, on_begin, session);
        }
        session
    };
    session.server.set(Some(parts.server));
    parts.server.add_session(session);
    session.attach(false);
    if let Some(base) = session.base() {
        session.begin.schedule(&base.lock());
    }
    Some(session)
}

impl Session {
    fn handle(&self) -> Ref<Session> {
        // SAFETY: sessions are made by `begin` only.
        unsafe { Ref::new(NonNull::from(self)) }
    }

    fn base(&self) -> Option<BaseRef> {
        self.base
    }

    /// Keeps the session's memory, and holds its bufferevent.
    pub fn keep(&self) -> Keep {
        let bev = self.wire.bev().hold();
        self.uses.set(self.uses.get() + 1);
        Keep {
            session: self.handle(),
            _bev: bev,
        }
    }

    /// Has the bufferevent call for this session; also when the output is written, if `write`.
    fn attach(&self, write: bool) {
        type Data = unsafe extern "C" fn(*mut bufferevent, *mut c_void);
        type Event = unsafe extern "C" fn(*mut bufferevent, c_short, *mut c_void);
        let on_read =
            thunk::<Data, Ref<Session>, _>(|session: Ref<Session>, _: *mut bufferevent| {
                on_read(&session.keep());
            });
        let on_write =
            thunk::<Data, Ref<Session>, _>(|session: Ref<Session>, _: *mut bufferevent| {
                on_written(&session.keep());
            });
        let on_event = thunk::<Event, Ref<Session>, _>(
            |session: Ref<Session>, _: *mut bufferevent, what: c_short| {
                on_event(&session.keep(), what);
            },
        );
        callbacks::set(
            &self.wire.bev().hold(),
            Some(on_read.function()),
            write.then_some(on_write.function()),
            Some(on_event.function()),
            self.handle().into_raw(),
        );
    }

    pub fn bufferevent(&self) -> *mut bufferevent {
        self.wire.as_ptr()
    }

    pub fn set_on_close(&self, callback: ws_on_close_cb, argument: *mut c_void) {
        let _keep = self.keep();
        self.on_close.set(callback);
        self.close_argument.set(argument);
    }

    /// Sends a message, unless the session is closing. Without memory it is lost.
    pub fn send(&self, opcode: Opcode, bytes: &[u8]) {
        let keep = self.keep();
        if !keep.gone.get() && keep.state.get() == State::Open {
            keep.write(opcode, bytes);
        }
    }

    fn write(&self, opcode: Opcode, bytes: &[u8]) {
        let (head, size) = frame::head(opcode, bytes.len());
        let mut output = self.wire.output().lock();
        // A head without its payload would be the end of the session.
        if output.expand(size + bytes.len()).is_ok() && output.add(&head[..size]).is_ok() {
            let _ = output.add(bytes);
        }
    }

    /// Says that the session ends, for a reason unless `code` is 0, and waits for the client to do
    /// the same.
    pub fn close(&self, code: u16) {
        let keep = self.keep();
        if !keep.gone.get() && keep.state.get() == State::Open {
            keep.say_close(code, State::Closing);
        }
    }

    fn say_close(&self, code: u16, state: State) {
        let code = code.to_be_bytes();
        let payload: &[u8] = if code == [0, 0] { &[] } else { &code };
        self.write(Opcode::Close, payload);
        self.state.set(state);
        self.attach(true);
        if let Some(base) = self.base() {
            // Without memory for a timer it is the client's turn.
            let _ = self.timer.start(&base.lock(), CLOSE_TIME);
        }
    }

    /// The server knows the session no more.
    pub fn leave(&self) {
        if let Some(server) = self.server.replace(None) {
            server.remove_session(self.handle());
        }
    }

    /// Ends the session.
    pub fn free(&self) {
        let keep = self.keep();
        if keep.gone.replace(true) {
            return;
        }
        if let Some(callback) = keep.on_close.get() {
            // SAFETY: the program gave callback and argument to go together.
            unsafe { callback(keep.as_ptr().cast(), keep.close_argument.get()) };
        }
        keep.leave();
        if let Some(base) = keep.base() {
            let base = base.lock();
            keep.timer.end(&base);
            keep.begin.cancel(&base);
        }
        wire::shut_down(keep.fd);
        keep.wire.free(keep.fd);
    }
}

/// The loop's first look at the session: nobody is working on the bufferevent.
fn on_begin(session: Ref<Session>) {
    if session.options & BEV_OPT_THREADSAFE != 0 && lock::enabled() {
        // Without memory for a lock it is used by this thread only.
        let _ = lifecycle::enable_locking(session.wire.bev(), ptr::null_mut());
    }
    let keep = session.keep();
    if session.wire.enable(EV_READ | EV_WRITE).is_err() {
        session.free();
        return;
    }
    on_read(&keep);
}

/// The client did not close in time.
fn on_timer(session: Ref<Session>) {
    session.free();
}

fn on_event(session: &Keep, what: c_short) {
    if session.gone.get() || what & BEV_EVENT_CONNECTED != 0 {
        return;
    }
    let quiet = what & BEV_EVENT_TIMEOUT != 0 && what & BEV_EVENT_READING != 0;
    if quiet && session.state.get() == State::Open && !session.pinged.replace(true) {
        // A client that is alive answers.
        session.write(Opcode::Ping, &[]);
        if session.wire.enable(EV_READ).is_ok() {
            return;
        }
    }
    session.free();
}

/// The output is written.
fn on_written(session: &Keep) {
    if session.gone.get() || !session.wire.output().is_empty() {
        return;
    }
    match session.state.get() {
        State::Closed => session.free(),
        State::Failed => wire::shut_down(session.fd),
        State::Open | State::Closing => {}
    }
}

fn on_read(session: &Keep) {
    session.pinged.set(false);
    while !session.gone.get() {
        if matches!(session.state.get(), State::Failed | State::Closed) {
            let _ = session.wire.input().lock().drain(usize::MAX);
            return;
        }
        match session.next() {
            Ok(None) => return,
            Ok(Some(Complete::Message(kind))) => session.tell(kind),
            Ok(Some(Complete::Ping)) => session.pong(),
            Ok(Some(Complete::Pong)) => {}
            Ok(Some(Complete::Close(code))) => session.closed(code),
            Err(_) if session.state.get() == State::Closing => {
                // It was told already.
                session.state.set(State::Failed);
                on_written(session);
            }
            Err(fault) => session.say_close(fault as u16, State::Failed),
        }
    }
}

impl Session {
    /// What is complete next, if anything is.
    fn next(&self) -> Result<Option<Complete>, Fault> {
        let mut input = self.wire.input().lock();
        let mut reader = self.reader.borrow_mut();
        loop {
            let taken = match input.pieces().next() {
                Some(piece) if !piece.is_empty() => reader.take(piece)?,
                _ => return Ok(None),
            };
            input.drain(taken.0).map_err(|_| Fault::Internal)?;
            if taken.1.is_some() {
                return Ok(taken.1);
            }
        }
    }

    fn tell(&self, kind: Kind) {
        let message = self.reader.borrow_mut().take_message();
        if let Some(callback) = self.on_message
            && self.state.get() == State::Open
        {
            let kind = match kind {
                Kind::Text => WS_TEXT_FRAME,
                Kind::Binary => WS_BINARY_FRAME,
            };
            let session = self.handle().as_ptr().cast();
            let (data, len) = (message.as_ptr(), message.len());
            // SAFETY: the program gave callback and argument to go together; the bytes stay until
            // it returns.
            unsafe { callback(session, kind, data, len, self.message_argument) };
        }
        self.reader.borrow_mut().recycle(message);
    }

    fn pong(&self) {
        if self.state.get() == State::Open && self.wire.output().len() < MAX_WAITING {
            let reader = self.reader.borrow();
            self.write(Opcode::Pong, reader.control());
        }
    }

    /// The client closes.
    fn closed(&self, code: Option<u16>) {
        if self.state.get() == State::Open {
            self.say_close(code.unwrap_or(0), State::Closed);
        } else {
            self.state.set(State::Closed);
            self.attach(true);
        }
        on_written(&self.keep());
    }
}

/// A session that somebody works on: when it is freed meanwhile, its memory stays until the end.
pub struct Keep {
    session: Ref<Session>,
    /// Locked, and not freed before the session.
    _bev: Held,
}

impl Deref for Keep {
    type Target = Ref<Session>;
    fn deref(&self) -> &Ref<Session> {
        &self.session
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        let session = self.session;
        session.uses.set(session.uses.get() - 1);
        if session.uses.get() == 0 && session.gone.get() {
            // SAFETY: made by `begin`; `free` has taken it from everybody who knew it.
            drop(unsafe { mm::Box::from_raw(session.as_non_null()) });
        }
    }
}
