//! Taking bytes from the front: draining, copying out, pulling up, and looking without taking.

use core::ffi::c_int;
use core::{ptr, slice};

use libc::iovec;

use super::chain::{self, ChainRef, Link};
use super::cursor::Cursor;
use super::handle::{Refused, Result};
use super::position::Position;
use super::{ATTEMPTS, Buffer, End, Locked};

impl Buffer {
    /// Removes the first `len` bytes if the first chain has more. False, with nothing done, if not.
    #[inline(always)]
    pub(super) fn drain_in_first(&self, len: usize) -> bool {
        if let Some(first) = self.first.get()
            && len < first.off.get()
        {
            first.trim_front(len);
            self.count_removed(len);
            return true;
        }
        false
    }

    /// The first `len` bytes, if the first chain has them in memory.
    #[inline]
    pub(super) fn contiguous(&self, len: usize) -> Option<*mut u8> {
        let first = self.first.get()?;
        (first.off.get() >= len && !first.has(chain::SENDFILE)).then(|| first.data())
    }
}

impl Locked {
    /// Removes the first `len` bytes, or all if there are fewer.
    #[inline]
    pub fn drain(&mut self, len: usize) -> Result {
        if self.is_empty() {
            return Ok(());
        }
        if self.is_frozen(End::Start) {
            return Err(Refused);
        }
        self.drain_quietly(len);
        self.notify();
        Ok(())
    }

    /// [`Self::drain`] without callbacks or regard to freezing.
    #[inline(always)]
    pub(super) fn drain_quietly(&self, len: usize) {
        if !self.drain_in_first(len) {
            self.drain_chains(len);
        }
    }

    #[inline(never)]
    fn drain_chains(&self, len: usize) {
        let total = self.total_len.get();
        if len >= total {
            let chains = self.take_all();
            self.n_del_for_cb.set(self.n_del_for_cb.get() + total);
            self.doom(chains);
            return;
        }
        self.drain_whole(len);
        self.count_removed(len);
    }

    /// Unlinks the chains that hold no more than the first `len` bytes, of which there are more.
    fn drain_whole(&self, len: usize) {
        let removed = self.first.get();
        let mut rest = len;
        let mut last_removed = None::<ChainRef>;
        let mut at = removed;
        while let Some(chain) = at.filter(|chain| rest >= chain.off.get()) {
            rest -= chain.off.get();
            last_removed = at;
            at = chain.next.get();
        }
        let Some(first) = at else { return };
        self.cut_front(first);
        first.trim_front(rest);
        if let Some(last_removed) = last_removed {
            last_removed.next.set(None);
            self.doom(removed);
        }
    }

    /// Copies bytes to `out` that begin `from` bytes into the buffer, as many as there are and fit.
    /// Returns how many. Refused, too, if that is behind the end.
    pub fn copy_out(&self, from: usize, out: &mut [u8]) -> Result<usize> {
        let start = self.start_position().forward(from).ok_or(Refused)?;
        // SAFETY: the slice has room for its length.
        unsafe { self.copy_out_raw(Some(start), out.as_mut_ptr(), out.len()) }
    }

    /// Copies up to `len` bytes from a position, or the start, on. Returns their number; refused if the start is
    /// frozen and there are any.
    ///
    /// # Safety
    /// `out` has room for `len` bytes.
    #[inline]
    pub unsafe fn copy_out_raw(
        &self,
        from: Option<Position>,
        out: *mut u8,
        len: usize,
    ) -> Result<usize> {
        let (start, pos) = match from {
            None => (self.start(), 0),
            Some(from) => (from.place, usize::try_from(from.pos).map_err(|_| Refused)?),
        };
        // As libevent has it, which asks this of positions only.
        if from.is_some() && len > chain::MAX - pos {
            return Err(Refused);
        }
        let len = len.min(self.len().saturating_sub(pos));
        if len == 0 {
            return Ok(0);
        }
        // SAFETY: promised by the caller.
        if self.is_frozen(End::Start) || !unsafe { start.copy(out, len) } {
            return Err(Refused);
        }
        Ok(len)
    }

    /// Copies bytes from the front to `out`, as many as there are and fit, and removes them. Returns
    /// how many.
    pub fn remove(&mut self, out: &mut [u8]) -> Result<usize> {
        // SAFETY: the slice has room for its length.
        unsafe { self.remove_raw(out.as_mut_ptr(), out.len()) }
    }

    /// [`Self::remove`] to memory that may be uninitialised.
    ///
    /// # Safety
    /// `out` has room for `len` bytes.
    #[inline(always)]
    pub unsafe fn remove_raw(&mut self, out: *mut u8, len: usize) -> Result<usize> {
        let len = len.min(self.len());
        if len == 0 {
            return Ok(0);
        }
        // SAFETY: promised by the caller.
        if self.is_frozen(End::Start) || !unsafe { self.start().copy(out, len) } {
            return Err(Refused);
        }
        self.drain_quietly(len);
        self.notify();
        Ok(len)
    }

    /// The first `len` bytes in one piece, for which they may be copied together. `None` if there
    /// are fewer, or memory runs out.
    #[inline]
    pub fn pull_up(&mut self, len: usize) -> Option<&[u8]> {
        if len == 0 {
            return Some(&[]);
        }
        let start = self.pull_up_raw(len)?;
        // SAFETY: the bytes stay until the buffer is changed, which needs the borrow to end.
        Some(unsafe { slice::from_raw_parts(start, len) })
    }

    /// All bytes in one piece. `None` if memory runs out.
    pub fn pull_up_all(&mut self) -> Option<&[u8]> {
        self.pull_up(self.len())
    }

    /// [`Self::pull_up`], as an address; `None`, too, for no bytes.
    #[inline(always)]
    pub fn pull_up_raw(&mut self, len: usize) -> Option<*mut u8> {
        if len == 0 || len > self.len() {
            return None;
        }
        self.contiguous(len).or_else(|| self.gather_lasting(len))
    }

    /// Gathers the first `len` bytes, again where the program's cleanup functions have changed the
    /// buffer.
    #[inline(never)]
    fn gather_lasting(&self, len: usize) -> Option<*mut u8> {
        for _ in 0..ATTEMPTS {
            let gathered = self.gather(len)?;
            if let Some(chain) = self.settled(gathered) {
                return Some(chain.data());
            }
            if len > self.len() {
                break;
            }
            if let Some(start) = self.contiguous(len) {
                return Some(start);
            }
        }
        None
    }

    /// Copies the first `len` bytes, which more than one chain holds, to one, which is returned.
    fn gather(&self, len: usize) -> Link {
        let (first, tail) = (self.first.get()?, self.tail());
        let mut last_whole = None::<ChainRef>;
        let mut tail_is_copied = false;
        let mut rest = len;
        let mut at = Some(first);
        while let Some(chain) = at.filter(|chain| rest >= chain.off.get()) {
            tail_is_copied |= at == tail;
            rest -= chain.off.get();
            last_whole = at;
            at = chain.next.get();
        }
        // Space behind the first chain's data is used if it is enough, even where the data is
        // shared: it ends for the others where it did. Otherwise all is copied.
        let extend =
            !first.has(chain::BORROWED) && first.buffer_len.get() - first.misalign.get() >= len;
        let (target, from) = if extend {
            (first, first.next.get())
        } else {
            (chain::new(len)?, Some(first))
        };
        let missing = len - target.off.get();
        let start = Cursor { chain: from, at: 0 };
        // SAFETY: the target has room for `len` bytes.
        if !unsafe { start.copy(target.space(), missing) } {
            if !extend {
                self.doom(Some(target));
            }
            return None;
        }
        target.off.set(len);
        // `at` is the chain of which only a part was copied, if any; those before it go.
        match at {
            None => self.last.set(Some(target)),
            Some(at) => at.trim_front(rest),
        }
        let goes = from != at;
        if goes && let Some(last_whole) = last_whole {
            last_whole.next.set(None);
        }
        self.first.set(Some(target));
        target.next.set(at);
        if tail_is_copied {
            self.last_with_data.set(self.first_place());
        } else if tail == at {
            self.last_with_data.set(target.next_place());
        }
        if goes {
            self.doom(from);
        }
        Some(target)
    }

    /// The pieces of memory that hold the bytes, as they are. Ends early at a file that can't be
    /// read.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let mut at = self.first.get();
        core::iter::from_fn(move || {
            loop {
                let chain = at?;
                at = chain.next.get();
                if chain.off.get() != 0 {
                    return chain.readable();
                }
            }
        })
    }

    /// Fills `vec` with the extents that hold `len` bytes, or as many as fit if it is negative, from
    /// a position or the start. Returns how many extents that takes.
    ///
    /// # Safety
    /// `vec` has `n` elements.
    pub unsafe fn peek(
        &self,
        len: isize,
        from: Option<Position>,
        vec: *mut iovec,
        n: c_int,
    ) -> c_int {
        let n = usize::try_from(n).unwrap_or(0);
        let (mut at, pos) = match from {
            None => (self.start(), 0),
            Some(from) => (from.place, from.pos as usize),
        };
        if from.is_some() && at.chain.is_none() {
            return 0;
        }
        let wanted = match usize::try_from(len) {
            Ok(len) => Some(len),
            Err(_) if n == 0 => Some(self.total_len.get().saturating_sub(pos)),
            Err(_) => None,
        };
        let (mut extents, mut seen) = (0, 0usize);
        // A position counts as an extent even if no byte is wanted.
        let mut first = from.is_some();
        while let Some(chain) = at.chain {
            if !first && wanted.is_some_and(|wanted| seen >= wanted) {
                break;
            }
            let len = chain.off.get().saturating_sub(at.at);
            if extents < n {
                let bytes = chain.readable().and_then(|bytes| bytes.get(at.at..));
                let data = bytes.map_or(ptr::null(), |bytes| bytes.as_ptr());
                // SAFETY: the caller's array has `n` elements.
                unsafe {
                    vec.add(extents).write(iovec {
                        iov_base: data.cast_mut().cast(),
                        iov_len: len,
                    });
                }
            } else if wanted.is_none() {
                break;
            }
            extents += 1;
            seen += len;
            first = false;
            at = Cursor {
                chain: chain.next.get(),
                at: 0,
            };
        }
        extents as c_int
    }
}
