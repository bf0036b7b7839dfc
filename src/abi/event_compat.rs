//! `<event2/event_compat.h>`: the functions of libevent 1.4, which work on one
//! current base: the one that event_init() made last.

use core::ffi::{c_char, c_int, c_short, c_void};

use libc::timeval;

use super::event::assign::event_assign;
use super::event::base::{event_base_get_method, event_base_priority_init};
use super::event::pending::event_base_once;
use super::event::run::{
    event_base_dispatch, event_base_loop, event_base_loopbreak, event_base_loopexit,
};
use crate::abi::argument::{Const, In};
use crate::base::BaseRef;
use crate::base::EventBase;
use crate::base::config::Config;
use crate::base::global;
use crate::base::handle::Ev;
use crate::ctypes::event::event_callback_fn;
use crate::ctypes::util::evutil_socket_t;
use crate::support::log;

/// Makes a base, which the functions of this header use from now on. Ends the process on failure.
///
/// Deprecated: event_base_new() does not depend on who else calls it.
///
/// @return the base
#[unsafe(no_mangle)]
pub extern "C" fn event_init() -> Option<BaseRef> {
    let base = EventBase::create(&Config::DEFAULT);
    if base.is_none() {
        let mut line = log::Line::new();
        let _ = core::fmt::Write::write_str(&mut line, "event_init: there can be no event_base");
        log::fatal(1, line);
    }
    global::set_current(base);
    base
}

/// event_base_dispatch() on the current base.
///
/// # Safety
/// The current base is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_dispatch() -> c_int {
    // SAFETY: the caller's promise.
    unsafe { event_base_dispatch(global::current()) }
}

/// event_base_loop() on the current base.
///
/// # Safety
/// The current base is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_loop(flags: c_int) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { event_base_loop(global::current(), flags) }
}

/// event_base_loopexit() on the current base.
///
/// # Safety
/// The current base is alive; `tv` is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_loopexit(tv: In<timeval>) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { event_base_loopexit(global::current(), tv) }
}

/// event_base_loopbreak() on the current base.
///
/// # Safety
/// The current base is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_loopbreak() -> c_int {
    // SAFETY: the caller's promise.
    unsafe { event_base_loopbreak(global::current()) }
}

/// event_base_once() on the current base.
///
/// # Safety
/// See event_base_once().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_once(
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    arg: *mut c_void,
    timeout: In<timeval>,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { event_base_once(global::current(), fd, events, callback, arg, timeout) }
}

/// event_base_get_method() on the current base.
///
/// # Safety
/// The current base is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_method() -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { event_base_get_method(Const(global::current())) }
}

/// event_base_priority_init() on the current base.
///
/// # Safety
/// The current base is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_priority_init(npriorities: c_int) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { event_base_priority_init(global::current(), npriorities) }
}

/// event_assign() on the current base.
///
/// # Safety
/// See event_assign().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set(
    ev: Option<Ev>,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    arg: *mut c_void,
) {
    // SAFETY: the caller's promise.
    unsafe { event_assign(ev, global::current(), fd, events, callback, arg) };
}
