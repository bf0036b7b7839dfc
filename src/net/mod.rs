//! Sockets and their addresses: text, C structures, options, name lookup, listeners.
//!
//! `addr` is safe code without system calls except for interface names; the
//! others are thin layers over the system's own functions.

pub mod addr;
pub mod addr_list;
pub mod getaddrinfo;
pub mod listener;
pub mod resolver;
pub mod sockaddr;
pub mod socket;
pub mod udp;
