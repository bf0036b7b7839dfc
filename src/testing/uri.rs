//! URIs, queries and escapes of any bytes: what was taken apart can be put together, and is the same
//! when it is taken apart again.

use core::ptr::{self, NonNull};

use crate::ctypes::keyvalq_struct::evkeyvalq;
use crate::http::escape::{self, Plus};
use crate::http::keyval::List;
use crate::http::query;
use crate::http::uri::{Part, Parts, Uri};

const PARTS: [Part; 7] = [
    Part::Scheme,
    Part::Userinfo,
    Part::Host,
    Part::UnixSocket,
    Part::Path,
    Part::Query,
    Part::Fragment,
];

pub fn run(input: &[u8]) {
    let Some((&flags, text)) = input.split_first() else {
        return;
    };
    let flags = u32::from(flags) & 0x0d;
    let text = match memchr::memchr(0, text) {
        Some(end) => &text[..end],
        None => text,
    };
    uri(text, flags);
    escapes(text);
    queries(text, flags);
}

fn joined(uri: &Uri) -> Option<Vec<u8>> {
    let len = uri.joined_len()?;
    let mut text = vec![core::mem::MaybeUninit::new(0xa5_u8); len + 1];
    uri.join_into(&mut text);
    // SAFETY: all were initialised above.
    let text: Vec<u8> = text
        .iter()
        .map(|byte| unsafe { byte.assume_init() })
        .collect();
    assert_eq!(text.iter().position(|byte| *byte == 0), Some(len));
    Some(text[..len].to_vec())
}

fn uri(text: &[u8], flags: u32) {
    let Ok(uri) = Uri::parse(text, flags) else {
        assert_eq!(Parts::split(text, flags), None);
        return;
    };
    // Taken apart, a URI can be joined unless its path would become something else.
    if let Some(whole) = joined(&uri) {
        let again = Uri::parse(&whole, flags).expect("the same URI");
        for part in PARTS {
            assert_eq!(uri.get(part), again.get(part), "{part:?}");
        }
        assert_eq!(uri.port(), again.port());
        assert_eq!(joined(&again), Some(whole));
    }
    // Every part can be set to what it is; another one made so is the same.
    let mut copy = Uri::new();
    copy.set_flags(flags & !0x04);
    for part in PARTS {
        if part != Part::Host || flags & 0x04 == 0 {
            copy.set(part, uri.get(part)).expect("a part of a URI");
            assert_eq!(copy.get(part), uri.get(part));
        }
    }
}

fn escapes(text: &[u8]) {
    for (plus, how) in [(false, Plus::Never), (true, Plus::Always)] {
        let encoded = escape::encode(text, plus).expect("memory");
        let (end, encoded) = encoded.split_last().expect("a NUL");
        assert_eq!(*end, 0);
        let decoded = escape::decoded(encoded, how).expect("memory");
        assert_eq!(&decoded[..decoded.len() - 1], text);
    }
    let decoded = escape::decoded(text, Plus::InQuery).expect("memory");
    assert!(decoded.len() <= text.len() + 1);
    let html = escape::html(text).expect("memory");
    assert!(!html.iter().any(|byte| b"<>\"'".contains(byte)));
}

fn queries(text: &[u8], flags: u32) {
    let mut place = evkeyvalq {
        tqh_first: ptr::null_mut(),
        tqh_last: ptr::null_mut(),
    };
    // SAFETY: the place outlives the handle.
    let list = unsafe { List::init(NonNull::from(&mut place)) };
    let parts = text.split(|byte| *byte == b'&').count();
    match query::parse(text, list, flags) {
        Ok(()) => assert!(list.iter().count() <= parts),
        Err(_) => assert!(list.is_empty()),
    }
    list.clear(None);
}
