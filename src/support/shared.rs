//! Objects with a lock and a reference count: one way for all of them.
//!
//! | type | what it is |
//! | --- | --- |
//! | [`Header`] | lock and count, a member of the object |
//! | [`Shared`] | a `Copy` handle of such an object: a promise that it is alive |
//! | [`Held`] | a handle whose object is locked, and kept alive by a reference |
//! | [`Ref`] | the handle of an object that is an ordinary value, an [`Object`] |
//!
//! Whoever works on an object has a [`Held`]. Callbacks of the program may free the object: that
//! gives up the owner's reference, and the last [`Held`] destroys it. Where libevent holds no lock
//! while a callback runs, [`Held::call_out`] releases it meanwhile.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::hint::cold_path;
use core::ops::Deref;
use core::ptr::{self, NonNull};

use super::zeroed::zeroed;
use super::{lock, mm};

pub use super::thunk::Ref;

/// An object's lock and its reference count, which begins with the owner's one.
#[repr(C)]
pub struct Header {
    /// Null if no lock is needed.
    lock: Cell<*mut c_void>,
    references: Cell<c_int>,
    /// The lock is freed with the object.
    owns_lock: Cell<bool>,
    /// The last reference is gone. A thread that waited for the lock may take others until the object is
    /// destroyed, which changes nothing.
    ending: Cell<bool>,
    /// The owner has dropped its reference ([`Held::release`]).
    released: Cell<bool>,
}

zeroed!(Header {
    lock,
    references,
    owns_lock,
    ending,
    released,
});

impl Header {
    /// For an object that needs no lock, or gets it later.
    pub const fn new() -> Header {
        Header {
            lock: Cell::new(ptr::null_mut()),
            references: Cell::new(1),
            owns_lock: Cell::new(false),
            ending: Cell::new(false),
            released: Cell::new(false),
        }
    }

    /// With a lock of its own if threads are in use. `None` without memory for it.
    pub fn with_lock() -> Option<Header> {
        let header = Header::new();
        if lock::enabled() && !header.make_lock() {
            return None;
        }
        Some(header)
    }

    /// Makes the lock, which the object owns. False if there is none to be had.
    pub fn make_lock(&self) -> bool {
        let made = lock::alloc(lock::RECURSIVE);
        if made.is_null() {
            return false;
        }
        self.lock.set(made);
        self.owns_lock.set(true);
        true
    }

    /// Uses a lock that another object owns and that outlives this object.
    pub fn share_lock(&self, lock: *mut c_void) {
        self.lock.set(lock);
    }

    /// The lock, or null.
    #[inline]
    pub fn lock_ptr(&self) -> *mut c_void {
        self.lock.get()
    }

    /// Whether the lock is freed with the object.
    pub fn owns_lock(&self) -> bool {
        self.owns_lock.get()
    }

    /// Passes the duty to free the lock on, or takes it over.
    pub fn set_owns_lock(&self, owns: bool) {
        self.owns_lock.set(owns);
    }

    /// The references that there are.
    #[inline]
    pub fn references(&self) -> c_int {
        self.references.get()
    }

    /// Whether the last reference is gone. Nothing may be begun for such an object.
    #[inline]
    pub fn is_ending(&self) -> bool {
        self.ending.get()
    }

    /// Whether the owner has released it. Others may still have references.
    #[inline]
    pub fn is_released(&self) -> bool {
        self.released.get()
    }

    /// Takes one more reference. The object is locked.
    #[inline]
    pub fn add_reference(&self) {
        self.references.set(self.references.get() + 1);
    }

    /// Gives up a reference which is not the last, because the caller has another by its [`Held`].
    #[inline]
    pub fn drop_reference(&self) {
        self.references.set(self.references.get() - 1);
    }

    /// Frees the lock if it is the object's own.
    ///
    /// # Safety
    /// No thread holds the lock or uses it afterwards.
    pub unsafe fn free_lock(&self) {
        if self.owns_lock.replace(false) {
            // SAFETY: made by `make_lock`; the rest is the caller's promise.
            unsafe { lock::free(self.lock.replace(ptr::null_mut()), lock::RECURSIVE) };
        }
    }
}

/// A handle of an object that has a [`Header`]. Making one is the promise that the object stays
/// alive while the handle is used.
///
/// # Safety
/// `header` is always the same one, and is part of the object.
pub unsafe trait Shared: Copy {
    /// Its lock and count.
    fn header<'a>(self) -> &'a Header;

    /// The last reference is gone; the lock is still held. True if the object is to be destroyed
    /// as soon as the lock is released, false if something else will do that.
    fn end(self) -> bool {
        true
    }

    /// Frees the object.
    ///
    /// # Safety
    /// Called once, after [`Self::end`], without the lock.
    unsafe fn destroy(self);

    /// Takes the lock and a reference.
    #[inline]
    fn hold(self) -> Held<Self> {
        let header = self.header();
        // SAFETY: null, or the lock that lives at least as long as the object.
        unsafe { lock::lock(header.lock.get()) };
        header.add_reference();
        Held(self)
    }

    /// [`Self::hold`], unless another thread holds the lock.
    fn try_hold(self) -> Option<Held<Self>> {
        let header = self.header();
        // SAFETY: as for `hold`.
        let locked = unsafe { lock::try_lock(header.lock.get()) };
        locked.then(|| {
            header.add_reference();
            Held(self)
        })
    }

    /// Takes a reference that is given up by [`Self::unref`].
    fn add_ref(self) {
        let held = self.hold();
        held.header().add_reference();
    }

    /// Gives up a reference of the caller's; true if it was the last.
    fn unref(self) -> bool {
        // SAFETY: as for `hold`.
        unsafe { lock::lock(self.header().lock.get()) };
        unref_and_unlock(self)
    }
}

/// Gives up a reference and the lock; true if it was the last reference.
#[inline(always)]
fn unref_and_unlock<S: Shared>(object: S) -> bool {
    let header = object.header();
    let left = header.references.get() - 1;
    header.references.set(left);
    if left != 0 && header.lock.get().is_null() {
        return false;
    }
    cold_path();
    unlock_and_end(object)
}

/// Gives up the lock, and destroys the object if no reference is left. True if that is new.
#[inline(never)]
fn unlock_and_end<S: Shared>(object: S) -> bool {
    let header = object.header();
    let held = header.lock.get();
    let last = header.references.get() == 0 && !header.ending.get();
    let destroy = last && {
        header.ending.set(true);
        object.end()
    };
    // SAFETY: the caller has locked it. The thread that frees the lock takes it before.
    unsafe { lock::unlock(held) };
    if destroy {
        // SAFETY: the last reference is gone, and the lock is released.
        unsafe { object.destroy() };
    }
    last
}

/// A handle whose object is locked and kept alive. Both end with it.
pub struct Held<S: Shared>(S);

impl<S: Shared> Held<S> {
    /// Takes over what [`Self::forget`] left.
    ///
    /// # Safety
    /// It was forgotten in this thread, and nobody else takes over from it.
    #[inline]
    pub unsafe fn from_forgotten(object: S) -> Held<S> {
        Held(object)
    }

    /// Leaves lock and reference as they are, for [`Self::from_forgotten`].
    #[inline]
    pub fn forget(self) {
        core::mem::forget(self);
    }

    /// Runs something with the lock released. It is held once, unless the caller's callers hold it.
    #[inline]
    pub fn call_out<R>(&self, action: impl FnOnce() -> R) -> R {
        let held = self.header().lock.get();
        // SAFETY: held since this was made; the reference keeps object and lock alive.
        unsafe { lock::unlock(held) };
        let result = action();
        // SAFETY: as above.
        unsafe { lock::lock(held) };
        result
    }

    /// Drops the owner's reference: the object is destroyed when the last of those that work on it is
    /// done.
    pub fn release(self) {
        self.header().released.set(true);
        self.header().drop_reference();
    }
}

impl<S: Shared> Deref for Held<S> {
    type Target = S;
    #[inline]
    fn deref(&self) -> &S {
        &self.0
    }
}

impl<S: Shared> Drop for Held<S> {
    #[inline]
    fn drop(&mut self) {
        unref_and_unlock(self.0);
    }
}

/// A value that is shared by [`Ref`]. What changes in it is in cells; its `Drop` runs without the
/// lock, when the last reference is gone.
///
/// # Safety
/// `header` is always the same one, and a member of the value.
pub unsafe trait Object {
    /// Its lock and count.
    fn header(&self) -> &Header;
}

impl<T: Object> Ref<T> {
    /// Puts an object into memory of its own. `None`, and the object is dropped, without memory.
    pub fn make(object: T) -> Option<Ref<T>> {
        let Some(place) = NonNull::new(mm::malloc(size_of::<T>()).cast::<T>()) else {
            // SAFETY: no other code knows it.
            unsafe { object.header().free_lock() };
            return None;
        };
        // SAFETY: a fresh block of the right size; hooks align as malloc does. It stays there until
        // `destroy`.
        unsafe {
            place.write(object);
            Some(Ref::new(place))
        }
    }
}

// SAFETY: the object's own promise.
unsafe impl<T: Object> Shared for Ref<T> {
    #[inline]
    fn header<'a>(self) -> &'a Header {
        // SAFETY: alive as long as the handle is used, and the header in it.
        unsafe { &*ptr::from_ref((*self.as_ptr()).header()) }
    }

    unsafe fn destroy(self) {
        let object = self.as_ptr();
        // SAFETY: no code uses the object any more, the caller says, and it is in a block of `mm`.
        unsafe {
            let header = self.header();
            let (lock, owns) = (header.lock.get(), header.owns_lock.get());
            ptr::drop_in_place(object);
            mm::free(object.cast());
            if owns {
                lock::free(lock, lock::RECURSIVE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    struct Thing {
        header: Header,
        dropped: Rc<Cell<u32>>,
    }

    // SAFETY: the member.
    unsafe impl Object for Thing {
        fn header(&self) -> &Header {
            &self.header
        }
    }

    impl Drop for Thing {
        fn drop(&mut self) {
            self.dropped.set(self.dropped.get() + 1);
        }
    }

    fn thing() -> (Ref<Thing>, Rc<Cell<u32>>) {
        let dropped = Rc::new(Cell::new(0));
        let header = Header::new();
        let made = Ref::make(Thing {
            header,
            dropped: dropped.clone(),
        });
        (made.unwrap(), dropped)
    }

    #[test]
    fn the_last_user_destroys() {
        let (thing, dropped) = thing();
        let outer = thing.hold();
        thing.hold().release();
        assert_eq!(
            dropped.get(),
            0,
            "a callback may free what is being worked on"
        );
        assert_eq!(outer.header().references(), 1);
        drop(outer);
        assert_eq!(dropped.get(), 1);
    }

    #[test]
    fn references_without_a_lock() {
        let (thing, dropped) = thing();
        thing.add_ref();
        assert!(!thing.unref());
        let held = thing.try_hold().unwrap();
        assert_eq!(held.call_out(|| 7), 7);
        held.forget();
        // SAFETY: just forgotten.
        drop(unsafe { Held::from_forgotten(thing) });
        assert_eq!(dropped.get(), 0);
        assert!(thing.unref());
        assert_eq!(dropped.get(), 1);
    }
}
