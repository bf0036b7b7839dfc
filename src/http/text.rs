//! Text that is written to a buffer's free space, piece by piece.

use core::mem::MaybeUninit;

use crate::buffer::Locked;

/// Appends what `give` gives. `usual` is how much that may be; if it is more, `give` is called again.
/// False without memory, or if there is nothing to append.
pub fn append(output: &mut Locked, usual: usize, mut give: impl FnMut(&mut Text)) -> bool {
    let mut len = usual;
    let mut fill = || {
        let at_least = len;
        // SAFETY: `written` returns what is written, from the start.
        unsafe {
            output.fill(at_least, |space| {
                let mut text = Text { space, len: 0 };
                give(&mut text);
                len = text.len;
                text.written()
            })
        }
    };
    let filled = match fill() {
        Ok(0) => fill(),
        filled => filled,
    };
    filled.is_ok_and(|filled| filled > 0)
}

/// Text, which is only counted where it doesn't fit.
pub struct Text<'a> {
    space: &'a mut [MaybeUninit<u8>],
    len: usize,
}

impl Text<'_> {
    /// How much was written: nothing unless all fits.
    fn written(&self) -> usize {
        if self.len <= self.space.len() {
            self.len
        } else {
            0
        }
    }

    /// Where the next `len` bytes go.
    #[inline(always)]
    fn place(&mut self, len: usize) -> Option<&mut [MaybeUninit<u8>]> {
        let start = self.len;
        self.len += len;
        self.space.get_mut(start..start + len)
    }

    #[inline(always)]
    pub fn add(&mut self, part: &[u8]) {
        if let Some(place) = self.place(part.len()) {
            place.write_copy_of_slice(part);
        }
    }

    #[inline]
    pub fn add_header(&mut self, name: &[u8], value: &[u8]) {
        if let Some(place) = self.place(name.len() + value.len() + 4) {
            let (name_at, place) = place.split_at_mut(name.len());
            let (colon, place) = place.split_at_mut(2);
            let (value_at, end) = place.split_at_mut(value.len());
            name_at.write_copy_of_slice(name);
            colon.write_copy_of_slice(b": ");
            value_at.write_copy_of_slice(value);
            end.write_copy_of_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::OwnedBuf;

    #[test]
    fn more_than_usual_is_written_too() {
        let output = OwnedBuf::new().unwrap();
        let long = [b'x'; 5000];
        for value in [&long[..5], &long] {
            assert!(append(&mut output.lock(), 20, |text| {
                text.add(b"first\r\n");
                text.add_header(b"Name", value);
            }));
            let expected = [b"first\r\nName: ", value, b"\r\n"].concat();
            assert_eq!(output.lock().pull_up_all(), Some(&expected[..]));
            output.lock().drain(usize::MAX).unwrap();
        }
        assert!(!append(&mut output.lock(), 20, |_| {}));
    }
}
