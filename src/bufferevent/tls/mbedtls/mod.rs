//! The engine mbedTLS: versions 2.28 to 3.x.
//!
//! The session, a `mbedtls_ssl_context`, sends and receives by callbacks of this module; they are
//! taken out of it when the bufferevent goes. The side of the handshake is in its configuration.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use core::slice;

use super::super::Bev;
use super::engine::{Codes, End, Engine, How, Moved, Role, Step};
use super::transport;
use crate::buffer::FileRange;
use crate::support::mm;
use crate::sys;

mod table;

use table::Functions;
pub use table::{mbedtls_ssl_config, mbedtls_ssl_context};

const WANT_READ: c_int = -0x6900;
const WANT_WRITE: c_int = -0x6880;
const PEER_CLOSE_NOTIFY: c_int = -0x7880;
const CONN_EOF: c_int = -0x7280;
/// A ticket of TLS 1.3 has come.
const RECEIVED_NEW_SESSION_TICKET: c_int = -0x7b00;
const ASYNC_IN_PROGRESS: c_int = -0x6500;
const CRYPTO_IN_PROGRESS: c_int = -0x7000;
const NET_INVALID_CONTEXT: c_int = -0x0045;
const NET_CONNECT_FAILED: c_int = -0x0044;
const NET_RECV_FAILED: c_int = -0x004c;
const NET_SEND_FAILED: c_int = -0x004e;

/// What a session's callbacks work on.
struct Link {
    fd: Cell<c_int>,
    underlying: Cell<Option<Bev>>,
    moved: Cell<Moved>,
    /// `errno` of the last callback that failed.
    error: Cell<c_int>,
}

/// A `mbedtls_ssl_context`, and the functions for it.
#[derive(Clone, Copy)]
pub struct Session {
    table: &'static Functions,
    ssl: NonNull<mbedtls_ssl_context>,
    link: NonNull<Link>,
}

impl Session {
    /// A session for `ssl`, with the functions that the code at `caller` would use. `None` without
    /// memory or, with a warning, if there are none.
    ///
    /// # Safety
    /// `ssl` is null or alive as long as the session is used, and by `caller`'s mbedTLS.
    pub unsafe fn new(ssl: *mut mbedtls_ssl_context, caller: *const c_void) -> Option<Session> {
        let ssl = NonNull::new(ssl)?;
        let table = table::find(caller)?;
        let link = NonNull::new(mm::malloc(size_of::<Link>()).cast::<Link>())?;
        // SAFETY: a fresh block of the right size.
        unsafe {
            link.write(Link {
                fd: Cell::new(-1),
                underlying: Cell::new(None),
                moved: Cell::default(),
                error: Cell::new(0),
            });
        }
        Some(Session { table, ssl, link })
    }

    /// For the program.
    pub fn as_ptr(self) -> *mut mbedtls_ssl_context {
        self.ssl.as_ptr()
    }

    fn link<'a>(self) -> &'a Link {
        // SAFETY: freed by `forget_bufferevent`, the last that is done with a session.
        unsafe { self.link.as_ref() }
    }

    /// Has the context use the callbacks.
    fn connect(self) {
        // SAFETY: the session is alive; the callbacks are taken out before the link is freed.
        unsafe {
            (self.table.mbedtls_ssl_set_bio)(
                self.as_ptr(),
                self.link.as_ptr().cast(),
                Some(send),
                Some(receive),
                None,
            );
        }
    }

    /// What a result of mbedTLS means.
    fn step(self, result: c_int) -> Step {
        let end = |how, error, code: c_int| {
            let mut codes = Codes::default();
            if code != 0 {
                codes.push(code.unsigned_abs());
            }
            Step::Ended(End { how, error, codes })
        };
        match result {
            1.. => Step::Done(result as usize),
            WANT_READ => Step::WantRead,
            WANT_WRITE => Step::WantWrite,
            ASYNC_IN_PROGRESS | CRYPTO_IN_PROGRESS => Step::Undecided,
            PEER_CLOSE_NOTIFY => end(How::Closed, 0, 0),
            0 | CONN_EOF => end(How::Truncated, 0, CONN_EOF),
            NET_RECV_FAILED | NET_SEND_FAILED => {
                let error = self.link().error.get();
                let how = match error {
                    libc::EPIPE | libc::ECONNRESET => How::Truncated,
                    _ => How::Failed,
                };
                end(how, error, result)
            }
            _ => end(How::Failed, 0, result),
        }
    }
}

impl Engine for Session {
    fn prepare(self) {}

    fn fd(self) -> Option<c_int> {
        // A context does not tell.
        None
    }

    fn keep_fd_open(self) {}

    fn handshake(self) -> Step {
        // SAFETY: the session is alive.
        match unsafe { (self.table.mbedtls_ssl_handshake)(self.as_ptr()) } {
            0 => Step::Done(0),
            result => self.step(result),
        }
    }

    fn read(self, into: &mut [MaybeUninit<u8>]) -> Step {
        loop {
            // SAFETY: the session is alive, and the slice has room for its length.
            let result = unsafe {
                (self.table.mbedtls_ssl_read)(self.as_ptr(), into.as_mut_ptr().cast(), into.len())
            };
            if result != RECEIVED_NEW_SESSION_TICKET {
                return self.step(result);
            }
        }
    }

    fn write(self, from: &[u8]) -> Step {
        // SAFETY: the session is alive, and the slice has its bytes.
        let result =
            unsafe { (self.table.mbedtls_ssl_write)(self.as_ptr(), from.as_ptr(), from.len()) };
        self.step(result)
    }

    fn sends_files(self) -> bool {
        false
    }

    fn send_file(self, _: FileRange) -> Step {
        Step::Ended(End::of_system(libc::ENOSYS))
    }

    fn system_code(self) -> u32 {
        NET_CONNECT_FAILED.unsigned_abs()
    }

    fn has_pending(self) -> bool {
        // SAFETY: the session is alive.
        unsafe {
            (self.table.mbedtls_ssl_check_pending)(self.as_ptr()) != 0
                || (self.table.mbedtls_ssl_get_bytes_avail)(self.as_ptr()) != 0
        }
    }

    fn moved(self) -> Moved {
        self.link().moved.get()
    }

    fn restart(self, _: Role, again: bool) -> bool {
        // A new context may have been given a session to resume.
        // SAFETY: the session is alive.
        !again || unsafe { (self.table.mbedtls_ssl_session_reset)(self.as_ptr()) } == 0
    }

    fn use_fd(self, fd: c_int) -> bool {
        self.link().fd.set(fd);
        self.connect();
        true
    }

    fn use_bufferevent(self, underlying: Bev) -> Option<Session> {
        self.link().underlying.set(Some(underlying));
        self.connect();
        Some(self)
    }

    fn hand_back(self) {
        // SAFETY: the session is alive.
        unsafe {
            (self.table.mbedtls_ssl_set_bio)(self.as_ptr(), ptr::null_mut(), None, None, None);
        }
    }

    fn forget_bufferevent(self) {
        // SAFETY: allocated by `new`, and nobody uses it any more.
        unsafe { mm::free(self.link.as_ptr().cast()) };
    }

    fn read_ahead(self, _: bool) -> bool {
        false
    }

    fn renegotiate(self) -> bool {
        let Some(renegotiate) = self.table.mbedtls_ssl_renegotiate else {
            return false;
        };
        // SAFETY: the session is alive.
        let result = unsafe { renegotiate(self.as_ptr()) };
        matches!(result, 0 | WANT_READ | WANT_WRITE)
    }

    fn free(self) {
        // SAFETY: the program has promised that the context is a dynamic one, and this is its end.
        unsafe { free_context(self.as_ptr()) };
    }
}

/// Keeps what came of a system call: the bytes, or what mbedTLS is to be told.
fn moved(link: &Link, n: isize, wait: c_int, failure: c_int) -> c_int {
    if n >= 0 {
        return n as c_int;
    }
    let error = sys::errno();
    link.error.set(error);
    match error {
        libc::EAGAIN | libc::EINTR => wait,
        _ => failure,
    }
}

/// # Safety
/// `link` is the session's live link; `from` has `len` readable bytes.
unsafe extern "C" fn send(link: *mut c_void, from: *const u8, len: usize) -> c_int {
    // SAFETY: mbedTLS passes what it was given, and memory of this length.
    let (link, from) = unsafe {
        let Some(link) = link.cast::<Link>().as_ref() else {
            return NET_INVALID_CONTEXT;
        };
        (link, slice::from_raw_parts(from, len))
    };
    let n = match link.underlying.get() {
        Some(underlying) => match transport::send(underlying, from) {
            Ok(sent) => sent.map_or(WANT_WRITE, |n| n as c_int),
            Err(error) => {
                link.error.set(error.code());
                NET_SEND_FAILED
            }
        },
        None => {
            // SAFETY: the slice has its bytes.
            let n = unsafe { libc::write(link.fd.get(), from.as_ptr().cast(), len) };
            moved(link, n, WANT_WRITE, NET_SEND_FAILED)
        }
    };
    let mut count = link.moved.get();
    count.written = count.written.wrapping_add(n.max(0) as u64);
    link.moved.set(count);
    n
}

/// # Safety
/// `link` is the session's live link; `into` has `len` writable bytes.
unsafe extern "C" fn receive(link: *mut c_void, into: *mut u8, len: usize) -> c_int {
    // SAFETY: mbedTLS passes what it was given, and memory of this length.
    let (link, into) = unsafe {
        let Some(link) = link.cast::<Link>().as_ref() else {
            return NET_INVALID_CONTEXT;
        };
        (
            link,
            slice::from_raw_parts_mut(into.cast::<MaybeUninit<u8>>(), len),
        )
    };
    let n = match link.underlying.get() {
        Some(underlying) => transport::receive(underlying, into).map_or(WANT_READ, |n| n as c_int),
        None => {
            // SAFETY: the slice has room for its length.
            let n = unsafe { libc::read(link.fd.get(), into.as_mut_ptr().cast(), len) };
            moved(link, n, WANT_READ, NET_RECV_FAILED)
        }
    };
    let mut count = link.moved.get();
    count.read = count.read.wrapping_add(n.max(0) as u64);
    link.moved.set(count);
    n
}

/// Enough for a context of any version and configuration; its size is not known here.
const CONTEXT: usize = 4096;

/// A context in memory of its own, and the functions that it goes with.
#[repr(C, align(16))]
struct Dynamic {
    table: &'static Functions,
    context: [u8; CONTEXT],
}

const OFFSET: usize = core::mem::offset_of!(Dynamic, context);

/// A new context that is set up with a configuration. Null without memory, if that fails, or, with a
/// warning, if there is no mbedTLS.
///
/// # Safety
/// A live configuration of `caller`'s mbedTLS.
pub unsafe fn new_context(
    config: *const mbedtls_ssl_config,
    caller: *const c_void,
) -> *mut mbedtls_ssl_context {
    let Some(table) = table::find(caller) else {
        return ptr::null_mut();
    };
    let made = mm::calloc(1, size_of::<Dynamic>()).cast::<Dynamic>();
    if made.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: a fresh block of the right size; the rest is promised by the caller.
    unsafe {
        (&raw mut (*made).table).write(table);
        let context = made.byte_add(OFFSET).cast();
        (table.mbedtls_ssl_init)(context);
        if (table.mbedtls_ssl_setup)(context, config) != 0 {
            free_context(context);
            return ptr::null_mut();
        }
        context
    }
}

/// Frees a context.
///
/// # Safety
/// Null, or from [`new_context`] and not in use.
pub unsafe fn free_context(context: *mut mbedtls_ssl_context) {
    if context.is_null() {
        return;
    }
    // SAFETY: promised by the caller.
    unsafe {
        let made = context.byte_sub(OFFSET).cast::<Dynamic>();
        ((*made).table.mbedtls_ssl_free)(context);
        mm::free(made.cast());
    }
}
