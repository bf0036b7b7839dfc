//! Telling the program: at once, or from the loop where callbacks are deferred.

use core::ffi::{c_int, c_short, c_void};

use super::lifecycle::hold_argument;
use super::{Bev, Held, enable};
use crate::base::handle::Cb;
use crate::base::{EventBase, deferred};
use crate::ctypes::bufferevent::{
    BEV_EVENT_CONNECTED, BEV_OPT_DEFER_CALLBACKS, BEV_OPT_UNLOCK_CALLBACKS,
    BEV_TRIG_DEFER_CALLBACKS, BEV_TRIG_IGNORE_WATERMARKS, bufferevent_data_cb,
    bufferevent_event_cb,
};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::event_struct::event_callback;
use crate::support::sys;

/// What deferred callbacks have to tell.
#[derive(Clone, Copy)]
pub struct Pending {
    read: bool,
    write: bool,
    /// `BEV_EVENT_*`.
    events: c_short,
    /// `errno` with the latest of the events.
    error: c_int,
}

/// Options of the trigger functions.
const TRIGGER: c_int = BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS;

/// Prepares deferred callbacks, and the finalizer.
pub(super) fn init(bev: Bev) {
    // SAFETY: a base outlives its bufferevents; the callback is not queued.
    unsafe {
        let base = EventBase::from_ptr(bev.base_ptr());
        let priority = base.map_or(0, |base| base.priorities() / 2);
        deferred::init(
            bev.deferred(),
            priority as u8,
            Some(run_deferred),
            bev.as_ptr().cast(),
        );
    }
}

/// Deferred callbacks run with this priority from now on.
pub(super) fn set_priority(bev: Bev, priority: c_int) {
    // SAFETY: part of the live bufferevent.
    if let Some(cb) = unsafe { Cb::new(bev.deferred()) } {
        cb.set_priority(priority as u8);
    }
}

/// Sets the program's callbacks and their argument.
pub fn set(
    bev: &Held,
    read: bufferevent_data_cb,
    write: bufferevent_data_cb,
    event: bufferevent_event_cb,
    argument: *mut c_void,
) {
    bev.set_read_callback(read);
    bev.set_write_callback(write);
    bev.set_event_callback(event);
    bev.set_argument(argument);
}

/// Calls the read callback, or has the loop do so. `options` are `BEV_TRIG_*`.
pub fn run_read(bev: &Held, options: c_int) {
    let Some(callback) = bev.read_callback() else {
        return;
    };
    if is_deferred(**bev, options) {
        bev.set_pending(Pending {
            read: true,
            ..bev.pending()
        });
        schedule(bev);
    } else {
        // SAFETY: the program gave callback and argument to go together.
        unsafe { callback(bev.as_ptr(), bev.argument()) };
        read_again(bev);
    }
}

/// The read callback has left the input at its high mark, so nothing will be read that could call
/// it again: the loop does.
fn read_again(bev: &Held) {
    let high = bev.read_marks().high;
    if high != 0 && bev.enabled() & EV_READ != 0 && bev.input_len() >= high {
        trigger(bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
    }
}

/// Calls the write callback, or has the loop do so.
pub fn run_write(bev: &Held, options: c_int) {
    let Some(callback) = bev.write_callback() else {
        return;
    };
    if is_deferred(**bev, options) {
        bev.set_pending(Pending {
            write: true,
            ..bev.pending()
        });
        schedule(bev);
    } else {
        // SAFETY: the program gave callback and argument to go together.
        unsafe { callback(bev.as_ptr(), bev.argument()) };
    }
}

/// Calls the event callback, or has the loop do so, with `errno` as it is now.
pub fn run_event(bev: &Held, what: c_short, options: c_int) {
    let Some(callback) = bev.event_callback() else {
        return;
    };
    if is_deferred(**bev, options) {
        let pending = bev.pending();
        bev.set_pending(Pending {
            events: pending.events | what,
            error: sys::errno(),
            ..pending
        });
        schedule(bev);
    } else {
        // SAFETY: the program gave callback and argument to go together.
        unsafe { callback(bev.as_ptr(), what, bev.argument()) };
    }
}

/// A direction has ended: it is disabled, and the program told.
pub(super) fn fail(bev: &Held, direction: c_short, what: c_short, error: c_int) {
    // Stopping to wait can't fail.
    let _ = enable::disable(bev, direction);
    sys::set_errno(error);
    run_event(bev, what, 0);
}

/// Calls the read callback, the write callback or both where the low marks allow it.
pub fn trigger(bev: &Held, directions: c_short, options: c_int) {
    let options = options & TRIGGER;
    let anyhow = options & BEV_TRIG_IGNORE_WATERMARKS != 0;
    if directions & EV_READ != 0 && (anyhow || bev.input_len() >= bev.read_marks().low) {
        run_read(bev, options);
    }
    if directions & EV_WRITE != 0 && (anyhow || bev.output_len() <= bev.write_marks().low) {
        run_write(bev, options);
    }
}

/// Calls the event callback for the program.
pub fn trigger_event(bev: &Held, what: c_short, options: c_int) {
    run_event(bev, what, options & TRIGGER);
}

fn is_deferred(bev: Bev, options: c_int) -> bool {
    (bev.options() | options) & BEV_OPT_DEFER_CALLBACKS != 0
}

/// Has the loop run what is pending; it gets a reference for that.
fn schedule(bev: &Held) {
    // SAFETY: the callback stays, with the bufferevent, until it has run.
    if unsafe { deferred::schedule(bev.base_ptr(), bev.deferred()) } {
        bev.header().add_reference();
    }
}

unsafe extern "C" fn run_deferred(_: *mut event_callback, bev: *mut c_void) {
    // SAFETY: `schedule` took a reference, which is given back here.
    let Some(bev) = (unsafe { hold_argument(bev) }) else {
        return;
    };
    bev.header().drop_reference();
    // A connection is announced before what came over it, other events afterwards.
    let pending = bev.pending();
    if pending.events & BEV_EVENT_CONNECTED != 0
        && let Some(callback) = bev.event_callback()
    {
        bev.set_pending(Pending {
            events: pending.events & !BEV_EVENT_CONNECTED,
            ..pending
        });
        let argument = bev.argument();
        // SAFETY: the program gave callback and argument to go together.
        call(&bev, || unsafe {
            callback(bev.as_ptr(), BEV_EVENT_CONNECTED, argument)
        });
    }
    let pending = bev.pending();
    if pending.read
        && let Some(callback) = bev.read_callback()
    {
        bev.set_pending(Pending {
            read: false,
            ..pending
        });
        let argument = bev.argument();
        // SAFETY: as above.
        call(&bev, || unsafe { callback(bev.as_ptr(), argument) });
        read_again(&bev);
    }
    let pending = bev.pending();
    if pending.write
        && let Some(callback) = bev.write_callback()
    {
        bev.set_pending(Pending {
            write: false,
            ..pending
        });
        let argument = bev.argument();
        // SAFETY: as above.
        call(&bev, || unsafe { callback(bev.as_ptr(), argument) });
    }
    let pending = bev.pending();
    if pending.events != 0
        && let Some(callback) = bev.event_callback()
    {
        bev.set_pending(Pending {
            events: 0,
            error: 0,
            ..pending
        });
        let argument = bev.argument();
        sys::set_errno(pending.error);
        // SAFETY: as above.
        call(&bev, || unsafe {
            callback(bev.as_ptr(), pending.events, argument)
        });
    }
}

/// Calls the program, without the lock if it wants that.
fn call(bev: &Held, user: impl FnOnce()) {
    if bev.options() & BEV_OPT_UNLOCK_CALLBACKS == 0 {
        user();
        return;
    }
    // The loop calls from where it holds no lock.
    bev.call_out(user);
}
