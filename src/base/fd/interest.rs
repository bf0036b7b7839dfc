//! Which events wait for which descriptor, and what the backend has been told.
//!
//! Every descriptor has *wanted* readiness (what its events ask for) and, when
//! the backend keeps interest in the kernel, *registered* readiness (what the
//! kernel was told last). They are brought together as late as possible:
//!
//! * The first event of a descriptor is registered at once, because programs
//!   rely on `event_add` failing for a bad descriptor.
//!   Bufferevents don't when there is output: they hear it from the write, which usually also ends
//!   the event before anything but its descriptor's list had to know of it.
//! * Other changes are noted and settled just before the next wait.
//! * When the last event goes, the registration *lingers*: usually the
//!   descriptor is closed next, which removes it for nothing, or an event is
//!   added again. If the kernel reports a lingering registration, it is
//!   deleted then.
//! * An event that is not persistent and is added again by its own callback
//!   costs one change of interest, which changes nothing: only the kernel knows
//!   whether the number is still the same file's.
//!
//! A change that the kernel has no memory for is tried again before every wait,
//! and the waits are short until then.
//!
//! What can go wrong is a descriptor that was closed, or closed while a
//! duplicate lives, without our knowing (see the backend). A change that
//! the kernel refuses because it forgot the descriptor becomes an addition. A
//! report for a registration that is not ours any more, and cannot be deleted
//! because its descriptor is gone, has the backend made anew; from then on
//! this base deletes at once, since its program is one that duplicates.

use core::ffi::c_int;
use core::hint::cold_path;

use super::registration::{
    self, change_or_register, mixed_triggers, register_or_change, too_many_events,
};
use crate::backend::{Backend, EDGE, Kernel, Mask, Ready, Refusal};
use crate::base::debug;
use crate::base::handle::{Ev, SourceList};
use crate::base::slot::{CHANGED, EDGE_TRIGGERED, Slot, UNREGISTERED};
use crate::ctypes::event::EV_ET;
use crate::support::mm;
use crate::sys::{self, Errno, Result};

/// From here on numbers are checked before there are slots for them.
const SPARSE_FD: usize = 1 << 16;

/// How soon the kernel has to know of a descriptor's first event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Adding {
    /// At once.
    Now,
    /// Before the wait, if the event is still there. The descriptor is a bufferevent's own, so it
    /// is what it was.
    Later,
    /// As [`Adding::Later`], of an event that is not expected to be there any more by then: until
    /// [`Interest::commit`] it is in its descriptor's list and nothing else is done. It belongs to
    /// a task (see `before_wait`), which is how it is found then.
    BeforeWait,
}

/// Whether the backend waits for something else than before, and may have to be woken to see it. As
/// wide as an error, so that a result of it is two registers.
#[derive(Clone, Copy)]
pub struct Change(u32);

impl Change {
    pub const NONE: Change = Change::new(false);

    #[inline]
    pub const fn new(changed: bool) -> Change {
        Change(changed as u32)
    }

    #[inline]
    pub const fn any(self) -> bool {
        self.0 != 0
    }
}

/// The descriptors of one base.
pub struct Interest {
    slots: mm::Vec<Slot>,
    changed: mm::Vec<c_int>,
    /// Delete registrations at once: see the module.
    eager: bool,
    /// Counts the waits.
    iteration: u32,
}

impl Interest {
    pub const fn new() -> Interest {
        Interest {
            slots: mm::vec(),
            changed: mm::vec(),
            eager: false,
            iteration: 0,
        }
    }

    fn slot(&mut self, fd: c_int) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(fd).ok()?)
    }

    /// The events of a descriptor.
    pub fn events(&self, fd: c_int) -> SourceList {
        usize::try_from(fd)
            .ok()
            .and_then(|index| self.slots.get(index))
            .map_or(SourceList::EMPTY, |slot| slot.events)
    }

    /// The bytes that are set aside for it.
    pub fn memory(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>() + self.changed.capacity() * size_of::<c_int>()
    }

    /// Descriptors below this number may have events.
    pub fn limit(&self) -> c_int {
        // Indices are descriptors, so the length fits.
        self.slots.len() as c_int
    }

    /// Registers an event. True if the backend may have to be woken to see it. Fails with
    /// nothing changed.
    #[inline(always)]
    pub fn add(&mut self, backend: &mut Backend, ev: Ev, how: Adding) -> Result<Change> {
        let Ok(index) = usize::try_from(ev.fd()) else {
            return Ok(Change::NONE);
        };
        self.make_place(index, ev)?;
        let told = self.count_and_tell(backend, ev, how)?;
        self.slots[index].events.push_front(ev);
        Ok(told)
    }

    /// [`Self::add`] for [`Adding::BeforeWait`].
    #[inline(always)]
    pub fn add_provisional(&mut self, ev: Ev) -> Result {
        let Ok(index) = usize::try_from(ev.fd()) else {
            return Ok(());
        };
        self.make_place(index, ev)?;
        ev.callback().set_provisional(true);
        self.slots[index].events.push_front(ev);
        Ok(())
    }

    /// [`Self::delete`] for an event that is not counted yet.
    #[inline(always)]
    pub fn delete_provisional(&mut self, ev: Ev) {
        ev.callback().set_provisional(false);
        if let Some(slot) = self.slot(ev.fd()) {
            slot.events.remove(ev);
        }
    }

    /// Ensures that an event can join its descriptor's list.
    #[inline(always)]
    fn make_place(&mut self, index: usize, ev: Ev) -> Result {
        if index >= self.slots.len() {
            self.grow(index, ev)?;
        }
        let slot = &mut self.slots[index];
        let edge = ev.events() & EV_ET != 0;
        let first = slot.events.first().is_none();
        if !first && debug::enabled() && edge != (slot.state & EDGE_TRIGGERED != 0) {
            return Err(mixed_triggers(index));
        }
        Ok(())
    }

    /// [`Self::add`] for an event that is in its descriptor's list already.
    #[inline(never)]
    pub fn commit(&mut self, backend: &mut Backend, ev: Ev) -> Result {
        self.count_and_tell(backend, ev, Adding::Later)?;
        ev.callback().set_provisional(false);
        Ok(())
    }

    /// Counts an event among those of its descriptor, and tells the kernel or makes a note to. True
    /// if the backend may have to be woken to see it. Fails with nothing changed.
    #[inline(always)]
    fn count_and_tell(&mut self, backend: &mut Backend, ev: Ev, how: Adding) -> Result<Change> {
        let fd = ev.fd();
        let index = fd as usize;
        let slot = &mut self.slots[index];
        let was_edge = slot.state & EDGE_TRIGGERED != 0;
        let Some((old, wanted)) = slot.recount(ev, 1) else {
            return Err(too_many_events(fd));
        };
        if wanted != old {
            let told = match backend.kernel() {
                None => backend.set(fd, wanted),
                Some(kernel) if !self.can_wait(index, ev, old, how) => {
                    self.register(kernel, fd, index, ev)
                }
                Some(kernel) => self.note_change(index).or_else(|_| {
                    // Without memory for the note, tell the kernel now.
                    let result = change_or_register(kernel, fd, &mut self.slots[index], wanted);
                    self.outcome(result, fd, wanted)
                }),
            };
            if let Err(error) = told {
                cold_path();
                let slot = &mut self.slots[index];
                slot.count(ev, -1);
                slot.decide_on_edges(was_edge);
                return Err(error);
            }
        }
        ev.callback().set_registered_before();
        Ok(Change::new(wanted != old))
    }

    /// Unregisters an event. True if the backend may have to be woken to see it.
    pub fn delete(&mut self, backend: &mut Backend, ev: Ev) -> bool {
        let fd = ev.fd();
        let iteration = self.iteration;
        let Some(slot) = self.slot(fd) else {
            return false;
        };
        slot.events.remove(ev);
        let Some((old, wanted)) = slot.recount(ev, -1) else {
            return false;
        };
        if wanted == old {
            return false;
        }
        match backend.kernel() {
            // Taking interest away cannot fail.
            None => drop(backend.set(fd, wanted)),
            Some(kernel) if wanted == 0 => {
                slot.idle_since = iteration;
                if self.eager {
                    self.forget(kernel, fd);
                }
            }
            // Without memory for the note, tell the kernel now.
            Some(kernel) => {
                if self.note_change(fd as usize).is_err() {
                    self.update(kernel, fd as usize);
                }
            }
        }
        true
    }

    /// Tells the kernel of a descriptor's events again before the next wait, so that it reports edges
    /// that it has reported.
    pub fn renew(&mut self, backend: &mut Backend, fd: c_int) {
        let Some(kernel) = backend.kernel() else {
            return;
        };
        let index = fd as usize;
        // Without memory for the note, tell the kernel now.
        if index < self.slots.len() && self.note_change(index).is_err() {
            self.update(kernel, index);
        }
    }

    #[cold]
    fn grow(&mut self, index: usize, ev: Ev) -> Result {
        // A number this high costs much memory: only if there is such a descriptor.
        if index >= SPARSE_FD && !sys::is_open(ev.fd()) {
            registration::warn(Errno::BADF, ev.fd(), ev.events() as Mask);
            return Err(Errno::BADF);
        }
        let wanted = (index + 1).max(16).next_power_of_two();
        let missing = wanted - self.slots.len();
        self.slots.try_reserve_exact(missing)?;
        self.slots.try_resize(wanted, Slot::EMPTY)
    }

    fn note_change(&mut self, index: usize) -> Result {
        let slot = &mut self.slots[index];
        if slot.state & CHANGED == 0 {
            self.changed.try_push(index as c_int)?;
            slot.state |= CHANGED;
        }
        Ok(())
    }

    /// Whether telling the kernel of an event that joins those that wanted `old` can wait; notes
    /// then what the kernel is not to be trusted with.
    fn can_wait(&mut self, index: usize, ev: Ev, old: Mask, how: Adding) -> bool {
        let slot = &mut self.slots[index];
        if how == Adding::Now {
            return old != 0 && slot.state & UNREGISTERED == 0;
        }
        if old == 0 {
            // What lingers may be another descriptor's, unless this event was here before.
            if !ev.callback().registered_before() {
                slot.unregister();
            }
            if slot.registered == 0 {
                slot.state |= UNREGISTERED;
            }
        }
        true
    }

    /// Tells the kernel of a descriptor that it may not know.
    fn register(&mut self, kernel: &mut Kernel, fd: c_int, index: usize, ev: Ev) -> Result {
        let slot = &mut self.slots[index];
        let wanted = slot.wanted();
        let same_event = ev.callback().registered_before();
        // What lingers is usually changed by an event that was here before or, within one iteration, takes
        // another's place; otherwise the number usually belongs to a new descriptor.
        let result = if same_event || slot.idle_since == self.iteration {
            change_or_register(kernel, fd, slot, wanted)
        } else {
            register_or_change(kernel, fd, slot, wanted)
        };
        self.outcome(result, fd, wanted)
    }

    #[inline(always)]
    fn outcome(
        &mut self,
        result: core::result::Result<(), Refusal>,
        fd: c_int,
        wanted: Mask,
    ) -> Result {
        match result {
            Ok(()) => {
                self.slots[fd as usize].registered = wanted;
                Ok(())
            }
            Err(refusal) => Err(self.refused(refusal, fd, wanted)),
        }
    }

    #[cold]
    #[inline(never)]
    fn refused(&mut self, refusal: Refusal, fd: c_int, wanted: Mask) -> Errno {
        let error = match refusal {
            // Nothing changed.
            Refusal::Transient(error) => error,
            Refusal::Final(error) => {
                self.slots[fd as usize].unregister();
                error
            }
            // The descriptor changed hands between two calls.
            Refusal::Known | Refusal::Unknown => {
                self.slots[fd as usize].unregister();
                Errno::BADF
            }
        };
        registration::warn(error, fd, wanted);
        error
    }

    /// Brings the kernel's interest in one descriptor up to date. True if that has to be tried
    /// again.
    fn update(&mut self, kernel: &mut Kernel, index: usize) -> bool {
        let slot = &mut self.slots[index];
        let wanted = slot.wanted();
        // Edge-triggered events that come and go want to hear of what is ready already.
        if wanted == 0 || wanted == slot.registered && wanted & EDGE == 0 {
            return false;
        }
        let fd = index as c_int;
        let result = change_or_register(kernel, fd, slot, wanted);
        // Otherwise the warning is all that can be done: the events have been accepted.
        let _ = self.outcome(result, fd, wanted);
        let again = result.is_err_and(Refusal::is_transient);
        if again && self.slots[index].registered & !wanted != 0 {
            // It would go on reporting what nobody wants; to delete it takes no memory.
            self.forget(kernel, fd);
        }
        again
    }

    /// Tells the backend everything that changed. Called before each wait.
    #[inline(always)]
    pub fn flush_changes(&mut self, backend: &mut Backend) {
        self.iteration = self.iteration.wrapping_add(1);
        if self.changed.is_empty() {
            return;
        }
        let Some(kernel) = backend.kernel() else {
            return;
        };
        let mut again = false;
        for place in (0..self.changed.len()).rev() {
            let index = self.changed[place] as usize;
            if self.update(kernel, index) {
                again = true;
            } else {
                self.slots[index].state &= !(CHANGED | UNREGISTERED);
            }
        }
        if again {
            let slots = &self.slots;
            self.changed
                .retain(|&fd| slots[fd as usize].state & CHANGED != 0);
        } else {
            self.changed.clear();
        }
    }

    /// Whether there is something to try again.
    #[inline]
    pub fn is_unsettled(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The events that a report of the kernel's may concern. A descriptor for which nobody waits any
    /// more is noted in `stale`.
    #[inline(always)]
    pub fn events_registered(&self, ready: &Ready, stale: &mut mm::Vec<c_int>) -> SourceList {
        // A negative number is above all places, and none of ours.
        let Some(slot) = self.slots.get(ready.fd as u32 as usize) else {
            cold_path();
            return SourceList::EMPTY;
        };
        // What is not registered any more was of another generation.
        if slot.generation == ready.generation && slot.events.first().is_some() {
            return slot.events;
        }
        cold_path();
        // Without memory for the note, it reports again.
        let _ = stale.try_push(ready.fd);
        SourceList::EMPTY
    }

    /// Deletes registrations that reported although nobody wants them. False if one can't be, because
    /// its file is not reachable by this descriptor any more: only a new backend is rid of it.
    #[cold]
    pub fn forget_stale(&mut self, kernel: &mut Kernel, stale: &[c_int]) -> bool {
        let mut all = true;
        for &fd in stale {
            all &= match self.slot(fd) {
                Some(slot) if slot.wanted() == 0 => self.forget(kernel, fd),
                _ => false,
            };
        }
        all
    }

    /// Removes a registration that nobody wants. False if the kernel doesn't know the descriptor.
    fn forget(&mut self, kernel: &mut Kernel, fd: c_int) -> bool {
        self.slots[fd as usize].unregister();
        kernel.remove(fd).is_ok()
    }

    /// Registers everything with a backend that knows nothing yet. The first error.
    pub fn register_all(&mut self, backend: &mut Backend) -> Result {
        self.changed.clear();
        let mut result = Ok(());
        for index in 0..self.slots.len() {
            let fd = index as c_int;
            let slot = &mut self.slots[index];
            slot.state &= !(CHANGED | UNREGISTERED);
            slot.unregister();
            let wanted = slot.wanted();
            if wanted == 0 {
                continue;
            }
            result = result.and(match backend.kernel() {
                None => backend.set(fd, wanted),
                Some(kernel) => {
                    let answer = register_or_change(kernel, fd, slot, wanted);
                    // As in `flush_changes`.
                    let noted = answer
                        .is_err_and(Refusal::is_transient)
                        .then(|| self.note_change(index));
                    let outcome = self.outcome(answer, fd, wanted);
                    if noted == Some(Ok(())) {
                        Ok(())
                    } else {
                        outcome
                    }
                }
            });
        }
        result
    }

    /// From now on deletes registrations at once.
    pub fn delete_at_once(&mut self) {
        self.eager = true;
    }
}
