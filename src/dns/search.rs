//! The names that are tried for one that was asked for: `search` and `ndots` of resolv.conf.

use super::name::Name;
use crate::support::mm;

/// Domains in which names are searched.
pub struct Search {
    /// The domains' names, one behind the other.
    domains: mm::Vec<u8>,
    count: usize,
    /// A name with as many dots is tried as it is before it is searched.
    pub ndots: i32,
}

impl Search {
    pub const fn new() -> Search {
        Search {
            domains: mm::vec(),
            count: 0,
            ndots: 1,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Forgets the domains, and `ndots`.
    pub fn clear(&mut self) {
        *self = Search::new();
    }

    /// Forgets the domains only.
    pub fn clear_domains(&mut self) {
        self.domains.clear();
        self.count = 0;
    }

    /// Adds a domain to be tried after the others. False if it is no name, or without memory.
    pub fn push_back(&mut self, text: &[u8]) -> bool {
        let dots = text.iter().take_while(|&&byte| byte == b'.').count();
        let domain = Name::from_text(&text[dots..]).filter(|name| !name.is_root());
        let added =
            domain.is_some_and(|name| self.domains.try_extend_from_slice(name.wire()).is_ok());
        self.count += usize::from(added);
        added
    }

    /// Adds a domain to be tried before the others.
    pub fn push_front(&mut self, text: &[u8]) -> bool {
        let before = self.domains.len();
        let added = self.push_back(text);
        self.domains.rotate_left(before);
        added
    }

    /// A list that stays as it is now.
    pub fn snapshot(&self) -> Option<Search> {
        let mut domains = mm::vec();
        domains.try_extend_from_slice(&self.domains).ok()?;
        Some(Search { domains, ..*self })
    }

    fn domain(&self, index: usize) -> Option<Name> {
        let mut at = 0;
        for position in 0..self.count {
            let (name, end) = Name::read(&self.domains, at).ok()?;
            if position == index {
                return Some(name);
            }
            at = end;
        }
        None
    }

    /// Makes the `index`th name to try of `name`; false when it would be too long. `complete` says
    /// that it is not to be searched.
    pub fn extend(&self, name: &mut Name, complete: bool, index: usize) -> bool {
        if complete {
            return true;
        }
        let dots = name.labels().count().saturating_sub(1);
        let first = i32::try_from(dots).unwrap_or(i32::MAX) >= self.ndots;
        let position = match (first, index) {
            (true, 0) => return true,
            (true, index) => index - 1,
            (false, index) => index,
        };
        position == self.count
            || self
                .domain(position)
                .is_some_and(|domain| name.append(&domain))
    }

    /// How many names there are to try.
    pub fn candidates(&self, complete: bool) -> usize {
        if complete { 1 } else { self.count + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(search: &Search, text: &str) -> Vec<String> {
        let name = Name::from_text(text.as_bytes()).unwrap();
        let complete = text.ends_with('.');
        (0..search.candidates(complete))
            .filter_map(|index| {
                let mut name = name;
                let fits = search.extend(&mut name, complete, index);
                fits.then(|| format!("{name:?}"))
            })
            .collect()
    }

    #[test]
    fn order() {
        let mut search = Search::new();
        assert_eq!(tried(&search, "www"), ["www"]);
        assert!(search.push_back(b"b.test"));
        assert!(search.push_back(b"..c.test."));
        assert!(search.push_front(b"a.test"));
        assert!(!search.push_back(b""));
        assert!(!search.push_back(b".."));
        assert!(!search.push_back(b"a..b"));
        let (a, b, c) = ("www.a.test", "www.b.test", "www.c.test");
        assert_eq!(tried(&search, "www"), [a, b, c, "www"]);
        assert_eq!(tried(&search, "www."), ["www"]);
        assert_eq!(tried(&search, "x.y")[0], "x.y");
        search.ndots = 2;
        assert_eq!(tried(&search, "x.y")[3], "x.y");
        search.ndots = 0;
        assert_eq!(tried(&search, "www"), ["www", a, b, c]);
        search.clear();
        assert!(search.is_empty());
        assert_eq!(search.ndots, 1);
    }

    #[test]
    fn candidates_that_are_too_long_are_left_out() {
        let mut search = Search::new();
        assert!(search.push_back("x.".repeat(100).as_bytes()));
        assert!(search.push_back(b"test"));
        let long = "a.".repeat(50) + "a";
        assert_eq!(tried(&search, &long).len(), 2);
    }

    #[test]
    fn a_snapshot_stays() {
        let mut search = Search::new();
        assert!(search.push_back(b"test"));
        let snapshot = search.snapshot().unwrap();
        search.clear();
        assert_eq!(tried(&snapshot, "www"), ["www.test", "www"]);
    }
}
