//! Handles to events and callbacks, which live in memory that C programs own.
//!
//! No reference to such an object is ever made: its program may read it, and
//! another handle may write it, at any time. Every access is one load or store
//! through the pointer. Making a handle is the promise that the object stays
//! alive while the handle is used; **after every call into user code handles
//! are made anew or not used at all**, because the callback may have freed the
//! object.

use core::ffi::{c_int, c_short, c_void};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicI16, Ordering::Relaxed};

use libc::timeval;

use super::event::EventFn;
use super::{BaseRef, EventBase};
use crate::ctypes::event::{EV_CLOSED, EV_PERSIST, EV_READ, EV_SIGNAL, EV_WRITE};
use crate::ctypes::event_struct::{
    EVLIST_FINALIZING, EVLIST_INIT, EVLIST_INTERNAL, event, event_callback, event_callback_function,
};
use crate::support::intrusive::{Linked, ListLink, TailLink};
use crate::support::log;

/// What a queued callback is and so how it is called (`evcb_closure`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Closure {
    /// A plain event.
    Event = 0,
    /// A signal event: called as often as the signal came.
    Signal = 1,
    /// A persistent event: scheduled anew before it is called.
    Persist = 2,
    /// A callback that is not an event.
    Callback = 3,
    /// The finalizer of a callback that is not an event.
    FinalizeCallback = 4,
    /// An event's finalizer.
    FinalizeEvent = 5,
    /// An event's finalizer, after which the event is freed.
    FinalizeAndFree = 6,
}

/// Bits of `evcb_closure`, where programs don't look; see `base::interest`.
const REGISTERED_BEFORE: u8 = 0x80;
const PROVISIONAL: u8 = 0x40;
const NOTES: u8 = REGISTERED_BEFORE | PROVISIONAL;

/// A queued or queueable callback.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Cb(NonNull<event_callback>);

/// An event.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Ev(NonNull<event>);

/// Field access by one load or store. The room says who may store.
macro_rules! fields {
    (set: $room:vis, $($get:ident $set:ident: $type:ty = $($path:ident).+;)*) => {$(
        #[inline]
        pub fn $get(self) -> $type {
            // SAFETY: the object is alive (see the module) and its owner does not race with us:
            // the lock that guards it is held, no other thread knows the object, or it is a field
            // that only the program changes.
            unsafe { (*self.0.as_ptr()).$($path).+ }
        }
        #[inline]
        $room fn $set(self, value: $type) {
            // SAFETY: as above.
            unsafe { (*self.0.as_ptr()).$($path).+ = value }
        }
    )*};
}

/// The same for pointers to what C programs see as opaque objects.
macro_rules! opaque_fields {
    (set: $room:vis, $($get:ident $set:ident: *$mutability:tt $type:ty = $($path:ident).+;)*) => {$(
        #[inline]
        pub fn $get(self) -> *$mutability $type {
            // SAFETY: as in `fields`.
            unsafe { (*self.0.as_ptr()).$($path).+.cast() }
        }
        #[inline]
        $room fn $set(self, value: *$mutability $type) {
            // SAFETY: as in `fields`.
            unsafe { (*self.0.as_ptr()).$($path).+ = value.cast() }
        }
    )*};
}

pub(crate) use {fields, opaque_fields};

impl Cb {
    /// # Safety
    /// `callback` is alive as long as the handle is used; see the module.
    #[inline]
    pub unsafe fn new(callback: *mut event_callback) -> Option<Cb> {
        NonNull::new(callback).map(Cb)
    }

    /// # Safety
    /// As for [`Cb::new`].
    #[inline]
    pub unsafe fn at(callback: NonNull<event_callback>) -> Cb {
        Cb(callback)
    }

    #[inline]
    pub fn as_ptr(self) -> *mut event_callback {
        self.0.as_ptr()
    }

    fields! {
        set: pub(super),
        priority set_priority: u8 = evcb_pri;
        raw_closure set_raw_closure: u8 = evcb_closure;
        function set_function: event_callback_function = evcb_cb_union;
        argument set_argument: *mut c_void = evcb_arg;
    }

    /// Stores are atomic, for [`Cb::is_initialized`].
    #[inline]
    fn atomic_flags<'a>(self) -> &'a AtomicI16 {
        // SAFETY: the object is alive (see the module), and all stores are by this.
        unsafe { AtomicI16::from_ptr(&raw mut (*self.as_ptr()).evcb_flags) }
    }

    /// Whether it has been assigned; the program may ask while another thread's loop runs it.
    #[inline]
    pub fn is_initialized(self) -> bool {
        c_int::from(self.atomic_flags().load(Relaxed)) & EVLIST_INIT != 0
    }

    /// Whether it is initialized and nothing else. Needs no lock.
    pub fn is_unused(self) -> bool {
        c_int::from(self.atomic_flags().load(Relaxed)) == EVLIST_INIT
    }

    /// `EVLIST_*` bits. The caller has the base's lock.
    #[inline]
    pub fn flags(self) -> c_int {
        // SAFETY: as in `fields`: who stores has the lock, too.
        c_int::from(unsafe { (*self.as_ptr()).evcb_flags })
    }

    #[inline]
    pub(super) fn set_flags(self, flags: c_int) {
        // One store of all 16 bits: made into one of the byte that changes, it would have the next
        // load of the whole wait for it, 5 ns for each callback.
        self.atomic_flags().store(flags as c_short, Relaxed);
    }

    #[inline]
    pub fn has(self, flags: c_int) -> bool {
        self.flags() & flags != 0
    }

    /// [`Self::flags`] by a load of these 16 bits: together with what is beside them, it would have to
    /// wait for the last store there.
    #[inline]
    fn flags_alone(self) -> c_int {
        c_int::from(self.atomic_flags().load(Relaxed))
    }

    #[inline]
    pub(super) fn add_flags(self, flags: c_int) {
        self.set_flags(self.flags_alone() | flags);
    }

    #[inline]
    pub(super) fn clear_flags(self, flags: c_int) {
        self.set_flags(self.flags_alone() & !flags);
    }

    #[inline]
    pub fn closure(self) -> Closure {
        match self.raw_closure() & !NOTES {
            0 => Closure::Event,
            1 => Closure::Signal,
            2 => Closure::Persist,
            3 => Closure::Callback,
            4 => Closure::FinalizeCallback,
            5 => Closure::FinalizeEvent,
            6 => Closure::FinalizeAndFree,
            // Memory that is not an event's: what stands there must not be called, or freed.
            other => log::fatal_abort(format_args!(
                "event {:p} has been overwritten (evcb_closure {other})",
                self.as_ptr()
            )),
        }
    }

    /// Whether the event was registered before for the descriptor that it has now.
    #[inline]
    pub fn registered_before(self) -> bool {
        self.raw_closure() & REGISTERED_BEFORE != 0
    }

    #[inline]
    pub(super) fn set_registered_before(self) {
        self.set_raw_closure(self.raw_closure() | REGISTERED_BEFORE);
    }

    /// Whether the event is in its descriptor's list only; see [`Adding::BeforeWait`].
    ///
    /// [`Adding::BeforeWait`]: super::interest::Adding::BeforeWait
    #[inline]
    pub fn is_provisional(self) -> bool {
        self.raw_closure() & PROVISIONAL != 0
    }

    #[inline]
    pub(super) fn set_provisional(self, uncounted: bool) {
        let others = self.raw_closure() & !PROVISIONAL;
        self.set_raw_closure(if uncounted {
            others | PROVISIONAL
        } else {
            others
        });
    }

    /// Also forgets that the event was registered before: assigning it begins a new life.
    #[inline]
    pub(super) fn set_closure(self, closure: Closure) {
        self.set_raw_closure(closure as u8);
    }

    #[inline]
    pub fn is(self, closure: Closure) -> bool {
        self.raw_closure() & !NOTES == closure as u8
    }

    /// The event that this callback is the head of, if it is one.
    #[inline]
    pub fn event(self) -> Option<Ev> {
        self.has(EVLIST_INIT).then_some(Ev(self.0.cast()))
    }

    /// [`Self::event`] with these flags, if it is the program's and goes on living.
    #[inline]
    pub fn plain_event(self, flags: c_int) -> Option<Ev> {
        let usual = flags & (EVLIST_INIT | EVLIST_INTERNAL | EVLIST_FINALIZING) == EVLIST_INIT;
        usual.then_some(Ev(self.0.cast()))
    }

    /// 1 for what counts as the program's, 0 for the library's own.
    #[inline]
    pub fn counts(self) -> c_int {
        c_int::from(!self.has(EVLIST_INTERNAL))
    }
}

impl Ev {
    /// # Safety
    /// `event` is alive as long as the handle is used; see the module.
    #[inline]
    pub unsafe fn new(event: *mut event) -> Option<Ev> {
        NonNull::new(event).map(Ev)
    }

    /// # Safety
    /// As for [`Ev::new`].
    #[inline]
    pub unsafe fn at(event: NonNull<event>) -> Ev {
        Ev(event)
    }

    #[inline]
    pub fn as_ptr(self) -> *mut event {
        self.0.as_ptr()
    }

    /// The callback at the event's head.
    #[inline]
    pub fn callback(self) -> Cb {
        Cb(self.0.cast())
    }

    opaque_fields! {
        set: pub(super),
        base_ptr set_base: *mut EventBase = ev_base;
    }

    /// Its base, if it has one.
    #[inline]
    pub fn base(self) -> Option<BaseRef> {
        // SAFETY: a base outlives the use of the events that were assigned to it.
        unsafe { BaseRef::from_ptr(self.base_ptr()) }
    }

    /// Its callback. (Until it is finalized the union holds one.)
    #[inline]
    pub fn function(self) -> Option<EventFn> {
        // SAFETY: both arms of the union are one pointer to a function, or null.
        unsafe { self.callback().function().evcb_callback }
    }

    fields! {
        set: pub(super),
        fd set_fd: c_int = ev_fd;
        events set_events: c_short = ev_events;
        result set_result: c_short = ev_res;
        timeout set_timeout: timeval = ev_timeout;
    }

    /// Field access where the field is in a union: every bit pattern is a value of these types.
    #[inline]
    pub fn heap_index(self) -> c_int {
        // SAFETY: as in `fields`; an int has no invalid values.
        unsafe { (*self.as_ptr()).ev_timeout_pos.min_heap_idx }
    }

    #[inline]
    pub(super) fn set_heap_index(self, index: c_int) {
        // SAFETY: as in `fields`.
        unsafe { (*self.as_ptr()).ev_timeout_pos.min_heap_idx = index }
    }

    /// The interval of a persistent event.
    #[inline]
    pub fn interval(self) -> timeval {
        // SAFETY: as in `fields`; a timeval has no invalid values.
        unsafe { (*self.as_ptr()).ev_.ev_io.ev_timeout }
    }

    /// An interval of zero counts as none.
    #[inline]
    pub fn has_interval(self) -> bool {
        let interval = self.interval();
        interval.tv_sec | interval.tv_usec != 0
    }

    #[inline]
    pub(super) fn set_interval(self, interval: timeval) {
        // SAFETY: as in `fields`.
        unsafe { (*self.as_ptr()).ev_.ev_io.ev_timeout = interval }
    }

    /// How often a signal event's callback has still to run.
    pub fn calls(self) -> c_short {
        // SAFETY: as in `fields`; a short has no invalid values.
        unsafe { (*self.as_ptr()).ev_.ev_signal.ev_ncalls }
    }

    pub(super) fn set_calls(self, calls: c_short) {
        // SAFETY: as in `fields`.
        unsafe { (*self.as_ptr()).ev_.ev_signal.ev_ncalls = calls }
    }

    /// Where the running loop over the calls counts, or null.
    pub(super) fn set_call_counter(self, counter: *mut c_short) {
        // SAFETY: as in `fields`.
        unsafe { (*self.as_ptr()).ev_.ev_signal.ev_pncalls = counter }
    }

    /// Ends the running loop over a signal event's calls, if there is one.
    pub(super) fn stop_calls(self) {
        if self.is_signal() {
            // SAFETY: for a signal event the field is valid; it is null unless the dispatcher's
            // loop runs, whose counter it then points to. The loop ends before it looks at the
            // event again, so the pointer goes here.
            unsafe {
                let counter = (*self.as_ptr()).ev_.ev_signal.ev_pncalls;
                if !counter.is_null() {
                    *counter = 0;
                    self.set_call_counter(core::ptr::null_mut());
                }
            }
        }
    }

    #[inline]
    pub fn is_signal(self) -> bool {
        self.events() & EV_SIGNAL != 0
    }

    /// Whether the event waits for time only.
    #[inline]
    pub fn is_timer(self) -> bool {
        self.events() & (EV_READ | EV_WRITE | EV_CLOSED | EV_SIGNAL) == 0
    }

    #[inline]
    pub fn is_persistent(self) -> bool {
        self.events() & EV_PERSIST != 0
    }

    /// The link in the list of events of one descriptor or signal. (Both arms of the union begin
    /// with it.)
    #[inline]
    pub fn source_link(self) -> *mut ListLink<event> {
        // SAFETY: only computes an address inside the live event.
        unsafe { &raw mut (*self.as_ptr()).ev_.ev_io.ev_io_next }
    }

    /// The next event of the same descriptor or signal.
    #[inline]
    pub fn next_of_source(self) -> Option<Ev> {
        // SAFETY: linked events are alive, and this one is linked.
        unsafe { Ev::new((*self.source_link()).le_next) }
    }
}

/// The queues of callbacks that will run.
pub struct Active;

// SAFETY: only computes the field's address.
unsafe impl Linked<Active> for event_callback {
    #[inline]
    unsafe fn link(this: *mut Self) -> *mut TailLink<Self> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*this).evcb_active_next }
    }
}

/// The queues of events with one common timeout.
pub struct Common;

// SAFETY: only computes the field's address.
unsafe impl Linked<Common> for event {
    #[inline]
    unsafe fn link(this: *mut Self) -> *mut TailLink<Self> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*this).ev_timeout_pos.ev_next_with_common_timeout }
    }
}

/// A list of the events of one descriptor or signal, newest first.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct SourceList(*mut event);

impl SourceList {
    pub const EMPTY: SourceList = SourceList(core::ptr::null_mut());

    #[inline]
    pub fn first(self) -> Option<Ev> {
        // SAFETY: linked events are alive: deleting an event unlinks it.
        unsafe { Ev::new(self.0) }
    }

    pub fn contains(self, ev: Ev) -> bool {
        let mut next = self.first();
        while let Some(other) = next {
            if other == ev {
                return true;
            }
            next = other.next_of_source();
        }
        false
    }

    #[inline]
    pub fn push_front(&mut self, ev: Ev) {
        // SAFETY: both events are alive; a null `le_prev` marks the first one, so that the list's
        // head may move in memory.
        unsafe {
            (*ev.source_link()).le_next = self.0;
            (*ev.source_link()).le_prev = core::ptr::null_mut();
            if let Some(next) = self.first() {
                (*next.source_link()).le_prev = &raw mut (*ev.source_link()).le_next;
            }
        }
        self.0 = ev.as_ptr();
    }

    #[inline]
    pub fn remove(&mut self, ev: Ev) {
        // SAFETY: `ev` is in this list, and its neighbours are alive.
        unsafe {
            let link = *ev.source_link();
            if let Some(next) = Ev::new(link.le_next) {
                (*next.source_link()).le_prev = link.le_prev;
            }
            if link.le_prev.is_null() {
                self.0 = link.le_next;
            } else {
                *link.le_prev = link.le_next;
            }
        }
    }
}
