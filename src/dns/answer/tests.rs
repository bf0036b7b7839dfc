use super::super::wire::Query;
use super::*;

/// A record to be put into a message.
type Entry<'a> = (&'a str, u16, u32, Vec<u8>);

fn name(text: &str) -> Name {
    Name::from_text(text.as_bytes()).unwrap()
}

fn wire_name(text: &str) -> Vec<u8> {
    name(text).wire().to_vec()
}

fn soa(minimum: u32) -> Vec<u8> {
    let mut data = wire_name("ns.test");
    data.extend(wire_name("root.test"));
    data.extend([0; 16]);
    data.extend(minimum.to_be_bytes());
    data
}

/// An answer to "www.test" with such flags, answers and authority.
fn message(kind: u16, flags: u16, answers: &[Entry], authority: &[Entry]) -> Vec<u8> {
    let mut bytes = Query::new(7, &name("www.test"), kind, None)
        .bytes()
        .to_vec();
    let header = Header {
        id: 7,
        flags: wire::QR | flags,
        counts: [1, answers.len() as u16, authority.len() as u16, 0],
    };
    bytes[..HEADER].copy_from_slice(&header.bytes());
    for (owner, kind, ttl, data) in answers.iter().chain(authority) {
        bytes.extend(wire_name(owner));
        bytes.extend(kind.to_be_bytes());
        bytes.extend(wire::IN.to_be_bytes());
        bytes.extend(ttl.to_be_bytes());
        bytes.extend((data.len() as u16).to_be_bytes());
        bytes.extend(data);
    }
    bytes
}

fn asked(name: &Name, kind: u16) -> Asked<'_> {
    Asked {
        id: 7,
        name,
        kind,
        exact_case: true,
    }
}

/// Addresses, what was found, and the name.
type Reading = (Vec<Vec<u8>>, Found, Option<Name>);

fn read(message: &[u8], kind: u16) -> Result<Reading, Malformed> {
    let name = name("www.test");
    let asked = asked(&name, kind);
    let compared = compare(message, &asked);
    assert_eq!(compared.how, Match::Yes);
    let (mut addresses, mut target) = (mm::vec(), None);
    let found = extract(
        message,
        &compared,
        asked.name,
        asked.kind,
        &mut target,
        &mut addresses,
    )?;
    let size = if kind == kind::A { 4 } else { 16 };
    let addresses = addresses.chunks(size).map(<[u8]>::to_vec).collect();
    Ok((addresses, found, target))
}

#[test]
fn what_is_not_ours() {
    let name = name("www.test");
    let asked = asked(&name, kind::A);
    let good = message(kind::A, 0, &[], &[]);
    assert_eq!(compare(&good, &asked).how, Match::Yes);
    let change = |at: usize, byte: u8| {
        let mut bad = good.clone();
        bad[at] = byte;
        compare(&bad, &asked).how
    };
    let type_at = good.len() - 3;
    for (at, byte) in [
        (1, 8),
        (2, 0),
        (2, 0x80 | 0x08),
        (5, 0),
        (5, 2),
        (14, b'x'),
        (type_at, 28),
        (type_at + 2, 3),
    ] {
        assert_eq!(change(at, byte), Match::No, "{at} {byte}");
    }
    assert_eq!(change(14, b'W'), Match::CaseDiffers);
    for len in 0..good.len() {
        assert_eq!(compare(&good[..len], &asked).how, Match::No);
    }
}

#[test]
fn bare_refusals() {
    let name = name("www.test");
    for code in 0..16 {
        let header = Header {
            id: 7,
            flags: wire::QR | code,
            counts: [0; 4],
        };
        let compared = compare(&header.bytes(), &asked(&name, kind::A));
        let how = if matches!(code, 1 | 2 | 4 | 5) {
            Match::Bare
        } else {
            Match::No
        };
        assert_eq!((compared.how, compared.rcode()), (how, code));
    }
}

#[test]
fn addresses_come_in_order_with_the_least_ttl() {
    let answers = [
        ("www.test", kind::A, 60, vec![1, 2, 3, 4]),
        ("WWW.test", kind::A, 50, vec![1, 2, 3, 5, 1, 2, 3, 6]),
        ("www.test", kind::A, 40, vec![]),
        ("other.test", kind::A, 1, vec![9, 9, 9, 9]),
        ("www.test", kind::AAAA, 1, vec![0; 16]),
    ];
    let (addresses, found, target) = read(&message(kind::A, 0, &answers, &[]), kind::A).unwrap();
    assert_eq!(
        addresses,
        [vec![1, 2, 3, 4], vec![1, 2, 3, 5], vec![1, 2, 3, 6]]
    );
    assert_eq!((found.count, found.ttl), (3, 50));
    assert!(target.is_none());
}

#[test]
fn chains() {
    let alias = |from, to| (from, kind::CNAME, 9, wire_name(to));
    let address = |owner| (owner, kind::A, 60, vec![1, 2, 3, 4]);
    // Out of order.
    let answers = [
        address("c.test"),
        alias("b.test", "C.test"),
        alias("www.test", "b.test"),
        address("www.test"),
    ];
    let (addresses, found, target) = read(&message(kind::A, 0, &answers, &[]), kind::A).unwrap();
    assert_eq!((addresses.len(), found.ttl), (1, 60));
    assert_eq!(format!("{:?}", target.unwrap()), "C.test");
    // Leaving the message.
    let (addresses, ..) = read(&message(kind::A, 0, &answers[2..], &[]), kind::A).unwrap();
    assert!(addresses.is_empty());
    // Circles.
    for answers in [
        vec![alias("www.test", "www.test"), address("www.test")],
        vec![alias("www.test", "b.test"), alias("b.test", "www.test")],
    ] {
        assert!(read(&message(kind::A, 0, &answers, &[]), kind::A).is_err());
    }
    let owners: Vec<String> = (0..18).map(|i| format!("c{i}.test")).collect();
    for hops in [1, 8, 16, 17] {
        let mut answers = vec![alias("www.test", &owners[1])];
        for i in 1..hops {
            answers.push(alias(&owners[i], &owners[i + 1]));
        }
        answers.push(address(&owners[hops]));
        let result = read(&message(kind::A, 0, &answers, &[]), kind::A);
        assert_eq!(result.is_ok_and(|(all, ..)| all.len() == 1), hops <= 16);
    }
}

#[test]
fn negative_answers_have_the_ttl_of_the_soa() {
    let authority = [("test", kind::SOA, 300, soa(60))];
    for flags in [0, rcode::NXDOMAIN] {
        let (_, found, _) = read(&message(kind::A, flags, &[], &authority), kind::A).unwrap();
        assert_eq!((found.count, found.ttl), (0, 60));
    }
    let answers = [("www.test", kind::A, 5, vec![1, 2, 3, 4])];
    let nonsense = message(kind::A, rcode::NXDOMAIN, &answers, &authority);
    let (addresses, found, _) = read(&nonsense, kind::A).unwrap();
    assert_eq!((addresses.len(), found.ttl), (0, 60));
}

#[test]
fn ttls_are_sane() {
    for (ttl, sane) in [
        (0, 0),
        (0x7fff_ffff, MAX_TTL),
        (0x8000_0000, 0),
        (u32::MAX, 0),
    ] {
        let answers = [("www.test", kind::A, ttl, vec![1, 2, 3, 4])];
        let (_, found, _) = read(&message(kind::A, 0, &answers, &[]), kind::A).unwrap();
        assert_eq!(found.ttl, sane, "{ttl}");
    }
}

#[test]
fn pointers() {
    let answers = [
        ("www.test", kind::PTR, 8, wire_name("a.b")),
        ("www.test", kind::PTR, 7, wire_name("c.d")),
    ];
    let (_, found, target) = read(&message(kind::PTR, 0, &answers, &[]), kind::PTR).unwrap();
    assert_eq!(format!("{:?}", target.unwrap()), "a.b");
    assert_eq!((found.count, found.ttl), (2, 7));
    // A name that ends before its record does.
    let mut data = wire_name("a.b");
    data.push(0);
    let answers = [("www.test", kind::PTR, 8, data)];
    assert!(read(&message(kind::PTR, 0, &answers, &[]), kind::PTR).is_err());
}

#[test]
fn garbage_behind_a_right_question_is_an_error() {
    let answers = [("www.test", kind::A, 60, vec![1, 2, 3])];
    assert!(read(&message(kind::A, 0, &answers, &[]), kind::A).is_err());
    let answers = [("www.test", kind::A, 60, vec![1, 2, 3, 4])];
    let whole = message(kind::A, 0, &answers, &answers);
    let question = message(kind::A, 0, &[], &[]).len();
    for len in question..whole.len() {
        assert!(read(&whole[..len], kind::A).is_err(), "{len}");
    }
    // What follows is of no interest.
    let mut longer = whole.clone();
    longer.extend([1, 2, 3]);
    assert!(read(&longer, kind::A).is_ok());
}

/// No change of a bit makes an address appear that is not in the message.
#[test]
fn any_bit_may_flip() {
    let answers = [
        ("www.test", kind::CNAME, 9, wire_name("c.test")),
        ("c.test", kind::A, 60, vec![1, 2, 3, 4]),
    ];
    let good = message(kind::A, 0, &answers, &[("test", kind::SOA, 3, soa(6))]);
    let name = name("www.test");
    let asked = asked(&name, kind::A);
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let compared = compare(&bad, &asked);
        let mut addresses = mm::vec();
        let _ = extract(
            &bad,
            &compared,
            asked.name,
            asked.kind,
            &mut None,
            &mut addresses,
        );
        for address in addresses.chunks(4) {
            assert!(bad.windows(4).any(|window| window == address));
        }
    }
}
