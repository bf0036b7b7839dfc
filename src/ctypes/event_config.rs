//! `<event2/event-config.h>`: the version whose interface this is.

use core::ffi::CStr;

/// The version as text.
pub const EVENT__VERSION: &CStr = c"2.1.12-stable";
/// The version as a number: major, minor and patch level in one byte each, from the top.
pub const EVENT__NUMERIC_VERSION: u32 = 0x02010c00;
