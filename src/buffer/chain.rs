//! One chain: a header, and bytes that follow it or lie elsewhere.
//!
//! ```text
//! buffer            buffer+misalign        +off                buffer+buffer_len
//!   | drained, or    | the data            | space to add        |
//!   | to prepend     |                     |                     |
//! ```
//!
//! The layout is libevent's. Chains are held by [`ChainRef`], a pointer that is copied freely, and
//! never by Rust references for longer than an access takes: a cleanup function may run while
//! another chain is released, and a chain's data may be shared between buffers.

use core::cell::Cell;
use core::ops::Deref;
use core::ptr::{self, NonNull};
use core::slice;
use core::sync::atomic::AtomicI32;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use super::file;
use crate::support::mm;

/// The data belongs to a file segment.
pub const FILE_SEGMENT: u32 = 0x01;
/// The data is in a file only: `misalign` is the position in it, `buffer` is null.
pub const SENDFILE: u32 = 0x02;
/// The data is the program's, and has a cleanup function.
pub const REFERENCE: u32 = 0x04;
/// The bytes must not be written to, because others read them. Nothing is added in front or behind
/// them either.
pub const IMMUTABLE: u32 = 0x08;
/// The data belongs to a chain of another buffer.
pub const MULTICAST: u32 = 0x80;

/// The memory belongs to something else, and a [`Lender`] follows the header.
pub const BORROWED: u32 = FILE_SEGMENT | REFERENCE | MULTICAST;

/// The largest size of a buffer or of a block of memory.
pub const MAX: usize = isize::MAX as usize;

/// No block is smaller than this; larger ones are a power of two.
const SMALLEST_BLOCK: usize = 1024;
/// A chain with more data than this is never realigned.
const REALIGN_AT_MOST: usize = 2048;

/// The space in the smallest chain.
pub const SMALLEST_SPACE: usize = SMALLEST_BLOCK - size_of::<Chain>();

/// A chain with more data than this is never copied to save memory.
const SHRINK_AT_MOST: usize = 4096;

/// `struct evbuffer_chain`.
#[repr(C)]
pub struct Chain {
    pub next: Cell<Link>,
    /// Bytes at `buffer`.
    pub buffer_len: Cell<usize>,
    /// Unused bytes in front of the data; with [`SENDFILE`] the data's position in the file.
    pub misalign: Cell<usize>,
    /// Bytes of data.
    pub off: Cell<usize>,
    pub flags: Cell<u32>,
    /// One for the buffer, one for each chain that shares the data. Those are in buffers with other
    /// locks.
    refcnt: AtomicI32,
    pub buffer: Cell<*mut u8>,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;

    assert!(size_of::<Chain>() == 48);
    assert!(offset_of!(Chain, buffer_len) == 8);
    assert!(offset_of!(Chain, misalign) == 16);
    assert!(offset_of!(Chain, off) == 24);
    assert!(offset_of!(Chain, flags) == 32);
    assert!(offset_of!(Chain, refcnt) == 36);
    assert!(offset_of!(Chain, buffer) == 40);
};

/// A chain or the end of a list.
pub type Link = Option<ChainRef>;

/// A live chain.
///
/// The rule that makes its methods safe, and that every function of this room keeps: a chain is
/// reached only with the lock of the buffer that it is in, or before it is in one; and what is
/// given to [`release`] was unlinked, and is not touched afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct ChainRef(NonNull<Chain>);

impl Deref for ChainRef {
    type Target = Chain;

    #[inline(always)]
    fn deref(&self) -> &Chain {
        // SAFETY: live, by the rule above. All fields are cells, and no `&mut Chain` exists.
        unsafe { self.0.as_ref() }
    }
}

/// A place that holds a link: a buffer's `first`, or a chain's `next`.
///
/// As for [`ChainRef`], what it is a part of is live and locked while it is used.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Place(NonNull<Cell<Link>>);

impl Place {
    #[inline(always)]
    pub fn of(link: &Cell<Link>) -> Self {
        Place(NonNull::from(link))
    }
}

impl Deref for Place {
    type Target = Cell<Link>;

    #[inline(always)]
    fn deref(&self) -> &Cell<Link> {
        // SAFETY: what the place is a part of is live.
        unsafe { self.0.as_ref() }
    }
}

/// Bytes to be copied to a chain. They can be the buffer's own memory: a program may add what it
/// wrote to reserved space.
#[derive(Clone, Copy)]
pub struct Bytes {
    data: *const u8,
    len: usize,
}

impl Bytes {
    /// # Safety
    /// `data` has `len` bytes while the value is used.
    #[inline(always)]
    pub unsafe fn new(data: *const u8, len: usize) -> Self {
        Bytes { data, len }
    }

    #[inline]
    pub fn len(self) -> usize {
        self.len
    }

    /// The first `len` bytes, of which there are as many, and the others.
    #[inline]
    pub fn split(self, len: usize) -> (Self, Self) {
        debug_assert!(len <= self.len);
        let first = Bytes { len, ..self };
        let others = Bytes {
            data: self.data.wrapping_add(len),
            len: self.len - len,
        };
        (first, others)
    }

    #[inline]
    fn copy_to(self, to: *mut u8) {
        // SAFETY: `new` was promised the bytes, and the chain has space for them.
        unsafe { ptr::copy(self.data, to, self.len) };
    }
}

/// What follows the header of a chain that borrows its data.
#[repr(C)]
struct Lender<T> {
    /// Gives the data back when the chain goes away.
    give_back: unsafe fn(ChainRef),
    info: T,
}

/// What a chain can borrow its data from.
pub trait Lend {
    /// Is told that the chain, which holds this information, is going away.
    ///
    /// # Safety
    /// `chain` was made by [`new_borrowing`] with a value of this type, and is in no list.
    unsafe fn give_back(chain: ChainRef);
}

/// The size of the block that holds `size` bytes and the header.
#[inline]
fn block_size(size: usize) -> Option<usize> {
    if size <= SMALLEST_SPACE {
        return Some(SMALLEST_BLOCK);
    }
    if size > MAX - size_of::<Chain>() {
        return None;
    }
    let needed = size + size_of::<Chain>();
    Some(if needed < MAX / 2 {
        needed.next_power_of_two()
    } else {
        needed
    })
}

/// A new chain with space for at least `size` bytes; `None` without memory.
pub fn new(size: usize) -> Link {
    block_size(size).and_then(new_in_block)
}

/// A new chain with space for just `size` bytes, which are few; `None` without memory.
pub fn new_exact(size: usize) -> Link {
    new_in_block(size_of::<Chain>() + size)
}

fn new_in_block(block: usize) -> Link {
    let chain = NonNull::new(mm::malloc(block).cast::<Chain>())?;
    // SAFETY: the block is larger than the header.
    unsafe {
        chain.write(Chain {
            next: Cell::new(None),
            buffer_len: Cell::new(block - size_of::<Chain>()),
            misalign: Cell::new(0),
            off: Cell::new(0),
            flags: Cell::new(0),
            refcnt: AtomicI32::new(1),
            buffer: Cell::new(chain.add(1).as_ptr().cast()),
        });
    }
    Some(ChainRef(chain))
}

/// A new chain for data that lies elsewhere, with `info` behind the header; `None` without memory.
pub fn new_borrowing<T: Lend>(flags: u32, data: *mut u8, len: usize, info: T) -> Link {
    const { assert!(align_of::<Lender<T>>() <= align_of::<Chain>()) };
    let size = size_of::<Chain>() + size_of::<Lender<T>>();
    let chain = NonNull::new(mm::malloc(size).cast::<Chain>())?;
    // SAFETY: the block holds a header and a lender, in this order.
    unsafe {
        chain.write(Chain {
            next: Cell::new(None),
            buffer_len: Cell::new(len),
            misalign: Cell::new(0),
            off: Cell::new(len),
            flags: Cell::new(flags | IMMUTABLE),
            refcnt: AtomicI32::new(1),
            buffer: Cell::new(data),
        });
        chain.add(1).cast().write(Lender {
            give_back: T::give_back,
            info,
        });
    }
    Some(ChainRef(chain))
}

/// The space in a chain for data of this length; `None` if the data is better left in a chain with
/// `space` bytes than copied to one that has no more than it needs.
pub fn fitting_space(len: usize, space: usize) -> Option<usize> {
    if len > SHRINK_AT_MOST {
        return None;
    }
    block_size(len)
        .filter(|&block| block <= space)
        .map(|block| block - size_of::<Chain>())
}

/// Has the processor fetch the header and what follows it, while it is busy with another chain.
#[inline]
pub fn prefetch(chain: Link) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has SSE, and a hint about an address reads nothing from there.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let at = chain.map_or(ptr::null(), |chain| chain.as_ptr().cast_const());
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
        _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(1).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = chain;
}

impl Chain {
    /// Whether any of `flags` is set.
    #[inline]
    pub fn has(&self, flags: u32) -> bool {
        self.flags.get() & flags != 0
    }

    /// Sets flags.
    #[inline]
    pub fn set(&self, flags: u32) {
        self.flags.set(self.flags.get() | flags);
    }

    /// The first byte of the data. With [`SENDFILE`] this is no address of anything.
    #[inline]
    pub fn data(&self) -> *mut u8 {
        // Wrapping, because a file has no address.
        self.buffer.get().wrapping_add(self.misalign.get())
    }

    /// How many bytes can be added behind the data.
    #[inline]
    pub fn space_len(&self) -> usize {
        if self.has(IMMUTABLE) {
            0
        } else {
            self.buffer_len.get() - self.misalign.get() - self.off.get()
        }
    }

    /// Where bytes can be added.
    #[inline]
    pub fn space(&self) -> *mut u8 {
        self.data().wrapping_add(self.off.get())
    }

    /// Counts bytes that were written to the space behind the data.
    #[inline]
    pub fn grow(&self, len: usize) {
        self.off.set(self.off.get() + len);
    }

    /// Copies bytes behind the data, where there is space for them.
    #[inline]
    pub fn append(&self, bytes: Bytes) {
        debug_assert!(bytes.len <= self.space_len());
        bytes.copy_to(self.space());
        self.grow(bytes.len);
    }

    /// Copies bytes directly in front of the data, where there is space for them.
    #[inline]
    pub fn prepend(&self, bytes: Bytes) {
        if self.off.get() == 0 {
            // An empty chain may as well begin at its end.
            self.misalign.set(self.buffer_len.get());
        }
        debug_assert!(bytes.len <= self.misalign.get());
        self.misalign.set(self.misalign.get() - bytes.len);
        self.grow(bytes.len);
        bytes.copy_to(self.data());
    }

    /// The data, to be copied.
    #[inline]
    pub fn bytes(&self) -> Bytes {
        Bytes {
            data: self.data(),
            len: self.off.get(),
        }
    }

    /// Forgets the first `len` bytes, of which the chain has as many.
    #[inline]
    pub fn trim_front(&self, len: usize) {
        self.misalign.set(self.misalign.get() + len);
        self.off.set(self.off.get() - len);
    }

    /// Whether the space in front of the data is enough for `len` bytes behind it, and moving the
    /// data is cheaper than a new chain. Not to be asked of an immutable chain.
    #[inline]
    pub fn worth_realigning(&self, len: usize) -> bool {
        let (size, off) = (self.buffer_len.get(), self.off.get());
        size - off >= len && off < size / 2 && off <= REALIGN_AT_MOST
    }

    /// Moves the data to the start of the chain's memory. Not to be done to an immutable chain.
    pub fn realign(&self) {
        // SAFETY: source and destination lie in the chain's memory.
        unsafe { ptr::copy(self.data(), self.buffer.get(), self.off.get()) };
        self.misalign.set(0);
    }

    /// Whether chains of other buffers share the data.
    #[inline]
    pub fn is_shared(&self) -> bool {
        self.refcnt.load(Acquire) > 1
    }

    /// Gives up a reference; true if it was the last one.
    #[inline]
    fn drop_ref(&self) -> bool {
        // Where there is one reference only, nothing is left that could take another.
        !self.is_shared() || self.refcnt.fetch_sub(1, AcqRel) == 1
    }

    /// Whether the invariants hold; for tests.
    #[cfg(any(test, fuzzing))]
    pub fn check(&self) {
        assert!(self.refcnt.load(Acquire) >= 1);
        if !self.has(SENDFILE) {
            assert!(self.misalign.get() + self.off.get() <= self.buffer_len.get());
        }
    }
}

impl ChainRef {
    /// The chain at an address that a program or the base keeps.
    ///
    /// # Safety
    /// Null, or a live chain's [`as_ptr`](Self::as_ptr).
    #[inline]
    pub unsafe fn from_ptr(chain: *mut Chain) -> Link {
        NonNull::new(chain).map(ChainRef)
    }

    /// The address.
    #[inline]
    pub const fn as_ptr(self) -> *mut Chain {
        self.0.as_ptr()
    }

    /// The place that holds what follows the chain.
    #[inline]
    pub fn next_place(self) -> Place {
        Place::of(&self.next)
    }

    /// What was given to [`new_borrowing`].
    ///
    /// # Safety
    /// The chain was made with a `T`.
    #[inline]
    pub unsafe fn info<T: Lend>(self) -> *mut T {
        // SAFETY: promised by the caller: a lender of this type follows the header.
        unsafe { &raw mut (*self.0.add(1).cast::<Lender<T>>().as_ptr()).info }
    }

    /// The data, wherever it is; `None` if it is in a file that can't be read. The bytes stay as
    /// long as the buffer is locked and not changed.
    #[inline]
    pub fn readable<'a>(self) -> Option<&'a [u8]> {
        if self.has(SENDFILE) && !file::make_readable(self) {
            return None;
        }
        // SAFETY: the data is in memory. No code writes to it while the buffer isn't changed.
        Some(unsafe { slice::from_raw_parts(self.data(), self.off.get()) })
    }

    /// A further reference, for a chain that shares the data.
    #[inline]
    pub fn take_ref(self) {
        self.refcnt.fetch_add(1, Relaxed);
    }
}

/// Gives up one reference; the last one gives back what the chain borrows, for which a cleanup
/// function may be called, and frees it.
///
/// # Safety
/// No list that a buffer has leads to the chain, and the caller's reference is not used again.
pub unsafe fn release(chain: ChainRef) {
    if !chain.drop_ref() {
        return;
    }
    // SAFETY: this was the last reference, and the flags say whether a lender follows the header,
    // which begins with the function.
    unsafe {
        if chain.has(BORROWED) {
            let give_back = chain.0.add(1).cast::<unsafe fn(ChainRef)>().read();
            give_back(chain);
        }
        mm::free(chain.as_ptr().cast());
    }
}

/// [`release`] of a chain that borrows nothing.
///
/// # Safety
/// See [`release`].
#[inline]
pub unsafe fn release_plain(chain: ChainRef) {
    if chain.drop_ref() {
        // SAFETY: this was the last reference.
        unsafe { mm::free(chain.as_ptr().cast()) };
    }
}
