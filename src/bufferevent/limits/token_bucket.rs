//! Token buckets: how many bytes may be moved by now.
//!
//! A bucket is filled once per tick, by the rate, up to the burst. It may be
//! overdrawn, and then has to be filled above zero before more may be moved.
//! All numbers saturate: no configuration overflows.

use libc::timeval;

use crate::support::time::{self, Micros};

const MILLISECOND: Micros = 1000;
const DEFAULT_TICK: Micros = 1000 * MILLISECOND;
/// 146,000 years, which don't overflow when they are added to the time.
const LONGEST_TICK: Micros = i64::MAX / 2 / MILLISECOND * MILLISECOND;

/// A level for each direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    Read = 0,
    Write = 1,
}

impl Direction {
    pub const BOTH: [Direction; 2] = [Direction::Read, Direction::Write];
}

/// The limit of one direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flow {
    /// Bytes that each tick adds.
    pub rate: isize,
    /// The most that a bucket holds.
    pub burst: isize,
}

impl Flow {
    fn new(rate: usize, burst: usize) -> Option<Flow> {
        let flow = Flow {
            rate: isize::try_from(rate).ok()?,
            burst: isize::try_from(burst).ok()?,
        };
        (1 <= flow.rate && flow.rate <= flow.burst).then_some(flow)
    }
}

/// `struct ev_token_bucket_cfg`: what a bucket is like. Opaque to C.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    flows: [Flow; 2],
    /// Whole milliseconds, at least one.
    tick: Micros,
}

impl Config {
    /// A rate and a burst for reading and for writing, in bytes per tick. None unless each rate is
    /// at least 1, and at most its burst, and a tick takes at least a millisecond and no time that
    /// overflows.
    pub fn new(read: (usize, usize), write: (usize, usize), tick: Option<timeval>) -> Option<Self> {
        let tick = tick.map_or(DEFAULT_TICK, time::from_timeval);
        (MILLISECOND..=LONGEST_TICK).contains(&tick).then_some(())?;
        Some(Config {
            flows: [Flow::new(read.0, read.1)?, Flow::new(write.0, write.1)?],
            tick: tick / MILLISECOND * MILLISECOND,
        })
    }

    pub fn flow(&self, direction: Direction) -> Flow {
        self.flows[direction as usize]
    }

    pub fn tick(&self) -> timeval {
        time::to_timeval(self.tick)
    }

    pub fn has_tick_of(&self, other: &Config) -> bool {
        self.tick == other.tick
    }

    /// The number of the tick that a moment belongs to.
    fn number(&self, now: Micros) -> i64 {
        now / self.tick
    }
}

/// How much may be moved until the next tick.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    levels: [isize; 2],
    /// The number of the tick that was added last.
    tick: i64,
}

impl Bucket {
    /// A bucket that one tick has filled.
    pub fn new(config: &Config, now: Micros) -> Bucket {
        Bucket {
            levels: config.flows.map(|flow| flow.rate),
            tick: config.number(now),
        }
    }

    pub fn level(&self, direction: Direction) -> isize {
        self.levels[direction as usize]
    }

    /// Adds the ticks that have passed.
    pub fn refill(&mut self, config: &Config, now: Micros) {
        let number = config.number(now);
        let passed = number.saturating_sub(self.tick);
        if passed <= 0 {
            return;
        }
        self.tick = number;
        for (level, flow) in self.levels.iter_mut().zip(config.flows) {
            // 64 bits times 64 bits fit into 128.
            let full = *level as i128 + flow.rate as i128 * i128::from(passed);
            *level = full.min(flow.burst as i128) as isize;
        }
    }

    /// Takes bytes out, or puts them back if there are less than none.
    pub fn take(&mut self, direction: Direction, bytes: isize) {
        let level = &mut self.levels[direction as usize];
        *level = level.saturating_sub(bytes);
    }

    /// Continues under another configuration.
    pub fn change(&mut self, config: &Config, now: Micros) {
        for (level, flow) in self.levels.iter_mut().zip(config.flows) {
            *level = (*level).min(flow.burst);
        }
        self.tick = config.number(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::weakrand;

    fn config(rate: usize, burst: usize, tick: (i64, i64)) -> Option<Config> {
        let (tv_sec, tv_usec) = tick;
        Config::new((rate, burst), (1, 1), Some(timeval { tv_sec, tv_usec }))
    }

    fn level(bucket: &Bucket) -> isize {
        bucket.level(Direction::Read)
    }

    #[test]
    fn rates_are_positive_and_at_most_their_burst() {
        let most = isize::MAX as usize;
        for (rate, burst, good) in [
            (0, 0, false),
            (0, 1, false),
            (1, 1, true),
            (2, 1, false),
            (most, most, true),
            (1, most + 1, false),
            (usize::MAX, usize::MAX, false),
        ] {
            let one = (1, 1);
            let read = Config::new((rate, burst), one, None);
            let write = Config::new(one, (rate, burst), None);
            assert_eq!((read.is_some(), write.is_some()), (good, good));
        }
    }

    #[test]
    fn a_tick_fills_once() {
        let config = config(10, 25, (0, 100_000)).unwrap();
        let mut bucket = Bucket::new(&config, 1_000_000);
        assert_eq!(level(&bucket), 10);
        bucket.take(Direction::Read, 10);
        for (now, filled) in [
            (1_099_999, 0),
            (1_100_000, 10),
            (1_100_001, 10),
            (1_000_000, 10),
            (1_200_000, 20),
            (1_900_000, 25),
        ] {
            bucket.refill(&config, now);
            assert_eq!(level(&bucket), filled, "{now}");
        }
    }

    #[test]
    fn what_is_overdrawn_is_filled_first() {
        let config = config(10, 25, (1, 0)).unwrap();
        let mut bucket = Bucket::new(&config, 0);
        bucket.take(Direction::Read, 40);
        bucket.refill(&config, 2_000_000);
        assert_eq!(level(&bucket), -10);
        bucket.take(Direction::Read, -100);
        assert_eq!(level(&bucket), 90);
        bucket.refill(&config, 3_000_000);
        assert_eq!(level(&bucket), 25);
    }

    #[test]
    fn another_configuration_cuts_and_starts_a_tick() {
        let large = config(1000, 1000, (1, 0)).unwrap();
        let small = config(10, 20, (0, 1000)).unwrap();
        let mut bucket = Bucket::new(&large, 5_000_000);
        bucket.change(&small, 5_000_000);
        assert_eq!(level(&bucket), 20);
        bucket.take(Direction::Read, 20);
        bucket.refill(&small, 5_000_999);
        assert_eq!(level(&bucket), 0);
        bucket.refill(&small, 5_001_000);
        assert_eq!(level(&bucket), 10);
    }

    /// Whatever is configured and taken, a level stays at most at the burst once it is filled,
    /// never falls by filling, and nothing overflows.
    #[test]
    fn no_configuration_overflows() {
        let mut seed = 1;
        let mut wide = move || {
            let high = weakrand::next(&mut seed) as u64;
            let bits = high << 33 ^ (weakrand::next(&mut seed) as u64) << 2;
            // All magnitudes.
            bits >> (weakrand::next(&mut seed) % 64)
        };
        let mut made = 0;
        for _ in 0..20_000 {
            let (a, b) = (wide() as usize >> 1, wide() as usize >> 1);
            let Some(config) = config(a.min(b), a.max(b), (wide() as i64, wide() as i64)) else {
                continue;
            };
            made += 1;
            let mut bucket = Bucket::new(&config, wide() as i64);
            for _ in 0..10 {
                bucket.take(Direction::Read, wide() as isize);
                let before = level(&bucket).min(config.flow(Direction::Read).burst);
                bucket.refill(&config, wide() as i64);
                assert!(level(&bucket) >= before);
                bucket.change(&config, wide() as i64);
                assert!(level(&bucket) <= config.flow(Direction::Read).burst);
            }
        }
        assert!(made > 5_000);
    }

    #[test]
    fn ticks_are_whole_milliseconds() {
        for (given, tick) in [
            ((0, 0), None),
            ((-1, 0), None),
            ((0, 999), None),
            ((0, 1000), Some(1000)),
            ((0, 2500), Some(2000)),
            ((0, 2_000_000), Some(2_000_000)),
            ((i64::MAX, 0), None),
        ] {
            assert_eq!(config(1, 1, given).map(|config| config.tick), tick);
        }
        assert_eq!(
            Config::new((1, 1), (1, 1), None).unwrap().tick,
            DEFAULT_TICK
        );
    }
}
