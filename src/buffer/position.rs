//! Positions in a buffer: a count of bytes, and where that is in the chains.

use core::ffi::{c_uint, c_void};
use core::ptr;

use super::Locked;
use super::chain::ChainRef;
use super::cursor::Cursor;
use crate::ctypes::buffer::{evbuffer_ptr, evbuffer_ptr_internal};

/// EVBUFFER_PTR_SET: a position counts from the start of the buffer.
pub const FROM_START: c_uint = 0;

/// A position in a buffer that has not been changed since it was made.
#[derive(Clone, Copy)]
pub struct Position {
    /// Negative for what a search has not found.
    pub(super) pos: isize,
    pub(super) place: Cursor,
}

impl Position {
    /// A position that a program has.
    ///
    /// # Safety
    /// It is used for the buffer that it was made for, which has not been changed since.
    #[inline]
    pub unsafe fn from_c(position: &evbuffer_ptr) -> Self {
        let chain = position.internal_.chain.cast();
        Position {
            pos: position.pos,
            place: Cursor {
                // SAFETY: promised by the caller: null, or what `to_c` left there.
                chain: unsafe { ChainRef::from_ptr(chain) },
                at: position.internal_.pos_in_chain,
            },
        }
    }

    /// As programs have it: -1 for none.
    #[inline]
    pub fn to_c(position: Option<Self>) -> evbuffer_ptr {
        let (pos, chain, pos_in_chain) = match position {
            Some(Position { pos, place }) => {
                let chain = place.chain.map_or(ptr::null_mut(), ChainRef::as_ptr);
                (pos, chain.cast::<c_void>(), place.at)
            }
            None => (-1, ptr::null_mut(), 0),
        };
        evbuffer_ptr {
            pos,
            internal_: evbuffer_ptr_internal {
                chain,
                pos_in_chain,
            },
        }
    }

    /// The position `by` bytes behind this one, at a place that is already known.
    #[inline]
    pub(super) fn behind(self, by: usize, place: Cursor) -> Self {
        Position {
            pos: self.pos.wrapping_add_unsigned(by),
            place,
        }
    }

    /// Whether this is a position, and `by` bytes more are a number that a position can have.
    pub fn can_move(self, by: usize) -> bool {
        self.pos >= 0 && self.pos.checked_add_unsigned(by).is_some()
    }

    /// The position `by` bytes behind this one; `None` if that is behind the end.
    pub fn forward(self, by: usize) -> Option<Self> {
        let pos = self.pos.checked_add_unsigned(by)?;
        let mut place = self.place;
        place.at = place.at.checked_add(by)?;
        while let Some(chain) = place.chain.filter(|chain| place.at >= chain.off.get()) {
            place.at -= chain.off.get();
            place.chain = chain.next.get();
        }
        // Behind the last byte is the last position there is.
        (place.chain.is_some() || place.at == 0).then_some(Position { pos, place })
    }
}

impl Locked {
    /// The position of the first byte.
    #[inline]
    pub fn start_position(&self) -> Position {
        Position {
            pos: 0,
            place: self.start(),
        }
    }
}
