//! How the rest of the library holds buffers: without raw pointers.
//!
//! | type | what it is |
//! | --- | --- |
//! | [`Buf`] | a live buffer, as promised where the handle was made; `Copy` |
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

use core::ops::Deref;
use core::ptr::{self, NonNull};

use super::chain::Bytes;
use super::{Buffer, End, HAS_TWIN, Locked, OWN_LOCK, release_list};
use crate::support::lock;
use core::ffi::c_void;

/// Why a buffer was not changed: the end concerned is frozen, the buffer would grow too large or
/// memory ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// What operations on buffers return.
pub type Result<T = ()> = core::result::Result<T, Refused>;

/// A live `struct evbuffer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Buf(NonNull<Buffer>);

crate::support::thunk::argument!(Buf);

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

    /// [`Self::new`] for the pointer that a program has passed, which isn't null.
    ///
    /// # Safety
    /// See [`Self::new`]; the pointer isn't null.
    #[inline(always)]
    pub unsafe fn new_unchecked(buf: *mut Buffer) -> Self {
        // SAFETY: promised by the caller.
        Buf(unsafe { NonNull::new_unchecked(buf) })
    }

    /// The buffer itself, for an owner that holds its lock already.
    #[inline(always)]
    pub fn held(&self) -> &Buffer {
        self.get()
    }

    /// The buffer itself, without its lock.
    #[inline(always)]
    pub(super) fn get(&self) -> &Buffer {
        // SAFETY: a handle's buffer is live (`new`). All its fields are cells, and no `&mut Buffer`
        // exists.
        unsafe { self.0.as_ref() }
    }

    /// The buffer itself, if it has no lock: what is done in its first or last chain alone is done at
    /// once then, in half of the instructions.
    #[inline(always)]
    fn unlocked(&self) -> Option<&Buffer> {
        let buffer = self.get();
        buffer.lock.get().is_null().then_some(buffer)
    }

    /// [`Locked::drain`], which locks.
    #[inline(always)]
    pub fn drain(self, len: usize) -> Result {
        if let Some(buffer) = self.unlocked()
            && !buffer.is_frozen(End::Start)
            && buffer.drain_in_first(len)
        {
            self.notify();
            return Ok(());
        }
        self.drain_more(len)
    }

    #[inline(never)]
    fn drain_more(self, len: usize) -> Result {
        if let Some(buffer) = self.unlocked()
            && !buffer.is_frozen(End::Start)
            && len >= buffer.len()
            && buffer.callbacks.get().is_none()
        {
            buffer.forget_changes();
            // The buffer is not touched afterwards: a cleanup function may free it.
            release_list(buffer.take_all());
            return Ok(());
        }
        self.lock().drain(len)
    }

    /// [`Locked::add_bytes`], which locks.
    #[inline(always)]
    pub fn add_bytes(self, bytes: Bytes) -> Result {
        if let Some(buffer) = self.unlocked()
            && buffer.check_addition(bytes.len()).is_ok()
            && buffer.append_to_tail(bytes)
        {
            self.notify();
            return Ok(());
        }
        self.add_more(bytes)
    }

    #[inline(never)]
    fn add_more(self, bytes: Bytes) -> Result {
        if let Some(buffer) = self.unlocked()
            && buffer.first.get().is_none()
        {
            buffer.check_addition(bytes.len())?;
            buffer.add_first(bytes)?;
            self.notify();
            return Ok(());
        }
        self.lock().add_bytes(bytes)
    }

    /// [`Locked::prepend_bytes`], which locks.
    #[inline(always)]
    pub fn prepend_bytes(self, bytes: Bytes) -> Result {
        if let Some(buffer) = self.unlocked()
            && !buffer.is_frozen(End::Start)
            && buffer.can_hold(bytes.len())
            && bytes.len() != 0
            && buffer.prepend_to_first(bytes)
        {
            self.notify();
            return Ok(());
        }
        self.prepend_more(bytes)
    }

    #[inline(never)]
    fn prepend_more(self, bytes: Bytes) -> Result {
        self.lock().prepend_bytes(bytes)
    }

    /// [`Locked::pull_up_raw`], of all bytes if there is no `len`, which locks.
    #[inline(always)]
    pub fn pull_up_raw(self, len: Option<usize>) -> Option<*mut u8> {
        if let Some(buffer) = self.unlocked()
            && let len = len.unwrap_or(buffer.len())
            && len != 0
            && let Some(start) = buffer.contiguous(len)
        {
            return Some(start);
        }
        self.pull_up_more(len)
    }

    #[inline(never)]
    fn pull_up_more(self, len: Option<usize>) -> Option<*mut u8> {
        let mut locked = self.lock();
        let len = len.unwrap_or(locked.len());
        locked.pull_up_raw(len)
    }

    /// Locks the buffer, if it has a lock, and keeps it alive, until the value is dropped.
    #[inline(always)]
    pub fn lock(self) -> Locked {
        Locked::new(self)
    }

    /// Takes over a lock that [`Locked::suspend`] left.
    ///
    /// # Safety
    /// This thread has suspended it, and nothing else takes it over.
    pub unsafe fn resume(self) -> Locked {
        Locked::resume(self)
    }

    /// Locks this buffer and another, in an order that all threads agree on.
    #[inline]
    pub fn lock_both(self, other: Buf) -> (Locked, Locked) {
        Locked::both(self, other)
    }

    /// The bytes in the buffer.
    #[inline]
    pub fn len(self) -> usize {
        // No reference is needed: nothing runs that could free the buffer.
        self.get().acquire();
        let len = self.get().len();
        self.get().unlock();
        len
    }

    /// Whether there are no bytes in the buffer.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// [`Locked::append_from`], which locks both.
    #[inline]
    pub fn append_from(self, from: Buf) -> Result {
        if let (Some(to), Some(source)) = (self.unlocked(), from.unlocked())
            && to.first.get().is_none()
            && source.callbacks.get().is_none()
            && to.check_move(source, End::End) == Ok(true)
            && let len = source.len()
            && let Some(chains) = source.detach()
        {
            source.forget_changes();
            to.put_all(chains);
            to.count_added(len);
            self.notify();
            return Ok(());
        }
        self.append_more_from(from)
    }

    #[inline(never)]
    fn append_more_from(self, from: Buf) -> Result {
        let (mut to, mut from) = self.lock_both(from);
        to.append_from(&mut from)
    }

    /// [`Locked::prepend_from`], which locks both.
    pub fn prepend_from(self, from: Buf) -> Result {
        let (mut to, mut from) = self.lock_both(from);
        to.prepend_from(&mut from)
    }

    /// [`Locked::move_front_from`], which locks both.
    pub fn move_front_from(self, from: Buf, len: usize) -> Result<usize> {
        let (mut to, mut from) = self.lock_both(from);
        to.move_front_from(&mut from, len)
    }

    /// [`Locked::append_shared`], which locks both.
    pub fn append_shared(self, from: Buf) -> Result {
        let (mut to, mut from) = self.lock_both(from);
        to.append_shared(&mut from)
    }

    /// Makes the buffer lockable, by its own lock or the given one. False if it has one already, or
    /// none can be made.
    ///
    /// # Safety
    /// One thread only has used the buffer so far; `given` is null or a recursive lock that lives
    /// longer than the buffer.
    pub unsafe fn enable_locking(self, given: *mut c_void) -> bool {
        let buffer = self.get();
        if !buffer.lock.get().is_null() {
            return false;
        }
        if !given.is_null() {
            buffer.lock.set(given);
            return true;
        }
        let own = lock::alloc(lock::RECURSIVE);
        if own.is_null() {
            return false;
        }
        buffer.lock.set(own);
        buffer.set_bits(OWN_LOCK, true);
        true
    }

    /// Empties the buffer. True if it is as good as a new one then: no other code uses it, and the
    /// program has set nothing.
    pub fn renew(self) -> bool {
        let buffer = self.get();
        if buffer.refcnt.get() != 1 || !buffer.lock.get().is_null() {
            return false;
        }
        let drained = self.lock().drain(usize::MAX).is_ok();
        buffer.n_add_for_cb.set(0);
        buffer.n_del_for_cb.set(0);
        drained && self.is_as_made()
    }

    /// Whether there is nothing in the buffer, and it has only one owner and no lock, limits or
    /// callbacks.
    pub fn is_as_made(self) -> bool {
        let buffer = self.get();
        buffer.first.get().is_none()
            && buffer.refcnt.get() == 1
            && buffer.bits.get() == 0
            && buffer.flags.get() == 0
            && buffer.max_read.get() == super::DEFAULT_MAX_READ
            && buffer.callbacks.get().is_none()
            && buffer.cb_queue.get().is_none()
            && buffer.lock.get().is_null()
            && buffer.parent.get().is_null()
    }

    /// Locks without a value that unlocks, for programs.
    pub fn acquire(self) {
        self.get().acquire();
    }

    /// Undoes [`Self::acquire`], for programs.
    ///
    /// # Safety
    /// The calling thread holds the lock.
    pub unsafe fn unlock(self) {
        self.get().unlock();
    }

    /// [`Self::free`] for the buffers of an owner whose lock they use. True if one of them lives on
    /// and frees the lock at its end: `lock` is the owner's then no more.
    ///
    /// # Safety
    /// The owner doesn't use the buffers, and no other thread uses their lock afterwards.
    pub unsafe fn free_with_lock(buffers: [Option<Buf>; 2]) -> bool {
        // SAFETY: promised by the caller.
        let live = buffers.map(|buf| buf.filter(|&buf| unsafe { buf.free() }));
        for (buf, twin) in [(live[0], live[1]), (live[1], live[0])] {
            let Some(buf) = buf else { continue };
            buf.get().set_bits(OWN_LOCK, true);
            if let Some(twin) = twin {
                buf.get().set_bits(HAS_TWIN, true);
                buf.get().parent.set(twin.as_ptr().cast());
            }
        }
        live != [None, None]
    }

    /// Gives up the owner's reference. True if the buffer lives on for a while, as calls are under
    /// way that use it, or its callbacks are yet to run from the loop.
    ///
    /// # Safety
    /// The owner doesn't use the buffer afterwards.
    pub unsafe fn free(self) -> bool {
        let locked = self.lock();
        if locked.callback_runs.get() != 0 {
            // Freed by a callback: the others would get a buffer that isn't theirs any more.
            super::callback::remove_all(&locked);
        }
        locked.parent.set(ptr::null_mut());
        locked.drop_ref();
        // One is that of `locked`.
        locked.refcnt.get() > 1
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
        unsafe { Self::from_ptr(Buffer::allocate()) }
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
        unsafe { self.0.free() };
    }
}
