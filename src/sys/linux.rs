//! Linux: see the list of what a platform provides.

use core::ffi::{CStr, c_int};
use core::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use libc::{clockid_t, sockaddr, socklen_t};
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::epoll::{Epoll, EpollCreateFlags};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::unistd;

use super::errno::{Errno, Result, check, errno, set_errno};

/// The monotonic clock of the kernel's last tick.
pub const COARSE_CLOCK: clockid_t = libc::CLOCK_MONOTONIC_COARSE;

/// Whether an older call may succeed where this failed: not for want of descriptors or memory.
fn is_refused(error: nix::Error) -> bool {
    use nix::errno::Errno::{EMFILE, ENFILE, ENOMEM};
    !matches!(error, EMFILE | ENFILE | ENOMEM)
}

/// What a thread writes to in order to end another's wait.
pub enum WakeChannel {
    Eventfd(EventFd),
    Pipe { read: OwnedFd, write: OwnedFd },
}

impl WakeChannel {
    pub fn new() -> Result<WakeChannel> {
        match EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK) {
            Ok(eventfd) => Ok(WakeChannel::Eventfd(eventfd)),
            Err(error) if is_refused(error) => {
                let [read, write] = pipe()?;
                Ok(WakeChannel::Pipe { read, write })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The descriptor to wait for.
    pub fn fd(&self) -> RawFd {
        match self {
            WakeChannel::Eventfd(eventfd) => eventfd.as_raw_fd(),
            WakeChannel::Pipe { read, .. } => read.as_raw_fd(),
        }
    }

    /// Whether each write is an edge, so that nothing need be read.
    pub fn is_edge_triggered(&self) -> bool {
        matches!(self, WakeChannel::Eventfd(_))
    }

    /// Makes the descriptor readable.
    pub fn wake(&self) -> Result {
        loop {
            let written = match self {
                WakeChannel::Eventfd(eventfd) => eventfd.write(1),
                WakeChannel::Pipe { write, .. } => unistd::write(write, &[1]),
            };
            match written {
                Ok(_) => return Ok(()),
                Err(nix::Error::EINTR) => {}
                // It is readable.
                Err(nix::Error::EAGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Makes the descriptor unreadable.
    pub fn drain(&self) {
        // If there is nothing to read, all is well too.
        match self {
            WakeChannel::Eventfd(eventfd) => drop(eventfd.read()),
            WakeChannel::Pipe { read, .. } => drop(unistd::read(read, &mut [0; 64])),
        }
    }
}

/// A pipe, or what is as good as one, whose ends are non-blocking and closed on exec: the reading end
/// first.
pub fn pipe() -> Result<[OwnedFd; 2]> {
    match unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK) {
        Ok((read, write)) => Ok([read, write]),
        Err(error) if is_refused(error) => {
            // The C library may have made that of the same system call.
            let ends = match unistd::pipe() {
                Ok((read, write)) => [read, write],
                Err(_) => UnixStream::pair().map(|(read, write)| [read.into(), write.into()])?,
            };
            for end in &ends {
                set_flags(end, true, true)?;
            }
            Ok(ends)
        }
        Err(error) => Err(error.into()),
    }
}

/// An epoll set, closed on exec.
pub fn epoll() -> Result<OwnedFd> {
    match Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC) {
        Ok(epoll) => Ok(epoll.0),
        Err(error) if is_refused(error) => {
            // SAFETY: plain system call; a new descriptor is nobody else's.
            let epoll = unsafe { OwnedFd::from_raw_fd(check(libc::epoll_create(1))?) };
            set_flags(&epoll, true, false)?;
            Ok(epoll)
        }
        Err(error) => Err(error.into()),
    }
}

/// Has the number of `old` mean what `new` means, closed on exec.
pub fn replace(old: &mut OwnedFd, new: &OwnedFd) -> Result {
    Ok(unistd::dup3(new, old, OFlag::O_CLOEXEC)?)
}

/// For a descriptor that is new and known to no other code.
fn set_flags(fd: impl AsFd, close_on_exec: bool, nonblocking: bool) -> Result {
    if close_on_exec {
        fcntl(fd.as_fd(), FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    if nonblocking {
        fcntl(fd.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    }
    Ok(())
}

/// The system has no `accept4`, or a sandbox refuses it.
static NO_ACCEPT4: AtomicBool = AtomicBool::new(false);

/// Takes a connection; `flags` are `SOCK_NONBLOCK` and `SOCK_CLOEXEC`.
///
/// # Safety
/// `address` has room for `len` bytes.
pub unsafe fn accept(
    fd: c_int,
    address: *mut sockaddr,
    len: &mut socklen_t,
    flags: c_int,
) -> Result<OwnedFd> {
    let mut refused = false;
    if !NO_ACCEPT4.load(Relaxed) {
        let mut room = *len;
        // SAFETY: promised by the caller; a new descriptor is nobody else's.
        match check(unsafe { libc::accept4(fd, address, &raw mut room, flags) }) {
            Ok(socket) => {
                *len = room;
                // SAFETY: as above.
                return Ok(unsafe { OwnedFd::from_raw_fd(socket) });
            }
            // EPERM is a sandbox's word for the call, or a firewall's for this connection.
            Err(error) if [libc::ENOSYS, libc::EPERM].contains(&error.code()) => refused = true,
            Err(error) => return Err(error),
        }
    }
    // SAFETY: as above.
    let socket = unsafe { OwnedFd::from_raw_fd(check(libc::accept(fd, address, len))?) };
    if refused {
        NO_ACCEPT4.store(true, Relaxed);
    }
    let close_on_exec = flags & libc::SOCK_CLOEXEC != 0;
    set_flags(&socket, close_on_exec, flags & libc::SOCK_NONBLOCK != 0)?;
    Ok(socket)
}

/// A descriptor that becomes readable at a moment of the monotonic clock.
pub struct Timer(TimerFd);

impl Timer {
    pub fn new() -> Result<Timer> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        Ok(Timer(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?))
    }

    pub fn fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }

    /// Replaces the moment, in microseconds.
    pub fn set(&self, moment: i64) -> Result {
        // Never zero, which would disarm the timer.
        let at = Duration::from_micros(u64::try_from(moment).unwrap_or(0).max(1));
        self.0.set(
            Expiration::OneShot(TimeSpec::from_duration(at)),
            TimerSetTimeFlags::TFD_TIMER_ABSTIME,
        )?;
        Ok(())
    }
}

/// A descriptor at which one signal arrives that the process has blocked. (nix knows no real-time
/// signals.)
pub struct SignalSource(OwnedFd);

impl SignalSource {
    /// Of the signals in `set`.
    pub fn new(set: &libc::sigset_t) -> Result<SignalSource> {
        let flags = libc::SFD_NONBLOCK | libc::SFD_CLOEXEC;
        // SAFETY: the set is valid for the call; a new descriptor is nobody else's.
        unsafe {
            Ok(SignalSource(OwnedFd::from_raw_fd(check(libc::signalfd(
                -1, set, flags,
            ))?)))
        }
    }

    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Takes one signal from it, if one has come.
    pub fn take(&self) -> bool {
        let mut info = [0; size_of::<libc::signalfd_siginfo>()];
        unistd::read(&self.0, &mut info) == Ok(info.len())
    }
}

/// Sleeps while `word` has this value, or until woken by [`wake_one`], or for no reason. Keeps `errno`.
pub fn wait_while(word: &AtomicU32, value: u32) {
    let forever = core::ptr::null::<libc::timespec>();
    let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    let error = errno();
    // SAFETY: the word is alive during the call.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, forever) };
    set_errno(error);
}

/// Wakes one thread that sleeps in [`wait_while`] for this word.
pub fn wake_one(word: &AtomicU32) {
    let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: only the address is used.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, 1) };
}

/// Fills the start of `out`: how much of it.
pub fn random_bytes(out: &mut [MaybeUninit<u8>]) -> Result<usize> {
    // SAFETY: `out` is writable for its whole length.
    let got = unsafe { libc::getrandom(out.as_mut_ptr().cast(), out.len(), 0) };
    usize::try_from(got).map_err(|_| Errno::last())
}

/// The most memory that the process has had, in bytes, if that can be told.
pub fn most_memory() -> Option<u64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let kilobytes = u64::try_from(usage.max_rss()).ok()?;
    Some(kilobytes.saturating_mul(1024))
}

/// Whether the process runs with privileges its user does not have: the environment is then not
/// to be trusted.
fn is_setugid() -> bool {
    // SAFETY: only reads.
    let secure = unsafe { libc::getauxval(libc::AT_SECURE) != 0 };
    secure || unistd::getuid() != unistd::geteuid() || unistd::getgid() != unistd::getegid()
}

/// An environment variable, if it may be believed. To be used at once: the program may change it.
pub fn variable(name: &CStr) -> Option<&'static CStr> {
    if is_setugid() {
        return None;
    }
    // SAFETY: both are NUL-terminated.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_wake() {
        let [read, write] = pipe().unwrap();
        for channel in [
            WakeChannel::new().unwrap(),
            WakeChannel::Pipe { read, write },
        ] {
            let is_readable = || {
                let mut poll = libc::pollfd {
                    fd: channel.fd(),
                    events: libc::POLLIN,
                    revents: 0,
                };
                // SAFETY: one entry.
                unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
            };
            assert!(!is_readable());
            channel.wake().unwrap();
            channel.wake().unwrap();
            assert!(is_readable());
            channel.drain();
            assert!(!is_readable());
        }
    }
}
