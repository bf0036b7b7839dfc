//! What can be set about a resolver, by the program or by `options` in resolv.conf.

use std::net::SocketAddr;

use crate::net::addr_text;
use crate::support::time::Micros;

/// An option and its value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Setting {
    Ndots(i32),
    /// In microseconds, as all times.
    Timeout(Micros),
    Skew(Micros),
    MaxTimeouts(u32),
    MaxInflight(usize),
    Attempts(u32),
    RandomizeCase(bool),
    BindTo(SocketAddr),
    InitialProbe(Micros),
    MaxProbe(Micros),
    ProbeBackoff(u32),
    ReceiveBuffer(i32),
    SendBuffer(i32),
    TcpIdle(Micros),
    UseTcp,
    IgnoreTruncation,
    EdnsSize(u16),
    /// Of the library's own: read resolv.conf again when it has changed.
    Reload(bool),
    /// Of the library's own: answer from the cache.
    Cache(bool),
    /// Of the library's own: how many questions may leave by one port.
    QueriesPerPort(u32),
}

/// Which `DNS_OPTION_*` flag an option in a file needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    Search,
    Nameservers,
    Misc,
}

impl Setting {
    pub fn group(&self) -> Group {
        match self {
            Setting::Ndots(_) => Group::Search,
            Setting::BindTo(_) => Group::Nameservers,
            _ => Group::Misc,
        }
    }
}

/// A value that can't be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadValue;

/// Reads an option. Its name may have a colon, and anything behind it. `None` for an option that is
/// not known.
pub fn parse(name: &[u8], value: Option<&[u8]>) -> Option<Result<Setting, BadValue>> {
    let given = value.ok_or(BadValue);
    let is = |option: &[u8]| {
        name.strip_prefix(option)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b":"))
    };
    let parsed = if is(b"ndots") {
        given.and_then(integer).map(Setting::Ndots)
    } else if is(b"timeout") {
        given.and_then(time).map(Setting::Timeout)
    } else if is(b"getaddrinfo-allow-skew") {
        given.and_then(time).map(Setting::Skew)
    } else if is(b"max-timeouts") {
        given.and_then(clipped(1, 255)).map(Setting::MaxTimeouts)
    } else if is(b"max-inflight") {
        let value = given.and_then(clipped(1, 65000));
        value.map(|n| Setting::MaxInflight(n as usize))
    } else if is(b"attempts") {
        // 0 sends once, too.
        given.and_then(clipped(1, 255)).map(Setting::Attempts)
    } else if is(b"randomize-case") {
        let value = given.and_then(integer);
        value.map(|n| Setting::RandomizeCase(n != 0))
    } else if is(b"bind-to") {
        let value = given.and_then(|text| addr_text::parse_socket_addr(text).ok_or(BadValue));
        value.map(Setting::BindTo)
    } else if is(b"initial-probe-timeout") {
        let value = given.and_then(time);
        value.map(|t| Setting::InitialProbe(t.min(MAX_PROBE)))
    } else if is(b"max-probe-timeout") {
        let value = given.and_then(clipped(1, 3600));
        value.map(|n| Setting::MaxProbe(Micros::from(n) * SECOND))
    } else if is(b"probe-backoff-factor") {
        given.and_then(clipped(1, 10)).map(Setting::ProbeBackoff)
    } else if is(b"so-rcvbuf") {
        given.and_then(integer).map(Setting::ReceiveBuffer)
    } else if is(b"so-sndbuf") {
        given.and_then(integer).map(Setting::SendBuffer)
    } else if is(b"tcp-idle-timeout") {
        given.and_then(time).map(Setting::TcpIdle)
    } else if is(b"use-vc") {
        no_value(value).map(|()| Setting::UseTcp)
    } else if is(b"ignore-tc") {
        no_value(value).map(|()| Setting::IgnoreTruncation)
    } else if is(b"edns-udp-size") {
        let value = given.and_then(clipped(512, 65535));
        value.map(|n| Setting::EdnsSize(n as u16))
    } else if is(b"reload") {
        given.and_then(integer).map(|n| Setting::Reload(n != 0))
    } else if is(b"cache") {
        given.and_then(integer).map(|n| Setting::Cache(n != 0))
    } else if is(b"queries-per-port") {
        given
            .and_then(clipped(1, 1000))
            .map(Setting::QueriesPerPort)
    } else {
        return None;
    };
    Some(parsed)
}

/// A second in microseconds.
pub const SECOND: Micros = 1_000_000;
/// The longest time between two probes.
pub const MAX_PROBE: Micros = 3600 * SECOND;

fn no_value(value: Option<&[u8]>) -> Result<(), BadValue> {
    value
        .is_none_or(<[u8]>::is_empty)
        .then_some(())
        .ok_or(BadValue)
}

/// A decimal number, all of the text; an empty text is 0, and -1 is an error, as in libevent.
fn integer(text: &[u8]) -> Result<i32, BadValue> {
    if text.is_empty() {
        return Ok(0);
    }
    let number = core::str::from_utf8(text.trim_ascii_start()).ok();
    let number: i64 = number.and_then(|text| text.parse().ok()).ok_or(BadValue)?;
    if number == -1 {
        return Err(BadValue);
    }
    // What does not fit is very large all the same.
    Ok(number.clamp(i32::MIN.into(), i32::MAX.into()) as i32)
}

/// An integer, and the nearest one in a range.
fn clipped(least: u32, most: u32) -> impl Fn(&[u8]) -> Result<u32, BadValue> {
    move |text| {
        let number = integer(text)?;
        Ok(u32::try_from(number).unwrap_or(0).clamp(least, most))
    }
}

/// Seconds, with a fraction or an exponent; less than a millisecond is refused.
fn time(text: &[u8]) -> Result<Micros, BadValue> {
    let seconds = core::str::from_utf8(text.trim_ascii_start()).ok();
    let seconds: f64 = seconds.and_then(|text| text.parse().ok()).ok_or(BadValue)?;
    // Not a number is not at least a millisecond either.
    if !(seconds >= 0.001 && seconds.is_finite()) {
        return Err(BadValue);
    }
    Ok((seconds.min(1e9) * SECOND as f64) as Micros)
}

/// What is set.
#[derive(Clone, Copy)]
pub struct Options {
    pub timeout: Micros,
    pub skew: Micros,
    pub max_timeouts: u32,
    pub max_inflight: usize,
    pub attempts: u32,
    pub randomize_case: bool,
    pub bind_to: Option<SocketAddr>,
    pub initial_probe: Micros,
    pub max_probe: Micros,
    pub probe_backoff: u32,
    pub receive_buffer: i32,
    pub send_buffer: i32,
    pub tcp_idle: Micros,
    pub use_tcp: bool,
    pub ignore_truncation: bool,
    pub edns_size: Option<u16>,
    pub reload: bool,
    pub cache: bool,
    pub queries_per_port: u32,
}

impl Options {
    pub const DEFAULT: Options = Options {
        timeout: 5 * SECOND,
        skew: 3 * SECOND,
        max_timeouts: 3,
        max_inflight: 64,
        attempts: 3,
        randomize_case: true,
        bind_to: None,
        initial_probe: 10 * SECOND,
        max_probe: MAX_PROBE,
        probe_backoff: 3,
        receive_buffer: 0,
        send_buffer: 0,
        tcp_idle: 5 * SECOND,
        use_tcp: false,
        ignore_truncation: false,
        edns_size: None,
        reload: false,
        cache: false,
        queries_per_port: 1,
    };

    /// Applies a setting. `ndots` belongs to the search list and is left to the caller.
    pub fn apply(&mut self, setting: Setting) {
        match setting {
            Setting::Ndots(_) => {}
            Setting::Timeout(time) => self.timeout = time,
            Setting::Skew(time) => self.skew = time,
            Setting::MaxTimeouts(n) => self.max_timeouts = n,
            Setting::MaxInflight(n) => self.max_inflight = n,
            Setting::Attempts(n) => self.attempts = n,
            Setting::RandomizeCase(on) => self.randomize_case = on,
            Setting::BindTo(address) => self.bind_to = Some(address),
            Setting::InitialProbe(time) => self.initial_probe = time,
            Setting::MaxProbe(time) => {
                self.max_probe = time;
                self.initial_probe = self.initial_probe.min(time);
            }
            Setting::ProbeBackoff(n) => self.probe_backoff = n,
            Setting::ReceiveBuffer(n) => self.receive_buffer = n,
            Setting::SendBuffer(n) => self.send_buffer = n,
            Setting::TcpIdle(time) => self.tcp_idle = time,
            Setting::UseTcp => self.use_tcp = true,
            Setting::IgnoreTruncation => self.ignore_truncation = true,
            Setting::EdnsSize(n) => self.edns_size = (n > 512).then_some(n),
            Setting::Reload(on) => self.reload = on,
            Setting::Cache(on) => self.cache = on,
            Setting::QueriesPerPort(n) => self.queries_per_port = n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> Option<Result<Setting, BadValue>> {
        parse(name.as_bytes(), Some(value.as_bytes()))
    }

    #[test]
    fn names() {
        for name in ["ndots", "ndots:", "ndots:foo"] {
            assert_eq!(set(name, "5"), Some(Ok(Setting::Ndots(5))), "{name}");
        }
        for name in ["", ":", "dots", "ndotsy", "Ndots", "rotate"] {
            assert_eq!(set(name, "5"), None, "{name}");
        }
        assert_eq!(parse(b"timeout", None), Some(Err(BadValue)));
    }

    #[test]
    fn integers() {
        for (text, number) in [("", 0), (" 7", 7), ("+7", 7), ("-2", -2)] {
            assert_eq!(set("ndots", text), Some(Ok(Setting::Ndots(number))));
        }
        for text in ["-1", "3.14", "x", "7 ", "9".repeat(30).as_str()] {
            assert_eq!(set("ndots", text), Some(Err(BadValue)), "{text}");
        }
        let large = Setting::MaxInflight(65000);
        assert_eq!(set("max-inflight", "99999999999"), Some(Ok(large)));
        assert_eq!(set("attempts", "-5"), Some(Ok(Setting::Attempts(1))));
        let clipped = Setting::MaxTimeouts(255);
        assert_eq!(set("max-timeouts", "1000000"), Some(Ok(clipped)));
    }

    #[test]
    fn times() {
        for (text, time) in [("5", 5_000_000), ("1e3", 1_000_000_000), (".25", 250_000)] {
            assert_eq!(set("timeout", text), Some(Ok(Setting::Timeout(time))));
        }
        for text in ["", "0", "-1", "0.0001", "nan", "inf", "1x"] {
            assert_eq!(set("timeout", text), Some(Err(BadValue)), "{text}");
        }
    }

    #[test]
    fn switches_have_no_value() {
        for value in [None, Some(b"".as_slice())] {
            assert_eq!(parse(b"use-vc", value), Some(Ok(Setting::UseTcp)));
        }
        assert_eq!(set("ignore-tc", "1"), Some(Err(BadValue)));
    }
}
