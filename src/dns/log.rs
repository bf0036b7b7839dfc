//! What evdns tells about itself: to the program's function, or to the log of everything else.

use core::ffi::{c_char, c_int};
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use core::{mem, ptr};

use crate::support::log::{self, Line};

/// Gets 1 for a warning and 0 for the rest, and the text.
pub type LogFn = unsafe extern "C" fn(c_int, *const c_char);

static FUNCTION: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// The longest text that a program's function gets, with its NUL.
const LONGEST: usize = 512;

/// Sets where messages go; `None` brings the general log back.
pub fn set_function(function: Option<LogFn>) {
    FUNCTION.store(function.map_or(ptr::null_mut(), |f| f as *mut ()), Relaxed);
}

fn tell(severity: c_int, text: fmt::Arguments) {
    let function = FUNCTION.load(Relaxed);
    let mut line = Line::new();
    // A line that is too long is cut.
    let _ = line.write_fmt(text);
    if function.is_null() {
        log::emit(severity, &line);
        return;
    }
    let line = line.cut(LONGEST);
    let warning = c_int::from(severity >= log::WARN);
    // SAFETY: `set_function` stored a LogFn; the text is NUL-terminated.
    unsafe { mem::transmute::<*mut (), LogFn>(function)(warning, line.as_ptr()) };
}

/// What the program should see to.
pub fn warn(text: fmt::Arguments) {
    tell(log::WARN, text);
}

/// What happened.
pub fn message(text: fmt::Arguments) {
    tell(log::MSG, text);
}

/// What is done, step by step: costs nothing unless somebody listens.
pub fn debug(text: fmt::Arguments) {
    if log::debugging() || !FUNCTION.load(Relaxed).is_null() {
        tell(log::DEBUG, text);
    }
}
