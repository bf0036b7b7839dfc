//! `<event2/rpc.h>`: procedure calls over HTTP.

use core::ffi::c_int;

/// On which way a hook looks at messages.
pub type EVRPC_HOOK_TYPE = c_int;
/// On what comes in: a server's requests, a client's replies.
pub const EVRPC_INPUT: EVRPC_HOOK_TYPE = 0;
/// On what goes out: a client's requests, a server's replies.
pub const EVRPC_OUTPUT: EVRPC_HOOK_TYPE = 1;

/// What a hook wants to be done with a message.
pub type EVRPC_HOOK_RESULT = c_int;
/// End the call: a server answers 503, a client's callback gets an error.
pub const EVRPC_TERMINATE: EVRPC_HOOK_RESULT = -1;
/// Go on.
pub const EVRPC_CONTINUE: EVRPC_HOOK_RESULT = 0;
/// Wait for evrpc_resume_request(). The hooks behind this one are not asked.
pub const EVRPC_PAUSE: EVRPC_HOOK_RESULT = 1;
