//! Datagram sockets.

use core::ffi::{c_int, c_void};
use core::mem::{MaybeUninit, size_of};
use core::ptr;
use std::net::SocketAddr;

use libc::{sockaddr, sockaddr_in6, sockaddr_storage, socklen_t};

use super::raw_address;
use crate::support::zeroed::Zeroed;
use crate::sys::{self, Errno, Result};

/// What the system returned: an error if it is negative.
fn check(result: isize) -> Result<usize> {
    usize::try_from(result).map_err(|_| Errno::last())
}

/// An address of any family, as the system has it.
#[derive(Clone, Copy)]
pub struct RawAddr {
    storage: sockaddr_storage,
    len: socklen_t,
}

impl RawAddr {
    /// Room for an address.
    pub const EMPTY: RawAddr = RawAddr {
        storage: sockaddr_storage::ZEROED,
        len: size_of::<sockaddr_storage>() as socklen_t,
    };

    pub fn new(to: &SocketAddr) -> RawAddr {
        let mut raw = RawAddr::EMPTY;
        let mut bytes = [MaybeUninit::new(0u8); size_of::<sockaddr_in6>()];
        let used = raw_address::write(to, &mut bytes).unwrap_or(0);
        // SAFETY: both have room for `used` bytes, which `write` initialised.
        unsafe {
            ptr::copy_nonoverlapping(
                bytes.as_ptr().cast::<u8>(),
                (&raw mut raw.storage).cast(),
                used,
            );
        }
        raw.len = used as socklen_t;
        raw
    }

    /// The Internet address that it is, if it is one.
    pub fn internet(&self) -> Option<SocketAddr> {
        // SAFETY: a `sockaddr_storage` has room for every family.
        unsafe { raw_address::read(self.as_ptr()) }
    }

    pub fn as_ptr(&self) -> *const sockaddr {
        (&raw const self.storage).cast()
    }

    /// The bytes that are in use.
    pub fn bytes(&self) -> &[u8] {
        let len = (self.len as usize).min(size_of::<sockaddr_storage>());
        // SAFETY: all of the storage is initialised.
        unsafe { core::slice::from_raw_parts((&raw const self.storage).cast(), len) }
    }
}

/// A new socket that does not block and that programs don't inherit.
pub fn open(to: &SocketAddr) -> Result<c_int> {
    let family = if to.is_ipv4() {
        libc::AF_INET
    } else {
        libc::AF_INET6
    };
    let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    sys::socket(family, kind, 0)
}

/// Gives a socket an address of its own.
pub fn bind(fd: c_int, to: &SocketAddr) -> Result {
    let raw = RawAddr::new(to);
    // SAFETY: the address has this length.
    check(unsafe { libc::bind(fd, raw.as_ptr(), raw.len) } as isize).map(drop)
}

/// From now on the socket sends to one address, and takes nothing from others. Errors of the way to
/// there come back as errors of the socket.
pub fn connect(fd: c_int, to: &SocketAddr) -> Result {
    let raw = RawAddr::new(to);
    // SAFETY: the address has this length.
    check(unsafe { libc::connect(fd, raw.as_ptr(), raw.len) } as isize).map(drop)
}

/// Undoes [`connect`] and gives back the port that the system chose, so that the next datagram
/// leaves by another.
pub fn release_port(fd: c_int) -> Result {
    // Zeros are AF_UNSPEC.
    let nowhere = sockaddr::ZEROED;
    // SAFETY: the address has this length.
    let result =
        unsafe { libc::connect(fd, &raw const nowhere, size_of::<sockaddr>() as socklen_t) };
    check(result as isize).map(drop)
}

/// Sends a datagram; without an address to where the socket is connected.
pub fn send(fd: c_int, bytes: &[u8], to: Option<&RawAddr>) -> Result {
    let (address, len) = to.map_or((ptr::null(), 0), |raw| (raw.as_ptr(), raw.len));
    let start = bytes.as_ptr().cast::<c_void>();
    loop {
        // SAFETY: bytes and address have these lengths.
        match check(unsafe { libc::sendto(fd, start, bytes.len(), 0, address, len) }) {
            Err(Errno::INTR) => {}
            result => return result.map(drop),
        }
    }
}

/// Takes a datagram. Returns its length, which may be more than there was room for; `from` is where
/// it came from.
pub fn receive(fd: c_int, room: &mut [u8], from: &mut RawAddr) -> Result<usize> {
    from.len = RawAddr::EMPTY.len;
    loop {
        // SAFETY: room and address have these lengths.
        let got = check(unsafe {
            libc::recvfrom(
                fd,
                room.as_mut_ptr().cast(),
                room.len(),
                libc::MSG_TRUNC,
                (&raw mut from.storage).cast(),
                &raw mut from.len,
            )
        });
        match got {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

/// Sets how much the system keeps for a socket, in bytes: what was received (`SO_RCVBUF`) or what is
/// to be sent (`SO_SNDBUF`).
pub fn set_buffer(fd: c_int, name: c_int, size: c_int) -> Result {
    let len = size_of::<c_int>() as socklen_t;
    // SAFETY: the option is an int.
    let result =
        unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, name, (&raw const size).cast(), len) };
    check(result as isize).map(drop)
}

/// A new stream socket that is being connected, and whether it is already. The protocol is named:
/// sandboxes look at it.
pub fn connect_stream(to: &SocketAddr) -> Result<(c_int, bool)> {
    let family = if to.is_ipv4() {
        libc::AF_INET
    } else {
        libc::AF_INET6
    };
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let fd = sys::socket(family, kind, libc::IPPROTO_TCP)?;
    match connect(fd, to) {
        Ok(()) => Ok((fd, true)),
        Err(error) if matches!(error.code(), libc::EINPROGRESS | libc::EINTR) => Ok((fd, false)),
        Err(error) => {
            sys::close(fd);
            Err(error)
        }
    }
}

/// Reads what a stream has; 0 at its end.
pub fn read(fd: c_int, room: &mut [MaybeUninit<u8>]) -> Result<usize> {
    loop {
        // SAFETY: the room is writable.
        match check(unsafe { libc::recv(fd, room.as_mut_ptr().cast(), room.len(), 0) }) {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

/// Writes to a stream what it takes.
pub fn write(fd: c_int, bytes: &[u8]) -> Result<usize> {
    loop {
        // SAFETY: the bytes are there.
        let sent =
            unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) };
        match check(sent) {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn ports_are_given_back() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = server.local_addr().unwrap();
        let fd = open(&to).unwrap();
        let raw = RawAddr::new(&to);
        assert_eq!(raw.internet(), Some(to));
        let mut ports = std::collections::HashSet::new();
        for round in 0..20 {
            let connected = round % 2 == 0;
            if connected {
                connect(fd, &to).unwrap();
            }
            send(fd, b"abc", (!connected).then_some(&raw)).unwrap();
            let mut room = [0; 2];
            let (_, from) = server.recv_from(&mut room).unwrap();
            ports.insert(from.port());
            server.send_to(b"defg", from).unwrap();
            // The answer is there: it came over the loopback.
            let mut back = RawAddr::EMPTY;
            let len = receive(fd, &mut room, &mut back).unwrap();
            assert_eq!((len, &room, back.internet()), (4, b"de", Some(to)));
            release_port(fd).unwrap();
        }
        assert!(ports.len() > 15);
        sys::close(fd);
    }
}
