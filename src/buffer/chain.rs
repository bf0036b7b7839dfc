//! One chain: a header, and bytes that follow it or lie elsewhere.
//!
//! ```text
//! buffer            buffer+misalign        +off                buffer+buffer_len
//!   | drained, or room | the data            | room to add        |
//!   | to prepend       |                     |                    |
//! ```
//!
//! The layout is libevent's. Chains are reached by raw pointer only: a cleanup function may run
//! while one is released, and a chain may be shared between buffers ([`MULTICAST`]).
//!
//! # Safety
//! Of every function here: `chain` points to a live chain whose buffer's lock is held.

use core::ffi::c_int;
use core::mem::{offset_of, size_of};
use core::ptr;

use super::{file, reference, share};
use crate::support::mm;

/// The data belongs to a file segment.
pub const FILE_SEGMENT: u32 = 0x01;
/// The data is in a file only: `misalign` is the position in it, `buffer` is null.
pub const SENDFILE: u32 = 0x02;
/// The data is the program's, and has a cleanup function.
pub const REFERENCE: u32 = 0x04;
/// The bytes must not be written to, because somebody else reads them. Nothing is added in front or
/// behind them either.
pub const IMMUTABLE: u32 = 0x08;
/// A read into the chain's room is under way elsewhere: the chain stays in its buffer.
pub const PINNED_READ: u32 = 0x10;
/// A write of the chain's data is under way elsewhere: the bytes stay where they are.
pub const PINNED_WRITE: u32 = 0x20;
/// Released while pinned; freed when unpinned.
pub const DANGLING: u32 = 0x40;
/// The data belongs to a chain of another buffer.
pub const MULTICAST: u32 = 0x80;

/// The memory is somebody else's.
pub const BORROWED: u32 = FILE_SEGMENT | REFERENCE | MULTICAST;

/// The largest size of a buffer or of a block of memory.
pub const MAX: usize = isize::MAX as usize;

/// No block is smaller than this; larger ones are a power of two.
const SMALLEST_BLOCK: usize = 1024;
/// A chain with more data than this is never realigned.
const REALIGN_AT_MOST: usize = 2048;

/// The room in the smallest chain.
pub const SMALLEST_ROOM: usize = SMALLEST_BLOCK - size_of::<Chain>();

/// A chain with more data than this is never copied to save memory.
const FIT_AT_MOST: usize = 4096;

/// `struct evbuffer_chain`.
#[repr(C)]
pub struct Chain {
    pub next: *mut Chain,
    /// Bytes at `buffer`.
    pub buffer_len: usize,
    /// Unused bytes in front of the data; with [`SENDFILE`] the data's position in the file.
    pub misalign: usize,
    /// Bytes of data.
    pub off: usize,
    pub flags: u32,
    /// One for the buffer, one for each chain that shares the data.
    pub refcnt: c_int,
    pub buffer: *mut u8,
}

const _: () = {
    assert!(size_of::<Chain>() == 48);
    assert!(offset_of!(Chain, buffer_len) == 8);
    assert!(offset_of!(Chain, misalign) == 16);
    assert!(offset_of!(Chain, off) == 24);
    assert!(offset_of!(Chain, flags) == 32);
    assert!(offset_of!(Chain, refcnt) == 36);
    assert!(offset_of!(Chain, buffer) == 40);
};

/// The size of the block that holds `size` bytes and the header.
fn block_size(size: usize) -> Option<usize> {
    if size > MAX - size_of::<Chain>() {
        return None;
    }
    let needed = size + size_of::<Chain>();
    Some(if needed < MAX / 2 {
        needed.next_power_of_two().max(SMALLEST_BLOCK)
    } else {
        needed
    })
}

/// A new chain with room for at least `size` bytes, or null.
pub fn new(size: usize) -> *mut Chain {
    block_size(size).map_or(ptr::null_mut(), new_in_block)
}

/// A new chain with room for just `size` bytes, which are few, or null.
pub fn new_exact(size: usize) -> *mut Chain {
    new_in_block(size_of::<Chain>() + size)
}

fn new_in_block(block: usize) -> *mut Chain {
    let chain = mm::malloc(block).cast::<Chain>();
    if !chain.is_null() {
        // SAFETY: the block is larger than the header.
        unsafe {
            chain.write(Chain {
                next: ptr::null_mut(),
                buffer_len: block - size_of::<Chain>(),
                misalign: 0,
                off: 0,
                flags: 0,
                refcnt: 1,
                buffer: chain.add(1).cast(),
            });
        }
    }
    chain
}

/// A new chain for data that lies elsewhere, with `info` behind the header, or null.
pub fn new_borrowing<T>(flags: u32, data: *mut u8, len: usize, info: T) -> *mut Chain {
    const { assert!(align_of::<T>() <= align_of::<Chain>()) };
    let chain = mm::malloc(size_of::<Chain>() + size_of::<T>()).cast::<Chain>();
    if !chain.is_null() {
        // SAFETY: the block holds a header and a T, in this order.
        unsafe {
            chain.write(Chain {
                next: ptr::null_mut(),
                buffer_len: len,
                misalign: 0,
                off: len,
                flags: flags | IMMUTABLE,
                refcnt: 1,
                buffer: data,
            });
            chain.add(1).cast::<T>().write(info);
        }
    }
    chain
}

/// The room in a chain for data of this length; `None` if the data is better left in a chain with
/// room for `room` bytes than copied to one that has no more than it needs.
pub fn fitting_room(len: usize, room: usize) -> Option<usize> {
    if len > FIT_AT_MOST {
        return None;
    }
    block_size(len)
        .filter(|&block| block <= room)
        .map(|block| block - size_of::<Chain>())
}

/// What lies behind the header of a chain that borrows its data.
///
/// # Safety
/// `chain` was made by [`new_borrowing`] with a `T`.
pub unsafe fn info<T>(chain: *mut Chain) -> *mut T {
    // SAFETY: promised by the caller.
    unsafe { chain.add(1).cast() }
}

/// The first byte of the data. With [`SENDFILE`] this is no address of anything.
///
/// # Safety
/// See the module.
#[inline]
pub unsafe fn data(chain: *const Chain) -> *mut u8 {
    // SAFETY: promised by the caller; wrapping, because a file has no address.
    unsafe { (*chain).buffer.wrapping_add((*chain).misalign) }
}

/// Has the processor fetch the header and what follows it, while it is busy with another chain.
/// Takes any pointer, also null.
#[inline]
pub fn prefetch(chain: *const Chain) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has SSE, and a hint about an address reads nothing from there.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(chain.cast());
        _mm_prefetch::<_MM_HINT_T0>(chain.wrapping_add(1).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = chain;
}

/// How many bytes can be added behind the data.
///
/// # Safety
/// See the module.
#[inline]
pub unsafe fn space_len(chain: *const Chain) -> usize {
    // SAFETY: promised by the caller.
    unsafe {
        if (*chain).flags & IMMUTABLE != 0 {
            0
        } else {
            (*chain).buffer_len - (*chain).misalign - (*chain).off
        }
    }
}

/// Where bytes can be added.
///
/// # Safety
/// See the module.
#[inline]
pub unsafe fn space(chain: *const Chain) -> *mut u8 {
    // SAFETY: promised by the caller.
    unsafe { data(chain).wrapping_add((*chain).off) }
}

/// Copies bytes behind the data.
///
/// # Safety
/// See the module; there is room for `len` bytes, and `bytes` has as many.
#[inline]
pub unsafe fn append(chain: *mut Chain, bytes: *const u8, len: usize) {
    // SAFETY: promised by the caller. A program may add what it wrote to reserved room, so the
    // two can overlap.
    unsafe {
        ptr::copy(bytes, space(chain), len);
        (*chain).off += len;
    }
}

/// Forgets the first `len` bytes.
///
/// # Safety
/// See the module; the chain has as many.
#[inline]
pub unsafe fn trim_front(chain: *mut Chain, len: usize) {
    // SAFETY: promised by the caller.
    unsafe {
        (*chain).misalign += len;
        (*chain).off -= len;
    }
}

/// Whether the room in front of the data is enough for `len` bytes behind it, and moving the data
/// is cheaper than a new chain.
///
/// # Safety
/// See the module; the chain is neither immutable nor pinned.
#[inline]
pub unsafe fn worth_realigning(chain: *const Chain, len: usize) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        (*chain).buffer_len - (*chain).off >= len
            && (*chain).off < (*chain).buffer_len / 2
            && (*chain).off <= REALIGN_AT_MOST
    }
}

/// Moves the data to the start of the chain's memory.
///
/// # Safety
/// See the module; the chain is neither immutable nor pinned.
pub unsafe fn realign(chain: *mut Chain) {
    // SAFETY: source and destination lie in the chain's memory.
    unsafe {
        ptr::copy(data(chain), (*chain).buffer, (*chain).off);
        (*chain).misalign = 0;
    }
}

/// Whether something outside uses the chain's memory.
///
/// # Safety
/// See the module.
#[inline]
pub unsafe fn is_pinned(chain: *const Chain) -> bool {
    // SAFETY: promised by the caller.
    unsafe { (*chain).flags & (PINNED_READ | PINNED_WRITE) != 0 }
}

/// Whether any of `flags` is set.
///
/// # Safety
/// See the module.
#[inline]
pub unsafe fn has(chain: *const Chain, flags: u32) -> bool {
    // SAFETY: promised by the caller.
    unsafe { (*chain).flags & flags != 0 }
}

/// Gives up one reference; the last one frees the chain, calling its cleanup function.
///
/// # Safety
/// See the module; the buffer that held the reference doesn't reach the chain any more.
#[inline]
pub unsafe fn release(chain: *mut Chain) {
    // SAFETY: promised by the caller.
    unsafe {
        (*chain).refcnt -= 1;
        if (*chain).refcnt > 0 {
            return;
        }
        if has(chain, BORROWED | PINNED_READ | PINNED_WRITE) && !release_borrowed(chain) {
            return;
        }
        mm::free(chain.cast());
    }
}

/// Gives back what the chain borrowed. False if the chain itself has to stay.
unsafe fn release_borrowed(chain: *mut Chain) -> bool {
    // SAFETY: the caller holds the only reference; the flags tell what was borrowed.
    unsafe {
        if is_pinned(chain) {
            (*chain).refcnt = 1;
            (*chain).flags |= DANGLING;
            return false;
        }
        if has(chain, REFERENCE) {
            reference::release(chain);
        }
        if has(chain, FILE_SEGMENT) {
            file::release(chain);
        }
        if has(chain, MULTICAST) {
            share::release(chain);
        }
    }
    true
}

/// Releases a list of chains. Cleanup functions may use any buffer meanwhile.
///
/// # Safety
/// See the module; no buffer reaches the chains any more.
#[inline]
pub unsafe fn release_list(mut chain: *mut Chain) {
    // SAFETY: promised by the caller.
    unsafe {
        while !chain.is_null() {
            let next = (*chain).next;
            release(chain);
            chain = next;
        }
    }
}
