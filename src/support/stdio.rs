//! A C stream to write text to.

use core::fmt;
use core::ptr::NonNull;

use libc::FILE;

/// A `FILE` of the program.
#[repr(transparent)]
pub struct Stream(NonNull<FILE>);

impl fmt::Write for Stream {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the stream is open, and `text` has this many bytes.
        let written = unsafe { libc::fwrite(text.as_ptr().cast(), 1, text.len(), self.0.as_ptr()) };
        if written == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}
