//! Text that is written to a buffer's free space, piece by piece.

use core::mem::MaybeUninit;

/// The text, which is counted on where it doesn't fit.
pub struct Text<'a> {
    space: &'a mut [MaybeUninit<u8>],
    len: usize,
}

impl<'a> Text<'a> {
    pub fn new(space: &'a mut [MaybeUninit<u8>]) -> Text<'a> {
        Text { space, len: 0 }
    }

    /// How much was given.
    pub fn len(&self) -> usize {
        self.len
    }

    /// How much was written: nothing unless all fits.
    pub fn written(&self) -> usize {
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
