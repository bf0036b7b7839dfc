//! Bufferevents on a descriptor, with nothing between it and the buffers.

use core::ffi::{c_int, c_short};
use core::hint::cold_path;

use super::limits::ratelimit;
use super::ops::{Mode, Ops};
use super::stream::descriptor::{self, Calls};
use super::stream::{OnStream, Stream, Transport, output};
use super::{BY_WATERMARK, Bev, Held, callbacks, enable, lifecycle, timeout};
use crate::base::BaseRef;
use crate::buffer::{DRAINS_TO_FD, End};
use crate::ctypes::bufferevent::{
    BEV_EVENT_CONNECTED, BEV_EVENT_EOF, BEV_EVENT_ERROR, BEV_EVENT_READING, BEV_OPT_CLOSE_ON_FREE,
};
use crate::ctypes::event::{EV_READ, EV_TIMEOUT};
use crate::support::thunk::thunk;
use crate::sys;

/// So much is read at once; programs may change it.
const MAX_READ: c_int = 16384;

pub(super) static OPS: Ops = Ops {
    enable: descriptor::start,
    disable: descriptor::stop,
    give_up: |_| {},
    unlink: output::forget,
    destroy,
    adjust_timeouts: timeout::adjust_waiting,
    flush: |_, _, _: Mode| 0,
    set_fd,
    fd: |bev| bev.read_event().fd(),
    underlying: |_| None,
    stream: Some(&Transport {
        write: None,
        connected: |bev| callbacks::run_event(bev, BEV_EVENT_CONNECTED, 0),
        failed: callbacks::fail,
        on_readable: || thunk(on_readable),
        on_writable: output::on_writable,
    }),
};

/// A bufferevent on `fd`, or on none yet if that is -1.
pub fn new(base: Option<BaseRef>, fd: c_int, options: c_int) -> Option<Bev> {
    let bev = lifecycle::new::<OnStream>(base, &OPS, options)?;
    lifecycle::watch_output(bev, thunk(output::on_added));
    bev.output().lock().set_flags(DRAINS_TO_FD, true);
    bev.input().lock().set_max_read(MAX_READ);
    descriptor::assign_events(bev, fd);
    freeze(bev, true);
    Some(bev)
}

/// Whether the bufferevent is of this kind.
pub fn is_socket(bev: Bev) -> bool {
    core::ptr::eq(bev.ops_ptr(), &raw const OPS)
}

/// The program may only take from the input and add to the output. The bufferevent is locked.
pub(super) fn freeze(bev: Bev, frozen: bool) {
    freeze_input(bev, frozen);
    freeze_output(bev, frozen);
}

fn freeze_input(bev: Bev, frozen: bool) {
    bev.input().held().set_frozen(End::End, frozen);
}

fn freeze_output(bev: Bev, frozen: bool) {
    bev.output().held().set_frozen(End::Start, frozen);
}

/// Opens both buffers until the next read and write, so that a program that connects again can drop what
/// the former connection left.
fn set_fd(bev: &Held, fd: c_int) -> sys::Result {
    freeze(**bev, false);
    descriptor::set_fd(bev, fd)
}

fn destroy(bev: Bev) {
    let fd = bev.read_event().fd();
    if bev.options() & BEV_OPT_CLOSE_ON_FREE != 0 && fd >= 0 {
        sys::close(fd);
    }
}

fn on_readable(bev: Bev, fd: c_int, events: c_short) {
    let bev = bev.hold();
    if events == EV_TIMEOUT {
        cold_path();
        timeout::expire(&bev, EV_READ, BEV_EVENT_READING);
        return;
    }
    let mut most = ratelimit::max_to_read(&bev);
    let high = bev.read_watermarks().high;
    if high != 0 {
        cold_path();
        let room = high.saturating_sub(bev.input_len());
        if room == 0 {
            enable::suspend_read(&bev, BY_WATERMARK);
            return;
        }
        most = most.min(room);
    }
    if bev.read_suspended() != 0 {
        return;
    }
    let Some(stream) = Stream::of(*bev) else {
        return;
    };
    freeze_input(*bev, false);
    let most = c_int::try_from(most).unwrap_or(c_int::MAX);
    let calls = Calls::of(stream);
    let n = bev.input().read(calls.on(fd), most, bev.spares());
    calls.note();
    freeze_input(*bev, true);
    if n > 0 {
        ratelimit::charge(&bev, n, 0);
        callbacks::bytes_read(&bev);
        output::write_answer(&bev, stream);
        return;
    }
    read_failed(&bev, stream, n);
}

/// Reading has returned `n` and `errno`: no bytes.
#[cold]
#[inline(never)]
fn read_failed(bev: &Held, stream: Stream, n: c_int) {
    let error = sys::errno();
    let mut what = BEV_EVENT_READING | BEV_EVENT_EOF;
    if n < 0 {
        match error {
            libc::EAGAIN | libc::EINTR => return,
            libc::ECONNREFUSED => {
                // The event for writing will report it.
                stream.set_refused(true);
                return;
            }
            _ => what = BEV_EVENT_READING | BEV_EVENT_ERROR,
        }
    }
    callbacks::fail(bev, EV_READ, what, error);
}
