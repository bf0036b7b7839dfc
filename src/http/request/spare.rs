//! Requests that are used again: one that was answered serves the next that comes.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::{self, NonNull};

use super::text::give_up;
use super::{Req, Request};
use crate::buffer::OwnedBuf;
use crate::ctypes::http::evhttp_request_cb;
use crate::http::store::Store;

/// How many are kept.
const MOST: usize = 8;

/// Requests that wait to be used again. They have their buffers, which are empty, and nothing else.
pub struct Spares {
    count: Cell<usize>,
    places: [Cell<*mut Request>; MOST],
}

impl Spares {
    pub const fn new() -> Spares {
        Spares {
            count: Cell::new(0),
            places: [const { Cell::new(ptr::null_mut()) }; MOST],
        }
    }

    fn pop(&self) -> Option<Req> {
        let count = self.count.get().checked_sub(1)?;
        self.count.set(count);
        NonNull::new(self.places[count].get()).map(Req)
    }

    /// [`Req::make`].
    pub fn make(&self, callback: evhttp_request_cb, argument: *mut c_void) -> Option<Req> {
        let Some(kept) = self.pop() else {
            return Req::make(callback, argument);
        };
        // SAFETY: its own buffers, which it gives up with all else.
        unsafe {
            let buffers = [kept.input_ptr(), kept.output_ptr()];
            let [input, output] = buffers.map(|buffer| OwnedBuf::from_ptr(buffer));
            Some(Req::begin(kept.0, [input?, output?], callback, argument))
        }
    }

    /// Frees a request that nobody works on, or keeps it. What was in it goes to `store`.
    pub fn free(&self, req: Req, store: &Store) {
        if let Some(con) = req.con() {
            con.forget(req);
            req.set_con_ptr(ptr::null_mut());
        }
        if req.is_freed() || req.uses() > 0 || !req.has_own_lists() {
            req.free();
            return;
        }
        req.clear_headers(Some(store));
        req.drop_uri();
        give_up(req.take_texts(), Some(store));
        // Releasing what is in them may call functions of the program.
        let fresh = req.input().renew() && req.output().renew();
        match self.places.get(self.count.get()) {
            Some(place) if fresh => {
                place.set(req.0.as_ptr());
                self.count.set(self.count.get() + 1);
            }
            _ => req.free(),
        }
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        while let Some(req) = self.pop() {
            req.free();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::End;

    #[test]
    fn requests_come_back() {
        let (spares, store) = (Spares::new(), Store::new());
        let make = || spares.make(None, ptr::null_mut()).unwrap();
        let first = make();
        first.output().lock().add(b"text").unwrap();
        assert!(first.set_target(b"/x"));
        let headers = first.input_headers();
        headers.add(b"A", b"b", Some(&store)).unwrap();
        spares.free(first, &store);
        let second = make();
        assert_eq!(first.as_ptr(), second.as_ptr());
        assert!(second.output().is_empty() && second.target().is_null());
        assert!(second.input_headers().is_empty());
        // A program has changed it.
        second.input().lock().set_frozen(End::End, true);
        spares.free(second, &store);
        assert_eq!(spares.count.get(), 0);
        let held = make();
        let hold = held.hold();
        spares.free(held, &store);
        assert!(hold.is_freed());
        assert_eq!(spares.count.get(), 0);
    }

    #[test]
    fn only_so_many_are_kept() {
        let (spares, store) = (Spares::new(), Store::new());
        let all = [0; MOST + 2].map(|_| spares.make(None, ptr::null_mut()).unwrap());
        for req in all {
            spares.free(req, &store);
        }
        assert_eq!(spares.count.get(), MOST);
    }
}
