//! Sockets and their addresses: text, C structures, options, name lookup, listeners.
//!
//! `addr_text` is safe code without system calls except for interface names; the
//! others are thin layers over the system's own functions.

pub mod addr_list;
pub mod addr_text;
pub mod getaddrinfo;
pub mod listener;
pub mod raw_address;
pub mod resolver;
pub mod socket;
pub mod udp;
