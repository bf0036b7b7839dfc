//! WebSocket, the server's side: RFC 6455.
//!
//! | module | what |
//! | --- | --- |
//! | [`handshake`] | what a request must say, and what is answered |
//! | [`frame`], [`message`] | what a client sends, put together |
//! | [`session`] | a connection from its handshake on |

use self::session::{Session, Wishes};
use super::connection::Connection;
use super::request::Req;
use super::{field, method, reply};
use crate::support::thunk::Ref;

pub mod frame;
pub mod handshake;
pub mod message;
pub mod session;

/// Answers a request for a session, and begins it. `None` if the request is no good, which its
/// client is told, and without memory: the request has no more use then, either.
pub fn accept(req: Req, wishes: Wishes) -> Option<Ref<Session>> {
    let list = req.input_headers();
    let any = |name: &[u8], member: &[u8]| {
        list.iter()
            .any(|header| header.is(name) && field::lists(header.value(), member))
    };
    let only = |name| list.find(name).map(|header| header.value());
    let asks = req.method() == method::GET
        && req.version().is_modern()
        && any(b"Upgrade", b"websocket")
        && any(b"Connection", b"upgrade");
    let key = only(b"Sec-WebSocket-Key").and_then(handshake::accept);
    let Some(key) = key.filter(|_| asks) else {
        reply::send_error(req, 400, None);
        return None;
    };
    if only(b"Sec-WebSocket-Version") != Some(b"13") {
        reply::send_error_with(req, 426, None, &[(b"Sec-WebSocket-Version", b"13")]);
        return None;
    }
    let mut headers: [(&[u8], &[u8]); 4] = [
        (b"Upgrade", b"websocket"),
        (b"Connection", b"Upgrade"),
        (b"Sec-WebSocket-Accept", &key),
        (b"Sec-WebSocket-Protocol", b""),
    ];
    let mut count = 3;
    let chosen = only(b"Sec-WebSocket-Protocol").and_then(handshake::first_protocol);
    if let Some(protocol) = chosen
        && !req.output_headers().has(b"Sec-WebSocket-Protocol")
    {
        headers[3].1 = protocol;
        count = 4;
    }
    let con = req.con().map(|con| con.keep());
    if !reply::switch_protocols(req, &headers[..count]) {
        return None;
    }
    let parts = con?.take_over()?;
    session::begin(parts, wishes)
}

impl Connection {
    /// Takes the connection from its server, which is not told that it has ended.
    fn take_over(&self) -> Option<session::Parts> {
        let server = self.server.get()?;
        let (wire, fd) = self.give_up_wire()?;
        Some(session::Parts {
            server,
            base: self.base(),
            wire,
            fd,
        })
    }
}
