//! Common timeouts: many events with one interval wait in a queue, in order of
//! their deadlines by construction, and only the queue has a place in the heap.
//!
//! A program asks for an interval once and gets a `timeval` whose microseconds
//! carry a mark and the queue's number above their low 20 bits.

use core::ffi::{c_int, c_short, c_void};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use libc::timeval;

use super::handle::{Common, Ev};
use super::timeout::{When, deadline};
use super::{EventBase, Locked};
use crate::ctypes::event_struct::{EVLIST_INTERNAL, event};
use crate::support::intrusive::TailQueue;
use crate::support::time::{self, Micros};
use crate::support::{log, mm};

const MICROSECONDS: i64 = 0x000f_ffff;
const NUMBER_SHIFT: u32 = 20;
const NUMBER: i64 = 0xff;
const MARK: i64 = 0x5000_0000;
const MARK_MASK: i64 = 0xf000_0000;
const MOST: usize = 256;

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
            tv.tv_usec |= MARK | i64::from(number) << NUMBER_SHIFT;
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
    queue: Queue,
    /// Marked; this is what the program gets.
    interval: timeval,
    base: *mut EventBase,
    /// Wakes the loop for the first event of the queue.
    wake: event,
}

/// Takes an event out of its queue.
pub fn unlink(list: NonNull<CommonTimeout>, ev: Ev) {
    // SAFETY: the event's tag and flags say that it is in this queue; both are alive.
    unsafe { Queue::remove(&raw mut (*list.as_ptr()).queue, ev.as_ptr()) };
}

impl CommonTimeout {
    fn wake(list: NonNull<CommonTimeout>) -> Option<Ev> {
        // SAFETY: the list lives as long as its base.
        unsafe { Ev::new(&raw mut (*list.as_ptr()).wake) }
    }

    fn first(list: NonNull<CommonTimeout>) -> Option<Ev> {
        // SAFETY: the list lives as long as its base; queued events are alive.
        unsafe { Ev::new(Queue::first(&raw const (*list.as_ptr()).queue)) }
    }
}

impl EventBase {
    /// The common timeout of this base that `tv` names.
    #[inline]
    pub(super) fn common_tag(&self, tv: timeval) -> Tag {
        if tv.tv_usec & MARK_MASK != MARK {
            return Tag::NONE;
        }
        let number = tv.tv_usec >> NUMBER_SHIFT & NUMBER;
        Tag(((number as usize) < self.common.borrow().len()).then_some(number as u8))
    }

    #[inline]
    pub(super) fn common_queue(&self, tag: Tag) -> Option<NonNull<CommonTimeout>> {
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
            // SAFETY: lists live as long as their base.
            let known = unsafe { &raw const (*list.as_ptr()).interval };
            // SAFETY: as above.
            if time::from_timeval(strip(unsafe { *known })) == span {
                return known;
            }
        }
        if lists.len() >= MOST {
            log::warn(format_args!(
                "Too many common timeouts: an event_base can have {MOST}"
            ));
            return ptr::null();
        }
        let Ok(()) = lists.try_reserve(1) else {
            return ptr::null();
        };
        let memory = mm::malloc(size_of::<CommonTimeout>()).cast::<CommonTimeout>();
        let Some(list) = NonNull::new(memory) else {
            return ptr::null();
        };
        let number = lists.len() as u8;
        // SAFETY: a fresh block of the right size, which does not move; every field is set before
        // it is used.
        unsafe {
            list.cast::<MaybeUninit<CommonTimeout>>()
                .write(MaybeUninit::zeroed());
            Queue::init(&raw mut (*memory).queue);
            (*memory).interval = Tag(Some(number)).mark(plain);
            (*memory).base = self.as_ptr();
        }
        if let Some(wake) = CommonTimeout::wake(list) {
            super::event::assign(wake, self, -1, 0, Some(expired), memory.cast());
            wake.callback().add_flags(EVLIST_INTERNAL);
            wake.callback().set_priority(0);
        }
        lists.push_within_capacity(list);
        // SAFETY: lists live as long as their base.
        unsafe { &raw const (*memory).interval }
    }

    /// Puts an event in its place: at the end, unless the clock was read out of order.
    pub(super) fn queue_common(&self, list: NonNull<CommonTimeout>, ev: Ev, moment: Micros) {
        // SAFETY: list and queued events are alive, and the new event is in no queue.
        unsafe {
            let queue = &raw mut (*list.as_ptr()).queue;
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
        if CommonTimeout::first(list) == Some(ev) {
            self.schedule_common(list, moment);
        }
    }

    fn schedule_common(&self, list: NonNull<CommonTimeout>, moment: Micros) {
        if let Some(wake) = CommonTimeout::wake(list) {
            // Its place in the heap is promised: see `reserve_timer`.
            let _ = self.add(wake, Some(When::At(moment, Tag::NONE)));
        }
    }

    fn expire_common(&self, list: NonNull<CommonTimeout>) {
        let now = self.clock().now();
        while let Some(ev) = CommonTimeout::first(list) {
            let moment = deadline(ev);
            if moment > now {
                self.schedule_common(list, moment);
                break;
            }
            self.time_out(ev);
        }
    }

    /// The first events of all common timeouts, for the walk over all events.
    pub(super) fn common_firsts(&self, index: usize) -> Option<Option<Ev>> {
        let list = *self.common.borrow().get(index)?;
        Some(CommonTimeout::first(list))
    }

    /// The event behind one in its queue.
    pub(super) fn next_common(&self, ev: Ev) -> Option<Ev> {
        // SAFETY: queued events are alive.
        unsafe { Ev::new(Queue::next(ev.as_ptr())) }
    }

    /// Deletes the queues' own timers. The queues must be empty.
    pub(super) fn delete_common(&self) {
        let lists = core::mem::replace(&mut *self.common.borrow_mut(), mm::vec());
        for list in lists {
            if let Some(wake) = CommonTimeout::wake(list) {
                self.delete(wake);
            }
            // SAFETY: made by common_timeout; nothing refers to it any more.
            unsafe { mm::free(list.as_ptr().cast()) };
        }
    }
}

/// The event in front of `item`, or null.
///
/// # Safety
/// `item` is in the queue.
unsafe fn previous(queue: *mut Queue, item: *mut event) -> *mut event {
    // SAFETY: the caller's promise; see TailQueue::last for the idiom.
    unsafe {
        if Queue::first(queue) == item {
            return ptr::null_mut();
        }
        Queue::previous(item)
    }
}

/// The callback of a queue's own timer.
unsafe extern "C" fn expired(_fd: c_int, _what: c_short, list: *mut c_void) {
    let Some(list) = NonNull::new(list.cast::<CommonTimeout>()) else {
        return;
    };
    // SAFETY: the list lives as long as its base, whose loop is running.
    if let Some(base) = unsafe { EventBase::from_ptr((*list.as_ptr()).base) } {
        base.lock().expire_common(list);
    }
}
