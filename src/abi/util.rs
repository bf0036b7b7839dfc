//! `<event2/util.h>`: sockets, addresses, time, text and random numbers.

pub mod time;

pub mod socket;

pub mod address;

pub mod text;

pub mod random;
