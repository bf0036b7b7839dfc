//! Bufferevents on others: filters and pairs.

use core::ffi::{c_int, c_void};

use crate::abi::argument::Required;
use crate::base::BaseRef;
use crate::bufferevent::{Bev, filter, pair};
use crate::ctypes::bufferevent::bufferevent_filter_cb;
use crate::ctypes::bufferevent_struct::bufferevent;

/// Returns the underlying bufferevent of a filter.
///
/// @return the bufferevent; NULL if `bufev` is not a filter
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_underlying(bufev: Required<Bev>) -> Option<Bev> {
    let bev = bufev.hold();
    (bev.ops().underlying)(*bev)
}

/// Makes a bufferevent on top of another one, whose input and output pass through two functions.
///
/// From now on the filter uses the callbacks of the underlying bufferevent. With
/// BEV_OPT_CLOSE_ON_FREE the underlying one is freed with the filter.
///
/// @param underlying the underlying bufferevent
/// @param input_filter moves the underlying one's input to the new one's; NULL passes everything on
///   unchanged
/// @param output_filter moves the new one's output to the underlying one's; NULL passes everything
///   on unchanged
/// @param options BEV_OPT_* flags
/// @param free_context called with `ctx` when the filter is freed, or NULL
/// @param ctx the last argument of the functions
/// @return the bufferevent, to be freed with bufferevent_free(); NULL on failure
///
/// # Safety
/// The functions may be called until the filter is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_filter_new(
    underlying: Required<Bev>,
    input_filter: bufferevent_filter_cb,
    output_filter: bufferevent_filter_cb,
    options: c_int,
    free_context: Option<unsafe extern "C" fn(*mut c_void)>,
    ctx: *mut c_void,
) -> Option<Bev> {
    let filters = [input_filter, output_filter];
    filter::new(*underlying, filters, options, free_context, ctx)
}

/// Makes two bufferevents that are connected to each other: what is written to one is read from the
/// other. Their callbacks are always deferred.
///
/// @param base the base that they run in
/// @param options BEV_OPT_* flags
/// @param pair where to store the two
/// @return 0 on success; -1 on failure
///
/// # Safety
/// `pair` has room for two.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_pair_new(
    base: Option<BaseRef>,
    options: c_int,
    pair: *mut *mut bufferevent,
) -> c_int {
    let Some([first, second]) = pair::new(base, options) else {
        return -1;
    };
    // SAFETY: the caller guarantees it (# Safety).
    unsafe {
        pair.write(first.as_ptr());
        pair.add(1).write(second.as_ptr());
    }
    0
}

/// Returns the other bufferevent of a pair.
///
/// @return the bufferevent; NULL if it has been freed, or `bev` is not one of a pair
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_pair_get_partner(bev: Required<Bev>) -> Option<Bev> {
    pair::partner(*bev.hold())
}
