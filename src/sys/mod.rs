//! Calls to the operating system, as the rest of the library makes them.
//!
//! # What a platform provides
//! The file of the platform (`linux.rs`; another one would stand beside it) has, with older calls
//! behind the newer ones for kernels and sandboxes that refuse those:
//!
//! * [`WakeChannel`]: what a thread writes to end another's wait.
//! * [`pipe`] and [`accept`]: descriptors that are closed on exec from the start.
//! * [`Timer`]: a descriptor that is readable at a moment, finer than waits are; or none.
//! * [`SignalSource`]: a descriptor that signals arrive at; or none.
//! * [`COARSE_CLOCK`]: the monotonic clock that is fastest to read.
//! * [`wait_while`] and [`wake_one`]: threads that sleep until a word changes.
//! * [`random_bytes`], [`variable`] and [`most_memory`].
//!
//! What is the same on all of them is in [`fd`]. The calls that wait, read and write belong to the
//! subsystem that makes them.

mod errno;
mod fd;
mod linux;

pub use errno::{Errno, Result, check, errno, set_errno};
pub use fd::{blocks, close, is_open, socket};
pub use linux::{
    COARSE_CLOCK, SignalSource, Timer, WakeChannel, accept, epoll, most_memory, pipe, random_bytes,
    replace, variable, wait_while, wake_one,
};
