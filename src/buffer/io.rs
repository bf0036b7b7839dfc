//! Reading from descriptors and writing to them.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::{mem, ptr};

use libc::{iovec, off_t};

use super::chain::{self, Chain};
use super::{
    Buffer, Locked, callback, can_hold, end_frozen, file, list, space, start_frozen, take,
};
use crate::support::sys;

/// So many chains with room take part in one read.
const READ_VECTORS: usize = 4;
/// So many chains take part in one write.
const WRITE_VECTORS: usize = 128;

/// Room in a chain that is kept for reads.
const SPARE: usize = 16384;

const NO_VECTOR: iovec = iovec {
    iov_base: ptr::null_mut(),
    iov_len: 0,
};

/// Reads up to `len` bytes, or up to the buffer's limit if `len` is negative or more. Returns how
/// many were read, 0 at the end of the file, or -1: with `errno` as the system call left it, or if
/// the end is frozen or memory runs out.
///
/// Nobody is asked how much there is: the read has room for all that it may take, and what is not
/// needed is given back, or kept in `spare` for the next read.
///
/// # Safety
/// `buf` is live; `spare` has null or what a read left there.
pub unsafe fn read(
    buf: *mut Buffer,
    fd: c_int,
    len: c_int,
    spare: Option<&Cell<*mut c_void>>,
) -> c_int {
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
        let n = read_locked(buf, fd, len, spare);
        if n > 0 {
            callback::notify(buf);
        }
        n as c_int
    }
}

unsafe fn read_locked(
    buf: *mut Buffer,
    fd: c_int,
    len: usize,
    spare: Option<&Cell<*mut c_void>>,
) -> isize {
    let mut vecs = [NO_VECTOR; READ_VECTORS];
    // SAFETY: the caller holds the buffer; readv writes to its room, and what it wrote is
    // committed.
    unsafe {
        let (mut used, mut room) = space::room(buf, len, &mut vecs[..READ_VECTORS - 1]);
        let mut fresh = ptr::null_mut();
        if room < len {
            fresh = take_spare(spare, len - room);
            if fresh.is_null() {
                return -1;
            }
            vecs[used] = iovec {
                iov_base: (*fresh).buffer.cast(),
                iov_len: len - room,
            };
            used += 1;
            room = len;
        }
        if used != 0 {
            vecs[used - 1].iov_len -= room - len;
        }
        let n = match vecs[..used] {
            // See `write_chains`.
            [block] => libc::read(fd, block.iov_base, block.iov_len),
            ref blocks => libc::readv(fd, blocks.as_ptr(), used as c_int),
        };
        let error = sys::errno();
        let beyond = if fresh.is_null() {
            0
        } else {
            (n.max(0) as usize).saturating_sub(len - vecs[used - 1].iov_len)
        };
        if n > 0 {
            space::commit_bytes(buf, n as usize - beyond);
        }
        if beyond != 0 {
            (*fresh).off = beyond;
            let copy = chain::fitting_copy(fresh);
            let replaced = if copy.is_null() {
                list::push(buf, mem::replace(&mut fresh, copy))
            } else {
                list::push(buf, copy)
            };
            super::count_added(buf, beyond);
            chain::release_list(replaced);
        }
        if !fresh.is_null() {
            keep_spare(spare, fresh);
        }
        sys::set_errno(error);
        n
    }
}

/// An empty chain with room for `len` bytes: the spare one, or a new one.
unsafe fn take_spare(spare: Option<&Cell<*mut c_void>>, len: usize) -> *mut Chain {
    let Some(spare) = spare else {
        return chain::new(len);
    };
    let kept = spare.replace(ptr::null_mut()).cast::<Chain>();
    // SAFETY: null, or a chain that nobody else has.
    unsafe {
        if kept.is_null() {
            return chain::new_exact(len.max(SPARE));
        }
        if (*kept).buffer_len < len {
            chain::release(kept);
            return chain::new(len);
        }
    }
    kept
}

/// Keeps a chain for [`take_spare`], as an empty one.
unsafe fn keep_spare(spare: Option<&Cell<*mut c_void>>, chain: *mut Chain) {
    // SAFETY: nobody else has the chain.
    unsafe {
        match spare {
            Some(spare) if spare.get().is_null() => {
                (*chain).off = 0;
                spare.set(chain.cast());
            }
            _ => chain::release(chain),
        }
    }
}

/// Writes up to `len` bytes, or all if `len` is negative, and removes what was written. Returns how
/// many that were, or -1: with `errno` as the system call left it, or if the start is frozen or
/// there is nothing to write. A file is sent by itself; 0 then says that it has become shorter.
///
/// # Safety
/// `buf` is live.
pub unsafe fn write(buf: *mut Buffer, fd: c_int, len: isize) -> c_int {
    // SAFETY: promised by the caller.
    unsafe { write_part(buf, fd, len) }.0
}

/// [`write`] as programs know it: a file that can't be sent just now is 0, too.
///
/// # Safety
/// `buf` is live.
pub unsafe fn write_for_program(buf: *mut Buffer, fd: c_int, len: isize) -> c_int {
    // SAFETY: promised by the caller.
    match unsafe { write_part(buf, fd, len) } {
        (-1, true) if matches!(sys::errno(), libc::EAGAIN | libc::EINTR) => 0,
        (n, _) => n,
    }
}

/// What [`write`] returns, and whether it was a file that was to be sent.
unsafe fn write_part(buf: *mut Buffer, fd: c_int, len: isize) -> (c_int, bool) {
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
            take::drain_locked(buf, n as usize);
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
