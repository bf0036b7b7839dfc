//! Bufferevents that speak TLS, on a descriptor or on top of another bufferevent.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`create`] | making one, and its end |
//! | [`handshake`] | the handshake, and asking for another |
//! | [`input`], [`output`] | decrypting and encrypting |
//! | [`report`] | what the program is told of an end, and the error codes that it may ask for |
//! | [`socket`], [`filter`] | the two kinds: when all this is done |
//! | [`engine`] | what a TLS library has to do |
//! | [`openssl`], [`mbedtls`], [`mod@session`] | the two that do it, and a session of either |
//! | [`reach`] | finding their functions in a process |
//! | [`transport`] | ciphertext in the buffers of a bufferevent |
//!
//! # The session
//! The program makes the session, and may free it as soon as the bufferevent is freed without
//! `BEV_OPT_CLOSE_ON_FREE`, also in a callback. So [`Tls::session`] gives it for one step at a time
//! and nobody keeps it over a callback.

use core::cell::Cell;
use core::ffi::{c_int, c_short};
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::limits::ratelimit;
use super::stream::OnStream;
use super::{Bev, Held};
use crate::base::deferred::Deferred;
use crate::buffer::callback;
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::support::zeroed::{Zeroed, zeroed};

pub mod create;
mod engine;
mod filter;
mod handshake;
mod input;
pub mod mbedtls;
pub mod openssl;
mod output;
mod reach;
pub mod report;
mod session;
pub(super) mod socket;
mod transport;

pub use engine::Role;
use engine::{Codes, End, Engine, Moved};
pub use handshake::renegotiate;
pub use session::Session;

/// The memory of both kinds.
#[repr(C)]
struct Memory {
    /// Of a filter, only what all bufferevents begin with is used.
    stream: OnStream,
    /// Written when the bufferevent is made.
    tls: MaybeUninit<Tls>,
}

zeroed!(Memory { stream, tls });

/// What a TLS bufferevent is besides.
struct Tls {
    /// `None` once it is the program's alone again.
    session: Cell<Option<Session>>,
    /// As long as the bufferevent lives, for what it has given to the session.
    attached: Session,
    /// The engine is at work, and calls back.
    working: Cell<bool>,
    /// What it was made with: the side of the handshake that begins with every descriptor.
    role: Option<Role>,
    underlying: Option<Bev>,
    handshaking: Cell<bool>,
    /// A read, or a write, has to wait for the other direction of the transport.
    read_wants_write: Cell<bool>,
    write_wants_read: Cell<bool>,
    /// The end has been told: there is nothing more to read.
    closed: Cell<bool>,
    /// Has ended, which is told when reading may go on, with its direction, `BEV_EVENT_*`.
    ended: Cell<Option<(c_short, End)>>,
    /// The bufferevent below has ended: nothing comes after what is in its input.
    drained: Cell<Option<(c_short, End)>>,
    /// `BUFFEREVENT_SSL_*`, for the program.
    flags: Cell<u64>,
    codes: Cell<Codes>,
    /// What of the transport's bytes the rate limits know; `None` while there are no limits.
    counted: Cell<Option<Moved>>,
    /// Another connection has another number.
    connection: Cell<u32>,
    /// Reading ahead was switched on by the bufferevent.
    reads_ahead: Cell<bool>,
    /// How much the last record had, about.
    record: Cell<usize>,
    blocked: Cell<Option<output::Blocked>>,
    /// Watches the output while a write is blocked.
    edits: callback::Entry,
    /// Reads on from what the session has decrypted already.
    read_on: Deferred,
}

impl Tls {
    fn new(session: Session, role: Option<Role>, underlying: Option<Bev>) -> Tls {
        Tls {
            session: Cell::new(Some(session)),
            attached: session,
            working: Cell::new(false),
            role,
            underlying,
            handshaking: Cell::new(role.is_some()),
            read_wants_write: Cell::new(false),
            write_wants_read: Cell::new(false),
            closed: Cell::new(false),
            ended: Cell::new(None),
            drained: Cell::new(None),
            flags: Cell::new(0),
            codes: Cell::default(),
            counted: Cell::new(None),
            connection: Cell::new(0),
            reads_ahead: Cell::new(false),
            record: Cell::new(0),
            blocked: Cell::new(None),
            edits: Zeroed::ZEROED,
            read_on: Deferred::new(),
        }
    }

    /// For one step; see the module.
    #[inline]
    fn session(&self) -> Option<Session> {
        self.session.get()
    }

    /// Has the engine do a step, and notes that it is at work. `None` if the connection is another
    /// one afterwards, or the bufferevent freed, because of a callback in the session.
    fn step<R>(&self, bev: Bev, session: Session, step: impl FnOnce(Session) -> R) -> Option<R> {
        if self.counted.get().is_none() && ratelimit::has_any(bev) {
            self.counted.set(Some(session.moved()));
        }
        let connection = self.connection.get();
        let outer = self.working.replace(true);
        let result = step(session);
        self.working.set(outer);
        self.is_on(connection).then_some(result)
    }

    /// Whether more can be read without the transport's doing.
    fn has_more(&self) -> bool {
        let below = |underlying: Bev| underlying.input_len() > 0;
        self.session.get().is_some_and(Session::has_pending) || self.underlying.is_some_and(below)
    }

    fn edits(&self) -> callback::EntryRef {
        // SAFETY: stays where it is, and is taken out of the buffer before its memory goes.
        unsafe { callback::EntryRef::new(NonNull::from(&self.edits)) }
    }

    /// Whether the bufferevent still is on the same connection, after a callback.
    #[inline]
    fn is_on(&self, connection: u32) -> bool {
        self.connection.get() == connection && self.session.get().is_some()
    }
}

/// What [`Tls`] tells, of a bufferevent that is one.
#[inline]
fn of<'a>(bev: Bev) -> Option<&'a Tls> {
    let ops = bev.ops_ptr();
    if core::ptr::eq(ops, &raw const socket::OPS) || core::ptr::eq(ops, &raw const filter::OPS) {
        // SAFETY: made by `create` with this memory, which lives as long as the handle is used and
        // is changed by its cells only.
        Some(unsafe { (*bev.cast::<Memory>().as_ptr()).tls.assume_init_ref() })
    } else {
        None
    }
}

/// Takes what went over the transport since the last time from the rate limits.
fn count(bev: &Held, tls: &Tls, session: Session) {
    let Some(before) = tls.counted.get() else {
        return;
    };
    let now = session.moved();
    tls.counted.set(ratelimit::has_any(**bev).then_some(now));
    if before == now {
        return;
    }
    let bytes =
        |now: u64, before: u64| c_int::try_from(now.wrapping_sub(before)).unwrap_or(c_int::MAX);
    ratelimit::charge(
        bev,
        bytes(now.read, before.read),
        bytes(now.written, before.written),
    );
}

/// Whether input is wanted now.
fn reads(bev: &Held) -> bool {
    bev.enabled() & EV_READ != 0 && bev.read_suspended() == 0
}

/// Whether output may be written now.
fn writes(bev: &Held) -> bool {
    bev.enabled() & EV_WRITE != 0 && bev.write_suspended() == 0
}

/// The session, if the bufferevent has one: `None` also for other kinds.
pub fn session(bev: Bev) -> Option<Session> {
    of(bev)?.session()
}

/// The flags, if it is a TLS bufferevent.
pub fn flags(bev: Bev) -> Option<u64> {
    of(bev).map(|tls| tls.flags.get())
}

/// Sets the flags; they are the caller's to check.
pub fn set_flags(bev: Bev, flags: u64) {
    if let Some(tls) = of(bev) {
        tls.flags.set(flags);
    }
}

/// The latest error code that was not asked for yet, or 0.
pub fn pop_code(bev: Bev) -> u32 {
    let Some(tls) = of(bev) else {
        return 0;
    };
    let mut codes = tls.codes.get();
    let code = codes.pop();
    tls.codes.set(codes);
    code.unwrap_or(0)
}
