//! Moving chains from one buffer to another.

use core::ptr;

use super::chain::{self, Chain};
use super::{
    Buffer, Locked, add, callback, can_hold, count_added, count_removed, end_frozen, file, list,
    start_frozen,
};

/// Moves everything in `from` behind the data in `to`. False, with nothing changed, if an end that
/// changes is frozen, or `to` would grow too large.
///
/// # Safety
/// Both are live.
pub unsafe fn append(to: *mut Buffer, from: *mut Buffer) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        let (_first, _second) = Locked::both(to, from);
        let len = (*from).total_len;
        if len == 0 || to == from {
            return true;
        }
        if end_frozen(to) || start_frozen(from) || !can_hold(to, len) {
            return false;
        }
        let Some(kept) = split_pinned(from) else {
            return false;
        };
        let replaced = list::push_all(to, list::detach(from));
        finish(to, from, kept, len, replaced);
        true
    }
}

/// Moves everything in `from` in front of the data in `to`. False, with nothing changed, if an end
/// that changes is frozen, or `to` would grow too large.
///
/// # Safety
/// Both are live.
pub unsafe fn prepend(to: *mut Buffer, from: *mut Buffer) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        let (_first, _second) = Locked::both(to, from);
        let len = (*from).total_len;
        if len == 0 || to == from {
            return true;
        }
        if start_frozen(to) || start_frozen(from) || !can_hold(to, len) {
            return false;
        }
        let Some(kept) = split_pinned(from) else {
            return false;
        };
        let chains = list::detach(from);
        let replaced = if (*to).total_len == 0 {
            list::push_all(to, chains)
        } else {
            list::push_all_front(to, chains);
            ptr::null_mut()
        };
        finish(to, from, kept, len, replaced);
        true
    }
}

unsafe fn finish(to: *mut Buffer, from: *mut Buffer, kept: Kept, len: usize, replaced: *mut Chain) {
    // SAFETY: the caller holds both buffers; `kept` was `from`'s.
    unsafe {
        if !kept.first.is_null() {
            (*from).first = kept.first;
            (*from).last = kept.last;
        }
        (*from).n_del_for_cb += len;
        count_added(to, len);
        chain::release_list(replaced);
        callback::notify(from);
        callback::notify(to);
    }
}

/// Chains, all empty, that a pin keeps in their buffer.
struct Kept {
    first: *mut Chain,
    last: *mut Chain,
}

/// Cuts off the chains that a read elsewhere is filling. The first of them can hold data already,
/// which is copied. `None` without memory.
#[inline]
unsafe fn split_pinned(buf: *mut Buffer) -> Option<Kept> {
    // SAFETY: the caller holds the lock; the buffer has data, so it has a last chain.
    unsafe {
        if chain::has((*buf).last, chain::PINNED_READ) {
            return split_at_pin(buf);
        }
    }
    Some(Kept {
        first: ptr::null_mut(),
        last: ptr::null_mut(),
    })
}

#[cold]
unsafe fn split_at_pin(buf: *mut Buffer) -> Option<Kept> {
    // SAFETY: the caller holds the lock; all chains come from the buffer's list, and the last one is
    // pinned.
    unsafe {
        let mut kept = Kept {
            first: ptr::null_mut(),
            last: (*buf).last,
        };
        let mut before = ptr::null_mut();
        let mut at = &raw mut (*buf).first;
        while !chain::has(*at, chain::PINNED_READ) {
            before = *at;
            at = &raw mut (**at).next;
        }
        kept.first = *at;
        let len = (*kept.first).off;
        if len != 0 {
            let copy = chain::new(len);
            if copy.is_null() {
                return None;
            }
            chain::append(copy, chain::data(kept.first), len);
            chain::trim_front(kept.first, len);
            before = copy;
        }
        *at = if len != 0 { before } else { ptr::null_mut() };
        (*buf).last = before;
        Some(kept)
    }
}

/// Moves the first `len` bytes, or all, of `from` behind the data in `to`: whole chains as they
/// are, the rest by copying. Returns how many bytes were moved, or -1 if an end that changes is
/// frozen or `to` would grow too large. If memory runs out, only whole chains are moved, and if
/// there are none it returns -1.
///
/// # Safety
/// Both are live.
pub unsafe fn move_front(from: *mut Buffer, to: *mut Buffer, len: usize) -> isize {
    // SAFETY: promised by the caller.
    unsafe {
        let (_first, _second) = Locked::both(from, to);
        if len == 0 || from == to {
            return 0;
        }
        if end_frozen(to) || start_frozen(from) {
            return -1;
        }
        let total = (*from).total_len;
        if len >= total {
            return if append(to, from) { total as isize } else { -1 };
        }
        if !can_hold(to, len) {
            return -1;
        }
        let mut whole = 0;
        let mut last_whole = ptr::null_mut::<Chain>();
        let mut at = (*from).first;
        while (*at).off <= len - whole && !chain::has(at, chain::PINNED_READ) {
            whole += (*at).off;
            last_whole = at;
            at = (*at).next;
        }
        let mut replaced = ptr::null_mut();
        if whole != 0 {
            let first = (*from).first;
            list::cut_front(from, at);
            count_removed(from, whole);
            (*last_whole).next = ptr::null_mut();
            replaced = list::push_all(
                to,
                list::Detached {
                    first,
                    last: last_whole,
                    last_with_datap: ptr::null_mut(),
                },
            );
            list::find_last_with_data(to);
            count_added(to, whole);
        }
        let rest = len - whole;
        let mut moved = whole;
        if file::make_readable(at) && add::add_locked(to, chain::data(at), rest) {
            chain::trim_front(at, rest);
            count_removed(from, rest);
            moved += rest;
        }
        chain::release_list(replaced);
        if moved == 0 {
            return -1;
        }
        callback::notify(to);
        callback::notify(from);
        moved as isize
    }
}
