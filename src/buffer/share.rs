//! Chains whose data belongs to a chain of another buffer.
//!
//! The chain that owns the data counts those that share it, and becomes immutable. It outlives its
//! buffer if it has to: the count is atomic, so that no lock but the sharer's own is needed to give
//! it up.

use super::chain::{self, ChainRef, Lend, Link};
use super::handle::{Refused, Result};
use super::list::Detached;
use super::{Locked, release_list};

/// What a sharing chain knows of the one that owns the data.
struct Owner(ChainRef);

impl Lend for Owner {
    unsafe fn give_back(chain: ChainRef) {
        // SAFETY: the chain has a reference to its owner, which it gives up.
        unsafe {
            let Owner(owner) = chain.info::<Self>().read();
            chain::release(owner);
        }
    }
}

impl Locked {
    /// Appends the data of `from`, which keeps it, without copying. Refused, with nothing changed,
    /// if the end is frozen, the buffers are the same, `from` itself shares data or holds files, the
    /// buffer would grow too large, or memory runs out.
    pub fn append_shared(&mut self, from: &mut Locked) -> Result {
        let len = from.len();
        if len == 0 {
            return Ok(());
        }
        if self.buf == from.buf {
            return Err(Refused);
        }
        self.check_addition(len)?;
        let copies = share_all(from)?;
        self.doom(self.replace_empty_by_all(copies));
        self.count_added(len);
        self.notify();
        Ok(())
    }
}

/// Chains that share all data of a buffer that has some; refused if that can't be shared, or without
/// memory.
fn share_all(from: &Locked) -> Result<Detached> {
    const NOT_SHARED: u32 = chain::FILE_SEGMENT | chain::SENDFILE | chain::MULTICAST;
    let first = from.first.get();
    if chains(first).any(|chain| chain.has(NOT_SHARED)) {
        return Err(Refused);
    }
    let mut copies = None::<Detached>;
    for owner in chains(first).filter(|chain| chain.off.get() != 0) {
        let copy =
            chain::new_borrowing(0, owner.buffer.get(), owner.buffer_len.get(), Owner(owner));
        let Some(copy) = copy else {
            // They have no flag yet that says that they share anything.
            release_list(copies.map(|copies| copies.first));
            return Err(Refused);
        };
        copy.misalign.set(owner.misalign.get());
        copy.off.set(owner.off.get());
        match &mut copies {
            None => {
                copies = Some(Detached {
                    first: copy,
                    last: copy,
                    last_with_data: None,
                });
            }
            Some(copies) => {
                copies.last_with_data = Some(copies.last.next_place());
                copies.last.next.set(Some(copy));
                copies.last = copy;
            }
        }
    }
    let copies = copies.ok_or(Refused)?;
    for copy in chains(Some(copies.first)) {
        // SAFETY: it was just made with this information.
        let Owner(owner) = unsafe { &*copy.info::<Owner>() };
        copy.set(chain::MULTICAST);
        owner.set(chain::IMMUTABLE);
        owner.take_ref();
    }
    Ok(copies)
}

/// The chains of a list.
fn chains(first: Link) -> impl Iterator<Item = ChainRef> {
    core::iter::successors(first, |chain| chain.next.get())
}
