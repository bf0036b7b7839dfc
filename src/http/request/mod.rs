//! `struct evhttp_request`: a request and the reply to it.
//!
//! Programs read and write the public members at any time, so all access is by single loads and
//! stores. Behind them lies what is the library's own.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::mem::{MaybeUninit, offset_of};
use core::ptr::{self, NonNull};

use super::chunked::Chunked;
use super::connection::{Con, Connection};
use super::framing::{Body, Fields};
use super::head::Scan;
use super::keyval::List;
use super::start_line::Version;
use super::store::Store;
use super::uri::Uri;
use super::{Bits, method};
use crate::base::handle::{fields, opaque_fields};
use crate::buffer::{Buf, Buffer, OwnedBuf};
use crate::ctypes::http::{
    EVHTTP_REQUEST, EVHTTP_RESPONSE, evhttp_connection_cb, evhttp_header_cb, evhttp_request_cb,
    evhttp_request_error_cb, evhttp_request_kind,
};
use crate::ctypes::http_struct::{EVHTTP_REQ_NEEDS_FREE, EVHTTP_USER_OWNED, evhttp_request};
use crate::ctypes::keyvalq_struct::evkeyvalq;
use crate::support::mm;
use crate::support::time::Micros;

mod queue;
pub mod spare;
mod text;

pub use queue::Requests;

/// In `evhttp_request::bits`: the message is chunked.
const CHUNKED: c_uint = 1;
/// In `evhttp_request::bits`: the program has nothing to add to a reply.
const USER_DONE: c_uint = 2;

/// How far a reply is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reply {
    None,
    /// The head was sent, and more may follow.
    Started,
    /// All that there is was given to the connection.
    Complete,
}

/// A request with what is behind its public members.
#[repr(C)]
pub struct Request {
    public: evhttp_request,
    input_headers: evkeyvalq,
    output_headers: evkeyvalq,
    /// The headers behind a chunked body.
    trailers: evkeyvalq,
    /// What the head that was received says of its message.
    received: Fields,
    body: Body,
    reply: Reply,
    /// The connection ends with this exchange, whatever the headers say.
    last: bool,
    /// It is in its connection's queue.
    queued: bool,
    /// The library is working on it: see [`Hold`].
    uses: u32,
    /// The bytes of the body that a program's own Content-Length still promises.
    promised: Option<u64>,
    /// Called when what there is of the reply is written.
    on_written: evhttp_connection_cb,
    written_argument: *mut c_void,
    /// When the program last gave something to write.
    progress: Micros,
    /// The rest of a body that is refused, or must not be, is dropped as it comes.
    dropping: bool,
    /// How far the head or trailer at the front of the input has been searched.
    scan: Scan,
    /// Where in a chunked body the input is.
    chunked: Chunked,
    /// What `public.uri_elems` points to, if to anything.
    uri: MaybeUninit<Uri>,
}

/// A live request.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Req(NonNull<Request>);

impl Req {
    /// # Safety
    /// `req` is null, or a live request made by [`Req::make`], as long as the handle is used.
    #[inline]
    pub unsafe fn new(req: *mut evhttp_request) -> Option<Req> {
        NonNull::new(req.cast()).map(Req)
    }

    #[inline]
    pub fn as_ptr(self) -> *mut evhttp_request {
        self.0.as_ptr().cast()
    }
}

#[expect(dead_code, reason = "both halves of each pair")]
impl Req {
    fields! {
        set: pub(crate),
        flags set_flags: c_int = public.flags;
        remote_host set_remote_host: *mut c_char = public.remote_host;
        remote_port set_remote_port: u16 = public.remote_port;
        host_cache set_host_cache: *mut c_char = public.host_cache;
        kind set_kind: evhttp_request_kind = public.kind;
        method set_method: Bits = public.r#type;
        headers_size set_headers_size: usize = public.headers_size;
        body_size set_body_size: usize = public.body_size;
        target set_target_ptr: *mut c_char = public.uri;
        major set_major: c_char = public.major;
        minor set_minor: c_char = public.minor;
        code set_code: c_int = public.response_code;
        reason set_reason_ptr: *mut c_char = public.response_code_line;
        to_read set_to_read: i64 = public.ntoread;
        bits set_bits: c_uint = public.bits;
        callback set_callback: evhttp_request_cb = public.cb;
        argument set_argument: *mut c_void = public.cb_arg;
        chunk_callback set_chunk_callback: evhttp_request_cb = public.chunk_cb;
        header_callback set_header_callback: evhttp_header_cb = public.header_cb;
        error_callback set_error_callback: evhttp_request_error_cb = public.error_cb;
        complete_callback set_complete_callback: evhttp_request_cb = public.on_complete_cb;
        complete_argument set_complete_argument: *mut c_void = public.on_complete_cb_arg;
        received set_received: Fields = received;
        body set_body: Body = body;
        reply set_reply: Reply = reply;
        last set_last: bool = last;
        queued set_queued: bool = queued;
        promised set_promised: Option<u64> = promised;
        written_callback set_written_callback: evhttp_connection_cb = on_written;
        written_argument set_written_argument: *mut c_void = written_argument;
        progress set_progress: Micros = progress;
        dropping set_dropping: bool = dropping;
        scan set_scan: Scan = scan;
        chunks set_chunks: Chunked = chunked;
        uses set_uses: u32 = uses;
    }
    opaque_fields! {
        set: pub(crate),
        con_ptr set_con_ptr: *mut Connection = public.evcon;
        uri_ptr set_uri_ptr: *mut Uri = public.uri_elems;
        input_ptr set_input_ptr: *mut Buffer = public.input_buffer;
        output_ptr set_output_ptr: *mut Buffer = public.output_buffer;
        input_list set_input_list: *mut evkeyvalq = public.input_headers;
        output_list set_output_list: *mut evkeyvalq = public.output_headers;
    }
}

impl Req {
    /// A new request without a connection. `None` without memory.
    pub fn make(callback: evhttp_request_cb, argument: *mut c_void) -> Option<Req> {
        let buffers = [OwnedBuf::new()?, OwnedBuf::new()?];
        let place = NonNull::new(mm::malloc(size_of::<Request>()))?.cast();
        // SAFETY: a fresh block of the right size.
        Some(unsafe { Req::begin(place, buffers, callback, argument) })
    }

    /// Makes a block a new request, with empty buffers.
    ///
    /// # Safety
    /// `place` is a block of a request's size, of which nobody else knows.
    unsafe fn begin(
        place: NonNull<Request>,
        [input, output]: [OwnedBuf; 2],
        callback: evhttp_request_cb,
        argument: *mut c_void,
    ) -> Req {
        let this = place.as_ptr();
        let req = Req(place);
        // SAFETY: the caller's promise. All zeros is a value of the public members, and there is
        // no URI.
        unsafe {
            this.cast::<u8>().write_bytes(0, offset_of!(Request, uri));
            (&raw mut (*this).received).write(Fields::default());
            (&raw mut (*this).body).write(Body::None);
            (&raw mut (*this).reply).write(Reply::None);
            (&raw mut (*this).promised).write(None);
            (&raw mut (*this).scan).write(Scan::default());
            (&raw mut (*this).chunked).write(Chunked::default());
            let list = |list| List::init(NonNull::new_unchecked(list)).as_ptr();
            req.set_input_list(list(&raw mut (*this).input_headers));
            req.set_output_list(list(&raw mut (*this).output_headers));
            list(&raw mut (*this).trailers);
        }
        req.set_kind(EVHTTP_RESPONSE);
        req.set_input_ptr(input.into_ptr());
        req.set_output_ptr(output.into_ptr());
        req.set_callback(callback);
        req.set_argument(argument);
        req
    }

    /// The connection that it is on.
    pub fn con(self) -> Option<Con> {
        // SAFETY: a connection takes itself out of its requests before it ends.
        NonNull::new(self.con_ptr()).map(|con| unsafe { Con::new(con) })
    }

    /// The headers that were received.
    pub fn input_headers(self) -> List {
        // SAFETY: lists live as long as their request, which is used by one thread at a time.
        unsafe { List::new(self.input_list()).unwrap_unchecked() }
    }

    /// The headers to send.
    pub fn output_headers(self) -> List {
        // SAFETY: as above.
        unsafe { List::new(self.output_list()).unwrap_unchecked() }
    }

    /// The headers that came behind a chunked body.
    pub fn trailers(self) -> List {
        // SAFETY: as above.
        unsafe { List::new(&raw mut (*self.0.as_ptr()).trailers).unwrap_unchecked() }
    }

    /// The body that was received.
    pub fn input(self) -> Buf {
        // SAFETY: made with the request, with which they are freed.
        unsafe { Buf::new(self.input_ptr()).unwrap_unchecked() }
    }

    /// The body to send.
    pub fn output(self) -> Buf {
        // SAFETY: as above.
        unsafe { Buf::new(self.output_ptr()).unwrap_unchecked() }
    }

    pub fn has(self, flag: c_int) -> bool {
        self.flags() & flag != 0
    }

    pub fn add_flags(self, flags: c_int) {
        self.set_flags(self.flags() | flags);
    }

    pub fn is_chunked(self) -> bool {
        self.bits() & CHUNKED != 0
    }

    pub fn set_chunked(self, chunked: bool) {
        self.set_bit(CHUNKED, chunked);
    }

    /// Whether the program has nothing to add.
    pub fn is_user_done(self) -> bool {
        self.bits() & USER_DONE != 0
    }

    pub fn set_user_done(self, done: bool) {
        self.set_bit(USER_DONE, done);
    }

    fn set_bit(self, bit: c_uint, on: bool) {
        let others = self.bits() & !bit;
        self.set_bits(if on { others | bit } else { others });
    }

    pub fn is_request(self) -> bool {
        self.kind() == EVHTTP_REQUEST
    }

    pub fn version(self) -> Version {
        Version {
            major: self.major() as u8,
            minor: self.minor() as u8,
        }
    }

    pub fn set_version(self, version: Version) {
        self.set_major(version.major as c_char);
        self.set_minor(version.minor as c_char);
    }

    /// Whether the reply's status and the request's method leave room for a body.
    pub fn reply_may_have_body(self) -> bool {
        super::status::has_body(self.code())
            && self.method() != method::HEAD
            && !(self.method() == method::CONNECT && (200..300).contains(&self.code()))
    }

    /// Calls a program's callback with the request; whoever needs it afterwards holds it.
    pub fn call(self, callback: evhttp_request_cb, argument: *mut c_void) {
        if let Some(callback) = callback {
            // SAFETY: the program gave callback and argument to go together.
            unsafe { callback(self.as_ptr(), argument) };
        }
    }

    /// Keeps the request while the library works on it.
    pub fn hold(self) -> Hold {
        self.set_uses(self.uses() + 1);
        Hold(self)
    }

    /// Whether it was freed, and waits for its last [`Hold`].
    pub fn is_freed(self) -> bool {
        self.has(EVHTTP_REQ_NEEDS_FREE)
    }

    /// Frees the request, as soon as nobody works on it any more.
    pub fn free(self) {
        if self.is_freed() {
            return;
        }
        self.leave_queue();
        self.add_flags(EVHTTP_REQ_NEEDS_FREE);
        self.clear_headers(None);
        if self.uses() == 0 {
            self.destroy();
        }
    }

    fn leave_queue(self) {
        match self.con() {
            Some(con) => con.forget(self),
            None => Requests::leave(self),
        }
    }

    fn clear_headers(self, store: Option<&Store>) {
        for list in [self.input_headers(), self.output_headers(), self.trailers()] {
            list.clear(store);
        }
    }

    /// [`Self::free`], unless the program owns the request, which it then frees itself.
    pub fn free_unless_owned(self) {
        if self.has(EVHTTP_USER_OWNED) {
            self.leave_queue();
            self.set_con_ptr(ptr::null_mut());
        } else {
            self.free();
        }
    }

    /// Whether the public members point to the lists that are part of the request.
    fn has_own_lists(self) -> bool {
        let this = self.0.as_ptr();
        // SAFETY: only computes addresses.
        let own = unsafe {
            (
                &raw mut (*this).input_headers,
                &raw mut (*this).output_headers,
            )
        };
        (self.input_list(), self.output_list()) == own
    }

    /// Frees memory.
    fn destroy(self) {
        self.drop_uri();
        // SAFETY: the request's own blocks, and a buffer each; nobody uses it any more.
        unsafe {
            for text in self.take_texts() {
                mm::free(text.cast());
            }
            drop(OwnedBuf::from_ptr(self.input_ptr()));
            drop(OwnedBuf::from_ptr(self.output_ptr()));
            mm::free(self.as_ptr().cast());
        }
    }
}

/// A request that somebody works on: when it is freed meanwhile, its memory stays until the end.
pub struct Hold(Req);

impl core::ops::Deref for Hold {
    type Target = Req;
    fn deref(&self) -> &Req {
        &self.0
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.set_uses(self.uses() - 1);
        if self.uses() == 0 && self.is_freed() {
            self.destroy();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_held_stays() {
        let req = Req::make(None, ptr::null_mut()).unwrap();
        let hold = req.hold();
        assert!(req.set_target(b"/x") && req.set_target(b"/y"));
        req.input_headers().add(b"Host", b"h:1", None).unwrap();
        assert_eq!(req.host_text(), Some(&b"h"[..]));
        req.free();
        req.free();
        assert!(req.is_freed());
        drop(hold);
    }
}
