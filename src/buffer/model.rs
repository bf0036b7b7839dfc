//! Any string of bytes, read as a sequence of operations on three buffers, leaves in them what it
//! leaves in three vectors; and the lists of chains in order after every step.

use core::ffi::{c_int, c_void};
use core::{ptr, slice};

use libc::iovec;

use super::callback::Function;
use super::chain::Bytes;
use super::io::Descriptor;
use super::line::LineEnd;
use super::position::Position;
use super::{DEFAULT_MAX_READ, OwnedBuf};
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::opaque::evbuffer;
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

fn as_bytes(text: &[u8]) -> Bytes {
    // SAFETY: the slice has its bytes.
    unsafe { Bytes::new(text.as_ptr(), text.len()) }
}

struct Model {
    buf: OwnedBuf,
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
        let buf = OwnedBuf::new().unwrap();
        let function = Function::New(count);
        // SAFETY: the numbers stay where they are.
        let entry = unsafe { buf.lock().add_callback(function, (&raw mut *told).cast()) };
        assert!(entry.is_some());
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
        let locked = self.buf.lock();
        locked.check();
        let mut copy = vec![0; self.bytes.len() + 1];
        let len = locked.copy_out(0, &mut copy).unwrap();
        assert_eq!(copy[..len], self.bytes[..]);
        assert_eq!(locked.pieces().collect::<Vec<_>>().concat(), self.bytes);
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

/// A pipe that holds some bytes, or takes some; closed at the end.
struct Pipe([c_int; 2]);

impl Pipe {
    fn new() -> Self {
        let mut ends = [-1; 2];
        // SAFETY: pipe fills the array.
        let made = unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_NONBLOCK) };
        assert_eq!(made, 0);
        Pipe(ends)
    }

    fn write(&self, bytes: &[u8]) {
        // SAFETY: the slice has its bytes.
        let n = unsafe { libc::write(self.0[1], bytes.as_ptr().cast(), bytes.len()) };
        assert_eq!(n, bytes.len() as isize);
    }

    fn read(&self) -> Vec<u8> {
        let mut bytes = vec![0; MOST];
        // SAFETY: the vector has its bytes.
        let n = unsafe { libc::read(self.0[0], bytes.as_mut_ptr().cast(), MOST) };
        bytes.truncate(usize::try_from(n).unwrap_or(0));
        bytes
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        for end in self.0 {
            crate::sys::close(end);
        }
    }
}

fn step(models: &mut [Model; BUFFERS], choices: &mut Choices) {
    let (i, j) = (choices.byte() % BUFFERS, choices.byte() % BUFFERS);
    let (buf, other) = (*models[i].buf, *models[j].buf);
    let moved = models[j].bytes.clone();
    let model = &mut models[i];
    let fits = i != j && moved.len() <= model.room();
    match choices.byte() % 20 {
        0 | 1 => {
            let len = choices.len(model.room());
            let text = choices.text(len);
            assert!(buf.lock().add(&text).is_ok());
            model.append(&text);
        }
        2 => {
            let len = choices.len(model.room());
            let text = choices.text(len);
            assert!(buf.prepend_bytes(as_bytes(&text)).is_ok());
            model.prepend(&text);
        }
        3 => {
            let len = choices.len(MOST);
            assert!(buf.lock().drain(len).is_ok());
            model.remove(len);
        }
        4 => {
            let len = choices.len(MOST);
            let mut out = vec![0; len];
            let taken = buf.lock().remove(&mut out).unwrap();
            assert_eq!(out[..taken], model.remove(len)[..]);
        }
        5 => {
            let len = choices.len(MOST);
            let mut locked = buf.lock();
            let start = locked.pull_up(len);
            assert_eq!(start, model.bytes.get(..len));
        }
        6 => reserve_and_commit(model, choices),
        7 => assert!(buf.lock().expand(choices.len(MOST)).is_ok()),
        8 if fits => {
            assert!(buf.append_from(other).is_ok());
            model.append(&moved);
            models[j].remove(MOST);
        }
        9 if fits => {
            assert!(buf.prepend_from(other).is_ok());
            model.prepend(&moved);
            models[j].remove(MOST);
        }
        10 if fits => {
            let len = choices.len(MOST).min(moved.len());
            assert_eq!(buf.move_front_from(other, len), Ok(len));
            model.append(&moved[..len]);
            models[j].remove(len);
        }
        11 if fits => {
            // Refused where the other buffer shares bytes itself.
            if buf.append_shared(other).is_ok() {
                model.append(&moved);
            }
        }
        12 => {
            let len = choices.len(model.room());
            let text = Box::new(choices.text(len));
            let skipped = len.min(3);
            model.append(&text[skipped..]);
            let data = text.as_ptr();
            let arg = Box::into_raw(text).cast();
            // SAFETY: the bytes stay until `unbox` is called.
            let added = unsafe {
                let mut locked = buf.lock();
                locked.add_reference(data, skipped, len - skipped, Some(unbox), arg)
            };
            assert!(added.is_ok());
        }
        13 => {
            let style = choices.byte() % 6;
            let line = LineEnd::from_c(style as u32).and_then(|style| buf.lock().read_line(style));
            let end = line_end(&model.bytes, style);
            assert_eq!(line.is_none(), end.is_none());
            if let (Some(line), Some((at, end_len))) = (line, end) {
                assert_eq!(*line, model.remove(at)[..]);
                model.remove(end_len);
            }
        }
        14 => {
            let from = choices.below(MOST);
            let mut out = vec![0; choices.len(MOST)];
            let copied = buf.lock().copy_out(from, &mut out);
            let expected = model.bytes.get(from..);
            assert_eq!(copied.is_ok(), expected.is_some());
            if let (Ok(copied), Some(expected)) = (copied, expected) {
                assert_eq!(copied, expected.len().min(out.len()));
                assert_eq!(out[..copied], expected[..copied]);
            }
        }
        15 => peek(model, choices),
        16 => {
            // Every position in turn, as a program does that replaces one thing by another.
            let len = 1 + choices.byte() % 3;
            let part = choices.text(len);
            let locked = buf.lock();
            let (mut at, mut expected) = (Some(locked.start_position()), 0);
            while let Some(start) = at {
                let found = Position::to_c(locked.search(&part, Some(start), None)).pos;
                let next = model.bytes[expected..]
                    .windows(part.len())
                    .position(|window| window == part);
                assert_eq!(found, next.map_or(-1, |next| (expected + next) as isize));
                let Some(next) = next else { break };
                expected += next + part.len();
                at = start.forward(next + part.len());
                assert!(at.is_some());
            }
        }
        17 => {
            let pipe = Pipe::new();
            let len = choices.len(model.room());
            let text = choices.text(len);
            pipe.write(&text);
            let wanted = choices.len(MOST);
            let n = buf.read(Descriptor::Any(pipe.0[0]), wanted as c_int, None);
            let expected = len.min(wanted).min(DEFAULT_MAX_READ as usize);
            // Nothing there is an error, nothing wanted isn't.
            let nothing = if wanted == 0 { 0 } else { -1 };
            assert_eq!(
                n,
                if expected == 0 {
                    nothing
                } else {
                    expected as c_int
                }
            );
            model.append(&text[..expected]);
        }
        18 => {
            let pipe = Pipe::new();
            let wanted = choices.len(MOST);
            let n = buf.write(Descriptor::Any(pipe.0[1]), wanted as isize, None);
            let written = model.remove(wanted.min(usize::try_from(n).unwrap_or(0)));
            assert_eq!(n < 0, written.is_empty());
            assert_eq!(pipe.read(), written);
        }
        _ => {
            let len = 1 + choices.len(model.bytes.len().max(1));
            let from = choices.below(model.bytes.len() + 1);
            let needle = match model.bytes.get(from..from + len) {
                Some(part) => part.to_vec(),
                None => choices.text(len),
            };
            let expected = model.bytes.windows(len).position(|part| part == needle);
            assert_eq!(buf.lock().find(&needle, 0), expected);
        }
    }
}

fn reserve_and_commit(model: &mut Model, choices: &mut Choices) {
    let mut locked = model.buf.lock();
    let mut room = [NO_ROOM; 3];
    let len = choices.len(model.room());
    let n = 1 + choices.byte() % 3;
    // SAFETY: the array has more elements.
    let got = unsafe { locked.reserve(len as isize, room.as_mut_ptr(), n as i32) };
    let used = choices.byte() % (got.unwrap() as usize + 1);
    let mut text = Vec::new();
    for extent in &mut room[..used] {
        let left = model.room() - text.len();
        let len = choices.len(left).min(extent.iov_len);
        let part = choices.text(len);
        // SAFETY: the extent has that length at least.
        unsafe { ptr::copy_nonoverlapping(part.as_ptr(), extent.iov_base.cast(), len) };
        extent.iov_len = len;
        text.extend(part);
    }
    // SAFETY: what is committed was just written.
    assert!(unsafe { locked.commit(room.as_ptr(), used as i32) }.is_ok());
    drop(locked);
    model.append(&text);
}

fn peek(model: &Model, choices: &mut Choices) {
    let locked = model.buf.lock();
    let from = choices.below(model.bytes.len() + 1);
    let at = locked.start_position().forward(from);
    let len = choices.len(MOST);
    // SAFETY: the array has the length that is given.
    let (needed, n, extents) = unsafe {
        let needed = locked.peek(len as isize, at, ptr::null_mut(), 0);
        let mut extents = vec![NO_ROOM; needed as usize];
        let n = locked.peek(len as isize, at, extents.as_mut_ptr(), needed);
        (needed, n, extents)
    };
    assert_eq!(n, needed);
    let mut rest = &model.bytes[from..];
    let enough = len.min(rest.len());
    for extent in &extents {
        // SAFETY: an extent is a part of the locked buffer.
        let data = unsafe { slice::from_raw_parts(extent.iov_base.cast(), extent.iov_len) };
        rest = rest.strip_prefix(data).unwrap();
    }
    assert!(model.bytes.len() - from - rest.len() >= enough);
}

pub fn run(input: &[u8]) {
    let mut models = [Model::new(), Model::new(), Model::new()];
    let mut choices = Choices(input);
    while !choices.0.is_empty() {
        step(&mut models, &mut choices);
        for model in &models {
            model.check();
        }
    }
}

#[cfg(test)]
mod tests;
pub mod unruly;
