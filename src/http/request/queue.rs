//! Requests in a queue: those of a connection.

use super::{Req, Request};
use crate::support::members::{Members, linked};
use crate::support::thunk::Ref;

linked!(Request, (), public.next);

/// The requests of a connection, in order.
pub struct Requests(Members<Request>);

impl Requests {
    /// # Safety
    /// See [`Members::new`].
    pub const unsafe fn new() -> Requests {
        // SAFETY: the caller's promise.
        Requests(unsafe { Members::new() })
    }

    pub fn first(&self) -> Option<Req> {
        self.0.first().map(|req| Req(req.as_non_null()))
    }

    /// Appends a request that is in no queue.
    pub fn push(&self, req: Req) {
        self.0.push(member(req));
        req.set_queued(true);
    }

    /// Takes a request out, if it is in: it is on one connection only.
    pub fn remove(&self, req: Req) {
        if req.queued() {
            req.set_queued(false);
            self.0.remove(member(req));
        }
    }

    /// Takes a request out of the queue of those that have failed and are told one after the other.
    pub fn leave(req: Req) {
        if req.queued() {
            req.set_queued(false);
            Members::<Request>::leave(member(req));
        }
    }
}

/// A request as its queue knows it.
fn member(req: Req) -> Ref<Request> {
    // SAFETY: a handle's request is live.
    unsafe { Ref::new(req.0) }
}
