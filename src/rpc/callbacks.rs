//! The functions that programs give.

use core::ffi::{c_int, c_void};

use crate::ctypes::http_struct::evhttp_request;
use crate::ctypes::opaque::{evbuffer, evrpc_req_generic};
use crate::ctypes::rpc_struct::evrpc_status;

/// A hook: gets the context of the call, the HTTP request, the message and its own argument.
pub type HookFn = Option<
    unsafe extern "C" fn(*mut c_void, *mut evhttp_request, *mut evbuffer, *mut c_void) -> c_int,
>;
/// Called for a request that a server got.
pub type CallFn = Option<unsafe extern "C" fn(*mut evrpc_req_generic, *mut c_void)>;
/// Called when a client's call has ended, with its request, its reply and its argument.
pub type DoneFn =
    Option<unsafe extern "C" fn(*mut evrpc_status, *mut c_void, *mut c_void, *mut c_void)>;
/// Frees a message, or makes it empty.
pub type FreeFn = Option<unsafe extern "C" fn(*mut c_void)>;
/// Writes a message.
pub type MarshalFn = Option<unsafe extern "C" fn(*mut evbuffer, *mut c_void)>;
/// Reads a message: 0 or -1.
pub type UnmarshalFn = Option<unsafe extern "C" fn(*mut c_void, *mut evbuffer) -> c_int>;
