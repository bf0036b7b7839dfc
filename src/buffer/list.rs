//! A buffer's list of chains: first those with data, then perhaps empty ones with space.
//!
//! Nothing here counts bytes, releases chains or calls callbacks.

use super::Buffer;
use super::chain::{ChainRef, Link, Place};

/// Chains that are in no buffer, at least one of them with data.
pub struct Detached {
    pub first: ChainRef,
    pub last: ChainRef,
    /// The place of the last chain with data, if that isn't `first`.
    pub last_with_data: Option<Place>,
}

impl Buffer {
    /// The place that holds the first chain.
    #[inline]
    pub(super) fn first_place(&self) -> Place {
        Place::of(&self.first)
    }

    /// Forgets all chains, without releasing them, and returns the first one.
    #[inline]
    pub(super) fn take_all(&self) -> Link {
        let first = self.first.take();
        self.last.set(None);
        self.last_with_data.set(self.first_place());
        self.total_len.set(0);
        first
    }

    /// Makes `chain`, which has data, the only one of a buffer that has none.
    #[inline]
    pub(super) fn put_only(&self, chain: ChainRef) {
        debug_assert!(
            self.last_with_data.get() == self.first_place() && chain.next.get().is_none()
        );
        self.first.set(Some(chain));
        self.last.set(Some(chain));
    }

    /// The last chain with data, or an empty chain if there is only that.
    #[inline]
    pub(super) fn tail(&self) -> Link {
        self.last_with_data.get().get()
    }

    /// The place of the first chain behind the data.
    fn first_empty(&self) -> Place {
        let mut at = self.last_with_data.get();
        while let Some(chain) = at.get()
            && chain.off.get() != 0
        {
            at = chain.next_place();
        }
        at
    }

    /// Puts `chain` at the end, in place of empty chains, which are returned.
    #[inline]
    pub(super) fn replace_empty(&self, chain: ChainRef) -> Link {
        let at = self.first_empty();
        let replaced = at.replace(Some(chain));
        self.last.set(Some(chain));
        if chain.off.get() != 0 {
            self.last_with_data.set(at);
        }
        replaced
    }

    /// [`Self::replace_empty`] for many chains.
    pub(super) fn replace_empty_by_all(&self, chains: Detached) -> Link {
        let at = self.first_empty();
        let replaced = at.replace(Some(chains.first));
        self.last.set(Some(chains.last));
        self.last_with_data.set(chains.last_with_data.unwrap_or(at));
        replaced
    }

    /// Takes all chains out of a buffer that has data; `None` if there are none.
    #[inline]
    pub(super) fn detach(&self) -> Option<Detached> {
        let last = self.last.get()?;
        let last_with_data = self.last_with_data.get();
        Some(Detached {
            last_with_data: (last_with_data != self.first_place()).then_some(last_with_data),
            first: self.take_all()?,
            last,
        })
    }

    /// [`Self::put_only`] for many chains.
    #[inline]
    pub(super) fn put_all(&self, chains: Detached) {
        debug_assert!(self.last_with_data.get() == self.first_place());
        self.first.set(Some(chains.first));
        self.last.set(Some(chains.last));
        if let Some(last_with_data) = chains.last_with_data {
            self.last_with_data.set(last_with_data);
        }
    }

    /// Puts many chains in front of all others, of which one has data.
    pub(super) fn push_all_front(&self, chains: Detached) {
        if self.last_with_data.get() == self.first_place() {
            self.last_with_data.set(chains.last.next_place());
        }
        chains.last.next.set(self.first.replace(Some(chains.first)));
    }

    /// Puts `chain`, which has data, in front of all others.
    #[inline]
    pub(super) fn push_front(&self, chain: ChainRef) {
        let old = self.first.replace(Some(chain));
        chain.next.set(old);
        match old {
            None => self.last.set(Some(chain)),
            Some(old) => {
                if self.last_with_data.get() == self.first_place() && old.off.get() != 0 {
                    self.last_with_data.set(chain.next_place());
                }
            }
        }
    }

    /// Moves `last_with_data` forward after bytes were added to the chains behind it.
    #[inline]
    pub(super) fn find_last_with_data(&self) {
        let mut at = self.last_with_data.get();
        while let Some(chain) = at.get()
            && chain.next.get().is_some()
        {
            at = chain.next_place();
            if at.get().is_some_and(|next| next.off.get() != 0) {
                self.last_with_data.set(at);
            }
        }
    }

    /// Makes `chain`, which is in the list, the first one. The chains before it still have their
    /// links, and are the caller's now.
    pub(super) fn cut_front(&self, chain: ChainRef) {
        let mut at = self.first.get();
        while let Some(removed) = at
            && removed != chain
        {
            // Either the place of this chain was that of the last data, or the place in it is.
            let last = self.last_with_data.get();
            if last.get() == Some(removed) || last == removed.next_place() {
                self.last_with_data.set(self.first_place());
            }
            at = removed.next.get();
        }
        self.first.set(Some(chain));
    }

    /// Whether every invariant holds; for tests.
    #[cfg(any(test, fuzzing))]
    pub fn check(&self) {
        let mut total = 0;
        let mut at = self.first_place();
        let mut last = None;
        let mut last_with_data = at;
        while let Some(chain) = at.get() {
            chain.check();
            if chain.off.get() != 0 {
                last_with_data = at;
            }
            total += chain.off.get();
            last = Some(chain);
            at = chain.next_place();
        }
        assert_eq!(total, self.total_len.get());
        assert_eq!(self.last.get(), last);
        assert!(self.last_with_data.get() == last_with_data);
    }
}
