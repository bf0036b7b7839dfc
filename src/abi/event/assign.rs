//! Events: how they are made, assigned and freed.

use core::ffi::{c_int, c_short, c_uint, c_void};

use super::event_and_base;
use super::pending::delete;
use crate::abi::convert::done;
use crate::base::event::Blocking;
use crate::base::finalize::EventFinalizer;
use crate::base::handle::Ev;
use crate::base::{self, BaseRef, debug, global};
use crate::ctypes::event::{event_callback_fn, event_finalize_callback_fn};
use crate::ctypes::util::evutil_socket_t;

/// Tells debug mode that the memory of an event is used for something else now. The event must not
/// be pending, and counts as not initialized from here on, also outside of debug mode.
///
/// Since 2.0.
///
/// # Safety
/// `ev` points to an assigned event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_debug_unassign(ev: Option<Ev>) {
    if let Some(ev) = ev {
        base::event::unassign(ev);
    }
}

/// Moves an event to another base. It must be assigned, and neither pending nor active. Its
/// priority becomes the base's middle one.
///
/// @return 0 on success, -1 on failure
///
/// # Safety
/// Both point to live objects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_set(base: Option<BaseRef>, ev: Option<Ev>) -> c_int {
    done(base.zip(ev).is_some_and(|(base, ev)| {
        let set = base::event::set_base(ev, &base);
        if set {
            debug::assert_assigned(ev, "event_base_set");
        }
        set
    }))
}

/// A byte whose address means "the event itself".
static SELF_ARGUMENT: u8 = 0;

/// What to pass as the argument of a callback that wants its own event as argument. For event_new()
/// and event_assign().
///
/// Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn event_self_cbarg() -> *mut c_void {
    (&raw const SELF_ARGUMENT).cast_mut().cast()
}

/// Makes an event, which waits for nothing until event_add().
///
/// @param base the base
/// @param fd the descriptor or the signal's number; -1 for a timer
/// @param events EV_READ, EV_WRITE, EV_CLOSED, or EV_SIGNAL alone; with EV_PERSIST and EV_ET as
///   wished; 0 for a timer
/// @param callback what to call
/// @param callback_arg the callback's argument
/// @return the event, to be freed with event_free(), or NULL
///
/// Since 2.0.
///
/// # Safety
/// `base` is a live base (or NULL: the event must then get one from event_base_set()); `callback`
/// can be called with `callback_arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_new(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    callback_arg: *mut c_void,
) -> Option<Ev> {
    // SAFETY: the caller's promise.
    unsafe { base::event::create(|ev| assign(ev, base, fd, events, callback, callback_arg)) }
}

/// Fills an event in, as event_assign() does.
#[inline(always)]
fn assign(
    ev: Ev,
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    callback_arg: *mut c_void,
) -> bool {
    let base = global::base_or_current(base);
    let argument = if callback_arg == event_self_cbarg() {
        ev.as_ptr().cast()
    } else {
        callback_arg
    };
    debug::assert_not_added(ev, "event_assign");
    let assigned = base::event::assign_to(ev, base.as_deref(), fd, events, callback, argument);
    if assigned {
        debug::note_assigned(ev);
    }
    assigned
}

/// Makes an event in memory that the program provides. Parameters are those of event_new(); the
/// event must not be pending or active if it was assigned before.
///
/// @return 0 on success, -1 if `events` makes no sense
///
/// Since 2.0.
///
/// # Safety
/// `ev` is writable for the size of struct event and stays where it is; otherwise as event_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_assign(
    ev: Option<Ev>,
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    callback_arg: *mut c_void,
) -> c_int {
    done(ev.is_some_and(|ev| assign(ev, base, fd, events, callback, callback_arg)))
}

/// Deletes an event and frees it.
///
/// @param ev an event of event_new(), or NULL
///
/// # Safety
/// `ev` came from event_new() and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_free(ev: Option<Ev>) {
    if let Some(handle) = ev {
        debug::assert_assigned(handle, "event_free");
        delete(ev, Blocking::Auto);
        // SAFETY: made by event_new() (# Safety), and deleted.
        unsafe { base::event::free(handle) };
    }
}

/// Deletes an event, and calls a function from the loop once no thread runs its callback any more.
/// Until then the event's memory must stay.
///
/// @param flags 0
/// @param ev an event, best made with EV_FINALIZE
/// @param cb called with the event and its argument
/// @return 0 on success, -1 on failure
///
/// Since 2.1.
///
/// # Safety
/// `ev` is assigned and stays in place until `cb` is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_finalize(
    flags: c_uint,
    ev: Option<Ev>,
    cb: event_finalize_callback_fn,
) -> c_int {
    let _ = flags;
    finalize(ev, cb, false)
}

/// event_finalize(), then frees the event.
///
/// @return 0 on success, -1 on failure
///
/// Since 2.1.
///
/// # Safety
/// `ev` came from event_new() and is not used afterwards, except by `cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_free_finalize(
    flags: c_uint,
    ev: Option<Ev>,
    cb: event_finalize_callback_fn,
) -> c_int {
    let _ = flags;
    finalize(ev, cb, true)
}

fn finalize(ev: Option<Ev>, finalizer: Option<EventFinalizer>, free: bool) -> c_int {
    done(
        event_and_base(ev, "event_finalize").is_ok_and(|(ev, base)| {
            debug::assert_assigned(ev, "event_finalize");
            base.lock().finalize(ev, finalizer, free);
            true
        }),
    )
}

/// Sets an event's priority. It must not be active.
///
/// @return 0 on success; -1 if it is active, or for a number that its base does not have
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_priority_set(ev: Option<Ev>, priority: c_int) -> c_int {
    if let Some(ev) = ev {
        debug::assert_assigned(ev, "event_priority_set");
    }
    done(
        event_and_base(ev, "event_priority_set")
            .is_ok_and(|(ev, base)| base.lock().set_priority(ev, priority)),
    )
}
