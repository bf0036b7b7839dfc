//! What every layer stands on: memory hooks, locks, the log, time, random
//! numbers, intrusive lists and the few system calls that need a wrapper.
//! Nothing here knows about events or buffers.

pub mod intrusive;
pub mod lock;
pub mod log;
pub mod mm;
pub mod panic;
pub mod sys;
pub mod time;
