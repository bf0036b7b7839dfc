//! The memory hooks of `event_set_mem_functions`, and containers over them.
//!
//! Everything that the library allocates on behalf of a program comes from
//! here, so that a program that counts, limits or pools memory sees all of it.
//! Running out is always a value (`null`, `None`, `Err`), never an abort.

use core::ffi::{c_char, c_void};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use allocator_api2::alloc::{AllocError, Allocator, Layout};

mod owned;
mod vec;

pub use owned::{Box, OwnedBlock};
pub use vec::{Vec, vec};

/// Replacement for `malloc`.
pub type MallocFn = unsafe extern "C" fn(usize) -> *mut c_void;
/// Replacement for `realloc`.
pub type ReallocFn = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
/// Replacement for `free`.
pub type FreeFn = unsafe extern "C" fn(*mut c_void);

// Null stands for libc's own function: the usual case is one load and a direct call.
static MALLOC: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static REALLOC: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static FREE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// The alignment that `malloc` and so every hook promises.
const MAX_ALIGN: usize = 16;

/// Installs the hooks; `None` brings back libc's function.
pub fn set_hooks(malloc: Option<MallocFn>, realloc: Option<ReallocFn>, free: Option<FreeFn>) {
    MALLOC.store(
        malloc.map_or(ptr::null_mut(), |f| f as *mut c_void),
        Relaxed,
    );
    REALLOC.store(
        realloc.map_or(ptr::null_mut(), |f| f as *mut c_void),
        Relaxed,
    );
    FREE.store(free.map_or(ptr::null_mut(), |f| f as *mut c_void), Relaxed);
}

/// Hooks need not set `errno`; callers of the library expect it.
fn or_no_memory(memory: *mut c_void) -> *mut c_void {
    if memory.is_null() {
        crate::sys::set_errno(libc::ENOMEM);
    }
    memory
}

/// `size` bytes of uninitialised memory; null for zero bytes, and with `ENOMEM` when there are none.
#[inline]
pub fn malloc(size: usize) -> *mut c_void {
    if size == 0 {
        return ptr::null_mut();
    }
    let hook = MALLOC.load(Relaxed);
    if hook.is_null() {
        // SAFETY: malloc accepts every size.
        return unsafe { libc::malloc(size) };
    }
    // SAFETY: set_hooks stored a MallocFn; the hook's contract is malloc's.
    or_no_memory(unsafe { core::mem::transmute::<*mut c_void, MallocFn>(hook)(size) })
}

/// `count * size` zeroed bytes; null when the product is zero, and with `ENOMEM` when it overflows
/// or there is no memory.
pub fn calloc(count: usize, size: usize) -> *mut c_void {
    let Some(bytes) = count.checked_mul(size) else {
        crate::sys::set_errno(libc::ENOMEM);
        return ptr::null_mut();
    };
    if bytes == 0 {
        return ptr::null_mut();
    }
    if MALLOC.load(Relaxed).is_null() {
        // SAFETY: calloc accepts every size.
        return unsafe { libc::calloc(1, bytes) };
    }
    let memory = malloc(bytes);
    if !memory.is_null() {
        // SAFETY: the hook returned at least `bytes` writable bytes.
        unsafe { ptr::write_bytes(memory.cast::<u8>(), 0, bytes) };
    }
    memory
}

/// Grows or shrinks a block.
///
/// # Safety
/// `memory` is null or a live block of this module.
pub unsafe fn realloc(memory: *mut c_void, size: usize) -> *mut c_void {
    let hook = REALLOC.load(Relaxed);
    if hook.is_null() {
        // SAFETY: the caller's promise is realloc's.
        return unsafe { libc::realloc(memory, size) };
    }
    // SAFETY: set_hooks stored a ReallocFn; the caller's promise is realloc's.
    let grown = unsafe { core::mem::transmute::<*mut c_void, ReallocFn>(hook)(memory, size) };
    // To shrink a block to nothing may give null, too.
    if size == 0 {
        grown
    } else {
        or_no_memory(grown)
    }
}

/// Gives a block back; null is accepted.
///
/// # Safety
/// `memory` is null or a live block of this module, and is not used afterwards.
#[inline]
pub unsafe fn free(memory: *mut c_void) {
    let hook = FREE.load(Relaxed);
    if hook.is_null() {
        // SAFETY: the caller's promise is free's.
        unsafe { libc::free(memory) };
    } else if !memory.is_null() {
        // SAFETY: set_hooks stored a FreeFn; the caller's promise is free's.
        unsafe { core::mem::transmute::<*mut c_void, FreeFn>(hook)(memory) };
    }
}

/// A copy of a C string, or null with `ENOMEM`.
///
/// # Safety
/// `text` is null (then `EINVAL`) or a NUL-terminated string.
pub unsafe fn strdup(text: *const c_char) -> *mut c_char {
    if text.is_null() {
        crate::sys::set_errno(libc::EINVAL);
        return ptr::null_mut();
    }
    // SAFETY: the caller passes a NUL-terminated string.
    let bytes = unsafe { libc::strlen(text) } + 1;
    let copy = malloc(bytes).cast::<c_char>();
    if !copy.is_null() {
        // SAFETY: both blocks hold `bytes` bytes and the new one overlaps nothing.
        unsafe { ptr::copy_nonoverlapping(text, copy, bytes) };
    }
    copy
}

/// Whether blocks come from a program's functions or go to them: libc's `realloc` doesn't know such
/// blocks, and programs leave that hook out.
fn has_hooks() -> bool {
    !MALLOC.load(Relaxed).is_null() || !FREE.load(Relaxed).is_null()
}

/// The hooks as an allocator.
#[derive(Clone, Copy, Default, Debug)]
pub struct Hooked;

// SAFETY: blocks come from malloc or a hook with its contract; they stay valid until freed, and
// every Hooked is the same allocator.
unsafe impl Allocator for Hooked {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            let dangling = NonNull::new(ptr::without_provenance_mut(layout.align()));
            return dangling
                .map(|block| NonNull::slice_from_raw_parts(block, 0))
                .ok_or(AllocError);
        }
        if layout.align() > MAX_ALIGN {
            return Err(AllocError);
        }
        NonNull::new(malloc(layout.size()).cast::<u8>())
            .map(|block| NonNull::slice_from_raw_parts(block, layout.size()))
            .ok_or(AllocError)
    }

    unsafe fn deallocate(&self, memory: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            // SAFETY: a block of non-zero size came from `malloc` above.
            unsafe { free(memory.as_ptr().cast()) };
        }
    }

    unsafe fn grow(
        &self,
        memory: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.allocate(new);
        }
        if new.align() > MAX_ALIGN {
            return Err(AllocError);
        }
        if REALLOC.load(Relaxed).is_null() && has_hooks() {
            let block = self.allocate(new)?;
            // SAFETY: both blocks have the smaller size, and the old one is given up.
            unsafe {
                ptr::copy_nonoverlapping(memory.as_ptr(), block.cast().as_ptr(), old.size());
                self.deallocate(memory, old);
            }
            return Ok(block);
        }
        // SAFETY: a block of non-zero size came from `malloc` or `realloc`.
        let grown = unsafe { realloc(memory.as_ptr().cast(), new.size()) }.cast::<u8>();
        NonNull::new(grown)
            .map(|block| NonNull::slice_from_raw_parts(block, new.size()))
            .ok_or(AllocError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_bytes_and_overflow_give_null() {
        assert!(malloc(0).is_null());
        assert!(calloc(0, 8).is_null());
        assert!(calloc(usize::MAX, 2).is_null());
    }

    #[test]
    fn strdup_copies() {
        // SAFETY: literals are NUL-terminated and the copy is freed once.
        unsafe {
            let copy = strdup(c"abc".as_ptr());
            assert_eq!(std::ffi::CStr::from_ptr(copy), c"abc");
            free(copy.cast());
            assert!(strdup(ptr::null()).is_null());
        }
    }
}
