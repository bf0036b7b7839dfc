//! Frames of RFC 6455: their heads, and the mask.

/// What is wrong with what the peer sends, as the status code that tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Protocol = 1002,
    /// Text that is not UTF-8.
    Data = 1007,
    TooBig = 1009,
    /// No memory for the message.
    Internal = 1011,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

impl Opcode {
    fn new(bits: u8) -> Option<Opcode> {
        Some(match bits {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            _ => return None,
        })
    }

    pub fn is_control(self) -> bool {
        self as u8 & 8 != 0
    }
}

/// The most bytes of a control frame's payload.
pub const CONTROL_MAX: usize = 125;

/// The most bytes of a head.
pub const HEAD_MAX: usize = 14;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// The head of a frame that a client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub fin: bool,
    pub opcode: Opcode,
    pub mask: [u8; 4],
    /// How long the payload is.
    pub len: u64,
}

impl Head {
    /// How many bytes a head has that begins so; at least two are needed to tell.
    pub fn size(start: [u8; 2]) -> usize {
        let len = match start[1] & !MASKED {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if start[1] & MASKED != 0 { 4 } else { 0 };
        2 + len + mask
    }

    /// Reads a whole head.
    pub fn parse(bytes: &[u8]) -> Result<Head, Fault> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Err(Fault::Protocol);
        };
        let (len, rest) = match second & !MASKED {
            126 => {
                let (len, rest) = rest.split_first_chunk().ok_or(Fault::Protocol)?;
                (u64::from(u16::from_be_bytes(*len)), rest)
            }
            127 => {
                let (len, rest) = rest.split_first_chunk().ok_or(Fault::Protocol)?;
                (u64::from_be_bytes(*len), rest)
            }
            len => (u64::from(len), rest),
        };
        let shortest = match second & !MASKED {
            126 => len > 125,
            127 => len > 0xffff && len >> 63 == 0,
            _ => true,
        };
        let opcode = Opcode::new(first & 0x0f).ok_or(Fault::Protocol)?;
        let fin = first & FIN != 0;
        // A client masks what it sends, and there are no extensions to use the reserved bits.
        let allowed = second & MASKED != 0 && first & RESERVED == 0 && shortest;
        let small = fin && len <= CONTROL_MAX as u64;
        if !allowed || opcode.is_control() && !small {
            return Err(Fault::Protocol);
        }
        let mask = *rest.first_chunk().ok_or(Fault::Protocol)?;
        Ok(Head {
            fin,
            opcode,
            mask,
            len,
        })
    }
}

/// The head of a whole, unmasked message or control frame, and its length.
pub fn head(opcode: Opcode, len: usize) -> ([u8; 10], usize) {
    let mut head = [0; 10];
    head[0] = FIN | opcode as u8;
    let size = match len {
        0..=125 => {
            head[1] = len as u8;
            2
        }
        126..=0xffff => {
            head[1] = 126;
            head[2..4].copy_from_slice(&(len as u16).to_be_bytes());
            4
        }
        _ => {
            head[1] = 127;
            head[2..].copy_from_slice(&(len as u64).to_be_bytes());
            10
        }
    };
    (head, size)
}

/// Takes the mask off `bytes`, which stand `offset` bytes behind the start of the payload.
pub fn unmask(bytes: &mut [u8], mask: [u8; 4], offset: u64) {
    let at = |i: usize| mask[(offset as usize).wrapping_add(i) % 4];
    let word = u64::from_ne_bytes([at(0), at(1), at(2), at(3), at(0), at(1), at(2), at(3)]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (i, byte) in rest.iter_mut().enumerate() {
        *byte ^= at(i);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Head, Fault> {
        assert_eq!(Head::size([bytes[0], bytes[1]]), bytes.len());
        Head::parse(bytes)
    }

    #[test]
    fn heads_of_all_lengths() {
        let mask = [1, 2, 3, 4];
        for (len, bytes) in [
            (0, &[0x80][..]),
            (125, &[0xfd]),
            (126, &[0xfe, 0, 126]),
            (0xffff, &[0xfe, 0xff, 0xff]),
            (0x10000, &[0xff, 0, 0, 0, 0, 0, 1, 0, 0]),
            (
                u64::MAX >> 1,
                &[0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255],
            ),
        ] {
            let whole = [&[0x02], bytes, &mask].concat();
            let wanted = Head {
                fin: false,
                opcode: Opcode::Binary,
                mask,
                len,
            };
            assert_eq!(parse(&whole), Ok(wanted));
        }
    }

    #[test]
    fn what_is_refused() {
        for bytes in [
            // Not masked.
            &[0x81, 0x00][..],
            // Reserved bits and opcodes.
            &[0xc1, 0x80, 0, 0, 0, 0],
            &[0xa1, 0x80, 0, 0, 0, 0],
            &[0x91, 0x80, 0, 0, 0, 0],
            &[0x83, 0x80, 0, 0, 0, 0],
            &[0x87, 0x80, 0, 0, 0, 0],
            &[0x8b, 0x80, 0, 0, 0, 0],
            &[0x8f, 0x80, 0, 0, 0, 0],
            // Control frames in parts, or too long.
            &[0x09, 0x80, 0, 0, 0, 0],
            &[0x89, 0xfe, 0, 126, 0, 0, 0, 0],
            // Lengths in more bytes than are needed, and beyond 63 bits.
            &[0x81, 0xfe, 0, 125, 0, 0, 0, 0],
            &[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0],
            &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(parse(bytes), Err(Fault::Protocol), "{bytes:x?}");
        }
        assert_eq!(Head::parse(&[0x81]), Err(Fault::Protocol));
        assert_eq!(Head::parse(&[0x81, 0x85, 1, 2]), Err(Fault::Protocol));
    }

    #[test]
    fn our_heads() {
        let of = |len| {
            let (head, size) = head(Opcode::Text, len);
            head[..size].to_vec()
        };
        assert_eq!(of(0), [0x81, 0]);
        assert_eq!(of(125), [0x81, 125]);
        assert_eq!(of(126), [0x81, 126, 0, 126]);
        assert_eq!(of(0xffff), [0x81, 126, 255, 255]);
        assert_eq!(of(0x10000), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn masks_from_any_place() {
        let mask = [1, 2, 3, 4];
        let plain: Vec<u8> = (0..50).collect();
        let masked: Vec<u8> = plain
            .iter()
            .zip(mask.iter().cycle())
            .map(|(a, b)| a ^ b)
            .collect();
        for start in 0..20 {
            for end in start..50 {
                let mut part = masked[start..end].to_vec();
                unmask(&mut part, mask, start as u64);
                assert_eq!(part, plain[start..end]);
            }
        }
    }
}
