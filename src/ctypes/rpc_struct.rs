//! `<event2/rpc_struct.h>`: what programs see of procedure calls.

use core::ffi::{c_char, c_int, c_void};

use super::http_struct::evhttp_request;
use super::opaque::{evbuffer, evrpc_base, evrpc_req_generic};
use super::queue::TailLink;

/// The reply is there.
pub const EVRPC_STATUS_ERR_NONE: c_int = 0;
/// No reply came, in time or at all.
pub const EVRPC_STATUS_ERR_TIMEOUT: c_int = 1;
/// What came is no reply: a status other than success, or a body that is no complete message.
pub const EVRPC_STATUS_ERR_BADPAYLOAD: c_int = 2;
/// The request was not sent: a hook ended it, or memory ran out.
pub const EVRPC_STATUS_ERR_UNSTARTED: c_int = 3;
/// A hook did not let the reply pass.
pub const EVRPC_STATUS_ERR_HOOKABORTED: c_int = 4;

/// How a client's call ended.
#[repr(C)]
pub struct evrpc_status {
    /// One of EVRPC_STATUS_ERR_*.
    pub error: c_int,
    /// The HTTP request with the server's answer, for its headers; NULL if there was none.
    pub http_req: *mut evhttp_request,
}

/// A procedure that a server offers: how its messages are made, read, written and freed.
/// evrpc_register_generic() fills it in.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evrpc {
    pub next: TailLink<evrpc>,
    /// The name of the procedure, a block of libevent's memory that is freed with the struct.
    pub uri: *const c_char,
    pub request_new: Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>,
    pub request_new_arg: *mut c_void,
    pub request_free: Option<unsafe extern "C" fn(*mut c_void)>,
    pub request_unmarshal: Option<unsafe extern "C" fn(*mut c_void, *mut evbuffer) -> c_int>,
    pub reply_new: Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>,
    pub reply_new_arg: *mut c_void,
    pub reply_free: Option<unsafe extern "C" fn(*mut c_void)>,
    pub reply_complete: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
    pub reply_marshal: Option<unsafe extern "C" fn(*mut evbuffer, *mut c_void)>,
    /// The program's function, and its argument.
    pub cb: Option<unsafe extern "C" fn(*mut evrpc_req_generic, *mut c_void)>,
    pub cb_arg: *mut c_void,
    pub base: *mut evrpc_base,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;

    assert!(size_of::<evrpc_status>() == 16);
    assert!(size_of::<evrpc>() == 120);
    assert!(offset_of!(evrpc, uri) == 16);
    assert!(offset_of!(evrpc, request_free) == 40);
    assert!(offset_of!(evrpc, reply_new) == 56);
    assert!(offset_of!(evrpc, reply_complete) == 80);
    assert!(offset_of!(evrpc, cb) == 96);
    assert!(offset_of!(evrpc, base) == 112);
};
