//! Messages over a stream, each behind its length (RFC 1035, section 4.2.2).

use core::ffi::c_int;
use core::ops::Range;

use super::wire::{HEADER, MAX_MESSAGE};
use crate::net::udp;
use crate::support::mm;
use crate::sys::{self, Errno, Result};

/// How much is read at once.
const CHUNK: usize = 4096;
/// A socket that says so many times in a row that it can be written to, and takes nothing, would
/// keep the loop busy for ever.
const MAX_FRUITLESS: u32 = 16;

/// A connected socket with messages in both directions. Closes it when it is dropped.
pub struct Stream {
    fd: c_int,
    input: mm::Vec<u8>,
    /// How much of it has been taken.
    taken: usize,
    output: mm::Vec<u8>,
    /// How much of it has been sent.
    sent: usize,
    /// How often in a row nothing could be sent although the loop said so.
    fruitless: Fruitless,
}

/// Counts how often in a row a socket took nothing although the loop said that it does.
#[derive(Clone, Copy, Default)]
pub struct Fruitless(u32);

impl Fruitless {
    /// Something was taken.
    pub fn end(&mut self) {
        self.0 = 0;
    }

    /// Nothing was. True if it is of no use to wait for the loop.
    pub fn again(&mut self) -> bool {
        self.0 += 1;
        self.0 > MAX_FRUITLESS
    }
}

impl Stream {
    pub fn new(fd: c_int) -> Stream {
        Stream {
            fd,
            input: mm::vec(),
            taken: 0,
            output: mm::vec(),
            sent: 0,
            fruitless: Fruitless::default(),
        }
    }

    /// Reads what is there. False at the end.
    pub fn fill(&mut self) -> Result<bool> {
        // What was taken makes room.
        let left = self.input.len() - self.taken;
        self.input.copy_within(self.taken.., 0);
        self.input.truncate(left);
        self.taken = 0;
        if left > 2 + MAX_MESSAGE {
            return Ok(true);
        }
        self.input.try_reserve(CHUNK)?;
        match udp::read(self.fd, self.input.spare_capacity_mut()) {
            Ok(got) => {
                // SAFETY: so many bytes behind the others were filled.
                unsafe { self.input.set_len(left + got) };
                Ok(got > 0)
            }
            Err(Errno::AGAIN) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Takes the next message that is complete: where it is. An error for a length that no message
    /// has.
    pub fn take(&mut self) -> Result<Option<Range<usize>>> {
        let rest = &self.input[self.taken..];
        let Some(length) = rest.first_chunk::<2>() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if length < HEADER {
            return Err(Errno::INVAL);
        }
        if rest.len() < 2 + length {
            return Ok(None);
        }
        let start = self.taken + 2;
        self.taken = start + length;
        Ok(Some(start..self.taken))
    }

    /// The bytes of a message that was taken, until the next [`Self::fill`].
    pub fn message(&self, range: Range<usize>) -> &[u8] {
        &self.input[range]
    }

    /// Has a message sent by [`Self::flush`]. Nothing is changed without memory.
    pub fn queue(&mut self, message: &[u8]) -> Result {
        let length = u16::try_from(message.len()).map_err(|_| Errno::INVAL)?;
        // What was sent makes room, also where there is always something left to send.
        if self.sent > self.output.len() / 2 {
            let left = self.backlog();
            self.output.copy_within(self.sent.., 0);
            self.output.truncate(left);
            self.sent = 0;
        }
        self.output.try_reserve(2 + message.len())?;
        self.output.extend_within_capacity(&length.to_be_bytes());
        self.output.extend_within_capacity(message);
        Ok(())
    }

    /// Sends what there is to send. True when nothing is left. `ready` says that the loop has found
    /// the socket writable.
    pub fn flush(&mut self, ready: bool) -> Result<bool> {
        while self.sent < self.output.len() {
            match udp::write(self.fd, &self.output[self.sent..]) {
                Ok(sent) => {
                    self.sent += sent;
                    self.fruitless.end();
                }
                Err(Errno::AGAIN) => {
                    if ready && self.fruitless.again() {
                        return Err(Errno::AGAIN);
                    }
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        self.output.clear();
        self.sent = 0;
        Ok(true)
    }

    /// Whether a message has arrived in part.
    pub fn is_amid(&self) -> bool {
        self.taken < self.input.len()
    }

    /// How many bytes wait to be sent.
    pub fn backlog(&self) -> usize {
        self.output.len() - self.sent
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        sys::close(self.fd);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::socket;

    #[test]
    fn messages_come_whole_and_in_order() {
        let [a, b] =
            socket::pair(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0).unwrap();
        let (mut from, mut to) = (Stream::new(a), Stream::new(b));
        let messages: Vec<Vec<u8>> = (0..40u8)
            .map(|i| vec![i; HEADER + usize::from(i) * 1650])
            .collect();
        let mut received = Vec::new();
        let mut waiting = messages.iter();
        loop {
            if let Some(message) = waiting.next() {
                from.queue(message).unwrap();
            }
            let done = from.flush(false).unwrap();
            assert!(to.fill().unwrap());
            while let Some(range) = to.take().unwrap() {
                received.push(to.message(range).to_vec());
            }
            if done && received.len() == messages.len() {
                break;
            }
        }
        assert!(received == messages);
        assert_eq!(from.backlog(), 0);
        drop(from);
        assert!(!to.fill().unwrap());
    }

    #[test]
    fn what_was_sent_makes_room() {
        let [a, b] =
            socket::pair(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0).unwrap();
        let (mut from, mut to) = (Stream::new(a), Stream::new(b));
        let message = [7; MAX_MESSAGE];
        while from.flush(false).unwrap() {
            from.queue(&message).unwrap();
        }
        // Something is always left.
        for _ in 0..1000 {
            if from.backlog() < 2 * MAX_MESSAGE {
                from.queue(&message).unwrap();
            }
            to.fill().unwrap();
            while to.take().unwrap().is_some() {}
            assert!(!from.flush(false).unwrap());
            assert!(from.output.len() <= 8 * MAX_MESSAGE);
        }
    }

    #[test]
    fn lengths_that_no_message_has() {
        let [a, b] = socket::pair(libc::AF_UNIX, libc::SOCK_STREAM, 0).unwrap();
        let mut stream = Stream::new(b);
        assert_eq!(udp::write(a, b"\0\x0bxxxxxxxxxxx").unwrap(), 13);
        assert!(stream.fill().unwrap());
        assert_eq!(stream.take(), Err(Errno::INVAL));
        sys::close(a);
    }
}
