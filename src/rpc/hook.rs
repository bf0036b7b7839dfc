//! Functions that look at messages on their way, and calls that wait for their word.

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr;

use super::callbacks::HookFn;
use crate::buffer::Buf;
use crate::ctypes::rpc::{
    EVRPC_CONTINUE, EVRPC_HOOK_RESULT, EVRPC_HOOK_TYPE, EVRPC_INPUT, EVRPC_OUTPUT, EVRPC_PAUSE,
    EVRPC_TERMINATE,
};
use crate::http::request::Req;
use crate::support::mm;
use crate::support::thunk::Ref;

/// Which way a message goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    In,
    Out,
}

impl Way {
    /// `None` for a number that is no way.
    pub fn new(kind: EVRPC_HOOK_TYPE) -> Option<Self> {
        match kind {
            EVRPC_INPUT => Some(Self::In),
            EVRPC_OUTPUT => Some(Self::Out),
            _ => None,
        }
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Continue,
    Terminate,
    Pause,
}

impl Verdict {
    /// What hooks return; what they must not return ends the call.
    fn of_hook(result: EVRPC_HOOK_RESULT) -> Self {
        match result {
            EVRPC_CONTINUE => Self::Continue,
            EVRPC_PAUSE => Self::Pause,
            _ => Self::Terminate,
        }
    }

    /// What a paused call is resumed with: nothing but the end keeps it from going on.
    pub fn of_resume(result: EVRPC_HOOK_RESULT) -> Self {
        match result {
            EVRPC_TERMINATE => Self::Terminate,
            _ => Self::Continue,
        }
    }
}

#[derive(Clone, Copy)]
struct Hook {
    way: Way,
    /// Grows from each to the next; what programs know the hook by.
    id: usize,
    function: HookFn,
    argument: *mut c_void,
}

/// Goes on with a call whose context this is.
type Resume = unsafe fn(*mut c_void, Verdict);

struct Paused {
    context: *mut c_void,
    resume: Resume,
}

/// The hooks of a live base or pool, whose first member they are.
pub type HooksRef = Ref<Hooks>;

/// The hooks of a base or pool, of which it is the first member.
pub struct Hooks {
    hooks: RefCell<mm::Vec<Hook>>,
    last_id: Cell<usize>,
    paused: RefCell<mm::Vec<Paused>>,
}

impl Hooks {
    pub const fn new() -> Self {
        Self {
            hooks: RefCell::new(mm::vec()),
            last_id: Cell::new(0),
            paused: RefCell::new(mm::vec()),
        }
    }

    /// Adds a hook behind the others. Returns what it is known by, null without memory.
    pub fn add(&self, way: Way, function: HookFn, argument: *mut c_void) -> *mut c_void {
        let id = self.last_id.get() + 1;
        let hook = Hook {
            way,
            id,
            function,
            argument,
        };
        if self.hooks.borrow_mut().try_push(hook).is_err() {
            return ptr::null_mut();
        }
        self.last_id.set(id);
        ptr::without_provenance_mut(id)
    }

    /// Removes a hook. False if there is none of that name.
    pub fn remove(&self, way: Way, handle: *mut c_void) -> bool {
        let mut hooks = self.hooks.borrow_mut();
        let named = |hook: &Hook| hook.way == way && hook.id == handle.addr();
        let Some(index) = hooks.iter().position(named) else {
            return false;
        };
        hooks.remove(index);
        true
    }

    /// Whether there are any of this kind.
    pub fn any(&self, way: Way) -> bool {
        self.hooks.borrow().iter().any(|hook| hook.way == way)
    }

    pub fn clear(&self) {
        self.hooks.take();
    }

    /// Asks one hook after the other. They may add and remove any. The caller keeps the memory.
    pub fn run(&self, way: Way, context: *mut c_void, req: Req, message: Buf) -> Verdict {
        let mut last = 0;
        loop {
            let behind = |hook: &&Hook| hook.way == way && hook.id > last;
            let Some(hook) = self.hooks.borrow().iter().find(behind).copied() else {
                return Verdict::Continue;
            };
            last = hook.id;
            let Some(function) = hook.function else {
                continue;
            };
            // SAFETY: the program gave function and argument to go together.
            let result = unsafe {
                function(
                    context,
                    req.as_ptr(),
                    message.as_ptr().cast(),
                    hook.argument,
                )
            };
            let verdict = Verdict::of_hook(result);
            if verdict != Verdict::Continue {
                return verdict;
            }
        }
    }

    /// Has a call wait for [`Self::resume`]. False without memory.
    ///
    /// # Safety
    /// `resume` can be called with the context, until [`Self::forget`].
    pub unsafe fn pause(&self, context: *mut c_void, resume: Resume) -> bool {
        let paused = Paused { context, resume };
        self.paused.borrow_mut().try_push(paused).is_ok()
    }

    /// A paused call ends in another way.
    pub fn forget(&self, context: *mut c_void) -> Option<Resume> {
        let mut paused = self.paused.borrow_mut();
        let index = paused.iter().position(|one| one.context == context)?;
        Some(paused.remove(index).resume)
    }

    /// Goes on with a paused call. False if there is none of this context.
    pub fn resume(&self, context: *mut c_void, verdict: Verdict) -> bool {
        let Some(resume) = self.forget(context) else {
            return false;
        };
        // SAFETY: promised to `pause`. It is not in the list any more.
        unsafe { resume(context, verdict) };
        true
    }

    /// Ends all paused calls.
    pub fn terminate_paused(&self) {
        loop {
            let first = self.paused.borrow().first().map(|paused| paused.context);
            let Some(context) = first else { break };
            self.resume(context, Verdict::Terminate);
        }
    }
}
