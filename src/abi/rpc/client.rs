//! Calls, and the pools of connections that they go over.

use core::ffi::{c_int, c_void};

use crate::abi::argument::Str;
use crate::abi::convert::done;
use crate::base::BaseRef;
use crate::ctypes::opaque::evbuffer;
use crate::ctypes::rpc_struct::evrpc_status;
use crate::http::connection::Connection as evhttp_connection;
use crate::rpc::client::{self, Call as evrpc_request_wrapper, Functions};
use crate::rpc::pool::Pool as evrpc_pool;
use crate::support::thunk::Ref;

/// Prepares a call with functions for its messages; EVRPC_MAKE_CTX() fills them in.
///
/// @param pool the pool over which to call
/// @param request the message to send. The program keeps ownership of request and reply, and frees
///   them after the callback
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
    evrpc_request_wrapper::new(pool?, rpcname.bytes(), request, reply, functions)
}

/// Makes a call. The callback runs exactly once, unless the pool is freed first. If a hook ends the
/// call, it runs before this function returns.
///
/// @param ctx the call, from EVRPC_MAKE_CTX() or evrpc_make_request_ctx(). It is freed in any case
/// @return 0; -1, without the callback, if the pool has no connection
///
/// # Safety
/// A call that was not made yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_make_request(ctx: Option<Ref<evrpc_request_wrapper>>) -> c_int {
    done(ctx.is_some_and(client::make))
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

/// Removes a connection from a pool. The caller becomes its owner and frees it.
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

/// Sets how long calls may take, counted from when they are sent. From now on it is also the
/// timeout of the pool's connections.
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

/// Combines evrpc_make_request_ctx() and evrpc_make_request(); EVRPC_GENERATE() makes a function
/// that calls it.
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
    let call = pool.and_then(|pool| {
        evrpc_request_wrapper::new(pool, rpcname.bytes(), request, reply, functions)
    });
    done(call.is_some_and(client::make))
}

/// Returns the pool of a call.
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

/// Chooses another pool for a call that has not been made yet.
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
