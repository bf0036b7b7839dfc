//! `evbuffer`: a queue of bytes in a list of chains.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`handle`] | how the library holds buffers: [`Buf`], [`OwnedBuf`], [`Locked`] |
//! | [`chain`] | one chain: memory, space, sharing, release |
//! | [`list`] | a buffer's list of chains and its three pointers into it |
//! | [`add`], [`mod@print`] | adding and prepending bytes, formatted text |
//! | [`space`] | space at the end: expanding, reserving, committing |
//! | [`take`] | draining, copying out, pulling up, peeking |
//! | [`transfer`], [`share`] | moving chains between buffers, sharing their data |
//! | [`mod@reference`] | memory of the program's, without a copy |
//! | [`mod@file`] | file segments |
//! | [`io`], [`spare`] | reading and writing descriptors, and the memory for it |
//! | [`position`], [`cursor`], [`search`], [`mod@line`] | finding bytes and line ends |
//! | [`callback`] | telling the program that the length changed |
//! | [`parent`] | the bufferevent that owns a buffer |
//!
//! # The rules
//! All that a buffer can do are methods of [`Locked`], which proves that its lock is held. Where a
//! file has several steps, those that don't tell the callbacks are private to this room.
//!
//! Callbacks and cleanup functions run with the lock held, and may call everything again, even free
//! the buffer: so a buffer's state is complete whenever one of them is called, nothing is assumed
//! about it afterwards, and [`Locked`] keeps the object itself alive.
//!
//! Chains die in one place. An operation that takes chains out of a buffer gives them to
//! [`Locked::doom`]; they are released, and their cleanup functions run, when the operation has
//! come to its end: before the callbacks, or when the [`Locked`] is dropped. An operation that
//! returns an address releases them first, and looks again at what they have left
//! ([`Locked::settled`]).
//!
//! No Rust reference to a buffer or chain lives longer than an access to one of its fields, all of
//! which are cells.
//!
//! # Hints
//! The common path of an operation is inlined into the exported function, by `#[inline(always)]`
//! where the compiler would emit a call: saving and restoring registers costs as much as a short
//! operation. What is rare, or needs a large frame, is kept out of line by `#[inline(never)]` or
//! `#[cold]`, so that the common path pays for neither. A hint stays only if it lowers the number of
//! instructions per operation.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::hint::cold_path;
use core::ops::Deref;

use crate::base::{BaseRef, Deferred};
use crate::support::{lock, mm};

pub mod add;
pub mod callback;
pub mod chain;
pub mod cursor;
pub mod file;
pub mod handle;
pub mod io;
pub mod line;
pub mod list;
#[cfg(any(test, fuzzing))]
#[expect(clippy::missing_safety_doc, reason = "callbacks of tests")]
pub mod model;
pub mod parent;
pub mod position;
pub mod print;
pub mod reference;
pub mod search;
pub mod share;
pub mod space;
pub mod spare;
pub mod take;
#[cfg(test)]
mod tests;
pub mod transfer;

use chain::{ChainRef, Link, Place};
pub use handle::{Buf, OwnedBuf, Refused, Result};
pub use io::FileRange;

/// `struct evbuffer`. What lies in libevent's padding is ours.
#[repr(C)]
pub struct Buffer {
    first: Cell<Link>,
    last: Cell<Link>,
    /// The place that holds the last chain with data; `first` if there is none.
    last_with_data: Cell<Place>,
    total_len: Cell<usize>,
    /// Bytes added since the callbacks last ran.
    n_add_for_cb: Cell<usize>,
    /// Bytes removed since the callbacks last ran.
    n_del_for_cb: Cell<usize>,
    lock: Cell<*mut c_void>,
    /// [`OWN_LOCK`] and its neighbours.
    bits: Cell<u8>,
    /// How many runs of the callbacks are under way.
    callback_runs: Cell<u16>,
    flags: Cell<u32>,
    /// Where deferred callbacks run.
    cb_queue: Cell<Option<BaseRef>>,
    /// The owner, deferred callbacks, and calls under way.
    refcnt: Cell<c_int>,
    /// The most that one read takes.
    max_read: Cell<c_int>,
    deferred: Deferred,
    callbacks: Cell<Option<callback::EntryRef>>,
    /// The bufferevent that this buffer belongs to.
    parent: Cell<*mut c_void>,
}

const OWN_LOCK: u8 = 1;
const FREEZE_START: u8 = 2;
const FREEZE_END: u8 = 4;
const DEFERRED_CALLBACKS: u8 = 8;
/// `parent` is another buffer whose owner is gone, and with which this one owns the lock.
const HAS_TWIN: u8 = 32;
/// Removed callbacks are still in the list.
const CALLBACKS_REMOVED: u8 = 16;

/// The buffer's data is only ever drained or written to a descriptor, so files can stay files.
pub const DRAINS_TO_FD: u32 = 1;

/// How much is read at once unless the program chose otherwise.
const DEFAULT_MAX_READ: c_int = 4096;

/// How often an operation is tried again after cleanup functions have undone it.
const ATTEMPTS: usize = 16;

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;

    assert!(size_of::<Buffer>() == 136);
    assert!(offset_of!(Buffer, last_with_data) == 16);
    assert!(offset_of!(Buffer, total_len) == 24);
    assert!(offset_of!(Buffer, lock) == 48);
    assert!(offset_of!(Buffer, bits) == 56);
    assert!(offset_of!(Buffer, flags) == 60);
    assert!(offset_of!(Buffer, cb_queue) == 64);
    assert!(offset_of!(Buffer, refcnt) == 72);
    assert!(offset_of!(Buffer, deferred) == 80);
    assert!(offset_of!(Buffer, callbacks) == 120);
    assert!(offset_of!(Buffer, parent) == 128);
};

/// One of the two ends of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Where bytes are drained and prepended.
    Start,
    /// Where bytes are added.
    End,
}

impl End {
    fn frozen_bit(self) -> u8 {
        match self {
            End::Start => FREEZE_START,
            End::End => FREEZE_END,
        }
    }
}

impl Buffer {
    /// A new empty buffer, with a reference for its owner; null without memory.
    fn allocate() -> *mut Buffer {
        let buf = mm::malloc(size_of::<Buffer>()).cast::<Buffer>();
        if !buf.is_null() {
            // SAFETY: the block has the buffer's size. All fields but one may be zero, and that one
            // is written before there is a reference to the whole.
            unsafe {
                buf.write_bytes(0, 1);
                let first = Place::of(&(*buf).first);
                (&raw mut (*buf).last_with_data).write(Cell::new(first));
                (*buf).refcnt.set(1);
                (*buf).max_read.set(DEFAULT_MAX_READ);
            }
        }
        buf
    }

    /// The bytes in the buffer.
    #[inline]
    pub fn len(&self) -> usize {
        self.total_len.get()
    }

    /// Whether there are no bytes in the buffer.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes in the first chain.
    pub fn contiguous_len(&self) -> usize {
        self.first.get().map_or(0, |first| first.off.get())
    }

    /// Sets or clears flags, of which [`DRAINS_TO_FD`] is the only one with a meaning.
    pub fn set_flags(&self, flags: u32, on: bool) {
        let old = self.flags.get();
        self.flags.set(if on { old | flags } else { old & !flags });
    }

    /// Forbids or allows changes at one end.
    #[inline]
    pub fn set_frozen(&self, end: End, frozen: bool) {
        self.set_bits(end.frozen_bit(), frozen);
    }

    /// Whether changes at one end are forbidden.
    #[inline]
    pub fn is_frozen(&self, end: End) -> bool {
        self.has_bit(end.frozen_bit())
    }

    /// The most that one read takes.
    pub fn max_read(&self) -> usize {
        self.max_read.get() as usize
    }

    /// Chooses the most that one read takes, which isn't negative.
    pub fn set_max_read(&self, max: c_int) {
        self.max_read.set(max);
    }

    #[inline]
    fn has_bit(&self, bit: u8) -> bool {
        self.bits.get() & bit != 0
    }

    #[inline]
    fn set_bits(&self, bits: u8, on: bool) {
        let old = self.bits.get();
        self.bits.set(if on { old | bits } else { old & !bits });
    }

    /// Whether `len` more bytes fit into a buffer's length.
    #[inline]
    fn can_hold(&self, len: usize) -> bool {
        len <= chain::MAX - self.total_len.get()
    }

    /// Refuses to add `len` bytes if the end is frozen or they are too many.
    #[inline]
    fn check_addition(&self, len: usize) -> Result {
        if self.is_frozen(End::End) || !self.can_hold(len) {
            return Err(Refused);
        }
        Ok(())
    }

    /// Counts bytes that were added to the chains.
    #[inline]
    fn count_added(&self, len: usize) {
        self.total_len.set(self.total_len.get() + len);
        self.n_add_for_cb.set(self.n_add_for_cb.get() + len);
    }

    /// Counts bytes that were removed from the chains.
    #[inline]
    fn count_removed(&self, len: usize) {
        self.total_len.set(self.total_len.get() - len);
        self.n_del_for_cb.set(self.n_del_for_cb.get() + len);
    }

    /// Nobody is to be told of what has changed.
    #[inline]
    fn forget_changes(&self) {
        self.n_add_for_cb.set(0);
        self.n_del_for_cb.set(0);
    }

    #[inline]
    fn take_ref(&self) {
        self.refcnt.set(self.refcnt.get() + 1);
    }

    /// Gives up a reference that isn't the last one.
    #[inline]
    fn drop_ref(&self) {
        self.refcnt.set(self.refcnt.get() - 1);
    }

    /// Locks the buffer; where it has no lock, this costs a comparison and no call.
    #[inline(always)]
    fn acquire(&self) {
        let held = self.lock.get();
        if !held.is_null() {
            // SAFETY: a buffer's lock is live as long as the buffer (`enable_locking`).
            unsafe { lock::lock(held) };
        }
    }

    /// Undoes [`Self::acquire`], by the thread that did it.
    #[inline(always)]
    fn unlock(&self) {
        let held = self.lock.get();
        if !held.is_null() {
            // SAFETY: as in `acquire`.
            unsafe { lock::unlock(held) };
        }
    }
}

/// A buffer whose lock is held and that can't go away.
pub struct Locked {
    buf: Buf,
    /// What was taken out of the buffer and is not released yet.
    doomed: Cell<Link>,
}

impl Deref for Locked {
    type Target = Buffer;

    #[inline(always)]
    fn deref(&self) -> &Buffer {
        self.buf.get()
    }
}

impl Locked {
    #[inline(always)]
    fn new(buf: Buf) -> Self {
        buf.get().acquire();
        buf.get().take_ref();
        Locked::resume(buf)
    }

    /// Takes over from a value that was [suspended](Self::suspend).
    #[inline(always)]
    fn resume(buf: Buf) -> Self {
        Locked {
            buf,
            doomed: Cell::new(None),
        }
    }

    /// Leaves the buffer locked, for [`Buf::resume`].
    #[inline(always)]
    pub fn suspend(self) {
        debug_assert!(self.doomed.get().is_none(), "operations have not ended");
        core::mem::forget(self);
    }

    /// The buffer that is locked.
    #[inline]
    pub fn buf(&self) -> Buf {
        self.buf
    }

    /// Locks two buffers, in an order that any two threads agree on.
    #[inline(always)]
    fn both(a: Buf, b: Buf) -> (Self, Self) {
        // Locks are recursive, so one that they share is fine.
        if a.get().lock.get() <= b.get().lock.get() {
            let first = Locked::new(a);
            (first, Locked::new(b))
        } else {
            let first = Locked::new(b);
            (Locked::new(a), first)
        }
    }

    /// Has a list of chains that is no buffer's any more released: at the end of the operation
    /// those for which the program's functions may be called, the others at once.
    #[inline]
    fn doom(&self, chains: Link) {
        if let Some(first) = chains {
            self.doom_list(first);
        }
    }

    fn doom_list(&self, first: ChainRef) {
        let mut chain = first;
        loop {
            if chain.has(chain::BORROWED) {
                // With what follows, to keep the order.
                self.postpone(chain);
                return;
            }
            let next = chain.next.get();
            // SAFETY: it is in no list, and those who doom chains forget them.
            unsafe { chain::release_plain(chain) };
            match next {
                Some(next) => chain = next,
                None => return,
            }
        }
    }

    /// Puts chains at the end of the doomed ones.
    #[inline]
    fn postpone(&self, first: ChainRef) {
        let mut at = Place::of(&self.doomed);
        while let Some(other) = at.get() {
            at = other.next_place();
        }
        at.set(Some(first));
    }

    /// Releases what is doomed. True if the program's functions may have been called.
    #[inline]
    fn release_doomed(&self) -> bool {
        let doomed = self.doomed.get();
        if doomed.is_some() {
            cold_path();
            self.doomed.set(None);
            release_list(doomed);
        }
        doomed.is_some()
    }

    /// Releases what is doomed after an operation that found `found` in the buffer; `None` if the
    /// buffer may have changed meanwhile, so that it has to be looked for again.
    #[inline]
    fn settled<T>(&self, found: T) -> Option<T> {
        (!self.release_doomed()).then_some(found)
    }
}

impl Locked {
    /// Drops it, in line.
    #[inline(always)]
    fn end(self) {
        self.give_up();
        core::mem::forget(self);
    }

    /// Gives lock and reference back, and releases what is doomed.
    #[inline(always)]
    fn give_up(&self) {
        let doomed = self.doomed.get();
        let left = self.refcnt.get() - 1;
        self.refcnt.set(left);
        if left > 0 {
            self.unlock();
        } else {
            destroy(self.buf);
        }
        // Without the lock, as no cleanup function needs it.
        if doomed.is_some() {
            cold_path();
            release_list(doomed);
        }
    }
}

impl Drop for Locked {
    #[inline(always)]
    fn drop(&mut self) {
        self.give_up();
    }
}

/// Releases chains that are in no buffer, in their order. Cleanup functions may use any buffer.
#[inline(never)]
fn release_list(mut chains: Link) {
    while let Some(chain) = chains {
        chains = chain.next.get();
        // SAFETY: it is in no list, and those who have this called forget it.
        unsafe { chain::release(chain) };
    }
}

/// Frees a buffer whose last reference is gone.
#[cold]
fn destroy(buf: Buf) {
    let buffer = buf.get();
    if buffer.first.get().is_some() {
        // Cleanup functions see an empty buffer, and must not free it again.
        buffer.refcnt.set(1);
        release_list(buffer.take_all());
        release_list(buffer.take_all());
    }
    callback::remove_all(buffer);
    callback::cancel_deferred(buffer);
    let mut own_lock = buffer.has_bit(OWN_LOCK);
    if buffer.has_bit(HAS_TWIN) {
        own_lock = false;
        // SAFETY: `free_with_lock` left it there, and the first of the two to end is this one.
        if let Some(twin) = unsafe { Buf::new(buffer.parent.get().cast()) } {
            twin.get().set_bits(HAS_TWIN, false);
        }
    }
    let held = buffer.lock.get();
    buffer.unlock();
    // SAFETY: there is no other reference. The lock, if it is the buffer's, is not held any more.
    unsafe {
        if own_lock {
            lock::free(held, lock::RECURSIVE);
        }
        mm::free(buf.as_ptr().cast());
    }
}
