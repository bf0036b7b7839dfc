//! Bufferevents: an input and an output buffer that something fills and drains.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`ops`] | what the kinds of bufferevents differ in |
//! | [`lifecycle`] | making, and going away |
//! | [`data`] | moving bytes between the program and the buffers |
//! | [`callbacks`] | telling the program, at once or from the loop |
//! | [`enable`] | enabling, and suspending for a reason |
//! | [`watermark`] | limits on the length of the buffers |
//! | [`explain`] | which callback of the program's an event stands for, for statistics |
//! | [`timeout`] | timeouts of reading and writing |
//! | [`limits`] | how much may be read and written now |
//! | [`stream`] | on a descriptor: when output is written, how to get connected |
//! | [`socket`] | on a descriptor, with nothing in between |
//! | [`pair`] | two that are connected with each other |
//! | [`filter`] | on top of another one |
//! | [`tls`] | speaking TLS, on a descriptor or on top of another one |
//!
//! # Handles
//! A bufferevent lies in memory that programs read and write, and callbacks may change anything at
//! any time. So no reference to one is made: a [`Bev`] is a pointer whose every access is one load
//! or store. Making a handle is the promise that the bufferevent lives as long as it is used.
//!
//! # Locking and callbacks
//! Operations run on a [`Held`]: it has a reference and, where the bufferevent has one, its lock,
//! which its two buffers share, and all bufferevents of a pair or of a stack of filters. The lock
//! is recursive and, as in libevent, held while the program's callbacks run, unless they are
//! deferred and unlocked. A callback may call everything and give up its own reference, so what
//! was read before it is read again afterwards; the [`Held`] keeps the memory.
//!
//! A bufferevent's lock is taken before the base's.

use core::ffi::{c_int, c_short, c_void};
use core::ptr::NonNull;

use libc::timeval;

use crate::base::deferred::Deferred;
use crate::base::event::EventFn;
use crate::base::handle::{Ev, fields, opaque_fields};
use crate::base::{BaseRef, EventBase, Locked, Spares};
use crate::buffer::{Buf, Buffer, callback};
use crate::ctypes::bufferevent::{bufferevent_data_cb, bufferevent_event_cb};
use crate::ctypes::bufferevent_struct::{bufferevent, event_watermark};
use crate::support::shared::{self, Header, Shared};
use crate::support::thunk::{Thunk, argument};
use crate::support::zeroed::{Zeroed, zeroed};

pub mod callbacks;
pub mod data;
pub mod enable;
mod explain;
pub mod filter;
pub mod lifecycle;
pub mod limits;
pub mod ops;
pub mod pair;
pub mod socket;
pub mod stream;
pub mod timeout;
pub mod tls;
pub mod watermark;

/// Reading is suspended: the input has reached its high watermark.
pub const BY_WATERMARK: u16 = 0x01;
/// Suspended: the bufferevent's own rate limit is used up.
pub const BY_LIMIT: u16 = 0x02;
/// Suspended: the group's rate limit is used up.
pub const BY_GROUP: u16 = 0x04;
/// Suspended: a host's name is being looked up.
pub const BY_LOOKUP: u16 = 0x08;
/// Reading is suspended: the filter above does not read.
pub const BY_FILTER: u16 = 0x10;

/// A bufferevent: the public part and what lies behind it. Each kind puts its own behind this.
#[repr(C)]
pub struct Private {
    public: bufferevent,
    header: Header,
    /// `BEV_OPT_*`.
    options: c_int,
    /// Reasons not to read, `BY_*`.
    read_suspended: u16,
    /// Reasons not to write, `BY_*`.
    write_suspended: u16,
    /// What deferred callbacks have to tell.
    pending: callbacks::Pending,
    deferred: Deferred,
    /// The callback on the input that watches the high watermark; all zeros until there was one.
    watermark_entry: callback::Entry,
    /// The callback on the output that makes it flow.
    flow: callback::Entry,
    /// Rate limits; the rest of the library does not look into it.
    limits: limits::ratelimit::Limits,
}

zeroed!(Private {
    public,
    header,
    options,
    read_suspended,
    write_suspended,
    pending,
    deferred,
    watermark_entry,
    flow,
    limits,
});

/// A handle to a live bufferevent; see the module.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Bev(NonNull<Private>);

// SAFETY: `None` is null.
unsafe impl Zeroed for Option<Bev> {}

argument!(Bev);

/// A callback of one of the two events.
pub type EventThunk = Thunk<EventFn, Bev>;
/// A callback of one of the two buffers.
type BufferThunk = Thunk<callback::Callback, Bev>;

/// The base of an event, locked, if it has one. Not its bufferevent's: programs can give events
/// another base.
#[inline(always)]
fn lock_base_of<'a>(ev: Ev) -> Option<Locked<'a>> {
    ev.base().map(|base| base.outliving().lock())
}

/// A bufferevent with a reference and its lock, both given back at the end.
pub type Held = shared::Held<Bev>;

impl Bev {
    /// # Safety
    /// `bev` is null or came from this library, and is alive as long as the handle is used.
    #[inline]
    pub unsafe fn new(bev: *mut bufferevent) -> Option<Bev> {
        NonNull::new(bev.cast()).map(Bev)
    }

    /// For the program.
    #[inline]
    pub fn as_ptr(self) -> *mut bufferevent {
        self.0.as_ptr().cast()
    }

    /// The memory of its own kind.
    #[inline]
    fn cast<T>(self) -> NonNull<T> {
        self.0.cast()
    }

    opaque_fields! {
        set: pub(self),
        own_base_ptr set_base_ptr: *mut EventBase = public.ev_base;
        ops_ptr set_ops_ptr: *const ops::Ops = public.be_ops;
        input_ptr set_input: *mut Buffer = public.input;
        output_ptr set_output: *mut Buffer = public.output;
    }

    fields! {
        set: pub(self),
        read_watermarks set_read_watermarks: event_watermark = public.wm_read;
        write_watermarks set_write_watermarks: event_watermark = public.wm_write;
        read_callback set_read_callback: bufferevent_data_cb = public.readcb;
        write_callback set_write_callback: bufferevent_data_cb = public.writecb;
        event_callback set_event_callback: bufferevent_event_cb = public.errorcb;
        argument set_argument: *mut c_void = public.cbarg;
        read_timeout set_read_timeout: timeval = public.timeout_read;
        write_timeout set_write_timeout: timeval = public.timeout_write;
        enabled set_enabled: c_short = public.enabled;
        options set_options: c_int = options;
        read_suspended set_read_suspended: u16 = read_suspended;
        write_suspended set_write_suspended: u16 = write_suspended;
        pending set_pending: callbacks::Pending = pending;
    }

    /// The base that it was made for.
    #[inline]
    pub fn own_base(self) -> Option<BaseRef> {
        // SAFETY: a base outlives its bufferevents.
        unsafe { BaseRef::from_ptr(self.own_base_ptr()) }
    }

    #[inline]
    fn set_own_base(self, base: Option<BaseRef>) {
        self.set_base_ptr(base.map_or(core::ptr::null_mut(), BaseRef::as_ptr));
    }

    /// The base that it works on. Programs of the 1.4 kind name none; then it is the one that was
    /// the current base when the bufferevent was made.
    #[inline]
    pub fn base(self) -> Option<BaseRef> {
        self.own_base().or_else(|| self.read_event().base())
    }

    /// What its kind does.
    #[inline]
    pub fn ops(self) -> &'static ops::Ops {
        // SAFETY: set when it was made, from a static.
        unsafe { &*self.ops_ptr() }
    }

    /// The event for reading.
    #[inline]
    pub fn read_event(self) -> Ev {
        // SAFETY: inside the live bufferevent.
        unsafe {
            Ev::at(NonNull::new_unchecked(
                &raw mut (*self.0.as_ptr()).public.ev_read,
            ))
        }
    }

    /// The event for writing.
    #[inline]
    pub fn write_event(self) -> Ev {
        // SAFETY: inside the live bufferevent.
        unsafe {
            Ev::at(NonNull::new_unchecked(
                &raw mut (*self.0.as_ptr()).public.ev_write,
            ))
        }
    }

    /// The callback through which deferred callbacks run.
    #[inline]
    fn deferred<'a>(self) -> &'a Deferred {
        // SAFETY: inside the live bufferevent; programs don't know it.
        unsafe { &(*self.0.as_ptr()).deferred }
    }

    /// The callback that watches the input's high watermark.
    #[inline]
    fn watermark_entry(self) -> callback::EntryRef {
        // SAFETY: inside the live bufferevent, and made of cells.
        unsafe { callback::EntryRef::new(NonNull::from(&(*self.0.as_ptr()).watermark_entry)) }
    }

    /// The callback that makes the output flow.
    #[inline]
    fn flow(self) -> callback::EntryRef {
        // SAFETY: as for `watermark_entry`.
        unsafe { callback::EntryRef::new(NonNull::from(&(*self.0.as_ptr()).flow)) }
    }

    /// Where rate limits are kept.
    #[inline]
    fn limits<'a>(self) -> &'a limits::ratelimit::Limits {
        // SAFETY: inside the live bufferevent, and made of cells.
        unsafe { &(*self.0.as_ptr()).limits }
    }

    /// The base, locked, if it has one.
    #[inline]
    pub fn lock_base<'a>(self) -> Option<Locked<'a>> {
        self.base().map(|base| base.outliving().lock())
    }

    /// The base's spare memory. The caller is the loop.
    #[inline]
    pub fn spares<'a>(self) -> Option<&'a Spares> {
        self.base().map(|base| base.outliving().spares())
    }

    /// The buffer of what was read.
    #[inline]
    pub fn input(self) -> Buf {
        // SAFETY: a bufferevent has its buffers from its making to its end (`lifecycle`).
        unsafe { Buf::new_unchecked(self.input_ptr()) }
    }

    /// The buffer of what is to be written.
    #[inline]
    pub fn output(self) -> Buf {
        // SAFETY: as for the input.
        unsafe { Buf::new_unchecked(self.output_ptr()) }
    }

    /// The bytes in the input. The bufferevent is locked.
    #[inline]
    pub fn input_len(self) -> usize {
        self.input().held().len()
    }

    /// The bytes in the output. The bufferevent is locked.
    #[inline]
    pub fn output_len(self) -> usize {
        self.output().held().len()
    }

    /// Where its lock and its reference count are.
    #[inline]
    pub(super) fn header<'a>(self) -> &'a Header {
        // SAFETY: inside the live bufferevent; programs don't know it.
        unsafe { &(*self.0.as_ptr()).header }
    }

    /// Gives a new one its header.
    ///
    /// # Safety
    /// No other code knows it yet.
    unsafe fn init_header(self) {
        // SAFETY: inside the bufferevent.
        unsafe { (&raw mut (*self.0.as_ptr()).header).write(Header::new()) };
    }

    /// Takes a reference and the lock.
    #[inline]
    pub fn hold(self) -> Held {
        Shared::hold(self)
    }
}
