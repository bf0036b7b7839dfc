//! The address of the other end.

use core::ffi::c_int;
use core::mem::MaybeUninit;

use libc::{sockaddr, sockaddr_storage, socklen_t};

use super::Connection;
use crate::support::mm;

/// A socket's address.
#[derive(Clone, Copy)]
pub struct Peer {
    storage: sockaddr_storage,
    len: socklen_t,
}

impl Peer {
    /// Of the other end of a socket.
    pub fn of(fd: c_int) -> Option<Peer> {
        let mut storage = MaybeUninit::<sockaddr_storage>::zeroed();
        let mut len = size_of::<sockaddr_storage>() as socklen_t;
        // SAFETY: a place for an address of that length; all zeros is a value of one.
        unsafe {
            let result = libc::getpeername(fd, storage.as_mut_ptr().cast(), &raw mut len);
            (result == 0).then(|| Peer {
                storage: storage.assume_init(),
                len,
            })
        }
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
