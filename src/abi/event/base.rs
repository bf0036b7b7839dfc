//! Bases: how they are made, asked and freed.

use core::ffi::{c_char, c_int, c_short, c_uint, c_void};
use core::ptr;

use libc::timeval;

use crate::abi::argument::{Const, In, Out};
use crate::abi::convert::{done, status};
use crate::base::config::Config as event_config;
use crate::base::{BaseRef, EventBase, global};
use crate::ctypes::event::event_base_foreach_event_cb;
use crate::ctypes::util::evutil_socket_t;
use crate::support::stdio::Stream;
use crate::support::{log, time};
use crate::sys::Errno;

/// Makes a new base, which is what events are added to and what runs them.
///
/// @return the base, to be freed with event_base_free(), or NULL
#[unsafe(no_mangle)]
pub extern "C" fn event_base_new() -> Option<BaseRef> {
    EventBase::create(&event_config::DEFAULT)
}

/// Makes a base usable in a child process after fork(): everything that the kernel would share
/// between parent and child is made anew, and the events stay as they are.
///
/// @return 0 on success; -1 if something could not be made anew, which may be tried again
///
/// # Safety
/// `base` is a live base, in a process that was forked after the base was made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_reinit(base: Option<BaseRef>) -> c_int {
    status(
        base.ok_or(Errno::INVAL)
            .and_then(|base| base.lock().reinit()),
    )
}

/// The name of the method that a base waits with: "epoll", "poll" or "select".
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_method(base: Const<Option<BaseRef>>) -> *const c_char {
    base.map_or(ptr::null(), |base| base.method_name().as_ptr())
}

/// How a base receives signals: "signal" (by a handler) or "signalfd_signal".
///
/// Since 2.2.
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_signal_method(
    base: Const<Option<BaseRef>>,
) -> *const c_char {
    base.map_or(ptr::null(), |base| base.signal_method().as_ptr())
}

/// The time on the monotonic clock of a base, which timeouts are measured by. While the loop runs
/// callbacks this is the time at which the iteration began.
///
/// @param tp where to write the time
/// @return 0 on success, -1 on failure
///
/// Since 2.1.
///
/// # Safety
/// `base` is a live base, `tp` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_gettime_monotonic(base: Option<BaseRef>, tp: Out<timeval>) -> c_int {
    let (Some(base), false) = (base, tp.is_null()) else {
        return -1;
    };
    let now = base.lock().monotonic_time();
    tp.set(time::to_timeval(now));
    0
}

/// How many events a base has.
///
/// @param flags which: EVENT_BASE_COUNT_ACTIVE, _VIRTUAL and _ADDED, or any of them together.
///   What is added counts once for its descriptor or signal, once for its timeout, and once for
///   being active.
///
/// Since 2.1.
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_num_events(base: Option<BaseRef>, flags: c_uint) -> c_int {
    base.map_or(0, |base| base.lock().count(flags))
}

/// How many events a base had at most.
///
/// @param flags which: see event_base_get_num_events()
/// @param clear not 0: from now on count the maxima anew
///
/// Since 2.1.
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_max_events(
    base: Option<BaseRef>,
    flags: c_uint,
    clear: c_int,
) -> c_int {
    base.map_or(0, |base| base.lock().most(flags, clear != 0))
}

/// What the method of a base can do: EV_FEATURE_* bits.
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_features(base: Const<Option<BaseRef>>) -> c_int {
    base.map_or(0, |base| base.method.features())
}

/// Frees a base. Its events are deleted, but remain their owner's to free; finalizers that are
/// due run. Descriptors are not closed.
///
/// # Safety
/// `base` is a live base whose loop is not running, or NULL for the current base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_free(base: Option<BaseRef>) {
    // SAFETY: the caller guarantees it (# Safety).
    unsafe { free_base(base, true) };
}

/// Frees a base like event_base_free(), but runs no finalizers, so that what they would have freed
/// may leak.
///
/// Since 2.1.
///
/// # Safety
/// See event_base_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_free_nofinalize(base: Option<BaseRef>) {
    // SAFETY: the caller guarantees it (# Safety).
    unsafe { free_base(base, false) };
}

/// # Safety
/// See event_base_free().
unsafe fn free_base(base: Option<BaseRef>, finalize: bool) {
    // SAFETY: the caller's promise.
    match global::base_or_current(base) {
        // SAFETY: the caller's promise.
        Some(base) => unsafe { EventBase::destroy(base.as_non_null(), finalize) },
        None => log::warn(format_args!("event_base_free: there is no base to free")),
    }
}

/// Sets how many priorities a base has. Smaller numbers are more urgent; as long as an event of one
/// priority is active no event of a less urgent one runs. Best called before events are assigned,
/// which get the middle priority.
///
/// @param npriorities between 1 and 255
/// @return 0 on success; -1 for another number, without memory, or while an event is active
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_priority_init(
    base: Option<BaseRef>,
    npriorities: c_int,
) -> c_int {
    done(base.is_some_and(|base| base.lock().set_priorities(npriorities)))
}

/// How many priorities a base has.
///
/// Since 2.1.
///
/// # Safety
/// `base` is a live base, or NULL for the current one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_npriorities(base: Option<BaseRef>) -> c_int {
    global::base_or_current(base).map_or(0, |base| base.priorities())
}

/// Says that many events will have the same timeout, which makes adding them cheap. Pass what this
/// returns, instead of the timeout itself, to event_add().
///
/// @param base the base whose events these are
/// @param duration the timeout
/// @return the value to use, which belongs to the base; NULL without memory, or when the base has
///   256 of them
///
/// Since 2.0.
///
/// # Safety
/// `base` is a live base, `duration` is readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_init_common_timeout(
    base: Option<BaseRef>,
    duration: In<timeval>,
) -> *const timeval {
    match (base, duration.get()) {
        (Some(base), Some(duration)) => base.lock().common_timeout(duration),
        _ => ptr::null(),
    }
}

/// Writes all events of a base to a stream, as text for people: the format may change.
///
/// Since 2.0.
///
/// # Safety
/// `base` is a live base, `out` an open stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_dump_events(base: Option<BaseRef>, out: Option<Stream>) {
    if let (Some(base), Some(mut stream)) = (base, out) {
        // Write errors stay in the stream's error indicator.
        let _ = base.lock().dump(&mut stream);
    }
}

/// Makes the events active that wait for a descriptor, as if it were ready.
///
/// @param events for what: EV_READ, EV_WRITE, EV_CLOSED
///
/// Since 2.1.
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_active_by_fd(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    events: c_short,
) {
    if let Some(base) = base {
        base.lock().activate_fd(fd, events);
    }
}

/// Makes the events active that wait for a signal, as if it had come.
///
/// Since 2.1.
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_active_by_signal(base: Option<BaseRef>, sig: c_int) {
    if let Some(base) = base {
        base.lock().activate_signal(sig);
    }
}

/// Calls a function for each event of a base that is pending or active, once, in no order to rely
/// on. The function must not change any event.
///
/// @param fn called with base, event and `arg`; a non-zero return stops the iteration
/// @return what `fn` returned last; 0 if there was no event; -1 without base or function
///
/// Since 2.1.
///
/// # Safety
/// `base` is a live base, and `fn` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_foreach_event(
    base: Option<BaseRef>,
    r#fn: event_base_foreach_event_cb,
    arg: *mut c_void,
) -> c_int {
    let (Some(shared), Some(visit)) = (base, r#fn) else {
        return -1;
    };
    let locked = shared.lock();
    // SAFETY: the program gave function and argument to go together.
    locked.for_each(|ev| unsafe { visit(shared.as_ptr().cast(), ev.as_ptr(), arg) })
}

/// The wall-clock time, as of the beginning of this iteration while the loop runs callbacks: no system
/// call is needed then.
///
/// @param tv where to write it
/// @return 0 on success, -1 on failure
///
/// Since 2.0.
///
/// # Safety
/// `base` is a live base, or NULL for the current one; `tv` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_gettimeofday_cached(
    base: Option<BaseRef>,
    tv: Out<timeval>,
) -> c_int {
    if tv.is_null() {
        return -1;
    }
    let base = global::base_or_current(base);
    let now = base.map_or_else(time::wall, |base| base.lock().wall_time());
    tv.set(time::to_timeval(now));
    0
}

/// Reads the clock anew, for callbacks that take long. Does nothing unless the loop runs.
///
/// @return 0 on success, -1 on failure
///
/// Since 2.1.
///
/// # Safety
/// `base` is a live base, or NULL for the current one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_update_cache_time(base: Option<BaseRef>) -> c_int {
    done(global::base_or_current(base).is_some_and(|base| {
        base.lock().refresh_time();
        true
    }))
}
