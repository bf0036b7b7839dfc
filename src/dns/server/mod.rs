//! `struct evdns_server_port`: answering questions that come as datagrams, or over connections.
//!
//! | module | what |
//! | --- | --- |
//! | [`request`] | a question, and the records that the program adds to its answer |
//! | [`response`] | the answer in bytes |
//! | [`clients`] | TCP |
//!
//! # The end
//! A port that is closed takes no more questions, but those that the program still holds can be
//! answered: with the last of them the port ends, in a finalizer that the loop runs. The program's
//! callback runs without the port's lock, and may close it.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_short, c_void};
use core::ptr::NonNull;

use crate::base::{BaseRef, Deferred, EventBase, OwnEvent};
use crate::ctypes::dns_struct::evdns_server_request;
use crate::ctypes::event::{EV_PERSIST, EV_READ, EV_WRITE};
use crate::dns::log;
use crate::dns::stream::Fruitless;
use crate::net::listener::{self, Listener};
use crate::net::udp::{self, RawAddr};
use crate::support::mm;
use crate::support::shared::{Header, Held, Object, Ref, Shared};
use crate::sys::{self, Errno};

mod clients;
pub mod request;
pub mod response;

use clients::Clients;
use request::{Peer, Read, Request};

/// Gets a question.
pub type QuestionFn = unsafe extern "C" fn(*mut evdns_server_request, *mut c_void);

/// How many questions are taken from the socket in one go.
const BATCH: usize = 64;
/// How much room there is for a question.
const ROOM: usize = 4096;

/// How many answers wait because they could not be sent.
const MAX_PENDING: usize = 4096;

/// An answer that could not be sent yet.
struct Pending {
    to: RawAddr,
    bytes: mm::Vec<u8>,
}

/// `struct evdns_server_port`. Opaque to C.
pub struct Port {
    header: Header,
    base: BaseRef,
    /// The socket, or -1.
    fd: c_int,
    callback: Option<QuestionFn>,
    argument: *mut c_void,
    read: OwnEvent,
    write: OwnEvent,
    /// For its finalizer.
    end: Deferred,
    closed: Cell<bool>,
    /// The finalizer is queued.
    ending: Cell<bool>,
    /// Questions that the program has.
    held: Cell<u32>,
    pending: RefCell<mm::Vec<Pending>>,
    /// How often in a row the socket took nothing although the loop said that it does.
    fruitless: Cell<Fruitless>,
    room: RefCell<mm::Vec<u8>>,
    listener: Cell<Option<Ref<Listener>>>,
    clients: RefCell<Clients>,
}

// SAFETY: the member.
unsafe impl Object for Port {
    fn header(&self) -> &Header {
        &self.header
    }
}

fn create(
    base: &EventBase,
    fd: c_int,
    callback: Option<QuestionFn>,
    argument: *mut c_void,
) -> Option<Ref<Port>> {
    let mut room = mm::vec();
    room.try_resize(ROOM, 0).ok()?;
    // SAFETY: programs free a base after its ports.
    let base = unsafe { BaseRef::new(NonNull::from(base)) };
    let port = Ref::make(Port {
        header: Header::with_lock()?,
        base,
        fd,
        callback,
        argument,
        read: OwnEvent::new(),
        write: OwnEvent::new(),
        end: Deferred::new(),
        closed: Cell::new(false),
        ending: Cell::new(false),
        held: Cell::new(0),
        pending: RefCell::new(mm::vec()),
        fruitless: Cell::new(Fruitless::default()),
        room: RefCell::new(room),
        listener: Cell::new(None),
        clients: RefCell::new(Clients::new()),
    })?;
    // SAFETY: all are part of the port, which the loop destroys after they have ended.
    unsafe {
        port.read
            .assign(&base, fd, EV_READ | EV_PERSIST, on_readable, port);
        port.write
            .assign(&base, fd, EV_WRITE | EV_PERSIST, on_writable, port);
        port.end.init(0, |_port: Ref<Port>| {}, port);
    }
    Some(port)
}

/// Makes a port of a socket for datagrams, which belongs to it from then on.
pub fn from_socket(
    base: &EventBase,
    fd: c_int,
    callback: Option<QuestionFn>,
    argument: *mut c_void,
) -> Option<Ref<Port>> {
    let port = create(base, fd, callback, argument)?;
    if port.read.start(&port.base.lock(), None).is_err() {
        // SAFETY: nobody else knows it.
        unsafe { port.destroy() };
        return None;
    }
    Some(port)
}

/// Makes a port of a listener, which belongs to it from then on.
pub fn from_listener(
    base: &EventBase,
    listener: Ref<Listener>,
    callback: Option<QuestionFn>,
    argument: *mut c_void,
) -> Option<Ref<Port>> {
    let port = create(base, -1, callback, argument)?;
    port.listener.set(Some(listener));
    clients::accept_from(listener, port);
    Some(port)
}

/// Takes no more questions.
pub fn close(port: Ref<Port>) {
    let held = port.hold();
    if held.closed.replace(true) {
        return;
    }
    let base = held.base.lock();
    held.read.end(&base);
    drop(base);
    if let Some(listener) = held.listener.take() {
        // Its callback may be running, and wants the lock.
        held.call_out(|| listener::free(listener.hold()));
    }
    held.stop_reading();
    end_if_unused(&held);
}

/// The port ends if it is closed and nothing of it is in use.
fn end_if_unused(held: &Held<Ref<Port>>) {
    let unused = held.closed.get()
        && held.held.get() == 0
        && held.pending.borrow().is_empty()
        && held.close_idle_clients();
    if unused && !held.ending.replace(true) {
        let base = held.base.lock();
        held.write.end(&base);
        // SAFETY: the port is there until its last reference is given up, in the finalizer.
        unsafe { held.end.finalize(&base, on_end, **held) };
    }
}

fn on_end(port: Ref<Port>) {
    port.hold().release();
}

impl Drop for Port {
    fn drop(&mut self) {
        if self.fd >= 0 && self.closed.get() {
            sys::close(self.fd);
        }
    }
}

fn on_readable(port: Ref<Port>, _fd: c_int, _what: c_short) {
    let held = port.hold();
    let mut from = RawAddr::EMPTY;
    for _ in 0..BATCH {
        if held.closed.get() {
            return;
        }
        let mut room = held.room.take();
        let received = udp::receive(held.fd, &mut room, &mut from);
        let read = match received {
            // Cut, it can't be read.
            Ok(len) if len > room.len() => Read::Nothing,
            Ok(len) => {
                let read = request::read(&room[..len], port, Peer::Datagram(from));
                if let Read::Refused(refusal) = &read {
                    // Whoever asks such things asks again.
                    let _ = udp::send(held.fd, refusal, Some(&from));
                }
                read
            }
            Err(error) => {
                held.room.replace(room);
                if !matches!(error.code(), libc::EAGAIN | libc::ECONNREFUSED) {
                    log::warn(format_args!("Error {error} while reading request."));
                }
                return;
            }
        };
        held.room.replace(room);
        if let Read::Question(request) = read {
            ask_program(&held, request);
        }
    }
}

/// Has the program answer a question.
fn ask_program(held: &Held<Ref<Port>>, request: mm::Box<Request>) {
    let Some(callback) = held.callback else {
        return;
    };
    held.held.set(held.held.get() + 1);
    let request = request.into_raw();
    let argument = held.argument;
    // SAFETY: the program gave callback and argument to go together.
    held.call_out(|| unsafe { callback(Request::as_public(request), argument) });
}

fn on_writable(port: Ref<Port>, _fd: c_int, _what: c_short) {
    let held = port.hold();
    let mut pending = held.pending.borrow_mut();
    let (mut done, mut blocked, mut last_error) = (0, false, None);
    for answer in &*pending {
        let result = udp::send(held.fd, &answer.bytes, Some(&answer.to));
        let mut fruitless = held.fruitless.take();
        if result == Err(Errno::AGAIN) && !fruitless.again() {
            held.fruitless.set(fruitless);
            blocked = true;
            break;
        }
        done += 1;
        last_error = result.err().or(last_error);
    }
    let mut place = 0..;
    pending.retain(|_| place.next() >= Some(done));
    drop(pending);
    if let Some(error) = last_error {
        log::warn(format_args!(
            "Error {error} while writing response to port; dropping"
        ));
    }
    // The log's callback may have answered, too.
    if blocked || !held.pending.borrow().is_empty() {
        return;
    }
    held.write.stop(&held.base.lock());
    end_if_unused(&held);
}

/// Why an answer was not sent.
pub enum NotSent {
    /// It is still the program's, who may try again.
    Yours,
    /// It will be tried again.
    Later,
}

/// Sends the answer to a question, with a rcode, and frees the question.
///
/// # Safety
/// The program has the question, and does not use it afterwards unless it is still its own.
pub unsafe fn respond(request: NonNull<Request>, code: c_int) -> Result<(), NotSent> {
    // SAFETY: promised by the caller.
    let question = unsafe { request.as_ref() };
    let held = question.port.hold();
    let code = u16::try_from(code).ok().filter(|&code| code < 16);
    let bytes = code.and_then(|code| question.response(code));
    let bytes = bytes.ok_or(NotSent::Yours)?;
    let mut result = Ok(());
    match question.peer {
        Peer::Client(number) => held.send_to_client(number, &bytes),
        Peer::Datagram(to) => match udp::send(held.fd, &bytes, Some(&to)) {
            Ok(()) => {}
            Err(Errno::AGAIN) => return Err(NotSent::Yours),
            Err(_) if held.pending.borrow().len() >= MAX_PENDING => return Err(NotSent::Yours),
            Err(_) => {
                let pending = Pending { to, bytes };
                held.pending
                    .borrow_mut()
                    .try_push(pending)
                    .map_err(|_| NotSent::Yours)?;
                // Without an event it is tried when the next one is.
                let _ = held.write.start(&held.base.lock(), None);
                result = Err(NotSent::Later);
            }
        },
    }
    // SAFETY: promised by the caller.
    unsafe { forget(&held, request) };
    result
}

/// Frees a question that is not to be answered.
///
/// # Safety
/// The program has the question, and does not use it afterwards.
pub unsafe fn drop_request(request: NonNull<Request>) {
    // SAFETY: promised by the caller.
    let held = unsafe { request.as_ref() }.port.hold();
    // SAFETY: as above.
    unsafe { forget(&held, request) };
}

/// # Safety
/// Nobody uses the question afterwards.
unsafe fn forget(held: &Held<Ref<Port>>, request: NonNull<Request>) {
    // SAFETY: promised by the caller; it was given to the program by `into_raw`.
    let request = unsafe { mm::Box::from_raw(request) };
    if let Peer::Client(number) = request.peer {
        held.answered(number);
    }
    drop(request);
    held.held.set(held.held.get() - 1);
    end_if_unused(held);
}
