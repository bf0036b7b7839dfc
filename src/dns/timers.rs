//! Deadlines, in which each user has a place of its own, so that nothing can fail once the place is
//! there.
//!
//! Nearly every deadline is taken away or put off before it comes. So neither touches the heap: what
//! stands there is no later than the deadline of its place, which is looked at when the time in the
//! heap has come.

use crate::support::mm;
use crate::support::time::Micros;

/// A deadline that never comes.
const NEVER: Micros = Micros::MAX;
const NOT_IN_HEAP: u32 = u32::MAX;

/// The place of one user.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place(u32);

impl Place {
    /// Of nobody: to be used for nothing.
    pub const NONE: Place = Place(u32::MAX);
}

struct Slot<T> {
    /// [`NEVER`] if there is none.
    deadline: Micros,
    /// Where in the heap, or [`NOT_IN_HEAP`].
    at: u32,
    /// `None` while the place is free.
    owner: Option<T>,
}

/// When to look at a place.
#[derive(Clone, Copy)]
struct Entry {
    time: Micros,
    place: u32,
}

/// The deadlines of owners `T`.
pub struct Timers<T> {
    slots: mm::Vec<Slot<T>>,
    /// Free places.
    free: mm::Vec<u32>,
    /// By time, each not later than the two below it.
    heap: mm::Vec<Entry>,
    /// How many places have a deadline.
    pending: usize,
}

impl<T: Copy> Timers<T> {
    pub fn new() -> Timers<T> {
        Timers {
            slots: mm::vec(),
            free: mm::vec(),
            heap: mm::vec(),
            pending: 0,
        }
    }

    /// Makes a place. `None` without memory.
    pub fn reserve(&mut self, owner: T) -> Option<Place> {
        if let Some(index) = self.free.pop() {
            // It may be in the heap still.
            self.slots[index as usize].owner = Some(owner);
            return Some(Place(index));
        }
        let index = u32::try_from(self.slots.len()).ok()?;
        // Room for every place in each of the three.
        self.slots.try_reserve(1).ok()?;
        let all = self.slots.len() + 1;
        self.free.try_reserve(all - self.free.len()).ok()?;
        self.heap.try_reserve(all - self.heap.len()).ok()?;
        self.slots.push_within_capacity(Slot {
            deadline: NEVER,
            at: NOT_IN_HEAP,
            owner: Some(owner),
        });
        Some(Place(index))
    }

    /// Gives a place back.
    pub fn release(&mut self, place: Place) {
        self.clear(place);
        self.slots[place.0 as usize].owner = None;
        self.free.push_within_capacity(place.0);
    }

    /// Sets a deadline, or another one.
    pub fn set(&mut self, place: Place, deadline: Micros) {
        let slot = &mut self.slots[place.0 as usize];
        self.pending += usize::from(slot.deadline == NEVER);
        // One that never comes by itself still has to be taken away.
        slot.deadline = deadline.min(NEVER - 1);
        let entry = Entry {
            time: slot.deadline,
            place: place.0,
        };
        if slot.at == NOT_IN_HEAP {
            slot.at = self.heap.len() as u32;
            self.heap.push_within_capacity(entry);
        } else if self.heap[slot.at as usize].time > deadline {
            self.heap[slot.at as usize] = entry;
        } else {
            return;
        }
        let at = self.slots[place.0 as usize].at;
        self.sift_up(at as usize);
    }

    /// Takes a deadline away, if there is one.
    pub fn clear(&mut self, place: Place) {
        let slot = &mut self.slots[place.0 as usize];
        self.pending -= usize::from(slot.deadline != NEVER);
        slot.deadline = NEVER;
    }

    /// When to look whether a deadline has come: not later than the next one.
    pub fn next(&self) -> Option<Micros> {
        let first = self.heap.first().map(|entry| entry.time);
        first.filter(|_| self.pending > 0)
    }

    /// Takes one away whose time has come.
    pub fn take_due(&mut self, now: Micros) -> Option<T> {
        while let Some(&Entry { time, place }) = self.heap.first()
            && time <= now
        {
            let slot = &mut self.slots[place as usize];
            if time < slot.deadline && slot.deadline != NEVER {
                // Put off. Others may be earlier now.
                self.heap[0].time = slot.deadline;
                self.sift_down(0);
                continue;
            }
            slot.at = NOT_IN_HEAP;
            let owner = slot.owner.filter(|_| slot.deadline != NEVER);
            self.clear(Place(place));
            self.heap.swap_remove(0);
            if !self.heap.is_empty() {
                self.note(0);
                self.sift_down(0);
            }
            if owner.is_some() {
                return owner;
            }
        }
        None
    }

    fn note(&mut self, at: usize) {
        self.slots[self.heap[at].place as usize].at = at as u32;
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.note(a);
        self.note(b);
    }

    fn sift_up(&mut self, mut at: usize) {
        while at > 0 {
            let above = (at - 1) / 2;
            if self.heap[above].time <= self.heap[at].time {
                break;
            }
            self.swap(at, above);
            at = above;
        }
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let below = (2 * at + 1..self.heap.len().min(2 * at + 3))
                .min_by_key(|&child| self.heap[child].time);
            match below {
                Some(child) if self.heap[child].time < self.heap[at].time => {
                    self.swap(at, child);
                    at = child;
                }
                _ => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::noise;

    #[test]
    fn deadlines_come_in_order() {
        let mut choices = noise(1);
        let mut below = |limit: usize| {
            let (a, b) = (choices.next(), choices.next());
            usize::from(u16::from_be_bytes([a.unwrap(), b.unwrap()])) % limit
        };
        let mut timers = Timers::new();
        let mut places: Vec<Place> = (0..500)
            .map(|owner| timers.reserve(owner).unwrap())
            .collect();
        let mut model = vec![None; places.len()];
        for round in 0..20_000 {
            let owner = below(places.len());
            if below(20) == 0 {
                timers.release(places[owner]);
                places[owner] = timers.reserve(owner).unwrap();
                model[owner] = None;
            } else if below(3) == 0 {
                timers.clear(places[owner]);
                model[owner] = None;
            } else {
                let deadline = round / 4 + below(1000) as Micros;
                timers.set(places[owner], deadline);
                model[owner] = Some(deadline);
            }
            let first = model.iter().flatten().min().copied();
            assert_eq!(timers.next().is_some(), first.is_some());
            assert!(timers.next() <= first);
            if round % 16 == 0 {
                // Some come, as time goes on.
                while let Some(owner) = timers.take_due(round / 4) {
                    assert!(model[owner].take().unwrap() <= round / 4);
                }
                let left = model.iter().flatten().min().copied();
                assert!(left.is_none_or(|left| left > round / 4));
                // Nothing that is past would wake the loop again and again.
                assert!(timers.next().is_none_or(|next| next > round / 4));
            }
        }
        let mut last = 0;
        while let Some(owner) = timers.take_due(Micros::MAX) {
            let deadline = model[owner].take().unwrap();
            assert!(deadline >= last);
            last = deadline;
        }
        assert!(model.iter().all(Option::is_none));
    }

    #[test]
    fn places_are_used_again() {
        let mut timers = Timers::new();
        let first = timers.reserve('a').unwrap();
        timers.set(first, 5);
        timers.release(first);
        assert_eq!(timers.next(), None);
        assert_eq!(timers.take_due(6), None);
        let second = timers.reserve('b').unwrap();
        assert_eq!(first, second);
        timers.set(second, 7);
        assert_eq!(timers.take_due(6), None);
        assert_eq!(timers.take_due(7), Some('b'));
    }
}
