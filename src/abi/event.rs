//! `<event2/event.h>`: the event loop.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_char, c_int, c_short, c_uint, c_void};
use core::ptr;

use libc::timeval;

use crate::abi::argument::{Const, In, Out, Str};
use crate::abi::convert::{done, status};
use crate::backend::Method;
use crate::base::EventBase;
use crate::base::config::{Config as event_config, DispatchLimits};
use crate::base::event::Blocking;
use crate::base::finalize::EventFinalizer;
use crate::base::handle::Ev;
use crate::base::timeout::When;
use crate::base::{self, BaseRef, debug, global};
use crate::ctypes::event::{
    event_base_foreach_event_cb, event_callback_fn, event_fatal_cb, event_finalize_callback_fn,
    event_log_cb,
};
use crate::ctypes::event_config::{EVENT__NUMERIC_VERSION, EVENT__VERSION};
use crate::ctypes::event_struct::event;
use crate::ctypes::util::evutil_socket_t;
use crate::support::stdio::Stream;
use crate::support::{log, mm, time};
use crate::sys::{self, Errno};

/// The event and its base; a warning if it has none.
fn event_and_base(ev: Option<Ev>) -> sys::Result<(Ev, BaseRef)> {
    let ev = ev.ok_or(Errno::INVAL)?;
    let Some(base) = ev.base() else {
        log::warn(format_args!("An event without an event_base can't be used"));
        return Err(Errno::INVAL);
    };
    Ok((ev, base))
}

/// Makes the library remember every event and report misuse: an event that is used without having
/// been assigned, is assigned again while it is added, or waits for a descriptor that is blocking
/// (bufferevents and listeners, too). A report is an EVENT_LOG_ERR line and the end of the process,
/// see event_set_fatal_callback(). Costs time and memory. Must be called before anything else of the
/// library; calling it late or twice ends the process.
///
/// Since 2.0.
#[unsafe(no_mangle)]
pub extern "C" fn event_enable_debug_mode() {
    debug::enable();
}

/// Tells debug mode that the memory of an event is used for something else now. The event must not
/// be pending. Does nothing outside of debug mode.
///
/// Since 2.0.
///
/// # Safety
/// `ev` points to an assigned event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_debug_unassign(ev: Option<Ev>) {
    if let Some(ev) = ev {
        debug::assert_not_added(ev, "event_debug_unassign");
        debug::note_freed(ev);
        ev.callback()
            .clear_flags(crate::ctypes::event_struct::EVLIST_INIT);
    }
}

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

/// Runs the loop until no event is left or it is told to stop. The same as event_base_loop() with
/// no flags.
///
/// # Safety
/// See event_base_loop().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_dispatch(base: Option<BaseRef>) -> c_int {
    base.map_or(-1, |base| base.run(0) as c_int)
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

/// An array that ends with null.
#[repr(transparent)]
struct Names([*const c_char; Method::ALL.len() + 1]);
// SAFETY: the strings are constants.
unsafe impl Sync for Names {}

/// The names of all methods that this library has, best first; the array ends with NULL and must
/// not be changed. Some may be of no use on this system or forbidden by the environment.
#[unsafe(no_mangle)]
pub extern "C" fn event_get_supported_methods() -> *mut *const c_char {
    static NAMES: Names = Names([
        c"epoll".as_ptr(),
        c"poll".as_ptr(),
        c"select".as_ptr(),
        ptr::null(),
    ]);
    NAMES.0.as_ptr().cast_mut()
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

/// A new, empty description of what a base should be like.
///
/// @return the description, to be freed with event_config_free(), or NULL
///
/// Since 2.0.
#[unsafe(no_mangle)]
pub extern "C" fn event_config_new() -> Option<mm::Box<event_config>> {
    mm::Box::new(event_config::DEFAULT).ok()
}

/// Frees a description. Bases made from it go on.
///
/// # Safety
/// `cfg` came from event_config_new() and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_free(cfg: Option<mm::Box<event_config>>) {
    drop(cfg);
}

/// Forbids a method.
///
/// @param method the name, as event_base_get_method() gives it; one that is not known here is fine
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `cfg` came from event_config_new(), `method` is a string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_avoid_method(
    cfg: Option<&mut event_config>,
    method: Option<Str<'_>>,
) -> c_int {
    done(cfg.zip(method).is_some_and(|(config, method)| {
        config.avoid(method.c_str());
        true
    }))
}

/// What the method of a base can do: EV_FEATURE_* bits.
///
/// # Safety
/// `base` is a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_get_features(base: Const<Option<BaseRef>>) -> c_int {
    base.map_or(0, |base| base.method.features())
}

/// Demands features of the method.
///
/// @param feature EV_FEATURE_* bits, all of which the method must have
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `cfg` came from event_config_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_require_features(
    cfg: Option<&mut event_config>,
    feature: c_int,
) -> c_int {
    done(cfg.is_some_and(|config| {
        config.features = feature;
        true
    }))
}

/// Sets flags, beside those set before.
///
/// @param flag EVENT_BASE_FLAG_* bits
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `cfg` came from event_config_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_set_flag(
    cfg: Option<&mut event_config>,
    flag: c_int,
) -> c_int {
    done(cfg.is_some_and(|config| {
        config.flags |= flag;
        true
    }))
}

/// Says how many processors the program means to use. No method here makes use of it.
///
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `cfg` came from event_config_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_set_num_cpus_hint(
    cfg: Option<&mut event_config>,
    cpus: c_int,
) -> c_int {
    done(cfg.is_some_and(|config| {
        config.cpus = cpus;
        true
    }))
}

/// Limits how long callbacks run before the loop looks for more urgent events.
///
/// @param max_interval look again after this time; NULL for no such limit
/// @param max_callbacks look again after so many callbacks; -1 for no such limit
/// @param min_priority don't limit callbacks whose priority is below this number
/// @return 0 on success, -1 on failure
///
/// Since 2.1.
///
/// # Safety
/// `cfg` came from event_config_new(), `max_interval` is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_config_set_max_dispatch_interval(
    cfg: Option<&mut event_config>,
    max_interval: In<timeval>,
    max_callbacks: c_int,
    min_priority: c_int,
) -> c_int {
    let interval = max_interval.get().map(time::from_timeval);
    done(cfg.is_some_and(|config| {
        config.limits = DispatchLimits::new(interval, max_callbacks, min_priority);
        true
    }))
}

/// Makes a base as described.
///
/// @param cfg the description, which may be freed at once, or NULL
/// @return the base, to be freed with event_base_free(), or NULL if no method meets the description
///
/// Since 2.0.
///
/// # Safety
/// `cfg` is NULL or came from event_config_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_new_with_config(cfg: Option<&event_config>) -> Option<BaseRef> {
    EventBase::create(cfg.unwrap_or(&event_config::DEFAULT))
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

/// Sends all log lines to a function.
///
/// @param cb called with severity and text; it must not use the library. NULL for stderr.
///
/// # Safety
/// `cb` can be called until it is replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set_log_callback(cb: event_log_cb) {
    log::set_log_callback(cb);
}

/// Replaces what the library does about an error that it can't go on after. By default it ends the
/// process, which it also does if the function returns.
///
/// @param cb called with the exit code; NULL for the default
///
/// # Safety
/// `cb` can be called until it is replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set_fatal_callback(cb: event_fatal_cb) {
    log::set_fatal_callback(cb);
}

/// Switches debug lines on or off.
///
/// @param which EVENT_DBG_ALL or EVENT_DBG_NONE
///
/// Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn event_enable_debug_logging(which: u32) {
    log::set_debug_mask(which);
}

/// Moves an event to another base. It must be assigned, and neither pending nor active. Its
/// priority becomes the base's middle one.
///
/// @return 0 on success, -1 on failure
///
/// # Safety
/// Both point to live objects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_set(base: Option<BaseRef>, ev: Option<Ev>) -> c_int {
    done(base.zip(ev).is_some_and(|(base, ev)| {
        let set = base::event::set_base(ev, &base);
        if set {
            debug::assert_assigned(ev, "event_base_set");
        }
        set
    }))
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

/// A byte whose address means "the event itself".
static SELF_ARGUMENT: u8 = 0;

/// What to pass as the argument of a callback that wants its own event as argument. For event_new()
/// and event_assign().
///
/// Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn event_self_cbarg() -> *mut c_void {
    (&raw const SELF_ARGUMENT).cast_mut().cast()
}

/// Makes an event, which waits for nothing until event_add().
///
/// @param base the base
/// @param fd the descriptor or the signal's number; -1 for a timer
/// @param events EV_READ, EV_WRITE, EV_CLOSED, or EV_SIGNAL alone; with EV_PERSIST and EV_ET as
///   wished; 0 for a timer
/// @param callback what to call
/// @param callback_arg the callback's argument
/// @return the event, to be freed with event_free(), or NULL
///
/// Since 2.0.
///
/// # Safety
/// `base` is a live base (or NULL: the event must then get one from event_base_set()); `callback`
/// can be called with `callback_arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_new(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    callback_arg: *mut c_void,
) -> Option<Ev> {
    // SAFETY: the caller's promise.
    unsafe { base::event::create(|ev| assign(ev, base, fd, events, callback, callback_arg)) }
}

/// Fills an event in, as event_assign() does.
#[inline(always)]
fn assign(
    ev: Ev,
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    callback_arg: *mut c_void,
) -> bool {
    let base = global::base_or_current(base);
    let argument = if callback_arg == event_self_cbarg() {
        ev.as_ptr().cast()
    } else {
        callback_arg
    };
    debug::assert_not_added(ev, "event_assign");
    let assigned = base::event::assign_to(ev, base.as_deref(), fd, events, callback, argument);
    if assigned {
        debug::note_assigned(ev);
    }
    assigned
}

/// Makes an event in memory that the program provides. Parameters are those of event_new(); the
/// event must not be pending or active if it was assigned before.
///
/// @return 0 on success, -1 if `events` makes no sense
///
/// Since 2.0.
///
/// # Safety
/// `ev` is writable for the size of struct event and stays where it is; otherwise as event_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_assign(
    ev: Option<Ev>,
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    callback_arg: *mut c_void,
) -> c_int {
    done(ev.is_some_and(|ev| assign(ev, base, fd, events, callback, callback_arg)))
}

/// Deletes an event and frees it.
///
/// @param ev an event of event_new(), or NULL
///
/// # Safety
/// `ev` came from event_new() and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_free(ev: Option<Ev>) {
    if let Some(handle) = ev {
        debug::assert_assigned(handle, "event_free");
        delete(ev, Blocking::Auto);
        // SAFETY: made by event_new() (# Safety), and deleted.
        unsafe { base::event::free(handle) };
    }
}

/// Deletes an event, and calls a function from the loop once no thread runs its callback any more.
/// Until then the event's memory must stay.
///
/// @param flags 0
/// @param ev an event, best made with EV_FINALIZE
/// @param cb called with the event and its argument
/// @return 0 on success, -1 on failure
///
/// Since 2.1.
///
/// # Safety
/// `ev` is assigned and stays in place until `cb` is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_finalize(
    flags: c_uint,
    ev: Option<Ev>,
    cb: event_finalize_callback_fn,
) -> c_int {
    let _ = flags;
    finalize(ev, cb, false)
}

/// event_finalize(), then frees the event.
///
/// @return 0 on success, -1 on failure
///
/// Since 2.1.
///
/// # Safety
/// `ev` came from event_new() and is not used afterwards, except by `cb`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_free_finalize(
    flags: c_uint,
    ev: Option<Ev>,
    cb: event_finalize_callback_fn,
) -> c_int {
    let _ = flags;
    finalize(ev, cb, true)
}

fn finalize(ev: Option<Ev>, finalizer: Option<EventFinalizer>, free: bool) -> c_int {
    done(event_and_base(ev).is_ok_and(|(ev, base)| {
        debug::assert_assigned(ev, "event_finalize");
        base.lock().finalize(ev, finalizer, free);
        true
    }))
}

/// Calls a function once, without an event to look after.
///
/// @param base the base
/// @param fd the descriptor to wait for, or -1
/// @param events EV_TIMEOUT, or EV_READ and EV_WRITE with or without EV_TIMEOUT; neither EV_SIGNAL
///   nor EV_PERSIST
/// @param callback what to call
/// @param arg its argument
/// @param timeout how long to wait at most; NULL for ever, or with EV_TIMEOUT alone: not at all
/// @return 0 on success, -1 on failure
///
/// # Safety
/// `base` is a live base, `timeout` is NULL or readable, `callback` can be called with `arg`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_base_once(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    events: c_short,
    callback: event_callback_fn,
    arg: *mut c_void,
    timeout: In<timeval>,
) -> c_int {
    let base = base.ok_or(Errno::INVAL);
    status(base.and_then(|base| base.lock().once(fd, events, callback, arg, timeout.get())))
}

/// Makes an event wait for what it was assigned for, and for a timeout.
///
/// An event that is pending keeps what it waits for; a timeout given replaces its former one.
/// Unless the event is persistent it is deleted before its callback runs. A persistent event with a
/// timeout fires again and again, each time at least one timeout after the last.
///
/// @param ev an assigned event
/// @param timeout how long from now, or a value of event_base_init_common_timeout(); NULL for ever
/// @return 0 on success; -1 on failure, with errno set where the system refused, and nothing
///   changed
///
/// # Safety
/// `ev` is assigned and stays in place until it is deleted; `timeout` is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_add(ev: Option<Ev>, timeout: In<timeval>) -> c_int {
    status(event_and_base(ev).and_then(|(ev, base)| {
        debug::assert_assigned(ev, "event_add");
        base.lock().add(ev, timeout.get().map(When::In))
    }))
}

/// Ends an event's timeout. Whatever else it waits for, it goes on waiting for.
///
/// @return 0 on success, also when there was no timeout; -1 on failure
///
/// Since 2.1.
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_remove_timer(ev: Option<Ev>) -> c_int {
    done(event_and_base(ev).is_ok_and(|(ev, base)| {
        debug::assert_assigned(ev, "event_remove_timer");
        base.lock().remove_timer(ev);
        true
    }))
}

/// Makes an event non-pending; if it is active, its callback is not run. If another thread runs its
/// callback, waits until that has returned, unless the event was made with EV_FINALIZE.
///
/// @return 0 on success, also when the event was not pending; -1 on failure
///
/// # Safety
/// `ev` is assigned, or all zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_del(ev: Option<Ev>) -> c_int {
    delete(ev, Blocking::Auto)
}

/// event_del() that never waits for the callback.
///
/// Since 2.1.
///
/// # Safety
/// See event_del().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_del_noblock(ev: Option<Ev>) -> c_int {
    delete(ev, Blocking::Never)
}

/// event_del() that waits for the callback, also for events made with EV_FINALIZE.
///
/// Since 2.1.
///
/// # Safety
/// See event_del().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_del_block(ev: Option<Ev>) -> c_int {
    delete(ev, Blocking::Always)
}

fn delete(ev: Option<Ev>, blocking: Blocking) -> c_int {
    done(event_and_base(ev).is_ok_and(|(ev, base)| {
        debug::assert_assigned(ev, "event_del");
        base.lock().delete_and_wait(ev, blocking);
        true
    }))
}

/// Makes an event active: its callback runs in this iteration of the loop or, if the loop
/// runs in another thread, in that loop's next iteration. The event need not be pending, and remains so if it is.
///
/// @param ev an assigned event
/// @param res what to tell the callback: EV_* bits
/// @param ncalls for signal events: how often to call
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_active(ev: Option<Ev>, res: c_int, ncalls: c_short) {
    if let Ok((ev, base)) = event_and_base(ev) {
        debug::assert_assigned(ev, "event_active");
        base.lock().activate(ev, res as c_short, ncalls);
    }
}

/// Whether an event is pending or active.
///
/// @param ev an event
/// @param events what to ask about: EV_TIMEOUT, EV_READ, EV_WRITE, EV_CLOSED, EV_SIGNAL
/// @param tv where to write when it times out, on the wall clock; may be NULL
/// @return those bits of `events` that it is pending or active for
///
/// # Safety
/// `ev` is assigned, or all zero; `tv` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_pending(
    ev: Const<Option<Ev>>,
    events: c_short,
    tv: Out<timeval>,
) -> c_int {
    let Ok((ev, base)) = event_and_base(*ev) else {
        return 0;
    };
    debug::assert_assigned(ev, "event_pending");
    let (pending, until) = base.lock().pending(ev, events);
    if let Some(until) = until {
        tv.set(until);
    }
    c_int::from(pending)
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

/// Whether an event has been assigned: not 0 or 0. Memory that was never assigned must be zero for
/// this to be of use.
///
/// # Safety
/// `ev` is readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_initialized(ev: Const<Option<Ev>>) -> c_int {
    use crate::ctypes::event_struct::EVLIST_INIT;
    ev.map_or(0, |ev| c_int::from(ev.callback().has(EVLIST_INIT)))
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

/// The size of struct event in this library, in bytes; 128 on 64-bit systems.
#[unsafe(no_mangle)]
pub extern "C" fn event_get_struct_event_size() -> usize {
    size_of::<event>()
}

/// The version of libevent that this library stands in for.
#[unsafe(no_mangle)]
pub extern "C" fn event_get_version() -> *const c_char {
    EVENT__VERSION.as_ptr()
}

/// That version as a number: a byte each for major, minor and patch level, and one for what comes
/// after.
#[unsafe(no_mangle)]
pub extern "C" fn event_get_version_number() -> u32 {
    EVENT__NUMERIC_VERSION
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

/// Sets an event's priority. It must not be active.
///
/// @return 0 on success; -1 if it is active, or for a number that its base does not have
///
/// # Safety
/// `ev` is assigned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_priority_set(ev: Option<Ev>, priority: c_int) -> c_int {
    if let Some(ev) = ev {
        debug::assert_assigned(ev, "event_priority_set");
    }
    done(event_and_base(ev).is_ok_and(|(ev, base)| base.lock().set_priority(ev, priority)))
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

/// Replaces how the library gets its memory. Must be called before anything else of the library;
/// otherwise memory allocated by one allocator is freed by another.
///
/// @param malloc_fn a replacement of malloc(), NULL for the original
/// @param realloc_fn a replacement of realloc(), NULL for the original
/// @param free_fn a replacement of free(), NULL for the original
///
/// Since 2.0.
///
/// # Safety
/// The functions behave as those that they replace, and can be called until the process ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn event_set_mem_functions(
    malloc_fn: Option<unsafe extern "C" fn(sz: usize) -> *mut c_void>,
    realloc_fn: Option<unsafe extern "C" fn(ptr: *mut c_void, sz: usize) -> *mut c_void>,
    free_fn: Option<unsafe extern "C" fn(ptr: *mut c_void)>,
) {
    mm::set_hooks(malloc_fn, realloc_fn, free_fn);
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

/// Frees what the library holds for the process as a whole. Nothing of the library may be used
/// afterwards, and everything made by it must have been freed before. Of use to leak checkers.
///
/// Since 2.1.
#[unsafe(no_mangle)]
pub extern "C" fn libevent_global_shutdown() {
    global::shut_down();
}
