//! Connecting a bufferevent to a host by its name.
//!
//! A lookup has a record of its own, which holds the bufferevent: its answer may come from another
//! thread. The record stays while addresses are left that could be tried instead of one that fails.

use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::{self, NonNull};
use std::io::Write;

use libc::{addrinfo, sockaddr, socklen_t};

use super::{Stream, connect};
use crate::bufferevent::{BY_LOOKUP, Bev, Held, callbacks, enable};
use crate::ctypes::bufferevent::BEV_EVENT_ERROR;
use crate::net::addr_list::AddrList;
use crate::net::resolver::{self, Lookup, Query};
use crate::support::mm;
use crate::support::thunk::{Argument, Ref};
use crate::support::zeroed::Zeroed;
use crate::sys::{self, Errno};

/// What a bufferevent knows of its last lookup, in one word: null, the address of a [`Resolving`], or
/// the `EAI_*` code that it ended with. Addresses are even, the word for a code is odd.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Slot(*mut Resolving);

// SAFETY: null.
unsafe impl Zeroed for Slot {}

impl Slot {
    const EMPTY: Slot = Slot(ptr::null_mut());

    fn failed(error: c_int) -> Slot {
        Slot(ptr::without_provenance_mut(
            (error as usize).wrapping_shl(1) | 1,
        ))
    }

    /// The code.
    fn error(self) -> c_int {
        if self.0.addr() & 1 == 0 {
            return 0;
        }
        (self.0.addr() as isize >> 1) as c_int
    }

    /// The record.
    fn record(self) -> Option<Ref<Resolving>> {
        let record = NonNull::new(self.0).filter(|record| record.addr().get() & 1 == 0)?;
        // SAFETY: a record stays as long as a slot leads to it.
        Some(unsafe { Ref::new(record) })
    }
}

/// A lookup for a bufferevent, and then its answer.
pub struct Resolving {
    bev: Bev,
    /// Until it is answered.
    lookup: Cell<Option<Lookup>>,
    /// The answer, and how many of the addresses have been tried.
    addresses: RefCell<AddrList>,
    tried: Cell<usize>,
}

impl Resolving {
    fn new(bev: Bev) -> Option<Ref<Resolving>> {
        let place = NonNull::new(mm::malloc(size_of::<Resolving>()).cast::<Resolving>())?;
        // SAFETY: a fresh block of the right size, where the record stays until `discard`.
        unsafe {
            place.write(Resolving {
                bev,
                lookup: Cell::new(None),
                addresses: RefCell::new(AddrList::new()),
                tried: Cell::new(0),
            });
            Some(Ref::new(place))
        }
    }

    /// The address to be tried next: where it is, and its length.
    fn next(&self) -> Option<(*const sockaddr, socklen_t)> {
        let addresses = self.addresses.borrow();
        let info = addresses.iter().nth(self.tried.get())?;
        Some((info.ai_addr.cast_const(), info.ai_addrlen))
    }
}

/// Frees a record.
///
/// # Safety
/// No other code knows it.
unsafe fn discard(record: Ref<Resolving>) {
    // SAFETY: a whole value in a block of `mm`.
    unsafe {
        ptr::drop_in_place(record.as_ptr());
        mm::free(record.as_ptr().cast());
    }
}

/// What a stream connection to any address of a family asks a resolver for.
pub fn hints(family: c_int) -> addrinfo {
    let mut hints = addrinfo::ZEROED;
    hints.ai_family = family;
    hints.ai_protocol = libc::IPPROTO_TCP;
    hints.ai_socktype = libc::SOCK_STREAM;
    hints
}

/// Looks `host` up and connects to the first of its addresses that can be had, at `port`. Without a
/// DNS base the lookup has finished before this returns, and a name that is not found is told by an
/// event.
///
/// # Safety
/// `dns` is null or a live `evdns_base`; `host` is null or NUL-terminated.
pub unsafe fn start(
    bev: &Held,
    dns: *mut c_void,
    host: *const c_char,
    port: c_int,
    hints: &addrinfo,
) -> sys::Result {
    let stream = Stream::of(**bev).ok_or(Errno::INVAL)?;
    cancel(bev);
    stream.set_resolving(Slot::EMPTY);
    if !matches!(
        hints.ai_family,
        libc::AF_UNSPEC | libc::AF_INET | libc::AF_INET6
    ) || !(1..=0xffff).contains(&port)
    {
        return Err(Errno::INVAL);
    }
    let record = Resolving::new(**bev).ok_or(Errno::NOMEM)?;
    stream.set_resolving(Slot(record.as_ptr()));
    bev.header().add_reference();
    enable::suspend_write(bev, BY_LOOKUP);
    enable::suspend_read(bev, BY_LOOKUP);
    let mut service = [0_u8; 8];
    // A port has at most five digits, so a NUL is left.
    let _ = write!(&mut service[..7], "{port}");
    let query = Query {
        // SAFETY: the caller guarantees it (# Safety).
        host: (!host.is_null()).then(|| unsafe { CStr::from_ptr(host) }),
        service: CStr::from_bytes_until_nul(&service).ok(),
        hints,
    };
    // SAFETY: promised by the caller; the record stays until it is answered or cancelled.
    let lookup = unsafe { resolver::start(dns, &query, answered, record.into_raw()) };
    if lookup.is_some() {
        // It is not answered yet: that takes the bufferevent's lock.
        record.lookup.set(lookup);
    }
    Ok(())
}

/// The resolver's answer.
///
/// # Safety
/// `record` came from `start`, and is answered once.
unsafe fn answered(record: *mut c_void, answer: Result<AddrList, c_int>) {
    // SAFETY: the record was given with the lookup.
    let record = unsafe { Ref::<Resolving>::from_raw(record) };
    let bev = record.bev.hold();
    // The lookup's own.
    bev.header().drop_reference();
    let current = |stream: &Stream| stream.resolving() == Slot(record.as_ptr());
    let Some(stream) = Stream::of(*bev).filter(current) else {
        // It was cancelled while the answer was on its way.
        // SAFETY: no other code knows the record any more.
        unsafe { discard(record) };
        return;
    };
    record.lookup.set(None);
    let found = match answer {
        Ok(addresses) => {
            record.addresses.replace(addresses);
            true
        }
        Err(error) => {
            forget(stream);
            stream.set_resolving(Slot::failed(error));
            false
        }
    };
    enable::unsuspend_write(&bev, BY_LOOKUP);
    enable::unsuspend_read(&bev, BY_LOOKUP);
    let connected = found.then(|| connect_to_next(&bev, stream));
    if let Some(Err(error)) = connected {
        error.set();
    }
    if connected != Some(Ok(())) {
        callbacks::run_event(&bev, BEV_EVENT_ERROR, 0);
    }
}

/// Whether there is another address to be tried.
pub(super) fn has_more(stream: Stream) -> bool {
    let record = stream.resolving().record();
    record.is_some_and(|record| record.next().is_some())
}

/// Connects to the next address that can be connected to. Fails with the last one's error.
pub(super) fn connect_to_next(bev: &Held, stream: Stream) -> sys::Result {
    let mut result = Err(Errno::INVAL);
    while let Some(record) = stream.resolving().record() {
        let Some((address, len)) = record.next() else {
            forget(stream);
            break;
        };
        let own = bev.read_event().fd() < 0;
        // A socket that the program chose serves for one attempt.
        let tried = if own {
            record.tried.get() + 1
        } else {
            usize::MAX
        };
        record.tried.set(tried);
        // SAFETY: an entry's address has the entry's length.
        result = unsafe { connect::attempt(bev, stream, address, len) };
        if result.is_ok() {
            break;
        }
    }
    result
}

/// The addresses are not needed any more: the connection is established, or none can be had.
#[inline]
pub(in crate::bufferevent) fn forget(stream: Stream) {
    if let Some(record) = stream.resolving().record() {
        forget_record(stream, record);
    }
}

#[inline(never)]
fn forget_record(stream: Stream, record: Ref<Resolving>) {
    stream.set_resolving(Slot::EMPTY);
    // SAFETY: no lookup has it, and the bufferevent not any more.
    unsafe { discard(record) };
}

/// Ends a lookup, or what is left of one: nothing will be connected for it.
#[inline]
pub fn cancel(bev: &Held) {
    if let Some(stream) = Stream::of(**bev)
        && let Some(record) = stream.resolving().record()
    {
        cancel_record(bev, stream, record);
    }
}

#[inline(never)]
fn cancel_record(bev: &Held, stream: Stream, record: Ref<Resolving>) {
    let Some(lookup) = record.lookup.take() else {
        forget_record(stream, record);
        return;
    };
    stream.set_resolving(Slot::EMPTY);
    // SAFETY: the record is the current one, so the answer has not come.
    if unsafe { lookup.cancel() } {
        bev.header().drop_reference();
        // SAFETY: no lookup has it, and the bufferevent not any more.
        unsafe { discard(record) };
    }
    enable::unsuspend_write(bev, BY_LOOKUP);
    enable::unsuspend_read(bev, BY_LOOKUP);
}

/// What became of the last lookup: 0, or an `EAI_*` code.
pub fn last_error(bev: Bev) -> c_int {
    Stream::of(bev).map_or(0, |stream| stream.resolving().error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_holds_a_code() {
        for error in [
            0,
            1,
            -1,
            -2,
            libc::EAI_SYSTEM,
            -90001,
            c_int::MAX,
            c_int::MIN,
        ] {
            assert_eq!(Slot::failed(error).error(), error);
            assert!(Slot::failed(error).record().is_none());
        }
        assert_eq!(Slot::EMPTY.error(), 0);
        assert!(Slot::EMPTY.record().is_none());
        let record = ptr::without_provenance_mut(0x1230);
        assert_eq!(Slot(record).record().map(Ref::as_ptr), Some(record));
        assert_eq!(Slot(record).error(), 0);
    }
}
