//! `<event2/rpc.h>`: procedure calls over HTTP.
#![allow(clippy::type_complexity, reason = "the header has no names for them")]

pub mod server;

pub mod client;

pub mod hook;
