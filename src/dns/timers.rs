//! Deadlines: a heap in which each user has a place of its own, so that nothing can fail once the
//! place is there.

use crate::support::mm;
use crate::support::time::Micros;

const NOT_IN_HEAP: u32 = u32::MAX;

/// The place of one user.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place(u32);

struct Slot<T> {
    /// In microseconds.
    deadline: Micros,
    /// Where in the heap, or [`NOT_IN_HEAP`].
    at: u32,
    /// `None` while the place is free.
    owner: Option<T>,
}

/// The deadlines of owners `T`.
pub struct Timers<T> {
    slots: mm::Vec<Slot<T>>,
    /// Free places.
    free: mm::Vec<u32>,
    /// Places by deadline, each not later than the two below it.
    heap: mm::Vec<u32>,
}

impl<T: Copy> Timers<T> {
    pub fn new() -> Timers<T> {
        Timers {
            slots: mm::vec(),
            free: mm::vec(),
            heap: mm::vec(),
        }
    }

    /// Makes a place. `None` without memory.
    pub fn reserve(&mut self, owner: T) -> Option<Place> {
        let slot = Slot {
            deadline: 0,
            at: NOT_IN_HEAP,
            owner: Some(owner),
        };
        if let Some(index) = self.free.pop() {
            self.slots[index as usize] = slot;
            return Some(Place(index));
        }
        let index = u32::try_from(self.slots.len()).ok()?;
        // Room for every place in each of the three.
        self.slots.try_reserve(1).ok()?;
        let all = self.slots.len() + 1;
        self.free.try_reserve(all - self.free.len()).ok()?;
        self.heap.try_reserve(all - self.heap.len()).ok()?;
        self.slots.push_within_capacity(slot);
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
        slot.deadline = deadline;
        let at = if slot.at == NOT_IN_HEAP {
            slot.at = self.heap.len() as u32;
            self.heap.push_within_capacity(place.0);
            self.heap.len() - 1
        } else {
            slot.at as usize
        };
        let at = self.sift_up(at);
        self.sift_down(at);
    }

    /// Takes a deadline away, if there is one.
    pub fn clear(&mut self, place: Place) {
        let at = self.slots[place.0 as usize].at;
        if at == NOT_IN_HEAP {
            return;
        }
        let at = at as usize;
        self.slots[place.0 as usize].at = NOT_IN_HEAP;
        self.heap.swap_remove(at);
        if at < self.heap.len() {
            self.note(at);
            let at = self.sift_up(at);
            self.sift_down(at);
        }
    }

    /// The next deadline.
    pub fn next(&self) -> Option<Micros> {
        self.heap.first().map(|&index| self.key(index))
    }

    /// Takes one out whose deadline has come.
    pub fn take_due(&mut self, now: Micros) -> Option<T> {
        let &first = self.heap.first()?;
        if self.key(first) > now {
            return None;
        }
        self.clear(Place(first));
        self.slots[first as usize].owner
    }

    fn key(&self, index: u32) -> Micros {
        self.slots[index as usize].deadline
    }

    fn note(&mut self, at: usize) {
        self.slots[self.heap[at] as usize].at = at as u32;
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.note(a);
        self.note(b);
    }

    fn sift_up(&mut self, mut at: usize) -> usize {
        while at > 0 {
            let above = (at - 1) / 2;
            if self.key(self.heap[above]) <= self.key(self.heap[at]) {
                break;
            }
            self.swap(at, above);
            at = above;
        }
        at
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let below = (2 * at + 1..self.heap.len().min(2 * at + 3))
                .min_by_key(|&child| self.key(self.heap[child]));
            match below {
                Some(child) if self.key(self.heap[child]) < self.key(self.heap[at]) => {
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
        let places: Vec<Place> = (0..500)
            .map(|owner| timers.reserve(owner).unwrap())
            .collect();
        let mut model = vec![None; places.len()];
        for _ in 0..20_000 {
            let owner = below(places.len());
            if below(3) == 0 {
                timers.clear(places[owner]);
                model[owner] = None;
            } else {
                let deadline = below(1000) as Micros;
                timers.set(places[owner], deadline);
                model[owner] = Some(deadline);
            }
            assert_eq!(timers.next(), model.iter().flatten().min().copied());
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
        let second = timers.reserve('b').unwrap();
        assert_eq!(first, second);
        timers.set(second, 7);
        assert_eq!(timers.take_due(6), None);
        assert_eq!(timers.take_due(7), Some('b'));
    }
}
