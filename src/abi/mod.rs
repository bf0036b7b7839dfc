//! The C edge: one module per public header, functions in the header's order. A header with many
//! functions has a folder: a file each subject, in the order in which its module declares them
//! (apart from each other, or rustfmt would sort them).
//!
//! # What a valid pointer is
//! Unless a function says otherwise, a pointer parameter must be null where the
//! documentation allows it, or point to a live object of its type that was made
//! by this library (or, for `struct event`, assigned by it), that no other
//! thread frees meanwhile, and that other threads use only if locking was set
//! up before it was made. Strings are NUL-terminated. A callback may call any
//! function of the library, and may free the object it was called for.
//! `# Safety` sections add only what is special.
//!
//! How that promise becomes types, so that the functions themselves are safe code: [`argument`].

/// The instruction that goes on at another function, with its arguments as they are.
macro_rules! jump {
    () => {
        cfg_select! {
            any(target_arch = "x86_64", target_arch = "x86") => "jmp",
            any(target_arch = "aarch64", target_arch = "arm") => "b",
            target_arch = "s390x" => "jg",
        }
    };
}
use jump;

/// Gives a function a name by which `variadic.c` reaches it, but nobody outside the library.
macro_rules! hidden_symbol {
    ($name:literal, $function:path) => {
        core::arch::global_asm!(
            concat!(".globl ", $name),
            concat!(".hidden ", $name),
            // Where there are two sets of instructions, the linker has callers change between them.
            concat!(".type ", $name, ", %function"),
            concat!($name, ": ", $crate::abi::jump!(), " {function}"),
            function = sym $function,
        );
    };
}
use hidden_symbol;

pub mod argument;
pub mod buffer;
pub mod buffer_compat;
pub mod bufferevent;
pub mod bufferevent_compat;
pub mod bufferevent_ssl;
mod convert;
pub mod dns;
pub mod dns_compat;
pub mod event;
pub mod event_compat;
pub mod http;
pub mod http_compat;
pub mod http_private;
pub mod http_rs;
pub mod listener;
#[cfg(not(test))]
mod load;
pub mod private;
pub mod rpc;
pub mod tag;
pub mod tag_private;
pub mod thread;
pub mod util;
pub mod util_private;
mod vprintf;
pub mod watch;
pub mod ws;
