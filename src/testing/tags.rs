//! Fields in chains of any sizes against a model that reads the same bytes from a slice, by the rules
//! in words: what is taken, what is left, what is returned.

use std::ptr;

use crate::abi::argument::{Const, Out};
use crate::abi::buffer::object::evbuffer_get_length;
use crate::abi::buffer::reference::evbuffer_add_reference;
use crate::abi::buffer::take::{evbuffer_copyout, evbuffer_remove};
use crate::abi::{tag, tag_private};
use crate::buffer::{Buf, OwnedBuf};
use crate::testing::choices::Choices;

/// A buffer with these bytes, in chains of at most `chunk` bytes each.
struct Chains<'a>(OwnedBuf, &'a [u8]);

impl<'a> Chains<'a> {
    fn new(bytes: &'a [u8], chunk: usize) -> Self {
        let buf = OwnedBuf::new().expect("memory");
        for part in bytes.chunks(chunk.max(1)) {
            // SAFETY: a live buffer, and bytes that outlive it.
            let added = unsafe {
                evbuffer_add_reference(
                    *buf,
                    part.as_ptr().cast(),
                    part.len(),
                    None,
                    ptr::null_mut(),
                )
            };
            assert_eq!(added, 0);
        }
        Self(buf, bytes)
    }

    fn buf(&self) -> Option<Buf> {
        Some(*self.0)
    }

    /// What is left is the end of what was there, this much of it.
    fn check_left(&self, expected: &[u8]) {
        // SAFETY: a live buffer; the copy has room for all.
        unsafe {
            let len = evbuffer_get_length(Const(*self.0));
            let mut left = vec![0_u8; len];
            assert_eq!(
                evbuffer_copyout(*self.0, left.as_mut_ptr().cast(), len),
                len.cast_signed()
            );
            assert_eq!(left, expected);
            assert!(self.1.ends_with(&left));
        }
    }
}

/// The bytes that were not read yet.
#[derive(Clone, Copy)]
struct Model<'a>(&'a [u8]);

impl<'a> Model<'a> {
    /// Takes a tag, and returns it and its length.
    fn tag(&mut self) -> Option<(u32, usize)> {
        let end = self.0.iter().take(5).position(|byte| byte & 0x80 == 0)?;
        let (bytes, rest) = self.0.split_at(end + 1);
        let value = bytes
            .iter()
            .rev()
            .fold(0_u64, |value, byte| value << 7 | u64::from(byte & 0x7f));
        let value = u32::try_from(value).ok()?;
        self.0 = rest;
        Some((value, end + 1))
    }

    /// Takes an integer of at most so many half bytes.
    fn int(&mut self, most: usize) -> Option<(u64, usize)> {
        let mut halves = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let count = usize::from(halves.next()?) + 1;
        let digits: Vec<u8> = halves.take(count).collect();
        if count > most || digits.len() < count {
            return None;
        }
        let value = digits
            .iter()
            .rev()
            .fold(0, |value, &digit| value << 4 | u64::from(digit));
        let len = (count + 2) / 2;
        self.0 = &self.0[len..];
        Some((value, len))
    }

    /// Takes a length, which an int can hold and whose bytes are there.
    fn length(&mut self) -> Option<usize> {
        let (length, _) = self.int(8)?;
        let length = usize::try_from(i32::try_from(length).ok()?).ok()?;
        (length <= self.0.len()).then_some(length)
    }

    fn payload(&mut self, length: usize) -> &'a [u8] {
        let (payload, rest) = self.0.split_at(length);
        self.0 = rest;
        payload
    }
}

fn read(bytes: &[u8], chunk: usize, need: u32) {
    // A bare tag and bare integers.
    let (mut model, chains) = (Model(bytes), Chains::new(bytes, chunk));
    let (mut found, mut number, mut long) = (0, 0, 0);
    // SAFETY: live buffers and places for the results, here and below.
    unsafe {
        let expected = model.tag();
        assert_eq!(
            tag::evtag_peek(chains.buf(), Out::new(&raw mut found)),
            expected.map_or(-1, |tag| tag.1 as i32)
        );
        assert_eq!(
            tag_private::evtag_decode_tag(Out::new(&raw mut found), chains.buf()),
            expected.map_or(-1, |tag| tag.1 as i32)
        );
        assert!(expected.is_none_or(|tag| tag.0 == found));
        chains.check_left(model.0);
        let expected = model.int(8);
        let result = tag_private::evtag_decode_int(Out::new(&raw mut number), chains.buf());
        assert_eq!(result, if expected.is_some() { 0 } else { -1 });
        assert!(expected.is_none_or(|int| int.0 == u64::from(number)));
        let expected = model.int(16);
        let result = tag_private::evtag_decode_int64(Out::new(&raw mut long), chains.buf());
        assert_eq!(result, if expected.is_some() { 0 } else { -1 });
        assert!(expected.is_none_or(|int| int.0 == long));
        chains.check_left(model.0);
    }
    // Whole fields, one after the other until there is none.
    let (mut model, chains) = (Model(bytes), Chains::new(bytes, chunk));
    let to = Chains::new(&[], 1);
    loop {
        let expected = model.tag().and_then(|_| model.length());
        // SAFETY: as above.
        let result =
            unsafe { tag::evtag_unmarshal(chains.buf(), Out::new(ptr::null_mut()), to.buf()) };
        assert_eq!(result, expected.map_or(-1, |length| length as i32));
        let Some(length) = expected else { break };
        let payload = model.payload(length);
        // SAFETY: as above.
        unsafe {
            let mut moved = vec![0_u8; length];
            assert_eq!(
                evbuffer_remove(*to.0, moved.as_mut_ptr().cast(), length),
                result
            );
            assert_eq!(moved, payload);
        }
    }
    chains.check_left(model.0);
    // An integer with a tag that may be another.
    let (mut model, chains) = (Model(bytes), Chains::new(bytes, chunk));
    let expected = match model.tag() {
        Some((tag, _)) if tag == need => {
            let length = model.length();
            length.and_then(|length| Model(model.payload(length)).int(8))
        }
        _ => None,
    };
    // SAFETY: as above.
    let result = unsafe { tag::evtag_unmarshal_int(chains.buf(), need, Out::new(&raw mut number)) };
    assert_eq!(result, expected.map_or(-1, |int| int.1 as i32));
    assert!(expected.is_none_or(|int| int.0 == u64::from(number)));
    chains.check_left(model.0);
}

pub fn run(input: &[u8]) {
    let mut choices = Choices(input);
    let chunk = 1 + choices.byte() % 8;
    let need = choices.byte() as u32 % 8;
    let bytes = choices.0;
    read(bytes, chunk, need);
    read(
        bytes,
        bytes.len(),
        bytes.first().map_or(0, |&byte| byte.into()),
    );
}
