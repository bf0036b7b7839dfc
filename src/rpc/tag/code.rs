//! Numbers as bytes. Both encodings are least significant part first.

/// The bytes of the largest tag.
pub const MAX_TAG: usize = 5;
/// The bytes of the largest integer of 64 bits.
pub const MAX_INT: usize = 9;

/// An encoded number.
#[derive(Clone, Copy, Debug)]
pub struct Encoded<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Encoded<N> {
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A number that was read, and how many bytes it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded<T> {
    pub value: T,
    pub len: usize,
}

/// Seven bits a byte; all bytes but the last have the top bit set.
pub fn tag(value: u32) -> Encoded<MAX_TAG> {
    let mut bytes = [0; MAX_TAG];
    let mut len = 0;
    let mut rest = value;
    loop {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        bytes[len] = if rest == 0 { low } else { low | 0x80 };
        len += 1;
        if rest == 0 {
            return Encoded { bytes, len };
        }
    }
}

/// Reads a tag from the front. `None` if it is cut off or has more than 32 bits.
pub fn decode_tag(bytes: &[u8]) -> Option<Decoded<u32>> {
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(MAX_TAG).enumerate() {
        let part = u32::from(byte & 0x7f);
        let shift = 7 * index as u32;
        if part > u32::MAX >> shift {
            return None;
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            let len = index + 1;
            return Some(Decoded { value, len });
        }
    }
    None
}

/// Half bytes: one less than their number, then those that are needed, at least one. Half a byte
/// that is left over is zero.
pub fn int(value: u64) -> Encoded<MAX_INT> {
    let nibbles = value.checked_ilog2().unwrap_or(0) as usize / 4 + 1;
    let mut bytes = [0; MAX_INT];
    bytes[0] = ((nibbles - 1) as u8) << 4;
    for index in 0..nibbles {
        let nibble = (value >> (4 * index)) as u8 & 0x0f;
        bytes[index.div_ceil(2)] |= if index % 2 == 0 { nibble } else { nibble << 4 };
    }
    let len = nibbles / 2 + 1;
    Encoded { bytes, len }
}

/// Reads an integer of up to `bits` bits from the front. `None` if it is cut off or longer.
pub fn decode_int(bytes: &[u8], bits: usize) -> Option<Decoded<u64>> {
    let nibbles = usize::from(bytes.first()? >> 4) + 1;
    let len = nibbles / 2 + 1;
    if nibbles > bits / 4 || bytes.len() < len {
        return None;
    }
    let nibble = |index: usize| {
        let byte = bytes[index.div_ceil(2)];
        u64::from(if index.is_multiple_of(2) {
            byte & 0x0f
        } else {
            byte >> 4
        })
    };
    let value = (0..nibbles).fold(0, |value, index| value | nibble(index) << (4 * index));
    Some(Decoded { value, len })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All numbers up to 2^12, and those around each power of two.
    fn numbers(bits: u32) -> impl Iterator<Item = u64> {
        let powers = (0..bits).flat_map(|bit| {
            let power = 1_u64 << bit;
            [power - 1, power, power + 1]
        });
        (0..1 << 12).chain(powers).chain([u64::MAX >> (64 - bits)])
    }

    #[test]
    fn known_tags() {
        for (value, bytes) in [
            (0, &[0][..]),
            (0x7f, &[0x7f]),
            (0x80, &[0x80, 0x01]),
            (0x166, &[0xe6, 0x02]),
            (0xffff, &[0xff, 0xff, 0x03]),
            (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            assert_eq!(tag(value).as_slice(), bytes);
        }
    }

    #[test]
    fn known_integers() {
        for (value, bytes) in [
            (0, &[0x00][..]),
            (1, &[0x01]),
            (0x10, &[0x10, 0x10]),
            (0xaf, &[0x1f, 0xa0]),
            (0x100, &[0x20, 0x01]),
            (0x1000, &[0x30, 0x00, 0x10]),
            (0xdead_beef, &[0x7f, 0xee, 0xbd, 0xae, 0xd0]),
            (1 << 32, &[0x80, 0x00, 0x00, 0x00, 0x01]),
            (
                u64::MAX,
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0],
            ),
        ] {
            assert_eq!(int(value).as_slice(), bytes);
        }
    }

    #[test]
    fn numbers_survive_and_cut_ones_are_refused() {
        for value in numbers(32) {
            let (value, encoded) = (value as u32, tag(value as u32));
            let (bytes, len) = (encoded.as_slice(), encoded.len);
            assert_eq!(decode_tag(bytes), Some(Decoded { value, len }));
            assert_eq!(decode_tag(&encoded.bytes), Some(Decoded { value, len }));
            assert_eq!(decode_tag(&bytes[..len - 1]), None);
        }
        for value in numbers(64) {
            let encoded = int(value);
            let (bytes, len) = (encoded.as_slice(), encoded.len);
            assert_eq!(decode_int(bytes, 64), Some(Decoded { value, len }));
            assert_eq!(decode_int(&bytes[..len - 1], 64), None);
            let narrow = value <= u64::from(u32::MAX);
            assert_eq!(decode_int(bytes, 32).is_some(), narrow);
        }
    }

    #[test]
    fn what_is_longer_than_needed_is_read() {
        assert_eq!(
            decode_tag(&[0x80, 0x00]),
            Some(Decoded { value: 0, len: 2 })
        );
        assert_eq!(
            decode_int(&[0x10, 0x00], 32),
            Some(Decoded { value: 0, len: 2 })
        );
        assert_eq!(
            decode_int(&[0x12, 0x3f], 32),
            Some(Decoded {
                value: 0x32,
                len: 2
            })
        );
    }

    #[test]
    fn what_is_too_long_is_refused() {
        assert_eq!(decode_tag(&[0xff, 0xff, 0xff, 0xff, 0x10]), None);
        assert_eq!(decode_tag(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), None);
        assert_eq!(decode_int(&[0x80; 9], 32), None);
        assert_eq!(decode_int(&[], 64), None);
    }
}
