//! Connecting a client.

use core::ffi::{CStr, c_int};
use core::mem::MaybeUninit;
use core::ptr;

use libc::{sockaddr, sockaddr_un, socklen_t, timeval};

use super::{Client, Target, finish, free_if_done, reset, send};
use crate::bufferevent::stream::{connect, resolve};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::http::EVHTTP_CON_REUSE_CONNECTED_ADDR;
use crate::http::connection::peer::Peer;
use crate::http::connection::{Con, Keep, State};
use crate::http::request::Requests;
use crate::net::raw_address;
use crate::net::{addr_text, socket};
use crate::support::time::{from_timeval, to_timeval};
use crate::support::zeroed::Zeroed;
use crate::sys::{self, Errno};

/// The longest time between two tries.
const MAX_DELAY: i64 = 3600 * 1_000_000;

/// Begins to connect. Fails if the local address can't be bound; other failures are told by an
/// event, perhaps before this returns.
pub fn start(con: &Keep) -> sys::Result {
    let client = Client::of(con);
    let Some(wire) = con.wire() else {
        return Err(Errno::INVAL);
    };
    let bound = bind(con)?;
    con.state.set(State::Connecting);
    con.attach(false, false);
    con.apply_timeouts();
    let held = wire.bev().hold();
    let waits = wire.set_fd(bound).and_then(|()| wire.enable(EV_WRITE));
    if let Err(error) = waits {
        let _ = wire.set_fd(-1);
        if bound >= 0 {
            sys::close(bound);
        }
        refused(con, error);
        return Ok(());
    }
    // Until it stands, it is the bufferevent's to close.
    con.fd.set(bound);
    let started = match client.target {
        Target::Unix => {
            let address = unix_address(con).ok_or(Errno::INVAL);
            // SAFETY: an address of that length.
            address
                .and_then(|(to, len)| unsafe { connect::start(&held, (&raw const to).cast(), len) })
        }
        Target::Given => Err(Errno::INVAL),
        Target::Host => match reused(con) {
            // SAFETY: an address of that length.
            Some(peer) => unsafe { connect::start(&held, peer.as_ptr(), peer.len()) },
            None => {
                let hints = resolve::hints(client.family.get());
                let (host, port) = (con.address.get(), c_int::from(con.port.get()));
                // SAFETY: the program's resolver; a C string.
                unsafe { resolve::start(&held, client.dns, host, port, &hints) }
            }
        },
    };
    drop(held);
    if let Err(error) = started
        && !con.is_gone()
    {
        refused(con, error);
    }
    Ok(())
}

/// The address that is connected to without another lookup.
fn reused(con: &Keep) -> Option<Peer> {
    con.last_peer()
        .filter(|_| con.has(EVHTTP_CON_REUSE_CONNECTED_ADDR))
}

/// A socket bound to the local address, or -1 if none is chosen.
fn bind(con: &Keep) -> sys::Result<c_int> {
    let client = Client::of(con);
    let (local, port) = (client.local_address.get(), client.local_port.get());
    if local.is_null() && port == 0 {
        return Ok(-1);
    }
    let ip = if local.is_null() {
        core::net::Ipv4Addr::UNSPECIFIED.into()
    } else {
        // SAFETY: a C string.
        let text = unsafe { CStr::from_ptr(local) }.to_bytes();
        parse_ip(text)?
    };
    let to = core::net::SocketAddr::new(ip, port);
    let mut raw = [MaybeUninit::<u8>::uninit(); size_of::<libc::sockaddr_in6>()];
    let len = raw_address::write(&to, &mut raw).ok_or(Errno::INVAL)? as socklen_t;
    let raw = raw.as_ptr().cast::<sockaddr>();
    // SAFETY: an address of that length was written.
    unsafe {
        let fd = socket::stream(raw_address::family(raw), true)?;
        let done = socket::set_reuse_address(fd).and_then(|()| socket::bind(fd, raw, len));
        done.map(|()| fd).inspect_err(|_| sys::close(fd))
    }
}

fn parse_ip(text: &[u8]) -> sys::Result<core::net::IpAddr> {
    let v4 = addr_text::parse_ipv4(text).map(core::net::IpAddr::from);
    let v6 = || addr_text::parse_ipv6(text).map(core::net::IpAddr::from);
    v4.or_else(v6).ok_or(Errno::INVAL)
}

/// The address of a UNIX socket by the path that is the connection's address.
fn unix_address(con: &Keep) -> Option<(sockaddr_un, socklen_t)> {
    let path = con.address_text()?;
    let mut to = sockaddr_un::ZEROED;
    to.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let place = to.sun_path.get_mut(..path.len())?;
    for (to, from) in place.iter_mut().zip(path) {
        *to = *from as core::ffi::c_char;
    }
    Some((to, size_of::<sockaddr_un>() as socklen_t))
}

/// The longest path of a UNIX socket, without its NUL.
pub const MAX_PATH: usize = 107;

/// The connection stands.
pub fn stands(con: &Keep) {
    let client = Client::of(con);
    client.tried.set(0);
    let fd = con.wire().map_or(-1, |wire| wire.fd());
    con.fd.set(fd);
    con.established.set(true);
    con.update_peer(con.has(EVHTTP_CON_REUSE_CONNECTED_ADDR));
    idle(con);
}

/// The connection has nothing to do, or goes on with the next request.
pub fn idle(con: &Keep) {
    con.state.set(State::Idle);
    con.apply_timeouts();
    if con.current().is_some() {
        send::next(con);
        return;
    }
    con.attach(true, false);
    if !con.enable(EV_READ) {
        super::lose_idle(con);
    }
}

/// Nobody listens, or nobody answered in time: tries again later, or ends all requests.
pub fn refused(con: &Keep, error: Errno) {
    let client = Client::of(con);
    reset(con);
    let retries = client.retries.get();
    let tried = client.tried.get();
    if retries < 0 || tried < retries {
        let doubled = from_timeval(client.first_delay.get()).saturating_mul(1 << tried.min(40));
        client.tried.set(tried.saturating_add(1));
        if wait(con, to_timeval(doubled.min(MAX_DELAY))) {
            return;
        }
    }
    client.tried.set(0);
    // New requests that callbacks make start anew.
    // SAFETY: it stays in this frame until it is empty.
    let failed = unsafe { Requests::new() };
    while let Some(req) = con.current() {
        con.forget(req);
        req.set_con_ptr(ptr::null_mut());
        failed.push(req);
    }
    while let Some(req) = failed.first() {
        failed.remove(req);
        error.set();
        let hold = req.hold();
        req.call(req.callback(), req.argument());
        finish(*hold);
    }
    free_if_done(con);
}

/// Starts the timer for the next try.
fn wait(con: &Keep, delay: timeval) -> bool {
    let timer = &Client::of(con).retry_timer;
    con.base()
        .is_some_and(|base| timer.start(&base.lock(), delay).is_ok())
}

/// It is time for the next try.
pub fn on_retry(con: Con) {
    let con = con.keep();
    if con.state.get() == State::Disconnected
        && !con.is_gone()
        && let Err(error) = start(&con)
    {
        refused(&con, error);
    }
}

/// Connects for the requests that wait, if there are any. If that fails, the loop tells them: the
/// request before them has not been told yet.
pub fn again(con: &Keep) {
    if con.is_gone() || con.current().is_none() {
        return;
    }
    if let Err(error) = start(con)
        && !wait(con, to_timeval(0))
    {
        refused(con, error);
    }
}
