//! Who asks for reports, and when they are written.
//!
//! `LIBEVENT_RS_STATS` names the file that they are added to, `-` stands for standard error. A base
//! is reported on when it is freed or the process exits, and all bases when the signal comes that
//! `LIBEVENT_RS_STATS_SIGNAL` names.
//!
//! It is a signal because that costs the program nothing until it comes: a descriptor to ask through
//! would be closed by programs that become daemons, and would take a number that they count on; a
//! thread would not survive their forks. And a signal is answered while a callback does not return.
//! The file is opened when there is something to write, for the same reasons.

use core::ffi::{CStr, c_char, c_int};
use core::fmt::Write;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::OnceLock;

use super::{Stats, report};
use crate::support::log;
use crate::support::zeroed::Zeroed;
use crate::sys;

/// What the environment asks for.
struct Request {
    /// With the NUL; empty for standard error.
    path: [u8; Request::LONGEST],
}

impl Request {
    const LONGEST: usize = 1024;
}

/// `None` inside if nothing is asked for.
static REQUEST: OnceLock<Option<Request>> = OnceLock::new();

/// The bases that are there. One for which there is no place is reported on only when it is freed.
static BASES: [AtomicPtr<Stats>; 64] = [const { AtomicPtr::new(ptr::null_mut()) }; 64];

/// The threads that look at [`BASES`] just now.
static READERS: Readers = Readers(AtomicU64::new(0));

/// How many threads of one process are reading: its id in the upper half, their number in the lower
/// one. The child of a fork has no readers, whoever was reading in its parent.
struct Readers(AtomicU64);

impl Readers {
    fn enter(&self, process: u32) {
        let own = u64::from(process) << 32;
        let count = |readers: u64| {
            Some(if readers >> 32 << 32 == own {
                readers + 1
            } else {
                own + 1
            })
        };
        let _ = self.0.fetch_update(SeqCst, SeqCst, count);
    }

    fn leave(&self) {
        self.0.fetch_sub(1, SeqCst);
    }

    fn any(&self, process: u32) -> bool {
        let readers = self.0.load(SeqCst);
        readers >> 32 == u64::from(process) && readers as u32 != 0
    }
}

/// Whether reports are asked for. Looks at the environment once, and not at all for a process that
/// has more rights than its user.
pub fn is_made() -> bool {
    REQUEST.get_or_init(read_environment).is_some()
}

/// The number of the next base.
pub fn next_number() -> u64 {
    static BASES_MADE: AtomicU64 = AtomicU64::new(0);
    BASES_MADE.fetch_add(1, Relaxed) + 1
}

fn read_environment() -> Option<Request> {
    let value = sys::variable(c"LIBEVENT_RS_STATS")?.to_bytes_with_nul();
    let mut path = [0; Request::LONGEST];
    match value {
        [0] => return None,
        b"-\0" => {}
        _ => match path.get_mut(..value.len()) {
            Some(start) => start.copy_from_slice(value),
            None => {
                log::warn(format_args!("The name in LIBEVENT_RS_STATS is too long"));
                return None;
            }
        },
    }
    if let Some(name) = sys::variable(c"LIBEVENT_RS_STATS_SIGNAL") {
        listen(name);
    }
    // SAFETY: a function that may run whenever the process exits.
    if unsafe { libc::atexit(report_all) } != 0 {
        log::warn(format_args!("No statistics when the process exits"));
    }
    Some(Request { path })
}

/// The signal that is named, with or without SIG, or given by its number.
fn signal(name: &[u8]) -> Option<c_int> {
    const NAMES: [(&[u8], c_int); 7] = [
        (b"USR1", libc::SIGUSR1),
        (b"USR2", libc::SIGUSR2),
        (b"HUP", libc::SIGHUP),
        (b"QUIT", libc::SIGQUIT),
        (b"WINCH", libc::SIGWINCH),
        (b"URG", libc::SIGURG),
        (b"IO", libc::SIGIO),
    ];
    let short = name.strip_prefix(b"SIG").unwrap_or(name);
    let named = NAMES.iter().find(|(name, _)| *name == short);
    named.map(|(_, number)| *number).or_else(|| {
        let number = str::from_utf8(name).ok()?.parse().ok()?;
        (1..=libc::SIGRTMAX()).contains(&number).then_some(number)
    })
}

/// Has the signal answered, if the program leaves it alone so far.
fn listen(name: &CStr) {
    let Some(number) = signal(name.to_bytes()) else {
        log::warn(format_args!(
            "LIBEVENT_RS_STATS_SIGNAL names no signal that can be used: {}",
            name.to_str().unwrap_or("?")
        ));
        return;
    };
    // SAFETY: the handler only does what a handler may.
    let done = unsafe {
        let mut action = libc::sigaction::ZEROED;
        let left_alone = libc::sigaction(number, ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_DFL;
        action = libc::sigaction::ZEROED;
        action.sa_sigaction = on_signal as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        left_alone && libc::sigaction(number, &raw const action, ptr::null_mut()) == 0
    };
    if !done {
        log::warn(format_args!(
            "The program uses signal {number}: no statistics by it"
        ));
    }
}

extern "C" fn on_signal(_: c_int) {
    let error = sys::errno();
    read_bases(|stats| write_report(stats, "asked for"));
    sys::set_errno(error);
}

/// At exit.
extern "C" fn report_all() {
    read_bases(report_last);
}

/// Calls `read` for the bases that are there and may be reported on.
fn read_bases(read: impl Fn(&Stats)) {
    READERS.enter(std::process::id());
    for place in &BASES {
        // SAFETY: `withdraw` waits for the readers before the object goes.
        if let Some(stats) = unsafe { place.load(SeqCst).as_ref() }
            && stats.is_due()
        {
            read(stats);
        }
    }
    READERS.leave();
}

/// There is a new base.
pub fn announce(stats: &Stats) {
    let new = ptr::from_ref(stats).cast_mut();
    let take = |place: &AtomicPtr<Stats>| {
        let none = ptr::null_mut();
        place.compare_exchange(none, new, SeqCst, Relaxed).is_ok()
    };
    // If there is no place, see `BASES`.
    let _ = BASES.iter().any(take);
}

/// It is about to go.
pub fn withdraw(stats: &Stats) {
    if stats.is_due() {
        report_last(stats);
    }
    let this = ptr::from_ref(stats).cast_mut();
    for place in &BASES {
        let _ = place.compare_exchange(this, ptr::null_mut(), SeqCst, Relaxed);
    }
    // A handler that interrupts this ends before this continues.
    let process = std::process::id();
    while READERS.any(process) {
        std::thread::yield_now();
    }
}

fn report_last(stats: &Stats) {
    if stats.reported.0.swap(1, SeqCst) == 0 {
        write_report(stats, "at its end");
    }
}

/// Only makes calls that a signal handler may make.
fn write_report(stats: &Stats, when: &str) {
    let Some(Some(request)) = REQUEST.get() else {
        return;
    };
    let opened = request
        .path
        .first()
        .is_some_and(|&first| first != 0)
        .then(|| {
            let flags = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT;
            let flags = flags | libc::O_CLOEXEC | libc::O_NOFOLLOW | libc::O_NONBLOCK;
            // SAFETY: the path is NUL-terminated.
            unsafe { libc::open(request.path.as_ptr().cast::<c_char>(), flags, 0o600) }
        });
    let fd = opened.filter(|&fd| fd >= 0).unwrap_or(libc::STDERR_FILENO);
    let mut out = Out::new(fd);
    if opened == Some(-1) {
        let _ = writeln!(out, "(The file of LIBEVENT_RS_STATS can't be opened.)");
    }
    // There is no one to report a failure to.
    let _ = report::write(&mut out, stats, when);
    out.flush();
    if let Some(fd) = opened.filter(|&fd| fd >= 0) {
        sys::close(fd);
    }
}

/// Text for a descriptor, so that a report is mostly one write.
struct Out {
    fd: c_int,
    text: [u8; 4096],
    len: usize,
}

impl Out {
    fn new(fd: c_int) -> Out {
        Out {
            fd,
            text: [0; 4096],
            len: 0,
        }
    }

    fn flush(&mut self) {
        // SAFETY: initialised bytes.
        unsafe { libc::write(self.fd, self.text.as_ptr().cast(), self.len) };
        self.len = 0;
    }
}

impl Write for Out {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for &byte in text.as_bytes() {
            if self.len == self.text.len() {
                self.flush();
            }
            self.text[self.len] = byte;
            self.len += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_stay_in_their_process() {
        let readers = Readers(AtomicU64::new(0));
        assert!(!readers.any(7));
        readers.enter(7);
        readers.enter(7);
        readers.leave();
        assert!(readers.any(7));
        // After a fork.
        assert!(!readers.any(8));
        readers.enter(8);
        assert!(readers.any(8));
        readers.leave();
        assert!(!readers.any(8));
    }

    #[test]
    fn signals_by_name_and_number() {
        assert_eq!(signal(b"USR2"), Some(libc::SIGUSR2));
        assert_eq!(signal(b"SIGUSR1"), Some(libc::SIGUSR1));
        assert_eq!(signal(b"10"), Some(10));
        for none in [&b"0"[..], b"-1", b"1000", b"", b"SIG", b"usr1"] {
            assert_eq!(signal(none), None, "{none:?}");
        }
    }
}
