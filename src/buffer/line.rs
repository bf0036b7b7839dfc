//! Line ends, and reading lines.

use core::ffi::{c_char, c_uint};
use core::ops::Deref;
use core::ptr::NonNull;
use core::slice;

use memchr::memchr2;

use super::cursor::Cursor;
use super::search::find_byte;
use super::{End, Locked};
use crate::support::{log, mm};

/// What ends a line.
#[derive(Clone, Copy, PartialEq)]
pub enum LineEnd {
    /// Any run of CR and LF.
    Any,
    /// LF, or CR LF.
    CrLf,
    /// CR LF.
    CrLfStrict,
    Lf,
    Nul,
}

impl LineEnd {
    /// By the number that C programs use.
    pub fn from_c(style: c_uint) -> Option<Self> {
        Some(match style {
            0 => LineEnd::Any,
            1 => LineEnd::CrLf,
            2 => LineEnd::CrLfStrict,
            3 => LineEnd::Lf,
            4 => LineEnd::Nul,
            _ => return None,
        })
    }
}

/// Where a line ends.
#[derive(Clone, Copy)]
pub struct LineEndAt {
    /// The bytes in front of it.
    pub at: usize,
    /// The bytes that end the line.
    pub len: usize,
    /// The place in the chains.
    pub place: Cursor,
}

/// Where the first line end at or behind `cursor` is, in a locked buffer.
#[inline]
pub fn find_end(mut cursor: Cursor, style: LineEnd) -> Option<LineEndAt> {
    let mut skipped = 0;
    // Where the CR is that was the last byte of the chain before.
    let mut carriage_return = None::<Cursor>;
    while let Some(bytes) = cursor.here() {
        let mut from = 0;
        let found = |offset: usize| Cursor {
            at: cursor.at + offset,
            ..cursor
        };
        loop {
            let rest = &bytes[from..];
            let next = match style {
                LineEnd::Any => memchr2(b'\r', b'\n', rest),
                LineEnd::Nul => find_byte(0, rest),
                _ => find_byte(b'\n', rest),
            };
            let Some(next) = next else {
                break;
            };
            let offset = from + next;
            let plain = LineEndAt {
                at: skipped + offset,
                len: 1,
                place: found(offset),
            };
            match style {
                LineEnd::Lf | LineEnd::Nul => return Some(plain),
                LineEnd::Any => {
                    let len = run_of_line_ends(plain.place);
                    return Some(LineEndAt { len, ..plain });
                }
                LineEnd::CrLf | LineEnd::CrLfStrict => {}
            }
            let before = if offset > 0 {
                (bytes[offset - 1] == b'\r').then(|| found(offset - 1))
            } else {
                carriage_return
            };
            if let Some(place) = before {
                return Some(LineEndAt {
                    at: skipped + offset - 1,
                    len: 2,
                    place,
                });
            }
            if style == LineEnd::CrLf {
                return Some(plain);
            }
            from = offset + 1;
        }
        let last = bytes.len() - 1;
        carriage_return = (bytes[last] == b'\r').then(|| found(last));
        skipped += bytes.len();
        cursor = cursor.next_chain();
    }
    None
}

/// How many bytes from here on are CR or LF.
fn run_of_line_ends(mut cursor: Cursor) -> usize {
    let mut len = 0;
    while let Some(bytes) = cursor.here() {
        let run = bytes
            .iter()
            .take_while(|&&byte| byte == b'\r' || byte == b'\n')
            .count();
        len += run;
        if run < bytes.len() {
            break;
        }
        cursor.at += run;
    }
    len
}

impl Locked {
    /// Where the first line ends.
    pub fn find_line_end(&self, style: LineEnd) -> Option<LineEndAt> {
        find_end(self.start(), style)
    }

    /// Removes a line and returns it without its end. `None` if there is no whole line, the start is
    /// frozen or memory runs out.
    #[inline(always)]
    pub fn read_line(&mut self, style: LineEnd) -> Option<Line> {
        if self.is_frozen(End::Start) {
            return None;
        }
        let end = self.find_line_end(style)?;
        let Some(start) = NonNull::new(mm::malloc(end.at + 1).cast::<u8>()) else {
            log::warn(format_args!("evbuffer_readln: out of memory"));
            return None;
        };
        let line = Line { start, len: end.at };
        // SAFETY: the block has room for the line and a NUL.
        unsafe {
            self.start().copy(start.as_ptr(), end.at);
            start.add(end.at).write(0);
        }
        if self.has_callbacks() {
            // They are told of the line and of its end one after the other.
            self.drain_quietly(end.at);
            self.notify();
            // Refused if one of them has frozen the start.
            let _ = self.drain(end.len);
        } else {
            self.drain_quietly(end.at + end.len);
            self.notify();
        }
        Some(line)
    }
}

/// A line that was removed from a buffer; a NUL follows it.
#[derive(Debug)]
pub struct Line {
    start: NonNull<u8>,
    len: usize,
}

impl Line {
    /// The line, for a program to free.
    pub fn into_ptr(self) -> *mut c_char {
        let start = self.start.as_ptr().cast();
        core::mem::forget(self);
        start
    }
}

impl Deref for Line {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `read_line` has filled a block of more than that length.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // SAFETY: the block came from the memory hooks and belongs to the value.
        unsafe { mm::free(self.start.as_ptr().cast()) };
    }
}
