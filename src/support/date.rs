//! Dates as HTTP and mail write them.

use std::ffi::c_int;
use std::fmt;

use libc::tm;

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
}

impl fmt::Display for Rfc1123<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    let seconds = super::time::wall().div_euclid(1_000_000);
    // SAFETY: all zeros is a valid `tm`.
    let mut out: tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid for the call. It fails only for years that no clock reaches.
    unsafe { libc::gmtime_r(&raw const seconds, &raw mut out) };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_and_never_refused() {
        // SAFETY: all zeros is a valid `tm`.
        let mut tm: tm = unsafe { std::mem::zeroed() };
        let text = |tm: &libc::tm| Rfc1123::new(tm).map(|date| date.to_string());
        (tm.tm_year, tm.tm_mday, tm.tm_wday) = (70, 1, 4);
        assert_eq!(text(&tm).unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
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
