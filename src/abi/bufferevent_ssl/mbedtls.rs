//! With mbedTLS. Since 2.2.

use core::ffi::{c_int, c_ulong, c_void};
use core::ptr;

use super::{allows_dirty_shutdown, filter, socket};
use crate::abi::argument::Required;
use crate::base::BaseRef;
use crate::bufferevent::Bev;
use crate::bufferevent::tls::mbedtls::{self, mbedtls_ssl_config, mbedtls_ssl_context};
use crate::bufferevent::tls::{self, Session, renegotiate};
use crate::ctypes::bufferevent_ssl::bufferevent_ssl_state;
use crate::ctypes::util::evutil_socket_t;

/// The bufferevent's session of mbedTLS.
fn mbedtls_of(bev: Bev) -> Option<mbedtls::Session> {
    match tls::session(bev)? {
        Session::Mbedtls(session) => Some(session),
        Session::Openssl(_) => None,
    }
}

/// Makes a TLS bufferevent on mbedTLS that sends and receives over another bufferevent. Everything
/// not mentioned here is as for bufferevent_openssl_filter_new(). Since 2.2.
///
/// @param base the base that both run in
/// @param underlying the bufferevent to send and receive over
/// @param ssl the session: a context of mbedTLS 2.28 or later that is set up
/// @param state how far the session is; the side of the handshake is in its configuration
/// @param options BEV_OPT_* flags; BEV_OPT_CLOSE_ON_FREE only with a context of
///   bufferevent_mbedtls_dyncontext_new()
/// @return the bufferevent, to be freed by bufferevent_free(); NULL if the state is unknown, if
///   memory runs out, or if mbedTLS is not found in the process
///
/// # Safety
/// `ssl` is a live context of the caller's mbedTLS, and stays alive until the bufferevent is freed.
#[unsafe(no_mangle)]
#[cfg_attr(any(target_arch = "x86_64", target_arch = "aarch64"), unsafe(naked))]
pub unsafe extern "C" fn bufferevent_mbedtls_filter_new(
    base: Option<BaseRef>,
    underlying: Option<Bev>,
    ssl: *mut mbedtls_ssl_context,
    state: bufferevent_ssl_state,
    options: c_int,
) -> Option<Bev> {
    with_caller!(
        "r9",
        "x5",
        mbedtls_filter_new(base, underlying, ssl, state, options)
    )
}

/// # Safety
/// As for the exported function; `caller` is the address that called it.
unsafe extern "C" fn mbedtls_filter_new(
    base: Option<BaseRef>,
    underlying: Option<Bev>,
    ssl: *mut mbedtls_ssl_context,
    state: bufferevent_ssl_state,
    options: c_int,
    caller: *const c_void,
) -> Option<Bev> {
    // SAFETY: the caller of the exported function passes its own session.
    let session = unsafe { mbedtls::Session::new(ssl, caller) }.map(Session::Mbedtls);
    filter(base, underlying, session, state, options)
}

/// Makes a TLS bufferevent on mbedTLS and a socket. Everything not mentioned here is as for
/// bufferevent_openssl_socket_new(). Since 2.2.
///
/// @param base the base that it runs in
/// @param fd a non-blocking socket; or -1 to give it one by bufferevent_setfd() or
///   bufferevent_socket_connect()
/// @param ssl the session: a context of mbedTLS 2.28 or later that is set up
/// @param state how far the session is; the side of the handshake is in its configuration
/// @param options BEV_OPT_* flags; BEV_OPT_CLOSE_ON_FREE only with a context of
///   bufferevent_mbedtls_dyncontext_new()
/// @return the bufferevent, to be freed by bufferevent_free(); NULL if the state is unknown, if
///   memory runs out, or if mbedTLS is not found in the process
///
/// # Safety
/// `ssl` is a live context of the caller's mbedTLS, and stays alive until the bufferevent is freed.
#[unsafe(no_mangle)]
#[cfg_attr(any(target_arch = "x86_64", target_arch = "aarch64"), unsafe(naked))]
pub unsafe extern "C" fn bufferevent_mbedtls_socket_new(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    ssl: *mut mbedtls_ssl_context,
    state: bufferevent_ssl_state,
    options: c_int,
) -> Option<Bev> {
    with_caller!(
        "r9",
        "x5",
        mbedtls_socket_new(base, fd, ssl, state, options)
    )
}

/// # Safety
/// As for the exported function; `caller` is the address that called it.
unsafe extern "C" fn mbedtls_socket_new(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    ssl: *mut mbedtls_ssl_context,
    state: bufferevent_ssl_state,
    options: c_int,
    caller: *const c_void,
) -> Option<Bev> {
    // SAFETY: the caller of the exported function passes its own session.
    let session = unsafe { mbedtls::Session::new(ssl, caller) }.map(Session::Mbedtls);
    socket(base, fd, session, state, options)
}

/// Returns whether the end of the transport counts as the end of the connection even without a
/// close_notify alert. Since 2.2.
///
/// @param bev the bufferevent
/// @return 1 or 0, as BUFFEREVENT_SSL_DIRTY_SHUTDOWN is set; -1 if it is not on mbedTLS
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_mbedtls_get_allow_dirty_shutdown(bev: Required<Bev>) -> c_int {
    let bev = bev.hold();
    allows_dirty_shutdown(*bev, mbedtls_of(*bev).is_some())
}

/// Chooses the event that is reported when the transport ends without a close_notify alert, as
/// bufferevent_openssl_set_allow_dirty_shutdown() does. Since 2.2.
///
/// @param bev the bufferevent; nothing happens if it is not on mbedTLS
/// @param allow_dirty_shutdown 1 for BEV_EVENT_EOF, 0 for BEV_EVENT_ERROR
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_mbedtls_set_allow_dirty_shutdown(
    bev: Required<Bev>,
    allow_dirty_shutdown: c_int,
) {
    let bev = bev.hold();
    super::allow_dirty_shutdown(*bev, mbedtls_of(*bev).is_some(), allow_dirty_shutdown);
}

/// Returns the session of a TLS bufferevent that uses mbedTLS. Since 2.2.
///
/// @param bufev the bufferevent
/// @return its context, which remains in use; NULL for another kind of bufferevent
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_mbedtls_get_ssl(
    bufev: Required<Bev>,
) -> *mut mbedtls_ssl_context {
    let bev = bufev.hold();
    mbedtls_of(*bev).map_or(ptr::null_mut(), mbedtls::Session::as_ptr)
}

/// Starts another handshake, as bufferevent_ssl_renegotiate() does. Since 2.2.
///
/// @param bev the bufferevent
/// @return 0 if the handshake has begun, 1 if it is complete, -1 if the session refuses it or the
///   bufferevent is not on mbedTLS
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_mbedtls_renegotiate(bev: Required<Bev>) -> c_int {
    let bev = bev.hold();
    mbedtls_of(*bev).map_or(-1, |_| renegotiate(&bev))
}

/// Removes and returns one of the mbedTLS errors behind a BEV_EVENT_ERROR, the latest one first.
/// Since 2.2.
///
/// @param bev the bufferevent
/// @return an error without its sign, for mbedtls_strerror(); 0 if none is left, and for another
///   kind of bufferevent
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_mbedtls_error(bev: Required<Bev>) -> c_ulong {
    let bev = bev.hold();
    mbedtls_of(*bev).map_or(0, |_| tls::pop_code(*bev).into())
}

/// Allocates an mbedTLS context and sets it up. Since 2.2.
///
/// @param conf the configuration, which must outlive the context
/// @return the context, to be freed by bufferevent_mbedtls_dyncontext_free() or with a bufferevent
/// that was made with BEV_OPT_CLOSE_ON_FREE; NULL if memory runs out, if mbedTLS refuses the
/// configuration, or if mbedTLS is not found in the process
///
/// # Safety
/// A live configuration of the caller's mbedTLS.
#[unsafe(no_mangle)]
#[cfg_attr(any(target_arch = "x86_64", target_arch = "aarch64"), unsafe(naked))]
pub unsafe extern "C" fn bufferevent_mbedtls_dyncontext_new(
    conf: *mut mbedtls_ssl_config,
) -> *mut mbedtls_ssl_context {
    with_caller!("rsi", "x1", mbedtls_dyncontext_new(conf))
}

/// # Safety
/// As for the exported function; `caller` is the address that called it.
unsafe extern "C" fn mbedtls_dyncontext_new(
    conf: *mut mbedtls_ssl_config,
    caller: *const c_void,
) -> *mut mbedtls_ssl_context {
    // SAFETY: as for the exported function.
    unsafe { mbedtls::new_context(conf, caller) }
}

/// Frees a context of bufferevent_mbedtls_dyncontext_new(). Since 2.2.
///
/// @param ctx the context, or NULL
///
/// # Safety
/// No bufferevent uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_mbedtls_dyncontext_free(ctx: *mut mbedtls_ssl_context) {
    // SAFETY: promised by the caller.
    unsafe { mbedtls::free_context(ctx) };
}
