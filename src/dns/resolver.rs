//! `struct evdns_base`: the state behind a lock, what the loop calls, and what programs are told.
//!
//! # Locks and callbacks
//! The state is borrowed for the length of one operation, with the lock held, and no program code
//! runs meanwhile: results and log lines are kept and told afterwards, without the lock. Results
//! always come from the loop, in one deferred callback for each.
//!
//! # The end
//! [`free`] ends all events and leaves the rest to a finalizer, which the loop runs, or whoever frees
//! the loop: no callback of an event can be under way then.

use core::cell::RefCell;
use core::ffi::c_int;
use core::ptr::NonNull;

use super::lookup::{Callback, Handle, Lookup, Shape, Stage};
use super::name::Name;
use super::query::{Key, Query, Stage as QueryStage};
use super::search::Search;
use super::state::{Notice, Owner, Reason, State};
use super::{deliver, getaddrinfo, log};
use crate::base::{BaseRef, Deferred, EventBase, OwnTimer};
use crate::ctypes::dns::*;
use crate::ctypes::event::EV_TIMEOUT;
use crate::net::addr_text::SocketAddrText;
use crate::net::resolver::register;
use crate::support::mm;
use crate::support::shared::{Header, Held, Object, Ref, Shared};
use crate::support::time::{self, Micros, to_timeval};

/// `struct evdns_base`. Opaque to C.
pub struct Resolver {
    header: Header,
    pub base: BaseRef,
    state: RefCell<State>,
    timer: OwnTimer,
    results: Deferred,
}

// SAFETY: the member.
unsafe impl Object for Resolver {
    fn header(&self) -> &Header {
        &self.header
    }
}

/// The time of deadlines and of answers: as exact as the loop's timers are.
pub fn now() -> Micros {
    time::monotonic(false)
}

/// Makes a resolver without servers.
pub fn create(base: &EventBase) -> Option<Ref<Resolver>> {
    // SAFETY: programs free a base after its resolvers.
    let base = unsafe { BaseRef::new(NonNull::from(base)) };
    let state = RefCell::new(State::new(base)?);
    let resolver = Ref::make(Resolver {
        header: Header::with_lock()?,
        base,
        state,
        timer: OwnTimer::new(),
        results: Deferred::new(),
    })?;
    resolver.state.borrow_mut().resolver = Some(resolver);
    // SAFETY: both are part of the resolver, which is destroyed by the loop after they have ended.
    unsafe {
        resolver.timer.assign(&base, on_timer, resolver);
        let priority = (base.priorities() / 2) as u8;
        resolver.results.init(priority, on_result, resolver);
    }
    register(&getaddrinfo::RESOLVER);
    Some(resolver)
}

/// Ends a resolver. What is being looked up fails, if `fail`; otherwise nobody hears of it again.
pub fn free(resolver: Ref<Resolver>, fail: bool) {
    let held = resolver.hold();
    {
        let mut state = held.state.borrow_mut();
        if state.ended {
            return;
        }
        state.ended = true;
        for slot in state.slots() {
            state.shut_down(slot, fail);
        }
        state.clear_servers();
    }
    let base = held.base.lock();
    held.timer.end(&base);
    // SAFETY: the resolver is there until its last reference is given up, in the finalizer.
    unsafe { held.results.finalize(&base, on_end, resolver) };
}

impl Ref<Resolver> {
    /// Works on the state, sees to what follows, and tells.
    pub fn with<R>(self, work: impl FnOnce(&mut State) -> R) -> R {
        let held = self.hold();
        let (result, quiet) = {
            let mut state = held.state.borrow_mut();
            state.now = now();
            let result = work(&mut state);
            held.settle(&mut state);
            (result, state.notices.is_empty())
        };
        if !quiet {
            tell(&held);
        }
        result
    }

    /// A server's socket can be read.
    pub fn receive(self, fd: c_int) {
        self.with(|state| state.receive(fd));
    }

    /// A connection to a server has something to do.
    pub fn connection_ready(self, fd: c_int, writable: bool) {
        self.with(|state| state.tcp_ready(fd, writable));
    }
}

impl Resolver {
    /// Whether resolv.conf is read again when it changes.
    pub fn watches_file(&self) -> bool {
        let state = self.state.borrow();
        state.watch.on && state.options.reload
    }

    /// Has the loop call when something is due or done.
    fn settle(&self, state: &mut State) {
        if state.ended {
            return;
        }
        match (state.timers.next(), state.armed) {
            (None, None) => {}
            // A timer that comes too early finds that out, which costs less than to set it again
            // with each answer.
            (Some(next), Some(armed)) if armed <= next => {}
            (None, Some(_)) if state.keeps_loop_running() => {}
            (None, Some(_)) => {
                state.armed = None;
                self.timer.stop(&self.base.lock());
            }
            (Some(next), _) => {
                state.armed = Some(next);
                let base = self.base.lock();
                let after = to_timeval((next - state.now).max(0));
                if self.timer.start(&base, after).is_err() {
                    // There is no memory for a timer: the next iteration looks again.
                    state.armed = None;
                    base.activate_later(self.timer.handle(), EV_TIMEOUT);
                }
            }
        }
        if state.has_done() {
            self.results.schedule(&self.base.lock());
        }
    }
}

/// Tells what has happened to servers.
#[cold]
fn tell(held: &Held<Ref<Resolver>>) {
    loop {
        let notice = {
            let mut state = held.state.borrow_mut();
            if state.notices.is_empty() {
                return;
            }
            state.notices.remove(0)
        };
        held.call_out(|| match notice {
            Notice::Failed(address, reason) => {
                let address = SocketAddrText(address);
                match reason {
                    Reason::Timeout => log::message(format_args!(
                        "Nameserver {address} has failed: request timed out."
                    )),
                    Reason::Rcode(code) => log::message(format_args!(
                        "Nameserver {address} has failed: Bad response {code} ({})",
                        super::error_text(code.into()).to_str().unwrap_or("")
                    )),
                    Reason::System(error) => {
                        log::message(format_args!("Nameserver {address} has failed: {error}"));
                    }
                }
            }
            Notice::Up(address) => log::message(format_args!(
                "Nameserver {} is back up",
                SocketAddrText(address)
            )),
            Notice::AllFailed => log::message(format_args!("All nameservers have failed")),
        });
    }
}

fn on_timer(resolver: Ref<Resolver>) {
    resolver.with(|state| {
        state.armed = None;
        state.run_timers();
    });
}

/// Tells of one lookup that is done.
fn on_result(resolver: Ref<Resolver>) {
    let held = resolver.hold();
    deliver_next(&held, true);
    let state = held.state.borrow();
    if state.has_done() && !state.ended {
        held.results.schedule(&held.base.lock());
    }
}

/// The last that the loop does for a resolver.
fn on_end(resolver: Ref<Resolver>) {
    let held = resolver.hold();
    let running = held.base.is_running();
    while deliver_next(&held, running) {}
    held.release();
}

/// Takes what is done and tells the program, unless nothing of it is to be called.
fn deliver_next(held: &Held<Ref<Resolver>>, tell_program: bool) -> bool {
    let Some((slot, lookup)) = held.state.borrow_mut().take_done() else {
        return false;
    };
    held.call_out(|| deliver::deliver(&lookup, tell_program));
    let mut state = held.state.borrow_mut();
    state.keep_spare(lookup);
    state.free_slot(slot);
    true
}

/// What a program asks for.
pub struct Request<'a> {
    pub name: &'a Name,
    /// It ends with a dot, or is not to be searched.
    pub complete: bool,
    pub flags: c_int,
    /// The types of records, one or two.
    pub kinds: &'a [u16],
    pub shape: Option<Shape>,
    pub callback: Callback,
    /// Under which name the cache may remember it.
    pub cached_as: Option<&'a [u8]>,
}

impl State {
    /// Begins a lookup; `None` if there is no memory or no name to ask for.
    pub fn start(&mut self, request: &Request) -> Option<NonNull<Handle>> {
        if self.ended {
            return None;
        }
        let search = if request.complete {
            Search::new()
        } else {
            self.search.snapshot()?
        };
        let cached_as = match request.cached_as.filter(|_| self.options.cache) {
            Some(text) => {
                let mut name = mm::vec();
                name.try_extend_from_slice(text).ok()?;
                Some(name)
            }
            None => None,
        };
        let handle = self.insert(|state, slot| {
            let skew = match request.kinds {
                [_] => None,
                _ => Some(state.timers.reserve(Owner::Skew(slot))?),
            };
            let lookup = state.spare_lookup().map(|mut lookup| {
                let it = lookup.get_mut();
                it.callback = request.callback;
                it.flags = request.flags;
                it.names.name = *request.name;
                it.names.complete = request.complete;
                it.names.search = search;
                it.names.next = 0;
                it.shape = request.shape;
                it.cached_as = cached_as;
                it.skew = skew;
                it.stage = Stage::Asking;
                it.error = DNS_ERR_NONE;
                lookup
            });
            let added = lookup.and_then(|lookup| state.add_queries(lookup, slot, request.kinds));
            if added.is_none()
                && let Some(skew) = skew
            {
                state.timers.release(skew);
            }
            added
        })?;
        // SAFETY: handles live as long as the resolver.
        let slot = unsafe { handle.as_ref() }.slot;
        if !self.begin(slot) {
            self.remove(slot);
            self.free_slot(slot);
            return None;
        }
        Some(handle)
    }

    fn add_queries(
        &mut self,
        mut lookup: mm::Box<Lookup>,
        slot: u32,
        kinds: &[u16],
    ) -> Option<mm::Box<Lookup>> {
        let queries = &mut lookup.get_mut().queries;
        queries.truncate(kinds.len());
        if queries.len() < kinds.len() {
            queries
                .try_reserve_exact(kinds.len() - queries.len())
                .ok()?;
        }
        for (which, &kind) in kinds.iter().enumerate() {
            if which == queries.len() {
                queries.push_within_capacity(Query::new());
            }
            let owner = Owner::Query(Key::new(slot, which));
            let place = queries[which]
                .make_room(kind)
                .ok()
                .and_then(|()| self.timers.reserve(owner));
            let Some(place) = place else {
                for query in &queries[..which] {
                    self.timers.release(query.place);
                }
                return None;
            };
            queries[which].renew(kind, place);
        }
        Some(lookup)
    }

    /// Ends a lookup with an error, if it is not over.
    pub fn cancel(&mut self, slot: u32) {
        let asking = self
            .lookup(slot)
            .is_some_and(|lookup| lookup.stage == Stage::Asking);
        if asking {
            self.abort(slot);
            self.complete(slot, DNS_ERR_CANCEL);
            self.pump();
            if self.flying.len == 0 && self.rests_when_idle {
                self.rest_all();
            }
        }
    }

    /// Ends a lookup for which nobody needs to be told. False if it has been told, or is just about
    /// to be.
    pub fn cancel_silently(&mut self, slot: u32) -> bool {
        let Some(lookup) = self.lookup(slot) else {
            return false;
        };
        let done = lookup.stage == Stage::Done;
        if !done {
            self.cancel(slot);
        }
        let there = self.withdraw(slot).is_some();
        self.free_slot(slot);
        there
    }

    /// The resolver ends: so does a lookup.
    fn shut_down(&mut self, slot: u32, fail: bool) {
        let Some(lookup) = self.lookup(slot) else {
            return;
        };
        if lookup.stage == Stage::Done {
            return;
        }
        let internal = matches!(lookup.callback, Callback::Internal(..));
        let found = lookup
            .queries
            .iter()
            .any(|query| query.stage == QueryStage::Idle && query.error == DNS_ERR_NONE);
        self.abort(slot);
        if fail || internal {
            let error = if found {
                DNS_ERR_NONE
            } else {
                DNS_ERR_SHUTDOWN
            };
            self.complete(slot, error);
        } else {
            self.remove(slot);
        }
    }
}

/// Ends a lookup: its callback will be told so.
///
/// # Safety
/// The handle's resolver is alive.
pub unsafe fn cancel(handle: NonNull<Handle>) {
    // SAFETY: handles live as long as their resolver.
    let (resolver, slot) = unsafe { (handle.as_ref().resolver, handle.as_ref().slot) };
    resolver.with(|state| state.cancel(slot));
}
