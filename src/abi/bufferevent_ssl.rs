//! `<event2/bufferevent_ssl.h>`: bufferevents that speak TLS.
#![allow(non_camel_case_types, reason = "C names")]

use core::ffi::{c_int, c_ulong, c_void};
use core::ptr;

use crate::abi::argument::Required;
use crate::base::BaseRef;
use crate::bufferevent::tls::mbedtls::{self, mbedtls_ssl_config, mbedtls_ssl_context};
use crate::bufferevent::tls::openssl::{self, ssl_st};
use crate::bufferevent::tls::{self, Role, Session, create, report};
use crate::bufferevent::{Bev, tls::renegotiate};
use crate::ctypes::bufferevent_ssl::{
    BUFFEREVENT_SSL_ACCEPTING, BUFFEREVENT_SSL_CONNECTING, BUFFEREVENT_SSL_OPEN,
    bufferevent_ssl_state,
};
use crate::ctypes::bufferevent_struct::bufferevent;
use crate::ctypes::util::evutil_socket_t;

/// The body of a function that has to know who calls it: a function with the same parameters and,
/// behind them, the caller's address does the work. The registers are those of that parameter. Where
/// the address is not to be had, it is null.
macro_rules! with_caller {
    ($x86_64:literal, $aarch64:literal, $function:ident($($argument:ident),*)) => {{
        #[cfg(target_arch = "x86_64")]
        core::arch::naked_asm!(
            concat!("mov ", $x86_64, ", [rsp]"),
            "jmp {function}",
            function = sym $function,
        );
        #[cfg(target_arch = "aarch64")]
        core::arch::naked_asm!(
            concat!("mov ", $aarch64, ", x30"),
            "b {function}",
            function = sym $function,
        );
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        // SAFETY: as this function's.
        unsafe {
            $function($($argument,)* ptr::null())
        }
    }};
}

/// The side of the handshake that a state means, `None` for a connection that stands; `Err` for
/// something else.
fn role_of(state: bufferevent_ssl_state) -> Result<Option<Role>, ()> {
    match state {
        BUFFEREVENT_SSL_OPEN => Ok(None),
        BUFFEREVENT_SSL_CONNECTING => Ok(Some(Role::Client)),
        BUFFEREVENT_SSL_ACCEPTING => Ok(Some(Role::Server)),
        _ => Err(()),
    }
}

/// The bufferevent that `make` makes with a session and its role; null if there is no session or the
/// state is unknown. A session without use is freed if the options ask for that.
fn new_with(
    session: Option<Session>,
    state: bufferevent_ssl_state,
    options: c_int,
    make: impl FnOnce(Session, Option<Role>) -> Option<Bev>,
) -> *mut bufferevent {
    let Some(session) = session else {
        return ptr::null_mut();
    };
    let Ok(role) = role_of(state) else {
        create::free_unless(false, session, options);
        return ptr::null_mut();
    };
    make(session, role).map_or(ptr::null_mut(), Bev::as_ptr)
}

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

/// The bufferevent's session of mbedTLS.
fn mbedtls_of(bev: Bev) -> Option<mbedtls::Session> {
    match tls::session(bev)? {
        Session::Mbedtls(session) => Some(session),
        Session::Openssl(_) => None,
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

/// Whether it does, of an engine's own bufferevent; -1 for others.
fn allows_dirty_shutdown(bev: Bev, own: bool) -> c_int {
    let flags = tls::flags(bev).filter(|_| own);
    flags.map_or(-1, |flags| c_int::from(flags & report::DIRTY_SHUTDOWN != 0))
}

/// Has an engine's own bufferevent allow it, or not.
fn allow_dirty_shutdown(bev: Bev, own: bool, allow: c_int) {
    if let Some(flags) = tls::flags(bev).filter(|_| own) {
        let others = flags & !report::DIRTY_SHUTDOWN;
        let dirty = if allow != 0 {
            report::DIRTY_SHUTDOWN
        } else {
            0
        };
        tls::set_flags(bev, others | dirty);
    }
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
    self::allow_dirty_shutdown(*bev, openssl_of(*bev).is_some(), allow_dirty_shutdown);
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

/// Makes a TLS bufferevent on mbedTLS that sends and receives over another bufferevent. As
/// bufferevent_openssl_filter_new(), in all that is not said here. Since 2.2.
///
/// @param base the base that both run in
/// @param underlying the bufferevent to send and receive over
/// @param ssl the session: a context of mbedTLS 2.28 or later that is set up
/// @param state how far the session is; the side of the handshake is in its configuration
/// @param options BEV_OPT_* flags; BEV_OPT_CLOSE_ON_FREE only with a context of
///   bufferevent_mbedtls_dyncontext_new()
/// @return the bufferevent, to be freed by bufferevent_free(); NULL for an unknown state, without
///   memory, or if mbedTLS is not found in the process
///
/// # Safety
/// `ssl` is a live context of the caller's mbedTLS, and stays alive until the bufferevent is freed.
#[unsafe(no_mangle)]
#[cfg_attr(any(target_arch = "x86_64", target_arch = "aarch64"), unsafe(naked))]
pub unsafe extern "C" fn bufferevent_mbedtls_filter_new(
    base: Option<BaseRef>,
    underlying: *mut bufferevent,
    ssl: *mut mbedtls_ssl_context,
    state: bufferevent_ssl_state,
    options: c_int,
) -> *mut bufferevent {
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
    underlying: *mut bufferevent,
    ssl: *mut mbedtls_ssl_context,
    state: bufferevent_ssl_state,
    options: c_int,
    caller: *const c_void,
) -> *mut bufferevent {
    // SAFETY: the caller of the exported function passes its own session and bufferevent.
    let (session, underlying) =
        unsafe { (mbedtls::Session::new(ssl, caller), Bev::new(underlying)) };
    new_with(
        session.map(Session::Mbedtls),
        state,
        options,
        |session, role| create::on_bufferevent(base, underlying, session, role, options),
    )
}

/// Makes a TLS bufferevent on mbedTLS and a socket. As bufferevent_openssl_socket_new(), in all that
/// is not said here. Since 2.2.
///
/// @param base the base that it runs in
/// @param fd a non-blocking socket; or -1 to give it one by bufferevent_setfd() or
///   bufferevent_socket_connect()
/// @param ssl the session: a context of mbedTLS 2.28 or later that is set up
/// @param state how far the session is; the side of the handshake is in its configuration
/// @param options BEV_OPT_* flags; BEV_OPT_CLOSE_ON_FREE only with a context of
///   bufferevent_mbedtls_dyncontext_new()
/// @return the bufferevent, to be freed by bufferevent_free(); NULL for an unknown state, without
///   memory, or if mbedTLS is not found in the process
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
) -> *mut bufferevent {
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
) -> *mut bufferevent {
    // SAFETY: the caller of the exported function passes its own session.
    let session = unsafe { mbedtls::Session::new(ssl, caller) };
    new_with(
        session.map(Session::Mbedtls),
        state,
        options,
        |session, role| create::on_socket(base, fd, session, role, options),
    )
}

/// Tells whether the end of the transport alone counts as the end of the connection. Since 2.2.
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

/// Chooses what is told when the transport ends and the other end has not said that it closes, as
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
    self::allow_dirty_shutdown(*bev, mbedtls_of(*bev).is_some(), allow_dirty_shutdown);
}

/// Gives the session of a TLS bufferevent on mbedTLS. Since 2.2.
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

/// Asks for another handshake, as bufferevent_ssl_renegotiate() does. Since 2.2.
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

/// Takes one of the mbedTLS errors that BEV_EVENT_ERROR came with, the latest one first. Since 2.2.
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

/// Makes a context of mbedTLS in memory of its own, and sets it up. Since 2.2.
///
/// @param conf the configuration, which has to stay as long as the context
/// @return the context, to be freed by bufferevent_mbedtls_dyncontext_free() or with a bufferevent
///   that was made with BEV_OPT_CLOSE_ON_FREE; NULL without memory, if mbedTLS refuses the
///   configuration, or if mbedTLS is not found in the process
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
