//! A bug in the library ends the process; it never unwinds into C.
//!
//! The release profile aborts on panic. Before that, the hook installed here
//! tells the log and the fatal callback what happened, as libevent does for a
//! failed assertion of its own.

use super::log;
use core::fmt::Write;

/// Installs the panic hook. Called when the library is loaded.
pub fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let mut text = log::Line::new();
        let _ = write!(text, "libevent_rs bug: {info}");
        log::fatal(log::ABORT, text);
    }));
}
