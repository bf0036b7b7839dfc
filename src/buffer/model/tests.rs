use core::ptr;

use crate::buffer::OwnedBuf;
use crate::buffer::search::two_way;
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
        let buf = OwnedBuf::new().unwrap();
        let mut locked = buf.lock();
        let mut at = 0;
        while at < text.len() {
            let size = (1 + next(1 + seed as usize % 40)).min(text.len() - at);
            let data = text[at..].as_ptr();
            // SAFETY: the text outlives the buffer.
            let added = unsafe { locked.add_reference(data, 0, size, None, ptr::null_mut()) };
            assert!(added.is_ok());
            at += size;
        }
        assert_eq!(locked.find(&needle, 0), expected);
        let found = two_way::find_all(locked.start(), &needle, text.len());
        assert_eq!(found, expected);
    }
}
