//! `<event2/bufferevent.h>`: buffered input and output.

pub mod socket;

pub mod layered;

pub mod object;

pub mod callback;

pub mod data;

pub mod control;

pub mod limits;
