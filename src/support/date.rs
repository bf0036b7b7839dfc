//! Dates as HTTP and mail write them.

use std::ffi::c_int;
use std::fmt;

use libc::tm;

use super::time::{narrow, wall};

use crate::support::zeroed::Zeroed;

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The date of RFC 1123: `Thu, 01 Jan 1970 00:00:00 GMT`, in English whatever the locale. The
/// numbers are printed as they are.
pub struct Rfc1123<'a> {
    day: &'static str,
    month: &'static str,
    tm: &'a tm,
}

impl<'a> Rfc1123<'a> {
    /// `None` if there is no such weekday or month.
    pub fn new(tm: &'a tm) -> Option<Self> {
        let name = |names: &[&'static str], at: c_int| {
            usize::try_from(at)
                .ok()
                .and_then(|at| names.get(at).copied())
        };
        Some(Rfc1123 {
            day: name(&DAYS, tm.tm_wday)?,
            month: name(&MONTHS, tm.tm_mon)?,
            tm,
        })
    }

    /// The text of a date whose numbers have their usual widths: no general formatting for each.
    fn usual(&self) -> Option<[u8; 29]> {
        let two = |number: c_int| {
            let number = u8::try_from(number).ok().filter(|number| *number < 100)?;
            Some([b'0' + number / 10, b'0' + number % 10])
        };
        let year = self
            .tm
            .tm_year
            .checked_add(1900)
            .filter(|year| *year >= 1000)?;
        let mut text = *b"___, __ ___ ____ __:__:__ GMT";
        text[..3].copy_from_slice(self.day.as_bytes());
        text[5..7].copy_from_slice(&two(self.tm.tm_mday)?);
        text[8..11].copy_from_slice(self.month.as_bytes());
        text[12..14].copy_from_slice(&two(year / 100)?);
        text[14..16].copy_from_slice(&two(year % 100)?);
        text[17..19].copy_from_slice(&two(self.tm.tm_hour)?);
        text[20..22].copy_from_slice(&two(self.tm.tm_min)?);
        text[23..25].copy_from_slice(&two(self.tm.tm_sec)?);
        Some(text)
    }
}

impl fmt::Display for Rfc1123<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.usual()
            && let Ok(text) = str::from_utf8(&text)
        {
            return f.write_str(text);
        }
        let (day, month, tm) = (self.day, self.month, self.tm);
        let year = 1900 + i64::from(tm.tm_year);
        write!(
            f,
            "{day}, {:02} {month} {year:4} {:02}:{:02}:{:02} GMT",
            tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec
        )
    }
}

/// The current time, in UTC.
pub fn now() -> tm {
    let seconds = narrow(wall().div_euclid(1_000_000), libc::time_t::MAX);
    let mut out = tm::ZEROED;
    // SAFETY: both pointers are valid for the call. It fails only for years that no clock reaches.
    unsafe { libc::gmtime_r(&raw const seconds, &raw mut out) };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_and_never_refused() {
        let mut tm = tm::ZEROED;
        let text = |tm: &libc::tm| Rfc1123::new(tm).map(|date| date.to_string());
        (tm.tm_year, tm.tm_mday, tm.tm_wday) = (70, 1, 4);
        assert_eq!(text(&tm).unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
        (tm.tm_year, tm.tm_mon, tm.tm_mday) = (8099, 11, 31);
        (tm.tm_hour, tm.tm_min, tm.tm_sec) = (23, 59, 60);
        assert_eq!(text(&tm).unwrap(), "Thu, 31 Dec 9999 23:59:60 GMT");
        tm.tm_year = 8100;
        assert_eq!(text(&tm).unwrap(), "Thu, 31 Dec 10000 23:59:60 GMT");
        tm.tm_year = -901;
        assert_eq!(text(&tm).unwrap(), "Thu, 31 Dec  999 23:59:60 GMT");
        (tm.tm_mon, tm.tm_min, tm.tm_sec) = (0, 0, 0);
        (tm.tm_year, tm.tm_mday, tm.tm_hour) = (-1901, -3, 123);
        assert_eq!(text(&tm).unwrap(), "Thu, -3 Jan   -1 123:00:00 GMT");
        tm.tm_year = c_int::MAX;
        assert_eq!(text(&tm).unwrap(), "Thu, -3 Jan 2147485547 123:00:00 GMT");
        for (wday, mon) in [(7, 0), (-1, 0), (0, 12), (0, -1), (c_int::MIN, c_int::MAX)] {
            (tm.tm_wday, tm.tm_mon) = (wday, mon);
            assert_eq!(text(&tm), None);
        }
    }

    #[test]
    fn now_has_names() {
        assert!(Rfc1123::new(&now()).is_some());
    }
}
