//! Small blocks of memory that are used again: those of a request's headers serve the next one.
//!
//! Each is a block of the memory hooks, which a program may free. What fits where is asked of
//! `malloc` itself, because a program may also have put a block of its own in the place of one;
//! where the program has hooks, which can't be asked, every block goes back at once.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;

use crate::support::mm;

/// Blocks are sorted by their size in such steps.
const STEP: usize = 16;
/// How many sizes there are: the last is of blocks for at least `STEP * SIZES - 8` bytes.
const SIZES: usize = 10;
/// How many blocks of one size are kept.
const MOST: u16 = 256;

/// Blocks that wait to be used again.
pub struct Store {
    first: [Cell<*mut Free>; SIZES],
    count: [Cell<u16>; SIZES],
}

/// What stands in a block that waits.
struct Free {
    next: *mut Free,
}

/// In which size a block belongs that holds `bytes`: malloc's blocks hold eight less than a
/// multiple of sixteen.
fn of_block(bytes: usize) -> Option<usize> {
    let size = (bytes + 8) / STEP;
    (2..2 + SIZES).contains(&size).then(|| size - 2)
}

/// From which size on blocks are large enough for `bytes`.
fn for_bytes(bytes: usize) -> Option<usize> {
    let size = (bytes + 8).div_ceil(STEP).max(2);
    (size < 2 + SIZES).then(|| size - 2)
}

impl Store {
    pub const fn new() -> Store {
        Store {
            first: [const { Cell::new(ptr::null_mut()) }; SIZES],
            count: [const { Cell::new(0) }; SIZES],
        }
    }

    /// A block of at least `bytes`, or null.
    pub fn take(store: Option<&Store>, bytes: usize) -> *mut c_void {
        if let (Some(store), Some(size)) = (store, for_bytes(bytes)) {
            let first = store.first[size].get();
            if !first.is_null() {
                // SAFETY: blocks in the list are the store's, and hold a `Free`.
                store.first[size].set(unsafe { (*first).next });
                store.count[size].set(store.count[size].get() - 1);
                return first.cast();
            }
        }
        mm::malloc(bytes)
    }

    /// Keeps a block, or gives it back.
    ///
    /// # Safety
    /// `block` is null or a live block of the memory hooks, and not used afterwards.
    pub unsafe fn give(store: Option<&Store>, block: *mut c_void) {
        // SAFETY: the caller's promise.
        let size = |block| unsafe { mm::usable_size(block) }.and_then(of_block);
        if let Some(store) = store
            && !block.is_null()
            && let Some(size) = size(block)
            && store.count[size].get() < MOST
        {
            let block = block.cast::<Free>();
            // SAFETY: the block is the store's now, and large enough.
            unsafe { (*block).next = store.first[size].get() };
            store.first[size].set(block);
            store.count[size].set(store.count[size].get() + 1);
            return;
        }
        // SAFETY: the caller's promise.
        unsafe { mm::free(block) };
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        for first in &self.first {
            let mut next = first.get();
            while !next.is_null() {
                let block = next;
                // SAFETY: blocks in the list are the store's.
                unsafe {
                    next = (*block).next;
                    mm::free(block.cast());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_down_for_blocks_and_up_for_wishes() {
        for bytes in 1..200 {
            let Some(wanted) = for_bytes(bytes) else {
                assert!(bytes > STEP * (1 + SIZES) - 8);
                continue;
            };
            for block in 8..300 {
                if of_block(block) == Some(wanted) {
                    assert!(block >= bytes, "{block} for {bytes}");
                }
            }
        }
        assert_eq!(
            (of_block(8), of_block(24), for_bytes(24)),
            (None, Some(0), Some(0))
        );
    }

    #[test]
    fn blocks_come_back() {
        let store = Store::new();
        let first = Store::take(Some(&store), 20);
        assert!(!first.is_null());
        // SAFETY: the block is given back once at a time.
        unsafe { Store::give(Some(&store), first) };
        let second = Store::take(Some(&store), 17);
        assert_eq!(first, second);
        let third = Store::take(Some(&store), 17);
        assert_ne!(second, third);
        // SAFETY: as above.
        unsafe {
            Store::give(Some(&store), second);
            Store::give(None, third);
        }
    }
}
