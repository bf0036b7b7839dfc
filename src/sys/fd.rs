//! Descriptors of programs, by number: they may be closed by now, or another file's.

use core::ffi::c_int;

use super::errno::{Result, check};

/// Closes a descriptor; errors are of no use to any caller here.
pub fn close(fd: c_int) {
    // SAFETY: close takes any number.
    unsafe { libc::close(fd) };
}

/// Whether `fd` names an open descriptor, by the cheapest call there is; sets `errno` if not.
pub fn is_open(fd: c_int) -> bool {
    // SAFETY: F_GETFD only asks.
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}

/// Whether reads and writes of `fd` may wait.
pub fn blocks(fd: c_int) -> bool {
    // SAFETY: F_GETFL only asks.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    flags != -1 && flags & libc::O_NONBLOCK == 0
}

/// A new socket. `kind` has the `SOCK_*` flags.
pub fn socket(family: c_int, kind: c_int, protocol: c_int) -> Result<c_int> {
    // SAFETY: touches no memory.
    check(unsafe { libc::socket(family, kind, protocol) })
}
