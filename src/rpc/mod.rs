//! Remote procedure calls over HTTP, and the encoding of their messages.
//!
//! A call is a POST to `/.rpc.NAME`; request and reply are the bodies. What the messages are is the
//! program's affair, which gives functions that make, read, write and free them.
//!
//! | module | what |
//! | --- | --- |
//! | [`server`] | procedures that an HTTP server offers |
//! | [`client`] | calls over a pool of connections |
//! | [`hook`], [`meta`] | functions that look at messages on their way, and what they note |
//! | [`callbacks`] | the functions that programs give |
//! | [`tag`] | fields of tag, length and payload in buffers |
//!
//! # Callbacks
//! Hooks, message functions and final callbacks may free the base or the pool, the connection and
//! the HTTP server. Each call keeps the memory of what it uses: `Keep` of the connection, `Hold` of
//! the HTTP request, [`Kept`] of base and pool; and asks whether it is gone.

pub mod callbacks;
pub mod client;
pub mod hook;
pub mod meta;
pub mod pool;
pub mod server;
pub mod tag;

use core::cell::Cell;
use core::ops::Deref;

use crate::support::mm;
use crate::support::thunk::Ref;

/// How many use an object that can be freed meanwhile.
pub struct Uses {
    count: Cell<u32>,
    gone: Cell<bool>,
}

impl Uses {
    const fn new() -> Self {
        Self {
            count: Cell::new(0),
            gone: Cell::new(false),
        }
    }
}

/// An object that can be [`Kept`].
///
/// # Safety
/// It was made by `mm::Box`, and is reached by `Ref` only.
pub unsafe trait Shared {
    fn uses(&self) -> &Uses;
}

/// Keeps the memory of an object until it is dropped.
pub struct Kept<T: Shared>(Ref<T>);

impl<T: Shared> Kept<T> {
    fn new(object: Ref<T>) -> Self {
        let count = &object.uses().count;
        count.set(count.get() + 1);
        Self(object)
    }

    /// Whether the program has freed it.
    fn is_gone(&self) -> bool {
        self.uses().gone.get()
    }
}

impl<T: Shared> Deref for Kept<T> {
    type Target = Ref<T>;

    fn deref(&self) -> &Ref<T> {
        &self.0
    }
}

impl<T: Shared> Drop for Kept<T> {
    fn drop(&mut self) {
        let uses = self.0.uses();
        uses.count.set(uses.count.get() - 1);
        if uses.count.get() == 0 && uses.gone.get() {
            // SAFETY: made by `mm::Box` (`Shared`), and nobody knows it any more.
            drop(unsafe { mm::Box::from_raw(self.0.as_non_null()) });
        }
    }
}
