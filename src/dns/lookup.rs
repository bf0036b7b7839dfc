//! A lookup: what a program asked for, the names that are tried for it, and one question of each name
//! for each family of addresses.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use libc::addrinfo;

use super::name::Name;
use super::query::Query;
use super::resolver::Resolver;
use super::search::Search;
use super::timers::Place;
use super::wire::kind;
use crate::net::resolver::Done;
use crate::support::mm;
use crate::support::shared::Ref;

/// What programs know of a lookup: enough to find it, if it is still there. It stays as long as the
/// resolver, so that one that is over can be asked to end.
pub struct Handle {
    pub resolver: Ref<Resolver>,
    pub slot: u32,
}

/// Gets the result, the type, the number, the TTL and the addresses.
pub type ResolveFn = unsafe extern "C" fn(c_int, c_char, c_int, c_int, *mut c_void, *mut c_void);
/// Gets the result and a list to be freed.
pub type AddressesFn = unsafe extern "C" fn(c_int, *mut addrinfo, *mut c_void);

/// Who is told of the end.
#[derive(Clone, Copy)]
pub enum Callback {
    Resolve(Option<ResolveFn>, *mut c_void),
    Addresses(Option<AddressesFn>, *mut c_void),
    /// The library itself.
    Internal(Done, *mut c_void),
}

/// What `getaddrinfo` makes of addresses.
#[derive(Clone, Copy)]
pub struct Shape {
    pub socktype: c_int,
    pub protocol: c_int,
    pub port: u16,
    pub canonical_name: bool,
}

/// How far a lookup is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    Asking,
    /// The loop will tell.
    Done,
}

/// The names that are tried.
pub struct Names {
    pub name: Name,
    /// It ends with a dot, or is not to be searched.
    pub complete: bool,
    pub search: Search,
    pub next: usize,
}

impl Names {
    /// Takes the next name. False if there is none.
    pub fn take_next(&mut self, name: &mut Name) -> bool {
        while self.next < self.search.candidates(self.complete) {
            let index = self.next;
            self.next += 1;
            *name = self.name;
            if self.search.extend(name, self.complete, index) {
                return true;
            }
        }
        false
    }
}

/// A lookup.
pub struct Lookup {
    pub callback: Callback,
    /// `DNS_QUERY_*`, `DNS_CNAME_CALLBACK`.
    pub flags: c_int,
    pub names: Names,
    /// One or two.
    pub queries: mm::Vec<Query>,
    pub shape: Option<Shape>,
    /// Under which name the cache is to remember it.
    pub cached_as: Option<mm::Vec<u8>>,
    /// When to give the other family of addresses up, where there are two.
    pub skew: Option<Place>,
    pub stage: Stage,
    /// `DNS_ERR_*`, once it is done.
    pub error: c_int,
    /// The next that is done.
    pub next_done: u32,
}

impl Lookup {
    /// Of nothing: to be filled in.
    pub const EMPTY: Lookup = Lookup {
        callback: Callback::Resolve(None, ptr::null_mut()),
        flags: 0,
        names: Names {
            name: Name::ROOT,
            complete: true,
            search: Search::new(),
            next: 0,
        },
        queries: mm::vec(),
        shape: None,
        cached_as: None,
        skew: None,
        stage: Stage::Asking,
        error: 0,
        next_done: 0,
    };

    /// Whether it has no more memory than most lookups need.
    pub fn is_small(&self) -> bool {
        let small = |query: &Query| query.addresses.capacity() <= Query::room(kind::AAAA);
        self.queries.iter().all(small)
    }
}
