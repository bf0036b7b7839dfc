//! Enabling and disabling, and suspending for a reason.
//!
//! What the program enabled stays enabled while it is suspended, and goes on when the last reason
//! is gone.

use core::ffi::c_short;

use super::Held;
use crate::abi::event::{EV_READ, EV_WRITE};

/// Enables reading, writing or both for the program.
pub fn enable(bev: &Held, directions: c_short) -> Result<(), ()> {
    bev.set_enabled(bev.enabled() | directions);
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
    (bev.ops().enable)(bev, now)
}

/// Disables reading, writing or both.
pub fn disable(bev: &Held, directions: c_short) -> Result<(), ()> {
    bev.set_enabled(bev.enabled() & !directions);
    (bev.ops().disable)(bev, directions)
}

/// There is one more reason, `BY_*`, not to read.
pub fn suspend_read(bev: &Held, reason: u16) {
    if bev.read_suspended() == 0 {
        // Stopping to wait can't fail.
        let _ = (bev.ops().disable)(bev, EV_READ);
    }
    bev.set_read_suspended(bev.read_suspended() | reason);
}

/// A reason not to read is gone.
pub fn unsuspend_read(bev: &Held, reason: u16) {
    bev.set_read_suspended(bev.read_suspended() & !reason);
    if bev.read_suspended() == 0 && bev.enabled() & EV_READ != 0 {
        // Nobody is there to be told.
        let _ = (bev.ops().enable)(bev, EV_READ);
    }
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
        // As for reading.
        let _ = (bev.ops().enable)(bev, EV_WRITE);
    }
}
