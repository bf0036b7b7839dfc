//! Telling the program: at once, or from the loop where callbacks are deferred.

use core::ffi::{c_int, c_short, c_void};
use core::hint::cold_path;

use super::{BY_FILTER, Bev, Held, enable};
use crate::base::deferred::Deferred;
use crate::base::global;
use crate::ctypes::bufferevent::{
    BEV_EVENT_CONNECTED, BEV_OPT_DEFER_CALLBACKS, BEV_OPT_UNLOCK_CALLBACKS,
    BEV_TRIG_DEFER_CALLBACKS, BEV_TRIG_IGNORE_WATERMARKS, bufferevent_data_cb,
    bufferevent_event_cb,
};
use crate::ctypes::bufferevent_struct::bufferevent;
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::support::thunk::{Argument, Thunk};
use crate::support::zeroed::zeroed;
use crate::sys;

/// A program's read or write callback.
type DataCallback = unsafe extern "C" fn(*mut bufferevent, *mut c_void);
/// A program's event callback.
type EventCallback = unsafe extern "C" fn(*mut bufferevent, c_short, *mut c_void);

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

zeroed!(Pending {
    read,
    write,
    events,
    error,
});

/// Options of the trigger functions.
const TRIGGER: c_int = BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS;

/// Prepares deferred callbacks, and the finalizer.
#[inline(always)]
pub(super) fn init(bev: Bev) {
    let priorities = bev.lock_base().map_or(0, |base| base.priorities());
    // SAFETY: a bufferevent stays where it is; it has a reference while the callback is queued.
    unsafe {
        bev.deferred()
            .init((priorities / 2) as u8, run_deferred, bev)
    };
}

/// What the loop calls for deferred callbacks.
pub(super) fn deferred() -> *const () {
    Deferred::thunk(run_deferred).function() as *const ()
}

/// Deferred callbacks run with this priority from now on.
pub(super) fn set_priority(bev: Bev, priority: c_int) {
    bev.deferred().set_priority(priority as u8);
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

/// Sets callbacks of the library's own, which get another bufferevent, one on top of this.
pub fn set_own(
    bev: &Held,
    read: Thunk<DataCallback, Bev>,
    write: Thunk<DataCallback, Bev>,
    event: Thunk<EventCallback, Bev>,
    upper: Bev,
) {
    let (read, write, event) = (read.function(), write.function(), event.function());
    set(bev, Some(read), Some(write), Some(event), upper.into_raw());
}

/// Calls the read callback, or has the loop do so. `options` are `BEV_TRIG_*`.
#[inline(always)]
pub fn run_read(bev: &Held, options: c_int) {
    let Some(callback) = bev.read_callback() else {
        return;
    };
    if is_deferred(**bev, options) {
        defer_read(bev);
    } else {
        call_data(bev, callback);
        read_again(bev);
    }
}

/// Has the loop call the read callback.
#[inline(never)]
fn defer_read(bev: &Held) {
    bev.set_pending(Pending {
        read: true,
        ..bev.pending()
    });
    schedule(bev);
}

/// The read callback has left the input at its high watermark, so nothing will be read that could call
/// it again: the loop does. Not while a filter above does not read: then this comes again when it does.
#[inline(always)]
pub(super) fn read_again(bev: &Held) {
    let high = bev.read_watermarks().high;
    if high == 0 {
        return;
    }
    cold_path();
    let wanted = bev.enabled() & EV_READ != 0 && bev.read_suspended() & BY_FILTER == 0;
    if wanted && bev.input_len() >= high {
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
        call_data(bev, callback);
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
        call_event(bev, callback, what);
    }
}

/// A direction has ended: it is disabled, and the program told.
pub(super) fn fail(bev: &Held, direction: c_short, what: c_short, error: c_int) {
    // Stopping to wait can't fail.
    let _ = enable::disable(bev, direction);
    sys::set_errno(error);
    run_event(bev, what, 0);
}

/// Calls the read callback where the low watermark allows it: bytes have been read.
#[inline(always)]
pub(super) fn bytes_read(bev: &Held) {
    if bev.input_len() >= bev.read_watermarks().low {
        run_read(bev, 0);
    }
}

/// Calls the read callback, the write callback or both where the low watermarks allow it.
pub fn trigger(bev: &Held, directions: c_short, options: c_int) {
    let options = options & TRIGGER;
    let anyhow = options & BEV_TRIG_IGNORE_WATERMARKS != 0;
    if directions & EV_READ != 0 && (anyhow || bev.input_len() >= bev.read_watermarks().low) {
        run_read(bev, options);
    }
    if directions & EV_WRITE != 0 && (anyhow || bev.output_len() <= bev.write_watermarks().low) {
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

/// Calls one of the program's two callbacks for data.
fn call_data(bev: &Held, callback: DataCallback) {
    // SAFETY: the program set callback and argument to go together.
    unsafe { callback(bev.as_ptr(), bev.argument()) };
}

/// Calls the program's event callback.
fn call_event(bev: &Held, callback: EventCallback, what: c_short) {
    // SAFETY: as for `call_data`.
    unsafe { callback(bev.as_ptr(), what, bev.argument()) };
}

/// Has the loop run what is pending; it gets a reference for that.
fn schedule(bev: &Held) {
    let base = global::base_or_current(bev.base());
    if base.is_some_and(|base| bev.deferred().schedule(&base.lock())) {
        bev.header().add_reference();
    }
}

fn run_deferred(bev: Bev) {
    let bev = bev.hold();
    // What `schedule` took.
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
        unlocked_if_asked(&bev, || call_event(&bev, callback, BEV_EVENT_CONNECTED));
    }
    let pending = bev.pending();
    if pending.read
        && let Some(callback) = bev.read_callback()
    {
        bev.set_pending(Pending {
            read: false,
            ..pending
        });
        unlocked_if_asked(&bev, || call_data(&bev, callback));
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
        unlocked_if_asked(&bev, || call_data(&bev, callback));
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
        sys::set_errno(pending.error);
        unlocked_if_asked(&bev, || call_event(&bev, callback, pending.events));
    }
}

/// Calls the program, without the lock if it asked for that.
fn unlocked_if_asked(bev: &Held, user: impl FnOnce()) {
    if bev.options() & BEV_OPT_UNLOCK_CALLBACKS == 0 {
        user();
    } else {
        // The loop calls from where it holds no lock.
        bev.call_out(user);
    }
}
