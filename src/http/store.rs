//! Small blocks of memory that are used again: those of a request's headers serve the next one.
//!
//! Each is a block of the memory hooks, which a program may free and put another in the place of.
//! So all that is known of a block is what is in it: a string and its NUL, or a node.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;

use crate::support::mm;

/// Larger blocks are not kept.
const LARGEST: usize = 64;
/// How many blocks of one size are kept.
const MOST: usize = 16;
/// A block may be so much larger than what is wanted.
const SLACK: usize = 7;

/// Blocks of which so many bytes are known.
struct Size {
    count: Cell<usize>,
    blocks: [Cell<*mut c_void>; MOST],
}

/// Blocks that wait to be used again.
pub struct Store {
    sizes: [Size; LARGEST],
}

impl Store {
    pub const fn new() -> Store {
        Store {
            sizes: [const {
                Size {
                    count: Cell::new(0),
                    blocks: [const { Cell::new(ptr::null_mut()) }; MOST],
                }
            }; LARGEST],
        }
    }

    /// A block of at least `bytes`, or null.
    pub fn take(store: Option<&Store>, bytes: usize) -> *mut c_void {
        if let Some(store) = store
            && (1..=LARGEST).contains(&bytes)
        {
            let last = (bytes + SLACK).min(LARGEST);
            for size in &store.sizes[bytes - 1..last] {
                if let Some(count) = size.count.get().checked_sub(1) {
                    size.count.set(count);
                    return size.blocks[count].get();
                }
            }
        }
        mm::malloc(bytes)
    }

    /// Keeps a block that holds at least `bytes`, or gives it back.
    ///
    /// # Safety
    /// `block` is null or a live block of the memory hooks, and not used afterwards.
    pub unsafe fn give(store: Option<&Store>, block: *mut c_void, bytes: usize) {
        if let Some(store) = store
            && !block.is_null()
            && let Some(size) = bytes.checked_sub(1).and_then(|at| store.sizes.get(at))
            && let Some(place) = size.blocks.get(size.count.get())
        {
            place.set(block);
            size.count.set(size.count.get() + 1);
            return;
        }
        // SAFETY: the caller's promise.
        unsafe { mm::free(block) };
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        for size in &self.sizes {
            for block in &size.blocks[..size.count.get()] {
                // SAFETY: the store's own.
                unsafe { mm::free(block.get()) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back() {
        let store = Store::new();
        let first = Store::take(Some(&store), 20);
        assert!(!first.is_null());
        // SAFETY: the block is given back once at a time.
        unsafe { Store::give(Some(&store), first, 20) };
        let smaller = Store::take(Some(&store), 21 - SLACK);
        assert_eq!(first, smaller);
        // SAFETY: as above.
        unsafe { Store::give(Some(&store), smaller, 21 - SLACK) };
        let larger = Store::take(Some(&store), 20);
        assert_ne!(smaller, larger);
        // SAFETY: as above.
        unsafe { Store::give(None, larger, 20) };
    }

    #[test]
    fn only_so_many_are_kept() {
        let store = Store::new();
        for _ in 0..2 {
            let blocks = [0; MOST + 4].map(|_| Store::take(Some(&store), 8));
            for block in blocks {
                // SAFETY: each once.
                unsafe { Store::give(Some(&store), block, 8) };
            }
            assert_eq!(store.sizes[7].count.get(), MOST);
        }
    }
}
