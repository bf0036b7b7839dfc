//! `<event2/event.h>`: the event loop.

use core::ffi::{c_char, c_int, c_short, c_uint, c_void};

use super::event_struct::event;
use super::opaque::event_base;
use super::util::evutil_socket_t;

/// The timeout expired.
pub const EV_TIMEOUT: c_short = 0x01;
/// The descriptor can be read.
pub const EV_READ: c_short = 0x02;
/// The descriptor can be written.
pub const EV_WRITE: c_short = 0x04;
/// The signal was received.
pub const EV_SIGNAL: c_short = 0x08;
/// The event stays pending after it fires.
pub const EV_PERSIST: c_short = 0x10;
/// Report changes of readiness, not readiness, if the method can. The events of one descriptor should
/// agree on it.
pub const EV_ET: c_short = 0x20;
/// event_del() does not block while another thread runs the callback; use event_finalize() to free
/// the event.
/// Since 2.1.
pub const EV_FINALIZE: c_short = 0x40;
/// The peer closed its end, whether or not data is left to read, if the method can tell. Since 2.1.
pub const EV_CLOSED: c_short = 0x80;

/// event_base_loop(): wait for events to become active, run them, and return.
pub const EVLOOP_ONCE: c_int = 0x01;
/// event_base_loop(): run what is ready now, and return.
pub const EVLOOP_NONBLOCK: c_int = 0x02;
/// event_base_loop(): don't return because no event is left. Since 2.1.
pub const EVLOOP_NO_EXIT_ON_EMPTY: c_int = 0x04;

/// What the method of a base can do; see event_base_get_features().
pub type event_method_feature = c_int;
/// The method can be edge-triggered.
pub const EV_FEATURE_ET: event_method_feature = 0x01;
/// Making an event active costs the same however many are added.
pub const EV_FEATURE_O1: event_method_feature = 0x02;
/// The method takes any kind of descriptor, regular files included.
pub const EV_FEATURE_FDS: event_method_feature = 0x04;
/// The method can tell that the peer closed its end: EV_CLOSED. Since 2.1.
pub const EV_FEATURE_EARLY_CLOSE: event_method_feature = 0x08;

/// Flags for event_config_set_flag().
pub type event_base_config_flag = c_int;
/// Make no lock for the base: only one thread uses it.
pub const EVENT_BASE_FLAG_NOLOCK: event_base_config_flag = 0x01;
/// Don't look at the EVENT_* environment variables.
pub const EVENT_BASE_FLAG_IGNORE_ENV: event_base_config_flag = 0x02;
/// Windows only; has no effect here.
pub const EVENT_BASE_FLAG_STARTUP_IOCP: event_base_config_flag = 0x04;
/// Read the clock whenever the time is needed, not once per iteration of the loop.
pub const EVENT_BASE_FLAG_NO_CACHE_TIME: event_base_config_flag = 0x08;
/// Accepted. This library always tells epoll of changes as late as it can, and, unlike the
/// original, is safe against duplicated descriptors when it does.
pub const EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST: event_base_config_flag = 0x10;
/// Use the finest clock and timer that the system has. Since 2.1.
pub const EVENT_BASE_FLAG_PRECISE_TIMER: event_base_config_flag = 0x20;
/// With EVENT_BASE_FLAG_PRECISE_TIMER: the finest clock, but no timerfd. Since 2.2.
pub const EVENT_BASE_FLAG_EPOLL_DISALLOW_TIMERFD: event_base_config_flag = 0x40;
/// Receive signals by signalfd. The signals are blocked then, and children inherit that.
/// Since 2.2.
pub const EVENT_BASE_FLAG_USE_SIGNALFD: event_base_config_flag = 0x80;

/// Count active events.
pub const EVENT_BASE_COUNT_ACTIVE: c_uint = 1_u32;
/// Count virtual events.
pub const EVENT_BASE_COUNT_VIRTUAL: c_uint = 2_u32;
/// Count added events.
pub const EVENT_BASE_COUNT_ADDED: c_uint = 4_u32;

/// No base can have this many priorities; the limit is one less.
pub const EVENT_MAX_PRIORITIES: c_int = 256;

/// Log severity: useful when debugging the library.
pub const EVENT_LOG_DEBUG: c_int = 0;
/// Log severity: a message.
pub const EVENT_LOG_MSG: c_int = 1;
/// Log severity: something is wrong, and the library goes on.
pub const EVENT_LOG_WARN: c_int = 2;
/// Log severity: fatal; the process exits.
pub const EVENT_LOG_ERR: c_int = 3;

/// event_enable_debug_logging(): no debug lines.
pub const EVENT_DBG_NONE: u32 = 0;
/// event_enable_debug_logging(): all debug lines.
pub const EVENT_DBG_ALL: u32 = 0xffff_ffff;

/// What event_set_log_callback() takes: the severity (EVENT_LOG_*) and the line, without line end.
pub type event_log_cb = Option<unsafe extern "C" fn(severity: c_int, msg: *const c_char)>;
/// What event_set_fatal_callback() takes: it gets the exit code, and should not return.
pub type event_fatal_cb = Option<unsafe extern "C" fn(err: c_int)>;
/// An event's callback: its descriptor or signal, what happened (EV_*), and its argument.
pub type event_callback_fn =
    Option<unsafe extern "C" fn(fd: evutil_socket_t, what: c_short, arg: *mut c_void)>;
/// An event's finalizer.
pub type event_finalize_callback_fn =
    Option<unsafe extern "C" fn(ev: *mut event, arg: *mut c_void)>;
/// What event_base_foreach_event() calls; a non-zero return stops the iteration.
pub type event_base_foreach_event_cb = Option<
    unsafe extern "C" fn(base: *const event_base, ev: *const event, arg: *mut c_void) -> c_int,
>;
