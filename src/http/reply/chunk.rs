//! A chunk of a reply: its length, the data, and the line ends.

use crate::buffer::Buf;
use crate::http::text;

/// Data of up to so many bytes is copied; longer pieces are moved.
const SMALL: usize = 1024;

/// What there is around the data, at most.
const AROUND: usize = LINE + 2;

/// The longest line with a length.
const LINE: usize = 18;

/// Adds a chunk to the output, with all that is in `data`. False if that is not possible.
pub fn add(output: Buf, data: Buf) -> bool {
    let len = data.len();
    let mut line = [0; LINE];
    let line = length(len, &mut line);
    if len <= SMALL && output != data && add_copied(output, line, data) {
        return data.lock().drain(len).is_ok();
    }
    output.lock().add(line).is_ok()
        && output.append_from(data).is_ok()
        && output.lock().add(b"\r\n").is_ok()
}

/// Adds a chunk at once. False without memory, or if its data is not all there.
fn add_copied(output: Buf, line: &[u8], data: Buf) -> bool {
    let (mut output, data) = (output.lock(), data.lock());
    if data.pieces().map(<[u8]>::len).sum::<usize>() < data.len() {
        return false;
    }
    text::append(&mut output, data.len() + AROUND, |text| {
        text.add(line);
        data.pieces().for_each(|piece| text.add(piece));
        text.add(b"\r\n");
    })
}

/// A length in hexadecimal digits, with a line end.
fn length(len: usize, place: &mut [u8; LINE]) -> &[u8] {
    let mut start = LINE - 2;
    place[start..].copy_from_slice(b"\r\n");
    let mut left = len;
    loop {
        start -= 1;
        place[start] = b"0123456789abcdef"[left & 15];
        left >>= 4;
        if left == 0 {
            return &place[start..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::OwnedBuf;

    #[test]
    fn lengths() {
        for len in [0, 1, 15, 16, 100, 65535, usize::MAX] {
            let expected = format!("{len:x}\r\n");
            assert_eq!(length(len, &mut [0; LINE]), expected.as_bytes());
        }
    }

    #[test]
    fn chunks_of_all_sizes() {
        for len in [1, 10, SMALL, SMALL + 1, 100_000] {
            let [output, data] = [OwnedBuf::new().unwrap(), OwnedBuf::new().unwrap()];
            let body = vec![b'x'; len];
            data.lock().add(&body[..len / 2]).unwrap();
            data.lock().add(&body[len / 2..]).unwrap();
            assert!(add(*output, *data) && data.is_empty());
            let expected = [format!("{len:x}\r\n").as_bytes(), &body, b"\r\n"].concat();
            assert_eq!(output.lock().pull_up_all(), Some(&expected[..]));
        }
    }
}
