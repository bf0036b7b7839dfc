//! Space at the end of a buffer: making it, lending it out, and taking over what was written to it.

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::slice;

use libc::iovec;

use super::chain::{self, ChainRef, Link, Place};
use super::handle::{Refused, Result};
use super::{ATTEMPTS, Buffer, End, Locked};

/// A chain with more data than this is not copied to a larger one.
const COPY_AT_MOST: usize = 4096;

impl Buffer {
    /// The place of the first chain with space behind the data; the end of the list if there is
    /// none.
    fn first_with_space(&self) -> Place {
        let mut at = self.last_with_data.get();
        while let Some(chain) = at.get()
            && chain.space_len() == 0
        {
            at = chain.next_place();
        }
        at
    }

    /// Fills `vecs` with space for `len` bytes, or with less if the vectors or the chains run out.
    /// Returns the number of vectors used and the bytes that they hold.
    pub(super) fn space_for(&self, len: usize, vecs: &mut [iovec]) -> (usize, usize) {
        let (mut used, mut sum) = (0, 0);
        let mut at = self.first_with_space().get();
        while let Some(chain) = at
            && used < vecs.len()
            && sum < len
        {
            let space = chain.space_len();
            if space != 0 {
                vecs[used] = iovec {
                    iov_base: chain.space().cast(),
                    iov_len: space,
                };
                used += 1;
                sum += space;
            }
            at = chain.next.get();
        }
        (used, sum)
    }

    /// Takes over `len` bytes that were written to the space that [`Self::space_for`] found.
    pub(super) fn commit_bytes(&self, mut len: usize) {
        self.count_added(len);
        let mut at = self.first_with_space();
        while len != 0
            && let Some(chain) = at.get()
        {
            let taken = chain.space_len().min(len);
            if taken != 0 {
                chain.grow(taken);
                self.last_with_data.set(at);
                len -= taken;
            }
            at = chain.next_place();
        }
    }

    fn commit_extents(&self, extents: &[iovec]) -> Option<usize> {
        let fits = |chain: Link, extent: &iovec| {
            chain.filter(|chain| {
                extent.iov_base == chain.space().cast() && extent.iov_len <= chain.space_len()
            })
        };
        if let [single] = extents
            && let Some(last) = self.last.get()
            && single.iov_base == last.space().cast()
        {
            // One extent may come from the last chain while others have space, too.
            fits(Some(last), single)?.grow(single.iov_len);
            if single.iov_len != 0 {
                self.find_last_with_data();
            }
            return Some(single.iov_len);
        }
        let start = self.first_with_space();
        let mut at = start;
        let mut total = 0usize;
        for extent in extents {
            at = fits(at.get(), extent)?.next_place();
            total += extent.iov_len;
        }
        at = start;
        for extent in extents {
            let chain = at.get()?;
            chain.grow(extent.iov_len);
            if extent.iov_len != 0 {
                self.last_with_data.set(at);
            }
            at = chain.next_place();
        }
        Some(total)
    }
}

impl Locked {
    /// A chain with space for `len` bytes in one piece; `None` without memory.
    #[inline]
    fn space_in_one(&self, len: usize) -> Link {
        let tail = self.tail();
        if len != 0 && tail.is_some_and(|tail| tail.space_len() >= len) {
            return tail;
        }
        self.make_space(len)
    }

    /// [`Self::space_in_one`] where the tail has none.
    #[inline(never)]
    fn make_space(&self, len: usize) -> Link {
        let mut at = self.last_with_data.get();
        if let Some(chain) = at.get()
            && chain.space_len() == 0
        {
            at = chain.next_place();
        }
        let Some(tail) = at.get().filter(|tail| !tail.has(chain::IMMUTABLE)) else {
            return self.push_new(len);
        };
        if tail.space_len() >= len {
            return Some(tail);
        }
        let off = tail.off.get();
        if off == 0 {
            return self.push_new(len);
        }
        if tail.worth_realigning(len) {
            tail.realign();
            return Some(tail);
        }
        // A chain that is nearly full, or costly to copy, stays as it is.
        if tail.space_len() < tail.buffer_len.get() / 8
            || off > COPY_AT_MOST
            || len >= chain::MAX - off
        {
            let next = tail.next.get();
            if next.is_some_and(|next| next.space_len() >= len) {
                return next;
            }
            return self.push_new(len);
        }
        let larger = chain::new(off + len)?;
        larger.append(tail.bytes());
        larger.next.set(tail.next.take());
        at.set(Some(larger));
        if self.last.get() == Some(tail) {
            self.last.set(Some(larger));
        }
        if self.last_with_data.get() == tail.next_place() {
            self.last_with_data.set(larger.next_place());
        }
        self.doom(Some(tail));
        Some(larger)
    }

    /// A new chain at the end, in place of empty ones, with space for `len` bytes.
    fn push_new(&self, len: usize) -> Link {
        let new = chain::new(len)?;
        self.push(new);
        Some(new)
    }

    /// [`Self::space_in_one`] that is still there when the program's cleanup functions have run.
    #[inline]
    fn lasting_space(&self, len: usize) -> Link {
        let found = self.space_in_one(len)?;
        self.settled(found).or_else(|| self.space_again(len))
    }

    #[cold]
    fn space_again(&self, len: usize) -> Link {
        (0..ATTEMPTS).find_map(|_| self.space_in_one(len).and_then(|found| self.settled(found)))
    }

    /// Makes space for `len` bytes in at most `n` chains. False without memory.
    pub(super) fn expand_over(&self, len: usize, n: usize) -> bool {
        let Some(last) = self.last.get().filter(|last| !last.has(chain::IMMUTABLE)) else {
            return self.push_new(len).is_some();
        };
        let (mut used, mut space) = (0, 0);
        let mut at = self.tail();
        while let Some(chain) = at
            && used < n
        {
            if chain.off.get() == 0 && !chain.has(chain::IMMUTABLE) {
                chain.misalign.set(0);
            }
            if chain.space_len() != 0 {
                space += chain.space_len();
                used += 1;
            }
            if space >= len {
                return true;
            }
            at = chain.next.get();
        }
        if used < n {
            let Some(new) = chain::new(len - space) else {
                return false;
            };
            last.next.set(Some(new));
            self.last.set(Some(new));
            return true;
        }
        // Too many chains with too little space: one new chain takes the place of the empty ones.
        let kept = self
            .tail()
            .filter(|tail| tail.off.get() != 0)
            .map_or(0, |tail| tail.space_len());
        let new = chain::new(len - kept);
        if let Some(new) = new {
            self.push(new);
        }
        new.is_some()
    }

    /// Makes space for `len` more bytes in one piece.
    pub fn expand(&mut self, len: usize) -> Result {
        self.space_in_one(len).map(|_| ()).ok_or(Refused)
    }

    /// Lends out space for at least `len` bytes in at most `n` extents. Returns their number.
    ///
    /// # Safety
    /// `vec` has `n` elements, which may be uninitialised.
    pub unsafe fn reserve(&mut self, len: isize, vec: *mut iovec, n: c_int) -> Result<c_int> {
        let (Ok(n), Ok(len)) = (usize::try_from(n), usize::try_from(len)) else {
            return Err(Refused);
        };
        if self.is_frozen(End::End) || n == 0 {
            return Err(Refused);
        }
        if n == 1 {
            let chain = self.lasting_space(len).ok_or(Refused)?;
            let single = iovec {
                iov_base: chain.space().cast(),
                iov_len: chain.space_len(),
            };
            // SAFETY: promised by the caller.
            unsafe { vec.write(single) };
            return Ok(1);
        }
        // SAFETY: promised by the caller; the bytes of an iovec may be zero.
        let vecs = unsafe {
            vec.write_bytes(0, n);
            slice::from_raw_parts_mut(vec, n)
        };
        for _ in 0..ATTEMPTS {
            if !self.expand_over(len, n) {
                break;
            }
            if self.settled(()).is_some() {
                return Ok(self.space_for(len, vecs).0 as c_int);
            }
        }
        Err(Refused)
    }

    /// Takes over what a program wrote to extents that [`Self::reserve`] lent out. Refused, with
    /// nothing changed, if the end is frozen or the extents are not the buffer's space.
    ///
    /// # Safety
    /// `vec` has `n` elements, and the bytes in them are initialised.
    pub unsafe fn commit(&mut self, vec: *const iovec, n: c_int) -> Result {
        if self.is_frozen(End::End) {
            return Err(Refused);
        }
        let n = match usize::try_from(n) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            // As libevent has it, which looks for the chains first.
            Err(_) => return self.tail().map(|_| ()).ok_or(Refused),
        };
        // SAFETY: promised by the caller.
        let extents = unsafe { slice::from_raw_parts(vec, n) };
        let added = self.commit_extents(extents).ok_or(Refused)?;
        self.count_added(added);
        self.notify();
        Ok(())
    }

    /// Space of at least `at_least` bytes, to be written to before the buffer is used otherwise: its
    /// address and length.
    #[inline]
    pub fn begin_fill(&mut self, at_least: usize) -> Option<(NonNull<u8>, usize)> {
        if self.is_frozen(End::End) {
            return None;
        }
        let chain = self.lasting_space(at_least)?;
        Some((NonNull::new(chain.space())?, chain.space_len()))
    }

    /// Takes over `len` bytes written to `at`, the space that [`Self::begin_fill`] returned.
    ///
    /// # Safety
    /// The buffer is unchanged since; there was space for the bytes, and they are initialised.
    #[inline(always)]
    pub unsafe fn end_fill(&mut self, at: NonNull<u8>, len: usize) {
        let tail = self.tail();
        let is_it = |chain: &ChainRef| chain.space() == at.as_ptr();
        let mut chain = tail;
        while let Some(other) = chain.filter(|chain| !is_it(chain)) {
            chain = other.next.get();
        }
        let Some(filled) = chain else { return };
        filled.grow(len);
        self.count_added(len);
        if chain != tail {
            self.find_last_with_data();
        }
        self.notify();
    }

    /// Has `write` write to free space of at least `at_least` bytes, which has not been initialised,
    /// and appends as many of them as it returns.
    ///
    /// # Safety
    /// `write` returns the number of bytes that it has initialised from the start of the slice, and
    /// doesn't use the buffer.
    pub unsafe fn fill(
        &mut self,
        at_least: usize,
        write: impl FnOnce(&mut [MaybeUninit<u8>]) -> usize,
    ) -> Result<usize> {
        let (at, len) = self.begin_fill(at_least.max(1)).ok_or(Refused)?;
        // SAFETY: nothing else uses the space, and the caller promises what is written.
        unsafe {
            let written = write(slice::from_raw_parts_mut(at.cast().as_ptr(), len));
            if written != 0 {
                self.end_fill(at, written.min(len));
            }
            Ok(written)
        }
    }
}
