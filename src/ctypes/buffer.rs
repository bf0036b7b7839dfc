//! `<event2/buffer.h>`: byte queues for the network.

use core::ffi::{c_int, c_uint, c_void};

use libc::iovec;

use super::opaque::{evbuffer, evbuffer_file_segment};
use super::util::ev_ssize_t;

/// `struct iovec`, which the header calls evbuffer_iovec.
pub type evbuffer_iovec = iovec;
/// An enum of C: any integer can arrive.
pub type evbuffer_eol_style = c_uint;
/// An enum of C: any integer can arrive.
pub type evbuffer_ptr_how = c_uint;

/// Where the library keeps the chain of an evbuffer_ptr.
///
/// cbindgen:anonymous
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evbuffer_ptr_internal {
    pub chain: *mut c_void,
    pub pos_in_chain: usize,
}

/// A position in a buffer: from its first byte to just after its last.
///
/// evbuffer_ptr_set() and the searching functions make them. A position becomes invalid once the
/// buffer is changed or rearranged.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct evbuffer_ptr {
    /// Bytes from the start of the buffer; -1 for "not found".
    pub pos: ev_ssize_t,
    /// For the library only.
    pub internal_: evbuffer_ptr_internal,
}

/// Flag of a buffer whose bytes are never read by the program: they are only written to descriptors
/// with evbuffer_write() and its relatives, drained, or moved to another buffer. Files that are
/// added to it can then be sent without being mapped or read. Bufferevents set it on their output
/// where it applies. Since 2.0.
pub const EVBUFFER_FLAG_DRAINS_TO_FD: c_int = 1;

/// Flag of an enabled callback. A callback without it is not called. Since 2.0.
pub const EVBUFFER_CB_ENABLED: c_int = 1;

/// Flag of a file segment: close the descriptor when the segment goes away. Since 2.1.
pub const EVBUF_FS_CLOSE_ON_FREE: c_int = 0x01;
/// Flag of a file segment: don't map the file into memory, read it. Since 2.1.
pub const EVBUF_FS_DISABLE_MMAP: c_int = 0x02;
/// Flag of a file segment: don't use sendfile(), because the bytes will be accessed. Since 2.1.
pub const EVBUF_FS_DISABLE_SENDFILE: c_int = 0x04;
/// Flag of a file segment: make no lock. Neither the segment nor a buffer that holds it may then be
/// used by more than one thread. Since 2.1.
pub const EVBUF_FS_DISABLE_LOCKING: c_int = 0x08;

/// Describes a change, for callbacks.
#[repr(C)]
pub struct evbuffer_cb_info {
    /// The bytes in the buffer when callbacks were last called.
    pub orig_size: usize,
    /// The bytes added since.
    pub n_added: usize,
    /// The bytes removed since.
    pub n_deleted: usize,
}

/// Called when bytes have been added to a buffer or removed from it.
///
/// It may change the buffer, which calls all callbacks again, add and remove callbacks, itself
/// included, and free the buffer.
pub type evbuffer_cb_func = Option<
    unsafe extern "C" fn(buffer: *mut evbuffer, info: *const evbuffer_cb_info, arg: *mut c_void),
>;
/// Releases memory that was added by evbuffer_add_reference(). It is called once for the whole
/// block, when no buffer needs it any more.
pub type evbuffer_ref_cleanup_cb =
    Option<unsafe extern "C" fn(data: *const c_void, datalen: usize, extra: *mut c_void)>;
/// Called when a file segment is freed, with its flags.
pub type evbuffer_file_segment_cleanup_cb =
    Option<unsafe extern "C" fn(seg: *const evbuffer_file_segment, flags: c_int, arg: *mut c_void)>;
