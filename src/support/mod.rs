//! What every layer stands on: memory hooks, locks, the log, time, random
//! numbers, intrusive lists and the few system calls that need a wrapper.
//! Nothing here knows about events or buffers.

pub mod ascii;
pub mod date;
pub mod decimal;
pub mod intrusive;
pub mod lock;
pub mod log;
pub mod members;
pub mod mm;
pub mod monotonic;
#[cfg(not(test))]
pub mod panic;
pub mod rng;
pub mod shared;
pub mod stdio;
pub mod text_out;
pub mod thunk;
pub mod time;
pub mod weakrand;
pub mod words;
pub mod zeroed;

pub(crate) use crate::sys;
