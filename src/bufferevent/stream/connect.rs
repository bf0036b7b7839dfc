//! Connecting a bufferevent's socket.

use core::ffi::c_int;

use libc::{sockaddr, socklen_t};

use super::{Phase, Stream, output, resolve};
use crate::base::interest::Adding;
use crate::bufferevent::{Held, callbacks, enable, timeout};
use crate::ctypes::bufferevent::{BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::net::socket::{self, Connecting};
use crate::sys::{self, Errno};

/// Connects to an address: the bufferevent's own socket, or a new one if it has none. Without an
/// address its own socket is being connected already. What comes of it is told by an event.
///
/// # Safety
/// `address` is null or points to `len` bytes.
pub unsafe fn start(bev: &Held, address: *const sockaddr, len: socklen_t) -> sys::Result {
    let stream = Stream::of(**bev).ok_or(Errno::INVAL)?;
    resolve::cancel(bev);
    // SAFETY: the caller guarantees it (# Safety).
    unsafe { attempt(bev, stream, address, len) }
}

/// [`start`] for one of several addresses. Fails, with a socket of its own closed, if it can't be
/// connected to; the last one, or the only one, is told instead when it refuses at once.
///
/// # Safety
/// As for [`start`].
pub(super) unsafe fn attempt(
    bev: &Held,
    stream: Stream,
    address: *const sockaddr,
    len: socklen_t,
) -> sys::Result {
    let mut fd = bev.read_event().fd();
    let given = fd >= 0;
    let mut how = Connecting::InProgress;
    if !address.is_null() {
        // SAFETY: the caller guarantees it (# Safety).
        how = unsafe { socket::connect(&mut fd, address, len) }?;
    } else if !given || !sys::is_open(fd) {
        return Err(Errno::BADF);
    }
    if how == Connecting::Refused && !given && resolve::has_more(stream) {
        sys::close(fd);
        return Err(Errno::new(libc::ECONNREFUSED));
    }
    // Both directions wait from here on, and the kernel hears of them in one.
    stream.set_phase(match how {
        Connecting::Refused => Phase::Open,
        _ => Phase::Connecting,
    });
    (bev.ops().set_fd)(bev, fd).inspect_err(|_| {
        stream.set_phase(Phase::Open);
        if !given {
            sys::close(fd);
        }
    })?;
    match how {
        Connecting::InProgress => {
            timeout::add_write(**bev, Adding::Later).inspect_err(|_| {
                stream.set_phase(Phase::Open);
                if !given {
                    // Without a descriptor there is nothing to wait for.
                    let _ = (bev.ops().set_fd)(bev, -1);
                    sys::close(fd);
                }
            })
        }
        Connecting::Connected => {
            // Writability will tell the program, but only if it has writing enabled; the write
            // callback comes in any case.
            callbacks::trigger(bev, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
            Ok(())
        }
        Connecting::Refused => {
            // Stopping to wait can't fail.
            let _ = enable::disable(bev, EV_READ | EV_WRITE);
            sys::set_errno(libc::ECONNREFUSED);
            callbacks::run_event(bev, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
            Ok(())
        }
    }
}

/// The socket is writable while it is being connected: how did that go? True if the connection
/// is established and output may be written.
pub fn finish(bev: &Held, stream: Stream, fd: c_int) -> bool {
    let result = if stream.refused() {
        stream.set_refused(false);
        Err(libc::ECONNREFUSED)
    } else {
        socket::finish_connecting(fd).map_err(Errno::code)
    };
    match result {
        Ok(false) => false,
        Ok(true) => {
            stream.set_phase(Phase::Open);
            resolve::forget(stream);
            if let Some(transport) = bev.ops().stream {
                (transport.connected)(bev);
            }
            if stream.phase() != Phase::Open {
                return false;
            }
            let writes = bev.enabled() & EV_WRITE != 0 && bev.write_suspended() == 0;
            if !writes {
                timeout::delete(bev.write_event());
            }
            writes
        }
        Err(error) => {
            stream.set_phase(Phase::Open);
            timeout::delete(bev.write_event());
            timeout::delete(bev.read_event());
            fail(bev, stream, fd, error);
            false
        }
    }
}

/// Connecting has failed: tries the next address, or tells the program.
fn fail(bev: &Held, stream: Stream, fd: c_int, error: c_int) {
    let mut error = error;
    if resolve::has_more(stream) {
        // Without a descriptor there is nothing that could fail.
        let _ = (bev.ops().set_fd)(bev, -1);
        sys::close(fd);
        match resolve::connect_to_next(bev, stream) {
            Ok(()) => return,
            Err(last) => error = last.code(),
        }
    }
    resolve::forget(stream);
    output::fail(bev, 0, BEV_EVENT_ERROR, error);
}
