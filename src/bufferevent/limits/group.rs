//! Groups of bufferevents that share a rate limit.
//!
//! A group has one bucket. Each member may move its share of what is in it, or
//! the min share if that is more; when the bucket is empty all members are
//! suspended, and a timer refills it and resumes them. Who is first rotates.
//!
//! Members may be in several loops. One that has to be woken up first would
//! find the bucket empty again, so the loop of the first member has half a
//! tick to itself; only then do the others get what it left.
//!
//! # Locking
//! A bufferevent's lock is taken before its group's. So with the group's lock
//! held, a member's is only tried; a member that can't be had suspends itself
//! when it asks for its share, and is resumed by the next tick. No callback of
//! the program runs with the group's lock held.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_short};
use core::ptr::NonNull;
use std::thread;

use super::ratelimit::{self, suspend, unsuspend};
use super::token_bucket::{Bucket, Config, Direction};
use crate::base::event::Blocking;
use crate::base::own_event::{OwnEvent, OwnTimer};
use crate::base::timeout::When;
use crate::base::{BaseRef, EventBase};
use crate::bufferevent::{BY_GROUP, Bev, Held};
use crate::ctypes::event::EV_PERSIST;
use crate::support::shared::{self, Header, Object, Ref, Shared};
use crate::support::{mm, time};
use crate::sys;

/// The least that a member may move unless the program chose otherwise, so that packets don't get
/// tiny.
const MIN_SHARE: usize = 64;

/// `struct bufferevent_rate_limit_group`. Opaque to C.
pub struct Group {
    header: Header,
    base: BaseRef,
    members: RefCell<mm::Vec<Bev>>,
    /// Counts how often the members changed.
    changes: Cell<u32>,
    /// Counts who is first.
    next_member: [Cell<usize>; 2],
    config: Cell<Config>,
    bucket: Cell<Bucket>,
    /// What the program set.
    min_share: Cell<usize>,
    suspended: [Cell<bool>; 2],
    /// A member could not be resumed.
    missed: [Cell<bool>; 2],
    totals: [Cell<u64>; 2],
    tick: OwnEvent,
    /// Half a tick, after which members in other loops than that of the first are resumed.
    pause: OwnTimer,
}

// SAFETY: the member.
unsafe impl Object for Group {
    fn header(&self) -> &Header {
        &self.header
    }
}

/// A group that is locked and kept alive.
pub type HeldGroup = shared::Held<Ref<Group>>;

/// Who is resumed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Resume {
    All,
    /// Those in the loop of the first.
    OneLoop,
}

/// Makes a group with no members, and starts its timer.
pub fn create(base: &EventBase, config: &Config) -> Option<Ref<Group>> {
    let now = base.lock().monotonic_time();
    // SAFETY: a base outlives its groups.
    let base = unsafe { BaseRef::new(NonNull::from(base)) };
    let group = Ref::make(Group {
        header: Header::with_lock()?,
        base,
        members: RefCell::new(mm::vec()),
        changes: Cell::new(0),
        next_member: Default::default(),
        config: Cell::new(*config),
        bucket: Cell::new(Bucket::new(config, now)),
        min_share: Cell::new(MIN_SHARE),
        suspended: Default::default(),
        missed: Default::default(),
        totals: Default::default(),
        tick: OwnEvent::new(),
        pause: OwnTimer::new(),
    })?;
    // SAFETY: `free` waits for the callbacks, and ends both before the group is destroyed.
    unsafe {
        group.tick.assign(&base, -1, EV_PERSIST, on_tick, group);
        group.pause.assign(&base, on_pause, group);
    }
    let held = group.hold();
    if held.start_tick().is_err() {
        held.free();
        return None;
    }
    Some(group)
}

impl Group {
    fn start_tick(&self) -> sys::Result {
        let tick = When::In(self.config.get().tick());
        self.tick.start(&self.base.lock(), Some(tick))
    }

    fn start_pause(&self) -> sys::Result {
        let tick = time::from_timeval(self.config.get().tick());
        self.pause
            .start(&self.base.lock(), time::to_timeval(tick / 2))
    }

    /// Changes the limit.
    pub fn set_config(&self, config: &Config) -> sys::Result {
        let now = self.base.lock().monotonic_time();
        let former = self.config.replace(*config);
        if !former.has_tick_of(config) {
            self.start_tick().inspect_err(|_| self.config.set(former))?;
        }
        let mut bucket = self.bucket.get();
        bucket.change(config, now);
        self.bucket.set(bucket);
        Ok(())
    }

    pub fn set_min_share(&self, bytes: usize) {
        self.min_share.set(bytes);
    }

    /// The min share: no more than a tick brings.
    fn min_share(&self) -> isize {
        let config = self.config.get();
        let rates = Direction::BOTH.map(|direction| config.flow(direction).rate);
        let chosen = isize::try_from(self.min_share.get()).unwrap_or(isize::MAX);
        chosen.min(rates[0]).min(rates[1])
    }

    pub fn level(&self, direction: Direction) -> isize {
        self.bucket.get().level(direction)
    }

    pub fn total(&self, direction: Direction) -> u64 {
        self.totals[direction as usize].get()
    }

    pub fn reset_totals(&self) {
        for total in &self.totals {
            total.set(0);
        }
    }

    fn members_len(&self) -> usize {
        self.members.borrow().len()
    }

    /// Takes a member out. True if it was one.
    fn drop_member(&self, bev: Bev) -> bool {
        let mut members = self.members.borrow_mut();
        let index = members.iter().position(|member| *member == bev);
        if let Some(index) = index {
            members.remove(index);
            self.changes.set(self.changes.get().wrapping_add(1));
        }
        index.is_some()
    }
}

impl HeldGroup {
    /// Takes bytes out of the bucket, or puts them in if they are less than none.
    pub fn decrement(&self, direction: Direction, bytes: isize) {
        let mut bucket = self.bucket.get();
        bucket.take(direction, bytes);
        self.bucket.set(bucket);
        let empty = bucket.level(direction) <= 0;
        match (empty, self.suspended[direction as usize].get()) {
            (true, false) => self.suspend_all(direction),
            (false, true) => self.resume_members(direction, Resume::All),
            _ => {}
        }
    }

    /// Suspends the members. One that can't be had asks for its share before it moves anything.
    fn suspend_all(&self, direction: Direction) {
        self.suspended[direction as usize].set(true);
        self.missed[direction as usize].set(false);
        self.each_member(direction, 0, true, |member| {
            suspend(&member, direction, BY_GROUP);
        });
    }

    /// Resumes members that were suspended.
    fn resume_members(&self, direction: Direction, who: Resume) {
        let which = direction as usize;
        self.suspended[which].set(false);
        let first = self.next_member[which].get();
        self.next_member[which].set(first.wrapping_add(usize::from(who == Resume::OneLoop)));
        let (mut chosen, mut held_back) = (None, false);
        let missed = self.each_member(direction, first, false, |member| {
            let base = member.base();
            if who == Resume::All || *chosen.get_or_insert(base) == base {
                unsuspend(&member, direction, BY_GROUP);
            } else {
                held_back = true;
            }
        });
        if self.suspended[which].get() {
            return;
        }
        match who {
            Resume::All => self.missed[which].set(missed),
            Resume::OneLoop if missed || held_back => {
                self.missed[which].set(true);
                if self.start_pause().is_err() {
                    self.resume_members(direction, Resume::All);
                }
            }
            Resume::OneLoop => {}
        }
    }

    /// Resumes members that were left out when others were resumed.
    fn resume_rest(&self, direction: Direction) {
        let which = direction as usize;
        if self.missed[which].get() && !self.suspended[which].get() {
            self.resume_members(direction, Resume::All);
        }
    }

    /// Does something to each member, beginning with the one that is `first`, with the group's
    /// lock released, and as long as the group is not suspended or resumed meanwhile.
    /// True if some member was left out.
    fn each_member(
        &self,
        direction: Direction,
        first: usize,
        suspended: bool,
        mut action: impl FnMut(Held),
    ) -> bool {
        let (len, changes) = (self.members.borrow().len(), self.changes.get());
        let mut missed = false;
        for step in 0..len {
            let member = {
                let members = self.members.borrow();
                let index = first.wrapping_add(step) % members.len().max(1);
                members.get(index).and_then(|bev| bev.try_hold())
            };
            match member {
                Some(member) => self.call_out(|| action(member)),
                None => missed = true,
            }
            if self.suspended[direction as usize].get() != suspended {
                break;
            }
        }
        missed || changes != self.changes.get()
    }

    /// Gives up the owner's reference. Members that are left continue without a limit.
    pub fn free(self) {
        // The callbacks take the lock, so they are waited for without it.
        self.call_out(|| {
            let base = self.base.lock();
            base.delete_and_wait(self.tick.handle(), Blocking::Auto);
            base.delete_and_wait(self.pause.handle(), Blocking::Auto);
            self.tick.end(&base);
            self.pause.end(&base);
        });
        while self.members_len() != 0 {
            // A member stays alive as long as the group's lock is held: its end takes that.
            let first = self.members.borrow().first().and_then(|bev| bev.try_hold());
            match first {
                Some(member) => self.call_out(move || leave(&member)),
                // The thread that has it may be waiting for the group's lock.
                None => self.call_out(thread::yield_now),
            }
        }
        self.release();
    }
}

/// Makes a bufferevent a member, and of no other group.
pub fn join(bev: &Held, group: Ref<Group>) -> sys::Result {
    if ratelimit::group(**bev) == Some(group) {
        return Ok(());
    }
    // Before it leaves another one. No lock of a group is held while another's is taken.
    let reserve = |group: HeldGroup| group.members.borrow_mut().try_reserve(1);
    reserve(group.hold())?;
    leave(bev);
    let work = group.hold();
    {
        let mut members = work.members.borrow_mut();
        members.try_reserve(1)?;
        members.push_within_capacity(**bev);
    }
    work.changes.set(work.changes.get().wrapping_add(1));
    ratelimit::set_group(**bev, Some(group));
    for direction in Direction::BOTH {
        if work.suspended[direction as usize].get() {
            suspend(bev, direction, BY_GROUP);
        }
    }
    Ok(())
}

/// Takes a bufferevent out of its group, if it is in one, and resumes it.
pub fn leave(bev: &Held) {
    if remove(**bev) {
        for direction in Direction::BOTH {
            ratelimit::resume(bev, direction, BY_GROUP);
        }
    }
}

/// Takes a bufferevent out of its group. Its lock is held.
#[inline]
pub fn remove(bev: Bev) -> bool {
    let Some(group) = ratelimit::group(bev) else {
        return false;
    };
    ratelimit::set_group(bev, None);
    group.hold().drop_member(bev)
}

/// How much a member may move now; suspends it if that is nothing.
pub fn share(group: Ref<Group>, bev: &Held, direction: Direction) -> usize {
    let group = group.hold();
    if group.suspended[direction as usize].get() {
        suspend(bev, direction, BY_GROUP);
        return 0;
    }
    let members = isize::try_from(group.members_len()).unwrap_or(isize::MAX);
    let share = group.level(direction) / members.max(1);
    usize::try_from(share.max(group.min_share()).max(1)).unwrap_or(1)
}

/// A member has moved bytes.
pub fn charge(group: Ref<Group>, direction: Direction, bytes: isize) {
    let group = group.hold();
    let total = &group.totals[direction as usize];
    total.set(total.get().wrapping_add(bytes as u64));
    group.decrement(direction, bytes);
}

fn on_tick(group: Ref<Group>, _fd: c_int, _what: c_short) {
    let group = group.hold();
    let now = group.base.lock().monotonic_time();
    let mut bucket = group.bucket.get();
    bucket.refill(&group.config.get(), now);
    group.bucket.set(bucket);
    for direction in Direction::BOTH {
        let suspended = group.suspended[direction as usize].get();
        if !suspended {
            group.resume_rest(direction);
        } else if group.level(direction) >= group.min_share().max(1) {
            group.resume_members(direction, Resume::OneLoop);
        }
    }
}

fn on_pause(group: Ref<Group>) {
    let group = group.hold();
    for direction in Direction::BOTH {
        group.resume_rest(direction);
    }
}
