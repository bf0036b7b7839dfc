//! `<event2/bufferevent.h>`: buffered input and output.

use core::ffi::c_int;

use super::convert::done;

pub mod socket;

pub mod layered;

pub mod object;

pub mod callback;

pub mod data;

pub mod control;

pub mod limits;

/// What most functions return for success and failure.
fn status(result: Result<(), ()>) -> c_int {
    done(result.is_ok())
}
