//! File segments: ranges of files that buffers hold without a copy in memory, if they can.
//!
//! A segment is a range that can be sent by `sendfile`, and that is mapped, or read if it can't be
//! mapped, when its bytes are to be seen.

use core::cell::{Cell, OnceCell};
use core::ffi::{c_int, c_uint, c_void};
use core::mem::{MaybeUninit, size_of};
use core::ptr::{self, NonNull};

use libc::off64_t;
use memmap2::{MmapOptions, MmapRaw};

use super::chain::{self, ChainRef, Lend};
use super::handle::{Refused, Result};
use super::{DRAINS_TO_FD, Locked};
use crate::ctypes::opaque::evbuffer_file_segment;
use crate::support::thunk::Ref;
use crate::support::{lock, log, mm};
use crate::sys::{self, Errno};

/// Close the descriptor with the segment.
pub const CLOSE_ON_FREE: c_uint = 0x01;
/// Don't map the file: read it.
pub const DISABLE_MMAP: c_uint = 0x02;
/// Don't send the file by `sendfile`: its bytes will be looked at.
pub const DISABLE_SENDFILE: c_uint = 0x04;
/// The segment is used by one thread only.
pub const DISABLE_LOCKING: c_uint = 0x08;

/// Gets the segment, its flags, and the registered argument.
pub type Cleanup = unsafe extern "C" fn(*const evbuffer_file_segment, c_int, *mut c_void);

/// `struct evbuffer_file_segment`.
pub struct Segment {
    lock: *mut c_void,
    /// One for the program, one for each chain.
    refcnt: Cell<c_int>,
    flags: Cell<c_uint>,
    fd: c_int,
    offset: usize,
    len: usize,
    /// The bytes, once they had to be seen.
    contents: OnceCell<Contents>,
    cleanup: Cell<Option<Cleanup>>,
    arg: Cell<*mut c_void>,
}

/// The bytes of a file in memory.
enum Contents {
    Mapped(MmapRaw),
    Read(NonNull<u8>),
    /// There are none.
    Empty,
}

/// A live segment: the program's, or one to which a chain has a reference.
pub type SegmentRef = Ref<Segment>;

/// The lock of a segment, held.
struct Held(SegmentRef);

impl Held {
    fn new(segment: SegmentRef) -> Self {
        // SAFETY: null, or a lock that lives as long as the segment.
        unsafe { lock::lock(segment.lock) };
        Held(segment)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: as in `new`, and the segment is live while it is held.
        unsafe { lock::unlock(self.0.lock) };
    }
}

/// A segment of the file open as `fd`: `len` bytes from `offset`, or all that follow if `len` is
/// -1. `None` if that isn't possible or memory runs out; the descriptor stays the caller's then.
pub fn new(fd: c_int, offset: off64_t, len: off64_t, flags: c_uint) -> Option<SegmentRef> {
    let offset = usize::try_from(offset).ok()?;
    let len = match len {
        -1 => len_of_file(fd)?.saturating_sub(offset),
        len => usize::try_from(len).ok()?,
    };
    // Nothing that is done with an empty segment would find out.
    if len == 0 && !sys::is_open(fd) || len > chain::MAX || offset > chain::MAX - len {
        return None;
    }
    let segment = NonNull::new(mm::malloc(size_of::<Segment>()).cast::<Segment>())?;
    let locking = flags & DISABLE_LOCKING == 0 && lock::enabled();
    let lock = if locking {
        lock::alloc(lock::RECURSIVE)
    } else {
        ptr::null_mut()
    };
    // SAFETY: the block has the segment's size, and lives until its last reference is given up.
    let segment = unsafe {
        segment.write(Segment {
            lock,
            refcnt: Cell::new(1),
            // Until it is complete, the descriptor stays open.
            flags: Cell::new(flags & !CLOSE_ON_FREE),
            fd,
            offset,
            len,
            contents: OnceCell::new(),
            cleanup: Cell::new(None),
            arg: Cell::new(ptr::null_mut()),
        });
        SegmentRef::new(segment)
    };
    let has_lock = !locking || !lock.is_null();
    if !has_lock || flags & DISABLE_SENDFILE != 0 && segment.contents().is_none() {
        let error = sys::errno();
        // SAFETY: nothing else knows of it.
        unsafe { free(segment) };
        sys::set_errno(error);
        return None;
    }
    segment.flags.set(flags);
    Some(segment)
}

/// The length of a regular file; `None` for anything else, which has none.
fn len_of_file(fd: c_int) -> Option<usize> {
    let mut status = MaybeUninit::<libc::stat64>::uninit();
    // SAFETY: fstat fills the structure if it returns 0.
    let status = unsafe {
        if libc::fstat64(fd, status.as_mut_ptr()) != 0 {
            return None;
        }
        status.assume_init()
    };
    let regular = status.st_mode & libc::S_IFMT == libc::S_IFREG;
    usize::try_from(status.st_size).ok().filter(|_| regular)
}

impl Segment {
    /// The first byte in memory, for which the file is mapped or read; `None` if neither works. The
    /// segment is locked, or nothing else knows of it.
    fn contents(&self) -> Option<*mut u8> {
        if self.contents.get().is_none() {
            // It was empty, so that this succeeds.
            let _ = self.contents.set(self.load()?);
        }
        Some(match self.contents.get()? {
            Contents::Mapped(mapping) => mapping.as_mut_ptr(),
            Contents::Read(memory) => memory.as_ptr(),
            Contents::Empty => ptr::null_mut(),
        })
    }

    fn load(&self) -> Option<Contents> {
        if self.len == 0 {
            return Some(Contents::Empty);
        }
        if self.flags.get() & DISABLE_MMAP == 0
            && let Ok(mapping) = MmapOptions::new()
                .offset(self.offset as u64)
                .len(self.len)
                .map_raw_read_only(self.fd)
        {
            return Some(Contents::Mapped(mapping));
        }
        self.read().map(Contents::Read)
    }

    fn read(&self) -> Option<NonNull<u8>> {
        let memory = NonNull::new(mm::malloc(self.len).cast::<u8>())?;
        let mut done = 0;
        while done < self.len {
            let offset = (self.offset + done) as off64_t;
            // SAFETY: pread writes within the new block.
            let n = unsafe {
                let rest = memory.as_ptr().add(done).cast();
                libc::pread64(self.fd, rest, self.len - done, offset)
            };
            if n > 0 {
                done += n as usize;
                continue;
            }
            let error = Errno::last();
            if n < 0 && error == Errno::INTR {
                continue;
            }
            // SAFETY: nothing else knows the block.
            unsafe { mm::free(memory.as_ptr().cast()) };
            if n < 0 {
                let text = format_args!("evbuffer: cannot map or read fd {}", self.fd);
                log::warn_code(error.code(), text);
                error.set();
            }
            return None;
        }
        Some(memory)
    }
}

/// Sets what is called when the segment goes away, in place of what was set before.
pub fn set_cleanup(segment: SegmentRef, cleanup: Option<Cleanup>, arg: *mut c_void) {
    let held = Held::new(segment);
    held.0.cleanup.set(cleanup);
    held.0.arg.set(arg);
}

/// Gives up a reference. The last one unmaps and, if so flagged, closes the file, and calls the
/// cleanup function.
///
/// # Safety
/// The reference is not used again.
pub unsafe fn free(segment: SegmentRef) {
    {
        let held = Held::new(segment);
        let left = held.0.refcnt.get() - 1;
        held.0.refcnt.set(left);
        if left != 0 {
            return;
        }
    }
    let flags = segment.flags.get();
    // SAFETY: that was the last reference, so the segment is this function's alone.
    unsafe {
        let contents = &raw mut (*segment.as_ptr()).contents;
        if let Some(Contents::Read(memory)) = contents.read().into_inner() {
            mm::free(memory.as_ptr().cast());
        }
        if flags & CLOSE_ON_FREE != 0 && segment.fd >= 0 {
            sys::close(segment.fd);
        }
        if let Some(cleanup) = segment.cleanup.get() {
            cleanup(segment.as_ptr().cast(), flags as c_int, segment.arg.get());
        }
        lock::free(segment.lock, lock::RECURSIVE);
        mm::free(segment.as_ptr().cast());
    }
}

/// What a chain knows of its segment.
struct Part(SegmentRef);

impl Lend for Part {
    unsafe fn give_back(chain: ChainRef) {
        // SAFETY: the chain has a reference to its segment, which it gives up.
        unsafe {
            let Part(segment) = chain.info::<Self>().read();
            free(segment);
        }
    }
}

impl Locked {
    /// Appends `len` bytes of the segment, from `offset` in it, or all that follow if `len` is
    /// negative. Refused, with nothing changed, if the segment has no such bytes or they can't be
    /// read, the end is frozen, the buffer would grow too large or memory runs out.
    pub fn add_segment(&mut self, segment: SegmentRef, offset: off64_t, len: off64_t) -> Result {
        let offset = usize::try_from(offset).map_err(|_| Refused)?;
        let available = segment.len.checked_sub(offset).ok_or(Refused)?;
        let len = usize::try_from(len).unwrap_or(available);
        if len > available {
            return Err(Refused);
        }
        self.check_addition(len)?;
        let sendfile =
            self.flags.get() & DRAINS_TO_FD != 0 && segment.flags.get() & DISABLE_SENDFILE == 0;
        let held = Held::new(segment);
        let data = if sendfile {
            ptr::null_mut()
        } else {
            segment.contents().ok_or(Refused)?.wrapping_add(offset)
        };
        let new = chain::new_borrowing(chain::FILE_SEGMENT, data, len, Part(segment));
        let new = new.ok_or(Refused)?;
        segment.refcnt.set(segment.refcnt.get() + 1);
        drop(held);
        if sendfile {
            new.set(chain::SENDFILE);
            new.misalign.set(segment.offset + offset);
            new.buffer_len.set(new.misalign.get() + len);
        }
        self.push(new);
        self.count_added(len);
        self.notify();
        Ok(())
    }

    /// Appends `len` bytes of a file from `offset`, or all that follow if `len` is -1, and takes
    /// over the descriptor. Refused, with nothing changed and the descriptor still the caller's, as
    /// for [`new`] and [`Self::add_segment`].
    pub fn add_file(&mut self, fd: c_int, offset: off64_t, len: off64_t) -> Result {
        let segment = new(fd, offset, len, 0).ok_or(Refused)?;
        // A callback may drain the buffer, and so let the chain's reference go, before this one is
        // given up.
        segment.flags.set(CLOSE_ON_FREE);
        let added = self.add_segment(segment, 0, -1);
        if added.is_err() {
            segment.flags.set(0);
        }
        // SAFETY: this function's own reference.
        unsafe { free(segment) };
        added
    }
}

/// The segment of a chain that is flagged to have one.
fn segment(chain: ChainRef) -> SegmentRef {
    // SAFETY: the flag says what follows the header, and the chain keeps the segment alive.
    unsafe { (*chain.info::<Part>()).0 }
}

/// The descriptor of the file that a chain, which holds a segment, is a part of.
pub fn descriptor(chain: ChainRef) -> c_int {
    segment(chain).fd
}

/// Brings the bytes of a chain that was meant for `sendfile` to memory. False if they can't be read.
#[cold]
pub fn make_readable(chain: ChainRef) -> bool {
    let segment = segment(chain);
    let Some(contents) = Held::new(segment).0.contents() else {
        return false;
    };
    chain.misalign.set(chain.misalign.get() - segment.offset);
    chain
        .buffer_len
        .set(chain.buffer_len.get() - segment.offset);
    chain.buffer.set(contents);
    chain.flags.set(chain.flags.get() & !chain::SENDFILE);
    true
}
