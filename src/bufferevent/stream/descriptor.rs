//! What a bufferevent on a descriptor takes from outside: the descriptor, the base, a priority.

use core::cell::Cell;
use core::ffi::{c_int, c_short};
use core::hint::cold_path;

use super::{Stream, output, resolve};
use crate::base::interest::Adding;
use crate::base::{EventBase, event};
use crate::buffer::io::Descriptor;
use crate::bufferevent::lifecycle::assign;
use crate::bufferevent::{Bev, Held, callbacks, enable, timeout, tls};
use crate::ctypes::event::{EV_FINALIZE, EV_PERSIST, EV_READ, EV_WRITE};
use crate::support::zeroed::Zeroed;
use crate::sys::{self, Errno};

/// What is known of the descriptor: nothing of a new one.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Known(u8);

// SAFETY: `NOTHING`.
unsafe impl Zeroed for Known {}

impl Known {
    pub const NOTHING: Known = Known(0);
    const BLOCKS: u8 = 1;
    const DOES_NOT_BLOCK: u8 = 2;
    const NOT_AS_SOCKET: u8 = 4;

    /// Whether it is known that writes block the thread when there is no space.
    pub fn blocks(self) -> bool {
        self.0 & Self::BLOCKS != 0
    }

    /// Whether it is known that they don't.
    #[inline]
    pub fn does_not_block(self) -> bool {
        self.0 & Self::DOES_NOT_BLOCK != 0
    }

    pub fn with_blocks(self, blocks: bool) -> Known {
        Known(
            self.0
                | if blocks {
                    Self::BLOCKS
                } else {
                    Self::DOES_NOT_BLOCK
                },
        )
    }

    /// Whether calls that are only for sockets are worth a try.
    #[inline]
    pub fn may_be_socket(self) -> bool {
        self.0 & Self::NOT_AS_SOCKET == 0
    }

    /// They were refused.
    pub fn not_as_socket(self) -> Known {
        Known(self.0 | Self::NOT_AS_SOCKET)
    }
}

/// By which calls a stream's descriptor is read or written once.
pub(in crate::bufferevent) struct Calls {
    stream: Stream,
    /// Those for sockets were refused.
    refused: Cell<bool>,
}

impl Calls {
    #[inline(always)]
    pub fn of(stream: Stream) -> Calls {
        Calls {
            stream,
            refused: Cell::new(false),
        }
    }

    /// The descriptor, with the calls for sockets, or with those for any descriptor where they have
    /// been refused.
    #[inline(always)]
    pub fn on(&self, fd: c_int) -> Descriptor<'_> {
        if self.stream.known().may_be_socket() {
            Descriptor::Socket(fd, &self.refused)
        } else {
            Descriptor::Any(fd)
        }
    }

    /// After the call: remembers what was refused.
    #[inline(always)]
    pub fn note(self) {
        if self.refused.get() {
            cold_path();
            self.stream.set_known(self.stream.known().not_as_socket());
        }
    }
}

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
pub(in crate::bufferevent) fn start(bev: &Held, directions: c_short) -> sys::Result {
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
pub(in crate::bufferevent) fn stop(bev: &Held, directions: c_short) -> sys::Result {
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
pub(in crate::bufferevent) fn set_fd(bev: &Held, fd: c_int) -> sys::Result {
    let former = bev.read_event().fd();
    let waited = bev.lock_base().map_or(0, |base| {
        base.pending(bev.read_event(), EV_READ).0 | base.pending(bev.write_event(), EV_WRITE).0
    });
    go_to(bev, fd);
    if fd < 0 {
        return Ok(());
    }
    enable::enable(bev, bev.enabled()).inspect_err(|_| {
        go_to(bev, former);
        // It could be waited for before.
        let _ = start(bev, waited);
    })
}

/// Waits for nothing, and next for another descriptor.
fn go_to(bev: &Held, fd: c_int) {
    timeout::delete(bev.read_event());
    output::stop(**bev);
    // One that names no base may go to another with this.
    output::forget(**bev);
    if let Some(stream) = Stream::of(**bev) {
        stream.set_known(Known::NOTHING);
    }
    assign_events(**bev, fd);
}

/// [`set_fd`] for the program: a lookup that is to end in a connection is cancelled.
pub fn give_fd(bev: &Held, fd: c_int) -> sys::Result {
    resolve::cancel(bev);
    (bev.ops().set_fd)(bev, fd)
}

/// Gives a bufferevent another descriptor and closes the old one.
pub fn replace_fd(bev: &Held, fd: c_int) -> sys::Result {
    let old = (bev.ops().fd)(**bev);
    give_fd(bev, fd)?;
    if old >= 0 && old != fd {
        sys::close(old);
    }
    Ok(())
}

/// Gives it another base. Fails, with nothing changed, if it waits for something.
pub fn set_base(bev: &Held, base: &EventBase) -> sys::Result {
    let events = [bev.read_event(), bev.write_event()];
    if bev.ops().stream.is_none() || !events.iter().all(|ev| ev.callback().is_unused()) {
        return Err(Errno::INVAL);
    }
    output::forget(**bev);
    bev.set_base_ptr(base.as_ptr());
    for ev in events {
        event::set_base(ev, base);
    }
    Ok(())
}

/// Sets the priority of its events and deferred callbacks.
pub fn set_priority(bev: &Held, priority: c_int) -> sys::Result {
    // Of those on top of another one, libevent lets it be set for TLS only.
    if bev.ops().stream.is_none() && tls::flags(**bev).is_none() {
        return Err(Errno::INVAL);
    }
    let base = bev.lock_base().ok_or(Errno::INVAL)?;
    let done = base.set_priority(bev.read_event(), priority)
        && base.set_priority(bev.write_event(), priority);
    if !done {
        return Err(Errno::INVAL);
    }
    callbacks::set_priority(**bev, priority);
    Ok(())
}
