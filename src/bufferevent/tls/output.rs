//! Encrypting the output.
//!
//! Small pieces are gathered into full records. A record that the transport does not take at once
//! stays in the session, and the session wants the same bytes again when it is tried anew. Until
//! then they stay in the output, too, where the program sees what is not sent yet and may change
//! it; so what was tried is kept, and where it begins in the output is watched.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;

use super::engine::{End, Engine, Step};
use super::input::RECORD;
use super::{Session, Tls, count, of, writes};
use crate::buffer::{DRAINS_TO_FD, End as BufferEnd, FileRange, Locked, OwnedBuf, callback};
use crate::bufferevent::limits::ratelimit;
use crate::bufferevent::{Bev, Held};
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::opaque::evbuffer;
use crate::support::mm;

/// The most that is written without going back to the loop.
const ROUND: usize = 4 * RECORD;

/// What the session wants again.
#[derive(Clone, Copy)]
pub struct Blocked {
    bytes: *mut u8,
    len: usize,
    /// Where those of them that the program has not taken away begin in the output, and how many
    /// they are.
    at: usize,
    left: usize,
    /// Where the output began in memory.
    front: *const u8,
}

/// What came of a round of writing.
pub enum Outcome {
    /// Everything, or as much as is allowed for now.
    Written,
    /// The transport takes no more for now.
    WantsWrite,
    /// The transport has to be read first.
    WantsRead,
    /// The program has to do something first.
    Undecided,
    Ended(End),
    /// The bufferevent is on another connection, or freed.
    Gone,
}

/// Encrypts what may be written now. True if anything was, and why it stopped.
pub(super) fn write(bev: &Held, tls: &Tls) -> (bool, Outcome) {
    let connection = tls.connection.get();
    let mut total = 0;
    while bev.output_len() > 0 || tls.blocked.get().is_some() {
        let Some(session) = tls.session() else {
            return (total > 0, Outcome::Gone);
        };
        if !writes(bev) {
            break;
        }
        let most = ratelimit::max_to_write(bev).min(RECORD);
        if most == 0 {
            break;
        }
        let whole = most == RECORD && !ratelimit::has_any(**bev);
        let file = file_part(**bev, tls, session, if whole { ROUND } else { most });
        if let Some(file) = file {
            match send_file(bev, tls, session, file) {
                Ok(n) => total += n,
                Err(outcome) => return (total > 0, outcome),
            }
            if total >= ROUND || !whole {
                break;
            }
            continue;
        }
        let Some((len, step)) = attempt(**bev, tls, session, most) else {
            // The program has frozen the output, or there is no memory for another try.
            break;
        };
        let Some(step) = step else {
            return (total > 0, Outcome::Gone);
        };
        if let Step::Done(n) = step {
            total += n.min(len);
            let complete = sent(**bev, tls, n.min(len));
            if !tls.is_on(connection) {
                return (true, Outcome::Gone);
            }
            if !complete {
                return (true, Outcome::Ended(End::of_system(libc::ENOMEM)));
            }
        }
        count(bev, tls, session);
        match step {
            // A limit of the program's own is for one attempt.
            Step::Done(_) if total >= ROUND || most < RECORD => break,
            Step::Done(_) => {}
            Step::WantWrite => return (total > 0, Outcome::WantsWrite),
            Step::WantRead => return (total > 0, Outcome::WantsRead),
            Step::Undecided => return (total > 0, Outcome::Undecided),
            Step::Ended(end) => return (total > 0, Outcome::Ended(end)),
        }
    }
    (total > 0, Outcome::Written)
}

/// Has files that come into the output sent by the kernel, if that encrypts by now.
pub(super) fn choose_files(bev: Bev, tls: &Tls) {
    let by_kernel = |session: Session| tls.underlying.is_none() && session.sends_files();
    let on = !tls.handshaking.get() && tls.session().is_some_and(by_kernel);
    bev.output().lock().set_flags(DRAINS_TO_FD, on);
}

/// The part of a file that is next, if the kernel can send it.
fn file_part(bev: Bev, tls: &Tls, session: Session, most: usize) -> Option<FileRange> {
    let output = bev.output().lock();
    let file = output
        .first_file()
        .filter(|_| tls.blocked.get().is_none())?;
    let can = session.sends_files() && !output.is_frozen(BufferEnd::Start);
    let len = file.len.min(most);
    can.then_some(FileRange { len, ..file })
}

/// Has the kernel send a part of a file, with which the output begins. How much that was.
fn send_file(bev: &Held, tls: &Tls, session: Session, file: FileRange) -> Result<usize, Outcome> {
    let output = bev.output();
    // The program's callbacks that run inside the session can't take the file away.
    output.lock().set_frozen(BufferEnd::Start, true);
    let step = tls.step(**bev, session, |session| session.send_file(file));
    output.lock().set_frozen(BufferEnd::Start, false);
    match step {
        None => Err(Outcome::Gone),
        Some(Step::Done(n)) => {
            let connection = tls.connection.get();
            let n = n.min(file.len);
            // Not through the BIO, which counts bytes.
            ratelimit::charge(bev, 0, c_int::try_from(n).unwrap_or(c_int::MAX));
            if output.lock().drain(n).is_err() {
                return Err(Outcome::Ended(End::of_system(libc::ENOMEM)));
            }
            if tls.is_on(connection) {
                Ok(n)
            } else {
                Err(Outcome::Gone)
            }
        }
        Some(Step::WantWrite) => Err(Outcome::WantsWrite),
        Some(Step::WantRead) => Err(Outcome::WantsRead),
        Some(Step::Undecided) => Err(Outcome::Undecided),
        Some(Step::Ended(end)) => Err(Outcome::Ended(end)),
    }
}

/// Has the session encrypt one record: what was blocked, or the beginning of the output.
fn attempt(bev: Bev, tls: &Tls, session: Session, most: usize) -> Option<(usize, Option<Step>)> {
    let mut most = most;
    if let Some(blocked) = tls.blocked.get() {
        most = blocked.len;
    }
    if let Some(blocked) = tls.blocked.get().filter(|blocked| !blocked.bytes.is_null()) {
        // SAFETY: allocated with this length, and freed by `forget` only, which no step calls.
        let bytes = unsafe { core::slice::from_raw_parts(blocked.bytes, blocked.len) };
        return Some((
            blocked.len,
            tls.step(bev, session, |session| session.write(bytes)),
        ));
    }
    let output = bev.output().lock();
    let first = output.pieces().next()?;
    let total = output.len();
    if first.len() >= most.min(total) {
        return write_bytes(bev, tls, session, &output, &first[..most.min(first.len())]);
    }
    let len = output.len_before_file(most);
    gather(bev, tls, session, &output, len)
}

/// Not inlined, for the space that it takes on the stack.
#[inline(never)]
fn gather(
    bev: Bev,
    tls: &Tls,
    session: Session,
    output: &Locked,
    len: usize,
) -> Option<(usize, Option<Step>)> {
    let mut space = [const { MaybeUninit::<u8>::uninit() }; RECORD];
    let mut filled = 0;
    for piece in output.pieces() {
        let n = piece.len().min(len - filled);
        // SAFETY: `len` is at most the size of the space.
        unsafe {
            ptr::copy_nonoverlapping(
                piece.as_ptr(),
                space.as_mut_ptr().cast::<u8>().add(filled),
                n,
            );
        }
        filled += n;
        if filled == len {
            break;
        }
    }
    // SAFETY: just written.
    let bytes = unsafe { core::slice::from_raw_parts(space.as_ptr().cast::<u8>(), filled) };
    write_bytes(bev, tls, session, output, bytes)
}

/// Has the session encrypt these bytes, with which the output begins.
fn write_bytes(
    bev: Bev,
    tls: &Tls,
    session: Session,
    output: &Locked,
    bytes: &[u8],
) -> Option<(usize, Option<Step>)> {
    let buf = output.buf();
    // The program's callbacks that run inside the session can't take the bytes away.
    let was_frozen = buf.lock().is_frozen(BufferEnd::Start);
    if was_frozen && tls.blocked.get().is_none() {
        return None;
    }
    buf.lock().set_frozen(BufferEnd::Start, true);
    let step = tls.step(bev, session, |session| session.write(bytes));
    buf.lock().set_frozen(BufferEnd::Start, was_frozen);
    if let Some(Step::WantRead | Step::WantWrite | Step::Undecided) = step
        && tls.blocked.get().is_none()
    {
        block(bev, tls, output, bytes);
    }
    Some((bytes.len(), step))
}

/// Keeps what the session wants again. Without memory for a copy the program can't change the
/// beginning of the output until then.
fn block(bev: Bev, tls: &Tls, output: &Locked, bytes: &[u8]) {
    let copy = mm::malloc(bytes.len()).cast::<u8>();
    if copy.is_null() {
        output.set_frozen(BufferEnd::Start, true);
    } else {
        // SAFETY: a fresh block of this length.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), copy, bytes.len()) };
        // SAFETY: `forget` takes the entry out before its memory goes.
        unsafe {
            let flags = callback::NOT_DEFERRED;
            let argument = bev.as_ptr().cast();
            output.add_embedded(tls.edits(), on_edit, argument, flags);
        }
    }
    tls.blocked.set(Some(Blocked {
        bytes: copy,
        len: bytes.len(),
        at: 0,
        left: bytes.len(),
        front: front(output),
    }));
}

/// Where the buffer begins in memory, or null.
fn front(output: &Locked) -> *const u8 {
    output.pieces().next().map_or(ptr::null(), <[u8]>::as_ptr)
}

/// The program has changed the output while a write is blocked.
///
/// # Safety
/// A buffer's callback, with the live bufferevent that it was installed with.
unsafe extern "C" fn on_edit(_: *mut evbuffer, info: *const evbuffer_cb_info, bev: *mut c_void) {
    // SAFETY: the buffer passes what it was given, and a live info.
    let (bev, info) = unsafe { (Bev::new(bev.cast()), info.read()) };
    let Some((bev, tls)) = bev.and_then(|bev| Some((bev, of(bev)?))) else {
        return;
    };
    let Some(mut blocked) = tls.blocked.get() else {
        return;
    };
    let output = bev.output().lock();
    // Bytes leave at the front only.
    let before = info.n_deleted.min(blocked.at);
    blocked.at -= before;
    blocked.left -= (info.n_deleted - before).min(blocked.left);
    let now = front(&output);
    if info.n_added > 0 && blocked.left > 0 && now != blocked.front {
        // SAFETY: allocated with this length.
        let bytes = unsafe { core::slice::from_raw_parts(blocked.bytes, blocked.len) };
        // Otherwise they were only moved in memory, to make space at the end.
        if !begins(&output, blocked.at, &bytes[blocked.len - blocked.left..]) {
            blocked.at += info.n_added;
        }
    }
    blocked.front = now;
    tls.blocked.set(Some(blocked));
}

/// Whether these bytes are in the buffer at an offset.
fn begins(output: &Locked, at: usize, bytes: &[u8]) -> bool {
    let (mut skip, mut bytes) = (at, bytes);
    for piece in output.pieces() {
        let piece = piece.get(skip..).unwrap_or_else(|| {
            skip -= piece.len();
            &[]
        });
        if piece.is_empty() {
            continue;
        }
        skip = 0;
        let n = piece.len().min(bytes.len());
        if piece[..n] != bytes[..n] {
            return false;
        }
        bytes = &bytes[n..];
        if bytes.is_empty() {
            return true;
        }
    }
    bytes.is_empty()
}

/// A record of so many bytes has left: they are taken out of the output. False without the memory
/// for that.
fn sent(bev: Bev, tls: &Tls, len: usize) -> bool {
    let output = bev.output();
    let Some(blocked) = tls.blocked.get() else {
        return output.lock().drain(len).is_ok();
    };
    forget(bev, tls);
    let mut locked = output.lock();
    if blocked.at == 0 {
        return locked.drain(blocked.left).is_ok();
    }
    // Behind what the program has put in front meanwhile.
    let Some(before) = OwnedBuf::new() else {
        return false;
    };
    drop(locked);
    before.move_front_from(output, blocked.at).is_ok()
        && output.lock().drain(blocked.left).is_ok()
        && output.prepend_from(*before).is_ok()
}

/// Nothing is blocked any more.
pub(super) fn forget(bev: Bev, tls: &Tls) {
    let Some(blocked) = tls.blocked.take() else {
        return;
    };
    let output = bev.output().lock();
    if blocked.bytes.is_null() {
        output.set_frozen(BufferEnd::Start, false);
    } else {
        output.set_callback_flags(tls.edits(), callback::ENABLED, false);
        // SAFETY: the block is the bufferevent's own.
        unsafe { mm::free(blocked.bytes.cast()) };
    }
}
