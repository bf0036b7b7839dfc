//! Descriptors that are opened, closed, replaced and duplicated, on numbers that nobody else uses.

use core::ffi::{c_int, c_short};

use crate::backend::Method;
use crate::ctypes::event::{EV_CLOSED, EV_READ, EV_WRITE};
use crate::support::sys;

pub const COUNT: usize = 5;
/// Above what the process opens otherwise, below what `select` can hold.
const FIRST: c_int = 500;
const GHOSTS: usize = 3;
pub const ALL: c_short = EV_READ | EV_WRITE | EV_CLOSED;

/// One number, with whatever is open there.
#[derive(Clone, Copy)]
struct Place {
    /// The other end of what was opened here last; -1 if it is closed.
    peer: c_int,
    /// What it was ready for when anything last changed.
    ready: c_short,
    /// What it has become ready for since the loop looked.
    edges: c_short,
}

pub struct Descriptors {
    places: [Place; COUNT],
    /// Duplicates that keep files open, and the files' other ends.
    ghosts: [[c_int; 2]; GHOSTS],
    next_ghost: usize,
}

/// The number of a place.
pub fn number(index: usize) -> c_int {
    FIRST + index as c_int
}

pub fn index(fd: c_int) -> Option<usize> {
    usize::try_from(fd - FIRST)
        .ok()
        .filter(|&index| index < COUNT)
}

fn is_open(fd: c_int) -> bool {
    sys::is_open(fd)
}

/// Moves a descriptor out of the way of the numbers that are used here.
fn above(fd: c_int) -> c_int {
    // SAFETY: plain system calls on a descriptor that is ours.
    unsafe {
        let moved = libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, FIRST + COUNT as c_int);
        assert!(moved >= 0);
        libc::close(fd);
        moved
    }
}

fn close(fd: c_int) {
    if fd >= 0 {
        sys::close(fd);
    }
}

/// What poll(2) says of a descriptor, in the words of a backend that is asked for `wanted`.
fn look(method: Method, fd: c_int, wanted: c_short) -> c_short {
    let mut events = 0;
    for (flag, bit) in [
        (EV_READ, libc::POLLIN),
        (EV_WRITE, libc::POLLOUT),
        (EV_CLOSED, libc::POLLRDHUP),
    ] {
        if wanted & flag != 0 {
            events |= bit;
        }
    }
    let mut polled = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    // SAFETY: one entry, valid for the call.
    while unsafe { libc::poll(&raw mut polled, 1, 0) } < 0 {
        // The fuzzer's own alarm, for one that takes too long.
        assert_eq!(sys::errno(), libc::EINTR);
    }
    let has = |bit| polled.revents & bit != 0;
    let mut ready = 0;
    if has(libc::POLLIN) {
        ready |= EV_READ;
    }
    if has(libc::POLLOUT) {
        ready |= EV_WRITE;
    }
    if has(libc::POLLRDHUP) {
        ready |= EV_CLOSED;
    }
    match method {
        Method::Epoll if has(libc::POLLERR) || has(libc::POLLHUP) && !has(libc::POLLRDHUP) => {
            EV_READ | EV_WRITE
        }
        Method::Epoll => ready,
        Method::Poll if has(libc::POLLERR) || has(libc::POLLHUP) || has(libc::POLLNVAL) => {
            ready | EV_READ | EV_WRITE
        }
        Method::Poll => ready,
        Method::Select => {
            if has(libc::POLLHUP) || has(libc::POLLERR) {
                ready |= EV_READ;
            }
            if has(libc::POLLERR) {
                ready |= EV_WRITE;
            }
            ready & (EV_READ | EV_WRITE)
        }
    }
}

impl Descriptors {
    pub fn new() -> Self {
        let closed = Place {
            peer: -1,
            ready: 0,
            edges: 0,
        };
        let mut descriptors = Descriptors {
            places: [closed; COUNT],
            ghosts: [[-1; 2]; GHOSTS],
            next_ghost: 0,
        };
        for index in 0..COUNT {
            descriptors.open(index, index);
        }
        descriptors
    }

    /// Opens something new in a place, instead of what was there.
    pub fn open(&mut self, index: usize, kind: usize) {
        let mut ends = [-1; 2];
        // SAFETY: `ends` has room for two descriptors; the other calls are plain.
        unsafe {
            let made = match kind % 4 {
                0 | 1 => {
                    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
                    libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr())
                }
                _ => libc::pipe2(ends.as_mut_ptr(), libc::O_NONBLOCK | libc::O_CLOEXEC),
            };
            assert!(made == 0);
            if kind % 4 == 3 {
                ends.swap(0, 1);
            }
            let [fd, peer] = ends.map(above);
            assert!(libc::dup3(fd, number(index), libc::O_CLOEXEC) >= 0);
            libc::close(fd);
            close(self.places[index].peer);
            self.places[index].peer = peer;
        }
        self.changed();
    }

    /// Makes one place a duplicate of another, if that is open.
    pub fn duplicate(&mut self, from: usize, to: usize) -> bool {
        if from == to || !self.is_open(number(from)) {
            return false;
        }
        // SAFETY: plain system call; both numbers are ours.
        unsafe { assert!(libc::dup3(number(from), number(to), libc::O_CLOEXEC) >= 0) };
        // The other end stays where it is; whatever this place had is left alone.
        self.changed();
        true
    }

    pub fn close(&mut self, index: usize) {
        if self.is_open(number(index)) {
            close(number(index));
        }
        self.changed();
    }

    /// Keeps a file open beyond the number under which it was registered.
    pub fn haunt(&mut self, index: usize) {
        let ghost = &mut self.ghosts[self.next_ghost % GHOSTS];
        self.next_ghost += 1;
        for fd in core::mem::replace(ghost, [-1; 2]) {
            close(fd);
        }
        for (kept, fd) in ghost
            .iter_mut()
            .zip([number(index), self.places[index].peer])
        {
            // SAFETY: plain system call; a closed descriptor fails, and nothing is kept.
            *kept = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, FIRST + COUNT as c_int) };
        }
        self.changed();
    }

    /// Writes through one end of a place, as much as it takes if `full` says so.
    pub fn write(&mut self, index: usize, from_peer: bool, full: bool) {
        let fd = self.end(index, from_peer);
        let bytes = [0u8; 4096];
        let len = if full { bytes.len() } else { 1 };
        // SAFETY: the bytes are readable. Errors don't matter.
        while unsafe { libc::write(fd, bytes.as_ptr().cast(), len) } > 0 && full {}
        self.changed();
    }

    /// Reads all that is there at one end of a place.
    pub fn read(&mut self, index: usize, from_peer: bool) {
        let fd = self.end(index, from_peer);
        let mut bytes = [0u8; 65536];
        // SAFETY: the bytes are writable. Errors don't matter.
        while unsafe { libc::read(fd, bytes.as_mut_ptr().cast(), bytes.len()) } > 0 {}
        self.changed();
    }

    pub fn hang_up(&mut self, index: usize) {
        close(core::mem::replace(&mut self.places[index].peer, -1));
        self.changed();
    }

    fn end(&self, index: usize, peer: bool) -> c_int {
        if peer {
            self.places[index].peer
        } else {
            number(index)
        }
    }

    pub fn is_open(&self, fd: c_int) -> bool {
        is_open(fd)
    }

    /// What a backend reports of a descriptor when asked for `wanted`.
    pub fn ready(&self, method: Method, fd: c_int, wanted: c_short) -> c_short {
        look(method, fd, wanted)
    }

    /// Notes what has become ready.
    fn changed(&mut self) {
        for (index, place) in self.places.iter_mut().enumerate() {
            let ready = match is_open(number(index)) {
                true => look(Method::Epoll, number(index), ALL),
                false => 0,
            };
            place.edges |= ready & !place.ready;
            place.ready = ready;
        }
    }

    /// What an edge-triggered registration must report, if it is still so.
    pub fn edges(&self, fd: c_int) -> c_short {
        index(fd).map_or(0, |index| self.places[index].edges)
    }

    /// Registered anew: everything is an edge.
    pub fn all_edges(&mut self, fd: c_int) {
        if let Some(index) = index(fd) {
            self.places[index].edges = ALL;
        }
    }

    /// The loop has looked.
    pub fn looked(&mut self) {
        for place in &mut self.places {
            place.edges = 0;
        }
    }
}

impl Drop for Descriptors {
    fn drop(&mut self) {
        for (index, place) in self.places.iter().enumerate() {
            if is_open(number(index)) {
                close(number(index));
            }
            close(place.peer);
        }
        for fd in self.ghosts.as_flattened() {
            close(*fd);
        }
    }
}
