//! Decrypting into the input.

use core::ffi::c_short;
use core::mem::MaybeUninit;

use super::engine::{End, Engine, Step};
use super::{Tls, count, handshake, of, reads, report};
use crate::buffer::End as BufferEnd;
use crate::bufferevent::limits::ratelimit;
use crate::bufferevent::{BY_WATERMARK, Bev, Held, callbacks, enable};
use crate::ctypes::bufferevent::BEV_EVENT_READING;
use crate::ctypes::event::EV_READ;
use crate::sys::Errno;

/// The most plaintext in one record.
pub const RECORD: usize = 16384;
/// The least that is read at once.
const LEAST: usize = 512;

/// Why a round of reading was over.
enum Outcome {
    /// The transport has no more.
    Empty,
    /// There may be more in the session.
    Full,
    WantsWrite,
    Ended(c_short, End),
    /// The bufferevent is on another connection, or freed.
    Gone,
}

/// Reads what may be read now, and tells the program.
pub(super) fn read(bev: &Held, tls: &Tls) {
    if tls.closed.get() || !reads(bev) {
        return;
    }
    if let Some((direction, end)) = tls.ended.take() {
        report::end(bev, tls, direction, end);
        return;
    }
    let Some(room) = room(bev) else {
        return;
    };
    let connection = tls.connection.get();
    if !tls.reads_ahead.get()
        && tls.underlying.is_none()
        && let Some(session) = tls.session()
    {
        // The length of a record and its bytes come in one call of the system's.
        tls.reads_ahead.set(session.read_ahead(true));
    }
    let (total, outcome) = round(bev, tls, room);
    match outcome {
        Outcome::Gone => return,
        Outcome::Full => read_on_if_pending(bev, tls),
        Outcome::WantsWrite => tls.read_wants_write.set(true),
        Outcome::Ended(direction, end) => tls.ended.set(Some((direction, end))),
        Outcome::Empty => {}
    }
    if total > 0 {
        callbacks::trigger(bev, EV_READ, 0);
        if !tls.is_on(connection) {
            return;
        }
    }
    // What the callback was not ready for is told when reading goes on.
    if reads(bev)
        && !tls.closed.get()
        && let Some((direction, end)) = tls.ended.take()
    {
        report::end(bev, tls, direction, end);
    }
}

/// How much may be read now; `None` if reading has to pause.
fn room(bev: &Held) -> Option<usize> {
    let most = ratelimit::max_to_read(bev);
    let high = bev.read_watermarks().high;
    let mut room = most;
    if high != 0 {
        room = room.min(high.saturating_sub(bev.input_len()));
        if room == 0 {
            enable::suspend_read(bev, BY_WATERMARK);
        }
    }
    (room > 0).then_some(room)
}

/// Decrypts up to `room` bytes. How many, and why it stopped.
fn round(bev: &Held, tls: &Tls, room: usize) -> (usize, Outcome) {
    let connection = tls.connection.get();
    let mut total = 0;
    while total < room {
        let Some(session) = tls.session() else {
            return (total, Outcome::Gone);
        };
        let wanted = tls.record.get().clamp(LEAST, RECORD).min(room - total);
        let step = fill(**bev, wanted, room - total, |into| {
            tls.step(**bev, session, |session| session.read(into))
        });
        let Some(step) = step else {
            enable::give_up(bev, EV_READ, Errno::NOMEM);
            return (total, Outcome::Empty);
        };
        let Some(step) = step.filter(|_| tls.is_on(connection)) else {
            return (total, Outcome::Gone);
        };
        count(bev, tls, session);
        match step {
            Step::Done(n) => {
                total += n;
                // A record that did not fit at once is followed by such, mostly.
                tls.record.set(if n == wanted { RECORD } else { n });
                if !reads(bev) {
                    return (total, Outcome::Full);
                }
                if !tls.has_more() && tls.drained.get().is_none() {
                    return (total, Outcome::Empty);
                }
            }
            Step::WantRead => {
                let ended = |(direction, end)| Outcome::Ended(direction, end);
                let drained = tls.drained.take();
                return (total, drained.map_or(Outcome::Empty, ended));
            }
            Step::Undecided => return (total, Outcome::Empty),
            Step::WantWrite => return (total, Outcome::WantsWrite),
            Step::Ended(end) => return (total, Outcome::Ended(BEV_EVENT_READING, end)),
        }
    }
    (total, Outcome::Full)
}

/// Has the engine decrypt behind the input: at least `wanted` bytes of space, and at most `most`
/// bytes. `None` without memory, or if the program has frozen the input; otherwise as [`Tls::step`].
fn fill(
    bev: Bev,
    wanted: usize,
    most: usize,
    read: impl FnOnce(&mut [MaybeUninit<u8>]) -> Option<Step>,
) -> Option<Option<Step>> {
    let input = bev.input();
    // The program's callbacks that run inside the engine can't change the buffer.
    let was_frozen = input.lock().is_frozen(BufferEnd::Start);
    let freeze = |frozen: bool| {
        let input = input.lock();
        input.set_frozen(BufferEnd::End, frozen);
        input.set_frozen(BufferEnd::Start, frozen || was_frozen);
    };
    let mut step = None;
    let write = |space: &mut [MaybeUninit<u8>]| {
        freeze(true);
        let len = space.len().min(most);
        let made = read(&mut space[..len]);
        freeze(false);
        let n = match made {
            Some(Step::Done(n)) => n,
            _ => 0,
        };
        step = Some(made);
        n
    };
    // SAFETY: engines return what they have written, and the buffer is frozen meanwhile.
    let filled = unsafe { input.lock().fill(wanted, write) };
    filled.ok()?;
    step
}

/// Has the loop read on if the session has something that no descriptor would tell of.
pub(super) fn read_on_if_pending(bev: &Held, tls: &Tls) {
    if tls.closed.get() || tls.handshaking.get() {
        return;
    }
    if reads(bev) && (tls.ended.get().is_some() || tls.has_more()) {
        read_on(bev, tls);
    }
}

/// Has the loop go on with what can be done without the transport's doing.
pub(super) fn read_on(bev: &Held, tls: &Tls) {
    if let Some(base) = bev.lock_base()
        && tls.read_on.schedule(&base)
    {
        bev.header().add_reference();
    }
}

/// The loop has come to [`read_on`].
pub fn on_read_on(bev: Bev) {
    let bev = bev.hold();
    bev.header().drop_reference();
    let Some(tls) = of(*bev) else {
        return;
    };
    if tls.handshaking.get() {
        handshake::drive(&bev, tls);
    } else {
        read(&bev, tls);
    }
}
