//! What hooks note of a call for the hooks that follow.

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr::{self, NonNull};

use crate::http::connection::{Con, Keep};
use crate::support::mm;
use crate::support::thunk::Ref;

struct Note {
    key: mm::Vec<u8>,
    data: mm::OwnedBlock,
    len: usize,
}

/// `struct evrpc_hook_meta`.
pub struct Meta {
    con: RefCell<Option<Keep>>,
    notes: RefCell<mm::Vec<Note>>,
}

/// The context of a live call, whose first member it is.
pub type ContextRef = Ref<Context>;

/// The first member of what hooks get as the context of a call. Programs see its pointer as the
/// first member of theirs.
#[repr(transparent)]
pub struct Context(Cell<*mut Meta>);

impl Context {
    pub const fn new() -> Self {
        Self(Cell::new(ptr::null_mut()))
    }

    fn meta(&self) -> Option<&Meta> {
        // SAFETY: null, or a box's contents that live as long as this.
        unsafe { self.0.get().as_ref() }
    }

    /// The notes, which are made if there are none yet. `None` without memory.
    fn meta_or_new(&self) -> Option<&Meta> {
        if self.0.get().is_null() {
            let meta = Meta {
                con: RefCell::new(None),
                notes: RefCell::new(mm::vec()),
            };
            self.0.set(mm::Box::new(meta).ok()?.into_raw().as_ptr());
        }
        self.meta()
    }

    /// Tells hooks the connection. False without memory.
    pub fn set_connection(&self, con: Option<Con>) -> bool {
        let Some(meta) = self.meta_or_new() else {
            return false;
        };
        *meta.con.borrow_mut() = con.map(|con| con.keep());
        true
    }

    /// The connection, unless it is gone.
    pub fn connection(&self) -> Option<Con> {
        let con = self.meta()?.con.borrow();
        con.as_ref().filter(|con| !con.is_gone()).map(|con| **con)
    }

    /// Adds a copy of the data under a key. False without memory.
    pub fn add(&self, key: &[u8], data: &[u8]) -> bool {
        let add = || {
            let mut note = Note {
                key: mm::vec(),
                data: mm::OwnedBlock::c_string(data).ok()?,
                len: data.len(),
            };
            note.key.try_extend_from_slice(key).ok()?;
            self.meta_or_new()?.notes.borrow_mut().try_push(note).ok()
        };
        add().is_some()
    }

    /// The data that were first added under a key.
    pub fn find(&self, key: &[u8]) -> Option<(*mut c_void, usize)> {
        let notes = self.meta()?.notes.borrow();
        let note = notes.iter().find(|note| note.key[..] == *key)?;
        Some((note.data.as_ptr().cast(), note.len))
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(meta) = NonNull::new(self.0.get()) {
            // SAFETY: from `meta_or_new`.
            drop(unsafe { mm::Box::from_raw(meta) });
        }
    }
}
