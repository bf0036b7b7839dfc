//! What the loops do, counted for the user who asks for it with `LIBEVENT_RS_STATS`.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`watching`] | where the loop tells of itself, and what is counted then |
//! | [`functions`] | the callbacks that ran, with their names |
//! | [`report`] | the text |
//! | [`request`] | the environment, and when a report is written |
//!
//! # Cost
//! The loop is compiled twice: once with a [`Stats`] that watches it, and once with [`Nobody`],
//! whose methods are empty. Which of them runs is decided when it is entered. Bufferevents are
//! counted where they look for a rate limit anyway.
//!
//! # Readers
//! A report is written whenever it is asked for, in a signal handler, also while a callback goes on
//! for ever. So everything is atomic, and nothing is freed while another thread reads. The numbers of one
//! report may be of slightly different moments.

use core::sync::atomic::{
    AtomicU64,
    Ordering::{Relaxed, SeqCst},
};

use crate::backend::Method;
use crate::ctypes::event::EVENT_BASE_FLAG_IGNORE_ENV;
use crate::support::mm;

pub mod functions;
mod report;
mod request;
pub(in crate::base) mod watching;

use functions::Functions;
use watching::Loop;
pub(in crate::base) use watching::{Nobody, Observer};

/// A number that one thread changes and any may read.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    fn add(&self, by: u64) {
        self.set(self.get().wrapping_add(by));
    }

    /// [`Self::add`] where several threads may be at it.
    fn add_shared(&self, by: u64) {
        self.0.fetch_add(by, Relaxed);
    }

    fn raise(&self, to: u64) {
        if to > self.get() {
            self.set(to);
        }
    }
}

/// Spans of time, in nanoseconds.
#[derive(Default)]
pub struct Spans {
    count: Counter,
    total: Counter,
    longest: Counter,
}

impl Spans {
    fn add(&self, span: u64) {
        self.count.add(1);
        self.total.add(span);
        self.longest.raise(span);
    }
}

/// What the bufferevents of a base moved in one direction.
#[derive(Default)]
struct Traffic {
    tries: Counter,
    successes: Counter,
    bytes: Counter,
}

/// What the bufferevents of a base did.
#[derive(Default)]
pub struct Bufferevents {
    made: Counter,
    gone: Counter,
    read: Traffic,
    written: Traffic,
}

impl Bufferevents {
    pub fn count_new(&self) {
        self.made.add_shared(1);
    }

    pub fn count_end(&self) {
        self.gone.add_shared(1);
    }

    /// One is about to read, or write.
    pub fn count_try(&self, writing: bool) {
        let traffic = if writing { &self.written } else { &self.read };
        traffic.tries.add_shared(1);
    }

    /// It did.
    pub fn count_moved(&self, writing: bool, bytes: u64) {
        let traffic = if writing { &self.written } else { &self.read };
        traffic.successes.add_shared(1);
        traffic.bytes.add_shared(bytes);
    }
}

/// What is known of one base.
pub struct Stats {
    /// Bases are numbered as they are made.
    number: u64,
    method: Method,
    /// The process that runs the loop: what a child has of its parent's is not its own.
    process: Counter,
    /// 1 when it has been reported for the last time.
    reported: Counter,
    at_work: Loop,
    pub bufferevents: Bufferevents,
    functions: Functions,
}

/// The statistics of a base, known to those who write reports until this is dropped.
pub struct Watched(mm::Box<Stats>);

impl Watched {
    /// Statistics for a new base, if the user asks for them and there is memory.
    pub fn new(method: Method, flags: core::ffi::c_int) -> Option<Watched> {
        if flags & EVENT_BASE_FLAG_IGNORE_ENV != 0 || !request::is_made() {
            return None;
        }
        let stats = mm::Box::new(Stats {
            number: request::next_number(),
            method,
            process: Counter::default(),
            reported: Counter::default(),
            at_work: Loop::default(),
            bufferevents: Bufferevents::default(),
            functions: Functions::new(),
        })
        .ok()?;
        request::announce(&stats);
        Some(Watched(stats))
    }

    #[inline]
    pub fn stats(&self) -> &Stats {
        &self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        request::withdraw(&self.0);
    }
}

impl Stats {
    /// Whether there is anything to report, and it was not reported as the last.
    fn is_due(&self) -> bool {
        self.process.get() == u64::from(std::process::id()) && self.reported.0.load(SeqCst) == 0
    }

    /// In the child of a fork: what the parent did does not count.
    pub(in crate::base) fn forget(&self) {
        self.at_work.forget();
        self.bufferevents.forget();
        self.functions.forget();
    }
}

impl Bufferevents {
    fn forget(&self) {
        for traffic in [&self.read, &self.written] {
            for counter in [&traffic.tries, &traffic.successes, &traffic.bytes] {
                counter.set(0);
            }
        }
    }
}
