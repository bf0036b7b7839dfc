//! Positions in a buffer: a count of bytes, and where that is in the chains.

use core::ffi::{c_uint, c_void};
use core::ptr;

use super::chain::Chain;
use super::{Buffer, Locked};
use crate::ctypes::buffer::{evbuffer_ptr, evbuffer_ptr_internal};

/// EVBUFFER_PTR_SET: a position counts from the start of the buffer.
pub const FROM_START: c_uint = 0;

/// The position that says "not found".
pub const NOWHERE: evbuffer_ptr = at(-1, ptr::null_mut(), 0);

/// The position `pos`, which is `in_chain` bytes into `chain`.
pub const fn at(pos: isize, chain: *mut Chain, in_chain: usize) -> evbuffer_ptr {
    evbuffer_ptr {
        pos,
        internal_: evbuffer_ptr_internal {
            chain: chain.cast::<c_void>(),
            pos_in_chain: in_chain,
        },
    }
}

/// The position `by` bytes behind `from`, or behind the start of the buffer; `None` if that is
/// behind the end.
///
/// # Safety
/// `buf` is live and `from` is a valid position in it.
pub unsafe fn find(
    buf: *mut Buffer,
    from: Option<evbuffer_ptr>,
    by: usize,
) -> Option<evbuffer_ptr> {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let from = match from {
            Some(from) => from,
            None => at(0, (*buf).first, 0),
        };
        let pos = from.pos.checked_add_unsigned(by)?;
        let mut chain = from.internal_.chain.cast::<Chain>();
        let mut rest = from.internal_.pos_in_chain.checked_add(by)?;
        while !chain.is_null() && rest >= (*chain).off {
            rest -= (*chain).off;
            chain = (*chain).next;
        }
        // Behind the last byte is the last position there is.
        (!chain.is_null() || rest == 0).then_some(at(pos, chain, rest))
    }
}
