//! Many connections at a time to an echo server, each with a plan of its own.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use super::super::runner::library::Problem;

/// Random numbers that a seed repeats (xorshift).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Less than `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    /// Says that it has finished, and reads to the end.
    HalfClose,
    /// Reads all that it is owed, then closes.
    Close,
    /// Goes at some moment, whatever is on its way.
    Leave,
    /// The same, with a reset.
    Reset,
}

/// Whoever takes longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What the connections of a wave came to.
#[derive(Default)]
pub struct Tally {
    pub connections: u64,
    pub cut: u64,
    pub sent: u64,
    pub received: u64,
}

struct Connection {
    stream: TcpStream,
    random: Random,
    seed: u64,
    size: u64,
    /// Leaves when it has sent so much.
    leaves_at: u64,
    ending: Ending,
    sent: u64,
    received: u64,
    finished: bool,
    /// Does nothing until then.
    stalled: Instant,
}

/// The byte of a connection at a place: shows where one is missing or not in its place.
fn byte(seed: u64, at: u64) -> u8 {
    (seed.wrapping_mul(31) + at.wrapping_mul(7) + at / 251) as u8
}

impl Connection {
    fn open(port: u16, seed: u64) -> Result<Self, Problem> {
        let mut random = Random::new(seed);
        let problem = |error| format!("connecting: {error}");
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(problem)?;
        stream.set_nonblocking(true).map_err(problem)?;
        let magnitude = [1, 100, 5_000, 60_000, 600_000][random.below(5) as usize];
        let ending = match random.below(8) {
            0..3 => Ending::HalfClose,
            3..6 => Ending::Close,
            6 => Ending::Leave,
            _ => Ending::Reset,
        };
        // Who sends nothing has nothing to wait for but the end.
        let least = u64::from(ending != Ending::HalfClose);
        let size = least + random.below(magnitude);
        Ok(Connection {
            leaves_at: random.below(size + 1),
            stream,
            random,
            seed,
            size,
            ending,
            sent: 0,
            received: 0,
            finished: false,
            stalled: Instant::now(),
        })
    }

    fn cut(&self) -> bool {
        matches!(self.ending, Ending::Leave | Ending::Reset)
    }

    fn wants(&self) -> i16 {
        match self.sent < self.size || (self.ending == Ending::HalfClose && !self.finished) {
            true => libc::POLLIN | libc::POLLOUT,
            false => libc::POLLIN,
        }
    }

    /// Reads and writes a little. True when the connection is over.
    fn work(&mut self, tally: &mut Tally) -> Result<bool, Problem> {
        if self.random.below(200) == 0 {
            let pause = Duration::from_millis(self.random.below(80));
            self.stalled = Instant::now() + pause;
            return Ok(false);
        }
        let mut bytes = [0; 16384];
        if self.sent < self.size {
            let most = (self.size - self.sent).min(1 + self.random.below(bytes.len() as u64));
            let piece = &mut bytes[..most as usize];
            for (i, place) in piece.iter_mut().enumerate() {
                *place = byte(self.seed, self.sent + i as u64);
            }
            match self.stream.write(piece) {
                Ok(written) => {
                    self.sent += written as u64;
                    tally.sent += written as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(self.complaint(&format!("writing: {error}"))),
            }
        }
        if self.cut() && self.sent >= self.leaves_at {
            self.leave()?;
            return Ok(true);
        }
        if self.sent == self.size && !self.finished && self.ending == Ending::HalfClose {
            self.finished = true;
            self.stream
                .shutdown(Shutdown::Write)
                .map_err(|error| self.complaint(&format!("shutdown: {error}")))?;
        }
        let most = 1 + self.random.below(bytes.len() as u64) as usize;
        match self.stream.read(&mut bytes[..most]) {
            Ok(0) if self.finished && self.received == self.size => return Ok(true),
            Ok(0) => return Err(self.complaint("the server has closed")),
            Ok(read) => {
                for &got in &bytes[..read] {
                    if self.received >= self.sent || got != byte(self.seed, self.received) {
                        return Err(self.complaint("a byte that was not sent"));
                    }
                    self.received += 1;
                    tally.received += 1;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(self.complaint(&format!("reading: {error}"))),
        }
        Ok(self.ending == Ending::Close && self.received == self.size)
    }

    fn leave(&self) -> Result<(), Problem> {
        if self.ending == Ending::Reset {
            let now = libc::linger {
                l_onoff: 1,
                l_linger: 0,
            };
            // SAFETY: the option's value is a linger, of that size.
            let set = unsafe {
                libc::setsockopt(
                    self.stream.as_raw_fd(),
                    libc::SOL_SOCKET,
                    libc::SO_LINGER,
                    (&raw const now).cast(),
                    size_of_val(&now) as u32,
                )
            };
            if set != 0 {
                return Err(self.complaint("no linger"));
            }
        }
        Ok(())
    }

    fn complaint(&self, what: &str) -> Problem {
        format!(
            "connection {}, {:?}, {} of {} sent, {} back: {what}",
            self.seed, self.ending, self.sent, self.size, self.received
        )
    }
}

/// Has connections come and go, at most `most` at a time and at least as many in all, until `end`;
/// then lets the last finish.
pub fn wave(
    port: u16,
    most: usize,
    seeds: &mut u64,
    end: Instant,
    tally: &mut Tally,
) -> Result<(), Problem> {
    let mut open: Vec<Connection> = Vec::new();
    // A wave that a slow machine cuts short does not use all that the server has.
    let least = tally.connections + most as u64;
    loop {
        let now = Instant::now();
        if now > end + PATIENCE {
            return Err("the connections do not come to an end".into());
        }
        // A few at a time, so that all phases are there at once.
        for _ in 0..8 {
            if (now < end || tally.connections < least) && open.len() < most {
                *seeds += 1;
                open.push(Connection::open(port, *seeds)?);
                tally.connections += 1;
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        let mut polled: Vec<_> = open
            .iter()
            .map(|connection| libc::pollfd {
                // Those that stall are passed over.
                fd: match connection.stalled > now {
                    true => -1,
                    false => connection.stream.as_raw_fd(),
                },
                events: connection.wants(),
                revents: 0,
            })
            .collect();
        // SAFETY: as many entries as there are.
        unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, 5) };
        // From the end, so that the order of those before stays.
        for index in (0..open.len()).rev() {
            if polled[index].revents != 0 && open[index].work(tally)? {
                tally.cut += u64::from(open[index].cut());
                open.swap_remove(index);
            }
        }
    }
}
