//! What a waiting system call works on while the interest it was made from may change.

use core::mem;

use crate::support::mm;
use crate::sys::Result;

/// A copy of a list, with room that is made when the list grows and not when it is copied: a
/// program without memory is told by `event_add`, and the loop continues.
pub struct Snapshot<T> {
    items: mm::Vec<T>,
    /// Empty; becomes `items` when those have too little room, which a wait may be using now.
    spare: mm::Vec<T>,
}

impl<T: Copy> Snapshot<T> {
    pub const fn new() -> Snapshot<T> {
        Snapshot {
            items: mm::vec(),
            spare: mm::vec(),
        }
    }

    /// Makes sure of room for `count` items. May be called during a wait.
    pub fn reserve(&mut self, count: usize) -> Result {
        if self.items.capacity().max(self.spare.capacity()) >= count {
            return Ok(());
        }
        self.spare.try_reserve_exact(count)
    }

    /// Copies `from`, for which there is room, and returns the copy. Not during a wait.
    pub fn take(&mut self, from: &[T]) -> &mut [T] {
        if self.items.capacity() < from.len() {
            self.items = mem::replace(&mut self.spare, mm::vec());
        }
        self.items.clear();
        self.items.extend_within_capacity(from);
        &mut self.items
    }

    pub fn items(&self) -> &[T] {
        &self.items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_stays_in_place_while_room_is_made() {
        let mut copy = Snapshot::new();
        copy.reserve(2).unwrap();
        let place = copy.take(&[1, 2]).as_ptr();
        copy.reserve(1000).unwrap();
        assert_eq!(copy.items().as_ptr(), place);
        assert_eq!(copy.items(), [1, 2]);
        let many = [7; 1000];
        assert_eq!(copy.take(&many), many);
        assert_eq!(copy.take(&[3]), [3]);
    }
}
