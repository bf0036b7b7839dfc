//! Line ends, and reading lines.

use core::ffi::{c_char, c_uint};
use core::ptr;

use memchr::memchr2;

use super::search::Cursor;
use super::slices::find_byte;
use super::{Buffer, Locked, callback, position, start_frozen, take};
use crate::ctypes::buffer::evbuffer_ptr;
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

/// Where the first line end at or behind `start` is, and its length; [`position::NOWHERE`] and 0 if
/// there is none.
///
/// # Safety
/// `buf` is live and `start` is a valid position in it.
pub unsafe fn search_end(
    buf: *mut Buffer,
    start: Option<evbuffer_ptr>,
    style: Option<LineEnd>,
) -> (evbuffer_ptr, usize) {
    const NOTHING: (evbuffer_ptr, usize) = (position::NOWHERE, 0);
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let start = match start {
            Some(start) => start,
            None => position::at(0, (*buf).first, 0),
        };
        let (Some(style), Ok(pos)) = (style, usize::try_from(start.pos)) else {
            return NOTHING;
        };
        let cursor = Cursor {
            chain: start.internal_.chain.cast(),
            at: start.internal_.pos_in_chain,
        };
        let Some(end) = find_end(cursor, style) else {
            return NOTHING;
        };
        let found = position::at((pos + end.skipped) as isize, end.at.chain, end.at.at);
        (found, end.len)
    }
}

/// A line end.
struct End {
    /// How far behind the place where the search began.
    skipped: usize,
    at: Cursor,
    len: usize,
}

/// # Safety
/// The buffer is locked, and `cursor` is a place in it.
#[inline]
unsafe fn find_end(mut cursor: Cursor, style: LineEnd) -> Option<End> {
    let mut skipped = 0;
    // Where the CR is that was the last byte of the chain before.
    let mut carriage_return = None::<Cursor>;
    // SAFETY: promised by the caller.
    unsafe {
        while cursor.settle() {
            let bytes = cursor.rest();
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
                let plain = End {
                    skipped: skipped + offset,
                    at: found(offset),
                    len: 1,
                };
                match style {
                    LineEnd::Lf | LineEnd::Nul => return Some(plain),
                    LineEnd::Any => {
                        let len = run_of_line_ends(plain.at);
                        return Some(End { len, ..plain });
                    }
                    LineEnd::CrLf | LineEnd::CrLfStrict => {}
                }
                let before = if offset > 0 {
                    (bytes[offset - 1] == b'\r').then(|| found(offset - 1))
                } else {
                    carriage_return
                };
                if let Some(at) = before {
                    return Some(End {
                        skipped: skipped + offset - 1,
                        at,
                        len: 2,
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
            cursor = Cursor {
                chain: (*cursor.chain).next,
                at: 0,
            };
        }
    }
    None
}

/// How many bytes from here on are CR or LF.
unsafe fn run_of_line_ends(mut cursor: Cursor) -> usize {
    let mut len = 0;
    // SAFETY: the caller holds the lock.
    unsafe {
        while cursor.settle() {
            let bytes = cursor.rest();
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
    }
    len
}

/// Removes a line and returns it without its end, NUL-terminated, and its length. Null if there is
/// no whole line, the start is frozen, or memory runs out.
///
/// # Safety
/// `buf` is live.
pub unsafe fn read(buf: *mut Buffer, style: Option<LineEnd>) -> (*mut c_char, usize) {
    const NOTHING: (*mut c_char, usize) = (ptr::null_mut(), 0);
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        if start_frozen(buf) {
            return NOTHING;
        }
        let start = Cursor {
            chain: (*buf).first,
            at: 0,
        };
        let Some(end) = style.and_then(|style| find_end(start, style)) else {
            return NOTHING;
        };
        let len = end.skipped;
        let line = mm::malloc(len + 1).cast::<u8>();
        if line.is_null() {
            log::warn(format_args!("evbuffer_readln: out of memory"));
            return NOTHING;
        }
        take::copy_bytes((*buf).first, 0, line, len);
        *line.add(len) = 0;
        if callback::any(buf) {
            // They are told of the line and of its end one after the other.
            take::drain_locked(buf, len);
            callback::notify(buf);
            take::drain(buf, end.len);
        } else {
            take::drain_locked(buf, len + end.len);
            callback::notify(buf);
        }
        (line.cast(), len)
    }
}
