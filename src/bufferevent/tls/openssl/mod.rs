//! The engine OpenSSL: versions 1.1.0 to 3.x, and what has kept their interface.
//!
//! In the session, an `SSL`, nothing of the bufferevent's remains but a BIO: OpenSSL's own for a
//! descriptor, [`bio`] for an underlying bufferevent. Programs use sessions after their bufferevent
//! has been freed.

use core::ffi::{CStr, c_int, c_ulong, c_void};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use super::super::Bev;
use super::engine::{Codes, End, Engine, How, Moved, Role, Step};
use crate::buffer::FileRange;
use crate::support::time::narrow;
use crate::sys;

mod bio;
mod table;

pub use table::ssl_st;
use table::{Table, bio_st};

// What SSL_get_error() says.
const SSL_ERROR_WANT_READ: c_int = 2;
const SSL_ERROR_WANT_WRITE: c_int = 3;
const SSL_ERROR_WANT_X509_LOOKUP: c_int = 4;
const SSL_ERROR_SYSCALL: c_int = 5;
const SSL_ERROR_ZERO_RETURN: c_int = 6;
/// Asynchronous jobs, the callback for a client's hello, and a repeated verification.
const UNDECIDED: core::ops::RangeInclusive<c_int> = 9..=12;

const SSL_CTRL_MODE: c_int = 33;
const SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER: c_int = 2;

const SSL_OP_ENABLE_KTLS: u64 = 8;

const BIO_CTRL_SET_CLOSE: c_int = 9;
const BIO_CTRL_GET_KTLS_SEND: c_int = 73;
const BIO_C_GET_FD: c_int = 105;

/// An `SSL`, and the functions for it.
#[derive(Clone, Copy)]
pub struct Session {
    table: &'static Table,
    ssl: NonNull<ssl_st>,
    /// On the bufferevent below, if there is one.
    bio: Option<NonNull<bio_st>>,
}

impl Session {
    /// A session for `ssl`, with the functions that the code at `caller` would use. `None`, with a
    /// warning, if there are none.
    ///
    /// # Safety
    /// `ssl` is null or alive as long as the session is used, and by `caller`'s OpenSSL.
    pub unsafe fn new(ssl: *mut ssl_st, caller: *const c_void) -> Option<Session> {
        let ssl = NonNull::new(ssl)?;
        table::find(caller).map(|table| Session {
            table,
            ssl,
            bio: None,
        })
    }

    /// For the program.
    pub fn as_ptr(self) -> *mut ssl_st {
        self.ssl.as_ptr()
    }

    /// Before a step: what others left in the queue of the thread is not the step's.
    fn begin(self) {
        sys::set_errno(0);
        // SAFETY: a function without arguments. Its queue is mostly empty, and asking that is cheap.
        unsafe {
            if (self.table.ERR_peek_error)() != 0 {
                (self.table.ERR_clear_error)();
            }
        }
    }

    /// What a result that is not positive means.
    #[cold]
    fn judge(self, result: c_int) -> Step {
        let error = sys::errno();
        // SAFETY: the session is alive, and this its latest result.
        let class = unsafe { (self.table.SSL_get_error)(self.as_ptr(), result) };
        match class {
            SSL_ERROR_WANT_READ => Step::WantRead,
            SSL_ERROR_WANT_WRITE => Step::WantWrite,
            SSL_ERROR_WANT_X509_LOOKUP => Step::Undecided,
            class if UNDECIDED.contains(&class) => Step::Undecided,
            SSL_ERROR_ZERO_RETURN => {
                self.codes(0);
                Step::Ended(End {
                    how: How::Closed,
                    error: 0,
                    codes: Codes::default(),
                })
            }
            _ => {
                let truncated = match class {
                    SSL_ERROR_SYSCALL => {
                        matches!(error, 0 | libc::EPIPE | libc::ECONNRESET)
                    }
                    _ => self.is_unexpected_eof(),
                };
                Step::Ended(End {
                    how: if truncated {
                        How::Truncated
                    } else {
                        How::Failed
                    },
                    error,
                    codes: self.codes(class as u32),
                })
            }
        }
    }

    /// Whether the oldest error is that the transport ended. The number of the reason is not the
    /// same in all forks, its text is.
    fn is_unexpected_eof(self) -> bool {
        // SAFETY: the text is a constant of OpenSSL's, or null.
        unsafe {
            let text = (self.table.ERR_reason_error_string)((self.table.ERR_peek_error)());
            !text.is_null() && CStr::from_ptr(text).to_bytes() == b"unexpected eof while reading"
        }
    }

    /// The class and what is in the queue, which is empty then. The class 0 is none.
    fn codes(self, class: u32) -> Codes {
        let mut codes = Codes::default();
        if class != 0 {
            codes.push(class);
        }
        loop {
            // SAFETY: a function without arguments.
            let code: c_ulong = unsafe { (self.table.ERR_get_error)() };
            if code == 0 {
                return codes;
            }
            codes.push(code as u32);
        }
    }

    /// The result of a step that moves bytes.
    #[inline]
    fn step(self, result: c_int) -> Step {
        match usize::try_from(result) {
            Ok(n) if n > 0 => Step::Done(n),
            _ => self.judge(result),
        }
    }

    /// Has the session read from and write to this BIO, whose reference it takes over.
    ///
    /// # Safety
    /// A live BIO.
    unsafe fn use_bio(self, bio: *mut bio_st) {
        // SAFETY: promised by the caller; the session frees the former one.
        unsafe { (self.table.SSL_set_bio)(self.as_ptr(), bio, bio) };
    }
}

fn as_len(len: usize) -> c_int {
    c_int::try_from(len).unwrap_or(c_int::MAX)
}

impl Engine for Session {
    fn prepare(self) {
        let mode = SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;
        if let Some(control) = self.table.SSL_ctrl {
            // SAFETY: the session is alive.
            unsafe { control(self.as_ptr(), SSL_CTRL_MODE, mode.into(), ptr::null_mut()) };
        } else if let Some(set_mode) = self.table.SSL_set_mode {
            // SAFETY: as above.
            unsafe { set_mode(self.as_ptr(), mode as u32) };
        }
    }

    fn fd(self) -> Option<c_int> {
        // SAFETY: the session is alive, and so is its BIO.
        unsafe {
            let bio = (self.table.SSL_get_wbio)(self.as_ptr());
            if bio.is_null() {
                return None;
            }
            let fd = (self.table.BIO_ctrl)(bio, BIO_C_GET_FD, 0, ptr::null_mut());
            c_int::try_from(fd).ok().filter(|fd| *fd >= 0)
        }
    }

    fn keep_fd_open(self) {
        // SAFETY: as above.
        unsafe {
            let bio = (self.table.SSL_get_wbio)(self.as_ptr());
            if !bio.is_null() {
                (self.table.BIO_ctrl)(bio, BIO_CTRL_SET_CLOSE, 0, ptr::null_mut());
            }
        }
    }

    fn handshake(self) -> Step {
        self.begin();
        // SAFETY: the session is alive.
        let result = unsafe { (self.table.SSL_do_handshake)(self.as_ptr()) };
        self.step(result)
    }

    fn read(self, into: &mut [MaybeUninit<u8>]) -> Step {
        self.begin();
        // SAFETY: the session is alive, and the slice has room for its length.
        let result = unsafe {
            (self.table.SSL_read)(self.as_ptr(), into.as_mut_ptr().cast(), as_len(into.len()))
        };
        self.step(result)
    }

    fn write(self, from: &[u8]) -> Step {
        self.begin();
        // SAFETY: the session is alive, and the slice has its bytes.
        let result = unsafe {
            (self.table.SSL_write)(self.as_ptr(), from.as_ptr().cast(), as_len(from.len()))
        };
        self.step(result)
    }

    fn sends_files(self) -> bool {
        // SAFETY: the session is alive, and so is its BIO.
        unsafe {
            let bio = (self.table.SSL_get_wbio)(self.as_ptr());
            self.table.SSL_sendfile.is_some()
                && !bio.is_null()
                && (self.table.BIO_ctrl)(bio, BIO_CTRL_GET_KTLS_SEND, 0, ptr::null_mut()) > 0
        }
    }

    fn send_file(self, file: FileRange) -> Step {
        let Some(send_file) = self.table.SSL_sendfile else {
            return Step::Ended(End::of_system(libc::ENOSYS));
        };
        // No offset is better than another one.
        let offset = narrow(file.offset, -1);
        self.begin();
        // SAFETY: the session is alive.
        match unsafe { send_file(self.as_ptr(), file.fd, offset, file.len, 0) } {
            // The file has become shorter.
            0 => Step::Ended(End::of_system(libc::EIO)),
            n => self.step(c_int::try_from(n).unwrap_or(-1)),
        }
    }

    fn system_code(self) -> u32 {
        SSL_ERROR_SYSCALL as u32
    }

    fn has_pending(self) -> bool {
        // SAFETY: the session is alive.
        unsafe {
            match self.table.SSL_has_pending {
                Some(has_pending) => has_pending(self.as_ptr()) != 0,
                None => (self.table.SSL_pending)(self.as_ptr()) > 0,
            }
        }
    }

    fn moved(self) -> Moved {
        // SAFETY: the session is alive, and so are its BIOs.
        unsafe {
            let ssl = self.as_ptr();
            let (from, to) = (
                (self.table.SSL_get_rbio)(ssl),
                (self.table.SSL_get_wbio)(ssl),
            );
            if from.is_null() || to.is_null() {
                return Moved::default();
            }
            Moved {
                read: (self.table.BIO_number_read)(from),
                written: (self.table.BIO_number_written)(to),
            }
        }
    }

    fn restart(self, role: Role, _: bool) -> bool {
        self.begin();
        // SAFETY: the session is alive.
        unsafe {
            let cleared = (self.table.SSL_clear)(self.as_ptr()) != 0;
            match role {
                Role::Client => (self.table.SSL_set_connect_state)(self.as_ptr()),
                Role::Server => (self.table.SSL_set_accept_state)(self.as_ptr()),
            }
            self.codes(0);
            cleared
        }
    }

    fn use_fd(self, fd: c_int) -> bool {
        // SAFETY: the session is alive, and takes the BIO over, which leaves the descriptor open.
        unsafe {
            let bio = (self.table.BIO_new_socket)(fd, 0);
            if bio.is_null() {
                return false;
            }
            self.use_bio(bio);
        }
        true
    }

    fn use_bufferevent(self, underlying: Bev) -> Option<Session> {
        let bio = bio::new(self.table, underlying)?;
        // SAFETY: just made; the session takes one of two references over.
        unsafe { self.use_bio(bio.as_ptr()) };
        Some(Session {
            bio: Some(bio),
            ..self
        })
    }

    fn hand_back(self) {}

    fn forget_bufferevent(self) {
        if let Some(bio) = self.bio {
            // SAFETY: the bufferevent has had this reference until now.
            unsafe { bio::release(self.table, bio) };
        }
    }

    fn read_ahead(self, on: bool) -> bool {
        // SAFETY: the session is alive.
        unsafe {
            let is_on = (self.table.SSL_get_read_ahead)(self.as_ptr()) != 0;
            // With kTLS the kernel decrypts, record by record.
            let by_kernel = self
                .table
                .SSL_get_options
                .is_some_and(|options| options(self.as_ptr()) & SSL_OP_ENABLE_KTLS != 0);
            let changes = is_on != on && !(on && by_kernel);
            if changes {
                (self.table.SSL_set_read_ahead)(self.as_ptr(), c_int::from(on));
            }
            changes
        }
    }

    fn renegotiate(self) -> bool {
        self.begin();
        // SAFETY: the session is alive.
        let result = unsafe { (self.table.SSL_renegotiate)(self.as_ptr()) };
        self.codes(0);
        result >= 0
    }

    fn free(self) {
        // SAFETY: the bufferevent owns the session, and this is its end.
        unsafe { (self.table.SSL_free)(self.as_ptr()) };
    }
}
