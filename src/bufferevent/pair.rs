//! Two bufferevents that are connected with each other: what is written to one is read from the
//! other. Their callbacks are always deferred, because one side's writing is the other's reading.

use core::ffi::{c_int, c_short};
use core::ptr;

use super::ops::{Mode, Ops};
use super::socket::freeze;
use super::{Bev, Held, Private, callbacks, enable, fields, lifecycle, timeout};
use crate::base::BaseRef;
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::bufferevent::{
    BEV_EVENT_EOF, BEV_EVENT_READING, BEV_EVENT_WRITING, BEV_OPT_DEFER_CALLBACKS,
    BEV_OPT_THREADSAFE,
};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::opaque::evbuffer;
use crate::support::thunk::thunk;
use crate::support::zeroed::zeroed;
use crate::sys::{self, Errno};

/// One side of a pair.
#[repr(C)]
struct Side {
    private: Private,
    /// The other side, until that is freed.
    partner: Option<Bev>,
}

zeroed!(Side { private, partner });

/// The view of a [`Bev`] as a [`Side`].
#[derive(Clone, Copy)]
struct State(ptr::NonNull<Side>);

impl State {
    fields! {
        set: pub(self),
        partner set_partner: Option<Bev> = partner;
    }
}

static OPS: Ops = Ops {
    enable: start,
    disable: stop,
    give_up: |_| {},
    unlink,
    destroy: |_| {},
    adjust_timeouts: timeout::update_timers,
    flush,
    set_fd: |_, _| Err(Errno::INVAL),
    fd: |_| -1,
    underlying: |_| None,
    stream: None,
};

fn state(bev: Bev) -> State {
    State(bev.cast())
}

/// Two new bufferevents that are connected with each other.
pub fn new(base: Option<BaseRef>, options: c_int) -> Option<[Bev; 2]> {
    let options = options | BEV_OPT_DEFER_CALLBACKS;
    let first = side(base, options)?;
    let Some(second) = side(base, options & !BEV_OPT_THREADSAFE) else {
        lifecycle::abandon(first);
        return None;
    };
    if options & BEV_OPT_THREADSAFE != 0 {
        lifecycle::enable_locking(second, first.header().lock_ptr());
    }
    state(first).set_partner(Some(second));
    state(second).set_partner(Some(first));
    Some([first, second])
}

fn side(base: Option<BaseRef>, options: c_int) -> Option<Bev> {
    let bev = lifecycle::new::<Side>(base, &OPS, options)?;
    lifecycle::watch_output(bev, thunk(on_output));
    timeout::assign_timers(bev);
    freeze(bev, true);
    Some(bev)
}

/// The other side, if `bev` is one of a pair and the other is still there.
pub fn partner(bev: Bev) -> Option<Bev> {
    if ptr::eq(bev.ops_ptr(), &raw const OPS) {
        state(bev).partner()
    } else {
        None
    }
}

/// The side goes; the lock that both share stays with the other.
fn unlink(bev: Bev) {
    if let Some(partner) = state(bev).partner() {
        state(partner).set_partner(None);
        state(bev).set_partner(None);
        if bev.header().owns_lock() {
            bev.header().set_owns_lock(false);
            partner.header().set_owns_lock(true);
        }
    }
}

/// Whether `from` has something to write that `to` wants to read.
fn wants_transfer(from: &Held, to: &Held) -> bool {
    from.enabled() & EV_WRITE != 0
        && to.enabled() & EV_READ != 0
        && to.read_suspended() == 0
        && from.output_len() != 0
}

/// Moves what `from` has written to `to`, up to `to`'s high watermark. Beyond it only if it has been
/// reached before and is ignored.
fn transfer(from: &Held, to: &Held, ignore_mark: bool) {
    freeze(**from, false);
    freeze(**to, false);
    move_data(from, to, ignore_mark);
    freeze(**from, true);
    freeze(**to, true);
}

fn move_data(from: &Held, to: &Held, ignore_mark: bool) {
    let mut len = usize::MAX;
    let high = to.read_watermarks().high;
    if high > to.input_len() {
        len = high - to.input_len();
    } else if high != 0 && !ignore_mark {
        return;
    }
    let before = from.output_len();
    if to.input().move_front_from(from.output(), len).is_err() {
        enable::give_up(from, EV_WRITE, Errno::NOMEM);
        return;
    }
    if from.output_len() != before {
        restart_timers(to);
    }
    callbacks::trigger(to, EV_READ, 0);
    callbacks::trigger(from, EV_WRITE, 0);
}

/// Data has come. A flush also moves what is for a disabled direction, which no timeout waits for.
fn restart_timers(to: &Held) {
    if to.enabled() & EV_READ != 0 {
        enable::or_give_up(to, EV_READ, timeout::restart_read(**to));
    }
    if to.output_len() == 0 {
        timeout::delete(to.write_event());
    } else if to.enabled() & EV_WRITE != 0 {
        enable::or_give_up(to, EV_WRITE, timeout::restart_write(**to));
    }
}

/// A side has new output: the other may read it at once.
fn on_output(bev: Bev, _: *mut evbuffer, info: *const evbuffer_cb_info) {
    // SAFETY: the buffer passes a live info.
    let grown = unsafe { (*info).n_added > (*info).n_deleted };
    let Some(partner) = state(bev).partner() else {
        return;
    };
    if !grown {
        return;
    }
    let (bev, partner) = (bev.hold(), partner.hold());
    if wants_transfer(&bev, &partner) {
        transfer(&bev, &partner, false);
    }
}

fn start(bev: &Held, directions: c_short) -> sys::Result {
    if directions & EV_READ != 0 {
        timeout::restart_read(**bev)?;
    }
    if directions & EV_WRITE != 0 && bev.output_len() != 0 {
        timeout::restart_write(**bev)?;
    }
    let Some(partner) = state(**bev).partner() else {
        return Ok(());
    };
    let partner = partner.hold();
    if directions & EV_READ != 0 && wants_transfer(&partner, bev) {
        transfer(&partner, bev, false);
    }
    if directions & EV_WRITE != 0 && wants_transfer(bev, &partner) {
        transfer(bev, &partner, false);
    }
    Ok(())
}

fn stop(bev: &Held, directions: c_short) -> sys::Result {
    if directions & EV_READ != 0 {
        timeout::delete(bev.read_event());
    }
    if directions & EV_WRITE != 0 {
        timeout::delete(bev.write_event());
    }
    Ok(())
}

/// Moves data whatever is enabled and marked; when finished, the other side sees the end.
fn flush(bev: &Held, directions: c_short, mode: Mode) -> c_int {
    let Some(partner) = state(**bev).partner() else {
        return -1;
    };
    if mode == Mode::Normal {
        return 0;
    }
    let partner = partner.hold();
    let mut what = 0;
    if directions & EV_READ != 0 {
        transfer(&partner, bev, true);
        what |= BEV_EVENT_WRITING;
    }
    if directions & EV_WRITE != 0 {
        transfer(bev, &partner, true);
        what |= BEV_EVENT_READING;
    }
    if mode == Mode::Finished {
        callbacks::run_event(&partner, what | BEV_EVENT_EOF, 0);
    }
    0
}
