//! Bodies in chunks (RFC 9112, 7.1): all but the data and the trailer.

/// The digits that a size may have.
const MOST_DIGITS: u8 = 16;

/// Where in the coding the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Size,
    /// White space behind the size, which only an extension may follow.
    AfterSize,
    Extension,
    /// Inside a quoted string of an extension.
    Quoted,
    QuotedPair,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Last,
}

/// Reads what stands between the data of chunks, in pieces of any length.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chunked {
    state: State,
    digits: u8,
    /// How many bytes of extensions may still come.
    extensions: u64,
    size: u64,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// All was taken, and more is needed.
    More,
    /// So many bytes of data; [`Chunked::data_taken`] goes on behind them.
    Data(u64),
    /// A chunk is complete, with its line end.
    ChunkEnd,
    /// The last chunk has been: the trailer follows, at least an empty line.
    Last,
    /// This is no chunked body.
    Malformed,
}

impl Chunked {
    /// At the start of a body that has up to so many bytes of extensions.
    pub fn new(extensions: u64) -> Chunked {
        Chunked {
            extensions,
            ..Chunked::default()
        }
    }

    /// Takes from the front of `bytes`. Returns how much, and what comes next.
    pub fn feed(&mut self, bytes: &[u8]) -> (usize, Step) {
        for (at, byte) in bytes.iter().enumerate() {
            if let Some(step) = self.pending_step() {
                return (at, step);
            }
            if let Err(step) = self.take(*byte) {
                return (at + 1, step);
            }
        }
        let step = self.pending_step().unwrap_or(Step::More);
        (bytes.len(), step)
    }

    /// What must be done before another byte is looked at.
    fn pending_step(&self) -> Option<Step> {
        match self.state {
            State::Data => Some(Step::Data(self.size)),
            State::Last => Some(Step::Last),
            _ => None,
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), Step> {
        self.state = match (self.state, byte) {
            (State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.digits += 1;
                if self.digits > MOST_DIGITS {
                    return Err(Step::Malformed);
                }
                let digit = (byte as char).to_digit(16).unwrap_or(0);
                self.size = self.size << 4 | u64::from(digit);
                if self.size > i64::MAX as u64 {
                    return Err(Step::Malformed);
                }
                State::Size
            }
            (State::Size | State::AfterSize, b' ' | b'\t') if self.digits > 0 => {
                self.count_extension()?;
                State::AfterSize
            }
            (State::Size | State::AfterSize, b';') if self.digits > 0 => {
                self.count_extension()?;
                State::Extension
            }
            (State::Size, b'\r') if self.digits > 0 => State::SizeLf,
            (State::Extension, b'\r') => State::SizeLf,
            (State::Extension, b'"') => {
                self.count_extension()?;
                State::Quoted
            }
            (State::Quoted, b'"') => State::Extension,
            (State::Quoted, b'\\') => State::QuotedPair,
            (State::QuotedPair, b'\t' | b' '..=0x7e | 0x80..) => {
                self.count_extension()?;
                State::Quoted
            }
            (State::Extension | State::Quoted, b'\t' | b' '..=0x7e | 0x80..) => {
                self.count_extension()?;
                self.state
            }
            (State::SizeLf, b'\n') => {
                self.digits = 0;
                if self.size == 0 {
                    State::Last
                } else {
                    State::Data
                }
            }
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => {
                self.state = State::Size;
                return Err(Step::ChunkEnd);
            }
            _ => return Err(Step::Malformed),
        };
        Ok(())
    }

    fn count_extension(&mut self) -> Result<(), Step> {
        let left = self.extensions.checked_sub(1).ok_or(Step::Malformed)?;
        self.extensions = left;
        Ok(())
    }

    /// So many bytes of a chunk's data were taken, at most what [`Step::Data`] told.
    pub fn data_taken(&mut self, len: u64) {
        self.size = self.size.saturating_sub(len);
        if self.size == 0 && self.state == State::Data {
            self.state = State::DataCr;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data of a body up to the trailer, and what is left of `bytes`; cut into pieces of `piece`.
    fn decode(bytes: &[u8], piece: usize) -> Option<(Vec<u8>, usize, usize)> {
        let (mut decoder, mut at, mut end) = (Chunked::new(16 * 1024), 0, 0);
        let (mut data, mut chunks) = (Vec::new(), 0);
        loop {
            let (taken, step) = decoder.feed(&bytes[at..end]);
            at += taken;
            match step {
                Step::More if end == bytes.len() => return None,
                Step::More => end = (end + piece).min(bytes.len()),
                Step::Data(len) => {
                    if at == end {
                        if end == bytes.len() {
                            return None;
                        }
                        end = (end + piece).min(bytes.len());
                    }
                    let len = usize::try_from(len).unwrap().min(end - at);
                    data.extend_from_slice(&bytes[at..at + len]);
                    at += len;
                    decoder.data_taken(len as u64);
                }
                Step::ChunkEnd => chunks += 1,
                Step::Last => return Some((data, chunks, at)),
                Step::Malformed => return None,
            }
        }
    }

    #[test]
    fn any_pieces_give_the_same() {
        let body = b"3;a=\"x\\\"\"\r\nabc\r\n0000A ;b\r\n0123456789\r\n0;x\r\nT: 1\r\n\r\n";
        for piece in 1..body.len() {
            let (data, chunks, at) = decode(body, piece).unwrap();
            assert_eq!(data, b"abc0123456789");
            assert_eq!((chunks, &body[at..]), (2, &b"T: 1\r\n\r\n"[..]));
        }
    }

    #[test]
    fn what_is_not_a_size() {
        for body in [
            "0x3\r\nabc\r\n0\r\n",
            "+3\r\nabc\r\n0\r\n",
            " 3\r\nabc\r\n0\r\n",
            "-3\r\nabc\r\n0\r\n",
            "xyz\r\n",
            "3 \r\nabc\r\n0\r\n",
            "3\t\r\nabc\r\n0\r\n",
            "3 junk\r\nabc\r\n0\r\n",
            "3\0zz\r\nabc\r\n0\r\n",
            "3\nabc\r\n0\r\n",
            "3\r\nabc0\r\n",
            "3\r\nabc\n0\r\n",
            "\r\n3\r\nabc\r\n0\r\n",
            "3;a\nabc\r\n0\r\n",
            "3;\0\r\nabc\r\n0\r\n",
            ";a\r\n",
            "\r\n",
            "00000000000000003\r\nabc\r\n0\r\n",
            "8000000000000000\r\n",
            "3;\"a\r\nabc\r\n0\r\n",
        ] {
            assert_eq!(decode(body.as_bytes(), 100), None, "{body:?}");
        }
        assert!(decode(b"0000000000000003\r\nabc\r\n0\r\n", 100).is_some());
    }

    #[test]
    fn extensions_are_limited_in_sum() {
        let body = format!("1;{}\r\nx\r\n", "a".repeat(1000)).repeat(17) + "0\r\n";
        assert_eq!(decode(body.as_bytes(), 10_000), None);
        let body = format!("1;{}\r\nx\r\n", "a".repeat(1000)).repeat(16) + "0\r\n";
        assert!(decode(body.as_bytes(), 10_000).is_some());
    }
}
