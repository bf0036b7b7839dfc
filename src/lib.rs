//! libevent_rs: a drop-in replacement for libevent 2.1, with a Rust core and a C edge.
//!
//! # The map
//!
//! | module | what |
//! | --- | --- |
//! | [`abi`] | the C edge: one module per public header; nothing else is exported |
//! | [`rpc`] | messages of tagged fields, and procedure calls with them over HTTP |
//! | [`http`] | `evhttp`: messages, server and client |
//! | [`dns`] | evdns: looking names up without blocking, and answering such questions |
//! | [`bufferevent`] | sockets, pairs, filters and TLS with two buffers each; rate limits |
//! | [`buffer`] | `evbuffer`: chains, searching, files, reading and writing descriptors |
//! | [`net`] | addresses, sockets, name lookup, listeners |
//! | [`base`] | `event_base`: the loop, queues, timers, interest in descriptors, signals, wake-up |
//! | [`backend`] | epoll, poll and select behind one contract |
//! | [`support`] | memory hooks, locks, log, clocks, random numbers, intrusive lists |
//! | [`sys`] | calls to the operating system; its head says what a platform must provide |
//! | [`ctypes`] | the structs, constants and callback types that programs see; no functions |
//!
//! Aside, in tests and fuzzers only, stands `testing`: sources of noise and of
//! choices, and what must hold for any bytes.
//!
//! Imports go down the table only (`capi-tests/rooms.rs` reads them): `abi` calls the core, and
//! the core never calls an exported function.
//!
//! To follow a function, look it up in `include/`, open the file or folder
//! of the same name in `src/abi/`, and go where the one call there leads.
//!
//! # Where to read first
//!
//! * [`abi`]: what a valid pointer is.
//! * [`base`]: the rule for callbacks, which every line of the core obeys, and
//!   how locking works.
//! * [`backend`]: the contract, and [`base::fd::interest`]: why there are so
//!   few system calls.
//! * [`support::mm`]: where memory comes from, and what happens without it.

mod abi;
mod backend;
mod base;
mod buffer;
mod bufferevent;
mod ctypes;
mod dns;
mod http;
mod net;
mod rpc;
mod support;
mod sys;
#[cfg(any(test, fuzzing))]
#[expect(clippy::missing_safety_doc, reason = "callbacks of tests")]
mod testing;
