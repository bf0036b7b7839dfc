//! Reading from descriptors and writing to them.

use core::ffi::c_int;
use core::ptr;

use libc::{iovec, off_t};

use super::chain::{self, Chain};
use super::{
    Buffer, Locked, callback, can_hold, count_added, end_frozen, file, list, space, spare,
    start_frozen, take,
};
use crate::base::Spares;
use crate::support::sys;

/// So many chains with room take part in one read.
const READ_VECTORS: usize = 4;
/// So many chains take part in one write.
const WRITE_VECTORS: usize = 128;

const NO_VECTOR: iovec = iovec {
    iov_base: ptr::null_mut(),
    iov_len: 0,
};

/// Reads up to `len` bytes, or up to the buffer's limit if `len` is negative or more. Returns how
/// many were read, 0 at the end of the file, or -1: with `errno` as the system call left it, or if
/// the end is frozen or memory runs out.
///
/// Nobody is asked how much there is: the read has room for all that it may take, and what is not
/// needed is given back, or kept in `spares` for the next read.
///
/// # Safety
/// `buf` is live; `spares` has what reads and writes left there.
pub unsafe fn read(buf: *mut Buffer, fd: c_int, len: c_int, spares: Option<&Spares>) -> c_int {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        if end_frozen(buf) {
            return -1;
        }
        let most = (*buf).max_read as usize;
        let len = usize::try_from(len).map_or(most, |len| len.min(most));
        if !can_hold(buf, len) {
            return -1;
        }
        let n = read_locked(buf, fd, len, spares);
        if n > 0 {
            callback::notify(buf);
        }
        n as c_int
    }
}

unsafe fn read_locked(buf: *mut Buffer, fd: c_int, len: usize, spares: Option<&Spares>) -> isize {
    // SAFETY: the caller holds the buffer; read writes to the chain's room, and what it wrote is
    // counted.
    unsafe {
        if !(*buf).first.is_null() {
            return read_behind(buf, fd, len, spares);
        }
        let fresh = spare::take(spares, len);
        if fresh.is_null() {
            return -1;
        }
        let n = libc::read(fd, (*fresh).buffer.cast(), len);
        push_fresh(buf, fresh, n, spares);
        n
    }
}

/// [`read_locked`] where there is a chain already, which may have room.
#[inline(never)]
unsafe fn read_behind(buf: *mut Buffer, fd: c_int, len: usize, spares: Option<&Spares>) -> isize {
    if len == 0 {
        // The kernel says what is wrong with the descriptor, if anything is.
        // SAFETY: no byte is written.
        return unsafe { libc::read(fd, ptr::null_mut(), 0) };
    }
    let mut vecs = [NO_VECTOR; READ_VECTORS];
    // SAFETY: the caller holds the buffer; readv writes to its room, and what it wrote is
    // committed.
    unsafe {
        let (mut used, room) = space::room(buf, len, &mut vecs[..READ_VECTORS - 1]);
        if room >= len {
            vecs[used - 1].iov_len -= room - len;
            let n = read_blocks(fd, &vecs[..used]);
            if n > 0 {
                space::commit_bytes(buf, n as usize);
            }
            return n;
        }
        let fresh = spare::take(spares, len - room);
        if fresh.is_null() {
            return -1;
        }
        vecs[used] = iovec {
            iov_base: (*fresh).buffer.cast(),
            iov_len: len - room,
        };
        used += 1;
        let n = read_blocks(fd, &vecs[..used]);
        if n > 0 {
            space::commit_bytes(buf, (n as usize).min(room));
        }
        push_fresh(buf, fresh, n - room as isize, spares);
        n
    }
}

unsafe fn read_blocks(fd: c_int, blocks: &[iovec]) -> isize {
    // SAFETY: the caller passes memory that may be written to.
    unsafe {
        match blocks {
            // See `write_chains`.
            [block] => libc::read(fd, block.iov_base, block.iov_len),
            _ => libc::readv(fd, blocks.as_ptr(), blocks.len() as c_int),
        }
    }
}

/// Adds a chain in which a read has left `len` bytes; keeps it as a spare one if that is none, or if
/// they take less memory elsewhere. Leaves `errno` alone if there are none.
#[inline]
unsafe fn push_fresh(buf: *mut Buffer, fresh: *mut Chain, len: isize, spares: Option<&Spares>) {
    // SAFETY: the caller holds the buffer, and has the chain for itself.
    unsafe {
        if len <= 0 {
            let error = sys::errno();
            spare::keep(spares, fresh);
            sys::set_errno(error);
            return;
        }
        (*fresh).off = len as usize;
        let chain = spare::fit(spares, fresh);
        let replaced = list::push(buf, chain);
        count_added(buf, len as usize);
        chain::release_list(replaced);
    }
}

/// Writes up to `len` bytes, or all if `len` is negative, and removes what was written. Returns how
/// many that were, or -1: with `errno` as the system call left it, or if the start is frozen or
/// there is nothing to write. A file is sent by itself; 0 then says that it has become shorter.
///
/// # Safety
/// As for [`read`].
pub unsafe fn write(buf: *mut Buffer, fd: c_int, len: isize, spares: Option<&Spares>) -> c_int {
    // SAFETY: promised by the caller.
    unsafe { write_part(buf, fd, len, spares) }.0
}

/// [`write`] as programs know it: a file that can't be sent just now is 0, too.
///
/// # Safety
/// `buf` is live.
pub unsafe fn write_for_program(buf: *mut Buffer, fd: c_int, len: isize) -> c_int {
    // SAFETY: promised by the caller.
    match unsafe { write_part(buf, fd, len, None) } {
        (-1, true) if matches!(sys::errno(), libc::EAGAIN | libc::EINTR) => 0,
        (n, _) => n,
    }
}

/// What [`write`] returns, and whether it was a file that was to be sent.
#[inline]
unsafe fn write_part(
    buf: *mut Buffer,
    fd: c_int,
    len: isize,
    spares: Option<&Spares>,
) -> (c_int, bool) {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let total = (*buf).total_len;
        let len = usize::try_from(len).map_or(total, |len| len.min(total));
        if start_frozen(buf) || len == 0 {
            return (-1, false);
        }
        let mut first = (*buf).first;
        while (*first).off == 0 {
            first = (*first).next;
        }
        let is_file = chain::has(first, chain::SENDFILE);
        let n = if is_file {
            send_file(first, fd, len)
        } else {
            write_chains(first, fd, len)
        };
        if n > 0 {
            if n as usize != total || !spare::keep_only(spares, buf) {
                take::drain_locked(buf, n as usize);
            }
            callback::notify(buf);
        }
        (n as c_int, is_file)
    }
}

unsafe fn write_chains(first: *mut Chain, fd: c_int, len: usize) -> isize {
    // SAFETY: the caller holds the chains' buffer.
    unsafe {
        if (*first).off >= len {
            // The kernel takes one block with less ado.
            libc::write(fd, chain::data(first).cast(), len)
        } else {
            write_several(first, fd, len)
        }
    }
}

#[inline(never)]
unsafe fn write_several(first: *mut Chain, fd: c_int, len: usize) -> isize {
    let mut vecs = [NO_VECTOR; WRITE_VECTORS];
    // SAFETY: the caller holds the chains' buffer.
    unsafe {
        let mut used = 0;
        let mut rest = len;
        let mut at = first;
        while !at.is_null() && rest != 0 && used < WRITE_VECTORS {
            if chain::has(at, chain::SENDFILE) {
                break;
            }
            let part = (*at).off.min(rest);
            vecs[used] = iovec {
                iov_base: chain::data(at).cast(),
                iov_len: part,
            };
            used += 1;
            rest -= part;
            at = (*at).next;
        }
        libc::writev(fd, vecs.as_ptr(), used as c_int)
    }
}

unsafe fn send_file(chain: *mut Chain, fd: c_int, len: usize) -> isize {
    // SAFETY: the caller holds the chain's buffer.
    unsafe {
        let mut offset = (*chain).misalign as off_t;
        let len = (*chain).off.min(len);
        libc::sendfile(fd, file::descriptor(chain), &raw mut offset, len)
    }
}
