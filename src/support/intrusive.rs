//! Lists whose links lie in memory that C programs own, embed and copy.
//!
//! The layouts are those of `<sys/queue.h>`: `TAILQ` heads and entries here,
//! `LIST` entries as [`ListLink`]. All access is by raw pointer; no reference
//! to a linked object ever exists, because its owner may write to it, or free
//! it once it is unlinked, at any time.

use core::hint::cold_path;
use core::ptr;

pub use crate::ctypes::queue::{ListLink, TailLink};

/// Says which link of `T` a queue runs through.
///
/// # Safety
/// `link` only computes an address inside `*this`.
pub unsafe trait Linked<Tag>: Sized {
    /// The address of the link.
    ///
    /// # Safety
    /// `this` points to a live object.
    unsafe fn link(this: *mut Self) -> *mut TailLink<Self>;
}

/// `TAILQ_HEAD`. An initialised head points into itself and must not move.
#[repr(C)]
#[derive(Debug)]
pub struct TailQueue<T, Tag = ()> {
    first: *mut T,
    last: *mut *mut T,
    tag: core::marker::PhantomData<Tag>,
}

impl<T, Tag> TailQueue<T, Tag> {
    /// A head to be initialised once it is in its place.
    pub const UNSET: Self = TailQueue {
        first: ptr::null_mut(),
        last: ptr::null_mut(),
        tag: core::marker::PhantomData,
    };
}

impl<T: Linked<Tag>, Tag> TailQueue<T, Tag> {
    /// Makes the head at `this` an empty queue.
    ///
    /// # Safety
    /// `this` is writable and stays at this address while the queue is in use. The same holds for
    /// the other functions: `this` is an initialised head, every linked object is alive, and
    /// no other code uses the queue meanwhile.
    pub unsafe fn init(this: *mut Self) {
        // SAFETY: the caller's promise.
        unsafe {
            (*this).first = ptr::null_mut();
            (*this).last = &raw mut (*this).first;
        }
    }

    /// The first object, or null.
    ///
    /// # Safety
    /// See [`Self::init`].
    #[inline]
    pub unsafe fn first(this: *const Self) -> *mut T {
        // SAFETY: the caller's promise.
        unsafe { (*this).first }
    }

    /// The object behind `item`, or null.
    ///
    /// # Safety
    /// See [`Self::init`]; `item` is linked.
    #[inline]
    pub unsafe fn next(item: *mut T) -> *mut T {
        // SAFETY: the caller's promise.
        unsafe { (*T::link(item)).tqe_next }
    }

    /// The last object, or null.
    ///
    /// # Safety
    /// See [`Self::init`].
    pub unsafe fn last(this: *const Self) -> *mut T {
        // SAFETY: `last` is the address of the last object's link, whose tqe_next comes first, or
        // of `first`; either way the enclosing pair's second word leads to the pointer that
        // points at the last object (the TAILQ_LAST idiom), which is alive.
        unsafe {
            let pair = (*this).last.cast::<TailLink<T>>();
            *(*pair).tqe_prev
        }
    }

    /// The object in front of `item`, which must not be the first.
    ///
    /// # Safety
    /// See [`Self::init`]; `item` is linked.
    pub unsafe fn previous(item: *mut T) -> *mut T {
        // SAFETY: tqe_prev is the address of the tqe_next that begins the previous object's link,
        // whose second word leads to the pointer that points at that object.
        unsafe {
            let pair = (*T::link(item)).tqe_prev.cast::<TailLink<T>>();
            *(*pair).tqe_prev
        }
    }

    /// Appends `item`.
    ///
    /// # Safety
    /// See [`Self::init`]; `item` is not linked through this link.
    #[inline]
    pub unsafe fn push_back(this: *mut Self, item: *mut T) {
        // SAFETY: the caller's promise; `last` points to a live tqe_next or to `first`.
        unsafe {
            let link = T::link(item);
            (*link).tqe_next = ptr::null_mut();
            (*link).tqe_prev = (*this).last;
            *(*this).last = item;
            (*this).last = &raw mut (*link).tqe_next;
        }
    }

    /// Links `item` behind `other`.
    ///
    /// # Safety
    /// See [`Self::init`]; `other` is in this queue and `item` is not linked.
    pub unsafe fn insert_after(this: *mut Self, other: *mut T, item: *mut T) {
        // SAFETY: the caller's promise; neighbours of linked objects are alive.
        unsafe {
            let before = T::link(other);
            let link = T::link(item);
            let next = (*before).tqe_next;
            (*link).tqe_next = next;
            if next.is_null() {
                (*this).last = &raw mut (*link).tqe_next;
            } else {
                (*T::link(next)).tqe_prev = &raw mut (*link).tqe_next;
            }
            (*before).tqe_next = item;
            (*link).tqe_prev = &raw mut (*before).tqe_next;
        }
    }

    /// Links `item` in front of all others.
    ///
    /// # Safety
    /// See [`Self::init`]; `item` is not linked through this link.
    pub unsafe fn push_front(this: *mut Self, item: *mut T) {
        // SAFETY: the caller's promise; neighbours of linked objects are alive.
        unsafe {
            let link = T::link(item);
            let next = (*this).first;
            (*link).tqe_next = next;
            if next.is_null() {
                (*this).last = &raw mut (*link).tqe_next;
            } else {
                (*T::link(next)).tqe_prev = &raw mut (*link).tqe_next;
            }
            (*this).first = item;
            (*link).tqe_prev = &raw mut (*this).first;
        }
    }

    /// Unlinks `item`, which is the first. The next, or null.
    ///
    /// # Safety
    /// See [`Self::init`]; the queue begins with `item`.
    #[inline]
    pub unsafe fn remove_first(this: *mut Self, item: *mut T) -> *mut T {
        // SAFETY: the caller's promise; neighbours of linked objects are alive.
        unsafe {
            let next = (*T::link(item)).tqe_next;
            (*this).first = next;
            if next.is_null() {
                // A branch that is foreseen, where the next write would wait for a choice.
                cold_path();
                (*this).last = &raw mut (*this).first;
            } else {
                (*T::link(next)).tqe_prev = &raw mut (*this).first;
            }
            next
        }
    }

    /// Unlinks `item`.
    ///
    /// # Safety
    /// See [`Self::init`]; `item` is in this queue.
    #[inline]
    pub unsafe fn remove(this: *mut Self, item: *mut T) {
        // SAFETY: the caller's promise; neighbours of linked objects are alive.
        unsafe {
            let link = T::link(item);
            let next = (*link).tqe_next;
            let prev = (*link).tqe_prev;
            if next.is_null() {
                (*this).last = prev;
            } else {
                (*T::link(next)).tqe_prev = prev;
            }
            *prev = next;
        }
    }

    /// Unlinks `item` from a queue of which the end is not used any more.
    ///
    /// # Safety
    /// See [`Self::init`]; `item` is in such a queue.
    pub unsafe fn leave(item: *mut T) {
        let mut unused = Self::UNSET;
        // SAFETY: the caller's promise. Only the end of the head is written to.
        unsafe { Self::remove(&raw mut unused, item) };
    }
}

/// Appends objects to a queue one after another. The queue is to be used again only after
/// [`Self::finish`].
pub struct Appender<T, Tag = ()> {
    queue: *mut TailQueue<T, Tag>,
    /// Where the next object goes: the last one's link, whose `tqe_next` is not set yet.
    last: *mut *mut T,
}

impl<T: Linked<Tag>, Tag> Appender<T, Tag> {
    /// # Safety
    /// See [`TailQueue::init`], up to `finish`.
    #[inline]
    pub unsafe fn new(queue: *mut TailQueue<T, Tag>) -> Self {
        // SAFETY: the caller's promise.
        let last = unsafe { (*queue).last };
        Appender { queue, last }
    }

    /// Appends `item`.
    ///
    /// # Safety
    /// `item` is alive until `finish`, and not linked through this link.
    #[inline]
    pub unsafe fn push(&mut self, item: *mut T) {
        // SAFETY: the caller's promise; `last` points to a live tqe_next or to `first`.
        unsafe {
            let link = T::link(item);
            (*link).tqe_prev = self.last;
            *self.last = item;
            self.last = &raw mut (*link).tqe_next;
        }
    }

    /// Makes the queue whole.
    #[inline]
    pub fn finish(&mut self) {
        // SAFETY: the promises of `new` and `push`.
        unsafe {
            *self.last = ptr::null_mut();
            (*self.queue).last = self.last;
        }
    }
}

#[cfg(test)]
#[expect(clippy::missing_safety_doc, reason = "callbacks of tests")]
mod tests {
    use super::*;

    struct Node {
        link: TailLink<Node>,
        value: u32,
    }

    // SAFETY: only computes the field's address.
    unsafe impl Linked<()> for Node {
        unsafe fn link(this: *mut Self) -> *mut TailLink<Self> {
            // SAFETY: the caller's promise.
            unsafe { &raw mut (*this).link }
        }
    }

    fn node(value: u32) -> Node {
        Node {
            link: TailLink {
                tqe_next: ptr::null_mut(),
                tqe_prev: ptr::null_mut(),
            },
            value,
        }
    }

    unsafe fn values(queue: *const TailQueue<Node>) -> Vec<u32> {
        let mut values = Vec::new();
        // SAFETY: the tests keep the nodes alive.
        unsafe {
            let mut node = TailQueue::first(queue);
            while !node.is_null() {
                values.push((*node).value);
                node = TailQueue::next(node);
            }
        }
        values
    }

    #[test]
    fn order_and_removal() {
        let (mut a, mut b, mut c, mut d) = (node(1), node(2), node(3), node(4));
        let mut head = core::mem::MaybeUninit::<TailQueue<Node>>::uninit();
        let queue = head.as_mut_ptr();
        // SAFETY: head and nodes stay in place until the end of the test.
        unsafe {
            TailQueue::init(queue);
            assert!(TailQueue::first(queue).is_null());
            assert!(TailQueue::last(queue).is_null());
            TailQueue::push_back(queue, &raw mut a);
            TailQueue::push_back(queue, &raw mut c);
            TailQueue::insert_after(queue, &raw mut a, &raw mut b);
            TailQueue::push_front(queue, &raw mut d);
            assert_eq!(values(queue), [4, 1, 2, 3]);
            assert_eq!((*TailQueue::last(queue)).value, 3);
            TailQueue::remove(queue, &raw mut c);
            TailQueue::remove(queue, &raw mut d);
            TailQueue::insert_after(queue, &raw mut b, &raw mut c);
            assert_eq!(values(queue), [1, 2, 3]);
            assert_eq!((*TailQueue::last(queue)).value, 3);
            assert_eq!(TailQueue::remove_first(queue, &raw mut a), &raw mut b);
            assert_eq!(values(queue), [2, 3]);
            // It knows that it is the first now.
            TailQueue::remove(queue, &raw mut b);
            assert!(TailQueue::remove_first(queue, &raw mut c).is_null());
            assert!(TailQueue::first(queue).is_null());
            TailQueue::push_back(queue, &raw mut a);
            assert_eq!(values(queue), [1]);
            let mut end = Appender::new(queue);
            end.push(&raw mut b);
            end.push(&raw mut c);
            end.finish();
            assert_eq!(values(queue), [1, 2, 3]);
            assert_eq!((*TailQueue::<Node>::previous(&raw mut c)).value, 2);
            TailQueue::push_back(queue, &raw mut d);
            assert_eq!(values(queue), [1, 2, 3, 4]);
        }
    }
}
