//! `<event2/bufferevent_ssl.h>`: bufferevents that speak TLS.

use core::ffi::c_int;

use crate::base::BaseRef;
use crate::bufferevent::Bev;
use crate::bufferevent::tls::{self, Role, Session, create, report};
use crate::ctypes::bufferevent_ssl::{
    BUFFEREVENT_SSL_ACCEPTING, BUFFEREVENT_SSL_CONNECTING, BUFFEREVENT_SSL_OPEN,
    bufferevent_ssl_state,
};
use crate::ctypes::util::evutil_socket_t;
use crate::sys::{self, Errno};

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
            $function($($argument,)* core::ptr::null())
        }
    }};
}

pub mod openssl;

pub mod any;

pub mod mbedtls;

/// The side of the handshake that a state means, `None` for a connection that is established.
fn role_of(state: bufferevent_ssl_state) -> sys::Result<Option<Role>> {
    match state {
        BUFFEREVENT_SSL_OPEN => Ok(None),
        BUFFEREVENT_SSL_CONNECTING => Ok(Some(Role::Client)),
        BUFFEREVENT_SSL_ACCEPTING => Ok(Some(Role::Server)),
        _ => Err(Errno::INVAL),
    }
}

/// The bufferevent that `make` makes with a session and its role; none if there is no session or the
/// state is unknown. A session without use is freed if the options ask for that.
fn new_with(
    session: Option<Session>,
    state: bufferevent_ssl_state,
    options: c_int,
    make: impl FnOnce(Session, Option<Role>) -> Option<Bev>,
) -> Option<Bev> {
    let session = session?;
    let Ok(role) = role_of(state) else {
        create::free_unless(false, session, options);
        return None;
    };
    make(session, role)
}

/// One on top of another bufferevent.
fn filter(
    base: Option<BaseRef>,
    underlying: Option<Bev>,
    session: Option<Session>,
    state: bufferevent_ssl_state,
    options: c_int,
) -> Option<Bev> {
    new_with(session, state, options, |session, role| {
        create::on_bufferevent(base, underlying, session, role, options)
    })
}

/// One on a descriptor.
fn socket(
    base: Option<BaseRef>,
    fd: evutil_socket_t,
    session: Option<Session>,
    state: bufferevent_ssl_state,
    options: c_int,
) -> Option<Bev> {
    new_with(session, state, options, |session, role| {
        create::on_socket(base, fd, session, role, options)
    })
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
