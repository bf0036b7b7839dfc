//! How exported functions take what C passes: as types whose use needs no unsafe code.
//!
//! | parameter | in C | |
//! | --- | --- | --- |
//! | a handle, such as `Buf`, `Ev`, `Bev`, `BaseRef` | `T *` | of a live object, never NULL |
//! | `Option<handle>` | `T *` | NULL is allowed |
//! | [`Required<handle>`](Required) | `T *` | NULL ends the process with a message |
//! | [`Const<any of these>`](Const) | `const T *` | |
//! | [`Str`], `Option<Str>` | `const char *` | a text that ends with a NUL |
//! | [`In<T>`](In) | `const T *` | a value to read, or NULL |
//! | [`Out<T>`](Out) | `T *` | where a result goes, or NULL |
//! | [`At`] | `struct evbuffer_ptr *` | a position in a buffer, or NULL |
//!
//! Each is one pointer. That it points to what its type says is the C caller's promise, which the
//! exported function's `# Safety` states: that is why those functions are `unsafe`. Rust code makes
//! such a value by an unsafe constructor only. `capi-tests/abi/headers/arguments.rs` has the list
//! from which the headers get their C types.

use core::ffi::{CStr, c_char};
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::buffer::position::Position;
use crate::bufferevent::Bev;
use crate::ctypes::buffer::evbuffer_ptr;
use crate::http::connection::Con;
use crate::http::keyval::List;
use crate::http::request::Req;
use crate::http::server::Server;
use crate::http::server::sockets::Bound;
use crate::support::log;
use crate::support::thunk::Ref;

/// An object without which the function can do nothing.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Required<H>(Option<H>);

impl<H> Required<H> {
    #[cfg(any(test, fuzzing))]
    pub const fn new(handle: H) -> Self {
        Required(Some(handle))
    }
}

/// A handle whose absence can be told of.
pub trait Named {
    /// The struct of C.
    const NAME: &str;
}

macro_rules! names {
    ($($handle:ty: $name:literal,)*) => {$(
        impl Named for $handle {
            const NAME: &str = $name;
        }
    )*};
}

names! {
    Bev: "bufferevent",
    Con: "evhttp_connection",
    List: "evkeyvalq",
    Ref<Bound>: "evhttp_bound_socket",
    Ref<Server>: "evhttp",
    Req: "evhttp_request",
}

impl<H: Named> Deref for Required<H> {
    type Target = H;

    #[inline(always)]
    fn deref(&self) -> &H {
        match &self.0 {
            Some(handle) => handle,
            None => missing(H::NAME),
        }
    }
}

#[cold]
#[inline(never)]
fn missing(name: &str) -> ! {
    log::fatal_abort(format_args!("The {name} is NULL"))
}

/// An object whose pointer is `const` in the prototype.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Const<H>(pub H);

impl<H> Deref for Const<H> {
    type Target = H;

    #[inline(always)]
    fn deref(&self) -> &H {
        &self.0
    }
}

/// A text of the caller's.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Str<'a>(NonNull<c_char>, PhantomData<&'a CStr>);

impl<'a> Str<'a> {
    /// The text.
    #[inline]
    pub fn c_str(self) -> &'a CStr {
        // SAFETY: what C passes for such a parameter ends with a NUL, and does not change during
        // the call.
        unsafe { CStr::from_ptr(self.as_ptr()) }
    }

    /// The text without its NUL.
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        self.c_str().to_bytes()
    }

    /// Where it is.
    #[inline]
    pub fn as_ptr(self) -> *const c_char {
        self.0.as_ptr()
    }
}

/// A value of the caller's, or none.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct In<T>(*const T);

impl<'a> From<&'a CStr> for Str<'a> {
    fn from(text: &'a CStr) -> Self {
        Str(NonNull::from(text).cast(), PhantomData)
    }
}

impl<T: Copy> In<T> {
    /// # Safety
    /// `value` is null, or can be read as long as this is used.
    #[cfg(any(test, fuzzing))]
    pub const unsafe fn new(value: *const T) -> Self {
        In(value)
    }

    /// A copy of the value, unless C passed NULL.
    #[inline(always)]
    pub fn get(self) -> Option<T> {
        // SAFETY: what C passes for such a parameter is NULL or a value that can be read.
        unsafe { self.0.as_ref() }.copied()
    }
}

/// A variable of the caller's that gets a result, or none. (In few functions it is a value to read,
/// too, which their prototypes don't call `const`.)
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Out<T>(*mut T);

impl<T: Copy> Out<T> {
    /// A copy of the value that is there, unless C passed NULL.
    #[inline]
    pub fn get(self) -> Option<T> {
        // SAFETY: as for `In`.
        unsafe { self.0.as_ref() }.copied()
    }
}

impl<T> Out<T> {
    /// # Safety
    /// `place` is null, or can be written as long as this is used.
    #[cfg(any(test, fuzzing))]
    pub const unsafe fn new(place: *mut T) -> Self {
        Out(place)
    }

    /// Whether C passed NULL.
    #[inline]
    #[allow(clippy::wrong_self_convention, reason = "as of a pointer")]
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// Gives a result to C, unless it passed NULL.
    #[inline]
    pub fn set(self, value: T) {
        if !self.0.is_null() {
            // SAFETY: what C passes for such a parameter is NULL or a variable that can be written.
            unsafe { self.0.write(value) };
        }
    }
}

/// A position that a program passes, or NULL for the start of the buffer.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct At(*const evbuffer_ptr);

impl At {
    /// The position, unless C passed NULL.
    pub fn get(self) -> Option<Position> {
        // SAFETY: what C passes for such a parameter is NULL or a position of the buffer that it is
        // used for, which was not changed since.
        unsafe { self.0.as_ref().map(|position| Position::from_c(position)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::handle::Ev;

    #[test]
    fn a_parameter_is_a_pointer() {
        const POINTER: usize = size_of::<*const ()>();
        assert_eq!(size_of::<Required<Bev>>(), POINTER);
        assert_eq!(size_of::<Const<Option<Ev>>>(), POINTER);
        assert_eq!(size_of::<Option<Str<'_>>>(), POINTER);
        assert_eq!(size_of::<Out<u8>>(), POINTER);
        assert_eq!(size_of::<In<u8>>(), POINTER);
    }

    #[test]
    fn null_is_no_value_and_gets_none() {
        assert!(In::<u8>(core::ptr::null()).get().is_none());
        Out::<u8>(core::ptr::null_mut()).set(1);
        let mut result = 0;
        Out(&raw mut result).set(7);
        assert_eq!(In(&raw const result).get(), Some(7));
    }
}
