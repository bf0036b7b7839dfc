//! Enabling and disabling, and suspending for a reason.
//!
//! What the program enabled stays enabled while it is suspended, and is resumed when the last reason
//! is gone.

use core::ffi::c_short;

use super::limits::ratelimit;
use super::{BY_LIMIT, Bev, Held, callbacks};
use crate::ctypes::bufferevent::{
    BEV_EVENT_ERROR, BEV_EVENT_READING, BEV_EVENT_WRITING, BEV_TRIG_DEFER_CALLBACKS,
};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::sys::{self, Errno};

/// Enables reading, writing or both for the program. Fails with nothing changed.
pub fn enable(bev: &Held, directions: c_short) -> sys::Result {
    if (bev.read_suspended() | bev.write_suspended()) & BY_LIMIT != 0 {
        ratelimit::await_tick(bev)?;
    }
    let before = bev.enabled();
    bev.set_enabled(before | directions);
    let mut now = directions;
    if bev.read_suspended() != 0 {
        now &= !EV_READ;
    }
    if bev.write_suspended() != 0 {
        now &= !EV_WRITE;
    }
    if now == 0 {
        return Ok(());
    }
    (bev.ops().enable)(bev, now).inspect_err(|_| {
        bev.set_enabled(before);
        // Stopping to wait can't fail.
        let _ = (bev.ops().disable)(bev, now & !before);
    })
}

/// Disables reading, writing or both.
pub fn disable(bev: &Held, directions: c_short) -> sys::Result {
    bev.set_enabled(bev.enabled() & !directions);
    (bev.ops().disable)(bev, directions)
}

/// Sets what is enabled, but lets what waits wait, and starts nothing.
pub fn note(bev: Bev, directions: c_short) {
    bev.set_enabled(directions);
}

/// Starts what is enabled and doesn't wait yet.
pub fn start_noted(bev: &Held) -> sys::Result {
    let waits = bev.lock_base().map_or(0, |base| {
        base.pending(bev.read_event(), EV_READ).0 | base.pending(bev.write_event(), EV_WRITE).0
    });
    match bev.enabled() & !waits {
        0 => Ok(()),
        missing => enable(bev, missing),
    }
}

/// There is one more reason, `BY_*`, not to read.
pub fn suspend_read(bev: &Held, reason: u16) {
    if bev.read_suspended() == 0 {
        // Stopping to wait can't fail.
        let _ = (bev.ops().disable)(bev, EV_READ);
    }
    bev.set_read_suspended(bev.read_suspended() | reason);
}

/// A reason not to read is gone. Fails if reading can't go on.
pub fn resume_read(bev: &Held, reason: u16) -> sys::Result {
    bev.set_read_suspended(bev.read_suspended() & !reason);
    if bev.read_suspended() == 0 && bev.enabled() & EV_READ != 0 {
        return (bev.ops().enable)(bev, EV_READ);
    }
    Ok(())
}

/// [`resume_read`] without a result.
pub fn unsuspend_read(bev: &Held, reason: u16) {
    or_give_up(bev, EV_READ, resume_read(bev, reason));
}

/// There is one more reason, `BY_*`, not to write.
pub fn suspend_write(bev: &Held, reason: u16) {
    if bev.write_suspended() == 0 {
        // As for reading.
        let _ = (bev.ops().disable)(bev, EV_WRITE);
    }
    bev.set_write_suspended(bev.write_suspended() | reason);
}

/// A reason not to write is gone.
pub fn unsuspend_write(bev: &Held, reason: u16) {
    bev.set_write_suspended(bev.write_suspended() & !reason);
    if bev.write_suspended() == 0 && bev.enabled() & EV_WRITE != 0 {
        or_give_up(bev, EV_WRITE, (bev.ops().enable)(bev, EV_WRITE));
    }
}

/// [`give_up`] if something has failed.
#[inline]
pub(super) fn or_give_up(bev: &Held, direction: c_short, result: sys::Result) {
    if let Err(error) = result {
        give_up(bev, direction, error);
    }
}

/// A direction that can't continue is disabled, and the program told by its event callback: a
/// function that it did not call has failed.
#[cold]
pub(super) fn give_up(bev: &Held, direction: c_short, error: Errno) {
    // Stopping to wait can't fail.
    let _ = disable(bev, direction);
    let what = if direction == EV_READ {
        BEV_EVENT_READING
    } else {
        BEV_EVENT_WRITING
    };
    error.set();
    callbacks::run_event(bev, BEV_EVENT_ERROR | what, BEV_TRIG_DEFER_CALLBACKS);
}
