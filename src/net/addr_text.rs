//! IPv4 and IPv6 addresses as text, with ports and scopes.
//!
//! Numbers are read the way C's `strtol` reads them (leading white space, a
//! sign, leading zeros): configuration files written for libevent rely on it.
//! A number that does not fit is refused, never wrapped.

use std::cmp::Ordering;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Splits a decimal integer off the front of `text`. The value saturates, so
/// that a check of its range catches every number that is too large.
fn scan_integer(text: &[u8]) -> Option<(i64, &[u8])> {
    let is_space = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r');
    let spaces = text.iter().take_while(|b| is_space(b)).count();
    let (sign, digits) = match &text[spaces..] {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    let len = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = digits.split_at(len);
    let value = number.iter().fold(0i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add((digit - b'0').into())
    });
    (len > 0).then_some((sign * value, rest))
}

/// Reads a dotted quad. All four decimal numbers must be there.
pub fn parse_ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut rest = text;
    for (i, octet) in octets.iter_mut().enumerate() {
        if i > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let (value, after) = scan_integer(rest)?;
        *octet = value.try_into().ok()?;
        rest = after;
    }
    rest.is_empty().then_some(octets.into())
}

/// Reads an IPv6 address without a scope (RFC 4291, section 2.2).
pub fn parse_ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Reads an IPv6 address that `%scope` may follow, where the scope is an
/// interface's name or number. No scope and an empty one both yield 0.
pub fn parse_ipv6_scoped(text: &[u8]) -> Option<(Ipv6Addr, u32)> {
    match text.iter().position(|&b| b == b'%') {
        None => Some((parse_ipv6(text)?, 0)),
        Some(at) => {
            let address = parse_ipv6(&text[..at])?;
            Some((address, parse_scope(&text[at + 1..])?))
        }
    }
}

fn parse_scope(scope: &[u8]) -> Option<u32> {
    if scope.is_empty() {
        return Some(0);
    }
    interface_index(scope).or_else(|| {
        let (number, rest) = scan_integer(scope)?;
        rest.is_empty().then(|| number.try_into().ok())?
    })
}

fn interface_index(name: &[u8]) -> Option<u32> {
    // The name and its NUL; longer ones cannot exist.
    let mut text = [0u8; libc::IF_NAMESIZE];
    text[..libc::IF_NAMESIZE - 1]
        .get_mut(..name.len())?
        .copy_from_slice(name);
    // SAFETY: `text` ends in a NUL and outlives the call.
    let index = unsafe { libc::if_nametoindex(text.as_ptr().cast()) };
    (index != 0).then_some(index)
}

/// Reads an address with an optional port: `1.2.3.4`, `1.2.3.4:80`, `::1`,
/// `[::1]` or `[::1]:80`. A port that is there must be 1 to 65535. What follows
/// the port's digits, or a closing bracket without a colon, is not looked at.
pub fn parse_socket_addr(text: &[u8]) -> Option<SocketAddr> {
    if let Some(bracketed) = text.strip_prefix(b"[") {
        let end = bracketed.iter().position(|&b| b == b']')?;
        let (address, scope) = parse_ipv6_scoped(&bracketed[..end])?;
        let port = match &bracketed[end + 1..] {
            [b':', port @ ..] => parse_port(port)?,
            _ => 0,
        };
        return Some(SocketAddrV6::new(address, port, 0, scope).into());
    }
    let mut colons = (0..text.len()).filter(|&i| text[i] == b':');
    match (colons.next(), colons.next()) {
        (None, _) => Some(SocketAddrV4::new(parse_ipv4(text)?, 0).into()),
        (Some(at), None) => {
            let address = parse_ipv4(&text[..at])?;
            Some(SocketAddrV4::new(address, parse_port(&text[at + 1..])?).into())
        }
        _ => {
            let (address, scope) = parse_ipv6_scoped(text)?;
            Some(SocketAddrV6::new(address, 0, 0, scope).into())
        }
    }
}

fn parse_port(text: &[u8]) -> Option<u16> {
    let (port, _) = scan_integer(text)?;
    port.try_into().ok().filter(|&port| port != 0)
}

/// An IPv6 address printed as libevent and libc print it: like the standard
/// library's form, but IPv4-compatible addresses end in a dotted quad.
pub struct Ipv6Text(pub Ipv6Addr);

impl fmt::Display for Ipv6Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.segments() {
            [0, 0, 0, 0, 0, 0, high, low] if high != 0 && low != 0 => {
                let [.., a, b, c, d] = self.0.octets();
                write!(f, "::{a}.{b}.{c}.{d}")
            }
            _ => self.0.fmt(f),
        }
    }
}

/// Address and port, in the form that [`parse_socket_addr`] reads; the scope
/// is left out.
pub struct SocketAddrText(pub SocketAddr);

impl fmt::Display for SocketAddrText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            SocketAddr::V4(v4) => write!(f, "{}:{}", v4.ip(), v4.port()),
            SocketAddr::V6(v6) => write!(f, "[{}]:{}", Ipv6Text(*v6.ip()), v6.port()),
        }
    }
}

/// A total order over addresses. It is libevent's: IPv4 before IPv6, IPv4
/// addresses and ports as the integers that their bytes in memory make.
pub fn compare(a: &SocketAddr, b: &SocketAddr, include_port: bool) -> Ordering {
    let by_address = match (a, b) {
        (SocketAddr::V4(a), SocketAddr::V4(b)) => {
            let word = |v4: &SocketAddrV4| u32::from_ne_bytes(v4.ip().octets());
            word(a).cmp(&word(b))
        }
        (SocketAddr::V6(a), SocketAddr::V6(b)) => a.ip().octets().cmp(&b.ip().octets()),
        (SocketAddr::V4(_), SocketAddr::V6(_)) => Ordering::Less,
        (SocketAddr::V6(_), SocketAddr::V4(_)) => Ordering::Greater,
    };
    match include_port {
        true => by_address.then(a.port().to_be().cmp(&b.port().to_be())),
        false => by_address,
    }
}

/// Whether an IPv4 address says nothing about reaching the rest of the world:
/// loopback, link-local, multicast, or none at all.
pub fn is_local_v4(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_unspecified()
}

/// The same for IPv6, where unique and site-local addresses count as well, and
/// everything whose first 64 bits are zero (`::`, `::1`, IPv4 in disguise).
pub fn is_local_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    segments[..4] == [0; 4] || address.is_unique_local() || segments[0] >= 0xfe80
}

#[cfg(test)]
mod tests;
