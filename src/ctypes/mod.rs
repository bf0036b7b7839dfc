//! What C programs see: structs, constants and callback types, one module per public header.
//!
//! The ground floor: no functions, and nothing from the rest of the crate, so
//! that every room may use it. The layouts are the contract with every program
//! ever compiled against libevent 2.1, so the core works on these structs in
//! place. The headers in `include/` are made from these modules and from the
//! exported functions in the modules of the same names in [`crate::abi`].
#![allow(non_camel_case_types, reason = "C names")]
#![allow(dead_code, reason = "some constants are for C programs only")]

pub mod buffer;
pub mod buffer_compat;
pub mod bufferevent;
pub mod bufferevent_ssl;
pub mod bufferevent_struct;
pub mod dns;
pub mod dns_struct;
pub mod event;
pub mod event_config;
pub mod event_struct;
pub mod http;
pub mod http_rs;
pub mod http_struct;
pub mod keyvalq_struct;
pub mod listener;
pub mod opaque;
pub mod queue;
pub mod rpc;
pub mod rpc_struct;
pub mod thread;
pub mod util;
pub mod watch;
pub mod ws;
