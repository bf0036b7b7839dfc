//! Chains that are kept between reads and writes.
//!
//! A read needs space for all that may come, and usually few bytes do: they are copied to a chain
//! of their size, and the large one is used again. That small chain usually ends when its bytes have
//! been written somewhere, and the next message gets it. Connections that end leave none behind.

use core::cell::Cell;
use core::ffi::c_void;
use core::hint::cold_path;
use core::ptr;

use super::chain::{self, ChainRef, Link};
use super::{End, Locked, Result};
use crate::base::Spares;
use crate::sys;

/// Space in a chain that is kept for reads.
const SPACE: usize = 16384;

fn take_from(place: &Cell<*mut c_void>) -> Link {
    let kept = place.replace(ptr::null_mut()).cast();
    // SAFETY: only this module puts something there: chains that nothing else has.
    unsafe { ChainRef::from_ptr(kept) }
}

/// Frees a chain that nothing else has.
fn free(chain: ChainRef) {
    // SAFETY: it is in no list, and those who call this forget it.
    unsafe { chain::release(chain) };
}

/// An empty chain with space for `len` bytes: the spare one, or a new one; `None` without memory.
#[inline(always)]
pub fn take(spares: Option<&Spares>, len: usize) -> Link {
    let kept = spares.and_then(|spares| take_from(&spares.large));
    if let Some(kept) = kept
        && kept.buffer_len.get() >= len
    {
        return Some(kept);
    }
    cold_path();
    make(spares, kept, len)
}

/// [`take`] where there is no spare chain, or one that is too small.
#[inline(never)]
fn make(spares: Option<&Spares>, too_small: Link, len: usize) -> Link {
    match too_small {
        Some(too_small) => {
            free(too_small);
            chain::new(len)
        }
        None if spares.is_none() => chain::new(len),
        None => chain::new_exact(len.max(SPACE)),
    }
}

/// Keeps what [`take`] returned, to which nothing was read. Leaves `errno` alone.
#[inline(never)]
pub fn keep_untouched(spares: Option<&Spares>, chain: ChainRef) {
    let error = sys::errno();
    keep(spares, chain);
    sys::set_errno(error);
}

/// Keeps what [`take`] returned for the next read.
#[inline]
fn keep(spares: Option<&Spares>, chain: ChainRef) {
    match spares {
        Some(spares) if spares.large.get().is_null() => {
            chain.off.set(0);
            spares.large.set(chain.as_ptr().cast());
        }
        _ => {
            cold_path();
            free(chain);
        }
    }
}

/// Frees the small chain.
pub fn free_small(spares: &Spares) {
    if let Some(kept) = take_from(&spares.small) {
        free(kept);
    }
}

/// A chain that [`take`] returned, with data now, or a copy that takes no more memory than the data
/// needs; then the chain itself is kept. It stays if a copy would save nothing or cost too much, or
/// there is no memory. (Not by realloc: programs leave that hook out, and a copy of few bytes costs
/// no more.)
#[inline(always)]
pub fn shrink(spares: Option<&Spares>, chain: ChainRef) -> ChainRef {
    // Only large chains are taken where there are spare ones.
    if chain.off.get() <= chain::SMALLEST_SPACE
        && let Some(copy) = spares.and_then(|spares| take_from(&spares.small))
    {
        return replace(spares, chain, copy);
    }
    cold_path();
    shrink_to_new(spares, chain)
}

/// [`shrink`] where the small chain is too small, or there is none.
#[inline(never)]
fn shrink_to_new(spares: Option<&Spares>, chain: ChainRef) -> ChainRef {
    match chain::fitting_space(chain.off.get(), chain.buffer_len.get()).and_then(chain::new) {
        Some(copy) => replace(spares, chain, copy),
        None => chain,
    }
}

#[inline(always)]
fn replace(spares: Option<&Spares>, chain: ChainRef, copy: ChainRef) -> ChainRef {
    copy.append(chain.bytes());
    keep(spares, chain);
    copy
}

impl Locked {
    /// Takes the only chain out of a buffer that has data, to keep it, and counts its bytes as
    /// removed. False if it is not one for that.
    #[inline(always)]
    pub(super) fn recycle_only_chain(&self, spares: Option<&Spares>) -> bool {
        let (Some(spares), Some(chain)) = (spares, self.first.get()) else {
            return false;
        };
        let is_small = chain.buffer_len.get() == chain::SMALLEST_SPACE && chain.flags.get() == 0;
        let is_free = is_small && !chain.is_shared() && chain.next.get().is_none();
        if !is_free || !spares.small.get().is_null() {
            return false;
        }
        self.n_del_for_cb
            .set(self.n_del_for_cb.get() + self.total_len.get());
        self.take_all();
        chain.misalign.set(0);
        chain.off.set(0);
        spares.small.set(chain.as_ptr().cast());
        true
    }

    /// [`Self::drain`]; a small chain of which nothing is left then is kept.
    pub fn drain_to(&mut self, len: usize, spares: Option<&Spares>) -> Result {
        let all = len == self.len() && !self.is_frozen(End::Start);
        if all && self.recycle_only_chain(spares) {
            self.notify();
            return Ok(());
        }
        self.drain(len)
    }

    /// Gives a buffer without chains the small one, if it has room for what will be added.
    pub fn add_spare(&mut self, at_least: usize, spares: Option<&Spares>) {
        if at_least <= chain::SMALLEST_SPACE
            && self.first.get().is_none()
            && let Some(kept) = spares.and_then(|spares| take_from(&spares.small))
        {
            self.push(kept);
        }
    }
}
