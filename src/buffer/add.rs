//! Adding bytes at either end.

use core::ffi::c_int;

use libc::iovec;

use super::chain::{self, Bytes, ChainRef};
use super::handle::{Refused, Result};
use super::{Buffer, End, Locked};

/// A chain that is small is followed by one of twice its size.
const DOUBLE_AT_MOST: usize = 2048;

/// The size of a chain with borrowed data says nothing about what follows if it is larger.
const BORROWED_AT_MOST: usize = 16384;

impl Buffer {
    /// Appends a copy of the bytes if the last chain with data has space for them. False, with nothing
    /// done, if not.
    #[inline(always)]
    pub(super) fn append_to_tail(&self, bytes: Bytes) -> bool {
        let len = bytes.len();
        if let Some(tail) = self.tail()
            && !tail.has(chain::IMMUTABLE)
            && tail.space_len() >= len
        {
            tail.append(bytes);
            self.count_added(len);
            return true;
        }
        false
    }

    /// Puts a copy of the bytes in front of the data of the first chain if there is space for them.
    /// False, with nothing done, if not.
    #[inline(always)]
    pub(super) fn prepend_to_first(&self, bytes: Bytes) -> bool {
        let len = bytes.len();
        if let Some(first) = self.first.get()
            && first.misalign.get() >= len
            && first.off.get() != 0
            && !first.has(chain::IMMUTABLE)
        {
            first.prepend(bytes);
            self.count_added(len);
            return true;
        }
        false
    }

    /// Adds a copy of the bytes to a buffer without chains.
    #[inline(always)]
    pub(super) fn add_first(&self, bytes: Bytes) -> Result {
        let new = chain::new(bytes.len()).ok_or(Refused)?;
        new.append(bytes);
        self.put_only(new);
        self.count_added(bytes.len());
        Ok(())
    }
}

impl Locked {
    /// Appends a copy of the bytes. Nothing is changed if they are refused.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) -> Result {
        // SAFETY: the slice has its bytes.
        self.add_bytes(unsafe { Bytes::new(bytes.as_ptr(), bytes.len()) })
    }

    /// [`Self::add`] of what lies at an address: it can be the buffer's own memory, too.
    #[inline]
    pub fn add_bytes(&mut self, bytes: Bytes) -> Result {
        self.append(bytes)?;
        self.notify();
        Ok(())
    }

    /// [`Self::add_bytes`] without callbacks.
    #[inline(always)]
    pub(super) fn append(&self, bytes: Bytes) -> Result {
        self.check_addition(bytes.len())?;
        if self.append_to_tail(bytes) {
            return Ok(());
        }
        self.append_with_new_chain(bytes)
    }

    /// Appends what the tail has no space for.
    #[inline(always)]
    fn append_with_new_chain(&self, bytes: Bytes) -> Result {
        let len = bytes.len();
        let Some(tail) = self.tail() else {
            return self.add_first(bytes);
        };
        if !tail.has(chain::IMMUTABLE) && tail.worth_realigning(len) {
            tail.realign();
            tail.append(bytes);
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
        // The tail has less space than that.
        let (here, there) = bytes.split(tail.space_len());
        if here.len() != 0 {
            tail.append(here);
        }
        new.append(there);
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
    pub fn prepend_bytes(&mut self, bytes: Bytes) -> Result {
        let len = bytes.len();
        if len == 0 {
            return Ok(());
        }
        if self.is_frozen(End::Start) || !self.can_hold(len) {
            return Err(Refused);
        }
        let first = self.first.get();
        let space = first.map_or(0, front_space).min(len);
        let (before, bytes) = bytes.split(len - space);
        let new = match before.len() {
            0 => None,
            rest => {
                let new = chain::new(rest).ok_or(Refused)?;
                new.prepend(before);
                Some(new)
            }
        };
        if space != 0
            && let Some(first) = first
        {
            first.prepend(bytes);
        }
        if let Some(new) = new {
            self.push_front(new);
        }
        self.count_added(len);
        self.notify();
        Ok(())
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
            let bytes = unsafe { Bytes::new(extent.iov_base.cast(), extent.iov_len) };
            if self.add_bytes(bytes).is_err() {
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
