//! Callbacks with a typed argument.
//!
//! A C callback gets what it is about as a `void *`. A [`Thunk`] is such a callback together with
//! the type of its argument: it is made from a plain function, or a closure that captures nothing,
//! whose first parameter is the argument, and whoever installs it passes an argument of that type.
//! This is the only place where a `void *` becomes an object again:
//!
//! ```ignore
//! fn on_tick(limit: Ref<Limit>, _fd: c_int, _what: c_short) { .. }
//!
//! // SAFETY: the limit owns the event, and stays where it is until it is dropped.
//! unsafe { limit.timer.assign(&base, -1, 0, thunk(on_tick), limit) };
//! ```

use core::ffi::c_void;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::{self, NonNull};

use super::zeroed::Zeroed;

/// What a callback can have as its argument: a pointer, or a handle that is one.
///
/// # Safety
/// `from_raw` gives what `into_raw` was called on.
pub unsafe trait Argument: Copy {
    fn into_raw(self) -> *mut c_void;

    /// # Safety
    /// `raw` came from `into_raw`, and what the handle promises of its object holds.
    unsafe fn from_raw(raw: *mut c_void) -> Self;
}

// SAFETY: the same pointer.
unsafe impl<T> Argument for NonNull<T> {
    #[inline]
    fn into_raw(self) -> *mut c_void {
        self.as_ptr().cast()
    }

    #[inline]
    unsafe fn from_raw(raw: *mut c_void) -> Self {
        // SAFETY: what came from `into_raw` is not null.
        unsafe { NonNull::new_unchecked(raw.cast()) }
    }
}

/// Makes a newtype of an [`Argument`] one.
macro_rules! argument {
    ($($handle:ident),*) => {$(
        // SAFETY: as the inner handle's.
        unsafe impl $crate::support::thunk::Argument for $handle {
            #[inline]
            fn into_raw(self) -> *mut core::ffi::c_void {
                self.0.into_raw()
            }

            #[inline]
            unsafe fn from_raw(raw: *mut core::ffi::c_void) -> Self {
                // SAFETY: promised by the caller.
                $handle(unsafe { $crate::support::thunk::Argument::from_raw(raw) })
            }
        }
    )*};
}
pub(crate) use argument;

/// A pointer to an object that outlives it: what the maker of the first copy knows.
#[repr(transparent)]
pub struct Ref<T>(NonNull<T>);

impl<T> Clone for Ref<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Ref<T> {}

// SAFETY: `None` is null.
unsafe impl<T> Zeroed for Option<Ref<T>> {}

impl<T> Ref<T> {
    /// # Safety
    /// The object is alive, and not moved, as long as a copy of this is used. No code has it by
    /// `&mut` meanwhile.
    #[inline]
    pub const unsafe fn new(object: NonNull<T>) -> Ref<T> {
        Ref(object)
    }

    /// The object behind a pointer of C's, if it isn't null.
    ///
    /// # Safety
    /// As for [`Self::new`].
    #[inline]
    pub const unsafe fn from_ptr(object: *mut T) -> Option<Ref<T>> {
        match NonNull::new(object) {
            Some(object) => Some(Ref(object)),
            None => None,
        }
    }

    #[inline]
    pub fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }

    /// The object, for as long as it lives: the promise of [`Self::new`] covers it.
    #[inline]
    pub fn outliving<'a>(self) -> &'a T {
        // SAFETY: promised to `new`.
        unsafe { &*self.0.as_ptr() }
    }

    #[inline]
    pub fn as_non_null(self) -> NonNull<T> {
        self.0
    }
}

impl<T> Deref for Ref<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: promised to `new`.
        unsafe { self.0.as_ref() }
    }
}

impl<T> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Ref<T> {}

// SAFETY: as the inner pointer's.
unsafe impl<T> Argument for Ref<T> {
    #[inline]
    fn into_raw(self) -> *mut c_void {
        self.0.into_raw()
    }

    #[inline]
    unsafe fn from_raw(raw: *mut c_void) -> Self {
        // SAFETY: promised by the caller.
        Ref(unsafe { NonNull::from_raw(raw) })
    }
}

/// A callback of the C type `C`, to be installed with an argument of type `A`.
pub struct Thunk<C, A> {
    function: C,
    argument: PhantomData<fn(A)>,
}

impl<C: Copy, A> Clone for Thunk<C, A> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<C: Copy, A> Copy for Thunk<C, A> {}

impl<C, A> Thunk<C, A> {
    /// The callback. Whoever installs it passes it [`Argument::into_raw`] of an `A`.
    #[inline]
    pub fn function(self) -> C {
        self.function
    }
}

/// C callback types that can be made from a function `F` whose first parameter is an `A`.
pub trait Calling<A, F> {
    fn calling(function: F) -> Self;
}

/// A callback that calls `function`, with its own argument first.
#[inline]
pub fn thunk<C: Calling<A, F>, A: Argument, F>(function: F) -> Thunk<C, A> {
    Thunk {
        function: C::calling(function),
        argument: PhantomData,
    }
}

macro_rules! callback_types {
    ($(($($name:ident: $type:ident),*);)*) => {$(
        impl<A, F, R, $($type),*> Calling<A, F> for unsafe extern "C" fn($($type,)* *mut c_void) -> R
        where
            A: Argument,
            F: Fn(A, $($type),*) -> R + Copy,
        {
            #[inline]
            fn calling(_: F) -> Self {
                const { assert!(size_of::<F>() == 0, "a callback can't capture anything") };
                /// # Safety
                /// `argument` is what the thunk was installed with.
                unsafe extern "C" fn call<A, F, R, $($type),*>(
                    $($name: $type,)*
                    argument: *mut c_void,
                ) -> R
                where
                    A: Argument,
                    F: Fn(A, $($type),*) -> R + Copy,
                {
                    // SAFETY: `calling` was given the function, which has no size, so it is
                    // anywhere; and a thunk is installed with an argument of its type only.
                    let (function, argument) = unsafe {
                        (ptr::dangling::<F>().read(), A::from_raw(argument))
                    };
                    function(argument, $($name),*)
                }
                call::<A, F, R, $($type),*>
            }
        }
    )*};
}

callback_types! {
    ();
    (first: P);
    (first: P, second: Q);
    (first: P, second: Q, third: S);
    (first: P, second: Q, third: S, fourth: T);
    (first: P, second: Q, third: S, fourth: T, fifth: U);
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;
    use core::ffi::{c_int, c_short};

    type EventFn = unsafe extern "C" fn(c_int, c_short, *mut c_void);
    type AnswerFn = unsafe extern "C" fn(*mut c_void) -> c_int;

    fn count(sum: Ref<Cell<c_int>>, fd: c_int, what: c_short) {
        sum.set(sum.get() + fd + c_int::from(what));
    }

    #[test]
    fn arguments_come_back_as_what_they_were() {
        let sum = Cell::new(0);
        // SAFETY: `sum` outlives it.
        let argument = unsafe { Ref::new(NonNull::from(&sum)) };
        let counter: Thunk<EventFn, Ref<Cell<c_int>>> = thunk(count);
        let answer: Thunk<AnswerFn, _> = thunk(|sum: Ref<Cell<c_int>>| sum.get() * 2);
        // SAFETY: called with the argument's own pointer.
        unsafe {
            counter.function()(40, 2, argument.into_raw());
            assert_eq!(sum.get(), 42);
            assert_eq!(answer.function()(argument.into_raw()), 84);
        }
    }
}
