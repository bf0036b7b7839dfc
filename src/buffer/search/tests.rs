use crate::buffer::OwnedBuf;
use crate::buffer::position::Position;
use crate::testing::noise;
use core::ptr;

/// A buffer with `text`, which outlives it, in chains whose lengths repeat.
fn in_chains(text: &[u8], lengths: &[usize]) -> OwnedBuf {
    let buf = OwnedBuf::new().unwrap();
    let mut locked = buf.lock();
    let mut lengths = lengths.iter().cycle();
    let mut at = 0;
    while at < text.len() {
        let len = *lengths.next().unwrap().min(&(text.len() - at));
        let data = text[at..].as_ptr();
        // SAFETY: the callers drop the buffer first.
        let added = unsafe { locked.add_reference(data, 0, len, None, ptr::null_mut()) };
        assert!(added.is_ok());
        at += len;
    }
    drop(locked);
    buf
}

const DIVISIONS: [&[usize]; 9] = [
    &[1000],
    &[1],
    &[2, 3],
    &[16],
    &[63],
    &[64],
    &[65, 1],
    &[100, 7, 1],
    &[300, 40],
];

/// Needles of 1 to 64 bytes that begin with a byte which the text has nowhere, now and then or
/// often, at many places of chains of many lengths; whole buffers and ranges.
#[test]
fn needles_with_rare_and_common_first_bytes() {
    let mut random = noise(3);
    let mut below = |limit: usize| random.next().unwrap() as usize % limit;
    for len in 1..=64 {
        for common in [0, 1, 30] {
            for lengths in DIVISIONS {
                let mut needle: Vec<u8> = (0..len).map(|_| b'a' + below(3) as u8).collect();
                needle[0] = b'!';
                let mut text: Vec<u8> = (0..600 + below(90))
                    .map(|_| match below(100) < common {
                        true => b'!',
                        false => b'a' + below(3) as u8,
                    })
                    .collect();
                let place = below(text.len() - len);
                // Parts of the needle in front of it, and perhaps all of it.
                for _ in 0..common.min(3) {
                    let at = below(place + 1);
                    let part = below(len);
                    text[at..at + part].copy_from_slice(&needle[..part]);
                }
                if below(4) != 0 {
                    text[place..place + len].copy_from_slice(&needle);
                }
                let expected = |from: usize, to: usize| {
                    let within = text.get(from..to).unwrap_or_default();
                    let at = within.windows(len).position(|part| part == needle);
                    at.map_or(-1, |at| (from + at) as isize)
                };
                let buf = in_chains(&text, lengths);
                let locked = buf.lock();
                let found = locked.find(&needle, 0).map_or(-1, |at| at as isize);
                assert_eq!(found, expected(0, text.len()), "{needle:?} in {text:?}");
                for (from, to) in [
                    (0, place + len),
                    (0, place + len - 1),
                    (place, text.len()),
                    (place + 1, text.len()),
                    (below(text.len()), below(text.len())),
                ] {
                    let at = |pos| locked.start_position().forward(pos);
                    let (start, end) = (at(from), at(to));
                    let found = Position::to_c(locked.search(&needle, start, end));
                    assert_eq!(
                        found.pos,
                        expected(from, to),
                        "{needle:?} in {text:?} from {from} to {to}"
                    );
                    let Ok(pos) = usize::try_from(found.pos) else {
                        continue;
                    };
                    // The same place as the one that counting comes to.
                    let counted = Position::to_c(at(pos)).internal_;
                    assert!(found.internal_.chain == counted.chain);
                    assert_eq!(found.internal_.pos_in_chain, counted.pos_in_chain);
                }
            }
        }
    }
}

/// Wherever a place looks like the needle, the next one is not passed over.
#[test]
fn a_match_right_behind_what_looks_like_one() {
    for place in 0..130 {
        for len in [200, 135] {
            let mut text = vec![b'.'; len];
            text[place..place + 5].copy_from_slice(b"aabaa");
            for lengths in DIVISIONS {
                let buf = in_chains(&text, lengths);
                let found = buf.lock().find(b"abaa", 0);
                assert_eq!(found, Some(place + 1), "in {lengths:?}");
            }
        }
    }
}
