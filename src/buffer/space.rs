//! Room at the end of a buffer: making it, lending it out, and taking over what was written to it.

use core::ffi::c_int;
use core::ptr;
use core::slice;

use libc::iovec;

use super::chain::{self, Chain};
use super::{Buffer, Locked, callback, count_added, end_frozen, list};

/// A chain with more data than this is not copied to a larger one.
const COPY_AT_MOST: usize = 4096;

/// The pointer to the first chain with room behind the data, or to null behind all chains.
///
/// # Safety
/// `buf` is live and locked.
unsafe fn first_with_space(buf: *mut Buffer) -> *mut *mut Chain {
    // SAFETY: promised by the caller.
    unsafe {
        let mut at = (*buf).last_with_datap;
        while !(*at).is_null() && chain::space_len(*at) == 0 {
            at = &raw mut (**at).next;
        }
        at
    }
}

/// Makes room for `len` bytes in one chain, which is returned; null without memory.
///
/// # Safety
/// `buf` is live and locked.
#[inline]
pub unsafe fn expand_one(buf: *mut Buffer, len: usize) -> *mut Chain {
    // SAFETY: promised by the caller; the tail is null or live.
    unsafe {
        let tail = list::tail(buf);
        if !tail.is_null() && !chain::is_pinned(tail) && len != 0 && chain::space_len(tail) >= len {
            return tail;
        }
        make_room(buf, len)
    }
}

/// [`expand_one`] where the tail has no room.
#[inline(never)]
unsafe fn make_room(buf: *mut Buffer, len: usize) -> *mut Chain {
    // SAFETY: promised by the caller; all chains come from the buffer's list.
    unsafe {
        let mut at = (*buf).last_with_datap;
        if !(*at).is_null() && chain::space_len(*at) == 0 {
            at = &raw mut (**at).next;
        }
        let tail = *at;
        if tail.is_null() || chain::has(tail, chain::IMMUTABLE) || chain::is_pinned(tail) {
            return list::push_new(buf, len);
        }
        if chain::space_len(tail) >= len {
            return tail;
        }
        if (*tail).off == 0 {
            return list::push_new(buf, len);
        }
        if chain::worth_realigning(tail, len) {
            chain::realign(tail);
            return tail;
        }
        // A chain that is nearly full, or costly to copy, stays as it is.
        if chain::space_len(tail) < (*tail).buffer_len / 8
            || (*tail).off > COPY_AT_MOST
            || len >= chain::MAX - (*tail).off
        {
            let next = (*tail).next;
            if !next.is_null() && chain::space_len(next) >= len {
                return next;
            }
            return list::push_new(buf, len);
        }
        let larger = chain::new((*tail).off + len);
        if larger.is_null() {
            return larger;
        }
        chain::append(larger, chain::data(tail), (*tail).off);
        (*larger).next = (*tail).next;
        *at = larger;
        if (*buf).last == tail {
            (*buf).last = larger;
        }
        if (*buf).last_with_datap == &raw mut (*tail).next {
            (*buf).last_with_datap = &raw mut (*larger).next;
        }
        chain::release(tail);
        larger
    }
}

/// Makes room for `len` bytes in at most `n` chains. False without memory.
///
/// # Safety
/// `buf` is live and locked.
pub unsafe fn expand_over(buf: *mut Buffer, len: usize, n: usize) -> bool {
    // SAFETY: promised by the caller; all chains come from the buffer's list.
    unsafe {
        let last = (*buf).last;
        if last.is_null() || chain::has(last, chain::IMMUTABLE) || chain::is_pinned(last) {
            return !list::push_new(buf, len).is_null();
        }
        let (mut used, mut room) = (0, 0);
        let mut at = list::tail(buf);
        while !at.is_null() && used < n {
            if (*at).off == 0 && !chain::has(at, chain::IMMUTABLE) && !chain::is_pinned(at) {
                (*at).misalign = 0;
            }
            let space = chain::space_len(at);
            if space != 0 {
                room += space;
                used += 1;
            }
            if room >= len {
                return true;
            }
            at = (*at).next;
        }
        if used < n {
            let new = chain::new(len - room);
            if new.is_null() {
                return false;
            }
            (*last).next = new;
            (*buf).last = new;
            return true;
        }
        // Too many chains with too little room: one new chain takes the place of the empty ones.
        let tail = list::tail(buf);
        let kept = if (*tail).off == 0 {
            0
        } else {
            chain::space_len(tail)
        };
        let new = chain::new(len - kept);
        if new.is_null() {
            return false;
        }
        chain::release_list(list::push(buf, new));
        true
    }
}

/// [`expand_one`] for programs.
///
/// # Safety
/// `buf` is live.
pub unsafe fn expand(buf: *mut Buffer, len: usize) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        !expand_one(buf, len).is_null()
    }
}

/// Fills `vecs` with room for `len` bytes, or with less if the vectors or the chains run out.
/// Returns the number of vectors used and the bytes that they hold.
///
/// # Safety
/// `buf` is live and locked.
pub unsafe fn room(buf: *mut Buffer, len: usize, vecs: &mut [iovec]) -> (usize, usize) {
    let (mut used, mut sum) = (0, 0);
    // SAFETY: promised by the caller.
    unsafe {
        let mut at = *first_with_space(buf);
        while !at.is_null() && used < vecs.len() && sum < len {
            let space = chain::space_len(at);
            if space != 0 {
                vecs[used] = iovec {
                    iov_base: chain::space(at).cast(),
                    iov_len: space,
                };
                used += 1;
                sum += space;
            }
            at = (*at).next;
        }
    }
    (used, sum)
}

/// Takes over `len` bytes that were written to the room that [`room`] found.
///
/// # Safety
/// `buf` is live and locked, unchanged since, and the bytes are initialised.
pub unsafe fn commit_bytes(buf: *mut Buffer, mut len: usize) {
    // SAFETY: promised by the caller.
    unsafe {
        count_added(buf, len);
        let mut at = first_with_space(buf);
        while len != 0 {
            let taken = chain::space_len(*at).min(len);
            if taken != 0 {
                (**at).off += taken;
                (*buf).last_with_datap = at;
                len -= taken;
            }
            at = &raw mut (**at).next;
        }
    }
}

/// Lends out room for at least `len` bytes in at most `n` extents. Returns their number, or -1 if
/// the end is frozen or memory runs out.
///
/// # Safety
/// `buf` is live and `vec` has `n` elements.
pub unsafe fn reserve(buf: *mut Buffer, len: isize, vec: *mut iovec, n: c_int) -> c_int {
    let (Ok(n), Ok(len)) = (usize::try_from(n), usize::try_from(len)) else {
        return -1;
    };
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        if end_frozen(buf) || n == 0 {
            return -1;
        }
        if n == 1 {
            let chain = expand_one(buf, len);
            if chain.is_null() {
                return -1;
            }
            vec.write(iovec {
                iov_base: chain::space(chain).cast(),
                iov_len: chain::space_len(chain),
            });
            return 1;
        }
        if !expand_over(buf, len, n) {
            return -1;
        }
        // The program's array may be uninitialised.
        ptr::write_bytes(vec, 0, n);
        room(buf, len, slice::from_raw_parts_mut(vec, n)).0 as c_int
    }
}

/// Takes over what a program wrote to extents that [`reserve`] lent out. False, with nothing
/// changed, if the end is frozen or the extents are not the buffer's room.
///
/// # Safety
/// `buf` is live, `vec` has `n` elements, and the bytes in them are initialised.
pub unsafe fn commit(buf: *mut Buffer, vec: *const iovec, n: c_int) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        if end_frozen(buf) {
            return false;
        }
        let n = match usize::try_from(n) {
            Ok(0) => return true,
            Ok(n) => n,
            // As libevent has it, which looks for the chains first.
            Err(_) => return !list::tail(buf).is_null(),
        };
        let Some(added) = commit_extents(buf, slice::from_raw_parts(vec, n)) else {
            return false;
        };
        count_added(buf, added);
        callback::notify(buf);
        true
    }
}

unsafe fn commit_extents(buf: *mut Buffer, extents: &[iovec]) -> Option<usize> {
    // SAFETY: the caller holds the lock; all chains come from the buffer's list.
    unsafe {
        let fits = |chain: *mut Chain, extent: &iovec| {
            !chain.is_null()
                && extent.iov_base == chain::space(chain).cast()
                && extent.iov_len <= chain::space_len(chain)
        };
        let last = (*buf).last;
        if let [only] = extents
            && !last.is_null()
            && only.iov_base == chain::space(last).cast()
        {
            // One extent may come from the last chain while others have room, too.
            if !fits(last, only) {
                return None;
            }
            (*last).off += only.iov_len;
            if only.iov_len != 0 {
                list::find_last_with_data(buf);
            }
            return Some(only.iov_len);
        }
        let mut at = *first_with_space(buf);
        let mut total = 0usize;
        for extent in extents {
            if !fits(at, extent) {
                return None;
            }
            total += extent.iov_len;
            at = (*at).next;
        }
        let mut at = first_with_space(buf);
        for extent in extents {
            (**at).off += extent.iov_len;
            if extent.iov_len != 0 {
                (*buf).last_with_datap = at;
            }
            at = &raw mut (**at).next;
        }
        Some(total)
    }
}

/// Room for `least` bytes, of which the last is for a terminator, to print to: its address and its
/// length. Null if the end is frozen or memory runs out.
///
/// # Safety
/// `buf` is live and locked.
#[inline]
pub unsafe fn begin_print(buf: *mut Buffer, least: usize) -> (*mut u8, usize) {
    // SAFETY: promised by the caller.
    unsafe {
        if end_frozen(buf) {
            return (ptr::null_mut(), 0);
        }
        let chain = expand_one(buf, least);
        if chain.is_null() {
            return (ptr::null_mut(), 0);
        }
        (chain::space(chain), chain::space_len(chain))
    }
}

/// Takes over `len` bytes printed to `at`, the room that [`begin_print`] returned.
///
/// # Safety
/// `buf` is live, locked, and unchanged since; the bytes are initialised.
pub unsafe fn end_print(buf: *mut Buffer, at: *mut u8, len: usize) {
    // SAFETY: promised by the caller: one of the chains from the tail on has this room.
    unsafe {
        let tail = list::tail(buf);
        let mut chain = tail;
        while chain::space(chain) != at {
            chain = (*chain).next;
        }
        (*chain).off += len;
        count_added(buf, len);
        if chain != tail {
            list::find_last_with_data(buf);
        }
        callback::notify(buf);
    }
}
