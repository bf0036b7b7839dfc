//! Memory of the program's in a buffer, without a copy.

use core::ffi::c_void;

use super::chain::{self, Chain};
use super::{Buffer, Locked, callback, can_hold, count_added, end_frozen, list};

/// Gets the memory, its length, and the registered argument.
pub type Cleanup = unsafe extern "C" fn(*const c_void, usize, *mut c_void);

struct Reference {
    cleanup: Option<Cleanup>,
    arg: *mut c_void,
}

/// Appends the `len` bytes that begin `offset` bytes into the memory at `data`. False, with nothing
/// changed and the cleanup function not called, if the end is frozen, the buffer would grow too
/// large or memory runs out.
///
/// # Safety
/// `buf` is live; `data` has `offset + len` bytes that stay readable until `cleanup` is called.
pub unsafe fn add(
    buf: *mut Buffer,
    data: *const u8,
    offset: usize,
    len: usize,
    cleanup: Option<Cleanup>,
    arg: *mut c_void,
) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let Some(whole) = offset.checked_add(len) else {
            return false;
        };
        if end_frozen(buf) || !can_hold(buf, len) {
            return false;
        }
        let info = Reference { cleanup, arg };
        let new = chain::new_borrowing(chain::REFERENCE, data.cast_mut(), whole, info);
        if new.is_null() {
            return false;
        }
        chain::trim_front(new, offset);
        let replaced = list::push(buf, new);
        count_added(buf, len);
        chain::release_list(replaced);
        callback::notify(buf);
        true
    }
}

/// Calls the cleanup function.
///
/// # Safety
/// `chain` holds a reference and is going away.
pub unsafe fn release(chain: *mut Chain) {
    // SAFETY: promised by the caller.
    unsafe {
        let info = chain::info::<Reference>(chain);
        if let Some(cleanup) = (*info).cleanup {
            cleanup((*chain).buffer.cast(), (*chain).buffer_len, (*info).arg);
        }
    }
}
