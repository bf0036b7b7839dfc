//! `<event2/event_struct.h>`: the objects that programs embed in their own.
//!
//! Layouts only. They are the contract with every program ever compiled
//! against libevent 2.1, so the core works on them in place, and every layer
//! may use this module.

use core::ffi::{c_int, c_short, c_void};

use libc::timeval;

use super::opaque::event_base;
use super::queue::{ListLink, TailLink};
use super::util::evutil_socket_t;

/// The event is in the timeout heap or in a common-timeout queue.
pub const EVLIST_TIMEOUT: c_int = 0x01;
/// The event is registered for its descriptor or signal.
pub const EVLIST_INSERTED: c_int = 0x02;
/// Not used any more.
pub const EVLIST_SIGNAL: c_int = 0x04;
/// The callback is queued and will run.
pub const EVLIST_ACTIVE: c_int = 0x08;
/// The event belongs to the library itself.
pub const EVLIST_INTERNAL: c_int = 0x10;
/// The callback is queued for a later iteration of the loop.
pub const EVLIST_ACTIVE_LATER: c_int = 0x20;
/// The event is being finalized and takes no part in anything else.
pub const EVLIST_FINALIZING: c_int = 0x40;
/// The event has been assigned.
pub const EVLIST_INIT: c_int = 0x80;
/// All of the above.
pub const EVLIST_ALL: c_int = 0xff;

/// A callback that can be queued; the head of every event. Its members are private.
#[repr(C)]
pub struct event_callback {
    pub evcb_active_next: TailLink<event_callback>,
    pub evcb_flags: c_short,
    /// Smaller numbers run first.
    pub evcb_pri: u8,
    pub evcb_closure: u8,
    pub evcb_cb_union: event_callback_function,
    pub evcb_arg: *mut c_void,
}

/// What to call; `evcb_closure` tells which.
/// cbindgen:anonymous
#[repr(C)]
#[derive(Clone, Copy)]
pub union event_callback_function {
    pub evcb_callback: Option<unsafe extern "C" fn(evutil_socket_t, c_short, *mut c_void)>,
    pub evcb_selfcb: Option<unsafe extern "C" fn(*mut event_callback, *mut c_void)>,
    pub evcb_evfinalize: Option<unsafe extern "C" fn(*mut event, *mut c_void)>,
    pub evcb_cbfinalize: Option<unsafe extern "C" fn(*mut event_callback, *mut c_void)>,
}

/// An event. Programs may hold one anywhere, but touch it only through functions.
#[repr(C)]
pub struct event {
    pub ev_evcallback: event_callback,
    pub ev_timeout_pos: event_timeout_position,
    pub ev_fd: evutil_socket_t,
    pub ev_base: *mut event_base,
    pub ev_: event_source,
    /// What the event waits for.
    pub ev_events: c_short,
    /// What happened, as given to the callback.
    pub ev_res: c_short,
    /// When the event times out, on the base's monotonic clock.
    pub ev_timeout: timeval,
}

/// Where an event with a timeout is kept.
/// cbindgen:anonymous
#[repr(C)]
#[derive(Clone, Copy)]
pub union event_timeout_position {
    pub ev_next_with_common_timeout: TailLink<event>,
    pub min_heap_idx: c_int,
}

/// What an event waits for, besides time.
/// cbindgen:anonymous
#[repr(C)]
#[derive(Clone, Copy)]
pub union event_source {
    pub ev_io: event_io,
    pub ev_signal: event_signal,
}

/// Of events on descriptors.
/// cbindgen:anonymous
#[repr(C)]
#[derive(Clone, Copy)]
pub struct event_io {
    pub ev_io_next: ListLink<event>,
    /// The interval of a persistent event.
    pub ev_timeout: timeval,
}

/// Of events on signals.
/// cbindgen:anonymous
#[repr(C)]
#[derive(Clone, Copy)]
pub struct event_signal {
    pub ev_signal_next: ListLink<event>,
    /// How often the callback has still to run.
    pub ev_ncalls: c_short,
    /// Where the running loop over `ev_ncalls` counts, so that deleting the event ends it.
    pub ev_pncalls: *mut c_short,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;

    assert!(size_of::<event_callback>() == 40 && size_of::<event>() == 128);
    assert!(offset_of!(event_callback, evcb_flags) == 16);
    assert!(offset_of!(event_callback, evcb_pri) == 18);
    assert!(offset_of!(event_callback, evcb_closure) == 19);
    assert!(offset_of!(event_callback, evcb_cb_union) == 24);
    assert!(offset_of!(event_callback, evcb_arg) == 32);
    assert!(offset_of!(event, ev_timeout_pos) == 40);
    assert!(offset_of!(event, ev_fd) == 56);
    assert!(offset_of!(event, ev_base) == 64);
    assert!(offset_of!(event, ev_) == 72);
    assert!(offset_of!(event_io, ev_timeout) == 16);
    assert!(offset_of!(event_signal, ev_ncalls) == 16);
    assert!(offset_of!(event_signal, ev_pncalls) == 24);
    assert!(offset_of!(event, ev_events) == 104);
    assert!(offset_of!(event, ev_res) == 106);
    assert!(offset_of!(event, ev_timeout) == 112);
};
