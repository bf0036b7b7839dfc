//! `<event2/keyvalq_struct.h>`: lists of names and values.

use core::ffi::c_char;

use super::queue::TailLink;

/// A name and its value, in a struct evkeyvalq. The struct, the name and the value are a block of
/// memory each, so that a program can free and replace the two strings.
#[repr(C)]
pub struct evkeyval {
    pub next: TailLink<evkeyval>,
    pub key: *mut c_char,
    pub value: *mut c_char,
}

/// A list of names and values: the headers of a message, or what a query says. It is a TAILQ_HEAD
/// of <sys/queue.h>, made empty by TAILQ_INIT().
/// cbindgen:no-export
#[repr(C)]
pub struct evkeyvalq {
    pub tqh_first: *mut evkeyval,
    pub tqh_last: *mut *mut evkeyval,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::offset_of;

    assert!(size_of::<evkeyval>() == 32);
    assert!(offset_of!(evkeyval, key) == 16);
    assert!(offset_of!(evkeyval, value) == 24);
    assert!(size_of::<evkeyvalq>() == 16);
    assert!(offset_of!(evkeyvalq, tqh_last) == 8);
};
