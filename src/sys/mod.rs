//! Calls to the operating system, as the rest of the library makes them.

use core::ffi::c_int;

mod errno;

pub use errno::{Errno, Result, check, errno, set_errno};

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

/// Whether the process runs with privileges its user does not have: the environment is then not
/// to be trusted.
pub fn is_setugid() -> bool {
    // SAFETY: these calls cannot fail; getauxval only reads.
    unsafe {
        libc::getauxval(libc::AT_SECURE) != 0
            || libc::getuid() != libc::geteuid()
            || libc::getgid() != libc::getegid()
    }
}
