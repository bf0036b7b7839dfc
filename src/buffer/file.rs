//! File segments: ranges of files that buffers hold without a copy in memory, if they can.
//!
//! A segment is a range that can be sent by `sendfile`, and that is mapped, or read if it can't be
//! mapped, when somebody wants to see its bytes.

use core::ffi::{c_int, c_uint, c_void};
use core::mem::{MaybeUninit, size_of};
use core::ptr;

use libc::off_t;

use super::chain::{self, Chain};
use super::{Buffer, DRAINS_TO_FD, Locked, callback, can_hold, count_added, end_frozen, list};
use crate::ctypes::opaque::evbuffer_file_segment;
use crate::support::{lock, log, mm, sys};

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
    refcnt: c_int,
    flags: c_uint,
    fd: c_int,
    offset: usize,
    len: usize,
    /// The bytes, once somebody wanted to see them.
    contents: *mut u8,
    /// What `contents` points into, if the file is mapped.
    mapping: *mut c_void,
    mapping_len: usize,
    cleanup: Option<Cleanup>,
    arg: *mut c_void,
}

/// A segment of the file open as `fd`: `len` bytes from `offset`, or all that follow if `len` is
/// -1. Null if that isn't possible or memory runs out; the descriptor stays the caller's then.
pub fn new(fd: c_int, offset: off_t, len: off_t, flags: c_uint) -> *mut Segment {
    let Ok(offset) = usize::try_from(offset) else {
        return ptr::null_mut();
    };
    let len = if len == -1 {
        match len_of_file(fd) {
            Some(whole) => whole.saturating_sub(offset),
            None => return ptr::null_mut(),
        }
    } else {
        match usize::try_from(len) {
            Ok(len) => len,
            Err(_) => return ptr::null_mut(),
        }
    };
    // Nothing that is done with an empty segment would find out.
    if len == 0 && !is_open(fd) {
        return ptr::null_mut();
    }
    if len > chain::MAX || offset > chain::MAX - len {
        return ptr::null_mut();
    }
    let segment = mm::malloc(size_of::<Segment>()).cast::<Segment>();
    if segment.is_null() {
        return segment;
    }
    // SAFETY: the block has the segment's size, and nobody else knows of it yet.
    unsafe {
        segment.write(Segment {
            lock: ptr::null_mut(),
            refcnt: 1,
            flags,
            fd,
            offset,
            len,
            contents: ptr::null_mut(),
            mapping: ptr::null_mut(),
            mapping_len: 0,
            cleanup: None,
            arg: ptr::null_mut(),
        });
        if flags & DISABLE_LOCKING == 0 && lock::enabled() {
            (*segment).lock = lock::alloc(lock::RECURSIVE);
            if (*segment).lock.is_null() {
                mm::free(segment.cast());
                return ptr::null_mut();
            }
        }
        if flags & DISABLE_SENDFILE != 0 && !materialize(segment) {
            lock::free((*segment).lock, lock::RECURSIVE);
            mm::free(segment.cast());
            return ptr::null_mut();
        }
    }
    segment
}

/// The length of a regular file; `None` for anything else, of which nobody knows.
fn len_of_file(fd: c_int) -> Option<usize> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: fstat fills the structure if it returns 0.
    unsafe {
        if libc::fstat(fd, status.as_mut_ptr()) != 0 {
            return None;
        }
        let status = status.assume_init();
        let regular = status.st_mode & libc::S_IFMT == libc::S_IFREG;
        usize::try_from(status.st_size).ok().filter(|_| regular)
    }
}

fn is_open(fd: c_int) -> bool {
    // SAFETY: fcntl with F_GETFD takes any number.
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}

/// Makes the bytes visible, by mapping or reading the file. False if neither works.
unsafe fn materialize(segment: *mut Segment) -> bool {
    // SAFETY: the caller holds the segment's lock, or is the only one to know of it.
    unsafe {
        if !(*segment).contents.is_null() || (*segment).len == 0 {
            return true;
        }
        if (*segment).flags & DISABLE_MMAP == 0 && map(segment) {
            return true;
        }
        read(segment)
    }
}

unsafe fn map(segment: *mut Segment) -> bool {
    // SAFETY: the caller owns the segment; sysconf has no preconditions, and mmap, given no
    // address, disturbs no memory in use.
    unsafe {
        let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
        let skipped = (*segment).offset % page;
        let len = (*segment).len + skipped;
        let mapping = libc::mmap(
            ptr::null_mut(),
            len,
            libc::PROT_READ,
            libc::MAP_PRIVATE,
            (*segment).fd,
            ((*segment).offset - skipped) as off_t,
        );
        if mapping == libc::MAP_FAILED {
            return false;
        }
        (*segment).mapping = mapping;
        (*segment).mapping_len = len;
        (*segment).contents = mapping.cast::<u8>().add(skipped);
    }
    true
}

unsafe fn read(segment: *mut Segment) -> bool {
    // SAFETY: the caller owns the segment; pread writes within the new block.
    unsafe {
        let memory = mm::malloc((*segment).len).cast::<u8>();
        if memory.is_null() {
            return false;
        }
        let mut done = 0;
        while done < (*segment).len {
            let n = libc::pread(
                (*segment).fd,
                memory.add(done).cast(),
                (*segment).len - done,
                ((*segment).offset + done) as off_t,
            );
            if n <= 0 {
                if n == -1 && sys::errno() == libc::EINTR {
                    continue;
                }
                let error = sys::errno();
                mm::free(memory.cast());
                if n == -1 {
                    log::warn_code(
                        error,
                        format_args!("evbuffer: cannot map or read fd {}", (*segment).fd),
                    );
                    sys::set_errno(error);
                }
                return false;
            }
            done += n as usize;
        }
        (*segment).contents = memory;
    }
    true
}

/// Sets what is called when the segment goes away, in place of what was set before.
///
/// # Safety
/// `segment` is live.
pub unsafe fn set_cleanup(segment: *mut Segment, cleanup: Option<Cleanup>, arg: *mut c_void) {
    // SAFETY: promised by the caller.
    unsafe {
        lock::lock((*segment).lock);
        (*segment).cleanup = cleanup;
        (*segment).arg = arg;
        lock::unlock((*segment).lock);
    }
}

/// Gives up a reference. The last one unmaps and, if so flagged, closes the file, and calls the
/// cleanup function.
///
/// # Safety
/// `segment` is live, and the reference is not used again.
pub unsafe fn free(segment: *mut Segment) {
    // SAFETY: promised by the caller.
    unsafe {
        let held = (*segment).lock;
        lock::lock(held);
        (*segment).refcnt -= 1;
        let last = (*segment).refcnt == 0;
        lock::unlock(held);
        if !last {
            return;
        }
        if !(*segment).mapping.is_null() {
            libc::munmap((*segment).mapping, (*segment).mapping_len);
        } else {
            mm::free((*segment).contents.cast());
        }
        if (*segment).flags & CLOSE_ON_FREE != 0 && (*segment).fd >= 0 {
            sys::close((*segment).fd);
        }
        if let Some(cleanup) = (*segment).cleanup {
            cleanup(segment.cast(), (*segment).flags as c_int, (*segment).arg);
        }
        lock::free(held, lock::RECURSIVE);
        mm::free(segment.cast());
    }
}

/// Appends `len` bytes of the segment, from `offset` in it, or all that follow if `len` is
/// negative. False, with nothing changed, if the segment has no such bytes or they can't be read,
/// the end is frozen, the buffer would grow too large or memory runs out.
///
/// # Safety
/// Both are live.
pub unsafe fn add_segment(
    buf: *mut Buffer,
    segment: *mut Segment,
    offset: off_t,
    len: off_t,
) -> bool {
    // SAFETY: promised by the caller.
    unsafe {
        let _locked = Locked::new(buf);
        let Ok(offset) = usize::try_from(offset) else {
            return false;
        };
        let Some(available) = (*segment).len.checked_sub(offset) else {
            return false;
        };
        let len = usize::try_from(len).unwrap_or(available);
        if len > available || end_frozen(buf) || !can_hold(buf, len) {
            return false;
        }
        let sendfile = (*buf).flags & DRAINS_TO_FD != 0 && (*segment).flags & DISABLE_SENDFILE == 0;
        let new = chain::new_borrowing(chain::FILE_SEGMENT, ptr::null_mut(), len, segment);
        if new.is_null() {
            return false;
        }
        lock::lock((*segment).lock);
        let usable = sendfile || materialize(segment);
        if usable {
            (*segment).refcnt += 1;
        }
        let contents = (*segment).contents;
        lock::unlock((*segment).lock);
        if !usable {
            // Nothing was borrowed yet.
            mm::free(new.cast());
            return false;
        }
        if sendfile {
            (*new).flags |= chain::SENDFILE;
            (*new).misalign = (*segment).offset + offset;
            (*new).buffer_len = (*new).misalign + len;
        } else {
            (*new).buffer = contents.wrapping_add(offset);
        }
        let replaced = list::push(buf, new);
        count_added(buf, len);
        chain::release_list(replaced);
        callback::notify(buf);
        true
    }
}

/// Appends `len` bytes of a file from `offset`, or all that follow if `len` is -1, and takes over
/// the descriptor. False, with nothing changed and the descriptor still the caller's, as for
/// [`new`] and [`add_segment`].
///
/// # Safety
/// `buf` is live.
pub unsafe fn add_file(buf: *mut Buffer, fd: c_int, offset: off_t, len: off_t) -> bool {
    let segment = new(fd, offset, len, 0);
    if segment.is_null() {
        return false;
    }
    // SAFETY: promised by the caller. A callback may drain the buffer, and so let the chain's
    // reference go, before this one is given up.
    unsafe {
        let _locked = Locked::new(buf);
        (*segment).flags |= CLOSE_ON_FREE;
        let added = add_segment(buf, segment, 0, -1);
        if !added {
            (*segment).flags &= !CLOSE_ON_FREE;
        }
        free(segment);
        added
    }
}

/// Gives up a chain's reference.
///
/// # Safety
/// `chain` holds a segment and is going away.
pub unsafe fn release(chain: *mut Chain) {
    // SAFETY: promised by the caller.
    unsafe { free(*chain::info::<*mut Segment>(chain)) };
}

/// The descriptor of the file that a chain is a part of.
///
/// # Safety
/// `chain` holds a segment.
pub unsafe fn descriptor(chain: *mut Chain) -> c_int {
    // SAFETY: the chain keeps the segment alive.
    unsafe { (**chain::info::<*mut Segment>(chain)).fd }
}

/// Makes sure that the chain's bytes are in memory, even of one that was meant for `sendfile`.
/// False if they can't be read.
///
/// # Safety
/// `chain` is live and its buffer's lock is held.
#[inline]
pub unsafe fn make_readable(chain: *mut Chain) -> bool {
    // SAFETY: promised by the caller.
    unsafe { !chain::has(chain, chain::SENDFILE) || materialize_chain(chain) }
}

#[cold]
unsafe fn materialize_chain(chain: *mut Chain) -> bool {
    // SAFETY: `make_readable`'s contract; the chain keeps the segment alive.
    unsafe {
        let segment = *chain::info::<*mut Segment>(chain);
        lock::lock((*segment).lock);
        let readable = materialize(segment);
        lock::unlock((*segment).lock);
        if readable {
            (*chain).misalign -= (*segment).offset;
            (*chain).buffer_len -= (*segment).offset;
            (*chain).buffer = (*segment).contents;
            (*chain).flags &= !chain::SENDFILE;
        }
        readable
    }
}
