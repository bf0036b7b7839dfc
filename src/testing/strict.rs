//! Requests as a strict reader by the crate `httparse` has them: what the server answers is read
//! there, too, with the same target, headers, body and end. So no part of a message that another
//! server would take for a body, or refuse, is answered as a request here.

use super::http::{serve, text};
use super::noise;
use crate::http::method;

/// The requests at the front of `bytes`, each as the server's log describes it.
fn theirs(mut bytes: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    while let Some((described, len, last)) = request(bytes) {
        all.push(described);
        bytes = &bytes[len..];
        if last {
            break;
        }
    }
    all
}

/// Whether every line ends in CR LF, which `httparse` does not ask for.
fn has_whole_lines(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', bytes).all(|at| at > 0 && bytes[at - 1] == b'\r')
}

fn described(headers: &[httparse::Header<'_>]) -> String {
    let one = |header: &httparse::Header<'_>| {
        format!("{}={};", text(header.name.as_bytes()), text(header.value))
    };
    headers.iter().map(one).collect()
}

/// The values of all lines of that name.
fn values<'a>(headers: &[httparse::Header<'a>], name: &str) -> Vec<&'a [u8]> {
    let named = headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| header.value).collect()
}

/// The first request, its length, and whether no other one follows.
fn request(bytes: &[u8]) -> Option<(String, usize, bool)> {
    let mut room = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut room);
    let httparse::Status::Complete(head) = parsed.parse(bytes).ok()? else {
        return None;
    };
    if !has_whole_lines(&bytes[..head]) {
        return None;
    }
    let (method, target) = (parsed.method?, parsed.path?);
    let modern = parsed.version? == 1;
    let headers = &*parsed.headers;
    let lengths = values(headers, "Content-Length");
    let codings = values(headers, "Transfer-Encoding");
    let (body, trailers, len) = match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => (Vec::new(), String::new(), head),
        ([length], []) if length.iter().all(u8::is_ascii_digit) => {
            let length = std::str::from_utf8(length).ok()?.parse::<usize>().ok()?;
            let body = bytes.get(head..head.checked_add(length)?)?;
            (body.to_vec(), String::new(), head + length)
        }
        ([], [coding]) if modern && coding.eq_ignore_ascii_case(b"chunked") => {
            let (body, trailers, len) = chunks(&bytes[head..])?;
            (body, trailers, head + len)
        }
        _ => return None,
    };
    let connection = values(headers, "Connection");
    let lists = |wanted: &[u8]| {
        connection
            .iter()
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|item| item.trim_ascii().eq_ignore_ascii_case(wanted))
    };
    let last = lists(b"close") || !modern && !lists(b"keep-alive");
    // A body means nothing there.
    let body = if method == "HEAD" { &[] } else { &*body };
    let bit = method::bit(method.as_bytes()).unwrap_or(method::UNKNOWN);
    let told = format!(
        "{bit} {} {} [{}] {trailers}",
        text(target.as_bytes()),
        described(headers),
        text(body)
    );
    Some((told, len, last))
}

/// A chunked body, its trailer, and the length of both.
fn chunks(bytes: &[u8]) -> Option<(Vec<u8>, String, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let httparse::Status::Complete((line, size)) =
            httparse::parse_chunk_size(&bytes[at..]).ok()?
        else {
            return None;
        };
        // An extension may have anything there.
        if !has_whole_lines(&bytes[at..at + line]) || !bytes[at].is_ascii_hexdigit() {
            return None;
        }
        at += line;
        if size == 0 {
            break;
        }
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        body.extend_from_slice(bytes.get(at..end)?);
        if bytes.get(end..end + 2)? != b"\r\n" {
            return None;
        }
        at = end + 2;
    }
    let mut room = [httparse::EMPTY_HEADER; 64];
    let httparse::Status::Complete((len, trailers)) =
        httparse::parse_headers(&bytes[at..], &mut room).ok()?
    else {
        return None;
    };
    has_whole_lines(&bytes[at..at + len]).then(|| (body, described(trailers), at + len))
}

/// Both read the bytes, whole or in pieces. How many requests each has found.
fn compare(bytes: &[u8], seed: u8) -> (usize, usize) {
    // Targets are text for `httparse`; here they may have any byte above 0x7f.
    // It knows no version above 1.1, which is read as 1.1 here.
    let newer = (b'2'..=b'9').any(|minor| {
        let version = [b"HTTP/1.".as_slice(), &[minor]].concat();
        memchr::memmem::find(bytes, &version).is_some()
    });
    if newer || std::str::from_utf8(bytes).is_err() {
        return (0, 0);
    }
    let theirs = theirs(bytes);
    let (ours, heard) = serve(bytes, seed, 0);
    let shown = text(bytes);
    assert!(
        ours.len() <= theirs.len(),
        "{shown}:\n{ours:#?}\n{theirs:#?}"
    );
    assert_eq!(ours[..], theirs[..ours.len()], "{shown}");
    if ours.len() < theirs.len() {
        // It is stricter than that, and says so.
        let status = heard.rsplit("HTTP/1.1 ").next().unwrap_or_default();
        assert!(
            status.starts_with('4') || status.starts_with('5'),
            "{shown}: {heard}"
        );
    }
    (ours.len(), theirs.len())
}

/// Pieces of which messages are made, and which do most harm in the wrong place.
const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b"\0",
    b":",
    b";",
    b",",
    b"=",
    b"\"",
    b"0",
    b"1",
    b"3",
    b"5",
    b"a",
    b"+",
    b"-",
    b"0x",
    b"\x0b",
    b"\x7f",
    b"\xc3\xa9",
    b"chunked",
    b"gzip",
    b"identity",
    b"Content-Length: ",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: ",
    b"Transfer-Encoding: chunked\r\n",
    b"Host: h\r\n",
    b"Connection: close\r\n",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b";x=y",
    b"%00",
    b"/",
    b"http://h",
    b"*",
    b"HEAD",
    b"GET",
    b"TRACE",
    b"CONNECT",
];

struct Dice<I>(I);

impl<I: Iterator<Item = u8>> Dice<I> {
    fn below(&mut self, limit: usize) -> usize {
        let two = [(); 2].map(|()| usize::from(self.0.next().expect("it never ends")));
        (two[0] << 8 | two[1]) % limit
    }

    fn one_of<'a>(&mut self, all: &[&'a [u8]]) -> &'a [u8] {
        all[self.below(all.len())]
    }

    /// A request that is good.
    fn request(&mut self) -> Vec<u8> {
        let methods: &[&[u8]] = &[
            b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"X-Y",
        ];
        let targets: &[&[u8]] = &[
            b"/",
            b"/a/b?c=d",
            b"http://h/x",
            b"/%41",
            b"/a#b",
            b"/<\xc3\xa9>",
        ];
        let mut all = [self.one_of(methods), b" ", self.one_of(targets)].concat();
        all.extend_from_slice(b" HTTP/1.1\r\nHost: h\r\n");
        for _ in 0..self.below(3) {
            let lines: &[&[u8]] = &[
                b"A: b\r\n",
                b"Empty:\r\n",
                b"Spaces: \t x y \t\r\n",
                b"Cookie: a=\xc3\xa9; b\r\n",
                b"Expect: 100-continue\r\n",
                b"Connection: keep-alive\r\n",
                b"Te: trailers\r\n",
            ];
            all.extend_from_slice(self.one_of(lines));
        }
        let bodies: &[&[u8]] = &[
            b"\r\n",
            b"\r\n",
            b"Content-Length: 0\r\n\r\n",
            b"Content-Length: 5\r\n\r\nabcde",
            b"content-length:  31\r\n\r\nGET /e HTTP/1.1\r\nHost: evil\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            b"transfer-encoding: Chunked\r\n\r\n2;a=b\r\nxy\r\n1\r\nz\r\n00\r\nT: u\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\nA ;x=y\r\n0123456789\r\n0;x\r\n\r\n",
        ];
        all.extend_from_slice(self.one_of(bodies));
        all
    }

    fn pipeline(&mut self) -> Vec<u8> {
        (0..1 + self.below(3))
            .flat_map(|_| self.request())
            .collect()
    }

    /// Something small is put in, taken out or in the place of something else.
    fn spoil(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..1 + self.below(2) {
            let at = self.below(bytes.len());
            let end = match self.below(3) {
                0 => at,
                kind => (at + kind * kind).min(bytes.len()),
            };
            let token = match self.below(8) {
                0 => b"",
                _ => self.one_of(TOKENS),
            };
            bytes.splice(at..end, token.iter().copied());
        }
    }
}

#[test]
fn requests_of_the_corpus() {
    let corpus = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/capi-tests/fuzz/corpus/http_request"
    );
    for entry in std::fs::read_dir(corpus).expect("the corpus") {
        let input = std::fs::read(entry.expect("a file").path()).expect("its bytes");
        if let [_, _, bytes @ ..] = &*input {
            compare(bytes, 0);
        }
    }
}

#[test]
fn good_requests() {
    let mut dice = Dice(noise(7));
    for seed in 0..200 {
        let bytes = dice.pipeline();
        let (ours, theirs) = compare(&bytes, seed);
        assert_eq!(ours, theirs, "{}", text(&bytes));
        assert!(ours > 0);
    }
}

#[test]
fn spoiled_requests() {
    const ROUNDS: usize = 2000;
    let mut dice = Dice(noise(11));
    let (mut answered, mut all) = (0, 0);
    for round in 0..ROUNDS {
        let mut bytes = dice.pipeline();
        dice.spoil(&mut bytes);
        let (ours, theirs) = compare(&bytes, (round % 5) as u8);
        answered += ours;
        all += theirs;
    }
    println!("{answered} of {all} answered");
    assert!(answered > ROUNDS / 4 && all >= answered);
}
