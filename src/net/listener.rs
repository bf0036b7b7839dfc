//! Listeners: a socket's new connections, each given to a callback.
//!
//! Whoever works on a listener holds it, and its lock, except while a callback runs: that may free
//! the listener that calls it. The lock is taken before the base's, never after it.

use core::cell::Cell;
use core::ffi::{c_int, c_short, c_uint, c_void};
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use std::net::SocketAddr;

use libc::{sockaddr, sockaddr_in6, socklen_t, timeval};

use super::{raw_address, socket};
use crate::base::event::Blocking;
use crate::base::own_event::OwnEvent;
use crate::base::timeout::When;
use crate::base::{BaseRef, EventBase};
use crate::ctypes::event::{EV_PERSIST, EV_READ};
use crate::ctypes::listener::{
    LEV_OPT_BIND_IPV4_AND_IPV6, LEV_OPT_BIND_IPV6ONLY, LEV_OPT_CLOSE_ON_EXEC,
    LEV_OPT_CLOSE_ON_FREE, LEV_OPT_DEFERRED_ACCEPT, LEV_OPT_DISABLED,
    LEV_OPT_LEAVE_SOCKETS_BLOCKING, LEV_OPT_REUSEABLE, LEV_OPT_REUSEABLE_PORT, LEV_OPT_THREADSAFE,
};
use crate::ctypes::opaque::evconnlistener;
use crate::support::shared::{self, Header, Object, Ref, Shared};
use crate::support::{log, sys};
use crate::sys::Errno;

/// Gets a connection: listener, socket, peer's address and its length, argument.
pub type AcceptFn =
    unsafe extern "C" fn(*mut evconnlistener, c_int, *mut sockaddr, c_int, *mut c_void);
/// Is told, by `errno`, why a connection could not be accepted.
pub type ErrorFn = unsafe extern "C" fn(*mut evconnlistener, *mut c_void);

/// Is asked to close what it can do without, as there are no descriptors left: whether it did.
pub type RoomFn = fn(argument: *mut c_void) -> bool;

/// How long a listener without an error callback takes no connections when it has run out of
/// descriptors or memory.
const BACK_OFF: timeval = timeval {
    tv_sec: 0,
    tv_usec: 100_000,
};

/// How many connections wait to be accepted unless the program says otherwise.
const BACKLOG: c_int = 128;

/// `struct evconnlistener`. Opaque to C.
pub struct Listener {
    /// There is no lock unless the listener was made for several threads.
    header: Header,
    base: BaseRef,
    fd: c_int,
    /// `LEV_OPT_*`.
    flags: Cell<c_uint>,
    /// The program wants connections. Without a callback the event is not added all the same.
    enabled: Cell<bool>,
    /// The event is a timer: see [`Held::back_off`].
    backing_off: Cell<bool>,
    callback: Cell<Option<AcceptFn>>,
    on_error: Cell<Option<ErrorFn>>,
    /// Of a server of ours; gets the argument, too.
    make_room: Cell<Option<RoomFn>>,
    argument: Cell<*mut c_void>,
    event: OwnEvent,
}

/// What a listener is made with.
pub struct ListenerOptions {
    pub callback: Option<AcceptFn>,
    pub argument: *mut c_void,
    pub flags: c_uint,
    pub backlog: c_int,
}

impl ListenerOptions {
    fn has(&self, flag: c_uint) -> bool {
        self.flags & flag != 0
    }
}

/// Makes a listener for a bound socket, which stays open if that fails.
pub fn create(
    base: &EventBase,
    fd: c_int,
    options: &ListenerOptions,
) -> sys::Result<Ref<Listener>> {
    match options.backlog {
        0 => {}
        backlog if backlog > 0 => socket::listen(fd, backlog)?,
        _ => socket::listen(fd, BACKLOG)?,
    }
    let header = if options.has(LEV_OPT_THREADSAFE) {
        Header::with_lock().ok_or_else(no_memory)?
    } else {
        Header::new()
    };
    let listener = Ref::make(Listener {
        header,
        // SAFETY: a base outlives its listeners.
        base: unsafe { BaseRef::new(NonNull::from(base)) },
        fd,
        // Until it is made, the descriptor remains open in any case.
        flags: Cell::new(options.flags & !LEV_OPT_CLOSE_ON_FREE),
        enabled: Cell::new(false),
        backing_off: Cell::new(false),
        callback: Cell::new(options.callback),
        on_error: Cell::new(None),
        make_room: Cell::new(None),
        argument: Cell::new(options.argument),
        event: OwnEvent::new(),
    });
    let made = listener.ok_or_else(no_memory)?;
    let listener = made.hold();
    listener.watch();
    if !options.has(LEV_OPT_DISABLED)
        && let Err(error) = listener.enable()
    {
        // A descriptor that can't be waited for is up to the program, which is told by the log.
        if matches!(error.code(), libc::ENOMEM | libc::ENOSPC) {
            free(listener);
            return Err(error);
        }
    }
    listener.flags.set(options.flags);
    Ok(made)
}

/// Makes a socket and binds it, then a listener for it.
///
/// # Safety
/// `to` is null or points to a socket address of `len` bytes.
pub unsafe fn create_bound(
    base: &EventBase,
    options: &ListenerOptions,
    to: *const sockaddr,
    len: socklen_t,
) -> sys::Result<Ref<Listener>> {
    if options.backlog == 0 {
        // It can't be listening already.
        return Err(Errno::INVAL);
    }
    if options.has(LEV_OPT_BIND_IPV6ONLY) && options.has(LEV_OPT_BIND_IPV4_AND_IPV6) {
        return Err(Errno::INVAL);
    }
    let family = match to.is_null() {
        true => libc::AF_UNSPEC,
        // SAFETY: the caller guarantees it (# Safety).
        false => unsafe { raw_address::family(to) },
    };
    let fd = socket::stream(family, options.has(LEV_OPT_CLOSE_ON_EXEC))?;
    // SAFETY: the caller guarantees it (# Safety).
    unsafe { prepare(fd, family, options, to, len) }
        .and_then(|()| create(base, fd, options))
        .inspect_err(|_| sys::close(fd))
}

/// [`create_bound`] to an Internet address.
pub fn create_bound_to(
    base: &EventBase,
    options: &ListenerOptions,
    to: &SocketAddr,
) -> sys::Result<Ref<Listener>> {
    let mut raw = [MaybeUninit::<u8>::uninit(); size_of::<sockaddr_in6>()];
    let len = raw_address::write(to, &mut raw).unwrap_or(0) as socklen_t;
    // SAFETY: an address of that length was written.
    unsafe { create_bound(base, options, raw.as_ptr().cast(), len) }
}

/// # Safety
/// See [`create_bound`].
unsafe fn prepare(
    fd: c_int,
    family: c_int,
    options: &ListenerOptions,
    to: *const sockaddr,
    len: socklen_t,
) -> sys::Result {
    socket::set_default_keepalive(fd)?;
    if options.has(LEV_OPT_REUSEABLE) {
        socket::set_reuse_address(fd)?;
    }
    // Only ports are shared by it; newer kernels refuse it for other sockets.
    if options.has(LEV_OPT_REUSEABLE_PORT) && family != libc::AF_UNIX {
        socket::set_reuse_port(fd)?;
    }
    if options.has(LEV_OPT_DEFERRED_ACCEPT) {
        socket::set_deferred_accept(fd)?;
    }
    if options.has(LEV_OPT_BIND_IPV6ONLY) {
        socket::set_ipv6_only(fd, true)?;
    }
    if options.has(LEV_OPT_BIND_IPV4_AND_IPV6) {
        socket::set_ipv6_only(fd, false)?;
    }
    // SAFETY: the caller guarantees it (# Safety).
    unsafe { socket::bind(fd, to, len) }
}

fn no_memory() -> Errno {
    Errno::NOMEM
}

impl Listener {
    pub fn base(&self) -> BaseRef {
        self.base
    }

    pub fn fd(&self) -> c_int {
        self.fd
    }

    fn has(&self, flag: c_uint) -> bool {
        self.flags.get() & flag != 0
    }
}

// SAFETY: the member.
unsafe impl Object for Listener {
    fn header(&self) -> &Header {
        &self.header
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if self.has(LEV_OPT_CLOSE_ON_FREE) {
            sys::close(self.fd);
        }
    }
}

/// A listener that is locked and kept alive.
pub type Held = shared::Held<Ref<Listener>>;

/// Gives up the owner's reference, when no callback runs in another thread any more.
pub fn free(listener: Held) {
    listener.callback.set(None);
    listener.on_error.set(None);
    listener.make_room.set(None);
    listener.disable();
    listener.event.end(&listener.base.lock());
    listener.release();
}

impl Held {
    /// Makes the event, which is not in use, one that waits for connections.
    fn watch(&self) {
        let events = EV_READ | EV_PERSIST;
        // SAFETY: freeing a listener ends the event first, and waits for its callback.
        unsafe {
            self.event
                .assign(&self.base, self.fd, events, on_readable, **self)
        };
        self.backing_off.set(false);
    }

    /// Connections wait that can't be taken just now: looks again after a while, because the loop
    /// would be busy with them.
    fn back_off(&self) {
        let base = self.base.lock();
        self.event.stop(&base);
        // SAFETY: as in `watch`.
        unsafe { self.event.assign(&base, -1, 0, on_back_off_over, **self) };
        self.backing_off.set(true);
        if self.event.start(&base, Some(When::In(BACK_OFF))).is_err() {
            drop(base);
            self.resume();
        }
    }

    /// Waits for connections again. The event is not in use.
    fn resume(&self) {
        self.watch();
        if self.enabled.get() && self.enable().is_err() {
            log::warn_errno(format_args!("A listener can't wait for connections"));
        }
    }

    /// Takes connections from now on, as soon as there is a callback.
    pub fn enable(&self) -> sys::Result {
        self.enabled.set(true);
        if self.callback.get().is_none() {
            return Ok(());
        }
        let base = self.base.lock();
        if self.backing_off.get() {
            if !self.event.is_idle() {
                return Ok(());
            }
            self.watch();
        }
        self.event.start(&base, None)
    }

    /// Takes no more connections, and waits for the callback if it runs in another thread.
    pub fn disable(&self) {
        self.enabled.set(false);
        let base = self.base.lock();
        // That callback wants the lock when it returns. No thread can enable the listener before its
        // event is deleted: that takes the base's lock.
        self.call_out(move || {
            base.delete_and_wait(self.event.handle(), Blocking::Auto);
            drop(base);
        });
    }

    pub fn set_callback(&self, callback: Option<AcceptFn>, argument: *mut c_void) {
        let begins = self.enabled.get() && self.callback.get().is_none();
        self.make_room.set(None);
        self.callback.set(callback);
        self.argument.set(argument);
        if begins && self.enable().is_err() {
            log::warn_errno(format_args!("A listener can't wait for connections"));
        }
    }

    /// What the callback's argument stands for may close something when descriptors are lacking. Ends
    /// with the callback.
    pub fn set_make_room(&self, make_room: RoomFn) {
        self.make_room.set(Some(make_room));
    }

    pub fn set_error_callback(&self, callback: Option<ErrorFn>) {
        self.on_error.set(callback);
        if callback.is_some() && self.backing_off.get() {
            // From now on the program decides.
            self.event.stop(&self.base.lock());
            self.resume();
        }
    }

    /// Takes connections until there are no more, or the program wants no more.
    fn accept(&self) {
        let nonblocking = !self.has(LEV_OPT_LEAVE_SOCKETS_BLOCKING);
        let on_exec = self.has(LEV_OPT_CLOSE_ON_EXEC);
        let flags = if nonblocking { libc::SOCK_NONBLOCK } else { 0 }
            | if on_exec { libc::SOCK_CLOEXEC } else { 0 };
        let mut taken = false;
        while self.enabled.get() {
            let (fd, mut peer) = match socket::accept(self.fd, flags) {
                Ok(connection) => connection,
                Err(error) => {
                    let code = error.code();
                    // Without a descriptor Linux says so even if no connection waits. Who makes
                    // room looks again in the next iteration; programs are told, as by libevent.
                    let lacking = matches!(code, libc::EMFILE | libc::ENFILE);
                    let looks_again = taken && lacking && self.make_room.get().is_some();
                    if looks_again || self.makes_room(code) {
                        return;
                    }
                    return self.report(code);
                }
            };
            taken = true;
            let Some(callback) = self.callback.get() else {
                // The callback was taken away while connections came: programs see them closed.
                return sys::close(fd);
            };
            let (this, argument) = (self.as_ptr(), self.argument.get());
            let (address, len) = (peer.as_mut_ptr(), peer.len as c_int);
            // SAFETY: the program's promise when it set the callback; see the base's rule for
            // callbacks.
            self.call_out(|| unsafe { callback(this.cast(), fd, address, len, argument) });
        }
    }

    /// Whether there is a descriptor in the next iteration, where there is none now.
    fn makes_room(&self, code: c_int) -> bool {
        let lacking = matches!(code, libc::EMFILE | libc::ENFILE);
        match self.make_room.get() {
            Some(make_room) if lacking && self.on_error.get().is_none() => {
                let argument = self.argument.get();
                self.call_out(|| make_room(argument))
            }
            _ => false,
        }
    }

    /// Tells the program that no connection could be taken, unless that passes by itself.
    fn report(&self, code: c_int) {
        if matches!(code, libc::EAGAIN | libc::EINTR | libc::ECONNABORTED) {
            return;
        }
        let Some(callback) = self.on_error.get() else {
            log::warn_code(code, format_args!("A connection could not be accepted"));
            let lacking = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
            if lacking.contains(&code) && self.enabled.get() {
                self.back_off();
            }
            return;
        };
        let (this, argument) = (self.as_ptr(), self.argument.get());
        self.call_out(|| {
            sys::set_errno(code);
            // SAFETY: the program's promise when it set the callback.
            unsafe { callback(this.cast(), argument) };
        });
    }
}

/// The event's callback while the listener takes no connections.
fn on_back_off_over(listener: Ref<Listener>, _fd: c_int, _what: c_short) {
    let listener = listener.hold();
    // Another thread may have ended it while this one waited for the lock.
    if listener.backing_off.get() {
        listener.resume();
    }
}

/// The event's callback.
fn on_readable(listener: Ref<Listener>, _fd: c_int, _what: c_short) {
    listener.hold().accept();
}
