//! The address of the other end.

use core::cell::Cell;
use core::ffi::c_int;

use libc::{sockaddr, sockaddr_storage, socklen_t};

use super::Connection;
use crate::support::mm;
use crate::support::zeroed::Zeroed;

/// Stands for an address that is not known: programs look into what they get.
static UNKNOWN: sockaddr_storage = sockaddr_storage::ZEROED;

/// A socket's address.
#[derive(Clone, Copy)]
pub struct Peer {
    storage: sockaddr_storage,
    len: socklen_t,
}

impl Peer {
    /// Of the other end of a socket.
    pub fn of(fd: c_int) -> Option<Peer> {
        let mut storage = sockaddr_storage::ZEROED;
        let mut len = size_of::<sockaddr_storage>() as socklen_t;
        // SAFETY: a place for an address of that length.
        let result = unsafe { libc::getpeername(fd, (&raw mut storage).cast(), &raw mut len) };
        (result == 0).then_some(Peer { storage, len })
    }

    pub fn len(&self) -> socklen_t {
        self.len
    }

    pub fn as_ptr(&self) -> *const sockaddr {
        (&raw const self.storage).cast()
    }
}

impl Connection {
    /// The address of the other end, as long as the connection lives; one without a family if it
    /// isn't connected or there is no memory.
    pub fn peer_address(&self) -> *const sockaddr {
        let made = || Peer::of(self.fd.get()).and_then(|peer| mm::Box::new(Cell::new(peer)).ok());
        let peer = self.peer.take().or_else(made);
        let address = peer.as_ref().map_or((&raw const UNKNOWN).cast(), |peer| {
            // SAFETY: only computes the member's address.
            unsafe { (&raw const (*peer.as_ptr()).storage).cast() }
        });
        self.peer.set(peer);
        address
    }

    /// A new connection stands: what was told of the one before is true of this one now. If nothing
    /// was told, the address is only kept if it is `wanted`.
    pub fn update_peer(&self, wanted: bool) {
        let now = Peer::of(self.fd.get());
        let peer = match (self.peer.take(), now) {
            (Some(peer), Some(now)) => {
                peer.set(now);
                Some(peer)
            }
            (None, Some(now)) if wanted => mm::Box::new(Cell::new(now)).ok(),
            (peer, _) => peer,
        };
        self.peer.set(peer);
    }

    /// The address of the last connection, if it is known.
    pub fn last_peer(&self) -> Option<Peer> {
        let peer = self.peer.take();
        let copy = peer.as_ref().map(|peer| peer.get());
        self.peer.set(peer);
        copy
    }
}
