//! How much a bufferevent may read and write now: a most at once, and no more than its own token
//! bucket and its group's have.
//!
//! A direction whose bucket is empty is suspended. While one is, a timer of the bufferevent refills
//! the bucket once per tick.

use core::cell::Cell;
use core::ffi::c_int;
use core::hint::cold_path;
use core::ptr::{self, NonNull};

use super::group::{self, Group};
use super::token_bucket::{Bucket, Config, Direction};
use crate::base::event;
use crate::base::own_event::OwnTimer;
use crate::base::stats::Bufferevents;
use crate::base::stats::functions::explain_with;
use crate::bufferevent::explain::explain;
use crate::bufferevent::{BY_LIMIT, Bev, Held, enable, lock_base_of};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::support::mm;
use crate::support::shared::Ref;
use crate::support::time::Micros;
use crate::support::zeroed::zeroed;
use crate::sys::{self, Errno};

/// The most that is read, and written, at once unless the program chose otherwise.
const DEFAULT_MAX_SINGLE: usize = 16384;

/// A bufferevent's limits.
pub struct Limits {
    max_single_read: Cell<usize>,
    max_single_write: Cell<usize>,
    /// Its own limit, if it had one.
    own: Cell<Option<Ref<Own>>>,
    /// The group that it is a member of: that outlives its membership.
    group: Cell<Option<Ref<Group>>>,
}

zeroed!(Limits {
    max_single_read,
    max_single_write,
    own,
    group,
});

/// A limit of a bufferevent's own. It stays until the bufferevent is freed, because its timer may
/// be about to run.
struct Own {
    /// The program's, for the program; null if the limit is not active.
    given: Cell<*const Config>,
    config: Cell<Config>,
    bucket: Cell<Bucket>,
    timer: OwnTimer,
}

impl Own {
    /// Adds the ticks that have passed.
    fn refill(&self, now: Micros) {
        let mut bucket = self.bucket.get();
        bucket.refill(&self.config.get(), now);
        self.bucket.set(bucket);
    }

    fn take(&self, direction: Direction, bytes: isize) {
        let mut bucket = self.bucket.get();
        bucket.take(direction, bytes);
        self.bucket.set(bucket);
    }
}

/// Sets the limits of a new bufferevent, whose memory is zero.
pub fn init(bev: Bev) {
    set_max_single_read(bev, 0);
    set_max_single_write(bev, 0);
    stats(bev, |stats| watch(bev, stats));
}

/// Calls `count` with where what the bufferevents of its base do is counted, if the user wants to
/// see that.
fn stats(bev: Bev, count: impl FnOnce(&Bufferevents)) {
    if let Some(base) = bev.own_base()
        && let Some(stats) = base.stats()
    {
        count(&stats.bufferevents);
    }
}

/// Has a new bufferevent counted. It gets a limit that is not active: those are looked at before
/// and after all that is moved.
#[cold]
fn watch(bev: Bev, stats: &Bufferevents) {
    let any = Config::new((1, 1), (1, 1), None);
    let own = any.and_then(|any| make(bev, &any, 0).ok());
    // Without memory nothing of it is counted.
    if own.is_some() {
        stats.count_new();
        explain_with(explain);
    }
}

/// The last reference is gone. The lock is held.
pub fn end(bev: Bev) {
    group::remove(bev);
    if let Some(limit) = any_limit(bev)
        && let Some(base) = lock_base_of(limit.timer.handle())
    {
        limit.timer.end(&base);
    }
}

/// The bufferevent's memory is about to be freed.
pub fn destroy(bev: Bev) {
    if let Some(own) = any_limit(bev) {
        stats(bev, Bufferevents::count_end);
        // SAFETY: made by `make`, and no other code uses the bufferevent any more.
        unsafe {
            ptr::drop_in_place(own.as_ptr());
            mm::free(own.as_ptr().cast());
        }
    }
}

/// The most that a program may choose; 0 and more than this mean the default.
fn single(size: usize) -> usize {
    if size == 0 || size > isize::MAX as usize {
        DEFAULT_MAX_SINGLE
    } else {
        size
    }
}

/// The most that is read at once.
pub fn max_single_read(bev: Bev) -> usize {
    bev.limits().max_single_read.get()
}

/// Sets [`max_single_read`]; 0 for the default.
pub fn set_max_single_read(bev: Bev, size: usize) {
    bev.limits().max_single_read.set(single(size));
}

/// The most that is written at once.
pub fn max_single_write(bev: Bev) -> usize {
    bev.limits().max_single_write.get()
}

/// Sets [`max_single_write`]; 0 for the default.
pub fn set_max_single_write(bev: Bev, size: usize) {
    bev.limits().max_single_write.set(single(size));
}

/// The group that a bufferevent is a member of.
pub fn group(bev: Bev) -> Option<Ref<Group>> {
    bev.limits().group.get()
}

pub fn set_group(bev: Bev, group: Option<Ref<Group>>) {
    bev.limits().group.set(group);
}

/// The bufferevent's own limit, active or not.
fn any_limit(bev: Bev) -> Option<Ref<Own>> {
    bev.limits().own.get()
}

/// The bufferevent's own limit.
fn limit(bev: Bev) -> Option<Ref<Own>> {
    any_limit(bev).filter(|limit| !limit.given.get().is_null())
}

/// The configuration that the program gave.
pub fn config(bev: Bev) -> *const Config {
    limit(bev).map_or(ptr::null(), |limit| limit.given.get())
}

fn now(bev: Bev) -> Option<Micros> {
    bev.lock_base().map(|base| base.monotonic_time())
}

/// Sets the bufferevent's own limit, or takes it away.
pub fn set(bev: &Held, given: Option<NonNull<Config>>) -> sys::Result {
    let Some(given) = given else {
        let former = any_limit(**bev);
        if let Some(limit) = &former {
            limit.given.set(ptr::null());
            stop_timer(limit);
        }
        if former.is_some() || group(**bev).is_some() {
            for direction in Direction::BOTH {
                resume(bev, direction, BY_LIMIT);
            }
        }
        return Ok(());
    };
    let now = now(**bev).ok_or(Errno::INVAL)?;
    // SAFETY: a configuration lives as long as it is in use; the core reads a copy.
    let config = unsafe { given.read() };
    if let Some(limit) = limit(**bev) {
        // What the program has put into the bucket stays there.
        if limit.given.get() == given.as_ptr() && limit.config.get() == config {
            return Ok(());
        }
        let mut bucket = limit.bucket.get();
        bucket.change(&config, now);
        limit.bucket.set(bucket);
        // A running timer waits for the former tick.
        stop_timer(&limit);
        limit.config.set(config);
        limit.given.set(given.as_ptr());
    } else {
        let limit = any_limit(**bev).map_or_else(|| make(**bev, &config, now), Ok)?;
        limit.bucket.set(Bucket::new(&config, now));
        limit.config.set(config);
        limit.given.set(given.as_ptr());
    }
    update_suspension(bev);
    for (direction, suspended) in [
        (Direction::Read, bev.read_suspended()),
        (Direction::Write, bev.write_suspended()),
    ] {
        if suspended & BY_LIMIT == 0 {
            resume(bev, direction, BY_LIMIT);
        }
    }
    Ok(())
}

/// Memory for a limit, which is not active yet.
fn make(bev: Bev, config: &Config, now: Micros) -> sys::Result<Ref<Own>> {
    let own = NonNull::new(mm::malloc(size_of::<Own>()).cast::<Own>()).ok_or(Errno::NOMEM)?;
    // SAFETY: a fresh block of the right size, where the limit stays until `destroy`.
    let own = unsafe {
        own.write(Own {
            given: Cell::new(ptr::null()),
            config: Cell::new(*config),
            bucket: Cell::new(Bucket::new(config, now)),
            timer: OwnTimer::new(),
        });
        Ref::new(own)
    };
    bev.limits().own.set(Some(own));
    // SAFETY: a base outlives its bufferevents, and `end` stops the timer before they go.
    unsafe {
        if let Some(base) = bev.base() {
            own.timer.assign(&base, on_tick, bev);
        }
    }
    Ok(own)
}

fn start_timer(bev: Bev, limit: &Own) -> sys::Result {
    let Some(base) = bev.base() else {
        return Ok(());
    };
    let timer = &limit.timer;
    if timer.handle().base() != Some(base) && !event::set_base(timer.handle(), &base) {
        return Ok(());
    }
    if !timer.is_idle() {
        return Ok(());
    }
    timer.start(&base.lock(), limit.config.get().tick())
}

/// Makes sure that what is suspended will be looked at with the next tick.
pub fn await_tick(bev: &Held) -> sys::Result {
    limit(**bev).map_or(Ok(()), |limit| start_timer(**bev, &limit))
}

fn stop_timer(limit: &Own) {
    if let Some(base) = lock_base_of(limit.timer.handle()) {
        limit.timer.stop(&base);
    }
}

/// Suspends what has nothing left, resumes what has, and waits for the next tick if needed.
fn update_suspension(bev: &Held) {
    let mut waits = false;
    for direction in Direction::BOTH {
        // Read again each time: resuming can call the program.
        let Some(limit) = limit(**bev) else {
            return;
        };
        if limit.bucket.get().level(direction) <= 0 {
            suspend(bev, direction, BY_LIMIT);
            waits = true;
        } else {
            unsuspend(bev, direction, BY_LIMIT);
        }
    }
    let started = match limit(**bev) {
        Some(limit) if waits => start_timer(**bev, &limit),
        Some(limit) => {
            stop_timer(&limit);
            Ok(())
        }
        None => Ok(()),
    };
    // Without its timer a suspended direction would wait for ever.
    for (direction, suspended) in [
        (EV_READ, bev.read_suspended()),
        (EV_WRITE, bev.write_suspended()),
    ] {
        if suspended & BY_LIMIT != 0 {
            enable::or_give_up(bev, direction, started);
        }
    }
}

/// Suspends a direction unless it is for the same reason.
pub fn suspend(bev: &Held, direction: Direction, reason: u16) {
    match direction {
        Direction::Read if bev.read_suspended() & reason == 0 => enable::suspend_read(bev, reason),
        Direction::Write if bev.write_suspended() & reason == 0 => {
            enable::suspend_write(bev, reason);
        }
        _ => {}
    }
}

/// Resumes a direction, as far as that reason goes. Like enabling it, this has the program told when
/// it can write, even if nothing was suspended: libevent does so when limits are set or removed.
pub fn resume(bev: &Held, direction: Direction, reason: u16) {
    match direction {
        Direction::Read => enable::unsuspend_read(bev, reason),
        Direction::Write => enable::unsuspend_write(bev, reason),
    }
}

/// Resumes a direction if it was suspended for that reason.
pub fn unsuspend(bev: &Held, direction: Direction, reason: u16) {
    match direction {
        Direction::Read if bev.read_suspended() & reason != 0 => {
            enable::unsuspend_read(bev, reason);
        }
        Direction::Write if bev.write_suspended() & reason != 0 => {
            enable::unsuspend_write(bev, reason);
        }
        _ => {}
    }
}

/// A tick has passed while something was suspended.
fn on_tick(bev: Bev) {
    let bev = bev.hold();
    if let (Some(limit), Some(now)) = (limit(*bev), now(*bev)) {
        limit.refill(now);
        update_suspension(&bev);
    }
}

/// How much may be read now: asked before every read.
#[inline(always)]
pub fn max_to_read(bev: &Held) -> usize {
    max_to_move(bev, Direction::Read, max_single_read(**bev))
}

/// How much may be written now: asked before every write.
#[inline(always)]
pub fn max_to_write(bev: &Held) -> usize {
    max_to_move(bev, Direction::Write, max_single_write(**bev))
}

#[inline]
fn max_to_move(bev: &Held, direction: Direction, single: usize) -> usize {
    if !has_any(**bev) {
        return single;
    }
    cold_path();
    min_of_limits(bev, direction, single)
}

#[inline(never)]
fn min_of_limits(bev: &Held, direction: Direction, single: usize) -> usize {
    stats(**bev, |stats| {
        let writing = direction == Direction::Write;
        let happens = match direction {
            Direction::Read => bev.read_suspended() == 0,
            Direction::Write => bev.write_suspended() == 0 && bev.output_len() > 0,
        };
        if happens {
            stats.count_try(writing);
        }
    });
    let mut most = single;
    if limit(**bev).is_some() {
        most = most.min(usize::try_from(level(bev, direction)).unwrap_or(0));
    }
    match group(**bev) {
        Some(group) => most.min(group::share(group, bev, direction)),
        None => most,
    }
}

/// What is in the bufferevent's own bucket; `isize::MAX` if it has none.
pub fn level(bev: &Held, direction: Direction) -> isize {
    let (Some(limit), Some(now)) = (limit(**bev), now(**bev)) else {
        return isize::MAX;
    };
    limit.refill(now);
    limit.bucket.get().level(direction)
}

/// Takes bytes out of the bufferevent's own bucket, or puts them in if they are less than none.
/// Fails if it has none.
pub fn decrement(bev: &Held, direction: Direction, bytes: isize) -> sys::Result {
    limit(**bev).ok_or(Errno::INVAL)?.take(direction, bytes);
    update_suspension(bev);
    Ok(())
}

/// Whether there may be a limit that what is moved counts for.
#[inline]
pub fn has_any(bev: Bev) -> bool {
    any_limit(bev).is_some() || group(bev).is_some()
}

/// These numbers of bytes were read from and written to a descriptor. May suspend the bufferevent.
#[inline]
pub fn charge(bev: &Held, read: c_int, written: c_int) {
    if has_any(**bev) {
        cold_path();
        charge_limits(bev, read, written);
    }
}

#[inline(never)]
fn charge_limits(bev: &Held, read: c_int, written: c_int) {
    let moved = [(Direction::Read, read), (Direction::Write, written)];
    for (direction, bytes) in moved {
        if bytes <= 0 {
            continue;
        }
        stats(**bev, |stats| {
            stats.count_moved(direction == Direction::Write, bytes.unsigned_abs().into());
        });
        if let Some(limit) = limit(**bev) {
            limit.take(direction, bytes as isize);
            update_suspension(bev);
        }
        if let Some(group) = group(**bev) {
            group::charge(group, direction, bytes as isize);
        }
    }
}
