//! Making a bufferevent, and its end.
//!
//! When the last reference is gone, the loop of the base may still be about to run one of the
//! bufferevent's events. So it is only freed by a finalizer, from the loop.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::limits::ratelimit;
use super::ops::Ops;
use super::stream::{self, Stream};
use super::{Bev, BufferThunk, EventThunk, Private, callbacks, lock_base_of};
use crate::base::handle::Ev;
use crate::base::{self, BaseRef};
use crate::buffer::{Buf, OwnedBuf, callback, parent, spare};
use crate::ctypes::bufferevent::{
    BEV_OPT_DEFER_CALLBACKS, BEV_OPT_THREADSAFE, BEV_OPT_UNLOCK_CALLBACKS,
};
use crate::ctypes::event::EV_WRITE;
use crate::ctypes::event_struct::{
    EVLIST_ACTIVE, EVLIST_ACTIVE_LATER, EVLIST_INSERTED, EVLIST_TIMEOUT,
};
use crate::support::shared::{Header, Shared};
use crate::support::thunk::Argument;
use crate::support::zeroed::Zeroed;
use crate::support::{lock, log, mm};

/// How buffers with deferred callbacks keep their bufferevent.
impl parent::Owner for Bev {
    fn take_ref(self) {
        self.add_ref();
    }

    fn unref(self) {
        Shared::unref(self);
    }
}

/// Makes a bufferevent of a kind, whose own memory is `T`. `T` begins with [`Private`]; what is
/// behind it is zero.
pub fn new<T: Zeroed>(base: Option<BaseRef>, ops: &'static Ops, options: c_int) -> Option<Bev> {
    const { assert!(size_of::<T>() >= size_of::<Private>()) };
    // SAFETY: fresh memory, which no other code knows, and zeros are a value of it.
    let bev = unsafe { Bev::new(mm::calloc(1, size_of::<T>()).cast()) }?;
    bev.set_own_base(base);
    bev.set_ops_ptr(ops);
    bev.set_options(options);
    // SAFETY: as above.
    unsafe { bev.init_header() };
    // As if it had been enabled: writing then only waits for output.
    bev.set_enabled(EV_WRITE);
    ratelimit::init(bev);
    callbacks::init(bev);
    let buffers = (OwnedBuf::new(), OwnedBuf::new());
    let complete = buffers.0.is_some() && buffers.1.is_some();
    bev.set_input(buffers.0.map_or(ptr::null_mut(), OwnedBuf::into_ptr));
    bev.set_output(buffers.1.map_or(ptr::null_mut(), OwnedBuf::into_ptr));
    if !complete || options & BEV_OPT_THREADSAFE != 0 && !enable_locking(bev, ptr::null_mut()) {
        abandon(bev);
        return None;
    }
    if options & BEV_OPT_UNLOCK_CALLBACKS != 0 && options & BEV_OPT_DEFER_CALLBACKS == 0 {
        log::warn(format_args!(
            "BEV_OPT_UNLOCK_CALLBACKS needs BEV_OPT_DEFER_CALLBACKS"
        ));
        abandon(bev);
        return None;
    }
    // SAFETY: the buffers are live, and the bufferevent has a reference to them.
    unsafe {
        parent::set(bev.input(), bev);
        parent::set(bev.output(), bev);
    }
    Some(bev)
}

/// Gives a new bufferevent and its buffers a lock: `shared`, or one of its own. False if there is
/// none to be had.
pub fn enable_locking(bev: Bev, shared: *mut c_void) -> bool {
    if !shared.is_null() {
        bev.header().share_lock(shared);
    } else if !bev.header().make_lock() {
        return false;
    }
    let held = bev.header().lock_ptr();
    // SAFETY: the buffers are new, and the last of them frees the lock if they outlive its owner.
    unsafe {
        bev.input().enable_locking(held);
        bev.output().enable_locking(held);
    }
    true
}

/// Has `function` called whenever bytes are added to the output.
pub(super) fn watch_output(bev: Bev, function: BufferThunk) {
    watch_buffer(bev, bev.output(), bev.flow(), function, callback::ADDITIONS);
}

/// Has `function` called when one of the bufferevent's buffers changes, by an entry that is part of
/// the bufferevent.
#[inline(always)]
pub(super) fn watch_buffer(
    bev: Bev,
    buf: Buf,
    entry: callback::EntryRef,
    function: BufferThunk,
    flags: u32,
) {
    let (function, argument) = (function.function(), bev.into_raw());
    // SAFETY: buffer and entry live as long as the bufferevent, which takes its entries out at its
    // end.
    unsafe { buf.lock().add_embedded(entry, function, argument, flags) };
}

/// Enables or disables a callback of the bufferevent's own, if it is still there: programs can have
/// all callbacks of a buffer replaced.
pub(super) fn set_watching(buf: Buf, entry: callback::EntryRef, on: bool) {
    buf.lock().set_callback_flags(entry, callback::ENABLED, on);
}

/// Fills in one of the two events, which is not in use: never again once the bufferevent is ending.
pub fn assign(bev: Bev, ev: Ev, fd: c_int, events: i16, callback: EventThunk) {
    if bev.header().is_ending() {
        return;
    }
    let base = base::global::base_or_current(bev.own_base());
    base::event::assign_to(
        ev,
        base.as_deref(),
        fd,
        events,
        Some(callback.function()),
        bev.into_raw(),
    );
    base::debug::note_assigned(ev);
}

// SAFETY: the header is part of the bufferevent.
unsafe impl Shared for Bev {
    #[inline]
    fn header<'a>(self) -> &'a Header {
        Bev::header(self)
    }

    /// The loop may be about to run one of the events, or hold the bufferevent by one: with a base,
    /// a finalizer destroys it, in the loop's thread.
    fn end(self) -> bool {
        (self.ops().unlink)(self);
        ratelimit::end(self);
        // A thread that waits for the lock will find a bufferevent for which nothing can be added.
        for ev in [self.read_event(), self.write_event()] {
            if let Some(base) = lock_base_of(ev) {
                base.end(ev);
            }
        }
        if let Some(base) = self.lock_base() {
            // SAFETY: the bufferevent lives until `destroy`, which is left to the finalizer alone.
            unsafe { self.deferred().finalize(&base, destroy, self) };
        }
        self.base().is_none()
    }

    unsafe fn destroy(self) {
        destroy(self);
    }
}

/// The program has no more use for it.
pub fn free(bev: Bev) {
    let held = bev.hold();
    callbacks::set(&held, None, None, None, ptr::null_mut());
    stream::resolve::cancel(&held);
    (bev.ops().give_up)(bev);
    held.release();
}

fn destroy(bev: Bev) {
    // SAFETY: taken so that the last user is out of it; it is only freed by `abandon`.
    unsafe {
        lock::lock(bev.header().lock_ptr());
        lock::unlock(bev.header().lock_ptr());
    }
    debug_assert!(is_idle(bev), "a bufferevent ends while its base knows it");
    base::debug::note_freed(bev.read_event());
    base::debug::note_freed(bev.write_event());
    ratelimit::destroy(bev);
    if let Some(stream) = Stream::of(bev) {
        stream::resolve::forget(stream);
    }
    if let Some(spares) = bev.spares() {
        // With a base this is called by the loop.
        spare::free_small(spares);
    }
    let underlying = (bev.ops().underlying)(bev);
    (bev.ops().destroy)(bev);
    abandon(bev);
    if let Some(underlying) = underlying {
        underlying.unref();
    }
}

/// Whether no base knows one of its events or its task.
fn is_idle(bev: Bev) -> bool {
    const IN_USE: c_int = EVLIST_TIMEOUT | EVLIST_INSERTED | EVLIST_ACTIVE | EVLIST_ACTIVE_LATER;
    let idle = |ev: Ev| !ev.callback().has(IN_USE);
    let queued = Stream::of(bev).is_some_and(Stream::has_queued_task);
    idle(bev.read_event()) && idle(bev.write_event()) && !queued
}

/// Frees a bufferevent that no code uses, or that was never finished.
pub(super) fn abandon(bev: Bev) {
    // SAFETY: no other code uses the bufferevent; buffers and lock are null or its own.
    unsafe {
        let buffers = [
            (bev.input_ptr(), bev.watermark_entry()),
            (bev.output_ptr(), bev.flow()),
        ];
        let buffers = buffers.map(|(buf, entry)| {
            let buf = Buf::new(buf)?;
            if entry.is_embedded() {
                buf.lock().remove_embedded(entry);
            }
            Some(buf)
        });
        // Where a callback of a buffer freed the bufferevent, the buffer lives until that returns.
        if bev.header().owns_lock() {
            let keeps_lock = Buf::free_with_lock(buffers);
            bev.header().set_owns_lock(!keeps_lock);
        } else {
            for buf in buffers.into_iter().flatten() {
                buf.free();
            }
        }
        bev.header().free_lock();
        mm::free(bev.as_ptr().cast());
    }
}
