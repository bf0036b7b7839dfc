//! `<event2/rpc.h>`: procedure calls over HTTP.

use core::ffi::c_int;

/// The direction of the messages that a hook sees.
pub type EVRPC_HOOK_TYPE = c_int;
/// Incoming messages: a server's requests, a client's replies.
pub const EVRPC_INPUT: EVRPC_HOOK_TYPE = 0;
/// Outgoing messages: a client's requests, a server's replies.
pub const EVRPC_OUTPUT: EVRPC_HOOK_TYPE = 1;

/// What is to be done with a message after a hook.
pub type EVRPC_HOOK_RESULT = c_int;
/// End the call: a server sends status 503, a client's callback gets an error.
pub const EVRPC_TERMINATE: EVRPC_HOOK_RESULT = -1;
/// Go on.
pub const EVRPC_CONTINUE: EVRPC_HOOK_RESULT = 0;
/// Wait for evrpc_resume_request(). The hooks after this one are not called.
pub const EVRPC_PAUSE: EVRPC_HOOK_RESULT = 1;
