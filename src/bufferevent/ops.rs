//! What the kinds of bufferevents differ in.

use core::ffi::{c_int, c_short};

use crate::sys;

use super::stream::Transport;
use super::{Bev, Held};

/// How thoroughly a flush does its work: the values of `enum bufferevent_flush_mode`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Normal,
    Flush,
    /// Nothing more will come.
    Finished,
}

/// One kind of bufferevents. `struct bufferevent_ops` in C, where nobody knows its members.
pub struct Ops {
    /// Starts reading, writing or both; suspended directions are not among them.
    pub enable: fn(&Held, c_short) -> sys::Result,
    /// Stops reading, writing or both, also for as long as they are suspended.
    pub disable: fn(&Held, c_short) -> sys::Result,
    /// The program has freed it, though others may still have references.
    pub give_up: fn(Bev),
    /// The last reference is gone: parts from other objects. The lock is held.
    pub unlink: fn(Bev),
    /// Nothing is in use any more: frees what is its kind's own.
    pub destroy: fn(Bev),
    /// The timeouts have changed.
    pub adjust_timeouts: fn(&Held) -> sys::Result,
    /// Moves what there is, for `EV_READ`, `EV_WRITE` or both. 1 if something was moved, 0 if not,
    /// -1 if that can't be done.
    pub flush: fn(&Held, c_short, Mode) -> c_int,
    /// Gives it another descriptor, or -1 for none.
    pub set_fd: fn(&Held, c_int) -> sys::Result,
    /// Its descriptor, or -1.
    pub fd: fn(Bev) -> c_int,
    /// The bufferevent that it filters.
    pub underlying: fn(Bev) -> Option<Bev>,
    /// For kinds on a descriptor, whose memory begins with [`OnStream`](super::stream::OnStream):
    /// how bytes get there.
    pub stream: Option<&'static Transport>,
}
