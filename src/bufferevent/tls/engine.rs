//! What a TLS bufferevent asks of the library that speaks TLS.
//!
//! An engine works on a session that the program has made: an `SSL` or a `mbedtls_ssl_context`. It
//! never waits and calls no callback of the bufferevent's; the program's own callbacks that are set
//! in the session run inside of it.

use core::ffi::c_int;
use core::mem::MaybeUninit;

use super::super::Bev;
use crate::buffer::FileRange;

/// What came of a step.
#[derive(Debug)]
pub enum Step {
    /// This many bytes were moved; of a handshake: it is complete.
    Done(usize),
    /// The transport has to become readable first.
    WantRead,
    /// The transport has to become writable first.
    WantWrite,
    /// A callback of the program's has yet to decide. Nothing happens until the program asks.
    Undecided,
    Ended(End),
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// The other end said that it closes.
    Closed,
    /// The transport ended without that.
    Truncated,
    Failed,
}

/// The end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct End {
    pub how: How,
    /// `errno` of the transport, or 0.
    pub error: c_int,
    pub codes: Codes,
}

impl End {
    /// The connection can't go on, for a reason that the engine doesn't know.
    pub fn of_system(error: c_int) -> End {
        End {
            how: How::Failed,
            error,
            codes: Codes::default(),
        }
    }
}

/// The engine's error codes, at most as many as libevent keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Codes {
    codes: [u32; Codes::MAX],
    len: u8,
}

impl Codes {
    const MAX: usize = 3;

    /// Keeps a code, unless there are too many.
    pub fn push(&mut self, code: u32) {
        if let Some(place) = self.codes.get_mut(usize::from(self.len)) {
            *place = code;
            self.len += 1;
        }
    }

    /// Takes the latest one.
    pub fn pop(&mut self) -> Option<u32> {
        self.len = self.len.checked_sub(1)?;
        self.codes.get(usize::from(self.len)).copied()
    }

    /// Keeps those of a connection that ended, too.
    pub fn extend(&mut self, others: &Codes) {
        for code in &others.codes[..usize::from(others.len)] {
            self.push(*code);
        }
    }
}

/// Which part of the handshake is ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Client,
    Server,
}

/// Bytes on the transport since the session uses it; may wrap around.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moved {
    pub read: u64,
    pub written: u64,
}

/// One TLS library, and a session of it. The session is alive as long as the bufferevent has this.
pub trait Engine: Copy {
    /// A bufferevent is going to use the session: writing may be tried again with bytes that have
    /// moved meanwhile.
    fn prepare(self);

    /// The descriptor that the session uses already, if it knows one.
    fn fd(self) -> Option<c_int>;

    /// That descriptor stays open when the session is freed.
    fn keep_fd_open(self);

    /// Continues with the handshake.
    fn handshake(self) -> Step;

    /// Decrypts into the beginning of `into`.
    fn read(self, into: &mut [MaybeUninit<u8>]) -> Step;

    /// Encrypts. After [`Step::WantRead`] and [`Step::WantWrite`] the same bytes come again.
    fn write(self, from: &[u8]) -> Step;

    /// Whether [`Self::send_file`] can be used: the kernel encrypts.
    fn sends_files(self) -> bool;

    /// Has the kernel encrypt a part of a file.
    fn send_file(self, file: FileRange) -> Step;

    /// The code for an error of the system's that the engine was not told of.
    fn system_code(self) -> u32;

    /// Whether a read might get something without the transport.
    fn has_pending(self) -> bool;

    /// What went over the transport.
    fn moved(self) -> Moved;

    /// Prepares for a connection, which is another one if `again` is set. False if that can't be
    /// done.
    fn restart(self, role: Role, again: bool) -> bool;

    /// Uses a descriptor from here on, or none if it is -1. False without memory.
    fn use_fd(self, fd: c_int) -> bool;

    /// Uses the buffers of a bufferevent from here on, until [`Self::forget_bufferevent`]. `None`
    /// without memory.
    fn use_bufferevent(self, underlying: Bev) -> Option<Self>;

    /// The program goes on with the session alone.
    fn hand_back(self);

    /// The bufferevent is going away, or was not made: the last that is done with this. What is the
    /// program's may be gone already.
    fn forget_bufferevent(self);

    /// Has the session read from the transport more than it needs at once, or no longer. True if
    /// that was a change.
    fn read_ahead(self, on: bool) -> bool;

    /// Asks for a new handshake. False if the engine refuses.
    fn renegotiate(self) -> bool;

    /// Frees the session.
    fn free(self);
}
