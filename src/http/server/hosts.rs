//! Virtual hosts: servers inside a server, chosen by the host that a request is for.

use super::Server;
use crate::support::members::linked;
use crate::support::mm;
use crate::support::thunk::Ref;

/// The tag of a server's link among virtual hosts.
pub struct Hosts;

linked!(Server, Hosts, link);

/// Whether `name` matches a pattern, in which `*` stands for any text; case doesn't count.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go on when what follows the last star doesn't fit.
    let mut retry = None;
    loop {
        match (pattern.get(p), name.get(n)) {
            (Some(b'*'), _) => {
                retry = Some((p + 1, n));
                p += 1;
            }
            (Some(a), Some(b)) if a.eq_ignore_ascii_case(b) => {
                p += 1;
                n += 1;
            }
            (None, None) => return true,
            _ => match retry {
                Some((star, at)) if at < name.len() => {
                    (p, n) = (star, at + 1);
                    retry = Some((star, at + 1));
                }
                _ => return false,
            },
        }
    }
}

impl Server {
    /// Makes `host` a virtual host. False if it is one, has sockets, or there is no memory.
    pub fn add_host(&self, pattern: &[u8], host: Ref<Server>) -> bool {
        let mut copy = mm::vec();
        let free = host.parent.get().is_none() && host.sockets.first().is_none();
        if !free || copy.try_extend_from_slice(pattern).is_err() {
            return false;
        }
        *host.pattern.borrow_mut() = copy;
        host.parent.set(Some(self.handle()));
        self.hosts.push(host);
        true
    }

    /// Makes `host` a server of its own again. False if it is none of this one's hosts.
    pub fn remove_host(&self, host: Ref<Server>) -> bool {
        let ours = host.parent.get() == Some(self.handle());
        if ours {
            host.leave_parent();
        }
        ours
    }

    pub(super) fn leave_parent(&self) {
        if let Some(parent) = self.parent.replace(None) {
            parent.hosts.remove(self.handle());
        }
    }

    /// False without memory.
    pub fn add_alias(&self, alias: &[u8]) -> bool {
        let mut copy = mm::vec();
        copy.try_extend_from_slice(alias).is_ok()
            && self.aliases.borrow_mut().try_push(copy).is_ok()
    }

    /// False if there is no such alias.
    pub fn remove_alias(&self, alias: &[u8]) -> bool {
        let mut aliases = self.aliases.borrow_mut();
        let same = |one: &mm::Vec<u8>| one.eq_ignore_ascii_case(alias);
        let at = aliases.iter().position(same);
        if let Some(at) = at {
            aliases.remove(at);
        }
        at.is_some()
    }

    fn has_alias(&self, name: &[u8]) -> bool {
        let aliases = self.aliases.borrow();
        aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    }

    /// The server in this one's tree that has the alias.
    fn find_alias(&self, name: &[u8]) -> Option<Ref<Server>> {
        if self.has_alias(name) {
            return Some(self.handle());
        }
        self.hosts.iter().find_map(|host| host.find_alias(name))
    }

    /// Whether [`Self::find_host`] could find any: aliases or virtual hosts.
    pub fn has_hosts(&self) -> bool {
        self.hosts.first().is_some() || !self.aliases.borrow().is_empty()
    }

    /// The virtual host for a name, or the server of which that is an alias.
    pub fn find_host(&self, name: &[u8]) -> Option<Ref<Server>> {
        self.find_alias(name).or_else(|| {
            let mut found = None;
            let mut among = self.handle();
            loop {
                let next = among
                    .hosts
                    .iter()
                    .find(|host| matches(&host.pattern.borrow(), name));
                match next {
                    Some(host) => (found, among) = (Some(host), host),
                    None => return found,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_any_text() {
        for (pattern, name) in [
            ("*", ""),
            ("*", "a"),
            ("a", "A"),
            ("*.example.com", "www.Example.com"),
            ("*.example.com", ".example.com"),
            ("a*b*c", "a-b-b-c"),
            ("**", "x"),
            ("a*", "a"),
        ] {
            assert!(
                matches(pattern.as_bytes(), name.as_bytes()),
                "{pattern} {name}"
            );
        }
        for (pattern, name) in [
            ("", "a"),
            ("a", ""),
            ("a", "ab"),
            ("*.example.com", "example.com"),
            ("a*b", "ac"),
            ("a?c", "abc"),
        ] {
            assert!(
                !matches(pattern.as_bytes(), name.as_bytes()),
                "{pattern} {name}"
            );
        }
        let long = "a".repeat(5000);
        assert!(!matches(b"*a*a*a*a*a*a*b", long.as_bytes()));
    }
}
