//! Calls that a client makes.

use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_int, c_void};
use core::ptr::{self};

use super::Kept;
use super::callbacks::{DoneFn, FreeFn, MarshalFn, UnmarshalFn};
use super::hook::{Verdict, Way};
use super::meta::Context;
use super::pool::Pool;
use super::server::path_of;
use crate::base::{BaseRef, OwnTimer, global};
use crate::ctypes::http_struct::{EVHTTP_USER_OWNED, evhttp_request};
use crate::ctypes::rpc_struct::{
    EVRPC_STATUS_ERR_BADPAYLOAD, EVRPC_STATUS_ERR_HOOKABORTED, EVRPC_STATUS_ERR_NONE,
    EVRPC_STATUS_ERR_TIMEOUT, EVRPC_STATUS_ERR_UNSTARTED, evrpc_status,
};
use crate::http::client::{Client, Target};
use crate::http::connection::Keep;
use crate::http::connection::fail::Failure;
use crate::http::request::Req;
use crate::http::{client, method};
use crate::support::decimal::Decimal;
use crate::support::members::{self, Place};
use crate::support::mm;
use crate::support::thunk::{Argument, Ref, Thunk, thunk};

/// Where a call is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// In no queue.
    New,
    /// There is no idle connection for it.
    Waiting,
    /// It has a connection.
    Started,
    /// A hook has stopped it.
    Paused,
}

/// The HTTP request of a call.
#[derive(Clone, Copy)]
enum Http {
    /// There is none yet, or its callback runs.
    None,
    /// It is the call's: not sent yet, or with the reply for which a hook waits.
    Own(Req),
    /// It is the connection's, until its callback runs or the connection is gone.
    Sent(Req),
}

/// The program's functions for the messages of a call, and its callback.
#[derive(Clone, Copy)]
pub struct Functions {
    pub marshal: MarshalFn,
    pub clear: FreeFn,
    pub unmarshal: UnmarshalFn,
    pub done: DoneFn,
    pub argument: *mut c_void,
}

/// `struct evrpc_request_wrapper`.
#[repr(C)]
pub struct Call {
    pub context: Context,
    /// In its pool's queue.
    pub(super) link: Place<Call>,
    pub stage: Cell<Stage>,
    pool: RefCell<Kept<Pool>>,
    con: RefCell<Option<Keep>>,
    http: Cell<Http>,
    path: mm::Vec<u8>,
    request: *mut c_void,
    reply: *mut c_void,
    functions: Cell<Functions>,
    timer: OwnTimer,
    /// That of the timer, once it was started.
    timer_base: Cell<Option<BaseRef>>,
}

impl Call {
    /// A call of `name`. `None` without memory.
    pub fn new(
        pool: Ref<Pool>,
        name: &[u8],
        request: *mut c_void,
        reply: *mut c_void,
        functions: Functions,
    ) -> Option<Ref<Call>> {
        let call = mm::Box::new(Call {
            context: Context::new(),
            link: members::nowhere(),
            stage: Cell::new(Stage::New),
            pool: RefCell::new(Kept::new(pool)),
            con: RefCell::new(None),
            http: Cell::new(Http::None),
            path: path_of(name)?,
            request,
            reply,
            functions: Cell::new(functions),
            timer: OwnTimer::new(),
            timer_base: Cell::new(None),
        });
        // SAFETY: lives until `end`.
        Some(unsafe { Ref::new(call.ok()?.into_raw()) })
    }

    pub fn pool(&self) -> Ref<Pool> {
        **self.pool.borrow()
    }

    pub fn set_pool(&self, pool: Ref<Pool>) {
        self.pool.replace(Kept::new(pool));
    }

    pub fn set_callback(&self, done: DoneFn, argument: *mut c_void) {
        let functions = self.functions.get();
        self.functions.set(Functions {
            done,
            argument,
            ..functions
        });
    }

    fn stop_timer(&self) {
        if let Some(base) = self.timer_base.get() {
            self.timer.stop(&base.lock());
        }
    }
}

/// Makes a call that was not made yet. False, with the call freed, if its pool has no connection.
pub fn make(call: Ref<Call>) -> bool {
    let pool = Kept::new(call.pool());
    if pool.is_gone() || pool.is_empty() {
        end(call);
        return false;
    }
    pool.make(call);
    true
}

/// Sends a call over an idle connection, if the hooks let it.
pub fn start(pool: &Kept<Pool>, call: Ref<Call>, con: Keep) {
    call.stage.set(Stage::Started);
    let on_reply: Thunk<unsafe extern "C" fn(*mut evhttp_request, *mut c_void), _> =
        thunk(on_reply);
    let Some(req) = Req::make(Some(on_reply.function()), call.into_raw()) else {
        finish(call, EVRPC_STATUS_ERR_UNSTARTED, None);
        return;
    };
    call.http.set(Http::Own(req));
    let handle = *con;
    call.con.replace(Some(con));
    if let Some(marshal) = call.functions.get().marshal {
        // SAFETY: the program's function goes with its message.
        unsafe { marshal(req.output().as_ptr().cast(), call.request) };
    }
    if pool.is_gone() {
        return;
    }
    let verdict = match pool.hooks.any(Way::Out) {
        true if !call.context.set_connection(Some(handle)) => Verdict::Terminate,
        true => pool
            .hooks
            .run(Way::Out, call.as_ptr().cast(), req, req.output()),
        false => Verdict::Continue,
    };
    if verdict == Verdict::Pause && pause(pool, call, resume_start) {
        return;
    }
    // A hook may have freed the pool, and with it the call.
    if !pool.is_gone() {
        send(call, verdict);
    }
}

/// Has a call wait. False without memory.
fn pause(pool: &Kept<Pool>, call: Ref<Call>, resume: unsafe fn(*mut c_void, Verdict)) -> bool {
    if pool.is_gone() {
        return true;
    }
    // SAFETY: the pool forgets the call before it ends.
    let waits = unsafe { pool.hooks.pause(call.as_ptr().cast(), resume) };
    if waits {
        call.stage.set(Stage::Paused);
    }
    waits
}

/// # Safety
/// A paused call.
unsafe fn resume_start(context: *mut c_void, verdict: Verdict) {
    // SAFETY: the caller's promise.
    let call: Ref<Call> = unsafe { Ref::from_raw(context) };
    call.stage.set(Stage::Started);
    send(call, verdict);
}

fn send(call: Ref<Call>, verdict: Verdict) {
    let pool = Kept::new(call.pool());
    let usable = call.con.borrow().as_ref().is_some_and(|con| pool.has(con));
    let con = call.con.borrow().as_ref().map(|con| con.keep());
    let (Http::Own(req), Some(con)) = (call.http.get(), con) else {
        finish(call, EVRPC_STATUS_ERR_UNSTARTED, None);
        return;
    };
    let hold = req.hold();
    let may_send = verdict == Verdict::Continue
        && usable
        && name_host(req, &con)
        && start_timer(&pool, call, &con);
    if may_send {
        call.http.set(Http::Sent(req));
        // Its callback may run at once.
        if client::make_request(&con, req, method::POST, &call.path).is_ok() {
            return;
        }
    }
    call.http.set(Http::None);
    if !hold.is_freed() {
        req.free();
    }
    drop(hold);
    finish(call, EVRPC_STATUS_ERR_UNSTARTED, None);
}

/// Says which host the request is for, unless a hook has. False without memory.
fn name_host(req: Req, con: &Keep) -> bool {
    let headers = req.output_headers();
    if headers.has(b"Host") {
        return true;
    }
    let add = || {
        let mut host = mm::vec();
        let address = con.address.get();
        if Client::of(con).target == Target::Host && !address.is_null() {
            // SAFETY: a C string, the connection's own.
            let address = unsafe { CStr::from_ptr(address) }.to_bytes();
            let is_v6 = address.contains(&b':');
            host.try_extend_from_slice(if is_v6 { b"[" } else { b"" })
                .ok()?;
            host.try_extend_from_slice(address).ok()?;
            host.try_extend_from_slice(if is_v6 { b"]:" } else { b":" })
                .ok()?;
            let port = Decimal::of_len(con.port.get().into());
            host.try_extend_from_slice(port.text()).ok()?;
        } else {
            host.try_extend_from_slice(b"localhost").ok()?;
        }
        headers.add(b"Host", &host, None).ok()
    };
    add().is_some()
}

/// False if a timer is needed and can't be had.
fn start_timer(pool: &Pool, call: Ref<Call>, con: &Keep) -> bool {
    let Some(timeout) = pool.timeout() else {
        return true;
    };
    // A connection without a base works with the current one, as its bufferevent does.
    let Some(base) = global::base_or_current(con.base()) else {
        return false;
    };
    // SAFETY: the timer is part of the call, which stops it before it ends.
    unsafe { call.timer.assign(&base, on_timeout, call) };
    call.timer_base.set(Some(base));
    call.timer.start(&base.lock(), timeout).is_ok()
}

fn on_timeout(call: Ref<Call>) {
    let con = call.con.borrow().as_ref().map(|con| con.keep());
    match (con, call.http.get()) {
        (Some(con), Http::Sent(req)) if !con.is_gone() && con.current() == Some(req) => {
            // The callback runs from there.
            con.fail(Failure::Timeout);
        }
        (Some(con), Http::Sent(req)) if !con.is_gone() => {
            // It is behind others.
            req.set_callback(None);
            client::cancel(req);
            finish(call, EVRPC_STATUS_ERR_TIMEOUT, None);
        }
        // The program has freed the connection.
        _ => finish(call, EVRPC_STATUS_ERR_TIMEOUT, None),
    }
}

/// The HTTP request's callback.
fn on_reply(call: Ref<Call>, req: *mut evhttp_request) {
    call.stop_timer();
    call.http.set(Http::None);
    // SAFETY: null, or live as long as the callback runs.
    let Some(req) = (unsafe { Req::new(req) }) else {
        finish(call, EVRPC_STATUS_ERR_TIMEOUT, None);
        return;
    };
    let pool = Kept::new(call.pool());
    let con = call.con.borrow().as_ref().map(|con| **con);
    let verdict = match pool.hooks.any(Way::In) {
        true if !call.context.set_connection(con) => Verdict::Terminate,
        true => {
            let hold = req.hold();
            let context = call.as_ptr().cast();
            pool.hooks.run(Way::In, context, *hold, req.input())
        }
        false => Verdict::Continue,
    };
    if verdict == Verdict::Pause && pause(&pool, call, resume_receive) {
        if !pool.is_gone() {
            req.add_flags(EVHTTP_USER_OWNED);
            call.http.set(Http::Own(req));
        }
        return;
    }
    if !pool.is_gone() {
        receive(call, req, verdict);
    }
}

/// # Safety
/// A paused call.
unsafe fn resume_receive(context: *mut c_void, verdict: Verdict) {
    // SAFETY: the caller's promise.
    let call: Ref<Call> = unsafe { Ref::from_raw(context) };
    call.stage.set(Stage::Started);
    if let Http::Own(req) = call.http.replace(Http::None) {
        let hold = req.hold();
        receive(call, req, verdict);
        // Nobody else frees it any more.
        hold.free();
    }
}

/// Reads the reply.
fn receive(call: Ref<Call>, req: Req, verdict: Verdict) {
    let error = if verdict != Verdict::Continue {
        EVRPC_STATUS_ERR_HOOKABORTED
    } else if !(200..300).contains(&req.code()) || !read(call, req) {
        EVRPC_STATUS_ERR_BADPAYLOAD
    } else {
        EVRPC_STATUS_ERR_NONE
    };
    finish(call, error, Some(req));
}

fn read(call: Ref<Call>, req: Req) -> bool {
    let unmarshal = call.functions.get().unmarshal;
    // SAFETY: the program's function goes with its message.
    unmarshal.is_some_and(|unmarshal| unsafe {
        unmarshal(call.reply, req.input().as_ptr().cast()) != -1
    })
}

/// Tells the program how the call ended, and starts another one.
fn finish(call: Ref<Call>, error: c_int, req: Option<Req>) {
    let pool = Kept::new(call.pool());
    pool.forget(call);
    call.stop_timer();
    let functions = call.functions.get();
    if error != EVRPC_STATUS_ERR_NONE
        && let Some(clear) = functions.clear
    {
        // SAFETY: the program's function goes with its message.
        unsafe { clear(call.reply) };
    }
    let mut status = evrpc_status {
        error,
        http_req: req.map_or(ptr::null_mut(), Req::as_ptr),
    };
    if let Some(done) = functions.done {
        let argument = functions.argument;
        // SAFETY: the program gave function and argument to go together.
        unsafe { done(&raw mut status, call.request, call.reply, argument) };
    }
    end(call);
    if !pool.is_gone() {
        pool.start_calls();
    }
}

/// Ends a call without its callback. It is in no queue.
pub fn abandon(call: Ref<Call>) {
    call.stop_timer();
    match call.http.replace(Http::None) {
        Http::Own(req) => req.free(),
        Http::Sent(req) if call.con.borrow().as_ref().is_some_and(|con| !con.is_gone()) => {
            // The connection frees it.
            req.set_callback(None);
        }
        _ => {}
    }
    end(call);
}

/// Frees a call.
pub fn end(call: Ref<Call>) {
    // SAFETY: made by `Call::new`; nobody uses it any more.
    drop(unsafe { mm::Box::from_raw(call.as_non_null()) });
}
