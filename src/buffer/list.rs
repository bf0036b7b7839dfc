//! A buffer's list of chains: first those with data, then perhaps empty ones with room.
//!
//! Nothing here counts bytes or calls callbacks.
//!
//! # Safety
//! Of every function: the buffer is live and locked; chains given to it are live and in no list,
//! unless said otherwise.

use core::ptr;

use super::Buffer;
use super::chain::{self, Chain};

/// Forgets all chains, without releasing them, and returns the first one.
///
/// # Safety
/// See the module.
#[inline]
pub unsafe fn take_all(buf: *mut Buffer) -> *mut Chain {
    // SAFETY: promised by the caller.
    unsafe {
        let first = (*buf).first;
        (*buf).first = ptr::null_mut();
        (*buf).last = ptr::null_mut();
        (*buf).last_with_datap = &raw mut (*buf).first;
        (*buf).total_len = 0;
        first
    }
}

/// The last chain with data, or an empty chain if there is only that, or null.
///
/// # Safety
/// See the module.
#[inline]
pub unsafe fn tail(buf: *const Buffer) -> *mut Chain {
    // SAFETY: `last_with_datap` always points to a live chain's `next`, or to `first`.
    unsafe { *(*buf).last_with_datap }
}

/// The pointer to the first chain behind the data that may be replaced: empty, not pinned.
unsafe fn first_replaceable(buf: *mut Buffer) -> *mut *mut Chain {
    // SAFETY: the list's chains are live.
    unsafe {
        let mut at = (*buf).last_with_datap;
        while !(*at).is_null() && ((**at).off != 0 || chain::is_pinned(*at)) {
            at = &raw mut (**at).next;
        }
        at
    }
}

/// Puts `chain` at the end, in place of empty chains, which are returned and to be released.
///
/// # Safety
/// See the module.
#[inline]
pub unsafe fn push(buf: *mut Buffer, chain: *mut Chain) -> *mut Chain {
    // SAFETY: promised by the caller.
    unsafe {
        let at = first_replaceable(buf);
        let replaced = *at;
        *at = chain;
        (*buf).last = chain;
        if (*chain).off != 0 {
            (*buf).last_with_datap = at;
        }
        replaced
    }
}

/// Chains that are in no buffer, at least one of them with data.
pub struct Detached {
    pub first: *mut Chain,
    pub last: *mut Chain,
    /// The pointer to the last chain with data, if it isn't `first`; else null.
    pub last_with_datap: *mut *mut Chain,
}

/// Takes all chains out of a buffer that has data, without counting.
///
/// # Safety
/// See the module.
pub unsafe fn detach(buf: *mut Buffer) -> Detached {
    // SAFETY: promised by the caller.
    unsafe {
        let last = (*buf).last;
        let mut last_with_datap = (*buf).last_with_datap;
        if last_with_datap == &raw mut (*buf).first {
            last_with_datap = ptr::null_mut();
        }
        Detached {
            first: take_all(buf),
            last,
            last_with_datap,
        }
    }
}

/// [`push`] for many chains.
///
/// # Safety
/// See the module.
pub unsafe fn push_all(buf: *mut Buffer, chains: Detached) -> *mut Chain {
    // SAFETY: promised by the caller.
    unsafe {
        let at = first_replaceable(buf);
        let replaced = *at;
        *at = chains.first;
        (*buf).last = chains.last;
        (*buf).last_with_datap = if chains.last_with_datap.is_null() {
            at
        } else {
            chains.last_with_datap
        };
        replaced
    }
}

/// Puts many chains in front of all others, of which one has data.
///
/// # Safety
/// See the module.
pub unsafe fn push_all_front(buf: *mut Buffer, chains: Detached) {
    // SAFETY: promised by the caller.
    unsafe {
        if (*buf).last_with_datap == &raw mut (*buf).first {
            (*buf).last_with_datap = &raw mut (*chains.last).next;
        }
        (*chains.last).next = (*buf).first;
        (*buf).first = chains.first;
    }
}

/// [`push`] for a new chain with room for `size` bytes; null without memory.
///
/// # Safety
/// See the module.
pub unsafe fn push_new(buf: *mut Buffer, size: usize) -> *mut Chain {
    let new = chain::new(size);
    if !new.is_null() {
        // SAFETY: promised by the caller.
        unsafe { chain::release_list(push(buf, new)) };
    }
    new
}

/// Puts `chain`, which has data, in front of all others.
///
/// # Safety
/// See the module.
#[inline]
pub unsafe fn push_front(buf: *mut Buffer, chain: *mut Chain) {
    // SAFETY: promised by the caller.
    unsafe {
        let first = &raw mut (*buf).first;
        let old = *first;
        (*chain).next = old;
        *first = chain;
        if old.is_null() {
            (*buf).last = chain;
        } else if (*buf).last_with_datap == first && (*old).off != 0 {
            (*buf).last_with_datap = &raw mut (*chain).next;
        }
    }
}

/// Moves `last_with_datap` forward after bytes were added to the chains behind it.
///
/// # Safety
/// See the module.
#[inline]
pub unsafe fn find_last_with_data(buf: *mut Buffer) {
    // SAFETY: the list's chains are live.
    unsafe {
        let mut at = (*buf).last_with_datap;
        if (*at).is_null() {
            return;
        }
        while !(**at).next.is_null() {
            at = &raw mut (**at).next;
            if (**at).off != 0 {
                (*buf).last_with_datap = at;
            }
        }
    }
}

/// Makes `chain` the first one, after all before it were unlinked.
///
/// # Safety
/// See the module; `chain` is in the list. The chains before it still have their links, and are
/// the caller's now.
pub unsafe fn cut_front(buf: *mut Buffer, chain: *mut Chain) {
    // SAFETY: promised by the caller.
    unsafe {
        let mut removed = (*buf).first;
        while removed != chain {
            // Either the pointer to this chain held the last data, or the pointer in it does.
            if removed == *(*buf).last_with_datap
                || &raw mut (*removed).next == (*buf).last_with_datap
            {
                (*buf).last_with_datap = &raw mut (*buf).first;
            }
            removed = (*removed).next;
        }
        (*buf).first = chain;
    }
}

/// Calls `check` on the state of the list; a test's way to see every invariant.
#[cfg(any(test, fuzzing))]
pub unsafe fn check(buf: *mut Buffer) {
    // SAFETY: the test owns the buffer.
    unsafe {
        let mut total = 0usize;
        let mut at = &raw mut (*buf).first;
        let mut last = ptr::null_mut();
        let mut last_with_data = at;
        while !(*at).is_null() {
            let chain = *at;
            assert!((*chain).refcnt >= 1);
            assert!(chain::has(chain, chain::DANGLING) <= chain::is_pinned(chain));
            if !chain::has(chain, chain::SENDFILE) {
                assert!((*chain).misalign + (*chain).off <= (*chain).buffer_len);
            }
            if (*chain).off != 0 {
                last_with_data = at;
            }
            total += (*chain).off;
            last = chain;
            at = &raw mut (*chain).next;
        }
        assert_eq!(total, (*buf).total_len);
        assert!((*buf).last == last);
        assert!((*buf).last_with_datap == last_with_data);
    }
}
