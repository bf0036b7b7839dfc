//! Chains that are kept between reads and writes.
//!
//! A read needs room for all that may come, and mostly few bytes do: they are copied to a chain of
//! their size, and the large one is used again. That small chain mostly ends when its bytes have
//! been written somewhere, and the next message gets it. Connections that end leave none behind.
//!
//! # Safety
//! Of every function: `spares` has what functions of this module left there.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;

use super::chain::{self, Chain};
use super::{Buffer, list};
use crate::base::Spares;

/// Room in a chain that is kept for reads.
const ROOM: usize = 16384;

fn take_from(place: &Cell<*mut c_void>) -> *mut Chain {
    place.replace(ptr::null_mut()).cast()
}

/// An empty chain with room for `len` bytes: the spare one, or a new one, or null.
///
/// # Safety
/// See the module.
#[inline]
pub unsafe fn take(spares: Option<&Spares>, len: usize) -> *mut Chain {
    let Some(spares) = spares else {
        return chain::new(len);
    };
    let kept = take_from(&spares.large);
    // SAFETY: null, or a chain that nobody else has.
    unsafe {
        if !kept.is_null() && (*kept).buffer_len >= len {
            return kept;
        }
        if kept.is_null() {
            return chain::new_exact(len.max(ROOM));
        }
        chain::release(kept);
    }
    chain::new(len)
}

/// Gives back what [`take`] returned.
///
/// # Safety
/// See the module; nobody else has the chain, and it borrows nothing.
#[inline]
pub unsafe fn keep(spares: Option<&Spares>, chain: *mut Chain) {
    // SAFETY: promised by the caller.
    unsafe {
        match spares {
            Some(spares) if spares.large.get().is_null() => {
                (*chain).off = 0;
                spares.large.set(chain.cast());
            }
            _ => chain::release(chain),
        }
    }
}

/// Frees the small chain.
///
/// # Safety
/// See the module.
pub unsafe fn give_back(spares: &Spares) {
    let kept = take_from(&spares.small);
    if !kept.is_null() {
        // SAFETY: nobody else has the chain.
        unsafe { chain::release(kept) };
    }
}

/// A chain that [`take`] returned, with data now, or a copy that takes no more memory than the data
/// needs; then the chain itself is kept. It stays if a copy would save nothing or cost too much, or
/// there is no memory. (Not by realloc: programs leave that hook out, and a copy of few bytes costs
/// no more.)
///
/// # Safety
/// As for [`keep`].
#[inline]
pub unsafe fn fit(spares: Option<&Spares>, chain: *mut Chain) -> *mut Chain {
    // SAFETY: promised by the caller; a spare chain belongs to nobody else.
    unsafe {
        let len = (*chain).off;
        let Some(room) = chain::fitting_room(len, (*chain).buffer_len) else {
            return chain;
        };
        let mut copy = ptr::null_mut();
        if let (chain::SMALLEST_ROOM, Some(spares)) = (room, spares) {
            copy = take_from(&spares.small);
        }
        if copy.is_null() {
            copy = chain::new(room);
        }
        if copy.is_null() {
            return chain;
        }
        chain::append(copy, chain::data(chain), len);
        keep(spares, chain);
        copy
    }
}

/// Takes the only chain out of a buffer to keep it, and counts its bytes as removed. False if it is
/// not one for that.
///
/// # Safety
/// See the module; `buf` is held by a [`Locked`](super::Locked), and has data.
#[inline]
pub unsafe fn keep_only(spares: Option<&Spares>, buf: *mut Buffer) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        let chain = (*buf).first;
        let Some(spares) = spares else {
            return false;
        };
        let small = (*chain).buffer_len == chain::SMALLEST_ROOM && (*chain).flags == 0;
        let ours = small && (*chain).refcnt == 1 && (*chain).next.is_null();
        if !ours || !spares.small.get().is_null() {
            return false;
        }
        (*buf).n_del_for_cb += (*buf).total_len;
        list::take_all(buf);
        (*chain).misalign = 0;
        (*chain).off = 0;
        spares.small.set(chain.cast());
        true
    }
}
