//! Formatted text.

use core::fmt;
use core::mem::MaybeUninit;

use super::Locked;

/// Enough for most lines, so that they are formatted once.
pub const FIRST_SPACE: usize = 64;

/// Formats into a piece of memory, and counts how much it would have needed.
struct Printer<'a> {
    space: &'a mut [MaybeUninit<u8>],
    needed: usize,
}

impl fmt::Write for Printer<'_> {
    #[inline]
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let end = self.needed.checked_add(part.len()).ok_or(fmt::Error)?;
        if let Some(space) = self.space.get_mut(self.needed..end) {
            space.write_copy_of_slice(part.as_bytes());
        }
        self.needed = end;
        Ok(())
    }
}

/// What one `write!` writes is one change, made wholly or not at all.
impl fmt::Write for Locked {
    #[inline]
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.add(part.as_bytes()).map_err(|_| fmt::Error)
    }

    fn write_fmt(&mut self, arguments: fmt::Arguments<'_>) -> fmt::Result {
        if let Some(text) = arguments.as_str() {
            return self.write_str(text);
        }
        let mut at_least = FIRST_SPACE;
        loop {
            let mut result = Ok(());
            let mut needed = 0;
            let print = |space: &mut [MaybeUninit<u8>]| {
                let len = space.len();
                let mut printer = Printer { space, needed: 0 };
                result = fmt::write(&mut printer, arguments);
                needed = printer.needed;
                if result.is_ok() && needed <= len {
                    needed
                } else {
                    0
                }
            };
            // SAFETY: a printer that needed no more than the space has initialised it from the
            // start, and formatting has no way to the buffer.
            let written = unsafe { self.fill(at_least, print) }.map_err(|_| fmt::Error)?;
            if written == needed || result.is_err() {
                return result;
            }
            at_least = needed;
        }
    }
}
