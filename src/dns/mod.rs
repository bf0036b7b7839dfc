//! evdns: looking names up without blocking, and answering such questions.
//!
//! | module | what |
//! | --- | --- |
//! | [`name`], [`wire`] | names and messages as bytes, read and written without allocating |
//! | [`answer`] | whether a message answers a question, and what it says |
//! | [`search`], [`resolv_conf`], [`hosts`], [`options`] | what files and programs say |
//! | [`resolver`] | `struct evdns_base`: the lock, the loop's callbacks, the end |
//! | [`state`] | what it knows; the tables of servers, lookups and messages |
//! | [`lookup`], [`query`] | what a program asked for, and one question of it |
//! | [`asking`], [`reply`] | which server is asked when, and what follows from its answer |
//! | [`nameserver`], [`servers`] | how a server is doing; all of them, and their probes |
//! | [`tcp`], [`stream`] | questions over connections |
//! | [`ask`], [`deliver`], [`getaddrinfo`], [`cache`] | what programs are told |
//! | [`config`], [`global`] | setting a resolver up; the one of programs that name none |
//! | [`server`] | answering questions |
//! | [`timers`], [`random`], [`log`] | what all of them need |

use core::ffi::{CStr, c_int};

use crate::ctypes::dns::*;

pub mod answer;
pub mod ask;
pub mod asking;
pub mod cache;
pub mod config;
pub mod deliver;
pub mod getaddrinfo;
pub mod global;
pub mod hosts;
pub mod log;
pub mod lookup;
pub mod name;
pub mod nameserver;
pub mod options;
pub mod query;
pub mod random;
pub mod reply;
pub mod resolv_conf;
pub mod resolver;
pub mod search;
#[cfg(test)]
mod second_opinion;
pub mod server;
pub mod servers;
pub mod state;
pub mod stream;
pub mod tcp;
pub mod timers;
pub mod wire;

/// Says in words what a result of a lookup means.
pub fn error_text(code: c_int) -> &'static CStr {
    match code {
        DNS_ERR_NONE => c"no error",
        DNS_ERR_FORMAT => c"misformatted query",
        DNS_ERR_SERVERFAILED => c"server failed",
        DNS_ERR_NOTEXIST => c"name does not exist",
        DNS_ERR_NOTIMPL => c"query not implemented",
        DNS_ERR_REFUSED => c"refused",
        DNS_ERR_TRUNCATED => c"reply truncated or ill-formed",
        DNS_ERR_UNKNOWN => c"unknown",
        DNS_ERR_TIMEOUT => c"request timed out",
        DNS_ERR_SHUTDOWN => c"dns subsystem shut down",
        DNS_ERR_CANCEL => c"dns request canceled",
        DNS_ERR_NODATA => c"no records in the reply",
        _ => c"[Unknown error code]",
    }
}
