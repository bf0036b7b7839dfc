//! Looking up addresses or names of addresses, as programs ask for it.

use core::ffi::c_int;
use core::ptr::NonNull;
use std::net::IpAddr;

use super::log;
use super::lookup::{Callback, Handle};
use super::name::{Name, reverse_v4, reverse_v6};
use super::resolver::{Request, Resolver};
use super::wire::kind;
use crate::ctypes::dns::*;
use crate::support::shared::Ref;

/// Looks the addresses of a name up.
pub fn addresses(
    resolver: Option<Ref<Resolver>>,
    text: &[u8],
    v6: bool,
    flags: c_int,
    callback: Callback,
) -> Option<NonNull<Handle>> {
    let resolver = resolver?;
    let name = Name::from_text(text)?;
    log::debug(format_args!("Resolve requested for {name:?}"));
    resolver.look_at_file();
    let kind = if v6 { kind::AAAA } else { kind::A };
    let request = Request {
        name: &name,
        complete: text.ends_with(b".") || flags & DNS_QUERY_NO_SEARCH != 0,
        flags,
        kinds: &[kind],
        shape: None,
        callback,
        cached_as: None,
    };
    resolver.with(|state| state.start(&request))
}

/// Looks the name of an address up.
pub fn reverse(
    resolver: Option<Ref<Resolver>>,
    address: IpAddr,
    flags: c_int,
    callback: Callback,
) -> Option<NonNull<Handle>> {
    let resolver = resolver?;
    let name = match address {
        IpAddr::V4(v4) => reverse_v4(v4.octets()),
        IpAddr::V6(v6) => reverse_v6(v6.octets()),
    };
    log::debug(format_args!("Resolve requested for {name:?} (reverse)"));
    resolver.look_at_file();
    let request = Request {
        name: &name,
        complete: true,
        // The rest makes no sense here.
        flags: flags & (DNS_QUERY_USEVC | DNS_QUERY_IGNTC),
        kinds: &[kind::PTR],
        shape: None,
        callback,
        cached_as: None,
    };
    resolver.with(|state| state.start(&request))
}
