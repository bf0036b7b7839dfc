//! Watchers: callbacks just before the loop waits and just after.

use core::cell::Cell;
use core::ffi::c_void;
use core::hint::cold_path;
use core::ptr::{self, NonNull};

use libc::timeval;

use crate::backend::Timeout;
use crate::base::{EventBase, Locked};
use crate::ctypes::watch::{
    evwatch_check_cb, evwatch_check_cb_info, evwatch_prepare_cb, evwatch_prepare_cb_info,
};
use crate::support::{mm, time};

/// What a watcher calls.
#[derive(Clone, Copy)]
pub enum Call {
    Prepare(evwatch_prepare_cb),
    Check(evwatch_check_cb),
}

/// A watcher. Opaque to C.
pub struct Watch {
    base: *mut EventBase,
    call: Call,
    argument: *mut c_void,
    next: Cell<*mut Watch>,
    previous: Cell<*mut Watch>,
}

/// The watchers of one kind, oldest first.
struct List {
    first: Cell<*mut Watch>,
    last: Cell<*mut Watch>,
    /// The one to call next, so that a callback may free any watcher.
    cursor: Cell<*mut Watch>,
}

/// The watchers of one base.
pub struct Watchers {
    prepare: List,
    check: List,
}

impl List {
    const fn new() -> List {
        List {
            first: Cell::new(ptr::null_mut()),
            last: Cell::new(ptr::null_mut()),
            cursor: Cell::new(ptr::null_mut()),
        }
    }

    fn append(&self, watch: NonNull<Watch>) {
        // SAFETY: the new watcher and those in the list are alive.
        unsafe {
            watch.as_ref().previous.set(self.last.get());
            match self.last.get().as_ref() {
                Some(last) => last.next.set(watch.as_ptr()),
                None => self.first.set(watch.as_ptr()),
            }
        }
        self.last.set(watch.as_ptr());
    }

    fn remove(&self, watch: &Watch) {
        let (previous, next) = (watch.previous.get(), watch.next.get());
        // SAFETY: neighbours in the list are alive.
        unsafe {
            match previous.as_ref() {
                Some(previous) => previous.next.set(next),
                None => self.first.set(next),
            }
            match next.as_ref() {
                Some(next) => next.previous.set(previous),
                None => self.last.set(previous),
            }
        }
        if ptr::eq(self.cursor.get(), watch) {
            self.cursor.set(next);
        }
    }

    /// Calls each watcher, with the lock given up.
    fn run(&self, base: &Locked, call: impl Fn(*mut Watch, Call, *mut c_void)) {
        self.cursor.set(self.first.get());
        // SAFETY: the cursor moves on when its watcher is freed, so it is alive.
        while let Some(watch) = unsafe { self.cursor.get().as_ref() } {
            self.cursor.set(watch.next.get());
            let (ptr, function, argument) =
                (ptr::from_ref(watch).cast_mut(), watch.call, watch.argument);
            base.call_out(|| call(ptr, function, argument));
        }
    }
}

impl Watchers {
    pub const fn new() -> Watchers {
        Watchers {
            prepare: List::new(),
            check: List::new(),
        }
    }
}

/// Calls the watchers that want to know how long the loop is about to wait. False if there are none.
#[inline(always)]
pub(in crate::base) fn run_prepare(base: &Locked, timeout: Timeout) -> bool {
    let list = &base.watchers.prepare;
    if list.first.get().is_null() {
        return false;
    }
    cold_path();
    let timeout: Option<timeval> = match timeout {
        Timeout::Zero => Some(time::to_timeval(0)),
        Timeout::For { span, .. } => Some(time::to_timeval(span)),
        Timeout::Infinite => None,
    };
    let info = evwatch_prepare_cb_info {
        timeout: timeout.as_ref().map_or(ptr::null(), ptr::from_ref),
    };
    list.run(base, |watch, call, argument| {
        if let Call::Prepare(Some(function)) = call {
            // SAFETY: the program gave function and argument to go together.
            unsafe { function(watch.cast(), &raw const info, argument) };
        }
    });
    true
}

/// Calls the watchers that want to know that the loop has looked.
#[inline(always)]
pub(in crate::base) fn run_check(base: &Locked) {
    let list = &base.watchers.check;
    if list.first.get().is_null() {
        return;
    }
    cold_path();
    let info = evwatch_check_cb_info {
        unused: ptr::null_mut(),
    };
    list.run(base, |watch, call, argument| {
        if let Call::Check(Some(function)) = call {
            // SAFETY: the program gave function and argument to go together.
            unsafe { function(watch.cast(), &raw const info, argument) };
        }
    });
}

impl Watch {
    /// The base that it watches.
    pub fn base(&self) -> *mut EventBase {
        self.base
    }

    fn list<'a>(&self, base: &'a EventBase) -> &'a List {
        match self.call {
            Call::Prepare(_) => &base.watchers.prepare,
            Call::Check(_) => &base.watchers.check,
        }
    }
}

impl Locked<'_> {
    /// A new watcher, called after those that exist. Null without memory.
    pub fn watch(&self, call: Call, argument: *mut c_void) -> *mut Watch {
        let memory = mm::malloc(size_of::<Watch>()).cast::<Watch>();
        let Some(watch) = NonNull::new(memory) else {
            return ptr::null_mut();
        };
        let fresh = Watch {
            base: self.as_ptr(),
            call,
            argument,
            next: Cell::new(ptr::null_mut()),
            previous: Cell::new(ptr::null_mut()),
        };
        // SAFETY: a fresh block of the right size.
        unsafe {
            memory.write(fresh);
            watch.as_ref().list(self).append(watch);
        }
        memory
    }

    /// Ends a watcher.
    ///
    /// # Safety
    /// `watch` is a live watcher of this base, and is not used afterwards.
    pub unsafe fn unwatch(&self, watch: NonNull<Watch>) {
        // SAFETY: the caller's promise.
        unsafe {
            watch.as_ref().list(self).remove(watch.as_ref());
            mm::free(watch.as_ptr().cast());
        }
    }

    pub(in crate::base) fn free_watchers(&self) {
        for list in [&self.watchers.prepare, &self.watchers.check] {
            while let Some(watch) = NonNull::new(list.first.get()) {
                // SAFETY: in the list, so alive.
                unsafe { self.unwatch(watch) };
            }
        }
    }
}
