//! Bufferevents on a descriptor, whatever lies between their buffers and its bytes.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`output`] | when output is written |
//! | [`connect`], [`resolve`] | getting connected, to an address or to a host by its name |
//! | [`descriptor`] | taking another descriptor, base or priority |
//!
//! A kind of this sort begins its memory with [`OnStream`] and names its [`Transport`] in its `Ops`:
//! that is how its bytes are written, and what its events call. Everything else is done here.

use core::ffi::{c_int, c_short};
use core::mem::offset_of;
use core::ptr::NonNull;

use super::{Bev, EventThunk, Held, Private, fields};
use crate::base::before_wait::Task;
use crate::base::handle::Ev;
use crate::support::zeroed::{Zeroed, zeroed};

pub mod connect;
pub mod descriptor;
pub mod output;
pub mod resolve;

use descriptor::Known;
use output::EarlyWrite;

/// What bufferevents on a descriptor begin with.
#[repr(C)]
pub struct OnStream {
    private: Private,
    /// Writes the output before the loop waits.
    task: Task,
    /// The lookup of a host's name and what came of it.
    resolving: resolve::Slot,
    /// What the task came to, until the loop tells it.
    early: EarlyWrite,
    known: Known,
    phase: Phase,
    /// The system has said already that nobody listens.
    refused: bool,
    /// `errno` if the task failed.
    early_error: c_int,
}

zeroed!(OnStream {
    private,
    task,
    resolving,
    early,
    known,
    phase,
    refused,
    early_error,
});

/// Whether output may be written to the descriptor.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    Open = 0,
    /// Waits for writability to learn how connecting went.
    Connecting,
    /// Not now, and it is the kind that says when: it adds the event for writing itself, and starts
    /// output again with [`output::start`].
    HeldBack,
}

// SAFETY: `Open`.
unsafe impl Zeroed for Phase {}

/// What came of a write.
pub enum Written {
    /// There was nothing to write.
    Nothing,
    /// This many bytes were written.
    Progress(c_int),
    /// Not now: the kernel tells when.
    Blocked,
    /// Not now, and it is not writability that is missing: the kind starts output again.
    Elsewhere,
    /// What the program has to be told, `BEV_EVENT_*`, and `errno`.
    Failed(c_short, c_int),
}

/// See [`Transport::write`].
pub type Write = fn(&Held, c_int, usize) -> Written;

/// How a kind moves bytes to and from its descriptor.
pub struct Transport {
    /// Writes at most this many bytes of the output, of which there are some. `None` where they go to
    /// the descriptor as they are: most do, and a call of one's own would be a tenth of the work.
    pub write: Option<Write>,
    /// The connection is established, and the phase is [`Phase::Open`]: tells the program, or does first
    /// what has to be done.
    pub connected: fn(&Held),
    /// Writing has failed in direction `EV_WRITE`, or connecting in none: tells the program, with
    /// `BEV_EVENT_*` and `errno`.
    pub failed: fn(&Held, c_short, c_short, c_int),
    /// The callbacks of the two events; [`output::on_writable`] if nothing else is to be done.
    pub on_readable: fn() -> EventThunk,
    pub on_writable: fn() -> EventThunk,
}

/// The view of a [`Bev`] on a descriptor.
#[derive(Clone, Copy)]
pub struct Stream(NonNull<OnStream>);

impl Stream {
    /// The bufferevent's, if it is on a descriptor.
    #[inline]
    pub fn of(bev: Bev) -> Option<Stream> {
        bev.ops().stream.map(|_| Stream(bev.cast()))
    }

    /// Where its task is.
    #[inline]
    fn task(self) -> NonNull<Task> {
        // SAFETY: only computes an address inside the live bufferevent.
        unsafe { NonNull::new_unchecked(&raw mut (*self.0.as_ptr()).task) }
    }

    /// What the task of a bufferevent on a descriptor is part of.
    fn of_task(task: NonNull<Task>) -> Stream {
        // SAFETY: the task is inside one.
        Stream(unsafe { task.byte_sub(offset_of!(OnStream, task)) }.cast())
    }

    /// The bufferevent.
    #[inline]
    pub fn bev(self) -> Bev {
        Bev(self.0.cast())
    }

    fields! {
        set: pub(super),
        resolving set_resolving: resolve::Slot = resolving;
        early set_early: EarlyWrite = early;
        early_error set_early_error: c_int = early_error;
        known set_known: Known = known;
        phase set_phase: Phase = phase;
        refused set_refused: bool = refused;
    }

    /// Whether output is to be written before the loop waits.
    pub fn has_queued_task(self) -> bool {
        // SAFETY: inside the live bufferevent.
        unsafe { self.task().as_ref() }.is_queued()
    }

    /// Whether output may be written to the descriptor that its event waits for.
    #[inline]
    fn is_open(self, ev: Ev) -> bool {
        self.phase() == Phase::Open && ev.fd() >= 0
    }

    /// Whether it is being connected.
    #[inline]
    pub fn connecting(self) -> bool {
        self.phase() == Phase::Connecting
    }
}
