//! The bufferevent below a connection.

use core::ffi::{c_int, c_short};
use core::ptr;

use libc::timeval;

use super::{Con, Connection, fail, read, write};
use crate::base::{BaseRef, EventBase, Spares};
use crate::buffer::{Buf, End};
use crate::bufferevent::limits::ratelimit;
use crate::bufferevent::stream::{descriptor, output};
use crate::bufferevent::{Bev, callbacks, enable, lifecycle, socket, timeout};
use crate::ctypes::bufferevent::BEV_OPT_CLOSE_ON_FREE;
use crate::ctypes::bufferevent_struct::bufferevent;
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::support::thunk::{Argument, thunk};
use crate::sys;

const NONE: timeval = timeval {
    tv_sec: 0,
    tv_usec: 0,
};

/// So much is written at once: who reads a large message in smaller pieces wakes up for each of them.
const MAX_WRITE: usize = 32 * 1024;

/// A bufferevent that belongs to a connection.
#[derive(Clone, Copy)]
pub struct Wire(Bev);

/// Which callbacks of a connection a bufferevent calls, besides that for events.
#[derive(Clone, Copy)]
pub struct Calls {
    pub read: bool,
    pub write: bool,
}

impl Wire {
    /// # Safety
    /// `bev` is null, or live and the caller's to give away.
    pub unsafe fn new(bev: *mut bufferevent) -> Option<Wire> {
        // SAFETY: the caller's promise.
        unsafe { Bev::new(bev) }.map(Wire)
    }

    /// A bufferevent that the caller gives away.
    pub fn of(bev: Bev) -> Wire {
        Wire(bev)
    }

    /// A bufferevent for a socket that is yet to come.
    pub fn plain(base: Option<BaseRef>) -> Option<Wire> {
        let bev = socket::new(base, -1, BEV_OPT_CLOSE_ON_FREE)?;
        ratelimit::set_max_single_write(bev, MAX_WRITE);
        Some(Wire(bev))
    }

    pub fn bev(self) -> Bev {
        self.0
    }

    pub fn as_ptr(self) -> *mut bufferevent {
        self.0.as_ptr()
    }

    pub fn input(self) -> Buf {
        self.0.input()
    }

    pub fn output(self) -> Buf {
        self.0.output()
    }

    /// Has the bufferevent call for `con`.
    pub fn attach(self, con: Con, calls: Calls) {
        type Data = unsafe extern "C" fn(*mut bufferevent, *mut core::ffi::c_void);
        type Event = unsafe extern "C" fn(*mut bufferevent, c_short, *mut core::ffi::c_void);
        let on_read = thunk::<Data, Con, _>(|con: Con, _: *mut bufferevent| read::on_read(con));
        let on_write = thunk::<Data, Con, _>(|con: Con, _: *mut bufferevent| write::on_write(con));
        let on_event = thunk::<Event, Con, _>(|con: Con, _: *mut bufferevent, what: c_short| {
            fail::on_event(con, what);
        });
        callbacks::set(
            &self.0.hold(),
            calls.read.then_some(on_read.function()),
            calls.write.then_some(on_write.function()),
            Some(on_event.function()),
            con.into_raw(),
        );
        con.attached.set(Some(on_event.function()));
    }

    pub fn enable(self, directions: c_short) -> sys::Result {
        enable::enable(&self.0.hold(), directions)
    }

    pub fn disable(self, directions: c_short) {
        // Stopping to wait can't fail.
        let _ = enable::disable(&self.0.hold(), directions);
    }

    /// Lets the program see nothing enabled, for a while: to stop the events and start them again
    /// would have the kernel asked about the descriptor.
    pub fn hide_enabled(self) {
        enable::note(self.0, 0);
    }

    /// [`Self::enable`] during that while: what is enabled starts at its end, if it must.
    pub fn note_enabled(self, directions: c_short) {
        enable::note(self.0, self.0.enabled() | directions);
    }

    /// Ends that while: what neither the program nor a reply has enabled stops.
    pub fn settle_enabled(self) {
        let others = !self.0.enabled() & (EV_READ | EV_WRITE);
        if others != 0 {
            self.disable(others);
        }
    }

    /// Disables writing, which may have been noted only.
    pub fn end_writing(self) {
        if self.0.write_event().callback().is_unused() {
            enable::note(self.0, self.0.enabled() & !EV_WRITE);
        } else {
            self.disable(EV_WRITE);
        }
    }

    /// Starts what was noted.
    pub fn start_noted(self) -> sys::Result {
        enable::start_noted(&self.0.hold())
    }

    pub fn set_timeouts(self, read: Option<timeval>, write: Option<timeval>) -> sys::Result {
        let (read, write) = (read.unwrap_or(NONE), write.unwrap_or(NONE));
        timeout::set(&self.0.hold(), read, write)
    }

    pub fn fd(self) -> c_int {
        (self.0.ops().fd)(self.0)
    }

    pub fn set_fd(self, fd: c_int) -> sys::Result {
        descriptor::give_fd(&self.0.hold(), fd)
    }

    /// Drops what is in the output, which only the bufferevent itself may take from.
    pub fn drop_output(self) {
        let mut output = self.output().lock();
        output.set_frozen(End::Start, false);
        let _ = output.drain(usize::MAX);
        output.set_frozen(End::Start, true);
    }

    /// Writes what is in the output, if that can be done at once. True if it is empty then.
    pub fn write_now(self) -> bool {
        let held = self.0.hold();
        output::write_unstarted(&held);
        held.output_len() == 0
    }

    pub fn set_base(self, base: &EventBase) {
        // It waits for nothing yet.
        let _ = descriptor::set_base(&self.0.hold(), base);
    }

    /// Whether there is nothing between the bufferevent and a socket.
    pub fn is_plain(self) -> bool {
        socket::is_socket(self.0)
    }

    /// Whether it calls for `con`: the program may have set other callbacks, with the same argument.
    pub fn is_of(self, con: Con) -> bool {
        let ours = match (self.0.event_callback(), con.attached.get()) {
            (Some(set), Some(ours)) => ptr::fn_addr_eq(set, ours),
            _ => false,
        };
        ours && self.0.argument() == con.into_raw()
    }

    fn closes(self) -> bool {
        self.0.options() & BEV_OPT_CLOSE_ON_FREE != 0
    }

    /// Ends the connection below, and the bufferevent with it.
    pub fn free(self, fd: c_int) {
        let closes = self.closes();
        lifecycle::free(self.0);
        if !closes && fd >= 0 {
            sys::close(fd);
        }
    }

    /// Ends the connection below; the bufferevent can have another.
    fn hang_up(self, fd: c_int) {
        // The events are deleted before the number is somebody else's.
        let _ = self.set_fd(-1);
        if fd >= 0 {
            sys::close(fd);
        }
    }
}

/// Tells the other end that nothing more comes.
pub fn shut_down(fd: c_int) {
    if fd >= 0 {
        // SAFETY: shutdown accepts every number.
        unsafe { libc::shutdown(fd, libc::SHUT_WR) };
    }
}

impl Connection {
    /// The bufferevent. There is one until the connection is freed.
    pub fn wire(&self) -> Option<Wire> {
        self.wire.get()
    }

    pub fn input(&self) -> Option<Buf> {
        self.wire().map(Wire::input)
    }

    pub fn output(&self) -> Option<Buf> {
        self.wire().map(Wire::output)
    }

    /// The base's spare memory. The caller is the loop.
    pub fn spares<'a>(&self) -> Option<&'a Spares> {
        self.wire().and_then(|wire| wire.bev().spares())
    }

    /// Whether something between this and the socket wants to be told of the end.
    pub fn is_wrapped(&self) -> bool {
        self.wire().is_none_or(|wire| !wire.is_plain())
    }

    /// Has the bufferevent call for this connection.
    pub fn attach(&self, read: bool, write: bool) {
        if let Some(wire) = self.wire() {
            wire.attach(self.handle(), Calls { read, write });
        }
    }

    /// Waits for the given directions. False if that is not possible.
    pub fn enable(&self, directions: c_short) -> bool {
        self.wire()
            .is_some_and(|wire| wire.enable(directions).is_ok())
    }

    pub fn disable(&self, directions: c_short) {
        if let Some(wire) = self.wire() {
            wire.disable(directions);
        }
    }

    /// The descriptor, which is to be closed: before the connection stands only the bufferevent
    /// knows it.
    fn take_fd(&self) -> c_int {
        match self.fd.replace(-1) {
            fd if fd >= 0 => fd,
            _ => self.wire().map_or(-1, Wire::fd),
        }
    }

    /// Gives the bufferevent up for good.
    pub(super) fn drop_wire(&self) {
        let fd = self.take_fd();
        if let Some(wire) = self.wire.replace(None) {
            shut_down(fd);
            wire.free(fd);
        }
    }

    /// Ends the connection below, but not this one, which is of a client.
    pub fn hang_up(&self) {
        let fd = self.take_fd();
        if let Some(wire) = self.wire() {
            shut_down(fd);
            wire.hang_up(fd);
            // What is left belongs to the connection that is gone.
            let input = wire.input();
            let _ = input.lock().drain(usize::MAX);
            wire.drop_output();
        }
    }
}
