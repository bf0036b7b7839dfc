//! The log: where warnings, errors and debug lines go.
//!
//! Without a callback a line goes to stderr as `[warn] text`. A line is cut at
//! 1023 bytes, and making one never allocates, so that running out of memory
//! can still be reported.

use core::ffi::{CStr, c_char, c_int};
use core::fmt::{self, Write};
use core::mem::transmute;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};

use super::sys;

/// Receives the severity and the line, without a line end.
pub type LogFn = unsafe extern "C" fn(c_int, *const c_char);
/// Receives the exit code of a fatal error; it should not return.
pub type FatalFn = unsafe extern "C" fn(c_int);

pub use crate::ctypes::event::{
    EVENT_LOG_DEBUG as DEBUG, EVENT_LOG_ERR as ERR, EVENT_LOG_MSG as MSG, EVENT_LOG_WARN as WARN,
};

/// The exit code that stands for `abort()`.
pub const ABORT: c_int = 0xdead_dead_u32 as c_int;

static LOG: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
static FATAL: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
static DEBUG_MASK: AtomicU32 = AtomicU32::new(0);

/// Replaces the destination of all lines; `None` brings back stderr.
pub fn set_log_callback(callback: Option<LogFn>) {
    LOG.store(callback.map_or(ptr::null_mut(), |f| f as *mut ()), Relaxed);
}

/// Replaces what happens on a fatal error; `None` brings back exit and abort.
pub fn set_fatal_callback(callback: Option<FatalFn>) {
    FATAL.store(callback.map_or(ptr::null_mut(), |f| f as *mut ()), Relaxed);
}

/// Chooses which debug lines are made: all bits or none.
pub fn set_debug_mask(mask: u32) {
    DEBUG_MASK.store(mask, Relaxed);
}

/// Whether debug lines are wanted.
#[inline]
pub fn debugging() -> bool {
    DEBUG_MASK.load(Relaxed) != 0
}

/// One log line, NUL-terminated, cut to fit.
pub struct Line {
    text: [u8; Line::SIZE],
    len: usize,
}

impl Line {
    pub const SIZE: usize = 1024;

    pub fn new() -> Self {
        Line {
            text: [0; Line::SIZE],
            len: 0,
        }
    }

    fn of(args: fmt::Arguments) -> Self {
        let mut line = Line::new();
        let _ = line.write_fmt(args);
        line
    }

    /// The line that is in a C buffer already.
    pub fn from_c(text: &CStr) -> Self {
        let mut line = Line::new();
        line.push(text.to_bytes());
        line
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = Line::SIZE - 1 - self.len;
        let taken = bytes.len().min(room);
        self.text[self.len..self.len + taken].copy_from_slice(&bytes[..taken]);
        self.len += taken;
    }

    /// The text, cut so that it has less than `size` bytes.
    pub fn cut(mut self, size: usize) -> Line {
        self.len = self.len.min(size - 1);
        self.text[self.len] = 0;
        self
    }

    /// For C.
    pub fn as_ptr(&self) -> *const c_char {
        self.text.as_ptr().cast()
    }

    fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

/// Sends a finished line to the callback or to stderr. Keeps `errno`.
pub fn emit(severity: c_int, line: &Line) {
    let saved = sys::errno();
    let callback = LOG.load(Relaxed);
    if !callback.is_null() {
        // SAFETY: set_log_callback stored a LogFn; the line is NUL-terminated.
        unsafe { transmute::<*mut (), LogFn>(callback)(severity, line.text.as_ptr().cast()) };
    } else {
        let name = match severity {
            DEBUG => "debug",
            MSG => "msg",
            WARN => "warn",
            ERR => "err",
            _ => "???",
        };
        let mut whole = [0u8; Line::SIZE + 16];
        let mut len = 0;
        for part in [b"[", name.as_bytes(), b"] ", line.as_bytes(), b"\n"] {
            whole[len..len + part.len()].copy_from_slice(part);
            len += part.len();
        }
        // SAFETY: the first `len` bytes are initialised. There is no one to report a failure to.
        unsafe { libc::write(libc::STDERR_FILENO, whole.as_ptr().cast(), len) };
    }
    sys::set_errno(saved);
}

/// Logs at level "msg".
pub fn msg(args: fmt::Arguments) {
    emit(MSG, &Line::of(args));
}

/// Logs at level "warn".
pub fn warn(args: fmt::Arguments) {
    emit(WARN, &Line::of(args));
}

/// Logs at level "warn", with what `errno` says appended.
pub fn warn_errno(args: fmt::Arguments) {
    warn_code(sys::errno(), args);
}

/// Logs at level "warn", with the text of an error code appended.
pub fn warn_code(code: c_int, args: fmt::Arguments) {
    emit(WARN, &with_error(code, Line::of(args)));
}

/// Appends `: ` and the text of an error code.
pub fn with_error(code: c_int, mut line: Line) -> Line {
    let mut text = [0u8; 128];
    // SAFETY: the XSI strerror_r writes at most the given length, NUL included.
    unsafe { libc::strerror_r(code, text.as_mut_ptr().cast(), text.len()) };
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(0);
    line.push(b": ");
    line.push(&text[..end]);
    line
}

/// Logs at level "debug" what `line` says, if debug lines are wanted; costs one load otherwise.
#[inline(always)]
pub fn debug(line: impl FnOnce(&mut dyn Write) -> fmt::Result) {
    if debugging() {
        debug_now(line);
    }
}

#[cold]
#[inline(never)]
fn debug_now(make: impl FnOnce(&mut dyn Write) -> fmt::Result) {
    let mut line = Line::new();
    // A line that is too long is cut.
    let _ = make(&mut line);
    emit(DEBUG, &line);
}

/// Logs at level "err" and ends the process: the fatal callback, then `exit(code)`, or `abort()`
/// for [`ABORT`].
pub fn fatal(code: c_int, line: Line) -> ! {
    emit(ERR, &line);
    exit(code)
}

/// [`fatal`] with [`ABORT`], for a caller's mistake that makes going on meaningless.
pub fn fatal_abort(args: fmt::Arguments) -> ! {
    fatal(ABORT, Line::of(args))
}

fn exit(code: c_int) -> ! {
    let callback = FATAL.load(Relaxed);
    // SAFETY: set_fatal_callback stored a FatalFn; exit and abort end the process.
    unsafe {
        if !callback.is_null() {
            transmute::<*mut (), FatalFn>(callback)(code);
            libc::exit(code)
        }
        if code == ABORT {
            libc::abort()
        }
        libc::exit(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_and_terminated() {
        let line = Line::of(format_args!("{}", "x".repeat(3000)));
        assert_eq!(line.len, 1023);
        assert_eq!(line.text[1023], 0);
        let line = with_error(libc::EBADF, line);
        assert_eq!(line.len, 1023);
        let line = with_error(libc::EBADF, Line::of(format_args!("add")));
        assert_eq!(line.as_bytes(), b"add: Bad file descriptor");
    }
}
