//! Procedures that a server offers.

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

use crate::abi::argument::Str;
use crate::abi::convert::done;
use crate::ctypes::opaque::{evbuffer, evrpc_req_generic};
use crate::ctypes::queue::TailLink;
use crate::ctypes::rpc_struct::evrpc;
use crate::http::server::Server as evhttp;
use crate::rpc::server::{self, Base as evrpc_base, CallRef};
use crate::support::thunk::Ref;

/// Ends a call on the server: sends the reply, or status 503 if it isn't complete. Request, reply and
/// `req` are freed. It may be called in the procedure's function or at any later time, even after
/// the client has disconnected.
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

/// Lets an HTTP server offer procedures. Clients call them by a POST request whose path is "/.rpc."
/// followed by the name.
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

/// Unregisters all procedures and frees the base, but not the HTTP server. Calls that a hook has
/// paused are answered with status 503; those that the program is still working on can be answered
/// later.
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

/// Registers a procedure that the program has described; EVRPC_REGISTER() is easier.
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
    done(unsafe { base.register(rpc, cb, cb_arg) })
}

/// Unregisters a procedure and frees its description. EVRPC_UNREGISTER() takes the name without
/// quotes.
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
    done(base.is_some_and(|base| base.unregister(name.bytes())))
}

/// Registers a procedure; EVRPC_REGISTER() fills in the arguments.
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
    done(base.is_some_and(|base| server::register_generic(base, name.c_str(), procedure)))
}
