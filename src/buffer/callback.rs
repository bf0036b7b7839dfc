//! Callbacks: telling a program that a buffer's length changed.
//!
//! They run in the order of registration, the latest first, with the buffer locked. One may remove
//! itself or any other, or free the buffer: entries removed while a run is under way are only
//! marked, and freed when the last run is over.
//!
//! Deferred callbacks run from the loop of an event base instead, once for all changes of a turn.

use core::ffi::c_void;
use core::mem::size_of;
use core::ptr;

use super::{
    Buffer, CALLBACKS_REMOVED, DEFERRED_CALLBACKS, Locked, parent, take_ref, unref_and_unlock,
};
use crate::base::{EventBase, deferred};
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::event_struct::event_callback;
use crate::ctypes::opaque::evbuffer;
use crate::support::{lock, mm};

/// Gets the buffer, what changed, and the registered argument.
pub type Callback = unsafe extern "C" fn(*mut evbuffer, *const evbuffer_cb_info, *mut c_void);
/// Of libevent 1: gets the buffer, the length before and after, and the registered argument.
pub type OldCallback = unsafe extern "C" fn(*mut evbuffer, usize, usize, *mut c_void);

/// The callback is called.
pub const ENABLED: u32 = 1;
/// The callback is called at once even where others are deferred.
pub const NOT_DEFERRED: u32 = 2;
/// The callback is only called when bytes were added. Only for [`add_embedded`].
pub const ADDITIONS: u32 = 0x1000_0000;
/// Flags that no program sets.
const INTERNAL: u32 = 0xffff_0000;
/// Removed, and to be freed when no run is under way.
const REMOVED: u32 = 0x8000_0000;
/// Part of something else's memory: not to be freed.
const EMBEDDED: u32 = 0x4000_0000;
/// What a bufferevent has its output flow by.
const OWNER: u32 = ENABLED | EMBEDDED | ADDITIONS;

#[derive(Clone, Copy)]
pub enum Function {
    /// Counts for nothing, but takes a place, as a null callback does in libevent.
    None,
    New(Callback),
    Old(OldCallback),
}

/// `struct evbuffer_cb_entry`.
pub struct Entry {
    next: *mut Entry,
    function: Function,
    arg: *mut c_void,
    flags: u32,
}

/// Registers a callback. Null without memory.
///
/// # Safety
/// `buf` is live.
pub unsafe fn add(buf: *mut Buffer, function: Function, arg: *mut c_void) -> *mut Entry {
    let entry = mm::malloc(size_of::<Entry>()).cast::<Entry>();
    if !entry.is_null() {
        // SAFETY: the block has the entry's size, and the caller promises the buffer.
        unsafe { link(buf, entry, function, arg, ENABLED) };
    }
    entry
}

unsafe fn link(
    buf: *mut Buffer,
    entry: *mut Entry,
    function: Function,
    arg: *mut c_void,
    flags: u32,
) {
    // SAFETY: the caller passes memory for an entry that is in no list.
    unsafe {
        let _locked = Locked::new(buf);
        entry.write(Entry {
            next: (*buf).callbacks,
            function,
            arg,
            flags,
        });
        (*buf).callbacks = entry;
    }
}

/// Registers a callback in an entry of the caller's, unless it is registered already, as enabled.
/// Needs no memory. `flags` are of [`NOT_DEFERRED`] and [`ADDITIONS`].
///
/// # Safety
/// `buf` is live; `entry` is all zeros or was passed here before, and stays as long as the buffer.
pub unsafe fn add_embedded(
    buf: *mut Buffer,
    entry: *mut Entry,
    function: Callback,
    arg: *mut c_void,
    flags: u32,
) {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let flags = ENABLED | EMBEDDED | flags;
        if (*entry).flags & EMBEDDED == 0 {
            link(buf, entry, Function::New(function), arg, flags);
        } else {
            (*entry).flags = flags;
        }
    }
}

/// Replaces all callbacks by one, or by none. False, with nothing changed, without memory.
///
/// # Safety
/// `buf` is live.
pub unsafe fn set_only(buf: *mut Buffer, function: Option<OldCallback>, arg: *mut c_void) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let Some(function) = function else {
            remove_all(buf);
            return true;
        };
        let entry = mm::malloc(size_of::<Entry>()).cast::<Entry>();
        if entry.is_null() {
            return false;
        }
        remove_all(buf);
        link(buf, entry, Function::Old(function), arg, ENABLED);
    }
    true
}

/// Removes the entry; false if it isn't one of the buffer's.
///
/// # Safety
/// `buf` is live.
pub unsafe fn remove_entry(buf: *mut Buffer, entry: *mut Entry) -> bool {
    // SAFETY: promised by the caller; `remove_first` passes live entries.
    unsafe { remove_first(buf, |candidate| candidate == entry) }
}

/// Removes the latest callback with this function and argument; false if there is none.
///
/// # Safety
/// `buf` is live.
pub unsafe fn remove(buf: *mut Buffer, function: *const (), arg: *mut c_void) -> bool {
    // SAFETY: promised by the caller; `remove_first` passes live entries.
    unsafe {
        remove_first(buf, |entry| {
            (*entry).arg == arg && address(entry) == function
        })
    }
}

/// The address of the entry's function.
unsafe fn address(entry: *mut Entry) -> *const () {
    // SAFETY: the caller passes a live entry.
    match unsafe { (*entry).function } {
        Function::None => ptr::null(),
        Function::New(function) => function as *const (),
        Function::Old(function) => function as *const (),
    }
}

/// Takes an entry of the caller's out, if it is in, for its memory goes. Also while the callbacks
/// run: those in such entries don't call the program, so no run that comes to this has reached one.
///
/// # Safety
/// `buf` is live, and `entry` was passed to [`add_embedded`] or is all zeros.
pub unsafe fn remove_embedded(buf: *mut Buffer, entry: *mut Entry) {
    // SAFETY: promised by the caller; the buffer's entries are live.
    unsafe {
        let _locked = Locked::new(buf);
        let mut at = &raw mut (*buf).callbacks;
        while !(*at).is_null() {
            if *at == entry {
                *at = (*entry).next;
                return;
            }
            at = &raw mut (**at).next;
        }
    }
}

unsafe fn remove_first(buf: *mut Buffer, matches: impl Fn(*mut Entry) -> bool) -> bool {
    // SAFETY: the caller passes a live buffer; its entries are live.
    unsafe {
        let _locked = Locked::new(buf);
        let mut at = (*buf).callbacks;
        while !at.is_null() {
            if (*at).flags & REMOVED == 0 && matches(at) {
                (*at).flags = REMOVED | (*at).flags & EMBEDDED;
                (*buf).bits |= CALLBACKS_REMOVED;
                sweep(buf);
                return true;
            }
            at = (*at).next;
        }
        false
    }
}

/// Removes all callbacks.
///
/// # Safety
/// `buf` is live and locked.
pub unsafe fn remove_all(buf: *mut Buffer) {
    // SAFETY: promised by the caller; the buffer's entries are live.
    unsafe {
        let mut at = (*buf).callbacks;
        while !at.is_null() {
            (*at).flags = REMOVED | (*at).flags & EMBEDDED;
            (*buf).bits |= CALLBACKS_REMOVED;
            at = (*at).next;
        }
        sweep(buf);
    }
}

/// Frees removed entries, unless there are none, or a run is under way that may hold on to them.
#[inline]
unsafe fn sweep(buf: *mut Buffer) {
    // SAFETY: the caller holds the lock.
    unsafe {
        if (*buf).callback_runs == 0 && (*buf).bits & CALLBACKS_REMOVED != 0 {
            free_removed(buf);
        }
    }
}

#[cold]
unsafe fn free_removed(buf: *mut Buffer) {
    // SAFETY: the caller holds the lock; the buffer's entries are live, and no run is under way.
    unsafe {
        (*buf).bits &= !CALLBACKS_REMOVED;
        let mut at = &raw mut (*buf).callbacks;
        while !(*at).is_null() {
            let entry = *at;
            if (*entry).flags & REMOVED != 0 {
                *at = (*entry).next;
                if (*entry).flags & EMBEDDED != 0 {
                    (*entry).flags = 0;
                } else {
                    mm::free(entry.cast());
                }
            } else {
                at = &raw mut (*entry).next;
            }
        }
    }
}

/// Sets or clears flags of a callback. False for a null entry.
///
/// # Safety
/// `buf` is live, and `entry` is null or one of its callbacks.
pub unsafe fn change_flags(buf: *mut Buffer, entry: *mut Entry, flags: u32, set: bool) -> bool {
    if entry.is_null() {
        return false;
    }
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        if set {
            (*entry).flags |= flags & !INTERNAL;
        } else {
            (*entry).flags &= !(flags & !INTERNAL);
        }
    }
    true
}

/// Whether anybody is told.
///
/// # Safety
/// `buf` is live and locked.
#[inline]
pub unsafe fn any(buf: *const Buffer) -> bool {
    // SAFETY: promised by the caller.
    unsafe { !(*buf).callbacks.is_null() }
}

/// Tells the callbacks about all changes since the last time.
///
/// # Safety
/// The buffer is held by a [`Locked`], and its state is complete: callbacks may change anything.
#[inline]
pub unsafe fn notify(buf: *mut Buffer) {
    // SAFETY: promised by the caller.
    unsafe {
        if (*buf).callbacks.is_null() {
            forget_changes(buf);
        } else {
            notify_some(buf);
        }
    }
}

#[inline(never)]
unsafe fn notify_some(buf: *mut Buffer) {
    // SAFETY: `notify`'s contract.
    unsafe {
        let first = (*buf).callbacks;
        if (*buf).bits & DEFERRED_CALLBACKS != 0 {
            notify_deferred(buf);
        } else if (*first).flags == OWNER && (*first).next.is_null() {
            tell_owner(buf, first);
        } else {
            notify_all(buf);
        }
    }
}

#[inline(never)]
unsafe fn notify_all(buf: *mut Buffer) {
    // SAFETY: `notify`'s contract.
    unsafe { run(buf, ENABLED, ENABLED, true) };
}

#[inline(never)]
unsafe fn notify_deferred(buf: *mut Buffer) {
    // SAFETY: `notify`'s contract. While the loop has yet to run the callbacks, it has a reference
    // to the buffer and to the bufferevent that owns it.
    unsafe {
        if deferred::schedule((*buf).cb_queue, &raw mut (*buf).deferred) {
            take_ref(buf);
            parent::take_ref((*buf).parent);
        }
        run(buf, ENABLED | NOT_DEFERRED, ENABLED | NOT_DEFERRED, false);
    }
}

/// Calls the only callback that a bufferevent's output mostly has.
#[inline]
unsafe fn tell_owner(buf: *mut Buffer, entry: *mut Entry) {
    // SAFETY: as in `run`; nothing is touched after the call, so that the entry may go.
    unsafe {
        let info = changes(buf);
        forget_changes(buf);
        if info.n_added != 0
            && let Function::New(function) = (*entry).function
        {
            function(buf.cast(), &raw const info, (*entry).arg);
        }
    }
}

/// Has all callbacks run from the loop of `base`, except those that must not be deferred.
///
/// # Safety
/// Both are live, and the base outlives the buffer.
pub unsafe fn defer(buf: *mut Buffer, base: *mut EventBase) {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let priority = EventBase::from_ptr(base).map_or(0, |base| base.priorities() / 2);
        (*buf).cb_queue = base;
        (*buf).bits |= DEFERRED_CALLBACKS;
        deferred::init(
            &raw mut (*buf).deferred,
            priority as u8,
            Some(run_deferred),
            buf.cast(),
        );
    }
}

/// Takes back a run that the loop has yet to do.
///
/// # Safety
/// `buf` is live and locked, and going away.
pub unsafe fn cancel_deferred(buf: *mut Buffer) {
    // SAFETY: promised by the caller.
    unsafe {
        if (*buf).bits & DEFERRED_CALLBACKS != 0 {
            deferred::cancel((*buf).cb_queue, &raw mut (*buf).deferred);
        }
    }
}

unsafe extern "C" fn run_deferred(_: *mut event_callback, buf: *mut c_void) {
    let buf = buf.cast::<Buffer>();
    // SAFETY: `notify_some` took the references that are given back here.
    unsafe {
        lock::lock((*buf).lock);
        let owner = (*buf).parent;
        run(buf, ENABLED | NOT_DEFERRED, ENABLED, true);
        unref_and_unlock(buf);
        parent::unref(owner);
    }
}

/// What has changed since the callbacks last ran.
unsafe fn changes(buf: *mut Buffer) -> evbuffer_cb_info {
    // SAFETY: the caller holds the lock.
    unsafe {
        let (added, deleted) = ((*buf).n_add_for_cb, (*buf).n_del_for_cb);
        evbuffer_cb_info {
            orig_size: (*buf).total_len.wrapping_add(deleted).wrapping_sub(added),
            n_added: added,
            n_deleted: deleted,
        }
    }
}

#[inline]
unsafe fn forget_changes(buf: *mut Buffer) {
    // SAFETY: the caller holds the lock.
    unsafe {
        (*buf).n_add_for_cb = 0;
        (*buf).n_del_for_cb = 0;
    }
}

/// Runs the callbacks whose flags, masked, have the given value. Unless `last`, the changes are
/// kept for another run. In line, for all but the first argument are constants.
#[inline(always)]
unsafe fn run(buf: *mut Buffer, mask: u32, value: u32, last: bool) {
    // SAFETY: the buffer is held by a Locked. Entries stay while `callback_runs` is not zero, and
    // new ones are put in front, where the walk does not come.
    unsafe {
        let info = changes(buf);
        if info.n_added == 0 && info.n_deleted == 0 {
            return;
        }
        let new_len = (*buf).total_len;
        if last {
            forget_changes(buf);
        }
        // An entry without this flag has no such condition.
        let unmet = if info.n_added == 0 { ADDITIONS } else { 0 };
        (*buf).callback_runs += 1;
        let mut at = (*buf).callbacks;
        while !at.is_null() {
            if (*at).flags & (mask | REMOVED | unmet) == value {
                match (*at).function {
                    Function::None => {}
                    Function::New(function) => function(buf.cast(), &raw const info, (*at).arg),
                    Function::Old(function) => {
                        function(buf.cast(), info.orig_size, new_len, (*at).arg)
                    }
                }
            }
            at = (*at).next;
        }
        (*buf).callback_runs -= 1;
        sweep(buf);
    }
}
