//! The operations on a locked buffer, in terms of slices.
#![allow(dead_code, reason = "the rooms above begin to use it")]

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::{fmt, ptr, slice};

use libc::off_t;

use super::chain::{self, Chain};
use super::handle::{Buf, Refused, Result, accepted};
use super::line::{self, LineEnd};
use super::{
    Locked, add, change_flags, file, freeze_locked, position, reference, search, set_max_read,
    share, space, take, transfer,
};
use crate::support::mm;

/// One of the two ends of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Where bytes are drained and prepended.
    Start,
    /// Where bytes are added.
    End,
}

/// Where a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineEndAt {
    /// The bytes in front of it.
    pub at: usize,
    /// The bytes that end the line.
    pub len: usize,
}

impl Locked {
    /// Whether it is this buffer that is locked.
    #[inline]
    pub fn is(&self, buf: Buf) -> bool {
        self.0 == buf.as_ptr()
    }

    /// The bytes in the buffer.
    #[inline]
    pub fn len(&self) -> usize {
        // SAFETY: locked, and so live.
        unsafe { (*self.0).total_len }
    }

    /// Whether there are no bytes in the buffer.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a copy of the bytes.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) -> Result {
        // SAFETY: locked, and so live; the slice has its bytes.
        accepted(unsafe { add::add(self.0, bytes.as_ptr(), bytes.len()) })
    }

    /// Puts a copy of the bytes in front of all others.
    pub fn prepend(&mut self, bytes: &[u8]) -> Result {
        // SAFETY: as in `add`.
        accepted(unsafe { add::prepend(self.0, bytes.as_ptr(), bytes.len()) })
    }

    /// Removes the first `len` bytes, or all if there are fewer.
    #[inline]
    pub fn drain(&mut self, len: usize) -> Result {
        // SAFETY: locked, and so live.
        accepted(unsafe { take::drain(self.0, len) })
    }

    /// Copies bytes from the front to `out`, as many as there are and fit, and removes them. Returns
    /// how many.
    pub fn remove(&mut self, out: &mut [u8]) -> Result<usize> {
        // SAFETY: locked, and so live; the slice has room for its length.
        let n = unsafe { take::remove(self.0, out.as_mut_ptr(), out.len()) };
        usize::try_from(n).map_err(|_| Refused)
    }

    /// Copies bytes to `out` that begin `from` bytes into the buffer, as many as there are and fit.
    /// Returns how many. Refused, too, if that is behind the end.
    pub fn copy_out(&self, from: usize, out: &mut [u8]) -> Result<usize> {
        // SAFETY: locked, and so live; the slice has room for its length.
        let n = unsafe {
            let start = position::find(self.0, None, from).ok_or(Refused)?;
            take::copy_out_from(self.0, start, out.as_mut_ptr(), out.len())
        };
        usize::try_from(n).map_err(|_| Refused)
    }

    /// The first `len` bytes in one piece, for which they may be copied together. `None` if there
    /// are fewer, or memory runs out.
    #[inline]
    pub fn pull_up(&mut self, len: usize) -> Option<&[u8]> {
        if len == 0 {
            return Some(&[]);
        }
        let len = isize::try_from(len).ok()?;
        // SAFETY: locked, and so live; the bytes stay until the buffer is changed, which needs the
        // borrow to end.
        unsafe {
            let start = take::pull_up(self.0, len);
            (!start.is_null()).then(|| slice::from_raw_parts(start, len as usize))
        }
    }

    /// All bytes in one piece. `None` if memory runs out.
    pub fn pull_up_all(&mut self) -> Option<&[u8]> {
        self.pull_up(self.len())
    }

    /// The pieces of memory that hold the bytes, as they are. Ends early at a file that can't be
    /// read.
    pub fn pieces(&self) -> Pieces<'_> {
        Pieces {
            // SAFETY: locked, and so live.
            next: unsafe { (*self.0).first },
            _locked: self,
        }
    }

    /// Where `needle` begins, at or behind `from`.
    #[inline]
    pub fn find(&self, needle: &[u8], from: usize) -> Option<usize> {
        // SAFETY: locked, and so live; the position was just made.
        let found = unsafe {
            let start = match from {
                0 => None,
                from => Some(position::find(self.0, None, from)?),
            };
            search::search(self.0, needle, start, None)
        };
        usize::try_from(found.pos).ok()
    }

    /// Where the first line ends.
    pub fn find_line_end(&self, style: LineEnd) -> Option<LineEndAt> {
        // SAFETY: locked, and so live.
        let (found, len) = unsafe { line::search_end(self.0, None, Some(style)) };
        let at = usize::try_from(found.pos).ok()?;
        Some(LineEndAt { at, len })
    }

    /// Removes a line and returns it without its end. `None` if there is no whole line, the start is
    /// frozen or memory runs out.
    pub fn read_line(&mut self, style: LineEnd) -> Option<Line> {
        // SAFETY: locked, and so live.
        let (line, len) = unsafe { line::read(self.0, Some(style)) };
        ptr::NonNull::new(line.cast()).map(|start| Line { start, len })
    }

    /// Moves everything in `from` behind the data, without copying. See also [`Buf::append_from`]
    /// and [`Buf::lock_both`].
    pub fn append_from(&mut self, from: &mut Locked) -> Result {
        // SAFETY: both are locked, and so live.
        accepted(unsafe { transfer::append(self.0, from.0) })
    }

    /// Moves up to `len` bytes from the front of `from` behind the data. Returns how many.
    pub fn move_front_from(&mut self, from: &mut Locked, len: usize) -> Result<usize> {
        // SAFETY: both are locked, and so live.
        let moved = unsafe { transfer::move_front(from.0, self.0, len) };
        usize::try_from(moved).map_err(|_| Refused)
    }

    /// Appends the data of `from`, which keeps it, without copying. See [`Buf::append_shared`].
    pub fn append_shared(&mut self, from: &mut Locked) -> Result {
        // SAFETY: both are locked, and so live.
        accepted(unsafe { share::append(self.0, from.0) })
    }

    /// Has `write` write to free space of at least `at_least` bytes, which has not been initialised,
    /// and appends as many of them as it returns.
    ///
    /// # Safety
    /// `write` returns the number of bytes that it has initialised from the start of the slice, and
    /// doesn't use the buffer.
    pub unsafe fn fill(
        &mut self,
        at_least: usize,
        write: impl FnOnce(&mut [MaybeUninit<u8>]) -> usize,
    ) -> Result<usize> {
        // SAFETY: locked, and so live; the space belongs to nobody else until it is committed.
        unsafe {
            let (at, len) = space::begin_print(self.0, at_least.max(1));
            if at.is_null() {
                return Err(Refused);
            }
            let written = write(slice::from_raw_parts_mut(at.cast(), len));
            if written != 0 {
                space::end_print(self.0, at, written.min(len));
            }
            Ok(written)
        }
    }

    /// Makes room for `len` more bytes in one piece.
    pub fn expand(&mut self, len: usize) -> Result {
        // SAFETY: locked, and so live.
        accepted(unsafe { space::expand(self.0, len) })
    }

    /// Appends bytes that live forever, without copying them.
    pub fn add_static(&mut self, bytes: &'static [u8]) -> Result {
        // SAFETY: the bytes stay readable.
        unsafe { self.add_reference(bytes.as_ptr(), bytes.len(), None, ptr::null_mut()) }
    }

    /// Appends `len` bytes at `data` without copying them. `cleanup` is called with `arg` when no
    /// buffer needs them any more; not if they are refused.
    ///
    /// # Safety
    /// The bytes stay readable and unchanged until then.
    pub unsafe fn add_reference(
        &mut self,
        data: *const u8,
        len: usize,
        cleanup: Option<reference::Cleanup>,
        arg: *mut c_void,
    ) -> Result {
        // SAFETY: locked, and so live; the rest is the caller's promise.
        accepted(unsafe { reference::add(self.0, data, 0, len, cleanup, arg) })
    }

    /// Appends `len` bytes of a file from `offset`, or all that follow if `len` is negative, and
    /// takes the descriptor over. Refused, too, if the file has no such bytes or can't be read; the
    /// descriptor stays the caller's then.
    pub fn add_file(&mut self, fd: c_int, offset: off_t, len: off_t) -> Result {
        // SAFETY: locked, and so live.
        accepted(unsafe { file::add_file(self.0, fd, offset, len) })
    }

    /// Forbids or allows changes at one end.
    #[inline]
    pub fn set_frozen(&mut self, end: End, frozen: bool) {
        // SAFETY: locked, and so live.
        unsafe { freeze_locked(self.0, end == End::Start, frozen) };
    }

    /// Sets or clears flags, of which [`super::DRAINS_TO_FD`] is the only one with a meaning.
    pub fn set_flags(&mut self, flags: u32, on: bool) {
        // SAFETY: locked, and so live.
        unsafe { change_flags(self.0, flags, on) };
    }

    /// Chooses the most that one read takes. False if it is more than an `int`.
    pub fn set_max_read(&mut self, max: usize) -> bool {
        // SAFETY: locked, and so live.
        unsafe { set_max_read(self.0, max) }
    }
}

/// Enough for most lines, so that they are formatted once.
const FIRST_SPACE: usize = 64;

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

/// What is written appears as one change, wholly or not at all.
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

/// Bytes of a buffer, piece by piece.
pub struct Pieces<'a> {
    next: *mut Chain,
    _locked: &'a Locked,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        // SAFETY: the buffer is locked and isn't changed while it is borrowed, so its chains stay.
        unsafe {
            while !self.next.is_null() {
                let chain = self.next;
                self.next = (*chain).next;
                if (*chain).off == 0 {
                    continue;
                }
                if !file::make_readable(chain) {
                    self.next = ptr::null_mut();
                    break;
                }
                return Some(slice::from_raw_parts(chain::data(chain), (*chain).off));
            }
        }
        None
    }
}

/// A line that was removed from a buffer; a NUL follows it.
#[derive(Debug)]
pub struct Line {
    start: ptr::NonNull<u8>,
    len: usize,
}

impl Line {
    /// The line, for a program to free.
    pub fn into_ptr(self) -> *mut u8 {
        let start = self.start.as_ptr();
        core::mem::forget(self);
        start
    }
}

impl core::ops::Deref for Line {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `read_line` got a block of that length.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // SAFETY: the block came from the memory hooks and belongs to the value.
        unsafe { mm::free(self.start.as_ptr().cast()) };
    }
}

#[cfg(test)]
mod tests;
