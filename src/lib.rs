//! libevent_rs: a drop-in replacement for libevent 2.1.

mod abi;
mod backend;
mod base;
mod buffer;
mod net;
mod support;
