//! Answers that are remembered, for as long as they may be believed.

use std::net::IpAddr;

use super::hosts::hash;
use super::name::Name;
use crate::support::mm;
use crate::support::time::Micros;

/// So many names are remembered at most.
const MAX_NAMES: usize = 1024;

/// What is known about one family of a name's addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// There are some.
    Addresses,
    /// The name has none.
    NoData,
    /// There is no such name.
    NoName,
}

struct Family {
    known: Known,
    until: Micros,
}

struct Entry {
    hash: u32,
    name: mm::Vec<u8>,
    addresses: mm::Vec<IpAddr>,
    /// IPv4 and IPv6; `None` while that is not known.
    families: [Option<Family>; 2],
    canonical: Option<mm::Vec<u8>>,
}

impl Entry {
    fn is(&self, hash: u32, name: &[u8]) -> bool {
        self.hash == hash && self.name.eq_ignore_ascii_case(name)
    }

    /// When the last of it ends.
    fn end(&self) -> Micros {
        let ends = self.families.iter().flatten().map(|family| family.until);
        ends.max().unwrap_or(0)
    }
}

/// Names, and what is known about them.
pub struct Cache {
    entries: mm::Vec<Entry>,
}

fn family(address: &IpAddr) -> usize {
    usize::from(address.is_ipv6())
}

fn copy(bytes: &[u8]) -> Option<mm::Vec<u8>> {
    let mut copy = mm::vec();
    copy.try_extend_from_slice(bytes).ok()?;
    Some(copy)
}

impl Cache {
    pub fn new() -> Cache {
        Cache { entries: mm::vec() }
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        let hash = hash(name);
        self.entries.iter().position(|entry| entry.is(hash, name))
    }

    pub fn remove(&mut self, name: &[u8]) {
        if let Some(index) = self.find(name) {
            self.entries.swap_remove(index);
        }
    }

    /// The entry of a name, which may be a new one. `None` without memory.
    fn entry(&mut self, name: &[u8], now: Micros) -> Option<&mut Entry> {
        if let Some(index) = self.find(name) {
            return self.entries.get_mut(index);
        }
        self.entries.retain(|entry| entry.end() > now);
        if self.entries.len() >= MAX_NAMES {
            let first = (0..self.entries.len()).min_by_key(|&index| self.entries[index].end())?;
            self.entries.swap_remove(first);
        }
        let entry = Entry {
            hash: hash(name),
            name: copy(name)?,
            addresses: mm::vec(),
            families: [None, None],
            canonical: None,
        };
        self.entries.try_push(entry).ok()?;
        self.entries.last_mut()
    }

    /// Remembers one family of a name's addresses until then. Without memory, nothing is known.
    pub fn put(
        &mut self,
        name: &[u8],
        v6: bool,
        known: Known,
        addresses: impl Iterator<Item = IpAddr>,
        canonical: Option<&[u8]>,
        (now, until): (Micros, Micros),
    ) {
        let Some(entry) = self.entry(name, now) else {
            return;
        };
        let which = usize::from(v6);
        entry.addresses.retain(|address| family(address) != which);
        entry.families[which] = None;
        for address in addresses {
            if entry.addresses.try_push(address).is_err() {
                return;
            }
        }
        if let Some(canonical) = canonical {
            entry.canonical = copy(canonical);
        }
        entry.families[which] = Some(Family { known, until });
    }

    /// What is known about a family of a name's addresses.
    pub fn get(&self, name: &[u8], v6: bool, now: Micros) -> Option<Known> {
        let entry = &self.entries[self.find(name)?];
        let family = entry.families[usize::from(v6)].as_ref()?;
        (family.until > now).then_some(family.known)
    }

    /// The addresses of one family.
    pub fn addresses(&self, name: &[u8], v6: bool) -> impl Iterator<Item = IpAddr> {
        let entry = self.find(name).map(|index| &self.entries[index]);
        let all = entry.into_iter().flat_map(|entry| entry.addresses.iter());
        all.filter(move |address| family(address) == usize::from(v6))
            .copied()
    }

    /// The name that it is an alias of, NUL included.
    pub fn canonical(&self, name: &[u8]) -> Option<&[u8]> {
        let entry = &self.entries[self.find(name)?];
        entry.canonical.as_deref()
    }
}

/// A name's text with a NUL behind it.
pub fn c_text(name: &Name) -> Option<mm::Vec<u8>> {
    let mut room = [0; super::name::MAX_TEXT];
    let mut text = copy(name.write_text(&mut room))?;
    text.try_push(0).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_are_known_on_their_own() {
        let mut cache = Cache::new();
        let one = [address("1.2.3.4")];
        cache.put(
            b"a.b",
            false,
            Known::Addresses,
            one.into_iter(),
            None,
            (0, 10),
        );
        assert_eq!(cache.get(b"A.B", false, 9), Some(Known::Addresses));
        assert_eq!(cache.get(b"a.b", false, 10), None);
        assert_eq!(cache.get(b"a.b", true, 0), None);
        cache.put(
            b"A.b",
            true,
            Known::NoData,
            [].into_iter(),
            Some(b"c\0"),
            (0, 5),
        );
        assert_eq!(cache.get(b"a.b", true, 0), Some(Known::NoData));
        assert_eq!(cache.get(b"a.b", false, 0), Some(Known::Addresses));
        assert_eq!(cache.addresses(b"a.b", false).collect::<Vec<_>>(), one);
        assert_eq!(cache.canonical(b"a.b"), Some(b"c\0".as_slice()));
        cache.remove(b"a.B");
        assert_eq!(cache.get(b"a.b", false, 0), None);
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut cache = Cache::new();
        for i in 0..3000i64 {
            let name = format!("host{i}");
            let none = [].into_iter();
            cache.put(
                name.as_bytes(),
                false,
                Known::NoName,
                none,
                None,
                (0, 10 + i),
            );
        }
        assert_eq!(cache.entries.len(), MAX_NAMES);
        assert_eq!(cache.get(b"host2999", false, 0), Some(Known::NoName));
        assert_eq!(cache.get(b"host0", false, 0), None);
    }
}
