//! Callbacks by path, found by a hash with a key of its own.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use crate::ctypes::http::evhttp_request_cb;
use crate::support::{mm, rng};

/// A path and its callback.
struct Entry {
    hash: u64,
    path: mm::Vec<u8>,
    callback: evhttp_request_cb,
    argument: *mut c_void,
}

/// All of a server's.
pub struct Paths {
    entries: mm::Vec<Entry>,
    /// The places of entries by their hash, plus one; zero where there is none. A power of two of
    /// them, at least half of which are zero.
    places: mm::Vec<u32>,
    key: [u64; 2],
}

/// Why a path was not added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    Present,
    NoMemory,
}

/// So many paths are compared one by one.
const FEW: usize = 8;

impl Paths {
    pub fn new() -> Paths {
        Paths {
            entries: mm::vec(),
            places: mm::vec(),
            key: [0; 2],
        }
    }

    /// A keyed hash, so that nobody finds paths that meet: a multiplication, folded, for each eight
    /// bytes.
    fn hash(&self, path: &[u8]) -> u64 {
        let fold = |a: u64, b: u64| {
            let product = u128::from(a) * u128::from(b);
            (product >> 64) as u64 ^ product as u64
        };
        let mut state = self.key[0] ^ path.len() as u64;
        for eight in path.chunks(8) {
            let mut word = [0; 8];
            word[..eight.len()].copy_from_slice(eight);
            state = fold(state ^ u64::from_le_bytes(word), self.key[1] | 1);
        }
        fold(state, self.key[0] | 1)
    }

    fn position(&self, path: &[u8]) -> Option<usize> {
        if self.places.is_empty() {
            return self
                .entries
                .iter()
                .position(|entry| entry.path[..] == *path);
        }
        let hash = self.hash(path);
        let mask = self.places.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let index = self.places[at].checked_sub(1)? as usize;
            let entry = &self.entries[index];
            if entry.hash == hash && entry.path[..] == *path {
                return Some(index);
            }
            at = (at + 1) & mask;
        }
    }

    /// The callback for a path, and its argument.
    pub fn find(&self, path: &[u8]) -> Option<(evhttp_request_cb, *mut c_void)> {
        let entry = &self.entries[self.position(path)?];
        Some((entry.callback, entry.argument))
    }

    pub fn add(
        &mut self,
        path: &[u8],
        callback: evhttp_request_cb,
        argument: *mut c_void,
    ) -> Result<(), Refused> {
        if self.position(path).is_some() {
            return Err(Refused::Present);
        }
        if self.key == [0; 2] {
            self.key = random_key();
        }
        let mut copy = mm::vec();
        let copied = copy.try_extend_from_slice(path);
        copied.map_err(|_| Refused::NoMemory)?;
        let entry = Entry {
            hash: self.hash(path),
            path: copy,
            callback,
            argument,
        };
        let pushed = self.entries.try_push(entry);
        pushed.map_err(|_| Refused::NoMemory)?;
        if !self.make_places() {
            self.entries.pop();
            return Err(Refused::NoMemory);
        }
        Ok(())
    }

    /// Removes a path. False if it is not there.
    pub fn remove(&mut self, path: &[u8]) -> bool {
        let Some(index) = self.position(path) else {
            return false;
        };
        self.remove_at(index)
    }

    /// Removes the path whose callback has this argument. False if there is none.
    pub fn remove_argument(&mut self, argument: *mut c_void) -> bool {
        let has = |entry: &Entry| entry.argument == argument;
        let Some(index) = self.entries.iter().position(has) else {
            return false;
        };
        self.remove_at(index)
    }

    fn remove_at(&mut self, index: usize) -> bool {
        self.entries.remove(index);
        // There is room for more than there are now.
        self.make_places()
    }

    /// Makes the places anew. False without memory.
    fn make_places(&mut self) -> bool {
        let len = self.entries.len();
        if len > FEW && self.places.len() < len * 2 {
            let size = (len * 2).next_power_of_two();
            if self.places.try_resize(size, 0).is_err() {
                return false;
            }
        }
        if self.places.is_empty() {
            return true;
        }
        let mask = self.places.len() - 1;
        self.places.fill(0);
        for (index, entry) in self.entries.iter().enumerate() {
            let mut at = entry.hash as usize & mask;
            while self.places[at] != 0 {
                at = (at + 1) & mask;
            }
            self.places[at] = index as u32 + 1;
        }
        true
    }
}

/// Without random numbers the address of something has to do.
fn random_key() -> [u64; 2] {
    let mut bytes = [MaybeUninit::<u8>::uninit(); 16];
    if rng::fill(&mut bytes).is_err() {
        return [&raw const bytes as u64, 1];
    }
    // SAFETY: all bytes were filled.
    let bytes = u128::from_ne_bytes(bytes.map(|byte| unsafe { byte.assume_init() }));
    [bytes as u64, (bytes >> 64) as u64]
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ptr;

    #[test]
    fn paths_are_found_however_many_there_are() {
        let mut paths = Paths::new();
        let argument = |n: usize| ptr::without_provenance_mut(n);
        for n in 0..100 {
            let path = format!("/{n}");
            assert_eq!(paths.add(path.as_bytes(), None, argument(n)), Ok(()));
            let again = paths.add(path.as_bytes(), None, argument(n));
            assert_eq!(again, Err(Refused::Present));
        }
        for n in (0..100).step_by(3) {
            assert!(paths.remove(format!("/{n}").as_bytes()));
            assert!(!paths.remove(format!("/{n}").as_bytes()));
        }
        for n in 0..100 {
            let found = paths.find(format!("/{n}").as_bytes());
            let expected = (n % 3 != 0).then(|| argument(n));
            assert_eq!(found.map(|(_, argument)| argument), expected);
        }
        assert!(paths.find(b"/1\0x").is_none());
        assert!(paths.remove_argument(argument(1)));
        assert!(!paths.remove_argument(argument(1)));
        assert!(paths.find(b"/1").is_none());
        assert!(paths.find(b"/2").is_some());
    }
}
