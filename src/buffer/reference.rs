//! Memory of the program's in a buffer, without a copy.

use core::ffi::c_void;

use super::Locked;
use super::chain::{self, ChainRef, Lend};
use super::handle::{Refused, Result};

/// Gets the memory, its length, and the registered argument.
pub type Cleanup = unsafe extern "C" fn(*const c_void, usize, *mut c_void);

struct Reference {
    cleanup: Option<Cleanup>,
    arg: *mut c_void,
}

impl Lend for Reference {
    unsafe fn give_back(chain: ChainRef) {
        // SAFETY: the chain holds a reference, and the program wants its memory back.
        unsafe {
            let Reference { cleanup, arg } = chain.info::<Self>().read();
            if let Some(cleanup) = cleanup {
                cleanup(chain.buffer.get().cast(), chain.buffer_len.get(), arg);
            }
        }
    }
}

impl Locked {
    /// Appends the `len` bytes that begin `offset` bytes into the memory at `data`, without copying
    /// them. `cleanup` is called with `arg` when no buffer needs them any more; not if they are
    /// refused.
    ///
    /// # Safety
    /// `data` has `offset + len` bytes that stay readable and unchanged until then.
    #[inline(always)]
    pub unsafe fn add_reference(
        &mut self,
        data: *const u8,
        offset: usize,
        len: usize,
        cleanup: Option<Cleanup>,
        arg: *mut c_void,
    ) -> Result {
        let whole = offset.checked_add(len).ok_or(Refused)?;
        self.check_addition(len)?;
        let info = Reference { cleanup, arg };
        let new = chain::new_borrowing(chain::REFERENCE, data.cast_mut(), whole, info);
        let new = new.ok_or(Refused)?;
        new.trim_front(offset);
        self.push(new);
        self.count_added(len);
        self.notify();
        Ok(())
    }
}
