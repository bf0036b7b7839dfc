//! Procedures that an HTTP server offers.

use core::cell::Cell;
use core::ffi::{CStr, c_void};
use core::ptr::{self, NonNull};

use super::callbacks::CallFn;
use super::hook::{Hooks, Verdict, Way};
use super::meta::Context;
use super::{Kept, Shared, Uses};
use crate::buffer::{Buf, Buffer, OwnedBuf};
use crate::ctypes::http_struct::evhttp_request;
use crate::ctypes::queue::TailLink;
use crate::ctypes::rpc_struct::evrpc;
use crate::http::request::{Hold, Req};
use crate::http::server::{KeepServer, Server};
use crate::http::{method, reply};
use crate::support::intrusive::{Linked, TailQueue};
use crate::support::mm;
use crate::support::thunk::{Argument, Ref, Thunk, thunk};

/// What a path begins with that leads to a procedure.
pub const PATH: &[u8] = b"/.rpc.";

const UNAVAILABLE: core::ffi::c_int = 503;

// SAFETY: only computes the field's address.
unsafe impl Linked<()> for evrpc {
    unsafe fn link(this: *mut Self) -> *mut TailLink<Self> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*this).next }
    }
}

/// `struct evrpc_base`.
#[repr(C)]
pub struct Base {
    pub hooks: Hooks,
    uses: Uses,
    server: KeepServer,
    procedures: Cell<TailQueue<evrpc>>,
}

// SAFETY: `new` makes it so.
unsafe impl Shared for Base {
    fn uses(&self) -> &Uses {
        &self.uses
    }
}

/// The path that leads to a procedure. `None` without memory.
pub fn path_of(name: &[u8]) -> Option<mm::Vec<u8>> {
    let mut path = mm::vec();
    path.try_extend_from_slice(PATH).ok()?;
    path.try_extend_from_slice(name).ok()?;
    Some(path)
}

impl Base {
    /// Offers nothing yet. `None` without memory.
    pub fn new(server: &Server) -> Option<Ref<Base>> {
        let base = mm::Box::new(Base {
            hooks: Hooks::new(),
            uses: Uses::new(),
            server: server.keep(),
            procedures: Cell::new(TailQueue::UNSET),
        });
        let place = base.ok()?.into_raw();
        server.hostless.set(Some(PATH));
        // SAFETY: the object stays there until the last `Kept` frees it; procedures leave before.
        unsafe {
            let base = Ref::new(place);
            TailQueue::init(base.procedures.as_ptr());
            Some(base)
        }
    }

    fn handle(&self) -> Ref<Base> {
        // SAFETY: bases are made by `new` only.
        unsafe { Ref::new(NonNull::from(self)) }
    }

    /// Offers a procedure. False, and then it stays the caller's, without memory.
    ///
    /// # Safety
    /// A struct in memory of the hooks, as its name is, that nobody has registered.
    pub unsafe fn register(
        &self,
        procedure: NonNull<evrpc>,
        callback: CallFn,
        argument: *mut c_void,
    ) -> bool {
        let place = procedure.as_ptr();
        // SAFETY: the caller's promise.
        let name = unsafe {
            (*place).cb = callback;
            (*place).cb_arg = argument;
            (*place).base = self.handle().as_ptr().cast();
            CStr::from_ptr((*place).uri).to_bytes()
        };
        let Some(path) = path_of(name) else {
            return false;
        };
        // SAFETY: not in a queue yet, and leaves this one before it is freed.
        let procedure = unsafe {
            TailQueue::push_back(self.procedures.as_ptr(), place);
            Ref::new(procedure)
        };
        let on_request: Thunk<unsafe extern "C" fn(*mut evhttp_request, *mut c_void), _> =
            thunk(on_request);
        // Of two of one name, the first is called.
        let added = self.server.paths.borrow_mut().add(
            &path,
            Some(on_request.function()),
            procedure.into_raw(),
        );
        if added != Err(crate::http::server::paths::Refused::NoMemory) {
            return true;
        }
        // SAFETY: just linked.
        unsafe { TailQueue::remove(self.procedures.as_ptr(), place) };
        false
    }

    /// Withdraws a procedure, and frees it. False if there is none of that name.
    pub fn unregister(&self, name: &[u8]) -> bool {
        // SAFETY: initialised, and linked procedures are live.
        let mut at = unsafe { TailQueue::first(self.procedures.as_ptr()) };
        while !at.is_null() {
            // SAFETY: as above; the name is a C string.
            unsafe {
                if CStr::from_ptr((*at).uri).to_bytes() == name {
                    self.withdraw(at);
                    return true;
                }
                at = TailQueue::next(at);
            }
        }
        false
    }

    /// # Safety
    /// A procedure of this base.
    unsafe fn withdraw(&self, procedure: *mut evrpc) {
        // SAFETY: the caller's promise; struct and name are blocks of the hooks (`register`).
        unsafe {
            TailQueue::remove(self.procedures.as_ptr(), procedure);
            // Not by its path: another one may have the same, and making it takes memory.
            if !self.server.is_gone() {
                let mut paths = self.server.paths.borrow_mut();
                paths.remove_argument(procedure.cast());
            }
            mm::free((*procedure).uri.cast_mut().cast());
            mm::free(procedure.cast());
        }
    }

    /// Withdraws everything. Calls that the program works on go on; paused ones end.
    pub fn free(&self) {
        let base = Kept::new(self.handle());
        if base.uses.gone.replace(true) {
            return;
        }
        loop {
            // SAFETY: initialised.
            let first = unsafe { TailQueue::first(base.procedures.as_ptr()) };
            if first.is_null() {
                break;
            }
            // SAFETY: linked here.
            unsafe { base.withdraw(first) };
        }
        base.hooks.clear();
        base.hooks.terminate_paused();
    }
}

/// A call that is under way.
pub type CallRef = Ref<Call>;

/// A request that a server works on: `struct evrpc_req_generic`, whose first six members programs
/// see as those of EVRPC_STRUCT().
#[repr(C)]
pub struct Call {
    pub context: Context,
    pub request: Cell<*mut c_void>,
    pub reply: Cell<*mut c_void>,
    procedure: *mut evrpc,
    http: *mut evhttp_request,
    data: Cell<*mut Buffer>,
    /// The procedure's functions, as it may be withdrawn before the reply.
    functions: evrpc,
    hold: Hold,
    base: Kept<Base>,
}

impl Drop for Call {
    fn drop(&mut self) {
        let free = [
            (self.functions.request_free, self.request.get()),
            (self.functions.reply_free, self.reply.get()),
        ];
        for (function, message) in free {
            if let Some(function) = function
                && !message.is_null()
            {
                // SAFETY: the procedure's functions go with its messages.
                unsafe { function(message) };
            }
        }
        // SAFETY: the call's own buffer.
        drop(unsafe { OwnedBuf::from_ptr(self.data.get()) });
    }
}

/// The HTTP server's callback.
fn on_request(procedure: Ref<evrpc>, req: *mut evhttp_request) {
    // SAFETY: the server calls with a live request.
    let Some(req) = (unsafe { Req::new(req) }) else {
        return;
    };
    if req.method() != method::POST || req.input().is_empty() {
        reply::send_error(req, UNAVAILABLE, None);
        return;
    }
    let Some(call) = make(procedure, req) else {
        reply::send_error(req, UNAVAILABLE, None);
        return;
    };
    let base = Kept::new(*call.base);
    let verdict = match base.hooks.any(Way::In) {
        true if !call.context.set_connection(req.con()) => Verdict::Terminate,
        true => base
            .hooks
            .run(Way::In, call.as_ptr().cast(), req, req.input()),
        false => Verdict::Continue,
    };
    Step::Received.take(call, verdict);
}

fn make(procedure: Ref<evrpc>, req: Req) -> Option<Ref<Call>> {
    // SAFETY: registered with a base, which is live as long as its paths lead here.
    let base = unsafe { Ref::new(NonNull::new(procedure.base.cast::<Base>())?) };
    let call = mm::Box::new(Call {
        context: Context::new(),
        request: Cell::new(ptr::null_mut()),
        reply: Cell::new(ptr::null_mut()),
        procedure: procedure.as_ptr(),
        http: req.as_ptr(),
        data: Cell::new(ptr::null_mut()),
        functions: *procedure,
        hold: req.hold(),
        base: Kept::new(base),
    });
    // SAFETY: lives until `end`.
    Some(unsafe { Ref::new(call.ok()?.into_raw()) })
}

/// What hooks let happen.
#[derive(Clone, Copy)]
enum Step {
    /// The request may be read.
    Received,
    /// The reply may be sent.
    Replied,
}

impl Step {
    /// Takes the step: now, or when the call is resumed.
    fn take(self, call: Ref<Call>, verdict: Verdict) {
        if verdict == Verdict::Pause {
            let resume = match self {
                Step::Received => resume_received,
                Step::Replied => resume_replied,
            };
            let context = call.as_ptr().cast();
            // SAFETY: the call lives until a step ends it.
            if !call.base.is_gone() && unsafe { call.base.hooks.pause(context, resume) } {
                return;
            }
        }
        let verdict = match verdict {
            Verdict::Continue => Verdict::Continue,
            _ => Verdict::Terminate,
        };
        match self {
            Step::Received => received(call, verdict),
            Step::Replied => replied(call, verdict),
        }
    }
}

/// # Safety
/// A paused call.
unsafe fn resume_received(context: *mut c_void, verdict: Verdict) {
    // SAFETY: the caller's promise.
    received(unsafe { of(context) }, verdict);
}

/// # Safety
/// A paused call.
unsafe fn resume_replied(context: *mut c_void, verdict: Verdict) {
    // SAFETY: the caller's promise.
    replied(unsafe { of(context) }, verdict);
}

/// # Safety
/// A live call.
unsafe fn of(context: *mut c_void) -> Ref<Call> {
    // SAFETY: the caller's promise.
    unsafe { Ref::from_raw(context) }
}

/// The request may be read, and the program called.
fn received(call: Ref<Call>, verdict: Verdict) {
    if verdict == Verdict::Terminate || !read(call) {
        fail(call);
        return;
    }
    match call.functions.cb {
        // SAFETY: the program gave function and argument to go together.
        Some(function) => unsafe { function(call.as_ptr().cast(), call.functions.cb_arg) },
        None => fail(call),
    }
}

/// Makes the messages. False if the request is none.
fn read(call: Ref<Call>) -> bool {
    let functions = &call.functions;
    let (Some(new), Some(unmarshal), Some(new_reply)) = (
        functions.request_new,
        functions.request_unmarshal,
        functions.reply_new,
    ) else {
        return false;
    };
    if call.hold.is_freed() {
        return false;
    }
    // SAFETY: the procedure's functions go with its arguments and messages.
    unsafe {
        call.request.set(new(functions.request_new_arg));
        if call.request.get().is_null()
            || unmarshal(call.request.get(), call.hold.input().as_ptr().cast()) == -1
        {
            return false;
        }
        call.reply.set(new_reply(functions.reply_new_arg));
    }
    !call.reply.get().is_null()
}

/// The program has filled in the reply.
pub fn done(call: Ref<Call>) {
    let base = Kept::new(*call.base);
    if !write(call) {
        fail(call);
        return;
    }
    // SAFETY: `write` has made it, and it lives as long as the call.
    let data = unsafe { Buf::new(call.data.get()) };
    let verdict = match data {
        Some(data) if base.hooks.any(Way::Out) && !call.hold.is_freed() => {
            if call.context.set_connection(call.hold.con()) {
                let context = call.as_ptr().cast();
                base.hooks.run(Way::Out, context, *call.hold, data)
            } else {
                Verdict::Terminate
            }
        }
        _ => Verdict::Continue,
    };
    Step::Replied.take(call, verdict);
}

/// Writes the reply. False if it isn't complete.
fn write(call: Ref<Call>) -> bool {
    let functions = &call.functions;
    let (Some(complete), Some(marshal)) = (functions.reply_complete, functions.reply_marshal)
    else {
        return false;
    };
    // SAFETY: the procedure's functions go with its messages.
    if unsafe { complete(call.reply.get()) } == -1 {
        return false;
    }
    let Some(data) = OwnedBuf::new() else {
        return false;
    };
    call.data.set(data.into_ptr());
    // SAFETY: as above.
    unsafe { marshal(call.data.get().cast(), call.reply.get()) };
    true
}

/// The reply may be sent.
fn replied(call: Ref<Call>, verdict: Verdict) {
    if verdict == Verdict::Terminate {
        fail(call);
        return;
    }
    let req = *call.hold;
    if !call.hold.is_freed() {
        let headers = req.output_headers();
        let typed = headers.has(b"Content-Type")
            || headers
                .add(b"Content-Type", b"application/octet-stream", None)
                .is_ok();
        // SAFETY: the call's own buffer.
        let data = unsafe { Buf::new(call.data.get()) };
        if typed {
            reply::send(req, 200, Some(b"OK"), data);
        } else {
            reply::send_error(req, UNAVAILABLE, None);
        }
    }
    end(call);
}

/// The call can't be answered.
fn fail(call: Ref<Call>) {
    if !call.hold.is_freed() {
        reply::send_error(*call.hold, UNAVAILABLE, None);
    }
    end(call);
}

fn end(call: Ref<Call>) {
    // SAFETY: made by `make`; nobody uses it any more.
    drop(unsafe { mm::Box::from_raw(call.as_non_null()) });
}

/// Fills in and registers a procedure. False without memory.
pub fn register_generic(base: Ref<Base>, name: &CStr, functions: evrpc) -> bool {
    let Ok(place) = mm::Box::new(functions) else {
        return false;
    };
    let place = place.into_raw();
    // SAFETY: a fresh block; the name is a C string.
    unsafe {
        let copy = mm::strdup(name.as_ptr());
        (*place.as_ptr()).uri = copy;
        if !copy.is_null() && base.register(place, functions.cb, functions.cb_arg) {
            return true;
        }
        mm::free(copy.cast());
        mm::free(place.as_ptr().cast());
    }
    false
}
