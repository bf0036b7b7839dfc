//! Making a TLS bufferevent, and its end.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::engine::{Engine, Role};
use super::{Memory, Session, Tls, filter, input, of, output, socket};
use crate::base::BaseRef;
use crate::bufferevent::ops::Ops;
use crate::bufferevent::stream::{descriptor, output as stream_output};
use crate::bufferevent::{Bev, Held, filter as plain_filter, lifecycle, timeout};
use crate::ctypes::bufferevent::{BEV_OPT_CLOSE_ON_FREE, BEV_OPT_THREADSAFE};
use crate::support::lock;
use crate::support::thunk::thunk;
use crate::sys;

/// A bufferevent with a session on a descriptor, or on none yet if that is -1. `role` is `None` if
/// the connection stands already. On failure the session is freed if the options have it freed at
/// the end.
pub fn on_socket(
    base: Option<BaseRef>,
    fd: c_int,
    session: Session,
    role: Option<Role>,
    options: c_int,
) -> Option<Bev> {
    let made = try_on_socket(base, fd, session, role, options);
    free_unless(made.is_some(), session, options);
    made
}

/// A bufferevent with a session on top of another bufferevent. As [`on_socket`].
pub fn on_bufferevent(
    base: Option<BaseRef>,
    underlying: Option<Bev>,
    session: Session,
    role: Option<Role>,
    options: c_int,
) -> Option<Bev> {
    let made = underlying
        .and_then(|underlying| try_on_bufferevent(base, underlying, session, role, options));
    free_unless(made.is_some(), session, options);
    made
}

/// A session that is not used is freed if the program has asked for that at the end.
pub fn free_unless(used: bool, session: Session, options: c_int) {
    if used {
        return;
    }
    let error = sys::errno();
    if options & BEV_OPT_CLOSE_ON_FREE != 0 {
        session.free();
    } else {
        session.hand_back();
    }
    session.forget_bufferevent();
    sys::set_errno(error);
}

fn try_on_socket(
    base: Option<BaseRef>,
    fd: c_int,
    session: Session,
    role: Option<Role>,
    options: c_int,
) -> Option<Bev> {
    let of_session = session.fd();
    let fd = match of_session {
        Some(own) if fd >= 0 && fd != own => return None,
        Some(own) => own,
        None => fd,
    };
    let bev = new(base, &socket::OPS, options, ptr::null_mut())?;
    if of_session.is_some() {
        session.keep_fd_open();
    } else if fd >= 0 && !session.use_fd(fd) {
        lifecycle::abandon(bev);
        return None;
    }
    init(bev, session, role, None);
    lifecycle::watch_output(bev, thunk(stream_output::on_added));
    descriptor::assign_events(bev, fd);
    let begun = of(bev).map(|tls| socket::begin(&bev.hold(), tls));
    if begun != Some(Ok(())) {
        lifecycle::abandon(bev);
        return None;
    }
    Some(bev)
}

fn try_on_bufferevent(
    base: Option<BaseRef>,
    underlying: Bev,
    session: Session,
    role: Option<Role>,
    options: c_int,
) -> Option<Bev> {
    let underlying = underlying.hold();
    let shared = underlying.header().lock_ptr();
    let bev = new(base, &filter::OPS, options, shared)?;
    let Some(session) = session.use_bufferevent(*underlying) else {
        lifecycle::abandon(bev);
        return None;
    };
    init(bev, session, role, Some(*underlying));
    lifecycle::watch_output(bev, thunk(filter::on_output));
    timeout::assign_timers(bev);
    if let Some(tls) = of(bev) {
        filter::begin(&bev.hold(), tls, &underlying);
    }
    Some(bev)
}

/// A bufferevent without its kind's own memory. It has the `shared` lock if that is not null, or one
/// of its own if the options ask for that; unlike plain ones on a descriptor it may do so in a
/// program that makes no locks.
fn new(
    base: Option<BaseRef>,
    ops: &'static Ops,
    options: c_int,
    shared: *mut c_void,
) -> Option<Bev> {
    let bev = lifecycle::new::<Memory>(base, ops, options & !BEV_OPT_THREADSAFE)?;
    let locked = !shared.is_null() || options & BEV_OPT_THREADSAFE != 0 && lock::enabled();
    if locked && !lifecycle::enable_locking(bev, shared) {
        lifecycle::abandon(bev);
        return None;
    }
    Some(bev)
}

/// Fills the kind's own memory in, which is zero, and prepares the session.
fn init(bev: Bev, session: Session, role: Option<Role>, underlying: Option<Bev>) {
    if let Some(role) = role {
        session.restart(role, false);
    }
    session.prepare();
    let tls = Tls::new(session, role, underlying);
    // SAFETY: the memory is this kind's, and nobody else knows it yet.
    let tls = unsafe {
        let place = &raw mut (*bev.cast::<Memory>().as_ptr()).tls;
        (*place).write(tls)
    };
    output::choose_files(bev, tls);
    // SAFETY: the bufferevent is alive whenever this is queued, which takes a reference.
    unsafe { tls.read_on.init(0, input::on_read_on, bev) };
}

/// Forgets the connection, for the next one.
pub(super) fn restart(bev: &Held, tls: &Tls, session: Session) {
    output::forget(**bev, tls);
    tls.connection.set(tls.connection.get().wrapping_add(1));
    tls.handshaking.set(tls.role.is_some());
    tls.read_wants_write.set(false);
    tls.write_wants_read.set(false);
    tls.closed.set(false);
    tls.ended.set(None);
    tls.drained.set(None);
    if let Some(role) = tls.role {
        session.restart(role, true);
    }
    tls.counted.set(None);
    output::choose_files(**bev, tls);
}

/// The program has freed the bufferevent. A session that it keeps is its own at once.
pub fn give_up(bev: Bev) {
    if bev.options() & BEV_OPT_CLOSE_ON_FREE == 0 {
        hand_back(bev);
    }
}

fn hand_back(bev: Bev) {
    let Some(tls) = of(bev) else {
        return;
    };
    let Some(session) = tls.session.take() else {
        return;
    };
    if tls.reads_ahead.take() {
        session.read_ahead(false);
    }
    session.hand_back();
    output::forget(bev, tls);
    if tls.underlying.is_none() {
        timeout::delete(bev.read_event());
        stream_output::stop(bev);
        stream_output::forget(bev);
    }
}

/// The last reference is gone.
pub fn unlink(bev: Bev) {
    give_up(bev);
    match (bev.ops().underlying)(bev) {
        Some(underlying) => plain_filter::release(bev, underlying),
        None => stream_output::forget(bev),
    }
}

/// Nobody uses the bufferevent any more.
pub fn destroy(bev: Bev) {
    let Some(tls) = of(bev) else {
        return;
    };
    let session = tls.session.take();
    output::forget(bev, tls);
    bev.output().lock().remove_embedded(tls.edits());
    let owned = bev.options() & BEV_OPT_CLOSE_ON_FREE != 0;
    if let Some(session) = session.filter(|_| owned) {
        session.free();
    }
    tls.attached.forget_bufferevent();
    if owned && tls.underlying.is_none() {
        let fd = bev.read_event().fd();
        if fd >= 0 {
            sys::close(fd);
        }
    }
}
