//! The names that are tried for one that was asked for: `search` and `ndots` of resolv.conf.

use super::name::Name;
use crate::support::mm;

/// Domains in which names are searched.
pub struct Search {
    domains: mm::Vec<Name>,
    /// A name with as many dots is tried as it is before it is searched.
    pub ndots: i32,
}

impl Search {
    pub fn new() -> Search {
        Search {
            domains: mm::vec(),
            ndots: 1,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }

    /// Forgets the domains, and `ndots`.
    pub fn clear(&mut self) {
        *self = Search::new();
    }

    fn domain(text: &[u8]) -> Option<Name> {
        let dots = text.iter().take_while(|&&byte| byte == b'.').count();
        Name::from_text(&text[dots..]).filter(|name| !name.is_root())
    }

    /// Adds a domain to be tried after the others. False if it is no name, or without memory.
    pub fn push_back(&mut self, text: &[u8]) -> bool {
        let Some(domain) = Search::domain(text) else {
            return false;
        };
        self.domains.try_push(domain).is_ok()
    }

    /// Adds a domain to be tried before the others.
    pub fn push_front(&mut self, text: &[u8]) -> bool {
        let added = self.push_back(text);
        if added {
            self.domains.rotate_right(1);
        }
        added
    }

    /// A list that stays as it is now.
    pub fn snapshot(&self) -> Option<Search> {
        let mut domains = mm::vec();
        domains.try_extend_from_slice(&self.domains).ok()?;
        Some(Search {
            domains,
            ndots: self.ndots,
        })
    }

    /// The `index`th name to try for `text`, or `None` when there are no more. A name with a dot at
    /// its end is complete.
    pub fn candidate(&self, text: &[u8], name: &Name, index: usize) -> Option<Name> {
        if text.ends_with(b".") {
            return (index == 0).then_some(*name);
        }
        let dots = text.iter().filter(|&&byte| byte == b'.').count();
        let first = i32::try_from(dots).unwrap_or(i32::MAX) >= self.ndots;
        let position = match (first, index) {
            (true, 0) => return Some(*name),
            (true, index) => index - 1,
            (false, index) => index,
        };
        match self.domains.get(position) {
            Some(domain) => name.join(domain),
            None => (!first && position == self.domains.len()).then_some(*name),
        }
    }

    /// How many names there are to try.
    pub fn candidates(&self, text: &[u8]) -> usize {
        if text.ends_with(b".") {
            1
        } else {
            self.domains.len() + 1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(search: &Search, text: &str) -> Vec<String> {
        let name = Name::from_text(text.as_bytes()).unwrap();
        (0..search.candidates(text.as_bytes()))
            .filter_map(|index| search.candidate(text.as_bytes(), &name, index))
            .map(|name| format!("{name:?}"))
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
