//! Any string of bytes, read as a sequence of operations on three buffers, leaves in them what it
//! leaves in three vectors; and the lists of chains in order after every step.

use core::ffi::c_void;
use core::{ptr, slice};

use libc::iovec;

use super::{
    Buffer, add, callback, line, list, position, reference, search, share, space, take, transfer,
};
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::opaque::evbuffer;
use crate::support::mm;
use crate::testing::choices::Choices;

const BUFFERS: usize = 3;
/// Nothing grows beyond this.
const MOST: usize = 30_000;

const NO_ROOM: iovec = iovec {
    iov_base: ptr::null_mut(),
    iov_len: 0,
};

impl Choices<'_> {
    /// Small, or around the sizes of chains, or anything.
    fn len(&mut self, most: usize) -> usize {
        const EDGES: [usize; 8] = [0, 1, 976, 977, 2000, 2001, 4048, 4049];
        let len = match self.byte() % 4 {
            0 => EDGES[self.byte() % EDGES.len()],
            1 => self.below(5000),
            _ => self.byte() % 80,
        };
        len.min(most)
    }

    /// Of few characters, so that parts recur, and with every kind of line end.
    fn text(&mut self, len: usize) -> Vec<u8> {
        let seed = self.byte();
        let text = (0..len).map(|i| b"ab\r\n\0"[(i * i + seed) % 256 % 5]);
        text.collect()
    }
}

struct Model {
    buf: *mut Buffer,
    bytes: Vec<u8>,
    /// What the callback was told.
    told: Box<(usize, usize)>,
    changed: (usize, usize),
}

unsafe extern "C" fn count(_: *mut evbuffer, info: *const evbuffer_cb_info, told: *mut c_void) {
    // SAFETY: the callback was registered with its model's numbers.
    unsafe {
        let told = told.cast::<(usize, usize)>();
        (*told).0 += (*info).n_added;
        (*told).1 += (*info).n_deleted;
    }
}

impl Model {
    fn new() -> Self {
        let mut told = Box::new((0, 0));
        let buf = super::new();
        // SAFETY: a live buffer; the numbers stay where they are.
        unsafe { callback::add(buf, callback::Function::New(count), (&raw mut *told).cast()) };
        Model {
            buf,
            bytes: Vec::new(),
            told,
            changed: (0, 0),
        }
    }

    fn room(&self) -> usize {
        MOST - self.bytes.len()
    }

    fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.changed.0 += bytes.len();
    }

    fn prepend(&mut self, bytes: &[u8]) {
        self.bytes.splice(..0, bytes.iter().copied());
        self.changed.0 += bytes.len();
    }

    fn remove(&mut self, len: usize) -> Vec<u8> {
        let len = len.min(self.bytes.len());
        self.changed.1 += len;
        self.bytes.drain(..len).collect()
    }

    fn check(&self) {
        let room = self.bytes.len() + 1;
        let mut copy = vec![0; room];
        // SAFETY: a live buffer, and memory for its bytes.
        let len = unsafe {
            list::check(self.buf);
            take::copy_out(self.buf, copy.as_mut_ptr(), room)
        };
        assert_eq!(copy[..len as usize], self.bytes[..]);
        assert_eq!(*self.told, self.changed);
    }
}

unsafe extern "C" fn unbox(_: *const c_void, _: usize, arg: *mut c_void) {
    // SAFETY: `arg` is the box that the reference was made with.
    drop(unsafe { Box::from_raw(arg.cast::<Vec<u8>>()) });
}

/// Where the first line end is, and its length, by the number of the style.
fn line_end(bytes: &[u8], style: usize) -> Option<(usize, usize)> {
    let find = |wanted: &[u8]| bytes.iter().position(|byte| wanted.contains(byte));
    match style {
        0 => {
            let at = find(b"\r\n")?;
            let end = bytes[at..].iter().position(|b| !b"\r\n".contains(b));
            Some((at, end.unwrap_or(bytes.len() - at)))
        }
        1 => {
            let at = find(b"\n")?;
            Some(match bytes[..at].strip_suffix(b"\r") {
                Some(line) => (line.len(), 2),
                None => (at, 1),
            })
        }
        2 => Some((bytes.windows(2).position(|pair| pair == b"\r\n")?, 2)),
        3 => Some((find(b"\n")?, 1)),
        4 => Some((find(b"\0")?, 1)),
        _ => None,
    }
}

unsafe fn step(models: &mut [Model; BUFFERS], choices: &mut Choices) {
    let (i, j) = (choices.byte() % BUFFERS, choices.byte() % BUFFERS);
    let (buf, other) = (models[i].buf, models[j].buf);
    let moved = models[j].bytes.clone();
    let model = &mut models[i];
    let fits = i != j && moved.len() <= model.room();
    // SAFETY: live buffers, and memory of the sizes given.
    unsafe {
        match choices.byte() % 18 {
            0 | 1 => {
                let len = choices.len(model.room());
                let text = choices.text(len);
                assert!(add::add(buf, text.as_ptr(), len));
                model.append(&text);
            }
            2 => {
                let len = choices.len(model.room());
                let text = choices.text(len);
                assert!(add::prepend(buf, text.as_ptr(), len));
                model.prepend(&text);
            }
            3 => {
                let len = choices.len(MOST);
                assert!(take::drain(buf, len));
                model.remove(len);
            }
            4 => {
                let len = choices.len(MOST);
                let mut out = vec![0; len];
                let taken = take::remove(buf, out.as_mut_ptr(), len) as usize;
                assert_eq!(out[..taken], model.remove(len)[..]);
            }
            5 => {
                let len = choices.len(MOST);
                let start = take::pull_up(buf, len as isize);
                assert_eq!(start.is_null(), len == 0 || len > model.bytes.len());
            }
            6 => {
                let mut room = [NO_ROOM; 3];
                let len = choices.len(model.room());
                let n = 1 + choices.byte() % 3;
                let got = space::reserve(buf, len as isize, room.as_mut_ptr(), n as i32);
                assert!(got >= 0);
                let used = choices.byte() % (got as usize + 1);
                let mut text = Vec::new();
                for extent in &mut room[..used] {
                    let left = model.room() - text.len();
                    let len = choices.len(left).min(extent.iov_len);
                    let part = choices.text(len);
                    ptr::copy_nonoverlapping(part.as_ptr(), extent.iov_base.cast(), len);
                    extent.iov_len = len;
                    text.extend(part);
                }
                assert!(space::commit(buf, room.as_ptr(), used as i32));
                model.append(&text);
            }
            7 => assert!(space::expand(buf, choices.len(MOST))),
            8 if fits => {
                assert!(transfer::append(buf, other));
                model.append(&moved);
                models[j].remove(MOST);
            }
            9 if fits => {
                assert!(transfer::prepend(buf, other));
                model.prepend(&moved);
                models[j].remove(MOST);
            }
            10 if fits => {
                let len = choices.len(MOST);
                let len = len.min(moved.len());
                assert_eq!(transfer::move_front(other, buf, len), len as isize);
                model.append(&moved[..len]);
                models[j].remove(len);
            }
            11 if fits => {
                // Refused where the other buffer shares bytes itself.
                if share::append(buf, other) {
                    model.append(&moved);
                }
            }
            12 => {
                let len = choices.len(model.room());
                let text = Box::new(choices.text(len));
                let data = text.as_ptr();
                model.append(&text);
                let skipped = len.min(3);
                let arg = Box::into_raw(text).cast();
                assert!(reference::add(
                    buf,
                    data,
                    skipped,
                    len - skipped,
                    Some(unbox),
                    arg
                ));
                let whole = model.bytes.len();
                model.bytes.drain(whole - len..whole - len + skipped);
                model.changed.0 -= skipped;
            }
            13 => {
                let style = choices.byte() % 6;
                let (text, len) = line::read(buf, line::LineEnd::from_c(style as u32));
                let end = line_end(&model.bytes, style);
                assert_eq!(text.is_null(), end.is_none());
                if let Some((at, end_len)) = end {
                    let expected = model.remove(at);
                    model.remove(end_len);
                    let text = text.cast::<u8>();
                    assert_eq!(*slice::from_raw_parts(text, len), expected[..]);
                    assert_eq!(*text.add(len), 0);
                    mm::free(text.cast());
                }
            }
            14 => {
                let from = choices.below(MOST);
                let whole = model.bytes.len();
                let at = position::find(buf, None, from);
                assert_eq!(at.is_some(), from <= whole);
                if let Some(at) = at {
                    let len = choices.len(MOST);
                    let mut out = vec![0; len];
                    let copied = take::copy_out_from(buf, at, out.as_mut_ptr(), len);
                    let end = whole.min(from + len);
                    assert_eq!(out[..copied as usize], model.bytes[from..end]);
                }
            }
            15 => {
                let from = choices.below(model.bytes.len() + 1);
                let at = position::find(buf, None, from);
                let len = choices.len(MOST);
                let needed = take::peek(buf, len as isize, at, ptr::null_mut(), 0);
                let mut extents = vec![NO_ROOM; needed as usize];
                let n = take::peek(buf, len as isize, at, extents.as_mut_ptr(), needed);
                assert_eq!(n, needed);
                let mut rest = &model.bytes[from..];
                let enough = len.min(rest.len());
                for extent in &extents {
                    let data = slice::from_raw_parts(extent.iov_base.cast(), extent.iov_len);
                    rest = rest.strip_prefix(data).unwrap();
                }
                assert!(model.bytes.len() - from - rest.len() >= enough);
            }
            16 => {
                // Every position in turn, as a program does that replaces one thing by another.
                let len = 1 + choices.byte() % 3;
                let part = choices.text(len);
                let (mut at, mut expected) = (position::find(buf, None, 0), 0);
                while let Some(start) = at {
                    let found = search::search(buf, &part, Some(start), None).pos;
                    let next = model.bytes[expected..]
                        .windows(part.len())
                        .position(|window| window == part);
                    assert_eq!(found, next.map_or(-1, |next| (expected + next) as isize));
                    let Some(next) = next else { break };
                    expected += next + part.len();
                    at = position::find(buf, Some(start), next + part.len());
                    assert!(at.is_some());
                }
            }
            _ => {
                let len = 1 + choices.len(model.bytes.len().max(1));
                let from = choices.below(model.bytes.len() + 1);
                let needle = match model.bytes.get(from..from + len) {
                    Some(part) => part.to_vec(),
                    None => choices.text(len),
                };
                let found = search::search(buf, &needle, None, None).pos;
                let expected = model
                    .bytes
                    .windows(len)
                    .position(|part| part == needle)
                    .map_or(-1, |at| at as isize);
                assert_eq!(found, expected);
            }
        }
    }
}

pub fn run(input: &[u8]) {
    let mut models = [Model::new(), Model::new(), Model::new()];
    let mut choices = Choices(input);
    while !choices.0.is_empty() {
        // SAFETY: the models' buffers are live.
        unsafe { step(&mut models, &mut choices) };
        for model in &models {
            model.check();
        }
    }
    // Buffers that share each other's bytes keep each other alive.
    for model in &models {
        // SAFETY: as above.
        assert!(unsafe { take::drain(model.buf, MOST) });
    }
    for model in models {
        // SAFETY: nobody uses the buffer afterwards.
        unsafe { super::free(model.buf) };
    }
}

#[cfg(test)]
mod tests;
