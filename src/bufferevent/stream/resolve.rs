//! Connecting a bufferevent to a host by its name.
//!
//! A lookup has a record of its own, which holds the bufferevent: its answer may come from another
//! thread. The record stays while addresses are left that could be tried instead of one that fails.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use std::io::Write;

use libc::addrinfo;

use super::{Stream, connect};
use crate::bufferevent::{BY_LOOKUP, Bev, Held, callbacks, enable};
use crate::ctypes::bufferevent::BEV_EVENT_ERROR;
use crate::net::addr_list::AddrList;
use crate::net::resolver::{self, Lookup, Query};
use crate::support::mm;

/// What a bufferevent knows of its last lookup, in one word: null, the address of a [`Resolving`], or
/// the `EAI_*` code that it ended with. Addresses are even, the word for a code is odd.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Slot(*mut Resolving);

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

    /// The record, which is alive.
    fn record(self) -> *mut Resolving {
        if self.0.addr() & 1 == 0 {
            self.0
        } else {
            ptr::null_mut()
        }
    }
}

/// A lookup for a bufferevent, and then its answer.
pub struct Resolving {
    bev: Bev,
    /// Until it is answered.
    lookup: Option<Lookup>,
    /// The answer, and how many of the addresses have been tried.
    addresses: AddrList,
    tried: usize,
}

/// What a stream connection to any address of a family asks a resolver for.
pub fn hints(family: c_int) -> addrinfo {
    // SAFETY: all zeros (no flags, null pointers) is a valid value.
    let mut hints: addrinfo = unsafe { MaybeUninit::zeroed().assume_init() };
    hints.ai_family = family;
    hints.ai_protocol = libc::IPPROTO_TCP;
    hints.ai_socktype = libc::SOCK_STREAM;
    hints
}

/// Looks `host` up and connects to the first of its addresses that can be had, at `port`. Without a
/// DNS base the lookup is over before this returns, and a name that is not found is told by an
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
) -> Result<(), ()> {
    let stream = Stream::of(**bev).ok_or(())?;
    cancel(bev);
    stream.set_resolving(Slot::EMPTY);
    if !matches!(
        hints.ai_family,
        libc::AF_UNSPEC | libc::AF_INET | libc::AF_INET6
    ) || !(1..=0xffff).contains(&port)
    {
        return Err(());
    }
    let record = mm::malloc(size_of::<Resolving>()).cast::<Resolving>();
    if record.is_null() {
        return Err(());
    }
    // SAFETY: a fresh block of the right size.
    unsafe {
        record.write(Resolving {
            bev: **bev,
            lookup: None,
            addresses: AddrList::new(),
            tried: 0,
        });
    }
    stream.set_resolving(Slot(record));
    bev.header().add_reference();
    enable::suspend_write(bev, BY_LOOKUP);
    enable::suspend_read(bev, BY_LOOKUP);
    let mut service = [0_u8; 8];
    // A port has at most five digits, so a NUL is left.
    let _ = write!(&mut service[..7], "{port}");
    let query = Query {
        // SAFETY: promised by the caller.
        host: (!host.is_null()).then(|| unsafe { CStr::from_ptr(host) }),
        service: CStr::from_bytes_until_nul(&service).ok(),
        hints,
    };
    // SAFETY: promised by the caller; the record stays until it is answered or cancelled.
    let lookup = unsafe { resolver::start(dns, &query, answered, record.cast()) };
    if lookup.is_some() {
        // SAFETY: it is not answered yet: that takes the bufferevent's lock.
        unsafe { (*record).lookup = lookup };
    }
    Ok(())
}

/// The resolver's answer.
unsafe fn answered(record: *mut c_void, answer: Result<AddrList, c_int>) {
    let record = record.cast::<Resolving>();
    // SAFETY: the record was given with the lookup, with a reference to the bufferevent.
    let bev = unsafe { (*record).bev }.hold();
    bev.header().drop_reference();
    let current = Stream::of(*bev).filter(|stream| stream.resolving() == Slot(record));
    let Some(stream) = current else {
        // It was cancelled while the answer was on its way.
        // SAFETY: nobody else knows the record any more.
        unsafe { discard(record) };
        return;
    };
    // SAFETY: it is the current one, so it is alive.
    unsafe { (*record).lookup = None };
    enable::unsuspend_write(&bev, BY_LOOKUP);
    enable::unsuspend_read(&bev, BY_LOOKUP);
    match answer {
        Ok(addresses) => {
            // SAFETY: null or the current record, as above.
            if let Some(record) = unsafe { stream.resolving().record().as_mut() } {
                record.addresses = addresses;
            }
            if connect_to_next(&bev, stream).is_err() {
                callbacks::run_event(&bev, BEV_EVENT_ERROR, 0);
            }
        }
        Err(error) => {
            forget(stream);
            stream.set_resolving(Slot::failed(error));
            callbacks::run_event(&bev, BEV_EVENT_ERROR, 0);
        }
    }
}

/// Whether there is another address to be tried.
pub(super) fn has_more(stream: Stream) -> bool {
    // SAFETY: null or the current record, which is alive.
    let record = unsafe { stream.resolving().record().as_ref() };
    record.is_some_and(|record| record.addresses.iter().nth(record.tried).is_some())
}

/// Connects to the next address that can be connected to. Fails with the last one's error.
pub(super) fn connect_to_next(bev: &Held, stream: Stream) -> Result<(), ()> {
    let mut result = Err(());
    loop {
        // SAFETY: null or the current record, which is alive; callbacks of the program, which may
        // change that, run after its last use.
        let Some(record) = (unsafe { stream.resolving().record().as_mut() }) else {
            return result;
        };
        let Some(info) = record.addresses.iter().nth(record.tried) else {
            forget(stream);
            return result;
        };
        let (address, len) = (info.ai_addr, info.ai_addrlen);
        record.tried += 1;
        let own = bev.read_event().fd() < 0;
        if !own {
            // The program chose the socket, which serves for one attempt.
            record.tried = usize::MAX;
        }
        // SAFETY: an entry's address has the entry's length.
        result = unsafe { connect::attempt(bev, stream, address, len) };
        if result.is_ok() {
            return result;
        }
    }
}

/// The addresses are not needed any more: the connection stands, or none can be had.
pub(in crate::bufferevent) fn forget(stream: Stream) {
    let record = stream.resolving().record();
    if !record.is_null() {
        stream.set_resolving(Slot::EMPTY);
        // SAFETY: no lookup has it, and the bufferevent not any more.
        unsafe { discard(record) };
    }
}

/// # Safety
/// Nobody else knows the record.
unsafe fn discard(record: *mut Resolving) {
    // SAFETY: a whole value in a block of `mm`.
    unsafe {
        ptr::drop_in_place(record);
        mm::free(record.cast());
    }
}

/// Ends a lookup, or what is left of one: nothing will be connected for it.
pub fn cancel(bev: &Held) {
    let Some(stream) = Stream::of(**bev) else {
        return;
    };
    // SAFETY: null or the current record, which is alive.
    let Some(record) = NonNull::new(stream.resolving().record()) else {
        return;
    };
    // SAFETY: as above.
    let Some(lookup) = (unsafe { (*record.as_ptr()).lookup.take() }) else {
        forget(stream);
        return;
    };
    stream.set_resolving(Slot::EMPTY);
    // SAFETY: the record is the current one, so the answer has not come.
    if unsafe { lookup.cancel() } {
        bev.header().drop_reference();
        // SAFETY: no lookup has it, and the bufferevent not any more.
        unsafe { discard(record.as_ptr()) };
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
            assert!(Slot::failed(error).record().is_null());
        }
        assert_eq!(Slot::EMPTY.error(), 0);
        let record = ptr::without_provenance_mut(0x1230);
        assert_eq!(Slot(record).record(), record);
        assert_eq!(Slot(record).error(), 0);
    }
}
