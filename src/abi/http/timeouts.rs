//! Of `<event2/http.h>`: timeouts of servers and of connections.

use core::ffi::c_int;

use crate::abi::argument::{In, Required};
use crate::support::thunk::Ref;
use libc::timeval;

use crate::http::client;
use crate::http::connection::{Con, Timeouts};
use crate::http::server::Server as evhttp;

/// A timeout; all zero, like NULL, is none.
fn timeout(tv: In<timeval>) -> Option<timeval> {
    tv.get()
        .filter(|tv| tv.tv_sec > 0 || tv.tv_sec == 0 && tv.tv_usec > 0)
}

/// A timeout of so many seconds; 0 and less are none.
fn seconds(count: c_int) -> Option<timeval> {
    (count > 0).then(|| timeval {
        tv_sec: count.into(),
        tv_usec: 0,
    })
}

fn set_server_timeouts(http: &evhttp, tv: Option<timeval>) {
    http.timeouts.set(Timeouts {
        connect: None,
        read: tv,
        write: tv,
    });
}

fn set_all_timeouts(con: Con, tv: Option<timeval>) {
    let first = if con.is_server() {
        Timeouts::NONE
    } else {
        client::TIMEOUTS
    };
    let chosen = tv.map(|_| Timeouts {
        connect: tv,
        read: tv,
        write: tv,
    });
    set_timeouts(con, chosen.unwrap_or(first));
}

/// Sets how many seconds may pass without progress in reading or writing on connections to come. 0
/// and negative numbers are no timeout, as if it was never set.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_timeout(http: Required<Ref<evhttp>>, timeout_in_secs: c_int) {
    set_server_timeouts(&http, seconds(timeout_in_secs));
}

/// Sets how long may pass without progress in reading or writing on connections to come; NULL is no
/// timeout. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_timeout_tv(http: Required<Ref<evhttp>>, tv: In<timeval>) {
    set_server_timeouts(&http, timeout(tv));
}

/// Sets how long may pass without progress in reading; NULL is no timeout. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_read_timeout_tv(http: Required<Ref<evhttp>>, tv: In<timeval>) {
    let read = timeout(tv);
    http.timeouts.set(Timeouts {
        read,
        ..http.timeouts.get()
    });
}

/// Sets how long may pass without progress in writing; NULL is no timeout. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_set_write_timeout_tv(http: Required<Ref<evhttp>>, tv: In<timeval>) {
    let write = timeout(tv);
    http.timeouts.set(Timeouts {
        write,
        ..http.timeouts.get()
    });
}

/// Sets the timeouts of a connection, and has them begin anew.
fn set_timeouts(con: Con, timeouts: Timeouts) {
    con.set_timeouts(timeouts);
    con.apply_timeouts();
}

/// Sets how many seconds a connection may go without progress in connecting, reading or writing. A
/// negative number brings back what it was at first: for clients 45 for connecting, and 50.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_timeout(
    evcon: Required<Con>,
    timeout_in_secs: c_int,
) {
    set_all_timeouts(*evcon, seconds(timeout_in_secs));
}

/// Sets how long a connection may go without progress in connecting, reading or writing. NULL brings
/// back what it was at first. Since 2.1.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_timeout_tv(evcon: Required<Con>, tv: In<timeval>) {
    set_all_timeouts(*evcon, timeout(tv));
}

/// Sets how long a client may connect; NULL is for ever. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_connect_timeout_tv(
    evcon: Required<Con>,
    tv: In<timeval>,
) {
    let connect = timeout(tv);
    let others = evcon.timeouts();
    set_timeouts(*evcon, Timeouts { connect, ..others });
}

/// Sets how long a connection may go without progress in reading; NULL is for ever. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_read_timeout_tv(
    evcon: Required<Con>,
    tv: In<timeval>,
) {
    let read = timeout(tv);
    let others = evcon.timeouts();
    set_timeouts(*evcon, Timeouts { read, ..others });
}

/// Sets how long a connection may go without progress in writing; NULL is for ever. Since 2.2.
///
/// # Safety
/// See [`crate::abi`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evhttp_connection_set_write_timeout_tv(
    evcon: Required<Con>,
    tv: In<timeval>,
) {
    let write = timeout(tv);
    let others = evcon.timeouts();
    set_timeouts(*evcon, Timeouts { write, ..others });
}
