//! The heap of deadlines.
//!
//! Four children to a node keep it flat, and a node holds the deadline, so that
//! finding a place touches no event but those that move.
//!
//! A new event stands behind the heap until somebody asks for the earliest
//! deadline, which the loop does once per iteration. Until then it can be deleted or
//! given another deadline in constant time, and many at once are put in order
//! together.

use core::ffi::c_int;

use crate::base::handle::Ev;
use crate::support::mm;
use crate::support::time::Micros;
use crate::sys::Result;

/// Not in the heap.
pub const NOT_IN_HEAP: c_int = -1;

#[derive(Clone, Copy)]
struct Node {
    deadline: Micros,
    ev: Ev,
}

/// Events with their deadlines. Each event knows its place (`min_heap_idx`).
pub struct Timers {
    nodes: mm::Vec<Node>,
    /// How many of the nodes are the heap; the others are in no order.
    ordered: usize,
}

const WAYS: usize = 4;

impl Timers {
    pub const fn new() -> Timers {
        Timers {
            nodes: mm::vec(),
            ordered: 0,
        }
    }

    /// Makes sure that the next `room` pushes find their places.
    #[inline]
    pub fn reserve(&mut self, room: usize) -> Result {
        self.nodes.try_reserve(room)
    }

    /// The bytes that are set aside for it.
    pub fn memory(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The earliest deadline.
    #[inline]
    pub fn first(&mut self) -> Option<(Micros, Ev)> {
        if self.ordered < self.nodes.len() {
            self.order();
        }
        self.nodes.first().map(|node| (node.deadline, node.ev))
    }

    /// The event at a place, in no particular order.
    pub fn at(&self, index: usize) -> Option<Ev> {
        self.nodes.get(index).map(|node| node.ev)
    }

    /// Adds an event. Room must have been reserved.
    #[inline]
    pub fn push(&mut self, deadline: Micros, ev: Ev) {
        // The number of events is below c_int::MAX: each takes 128 bytes.
        ev.set_heap_index(self.nodes.len() as c_int);
        self.nodes.push_within_capacity(Node { deadline, ev });
    }

    /// Gives an event that was pushed another deadline.
    #[inline]
    pub fn update(&mut self, deadline: Micros, ev: Ev) {
        let index = ev.heap_index() as usize;
        let childless = index * WAYS + 1 >= self.ordered;
        let node = &mut self.nodes[index];
        if node.deadline == deadline {
            // Of what waits for a descriptor, too, nobody expects an order.
            if ev.is_timer() {
                self.push_again(index);
            }
            return;
        }
        // Most nodes have no children, and most deadlines are put off: such a node stays.
        if index >= self.ordered || childless && node.deadline <= deadline {
            node.deadline = deadline;
        } else {
            self.place(index, Node { deadline, ev });
        }
    }

    /// Gives an event the same deadline again: it comes out after those that were given that in the
    /// same iteration, as if it were pushed last. (Elsewhere nobody can tell, and this costs next to
    /// nothing.)
    #[cold]
    fn push_again(&mut self, index: usize) {
        let last = self.nodes.len() - 1;
        let (node, other) = (self.nodes[index], self.nodes[last]);
        if index >= self.ordered || node.deadline == other.deadline && last < self.ordered {
            put(&mut self.nodes, index, other);
            put(&mut self.nodes, last, node);
        }
    }

    /// Removes an event that was pushed.
    #[inline]
    pub fn remove(&mut self, ev: Ev) {
        let mut hole = ev.heap_index() as usize;
        ev.set_heap_index(NOT_IN_HEAP);
        if hole < self.ordered {
            // The heap gives its last place to the hole, and gets one shorter.
            self.ordered -= 1;
            let last = self.ordered;
            if hole < last {
                self.place(hole, self.nodes[last]);
            }
            hole = last;
        }
        if let Some(last) = self.nodes.pop()
            && hole < self.nodes.len()
        {
            put(&mut self.nodes, hole, last);
        }
    }

    /// Takes the new events into the heap.
    #[inline(never)]
    fn order(&mut self) {
        let (old, len) = (self.ordered, self.nodes.len());
        self.ordered = len;
        if len - old < old {
            for index in old..len {
                self.rise(index, self.nodes[index]);
            }
        } else {
            // From the last parent down to the root, which is linear.
            for index in (0..len.div_ceil(WAYS)).rev() {
                let node = self.nodes[index];
                // What stays touches no event.
                if earlier_child(&self.nodes, index, node.deadline).is_some() {
                    self.sink(index, node, len);
                }
            }
        }
    }

    /// When at least half of the events are due by `now`: sorts those to the end, the earliest last,
    /// for [`Self::pop_due`], which is faster than removing so many one by one. Their number, or 0
    /// with nothing changed. Nothing else may be done until all of them are popped.
    pub fn sort_due(&mut self, now: Micros) -> usize {
        let due = self
            .nodes
            .iter()
            .filter(|node| node.deadline <= now)
            .count();
        if due * 2 < self.nodes.len() {
            return 0;
        }
        let rest = self.nodes.len() - due;
        let mut back = rest;
        for front in 0..rest {
            if self.nodes[front].deadline <= now {
                while self.nodes[back].deadline <= now {
                    back += 1;
                }
                self.nodes.swap(front, back);
            }
        }
        // Of equal deadlines first the root's, then from the end, as they leave the heap one by one.
        // The events still know their former places.
        let place = |node: &Node| match node.ev.heap_index() {
            0 => c_int::MAX,
            index => index,
        };
        self.nodes[rest..].sort_unstable_by(|one, other| {
            let deadlines = other.deadline.cmp(&one.deadline);
            deadlines.then_with(|| place(one).cmp(&place(other)))
        });
        for index in (0..rest).rev() {
            // Also tells each event its place.
            self.sink(index, self.nodes[index], rest);
        }
        self.ordered = rest;
        due
    }

    /// The earliest event that `sort_due` found, taken out.
    pub fn pop_due(&mut self) -> Option<Ev> {
        let node = self.nodes.pop()?;
        node.ev.set_heap_index(NOT_IN_HEAP);
        Some(node.ev)
    }

    /// Gives memory back when most of the room is unused, also by the next `promised` pushes.
    pub fn shrink(&mut self, promised: usize) {
        let needed = self.nodes.len() + promised;
        if self.nodes.capacity() > 1024 && needed < self.nodes.capacity() / 8 {
            self.nodes.shrink_to(needed * 2);
        }
    }

    /// Finds the place of a node in the heap, which has a hole.
    fn place(&mut self, hole: usize, node: Node) {
        if hole > 0 && node.deadline < self.nodes[(hole - 1) / WAYS].deadline {
            self.rise(hole, node);
        } else {
            self.sink(hole, node, self.ordered);
        }
    }

    fn rise(&mut self, mut hole: usize, node: Node) {
        while hole > 0 {
            let up = (hole - 1) / WAYS;
            let parent = self.nodes[up];
            if parent.deadline <= node.deadline {
                break;
            }
            put(&mut self.nodes, hole, parent);
            hole = up;
        }
        put(&mut self.nodes, hole, node);
    }

    /// Moves a node down from a hole, among the first `len` nodes.
    fn sink(&mut self, mut hole: usize, node: Node, len: usize) {
        let nodes = &mut self.nodes[..len];
        while let Some(least) = earlier_child(nodes, hole, node.deadline) {
            put(nodes, hole, nodes[least]);
            hole = least;
        }
        put(nodes, hole, node);
    }

    /// Panics unless every event knows its place and the heap is in order.
    pub fn check(&self) {
        for (index, node) in self.nodes.iter().enumerate() {
            assert!(node.ev.heap_index() as usize == index);
        }
        for (index, node) in self.nodes[..self.ordered].iter().enumerate() {
            assert!(index == 0 || self.nodes[(index - 1) / WAYS].deadline <= node.deadline);
        }
    }
}

/// The earliest child of a place, if it is earlier than `deadline`.
#[inline]
fn earlier_child(nodes: &[Node], place: usize, deadline: Micros) -> Option<usize> {
    let down = place * WAYS + 1;
    let mut least = None;
    let mut earliest = deadline;
    let children = nodes.get(down..).unwrap_or_default();
    for (way, child) in children.iter().take(WAYS).enumerate() {
        if child.deadline < earliest {
            earliest = child.deadline;
            least = Some(down + way);
        }
    }
    least
}

#[inline]
fn put(nodes: &mut [Node], index: usize, node: Node) {
    nodes[index] = node;
    node.ev.set_heap_index(index as c_int);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctypes::event_struct::event;
    use crate::support::zeroed::Zeroed;

    fn events(count: usize) -> Vec<event> {
        (0..count).map(|_| event::ZEROED).collect()
    }

    fn next(seed: &mut u64) -> u64 {
        *seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        *seed >> 33
    }

    #[test]
    fn random_operations_keep_order() {
        let mut store = events(500);
        // SAFETY: the events outlive the heap.
        let handles: Vec<Ev> = store
            .iter_mut()
            .map(|event| unsafe { Ev::new(event).unwrap() })
            .collect();
        let mut model = std::collections::BTreeMap::new();
        let mut timers = Timers::new();
        let mut seed = 7;
        for _ in 0..if cfg!(miri) { 300 } else { 20_000 } {
            let which = next(&mut seed) as usize % handles.len();
            let deadline = (next(&mut seed) % 300) as Micros;
            let ev = handles[which];
            match (next(&mut seed) % 3, model.contains_key(&which)) {
                (0, true) => {
                    timers.remove(ev);
                    model.remove(&which);
                    assert_eq!(ev.heap_index(), NOT_IN_HEAP);
                }
                (_, true) => {
                    timers.update(deadline, ev);
                    model.insert(which, deadline);
                }
                (_, false) => {
                    timers.reserve(1).unwrap();
                    timers.push(deadline, ev);
                    model.insert(which, deadline);
                }
            }
            timers.check();
            assert_eq!(timers.len(), model.len());
            // Not always, so that some are deleted and changed before they are in order, and
            // now few and now many are put in order at once.
            if next(&mut seed).is_multiple_of(u64::from(seed as u8 % 64 + 1)) {
                assert_eq!(
                    timers.first().map(|(d, _)| d),
                    model.values().min().copied()
                );
                assert_eq!(timers.ordered, timers.len());
                timers.check();
            }
        }
        let mut last = Micros::MIN;
        while let Some((deadline, ev)) = timers.first() {
            assert!(deadline >= last);
            last = deadline;
            timers.remove(ev);
        }
    }

    #[test]
    fn many_that_are_due_come_out_in_order() {
        let mut store = events(300);
        let mut seed = 11;
        for limit in [0, 1, 149, 200, 299, 1000] {
            let mut timers = Timers::new();
            let mut deadlines = Vec::new();
            for event in &mut store {
                // SAFETY: the events outlive the heap.
                let ev = unsafe { Ev::new(event).unwrap() };
                let deadline = (next(&mut seed) % 300) as Micros;
                timers.reserve(1).unwrap();
                timers.push(deadline, ev);
                ev.set_timeout(crate::support::time::to_timeval(deadline));
                deadlines.push(deadline);
            }
            deadlines.retain(|&deadline| deadline <= limit);
            deadlines.sort_unstable();
            let due = timers.sort_due(limit);
            assert_eq!(
                due,
                if deadlines.len() < 150 {
                    0
                } else {
                    deadlines.len()
                }
            );
            for &deadline in deadlines.iter().take(due) {
                let ev = timers.pop_due().unwrap();
                assert_eq!(crate::support::time::from_timeval(ev.timeout()), deadline);
                assert_eq!(ev.heap_index(), NOT_IN_HEAP);
            }
            timers.check();
            assert_eq!(timers.len(), 300 - due);
        }
    }
}
