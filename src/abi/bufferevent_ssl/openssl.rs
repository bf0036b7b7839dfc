//! With OpenSSL; and what is the same with every library.

use core::ffi::{c_int, c_ulong, c_void};
use core::ptr;

use super::{allows_dirty_shutdown, new_with};
use crate::abi::argument::Required;
use crate::base::BaseRef;
use crate::bufferevent::Bev;
use crate::bufferevent::tls::openssl::{self, ssl_st};
use crate::bufferevent::tls::{self, Session, create, renegotiate, report};
use crate::ctypes::bufferevent_ssl::bufferevent_ssl_state;
use crate::ctypes::bufferevent_struct::bufferevent;
use crate::ctypes::util::evutil_socket_t;

/// Makes a TLS bufferevent that sends and receives over another bufferevent.
///
/// The callbacks of the underlying bufferevent, its read watermarks and what it has enabled are the
/// new one's from here on.
///
/// @param base the base that both run in
/// @param underlying the bufferevent to send and receive over
/// @param ssl the session: an SSL of OpenSSL 1.1.0 or later. It gets a BIO on the underlying
///   bufferevent.
/// @param state how far the session is; the handshake begins in the loop
/// @param options BEV_OPT_* flags; with BEV_OPT_CLOSE_ON_FREE session and underlying bufferevent are
///   freed with the bufferevent, and the session also if this fails
/// @return the bufferevent, to be freed by bufferevent_free(); NULL for an unknown state, without
///   memory, or if OpenSSL is not found in the process
///
/// # Safety
/// `ssl` is a live session of the caller's OpenSSL, and stays alive until the bufferevent is freed.
#[unsafe(no_mangle)]
#[cfg_attr(any(target_arch = "x86_64", target_arch = "aarch64"), unsafe(naked))]
pub unsafe extern "C" fn bufferevent_openssl_filter_new(
    base: Option<BaseRef>,
    underlying: *mut bufferevent,
    ssl: *mut ssl_st,
    state: bufferevent_ssl_state,
    options: c_int,
) -> *mut bufferevent {
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
    underlying: *mut bufferevent,
    ssl: *mut ssl_st,
    state: bufferevent_ssl_state,
    options: c_int,
    caller: *const c_void,
) -> *mut bufferevent {
    // SAFETY: the caller of the exported function passes its own session and bufferevent.
    let (session, underlying) =
        unsafe { (openssl::Session::new(ssl, caller), Bev::new(underlying)) };
    new_with(
        session.map(Session::Openssl),
        state,
        options,
        |session, role| create::on_bufferevent(base, underlying, session, role, options),
    )
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
/// @return the bufferevent, to be freed by bufferevent_free(); NULL for an unknown state, for
///   another socket than the session's own, without memory, or if OpenSSL is not found in the
///   process
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
) -> *mut bufferevent {
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
) -> *mut bufferevent {
    // SAFETY: the caller of the exported function passes its own session.
    let session = unsafe { openssl::Session::new(ssl, caller) };
    new_with(
        session.map(Session::Openssl),
        state,
        options,
        |session, role| create::on_socket(base, fd, session, role, options),
    )
}

/// The bufferevent's session of OpenSSL.
fn openssl_of(bev: Bev) -> Option<openssl::Session> {
    match tls::session(bev)? {
        Session::Openssl(session) => Some(session),
        Session::Mbedtls(_) => None,
    }
}

/// The answer of the functions on flags for what is no TLS bufferevent.
const NO_FLAGS: u64 = u64::MAX;

/// Tells the flags of a TLS bufferevent. Since 2.2.
///
/// @param bev the bufferevent
/// @return BUFFEREVENT_SSL_* flags; all bits set for another kind of bufferevent
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_ssl_get_flags(bev: Required<Bev>) -> u64 {
    let bev = bev.hold();
    tls::flags(*bev).unwrap_or(NO_FLAGS)
}

/// Changes the flags; the former ones.
fn change_flags(bev: Required<Bev>, named: u64, change: fn(u64, u64) -> u64) -> u64 {
    let bev = bev.hold();
    let named = named & report::FLAGS;
    match tls::flags(*bev) {
        Some(former) if named != 0 => {
            tls::set_flags(*bev, change(former, named));
            former
        }
        _ => NO_FLAGS,
    }
}

/// Sets flags of a TLS bufferevent, and leaves the others as they are. Since 2.2.
///
/// @param bev the bufferevent
/// @param flags BUFFEREVENT_SSL_* flags
/// @return the flags before; all bits set if nothing was changed: for another kind of bufferevent,
///   or if no known flag is named
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_ssl_set_flags(bev: Required<Bev>, flags: u64) -> u64 {
    change_flags(bev, flags, |former, named| former | named)
}

/// Clears flags of a TLS bufferevent, and leaves the others as they are. Since 2.2.
///
/// @param bev the bufferevent
/// @param flags BUFFEREVENT_SSL_* flags
/// @return as of bufferevent_ssl_set_flags()
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_ssl_clear_flags(bev: Required<Bev>, flags: u64) -> u64 {
    change_flags(bev, flags, |former, named| former & !named)
}

/// Tells whether the end of the transport alone counts as the end of the connection.
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

/// Chooses what is told when the transport ends and the other end has not said that it closes:
/// BEV_EVENT_EOF or, as long as nothing is chosen, BEV_EVENT_ERROR. An attacker can cut a
/// connection off, so what was received may be incomplete then.
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

/// Gives the session of a TLS bufferevent on OpenSSL.
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

/// Asks for another handshake. Output waits until it is complete, and BEV_EVENT_CONNECTED is told
/// again. TLS 1.3 has no such thing: the event is told, and nothing else happens.
///
/// @param bev the bufferevent
/// @return 0 if the handshake has begun, 1 if it is complete, -1 if the session refuses it or for
///   another kind of bufferevent
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_ssl_renegotiate(bev: Required<Bev>) -> c_int {
    renegotiate(&bev.hold())
}

/// Takes one of the OpenSSL errors that BEV_EVENT_ERROR came with. Up to three are kept, and the
/// latest one comes first: OpenSSL's own codes, then a small number that says which kind of error
/// it is, as SSL_get_error() does.
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
