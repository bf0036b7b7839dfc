//! A session of one of the engines.

use core::ffi::c_int;
use core::mem::MaybeUninit;

use super::super::Bev;
use super::engine::{Engine, Moved, Role, Step};
use super::{mbedtls, openssl};
use crate::buffer::FileRange;

#[derive(Clone, Copy)]
pub enum Session {
    Openssl(openssl::Session),
    Mbedtls(mbedtls::Session),
}

macro_rules! by_engine {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        #[inline]
        fn $name(self, $($argument: $type),*) -> $result {
            match self {
                Session::Openssl(session) => session.$name($($argument),*),
                Session::Mbedtls(session) => session.$name($($argument),*),
            }
        }
    )*};
}

impl Engine for Session {
    by_engine! {
        prepare() -> ();
        fd() -> Option<c_int>;
        keep_fd_open() -> ();
        handshake() -> Step;
        read(into: &mut [MaybeUninit<u8>]) -> Step;
        write(from: &[u8]) -> Step;
        sends_files() -> bool;
        send_file(file: FileRange) -> Step;
        system_code() -> u32;
        has_pending() -> bool;
        moved() -> Moved;
        restart(role: Role, again: bool) -> bool;
        use_fd(fd: c_int) -> bool;
        hand_back() -> ();
        forget_bufferevent() -> ();
        read_ahead(on: bool) -> bool;
        renegotiate() -> bool;
        free() -> ();
    }

    fn use_bufferevent(self, underlying: Bev) -> Option<Session> {
        Some(match self {
            Session::Openssl(session) => Session::Openssl(session.use_bufferevent(underlying)?),
            Session::Mbedtls(session) => Session::Mbedtls(session.use_bufferevent(underlying)?),
        })
    }
}
