//! Values that are all zeros.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::intrusive::TailLink;

/// A type of which all zeros are a value.
///
/// # Safety
/// They are.
pub unsafe trait Zeroed: Sized {
    // SAFETY: what implementing this promises.
    const ZEROED: Self = unsafe { MaybeUninit::zeroed().assume_init() };
}

macro_rules! all_zeroed {
    ($($type:ty),* $(,)?) => {$(
        // SAFETY: C's types, of numbers, null pointers and arrays of them.
        unsafe impl Zeroed for $type {}
    )*};
}

all_zeroed!(
    bool,
    u8,
    i16,
    u16,
    i32,
    u32,
    usize,
    libc::Dl_info,
    libc::addrinfo,
    libc::sigaction,
    libc::sockaddr,
    libc::sockaddr_in,
    libc::sockaddr_in6,
    libc::sockaddr_storage,
    libc::sockaddr_un,
    libc::tm,
    crate::ctypes::bufferevent_struct::bufferevent,
    crate::ctypes::event_struct::event,
    crate::ctypes::event_struct::event_callback,
);

// SAFETY: null.
unsafe impl<T> Zeroed for *mut T {}
// SAFETY: nothing is said of its bytes.
unsafe impl<T> Zeroed for MaybeUninit<T> {}
// SAFETY: the same bytes as without it.
unsafe impl<T: Zeroed> Zeroed for Cell<T> {}
// SAFETY: the same bytes as without it.
unsafe impl<T: Zeroed> Zeroed for UnsafeCell<T> {}
// SAFETY: `None` is null.
unsafe impl<T> Zeroed for Option<NonNull<T>> {}
// SAFETY: `None` is null.
unsafe impl<T> Zeroed for Option<&'static T> {}
// SAFETY: `None` is null.
unsafe impl<A, R> Zeroed for Option<unsafe extern "C" fn(A) -> R> {}
// SAFETY: `None` is null.
unsafe impl<A, B, C, D, E, R> Zeroed for Option<unsafe extern "C" fn(A, B, C, D, E) -> R> {}
// SAFETY: null pointers.
unsafe impl<T> Zeroed for TailLink<T> {}

/// Implements [`Zeroed`] for a struct by naming all of its fields, whose types must have it.
macro_rules! zeroed {
    ($type:ident { $($field:ident),* $(,)? }) => {
        // SAFETY: all zeros are a value of each of its fields.
        unsafe impl $crate::support::zeroed::Zeroed for $type {}
        const _: fn(&$type) = |value| {
            fn is<T: $crate::support::zeroed::Zeroed>(_: &T) {}
            let $type { $($field),* } = value;
            $(is($field);)*
        };
    };
}
pub(crate) use zeroed;
