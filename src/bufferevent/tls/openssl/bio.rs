//! A BIO on the buffers of a bufferevent.
//!
//! OpenSSL calls it with nothing but the BIO, and the functions by which one looks into a BIO are
//! those of its own copy of OpenSSL. So each table has callbacks of its own.

use core::ffi::{c_char, c_int, c_long, c_void};
use core::ptr::{self, NonNull};
use core::slice;
use core::sync::atomic::Ordering;

use super::super::super::Bev;
use super::super::transport;
use super::table::{self, Table, bio_method_st, bio_st};

/// The number that libevent gives the kind.
const TYPE: c_int = 57 | BIO_TYPE_SOURCE_SINK;
const BIO_TYPE_SOURCE_SINK: c_int = 0x400;

const BIO_FLAGS_READ: c_int = 1;
const BIO_FLAGS_WRITE: c_int = 2;
const BIO_FLAGS_SHOULD_RETRY: c_int = 8;
const RETRY: c_int = BIO_FLAGS_READ | BIO_FLAGS_WRITE | 4 | BIO_FLAGS_SHOULD_RETRY;

const BIO_CTRL_GET_CLOSE: c_int = 8;
const BIO_CTRL_PENDING: c_int = 10;
const BIO_CTRL_FLUSH: c_int = 11;
const BIO_CTRL_DUP: c_int = 12;
const BIO_CTRL_WPENDING: c_int = 13;

/// A BIO on `underlying`, to be given to a session; the second reference is the caller's. `None`
/// without memory.
pub fn new(table: &'static Table, underlying: Bev) -> Option<NonNull<bio_st>> {
    let method = method(table)?;
    // SAFETY: the method stays; the BIO is new.
    unsafe {
        let bio = NonNull::new((table.BIO_new)(method))?;
        (table.BIO_set_data)(bio.as_ptr(), underlying.as_ptr().cast());
        (table.BIO_set_init)(bio.as_ptr(), 1);
        (table.BIO_up_ref)(bio.as_ptr());
        Some(bio)
    }
}

/// The bufferevent is going away: the BIO, if the session still has it, leads nowhere.
///
/// # Safety
/// The caller's reference from [`new`], which is given up.
pub unsafe fn release(table: &'static Table, bio: NonNull<bio_st>) {
    // SAFETY: promised by the caller.
    unsafe {
        (table.BIO_set_data)(bio.as_ptr(), ptr::null_mut());
        (table.BIO_free)(bio.as_ptr());
    }
}

/// The kind of BIO, made on first use.
fn method(table: &'static Table) -> Option<*const bio_method_st> {
    let known = table.method.load(Ordering::Acquire);
    if !known.is_null() {
        return Some(known);
    }
    let callbacks = CALLBACKS.get(table::place(table)?)?;
    // SAFETY: the method is new until it is known; the name stays.
    unsafe {
        let made = (table.BIO_meth_new)(TYPE, c"bufferevent".as_ptr());
        if made.is_null() {
            return None;
        }
        let complete = (table.BIO_meth_set_read)(made, callbacks.read)
            & (table.BIO_meth_set_write)(made, callbacks.write)
            & (table.BIO_meth_set_ctrl)(made, callbacks.control);
        let former = table.method.compare_exchange(
            ptr::null_mut(),
            made,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        match former {
            Ok(_) if complete == 1 => Some(made),
            Ok(_) => None,
            Err(faster) => {
                (table.BIO_meth_free)(made);
                Some(faster)
            }
        }
    }
}

struct Callbacks {
    read: table::BioRead,
    write: table::BioWrite,
    control: table::BioControl,
}

impl Callbacks {
    const fn of<const PLACE: usize>() -> Callbacks {
        Callbacks {
            read: read::<PLACE>,
            write: write::<PLACE>,
            control: control::<PLACE>,
        }
    }
}

/// For each place of a table.
static CALLBACKS: [Callbacks; table::MAX_COPIES] = [
    Callbacks::of::<0>(),
    Callbacks::of::<1>(),
    Callbacks::of::<2>(),
    Callbacks::of::<3>(),
];

/// The table, and the bufferevent below; `None` if that has gone.
///
/// # Safety
/// A live BIO whose kind has the callbacks of that place.
unsafe fn both<const PLACE: usize>(bio: *mut bio_st) -> Option<(&'static Table, Bev)> {
    let table = table::at(PLACE)?;
    // SAFETY: the data are null or a bufferevent that is alive until they are set to null.
    let underlying = unsafe { Bev::new((table.BIO_get_data)(bio).cast()) }?;
    Some((table, underlying))
}

/// # Safety
/// OpenSSL calls it for a BIO of ours, with `len` writable bytes.
unsafe extern "C" fn read<const PLACE: usize>(
    bio: *mut bio_st,
    into: *mut c_char,
    len: c_int,
) -> c_int {
    // SAFETY: OpenSSL passes a BIO of this kind.
    let both = unsafe { both::<PLACE>(bio) };
    let (Some((table, underlying)), Ok(len)) = (both, usize::try_from(len)) else {
        return -1;
    };
    if into.is_null() || len == 0 {
        return 0;
    }
    // SAFETY: a live BIO.
    unsafe { (table.BIO_clear_flags)(bio, RETRY) };
    // SAFETY: OpenSSL passes memory of this length.
    let into = unsafe { slice::from_raw_parts_mut(into.cast(), len) };
    match transport::receive(underlying, into) {
        Some(n) => n as c_int,
        None => {
            // SAFETY: a live BIO.
            unsafe { (table.BIO_set_flags)(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY) };
            -1
        }
    }
}

/// # Safety
/// OpenSSL calls it for a BIO of ours, with `len` readable bytes.
unsafe extern "C" fn write<const PLACE: usize>(
    bio: *mut bio_st,
    from: *const c_char,
    len: c_int,
) -> c_int {
    // SAFETY: OpenSSL passes a BIO of this kind.
    let both = unsafe { both::<PLACE>(bio) };
    let (Some((table, underlying)), Ok(len)) = (both, usize::try_from(len)) else {
        return -1;
    };
    if from.is_null() || len == 0 {
        return 0;
    }
    // SAFETY: a live BIO.
    unsafe { (table.BIO_clear_flags)(bio, RETRY) };
    // SAFETY: OpenSSL passes memory of this length.
    let from = unsafe { slice::from_raw_parts(from.cast(), len) };
    match transport::send(underlying, from) {
        Ok(Some(n)) => n as c_int,
        Err(error) => {
            error.set();
            -1
        }
        Ok(None) => {
            // SAFETY: a live BIO.
            unsafe { (table.BIO_set_flags)(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY) };
            -1
        }
    }
}

/// # Safety
/// OpenSSL calls it for a BIO of ours.
unsafe extern "C" fn control<const PLACE: usize>(
    bio: *mut bio_st,
    command: c_int,
    _: c_long,
    _: *mut c_void,
) -> c_long {
    // SAFETY: OpenSSL passes a BIO of this kind.
    let both = unsafe { both::<PLACE>(bio) };
    let len = |len: usize| c_long::try_from(len).unwrap_or(c_long::MAX);
    match (command, both) {
        (BIO_CTRL_PENDING, Some((_, underlying))) => len(underlying.input_len()),
        (BIO_CTRL_WPENDING, Some((_, underlying))) => len(underlying.output_len()),
        // The bufferevent is not closed with its BIO.
        (BIO_CTRL_GET_CLOSE, _) => 0,
        (BIO_CTRL_DUP | BIO_CTRL_FLUSH, _) => 1,
        _ => 0,
    }
}
