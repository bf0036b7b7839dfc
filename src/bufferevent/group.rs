//! Groups of bufferevents that share a rate limit.
//!
//! A group has one bucket. Each member may move its share of what is in it, or
//! the least share if that is more; when the bucket is empty all members are
//! suspended, and a timer fills it and lets them go on. Who goes first rotates.
//!
//! Members may be in several loops. One that has to be woken up first would
//! find the bucket empty again, so the loop of whoever goes first has half a
//! tick to itself; only then do the others get what it left.
//!
//! # Locking
//! A bufferevent's lock is taken before its group's. So whoever holds the
//! group's lock only tries to take a member's; a member that can't be had
//! suspends itself when it asks for its share, and is let go on by the next
//! tick. Nothing of the program's is called with the group's lock held.

use core::cell::{Cell, RefCell, UnsafeCell};
use core::ffi::{c_int, c_short, c_void};
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::ptr::{self, NonNull};

use super::ratelimit::{self, suspend, unsuspend};
use super::token_bucket::{Bucket, Config, Direction};
use super::{BY_GROUP, Bev, Held};
use crate::base::EventBase;
use crate::base::event::{Blocking, assign};
use crate::base::handle::Ev;
use crate::base::timeout::When;
use crate::ctypes::event::EV_PERSIST;
use crate::ctypes::event_struct::event;
use crate::support::shared::Shared;
use crate::support::{lock, mm, time};

/// The least that a member may move, so that packets don't get tiny.
const LEAST_SHARE: usize = 64;

/// `struct bufferevent_rate_limit_group`. Opaque to C.
pub struct Group {
    base: *mut EventBase,
    /// Null without threads.
    lock: *mut c_void,
    /// The owner's, and one for each [`Work`].
    references: Cell<c_int>,
    members: RefCell<mm::Vec<Bev>>,
    /// Counts how often the members changed.
    changes: Cell<u32>,
    /// Counts who goes first.
    turn: [Cell<usize>; 2],
    config: Cell<Config>,
    bucket: Cell<Bucket>,
    /// What the program set.
    least_share: Cell<usize>,
    suspended: [Cell<bool>; 2],
    /// A member could not be let go on.
    missed: [Cell<bool>; 2],
    totals: [Cell<u64>; 2],
    timer: UnsafeCell<event>,
    /// Half a tick: members in other loops than that of the first go on.
    pause: UnsafeCell<event>,
}

/// Who may go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    All,
    /// Those in the loop of the member whose turn it is.
    OneLoop,
}

/// Makes a group with no members, and starts its timer.
pub fn create(base: &EventBase, config: &Config) -> Option<NonNull<Group>> {
    let place = NonNull::new(mm::malloc(size_of::<Group>()).cast::<Group>())?;
    let lock = lock::alloc(lock::RECURSIVE);
    if lock.is_null() && lock::enabled() {
        // SAFETY: just made, and nobody knows it.
        unsafe { mm::free(place.as_ptr().cast()) };
        return None;
    }
    let now = base.lock().monotonic_time();
    // SAFETY: a fresh block of the right size; all zeros is a value of an event.
    unsafe {
        place.write(Group {
            base: base.as_ptr(),
            lock,
            references: Cell::new(1),
            members: RefCell::new(mm::vec()),
            changes: Cell::new(0),
            turn: Default::default(),
            config: Cell::new(*config),
            bucket: Cell::new(Bucket::new(config, now)),
            least_share: Cell::new(LEAST_SHARE),
            suspended: Default::default(),
            missed: Default::default(),
            totals: Default::default(),
            timer: UnsafeCell::new(MaybeUninit::zeroed().assume_init()),
            pause: UnsafeCell::new(MaybeUninit::zeroed().assume_init()),
        });
    }
    // SAFETY: alive, and nobody else knows it.
    let work = unsafe { Work::new(place) };
    let argument = place.as_ptr().cast();
    assign(work.timer(), base, -1, EV_PERSIST, Some(on_tick), argument);
    assign(work.pause(), base, -1, 0, Some(on_pause), argument);
    if work.start_timer().is_err() {
        work.free();
        return None;
    }
    Some(place)
}

/// A group whose lock is held, and which stays alive.
pub struct Work(NonNull<Group>);

impl Work {
    /// # Safety
    /// `group` is alive.
    pub unsafe fn new(group: NonNull<Group>) -> Work {
        // SAFETY: the caller's promise.
        unsafe { lock::lock(group.as_ref().lock) };
        let work = Work(group);
        work.references.set(work.references.get() + 1);
        work
    }

    fn timer(&self) -> Ev {
        // SAFETY: inside the group.
        unsafe { Ev::at(NonNull::new_unchecked(self.timer.get())) }
    }

    fn pause(&self) -> Ev {
        // SAFETY: inside the group.
        unsafe { Ev::at(NonNull::new_unchecked(self.pause.get())) }
    }

    fn base(&self) -> &EventBase {
        // SAFETY: a base outlives its groups.
        unsafe { &*self.0.as_ref().base }
    }

    fn start_timer(&self) -> Result<(), ()> {
        let tick = self.config.get().tick();
        self.base().lock().add(self.timer(), Some(When::In(tick)))
    }

    fn start_pause(&self) -> Result<(), ()> {
        let tick = time::from_timeval(self.config.get().tick());
        let half = time::to_timeval(tick / 2);
        self.base().lock().add(self.pause(), Some(When::In(half)))
    }

    /// Changes the limit.
    pub fn set_config(&self, config: &Config) -> Result<(), ()> {
        let now = self.base().lock().monotonic_time();
        let former = self.config.replace(*config);
        if !former.has_tick_of(config) && self.start_timer().is_err() {
            self.config.set(former);
            return Err(());
        }
        let mut bucket = self.bucket.get();
        bucket.change(config, now);
        self.bucket.set(bucket);
        Ok(())
    }

    pub fn set_least_share(&self, bytes: usize) {
        self.least_share.set(bytes);
    }

    /// The least share: no more than a tick brings.
    fn least_share(&self) -> isize {
        let config = self.config.get();
        let rates = Direction::BOTH.map(|direction| config.flow(direction).rate);
        let chosen = isize::try_from(self.least_share.get()).unwrap_or(isize::MAX);
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

    /// Takes bytes out of the bucket, or puts them in if they are less than none.
    pub fn decrement(&self, direction: Direction, bytes: isize) {
        let mut bucket = self.bucket.get();
        bucket.take(direction, bytes);
        self.bucket.set(bucket);
        let empty = bucket.level(direction) <= 0;
        match (empty, self.suspended[direction as usize].get()) {
            (true, false) => self.suspend_all(direction),
            (false, true) => self.let_go_on(direction, Who::All),
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

    /// Lets members go on that were suspended.
    fn let_go_on(&self, direction: Direction, who: Who) {
        let which = direction as usize;
        self.suspended[which].set(false);
        let turn = self.turn[which].get();
        self.turn[which].set(turn.wrapping_add(usize::from(who == Who::OneLoop)));
        let (mut chosen, mut held_back) = (None, false);
        let missed = self.each_member(direction, turn, false, |member| {
            let base = member.base_ptr();
            if who == Who::All || *chosen.get_or_insert(base) == base {
                unsuspend(&member, direction, BY_GROUP);
            } else {
                held_back = true;
            }
        });
        if self.suspended[which].get() {
            return;
        }
        match who {
            Who::All => self.missed[which].set(missed),
            Who::OneLoop if missed || held_back => {
                self.missed[which].set(true);
                if self.start_pause().is_err() {
                    self.let_go_on(direction, Who::All);
                }
            }
            Who::OneLoop => {}
        }
    }

    /// Lets members go on that were left out when others did.
    fn let_the_rest_go_on(&self, direction: Direction) {
        let which = direction as usize;
        if self.missed[which].get() && !self.suspended[which].get() {
            self.let_go_on(direction, Who::All);
        }
    }

    /// Does something to each member, beginning with the one whose turn it is, with the group's
    /// lock given up, and as long as nobody has suspended the group or let it go on meanwhile.
    /// True if some member was left out.
    fn each_member(
        &self,
        direction: Direction,
        turn: usize,
        suspended: bool,
        mut action: impl FnMut(Held),
    ) -> bool {
        let (len, changes) = (self.members.borrow().len(), self.changes.get());
        let mut missed = false;
        for step in 0..len {
            let member = {
                let members = self.members.borrow();
                let index = turn.wrapping_add(step) % members.len().max(1);
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

    /// Runs something with the lock given up.
    fn call_out(&self, action: impl FnOnce()) {
        // SAFETY: held since `new`; the reference keeps it alive.
        unsafe { lock::unlock(self.lock) };
        action();
        // SAFETY: as above.
        unsafe { lock::lock(self.lock) };
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

    /// Gives up the owner's reference. Members that are left go on without a limit.
    pub fn free(self) {
        // Its callback takes the lock.
        self.call_out(|| {
            let base = self.base().lock();
            base.delete_and_wait(self.timer(), Blocking::Auto);
            base.delete_and_wait(self.pause(), Blocking::Auto);
        });
        loop {
            let first = self.members.borrow().first().copied();
            let Some(bev) = first else {
                break;
            };
            // SAFETY: a member leaves its group before it is freed.
            self.call_out(|| leave(&bev.hold()));
        }
        self.references.set(self.references.get() - 1);
    }
}

impl Deref for Work {
    type Target = Group;
    fn deref(&self) -> &Group {
        // SAFETY: the reference keeps it alive.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let (guard, left) = (self.lock, self.references.get() - 1);
        self.references.set(left);
        // SAFETY: held since `new`.
        unsafe { lock::unlock(guard) };
        if left == 0 {
            // SAFETY: the last reference is gone, the timer was deleted by `free`, and what the
            // group holds is dropped once.
            unsafe {
                ptr::drop_in_place(self.0.as_ptr());
                mm::free(self.0.as_ptr().cast());
                lock::free(guard, lock::RECURSIVE);
            }
        }
    }
}

/// Makes a bufferevent a member, and of no other group.
///
/// # Safety
/// `group` is alive.
pub unsafe fn join(bev: &Held, group: NonNull<Group>) -> Result<(), ()> {
    if ratelimit::group(**bev) == Some(group) {
        return Ok(());
    }
    // Before it leaves another one. No lock of a group is held while another's is taken.
    // SAFETY: the caller's promise.
    unsafe { Work::new(group) }
        .members
        .borrow_mut()
        .try_reserve(1)
        .map_err(|_| ())?;
    leave(bev);
    // SAFETY: the caller's promise.
    let work = unsafe { Work::new(group) };
    {
        let mut members = work.members.borrow_mut();
        members.try_reserve(1).map_err(|_| ())?;
        members.push_within_capacity(**bev);
    }
    work.changes.set(work.changes.get().wrapping_add(1));
    ratelimit::set_group(**bev, group.as_ptr());
    for direction in Direction::BOTH {
        if work.suspended[direction as usize].get() {
            suspend(bev, direction, BY_GROUP);
        }
    }
    Ok(())
}

/// Takes a bufferevent out of its group, if it is in one, and lets it go on.
pub fn leave(bev: &Held) {
    if remove(**bev) {
        for direction in Direction::BOTH {
            unsuspend(bev, direction, BY_GROUP);
        }
    }
}

/// Takes a bufferevent out of its group. Its lock is held.
pub(super) fn remove(bev: Bev) -> bool {
    let Some(group) = ratelimit::group(bev) else {
        return false;
    };
    ratelimit::set_group(bev, ptr::null_mut());
    // SAFETY: a group frees itself only after its members have left.
    unsafe { Work::new(group) }.drop_member(bev)
}

/// How much a member may move now; suspends it if that is nothing.
///
/// # Safety
/// `bev` is a member of `group`.
pub(super) unsafe fn share(group: NonNull<Group>, bev: &Held, direction: Direction) -> usize {
    // SAFETY: the caller's promise.
    let work = unsafe { Work::new(group) };
    if work.suspended[direction as usize].get() {
        suspend(bev, direction, BY_GROUP);
        return 0;
    }
    let members = isize::try_from(work.members.borrow().len()).unwrap_or(isize::MAX);
    let share = work.level(direction) / members.max(1);
    usize::try_from(share.max(work.least_share()).max(1)).unwrap_or(1)
}

/// A member has moved bytes.
///
/// # Safety
/// `group` is alive.
pub(super) unsafe fn spent(group: NonNull<Group>, direction: Direction, bytes: isize) {
    // SAFETY: the caller's promise.
    let work = unsafe { Work::new(group) };
    let total = &work.totals[direction as usize];
    total.set(total.get().wrapping_add(bytes as u64));
    work.decrement(direction, bytes);
}

unsafe extern "C" fn on_tick(_fd: c_int, _what: c_short, group: *mut c_void) {
    let Some(group) = NonNull::new(group.cast::<Group>()) else {
        return;
    };
    // SAFETY: freeing a group deletes its timer first.
    let work = unsafe { Work::new(group) };
    let now = work.base().lock().monotonic_time();
    let mut bucket = work.bucket.get();
    bucket.refill(&work.config.get(), now);
    work.bucket.set(bucket);
    for direction in Direction::BOTH {
        let suspended = work.suspended[direction as usize].get();
        if !suspended {
            work.let_the_rest_go_on(direction);
        } else if work.level(direction) >= work.least_share().max(1) {
            work.let_go_on(direction, Who::OneLoop);
        }
    }
}

unsafe extern "C" fn on_pause(_fd: c_int, _what: c_short, group: *mut c_void) {
    let Some(group) = NonNull::new(group.cast::<Group>()) else {
        return;
    };
    // SAFETY: freeing a group deletes this timer, too.
    let work = unsafe { Work::new(group) };
    for direction in Direction::BOTH {
        work.let_the_rest_go_on(direction);
    }
}
