//! Messages of HTTP, whole and in pieces: what a server or a client makes of any bytes is the same
//! however they arrive, and ends.

use core::cell::RefCell;
use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};

use crate::base::config::Config;
use crate::base::{BaseRef, EventBase};
use crate::buffer::Buf;
use crate::ctypes::http::{EVHTTP_SERVER_LENIENT, evhttp_request_error};
use crate::ctypes::http_struct::evhttp_request;
use crate::http::client::{self, Target};
use crate::http::connection::wire::Wire;
use crate::http::request::Req;
use crate::http::{method, reply, server};
use crate::net::socket;
use crate::support::thunk::{Ref, thunk};
use crate::sys;

/// What happened, in order.
type Log = RefCell<Vec<String>>;

/// A base and a pair of sockets.
struct Bench {
    base: BaseRef,
    ours: c_int,
    peer: c_int,
    /// What the peer has got.
    heard: Vec<u8>,
}

impl Bench {
    fn new() -> Bench {
        let base = EventBase::create(&Config::DEFAULT).expect("memory");
        let [ours, peer] = socket::pair(libc::AF_UNIX, libc::SOCK_STREAM, 0).expect("sockets");
        for fd in [ours, peer] {
            socket::make_nonblocking(fd).expect("a socket");
        }
        Bench {
            base,
            ours,
            peer,
            heard: Vec::new(),
        }
    }

    /// Sends a piece, and has it worked on.
    fn say(&mut self, piece: &[u8]) {
        // SAFETY: the bytes are readable. What is not taken was refused before.
        unsafe {
            libc::send(
                self.peer,
                piece.as_ptr().cast(),
                piece.len(),
                libc::MSG_NOSIGNAL,
            );
        }
        self.work();
    }

    fn work(&mut self) {
        let mut quiet = 0;
        while quiet < 3 {
            self.base.run(crate::ctypes::event::EVLOOP_NONBLOCK);
            let mut room = [0_u8; 4096];
            // SAFETY: the room is writable.
            let got = unsafe { libc::recv(self.peer, room.as_mut_ptr().cast(), room.len(), 0) };
            match usize::try_from(got) {
                Ok(len @ 1..) => {
                    self.heard.extend_from_slice(&room[..len]);
                    quiet = 0;
                }
                _ => quiet += 1,
            }
        }
    }

    /// The peer sends nothing more.
    fn hang_up(&mut self) {
        // SAFETY: shutdown accepts every number.
        unsafe { libc::shutdown(self.peer, libc::SHUT_WR) };
        self.work();
    }

    fn end(self) -> Vec<u8> {
        sys::close(self.peer);
        self.base.run(crate::ctypes::event::EVLOOP_NONBLOCK);
        // SAFETY: nothing uses it any more.
        unsafe { EventBase::destroy(self.base.as_non_null(), false) };
        self.heard
    }
}

/// Pieces of lengths that look random.
fn pieces(bytes: &[u8], seed: u8) -> impl Iterator<Item = &[u8]> {
    let (mut rest, mut state) = (bytes, u32::from(seed) * 2 + 1);
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let len = match seed {
            0 => rest.len(),
            _ => ((state >> 24) as usize % 24 + 1).min(rest.len()),
        };
        let (piece, behind) = rest.split_at(len);
        rest = behind;
        Some(piece)
    })
}

pub fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn contents(buf: Buf) -> String {
    text(buf.lock().pull_up_all().unwrap_or_default())
}

/// All headers of a message.
fn headers(list: crate::http::keyval::List) -> String {
    list.iter()
        .map(|header| format!("{}={};", text(header.name()), text(header.value())))
        .collect()
}

fn on_request(log: Ref<Log>, req: *mut evhttp_request) {
    // SAFETY: servers pass a live request.
    let Some(req) = (unsafe { Req::new(req) }) else {
        return;
    };
    let target = req.target_text();
    log.borrow_mut().push(format!(
        "{} {} {} [{}] {}",
        req.method(),
        text(target),
        headers(req.input_headers()),
        contents(req.input()),
        headers(req.trailers()),
    ));
    reply::send(req, 200, None, None);
}

/// What a server makes of the bytes.
pub fn serve(bytes: &[u8], seed: u8, flags: c_int) -> (Vec<String>, String) {
    let mut bench = Bench::new();
    let log = Log::default();
    let server = server::make(Some(bench.base)).expect("memory");
    server.flags.set(flags);
    server.allowed.set(0xffff);
    type Callback = unsafe extern "C" fn(*mut evhttp_request, *mut c_void);
    // SAFETY: the log outlives the server.
    let argument = unsafe { Ref::new(NonNull::from(&log)) };
    server
        .general
        .set(Some(thunk::<Callback, Ref<Log>, _>(on_request).function()));
    server.general_argument.set(argument.as_ptr().cast());
    server.serve_on(bench.ours);
    for piece in pieces(bytes, seed) {
        bench.say(piece);
    }
    bench.hang_up();
    server.free();
    let heard = bench.end();
    // Dates differ, and the word to go on depends on what has arrived.
    let heard = String::from_utf8_lossy(&heard).replace("HTTP/1.1 100 Continue\r\n\r\n", "");
    let lines = heard.lines().filter(|line| !line.starts_with("Date: "));
    let heard = lines.collect::<Vec<_>>().join("\n");
    (log.into_inner(), heard)
}

/// A server on any bytes.
pub fn request(input: &[u8]) {
    let [seed, kind, bytes @ ..] = input else {
        return;
    };
    // More does not fit into a socket at once.
    let bytes = &bytes[..bytes.len().min(32 * 1024)];
    let flags = if kind & 1 == 1 {
        EVHTTP_SERVER_LENIENT
    } else {
        0
    };
    let whole = serve(bytes, 0, flags);
    assert_eq!(whole, serve(bytes, seed | 1, flags), "{}", text(bytes));
}

fn on_reply(log: Ref<Log>, req: *mut evhttp_request) {
    // SAFETY: clients pass a live request, or null.
    let told = unsafe { Req::new(req) }.map(|req| {
        let (list, body) = (headers(req.input_headers()), contents(req.input()));
        format!("{} {list} [{body}] {}", req.code(), headers(req.trailers()))
    });
    log.borrow_mut().push(format!("{told:?}"));
}

fn on_error(log: *mut c_void, error: evhttp_request_error) {
    // SAFETY: the argument of the request's callbacks, which outlives it.
    let log = unsafe { &*log.cast::<Log>() };
    log.borrow_mut().push(format!("error {error}"));
}

unsafe extern "C" fn on_error_c(error: evhttp_request_error, log: *mut c_void) {
    on_error(log, error);
}

/// What a client makes of the bytes.
fn receive(bytes: &[u8], seed: u8, bit: u32) -> Vec<String> {
    let mut bench = Bench::new();
    let log = Log::default();
    type Callback = unsafe extern "C" fn(*mut evhttp_request, *mut c_void);
    let wire = Wire::plain(Some(bench.base)).expect("memory");
    wire.set_fd(bench.ours).expect("a socket");
    let con = client::make(
        Some(bench.base),
        ptr::null_mut(),
        Some(wire),
        Target::Given,
        b"",
        0,
    );
    let con = con.expect("memory");
    // SAFETY: the log outlives the client.
    let argument = unsafe { Ref::new(NonNull::from(&log)) };
    let callback = thunk::<Callback, Ref<Log>, _>(on_reply).function();
    let req = Req::make(Some(callback), argument.as_ptr().cast()).expect("memory");
    req.set_error_callback(Some(on_error_c));
    client::make_request(&con.keep(), req, bit, b"/").expect("memory");
    bench.work();
    for piece in pieces(bytes, seed) {
        bench.say(piece);
    }
    bench.hang_up();
    con.free();
    bench.end();
    log.into_inner()
}

/// A client on any bytes.
pub fn answer(input: &[u8]) {
    let [seed, kind, bytes @ ..] = input else {
        return;
    };
    let bytes = &bytes[..bytes.len().min(32 * 1024)];
    let bit = if kind & 1 == 1 {
        method::HEAD
    } else {
        method::GET
    };
    let whole = receive(bytes, 0, bit);
    assert_eq!(whole, receive(bytes, seed | 1, bit), "{}", text(bytes));
    // Told exactly once, perhaps after the error.
    let final_calls = whole.iter().filter(|line| !line.starts_with("error"));
    assert_eq!(final_calls.count(), 1, "{whole:?}");
}
