//! Any string of bytes, read as a sequence of operations on three buffers, leaves in them what it
//! leaves in three vectors; and the lists of chains in order after every step.

use core::ffi::c_void;
use core::ptr;

use libc::iovec;

use super::{Buffer, add, callback, chain, list, reference, search, share, space, take, transfer};
use crate::abi::buffer::evbuffer_cb_info;

const BUFFERS: usize = 3;
/// Nothing grows beyond this.
const MOST: usize = 30_000;

/// The choices that a string of bytes makes; zeros when it is at its end.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> usize {
        let Some((&byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        byte.into()
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.byte() << 8 | self.byte()) % limit
    }

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

    fn text(&mut self, len: usize) -> Vec<u8> {
        let seed = self.byte();
        (0..len).map(|i| b'a' + (i * i + seed) as u8 % 5).collect()
    }
}

struct Model {
    buf: *mut Buffer,
    bytes: Vec<u8>,
    /// What the callback was told.
    told: Box<(usize, usize)>,
    changed: (usize, usize),
}

unsafe extern "C" fn count(_: *mut Buffer, info: *const evbuffer_cb_info, told: *mut c_void) {
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
        let mut copy = vec![0; MOST];
        // SAFETY: a live buffer, and memory for its bytes.
        let len = unsafe {
            list::check(self.buf);
            take::copy_out(self.buf, copy.as_mut_ptr(), MOST)
        };
        assert_eq!(copy[..len as usize], self.bytes[..]);
        assert_eq!(*self.told, self.changed);
    }
}

unsafe extern "C" fn unbox(_: *const c_void, _: usize, arg: *mut c_void) {
    // SAFETY: `arg` is the box that the reference was made with.
    drop(unsafe { Box::from_raw(arg.cast::<Vec<u8>>()) });
}

unsafe fn step(models: &mut [Model; BUFFERS], choices: &mut Choices) {
    let (i, j) = (choices.byte() % BUFFERS, choices.byte() % BUFFERS);
    let (buf, other) = (models[i].buf, models[j].buf);
    let moved = models[j].bytes.clone();
    let model = &mut models[i];
    let fits = i != j && moved.len() <= model.room();
    // SAFETY: live buffers, and memory of the sizes given.
    unsafe {
        match choices.byte() % 14 {
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
                let mut room = [iovec {
                    iov_base: ptr::null_mut(),
                    iov_len: 0,
                }; 3];
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

fn run(input: &[u8]) {
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

/// Numbers that look random, the same in every run.
fn noise(mut seed: u64) -> impl Iterator<Item = u8> {
    core::iter::repeat_with(move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 24) as u8
    })
}

#[test]
fn any_sequence_of_operations() {
    for seed in 1..16 {
        let input: Vec<u8> = noise(seed).take(3000).collect();
        run(&input);
    }
}

#[test]
fn searching_in_chains_of_any_size() {
    for seed in 1..400u64 {
        let mut random = noise(seed * 7919);
        let mut next = |limit: usize| random.next().unwrap() as usize % limit;
        let text: Vec<u8> = (0..600).map(|_| b'a' + (next(12) == 0) as u8).collect();
        let len = 1 + next(60);
        let from = next(250) + next(250);
        let mut needle = text[from..from + len].to_vec();
        if next(2) == 0 {
            needle[next(len)] ^= 3;
        }
        let expected = text.windows(len).position(|part| part == needle);
        // SAFETY: the text outlives the buffer, which is live.
        unsafe {
            let buf = super::new();
            let mut at = 0;
            while at < text.len() {
                let size = (1 + next(1 + seed as usize % 40)).min(text.len() - at);
                let data = text.as_ptr().add(at);
                assert!(reference::add(buf, data, 0, size, None, ptr::null_mut()));
                at += size;
            }
            let found = search::search(buf, &needle, None, None);
            assert_eq!(found.pos, expected.map_or(-1, |at| at as isize));
            let cursor = search::Cursor {
                chain: (*buf).first,
                at: 0,
            };
            assert_eq!(
                super::two_way::find_all(cursor, &needle, text.len()),
                expected
            );
            super::free(buf);
        }
    }
}

/// A chain that a read elsewhere is filling stays in its buffer, whatever happens to its data.
#[test]
fn pinned_chains_stay() {
    // SAFETY: the buffers are live, and the pin is taken off before its chain is freed.
    unsafe {
        let (buf, other) = (super::new(), super::new());
        assert!(add::add(buf, b"abc".as_ptr(), 3));
        let pinned = (*buf).first;
        (*pinned).flags |= chain::PINNED_READ;
        assert!(transfer::append(other, buf));
        list::check(buf);
        list::check(other);
        assert!((*buf).first == pinned && (*pinned).off == 0);
        assert_eq!(super::len(other), 3);
        // The read is done, behind the bytes that left.
        (*pinned).off = 2;
        (*buf).total_len = 2;
        assert!(take::drain(buf, 1));
        assert!(take::drain(buf, 1));
        assert!((*buf).first == pinned && (*pinned).off == 0);
        list::check(buf);
        // A chain that is freed nevertheless waits for its pin.
        super::free(buf);
        assert!(chain::has(pinned, chain::DANGLING));
        (*pinned).flags = 0;
        chain::release(pinned);
        super::free(other);
    }
}
