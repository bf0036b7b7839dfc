//! poll(2).

use core::ffi::c_int;

use super::snapshot::Snapshot;
use super::{CLOSED, Mask, READ, Ready, Timeout, WRITE};
use crate::support::mm;
use crate::sys::{Errno, Result};

pub struct Poll {
    fds: mm::Vec<libc::pollfd>,
    /// By descriptor: its place in `fds`, plus one; 0 for none.
    places: mm::Vec<u32>,
    /// What the kernel works on where another thread may change `fds`.
    copy: Snapshot<libc::pollfd>,
    threads: bool,
    /// Where the next iteration starts, so that low descriptors are not always first.
    start: usize,
}

#[derive(Clone, Copy)]
pub struct Wait {
    fds: *mut libc::pollfd,
    count: libc::nfds_t,
    millis: c_int,
}

impl Wait {
    /// # Safety
    /// See [`super::Wait::run`].
    pub unsafe fn run(self) -> c_int {
        // SAFETY: the backend keeps this array, unmoved, until `process_ready`.
        unsafe { libc::poll(self.fds, self.count, self.millis) }
    }
}

impl Poll {
    pub fn new(threads: bool) -> Poll {
        Poll {
            fds: mm::vec(),
            places: mm::vec(),
            copy: Snapshot::new(),
            threads,
            start: 0,
        }
    }

    pub fn set(&mut self, fd: c_int, wanted: Mask) -> Result {
        let index = usize::try_from(fd).map_err(|_| Errno::BADF)?;
        let place = self.places.get(index).copied().unwrap_or(0);
        if wanted & (READ | WRITE | CLOSED) == 0 {
            if place != 0 {
                self.remove(index, place as usize - 1);
            }
            return Ok(());
        }
        let mut events = 0;
        for (flag, bit) in [
            (READ, libc::POLLIN),
            (WRITE, libc::POLLOUT),
            (CLOSED, libc::POLLRDHUP),
        ] {
            if wanted & flag != 0 {
                events |= bit;
            }
        }
        if place != 0 {
            self.fds[place as usize - 1].events = events;
            return Ok(());
        }
        if index >= self.places.len() {
            let grown = (index + 1).next_power_of_two();
            self.places.try_resize(grown, 0)?;
        }
        self.fds.try_reserve(1)?;
        if self.threads {
            self.copy.reserve(self.fds.capacity())?;
        }
        self.fds.push_within_capacity(libc::pollfd {
            fd,
            events,
            revents: 0,
        });
        self.places[index] = self.fds.len() as u32;
        Ok(())
    }

    fn remove(&mut self, index: usize, place: usize) {
        self.places[index] = 0;
        self.fds.swap_remove(place);
        if let Some(moved) = self.fds.get(place) {
            self.places[moved.fd as usize] = place as u32 + 1;
        }
    }

    pub fn prepare(&mut self, timeout: Timeout) -> Wait {
        let fds = if self.threads {
            self.copy.take(&self.fds)
        } else {
            &mut self.fds
        };
        Wait {
            fds: fds.as_mut_ptr(),
            count: fds.len() as libc::nfds_t,
            millis: timeout.millis(),
        }
    }

    pub fn process_ready(&mut self, mut count: usize, mut report: impl FnMut(Ready)) {
        let start = self.start;
        self.start = start.wrapping_add(1);
        let fds = if self.threads {
            self.copy.items()
        } else {
            &self.fds
        };
        let split = if fds.is_empty() { 0 } else { start % fds.len() };
        let (head, tail) = fds.split_at(split);
        for polled in tail.iter().chain(head) {
            if count == 0 {
                break;
            }
            let has = |bit| polled.revents & bit != 0;
            if polled.revents == 0 {
                continue;
            }
            count -= 1;
            let mut mask = 0;
            let failed = has(libc::POLLERR) || has(libc::POLLHUP) || has(libc::POLLNVAL);
            if failed || has(libc::POLLIN) {
                mask |= READ;
            }
            if failed || has(libc::POLLOUT) {
                mask |= WRITE;
            }
            if has(libc::POLLRDHUP) {
                mask |= CLOSED;
            }
            report(Ready {
                fd: polled.fd,
                generation: 0,
                mask,
            });
        }
    }
}
