//! The resolver of programs that name none, and making one as programs ask for it.

use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering::AcqRel, Ordering::Acquire};

use super::config::SYSTEM_FILE;
use super::log;
use super::resolver::{self, Resolver};
use crate::base::EventBase;
use crate::ctypes::dns::*;
use crate::support::shared::Ref;

static CURRENT: AtomicPtr<Resolver> = AtomicPtr::new(ptr::null_mut());

/// The global resolver, if there is one.
pub fn current() -> Option<Ref<Resolver>> {
    // SAFETY: programs don't use the functions without a resolver while they free it.
    unsafe { Ref::from_ptr(CURRENT.load(Acquire)) }
}

/// Makes it the global one.
pub fn set_current(resolver: Ref<Resolver>) {
    CURRENT.store(resolver.as_ptr(), std::sync::atomic::Ordering::Release);
}

/// The global resolver is that no longer.
pub fn take_current() -> Option<Ref<Resolver>> {
    // SAFETY: as in `current`.
    unsafe { Ref::from_ptr(CURRENT.swap(ptr::null_mut(), AcqRel)) }
}

/// The global resolver, or a new one without servers.
pub fn current_or_new() -> Option<Ref<Resolver>> {
    current().or_else(|| {
        let made = new(&*crate::base::global::current()?, 0)?;
        set_current(made);
        Some(made)
    })
}

/// Makes a resolver. `flags` are `EVDNS_BASE_*`.
pub fn new(base: &EventBase, flags: c_int) -> Option<Ref<Resolver>> {
    const KNOWN: c_int = EVDNS_BASE_INITIALIZE_NAMESERVERS
        | EVDNS_BASE_NO_CACHE
        | EVDNS_BASE_DISABLE_WHEN_INACTIVE
        | EVDNS_BASE_NAMESERVERS_NO_DEFAULT;
    let flags = if flags & !KNOWN == 0 {
        flags
    } else {
        log::warn(format_args!(
            "Unrecognized flag passed to evdns_base_new(). Assuming you meant \
             EVDNS_BASE_INITIALIZE_NAMESERVERS."
        ));
        EVDNS_BASE_INITIALIZE_NAMESERVERS
    };
    let resolver = resolver::create(base)?;
    resolver.with(|state| {
        state.rests_when_idle = flags & EVDNS_BASE_DISABLE_WHEN_INACTIVE != 0;
    });
    if flags & EVDNS_BASE_INITIALIZE_NAMESERVERS == 0 {
        return Some(resolver);
    }
    let mut options = DNS_OPTIONS_ALL;
    if flags & EVDNS_BASE_NAMESERVERS_NO_DEFAULT != 0 {
        options |= DNS_OPTION_NAMESERVERS_NO_DEFAULT;
    }
    if resolver.read_resolv_conf(options, Some(SYSTEM_FILE)) != 0 {
        resolver::free(resolver, false);
        return None;
    }
    resolver.with(|state| state.watch.on = true);
    Some(resolver)
}
