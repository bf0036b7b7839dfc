//! With OpenSSL.

use core::ffi::{c_int, c_ulong, c_void};
use core::ptr;

use super::{allows_dirty_shutdown, filter, socket};
use crate::abi::argument::Required;
use crate::base::BaseRef;
use crate::bufferevent::Bev;
use crate::bufferevent::tls::openssl::{self, ssl_st};
use crate::bufferevent::tls::{self, Session};
use crate::ctypes::bufferevent_ssl::bufferevent_ssl_state;
use crate::ctypes::util::evutil_socket_t;

/// Makes a TLS bufferevent that sends and receives over another bufferevent.
///
/// From then on the new bufferevent controls the callbacks, the read watermarks and the enabled
/// directions of the underlying one.
///
/// @param base the base that both run in
/// @param underlying the bufferevent to send and receive over
/// @param ssl the session: an SSL of OpenSSL 1.1.0 or later. It gets a BIO on the underlying
///   bufferevent.
/// @param state how far the session is; the handshake begins in the loop
/// @param options BEV_OPT_* flags; with BEV_OPT_CLOSE_ON_FREE session and underlying bufferevent are
///   freed with the bufferevent, and the session also if this fails
/// @return the bufferevent, to be freed by bufferevent_free(); NULL if the state is unknown, if
///   memory runs out, or if OpenSSL is not found in the process
///
/// # Safety
/// `ssl` is a live session of the caller's OpenSSL, and stays alive until the bufferevent is freed.
#[unsafe(no_mangle)]
#[cfg_attr(any(target_arch = "x86_64", target_arch = "aarch64"), unsafe(naked))]
pub unsafe extern "C" fn bufferevent_openssl_filter_new(
    base: Option<BaseRef>,
    underlying: Option<Bev>,
    ssl: *mut ssl_st,
    state: bufferevent_ssl_state,
    options: c_int,
) -> Option<Bev> {
    with_caller!(
        "r9",
        "x5",
        openssl_filter_new(base, underlying, ssl, state, options)
    )
}

/// # Safety
/// As for the exported function; `caller` is the address that called it.
unsafe extern "C" fn openssl_filter_new(
    base: Option<BaseRef>,
    underlying: Option<Bev>,
    ssl: *mut ssl_st,
    state: bufferevent_ssl_state,
    options: c_int,
    caller: *const c_void,
) -> Option<Bev> {
    // SAFETY: the caller of the exported function passes its own session.
    let session = unsafe { openssl::Session::new(ssl, caller) }.map(Session::Openssl);
    filter(base, underlying, session, state, options)
}

/// Makes a TLS bufferevent on a socket.
///
/// @param base the base that it runs in
/// @param fd a non-blocking socket; or -1 for the one that the session has already, or to give it
///   one by bufferevent_setfd() or bufferevent_socket_connect()
/// @param ssl the session: an SSL of OpenSSL 1.1.0 or later. It gets a BIO on the socket unless it
///   has one.
/// @param state how far the session is; the handshake begins in the loop, and again with every
///   socket that is given
/// @param options BEV_OPT_* flags; with BEV_OPT_CLOSE_ON_FREE the session is freed and the socket
///   closed with the bufferevent, and the session is freed if this fails
/// @return the bufferevent, to be freed by bufferevent_free(); NULL if the state is unknown, if the
///   socket is not the one that the session has, if memory runs out, or if OpenSSL is not found in
///   the process
///
/// # Safety
/// `ssl` is a live session of the caller's OpenSSL, and stays alive until the bufferevent is freed.
#[unsafe(no_mangle)]
#[cfg_attr(any(target_arch = "x86_64", target_arch = "aarch64"), unsafe(naked))]
pub unsafe extern "C" fn bufferevent_openssl_socket_new(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    ssl: *mut ssl_st,
    state: bufferevent_ssl_state,
    options: c_int,
) -> Option<Bev> {
    with_caller!(
        "r9",
        "x5",
        openssl_socket_new(base, fd, ssl, state, options)
    )
}

/// # Safety
/// As for the exported function; `caller` is the address that called it.
unsafe extern "C" fn openssl_socket_new(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    ssl: *mut ssl_st,
    state: bufferevent_ssl_state,
    options: c_int,
    caller: *const c_void,
) -> Option<Bev> {
    // SAFETY: the caller of the exported function passes its own session.
    let session = unsafe { openssl::Session::new(ssl, caller) }.map(Session::Openssl);
    socket(base, fd, session, state, options)
}

/// The bufferevent's session of OpenSSL.
fn openssl_of(bev: Bev) -> Option<openssl::Session> {
    match tls::session(bev)? {
        Session::Openssl(session) => Some(session),
        Session::Mbedtls(_) => None,
    }
}

/// Returns whether the end of the transport counts as the end of the connection even without a
/// close_notify alert.
///
/// @param bev the bufferevent
/// @return 1 or 0, as BUFFEREVENT_SSL_DIRTY_SHUTDOWN is set; -1 if it is not on OpenSSL
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_openssl_get_allow_dirty_shutdown(bev: Required<Bev>) -> c_int {
    let bev = bev.hold();
    allows_dirty_shutdown(*bev, openssl_of(*bev).is_some())
}

/// Chooses the event that is reported when the transport ends and the peer has not sent a
/// close_notify alert: BEV_EVENT_EOF, or BEV_EVENT_ERROR, which is the default. An attacker can cut
/// off a connection, so the data received may be incomplete in that case.
///
/// @param bev the bufferevent; nothing happens if it is not on OpenSSL
/// @param allow_dirty_shutdown 1 for BEV_EVENT_EOF, 0 for BEV_EVENT_ERROR
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_openssl_set_allow_dirty_shutdown(
    bev: Required<Bev>,
    allow_dirty_shutdown: c_int,
) {
    let bev = bev.hold();
    super::allow_dirty_shutdown(*bev, openssl_of(*bev).is_some(), allow_dirty_shutdown);
}

/// Returns the session of a TLS bufferevent that uses OpenSSL.
///
/// @param bufev the bufferevent
/// @return its SSL, which remains in use; NULL for another kind of bufferevent
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_openssl_get_ssl(bufev: Required<Bev>) -> *mut ssl_st {
    let bev = bufev.hold();
    openssl_of(*bev).map_or(ptr::null_mut(), openssl::Session::as_ptr)
}

/// Removes and returns one of the OpenSSL errors behind a BEV_EVENT_ERROR. Up to three are kept,
/// and the latest one is returned first: OpenSSL's own codes, then a small number that says which
/// kind of error it is, as SSL_get_error() does.
///
/// @param bev the bufferevent
/// @return an error for ERR_error_string() and the like; 0 if none is left, and for another kind of
///   bufferevent
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_get_openssl_error(bev: Required<Bev>) -> c_ulong {
    let bev = bev.hold();
    openssl_of(*bev).map_or(0, |_| tls::pop_code(*bev).into())
}
