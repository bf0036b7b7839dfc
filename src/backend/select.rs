//! select(2), with sets as large as the highest descriptor needs.

use core::ffi::{c_int, c_ulong};

use libc::timeval;

use super::snapshot::Snapshot;
use super::{Mask, READ, Ready, Timeout, WRITE};
use crate::support::{mm, time};
use crate::sys::{self, Errno, Result};

const BITS: usize = c_ulong::BITS as usize;

pub struct Select {
    wanted_read: mm::Vec<c_ulong>,
    wanted_write: mm::Vec<c_ulong>,
    /// What the kernel works on: copies, because it writes its answer over them and because
    /// `set` may be called meanwhile.
    ready_read: Snapshot<c_ulong>,
    ready_write: Snapshot<c_ulong>,
    /// One more than the highest descriptor ever wanted.
    limit: c_int,
    /// Where the next iteration starts.
    start: usize,
}

#[derive(Clone, Copy)]
pub struct Wait {
    limit: c_int,
    read: *mut c_ulong,
    write: *mut c_ulong,
    span: Option<timeval>,
}

impl Wait {
    /// # Safety
    /// See [`super::Wait::run`].
    pub unsafe fn run(self) -> c_int {
        let mut span = self.span;
        let span = span
            .as_mut()
            .map_or(core::ptr::null_mut(), core::ptr::from_mut);
        // SAFETY: the sets hold `limit` bits and stay until `process_ready`; the kernel, unlike
        // fd_set, has no limit of 1024.
        unsafe {
            libc::select(
                self.limit,
                self.read.cast(),
                self.write.cast(),
                core::ptr::null_mut(),
                span,
            )
        }
    }
}

impl Select {
    pub fn new() -> Select {
        Select {
            wanted_read: mm::vec(),
            wanted_write: mm::vec(),
            ready_read: Snapshot::new(),
            ready_write: Snapshot::new(),
            limit: 0,
            start: 0,
        }
    }

    pub fn set(&mut self, fd: c_int, wanted: Mask) -> Result {
        let index = usize::try_from(fd).map_err(|_| Errno::BADF)?;
        let (word, bit) = (index / BITS, 1 << (index % BITS));
        if word >= self.wanted_read.len() {
            if wanted & (READ | WRITE) == 0 {
                return Ok(());
            }
            self.grow((word + 1).next_power_of_two())?;
        }
        for (words, flag) in [
            (&mut self.wanted_read, READ),
            (&mut self.wanted_write, WRITE),
        ] {
            if wanted & flag != 0 {
                words[word] |= bit;
            } else {
                words[word] &= !bit;
            }
        }
        if wanted & (READ | WRITE) != 0 {
            self.limit = self.limit.max(fd + 1);
        }
        Ok(())
    }

    /// Whether everything that is wanted is open.
    pub fn all_open(&self) -> bool {
        let sets = self.wanted_read.iter().zip(&self.wanted_write);
        sets.enumerate().all(|(word, (read, write))| {
            let wanted = read | write;
            (0..BITS)
                .all(|bit| wanted >> bit & 1 == 0 || sys::is_open((word * BITS + bit) as c_int))
        })
    }

    fn grow(&mut self, words: usize) -> Result {
        self.ready_read.reserve(words)?;
        self.ready_write.reserve(words)?;
        for set in [&mut self.wanted_read, &mut self.wanted_write] {
            set.try_reserve_exact(words - set.len())?;
        }
        for set in [&mut self.wanted_read, &mut self.wanted_write] {
            set.try_resize(words, 0)?;
        }
        Ok(())
    }

    pub fn prepare(&mut self, timeout: Timeout) -> Wait {
        let span = match timeout {
            Timeout::Infinite => None,
            Timeout::Zero => Some(0),
            Timeout::For { span, .. } => Some(span.max(0)),
        };
        Wait {
            limit: self.limit,
            read: self.ready_read.take(&self.wanted_read).as_mut_ptr(),
            write: self.ready_write.take(&self.wanted_write).as_mut_ptr(),
            span: span.map(time::to_timeval),
        }
    }

    pub fn process_ready(&mut self, mut count: usize, mut report: impl FnMut(Ready)) {
        let (reads, writes) = (self.ready_read.items(), self.ready_write.items());
        let words = reads.len();
        if words == 0 {
            return;
        }
        self.start = (self.start + 1) % words;
        let start = self.start;
        for word in (start..words).chain(0..start) {
            let (read, write) = (reads[word], writes[word]);
            let mut ready = read | write;
            while ready != 0 && count > 0 {
                let bit = ready & ready.wrapping_neg();
                ready &= ready - 1;
                let mut mask = 0;
                if read & bit != 0 {
                    mask |= READ;
                    count -= 1;
                }
                if write & bit != 0 {
                    mask |= WRITE;
                    count = count.saturating_sub(1);
                }
                report(Ready {
                    // Descriptors are below `limit`, a c_int.
                    fd: (word * BITS) as c_int + bit.trailing_zeros() as c_int,
                    generation: 0,
                    mask,
                });
            }
        }
    }
}
