//! Events that are added, deleted and activated.

use core::ffi::{c_int, c_short, c_void};

use libc::timeval;

use super::event_and_base;
use crate::abi::argument::{Const, In, Out};
use crate::abi::convert::{done, status};
use crate::base::event::Blocking;
use crate::base::handle::Ev;
use crate::base::timeout::When;
use crate::base::{BaseRef, debug};
use crate::ctypes::event::event_callback_fn;
use crate::ctypes::util::evutil_socket_t;
use crate::sys::Errno;

/// Calls a function once, without an event to look after.
///
/// @param base the base
/// @param fd the descriptor to wait for, or -1
/// @param events EV_TIMEOUT, or EV_READ and EV_WRITE with or without EV_TIMEOUT; neither EV_SIGNAL
///   nor EV_PERSIST
/// @param callback what to call
/// @param arg its argument
/// @param timeout how long to wait at most; NULL for ever, or with EV_TIMEOUT alone: not at all
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `base` is a live base, `timeout` is NULL or readable, `callback` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_once(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    arg: *mut c_void,
    timeout: In<timeval>,
) -> c_int {
    let base = base.ok_or(Errno::INVAL);
    status(base.and_then(|base| base.lock().once(fd, events, callback, arg, timeout.get())))
}

/// Makes an event wait for what it was assigned for, and for a timeout.
///
/// An event that is pending keeps what it waits for; a timeout given replaces its former one.
/// Unless the event is persistent it is deleted before its callback runs. A persistent event with a
/// timeout fires again and again, each time at least one timeout after the last.
///
/// @param ev an assigned event
/// @param timeout how long from now, or a value of event_base_init_common_timeout(); NULL for ever
/// @return 0 on success; -1 on failure, with errno set where the system refused, and nothing
///   changed
///
/// # Safety
/// `ev` is assigned and stays in place until it is deleted; `timeout` is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_add(ev: Option<Ev>, timeout: In<timeval>) -> c_int {
    status(event_and_base(ev, "event_add").and_then(|(ev, base)| {
        debug::assert_assigned(ev, "event_add");
        base.lock().add(ev, timeout.get().map(When::In))
    }))
}

/// Ends an event's timeout. Whatever else it waits for, it goes on waiting for.
///
/// @return 0 on success, also when there was no timeout; -1 on failure
///
/// Since 2.1.
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_remove_timer(ev: Option<Ev>) -> c_int {
    done(
        event_and_base(ev, "event_remove_timer").is_ok_and(|(ev, base)| {
            debug::assert_assigned(ev, "event_remove_timer");
            base.lock().remove_timer(ev);
            true
        }),
    )
}

/// Makes an event non-pending; if it is active, its callback is not run. If another thread runs its
/// callback, waits until that has returned, unless the event was made with EV_FINALIZE.
///
/// @return 0 on success, also when the event was not pending; -1 on failure
///
/// # Safety
/// `ev` is assigned, or all zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_del(ev: Option<Ev>) -> c_int {
    delete(ev, Blocking::Auto)
}

/// event_del() that never waits for the callback.
///
/// Since 2.1.
///
/// # Safety
/// See event_del().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_del_noblock(ev: Option<Ev>) -> c_int {
    delete(ev, Blocking::Never)
}

/// event_del() that waits for the callback, also for events made with EV_FINALIZE.
///
/// Since 2.1.
///
/// # Safety
/// See event_del().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_del_block(ev: Option<Ev>) -> c_int {
    delete(ev, Blocking::Always)
}

pub(super) fn delete(ev: Option<Ev>, blocking: Blocking) -> c_int {
    done(event_and_base(ev, "event_del").is_ok_and(|(ev, base)| {
        debug::assert_assigned(ev, "event_del");
        base.lock().delete_and_wait(ev, blocking);
        true
    }))
}

/// Makes an event active: its callback runs in this iteration of the loop or, if the loop
/// runs in another thread, in that loop's next iteration. The event need not be pending, and remains
/// so if it is.
///
/// @param ev an assigned event
/// @param res what to tell the callback: EV_* bits
/// @param ncalls for signal events: how often to call
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_active(ev: Option<Ev>, res: c_int, ncalls: c_short) {
    if let Ok((ev, base)) = event_and_base(ev, "event_active") {
        debug::assert_assigned(ev, "event_active");
        base.lock().activate(ev, res as c_short, ncalls);
    }
}

/// Whether an event is pending or active.
///
/// @param ev an event
/// @param events what to ask about: EV_TIMEOUT, EV_READ, EV_WRITE, EV_CLOSED, EV_SIGNAL
/// @param tv where to write when it times out, on the wall clock; may be NULL
/// @return those bits of `events` that it is pending or active for
///
/// # Safety
/// `ev` is assigned, or all zero; `tv` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_pending(
    ev: Const<Option<Ev>>,
    events: c_short,
    tv: Out<timeval>,
) -> c_int {
    let Ok((ev, base)) = event_and_base(*ev, "event_pending") else {
        return 0;
    };
    debug::assert_assigned(ev, "event_pending");
    let (pending, until) = base.lock().pending(ev, events);
    if let Some(until) = until {
        tv.set(until);
    }
    c_int::from(pending)
}
