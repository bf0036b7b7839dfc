use std::ffi::CString;

use super::*;

fn v4(text: &str) -> Option<String> {
    parse_ipv4(text.as_bytes()).map(|a| a.to_string())
}

fn socket(text: &str) -> Option<String> {
    parse_socket_addr(text.as_bytes()).map(|a| SocketAddrText(a).to_string())
}

/// What libc's `inet_pton` makes of the same text.
fn libc_ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    let text = CString::new(text).ok()?;
    let mut out = [0u8; 16];
    // SAFETY: a C string, and room for an IPv6 address.
    let parsed = unsafe { libc_inet_pton(libc::AF_INET6, text.as_ptr(), out.as_mut_ptr().cast()) };
    (parsed == 1).then_some(out.into())
}

unsafe extern "C" {
    #[link_name = "inet_pton"]
    fn libc_inet_pton(
        af: libc::c_int,
        src: *const libc::c_char,
        dst: *mut libc::c_void,
    ) -> libc::c_int;
}

/// A small generator with a fixed seed, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % sides
    }

    fn pick(&mut self, from: &[u8]) -> u8 {
        from[self.roll(from.len())]
    }

    /// Up to `max` characters of `alphabet`.
    fn text(&mut self, alphabet: &[u8], max: usize) -> Vec<u8> {
        let len = self.roll(max + 1);
        (0..len).map(|_| self.pick(alphabet)).collect()
    }

    /// An address with long runs of zeros and ones.
    fn ipv6(&mut self) -> Ipv6Addr {
        let mut segments = [0u16; 8];
        for segment in &mut segments {
            *segment = match self.roll(4) {
                0 => self.roll(0x10000) as u16,
                1 => 0xffff,
                _ => 0,
            };
        }
        segments.into()
    }
}

#[test]
fn ipv4_numbers_are_read_like_strtol() {
    for (text, want) in [
        ("1.2.3.4", "1.2.3.4"),
        ("255.255.255.255", "255.255.255.255"),
        ("01.002.0003.00000000000000000000000004", "1.2.3.4"),
        (" 1.\t2.\n3.\x0b4", "1.2.3.4"),
        ("+1.-0.+0.4", "1.0.0.4"),
    ] {
        assert_eq!(v4(text).as_deref(), Some(want), "{text}");
    }
    for text in [
        "",
        ".",
        "1",
        "1.2.3",
        "1.2.3.",
        "1.2.3.4.",
        "1.2.3.4 ",
        "1.2.3.4x",
        "1..3.4",
        "256.0.0.1",
        "-1.2.3.4",
        "0x1.2.3.4",
        "4294967297.2.3.4",
        "18446744073709551617.2.3.4",
        "1 .2.3.4",
        "+ 1.2.3.4",
        "1.2.3.4\0",
        "\u{661}.2.3.4",
    ] {
        assert_eq!(v4(text), None, "{text}");
    }
}

#[test]
fn ipv6_reads_what_libc_reads() {
    let mut dice = Dice(1);
    let mut accepted = 0;
    for _ in 0..200_000 {
        let mut text = match dice.roll(2) {
            0 => dice.text(b"0123456789abcdefABCDEF:::::::...g %-", 24),
            _ => dice.ipv6().to_string().into_bytes(),
        };
        for _ in 0..dice.roll(3) {
            let at = dice.roll(text.len() + 1);
            match dice.roll(2) {
                0 => text.insert(at, dice.pick(b":::..0123456789abcdef%x ")),
                _ if at < text.len() => drop(text.remove(at)),
                _ => {}
            }
        }
        let ours = parse_ipv6(&text);
        accepted += usize::from(ours.is_some());
        assert_eq!(ours, libc_ipv6(&text), "{}", String::from_utf8_lossy(&text));
    }
    assert!(
        accepted > 20_000,
        "the generator makes too few addresses: {accepted}"
    );
}

#[test]
fn what_is_printed_is_read_back() {
    let mut dice = Dice(2);
    for _ in 0..100_000 {
        let address = dice.ipv6();
        let port = dice.roll(65535) as u16 + 1;
        let whole = SocketAddr::from((address, port));
        assert_eq!(
            parse_ipv6(Ipv6Text(address).to_string().as_bytes()),
            Some(address)
        );
        assert_eq!(
            socket(&SocketAddrText(whole).to_string()),
            Some(SocketAddrText(whole).to_string())
        );
        let whole = SocketAddr::from((Ipv4Addr::from(dice.roll(1 << 31) as u32 * 2), port));
        assert_eq!(
            parse_socket_addr(SocketAddrText(whole).to_string().as_bytes()),
            Some(whole)
        );
    }
}

#[test]
fn any_bytes_at_all_do_no_harm() {
    let mut dice = Dice(3);
    let all: Vec<u8> = (0..=255).collect();
    for _ in 0..100_000 {
        let mut text = dice.text(&all, 40);
        parse_socket_addr(&text);
        text.splice(0..0, *b"[::1]:");
        parse_socket_addr(&text);
        text.splice(0..0, *b"fe80::1%");
        parse_ipv6_scoped(&text);
    }
}

#[test]
fn compatible_addresses_end_in_a_quad() {
    for (text, want) in [
        ("::1.2.3.4", "::1.2.3.4"),
        ("::1:2", "::0.1.0.2"),
        ("::1:0", "::1:0"),
        ("::0:1", "::1"),
        ("::", "::"),
        ("::ffff:0:0", "::ffff:0.0.0.0"),
        ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
    ] {
        assert_eq!(Ipv6Text(text.parse().unwrap()).to_string(), want);
    }
}

#[test]
fn ports() {
    for (text, want) in [
        ("1.2.3.4", "1.2.3.4:0"),
        ("1.2.3.4:80", "1.2.3.4:80"),
        ("1.2.3.4:65535", "1.2.3.4:65535"),
        ("1.2.3.4:0080", "1.2.3.4:80"),
        ("1.2.3.4: +80\r\n", "1.2.3.4:80"),
        ("::1", "[::1]:0"),
        ("[::1]", "[::1]:0"),
        ("[::1]80", "[::1]:0"),
        ("[::1]:80", "[::1]:80"),
        ("[::1]:80:90", "[::1]:80"),
    ] {
        assert_eq!(socket(text).as_deref(), Some(want), "{text}");
    }
    for text in [
        "",
        ":",
        ":80",
        "1.2.3.4:",
        "1.2.3.4:0",
        "1.2.3.4:65536",
        "1.2.3.4:-1",
        "1.2.3.4:x",
        "1.2.3.4:4294967376",
        "1.2.3.4:18446744073709551696",
        "1.2.3.4:80:90",
        "[",
        "[]",
        "]",
        "[]:80",
        "[::1",
        "::1]",
        "[::1]:",
        "[::1]:0",
        "[::1]:65536",
        "[1.2.3.4]",
        "[1.2.3.4]:80",
        "[[::1]]:80",
        "localhost:80",
        "[::1 ]:80",
        "[ ::1]:80",
    ] {
        assert_eq!(socket(text), None, "{text}");
    }
}

#[test]
fn scopes() {
    let scope = |text: &str| parse_ipv6_scoped(text.as_bytes()).map(|(_, scope)| scope);
    assert_eq!(scope("fe80::1"), Some(0));
    assert_eq!(scope("fe80::1%"), Some(0));
    assert_eq!(scope("fe80::1%12"), Some(12));
    assert_eq!(scope("fe80::1%4294967295"), Some(u32::MAX));
    for text in [
        "fe80::1%no-such-iface",
        "fe80::1%4294967296",
        "fe80::1%-1",
        "fe80::1%1x",
        "fe80::1%%1",
        "fe80::1%\0",
        "%1",
        "1.2.3.4%1",
    ] {
        assert_eq!(scope(text), None, "{text}");
    }
    let long = format!("fe80::1%{}", "x".repeat(100_000));
    assert_eq!(scope(&long), None);
}

#[test]
fn the_order_is_total() {
    let mut dice = Dice(4);
    let mut address = || {
        let text: &[u8] = match dice.roll(2) {
            0 => &dice.text(b"0123", 2),
            _ => b"",
        };
        let n = text.iter().fold(0u8, |n, b| n * 4 + (b - b'0'));
        match dice.roll(2) {
            0 => SocketAddr::from(([n, 0, 0, dice.roll(3) as u8], dice.roll(600) as u16)),
            _ => SocketAddr::from((Ipv6Addr::from(u128::from(n)), dice.roll(600) as u16)),
        }
    };
    for _ in 0..20_000 {
        let (a, b, c) = (address(), address(), address());
        assert_eq!(compare(&a, &b, true), compare(&b, &a, true).reverse());
        assert_eq!(compare(&a, &b, true).is_eq(), a == b);
        assert_eq!(compare(&a, &b, false).is_eq(), a.ip() == b.ip());
        if compare(&a, &b, true).is_le() && compare(&b, &c, true).is_le() {
            assert!(compare(&a, &c, true).is_le());
        }
    }
}

#[test]
fn local_addresses() {
    for (text, local) in [
        ("127.0.0.1", true),
        ("126.255.255.255", false),
        ("128.0.0.0", false),
        ("0.0.0.0", true),
        ("0.0.0.1", false),
        ("169.254.0.0", true),
        ("169.255.0.0", false),
        ("224.0.0.0", true),
        ("239.255.255.255", true),
        ("240.0.0.0", false),
        ("255.255.255.255", false),
        ("10.0.0.1", false),
        ("192.168.0.1", false),
    ] {
        assert_eq!(is_local_v4(text.parse().unwrap()), local, "{text}");
    }
    for (text, local) in [
        ("::", true),
        ("::1", true),
        ("0:0:0:1::", false),
        ("::1:0:0:0", true),
        ("1::", false),
        ("fbff::", false),
        ("fc00::", true),
        ("fdff::1", true),
        ("fe00::", false),
        ("fe7f::", false),
        ("fe80::", true),
        ("fec0::", true),
        ("ff02::1", true),
        ("2001:db8::1", false),
    ] {
        assert_eq!(is_local_v6(text.parse().unwrap()), local, "{text}");
    }
}
