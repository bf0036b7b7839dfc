//! With every library.

use core::ffi::c_int;

use crate::abi::argument::Required;
use crate::bufferevent::Bev;
use crate::bufferevent::tls::{self, renegotiate, report};

/// The answer of the functions on flags for what is no TLS bufferevent.
const NO_FLAGS: u64 = u64::MAX;

/// Returns the flags of a TLS bufferevent. Since 2.2.
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
/// @return as for bufferevent_ssl_set_flags()
///
/// # Safety
/// No further rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bufferevent_ssl_clear_flags(bev: Required<Bev>, flags: u64) -> u64 {
    change_flags(bev, flags, |former, named| former & !named)
}

/// Starts another handshake. Output waits until it is complete, and BEV_EVENT_CONNECTED is reported
/// again. TLS 1.3 has no renegotiation: the event is reported, and nothing else happens.
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
