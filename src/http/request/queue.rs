//! Requests in a queue: those of a connection.

use core::cell::Cell;

use super::Req;
use crate::ctypes::http_struct::evhttp_request;
use crate::ctypes::queue::TailLink;
use crate::support::intrusive::{Linked, TailQueue};

/// Which queue a request is linked in.
pub type Queue = TailQueue<evhttp_request>;

// SAFETY: only computes the field's address.
unsafe impl Linked<()> for evhttp_request {
    unsafe fn link(this: *mut Self) -> *mut TailLink<Self> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*this).next }
    }
}

/// The requests of a connection, in order.
pub struct Requests(Cell<Queue>);

impl Requests {
    /// To be initialised in its place.
    pub const fn new() -> Requests {
        Requests(Cell::new(Queue::UNSET))
    }

    /// # Safety
    /// It stays where it is, and requests leave it before they are freed.
    pub unsafe fn init(&self) {
        // SAFETY: the caller's promise.
        unsafe { Queue::init(self.0.as_ptr()) };
    }

    pub fn first(&self) -> Option<Req> {
        // SAFETY: initialised; linked requests are live.
        unsafe { Req::new(Queue::first(self.0.as_ptr())) }
    }

    /// Appends a request that is in no queue.
    pub fn push(&self, req: Req) {
        // SAFETY: initialised; not linked.
        unsafe { Queue::push_back(self.0.as_ptr(), req.as_ptr()) };
        req.set_queued(true);
    }

    /// Takes a request out, if it is in.
    pub fn remove(&self, req: Req) {
        if req.queued() {
            req.set_queued(false);
            // SAFETY: linked, and here: a request is on one connection only.
            unsafe { Queue::remove(self.0.as_ptr(), req.as_ptr()) };
        }
    }
}
