//! What a failed call says of itself.

use core::ffi::{CStr, c_char, c_int};
use core::fmt;
use core::num::NonZeroI32;

/// An error number of the system, which is never 0.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Errno(NonZeroI32);

/// The result of whatever may fail. The exported function that a program called writes the number to
/// `errno`, last; nothing below it reads or keeps `errno` for that.
pub type Result<T = ()> = core::result::Result<T, Errno>;

impl Errno {
    pub const NOMEM: Errno = Errno::new(libc::ENOMEM);
    pub const INVAL: Errno = Errno::new(libc::EINVAL);
    pub const INTR: Errno = Errno::new(libc::EINTR);
    pub const AGAIN: Errno = Errno::new(libc::EAGAIN);
    pub const BADF: Errno = Errno::new(libc::EBADF);
    pub const MFILE: Errno = Errno::new(libc::EMFILE);

    /// The error of this number; `EIO` for 0, which is none.
    #[inline]
    pub const fn new(code: c_int) -> Errno {
        match NonZeroI32::new(code) {
            Some(code) => Errno(code),
            None => Errno::new(libc::EIO),
        }
    }

    /// What the last call of the thread that failed says.
    #[inline]
    pub fn last() -> Errno {
        Errno::new(errno())
    }

    #[inline]
    pub const fn code(self) -> c_int {
        self.0.get()
    }

    /// Writes it to the thread's `errno`.
    #[inline]
    pub fn set(self) {
        set_errno(self.code());
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut text = [0 as c_char; 128];
        // SAFETY: the buffer has this size; the call terminates what it writes, which may be nothing.
        let text = unsafe {
            libc::strerror_r(self.code(), text.as_mut_ptr(), text.len());
            CStr::from_ptr(text.as_ptr())
        };
        f.write_str(text.to_str().unwrap_or("?"))
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{self} ({})", self.code())
    }
}

impl From<std::io::Error> for Errno {
    fn from(error: std::io::Error) -> Errno {
        Errno::new(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl From<nix::Error> for Errno {
    fn from(error: nix::Error) -> Errno {
        Errno::new(error as c_int)
    }
}

/// The calling thread's `errno`.
#[inline]
pub fn errno() -> c_int {
    // SAFETY: libc returns a valid pointer to the thread's errno.
    unsafe { *libc::__errno_location() }
}

/// Sets the calling thread's `errno`.
#[inline]
pub fn set_errno(value: c_int) {
    // SAFETY: libc returns a valid pointer to the thread's errno.
    unsafe { *libc::__errno_location() = value }
}

/// The answer of a system call: what it returned, unless that is negative.
#[inline]
pub fn check(answer: c_int) -> Result<c_int> {
    if answer < 0 {
        return Err(Errno::last());
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_of_nothing_is_one_word() {
        assert_eq!(size_of::<Result>(), size_of::<c_int>());
    }

    #[test]
    fn zero_is_an_error_all_the_same() {
        assert_eq!(Errno::new(0).code(), libc::EIO);
    }

    #[test]
    fn texts_are_those_of_the_system() {
        assert_eq!(Errno::NOMEM.to_string(), "Cannot allocate memory");
        assert_eq!(format!("{:?}", Errno::INVAL), "Invalid argument (22)");
    }

    #[test]
    fn the_last_error_of_a_call() {
        // SAFETY: close takes any number.
        let answer = unsafe { libc::close(-1) };
        assert_eq!(check(answer), Err(Errno::new(libc::EBADF)));
        Errno::AGAIN.set();
        assert_eq!(Errno::last(), Errno::AGAIN);
        assert_eq!(check(3), Ok(3));
    }
}
