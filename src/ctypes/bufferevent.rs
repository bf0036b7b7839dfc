//! `<event2/bufferevent.h>`: buffered input and output.

use core::ffi::{c_int, c_short, c_uint, c_void};

use super::bufferevent_struct::bufferevent;
use super::opaque::evbuffer;
use super::util::ev_ssize_t;

/// A resolver of <event2/dns.h>.
pub type evdns_base = c_void;

/// Flag of an event: it occurred while reading.
pub const BEV_EVENT_READING: c_short = 0x01;
/// Flag of an event: it occurred while writing.
pub const BEV_EVENT_WRITING: c_short = 0x02;
/// Event: the end of the input was reached.
pub const BEV_EVENT_EOF: c_short = 0x10;
/// Event: an error; see EVUTIL_SOCKET_ERROR().
pub const BEV_EVENT_ERROR: c_short = 0x20;
/// Event: a timeout of bufferevent_set_timeouts() has expired.
pub const BEV_EVENT_TIMEOUT: c_short = 0x40;
/// Event: the connection of bufferevent_socket_connect() is established.
pub const BEV_EVENT_CONNECTED: c_short = 0x80;

/// Options of a bufferevent.
pub type bufferevent_options = c_int;
/// The descriptor, or the underlying bufferevent of a filter, is closed or freed with it.
pub const BEV_OPT_CLOSE_ON_FREE: bufferevent_options = 0x01;
/// Several threads may use it; evthread_use_pthreads() must have been called first.
pub const BEV_OPT_THREADSAFE: bufferevent_options = 0x02;
/// Callbacks are called from the loop, and never from within another function.
pub const BEV_OPT_DEFER_CALLBACKS: bufferevent_options = 0x04;
/// Callbacks are called without the lock being held; needs BEV_OPT_DEFER_CALLBACKS.
pub const BEV_OPT_UNLOCK_CALLBACKS: bufferevent_options = 0x08;

/// How thorough bufferevent_flush() is.
pub type bufferevent_flush_mode = c_uint;
/// Process data as usual.
pub const BEV_NORMAL: bufferevent_flush_mode = 0;
/// Hold back no data that can be moved.
pub const BEV_FLUSH: bufferevent_flush_mode = 1;
/// There will be no more data.
pub const BEV_FINISHED: bufferevent_flush_mode = 2;

/// Options of bufferevent_trigger() and bufferevent_trigger_event().
pub type bufferevent_trigger_options = c_int;
/// The callbacks are called whatever the low watermarks say.
pub const BEV_TRIG_IGNORE_WATERMARKS: bufferevent_trigger_options = 0x10000;
/// The callbacks are called from the loop.
pub const BEV_TRIG_DEFER_CALLBACKS: bufferevent_trigger_options = 0x04;

/// The result of a filter function.
pub type bufferevent_filter_result = c_uint;
/// Something was moved.
pub const BEV_OK: bufferevent_filter_result = 0;
/// The source does not have enough data yet.
pub const BEV_NEED_MORE: bufferevent_filter_result = 1;
/// No more data can be filtered.
pub const BEV_ERROR: bufferevent_filter_result = 2;

/// Called when there is input to read, or when output has been written.
///
/// @param bev the bufferevent, which the callback may free
/// @param ctx the argument given to bufferevent_setcb()
pub type bufferevent_data_cb =
    Option<unsafe extern "C" fn(bev: *mut bufferevent, ctx: *mut c_void)>;

/// Called for an event: the end of the input, an error, a timeout, or a connection.
///
/// @param bev the bufferevent, which the callback may free
/// @param what BEV_EVENT_* flags: one event, and with the first three BEV_EVENT_READING or
///   BEV_EVENT_WRITING
/// @param ctx the argument given to bufferevent_setcb()
pub type bufferevent_event_cb =
    Option<unsafe extern "C" fn(bev: *mut bufferevent, what: c_short, ctx: *mut c_void)>;

/// Moves bytes from one buffer to another, transforming them on the way.
///
/// @param src takes from its start what it can use
/// @param dst adds to its end
/// @param dst_limit the most to add, or -1 for any amount
/// @param mode how thorough to be: with BEV_FLUSH and BEV_FINISHED nothing should be kept back
/// @param ctx the argument given to bufferevent_filter_new()
/// @return BEV_OK if something was moved, BEV_NEED_MORE if `src` has too little, BEV_ERROR
pub type bufferevent_filter_cb = Option<
    unsafe extern "C" fn(
        src: *mut evbuffer,
        dst: *mut evbuffer,
        dst_limit: ev_ssize_t,
        mode: bufferevent_flush_mode,
        ctx: *mut c_void,
    ) -> bufferevent_filter_result,
>;
