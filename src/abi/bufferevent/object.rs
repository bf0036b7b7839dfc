//! What all bufferevents have: a base, a priority, a lock and a count of references.

use core::ffi::c_int;

use crate::abi::argument::{Const, Required};
use crate::abi::convert::locked;
use crate::base::BaseRef;
use crate::bufferevent::stream::descriptor;
use crate::bufferevent::{Bev, Held, lifecycle};
use crate::support::shared::Shared;

/// Gives a socket bufferevent another base, which must be done before it waits for anything.
///
/// @param base the base
/// @param bufev the bufferevent
/// @return 0 on success; -1 if it isn't on a socket, or waits for something
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_base_set(
    base: Option<BaseRef>,
    bufev: Required<Bev>,
) -> c_int {
    match base {
        Some(base) => locked(*bufev, |bufev| descriptor::set_base(bufev, &base)),
        None => -1,
    }
}

/// Returns the base of a bufferevent.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_base(bev: Required<Bev>) -> Option<BaseRef> {
    bev.own_base()
}

/// Sets the priority of the events and callbacks of a bufferevent on a socket or with TLS, as
/// event_priority_set() does for an event.
///
/// @param bufev the bufferevent
/// @param pri the priority
/// @return 0 on success; -1 for another kind of bufferevent, if its events are active, or if there
///   is no such priority
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_priority_set(bufev: Required<Bev>, pri: c_int) -> c_int {
    locked(*bufev, |bufev| descriptor::set_priority(bufev, pri))
}

/// Returns the priority of a bufferevent.
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_priority(bufev: Const<Required<Bev>>) -> c_int {
    c_int::from(bufev.read_event().callback().priority())
}

/// Frees a bufferevent, and closes its descriptor if BEV_OPT_CLOSE_ON_FREE is set. Output that has
/// not been written is lost. None of its callbacks is called any more.
///
/// It is destroyed when nothing uses it any more, usually in the next loop iteration.
///
/// # Safety
/// The bufferevent is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_free(bufev: Required<Bev>) {
    lifecycle::free(*bufev);
}

/// Locks a bufferevent and takes a reference. Buffers of the bufferevent are locked with it.
///
/// Since 2.1.
///
/// # Safety
/// bufferevent_unlock() follows in the same thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_lock(bufev: Required<Bev>) {
    bufev.hold().forget();
}

/// Undoes bufferevent_lock().
///
/// Since 2.1.
///
/// # Safety
/// bufferevent_lock() was called for it in this thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_unlock(bufev: Required<Bev>) {
    // SAFETY: what bufferevent_lock() forgot.
    drop(unsafe { Held::from_forgotten(*bufev) });
}

/// Takes a reference: the bufferevent is not freed until bufferevent_decref() is called.
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_incref(bufev: Required<Bev>) {
    bufev.add_ref();
}

/// Releases a reference.
///
/// @return 1 if it was the last one and the bufferevent is freed, 0 otherwise
///
/// Since 2.1.
///
/// # Safety
/// The reference was the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_decref(bufev: Required<Bev>) -> c_int {
    c_int::from(bufev.unref())
}
