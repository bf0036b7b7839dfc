//! Moving chains from one buffer to another.

use super::chain::{ChainRef, Link};
use super::handle::{Refused, Result};
use super::list::Detached;
use super::{Buffer, End, Locked};

impl Buffer {
    /// Whether there is anything to move to one end of this buffer.
    #[inline]
    pub(super) fn check_move(&self, from: &Buffer, end: End) -> Result<bool> {
        if from.is_empty() || core::ptr::eq(self, from) {
            return Ok(false);
        }
        if self.is_frozen(end) || from.is_frozen(End::Start) || !self.can_hold(from.len()) {
            return Err(Refused);
        }
        Ok(true)
    }
}

impl Locked {
    /// Moves everything in `from` behind the data, without copying. Refused, with nothing changed,
    /// if an end that changes is frozen, or the buffer would grow too large.
    ///
    /// See [`Buf::lock_both`](super::Buf::lock_both) for how to lock both.
    pub fn append_from(&mut self, from: &mut Locked) -> Result {
        if !self.check_move(from, End::End)? {
            return Ok(());
        }
        self.take_over(from, |to, chains| to.replace_empty_by_all(chains))
    }

    /// Moves everything in `from` in front of the data, without copying. Refused as
    /// [`Self::append_from`].
    pub fn prepend_from(&mut self, from: &mut Locked) -> Result {
        if !self.check_move(from, End::Start)? {
            return Ok(());
        }
        self.take_over(from, |to, chains| {
            if to.is_empty() {
                return to.replace_empty_by_all(chains);
            }
            to.push_all_front(chains);
            None
        })
    }

    /// Moves everything, by a function that returns the chains that are replaced.
    #[inline]
    fn take_over(
        &mut self,
        from: &mut Locked,
        link: impl FnOnce(&Locked, Detached) -> Link,
    ) -> Result {
        let len = from.len();
        let chains = from.detach().ok_or(Refused)?;
        self.doom(link(self, chains));
        from.n_del_for_cb.set(from.n_del_for_cb.get() + len);
        self.count_added(len);
        self.release_doomed();
        from.notify();
        self.notify();
        Ok(())
    }

    /// Moves up to `len` bytes from the front of `from` behind the data: whole chains as they are,
    /// the rest by copying. Returns how many. Refused if an end that changes is frozen or the buffer
    /// would grow too large. If memory runs out, only whole chains are moved, and if there are none
    /// it is refused.
    pub fn move_front_from(&mut self, from: &mut Locked, len: usize) -> Result<usize> {
        if len == 0 || self.buf == from.buf {
            return Ok(0);
        }
        if self.is_frozen(End::End) || from.is_frozen(End::Start) {
            return Err(Refused);
        }
        let total = from.len();
        if len >= total {
            self.append_from(from)?;
            return Ok(total);
        }
        if !self.can_hold(len) {
            return Err(Refused);
        }
        let whole = self.move_whole_chains(from, len);
        let rest = len - whole;
        let mut moved = whole;
        if let Some(first) = from.first.get()
            && first.readable().is_some()
            && self.append(first.bytes().split(rest).0).is_ok()
        {
            // It has more than that, as it was not moved.
            first.trim_front(rest);
            from.count_removed(rest);
            moved += rest;
        }
        if moved == 0 {
            return Err(Refused);
        }
        self.notify();
        from.notify();
        Ok(moved)
    }

    /// Moves the chains that hold no more than `len` bytes, of which there are more. Returns what
    /// they hold.
    fn move_whole_chains(&self, from: &Locked, len: usize) -> usize {
        let first = from.first.get();
        let mut whole = 0;
        let mut last_whole = None::<ChainRef>;
        let mut at = first;
        while let Some(chain) = at.filter(|chain| chain.off.get() <= len - whole) {
            whole += chain.off.get();
            last_whole = at;
            at = chain.next.get();
        }
        let (Some(first), Some(last), Some(next), true) = (first, last_whole, at, whole != 0)
        else {
            return 0;
        };
        from.cut_front(next);
        from.count_removed(whole);
        last.next.set(None);
        self.doom(self.replace_empty_by_all(Detached {
            first,
            last,
            last_with_data: None,
        }));
        self.find_last_with_data();
        self.count_added(whole);
        whole
    }
}
