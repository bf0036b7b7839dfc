//! What a bufferevent on a descriptor takes from outside: the descriptor, the base, a priority.

use core::ffi::{c_int, c_short};

use super::output::{self, Blocking};
use super::{Stream, resolve};
use crate::base::interest::Adding;
use crate::base::{EventBase, event};
use crate::bufferevent::lifecycle::assign;
use crate::bufferevent::{Bev, Held, callbacks, enable, timeout};
use crate::ctypes::event::{EV_FINALIZE, EV_PERSIST, EV_READ, EV_WRITE};
use crate::ctypes::event_struct::EVLIST_INIT;
use crate::support::sys;

/// Fills the two events in, which are not in use.
pub(in crate::bufferevent) fn assign_events(bev: Bev, fd: c_int) {
    let Some(transport) = bev.ops().stream else {
        return;
    };
    let always = EV_PERSIST | EV_FINALIZE;
    let (read, write) = (bev.read_event(), bev.write_event());
    assign(bev, read, fd, EV_READ | always, (transport.on_readable)());
    assign(bev, write, fd, EV_WRITE | always, (transport.on_writable)());
}

/// Waits until the descriptor can be read or written.
pub(in crate::bufferevent) fn start(bev: &Held, directions: c_short) -> Result<(), ()> {
    // Of one that is being connected the kernel hears once, for both directions.
    let how = match Stream::of(**bev) {
        Some(stream) if stream.connecting() => Adding::Later,
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

/// Ends that.
pub(in crate::bufferevent) fn stop(bev: &Held, directions: c_short) -> Result<(), ()> {
    if directions & EV_READ != 0 {
        timeout::delete(bev.read_event());
    }
    // Connecting continues: its end shows as writability.
    let connecting = Stream::of(**bev).is_some_and(Stream::connecting);
    if directions & EV_WRITE != 0 && !connecting {
        if bev.enabled() & EV_WRITE != 0 {
            output::pause(**bev);
        } else {
            output::stop(**bev);
        }
    }
    Ok(())
}

/// Gives it another descriptor, or -1 for none. If that can't be waited for, the former remains.
pub(in crate::bufferevent) fn set_fd(bev: &Held, fd: c_int) -> Result<(), ()> {
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
    timeout::delete(bev.read_event());
    output::stop(**bev);
    // One that names no base may go to another with this.
    output::forget(**bev);
    if let Some(stream) = Stream::of(**bev) {
        stream.set_blocking(Blocking::Unknown);
    }
    assign_events(**bev, fd);
}

/// [`set_fd`] for the program: a lookup that is to end in a connection is cancelled.
pub fn give_fd(bev: &Held, fd: c_int) -> Result<(), ()> {
    resolve::cancel(bev);
    (bev.ops().set_fd)(bev, fd)
}

/// Gives a bufferevent another descriptor and closes the old one.
pub fn replace_fd(bev: &Held, fd: c_int) -> Result<(), ()> {
    let old = (bev.ops().fd)(**bev);
    give_fd(bev, fd)?;
    if old >= 0 && old != fd {
        sys::close(old);
    }
    Ok(())
}

/// Gives it another base. Fails, with nothing changed, if it waits for something.
pub fn set_base(bev: &Held, base: &EventBase) -> Result<(), ()> {
    let events = [bev.read_event(), bev.write_event()];
    let idle = |ev: &crate::base::handle::Ev| ev.callback().flags() == EVLIST_INIT;
    if bev.ops().stream.is_none() || !events.iter().all(idle) {
        return Err(());
    }
    output::forget(**bev);
    bev.set_base_ptr(base.as_ptr());
    for ev in events {
        event::set_base(ev, base);
    }
    Ok(())
}

/// Sets the priority of its events and deferred callbacks.
pub fn set_priority(bev: &Held, priority: c_int) -> Result<(), ()> {
    if bev.ops().stream.is_none() {
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
