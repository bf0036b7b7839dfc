//! A bug in the library ends the process; it never unwinds into C.
//!
//! The release profile aborts on panic. Before that, the hook installed here
//! tells the log and the fatal callback what happened, as libevent does for a
//! failed assertion of its own.

use core::fmt::Write;
use std::sync::Once;

use super::log;

/// Installs the panic hook once per process.
pub fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let mut text = log::Line::new();
            let _ = write!(text, "libevent_rs bug: {info}");
            log::fatal(log::ABORT, text);
        }));
    });
}
