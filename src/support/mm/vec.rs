//! A vector that can only grow where the caller sees that it may fail.

use core::ops::{Deref, DerefMut};

use super::Hooked;
use crate::sys::{Errno, Result};

type Inner<T> = allocator_api2::vec::Vec<T, Hooked>;

/// A vector over the memory hooks. What grows it returns `ENOMEM` with the vector as it was, so
/// there is no way to write a `push` that ends the process for want of memory.
#[derive(Debug)]
pub struct Vec<T>(Inner<T>);

/// An empty [`Vec`]; allocates nothing.
pub const fn vec<T>() -> Vec<T> {
    Vec::new()
}

impl<T> Vec<T> {
    /// An empty vector; allocates nothing.
    pub const fn new() -> Vec<T> {
        Vec(Inner::new_in(Hooked))
    }

    /// Makes space for `more` items, and usually for some more than that.
    #[inline]
    pub fn try_reserve(&mut self, more: usize) -> Result {
        if self.0.capacity() - self.0.len() >= more {
            return Ok(());
        }
        self.grow(more)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) -> Result {
        self.0.try_reserve(more).map_err(|_| Errno::NOMEM)
    }

    /// Makes space for exactly `more` items.
    #[cold]
    pub fn try_reserve_exact(&mut self, more: usize) -> Result {
        self.0.try_reserve_exact(more).map_err(|_| Errno::NOMEM)
    }

    /// Appends an item.
    #[inline]
    pub fn try_push(&mut self, item: T) -> Result {
        self.try_reserve(1)?;
        self.push_within_capacity(item);
        Ok(())
    }

    /// Appends an item where space was reserved for it; it is a bug, and ends the process, if there
    /// is none.
    #[inline]
    pub fn push_within_capacity(&mut self, item: T) {
        assert!(self.0.len() < self.0.capacity());
        self.0.push(item);
    }

    /// Appends copies of all `items`, or none.
    pub fn try_extend_from_slice(&mut self, items: &[T]) -> Result
    where
        T: Copy,
    {
        self.try_reserve(items.len())?;
        self.extend_within_capacity(items);
        Ok(())
    }

    /// Appends copies of items for which space was reserved; as [`Self::push_within_capacity`].
    pub fn extend_within_capacity(&mut self, items: &[T])
    where
        T: Copy,
    {
        let len = self.0.len();
        assert!(self.0.capacity() - len >= items.len());
        // SAFETY: behind the items is room for so many more, which no borrowed slice overlaps; a type
        // that is `Copy` can be copied as bytes.
        unsafe {
            let end = self.0.as_mut_ptr().add(len);
            end.copy_from_nonoverlapping(items.as_ptr(), items.len());
            self.0.set_len(len + items.len());
        }
    }

    /// Cuts to `len` items, or appends copies of `item` until there are so many.
    pub fn try_resize(&mut self, len: usize, item: T) -> Result
    where
        T: Copy,
    {
        self.try_reserve(len.saturating_sub(self.0.len()))?;
        self.0.resize(len, item);
        Ok(())
    }

    /// Gives memory back that is not needed for `keep` items; the block stays as it is if there is no
    /// memory for a smaller one.
    pub fn shrink_to(&mut self, keep: usize)
    where
        T: Copy,
    {
        let keep = keep.max(self.0.len());
        let mut smaller = Inner::new_in(Hooked);
        if keep < self.0.capacity() && smaller.try_reserve_exact(keep).is_ok() {
            smaller.extend_from_slice(&self.0);
            self.0 = smaller;
        }
    }

    /// Gives the items away: whoever gets them frees the block by [`super::free`], unless the
    /// capacity is 0.
    pub fn into_raw(self) -> *mut T {
        core::mem::ManuallyDrop::new(self).0.as_mut_ptr()
    }

    #[inline]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    #[inline]
    pub fn clear(&mut self) {
        self.0.clear();
    }

    #[inline]
    pub fn swap_remove(&mut self, index: usize) -> T {
        self.0.swap_remove(index)
    }

    /// Takes an item out; those behind it move up.
    pub fn remove(&mut self, index: usize) -> T {
        self.0.remove(index)
    }

    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }

    /// What is behind the items, up to the capacity.
    #[inline]
    pub fn spare_capacity_mut(&mut self) -> &mut [core::mem::MaybeUninit<T>] {
        self.0.spare_capacity_mut()
    }

    /// # Safety
    /// The first `len` items, at most the capacity, are initialised.
    #[inline]
    pub unsafe fn set_len(&mut self, len: usize) {
        // SAFETY: promised by the caller.
        unsafe { self.0.set_len(len) };
    }
}

impl<T> Default for Vec<T> {
    fn default() -> Vec<T> {
        Vec::new()
    }
}

impl<T> Deref for Vec<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Vec<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T> IntoIterator for Vec<T> {
    type Item = T;
    type IntoIter = allocator_api2::vec::IntoIter<T, Hooked>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Vec<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_and_go() {
        let mut numbers = vec::<u32>();
        for n in 0..1000 {
            numbers.try_push(n).unwrap();
        }
        assert_eq!(numbers[999], 999);
        assert_eq!(numbers.swap_remove(0), 0);
        numbers.truncate(3);
        assert_eq!(*numbers, [999, 1, 2]);
        numbers.try_extend_from_slice(&[7, 8]).unwrap();
        numbers.try_resize(7, 9).unwrap();
        assert_eq!(*numbers, [999, 1, 2, 7, 8, 9, 9]);
        numbers.try_resize(2, 0).unwrap();
        assert_eq!(*numbers, [999, 1]);
    }

    #[test]
    fn without_memory_it_stays_as_it_was() {
        let mut numbers = vec::<u32>();
        numbers.try_push(1).unwrap();
        assert_eq!(numbers.try_reserve(usize::MAX / 8), Err(Errno::NOMEM));
        assert_eq!(numbers.try_resize(usize::MAX / 4, 7), Err(Errno::NOMEM));
        assert_eq!(*numbers, [1]);
    }

    #[test]
    fn shrinking_keeps_the_items() {
        let mut numbers = vec::<u32>();
        numbers.try_reserve(1000).unwrap();
        numbers.try_extend_from_slice(&[1, 2, 3]).unwrap();
        numbers.shrink_to(2);
        assert_eq!((numbers.capacity(), &*numbers), (3, &[1, 2, 3][..]));
        numbers.shrink_to(500);
        assert_eq!(numbers.capacity(), 3);
    }

    #[test]
    #[should_panic(expected = "capacity")]
    fn a_push_without_space_is_a_bug() {
        vec::<u32>().push_within_capacity(1);
    }
}
