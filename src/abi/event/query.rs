//! What an event was assigned with.

use core::ffi::{c_int, c_short, c_void};

use crate::abi::argument::{Const, Out};
use crate::base::handle::Ev;
use crate::base::{BaseRef, debug};
use crate::ctypes::event::event_callback_fn;
use crate::ctypes::util::evutil_socket_t;
use crate::support::log;

/// Whether an event has been assigned: not 0 or 0. Memory that was never assigned must be zero for
/// this to be of use.
///
/// # Safety
/// `ev` is readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_initialized(ev: Const<Option<Ev>>) -> c_int {
    ev.map_or(0, |ev| c_int::from(ev.callback().is_initialized()))
}

/// An event's descriptor, or signal number.
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_fd(ev: Const<Option<Ev>>) -> evutil_socket_t {
    get(ev, "event_get_fd").fd()
}

/// An event's base.
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_base(ev: Const<Option<Ev>>) -> Option<BaseRef> {
    get(ev, "event_get_base").base()
}

/// What an event waits for: EV_* bits.
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_events(ev: Const<Option<Ev>>) -> c_short {
    get(ev, "event_get_events").events()
}

/// An event's callback.
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_callback(ev: Const<Option<Ev>>) -> event_callback_fn {
    get(ev, "event_get_callback").function()
}

/// The argument of an event's callback.
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_callback_arg(ev: Const<Option<Ev>>) -> *mut c_void {
    get(ev, "event_get_callback_arg").callback().argument()
}

/// An event's priority.
///
/// Since 2.1.
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_priority(ev: Const<Option<Ev>>) -> c_int {
    c_int::from(get(ev, "event_get_priority").callback().priority())
}

/// Everything that an event was assigned with. Each pointer may be NULL.
///
/// # Safety
/// `ev` is assigned; the others are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_get_assignment(
    ev: Const<Option<Ev>>,
    base_out: Out<Option<BaseRef>>,
    fd_out: Out<evutil_socket_t>,
    events_out: Out<c_short>,
    callback_out: Out<event_callback_fn>,
    arg_out: Out<*mut c_void>,
) {
    let ev = get(ev, "event_get_assignment");
    base_out.set(ev.base());
    fd_out.set(ev.fd());
    events_out.set(ev.events());
    callback_out.set(ev.function());
    arg_out.set(ev.callback().argument());
}

/// The event; ends the process for NULL, and in debug mode for one that was not assigned.
fn get(ev: Const<Option<Ev>>, function: &str) -> Ev {
    match *ev {
        Some(ev) => {
            debug::assert_assigned(ev, function);
            ev
        }
        None => log::fatal_abort(format_args!("{function}: the event is NULL")),
    }
}
