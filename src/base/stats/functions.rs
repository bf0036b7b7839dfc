//! The functions that a loop called, with their names and times.

use core::ffi::{CStr, c_char, c_short, c_void};
use core::fmt::Write;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::Spans;
use crate::base::handle::Cb;
use crate::base::once;
use crate::support::text_out::Sink;
use crate::support::zeroed::Zeroed;

/// So many functions are told apart; those that come later count as the last.
const PLACES: usize = 128;
/// Names are cut to fit.
const NAME: usize = 96;

/// What kind of callback the loop runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Event,
    Deferred,
    Finalizer,
}

/// What a callback of the library's own stands for: a function of the program, if it has one, and
/// what that is to the program.
pub struct Meaning {
    pub function: Option<*const ()>,
    pub role: &'static str,
}

/// Tells of a callback, with its argument and the `EV_*` that it is told, what it stands for, if it
/// is one of those that this knows.
pub type Explain = fn(*const (), *mut c_void, c_short) -> Option<Meaning>;

/// What is known of callbacks of the library's own: by the parts of it that are in use.
static EXPLAIN: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Names of the library's own callbacks.
static NAMES: Mutex<[Option<(usize, &'static str)>; 64]> = Mutex::new([None; 64]);

/// A function that was called.
pub(super) struct Function {
    address: usize,
    pub role: &'static str,
    name: [u8; NAME],
    len: usize,
    pub calls: Spans,
}

/// The functions that a base called.
pub(super) struct Functions([OnceLock<Function>; PLACES]);

/// Has callbacks explained from now on.
pub fn explain_with(explain: Explain) {
    EXPLAIN.store(explain as *mut (), Relaxed);
}

/// Gives a callback of the library's own a name: the path of the Rust function.
#[cold]
#[inline(never)]
pub fn name(function: *const (), path: &'static str) {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let address = function.addr();
    let taken = |place: &&mut Option<(usize, &str)>| place.is_none_or(|(at, _)| at == address);
    if let Some(place) = names.iter_mut().find(taken) {
        *place = Some((address, path));
    }
}

fn explained(function: *const (), argument: *mut c_void, what: c_short) -> Option<Meaning> {
    let meaning = once::explain(function, argument);
    let explain = EXPLAIN.load(Relaxed);
    if meaning.is_some() || explain.is_null() {
        return meaning;
    }
    // SAFETY: `explain_with` stored an `Explain`.
    unsafe { core::mem::transmute::<*mut (), Explain>(explain)(function, argument, what) }
}

impl Functions {
    pub fn new() -> Functions {
        Functions([const { OnceLock::new() }; PLACES])
    }

    /// Where a callback that is about to run is counted.
    pub fn place_of(&self, cb: Cb, role: Role, what: c_short) -> usize {
        // SAFETY: all members of the union are pointers to functions, or null.
        let called = unsafe { cb.function().evcb_selfcb };
        let mut function = called.map_or(core::ptr::null(), |function| function as *const ());
        let mut role = match role {
            Role::Event => "event",
            Role::Deferred => "deferred",
            Role::Finalizer => "finalizer",
        };
        if let Some(meaning) = explained(function, cb.argument(), what) {
            function = meaning.function.unwrap_or(function);
            role = meaning.role;
        }
        self.place(function, role)
    }

    fn place(&self, function: *const (), role: &'static str) -> usize {
        let address = function.addr();
        // Functions begin at multiples of 16.
        let mut place = address / 16 % PLACES;
        for _ in 0..PLACES {
            let found = self.0[place].get_or_init(|| Function::new(function, role));
            if found.address == address && found.role == role {
                return place;
            }
            place = (place + 1) % PLACES;
        }
        PLACES - 1
    }

    pub fn add(&self, place: usize, span: u64) {
        if let Some(function) = self.at(place) {
            function.calls.add(span);
        }
    }

    pub fn at(&self, place: usize) -> Option<&Function> {
        self.0.get(place)?.get()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Function> {
        self.0.iter().filter_map(OnceLock::get)
    }

    pub fn forget(&self) {
        self.iter().for_each(|function| function.calls.forget());
    }
}

impl Function {
    fn new(function: *const (), role: &'static str) -> Function {
        let mut name = [MaybeUninit::new(0); NAME];
        let mut sink = Sink::new(&mut name);
        // What does not fit is cut.
        let _ = write_name(&mut sink, function);
        let len = sink.finish().min(NAME - 1);
        Function {
            address: function.addr(),
            role,
            // SAFETY: initialised above.
            name: name.map(|byte| unsafe { byte.assume_init() }),
            len,
            calls: Spans::default(),
        }
    }

    pub fn name(&self) -> &str {
        let bytes = &self.name[..self.len];
        match str::from_utf8(bytes) {
            Ok(name) => name,
            Err(error) => str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        }
    }
}

/// `symbol (object)`, or `object+offset` where there is no symbol.
fn write_name(out: &mut dyn Write, function: *const ()) -> core::fmt::Result {
    let known = {
        let names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |(address, path)| (address == function.addr()).then_some(path);
        names.iter().flatten().copied().find_map(named)
    };
    if let Some(path) = known {
        return write!(
            out,
            "{} (libevent_rs)",
            path.trim_start_matches("event_rs::")
        );
    }
    let mut info = libc::Dl_info::ZEROED;
    // SAFETY: dladdr takes any address.
    let found = unsafe { libc::dladdr(function.cast(), &raw mut info) };
    // SAFETY: the loader's own strings, which it keeps while the object is loaded.
    let text = |text: *const c_char| unsafe {
        (!text.is_null()).then(|| CStr::from_ptr(text).to_str().unwrap_or("?"))
    };
    let path = text(info.dli_fname).filter(|_| found != 0).unwrap_or("?");
    let object = path.rsplit('/').next().unwrap_or(path);
    match text(info.dli_sname).filter(|_| found != 0) {
        Some(symbol) if info.dli_saddr.addr() == function.addr() => {
            write!(out, "{symbol} ({object})")
        }
        _ if found != 0 => {
            let offset = function.addr().wrapping_sub(info.dli_fbase.addr());
            write!(out, "{object}+{offset:#x}")
        }
        _ => write!(out, "{function:p}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    extern "C" fn unknown() {}

    #[test]
    fn functions_have_names_and_places() {
        let functions = Functions::new();
        // None that a sanitizer takes the place of.
        let getpid = libc::getpid as *const ();
        let place = functions.place(getpid, "event");
        assert_eq!(functions.place(getpid, "event"), place);
        assert_ne!(functions.place(getpid, "deferred"), place);
        functions.add(place, 7);
        functions.add(place, 5);
        let function = functions.at(place).expect("there is a function");
        assert!(
            function.name().contains("getpid (libc"),
            "{}",
            function.name()
        );
        assert_eq!(function.calls.total.get(), 12);
        assert_eq!(function.calls.longest.get(), 7);
        // No symbol that the loader knows of.
        let place = functions.place(unknown as *const (), "event");
        let name = functions.at(place).map_or("", Function::name);
        assert!(name.contains("+0x"), "{name}");
        super::name(unknown as *const (), "event_rs::of::ours");
        let place = functions.place(unknown as *const (), "deferred");
        let name = functions.at(place).map_or("", Function::name);
        assert_eq!(name, "of::ours (libevent_rs)");
    }

    #[test]
    fn too_many_functions_share_a_place() {
        let functions = Functions::new();
        for address in 1..1000usize {
            let place = functions.place(core::ptr::without_provenance(address * 16), "event");
            functions.add(place, 1);
        }
        let calls: u64 = functions
            .iter()
            .map(|function| function.calls.count.get())
            .sum();
        assert_eq!((calls, functions.iter().count()), (999, PLACES));
    }
}
