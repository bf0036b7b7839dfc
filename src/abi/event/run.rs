//! The loop.

use core::ffi::c_int;
use core::ptr;

use libc::timeval;

use crate::abi::argument::In;
use crate::abi::convert::{done, status};
use crate::base::BaseRef;
use crate::ctypes::event_struct::event;
use crate::sys::Errno;

/// Runs the loop until no event is left or it is told to stop. The same as event_base_loop() with
/// no flags.
///
/// # Safety
/// See event_base_loop().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_dispatch(base: Option<BaseRef>) -> c_int {
    base.map_or(-1, |base| base.run(0) as c_int)
}

/// Runs the loop.
///
/// An iteration of the loop waits for events, queues those that are ready, then calls the callbacks of
/// the most urgent priority that has any. It goes on until no event is left, or
/// event_base_loopexit() or event_base_loopbreak() is called.
///
/// @param flags EVLOOP_ONCE, EVLOOP_NONBLOCK and EVLOOP_NO_EXIT_ON_EMPTY, or 0
/// @return 0 if it was told to stop, 1 if no event was left, -1 if waiting failed or the loop runs
///   already
///
/// # Safety
/// `base` is a live base, and is not freed until this returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_loop(base: Option<BaseRef>, flags: c_int) -> c_int {
    base.map_or(-1, |base| base.run(flags) as c_int)
}

/// Ends the loop after a time: the iteration in which the time expires is completed. Works from any
/// thread, also before the loop starts.
///
/// @param tv how long from now; NULL for the end of this iteration
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `base` is a live base, `tv` is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_loopexit(base: Option<BaseRef>, tv: In<timeval>) -> c_int {
    let base = base.ok_or(Errno::INVAL);
    status(base.and_then(|base| base.lock().exit_after(tv.get())))
}

/// Ends the loop after the callback that is running. Callbacks that are active stay so. Works from
/// any thread; forgotten when the loop starts.
///
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_loopbreak(base: Option<BaseRef>) -> c_int {
    done(base.is_some_and(|base| {
        base.lock().break_loop();
        true
    }))
}

/// Makes the loop look for new events after the callback that is running, before it goes on with
/// those that are active.
///
/// @return 0 on success, -1 on failure
///
/// Since 2.1.
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_loopcontinue(base: Option<BaseRef>) -> c_int {
    done(base.is_some_and(|base| {
        base.lock().continue_loop();
        true
    }))
}

/// Whether event_base_loopexit() ended the loop: 1 or 0. Forgotten when the loop starts again.
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_got_exit(base: Option<BaseRef>) -> c_int {
    base.map_or(0, |base| c_int::from(base.lock().got_exit()))
}

/// Whether event_base_loopbreak() ended the loop: 1 or 0. Forgotten when the loop starts again.
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_got_break(base: Option<BaseRef>) -> c_int {
    base.map_or(0, |base| c_int::from(base.lock().got_break()))
}

/// The event whose callback is running; NULL if none is, or in another thread than the loop's.
///
/// Since 2.1.
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_running_event(base: Option<BaseRef>) -> *mut event {
    base.map_or(ptr::null_mut(), |base| base.lock().running_event())
}
