//! Looking names up without waiting: where a resolver comes in that lies above.
//!
//! An `evdns_base` is a resolver of the library's; to this module it is an opaque pointer, and the
//! functions that work on it are registered with the first that is made. Without one, the system's
//! resolver answers before [`start`] returns.
//!
//! # Locks
//! Lookups are started and cancelled with a bufferevent's lock held: a resolver's own lock comes
//! after it, so it is not held while `done` is called.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use libc::addrinfo;

use super::addr_list::AddrList;
use super::getaddrinfo;

/// What is looked up: at least one of host and service.
pub struct Query<'a> {
    /// A name or a numeric address.
    pub host: Option<&'a CStr>,
    /// A name or a number.
    pub service: Option<&'a CStr>,
    /// Flags, family, type and protocol, as `getaddrinfo` takes them.
    pub hints: &'a addrinfo,
}

/// Is given the answer: addresses, or an `EAI_*` code.
pub type Done = unsafe fn(argument: *mut c_void, answer: Result<AddrList, c_int>);

/// Begins a lookup at an `evdns_base`.
pub type StartFn =
    unsafe fn(NonNull<c_void>, &Query, Done, argument: *mut c_void) -> Option<NonNull<c_void>>;

/// The functions of a resolver.
pub struct Resolver {
    /// Begins a lookup at an `evdns_base`. `done` is called exactly once unless the lookup is
    /// cancelled: before this returns, and then there is no request, or later.
    pub start: StartFn,
    /// Ends a lookup. True if `done` won't be called; false if it has begun, in another thread. A
    /// request stays alive until `done` has returned, or it has been cancelled.
    pub cancel: unsafe fn(request: NonNull<c_void>) -> bool,
}

static RESOLVER: AtomicPtr<Resolver> = AtomicPtr::new(ptr::null_mut());

/// From now on these functions work on what programs pass as `evdns_base`.
pub fn register(resolver: &'static Resolver) {
    RESOLVER.store(ptr::from_ref(resolver).cast_mut(), Ordering::Release);
}

/// A lookup that is yet to be answered.
pub struct Lookup {
    resolver: &'static Resolver,
    request: NonNull<c_void>,
}

impl Lookup {
    /// Ends it. True if `done` won't be called; false if it is about to be, in another thread.
    ///
    /// # Safety
    /// `done` has not returned.
    pub unsafe fn cancel(self) -> bool {
        // SAFETY: the resolver's request, which lives until then.
        unsafe { (self.resolver.cancel)(self.request) }
    }
}

/// Looks something up: by the resolver `dns`, or by the system's if it is null. `None` if `done`
/// was called already.
///
/// # Safety
/// `dns` is null or a live `evdns_base`; `done` can be called with `argument` until the lookup is
/// answered or cancelled.
pub unsafe fn start(
    dns: *mut c_void,
    query: &Query,
    done: Done,
    argument: *mut c_void,
) -> Option<Lookup> {
    // SAFETY: null or what `register` got.
    let resolver = unsafe { RESOLVER.load(Ordering::Acquire).as_ref() };
    match NonNull::new(dns).zip(resolver) {
        Some((dns, resolver)) => {
            // SAFETY: the caller guarantees it (# Safety).
            let request = unsafe { (resolver.start)(dns, query, done, argument) };
            request.map(|request| Lookup { resolver, request })
        }
        None => {
            // SAFETY: as above.
            unsafe { done(argument, getaddrinfo::answer(query)) };
            None
        }
    }
}
