//! How the rest of the library holds buffers: without raw pointers.
//!
//! | type | what it is |
//! | --- | --- |
//! | [`Buf`] | a buffer of which somebody promised that it is live; copied freely |
//! | [`OwnedBuf`] | a buffer of the library's own, freed on drop |
//! | [`Locked`] | a buffer that is locked and can't go away: all operations are its methods |
//!
//! ```ignore
//! // SAFETY: the program passed a live buffer (# Safety).
//! let input = unsafe { Buf::new(buffer) }?;
//! let mut input = input.lock();
//! if let Some(end) = input.find(b"\r\n\r\n", 0) {
//!     let header = input.pull_up(end)?;
//!     parse(header)?;
//!     input.drain(end + 4)?;
//! }
//! write!(output.lock(), "Content-Length: {len}\r\n")?;
//! ```
//!
//! A method that changes the length tells the callbacks before it returns. They may do anything to
//! the buffer, even free it: nothing but the object itself stays. Where several changes should be
//! one for other threads, keep the [`Locked`]; where they shouldn't, lock for each: locking costs no
//! more than a comparison if the buffer has no lock.
#![allow(dead_code, reason = "the rooms above begin to use it")]

use core::ops::Deref;
use core::ptr::NonNull;

use super::{Buffer, Locked, share, transfer};

/// Why a buffer was not changed: the end concerned is frozen, the buffer would grow too large or
/// memory ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// What operations on buffers return.
pub type Result<T = ()> = core::result::Result<T, Refused>;

/// The result of a function that returns whether it succeeded.
pub(super) fn accepted(success: bool) -> Result {
    if success { Ok(()) } else { Err(Refused) }
}

/// A live `struct evbuffer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Buf(NonNull<Buffer>);

impl Buf {
    /// The handle of a buffer; `None` for null.
    ///
    /// # Safety
    /// The buffer is live for as long as the handle and its copies are used. While a thread has it
    /// [locked](Buf::lock), it changes it through that value only; callbacks, which run inside of
    /// the value's methods, lock it themselves.
    #[inline]
    pub unsafe fn new(buf: *mut Buffer) -> Option<Self> {
        NonNull::new(buf).map(Buf)
    }

    /// The pointer that programs know.
    #[inline]
    pub fn as_ptr(self) -> *mut Buffer {
        self.0.as_ptr()
    }

    /// Locks the buffer, if it has a lock, and keeps it alive, until the value is dropped.
    #[inline(always)]
    pub fn lock(self) -> Locked {
        // SAFETY: a handle's buffer is live (`new`).
        unsafe { Locked::new(self.as_ptr()) }
    }

    /// Locks this buffer and another, in an order that all threads agree on.
    #[inline]
    pub fn lock_both(self, other: Buf) -> (Locked, Locked) {
        // SAFETY: as in `lock`.
        let (first, second) = unsafe { Locked::both(self.as_ptr(), other.as_ptr()) };
        if first.is(self) {
            (first, second)
        } else {
            (second, first)
        }
    }

    /// The bytes in the buffer.
    #[inline]
    pub fn len(self) -> usize {
        // SAFETY: as in `lock`.
        unsafe { super::len(self.as_ptr()) }
    }

    /// Whether there are no bytes in the buffer.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Moves everything in `from` behind the data, without copying.
    pub fn append_from(self, from: Buf) -> Result {
        // SAFETY: as in `lock`.
        accepted(unsafe { transfer::append(self.as_ptr(), from.as_ptr()) })
    }

    /// Moves everything in `from` in front of the data, without copying.
    pub fn prepend_from(self, from: Buf) -> Result {
        // SAFETY: as in `lock`.
        accepted(unsafe { transfer::prepend(self.as_ptr(), from.as_ptr()) })
    }

    /// Moves up to `len` bytes from the front of `from` behind the data. Returns how many.
    pub fn move_front_from(self, from: Buf, len: usize) -> Result<usize> {
        // SAFETY: as in `lock`.
        let moved = unsafe { transfer::move_front(from.as_ptr(), self.as_ptr(), len) };
        usize::try_from(moved).map_err(|_| Refused)
    }

    /// Appends the data of `from`, which keeps it, without copying. Refused, too, if the buffers are
    /// the same, or `from` itself shares data or holds files.
    pub fn append_shared(self, from: Buf) -> Result {
        // SAFETY: as in `lock`.
        accepted(unsafe { share::append(self.as_ptr(), from.as_ptr()) })
    }
}

/// A buffer that is freed on drop. (Other buffers that share its bytes keep what they need.)
#[derive(Debug)]
#[repr(transparent)]
pub struct OwnedBuf(Buf);

impl OwnedBuf {
    /// A new empty buffer without a lock; `None` without memory.
    pub fn new() -> Option<Self> {
        // SAFETY: the new buffer is live, and belongs to the value.
        unsafe { Self::from_ptr(super::new()) }
    }

    /// Takes a buffer over; `None` for null.
    ///
    /// # Safety
    /// The buffer is live, and the caller's to free.
    pub unsafe fn from_ptr(buf: *mut Buffer) -> Option<Self> {
        // SAFETY: promised by the caller: it lives until the value is dropped.
        unsafe { Buf::new(buf) }.map(OwnedBuf)
    }

    /// The buffer, which the caller has to free.
    pub fn into_ptr(self) -> *mut Buffer {
        let buf = self.0.as_ptr();
        core::mem::forget(self);
        buf
    }
}

impl Deref for OwnedBuf {
    type Target = Buf;

    #[inline]
    fn deref(&self) -> &Buf {
        &self.0
    }
}

impl Drop for OwnedBuf {
    fn drop(&mut self) {
        // SAFETY: the value owns the buffer (`from_ptr`).
        unsafe { super::free(self.0.as_ptr()) };
    }
}
