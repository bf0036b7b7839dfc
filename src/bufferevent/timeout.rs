//! Timeouts of reading and writing.
//!
//! Where there is a descriptor, its two events have the timeouts. Elsewhere the events only keep
//! time: while the direction is enabled and, for writing, there is output.

use core::ffi::c_short;

use libc::timeval;

use super::lifecycle::assign;
use super::{Bev, Held, callbacks, enable, lock_base_of};
use crate::base::handle::Ev;
use crate::base::interest::Adding;
use crate::base::timeout::When;
use crate::ctypes::bufferevent::{BEV_EVENT_READING, BEV_EVENT_TIMEOUT, BEV_EVENT_WRITING};
use crate::ctypes::event::{EV_FINALIZE, EV_READ, EV_TIMEOUT, EV_WRITE};
use crate::support::thunk::thunk;
use crate::sys::{self, Errno};

/// No timeout.
pub const NONE: timeval = timeval {
    tv_sec: 0,
    tv_usec: 0,
};

pub(super) fn is_set(timeout: timeval) -> bool {
    timeout.tv_sec != 0 || timeout.tv_usec != 0
}

/// Sets both timeouts. Fails with nothing changed.
pub fn set(bev: &Held, read: timeval, write: timeval) -> sys::Result {
    let (former_read, former_write) = (bev.read_timeout(), bev.write_timeout());
    bev.set_read_timeout(read);
    bev.set_write_timeout(write);
    (bev.ops().adjust_timeouts)(bev).inspect_err(|_| {
        bev.set_read_timeout(former_read);
        bev.set_write_timeout(former_write);
        // They were had before.
        let _ = (bev.ops().adjust_timeouts)(bev);
    })
}

pub(super) fn when(timeout: timeval) -> Option<When> {
    is_set(timeout).then_some(When::In(timeout))
}

/// Adds one of the events, with its timeout if it has one.
fn add(ev: Ev, timeout: timeval, how: Adding) -> sys::Result {
    lock_base_of(ev)
        .ok_or(Errno::INVAL)?
        .add_as(ev, when(timeout), how)
}

/// Adds the event for reading, with its timeout.
pub(super) fn add_read(bev: Bev, how: Adding) -> sys::Result {
    add(bev.read_event(), bev.read_timeout(), how)
}

/// Adds the event for writing, with its timeout.
pub(super) fn add_write(bev: Bev, how: Adding) -> sys::Result {
    add(bev.write_event(), bev.write_timeout(), how)
}

/// Deletes one of the events.
pub(super) fn delete(ev: Ev) {
    if let Some(base) = lock_base_of(ev) {
        base.delete(ev);
    }
}

/// Changes the timeouts of events that wait for a descriptor.
pub(super) fn adjust_waiting(bev: &Held) -> sys::Result {
    let mut result = Ok(());
    for (ev, timeout) in [
        (bev.read_event(), bev.read_timeout()),
        (bev.write_event(), bev.write_timeout()),
    ] {
        let Some(base) = lock_base_of(ev) else {
            continue;
        };
        if !base.is_pending(ev, EV_READ | EV_WRITE | EV_TIMEOUT) {
            continue;
        }
        if is_set(timeout) {
            result = result.and(base.add(ev, Some(When::In(timeout))));
        } else {
            base.remove_timer(ev);
        }
    }
    result
}

/// Makes the events of a bufferevent without a descriptor its timers.
pub(super) fn assign_timers(bev: Bev) {
    let on_read = thunk(|bev: Bev, _, _| expire(&bev.hold(), EV_READ, BEV_EVENT_READING));
    let on_write = thunk(|bev: Bev, _, _| expire(&bev.hold(), EV_WRITE, BEV_EVENT_WRITING));
    assign(bev, bev.read_event(), -1, EV_FINALIZE, on_read);
    assign(bev, bev.write_event(), -1, EV_FINALIZE, on_write);
}

/// Restarts the timer of reading.
pub(super) fn restart_read(bev: Bev) -> sys::Result {
    restart(bev.read_event(), bev.read_timeout())
}

/// Restarts the timer of writing.
pub(super) fn restart_write(bev: Bev) -> sys::Result {
    restart(bev.write_event(), bev.write_timeout())
}

fn restart(ev: Ev, timeout: timeval) -> sys::Result {
    if is_set(timeout) {
        add(ev, timeout, Adding::Now)
    } else {
        Ok(())
    }
}

/// Sets both timers by what is enabled and by the output.
pub(super) fn update_timers(bev: &Held) -> sys::Result {
    let enabled = bev.enabled();
    let reads = enabled & EV_READ != 0 && bev.read_suspended() == 0;
    let read = if reads && is_set(bev.read_timeout()) {
        restart_read(**bev)
    } else {
        delete(bev.read_event());
        Ok(())
    };
    let writes = enabled & EV_WRITE != 0 && bev.write_suspended() == 0 && bev.output_len() != 0;
    let write = if writes && is_set(bev.write_timeout()) {
        restart_write(**bev)
    } else {
        delete(bev.write_event());
        Ok(())
    };
    read.and(write)
}

/// A direction has timed out: it is disabled, and the program told.
pub(super) fn expire(bev: &Held, direction: c_short, what: c_short) {
    // Stopping to wait can't fail.
    let _ = enable::disable(bev, direction);
    callbacks::run_event(bev, BEV_EVENT_TIMEOUT | what, 0);
}
