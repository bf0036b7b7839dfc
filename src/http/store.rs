//! Small blocks of memory that are used again: those of a request's headers serve the next one.
//!
//! Each is a block of the memory hooks, which a program may free and put another in the place of.
//! So all that is known of a block is what is in it: a string and its NUL, or a node.

use core::cell::Cell;
use core::ffi::{c_char, c_void};
use core::ptr;

use crate::support::mm;

/// Up to this size, blocks are kept by their size.
const SMALL: usize = 64;
/// How many blocks of one small size are kept.
const MOST: usize = 16;
/// A small block may be so much larger than what is wanted.
const SLACK: usize = 7;
/// Larger blocks are not kept.
const LARGEST: usize = 1024;
/// How many blocks are kept that are not small.
const MOST_LARGE: usize = 32;

/// Blocks of which so many bytes are known.
struct Size {
    count: Cell<u8>,
    blocks: [Cell<*mut c_void>; MOST],
}

/// A block that is not small, or null.
struct Large {
    bytes: Cell<usize>,
    block: Cell<*mut c_void>,
}

/// Blocks that wait to be used again.
pub struct Store {
    /// Of which sizes there are blocks: the lowest bit is for one byte.
    present: Cell<u64>,
    small: [Size; SMALL],
    large: [Large; MOST_LARGE],
    /// The place of the large block that goes when there is another and no room.
    oldest: Cell<usize>,
}

impl Store {
    pub const fn new() -> Store {
        Store {
            present: Cell::new(0),
            small: [const {
                Size {
                    count: Cell::new(0),
                    blocks: [const { Cell::new(ptr::null_mut()) }; MOST],
                }
            }; SMALL],
            large: [const {
                Large {
                    bytes: Cell::new(0),
                    block: Cell::new(ptr::null_mut()),
                }
            }; MOST_LARGE],
            oldest: Cell::new(0),
        }
    }

    /// A block of at least `bytes`, or null.
    pub fn take(store: Option<&Store>, bytes: usize) -> *mut c_void {
        let kept = match store {
            Some(store) if bytes <= SMALL => store.take_small(bytes),
            Some(store) => store.take_large(bytes),
            None => None,
        };
        kept.unwrap_or_else(|| mm::malloc(bytes))
    }

    #[inline]
    fn take_small(&self, bytes: usize) -> Option<*mut c_void> {
        let first = bytes.checked_sub(1)?;
        let present = self.present.get();
        let near = present >> first & ((2 << SLACK) - 1);
        if near == 0 {
            return None;
        }
        let at = first + near.trailing_zeros() as usize;
        let size = &self.small[at];
        let count = size.count.get() - 1;
        size.count.set(count);
        if count == 0 {
            self.present.set(present & !(1 << at));
        }
        Some(size.blocks[usize::from(count)].get())
    }

    fn take_large(&self, bytes: usize) -> Option<*mut c_void> {
        let fits = |large: &&Large| (bytes..=bytes + bytes / 4).contains(&large.bytes.get());
        let large = self.large.iter().find(fits)?;
        large.bytes.set(0);
        Some(large.block.replace(ptr::null_mut()))
    }

    /// A copy of a text, with a NUL at its end, or null.
    pub fn copy(store: Option<&Store>, text: &[u8]) -> *mut c_char {
        let block = Store::take(store, text.len() + 1).cast::<u8>();
        if !block.is_null() {
            // SAFETY: the block is as long as the text and a NUL.
            unsafe {
                ptr::copy_nonoverlapping(text.as_ptr(), block, text.len());
                block.add(text.len()).write(0);
            }
        }
        block.cast()
    }

    /// [`Self::give`] for a text.
    ///
    /// # Safety
    /// `text` is null or a C string in a block of the memory hooks, and not used afterwards.
    pub unsafe fn give_text(store: Option<&Store>, text: *mut c_char) {
        if !text.is_null() {
            // SAFETY: the caller's promise.
            unsafe { Store::give(store, text.cast(), libc::strlen(text) + 1) };
        }
    }

    /// Keeps a block that holds at least `bytes`, or gives it back.
    ///
    /// # Safety
    /// `block` is null or a live block of the memory hooks, and not used afterwards.
    pub unsafe fn give(store: Option<&Store>, block: *mut c_void, bytes: usize) {
        let not_kept = match store {
            Some(store) if !block.is_null() => store.keep(block, bytes),
            _ => block,
        };
        if !not_kept.is_null() {
            // SAFETY: the caller's promise; the store's own if it is another one.
            unsafe { mm::free(not_kept) };
        }
    }

    /// Keeps a block, and returns what there is no room for, or null.
    fn keep(&self, block: *mut c_void, bytes: usize) -> *mut c_void {
        if bytes > LARGEST {
            return block;
        }
        if let Some(size) = bytes.checked_sub(1).and_then(|at| self.small.get(at)) {
            let Some(place) = size.blocks.get(usize::from(size.count.get())) else {
                return block;
            };
            place.set(block);
            size.count.set(size.count.get() + 1);
            self.present.set(self.present.get() | 1 << (bytes - 1));
            return ptr::null_mut();
        }
        let empty = self.large.iter().position(|large| large.bytes.get() == 0);
        let at = empty.unwrap_or_else(|| {
            let oldest = self.oldest.get();
            self.oldest.set((oldest + 1) % MOST_LARGE);
            oldest
        });
        self.large[at].bytes.set(bytes);
        self.large[at].block.replace(block)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let small = self.small.iter();
        let small = small.flat_map(|size| &size.blocks[..usize::from(size.count.get())]);
        for block in small.chain(self.large.iter().map(|large| &large.block)) {
            // SAFETY: null, or the store's own.
            unsafe { mm::free(block.get()) };
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
    fn large_blocks_come_back() {
        let store = Store::new();
        let give = |block, bytes| {
            // SAFETY: each block once at a time.
            unsafe { Store::give(Some(&store), block, bytes) };
        };
        let all: Vec<_> = (0..MOST_LARGE + 8)
            .map(|n| (Store::take(Some(&store), 100 + n), 100 + n))
            .collect();
        for (block, bytes) in &all {
            give(*block, *bytes);
        }
        let again = Store::take(Some(&store), 120);
        assert!(all.iter().any(|(block, _)| *block == again));
        give(again, 120);
        let kept = |store: &Store| store.large.iter().filter(|one| one.bytes.get() > 0).count();
        assert_eq!(kept(&store), MOST_LARGE);
        // Too large for what is wanted, and too large to be kept.
        let small = Store::take(Some(&store), 70);
        assert_eq!(kept(&store), MOST_LARGE);
        give(Store::take(Some(&store), LARGEST + 1), LARGEST + 1);
        assert_eq!(kept(&store), MOST_LARGE);
        give(small, 70);
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
            assert_eq!(usize::from(store.small[7].count.get()), MOST);
        }
    }
}
