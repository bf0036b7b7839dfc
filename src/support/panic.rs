//! A bug in the library ends the process; it never unwinds into C.
//!
//! The profiles abort on panic. Before that, the hook installed here tells the
//! log and the fatal callback what happened, as libevent does for a failed
//! assertion of its own. It is installed when the library is loaded, because
//! any exported function may be the first that a program calls.

#[cfg(not(test))]
mod at_load {
    use core::fmt::Write;

    use crate::support::log;

    #[used]
    #[unsafe(link_section = ".init_array")]
    static INSTALL: extern "C" fn() = install;

    extern "C" fn install() {
        std::panic::set_hook(Box::new(|info| {
            let mut text = log::Line::new();
            let _ = write!(text, "libevent_rs bug: {info}");
            log::fatal(log::ABORT, text);
        }));
    }
}
