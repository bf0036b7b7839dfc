//! How the kernel is told of a descriptor, whatever it may have forgotten, and what is said when it refuses.

use core::ffi::c_int;
use core::fmt;

use crate::backend::{CLOSED, EDGE, Kernel, Mask, READ, Refusal, WRITE};
use crate::base::slot::Slot;
use crate::support::log;
use crate::sys::Errno;

/// Says what could not be watched.
pub fn warn(error: Errno, fd: c_int, wanted: Mask) {
    let name = Kernel::NAME;
    log::warn_code(
        error.code(),
        format_args!("{name} can't watch fd {fd} for {}", Wanted(wanted)),
    );
}

/// Registers a descriptor that the kernel is not expected to know.
pub fn register_or_change(
    kernel: &Kernel,
    fd: c_int,
    slot: &mut Slot,
    wanted: Mask,
) -> core::result::Result<(), Refusal> {
    slot.unregister();
    match kernel.register(fd, wanted, slot.generation) {
        Err(Refusal::Known) => kernel.change(fd, wanted, slot.generation),
        result => result,
    }
}

/// Changes what the kernel is expected to know of a descriptor.
pub fn change_or_register(
    kernel: &Kernel,
    fd: c_int,
    slot: &mut Slot,
    wanted: Mask,
) -> core::result::Result<(), Refusal> {
    if slot.registered == 0 {
        return register_or_change(kernel, fd, slot, wanted);
    }
    match kernel.change(fd, wanted, slot.generation) {
        Err(Refusal::Unknown) => {
            slot.unregister();
            kernel.register(fd, wanted, slot.generation)
        }
        result => result,
    }
}

#[cold]
#[inline(never)]
pub fn too_many_events(fd: c_int) -> Errno {
    log::warn(format_args!("Too many events on fd {fd}"));
    Errno::MFILE
}

#[cold]
#[inline(never)]
pub fn mixed_triggers(fd: usize) -> Errno {
    log::warn(format_args!(
        "Can't mix edge-triggered and level-triggered events on fd {fd}"
    ));
    Errno::INVAL
}

struct Wanted(Mask);

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let names = [
            (READ, "reading"),
            (WRITE, "writing"),
            (CLOSED, "closing"),
            (EDGE, "edges"),
        ];
        let mut separator = "";
        for (flag, name) in names {
            if self.0 & flag != 0 {
                write!(f, "{separator}{name}")?;
                separator = ", ";
            }
        }
        Ok(())
    }
}
