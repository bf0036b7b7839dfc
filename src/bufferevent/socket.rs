//! Bufferevents on a descriptor.

use core::ffi::{c_int, c_short, c_void};
use core::mem::offset_of;
use core::ptr::NonNull;

use super::create::{assign, hold_argument};
use super::ops::{Mode, Ops};
use super::{
    BY_WATERMARK, Bev, Held, Private, callbacks, create, enable, fields, output, ratelimit, timeout,
};
use crate::base::before_wait::Task;
use crate::base::interest::Adding;
use crate::base::{EventBase, event};
use crate::buffer::{self, io};
use crate::ctypes::bufferevent::{
    BEV_EVENT_EOF, BEV_EVENT_ERROR, BEV_EVENT_READING, BEV_OPT_CLOSE_ON_FREE,
};
use crate::ctypes::event::{EV_FINALIZE, EV_PERSIST, EV_READ, EV_TIMEOUT, EV_WRITE};
use crate::support::sys;

/// So much is read at once; programs may change it.
const MAX_READ: usize = 16384;

/// A bufferevent on a descriptor, and how its connecting goes.
#[repr(C)]
pub(super) struct Socket {
    private: Private,
    /// Writes the output before the loop waits.
    write: Task,
    /// What that came to, until the loop tells it.
    ahead: output::Ahead,
    writes: output::Writes,
    /// Waits for writability to learn how connecting went.
    connecting: bool,
    /// The system has said already that nobody listens.
    refused: bool,
    /// What became of the last host name, an `EAI_*` code.
    dns_error: c_int,
}

/// The view of a [`Bev`] as a [`Socket`].
#[derive(Clone, Copy)]
pub(super) struct State(NonNull<Socket>);

impl State {
    /// Where the socket's task is.
    pub(super) fn write(self) -> NonNull<Task> {
        // SAFETY: only computes an address inside the live bufferevent.
        unsafe { NonNull::new_unchecked(&raw mut (*self.0.as_ptr()).write) }
    }

    /// The bufferevent that a task of its kind is part of.
    pub(super) fn of_task(task: NonNull<Task>) -> State {
        // SAFETY: the task is inside one.
        State(unsafe { task.byte_sub(offset_of!(Socket, write)) }.cast())
    }

    /// The bufferevent.
    pub(super) fn bev(self) -> Bev {
        // SAFETY: it lives as long as its state.
        unsafe { Bev::new(self.0.as_ptr().cast()) }.expect("not null")
    }

    fields! {
        ahead set_ahead: output::Ahead = ahead;
        writes set_writes: output::Writes = writes;
        connecting set_connecting: bool = connecting;
        refused set_refused: bool = refused;
        dns_error set_dns_error: c_int = dns_error;
    }
}

static OPS: Ops = Ops {
    enable: start,
    disable: stop,
    unlink: output::forget,
    destroy,
    adjust_timeouts: timeout::adjust_waiting,
    flush: |_, _, _: Mode| 0,
    set_fd,
    fd: |bev| bev.read_event().fd(),
    underlying: |_| None,
};

/// What [`State`] tells, of a bufferevent on a descriptor.
pub(super) fn state(bev: Bev) -> Option<State> {
    is_socket(bev).then(|| State(bev.cast()))
}

/// Whether the bufferevent is on a descriptor.
pub fn is_socket(bev: Bev) -> bool {
    core::ptr::eq(bev.ops_ptr(), &raw const OPS)
}

/// A bufferevent on `fd`, or on none yet if that is -1.
pub fn new(base: *mut EventBase, fd: c_int, options: c_int) -> Option<Bev> {
    let bev = create::new::<Socket>(base, &OPS, options)?;
    create::tell_of_output(bev, output::on_added);
    // SAFETY: the buffers are new.
    unsafe {
        buffer::change_flags(bev.output(), buffer::DRAINS_TO_FD, true);
        buffer::set_max_read(bev.input(), MAX_READ);
    }
    assign_events(bev, fd);
    freeze(bev, true);
    Some(bev)
}

fn assign_events(bev: Bev, fd: c_int) {
    let always = EV_PERSIST | EV_FINALIZE;
    assign(bev, bev.read_event(), fd, EV_READ | always, on_readable);
    assign(
        bev,
        bev.write_event(),
        fd,
        EV_WRITE | always,
        output::on_writable,
    );
}

/// The program may only take from the input and add to the output. The bufferevent is locked.
pub(super) fn freeze(bev: Bev, frozen: bool) {
    freeze_input(bev, frozen);
    freeze_output(bev, frozen);
}

fn freeze_input(bev: Bev, frozen: bool) {
    // SAFETY: a live bufferevent's buffers are live, and have its lock.
    unsafe { buffer::freeze_locked(bev.input(), false, frozen) };
}

pub(super) fn freeze_output(bev: Bev, frozen: bool) {
    // SAFETY: as above.
    unsafe { buffer::freeze_locked(bev.output(), true, frozen) };
}

fn start(bev: &Held, directions: c_short) -> Result<(), ()> {
    // Of one that is being connected the kernel hears once, for both directions.
    let how = match state(**bev) {
        Some(state) if state.connecting() => Adding::Later,
        _ => Adding::Now,
    };
    if directions & EV_READ != 0 {
        timeout::add_read(**bev, how)?;
    }
    if directions & EV_WRITE != 0 {
        output::start(**bev, how)?;
    }
    Ok(())
}

fn stop(bev: &Held, directions: c_short) -> Result<(), ()> {
    if directions & EV_READ != 0 {
        timeout::delete(**bev, bev.read_event());
    }
    // Connecting goes on: its end shows as writability.
    let connecting = state(**bev).is_some_and(State::connecting);
    if directions & EV_WRITE != 0 && !connecting {
        if bev.enabled() & EV_WRITE != 0 {
            output::pause(**bev);
        } else {
            output::stop(**bev);
        }
    }
    Ok(())
}

fn destroy(bev: Bev) {
    let fd = bev.read_event().fd();
    if bev.options() & BEV_OPT_CLOSE_ON_FREE != 0 && fd >= 0 {
        sys::close(fd);
    }
}

fn set_fd(bev: &Held, fd: c_int) -> Result<(), ()> {
    let former = bev.read_event().fd();
    let waited = bev.lock_base().map_or(0, |base| {
        base.pending(bev.read_event(), EV_READ).0 | base.pending(bev.write_event(), EV_WRITE).0
    });
    go_to(bev, fd);
    if fd < 0 {
        return Ok(());
    }
    enable::enable(bev, bev.enabled()).inspect_err(|()| {
        let error = sys::errno();
        go_to(bev, former);
        // It could be waited for before.
        let _ = start(bev, waited);
        sys::set_errno(error);
    })
}

/// Waits for nothing, and next for another descriptor.
fn go_to(bev: &Held, fd: c_int) {
    timeout::delete(**bev, bev.read_event());
    output::stop(**bev);
    // One that names no base may go to another with this.
    output::forget(**bev);
    if let Some(state) = state(**bev) {
        state.set_writes(output::Writes::Unknown);
    }
    assign_events(**bev, fd);
}

/// Gives a bufferevent another descriptor and closes the old one.
pub fn replace_fd(bev: &Held, fd: c_int) -> Result<(), ()> {
    let old = (bev.ops().fd)(**bev);
    (bev.ops().set_fd)(bev, fd)?;
    if old >= 0 && old != fd {
        sys::close(old);
    }
    Ok(())
}

/// Gives it another base. Fails if it waits for something.
pub fn set_base(bev: &Held, base: &EventBase) -> Result<(), ()> {
    if !is_socket(**bev) {
        return Err(());
    }
    output::forget(**bev);
    bev.set_base_ptr(base.as_ptr());
    let done = event::set_base(bev.read_event(), base) && event::set_base(bev.write_event(), base);
    done.then_some(()).ok_or(())
}

/// Sets the priority of its events and deferred callbacks.
pub fn set_priority(bev: &Held, priority: c_int) -> Result<(), ()> {
    if !is_socket(**bev) {
        return Err(());
    }
    let base = bev.lock_base().ok_or(())?;
    let done = base.set_priority(bev.read_event(), priority)
        && base.set_priority(bev.write_event(), priority);
    if !done {
        return Err(());
    }
    callbacks::set_priority(**bev, priority);
    Ok(())
}

unsafe extern "C" fn on_readable(fd: c_int, events: c_short, bev: *mut c_void) {
    // SAFETY: assigned with the bufferevent that the event is part of.
    let Some(bev) = (unsafe { hold_argument(bev) }) else {
        return;
    };
    if events == EV_TIMEOUT {
        timeout::expire(&bev, EV_READ, BEV_EVENT_READING);
        return;
    }
    let mut most = ratelimit::max_to_read(&bev);
    let high = bev.read_marks().high;
    if high != 0 {
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
    freeze_input(*bev, false);
    let most = c_int::try_from(most).unwrap_or(c_int::MAX);
    // SAFETY: a live bufferevent's buffers are live.
    let n = unsafe { io::read(bev.input(), fd, most, bev.spares()) };
    let error = sys::errno();
    freeze_input(*bev, true);
    if n > 0 {
        ratelimit::spent(&bev, n, 0);
        callbacks::trigger(&bev, EV_READ, 0);
        output::write_now(&bev);
        return;
    }
    let mut what = BEV_EVENT_READING | BEV_EVENT_EOF;
    if n < 0 {
        match error {
            libc::EAGAIN | libc::EINTR => return,
            libc::ECONNREFUSED => {
                // The event for writing will report it.
                if let Some(state) = state(*bev) {
                    state.set_refused(true);
                }
                return;
            }
            _ => what = BEV_EVENT_READING | BEV_EVENT_ERROR,
        }
    }
    fail(&bev, EV_READ, what, error);
}

/// A direction has ended: it is disabled, and the program told.
pub(super) fn fail(bev: &Held, direction: c_short, what: c_short, error: c_int) {
    // Stopping to wait can't fail.
    let _ = enable::disable(bev, direction);
    sys::set_errno(error);
    callbacks::run_event(bev, what, 0);
}
