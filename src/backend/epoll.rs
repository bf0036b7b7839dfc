//! epoll. Traps that shape this file and `base::interest`:
//!
//! * The kernel's key is the pair of open file and descriptor number. Closing
//!   the last descriptor of a file removes its registrations silently; closing
//!   one while a duplicate lives (`dup`, `fork`) leaves a registration that
//!   keeps reporting and that no `epoll_ctl` can name any more. Hence the
//!   generation in the event's data.
//! * Regular files are refused with `EPERM`.
//! * `EPOLLERR` and `EPOLLHUP` are reported unasked.
//! * A registration cannot be asked back from the kernel.

use core::ffi::c_int;
use core::hint::cold_path;
use core::mem;
use std::os::fd::{AsRawFd, OwnedFd};

use super::{CLOSED, EDGE, Mask, READ, Ready, Refusal, Timeout, WRITE};
use crate::support::mm;
use crate::support::time::Micros;
use crate::sys::{self, Errno, Timer};

/// Room for events at first, and the most that one wait fetches.
const FIRST_ROOM: usize = 32;
const MAX_ROOM: usize = 4096;

/// The event data of the timer; no descriptor has it.
const TIMER: u64 = u64::MAX;

pub struct Epoll {
    fd: OwnedFd,
    /// If precise timers were asked for.
    timer: Option<Timer>,
    /// What the timer is set to; 0 when it is not.
    timer_set: Micros,
    events: mm::Vec<libc::epoll_event>,
}

#[derive(Clone, Copy)]
pub struct Wait {
    fd: c_int,
    events: *mut libc::epoll_event,
    room: c_int,
    millis: c_int,
}

impl Wait {
    /// # Safety
    /// See [`super::Wait::run`].
    pub unsafe fn run(self) -> c_int {
        // SAFETY: the backend keeps `events`, with this room, until `process_ready`.
        unsafe { libc::epoll_wait(self.fd, self.events, self.room, self.millis) }
    }
}

fn bits(wanted: Mask) -> u32 {
    let mut bits = 0;
    for (flag, bit) in [
        (READ, libc::EPOLLIN),
        (WRITE, libc::EPOLLOUT),
        (CLOSED, libc::EPOLLRDHUP),
        (EDGE, libc::EPOLLET),
    ] {
        if wanted & flag != 0 {
            bits |= bit as u32;
        }
    }
    bits
}

#[inline(always)]
fn mask(bits: u32) -> Mask {
    // That there is something to read is most of all that is ever reported.
    if bits == libc::EPOLLIN as u32 {
        return READ;
    }
    cold_path();
    let has = |bit: c_int| bits & bit as u32 != 0;
    if has(libc::EPOLLERR) || has(libc::EPOLLHUP) && !has(libc::EPOLLRDHUP) {
        return READ | WRITE;
    }
    let mut mask = 0;
    if has(libc::EPOLLIN) {
        mask |= READ;
    }
    if has(libc::EPOLLOUT) {
        mask |= WRITE;
    }
    if has(libc::EPOLLRDHUP) {
        mask |= CLOSED;
    }
    mask
}

impl Epoll {
    /// For messages.
    pub const NAME: &str = "epoll";

    pub fn new(precise: bool) -> sys::Result<Epoll> {
        let mut epoll = Epoll {
            fd: sys::epoll()?,
            timer: None,
            timer_set: 0,
            events: mm::vec(),
        };
        epoll.events.try_reserve_exact(FIRST_ROOM)?;
        if precise {
            epoll.add_timer();
        }
        Ok(epoll)
    }

    /// Puts another set in the place of this one, under the same number if that can be: a program that
    /// closes a descriptor once too often has not met this number before, and must not now.
    pub fn replace(&mut self, fresh: Epoll) {
        let kept = sys::replace(&mut self.fd, &fresh.fd).is_ok();
        let old = mem::replace(self, fresh);
        if kept {
            self.fd = old.fd;
        }
    }

    /// Without a timer descriptor waits are rounded up to a millisecond, nothing worse.
    fn add_timer(&mut self) {
        self.timer = Timer::new().ok().filter(|timer| {
            self.control(libc::EPOLL_CTL_ADD, timer.fd(), READ | EDGE, TIMER)
                .is_ok()
        });
    }

    #[inline]
    fn control(&self, operation: c_int, fd: c_int, wanted: Mask, data: u64) -> Result<(), Refusal> {
        let mut event = libc::epoll_event {
            events: bits(wanted),
            u64: data,
        };
        // SAFETY: `event` is valid for the call; descriptors are checked by the kernel.
        let done = unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), operation, fd, &raw mut event) };
        if done == 0 { Ok(()) } else { Err(refusal()) }
    }

    /// Registers a descriptor that the kernel does not have.
    pub fn register(&self, fd: c_int, wanted: Mask, generation: u32) -> Result<(), Refusal> {
        self.control(libc::EPOLL_CTL_ADD, fd, wanted, data(fd, generation))
    }

    /// Replaces the interest in one that it has.
    pub fn change(&self, fd: c_int, wanted: Mask, generation: u32) -> Result<(), Refusal> {
        self.control(libc::EPOLL_CTL_MOD, fd, wanted, data(fd, generation))
    }

    /// Ends the interest in one that it has.
    pub fn remove(&self, fd: c_int) -> Result<(), Refusal> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, 0)
    }

    #[inline(always)]
    pub fn prepare(&mut self, timeout: Timeout) -> Wait {
        let mut millis = timeout.millis();
        if self.timer.is_some() {
            cold_path();
            if let Timeout::For { until, .. } = timeout
                && self.set_timer(until)
            {
                millis = -1;
            }
        }
        Wait {
            fd: self.fd.as_raw_fd(),
            events: self.events.as_mut_ptr(),
            // At most MAX_ROOM.
            room: self.events.capacity() as c_int,
            millis,
        }
    }

    fn set_timer(&mut self, until: Micros) -> bool {
        if self.timer_set == until {
            return true;
        }
        let set = self
            .timer
            .as_ref()
            .is_some_and(|timer| timer.set(until).is_ok());
        self.timer_set = if set { until } else { 0 };
        set
    }

    pub fn process_ready(&mut self, count: usize, mut report: impl FnMut(Ready)) {
        // SAFETY: epoll_wait filled the first `count` entries of the reserved room.
        unsafe { self.events.set_len(count) };
        for event in &self.events {
            let data = event.u64;
            if data == TIMER {
                cold_path();
                // Edge-triggered and set again before it matters again: no need to read it.
                self.timer_set = 0;
                continue;
            }
            report(Ready {
                fd: data as u32 as c_int,
                generation: (data >> 32) as u32,
                mask: mask(event.events),
            });
        }
        self.events.clear();
        let room = self.events.capacity();
        if count == room && room < MAX_ROOM {
            cold_path();
            // Without memory the room stays as it is, and a wait fetches less.
            let _ = self.events.try_reserve_exact(room * 2);
        }
    }
}

fn data(fd: c_int, generation: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(fd as u32)
}

#[cold]
fn refusal() -> Refusal {
    match Errno::last() {
        error if error.code() == libc::EEXIST => Refusal::Known,
        error if error.code() == libc::ENOENT => Refusal::Unknown,
        error if [libc::ENOMEM, libc::ENOSPC].contains(&error.code()) => Refusal::Transient(error),
        error => Refusal::Final(error),
    }
}
