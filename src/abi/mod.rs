//! The C edge: one module per public header, functions in the header's order.
//!
//! # What a valid pointer is
//! Unless a function says otherwise, a pointer parameter must be null where the
//! documentation allows it, or point to a live object of its type that was made
//! by this library (or, for `struct event`, assigned by it), that no other
//! thread frees meanwhile, and that other threads use only if locking was set
//! up before it was made. Strings are NUL-terminated. A callback may call any
//! function of the library, and may free the object it was called for.
//! `# Safety` sections add only what is special.

mod convert;
pub mod event;
pub mod event_compat;
pub mod event_config;
pub mod event_struct;
pub mod private;
pub mod thread;
pub mod util;
pub mod util_private;
pub mod watch;
