//! A message's head as a whole: where it ends, and its lines.

use super::field;
use super::start_line::{BAD, Refused};

/// How far a growing head has been searched for its end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    /// The bytes of the lines that are complete.
    seen: usize,
    /// No line ends between `seen` and here: a line that comes byte by byte is searched once.
    searched: usize,
    /// How many of the bytes seen are line ends.
    ends: usize,
    lines: usize,
    /// The length of the first line with its end, once it is complete.
    first: usize,
}

impl Scan {
    /// The length of the head at the front of `bytes`, with the empty line that ends it; `None` if
    /// it is not complete. Called again with more bytes, it goes on where it stopped.
    pub fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        loop {
            let start = self.seen;
            let from = self.searched.max(start);
            let Some(at) = memchr::memchr(b'\n', bytes.get(from..)?) else {
                self.searched = bytes.len();
                return None;
            };
            let end = from + at;
            let len = end + 1 - start;
            let whole = if end > start && bytes[end - 1] == b'\r' {
                2
            } else {
                1
            };
            self.seen += len;
            self.ends += whole;
            self.lines += 1;
            if self.lines == 1 {
                self.first = self.seen;
            } else if len == whole {
                return Some(self.seen);
            }
        }
    }

    /// Restarts, at a trailer: that has no first line, so that an empty line can be all of it.
    pub fn of_trailer() -> Scan {
        Scan {
            lines: 1,
            ..Scan::default()
        }
    }

    /// Behind a first line of `len` bytes, with a line end of so many.
    pub fn behind_first(len: usize, end: usize) -> Scan {
        Scan {
            seen: len,
            searched: len,
            ends: end,
            lines: 1,
            first: len,
        }
    }

    /// The bytes of the lines that are complete.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Whether bytes have been searched.
    pub fn is_begun(&self) -> bool {
        self.seen.max(self.searched) > 0
    }

    /// The bytes of the lines in a head of which `len` bytes are there, without their line ends.
    pub fn size(&self, len: usize) -> usize {
        len - self.ends.min(len)
    }

    /// The lines that are complete, the empty one included.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// The first line with its end, once it is complete.
    pub fn first_line(&self) -> Option<usize> {
        (self.first > 0).then_some(self.first)
    }
}

/// Which lines a peer may send.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// A line may end with a bare line feed.
    pub bare_lf: bool,
    /// A line may go on in the next, which then begins with white space.
    pub fold: bool,
}

/// Gets the lines of a head.
pub trait Sink {
    /// One header. Fails when there is no memory for it.
    fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), Refused>;
    /// The last header's value goes on.
    fn extend(&mut self, value: &[u8]) -> Result<(), Refused>;
}

/// Takes the first line off `bytes`: the line without its end, and the rest.
pub fn line(bytes: &[u8], bare_lf: bool) -> Result<(&[u8], &[u8]), Refused> {
    let end = memchr::memchr(b'\n', bytes).ok_or(BAD)?;
    let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
    match line {
        [line @ .., b'\r'] => Ok((line, rest)),
        line if bare_lf => Ok((line, rest)),
        _ => Err(BAD),
    }
}

/// The length of the line end at the front of `bytes`.
fn line_end(bytes: &[u8], bare_lf: bool) -> Result<usize, Refused> {
    match bytes {
        [b'\r', b'\n', ..] => Ok(2),
        [b'\n', ..] if bare_lf => Ok(1),
        _ => Err(BAD),
    }
}

/// Gives the header lines in `bytes`, up to an empty one, to `sink`. `scan`, which is behind the
/// line before them, then is behind them.
pub fn fields(
    bytes: &[u8],
    rules: Rules,
    scan: &mut Scan,
    sink: &mut impl Sink,
) -> Result<(), Refused> {
    let mut rest = bytes;
    let mut first = true;
    loop {
        let empty = match rest {
            [b'\r' | b'\n', ..] => true,
            [b' ' | b'\t', ..] => {
                let value;
                (value, rest) = field::value(rest);
                if first || !rules.fold {
                    return Err(BAD);
                }
                sink.extend(value)?;
                false
            }
            _ => {
                let (name, value);
                (name, rest) = field::name(rest)?;
                (value, rest) = field::value(rest);
                sink.add(name, value)?;
                first = false;
                false
            }
        };
        let end = line_end(rest, rules.bare_lf)?;
        rest = &rest[end..];
        scan.ends += end;
        scan.lines += 1;
        if empty {
            scan.seen += bytes.len() - rest.len();
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Debug, PartialEq)]
    struct List(Vec<(String, String)>);

    impl Sink for List {
        fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), Refused> {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            self.0.push((text(name), text(value)));
            Ok(())
        }
        fn extend(&mut self, value: &[u8]) -> Result<(), Refused> {
            let (_, last) = self.0.last_mut().unwrap();
            last.push(' ');
            last.push_str(&String::from_utf8_lossy(value));
            Ok(())
        }
    }

    fn parse(text: &str, bare_lf: bool, fold: bool) -> Result<List, Refused> {
        let mut list = List::default();
        let (rules, mut scan) = (Rules { bare_lf, fold }, Scan::of_trailer());
        fields(text.as_bytes(), rules, &mut scan, &mut list)?;
        // What has searched for the end says the same.
        let mut search = Scan::of_trailer();
        assert_eq!(search.end(text.as_bytes()), Some(scan.seen()));
        assert_eq!((search.ends, search.lines), (scan.ends, scan.lines));
        Ok(list)
    }

    #[test]
    fn the_end_is_found_however_it_comes() {
        let head = b"GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
        let end = head.len() - 4;
        for cut in 0..head.len() {
            let mut scan = Scan::default();
            let first = scan.end(&head[..cut]);
            assert_eq!(first, (cut >= end).then_some(end), "{cut}");
            if first.is_none() {
                assert_eq!(scan.seen.max(scan.searched), cut, "all of it, once");
                assert_eq!(scan.end(head), Some(end));
            }
            assert_eq!(scan.size(end), "GET / HTTP/1.1A: b".len());
            assert_eq!((scan.lines(), scan.first_line()), (3, Some(16)));
        }
        let bytewise = (0..=head.len()).scan(Scan::default(), |scan, n| Some(scan.end(&head[..n])));
        assert_eq!(bytewise.flatten().next(), Some(end));
    }

    #[test]
    fn bare_line_feeds_end_a_head_too() {
        assert_eq!(Scan::default().end(b"GET / HTTP/1.1\n\nx"), Some(16));
        assert_eq!(Scan::default().end(b"GET / HTTP/1.1\n\r\nx"), Some(17));
        assert_eq!(Scan::default().end(b"\r\n\r\n"), Some(4));
        assert_eq!(Scan::of_trailer().end(b"\r\nGET"), Some(2));
        assert_eq!(Scan::of_trailer().end(b"A: b\r\n\r\nGET"), Some(8));
    }

    #[test]
    fn lines_are_told_in_order() {
        let list = parse("A: 1\r\nB:2\r\n\r\nC: 3\r\n\r\n", false, false).unwrap();
        let expected = [("A", "1"), ("B", "2")].map(|(a, b)| (a.into(), b.into()));
        assert_eq!(list.0, expected);
        assert_eq!(parse("\r\n", false, false).unwrap().0, []);
    }

    #[test]
    fn line_ends_and_folding_by_the_rules() {
        assert!(parse("A: 1\n\n", false, false).is_err());
        assert!(parse("A: 1\r\n\n", false, false).is_err());
        assert_eq!(parse("A: 1\n\n", true, false).unwrap().0.len(), 1);
        assert!(parse("A: 1\r\n 2\r\n\r\n", false, false).is_err());
        let folded = parse("A: 1\r\n\t 2\r\n\r\n", false, true).unwrap();
        assert_eq!(folded.0[0].1, "1 2");
        assert!(parse(" A: 1\r\n\r\n", false, true).is_err());
        assert!(parse("A: 1\r\r\n\r\n", true, true).is_err());
        assert!(parse("A: 1", true, true).is_err());
    }
}
