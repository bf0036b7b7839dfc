//! `<event2/buffer_compat.h>`: functions on buffers that have better ones in `<event2/buffer.h>`.

use core::ffi::c_void;

use super::opaque::evbuffer;

/// Is told that the length of a buffer changed.
pub type evbuffer_cb = Option<
    unsafe extern "C" fn(buffer: *mut evbuffer, old_len: usize, new_len: usize, arg: *mut c_void),
>;
