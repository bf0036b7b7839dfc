//! Where a server listens, and the connections that come there.

use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::net::{Ipv4Addr, SocketAddr};
use core::ptr::{self, NonNull};

use libc::sockaddr;

use super::{Server, exchange};
use crate::ctypes::event::{EV_READ, EV_WRITE};
use crate::ctypes::http::evhttp_bev_cb;
use crate::ctypes::listener::{LEV_OPT_CLOSE_ON_EXEC, LEV_OPT_CLOSE_ON_FREE, LEV_OPT_REUSEABLE};
use crate::ctypes::opaque::evconnlistener;
use crate::http::connection::wire::Wire;
use crate::http::connection::{self, Con, State};
use crate::http::reply;
use crate::net::addr_list::AddrList;
use crate::net::listener::{self, AcceptFn, Listener, ListenerOptions};
use crate::net::{getaddrinfo, raw_address, socket};
use crate::support::members::{self, Place, linked};
use crate::support::shared::{self, Shared};
use crate::support::thunk::{Argument, Ref, thunk};
use crate::support::zeroed::Zeroed;
use crate::support::{log, mm};
use crate::sys::{self, Errno};

/// `struct evhttp_bound_socket`.
pub struct Bound {
    link: Place<Bound>,
    server: Ref<Server>,
    /// There from the moment on that it is in the server's list.
    listener: Cell<Option<shared::Ref<Listener>>>,
    pub make_bev: Cell<evhttp_bev_cb>,
    pub make_bev_argument: Cell<*mut c_void>,
}

linked!(Bound, (), link);

impl Bound {
    pub fn listener(&self) -> Option<shared::Ref<Listener>> {
        self.listener.get()
    }

    /// Stops listening, and closes the socket if the listener does so.
    pub fn free(&self) {
        let this = NonNull::from(self);
        // SAFETY: it is at its server, so it lives.
        self.server.sockets.remove(unsafe { Ref::new(this) });
        if let Some(listener) = self.listener.get() {
            listener::free(listener.hold());
        }
        // SAFETY: made by `make_bound`, and nobody knows it any more: the listener is gone.
        drop(unsafe { mm::Box::from_raw(this) });
    }
}

impl Server {
    /// Calls `action` for each socket, which may free it.
    pub fn each_socket(&self, action: impl Fn(Ref<Bound>)) {
        self.sockets.iter().for_each(action);
    }

    /// Listens at the first address of a name, or at all IPv4 addresses of this machine.
    pub fn bind(&self, host: Option<&CStr>, port: u16) -> sys::Result<Ref<Bound>> {
        let base = self.base().ok_or_else(invalid)?;
        let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let to = host.map_or(Ok(any), |host| look_up(host, port))?;
        self.add(|bound| listener::create_bound_to(&base, &options(bound, -1), &to))
    }

    /// Takes connections of a socket that listens.
    pub fn accept_on(&self, fd: c_int) -> sys::Result<Ref<Bound>> {
        let base = self.base().ok_or_else(invalid)?;
        socket::make_nonblocking(fd)?;
        self.add(|bound| listener::create(&base, fd, &options(bound, 0)))
    }

    /// Takes a listener over.
    pub fn add_listener(&self, listener: shared::Ref<Listener>) -> sys::Result<Ref<Bound>> {
        self.add(|bound| {
            let held = listener.hold();
            held.set_callback(Some(callback()), bound.into_raw());
            Ok(listener)
        })
    }

    /// Adds a socket with the listener that `make` makes for it.
    fn add(
        &self,
        make: impl FnOnce(Ref<Bound>) -> sys::Result<shared::Ref<Listener>>,
    ) -> sys::Result<Ref<Bound>> {
        let object = mm::Box::new(Bound {
            link: members::nowhere(),
            server: self.handle(),
            listener: Cell::new(None),
            make_bev: Cell::new(None),
            make_bev_argument: Cell::new(ptr::null_mut()),
        });
        let object = object.map_err(|_| Errno::NOMEM)?;
        // SAFETY: it stays in its block until `free`, or fails here, with nobody knowing it.
        let bound = unsafe { Ref::new(object.as_non_null()) };
        let listener = make(bound)?;
        listener.hold().set_make_room(|bound| {
            // SAFETY: the argument is that of the callback.
            let bound = unsafe { Ref::<Bound>::from_raw(bound) };
            bound.server.keep().close_idle()
        });
        bound.listener.set(Some(listener));
        object.into_raw();
        self.sockets.push(bound);
        Ok(bound)
    }
}

/// What listeners of servers call.
fn callback() -> AcceptFn {
    let on_connection =
        |bound: Ref<Bound>, _: *mut evconnlistener, fd: c_int, peer: *mut sockaddr, len: c_int| {
            on_accept(bound, fd, peer, len)
        };
    thunk::<AcceptFn, Ref<Bound>, _>(on_connection).function()
}

#[cfg(any(test, fuzzing))]
impl Server {
    /// Takes a connection over that stands.
    pub fn serve_on(&self, fd: c_int) {
        let wire = Wire::plain(self.base()).expect("memory");
        let con = connection::make(self.base(), None).expect("memory");
        con.wire.set(Some(wire));
        let peer = PeerText([0; _]);
        start(self, con, fd, peer, 0).expect("memory");
    }
}

fn invalid() -> Errno {
    Errno::INVAL
}

fn options(bound: Ref<Bound>, backlog: c_int) -> ListenerOptions {
    ListenerOptions {
        callback: Some(callback()),
        argument: bound.into_raw(),
        flags: LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE,
        backlog,
    }
}

/// The first address of a name.
fn look_up(host: &CStr, port: u16) -> sys::Result<SocketAddr> {
    let mut hints = libc::addrinfo::ZEROED;
    hints.ai_socktype = libc::SOCK_STREAM;
    hints.ai_flags = libc::AI_PASSIVE | libc::AI_ADDRCONFIG;
    let mut found = ptr::null_mut();
    // SAFETY: a C string, hints and a place for the result.
    let error = unsafe {
        getaddrinfo::lookup(
            host.as_ptr(),
            ptr::null(),
            Some(NonNull::from(&hints)),
            &raw mut found,
        )
    };
    if error != 0 {
        log::warn(format_args!(
            "{:?} can't be looked up: {:?}",
            host,
            getaddrinfo::error_text(error)
        ));
        return Err(invalid());
    }
    // SAFETY: the lookup made the list, and nobody else has it.
    let list = unsafe { AddrList::from_raw(found) };
    let first = list.iter().next().ok_or_else(invalid)?;
    // SAFETY: the address of a live entry.
    let mut to = unsafe { raw_address::read(first.ai_addr) }.ok_or_else(invalid)?;
    to.set_port(port);
    Ok(to)
}

/// The listener's callback: there is a connection.
fn on_accept(bound: Ref<Bound>, fd: c_int, peer: *mut sockaddr, len: c_int) {
    let server = bound.server.keep();
    let made = (bound.make_bev.get(), bound.make_bev_argument.get());
    // SAFETY: listeners pass the peer's address with its length.
    let (host, port) = unsafe { peer_text(peer, len) };
    let factories = [
        made,
        (server.make_bev.get(), server.make_bev_argument.get()),
    ];
    let made = factories
        .into_iter()
        .find_map(|(make, argument)| {
            let base = server.base().map_or(ptr::null_mut(), Ref::as_ptr).cast();
            // SAFETY: the program gave callback and argument to go together; what it makes is ours.
            make.and_then(|make| unsafe { Wire::new(make(base, argument)) })
        })
        .or_else(|| Wire::plain(server.base()));
    let Some(wire) = made else {
        sys::close(fd);
        return;
    };
    let con = (!server.is_gone())
        .then(|| connection::make(server.base(), None))
        .flatten();
    let Some(con) = con else {
        wire.free(-1);
        sys::close(fd);
        return;
    };
    con.wire.set(Some(wire));
    if start(&server, con, fd, host, port).is_none() {
        con.free();
        sys::close(fd);
    }
}

/// Begins to read on a new connection. `None` if that is not possible, and then the socket is not
/// the connection's.
fn start(server: &Server, con: Con, fd: c_int, host: PeerText, port: u16) -> Option<()> {
    let keep = con.keep();
    let host = mm::OwnedBlock::c_string(host.text()).ok()?;
    con.address.set(host.into_raw().cast::<c_char>());
    con.port.set(port);
    con.max_head.set(server.max_head.get());
    con.max_body.set(server.max_body.get());
    con.set_timeouts(server.timeouts.get());
    server.add_connection(con);
    let wire = con.wire()?;
    let timeouts = server.timeouts.get();
    if timeouts.read.is_some() || timeouts.write.is_some() {
        wire.set_timeouts(timeouts.read, timeouts.write).ok()?;
    }
    con.expect_head();
    con.attach(true, false);
    wire.enable(EV_READ).ok()?;
    wire.disable(EV_WRITE);
    wire.set_fd(fd).ok()?;
    con.fd.set(fd);
    con.established.set(true);
    let most = server.max_connections.get();
    let too_many = || most > 0 && server.connection_count() > most;
    if too_many() {
        server.close_idle();
    }
    if too_many() {
        refuse(&keep);
    } else {
        exchange::announce(&keep);
    }
    Some(())
}

/// There are too many connections.
fn refuse(con: &connection::Keep) {
    let Some(req) = exchange::make_request(con) else {
        con.free();
        return;
    };
    con.state.set(State::Reply);
    con.unread.set(true);
    req.set_last(true);
    reply::send_error(req, 503, None);
}

/// A peer's address in numbers.
struct PeerText([u8; 46 + libc::IF_NAMESIZE]);

impl PeerText {
    fn text(&self) -> &[u8] {
        let end = self.0.iter().position(|byte| *byte == 0);
        &self.0[..end.unwrap_or(0)]
    }
}

/// The address in numbers, and the port. A peer on this machine is "localhost".
///
/// # Safety
/// `peer` points to an address of `len` bytes.
unsafe fn peer_text(peer: *const sockaddr, len: c_int) -> (PeerText, u16) {
    let mut text = PeerText([0; _]);
    // SAFETY: the caller's promise.
    let Some(address) = (unsafe { raw_address::read(peer) }) else {
        text.0[..9].copy_from_slice(b"localhost");
        return (text, 0);
    };
    // SAFETY: the caller's promise, and a place of its size for the text.
    unsafe {
        libc::getnameinfo(
            peer,
            len as libc::socklen_t,
            text.0.as_mut_ptr().cast(),
            text.0.len() as libc::socklen_t,
            ptr::null_mut(),
            0,
            libc::NI_NUMERICHOST,
        );
    }
    (text, address.port())
}
