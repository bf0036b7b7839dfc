//! Taking bytes from the front: draining, copying out, pulling up, and looking without taking.

use core::ffi::c_int;
use core::ptr;

use libc::iovec;

use super::chain::{self, Chain};
use super::{Buffer, Locked, callback, count_removed, file, list, start_frozen};
use crate::ctypes::buffer::evbuffer_ptr;

/// Removes the first `len` bytes, or all. False, with nothing changed, if the start is frozen and
/// there are any.
///
/// # Safety
/// `buf` is live.
#[inline]
pub unsafe fn drain(buf: *mut Buffer, len: usize) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        if (*buf).total_len == 0 {
            return true;
        }
        if start_frozen(buf) {
            return false;
        }
        drain_locked(buf, len);
        callback::notify(buf);
        true
    }
}

/// [`drain`] without callbacks or regard to freezing.
///
/// # Safety
/// `buf` is held by a [`Locked`].
#[inline]
pub unsafe fn drain_locked(buf: *mut Buffer, len: usize) {
    // SAFETY: promised by the caller.
    unsafe {
        let first = (*buf).first;
        if len < (*buf).total_len && len < (*first).off {
            chain::trim_front(first, len);
            count_removed(buf, len);
            return;
        }
        drain_chains(buf, len);
    }
}

unsafe fn drain_chains(buf: *mut Buffer, len: usize) {
    // SAFETY: the caller holds the buffer; all chains come from its list. They are unlinked, and
    // the buffer is in order, before any is released.
    unsafe {
        let total = (*buf).total_len;
        if len >= total && !has_pinned_for_reading(buf) {
            let chains = list::take_all(buf);
            (*buf).n_del_for_cb += total;
            chain::release_list(chains);
            return;
        }
        let len = len.min(total);
        let mut rest = len;
        let mut last_removed = ptr::null_mut::<Chain>();
        let mut at = (*buf).first;
        // A pinned chain stays, even when it has no data left.
        while rest >= (*at).off && !chain::has(at, chain::PINNED_READ) {
            rest -= (*at).off;
            last_removed = at;
            at = (*at).next;
        }
        let removed = (*buf).first;
        list::cut_front(buf, at);
        let rest = rest.min((*at).off);
        chain::trim_front(at, rest);
        count_removed(buf, len);
        if !last_removed.is_null() {
            (*last_removed).next = ptr::null_mut();
            chain::release_list(removed);
        }
    }
}

/// Whether the last chain with data is pinned; pins for reading are set from the front.
unsafe fn has_pinned_for_reading(buf: *const Buffer) -> bool {
    // SAFETY: the caller holds the lock.
    unsafe {
        let tail = list::tail(buf);
        !tail.is_null() && chain::has(tail, chain::PINNED_READ)
    }
}

/// Copies up to `len` bytes from the front. Returns their number, or -1 if the start is frozen and
/// there are any.
///
/// # Safety
/// `buf` is live and `out` has room for `len` bytes.
pub unsafe fn copy_out(buf: *mut Buffer, out: *mut u8, len: usize) -> isize {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        copy_locked(buf, (*buf).first, 0, (*buf).total_len, out, len)
    }
}

/// [`copy_out`] from a position.
///
/// # Safety
/// `buf` is live, `from` is a valid position in it, and `out` has room for `len` bytes.
pub unsafe fn copy_out_from(
    buf: *mut Buffer,
    from: evbuffer_ptr,
    out: *mut u8,
    len: usize,
) -> isize {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let Ok(pos) = usize::try_from(from.pos) else {
            return -1;
        };
        if len > chain::MAX - pos {
            return -1;
        }
        let available = (*buf).total_len.saturating_sub(pos);
        let (chain, in_chain) = (from.internal_.chain.cast(), from.internal_.pos_in_chain);
        copy_locked(buf, chain, in_chain, available, out, len)
    }
}

#[inline]
unsafe fn copy_locked(
    buf: *mut Buffer,
    chain: *mut Chain,
    in_chain: usize,
    available: usize,
    out: *mut u8,
    len: usize,
) -> isize {
    let len = len.min(available);
    if len == 0 {
        return 0;
    }
    // SAFETY: the caller holds the lock; `chain` has, with its successors, `available` bytes.
    unsafe {
        if start_frozen(buf) || !copy_bytes(chain, in_chain, out, len) {
            return -1;
        }
    }
    len as isize
}

/// Copies `len` bytes, beginning `skip` bytes into `chain`. False if a file could not be read.
///
/// # Safety
/// The buffer is locked; the list has as many bytes, and `out` has room for them.
#[inline]
pub unsafe fn copy_bytes(
    mut chain: *mut Chain,
    mut skip: usize,
    mut out: *mut u8,
    mut len: usize,
) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        while len != 0 && !chain.is_null() {
            let part = ((*chain).off - skip).min(len);
            if !file::make_readable(chain) {
                return false;
            }
            ptr::copy_nonoverlapping(chain::data(chain).add(skip), out, part);
            out = out.add(part);
            len -= part;
            skip = 0;
            chain = (*chain).next;
        }
    }
    len == 0
}

/// Copies and removes up to `len` bytes. Returns their number, or -1 if the start is frozen and
/// there are any.
///
/// # Safety
/// `buf` is live and `out` has room for `len` bytes.
#[inline]
pub unsafe fn remove(buf: *mut Buffer, out: *mut u8, len: usize) -> isize {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let copied = copy_locked(buf, (*buf).first, 0, (*buf).total_len, out, len);
        if copied > 0 {
            drain_locked(buf, copied as usize);
            callback::notify(buf);
        }
        copied
    }
}

/// Makes the first `len` bytes, or all if negative, contiguous and returns their address; null if
/// there are none or too few, or memory runs out.
///
/// # Safety
/// `buf` is live.
#[inline]
pub unsafe fn pull_up(buf: *mut Buffer, len: isize) -> *mut u8 {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let total = (*buf).total_len;
        let len = usize::try_from(len).unwrap_or(total);
        if len == 0 || len > total {
            return ptr::null_mut();
        }
        let first = (*buf).first;
        if (*first).off >= len && !chain::has(first, chain::SENDFILE) {
            return chain::data(first);
        }
        gather(buf, len)
    }
}

/// Copies the first `len` bytes, which more than one chain holds, to one.
unsafe fn gather(buf: *mut Buffer, len: usize) -> *mut u8 {
    // SAFETY: the caller holds the buffer; all chains come from its list. Those copied from are
    // released when the list is in order again.
    unsafe {
        let (first, tail) = ((*buf).first, list::tail(buf));
        let mut last_whole = ptr::null_mut::<Chain>();
        let mut tail_is_copied = false;
        let mut rest = len;
        let mut at = first;
        while !at.is_null() && rest >= (*at).off {
            if at != first && chain::is_pinned(at) {
                return ptr::null_mut();
            }
            tail_is_copied |= at == tail;
            rest -= (*at).off;
            last_whole = at;
            at = (*at).next;
        }
        if rest != 0 && at != first && chain::is_pinned(at) {
            return ptr::null_mut();
        }
        // Room behind the first chain's data is used if it is enough, even where the data is shared:
        // it ends for the others where it did. Otherwise all is copied.
        let extend =
            !chain::has(first, chain::BORROWED) && (*first).buffer_len - (*first).misalign >= len;
        if !extend && chain::is_pinned(first) {
            return ptr::null_mut();
        }
        let target = if extend { first } else { chain::new(len) };
        if target.is_null() {
            return ptr::null_mut();
        }
        let from = if extend { (*first).next } else { first };
        let missing = len - (*target).off;
        if !copy_bytes(from, 0, chain::space(target), missing) {
            if !extend {
                chain::release(target);
            }
            return ptr::null_mut();
        }
        (*target).off = len;
        // `at` is the chain of which only a part was copied, if any; those before it go.
        if at.is_null() {
            (*buf).last = target;
        } else {
            chain::trim_front(at, rest);
        }
        if from != at {
            (*last_whole).next = ptr::null_mut();
        }
        (*buf).first = target;
        (*target).next = at;
        if tail_is_copied {
            (*buf).last_with_datap = &raw mut (*buf).first;
        } else if tail == at {
            (*buf).last_with_datap = &raw mut (*target).next;
        }
        if from != at {
            chain::release_list(from);
        }
        chain::data(target)
    }
}

/// Fills `vec` with the extents that hold `len` bytes, or as many as fit if it is negative, from a
/// position or the start. Returns how many extents that takes.
///
/// # Safety
/// `buf` is live, `from` is a valid position in it, and `vec` has `n` elements.
pub unsafe fn peek(
    buf: *mut Buffer,
    len: isize,
    from: Option<evbuffer_ptr>,
    vec: *mut iovec,
    n: c_int,
) -> c_int {
    let n = usize::try_from(n).unwrap_or(0);
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let (mut chain, mut skip, pos) = match from {
            None => ((*buf).first, 0, 0),
            Some(from) if from.internal_.chain.is_null() => return 0,
            Some(from) => (
                from.internal_.chain.cast::<Chain>(),
                from.internal_.pos_in_chain,
                from.pos as usize,
            ),
        };
        let wanted = match usize::try_from(len) {
            Ok(len) => Some(len),
            Err(_) if n == 0 => Some((*buf).total_len.saturating_sub(pos)),
            Err(_) => None,
        };
        let (mut extents, mut seen) = (0, 0usize);
        // A position counts as an extent even if no byte is wanted.
        let mut first = from.is_some();
        while !chain.is_null() {
            if !first && wanted.is_some_and(|wanted| seen >= wanted) {
                break;
            }
            if extents < n {
                let data = if file::make_readable(chain) {
                    chain::data(chain).wrapping_add(skip)
                } else {
                    ptr::null_mut()
                };
                vec.add(extents).write(iovec {
                    iov_base: data.cast(),
                    iov_len: (*chain).off - skip,
                });
            } else if wanted.is_none() {
                break;
            }
            extents += 1;
            seen += (*chain).off - skip;
            skip = 0;
            first = false;
            chain = (*chain).next;
        }
        extents as c_int
    }
}
