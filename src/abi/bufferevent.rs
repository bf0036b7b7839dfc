//! `<event2/bufferevent.h>`: buffered input and output.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_char, c_int, c_short, c_void};
use core::slice;

use crate::abi::argument::{Const, In, Out, Required};
use libc::{sockaddr, socklen_t, timeval};

use crate::base::BaseRef;
use crate::buffer::{Buf, Buffer as evbuffer};
use crate::bufferevent::limits::ratelimit;
use crate::bufferevent::ops::Mode;
use crate::bufferevent::stream::{connect, descriptor, resolve};
use crate::bufferevent::{
    Bev, Held, callbacks, data, enable, filter, lifecycle, pair, socket, timeout, watermark,
};
use crate::ctypes::bufferevent::{
    bufferevent_data_cb, bufferevent_event_cb, bufferevent_filter_cb, bufferevent_flush_mode,
    evdns_base,
};
use crate::ctypes::bufferevent_struct::bufferevent;
use crate::ctypes::util::evutil_addrinfo;
use crate::ctypes::util::{ev_ssize_t, evutil_socket_t};
use crate::support::shared::Shared;

pub mod limits;

/// What most functions return for success and failure.
fn status(result: Result<(), ()>) -> c_int {
    if result.is_ok() { 0 } else { -1 }
}

/// The bytes that a program passes; `None` for more than there can be.
///
/// # Safety
/// `data` points to `size` readable bytes that do not change during `'a`, or `size` is 0.
unsafe fn input_bytes<'a>(data: *const c_void, size: usize) -> Option<&'a [u8]> {
    if size == 0 {
        return Some(&[]);
    }
    // SAFETY: the caller guarantees it (# Safety).
    (size <= isize::MAX as usize).then(|| unsafe { slice::from_raw_parts(data.cast(), size) })
}

/// Makes a bufferevent on a socket.
///
/// Its write callback can be called at once; for reading it has to be enabled.
///
/// @param base the base that it runs in
/// @param fd a non-blocking socket, or -1 if bufferevent_setfd() or bufferevent_socket_connect()
///   will give it one
/// @param options BEV_OPT_* flags
/// @return the bufferevent, to be freed with bufferevent_free(); NULL without memory or for
///   options that are not possible
#[unsafe(no_mangle)]
pub extern "C" fn bufferevent_socket_new(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    options: c_int,
) -> Option<Bev> {
    socket::new(base, fd, options)
}

/// Connects a socket bufferevent.
///
/// If it has no socket, it gets one. The event callback is told how that ended:
/// BEV_EVENT_CONNECTED or BEV_EVENT_ERROR. Output may be added before.
///
/// @param bufev the bufferevent
/// @param addr the address; NULL if the bufferevent's socket is being connected already
/// @param socklen the length of the address
/// @return 0 if connecting has begun; -1 if it could not
///
/// # Safety
/// `addr` is NULL or has `socklen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_connect(
    bufev: Required<Bev>,
    addr: *const sockaddr,
    socklen: c_int,
) -> c_int {
    // SAFETY: a live bufferevent and the caller's address.
    status(unsafe { connect::start(&bufev.hold(), addr, socklen as socklen_t) })
}

/// Looks a host up and connects a socket bufferevent to it, as bufferevent_socket_connect() does.
///
/// Without a resolver the lookup blocks. A host that is not found is told to the event callback
/// as BEV_EVENT_ERROR, and bufferevent_socket_get_dns_error() tells why.
///
/// @param bufev the bufferevent
/// @param evdns_base the resolver, or NULL
/// @param family AF_INET, AF_INET6, or AF_UNSPEC for either
/// @param hostname a name or a numeric address
/// @param port the port, from 1 to 65535
/// @return 0 if the lookup has begun or has finished; -1 if it could not be begun
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_connect_hostname(
    bufev: Required<Bev>,
    evdns_base: *mut evdns_base,
    family: c_int,
    hostname: *const c_char,
    port: c_int,
) -> c_int {
    let hints = resolve::hints(family);
    // SAFETY: a live bufferevent and the caller's string.
    // SAFETY: the caller's resolver and text.
    status(unsafe { resolve::start(&bufev.hold(), evdns_base, hostname, port, &hints) })
}

/// Like bufferevent_socket_connect_hostname(), with hints for the lookup.
///
/// @param bufev the bufferevent
/// @param evdns_base the resolver, or NULL
/// @param hints_in what evutil_getaddrinfo() takes
/// @param hostname a name or a numeric address
/// @param port the port, from 1 to 65535
/// @return 0 if the lookup has begun or has finished; -1 if it could not be begun
///
/// Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_connect_hostname_hints(
    bufev: Required<Bev>,
    evdns_base: *mut evdns_base,
    hints_in: Option<&evutil_addrinfo>,
    hostname: *const c_char,
    port: c_int,
) -> c_int {
    let Some(hints) = hints_in else {
        return -1;
    };
    // SAFETY: the caller's resolver and text.
    status(unsafe { resolve::start(&bufev.hold(), evdns_base, hostname, port, hints) })
}

/// What became of the last lookup of bufferevent_socket_connect_hostname().
///
/// @return 0, or an EVUTIL_EAI_* code, which evutil_gai_strerror() explains
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_socket_get_dns_error(bev: Required<Bev>) -> c_int {
    resolve::last_error(*bev.hold())
}

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
        Some(base) => status(descriptor::set_base(&bufev.hold(), &base)),
        None => -1,
    }
}

/// The base of a bufferevent.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_base(bev: Required<Bev>) -> Option<BaseRef> {
    bev.own_base()
}

/// Sets the priority of a socket bufferevent's events and callbacks; event_priority_set() tells
/// what that means.
///
/// @param bufev the bufferevent
/// @param pri the priority
/// @return 0 on success; -1 if it isn't on a socket, its events are active, or there is no such
///   priority
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_priority_set(bufev: Required<Bev>, pri: c_int) -> c_int {
    status(descriptor::set_priority(&bufev.hold(), pri))
}

/// The priority of a bufferevent.
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
/// not been written is lost. No callback of it is called any more.
///
/// It is destroyed when nothing uses it any more, usually in the next loop iteration.
///
/// # Safety
/// The bufferevent is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_free(bufev: Required<Bev>) {
    lifecycle::free(*bufev);
}

/// Sets the callbacks of a bufferevent.
///
/// @param bufev the bufferevent
/// @param readcb called when the input has grown and has at least its low watermark, or NULL
/// @param writecb called when output was written and at most its low watermark is left, or NULL
/// @param eventcb called for events, or NULL
/// @param cbarg the last argument of all three
///
/// # Safety
/// The functions may be called until others are set or the bufferevent is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_setcb(
    bufev: Required<Bev>,
    readcb: bufferevent_data_cb,
    writecb: bufferevent_data_cb,
    eventcb: bufferevent_event_cb,
    cbarg: *mut c_void,
) {
    callbacks::set(&bufev.hold(), readcb, writecb, eventcb, cbarg);
}

/// Gets the callbacks of a bufferevent.
///
/// @param bufev the bufferevent
/// @param readcb_ptr where to store the read callback, or NULL
/// @param writecb_ptr where to store the write callback, or NULL
/// @param eventcb_ptr where to store the event callback, or NULL
/// @param cbarg_ptr where to store their argument, or NULL
///
/// Since 2.1.
///
/// # Safety
/// Each pointer is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_getcb(
    bufev: Required<Bev>,
    readcb_ptr: Out<bufferevent_data_cb>,
    writecb_ptr: Out<bufferevent_data_cb>,
    eventcb_ptr: Out<bufferevent_event_cb>,
    cbarg_ptr: Out<*mut c_void>,
) {
    let bev = bufev.hold();
    readcb_ptr.set(bev.read_callback());
    writecb_ptr.set(bev.write_callback());
    eventcb_ptr.set(bev.event_callback());
    cbarg_ptr.set(bev.argument());
}

/// Gives a socket bufferevent another descriptor, or -1 for none. The old one is not closed.
///
/// @param bufev the bufferevent; of filters, the one below
/// @param fd a non-blocking socket, or -1
/// @return 0 on success; -1 if it can't be waited for, and then the old one remains, or if there
///   is no socket bufferevent
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_setfd(bufev: Required<Bev>, fd: evutil_socket_t) -> c_int {
    status(descriptor::give_fd(&bufev.hold(), fd))
}

/// Gives a socket bufferevent another descriptor, or -1 for none, and closes the old one.
///
/// @param bufev the bufferevent; of filters, the one below
/// @param fd a non-blocking socket, or -1
/// @return 0 on success; -1 if it can't be waited for, and then the old one remains, or if there
///   is no socket bufferevent
///
/// Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_replacefd(bufev: Required<Bev>, fd: evutil_socket_t) -> c_int {
    status(descriptor::replace_fd(&bufev.hold(), fd))
}

/// The descriptor of a bufferevent; of filters, of the one below.
///
/// @return the descriptor, or -1 if there is none
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_getfd(bufev: Required<Bev>) -> evutil_socket_t {
    let bev = bufev.hold();
    (bev.ops().fd)(*bev)
}

/// The bufferevent below a filter.
///
/// @return the bufferevent; NULL if `bufev` is not a filter
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_underlying(bufev: Required<Bev>) -> Option<Bev> {
    let bev = bufev.hold();
    (bev.ops().underlying)(*bev)
}

/// Adds bytes to the output, which is written when the descriptor takes it.
///
/// @param bufev the bufferevent
/// @param data the bytes, which are copied
/// @param size their number
/// @return 0 on success; -1 without memory
///
/// # Safety
/// `data` has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_write(
    bufev: Required<Bev>,
    data: *const c_void,
    size: usize,
) -> c_int {
    // SAFETY: a live bufferevent and the caller's bytes.
    let bytes = unsafe { input_bytes(data, size) };
    status(bytes.map_or(Err(()), |bytes| data::write(*bufev, bytes)))
}

/// Moves everything in a buffer to the output, without copying.
///
/// @param bufev the bufferevent
/// @param buf the buffer, which is empty afterwards
/// @return 0 on success; -1 on failure
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_write_buffer(bufev: Required<Bev>, buf: Buf) -> c_int {
    status(data::write_buffer(*bufev, buf))
}

/// Takes bytes from the input.
///
/// @param bufev the bufferevent
/// @param data where to put them
/// @param size the most to take
/// @return how many were taken
///
/// # Safety
/// `data` has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_read(
    bufev: Required<Bev>,
    data: *mut c_void,
    size: usize,
) -> usize {
    // SAFETY: a live bufferevent and the caller's room.
    unsafe { data::read(*bufev, data.cast(), size) }
}

/// Moves the whole input to a buffer, without copying.
///
/// @param bufev the bufferevent
/// @param buf the buffer
/// @return 0 on success; -1 on failure
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_read_buffer(bufev: Required<Bev>, buf: Buf) -> c_int {
    status(data::read_buffer(*bufev, buf))
}

/// The input: bytes may be taken from its start, but not added to its end.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_input(bufev: Required<Bev>) -> *mut evbuffer {
    bufev.input().as_ptr()
}

/// The output: bytes may be added to its end, but not taken from its start.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_output(bufev: Required<Bev>) -> *mut evbuffer {
    bufev.output().as_ptr()
}

/// Enables reading, writing or both. The timeout of what is enabled already is restarted.
///
/// @param bufev the bufferevent
/// @param event EV_READ, EV_WRITE or both
/// @return 0 on success; -1, with nothing enabled, if the descriptor can't be waited for
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_enable(bufev: Required<Bev>, event: c_short) -> c_int {
    status(enable::enable(&bufev.hold(), event))
}

/// Disables reading, writing or both: nothing is read or written, and no timeout runs. The buffers
/// keep what they have.
///
/// @param bufev the bufferevent
/// @param event EV_READ, EV_WRITE or both
/// @return 0 on success; -1 on failure
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_disable(bufev: Required<Bev>, event: c_short) -> c_int {
    status(enable::disable(&bufev.hold(), event))
}

/// What is enabled: EV_READ, EV_WRITE or both.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_enabled(bufev: Required<Bev>) -> c_short {
    bufev.hold().enabled()
}

/// Sets the timeouts of a bufferevent.
///
/// A timeout runs while its direction is enabled and nothing but the descriptor keeps it from
/// going on; every read or write restarts it. When it expires, the direction is disabled and
/// the event callback told, with BEV_EVENT_TIMEOUT.
///
/// @param bufev the bufferevent
/// @param timeout_read the timeout of reading, or NULL for none
/// @param timeout_write the timeout of writing, or NULL for none
/// @return 0 on success; -1 without memory
///
/// # Safety
/// Each timeout is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_set_timeouts(
    bufev: Required<Bev>,
    timeout_read: In<timeval>,
    timeout_write: In<timeval>,
) -> c_int {
    let read = timeout_read.get().unwrap_or(timeout::NONE);
    let write = timeout_write.get().unwrap_or(timeout::NONE);
    status(timeout::set(&bufev.hold(), read, write))
}

/// Sets the watermarks of a bufferevent.
///
/// The read callback is called when the input has at least its low watermark; at its high one reading
/// stops until something is taken away. The write callback is called when the output has at most
/// its low watermark; filters on top of it keep its output to its high watermark.
///
/// @param bufev the bufferevent
/// @param events EV_READ for the input, EV_WRITE for the output, or both
/// @param lowmark the low watermark
/// @param highmark the high watermark; 0 for none
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_setwatermark(
    bufev: Required<Bev>,
    events: c_short,
    lowmark: usize,
    highmark: usize,
) {
    watermark::set(&bufev.hold(), events, lowmark, highmark);
}

/// Gets the watermarks of the input or of the output.
///
/// @param bufev the bufferevent
/// @param events EV_READ or EV_WRITE
/// @param lowmark where to store the low watermark, or NULL
/// @param highmark where to store the high watermark, or NULL
/// @return 0 on success; -1 if `events` is anything else
///
/// Since 2.1.
///
/// # Safety
/// Each pointer is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_getwatermark(
    bufev: Required<Bev>,
    events: c_short,
    lowmark: Out<usize>,
    highmark: Out<usize>,
) -> c_int {
    let Some(marks) = watermark::get(&bufev.hold(), events) else {
        return -1;
    };
    lowmark.set(marks.low);
    highmark.set(marks.high);
    0
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

/// Gives up a reference.
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

/// Has a bufferevent move what it can, whether or not that is enabled. A filter does so whatever the
/// watermarks say; a pair up to the reader's high watermark, or beyond it if it has been reached. Sockets
/// don't write any earlier for that.
///
/// @param bufev the bufferevent
/// @param iotype EV_READ, EV_WRITE or both
/// @param mode BEV_NORMAL, BEV_FLUSH, or BEV_FINISHED
/// @return 1 if a filter moved something, 0 in other cases, -1 if it is not possible
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_flush(
    bufev: Required<Bev>,
    iotype: c_short,
    mode: bufferevent_flush_mode,
) -> c_int {
    let mode = match mode {
        0 => Mode::Normal,
        2 => Mode::Finished,
        _ => Mode::Flush,
    };
    let bev = bufev.hold();
    (bev.ops().flush)(&bev, iotype, mode)
}

/// Calls the read callback, the write callback or both, as if something had been moved.
///
/// @param bufev the bufferevent
/// @param iotype EV_READ, EV_WRITE or both
/// @param options BEV_TRIG_* flags
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_trigger(
    bufev: Required<Bev>,
    iotype: c_short,
    options: c_int,
) {
    callbacks::trigger(&bufev.hold(), iotype, options);
}

/// Calls the event callback.
///
/// @param bufev the bufferevent
/// @param what BEV_EVENT_* flags
/// @param options 0 or BEV_TRIG_DEFER_CALLBACKS
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_trigger_event(
    bufev: Required<Bev>,
    what: c_short,
    options: c_int,
) {
    callbacks::trigger_event(&bufev.hold(), what, options);
}

/// Makes a bufferevent on top of another one, whose input and output pass through two functions.
///
/// The lower one's callbacks belong to the filter from now on. With BEV_OPT_CLOSE_ON_FREE the
/// filter frees it in the end.
///
/// @param underlying the lower bufferevent
/// @param input_filter from the lower one's input to the new one's; NULL lets everything pass
/// @param output_filter from the new one's output to the lower one's; NULL lets everything pass
/// @param options BEV_OPT_* flags
/// @param free_context called with `ctx` when the filter is freed, or NULL
/// @param ctx the last argument of the functions
/// @return the bufferevent, to be freed with bufferevent_free(); NULL on failure
///
/// # Safety
/// The functions may be called until the filter is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_filter_new(
    underlying: Required<Bev>,
    input_filter: bufferevent_filter_cb,
    output_filter: bufferevent_filter_cb,
    options: c_int,
    free_context: Option<unsafe extern "C" fn(*mut c_void)>,
    ctx: *mut c_void,
) -> Option<Bev> {
    let filters = [input_filter, output_filter];
    filter::new(*underlying, filters, options, free_context, ctx)
}

/// Makes two bufferevents that are connected with each other: what is written to one is read from
/// the other. Their callbacks are always deferred.
///
/// @param base the base that they run in
/// @param options BEV_OPT_* flags
/// @param pair where to store the two
/// @return 0 on success; -1 on failure
///
/// # Safety
/// `pair` has room for two.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_pair_new(
    base: Option<BaseRef>,
    options: c_int,
    pair: *mut *mut bufferevent,
) -> c_int {
    let Some([first, second]) = pair::new(base, options) else {
        return -1;
    };
    // SAFETY: the caller guarantees it (# Safety).
    unsafe {
        pair.write(first.as_ptr());
        pair.add(1).write(second.as_ptr());
    }
    0
}

/// The other bufferevent of a pair.
///
/// @return the bufferevent; NULL if it has been freed, or `bev` is not one of a pair
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_pair_get_partner(bev: Required<Bev>) -> Option<Bev> {
    pair::partner(*bev.hold())
}

/// Sets the most that is read at once: 16384 bytes unless set otherwise.
///
/// @param bev the bufferevent
/// @param size the bytes; 0, and more than EV_SSIZE_MAX, for 16384
/// @return 0
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_set_max_single_read(bev: Required<Bev>, size: usize) -> c_int {
    ratelimit::set_max_single_read(*bev.hold(), size);
    0
}

/// Sets the most that is written at once: 16384 bytes unless set otherwise.
///
/// @param bev the bufferevent
/// @param size the bytes; 0, and more than EV_SSIZE_MAX, for 16384
/// @return 0
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_set_max_single_write(
    bev: Required<Bev>,
    size: usize,
) -> c_int {
    ratelimit::set_max_single_write(*bev.hold(), size);
    0
}

/// The most that is read at once.
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_max_single_read(bev: Required<Bev>) -> ev_ssize_t {
    ratelimit::max_single_read(*bev.hold()) as ev_ssize_t
}

/// The most that is written at once.
///
/// Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_max_single_write(bev: Required<Bev>) -> ev_ssize_t {
    ratelimit::max_single_write(*bev.hold()) as ev_ssize_t
}
