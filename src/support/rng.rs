//! Unpredictable random bytes.
//!
//! They come from the kernel, call by call. Nothing is kept in the process, so
//! parent and child of a fork, a forked virtual machine or a memory dump never
//! share or reveal a state.

use std::ffi::{CStr, OsStr, c_char};
use std::fs::File;
use std::io::Read;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use super::log;
use crate::sys::{self, Errno};

/// The device to read where the kernel lacks getrandom or a sandbox forbids it.
/// Null stands for `/dev/urandom`.
static DEVICE: AtomicPtr<c_char> = AtomicPtr::new(ptr::null_mut());

/// Replaces `/dev/urandom`; null brings it back.
///
/// # Safety
/// `path` is null or a C string that lives, unchanged, as long as it is set.
pub unsafe fn set_device(path: *mut c_char) {
    DEVICE.store(path, Relaxed);
}

/// Fills `out`. An error means that there is no source of randomness at all.
pub fn fill(mut out: &mut [MaybeUninit<u8>]) -> sys::Result {
    while !out.is_empty() {
        match sys::random_bytes(out) {
            Ok(got) => out = &mut out[got..],
            Err(Errno::INTR) => {}
            Err(_) => return fill_from_device(out),
        }
    }
    Ok(())
}

/// Fills `out`, or ends the process: going on with predictable numbers would be worse.
pub fn fill_or_die(out: &mut [MaybeUninit<u8>]) {
    if let Err(error) = fill(out) {
        log::fatal_abort(format_args!("no source of random numbers: {error}"));
    }
}

fn fill_from_device(out: &mut [MaybeUninit<u8>]) -> sys::Result {
    let path = DEVICE.load(Relaxed);
    let path = match path.is_null() {
        true => c"/dev/urandom",
        // SAFETY: `set_device`'s caller promised it.
        false => unsafe { CStr::from_ptr(path) },
    };
    out.fill(MaybeUninit::new(0));
    // SAFETY: every byte was initialised just now.
    let out = unsafe { &mut *(ptr::from_mut(out) as *mut [u8]) };
    File::open(OsStr::from_bytes(path.to_bytes()))?.read_exact(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: impl Fn(&mut [MaybeUninit<u8>]) -> sys::Result) {
        source(&mut []).unwrap();
        let draw = || {
            let mut bytes = [MaybeUninit::new(0); 1000];
            source(&mut bytes).unwrap();
            // SAFETY: every byte was initialised above.
            bytes.map(|byte| unsafe { byte.assume_init() })
        };
        let first = draw();
        // 50 zero bytes in a row have a chance of 2^-400.
        assert!(first.chunks(50).all(|chunk| chunk.iter().any(|&b| b != 0)));
        assert_ne!(first, draw());
    }

    #[test]
    fn both_sources_fill_everything() {
        check(fill);
        check(fill_from_device);
    }
}
