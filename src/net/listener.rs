//! Listeners: a socket's new connections, each given to a callback.
//!
//! A listener is counted: its owner holds one reference, and whoever works on
//! it another, so that a callback can free the listener that calls it. Whoever
//! works on it holds its lock, too, except while a callback runs. The lock is
//! taken before the base's, never after it.

use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_int, c_short, c_uint, c_void};
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::ptr::{self, NonNull};
use std::io;

use libc::{sockaddr, socklen_t, timeval};

use super::{sockaddr as address, socket};
use crate::base::EventBase;
use crate::base::event::{Blocking, assign};
use crate::base::handle::Ev;
use crate::base::timeout::When;
use crate::ctypes::event::{EV_PERSIST, EV_READ, EV_TIMEOUT};
use crate::ctypes::event_struct::event;
use crate::ctypes::listener::{
    LEV_OPT_BIND_IPV4_AND_IPV6, LEV_OPT_BIND_IPV6ONLY, LEV_OPT_CLOSE_ON_EXEC,
    LEV_OPT_CLOSE_ON_FREE, LEV_OPT_DEFERRED_ACCEPT, LEV_OPT_DISABLED,
    LEV_OPT_LEAVE_SOCKETS_BLOCKING, LEV_OPT_REUSEABLE, LEV_OPT_REUSEABLE_PORT, LEV_OPT_THREADSAFE,
};
use crate::ctypes::opaque::evconnlistener;
use crate::support::{lock, log, mm, sys};

/// Gets a connection: listener, socket, peer's address and its length, argument.
pub type AcceptFn =
    unsafe extern "C" fn(*mut evconnlistener, c_int, *mut sockaddr, c_int, *mut c_void);
/// Is told, by `errno`, why a connection could not be accepted.
pub type ErrorFn = unsafe extern "C" fn(*mut evconnlistener, *mut c_void);

/// How long a listener without an error callback rests when a resource is lacking.
const REST: timeval = timeval {
    tv_sec: 0,
    tv_usec: 100_000,
};

/// How many connections wait to be accepted unless the program says otherwise.
const BACKLOG: c_int = 128;

/// `struct evconnlistener`. Opaque to C.
pub struct Listener {
    base: *mut EventBase,
    /// Null unless the listener was made for several threads.
    lock: *mut c_void,
    fd: c_int,
    /// `LEV_OPT_*`.
    flags: Cell<c_uint>,
    references: Cell<c_int>,
    /// The program wants connections. Without a callback the event is not added all the same.
    enabled: Cell<bool>,
    /// The event is a timer: see [`Held::rest`].
    rests: Cell<bool>,
    callback: Cell<Option<AcceptFn>>,
    on_error: Cell<Option<ErrorFn>>,
    argument: Cell<*mut c_void>,
    event: UnsafeCell<event>,
}

/// What a program tells about a new listener.
pub struct Wish {
    pub callback: Option<AcceptFn>,
    pub argument: *mut c_void,
    pub flags: c_uint,
    pub backlog: c_int,
}

impl Wish {
    fn has(&self, flag: c_uint) -> bool {
        self.flags & flag != 0
    }
}

/// Makes a listener for a bound socket, which stays open if that fails.
pub fn create(base: &EventBase, fd: c_int, wish: &Wish) -> io::Result<NonNull<Listener>> {
    match wish.backlog {
        0 => {}
        backlog if backlog > 0 => socket::listen(fd, backlog)?,
        _ => socket::listen(fd, BACKLOG)?,
    }
    let lock = if wish.has(LEV_OPT_THREADSAFE) && lock::enabled() {
        NonNull::new(lock::alloc(lock::RECURSIVE))
            .ok_or_else(no_memory)?
            .as_ptr()
    } else {
        ptr::null_mut()
    };
    let Some(place) = NonNull::new(mm::malloc(size_of::<Listener>()).cast::<Listener>()) else {
        // SAFETY: just made, and nobody else knows it.
        unsafe { lock::free(lock, lock::RECURSIVE) };
        return Err(no_memory());
    };
    // SAFETY: a fresh block of the right size; all zeros is a value of an event.
    unsafe {
        place.write(Listener {
            base: base.as_ptr(),
            lock,
            fd,
            flags: Cell::new(wish.flags),
            references: Cell::new(1),
            enabled: Cell::new(false),
            rests: Cell::new(false),
            callback: Cell::new(wish.callback),
            on_error: Cell::new(None),
            argument: Cell::new(wish.argument),
            event: UnsafeCell::new(MaybeUninit::zeroed().assume_init()),
        });
    }
    // SAFETY: alive, and nobody else knows it.
    let listener = unsafe { Held::new(place) };
    listener.watch();
    if !wish.has(LEV_OPT_DISABLED) && listener.enable().is_err() {
        let error = io::Error::last_os_error();
        // A descriptor that can't be waited for is the program's affair, which is told by the log.
        if matches!(error.raw_os_error(), Some(libc::ENOMEM | libc::ENOSPC)) {
            listener.flags.set(wish.flags & !LEV_OPT_CLOSE_ON_FREE);
            listener.free();
            return Err(error);
        }
    }
    Ok(place)
}

/// Makes a socket and binds it, then a listener for it.
///
/// # Safety
/// `to` is null or points to a socket address of `len` bytes.
pub unsafe fn create_bound(
    base: &EventBase,
    wish: &Wish,
    to: *const sockaddr,
    len: socklen_t,
) -> io::Result<NonNull<Listener>> {
    if wish.backlog == 0 {
        // It can't be listening already.
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    if wish.has(LEV_OPT_BIND_IPV6ONLY) && wish.has(LEV_OPT_BIND_IPV4_AND_IPV6) {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let family = match to.is_null() {
        true => libc::AF_UNSPEC,
        // SAFETY: promised by the caller.
        false => unsafe { address::family(to) },
    };
    let fd = socket::stream(family, wish.has(LEV_OPT_CLOSE_ON_EXEC))?;
    // SAFETY: promised by the caller.
    unsafe { prepare(fd, wish, to, len) }
        .and_then(|()| create(base, fd, wish))
        .inspect_err(|_| sys::close(fd))
}

/// # Safety
/// See [`create_bound`].
unsafe fn prepare(fd: c_int, wish: &Wish, to: *const sockaddr, len: socklen_t) -> io::Result<()> {
    socket::set_default_keepalive(fd)?;
    if wish.has(LEV_OPT_REUSEABLE) {
        socket::set_reuse_address(fd)?;
    }
    if wish.has(LEV_OPT_REUSEABLE_PORT) {
        socket::set_reuse_port(fd)?;
    }
    if wish.has(LEV_OPT_DEFERRED_ACCEPT) {
        socket::set_deferred_accept(fd)?;
    }
    if wish.has(LEV_OPT_BIND_IPV6ONLY) {
        socket::set_ipv6_only(fd, true)?;
    }
    if wish.has(LEV_OPT_BIND_IPV4_AND_IPV6) {
        socket::set_ipv6_only(fd, false)?;
    }
    // SAFETY: promised by the caller.
    unsafe { socket::bind(fd, to, len) }
}

fn no_memory() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOMEM)
}

impl Listener {
    pub fn base(&self) -> *mut EventBase {
        self.base
    }

    pub fn fd(&self) -> c_int {
        self.fd
    }

    fn event(&self) -> Ev {
        // SAFETY: never null, and the event lives as long as the listener.
        unsafe { Ev::new(self.event.get()).unwrap_unchecked() }
    }

    fn has(&self, flag: c_uint) -> bool {
        self.flags.get() & flag != 0
    }
}

/// A listener whose lock is held, and which stays alive.
pub struct Held(NonNull<Listener>);

impl Held {
    /// # Safety
    /// `listener` is alive.
    pub unsafe fn new(listener: NonNull<Listener>) -> Held {
        // SAFETY: the caller's promise.
        unsafe { lock::lock(listener.as_ref().lock) };
        let held = Held(listener);
        held.references.set(held.references.get() + 1);
        held
    }

    fn base(&self) -> &EventBase {
        // SAFETY: a base outlives its listeners.
        unsafe { &*self.0.as_ref().base }
    }

    /// Runs something with the lock given up.
    fn call_out<R>(&self, action: impl FnOnce() -> R) -> R {
        // SAFETY: held once since `new`; the reference keeps it alive.
        unsafe { lock::unlock(self.lock) };
        let result = action();
        // SAFETY: as above.
        unsafe { lock::lock(self.lock) };
        result
    }

    /// Makes the event, which is not in use, one that waits for connections.
    fn watch(&self) {
        let (events, argument) = (EV_READ | EV_PERSIST, self.0.as_ptr().cast());
        assign(
            self.event(),
            self.base(),
            self.fd,
            events,
            Some(readable),
            argument,
        );
        self.rests.set(false);
    }

    /// Connections wait that can't be taken just now: looks again after a while, because the loop
    /// would be busy with them.
    fn rest(&self) {
        let base = self.base().lock();
        base.delete(self.event());
        let argument = self.0.as_ptr().cast();
        assign(self.event(), &base, -1, 0, Some(rested), argument);
        self.rests.set(true);
        if base.add(self.event(), Some(When::In(REST))).is_err() {
            drop(base);
            self.go_on();
        }
    }

    /// Ends the rest. The event is not in use.
    fn go_on(&self) {
        self.watch();
        if self.enabled.get() && self.enable().is_err() {
            log::warn_errno(format_args!("A listener can't wait for connections"));
        }
    }

    /// Takes connections from now on, as soon as there is a callback.
    pub fn enable(&self) -> Result<(), ()> {
        self.enabled.set(true);
        if self.callback.get().is_none() {
            return Ok(());
        }
        let base = self.base().lock();
        if self.rests.get() {
            if base.is_pending(self.event(), EV_TIMEOUT) {
                return Ok(());
            }
            self.watch();
        }
        base.add(self.event(), None)
    }

    /// Takes no more connections, and waits for the callback if it runs in another thread.
    pub fn disable(&self) {
        self.enabled.set(false);
        let base = self.base().lock();
        // That callback wants the lock when it returns. Nobody can enable the listener before its
        // event is deleted: that takes the base's lock.
        // SAFETY: held once since `new`.
        unsafe { lock::unlock(self.lock) };
        base.delete_and_wait(self.event(), Blocking::Auto);
        drop(base);
        // SAFETY: the reference keeps the listener and its lock alive.
        unsafe { lock::lock(self.lock) };
    }

    pub fn set_callback(&self, callback: Option<AcceptFn>, argument: *mut c_void) {
        let begins = self.enabled.get() && self.callback.get().is_none();
        self.callback.set(callback);
        self.argument.set(argument);
        if begins && self.enable().is_err() {
            log::warn_errno(format_args!("A listener can't wait for connections"));
        }
    }

    pub fn set_error_callback(&self, callback: Option<ErrorFn>) {
        self.on_error.set(callback);
        if callback.is_some() && self.rests.get() {
            // From now on the program decides.
            self.base().lock().delete(self.event());
            self.go_on();
        }
    }

    /// Gives up the owner's reference.
    pub fn free(self) {
        self.callback.set(None);
        self.on_error.set(None);
        self.disable();
        self.references.set(self.references.get() - 1);
    }

    /// Takes connections until there are no more, or the program wants no more.
    fn accept(&self) {
        let nonblocking = !self.has(LEV_OPT_LEAVE_SOCKETS_BLOCKING);
        let on_exec = self.has(LEV_OPT_CLOSE_ON_EXEC);
        let flags = if nonblocking { libc::SOCK_NONBLOCK } else { 0 }
            | if on_exec { libc::SOCK_CLOEXEC } else { 0 };
        while self.enabled.get() {
            let (fd, mut peer) = match socket::accept(self.fd, flags) {
                Ok(connection) => connection,
                Err(error) => return self.report(error.raw_os_error().unwrap_or(0)),
            };
            let Some(callback) = self.callback.get() else {
                // The callback was taken away while connections came: programs see them closed.
                return sys::close(fd);
            };
            let (this, argument) = (self.0.as_ptr(), self.argument.get());
            let (address, len) = (peer.as_mut_ptr(), peer.len as c_int);
            // SAFETY: the program's promise when it set the callback; see the base's rule for
            // callbacks.
            self.call_out(|| unsafe { callback(this.cast(), fd, address, len, argument) });
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
                self.rest();
            }
            return;
        };
        let (this, argument) = (self.0.as_ptr(), self.argument.get());
        self.call_out(|| {
            sys::set_errno(code);
            // SAFETY: the program's promise when it set the callback.
            unsafe { callback(this.cast(), argument) };
        });
    }
}

impl Deref for Held {
    type Target = Listener;
    fn deref(&self) -> &Listener {
        // SAFETY: the reference keeps it alive.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (guard, left) = (self.lock, self.references.get() - 1);
        self.references.set(left);
        // SAFETY: held since `new`.
        unsafe { lock::unlock(guard) };
        if left > 0 {
            return;
        }
        if self.has(LEV_OPT_CLOSE_ON_FREE) {
            sys::close(self.fd);
        }
        // SAFETY: the last reference is gone, and the event was deleted by `free`.
        unsafe {
            mm::free(self.0.as_ptr().cast());
            lock::free(guard, lock::RECURSIVE);
        }
    }
}

/// The event's callback while the listener rests.
unsafe extern "C" fn rested(_fd: c_int, _what: c_short, listener: *mut c_void) {
    if let Some(listener) = NonNull::new(listener.cast::<Listener>()) {
        // SAFETY: as for `readable`.
        let listener = unsafe { Held::new(listener) };
        // Another thread may have ended it while this one waited for the lock.
        if listener.rests.get() {
            listener.go_on();
        }
    }
}

/// The event's callback.
unsafe extern "C" fn readable(_fd: c_int, _what: c_short, listener: *mut c_void) {
    if let Some(listener) = NonNull::new(listener.cast::<Listener>()) {
        // SAFETY: freeing a listener deletes its event first, and waits for this function.
        unsafe { Held::new(listener) }.accept();
    }
}
