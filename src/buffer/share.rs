//! Chains whose data belongs to a chain of another buffer.
//!
//! The chain that owns the data counts those that share it, becomes immutable, and keeps its
//! buffer alive.

use core::ptr;

use super::chain::{self, Chain};
use super::list::Detached;
use super::{
    Buffer, Locked, callback, can_hold, count_added, end_frozen, list, take_ref, unref_and_unlock,
};
use crate::support::lock;

struct Owner {
    buffer: *mut Buffer,
    chain: *mut Chain,
}

/// Appends the data of `from` to `to`, without copying. False, with nothing changed, if the end is
/// frozen, the buffers are the same, `from` itself shares data or holds files, `to` would grow
/// too large, or memory runs out.
///
/// # Safety
/// Both are live.
pub unsafe fn append(to: *mut Buffer, from: *mut Buffer) -> bool {
    // SAFETY: promised by the caller; all chains come from the buffers' lists.
    unsafe {
        let _locked = Locked::both(to, from);
        let len = (*from).total_len;
        if len == 0 {
            return true;
        }
        if end_frozen(to) || to == from || !can_hold(to, len) {
            return false;
        }
        let Some(copies) = copy_list(from) else {
            return false;
        };
        let replaced = list::push_all(to, copies);
        count_added(to, len);
        chain::release_list(replaced);
        callback::notify(to);
        true
    }
}

/// Chains that share all data of `from`; `None` if that can't be shared, or without memory.
unsafe fn copy_list(from: *mut Buffer) -> Option<Detached> {
    const NOT_SHARED: u32 = chain::FILE_SEGMENT | chain::SENDFILE | chain::MULTICAST;
    // SAFETY: the caller holds the lock; all chains come from the buffer's list.
    unsafe {
        let mut at = (*from).first;
        while !at.is_null() {
            if chain::has(at, NOT_SHARED) {
                return None;
            }
            at = (*at).next;
        }
        let mut copies = Detached {
            first: ptr::null_mut(),
            last: ptr::null_mut(),
            last_with_datap: ptr::null_mut(),
        };
        let mut at = (*from).first;
        while !at.is_null() {
            if (*at).off != 0 {
                let copy = prepare(from, at);
                if copy.is_null() {
                    chain::release_list(copies.first);
                    return None;
                }
                if copies.last.is_null() {
                    copies.first = copy;
                } else {
                    copies.last_with_datap = &raw mut (*copies.last).next;
                    (*copies.last).next = copy;
                }
                copies.last = copy;
            }
            at = (*at).next;
        }
        let mut copy = copies.first;
        while !copy.is_null() {
            take_hold(copy);
            copy = (*copy).next;
        }
        Some(copies)
    }
}

/// A chain like `owner`, one of `buf`'s, that doesn't share its data yet; null without memory.
unsafe fn prepare(buf: *mut Buffer, owner: *mut Chain) -> *mut Chain {
    // SAFETY: the caller holds the lock of `buf`.
    unsafe {
        let info = Owner {
            buffer: buf,
            chain: owner,
        };
        let copy = chain::new_borrowing(0, (*owner).buffer, (*owner).buffer_len, info);
        if !copy.is_null() {
            (*copy).misalign = (*owner).misalign;
            (*copy).off = (*owner).off;
        }
        copy
    }
}

/// Makes a prepared chain share its owner's data.
unsafe fn take_hold(copy: *mut Chain) {
    // SAFETY: the caller holds the owner's buffer.
    unsafe {
        let info = chain::info::<Owner>(copy);
        (*copy).flags |= chain::MULTICAST;
        (*(*info).chain).flags |= chain::IMMUTABLE;
        (*(*info).chain).refcnt += 1;
        take_ref((*info).buffer);
    }
}

/// Lets go of the owner.
///
/// # Safety
/// `chain` shares data and is going away.
pub unsafe fn release(chain: *mut Chain) {
    // SAFETY: the owner and its buffer live for as long as they are shared.
    unsafe {
        let info = chain::info::<Owner>(chain).read();
        lock::lock((*info.buffer).lock);
        chain::release(info.chain);
        unref_and_unlock(info.buffer);
    }
}
