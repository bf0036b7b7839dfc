//! A queue of objects that are known by [`Ref`], which run through a link of their own.

use core::cell::Cell;

use super::intrusive::{Linked, TailLink, TailQueue};
use super::thunk::Ref;

/// The objects, in order. Each is in one queue of a tag at most.
pub struct Members<T, Tag = ()>(Cell<TailQueue<T, Tag>>);

/// An object's place in a queue, to be the member that [`linked!`] names.
pub type Place<T> = Cell<TailLink<T>>;

/// The place of an object that is in no queue.
pub const fn nowhere<T>() -> Place<T> {
    Cell::new(TailLink {
        tqe_next: core::ptr::null_mut(),
        tqe_prev: core::ptr::null_mut(),
    })
}

/// Names the member through which the queue of a tag runs.
macro_rules! linked {
    ($object:ty, $tag:ty, $($member:tt)+) => {
        // SAFETY: only computes the member's address.
        unsafe impl $crate::support::intrusive::Linked<$tag> for $object {
            unsafe fn link(this: *mut Self) -> *mut $crate::support::intrusive::TailLink<Self> {
                // SAFETY: the caller's promise.
                unsafe { (&raw mut (*this).$($member)+).cast() }
            }
        }
    };
}
pub(crate) use linked;

impl<T: Linked<Tag>, Tag> Members<T, Tag> {
    /// # Safety
    /// It stays where it is as long as there is something in it, and objects leave it before they end.
    pub const unsafe fn new() -> Self {
        Members(Cell::new(TailQueue::UNSET))
    }

    pub fn first(&self) -> Option<Ref<T>> {
        // SAFETY: linked objects are live, as promised to `new`; a queue that was never used has none.
        unsafe { Ref::from_ptr(TailQueue::first(self.0.as_ptr())) }
    }

    /// The object behind one that is in a queue.
    pub fn next(item: Ref<T>) -> Option<Ref<T>> {
        // SAFETY: as above.
        unsafe { Ref::from_ptr(TailQueue::<T, Tag>::next(item.as_ptr())) }
    }

    /// The objects. That which was given out last may leave the queue.
    pub fn iter(&self) -> impl Iterator<Item = Ref<T>> {
        let mut next = self.first();
        core::iter::from_fn(move || {
            let this = next?;
            next = Self::next(this);
            Some(this)
        })
    }

    /// Appends an object that is in no queue.
    pub fn push(&self, item: Ref<T>) {
        let queue = self.0.as_ptr();
        // SAFETY: the queue is in its place from now on, as promised to `new`; not linked.
        unsafe {
            if TailQueue::first(queue).is_null() {
                TailQueue::init(queue);
            }
            TailQueue::push_back(queue, item.as_ptr());
        }
    }

    /// Takes out an object that is in this queue.
    pub fn remove(&self, item: Ref<T>) {
        // SAFETY: linked here.
        unsafe { TailQueue::remove(self.0.as_ptr(), item.as_ptr()) };
    }

    /// Takes an object out of a queue to which nothing is appended any more.
    pub fn leave(item: Ref<T>) {
        // SAFETY: linked.
        unsafe { TailQueue::<T, Tag>::leave(item.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr::NonNull;

    struct Node(u32, Place<Node>);
    linked!(Node, (), 1);

    #[test]
    fn members_come_and_go() {
        // SAFETY: neither it nor the nodes move.
        let queue = unsafe { Members::<Node>::new() };
        let nodes = [1, 2, 3].map(|number| Node(number, nowhere()));
        // SAFETY: as above.
        let refs = nodes
            .each_ref()
            .map(|node| unsafe { Ref::new(NonNull::from(node)) });
        let numbers = || queue.iter().map(|node| node.0).collect::<Vec<_>>();
        assert!(queue.first().is_none());
        refs.iter().for_each(|node| queue.push(*node));
        assert_eq!(numbers(), [1, 2, 3]);
        for node in queue.iter() {
            if node.0 != 2 {
                queue.remove(node);
            }
        }
        assert_eq!(numbers(), [2]);
        queue.remove(refs[1]);
        queue.push(refs[0]);
        assert_eq!(numbers(), [1]);
    }
}
