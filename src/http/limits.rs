//! What the other end may not exceed, besides the head and the body of a message.

use core::cell::Cell;

use crate::ctypes::http_rs::{
    EVHTTP_LIMIT_BLANK_LINES, EVHTTP_LIMIT_BODY_TIME, EVHTTP_LIMIT_CHUNK_EXTENSIONS,
    EVHTTP_LIMIT_HEAD_TIME, EVHTTP_LIMIT_HEADERS, EVHTTP_LIMIT_INPUT_AHEAD,
    EVHTTP_LIMIT_INTERIM_REPLIES, EVHTTP_LIMIT_LINGER_SIZE, EVHTTP_LIMIT_LINGER_TIME,
    EVHTTP_LIMIT_OUTPUT, EVHTTP_LIMIT_WS_FRAGMENTS, EVHTTP_LIMIT_WS_MESSAGE, evhttp_limit,
};
use crate::support::time::Micros;

/// What is limited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    HeadTime,
    BodyTime,
    LingerTime,
    LingerSize,
    Headers,
    BlankLines,
    ChunkExtensions,
    InputAhead,
    Output,
    InterimReplies,
    WsMessage,
    WsFragments,
}

const COUNT: usize = Limit::WsFragments as usize + 1;

/// No limit.
const NONE: u64 = u64::MAX;

/// In the order of [`Limit`]; times are in milliseconds.
const DEFAULTS: [u64; COUNT] = [
    60_000,
    300_000,
    2_000,
    64 << 10,
    2_000,
    8,
    16 << 10,
    64 << 10,
    NONE,
    16,
    10 << 20,
    128 << 10,
];

impl Limit {
    pub fn of(number: evhttp_limit) -> Option<Limit> {
        Some(match number {
            EVHTTP_LIMIT_HEAD_TIME => Limit::HeadTime,
            EVHTTP_LIMIT_BODY_TIME => Limit::BodyTime,
            EVHTTP_LIMIT_LINGER_TIME => Limit::LingerTime,
            EVHTTP_LIMIT_LINGER_SIZE => Limit::LingerSize,
            EVHTTP_LIMIT_HEADERS => Limit::Headers,
            EVHTTP_LIMIT_BLANK_LINES => Limit::BlankLines,
            EVHTTP_LIMIT_CHUNK_EXTENSIONS => Limit::ChunkExtensions,
            EVHTTP_LIMIT_INPUT_AHEAD => Limit::InputAhead,
            EVHTTP_LIMIT_OUTPUT => Limit::Output,
            EVHTTP_LIMIT_INTERIM_REPLIES => Limit::InterimReplies,
            EVHTTP_LIMIT_WS_MESSAGE => Limit::WsMessage,
            EVHTTP_LIMIT_WS_FRAGMENTS => Limit::WsFragments,
            _ => return None,
        })
    }
}

/// The limits of a server, or of a client.
pub struct Limits([Cell<u64>; COUNT]);

impl Limits {
    pub const fn new() -> Limits {
        let mut limits = [const { Cell::new(0) }; COUNT];
        let mut at = 0;
        while at < COUNT {
            limits[at] = Cell::new(DEFAULTS[at]);
            at += 1;
        }
        Limits(limits)
    }

    /// A negative number is no limit.
    pub fn set(&self, limit: Limit, value: i64) {
        self.0[limit as usize].set(u64::try_from(value).unwrap_or(NONE));
    }

    /// What was set, or -1 for no limit.
    pub fn get(&self, limit: Limit) -> i64 {
        i64::try_from(self.size(limit)).unwrap_or(-1)
    }

    /// The most bytes, or of whatever else is counted.
    pub fn size(&self, limit: Limit) -> u64 {
        self.0[limit as usize].get()
    }

    /// The longest time; `None` is for ever.
    pub fn time(&self, limit: Limit) -> Option<Micros> {
        let time = Some(self.size(limit)).filter(|time| *time != NONE)?;
        Some(
            Micros::try_from(time)
                .unwrap_or(Micros::MAX)
                .saturating_mul(1000),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_what_was_set() {
        let limits = Limits::new();
        for number in 1..=COUNT as evhttp_limit {
            let limit = Limit::of(number).unwrap();
            assert_eq!(limit as evhttp_limit + 1, number);
            assert_eq!(limits.size(limit), DEFAULTS[limit as usize]);
            limits.set(limit, 7);
            assert_eq!(limits.get(limit), 7);
            limits.set(limit, -3);
            assert_eq!((limits.get(limit), limits.size(limit)), (-1, NONE));
        }
        assert_eq!(Limit::of(0), None);
        assert_eq!(Limit::of(COUNT as evhttp_limit + 1), None);
    }

    #[test]
    fn times_are_in_milliseconds() {
        let limits = Limits::new();
        assert_eq!(limits.time(Limit::LingerTime), Some(2_000_000));
        limits.set(Limit::LingerTime, -1);
        assert_eq!(limits.time(Limit::LingerTime), None);
        limits.set(Limit::LingerTime, i64::MAX);
        assert_eq!(limits.time(Limit::LingerTime), Some(Micros::MAX));
    }
}
