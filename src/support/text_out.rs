//! Text into buffers that C programs own: what `snprintf` is to C.

use core::fmt::{self, Write};
use core::mem::MaybeUninit;

/// Prints to `out`, cut to fit and NUL-terminated unless `out` is empty. Returns how long the
/// whole text is, so that `result >= out.len()` tells that it was cut.
pub fn print(out: &mut [MaybeUninit<u8>], args: fmt::Arguments) -> usize {
    let mut sink = Sink::new(out);
    // The sink accepts everything, and the types printed here do not fail.
    let _ = sink.write_fmt(args);
    sink.finish()
}

/// Copies `text` to `out` by the same rules.
pub fn copy(out: &mut [MaybeUninit<u8>], text: &[u8]) -> usize {
    let mut sink = Sink::new(out);
    sink.push(text);
    sink.finish()
}

/// Such a buffer, which is filled piece by piece.
pub struct Sink<'a> {
    out: &'a mut [MaybeUninit<u8>],
    /// How much was printed so far, whether or not it fitted.
    len: usize,
}

impl<'a> Sink<'a> {
    pub fn new(out: &'a mut [MaybeUninit<u8>]) -> Sink<'a> {
        Sink { out, len: 0 }
    }

    pub fn push(&mut self, text: &[u8]) {
        let room = self.out.get_mut(self.len..).unwrap_or_default();
        let fits = room.len().min(text.len());
        room[..fits].write_copy_of_slice(&text[..fits]);
        self.len += text.len();
    }

    /// Ends the text, and returns how long all of it is.
    pub fn finish(self) -> usize {
        if let Some(last) = self.out.len().checked_sub(1) {
            self.out[self.len.min(last)].write(0);
        }
        self.len
    }
}

impl Write for Sink<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in the buffer after printing "abc" and 12 to `size` bytes of it.
    fn printed(size: usize) -> Vec<u8> {
        let mut out = [MaybeUninit::new(b'~'); 8];
        assert_eq!(print(&mut out[..size], format_args!("abc{}", 12)), 5);
        let mut copied = [MaybeUninit::new(b'~'); 8];
        assert_eq!(copy(&mut copied[..size], b"abc12"), 5);
        // SAFETY: every byte was initialised above.
        let bytes = |out: [MaybeUninit<u8>; 8]| out.map(|byte| unsafe { byte.assume_init() });
        assert_eq!(bytes(out), bytes(copied));
        bytes(out).to_vec()
    }

    #[test]
    fn text_is_cut_and_terminated() {
        assert_eq!(printed(0), b"~~~~~~~~");
        assert_eq!(printed(1), b"\0~~~~~~~");
        assert_eq!(printed(4), b"abc\0~~~~");
        assert_eq!(printed(5), b"abc1\0~~~");
        assert_eq!(printed(6), b"abc12\0~~");
        assert_eq!(printed(8), b"abc12\0~~");
    }
}
