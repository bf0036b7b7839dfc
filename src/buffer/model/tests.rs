use core::ptr;

use crate::buffer::{self, add, chain, list, reference, search, take, transfer, two_way};
use crate::testing::noise;

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
            let buf = buffer::new();
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
            assert_eq!(two_way::find_all(cursor, &needle, text.len()), expected);
            buffer::free(buf);
        }
    }
}

/// A chain that a read elsewhere is filling stays in its buffer, whatever happens to its data.
#[test]
fn pinned_chains_stay() {
    // SAFETY: the buffers are live, and the pin is taken off before its chain is freed.
    unsafe {
        let (buf, other) = (buffer::new(), buffer::new());
        assert!(add::add(buf, b"abc".as_ptr(), 3));
        let pinned = (*buf).first;
        (*pinned).flags |= chain::PINNED_READ;
        assert!(transfer::append(other, buf));
        list::check(buf);
        list::check(other);
        assert!((*buf).first == pinned && (*pinned).off == 0);
        assert_eq!(buffer::len(other), 3);
        // The read is done, behind the bytes that left.
        (*pinned).off = 2;
        (*buf).total_len = 2;
        assert!(take::drain(buf, 1));
        assert!(take::drain(buf, 1));
        assert!((*buf).first == pinned && (*pinned).off == 0);
        list::check(buf);
        // A chain that is freed nevertheless waits for its pin.
        buffer::free(buf);
        assert!(chain::has(pinned, chain::DANGLING));
        (*pinned).flags = 0;
        chain::release(pinned);
        buffer::free(other);
    }
}
