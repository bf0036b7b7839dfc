//! `evbuffer`: a queue of bytes in a list of chains.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`handle`], [`locked`] | how the rest of the library uses buffers |
//! | [`chain`] | one chain: memory, room, sharing, release |
//! | [`list`] | a buffer's list of chains and its three pointers into it |
//! | [`add`] | adding and prepending bytes |
//! | [`space`] | room at the end: expanding, reserving, committing |
//! | [`take`] | draining, copying out, pulling up, peeking |
//! | [`transfer`], [`share`] | moving chains between buffers, sharing their data |
//! | [`reference`] | memory of the program's, without a copy |
//! | [`file`] | file segments |
//! | [`io`], [`spare`] | reading and writing descriptors, and the memory for it |
//! | [`position`], [`search`], [`line`] | finding bytes and line ends |
//! | [`slices`], [`pair`], [`two_way`] | what searching is made of |
//! | [`callback`] | telling the program that the length changed |
//! | [`parent`] | the bufferevent that owns a buffer |
//!
//! # Safety
//! A buffer's functions run with its lock held, which [`Locked`] does; that is what makes access by
//! raw pointer exclusive. Functions named `_locked` and those of [`list`] leave it to their caller.
//! Callbacks and cleanup functions run with the lock held, too, and may call everything again, even
//! free the buffer: so a buffer's state is complete whenever one of them is called, nothing is
//! assumed about it afterwards, and [`Locked`] keeps the object itself alive. No reference to a
//! buffer or chain is ever made.

use core::ffi::{c_int, c_void};
use core::mem::{offset_of, size_of};

use crate::base::EventBase;
use crate::ctypes::event_struct::event_callback;
use crate::support::{lock, mm};

pub mod add;
pub mod callback;
pub mod chain;
pub mod file;
pub mod handle;
pub mod io;
pub mod line;
pub mod list;
pub mod locked;
#[cfg(any(test, fuzzing))]
pub mod model;
#[cfg(target_arch = "x86_64")]
pub mod pair;
pub mod parent;
pub mod position;
pub mod reference;
pub mod search;
pub mod share;
pub mod slices;
pub mod space;
pub mod spare;
pub mod take;
pub mod transfer;
pub mod two_way;

use chain::Chain;
#[allow(unused_imports, reason = "the rooms above begin to use them")]
pub use handle::{Buf, OwnedBuf, Refused, Result};

/// `struct evbuffer`. What lies in libevent's padding is ours.
#[repr(C)]
pub struct Buffer {
    pub first: *mut Chain,
    pub last: *mut Chain,
    /// The pointer that points to the last chain with data; `&first` if there is none.
    pub last_with_datap: *mut *mut Chain,
    pub total_len: usize,
    /// Bytes added since the callbacks last ran.
    pub n_add_for_cb: usize,
    /// Bytes removed since the callbacks last ran.
    pub n_del_for_cb: usize,
    pub lock: *mut c_void,
    /// [`OWN_LOCK`] and its neighbours.
    bits: u8,
    /// How many runs of the callbacks are under way.
    callback_runs: u16,
    pub flags: u32,
    /// Where deferred callbacks run.
    pub cb_queue: *mut EventBase,
    /// The owner, deferred callbacks, shared chains, and calls under way.
    refcnt: c_int,
    /// The most that one read takes.
    pub max_read: c_int,
    pub deferred: event_callback,
    callbacks: *mut callback::Entry,
    /// The bufferevent that this buffer belongs to.
    parent: *mut c_void,
}

const OWN_LOCK: u8 = 1;
const FREEZE_START: u8 = 2;
const FREEZE_END: u8 = 4;
const DEFERRED_CALLBACKS: u8 = 8;
/// Removed callbacks are still in the list.
const CALLBACKS_REMOVED: u8 = 16;

/// The buffer's data is only ever drained or written to a descriptor, so files can stay files.
pub const DRAINS_TO_FD: u32 = 1;

/// How much is read at once unless the program chose otherwise.
const DEFAULT_MAX_READ: c_int = 4096;

const _: () = {
    assert!(size_of::<Buffer>() == 136);
    assert!(offset_of!(Buffer, last_with_datap) == 16);
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

/// A new empty buffer, or null.
pub fn new() -> *mut Buffer {
    let buf = mm::malloc(size_of::<Buffer>()).cast::<Buffer>();
    if !buf.is_null() {
        // SAFETY: the block has the buffer's size; all-zero is a value of it.
        unsafe {
            buf.write_bytes(0, 1);
            (*buf).last_with_datap = &raw mut (*buf).first;
            (*buf).refcnt = 1;
            (*buf).max_read = DEFAULT_MAX_READ;
        }
    }
    buf
}

/// Gives up the owner's reference.
///
/// # Safety
/// `buf` is live and its owner doesn't use it afterwards.
pub unsafe fn free(buf: *mut Buffer) {
    // SAFETY: promised by the caller.
    unsafe {
        lock::lock((*buf).lock);
        if (*buf).callback_runs != 0 {
            // Freed by a callback: the others would get a buffer that isn't theirs any more.
            callback::remove_all(buf);
        }
        unref_and_unlock(buf);
    }
}

/// Takes a reference, which [`unref_and_unlock`] gives back.
///
/// # Safety
/// `buf` is live and its lock is held.
#[inline]
pub unsafe fn take_ref(buf: *mut Buffer) {
    // SAFETY: promised by the caller.
    unsafe { (*buf).refcnt += 1 };
}

/// Gives up a reference and unlocks; the last reference frees the buffer.
///
/// # Safety
/// `buf` is live, its lock is held, and the caller's reference is not used again.
#[inline(always)]
pub unsafe fn unref_and_unlock(buf: *mut Buffer) {
    // SAFETY: promised by the caller.
    unsafe {
        (*buf).refcnt -= 1;
        if (*buf).refcnt > 0 {
            unlock_if_any(buf);
        } else {
            destroy(buf);
        }
    }
}

/// Locks a buffer; where it has no lock, this costs a comparison and no call.
#[inline(always)]
unsafe fn lock_if_any(buf: *mut Buffer) {
    // SAFETY: the caller passes a live buffer.
    unsafe {
        if !(*buf).lock.is_null() {
            lock::lock((*buf).lock);
        }
    }
}

#[inline(always)]
unsafe fn unlock_if_any(buf: *mut Buffer) {
    // SAFETY: the caller passes a live buffer, whose lock it holds.
    unsafe {
        if !(*buf).lock.is_null() {
            lock::unlock((*buf).lock);
        }
    }
}

#[cold]
unsafe fn destroy(buf: *mut Buffer) {
    // SAFETY: nobody else has a reference.
    unsafe {
        // Cleanup functions see an empty buffer, and must not free it again.
        (*buf).refcnt = 1;
        let chains = list::take_all(buf);
        chain::release_list(chains);
        chain::release_list(list::take_all(buf));
        callback::remove_all(buf);
        callback::cancel_deferred(buf);
        let own_lock = (*buf).bits & OWN_LOCK != 0;
        let held = (*buf).lock;
        lock::unlock(held);
        if own_lock {
            lock::free(held, lock::RECURSIVE);
        }
        mm::free(buf.cast());
    }
}

/// A buffer whose lock is held and that can't go away.
pub struct Locked(*mut Buffer);

impl Locked {
    /// Locks `buf`, until the value is dropped.
    ///
    /// # Safety
    /// `buf` is live.
    #[inline(always)]
    pub unsafe fn new(buf: *mut Buffer) -> Self {
        // SAFETY: promised by the caller.
        unsafe {
            lock_if_any(buf);
            take_ref(buf);
        }
        Locked(buf)
    }

    /// Takes over from a value that was forgotten.
    ///
    /// # Safety
    /// It was made for `buf`, and nobody else takes over from it.
    pub unsafe fn resume(buf: *mut Buffer) -> Self {
        Locked(buf)
    }

    /// Locks two buffers, in an order that any two threads agree on.
    ///
    /// # Safety
    /// Both are live.
    #[inline]
    pub unsafe fn both(a: *mut Buffer, b: *mut Buffer) -> (Self, Self) {
        // SAFETY: promised by the caller. Locks are recursive, so one shared lock is fine.
        unsafe {
            let (first, second) = if (*a).lock <= (*b).lock {
                (a, b)
            } else {
                (b, a)
            };
            (Locked::new(first), Locked::new(second))
        }
    }
}

impl Drop for Locked {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: `new` locked and took the reference.
        unsafe { unref_and_unlock(self.0) };
    }
}

/// Makes the buffer lockable, by its own lock or the given one. False if it has one already, or
/// there is none to be had.
///
/// # Safety
/// `buf` is live and used by one thread only so far; `given` is null or a live recursive lock.
pub unsafe fn enable_locking(buf: *mut Buffer, given: *mut c_void) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        if !(*buf).lock.is_null() {
            return false;
        }
        if !given.is_null() {
            (*buf).lock = given;
            return true;
        }
        (*buf).lock = lock::alloc(lock::RECURSIVE);
        if (*buf).lock.is_null() {
            return false;
        }
        (*buf).bits |= OWN_LOCK;
        true
    }
}

/// The bytes in the buffer.
///
/// # Safety
/// `buf` is live.
#[inline]
pub unsafe fn len(buf: *mut Buffer) -> usize {
    // SAFETY: promised by the caller.
    unsafe {
        lock_if_any(buf);
        let len = (*buf).total_len;
        unlock_if_any(buf);
        len
    }
}

/// [`len`] for an owner that holds the buffer's lock.
///
/// # Safety
/// `buf` is live and locked.
#[inline]
pub unsafe fn len_locked(buf: *const Buffer) -> usize {
    // SAFETY: promised by the caller.
    unsafe { (*buf).total_len }
}

/// The bytes in the first chain.
///
/// # Safety
/// `buf` is live.
pub unsafe fn contiguous_len(buf: *mut Buffer) -> usize {
    // SAFETY: promised by the caller; the first chain is null or live.
    unsafe {
        lock_if_any(buf);
        let first = (*buf).first;
        let len = if first.is_null() { 0 } else { (*first).off };
        unlock_if_any(buf);
        len
    }
}

/// Sets or clears flags, of which [`DRAINS_TO_FD`] is the only one with a meaning.
///
/// # Safety
/// `buf` is live.
pub unsafe fn change_flags(buf: *mut Buffer, flags: u32, set: bool) {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        if set {
            (*buf).flags |= flags;
        } else {
            (*buf).flags &= !flags;
        }
    }
}

/// Forbids or allows changes at the front or at the back.
///
/// # Safety
/// `buf` is live.
pub unsafe fn freeze(buf: *mut Buffer, at_front: bool, frozen: bool) {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        freeze_locked(buf, at_front, frozen);
    }
}

/// [`freeze`] for an owner that holds the buffer's lock.
///
/// # Safety
/// `buf` is live and locked.
#[inline]
pub unsafe fn freeze_locked(buf: *mut Buffer, at_front: bool, frozen: bool) {
    let bit = if at_front { FREEZE_START } else { FREEZE_END };
    // SAFETY: promised by the caller.
    unsafe {
        if frozen {
            (*buf).bits |= bit;
        } else {
            (*buf).bits &= !bit;
        }
    }
}

#[inline]
unsafe fn start_frozen(buf: *const Buffer) -> bool {
    // SAFETY: the caller holds the lock.
    unsafe { (*buf).bits & FREEZE_START != 0 }
}

#[inline]
unsafe fn end_frozen(buf: *const Buffer) -> bool {
    // SAFETY: the caller holds the lock.
    unsafe { (*buf).bits & FREEZE_END != 0 }
}

/// Whether `len` more bytes fit into a buffer's length.
#[inline]
unsafe fn can_hold(buf: *const Buffer, len: usize) -> bool {
    // SAFETY: the caller holds the lock.
    unsafe { len <= chain::MAX - (*buf).total_len }
}

/// Counts bytes that were added to the chains.
#[inline]
unsafe fn count_added(buf: *mut Buffer, len: usize) {
    // SAFETY: the caller holds the lock.
    unsafe {
        (*buf).total_len += len;
        (*buf).n_add_for_cb += len;
    }
}

/// Counts bytes that were removed from the chains.
#[inline]
unsafe fn count_removed(buf: *mut Buffer, len: usize) {
    // SAFETY: the caller holds the lock.
    unsafe {
        (*buf).total_len -= len;
        (*buf).n_del_for_cb += len;
    }
}

/// Chooses the most that one read takes. False if it is more than an `int`.
///
/// # Safety
/// `buf` is live.
pub unsafe fn set_max_read(buf: *mut Buffer, max: usize) -> bool {
    let Ok(max) = c_int::try_from(max) else {
        return false;
    };
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        (*buf).max_read = max;
    }
    true
}

/// The most that one read takes.
///
/// # Safety
/// `buf` is live.
pub unsafe fn max_read(buf: *mut Buffer) -> usize {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        (*buf).max_read as usize
    }
}
