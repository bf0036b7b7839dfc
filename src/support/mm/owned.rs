//! Memory of the hooks with an owner.

use core::ffi::c_void;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::Deref;
use core::ptr::NonNull;
use core::slice;

use super::{calloc, free, malloc};
use crate::sys::{Errno, Result};

/// A block of bytes, freed when it is dropped.
pub struct OwnedBlock {
    start: NonNull<u8>,
    len: usize,
}

impl OwnedBlock {
    /// `len` bytes (at least one is allocated) with any contents.
    pub fn new(len: usize) -> Result<OwnedBlock> {
        OwnedBlock::from_memory(malloc(len.max(1)), len)
    }

    /// `len` zeros.
    pub fn zeroed(len: usize) -> Result<OwnedBlock> {
        OwnedBlock::from_memory(calloc(1, len.max(1)), len)
    }

    /// A copy of a text, followed by NUL.
    pub fn c_string(text: &[u8]) -> Result<OwnedBlock> {
        let mut block = OwnedBlock::new(text.len() + 1)?;
        let (body, end) = block.as_mut_slice().split_at_mut(text.len());
        body.write_copy_of_slice(text);
        end[0].write(0);
        Ok(block)
    }

    fn from_memory(memory: *mut c_void, len: usize) -> Result<OwnedBlock> {
        let start = NonNull::new(memory.cast()).ok_or(Errno::NOMEM)?;
        Ok(OwnedBlock { start, len })
    }

    pub fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    pub fn as_mut_slice(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: the block has `len` bytes and is this one's alone.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.len) }
    }

    /// Gives the block away: whoever gets it frees it, by [`free`].
    pub fn into_raw(self) -> *mut u8 {
        ManuallyDrop::new(self).start.as_ptr()
    }
}

impl Drop for OwnedBlock {
    fn drop(&mut self) {
        // SAFETY: allocated here, and nobody else's.
        unsafe { free(self.start.as_ptr().cast()) };
    }
}

/// An object in memory of the hooks, dropped and freed with its owner. It stays where it is.
#[repr(transparent)]
pub struct Box<T>(NonNull<T>);

impl<T> Box<T> {
    /// Moves an object into memory of its own.
    pub fn new(object: T) -> Result<Box<T>> {
        const { assert!(align_of::<T>() <= super::MAX_ALIGN && size_of::<T>() > 0) };
        let place = NonNull::new(malloc(size_of::<T>()).cast::<T>()).ok_or(Errno::NOMEM)?;
        // SAFETY: a fresh block of the right size.
        unsafe { place.write(object) };
        Ok(Box(place))
    }

    #[inline]
    pub fn as_non_null(&self) -> NonNull<T> {
        self.0
    }

    /// The object, to change it. Pointers of [`Self::as_non_null`] must not be used meanwhile.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T
    where
        T: Unpin,
    {
        // SAFETY: the owner keeps it alive and is borrowed alone; what others point at is not `Unpin`
        // or, as said above, not looked at.
        unsafe { self.0.as_mut() }
    }

    /// Gives the object away, to C or to a list that knows when it ends.
    #[inline]
    pub fn into_raw(self) -> NonNull<T> {
        ManuallyDrop::new(self).0
    }

    /// Takes it back.
    ///
    /// # Safety
    /// `place` came from [`Self::into_raw`], and no other code uses the object from here on.
    #[inline]
    pub unsafe fn from_raw(place: NonNull<T>) -> Box<T> {
        Box(place)
    }
}

impl<T> Deref for Box<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the owner keeps it alive. Whoever has it by `&mut` borrows the owner.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Drop for Box<T> {
    fn drop(&mut self) {
        // SAFETY: the object was made by `new` and no other code uses it.
        unsafe {
            self.0.drop_in_place();
            free(self.0.as_ptr().cast());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;

    #[test]
    fn blocks_hold_what_they_are_given() {
        let block = OwnedBlock::c_string(b"abc").unwrap();
        // SAFETY: the block ends with NUL.
        let text = unsafe { core::ffi::CStr::from_ptr(block.as_ptr().cast()) };
        assert_eq!((text, block.len), (c"abc", 4));
        assert_eq!(OwnedBlock::zeroed(0).unwrap().len, 0);
        assert_eq!(OwnedBlock::new(usize::MAX / 2).err(), Some(Errno::NOMEM));
        // SAFETY: the block was given away and is freed once.
        unsafe { free(OwnedBlock::c_string(b"x").unwrap().into_raw().cast()) };
    }

    #[test]
    fn objects_are_dropped_with_their_box() {
        struct Counted<'a>(&'a Cell<u32>);
        impl Drop for Counted<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }
        let dropped = Cell::new(0);
        let object = Box::new(Counted(&dropped)).unwrap();
        let place = object.into_raw();
        assert_eq!(dropped.get(), 0);
        // SAFETY: given away above.
        drop(unsafe { Box::from_raw(place) });
        assert_eq!(dropped.get(), 1);
    }
}
