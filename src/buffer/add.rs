//! Adding bytes at either end.

use core::ffi::c_int;
use core::ptr;

use libc::iovec;

use super::chain::{self, ChainRef, Link};
use super::handle::{Refused, Result};
use super::{End, Locked};

/// A chain that is small is followed by one of twice its size.
const DOUBLE_AT_MOST: usize = 2048;

/// The size of a chain with borrowed data says nothing about what follows if it is larger.
const BORROWED_AT_MOST: usize = 16384;

impl Locked {
    /// Appends a copy of the bytes. Nothing is changed if they are refused.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) -> Result {
        // SAFETY: the slice has its bytes.
        unsafe { self.add_raw(bytes.as_ptr(), bytes.len()) }
    }

    /// [`Self::add`] of what lies at an address: it can be the buffer's own memory, too.
    ///
    /// # Safety
    /// `data` has `len` bytes.
    #[inline]
    pub unsafe fn add_raw(&mut self, data: *const u8, len: usize) -> Result {
        // SAFETY: promised by the caller.
        unsafe { self.append(data, len)? };
        self.notify();
        Ok(())
    }

    /// [`Self::add_raw`] without callbacks.
    ///
    /// # Safety
    /// See [`Self::add_raw`].
    #[inline(always)]
    pub(super) unsafe fn append(&self, data: *const u8, len: usize) -> Result {
        self.check_addition(len)?;
        let tail = self.tail();
        if let Some(tail) = tail
            && !tail.has(chain::IMMUTABLE)
            && tail.space_len() >= len
        {
            // SAFETY: there is space, and the caller promises the data.
            unsafe { tail.append(data, len) };
            self.count_added(len);
            return Ok(());
        }
        // SAFETY: promised by the caller.
        unsafe { self.append_with_new_chain(tail, data, len) }
    }

    /// Appends what the tail has no space for.
    ///
    /// # Safety
    /// See [`Self::add_raw`].
    unsafe fn append_with_new_chain(&self, tail: Link, data: *const u8, len: usize) -> Result {
        let Some(tail) = tail else {
            let new = chain::new(len).ok_or(Refused)?;
            // SAFETY: the new chain has space for it.
            unsafe { new.append(data, len) };
            self.push(new);
            self.count_added(len);
            return Ok(());
        };
        if !tail.has(chain::IMMUTABLE) && tail.worth_realigning(len) {
            tail.realign();
            // SAFETY: now there is space.
            unsafe { tail.append(data, len) };
            self.count_added(len);
            return Ok(());
        }
        let mut size = tail.buffer_len.get();
        if size <= DOUBLE_AT_MOST {
            size *= 2;
        } else if size > BORROWED_AT_MOST && tail.has(chain::IMMUTABLE) {
            // Borrowed data can be a whole file.
            size = BORROWED_AT_MOST;
        }
        let new = chain::new(size.max(len)).ok_or(Refused)?;
        let space = tail.space_len();
        // SAFETY: the tail has that much space, which is less than `len`; the new chain has `len`.
        unsafe {
            if space != 0 {
                tail.append(data, space);
            }
            new.append(data.add(space), len - space);
        }
        self.push(new);
        self.count_added(len);
        Ok(())
    }

    /// Puts a chain at the end, in place of empty ones.
    #[inline]
    pub(super) fn push(&self, chain: ChainRef) {
        self.doom(self.replace_empty(chain));
    }

    /// Puts a copy of the bytes in front of all others. Nothing is changed if they are refused.
    #[allow(dead_code, reason = "for the rooms above")]
    pub fn prepend(&mut self, bytes: &[u8]) -> Result {
        // SAFETY: the slice has its bytes.
        unsafe { self.prepend_raw(bytes.as_ptr(), bytes.len()) }
    }

    /// [`Self::prepend`] of what lies at an address.
    ///
    /// # Safety
    /// `data` has `len` bytes.
    pub unsafe fn prepend_raw(&mut self, data: *const u8, len: usize) -> Result {
        if len == 0 {
            return Ok(());
        }
        if self.is_frozen(End::Start) || !self.can_hold(len) {
            return Err(Refused);
        }
        let space = self.first.get().map_or(0, front_space).min(len);
        if space < len {
            let rest = len - space;
            let new = chain::new(rest).ok_or(Refused)?;
            // At the end of its memory, so that more can be prepended.
            new.misalign.set(new.buffer_len.get() - rest);
            // SAFETY: so much space is left there, and the caller promises the data.
            unsafe { new.append(data, rest) };
            // SAFETY: promised by the caller.
            self.extend_front(unsafe { data.add(rest) }, space);
            self.push_front(new);
        } else {
            self.extend_front(data, len);
        }
        self.count_added(len);
        self.notify();
        Ok(())
    }

    /// Copies `len` bytes directly in front of the first chain's data, where there is space for
    /// them.
    fn extend_front(&self, data: *const u8, len: usize) {
        let Some(first) = self.first.get().filter(|_| len != 0) else {
            return;
        };
        if first.off.get() == 0 {
            // An empty chain may as well begin at its end.
            first.misalign.set(first.buffer_len.get());
        }
        first.misalign.set(first.misalign.get() - len);
        first.grow(len);
        // SAFETY: `prepend_raw` has found the space, and passes on data of its caller.
        unsafe { ptr::copy(data, first.data(), len) };
    }

    /// Appends the extents, telling the callbacks of each. Returns the bytes added, which is less
    /// than all if memory runs out.
    ///
    /// # Safety
    /// `vec` has `n` extents of readable memory.
    pub unsafe fn add_iovec(&mut self, vec: *const iovec, n: c_int) -> usize {
        let n = usize::try_from(n).unwrap_or(0);
        // A callback may change the array, so it is read by pointer.
        // SAFETY: promised by the caller.
        let extent = |i| unsafe { *vec.add(i) };
        let total = (0..n).try_fold(0usize, |sum, i| sum.checked_add(extent(i).iov_len));
        let Some(true) = total.map(|total| self.expand_over(total, 2)) else {
            return 0;
        };
        let mut added = 0;
        for i in 0..n {
            let extent = extent(i);
            // SAFETY: promised by the caller.
            let result = unsafe { self.add_raw(extent.iov_base.cast(), extent.iov_len) };
            if result.is_err() {
                break;
            }
            added += extent.iov_len;
        }
        added
    }
}

/// How many bytes can be added in front of a chain's data.
fn front_space(first: ChainRef) -> usize {
    if first.has(chain::IMMUTABLE) {
        0
    } else if first.off.get() == 0 {
        first.buffer_len.get()
    } else {
        first.misalign.get()
    }
}
