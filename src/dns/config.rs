//! Setting a resolver up: options, name servers as text, resolv.conf and hosts files.

use core::ffi::{CStr, c_int};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use super::log;
use super::options::{self, Group, SECOND, Setting};
use super::resolv_conf::{self, Line, words};
use super::resolver::Resolver;
use super::servers::EXISTS;
use super::state::State;
use crate::ctypes::dns::*;
use crate::net::addr_text::{self, SocketAddrText};
use crate::support::mm;
use crate::support::shared::{Ref, Shared};
use crate::support::time::Micros;

/// The port of name servers.
const PORT: u16 = 53;
/// The system's own file.
pub const SYSTEM_FILE: &CStr = c"/etc/resolv.conf";
const SYSTEM_HOSTS: &CStr = c"/etc/hosts";
/// How often it is looked whether that has changed, at most.
const WATCH_EVERY: Micros = 5 * SECOND;

/// Results of reading resolv.conf, as programs are told.
const CANNOT_OPEN: c_int = 1;
const CANNOT_READ: c_int = 2;
const NO_MEMORY: c_int = 4;
const NO_SERVERS: c_int = 6;

/// A file that is larger has no end, as devices have none.
const MAX_FILE: usize = 64 << 20;

/// What programs are told of an address that is none.
const NO_ADDRESS: c_int = 4;

/// What a file looked like when it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: (i64, i64),
    size: u64,
    file: u64,
}

/// Whether the system's resolv.conf is read again when it changes.
pub struct Watch {
    stamp: Option<Stamp>,
    looked: Micros,
    /// The program left the choice of servers to the system.
    pub on: bool,
}

impl Watch {
    pub fn new() -> Watch {
        Watch {
            stamp: None,
            looked: 0,
            on: false,
        }
    }
}

fn stamp() -> Option<Stamp> {
    let about = std::fs::metadata(OsStr::from_bytes(SYSTEM_FILE.to_bytes())).ok()?;
    Some(Stamp {
        modified: (about.mtime(), about.mtime_nsec()),
        size: about.size(),
        file: about.ino(),
    })
}

/// A whole file. The error is one of the results above.
fn read(path: &CStr) -> Result<mm::Vec<u8>, c_int> {
    let path = OsStr::from_bytes(path.to_bytes());
    let mut file = File::open(path).map_err(|_| CANNOT_OPEN)?;
    let mut text = mm::vec();
    loop {
        let len = text.len();
        text.try_resize(len + (len / 2).max(4096), 0)
            .map_err(|_| NO_MEMORY)?;
        match file.read(&mut text[len..]) {
            Ok(0) => {
                text.truncate(len);
                return Ok(text);
            }
            Ok(got) if len + got > MAX_FILE => return Err(CANNOT_READ),
            Ok(got) => text.truncate(len + got),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => text.truncate(len),
            Err(_) => return Err(CANNOT_READ),
        }
    }
}

/// An address of a server, with the port that it has by default. The port's digits end where they
/// end.
fn server_address(text: &[u8]) -> Option<SocketAddr> {
    let mut address = addr_text::parse_socket_addr(text)?;
    if address.port() == 0 {
        address.set_port(PORT);
    }
    Some(address)
}

fn lossy(text: &[u8]) -> impl core::fmt::Display + '_ {
    text.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

impl Ref<Resolver> {
    /// Adds a server. 0, or what programs are told.
    pub fn add_server(self, address: SocketAddr) -> c_int {
        match self.with(|state| state.add_server(address)) {
            Ok(()) => {
                log::debug(format_args!("Added nameserver {}", SocketAddrText(address)));
                0
            }
            Err(EXISTS) => EXISTS,
            Err(code) => {
                log::warn(format_args!(
                    "Unable to add nameserver {}: error {code}",
                    SocketAddrText(address)
                ));
                code
            }
        }
    }

    /// Adds a server by its address's text.
    pub fn add_server_text(self, text: &[u8]) -> c_int {
        match server_address(text) {
            Some(address) => self.add_server(address),
            None => {
                log::warn(format_args!(
                    "Unable to parse nameserver address {}",
                    lossy(text)
                ));
                NO_ADDRESS
            }
        }
    }

    /// Sets an option; what is not known changes nothing. False for a bad value.
    pub fn set_option(self, name: &[u8], value: Option<&[u8]>) -> bool {
        self.set_option_of(name, value, DNS_OPTIONS_ALL)
    }

    /// [`Self::set_option`], if its group is among `flags`.
    fn set_option_of(self, name: &[u8], value: Option<&[u8]>, flags: c_int) -> bool {
        let setting = match options::parse(name, value) {
            None => return true,
            Some(Err(_)) => return false,
            Some(Ok(setting)) => setting,
        };
        let group = match setting.group() {
            Group::Search => DNS_OPTION_SEARCH,
            Group::Nameservers => DNS_OPTION_NAMESERVERS,
            Group::Misc => DNS_OPTION_MISC,
        };
        if flags & group == 0 {
            return true;
        }
        log::debug(format_args!(
            "Setting {} to {}",
            lossy(name.strip_suffix(b":").unwrap_or(name)),
            lossy(value.unwrap_or_default())
        ));
        self.with(|state| state.set(setting))
    }

    /// Reads a resolv.conf file. 0, or one of the results that programs are told.
    pub fn read_resolv_conf(self, flags: c_int, path: Option<&CStr>) -> c_int {
        log::debug(format_args!(
            "Parsing resolv.conf file {}",
            lossy(path.map_or(b"(null)", CStr::to_bytes))
        ));
        if flags & DNS_OPTION_HOSTSFILE != 0 {
            self.load_hosts(Some(SYSTEM_HOSTS));
        }
        let file = match path.ok_or(CANNOT_OPEN).and_then(read) {
            Ok(file) => file,
            Err(CANNOT_OPEN) => {
                self.add_defaults(flags);
                return CANNOT_OPEN;
            }
            Err(code) => return code,
        };
        for line in resolv_conf::lines(&file) {
            self.apply(line, flags);
        }
        self.add_defaults(flags)
    }

    fn apply(self, line: Line, flags: c_int) {
        match line {
            Line::Nameserver(text) if flags & DNS_OPTION_NAMESERVERS != 0 => {
                let added = self.add_server_text(text) == 0;
                self.with(|state| {
                    if let Some(server) = state.servers.last_mut() {
                        server.from_file |= added;
                    }
                });
            }
            Line::Domain(domain) | Line::Search(domain) if flags & DNS_OPTION_SEARCH != 0 => {
                self.with(|state| {
                    state.search.clear_domains();
                    for domain in words(domain) {
                        state.search.push_back(domain);
                    }
                });
            }
            Line::Options(text) => {
                for word in words(text) {
                    let (name, value) = resolv_conf::option(word);
                    self.set_option_of(name, Some(value), flags);
                }
            }
            _ => {}
        }
    }

    /// Adds what a file did not say.
    fn add_defaults(self, flags: c_int) -> c_int {
        let mut result = 0;
        let empty = self.with(|state| state.servers.is_empty());
        if flags & DNS_OPTION_NAMESERVERS != 0
            && flags & DNS_OPTION_NAMESERVERS_NO_DEFAULT == 0
            && empty
        {
            self.add_server(SocketAddr::from(([127, 0, 0, 1], PORT)));
            result = NO_SERVERS;
        }
        if flags & DNS_OPTION_SEARCH != 0 {
            self.with(State::search_own_domain);
        }
        result
    }

    /// Reads a hosts file, or adds what is known without one. False if it can't be read.
    pub fn load_hosts(self, path: Option<&CStr>) -> bool {
        let Some(path) = path else {
            return self.with(|state| state.hosts.add_localhost());
        };
        match read(path) {
            Ok(file) => self.with(|state| state.hosts.add_file(&file)),
            Err(_) => {
                self.with(|state| state.hosts.add_localhost());
                false
            }
        }
    }

    /// Sees from time to time whether the system's file has changed, if that is wanted.
    pub fn look_at_file(self) {
        if !self.hold().watches_file() {
            return;
        }
        let changed = self.with(|state| {
            let due = state.watch.on && state.now - state.watch.looked >= WATCH_EVERY;
            if !due {
                return false;
            }
            state.watch.looked = state.now;
            let now = stamp();
            // A sandbox may forbid to look.
            state.watch.on = now.is_some();
            let before = core::mem::replace(&mut state.watch.stamp, now);
            state.watch.on && before != now
        });
        if !changed {
            return;
        }
        if let Ok(file) = read(SYSTEM_FILE) {
            self.follow(&file);
        }
    }

    /// Takes over what a changed file says about servers and domains. What the program has set itself
    /// stays.
    fn follow(self, file: &[u8]) {
        let listed = |address: SocketAddr| {
            resolv_conf::lines(file).any(|line| {
                matches!(line, Line::Nameserver(text) if server_address(text) == Some(address))
            })
        };
        for line in resolv_conf::lines(file) {
            if !matches!(line, Line::Options(_)) {
                self.apply(line, DNS_OPTION_NAMESERVERS | DNS_OPTION_SEARCH);
            }
        }
        self.with(|state| {
            let gone = |state: &State| {
                let mut servers = state.servers.iter();
                servers.position(|server| server.from_file && !listed(server.address))
            };
            while state.servers.len() > 1
                && let Some(index) = gone(state)
            {
                state.remove_server(index);
            }
        });
    }
}

impl State {
    /// Applies a setting. False without memory for it.
    fn set(&mut self, setting: Setting) -> bool {
        match setting {
            Setting::Ndots(n) => self.search.ndots = n,
            Setting::Reload(true) if self.watch.on => {
                self.watch.stamp = stamp();
                self.watch.looked = self.now;
            }
            Setting::EdnsSize(size) => {
                let size = usize::from(size).max(self.room.len());
                if self.room.try_resize(size, 0).is_err() {
                    return false;
                }
            }
            _ => {}
        }
        self.options.apply(setting);
        if matches!(setting, Setting::MaxInflight(_)) {
            self.pump();
        }
        true
    }

    /// Searches in the domain of the host's name, if no other is known.
    fn search_own_domain(&mut self) {
        if !self.search.is_empty() {
            return;
        }
        let mut name = [0u8; 256];
        // SAFETY: one byte less than there is, so a NUL is left.
        if unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) } != 0 {
            return;
        }
        let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
        if let Some(dot) = name.iter().position(|&byte| byte == b'.') {
            self.search.push_back(&name[dot..]);
        }
    }
}
