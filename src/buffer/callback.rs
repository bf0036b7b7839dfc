//! Callbacks: telling a program that a buffer's length changed.
//!
//! They run in the order of registration, the latest first, with the buffer locked. One may remove
//! itself or any other, or free the buffer: entries removed while a run is under way are only
//! marked, and freed when the last run has ended.
//!
//! Deferred callbacks run from the loop of an event base instead, once for all changes of an
//! iteration.

use core::cell::Cell;
use core::ffi::c_void;
use core::mem::size_of;
use core::ptr::{self, NonNull};

use super::handle::Result;
use super::{Buf, Buffer, CALLBACKS_REMOVED, DEFERRED_CALLBACKS, Locked, Refused, parent};
use crate::base::{BaseRef, global};
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::opaque::evbuffer;
use crate::support::mm;
use crate::support::thunk::Ref;
use crate::support::zeroed::{Zeroed, zeroed};

/// Gets the buffer, what changed, and the registered argument.
pub type Callback = unsafe extern "C" fn(*mut evbuffer, *const evbuffer_cb_info, *mut c_void);
/// Of libevent 1: gets the buffer, the length before and after, and the registered argument.
pub type OldCallback = unsafe extern "C" fn(*mut evbuffer, usize, usize, *mut c_void);

/// The callback is called.
pub const ENABLED: u32 = 1;
/// The callback is called at once even where others are deferred.
pub const NOT_DEFERRED: u32 = 2;
/// The callback is only called when bytes were added. Only for [`Locked::add_embedded`].
pub const ADDITIONS: u32 = 0x1000_0000;
/// Flags that no program sets.
const INTERNAL: u32 = 0xffff_0000;
/// Removed, and to be freed when no run is under way.
const REMOVED: u32 = 0x8000_0000;
/// Part of something else's memory: not to be freed.
const EMBEDDED: u32 = 0x4000_0000;
/// What makes a bufferevent's output flow.
const OWNER: u32 = ENABLED | EMBEDDED | ADDITIONS;

/// All zeros are [`Function::Absent`].
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Function {
    /// Counts for nothing, but takes a place, as a null callback does in libevent.
    Absent = 0,
    New(Callback),
    Old(OldCallback),
}

// SAFETY: `Absent`.
unsafe impl Zeroed for Function {}

impl Function {
    fn address(self) -> *const () {
        match self {
            Function::Absent => ptr::null(),
            Function::New(function) => function as *const (),
            Function::Old(function) => function as *const (),
        }
    }
}

/// `struct evbuffer_cb_entry`. All zeros are an entry that isn't in use.
pub struct Entry {
    next: Cell<Option<EntryRef>>,
    function: Cell<Function>,
    arg: Cell<*mut c_void>,
    flags: Cell<u32>,
}

zeroed!(Entry {
    next,
    function,
    arg,
    flags,
});

/// An entry of a buffer's list: live, as nothing is freed while a run is under way.
pub type EntryRef = Ref<Entry>;

impl Entry {
    fn has(&self, flags: u32) -> bool {
        self.flags.get() & flags != 0
    }

    /// Whether it is in a buffer's list, and part of the caller's memory.
    #[inline]
    pub fn is_embedded(&self) -> bool {
        self.has(EMBEDDED)
    }

    /// Marks the entry for [`sweep`].
    fn mark_removed(&self, buffer: &Buffer) {
        self.flags.set(REMOVED | self.flags.get() & EMBEDDED);
        buffer.set_bits(CALLBACKS_REMOVED, true);
    }
}

/// A new entry, which is in no list; null without memory.
fn allocate() -> Option<EntryRef> {
    let entry = NonNull::new(mm::malloc(size_of::<Entry>()).cast::<Entry>())?;
    // SAFETY: the block has the entry's size. It lives until `sweep` takes it from its list.
    unsafe {
        entry.write(Entry {
            next: Cell::new(None),
            function: Cell::new(Function::Absent),
            arg: Cell::new(ptr::null_mut()),
            flags: Cell::new(0),
        });
        Some(Ref::new(entry))
    }
}

impl Locked {
    /// Registers a callback; `None` without memory.
    ///
    /// # Safety
    /// The function may be called with the argument until it is removed or the buffer is freed.
    pub unsafe fn add_callback(&self, function: Function, arg: *mut c_void) -> Option<EntryRef> {
        let entry = allocate()?;
        self.link(entry, function, arg, ENABLED);
        Some(entry)
    }

    fn link(&self, entry: EntryRef, function: Function, arg: *mut c_void, flags: u32) {
        entry.next.set(self.callbacks.get());
        entry.function.set(function);
        entry.arg.set(arg);
        entry.flags.set(flags);
        self.callbacks.set(Some(entry));
    }

    /// Registers a callback in an entry of the caller's, unless it is registered already, as
    /// enabled. Needs no memory. `flags` are of [`NOT_DEFERRED`] and [`ADDITIONS`].
    ///
    /// # Safety
    /// The entry is all zeros or was passed here before, and stays as long as the buffer or until it
    /// is [removed](Self::remove_embedded). The function may be called with the argument until then.
    pub unsafe fn add_embedded(
        &self,
        entry: EntryRef,
        function: Callback,
        arg: *mut c_void,
        flags: u32,
    ) {
        let flags = ENABLED | EMBEDDED | flags;
        if entry.has(EMBEDDED) {
            entry.flags.set(flags);
        } else {
            self.link(entry, Function::New(function), arg, flags);
        }
    }

    /// Takes an entry of the caller's out, if it is in, because its memory goes. Also while the
    /// callbacks run: those in such entries don't call the program, so no run that comes to this has
    /// reached one.
    pub fn remove_embedded(&self, entry: EntryRef) {
        let mut previous = None;
        for candidate in entries(self) {
            if candidate == entry {
                unlink(self, previous, entry);
                return;
            }
            previous = Some(candidate);
        }
    }

    /// Replaces all callbacks by one, or by none. Refused, with nothing changed, without memory.
    ///
    /// # Safety
    /// As for [`Self::add_callback`].
    pub unsafe fn set_only_callback(
        &self,
        function: Option<OldCallback>,
        arg: *mut c_void,
    ) -> Result {
        let Some(function) = function else {
            remove_all(self);
            return Ok(());
        };
        let entry = allocate().ok_or(Refused)?;
        remove_all(self);
        self.link(entry, Function::Old(function), arg, ENABLED);
        Ok(())
    }

    /// Removes the entry at an address; false if it isn't one of the buffer's.
    pub fn remove_entry(&self, entry: *const Entry) -> bool {
        self.remove_first(|candidate| candidate.as_ptr().cast_const() == entry)
    }

    /// Removes the latest callback with this function and argument; false if there is none.
    pub fn remove_callback(&self, function: *const (), arg: *mut c_void) -> bool {
        self.remove_first(|entry| {
            entry.arg.get() == arg && entry.function.get().address() == function
        })
    }

    fn remove_first(&self, matches: impl Fn(EntryRef) -> bool) -> bool {
        let found = entries(self).find(|&entry| !entry.has(REMOVED) && matches(entry));
        if let Some(entry) = found {
            entry.mark_removed(self);
            sweep(self);
        }
        found.is_some()
    }

    /// Sets or clears flags of one of the buffer's callbacks.
    pub fn set_callback_flags(&self, entry: EntryRef, flags: u32, on: bool) {
        let (old, flags) = (entry.flags.get(), flags & !INTERNAL);
        entry.flags.set(if on { old | flags } else { old & !flags });
    }

    /// Whether there is anything to be told.
    #[inline]
    pub(super) fn has_callbacks(&self) -> bool {
        self.callbacks.get().is_some()
    }

    /// Ends an operation: releases what it has taken out, and tells the callbacks about all changes
    /// since the last time. They may change anything, so the buffer's state is complete.
    #[inline(always)]
    pub(super) fn notify(&self) {
        self.release_doomed();
        match self.callbacks.get() {
            None => self.forget_changes(),
            Some(first) => self.notify_some(first),
        }
    }

    /// [`Self::notify`] after bytes were only removed, which the callback that makes a bufferevent's
    /// output flow is not told of.
    #[inline(always)]
    pub(super) fn notify_of_removal(&self) {
        if self.n_add_for_cb.get() == 0
            && !self.has_bit(DEFERRED_CALLBACKS)
            && self.callbacks.get().is_none_or(is_only_owner)
        {
            self.release_doomed();
            self.forget_changes();
        } else {
            self.notify();
        }
    }

    #[inline(never)]
    fn notify_some(&self, first: EntryRef) {
        if self.has_bit(DEFERRED_CALLBACKS) {
            self.notify_deferred();
        } else if is_only_owner(first) {
            self.buf().notify_owner(first);
        } else {
            self.notify_all();
        }
    }

    #[inline(never)]
    fn notify_all(&self) {
        run(self, ENABLED, ENABLED, true);
    }

    /// While the loop has yet to run the callbacks, it has a reference to the buffer and to the
    /// bufferevent that owns it.
    #[inline(never)]
    fn notify_deferred(&self) {
        let base = global::base_or_current(self.cb_queue.get());
        if base.is_some_and(|base| self.deferred.schedule(&base.lock())) {
            self.take_ref();
            // SAFETY: a buffer's owner is null or live.
            unsafe { parent::take_ref(self.parent.get()) };
        }
        let flags = ENABLED | NOT_DEFERRED;
        run(self, flags, flags, false);
    }

    /// Has all callbacks run from the loop of `base`, except those that must not be deferred.
    pub fn defer_callbacks(&self, base: Option<BaseRef>) {
        let priority = base.map_or(0, |base| base.priorities() / 2);
        self.cb_queue.set(base);
        self.set_bits(DEFERRED_CALLBACKS, true);
        // SAFETY: the callback is a part of the buffer, of which it has a reference when queued.
        unsafe { self.deferred.init(priority as u8, run_deferred, self.buf()) };
    }
}

impl Buf {
    /// [`Locked::notify`] for a buffer that has no lock, of which nothing has been taken that is to be
    /// released.
    #[inline(always)]
    pub(super) fn notify(self) {
        match self.get().callbacks.get() {
            None => self.get().forget_changes(),
            Some(first) if is_only_owner(first) && !self.get().has_bit(DEFERRED_CALLBACKS) => {
                self.notify_owner(first);
            }
            Some(first) => self.notify_some(first),
        }
    }

    #[inline(never)]
    fn notify_some(self, first: EntryRef) {
        self.lock().notify_some(first);
    }

    /// Calls the only callback that a bufferevent's output usually has.
    #[inline(always)]
    fn notify_owner(self, entry: EntryRef) {
        let info = changes(self.get());
        self.get().forget_changes();
        if info.n_added != 0 {
            // Nothing is touched after the call, so that the entry and the buffer may go.
            call(self, entry, &info);
        }
    }
}

/// Whether an entry, the first of a buffer's, is what makes a bufferevent's output flow, and the only
/// one.
#[inline(always)]
fn is_only_owner(first: EntryRef) -> bool {
    first.flags.get() == OWNER && first.next.get().is_none()
}

/// The entries of a buffer, as they are when each is reached.
fn entries(buffer: &Buffer) -> impl Iterator<Item = EntryRef> {
    core::iter::successors(buffer.callbacks.get(), |entry| entry.next.get())
}

/// Takes an entry out of the list, in which `previous` comes before it.
fn unlink(buffer: &Buffer, previous: Option<EntryRef>, entry: EntryRef) {
    match previous {
        Some(previous) => previous.next.set(entry.next.get()),
        None => buffer.callbacks.set(entry.next.get()),
    }
}

/// Removes all callbacks.
pub(super) fn remove_all(buffer: &Buffer) {
    for entry in entries(buffer) {
        entry.mark_removed(buffer);
    }
    sweep(buffer);
}

/// Frees removed entries, unless there are none, or a run is under way that may hold on to them.
#[inline]
fn sweep(buffer: &Buffer) {
    if buffer.callback_runs.get() == 0 && buffer.has_bit(CALLBACKS_REMOVED) {
        free_removed(buffer);
    }
}

#[cold]
fn free_removed(buffer: &Buffer) {
    buffer.set_bits(CALLBACKS_REMOVED, false);
    let mut previous = None;
    let mut at = buffer.callbacks.get();
    while let Some(entry) = at {
        at = entry.next.get();
        if !entry.has(REMOVED) {
            previous = Some(entry);
            continue;
        }
        unlink(buffer, previous, entry);
        if entry.has(EMBEDDED) {
            entry.flags.set(0);
        } else {
            // SAFETY: `allocate` got it, it is in the list no more, and no run is under way.
            unsafe { mm::free(entry.as_ptr().cast()) };
        }
    }
}

/// Takes back a run that the loop has yet to do; the buffer is going away.
pub(super) fn cancel_deferred(buffer: &Buffer) {
    if buffer.has_bit(DEFERRED_CALLBACKS)
        && let Some(base) = global::base_or_current(buffer.cb_queue.get())
    {
        buffer.deferred.cancel(&base.lock());
    }
}

/// Gives back, in the end, the references that `notify_deferred` took.
fn run_deferred(buf: Buf) {
    let locked = buf.lock();
    let owner = locked.parent.get();
    run(&locked, ENABLED | NOT_DEFERRED, ENABLED, true);
    locked.drop_ref();
    drop(locked);
    // SAFETY: it was live when the reference was taken, and no lock of the buffer is held.
    unsafe { parent::unref(owner) };
}

/// What has changed since the callbacks last ran.
fn changes(buffer: &Buffer) -> evbuffer_cb_info {
    let (added, deleted) = (buffer.n_add_for_cb.get(), buffer.n_del_for_cb.get());
    evbuffer_cb_info {
        orig_size: buffer.len().wrapping_add(deleted).wrapping_sub(added),
        n_added: added,
        n_deleted: deleted,
    }
}

/// Calls one entry's function.
#[inline]
fn call(buf: Buf, entry: EntryRef, info: &evbuffer_cb_info) {
    let (buf, arg) = (buf.as_ptr().cast(), entry.arg.get());
    let new_len = info
        .orig_size
        .wrapping_add(info.n_added)
        .wrapping_sub(info.n_deleted);
    // SAFETY: the caller that registered it says that it may be called.
    unsafe {
        match entry.function.get() {
            Function::Absent => {}
            Function::New(function) => function(buf, info, arg),
            Function::Old(function) => function(buf, info.orig_size, new_len, arg),
        }
    }
}

/// Runs the callbacks whose flags, masked, have the given value. Unless `last`, the changes are
/// kept for another run. In line, because all but the first argument are constants.
#[inline(always)]
fn run(locked: &Locked, mask: u32, value: u32, last: bool) {
    let info = changes(locked);
    if info.n_added == 0 && info.n_deleted == 0 {
        return;
    }
    if last {
        locked.forget_changes();
    }
    // An entry without this flag has no such condition.
    let unmet = if info.n_added == 0 { ADDITIONS } else { 0 };
    // Entries stay while this is not zero, and new ones are put in front, where the walk does not
    // come.
    locked.callback_runs.set(locked.callback_runs.get() + 1);
    let mut at = locked.callbacks.get();
    while let Some(entry) = at {
        if entry.flags.get() & (mask | REMOVED | unmet) == value {
            call(locked.buf(), entry, &info);
        }
        at = entry.next.get();
    }
    locked.callback_runs.set(locked.callback_runs.get() - 1);
    sweep(locked);
}
