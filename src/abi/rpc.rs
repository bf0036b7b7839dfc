//! `<event2/rpc.h>`: procedure calls over HTTP.
#![allow(non_camel_case_types, reason = "C names")]
#![allow(clippy::type_complexity, reason = "the header has no names for them")]

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};
use core::slice;

use crate::abi::argument::{Out, Str};
use crate::base::BaseRef;
use crate::ctypes::http_struct::evhttp_request;
use crate::ctypes::opaque::{evbuffer, evrpc_req_generic};
use crate::ctypes::queue::TailLink;
use crate::ctypes::rpc::{EVRPC_HOOK_RESULT, EVRPC_HOOK_TYPE};
use crate::ctypes::rpc_struct::{evrpc, evrpc_status};
use crate::http::connection::{Con, Connection as evhttp_connection};
use crate::http::server::Server as evhttp;
use crate::rpc::client::{self, Call as evrpc_request_wrapper, Functions};
use crate::rpc::hook::{HooksRef, Verdict, Way};
use crate::rpc::meta::ContextRef;
use crate::rpc::pool::Pool as evrpc_pool;
use crate::rpc::server::{self, Base as evrpc_base, CallRef};
use crate::support::log;
use crate::support::thunk::Ref;

fn status(success: bool) -> c_int {
    if success { 0 } else { -1 }
}

/// Makes a call with functions for its messages; EVRPC_MAKE_CTX() fills them in.
///
/// @param pool the pool over which to call
/// @param request the message to send. Request and reply stay the program's, which frees them when the
///   callback was called
/// @param reply the message to read the reply into
/// @param rpcname the name of the procedure
/// @param req_marshal writes the request
/// @param rpl_clear makes the reply empty
/// @param rpl_unmarshal reads the reply; -1 if it is none
/// @param cb called when the call has ended
/// @param cbarg its last argument
/// @return the call, to be given to evrpc_make_request(), which also frees it; NULL without memory
///
/// # Safety
/// The functions go with the messages, which live until `cb` is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_make_request_ctx(
    pool: Option<Ref<evrpc_pool>>,
    request: *mut c_void,
    reply: *mut c_void,
    rpcname: Str<'_>,
    req_marshal: Option<unsafe extern "C" fn(*mut evbuffer, *mut c_void)>,
    rpl_clear: Option<unsafe extern "C" fn(*mut c_void)>,
    rpl_unmarshal: Option<unsafe extern "C" fn(*mut c_void, *mut evbuffer) -> c_int>,
    cb: Option<unsafe extern "C" fn(*mut evrpc_status, *mut c_void, *mut c_void, *mut c_void)>,
    cbarg: *mut c_void,
) -> Option<Ref<evrpc_request_wrapper>> {
    let functions = Functions {
        marshal: req_marshal,
        clear: rpl_clear,
        unmarshal: rpl_unmarshal,
        done: cb,
        argument: cbarg,
    };
    let (pool, name) = (pool, rpcname.bytes());
    pool.and_then(|pool| evrpc_request_wrapper::new(pool, name, request, reply, functions))
}

/// Ends a call on the server: sends the reply, or status 503 if it isn't complete. Request, reply and
/// `req` are freed. It may be called in the procedure's function or any time later, also when the
/// client is gone.
///
/// @param req the call
///
/// # Safety
/// A call that the procedure's function got, and that is not ended yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_request_done(req: Option<CallRef>) {
    if let Some(call) = req {
        server::done(call);
    }
}

/// The request of a call on the server.
///
/// @param req the call
/// @return the message
///
/// # Safety
/// A call that is not ended yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_get_request(req: Option<CallRef>) -> *mut c_void {
    req.map_or(ptr::null_mut(), |call| call.request.get())
}

/// The reply of a call on the server, to be filled in.
///
/// @param req the call
/// @return the message
///
/// # Safety
/// A call that is not ended yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_get_reply(req: Option<CallRef>) -> *mut c_void {
    req.map_or(ptr::null_mut(), |call| call.reply.get())
}

/// Lets an HTTP server offer procedures. They are called by a POST to the path ".rpc." and the name.
///
/// @param server the HTTP server
/// @return the base to register procedures with; NULL without memory
///
/// # Safety
/// A live server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_init(server: Option<Ref<evhttp>>) -> Option<Ref<evrpc_base>> {
    server.and_then(|server| evrpc_base::new(&server))
}

/// Withdraws all procedures and frees the base, but not the HTTP server. Calls that a hook has paused
/// are answered with status 503; those that the program still works on can be answered later.
///
/// @param base the base, or NULL
///
/// # Safety
/// `base` is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_free(base: Option<Ref<evrpc_base>>) {
    if let Some(base) = base {
        base.free();
    }
}

/// Offers a procedure that the program has described; EVRPC_REGISTER() is easier.
///
/// @param base the base
/// @param rpc the procedure. It and its name come from libevent's memory (malloc(), unless
///   event_set_mem_functions() was called), and are freed with the base
/// @param cb the function to call for a request
/// @param cb_arg its last argument
/// @return 0 on success; -1 without memory, and then `rpc` stays the caller's
///
/// # Safety
/// The functions of the procedure go with its messages, and it is not registered yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_register_rpc(
    base: Option<Ref<evrpc_base>>,
    rpc: *mut evrpc,
    cb: Option<unsafe extern "C" fn(*mut evrpc_req_generic, *mut c_void)>,
    cb_arg: *mut c_void,
) -> c_int {
    let (Some(base), Some(rpc)) = (base, NonNull::new(rpc)) else {
        return -1;
    };
    // SAFETY: the caller guarantees it (# Safety).
    status(unsafe { base.register(rpc, cb, cb_arg) })
}

/// Withdraws a procedure, and frees its description. EVRPC_UNREGISTER() has the name without quotes.
///
/// @param base the base
/// @param name the procedure's name
/// @return 0 on success; -1 if there is none of that name
///
/// # Safety
/// A live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_unregister_rpc(
    base: Option<Ref<evrpc_base>>,
    name: Str<'_>,
) -> c_int {
    status(base.is_some_and(|base| base.unregister(name.bytes())))
}

/// Makes a call. The callback is called exactly once, unless the pool is freed before; at once,
/// before this returns, if a hook ends the call.
///
/// @param ctx the call, from EVRPC_MAKE_CTX() or evrpc_make_request_ctx(). It is freed in any case
/// @return 0; -1, without the callback, if the pool has no connection
///
/// # Safety
/// A call that was not made yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_make_request(ctx: Option<Ref<evrpc_request_wrapper>>) -> c_int {
    status(ctx.is_some_and(client::make))
}

/// Makes a pool of connections to make calls over.
///
/// @param base the base that connections without one get; may be NULL
/// @return the pool; NULL without memory
///
/// # Safety
/// `base` is NULL, or outlives the pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_pool_new(base: Option<BaseRef>) -> Option<Ref<evrpc_pool>> {
    evrpc_pool::new(base)
}

/// Frees a pool with its connections. The callbacks of calls that have not ended are not called.
///
/// @param pool the pool, or NULL
///
/// # Safety
/// `pool` is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_pool_free(pool: Option<Ref<evrpc_pool>>) {
    if let Some(pool) = pool {
        pool.free();
    }
}

/// Gives a connection to a pool, which frees it.
///
/// @param pool the pool
/// @param evcon the connection. It gets the pool's base unless it has one, and the pool's timeout
///   unless it has its own
///
/// # Safety
/// A live pool and a live connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_pool_add_connection(
    pool: Option<Ref<evrpc_pool>>,
    evcon: Option<Ref<evhttp_connection>>,
) {
    if let (Some(pool), Some(con)) = (pool, evcon) {
        pool.add(con);
    }
}

/// Takes a connection back from a pool. It is the caller's to free.
///
/// @param pool the pool
/// @param evcon the connection
///
/// # Safety
/// A live pool and a live connection.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_pool_remove_connection(
    pool: Option<Ref<evrpc_pool>>,
    evcon: Option<Ref<evhttp_connection>>,
) {
    if let (Some(pool), Some(con)) = (pool, evcon) {
        pool.remove(con);
    }
}

/// Chooses how long calls may take, from when they are sent. It is the timeout of the pool's
/// connections, too, from now on.
///
/// @param pool the pool
/// @param timeout_in_secs the number of seconds; 0 for no timeout, negative for that of connections
///
/// # Safety
/// A live pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_pool_set_timeout(
    pool: Option<Ref<evrpc_pool>>,
    timeout_in_secs: c_int,
) {
    if let Some(pool) = pool {
        pool.set_timeout(timeout_in_secs);
    }
}

/// Adds a function that is called for each message, behind those that are there. It may change the
/// message.
///
/// @param vbase a struct evrpc_base or a struct evrpc_pool
/// @param hook_type EVRPC_INPUT or EVRPC_OUTPUT
/// @param cb the function. It gets the context of the call, the HTTP request, the buffer with the
///   message, and `cb_arg`; it returns an enum EVRPC_HOOK_RESULT
/// @param cb_arg its last argument
/// @return what evrpc_remove_hook() takes; NULL without memory
///
/// # Safety
/// A live base or pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_add_hook(
    vbase: Option<HooksRef>,
    hook_type: EVRPC_HOOK_TYPE,
    cb: Option<
        unsafe extern "C" fn(*mut c_void, *mut evhttp_request, *mut evbuffer, *mut c_void) -> c_int,
    >,
    cb_arg: *mut c_void,
) -> *mut c_void {
    match (vbase, Way::new(hook_type)) {
        (Some(hooks), Some(way)) => hooks.add(way, cb, cb_arg),
        _ => ptr::null_mut(),
    }
}

/// Removes a hook. It may be the one that is called just now.
///
/// @param vbase the base or pool
/// @param hook_type the hook's type
/// @param handle the result of evrpc_add_hook()
/// @return 1 if it was removed, 0 if it was not there
///
/// # Safety
/// A live base or pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_remove_hook(
    vbase: Option<HooksRef>,
    hook_type: EVRPC_HOOK_TYPE,
    handle: *mut c_void,
) -> c_int {
    match (vbase, Way::new(hook_type)) {
        (Some(hooks), Some(way)) => hooks.remove(way, handle).into(),
        _ => 0,
    }
}

/// Goes on with a call that a hook has paused. What follows happens before this returns.
///
/// @param vbase the base or pool
/// @param ctx the context that the hook got
/// @param res EVRPC_TERMINATE to end the call, anything else to let it go on
/// @return 0 on success; -1 if there is no such paused call
///
/// # Safety
/// A live base or pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_resume_request(
    vbase: Option<HooksRef>,
    ctx: *mut c_void,
    res: EVRPC_HOOK_RESULT,
) -> c_int {
    let hooks = vbase;
    status(hooks.is_some_and(|hooks| hooks.resume(ctx, Verdict::of_resume(res))))
}

/// Notes something for hooks that are called later for the same call: on a client, from the request
/// to the reply; on a server the other way round. Without memory nothing is noted.
///
/// @param ctx the context that the hook got
/// @param key what to find it by; the first of several with one key is found
/// @param data what is copied
/// @param data_size its length in bytes
///
/// # Safety
/// The context of a call that has not ended; `data` has `data_size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_hook_add_meta(
    ctx: Option<ContextRef>,
    key: Str<'_>,
    data: *const c_void,
    data_size: usize,
) {
    // SAFETY: the context is the first member of calls, and the caller's bytes.
    let data = match data_size {
        0 => &[],
        // SAFETY: the caller's bytes.
        _ => unsafe { slice::from_raw_parts(data.cast(), data_size) },
    };
    if !ctx.is_some_and(|context| context.add(key.bytes(), data)) {
        log::warn(format_args!("evrpc_hook_add_meta: no memory"));
    }
}

/// Finds what was noted.
///
/// @param ctx the context that the hook got
/// @param key what it was noted by
/// @param data where to store its address; it lives as long as the call
/// @param data_size where to store its length
/// @return 0 on success; -1 if there is nothing
///
/// # Safety
/// The context of a call that has not ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_hook_find_meta(
    ctx: Option<ContextRef>,
    key: Str<'_>,
    data: Out<*mut c_void>,
    data_size: Out<usize>,
) -> c_int {
    let found = ctx.and_then(|context| context.find(key.bytes()));
    if let Some((start, len)) = found {
        data.set(start);
        data_size.set(len);
    }
    status(found.is_some())
}

/// The connection of a call, for hooks.
///
/// @param ctx the context that the hook got
/// @return the connection; NULL if it is gone
///
/// # Safety
/// The context of a call that has not ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_hook_get_connection(
    ctx: Option<ContextRef>,
) -> Option<Ref<evhttp_connection>> {
    let con: Option<Con> = ctx.and_then(|context| context.connection());
    con
}

/// evrpc_make_request_ctx() and evrpc_make_request() in one; EVRPC_GENERATE() makes a function that
/// calls it.
///
/// @param pool the pool over which to call
/// @param request the message to send
/// @param reply the message to read the reply into
/// @param cb called when the call has ended
/// @param cb_arg its last argument
/// @param rpcname the name of the procedure
/// @param req_marshal writes the request
/// @param rpl_clear makes the reply empty
/// @param rpl_unmarshal reads the reply; -1 if it is none
/// @return 0; -1, without the callback, if the pool has no connection, and without memory
///
/// # Safety
/// See evrpc_make_request_ctx().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_send_request_generic(
    pool: Option<Ref<evrpc_pool>>,
    request: *mut c_void,
    reply: *mut c_void,
    cb: Option<unsafe extern "C" fn(*mut evrpc_status, *mut c_void, *mut c_void, *mut c_void)>,
    cb_arg: *mut c_void,
    rpcname: Str<'_>,
    req_marshal: Option<unsafe extern "C" fn(*mut evbuffer, *mut c_void)>,
    rpl_clear: Option<unsafe extern "C" fn(*mut c_void)>,
    rpl_unmarshal: Option<unsafe extern "C" fn(*mut c_void, *mut evbuffer) -> c_int>,
) -> c_int {
    let functions = Functions {
        marshal: req_marshal,
        clear: rpl_clear,
        unmarshal: rpl_unmarshal,
        done: cb,
        argument: cb_arg,
    };
    let (pool, name) = (pool, rpcname.bytes());
    let call =
        pool.and_then(|pool| evrpc_request_wrapper::new(pool, name, request, reply, functions));
    status(call.is_some_and(client::make))
}

/// Offers a procedure; EVRPC_REGISTER() fills in what it needs.
///
/// @param base the base
/// @param name the procedure's name
/// @param callback the function to call for a request
/// @param cbarg its last argument
/// @param req_new makes a request
/// @param req_new_arg the argument of `req_new`
/// @param req_free frees a request
/// @param req_unmarshal reads a request; -1 if it is none
/// @param rpl_new makes a reply
/// @param rpl_new_arg the argument of `rpl_new`
/// @param rpl_free frees a reply
/// @param rpl_complete whether a reply is complete: 0 or -1
/// @param rpl_marshal writes a reply
/// @return 0 on success; -1 without memory
///
/// # Safety
/// The functions go with the messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_register_generic(
    base: Option<Ref<evrpc_base>>,
    name: Str<'_>,
    callback: Option<unsafe extern "C" fn(*mut evrpc_req_generic, *mut c_void)>,
    cbarg: *mut c_void,
    req_new: Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>,
    req_new_arg: *mut c_void,
    req_free: Option<unsafe extern "C" fn(*mut c_void)>,
    req_unmarshal: Option<unsafe extern "C" fn(*mut c_void, *mut evbuffer) -> c_int>,
    rpl_new: Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>,
    rpl_new_arg: *mut c_void,
    rpl_free: Option<unsafe extern "C" fn(*mut c_void)>,
    rpl_complete: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
    rpl_marshal: Option<unsafe extern "C" fn(*mut evbuffer, *mut c_void)>,
) -> c_int {
    let procedure = evrpc {
        next: TailLink {
            tqe_next: ptr::null_mut(),
            tqe_prev: ptr::null_mut(),
        },
        uri: ptr::null(),
        request_new: req_new,
        request_new_arg: req_new_arg,
        request_free: req_free,
        request_unmarshal: req_unmarshal,
        reply_new: rpl_new,
        reply_new_arg: rpl_new_arg,
        reply_free: rpl_free,
        reply_complete: rpl_complete,
        reply_marshal: rpl_marshal,
        cb: callback,
        cb_arg: cbarg,
        base: ptr::null_mut(),
    };
    status(base.is_some_and(|base| server::register_generic(base, name.c_str(), procedure)))
}

/// The pool of a call.
///
/// @param ctx the call
/// @return its pool
///
/// # Safety
/// A call that has not ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_request_get_pool(
    ctx: Option<Ref<evrpc_request_wrapper>>,
) -> Option<Ref<evrpc_pool>> {
    ctx.map(|call| call.pool())
}

/// Chooses another pool for a call that was not made yet.
///
/// @param ctx the call
/// @param pool the pool
///
/// # Safety
/// A call that was not made yet, and a live pool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_request_set_pool(
    ctx: Option<Ref<evrpc_request_wrapper>>,
    pool: Option<Ref<evrpc_pool>>,
) {
    if let (Some(call), Some(pool)) = (ctx, pool) {
        call.set_pool(pool);
    }
}

/// Chooses another callback for a call.
///
/// @param ctx the call
/// @param cb called when the call has ended
/// @param cb_arg its last argument
///
/// # Safety
/// A call that has not ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_request_set_cb(
    ctx: Option<Ref<evrpc_request_wrapper>>,
    cb: Option<unsafe extern "C" fn(*mut evrpc_status, *mut c_void, *mut c_void, *mut c_void)>,
    cb_arg: *mut c_void,
) {
    if let Some(call) = ctx {
        call.set_callback(cb, cb_arg);
    }
}
