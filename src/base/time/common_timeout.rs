//! Common timeouts: many events with one interval wait in a queue, in order of
//! their deadlines by construction, and only the queue has a place in the heap.
//!
//! A program asks for an interval once and gets a `timeval` whose microseconds
//! carry a mark and the queue's number above their low 20 bits.

use core::cell::UnsafeCell;
use core::ffi::{c_int, c_short};
use core::ptr;

use libc::{suseconds_t, timeval};

use crate::base::handle::{Common, Ev};
use crate::base::timeout::{When, deadline};
use crate::base::{EventBase, Locked, OwnEvent};
use crate::ctypes::event_struct::event;
use crate::support::intrusive::TailQueue;
use crate::support::thunk::Ref;
use crate::support::time::{self, Micros};
use crate::support::{log, mm};
use crate::sys::Result;

const MICROSECONDS: suseconds_t = 0x000f_ffff;
const NUMBER_SHIFT: u32 = 20;
const NUMBER: suseconds_t = 0xff;
const MARK: suseconds_t = 0x5000_0000;
const MARK_MASK: suseconds_t = 0xf000_0000_u32 as suseconds_t;
const MAX_LISTS: usize = 256;

type Queue = TailQueue<event, Common>;

/// Which common timeout a `timeval` names, if it names one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag(Option<u8>);

impl Tag {
    pub const NONE: Tag = Tag(None);

    pub fn is_none(self) -> bool {
        self.0.is_none()
    }

    /// The same time, carrying this tag.
    pub fn mark(self, mut tv: timeval) -> timeval {
        if let Some(number) = self.0 {
            tv.tv_usec |= MARK | suseconds_t::from(number) << NUMBER_SHIFT;
        }
        tv
    }
}

/// The time without mark and number.
#[inline]
pub fn strip(mut tv: timeval) -> timeval {
    if tv.tv_usec & MARK_MASK == MARK {
        tv.tv_usec &= MICROSECONDS;
    }
    tv
}

/// The events with one interval.
pub struct CommonTimeout {
    queue: UnsafeCell<Queue>,
    /// Tagged; this is what the program gets.
    interval: timeval,
    /// Expires with the first event of the queue.
    timer: OwnEvent,
}

/// Takes an event out of its queue.
pub fn unlink(list: Ref<CommonTimeout>, ev: Ev) {
    // SAFETY: the event's tag and flags say that it is in this queue; both are alive.
    unsafe { Queue::remove(list.queue.get(), ev.as_ptr()) };
}

impl CommonTimeout {
    fn create(base: &EventBase, interval: timeval) -> Result<Ref<CommonTimeout>> {
        let list = mm::Box::new(CommonTimeout {
            queue: UnsafeCell::new(Queue::UNSET),
            interval,
            timer: OwnEvent::new(),
        })?;
        // SAFETY: it stays where it is until its base frees it.
        unsafe {
            let list = Ref::new(list.into_raw());
            Queue::init(list.queue.get());
            list.timer.assign_internal(base, -1, 0, on_timeout, list);
            Ok(list)
        }
    }

    fn first(&self) -> Option<Ev> {
        // SAFETY: the queue is initialised; queued events are alive.
        unsafe { Ev::new(Queue::first(self.queue.get())) }
    }
}

impl EventBase {
    /// The common timeout of this base that `tv` names.
    #[inline]
    pub(in crate::base) fn common_tag(&self, tv: timeval) -> Tag {
        if tv.tv_usec & MARK_MASK != MARK {
            return Tag::NONE;
        }
        let number = tv.tv_usec >> NUMBER_SHIFT & NUMBER;
        Tag(((number as usize) < self.common.borrow().len()).then_some(number as u8))
    }

    #[inline]
    pub(in crate::base) fn common_queue(&self, tag: Tag) -> Option<Ref<CommonTimeout>> {
        let number = usize::from(tag.0?);
        self.common.borrow().get(number).copied()
    }
}

impl Locked<'_> {
    /// The base's common timeout of this length, made if need be; null if there are too many, or
    /// no memory.
    pub fn common_timeout(&self, interval: timeval) -> *const timeval {
        let span = time::from_timeval(if interval.tv_usec > 1_000_000 {
            strip(interval)
        } else {
            interval
        });
        let plain = time::to_timeval(span);
        let mut lists = self.common.borrow_mut();
        for list in lists.iter() {
            if time::from_timeval(strip(list.interval)) == span {
                return &raw const list.interval;
            }
        }
        if lists.len() >= MAX_LISTS {
            log::warn(format_args!(
                "Too many common timeouts: an event_base can have {MAX_LISTS}"
            ));
            return ptr::null();
        }
        // At most 255.
        let tag = Tag(Some(lists.len() as u8));
        let Ok(list) = CommonTimeout::create(self, tag.mark(plain)) else {
            return ptr::null();
        };
        if lists.try_push(list).is_err() {
            free(list);
            return ptr::null();
        }
        &raw const list.interval
    }

    /// Puts an event in its place: at the end, unless the clock was read out of order.
    pub(in crate::base) fn queue_common(&self, list: Ref<CommonTimeout>, ev: Ev, moment: Micros) {
        // SAFETY: list and queued events are alive, and the new event is in no queue.
        unsafe {
            let queue = list.queue.get();
            let mut before = Ev::new(Queue::last(queue));
            while let Some(other) = before {
                if deadline(other) <= moment {
                    break;
                }
                before = Ev::new(previous(queue, other.as_ptr()));
            }
            match before {
                Some(other) => Queue::insert_after(queue, other.as_ptr(), ev.as_ptr()),
                None => Queue::push_front(queue, ev.as_ptr()),
            }
        }
        if list.first() == Some(ev) {
            self.schedule_common(list, moment);
        }
    }

    fn schedule_common(&self, list: Ref<CommonTimeout>, moment: Micros) {
        // Its place in the heap is promised: see `reserve_timer`.
        let _ = list.timer.start(self, Some(When::At(moment, Tag::NONE)));
    }

    fn expire_common(&self, list: Ref<CommonTimeout>) {
        let now = self.clock().now();
        while let Some(ev) = list.first() {
            let moment = deadline(ev);
            if moment > now {
                self.schedule_common(list, moment);
                break;
            }
            self.time_out(ev);
        }
    }

    /// The first events of all common timeouts, for the walk over all events.
    pub(in crate::base) fn common_firsts(&self, index: usize) -> Option<Option<Ev>> {
        let list = *self.common.borrow().get(index)?;
        Some(list.first())
    }

    /// The event behind one in its queue.
    pub(in crate::base) fn next_common(&self, ev: Ev) -> Option<Ev> {
        // SAFETY: queued events are alive.
        unsafe { Ev::new(Queue::next(ev.as_ptr())) }
    }

    /// Deletes the queues' own timers. The queues must be empty.
    pub(in crate::base) fn delete_common(&self) {
        let lists = core::mem::replace(&mut *self.common.borrow_mut(), mm::vec());
        for list in lists {
            list.timer.stop(self);
            free(list);
        }
    }
}

/// Frees what no base knows.
fn free(list: Ref<CommonTimeout>) {
    // SAFETY: made by `create`, and nothing refers to it any more.
    drop(unsafe { mm::Box::from_raw(list.as_non_null()) });
}

/// The event in front of `item`, or null.
///
/// # Safety
/// `item` is in the queue.
unsafe fn previous(queue: *mut Queue, item: *mut event) -> *mut event {
    // SAFETY: promised by the caller; see TailQueue::last for the idiom.
    unsafe {
        if Queue::first(queue) == item {
            return ptr::null_mut();
        }
        Queue::previous(item)
    }
}

fn on_timeout(list: Ref<CommonTimeout>, _fd: c_int, _what: c_short) {
    if let Some(base) = list.timer.base() {
        base.lock().expire_common(list);
    }
}
