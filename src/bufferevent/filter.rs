//! A bufferevent on top of another one: everything passes through two functions of the program.

use core::ffi::{c_int, c_short, c_void};
use core::ptr::{self, NonNull};

use super::ops::{Mode, Ops};
use super::{BY_FILTER, Bev, Held, Private, callbacks, enable, fields, lifecycle, stream, timeout};
use crate::buffer::Buf;
use crate::buffer::callback;
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::bufferevent::{
    BEV_ERROR, BEV_OK, BEV_OPT_CLOSE_ON_FREE, BEV_OPT_THREADSAFE, BEV_TRIG_DEFER_CALLBACKS,
    bufferevent_filter_cb, bufferevent_filter_result, bufferevent_flush_mode,
};
use crate::ctypes::bufferevent_struct::{bufferevent, event_watermark};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::opaque::evbuffer;
use crate::support::thunk::{Argument, thunk};
use crate::support::zeroed::zeroed;
use crate::support::{lock, log};
use crate::sys::{self, Errno};

/// Frees the argument of the filter functions.
pub type FreeContext = Option<unsafe extern "C" fn(*mut c_void)>;

/// A filter and what belongs to it.
#[repr(C)]
struct Filter {
    private: Private,
    underlying: Option<Bev>,
    /// The program's functions; without one everything passes.
    input_filter: bufferevent_filter_cb,
    output_filter: bufferevent_filter_cb,
    free_context: FreeContext,
    context: *mut c_void,
    /// The loop was asked to go on with input that waits underneath.
    poked: bool,
    /// Writing was enabled once, and is not any more.
    write_stopped: bool,
    /// The input filter runs, and must not be called again from within: what it has taken from its
    /// source is not yet in its destination.
    filtering: bool,
    /// It was due again while it ran.
    again: bool,
    /// The callback on the input that makes it flow again; enabled while the input is full. That on
    /// the output is disabled while it flows.
    input_flow: callback::Entry,
}

zeroed!(Filter {
    private,
    underlying,
    input_filter,
    output_filter,
    free_context,
    context,
    poked,
    write_stopped,
    filtering,
    again,
    input_flow,
});

/// The view of a [`Bev`] as a [`Filter`].
#[derive(Clone, Copy)]
struct State(ptr::NonNull<Filter>);

impl State {
    fields! {
        set: pub(self),
        underlying set_underlying: Option<Bev> = underlying;
        input_filter set_input_filter: bufferevent_filter_cb = input_filter;
        output_filter set_output_filter: bufferevent_filter_cb = output_filter;
        free_context set_free_context: FreeContext = free_context;
        context set_context: *mut c_void = context;
        poked set_poked: bool = poked;
        write_stopped set_write_stopped: bool = write_stopped;
        filtering set_filtering: bool = filtering;
        again set_again: bool = again;
    }

    fn input_flow(self) -> callback::EntryRef {
        // SAFETY: inside the live bufferevent, and made of cells.
        unsafe { callback::EntryRef::new(NonNull::from(&(*self.0.as_ptr()).input_flow)) }
    }
}

static OPS: Ops = Ops {
    enable: start,
    disable: stop,
    give_up: |_| {},
    unlink,
    destroy,
    adjust_timeouts: timeout::update_timers,
    flush,
    set_fd,
    fd: |bev| {
        state(bev)
            .underlying()
            .map_or(-1, |under| (under.ops().fd)(under))
    },
    underlying: |bev| state(bev).underlying(),
    stream: None,
};

fn state(bev: Bev) -> State {
    State(bev.cast())
}

/// What a filter function says.
type Verdict = bufferevent_filter_result;

/// The filter that lets everything pass.
///
/// # Safety
/// The buffers are live, and `context` is what the caller of the filter was given.
unsafe extern "C" fn pass(
    src: *mut evbuffer,
    dst: *mut evbuffer,
    limit: isize,
    _: bufferevent_flush_mode,
    _: *mut c_void,
) -> Verdict {
    let len = usize::try_from(limit).unwrap_or(usize::MAX);
    // SAFETY: both are buffers of live bufferevents.
    let buffers = unsafe { Buf::new(src.cast()).zip(Buf::new(dst.cast())) };
    match buffers.map(|(src, dst)| dst.move_front_from(src, len)) {
        Some(Ok(_)) => BEV_OK,
        _ => BEV_ERROR,
    }
}

/// A filter on top of `underlying`, whose callbacks it takes for itself. A null function lets
/// everything pass.
pub fn new(
    underlying: Bev,
    filters: [bufferevent_filter_cb; 2],
    options: c_int,
    free_context: FreeContext,
    context: *mut c_void,
) -> Option<Bev> {
    let underlying = underlying.hold();
    let own = options & !BEV_OPT_THREADSAFE;
    let bev = lifecycle::new::<Filter>(underlying.own_base(), &OPS, own)?;
    // The lock of what is underneath; one of its own where there is none. Unlike the other kinds, a
    // filter may ask for a lock in a program that makes none.
    let shared = underlying.header().lock_ptr();
    let locked = !shared.is_null() || options & BEV_OPT_THREADSAFE != 0 && lock::enabled();
    if locked && !lifecycle::enable_locking(bev, shared) {
        lifecycle::abandon(bev);
        return None;
    }
    let state = state(bev);
    let [input_filter, output_filter] = filters;
    state.set_input_filter(input_filter);
    state.set_output_filter(output_filter);
    state.set_free_context(free_context);
    state.set_context(context);
    lifecycle::watch_output(bev, thunk(on_output));
    let (input, flow) = (bev.input(), state.input_flow());
    lifecycle::watch_buffer(bev, input, flow, thunk(on_input), 0);
    lifecycle::set_watching(input, flow, false);
    timeout::assign_timers(bev);

    callbacks::set_own(
        &underlying,
        thunk(on_underlying_read),
        thunk(on_underlying_write),
        thunk(on_underlying_event),
        bev,
    );
    state.set_underlying(Some(*underlying));
    underlying.header().add_reference();
    enable::suspend_read(&underlying, BY_FILTER);
    underlying.set_enabled(underlying.enabled() | EV_READ);
    // What the underlying bufferevent can't do shows when it is used.
    let _ = enable::enable(&underlying, EV_WRITE);
    underlying.set_enabled(underlying.enabled() | EV_WRITE);
    Some(bev)
}

fn start(bev: &Held, directions: c_short) -> sys::Result {
    let underlying = state(**bev).underlying().map(Bev::hold);
    if directions & EV_WRITE != 0 {
        timeout::restart_write(**bev)?;
        let stopped = state(**bev).write_stopped();
        state(**bev).set_write_stopped(false);
        if let Some(underlying) = &underlying
            && stopped
            && bev.output_len() != 0
        {
            callbacks::trigger(underlying, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
        }
    }
    if directions & EV_READ != 0 {
        timeout::restart_read(**bev)?;
        if let Some(underlying) = &underlying {
            let stopped = underlying.read_suspended() & BY_FILTER != 0;
            enable::resume_read(underlying, BY_FILTER)?;
            // What has arrived already calls nobody again.
            if stopped && underlying.input_len() != 0 {
                state(**bev).set_poked(true);
                callbacks::trigger(underlying, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
            }
        }
    }
    Ok(())
}

fn stop(bev: &Held, directions: c_short) -> sys::Result {
    if directions & EV_WRITE != 0 {
        state(**bev).set_write_stopped(true);
        timeout::delete(bev.write_event());
    }
    if directions & EV_READ != 0 {
        timeout::delete(bev.read_event());
        if let Some(underlying) = state(**bev).underlying() {
            enable::suspend_read(&underlying.hold(), BY_FILTER);
        }
    }
    Ok(())
}

/// Gives the underlying bufferevent back to the program, or frees it.
fn unlink(bev: Bev) {
    if let Some(underlying) = state(bev).underlying() {
        release(bev, underlying);
    }
}

/// [`unlink`], of any kind that lies on top of another one.
pub(super) fn release(bev: Bev, underlying: Bev) {
    if bev.options() & BEV_OPT_CLOSE_ON_FREE != 0 {
        if underlying.header().references() < 2 {
            log::warn(format_args!(
                "BEV_OPT_CLOSE_ON_FREE is set on a filter, but its underlying bufferevent has \
                 been freed already"
            ));
        } else {
            lifecycle::free(underlying);
        }
        return;
    }
    let underlying = underlying.hold();
    if underlying.argument() == bev.into_raw() {
        callbacks::set(&underlying, None, None, None, ptr::null_mut());
    }
    enable::unsuspend_read(&underlying, BY_FILTER);
}

fn destroy(bev: Bev) {
    let state = state(bev);
    bev.input().lock().remove_entry(state.input_flow().as_ptr());
    if let Some(free_context) = state.free_context() {
        // SAFETY: the program gave function and argument to go together.
        unsafe { free_context(state.context()) };
    }
}

fn set_fd(bev: &Held, fd: c_int) -> sys::Result {
    let underlying = state(**bev).underlying().ok_or(Errno::INVAL)?;
    stream::descriptor::give_fd(&underlying.hold(), fd)
}

/// How much fits up to the high watermark. `None`: any amount, because there is no watermark or it does not
/// count in this mode.
fn room(marks: event_watermark, len: usize, mode: Mode) -> Option<usize> {
    (mode == Mode::Normal && marks.high != 0).then(|| marks.high.saturating_sub(len))
}

fn as_limit(room: Option<usize>) -> isize {
    room.map_or(-1, |room| isize::try_from(room).unwrap_or(isize::MAX))
}

/// Calls one of the two functions.
fn call(
    state: State,
    filter: bufferevent_filter_cb,
    (from, to): (Buf, Buf),
    room: Option<usize>,
    mode: Mode,
) -> Verdict {
    let filter = filter.unwrap_or(pass);
    // SAFETY: the program gave function and context to go together; the buffers are live.
    unsafe {
        filter(
            from.as_ptr().cast(),
            to.as_ptr().cast(),
            as_limit(room),
            mode as bufferevent_flush_mode,
            state.context(),
        )
    }
}

/// Moves input through the filter. True if the filter said that it moved something.
fn process_input(bev: &Held, underlying: &Held, mode: Mode) -> bool {
    let state = state(**bev);
    // When it drains its source, the bufferevent below may read more, and report it.
    if state.filtering() {
        state.set_again(true);
        return false;
    }
    let reads = || bev.enabled() & EV_READ != 0;
    let room = || room(bev.read_watermarks(), bev.input_len(), mode);
    if mode == Mode::Normal && (!reads() || room() == Some(0)) {
        return false;
    }
    let mut any = false;
    loop {
        let buffers = (underlying.input(), bev.input());
        state.set_filtering(true);
        state.set_again(false);
        let verdict = call(state, state.input_filter(), buffers, room(), mode);
        state.set_filtering(false);
        any |= verdict == BEV_OK;
        if verdict == BEV_ERROR && state.input_filter().is_none() {
            enable::give_up(bev, EV_READ, Errno::NOMEM);
        }
        let goes_on = verdict == BEV_OK || verdict != BEV_ERROR && state.again();
        if !goes_on || !reads() || underlying.input_len() == 0 || room() == Some(0) {
            break;
        }
    }
    if any {
        enable::or_give_up(bev, EV_READ, timeout::restart_read(**bev));
    }
    any
}

/// Moves output through the filter. True if the filter said that it moved something.
fn process_output(bev: &Held, underlying: &Held, mode: Mode) -> bool {
    let state = state(**bev);
    let writes = || bev.enabled() & EV_WRITE != 0;
    let room = || room(underlying.write_watermarks(), underlying.output_len(), mode);
    let idle = || !writes() || bev.output_len() == 0 || room() == Some(0);
    if mode == Mode::Normal && idle() {
        return false;
    }
    // The program may add more in its write callback: that is met by the loop.
    lifecycle::set_watching(bev.output(), bev.flow(), false);
    let mut any = false;
    loop {
        let mut moved = false;
        let verdict = loop {
            let buffers = (bev.output(), underlying.output());
            let verdict = call(state, state.output_filter(), buffers, room(), mode);
            moved |= verdict == BEV_OK;
            if verdict == BEV_ERROR && state.output_filter().is_none() {
                enable::give_up(bev, EV_WRITE, Errno::NOMEM);
            }
            if verdict != BEV_OK || idle() {
                break verdict;
            }
        };
        any |= moved;
        if moved {
            callbacks::trigger(bev, EV_WRITE, 0);
        }
        if !moved || verdict != BEV_OK || idle() {
            break;
        }
    }
    lifecycle::set_watching(bev.output(), bev.flow(), true);
    if any {
        enable::or_give_up(bev, EV_WRITE, timeout::restart_write(**bev));
    }
    any
}

/// Reads through the filter as far as that goes, and tells the program.
fn read(bev: &Held, underlying: &Held) {
    let state = state(**bev);
    let any = process_input(bev, underlying, Mode::Normal);
    // What did not fit follows when the program has made room; without a mark there was room.
    let left = underlying.input_len() != 0 && bev.read_watermarks().high != 0;
    lifecycle::set_watching(bev.input(), state.input_flow(), left);
    if any {
        callbacks::trigger(bev, EV_READ, 0);
    }
}

/// A filter and what is below it, unless the filter is going away.
fn both(bev: Bev) -> Option<(Held, Held)> {
    let bev = bev.hold();
    if bev.header().is_ending() {
        return None;
    }
    let underlying = state(*bev).underlying()?.hold();
    Some((bev, underlying))
}

fn on_output(bev: Bev, _: *mut evbuffer, _: *const evbuffer_cb_info) {
    if let Some((bev, underlying)) = both(bev) {
        process_output(&bev, &underlying, Mode::Normal);
    }
}

fn on_input(bev: Bev, _: *mut evbuffer, info: *const evbuffer_cb_info) {
    // SAFETY: the buffer passes a live info.
    let removed = unsafe { (*info).n_deleted };
    if removed != 0
        && let Some((bev, underlying)) = both(bev)
    {
        lifecycle::set_watching(bev.input(), state(*bev).input_flow(), false);
        read(&bev, &underlying);
    }
}

fn on_underlying_read(bev: Bev, _: *mut bufferevent) {
    if let Some((bev, underlying)) = both(bev) {
        let state = state(*bev);
        let poked = state.poked();
        state.set_poked(false);
        // What waited may have been read since.
        if !poked || underlying.input_len() != 0 {
            read(&bev, &underlying);
        }
    }
}

fn on_underlying_write(bev: Bev, _: *mut bufferevent) {
    if let Some((bev, underlying)) = both(bev) {
        process_output(&bev, &underlying, Mode::Normal);
    }
}

fn on_underlying_event(bev: Bev, _: *mut bufferevent, what: c_short) {
    if let Some((bev, _underlying)) = both(bev) {
        callbacks::run_event(&bev, what, 0);
    }
}

/// Moves what there is, in both filters and below.
fn flush(bev: &Held, directions: c_short, mode: Mode) -> c_int {
    let Some(underlying) = state(**bev).underlying().map(Bev::hold) else {
        return -1;
    };
    let mut any = false;
    if directions & EV_READ != 0 {
        any |= process_input(bev, &underlying, mode);
    }
    if directions & EV_WRITE != 0 {
        any |= process_output(bev, &underlying, mode);
    }
    (underlying.ops().flush)(&underlying, directions, mode);
    c_int::from(any)
}
