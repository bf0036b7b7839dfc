//! epoll. Traps that shape this file and `base::interest`:
//!
//! * The kernel's key is the pair of open file and descriptor number. Closing
//!   the last descriptor of a file removes its registrations silently; closing
//!   one while a duplicate lives (`dup`, `fork`) leaves a registration that
//!   goes on reporting and that no `epoll_ctl` can name any more. Hence the
//!   generation in the event's data.
//! * Regular files are refused with `EPERM`.
//! * `EPOLLERR` and `EPOLLHUP` are reported unasked.
//! * A registration cannot be asked back from the kernel.

use core::ffi::c_int;
use core::hint::cold_path;

use super::{CLOSED, EDGE, Limit, Mask, READ, Ready, WRITE};
use crate::support::time::Micros;
use crate::support::{mm, sys};

/// Room for events at first, and the most that one wait fetches.
const FIRST_ROOM: usize = 32;
const MOST_ROOM: usize = 4096;

/// The event data of the timer; no descriptor has it.
const TIMER: u64 = u64::MAX;

pub struct Epoll {
    fd: c_int,
    /// -1 unless precise timers were asked for.
    timer: c_int,
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
        // SAFETY: the backend keeps `events`, with this room, until it is harvested.
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
    pub fn new(precise: bool) -> Option<Epoll> {
        // SAFETY: plain system call.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return None;
        }
        let mut epoll = Epoll {
            fd,
            timer: -1,
            timer_set: 0,
            events: mm::vec(),
        };
        epoll.events.try_reserve_exact(FIRST_ROOM).ok()?;
        if precise {
            epoll.add_timer();
        }
        Some(epoll)
    }

    /// Without a timer descriptor waits are rounded up to a millisecond, nothing worse.
    fn add_timer(&mut self) {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        // SAFETY: plain system call.
        let timer = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
        if timer < 0 {
            return;
        }
        if self
            .control(libc::EPOLL_CTL_ADD, timer, READ | EDGE, TIMER)
            .is_ok()
        {
            self.timer = timer;
        } else {
            sys::close(timer);
        }
    }

    fn control(&self, operation: c_int, fd: c_int, wanted: Mask, data: u64) -> Result<(), c_int> {
        let mut event = libc::epoll_event {
            events: bits(wanted),
            u64: data,
        };
        // SAFETY: `event` is valid for the call; descriptors are checked by the kernel.
        if unsafe { libc::epoll_ctl(self.fd, operation, fd, &mut event) } == 0 {
            Ok(())
        } else {
            Err(sys::errno())
        }
    }

    /// Registers `fd`; `EEXIST` if the kernel has it.
    pub fn add(&self, fd: c_int, wanted: Mask, generation: u32) -> Result<(), c_int> {
        self.control(libc::EPOLL_CTL_ADD, fd, wanted, data(fd, generation))
    }

    /// Changes a registration; `ENOENT` if the kernel does not have it.
    pub fn modify(&self, fd: c_int, wanted: Mask, generation: u32) -> Result<(), c_int> {
        self.control(libc::EPOLL_CTL_MOD, fd, wanted, data(fd, generation))
    }

    /// Removes a registration; `ENOENT` or `EBADF` if the kernel does not have it.
    pub fn delete(&self, fd: c_int) -> Result<(), c_int> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, 0)
    }

    pub fn prepare(&mut self, limit: Limit) -> Wait {
        let mut millis = limit.millis();
        if let (true, Limit::For { until, .. }) = (self.timer >= 0, limit)
            && self.set_timer(until)
        {
            millis = -1;
        }
        Wait {
            fd: self.fd,
            events: self.events.as_mut_ptr(),
            // At most MOST_ROOM.
            room: self.events.capacity() as c_int,
            millis,
        }
    }

    fn set_timer(&mut self, until: Micros) -> bool {
        if self.timer_set == until {
            return true;
        }
        let at = libc::itimerspec {
            it_interval: libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: libc::timespec {
                tv_sec: until / 1_000_000,
                // Never all zero, which would disarm the timer.
                tv_nsec: (until % 1_000_000 * 1000).max(1),
            },
        };
        let flags = libc::TFD_TIMER_ABSTIME;
        // SAFETY: the timer is ours and `at` is valid for the call.
        let set =
            unsafe { libc::timerfd_settime(self.timer, flags, &at, core::ptr::null_mut()) == 0 };
        self.timer_set = if set { until } else { 0 };
        set
    }

    pub fn harvest(&mut self, count: usize, mut report: impl FnMut(Ready)) {
        // SAFETY: epoll_wait filled the first `count` entries of the reserved room.
        unsafe { self.events.set_len(count) };
        for event in &self.events {
            let data = event.u64;
            if data == TIMER {
                // Edge-triggered and set anew before it matters again: no need to read it.
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
        if count == room && room < MOST_ROOM {
            // Without memory the room stays as it is, and a wait fetches less.
            let _ = self.events.try_reserve_exact(room * 2);
        }
    }
}

fn data(fd: c_int, generation: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(fd as u32)
}

impl Drop for Epoll {
    fn drop(&mut self) {
        if self.timer >= 0 {
            sys::close(self.timer);
        }
        sys::close(self.fd);
    }
}
