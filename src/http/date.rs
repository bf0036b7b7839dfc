//! The `Date` of replies, which changes once a second.

use core::cell::Cell;
use core::fmt::Write;

use crate::support::date::{Rfc1123, now};
use crate::support::time;

/// The length of the text.
pub const LEN: usize = 29;

/// The text of the second in which it was last asked for.
pub struct Date {
    second: Cell<i64>,
    text: Cell<[u8; LEN]>,
}

impl Date {
    pub const fn new() -> Date {
        Date {
            second: Cell::new(i64::MIN),
            text: Cell::new([b' '; LEN]),
        }
    }

    /// The current date.
    pub fn text(&self) -> [u8; LEN] {
        let second = time::wall().div_euclid(1_000_000);
        if self.second.replace(second) != second {
            self.text.set(format());
        }
        self.text.get()
    }
}

fn format() -> [u8; LEN] {
    struct Text {
        bytes: [u8; LEN],
        len: usize,
    }
    impl Write for Text {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            let end = self.len + text.len();
            let place = self.bytes.get_mut(self.len..end);
            place
                .ok_or(core::fmt::Error)?
                .copy_from_slice(text.as_bytes());
            self.len = end;
            Ok(())
        }
    }
    let mut text = Text {
        bytes: [b' '; LEN],
        len: 0,
    };
    if let Some(date) = Rfc1123::new(&now()) {
        // Years of four digits fit.
        let _ = write!(text, "{date}");
    }
    text.bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_its_length() {
        let date = Date::new();
        let text = date.text();
        assert!(text.ends_with(b" GMT") && text.iter().all(|byte| byte.is_ascii()));
        assert_eq!(text[3], b',');
        date.text.set([b'x'; LEN]);
        date.second.set(time::wall().div_euclid(1_000_000));
        assert!(date.text() == [b'x'; LEN] || date.text().ends_with(b"GMT"));
    }
}
