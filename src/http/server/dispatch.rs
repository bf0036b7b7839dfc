//! Which callback gets a request.

use core::cell::Cell;

use super::{KeepServer, Server, exchange};
use crate::buffer::{Locked, OwnedBuf};
use crate::http::connection::read::Flow;
use crate::http::connection::{Keep, State};
use crate::http::escape::{self, Plus};
use crate::http::keyval::List;
use crate::http::request::{Reply, Req};
use crate::http::store::Store;
use crate::http::uri::Part;
use crate::http::{method, reply};
use crate::support::thunk::Ref;
use crate::support::{mm, words};

std::thread_local! {
    /// The list of headers to send that the program is most likely to fill, and its server.
    static FILLED: Cell<Option<(List, Ref<Server>)>> = const { Cell::new(None) };
}

/// Where the memory for a header comes from that the program adds.
pub fn store_for<'a>(list: List) -> Option<&'a Store> {
    let (_, server) = FILLED.get().filter(|(filled, _)| *filled == list)?;
    Some(Server::store_of(server))
}

/// The callback for a request is running.
struct Filling {
    before: Option<(List, Ref<Server>)>,
    _server: KeepServer,
}

impl Filling {
    fn begin(server: Ref<Server>, req: Req) -> Filling {
        Filling {
            _server: server.keep(),
            before: FILLED.replace(Some((req.output_headers(), server))),
        }
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        FILLED.set(self.before);
    }
}

/// A request is complete: the program answers it, now or later.
pub fn run(con: &Keep, req: Req) -> Flow {
    if let Some(wire) = con.wire() {
        wire.hide_enabled();
    }
    con.state.set(State::Reply);
    req.set_user_done(false);
    con.dispatching.set(true);
    let hold = req.hold();
    hand_over(con, req);
    con.dispatching.set(false);
    if con.is_gone() {
        return Flow::Stop;
    }
    let current = !hold.is_freed() && con.current() == Some(req);
    drop(hold);
    if !current {
        // The exchange ended from inside.
        con.start_noted();
        return Flow::On;
    }
    if let Some(wire) = con.wire() {
        wire.settle_enabled();
    }
    match req.reply() {
        Reply::Complete => {
            if exchange::may_wait(con, req) {
                con.batched.set(true);
                exchange::reply_sent(con, req);
                return Flow::On;
            }
            if con.write_now() {
                exchange::reply_sent(con, req);
                return Flow::On;
            }
        }
        Reply::Started => {
            let wire = con.wire();
            if wire.is_some_and(|wire| wire.is_of(con.handle())) {
                con.attach(true, true);
            }
            con.start_noted();
        }
        // The bufferevent may be the program's from now on.
        Reply::None => {}
    }
    Flow::Stop
}

fn hand_over(con: &Keep, req: Req) {
    let Some(server) = con.server.get() else {
        return;
    };
    let _filling = Filling::begin(server, req);
    if server.allowed.get() & req.method() == 0 {
        refuse_method(con, req);
        return;
    }
    let server = if server.has_hosts() {
        let host = req.host_text();
        host.and_then(|host| server.find_host(host))
            .unwrap_or(server)
    } else {
        server
    };
    let by_path = req
        .uri()
        .and_then(|uri| uri.get(Part::Path))
        .and_then(|path| with_decoded(path, |path| server.paths.borrow().find(path)));
    let (callback, argument) =
        by_path.unwrap_or((server.general.get(), server.general_argument.get()));
    if callback.is_some() {
        req.call(callback, argument);
    } else {
        not_found(req);
    }
}

/// Calls `look` with a path as it is without escapes.
fn with_decoded<T>(path: &[u8], look: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    if words::run(path, |word| words::equal(word, b'%')) == path.len() {
        return look(path);
    }
    let mut short = [0; 512];
    if let Some(out) = short.get_mut(..path.len()) {
        let len = escape::decode(path, Plus::Never, out);
        return look(&short[..len]);
    }
    // Without memory there is no such path.
    let decoded = escape::decoded(path, Plus::Never)?;
    look(&decoded[..decoded.len() - 1])
}

/// The server doesn't answer requests of this kind.
fn refuse_method(con: &Keep, req: Req) {
    let known = method::name(req.method()).is_some() && req.method() != method::UNKNOWN;
    if !known {
        reply::send_error(req, 501, None);
        return;
    }
    let allowed = con.server.get().map_or(0, |server| server.allowed.get());
    let mut list = mm::vec();
    for name in method::names(allowed) {
        let separator: &[u8] = if list.is_empty() { b"" } else { b", " };
        // Without memory it is shorter.
        let _ = list.try_extend_from_slice(separator);
        let _ = list.try_extend_from_slice(name.as_bytes());
    }
    reply::send_error_with(req, 405, None, &[(b"Allow", &list)]);
}

/// There is no callback for the request.
fn not_found(req: Req) {
    let (Some(shown), Some(page)) = (escape::html(req.target_text()), OwnedBuf::new()) else {
        reply::drop_connection(req);
        return;
    };
    let write = |mut text: Locked| {
        text.add(
            b"<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1>\
              <p>The requested URL ",
        )?;
        text.add(&shown[..shown.len() - 1])?;
        text.add(b" was not found on this server.</p></body></html>\n")
    };
    if write(page.lock()).is_err() || !reply::set_status(req, 404, None) {
        reply::drop_connection(req);
        return;
    }
    reply::send_page(req, *page, &[]);
}
