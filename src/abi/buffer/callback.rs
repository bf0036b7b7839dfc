//! Callbacks for changes of a buffer.

use core::ffi::{c_int, c_void};
use core::ptr;

use crate::abi::convert::done;
use crate::base::BaseRef;
use crate::buffer::Buf;
use crate::buffer::callback::{Entry as evbuffer_cb_entry, EntryRef, Function};
use crate::ctypes::buffer::evbuffer_cb_func;
use crate::ctypes::util::ev_uint32_t;

/// False for a null entry.
fn set_callback_flags(buf: Buf, entry: Option<EntryRef>, flags: ev_uint32_t, on: bool) -> bool {
    let Some(entry) = entry else {
        return false;
    };
    buf.lock().set_callback_flags(entry, flags, on);
    true
}

/// Adds a callback, which is called whenever bytes are added to a buffer or removed from it.
///
/// @param buffer the buffer
/// @param cb the function
/// @param cbarg its last argument
/// @return a handle for the other functions, or NULL without memory
///
/// Since 2.0.
///
/// # Safety
/// The function may be called until it is removed or the buffer is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_add_cb(
    buffer: Buf,
    cb: evbuffer_cb_func,
    cbarg: *mut c_void,
) -> Option<EntryRef> {
    let function = cb.map_or(Function::Absent, Function::New);
    // SAFETY: the caller guarantees it (# Safety).
    unsafe { buffer.lock().add_callback(function, cbarg) }
}

/// Removes a callback by its handle.
///
/// @return 0 on success, -1 if the buffer has no such callback
///
/// Since 2.0.
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_remove_cb_entry(
    buffer: Buf,
    ent: *mut evbuffer_cb_entry,
) -> c_int {
    done(buffer.lock().remove_entry(ent))
}

/// Removes a callback by its function and argument: the one added last, if there are several.
///
/// @return 0 on success, -1 if the buffer has no such callback
///
/// Since 2.0.
///
/// # Safety
/// A live buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_remove_cb(
    buffer: Buf,
    cb: evbuffer_cb_func,
    cbarg: *mut c_void,
) -> c_int {
    let function = cb.map_or(ptr::null(), |cb| cb as *const ());
    done(buffer.lock().remove_callback(function, cbarg))
}

/// Sets flags of a callback: with EVBUFFER_CB_ENABLED it is called again.
///
/// @return 0 on success, -1 for a null handle
///
/// Since 2.0.
///
/// # Safety
/// `cb` is one of the buffer's callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_cb_set_flags(
    buffer: Buf,
    cb: Option<EntryRef>,
    flags: ev_uint32_t,
) -> c_int {
    done(set_callback_flags(buffer, cb, flags, true))
}

/// Clears flags of a callback: without EVBUFFER_CB_ENABLED it is not called.
///
/// @return 0 on success, -1 for a null handle
///
/// Since 2.0.
///
/// # Safety
/// `cb` is one of the buffer's callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_cb_clear_flags(
    buffer: Buf,
    cb: Option<EntryRef>,
    flags: ev_uint32_t,
) -> c_int {
    done(set_callback_flags(buffer, cb, flags, false))
}

/// Defers the callbacks of a buffer: they are called from the loop of an event base, once for all
/// changes made until then. The buffer is not freed before the loop has called them.
///
/// @param buffer the buffer
/// @param base the event base, which must outlive the buffer
/// @return 0
///
/// Since 2.0.
///
/// # Safety
/// A live buffer and a live base.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evbuffer_defer_callbacks(buffer: Buf, base: Option<BaseRef>) -> c_int {
    buffer.lock().defer_callbacks(base);
    0
}
