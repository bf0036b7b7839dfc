//! The base's clock, and when events time out.

pub mod clock;
pub mod common_timeout;
pub mod timeout;
pub mod timer_heap;
