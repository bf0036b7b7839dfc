//! Reading from descriptors and writing to them.

use core::cell::Cell;
use core::ffi::c_int;
use core::hint::cold_path;
use core::ptr;

use libc::{iovec, off64_t};

use super::chain::{self, ChainRef};
use super::{Buf, End, Locked, file, spare};
use crate::base::Spares;
use crate::sys;

/// How many chains with space take part in one read.
const READ_VECTORS: usize = 4;
/// How many chains take part in one write.
const WRITE_VECTORS: usize = 128;

/// A descriptor, by the calls that move a block from and to it.
#[derive(Clone, Copy)]
pub enum Descriptor<'a> {
    /// `read(2)` and `write(2)`.
    Any(c_int),
    /// `recv(2)` and `send(2)`, which do the same for sockets, with less on the way. Where they are
    /// refused, that is noted here, and the others are called.
    Socket(c_int, &'a Cell<bool>),
}

const NO_VECTOR: iovec = iovec {
    iov_base: ptr::null_mut(),
    iov_len: 0,
};

impl Descriptor<'_> {
    #[inline]
    fn fd(self) -> c_int {
        match self {
            Descriptor::Any(fd) | Descriptor::Socket(fd, _) => fd,
        }
    }

    /// `recv(2)` or `read(2)`.
    ///
    /// # Safety
    /// The block may be written to.
    #[inline(always)]
    unsafe fn fill(self, block: iovec) -> isize {
        // SAFETY: promised by the caller.
        unsafe {
            self.by_its_calls(
                |fd| libc::recv(fd, block.iov_base, block.iov_len, 0),
                |fd| libc::read(fd, block.iov_base, block.iov_len),
            )
        }
    }

    /// `send(2)` or `write(2)`.
    ///
    /// # Safety
    /// The block may be read.
    #[inline(always)]
    unsafe fn take(self, block: iovec) -> isize {
        // SAFETY: promised by the caller.
        unsafe {
            self.by_its_calls(
                |fd| libc::send(fd, block.iov_base, block.iov_len, 0),
                |fd| libc::write(fd, block.iov_base, block.iov_len),
            )
        }
    }

    #[inline(always)]
    fn by_its_calls(
        self,
        of_sockets: impl FnOnce(c_int) -> isize,
        of_all: impl FnOnce(c_int) -> isize,
    ) -> isize {
        if let Descriptor::Socket(fd, refused) = self {
            let n = of_sockets(fd);
            if n >= 0 || !is_refusal(sys::errno()) {
                return n;
            }
            cold_path();
            refused.set(true);
        }
        of_all(self.fd())
    }
}

/// The last two are what sandboxes say to calls that they don't expect.
fn is_refusal(error: c_int) -> bool {
    [libc::ENOTSOCK, libc::EPERM, libc::ENOSYS].contains(&error)
}

impl Buf {
    /// Reads up to `len` bytes, or up to the buffer's limit if `len` is negative or more. Returns
    /// how many were read, 0 at the end of the file, or -1: with `errno` as the system call left it,
    /// or if the end is frozen or memory runs out.
    ///
    /// The kernel is not asked how much there is: the read has space for all that it may take, and
    /// what is not needed is given back, or kept in `spares` for the next read.
    #[inline(always)]
    pub fn read(self, from: Descriptor, len: c_int, spares: Option<&Spares>) -> c_int {
        let locked = self.lock();
        let most = locked.max_read();
        let len = usize::try_from(len).map_or(most, |len| len.min(most));
        if locked.check_addition(len).is_err() {
            cold_path();
            return -1;
        }
        let n = locked.read_quietly(from, len, spares);
        if n > 0 {
            locked.notify();
        }
        locked.end();
        n as c_int
    }

    /// Writes up to `len` bytes, or all if `len` is negative, and removes what was written. Returns
    /// how many that were, or -1: with `errno` as the system call left it, or if the start is frozen
    /// or there is nothing to write. A file is sent by itself; 0 then says that it has become
    /// shorter.
    #[inline(always)]
    pub fn write(self, to: Descriptor, len: isize, spares: Option<&Spares>) -> c_int {
        self.write_part(to, len, spares).0
    }

    /// [`Self::write`] as programs know it: a file that can't be sent just now is 0, too.
    pub fn write_for_program(self, fd: c_int, len: isize) -> c_int {
        match self.write_part(Descriptor::Any(fd), len, None) {
            (-1, true) if matches!(sys::errno(), libc::EAGAIN | libc::EINTR) => 0,
            (n, _) => n,
        }
    }

    /// What [`Self::write`] returns, and whether it was a file that was to be sent.
    #[inline(always)]
    fn write_part(self, to: Descriptor, len: isize, spares: Option<&Spares>) -> (c_int, bool) {
        let locked = self.lock();
        let total = locked.len();
        let len = usize::try_from(len).map_or(total, |len| len.min(total));
        if locked.is_frozen(End::Start) || len == 0 {
            return (-1, false);
        }
        let mut first = locked.first.get();
        while let Some(chain) = first.filter(|chain| chain.off.get() == 0) {
            first = chain.next.get();
        }
        let Some(first) = first else {
            return (-1, false);
        };
        let is_file = first.has(chain::SENDFILE);
        let n = if is_file {
            send_file(first, to.fd(), len)
        } else {
            write_chains(first, to, len)
        };
        if n > 0 {
            if n as usize != total || !locked.recycle_only_chain(spares) {
                locked.drain_quietly(n as usize);
            }
            locked.notify_of_removal();
        }
        locked.end();
        (n as c_int, is_file)
    }
}

impl Locked {
    #[inline(always)]
    fn read_quietly(&self, from: Descriptor, len: usize, spares: Option<&Spares>) -> isize {
        if self.first.get().is_some() {
            return self.read_behind(from, len, spares);
        }
        let Some(fresh) = spare::take(spares, len) else {
            return -1;
        };
        let space = iovec {
            iov_base: fresh.buffer.get().cast(),
            iov_len: len,
        };
        // SAFETY: the chain is nobody else's.
        let n = unsafe { from.fill(space) };
        if n <= 0 {
            cold_path();
            spare::keep_untouched(spares, fresh);
            return n;
        }
        fresh.off.set(n as usize);
        self.put_only(spare::shrink(spares, fresh));
        self.count_added(n as usize);
        n
    }

    /// [`Self::read_quietly`] where there is a chain already, which may have space.
    #[inline(never)]
    fn read_behind(&self, from: Descriptor, len: usize, spares: Option<&Spares>) -> isize {
        let mut vecs = [NO_VECTOR; READ_VECTORS];
        let (used, space) = self.space_for(len, &mut vecs[..READ_VECTORS - 1]);
        if space >= len {
            let vecs = &mut vecs[..used];
            if let Some(last) = vecs.last_mut() {
                last.iov_len -= space - len;
            }
            let n = read_blocks(from, vecs);
            if n > 0 {
                self.commit_bytes(n as usize);
            }
            return n;
        }
        let Some(fresh) = spare::take(spares, len - space) else {
            return -1;
        };
        vecs[used] = iovec {
            iov_base: fresh.buffer.get().cast(),
            iov_len: len - space,
        };
        let n = read_blocks(from, &vecs[..=used]);
        if n > 0 {
            self.commit_bytes((n as usize).min(space));
        }
        self.push_fresh(fresh, n - space as isize, spares);
        n
    }

    /// Adds a chain in which a read has left `len` bytes; keeps it as a spare one if that is none,
    /// or if they take less memory elsewhere.
    fn push_fresh(&self, fresh: ChainRef, len: isize, spares: Option<&Spares>) {
        if len <= 0 {
            spare::keep_untouched(spares, fresh);
            return;
        }
        fresh.off.set(len as usize);
        self.push(spare::shrink(spares, fresh));
        self.count_added(len as usize);
    }
}

/// Reads to the space of chains.
#[inline]
fn read_blocks(from: Descriptor, blocks: &[iovec]) -> isize {
    // SAFETY: the space of a locked buffer's chains may be written to.
    unsafe {
        // See `write_chains`.
        match blocks {
            [block] => from.fill(*block),
            _ => libc::readv(from.fd(), blocks.as_ptr(), blocks.len() as c_int),
        }
    }
}

#[inline(always)]
fn write_chains(first: ChainRef, to: Descriptor, len: usize) -> isize {
    if first.off.get() < len {
        return write_several(first, to.fd(), len);
    }
    // The kernel takes one block more directly.
    let block = iovec {
        iov_base: first.data().cast(),
        iov_len: len,
    };
    // SAFETY: the chain has `len` bytes.
    unsafe { to.take(block) }
}

#[inline(never)]
fn write_several(first: ChainRef, fd: c_int, len: usize) -> isize {
    let mut vecs = [NO_VECTOR; WRITE_VECTORS];
    let mut used = 0;
    let mut rest = len;
    let mut at = Some(first);
    while let Some(chain) = at
        && rest != 0
        && used < WRITE_VECTORS
        && !chain.has(chain::SENDFILE)
    {
        let part = chain.off.get().min(rest);
        vecs[used] = iovec {
            iov_base: chain.data().cast(),
            iov_len: part,
        };
        used += 1;
        rest -= part;
        at = chain.next.get();
    }
    // SAFETY: the vectors are the chains' data.
    unsafe { libc::writev(fd, vecs.as_ptr(), used as c_int) }
}

fn send_file(chain: ChainRef, fd: c_int, len: usize) -> isize {
    let mut range = FileRange::of(chain);
    // SAFETY: sendfile takes any descriptors, and writes to the offset only.
    unsafe { libc::sendfile64(fd, range.fd, &raw mut range.offset, range.len.min(len)) }
}

/// A range of a file whose bytes need not be looked at.
#[derive(Clone, Copy)]
pub struct FileRange {
    pub fd: c_int,
    pub offset: off64_t,
    pub len: usize,
}

impl FileRange {
    fn of(chain: ChainRef) -> FileRange {
        FileRange {
            fd: file::descriptor(chain),
            offset: chain.misalign.get() as off64_t,
            len: chain.off.get(),
        }
    }
}

impl Locked {
    /// The file that the buffer begins with, if it is in [`DRAINS_TO_FD`]'s way.
    ///
    /// [`DRAINS_TO_FD`]: super::DRAINS_TO_FD
    pub fn first_file(&self) -> Option<FileRange> {
        let first = self.first.get()?;
        first.has(chain::SENDFILE).then(|| FileRange::of(first))
    }

    /// How many bytes come before the next file of that kind behind the first chain; no more than
    /// `most`.
    pub fn len_before_file(&self, most: usize) -> usize {
        let mut len = 0;
        let mut at = self.first.get();
        while let Some(chain) = at
            && len < most
            && (len == 0 || !chain.has(chain::SENDFILE))
        {
            len += chain.off.get();
            at = chain.next.get();
        }
        len.min(most)
    }
}
