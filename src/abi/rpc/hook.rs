//! Hooks, which see each message.

use core::ffi::{c_int, c_void};
use core::{ptr, slice};

use crate::abi::argument::{Out, Str};
use crate::abi::convert::done;
use crate::ctypes::http_struct::evhttp_request;
use crate::ctypes::opaque::evbuffer;
use crate::ctypes::rpc::{EVRPC_HOOK_RESULT, EVRPC_HOOK_TYPE};
use crate::http::connection::{Con, Connection as evhttp_connection};
use crate::rpc::hook::{HooksRef, Verdict, Way};
use crate::rpc::meta::ContextRef;
use crate::support::log;
use crate::support::thunk::Ref;

/// Adds a function that is called for each message, after the hooks added before. It may change the
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

/// Removes a hook, which may be the one that is being called.
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

/// Resumes a call that a hook has paused. The call is processed further before this function
/// returns.
///
/// @param vbase the base or pool
/// @param ctx the context that the hook got
/// @param res EVRPC_TERMINATE to end the call, anything else to continue it
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
    done(vbase.is_some_and(|hooks| hooks.resume(ctx, Verdict::of_resume(res))))
}

/// Stores data for hooks that are called later for the same call: what a hook stores with the
/// request, the hooks of the reply find. If memory runs out, nothing is stored.
///
/// @param ctx the context that the hook got
/// @param key the key to find it by; of several entries with the same key the first is found
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
    let data = match data_size {
        0 => &[],
        // SAFETY: the caller's bytes.
        _ => unsafe { slice::from_raw_parts(data.cast(), data_size) },
    };
    if !ctx.is_some_and(|context| context.add(key.bytes(), data)) {
        log::warn(format_args!("evrpc_hook_add_meta: no memory"));
    }
}

/// Finds data stored by evrpc_hook_add_meta().
///
/// @param ctx the context that the hook got
/// @param key the key
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
    done(found.is_some())
}

/// Returns the connection of a call, for hooks.
///
/// @param ctx the context that the hook got
/// @return the connection; NULL if it no longer exists
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
