//! What is measured, under the name that the tables give it.

use super::load;
use super::worker::Contestant::{self, Cares, Epoll, Libev, Libuv, Nginx};

pub struct Row {
    pub program: &'static str,
    pub work: &'static str,
    pub title: &'static str,
    /// Our time divided by libevent's that we want at most.
    pub goal: Option<f64>,
    /// Who else can do it.
    pub others: &'static [Contestant],
    /// The one of them that is to be reached, and our time divided by its that we want at most.
    pub peer: Option<(Contestant, f64)>,
}

impl Row {
    const fn new(
        program: &'static str,
        work: &'static str,
        title: &'static str,
        goal: f64,
        others: &'static [Contestant],
    ) -> Self {
        Self {
            program,
            work,
            title,
            goal: Some(goal),
            others,
            peer: None,
        }
    }

    const fn beside(mut self, peer: Contestant, goal: f64) -> Self {
        self.peer = Some((peer, goal));
        self
    }

    /// What wrk asks.
    const fn load(work: &'static str, title: &'static str, goal: f64) -> Self {
        Self::new(load::PROGRAM, work, title, goal, &[Nginx]).beside(Nginx, 1.0)
    }

    /// An operation of evbuffer that is to be no slower than libevent's.
    const fn buffer(work: &'static str, title: &'static str) -> Self {
        Self::new("buffer", work, title, 1.0, &[])
    }

    /// Timers make none, and can't fire twice; of a server they are counted in the rows of `http`.
    pub fn has_calls(&self) -> bool {
        !matches!(self.program, "memory" | "timer" | load::PROGRAM)
    }

    /// Bytes are counted, not nanoseconds.
    pub fn is_memory(&self) -> bool {
        self.program == "memory"
    }
}

pub const ROWS: &[Row] = &[
    Row::new(
        "event",
        "add-delete",
        "add and delete an fd event",
        0.55,
        &[Libev, Libuv, Epoll],
    ),
    Row::new(
        "event",
        "one-shot",
        "one-shot event, added again in its callback",
        0.72,
        &[Libev],
    ),
    Row::new(
        "event",
        "persistent",
        "persistent event",
        0.97,
        &[Libev, Libuv, Epoll],
    ),
    Row::new(
        "event",
        "persistent-timeout",
        "persistent event with a timeout",
        0.97,
        &[],
    ),
    Row::new(
        "event",
        "del-set-add",
        "delete, set, add, as memcached does",
        0.72,
        &[],
    ),
    Row::new(
        "event",
        "descriptors/1000",
        "1000 descriptors, 100 active, per event",
        0.9,
        &[Libev, Epoll],
    ),
    Row::new(
        "timer",
        "timer-add",
        "200,000 random timers: add",
        0.45,
        &[Libev, Libuv],
    ),
    Row::new(
        "timer",
        "timer-add-again",
        "add again",
        0.4,
        &[Libev, Libuv],
    ),
    Row::new("timer", "timer-delete", "delete", 0.35, &[Libev, Libuv]),
    Row::new("timer", "timer-fire", "fire", 0.3, &[Libev, Libuv]),
    Row::new(
        "timer",
        "common-timeout",
        "common timeout: add and delete",
        1.0,
        &[],
    ),
    Row::new("event", "activate", "activate from a callback", 1.0, &[]),
    Row::new(
        "event",
        "activate-batch",
        "activate 1000 at a time, each",
        1.0,
        &[],
    ),
    Row::new(
        "event",
        "event-new-free",
        "event_new and event_free",
        1.0,
        &[],
    ),
    Row::new("event", "once", "event_base_once", 1.0, &[]),
    Row::new(
        "event",
        "wake-up",
        "wake-up from another thread, round trip",
        0.9,
        &[],
    ),
    Row::new(
        "bufferevent",
        "echo",
        "echo of 64 bytes, 1 connection, round trip",
        0.6,
        &[Epoll],
    )
    .beside(Epoll, 1.05),
    Row::new("bufferevent", "echo-500", "500 connections", 0.6, &[Epoll]),
    Row::new(
        "bufferevent",
        "echo-deferred",
        "deferred callbacks",
        0.65,
        &[],
    ),
    Row::new("bufferevent", "echo-locked", "thread-safe", 0.65, &[]),
    Row::new("bufferevent", "echo-8k", "8 KiB", 0.65, &[]),
    Row::new(
        "bufferevent",
        "bulk",
        "bulk through a socket pair, per KiB",
        0.45,
        &[],
    ),
    Row::new(
        "bufferevent",
        "connect",
        "accept, connect, exchange, close",
        0.85,
        &[],
    ),
    Row::new(
        "bufferevent",
        "bufferevent-new-free",
        "bufferevent new and free",
        0.7,
        &[],
    ),
    Row::buffer("add-small", "evbuffer: add 16 bytes"),
    Row::buffer("add-remove-4k", "add and remove 4 KiB"),
    Row::buffer("new-add-free", "new, add, free"),
    Row::buffer("printf", "printf"),
    Row::buffer("readln", "read a line"),
    Row::new(
        "buffer",
        "search-easy",
        "search: end of a request's headers",
        0.4,
        &[],
    ),
    Row::new("buffer", "search-seam", "search: in two chains", 1.0, &[]),
    Row::buffer("search-rare", "search 64 KiB: rare first byte"),
    Row::new(
        "buffer",
        "search-absent",
        "search 64 KiB: not there",
        0.4,
        &[],
    ),
    Row::new(
        "buffer",
        "search-hostile",
        "search 32 KiB: worst case",
        0.01,
        &[],
    ),
    Row::buffer("move", "move a buffer to another"),
    Row::buffer("reference", "add and drain a reference"),
    Row::buffer("prepend", "prepend 16 bytes"),
    Row::buffer("pullup", "pull up 1200 bytes"),
    Row::buffer("reserve-peek-drain", "reserve, commit, peek, drain"),
    Row::buffer("drain", "drain 8 bytes"),
    Row::buffer("add-with-callback", "add with a callback"),
    Row::buffer("write-read", "write and read 500 bytes"),
    Row::new("memory", "memory-base", "an event base", 1.0, &[]),
    Row::new("memory", "memory-buffer", "an empty evbuffer", 1.0, &[]),
    Row::new(
        "http",
        "small/1",
        "HTTP: a small request and its reply",
        0.6,
        &[],
    ),
    Row::new("http", "small/16", "pipelined 16 deep, each", 0.6, &[]),
    Row::new("http", "headers/20", "with 20 headers more", 0.7, &[]),
    Row::new("http", "reply-100k", "reply of 100 KiB", 0.7, &[]),
    Row::new("http", "file-1m", "file of 1 MiB", 0.7, &[]),
    Row::new("http", "chunked-100", "reply in 100 chunks", 0.7, &[]),
    Row::new("http", "post-1m", "request of 1 MiB", 0.7, &[]),
    Row::load("wrk", "asked by wrk on 64 connections", 0.62),
    Row::load("wrk-pipelined", "the same 16 deep", 0.33),
    Row::load("wrk-file", "file of 1 MiB, 8 connections", 0.7),
    Row::load("wrk-busy", "100 connections", 0.62),
    Row::load("wrk-idle", "100, and 10,000 idle ones beside", 0.62),
    Row::new("http", "uri", "parse a URI", 0.5, &[]),
    Row::new("http", "encode", "URI-encode", 0.5, &[]),
    Row::new("http", "decode", "URI-decode", 0.5, &[]),
    Row::new("http", "query", "parse a query string", 0.5, &[]),
    Row::new("http", "date", "format a date", 0.5, &[]),
    Row::new(
        "dns",
        "lookup/1",
        "DNS: a lookup, one after the other",
        0.8,
        &[Cares],
    )
    .beside(Cares, 1.0),
    Row::new("dns", "lookup/64", "a lookup, 64 at a time", 0.5, &[Cares]).beside(Cares, 1.0),
    Row::new(
        "tls",
        "tls-echo",
        "TLS: echo of 64 bytes, round trip",
        0.65,
        &[],
    ),
    Row::new("tls", "tls-echo-8k", "8 KiB", 0.65, &[]),
    Row::new("tls", "tls-filter", "64 bytes, as a filter", 0.65, &[]),
    Row::new("tls", "tls-filter-8k", "8 KiB, as a filter", 0.65, &[]),
    Row::new(
        "tls",
        "tls-bulk-64k",
        "bulk from pieces of 64 KiB, per KiB",
        0.75,
        &[],
    ),
    Row::new(
        "tls",
        "tls-bulk-512",
        "bulk from pieces of 512 bytes, per KiB",
        0.3,
        &[],
    ),
    Row::new("tls", "tls-handshake", "handshake, both ends", 1.0, &[]),
    Row::new(
        "memory",
        "memory-bufferevent",
        "an idle bufferevent",
        1.0,
        &[],
    ),
    Row::new(
        "memory",
        "memory-reading",
        "one reading, after 100 bytes",
        1.0,
        &[],
    ),
    Row::new(
        "memory",
        "memory-http",
        "an idle keep-alive connection of HTTP (aim 0.6)",
        1.0,
        &[],
    ),
];

/// A program's works whose names end with a size.
pub struct Growth {
    pub program: &'static str,
    pub prefix: &'static str,
    pub title: &'static str,
}

pub const GROWTHS: &[Growth] = &[
    Growth {
        program: load::PROGRAM,
        prefix: load::GROWING,
        title: "HTTP, connections of wrk, per request",
    },
    Growth {
        program: "event",
        prefix: "descriptors",
        title: "descriptors, up to 100 active, per event",
    },
    Growth {
        program: "timer",
        prefix: "timers",
        title: "timers, one deleted and added",
    },
    Growth {
        program: "buffer",
        prefix: "chains",
        title: "chains, one added and one drained",
    },
];
