//! Messages, put together from what a client sends.

use super::frame::{CONTROL_MAX, Fault, HEAD_MAX, Head, Opcode, unmask};
use crate::support::mm;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Binary,
}

/// What has become complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complete {
    /// [`Reader::take_message`] gives it.
    Message(Kind),
    /// [`Reader::control`] is its payload.
    Ping,
    Pong,
    /// The peer sends no more, for this reason if it told one.
    Close(Option<u16>),
}

/// A frame whose head is known.
#[derive(Clone, Copy)]
struct Frame {
    head: Head,
    /// How much of its payload was taken.
    taken: u64,
}

/// Reads frames from bytes that arrive in pieces of any size.
pub struct Reader {
    head: [u8; HEAD_MAX],
    head_len: usize,
    frame: Option<Frame>,
    control: [u8; CONTROL_MAX],
    control_len: usize,
    /// The kind of the message whose frames arrive.
    kind: Option<Kind>,
    message: mm::Vec<u8>,
    /// So much of the message is known to be text.
    checked: usize,
    /// The frames of the message so far.
    frames: u64,
    most: Most,
}

/// What a message may have at most.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    pub bytes: u64,
    pub frames: u64,
}

/// A buffer of a message that grew beyond this is not kept for the next one.
const KEEP: usize = 64 << 10;

impl Reader {
    pub fn new(most: Most) -> Reader {
        Reader {
            head: [0; HEAD_MAX],
            head_len: 0,
            frame: None,
            control: [0; CONTROL_MAX],
            control_len: 0,
            kind: None,
            message: mm::vec(),
            checked: 0,
            frames: 0,
            most,
        }
    }

    pub fn control(&self) -> &[u8] {
        &self.control[..self.control_len]
    }

    /// Takes the message out, so that it stays while its receiver may do anything.
    pub fn take_message(&mut self) -> mm::Vec<u8> {
        self.checked = 0;
        core::mem::replace(&mut self.message, mm::vec())
    }

    /// Gives the memory of a message back for the next one.
    pub fn recycle(&mut self, mut message: mm::Vec<u8>) {
        if message.capacity() <= KEEP && self.message.is_empty() {
            message.clear();
            self.message = message;
        }
    }

    /// Takes bytes from the start of `bytes`, up to the end of the first message or control frame.
    /// Tells how many, and what is complete. After a fault there is nothing more to read.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(usize, Option<Complete>), Fault> {
        let mut used = 0;
        loop {
            let Some(frame) = self.frame else {
                let Some(head) = self.take_head(bytes, &mut used)? else {
                    return Ok((used, None));
                };
                self.start(head)?;
                self.frame = Some(Frame { head, taken: 0 });
                continue;
            };
            let rest = &bytes[used..];
            let wanted = frame.head.len - frame.taken;
            let now = rest
                .len()
                .min(usize::try_from(wanted).unwrap_or(usize::MAX));
            self.take_payload(frame, &rest[..now])?;
            used += now;
            if now as u64 != wanted {
                let taken = frame.taken + now as u64;
                self.frame = Some(Frame { taken, ..frame });
                return Ok((used, None));
            }
            self.frame = None;
            if let Some(complete) = self.end(frame.head)? {
                return Ok((used, Some(complete)));
            }
        }
    }

    fn take_head(&mut self, bytes: &[u8], used: &mut usize) -> Result<Option<Head>, Fault> {
        while let Some(&byte) = bytes.get(*used) {
            self.head[self.head_len] = byte;
            self.head_len += 1;
            *used += 1;
            if self.head_len >= 2 && self.head_len == Head::size([self.head[0], self.head[1]]) {
                let head = &self.head[..self.head_len];
                self.head_len = 0;
                return Head::parse(head).map(Some);
            }
        }
        Ok(None)
    }

    fn start(&mut self, head: Head) -> Result<(), Fault> {
        if head.opcode.is_control() {
            self.control_len = 0;
            return Ok(());
        }
        match (head.opcode, self.kind) {
            (Opcode::Continuation, Some(_)) => {}
            (Opcode::Text, None) => self.begin(Kind::Text),
            (Opcode::Binary, None) => self.begin(Kind::Binary),
            _ => return Err(Fault::Protocol),
        }
        self.frames += 1;
        let room = self.most.bytes.saturating_sub(self.message.len() as u64);
        if head.len > room || self.frames > self.most.frames {
            return Err(Fault::TooBig);
        }
        Ok(())
    }

    fn begin(&mut self, kind: Kind) {
        self.kind = Some(kind);
        self.frames = 0;
    }

    fn take_payload(&mut self, frame: Frame, bytes: &[u8]) -> Result<(), Fault> {
        let Frame { head, taken } = frame;
        if head.opcode.is_control() {
            let end = self.control_len + bytes.len();
            let room = &mut self.control[self.control_len..end];
            room.copy_from_slice(bytes);
            unmask(room, head.mask, taken);
            self.control_len = end;
            return Ok(());
        }
        let before = self.message.len();
        self.message
            .try_extend_from_slice(bytes)
            .map_err(|_| Fault::Internal)?;
        unmask(&mut self.message[before..], head.mask, taken);
        if self.kind == Some(Kind::Text) {
            self.check_text()?;
        }
        Ok(())
    }

    /// Checks what came since the last time; a character may still be incomplete.
    fn check_text(&mut self) -> Result<(), Fault> {
        match core::str::from_utf8(&self.message[self.checked..]) {
            Ok(text) => self.checked += text.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(Fault::Data),
        }
        Ok(())
    }

    fn end(&mut self, head: Head) -> Result<Option<Complete>, Fault> {
        match head.opcode {
            Opcode::Ping => Ok(Some(Complete::Ping)),
            Opcode::Pong => Ok(Some(Complete::Pong)),
            Opcode::Close => close_code(self.control()).map(Complete::Close).map(Some),
            _ if !head.fin => Ok(None),
            _ => {
                let kind = self.kind.take().ok_or(Fault::Protocol)?;
                if kind == Kind::Text && self.checked != self.message.len() {
                    return Err(Fault::Data);
                }
                Ok(Some(Complete::Message(kind)))
            }
        }
    }
}

/// The code in a close frame, which a text may follow.
fn close_code(payload: &[u8]) -> Result<Option<u16>, Fault> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        [_] => return Err(Fault::Protocol),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Fault::Protocol);
    }
    core::str::from_utf8(reason).map_err(|_| Fault::Data)?;
    Ok(Some(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as a client sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x12, 0x34, 0x56, 0x78];
        let mut bytes = vec![first];
        match payload.len() {
            len @ 0..=125 => bytes.push(0x80 | len as u8),
            len @ 126..=0xffff => {
                bytes.push(0xfe);
                bytes.extend((len as u16).to_be_bytes());
            }
            len => {
                bytes.push(0xff);
                bytes.extend((len as u64).to_be_bytes());
            }
        }
        bytes.extend(mask);
        let start = bytes.len();
        bytes.extend(payload);
        unmask(&mut bytes[start..], mask, 0);
        bytes
    }

    /// What is complete after these bytes, given in pieces of `size`.
    fn read(bytes: &[u8], size: usize, limit: u64) -> Result<Vec<(Complete, Vec<u8>)>, Fault> {
        let mut reader = Reader::new(Most {
            bytes: limit,
            frames: 4,
        });
        let mut events = Vec::new();
        for mut piece in bytes.chunks(size) {
            while !piece.is_empty() {
                let (used, complete) = reader.take(piece)?;
                piece = &piece[used..];
                match complete {
                    Some(Complete::Message(kind)) => {
                        let message = reader.take_message();
                        events.push((Complete::Message(kind), message.to_vec()));
                        reader.recycle(message);
                    }
                    Some(other) => events.push((other, reader.control().to_vec())),
                    None => assert!(piece.is_empty()),
                }
            }
        }
        Ok(events)
    }

    /// The same for pieces of all sizes.
    fn events(bytes: &[u8]) -> Result<Vec<(Complete, Vec<u8>)>, Fault> {
        let whole = read(bytes, bytes.len(), 1000);
        for size in 1..bytes.len() {
            assert_eq!(read(bytes, size, 1000), whole, "in pieces of {size}");
        }
        whole
    }

    const TEXT: Complete = Complete::Message(Kind::Text);
    const BINARY: Complete = Complete::Message(Kind::Binary);

    #[test]
    fn whole_messages() {
        let bytes = [
            frame(0x81, b"hello"),
            frame(0x82, &[0, 0xff]),
            frame(0x81, b""),
        ]
        .concat();
        let wanted = [
            (TEXT, b"hello".to_vec()),
            (BINARY, vec![0, 0xff]),
            (TEXT, vec![]),
        ];
        assert_eq!(events(&bytes).unwrap(), wanted);
    }

    #[test]
    fn fragments_with_control_frames_between() {
        let bytes = [
            frame(0x01, b"he"),
            frame(0x89, b"ping"),
            frame(0x00, b""),
            frame(0x8a, b"pong"),
            frame(0x00, b"ll"),
            frame(0x80, b"o"),
            frame(0x88, b"\x03\xe8bye"),
        ]
        .concat();
        let wanted = [
            (Complete::Ping, b"ping".to_vec()),
            (Complete::Pong, b"pong".to_vec()),
            (TEXT, b"hello".to_vec()),
            (Complete::Close(Some(1000)), b"\x03\xe8bye".to_vec()),
        ];
        assert_eq!(events(&bytes).unwrap(), wanted);
    }

    #[test]
    fn fragments_out_of_order() {
        for frames in [
            vec![frame(0x80, b"x")],
            vec![frame(0x00, b"x")],
            vec![frame(0x01, b"x"), frame(0x81, b"y")],
            vec![frame(0x01, b"x"), frame(0x02, b"y")],
            vec![frame(0x81, b"x"), frame(0x80, b"y")],
        ] {
            assert_eq!(events(&frames.concat()), Err(Fault::Protocol));
        }
    }

    #[test]
    fn characters_across_fragments() {
        let text = "κόσμε \u{10ffff}".as_bytes();
        for cut in 0..=text.len() {
            let bytes = [frame(0x01, &text[..cut]), frame(0x80, &text[cut..])].concat();
            assert_eq!(events(&bytes).unwrap(), [(TEXT, text.to_vec())]);
        }
    }

    #[test]
    fn text_that_is_none() {
        for text in [
            &b"\xff"[..],
            b"\xc0\x80",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xce\xba\xe1",
        ] {
            assert_eq!(events(&frame(0x81, text)), Err(Fault::Data));
            // In binary messages it is nothing special.
            assert!(events(&frame(0x82, text)).is_ok());
        }
        // At once, not only when the message is complete.
        let bytes = frame(0x01, b"\xf4\x90");
        assert_eq!(read(&bytes, bytes.len(), 100), Err(Fault::Data));
    }

    #[test]
    fn messages_of_the_limit() {
        let whole = |len| frame(0x82, &vec![7; len]);
        assert!(read(&whole(100), 1000, 100).is_ok());
        assert_eq!(read(&whole(101), 1000, 100), Err(Fault::TooBig));
        // The head is enough to know.
        assert_eq!(read(&whole(101)[..6], 1000, 100), Err(Fault::TooBig));
        let parts = [
            frame(0x02, &[7; 60]),
            frame(0x00, &[7; 40]),
            frame(0x80, &[]),
        ]
        .concat();
        assert!(read(&parts, 1000, 100).is_ok());
        let parts = [frame(0x02, &[7; 60]), frame(0x80, &[7; 41])].concat();
        assert_eq!(read(&parts, 1000, 100), Err(Fault::TooBig));
        let (first, last) = (frame(0x02, &[]), frame(0x80, &[]));
        let frames = |between| [&first[..], &frame(0x00, &[]).repeat(between), &last].concat();
        // A message that was whole takes nothing from the next.
        assert!(read(&frames(2).repeat(2), 1000, 100).is_ok());
        assert_eq!(read(&frames(3), 1000, 100), Err(Fault::TooBig));
        let endless = [
            0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4,
        ];
        assert_eq!(read(&endless, 1000, u64::MAX), Ok(vec![]));
        assert_eq!(read(&endless, 1000, 10 << 20), Err(Fault::TooBig));
    }

    #[test]
    fn close_frames() {
        assert_eq!(close_code(b""), Ok(None));
        for code in [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999] {
            assert_eq!(close_code(&u16::to_be_bytes(code)), Ok(Some(code)));
        }
        for code in [
            0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535,
        ] {
            assert_eq!(close_code(&u16::to_be_bytes(code)), Err(Fault::Protocol));
        }
        assert_eq!(close_code(b"\x03"), Err(Fault::Protocol));
        assert_eq!(close_code(b"\x03\xe8\xff"), Err(Fault::Data));
    }
}
