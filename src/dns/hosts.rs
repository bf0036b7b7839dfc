//! Names that are known without asking: `/etc/hosts`.

use std::net::{IpAddr, SocketAddr};

use super::resolv_conf::words;
use crate::net::addr_text;
use crate::support::mm;

/// Names and their addresses.
pub struct Hosts {
    /// Sorted by hash, then in the order of adding.
    entries: mm::Vec<Entry>,
    /// All names, one behind the other.
    names: mm::Vec<u8>,
    sorted: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    hash: u32,
    order: u32,
    at: u32,
    len: u32,
    address: IpAddr,
    /// Of an address of a link: its interface.
    scope: u32,
}

/// Distributes names; nobody gains from a collision but slowness in their own file.
pub fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}

impl Hosts {
    pub fn new() -> Hosts {
        Hosts {
            entries: mm::vec(),
            names: mm::vec(),
            sorted: true,
        }
    }

    pub fn clear(&mut self) {
        *self = Hosts::new();
    }

    /// Adds a name. False without memory.
    pub fn add(&mut self, name: &[u8], address: &SocketAddr) -> bool {
        let (Ok(at), Ok(order)) = (
            u32::try_from(self.names.len()),
            u32::try_from(self.entries.len()),
        ) else {
            return false;
        };
        if self.names.try_reserve(name.len()).is_err() || self.entries.try_reserve(1).is_err() {
            return false;
        }
        self.names.extend_within_capacity(name);
        self.entries.push_within_capacity(Entry {
            hash: hash(name),
            order,
            at,
            len: name.len() as u32,
            address: address.ip(),
            scope: match address {
                SocketAddr::V4(_) => 0,
                SocketAddr::V6(v6) => v6.scope_id(),
            },
        });
        self.sorted = false;
        true
    }

    /// Adds what a file says. Lines that say nothing are passed over. False without memory.
    pub fn add_file(&mut self, file: &[u8]) -> bool {
        file.split(|&byte| byte == b'\n').all(|line| {
            let end = line.iter().position(|&byte| byte == b'#');
            let mut words = words(&line[..end.unwrap_or(line.len())]);
            let Some(address) = words.next().and_then(addr_text::parse_socket_addr) else {
                return true;
            };
            // A port makes no sense here.
            address.port() != 0 || words.all(|name| self.add(name, &address))
        })
    }

    /// What every system has.
    pub fn add_localhost(&mut self) -> bool {
        self.add_file(b"127.0.0.1 localhost\n::1 localhost")
    }

    /// The addresses of a name and their scopes, in the order of adding.
    pub fn find(&mut self, name: &[u8]) -> impl Iterator<Item = (IpAddr, u32)> {
        if !self.sorted {
            self.entries
                .sort_unstable_by_key(|entry| (entry.hash, entry.order));
            self.sorted = true;
        }
        let names = &self.names;
        let wanted = hash(name);
        let from = self.entries.partition_point(|entry| entry.hash < wanted);
        self.entries[from..]
            .iter()
            .take_while(move |entry| entry.hash == wanted)
            .filter(move |entry| {
                let (at, len) = (entry.at as usize, entry.len as usize);
                names
                    .get(at..at + len)
                    .is_some_and(|own| own.eq_ignore_ascii_case(name))
            })
            .map(|entry| (entry.address, entry.scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(hosts: &mut Hosts, name: &str) -> Vec<String> {
        hosts
            .find(name.as_bytes())
            .map(|(address, _)| address.to_string())
            .collect()
    }

    #[test]
    fn a_file() {
        let mut hosts = Hosts::new();
        assert!(hosts.add_file(
            b"# nothing\n1.2.3.4\tone Uno # eins\n  ::1 one x#y\r\n1.2.3.4:5 port\n\
              nonsense a\n[::2] two\r\n1.2.3.5 one\n1.2.3.6"
        ));
        assert_eq!(found(&mut hosts, "ONE"), ["1.2.3.4", "::1", "1.2.3.5"]);
        assert_eq!(found(&mut hosts, "uno"), ["1.2.3.4"]);
        assert_eq!(found(&mut hosts, "x"), ["::1"]);
        assert_eq!(found(&mut hosts, "two"), ["::2"]);
        for absent in ["eins", "port", "a", "y", "on", "one.", ""] {
            assert!(found(&mut hosts, absent).is_empty(), "{absent}");
        }
        hosts.clear();
        assert!(found(&mut hosts, "one").is_empty());
        assert!(hosts.add_localhost());
        assert_eq!(found(&mut hosts, "localhost"), ["127.0.0.1", "::1"]);
    }

    #[test]
    fn a_hundred_thousand_lines() {
        let mut hosts = Hosts::new();
        let file: String = (0..100_000).map(|i| format!("1.2.3.4 host{i}\n")).collect();
        assert!(hosts.add_file(file.as_bytes()));
        for i in (0..100_000).step_by(997) {
            assert_eq!(found(&mut hosts, &format!("HOST{i}")).len(), 1);
        }
    }
}
