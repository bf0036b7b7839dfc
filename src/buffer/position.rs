//! Positions in a buffer as programs have them: a count of bytes, and where that is in the chains.

use core::ffi::{c_uint, c_void};
use core::ptr;

use super::Locked;
use super::chain::ChainRef;
use super::cursor::Cursor;
use crate::ctypes::buffer::{evbuffer_ptr, evbuffer_ptr_internal};

/// EVBUFFER_PTR_SET: a position counts from the start of the buffer.
pub const FROM_START: c_uint = 0;

/// The position that says "not found".
pub const NOT_FOUND: evbuffer_ptr = at(-1, Cursor { chain: None, at: 0 });

/// The position `pos`, which is at a place in the chains.
pub const fn at(pos: isize, place: Cursor) -> evbuffer_ptr {
    let chain = match place.chain {
        Some(chain) => chain.as_ptr().cast::<c_void>(),
        None => ptr::null_mut(),
    };
    evbuffer_ptr {
        pos,
        internal_: evbuffer_ptr_internal {
            chain,
            pos_in_chain: place.at,
        },
    }
}

/// The place in the chains of a position.
///
/// # Safety
/// The position is valid for a buffer that is locked and has not been changed since it was made.
pub unsafe fn cursor(position: &evbuffer_ptr) -> Cursor {
    Cursor {
        // SAFETY: promised by the caller: null, or what `at` left there.
        chain: unsafe { ChainRef::from_ptr(position.internal_.chain.cast()) },
        at: position.internal_.pos_in_chain,
    }
}

impl Locked {
    /// The position `by` bytes from the start of the buffer; `None` if that is behind the end.
    pub(super) fn position(&self, by: usize) -> Option<evbuffer_ptr> {
        forward(0, self.start(), by)
    }

    /// The position `by` bytes behind `from`, or behind the start of the buffer; `None` if that is
    /// behind the end.
    ///
    /// # Safety
    /// `from` is a valid position in the buffer.
    pub unsafe fn position_from(
        &self,
        from: Option<evbuffer_ptr>,
        by: usize,
    ) -> Option<evbuffer_ptr> {
        match from {
            // SAFETY: promised by the caller.
            Some(from) => forward(from.pos, unsafe { cursor(&from) }, by),
            None => self.position(by),
        }
    }
}

fn forward(pos: isize, from: Cursor, by: usize) -> Option<evbuffer_ptr> {
    let pos = pos.checked_add_unsigned(by)?;
    let mut place = from;
    place.at = from.at.checked_add(by)?;
    while let Some(chain) = place.chain.filter(|chain| place.at >= chain.off.get()) {
        place.at -= chain.off.get();
        place.chain = chain.next.get();
    }
    // Behind the last byte is the last position there is.
    (place.chain.is_some() || place.at == 0).then_some(at(pos, place))
}
