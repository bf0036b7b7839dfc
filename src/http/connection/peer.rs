//! The address of the other end.

use core::ffi::c_int;

use libc::{sockaddr, sockaddr_storage, socklen_t};

use super::Connection;
use crate::support::mm;
use crate::support::zeroed::Zeroed;

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
    /// The address of the other end, as long as the connection lives; null if it isn't connected or
    /// there is no memory.
    pub fn peer_address(&self) -> *const sockaddr {
        let made = || Peer::of(self.fd.get()).and_then(|peer| mm::Box::new(peer).ok());
        let peer = self.peer.take().or_else(made);
        let address = peer
            .as_ref()
            .map_or(core::ptr::null(), |peer| peer.as_ptr());
        self.peer.set(peer);
        address
    }
}
