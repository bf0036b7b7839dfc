//! Adding bytes at either end.

use core::ffi::c_int;
use core::ptr;

use libc::iovec;

use super::chain::{self, Chain};
use super::{
    Buffer, Locked, callback, can_hold, count_added, end_frozen, list, space, start_frozen,
};

/// A chain that is small is followed by one of twice its size.
const DOUBLE_AT_MOST: usize = 2048;

/// The size of a chain with borrowed data says nothing about what follows if it is larger.
const BORROWED_AT_MOST: usize = 16384;

/// Appends `len` bytes. False, with nothing changed, if the end is frozen, the buffer would grow
/// too large or memory runs out.
///
/// # Safety
/// `buf` is live and `data` has `len` bytes.
#[inline]
pub unsafe fn add(buf: *mut Buffer, data: *const u8, len: usize) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let added = add_locked(buf, data, len);
        if added {
            callback::notify(buf);
        }
        added
    }
}

/// [`add`] without callbacks.
///
/// # Safety
/// See [`add`]; the buffer is locked.
#[inline(always)]
pub unsafe fn add_locked(buf: *mut Buffer, data: *const u8, len: usize) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        if end_frozen(buf) || !can_hold(buf, len) {
            return false;
        }
        let tail = list::tail(buf);
        if !tail.is_null() && !chain::has(tail, chain::IMMUTABLE) && chain::space_len(tail) >= len {
            chain::append(tail, data, len);
            count_added(buf, len);
            return true;
        }
        add_with_new_chain(buf, tail, data, len)
    }
}

unsafe fn add_with_new_chain(
    buf: *mut Buffer,
    tail: *mut Chain,
    data: *const u8,
    len: usize,
) -> bool {
    // SAFETY: `tail` is the list's tail; the rest is the caller's promise.
    unsafe {
        if tail.is_null() {
            let new = list::push_new(buf, len);
            if new.is_null() {
                return false;
            }
            chain::append(new, data, len);
            count_added(buf, len);
            return true;
        }
        let room = chain::space_len(tail);
        if !chain::has(tail, chain::IMMUTABLE)
            && !chain::is_pinned(tail)
            && chain::worth_realigning(tail, len)
        {
            chain::realign(tail);
            chain::append(tail, data, len);
            count_added(buf, len);
            return true;
        }
        let mut size = (*tail).buffer_len;
        if size <= DOUBLE_AT_MOST {
            size *= 2;
        } else if size > BORROWED_AT_MOST && chain::has(tail, chain::IMMUTABLE) {
            // Borrowed data can be a whole file.
            size = BORROWED_AT_MOST;
        }
        let new = chain::new(size.max(len));
        if new.is_null() {
            return false;
        }
        if room != 0 {
            chain::append(tail, data, room);
        }
        chain::append(new, data.add(room), len - room);
        let replaced = list::push(buf, new);
        count_added(buf, len);
        chain::release_list(replaced);
        true
    }
}

/// Puts `len` bytes in front of all others. False, with nothing changed, if the start is frozen,
/// the buffer would grow too large or memory runs out.
///
/// # Safety
/// `buf` is live and `data` has `len` bytes.
pub unsafe fn prepend(buf: *mut Buffer, data: *const u8, len: usize) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        if len == 0 {
            return true;
        }
        if start_frozen(buf) || !can_hold(buf, len) {
            return false;
        }
        let first = (*buf).first;
        let mut room = 0;
        if !first.is_null() && !chain::has(first, chain::IMMUTABLE) && !chain::is_pinned(first) {
            room = if (*first).off == 0 {
                (*first).buffer_len
            } else {
                (*first).misalign
            };
            room = room.min(len);
        }
        if room < len {
            let new = chain::new(len - room);
            if new.is_null() {
                return false;
            }
            // At the end of its memory, so that more can be prepended.
            (*new).misalign = (*new).buffer_len - (len - room);
            chain::append(new, data, len - room);
            extend_front(first, data.add(len - room), room);
            list::push_front(buf, new);
        } else {
            extend_front(first, data, room);
        }
        count_added(buf, len);
        callback::notify(buf);
        true
    }
}

/// Copies `len` bytes directly in front of the data.
unsafe fn extend_front(first: *mut Chain, data: *const u8, len: usize) {
    if len == 0 {
        return;
    }
    // SAFETY: the caller has found that much room.
    unsafe {
        if (*first).off == 0 {
            // An empty chain may as well begin at its end.
            (*first).misalign = (*first).buffer_len;
        }
        (*first).misalign -= len;
        (*first).off += len;
        ptr::copy(data, chain::data(first), len);
    }
}

/// Appends the extents, telling the callbacks of each. Returns the bytes added, which is less than
/// all if memory runs out.
///
/// # Safety
/// `buf` is live and `vec` has `n` extents of readable memory.
pub unsafe fn add_iovec(buf: *mut Buffer, vec: *const iovec, n: c_int) -> usize {
    let n = usize::try_from(n).unwrap_or(0);
    // SAFETY: promised by the caller. A callback may change the array, so it is read by pointer.
    unsafe {
        let _locked = Locked::new(buf);
        let mut total = 0usize;
        for i in 0..n {
            let Some(sum) = total.checked_add((*vec.add(i)).iov_len) else {
                return 0;
            };
            total = sum;
        }
        if !space::expand_over(buf, total, 2) {
            return 0;
        }
        let mut added = 0;
        for i in 0..n {
            let extent = *vec.add(i);
            if !add(buf, extent.iov_base.cast(), extent.iov_len) {
                break;
            }
            added += extent.iov_len;
        }
        added
    }
}
