//! The texts of a request: its target, the peer's address, its host and the reason of its reply.

use core::ffi::c_char;
use core::ptr::{self, NonNull};

use super::Req;
use crate::http::keyval;
use crate::http::store::Store;
use crate::http::uri::{Part, Uri};

impl Req {
    /// The target, taken apart.
    pub fn uri<'a>(self) -> Option<&'a Uri> {
        // SAFETY: the request's own; it is replaced only where no borrow of it is left.
        unsafe { self.uri_ptr().as_ref() }
    }

    /// Copies the target. False without memory, and then the old one stays.
    pub fn set_target(self, target: &[u8]) -> bool {
        self.replace(self.target(), target, |copy| self.set_target_ptr(copy))
    }

    /// Forgets the target.
    pub fn clear_target(self) {
        self.drop_uri();
        let text = self.target();
        self.set_target_ptr(ptr::null_mut());
        give_up([text], self.store());
    }

    /// Takes over the target that was taken apart.
    pub fn set_uri(self, uri: Uri) {
        self.drop_uri();
        // SAFETY: the request's own place, which is empty now.
        let place = unsafe { (*self.0.as_ptr()).uri.write(uri) };
        self.set_uri_ptr(place);
    }

    pub(super) fn drop_uri(self) {
        if let Some(uri) = NonNull::new(self.uri_ptr()) {
            self.set_uri_ptr(ptr::null_mut());
            // SAFETY: `set_uri` has put it there, and nobody has it any more.
            unsafe { uri.drop_in_place() };
        }
    }

    /// The target, or nothing if there is none.
    pub fn target_text<'a>(self) -> &'a [u8] {
        text(self.target())
    }

    /// The reason, or nothing if there is none.
    pub fn reason_text<'a>(self) -> &'a [u8] {
        text(self.reason())
    }

    /// The host that the request is for.
    pub fn host_text<'a>(self) -> Option<&'a [u8]> {
        let host = self.host();
        (!host.is_null()).then(|| text(host))
    }

    /// Copies the peer's address. False without memory.
    pub fn set_remote(self, host: &[u8]) -> bool {
        self.replace(self.remote_host(), host, |copy| self.set_remote_host(copy))
    }

    /// Where the memory of short texts comes from and goes to.
    fn store<'a>(self) -> Option<&'a Store> {
        self.con().and_then(|con| con.store())
    }

    /// Gives `set` a copy of `text` and frees `old`. False without memory.
    fn replace(self, old: *mut c_char, text: &[u8], set: impl FnOnce(*mut c_char)) -> bool {
        let store = self.store();
        let copy = Store::copy(store, text);
        if copy.is_null() {
            return false;
        }
        set(copy);
        give_up([old], store);
        true
    }

    /// Copies the reason. False without memory.
    pub fn set_reason(self, reason: &[u8]) -> bool {
        self.replace(self.reason(), reason, |copy| self.set_reason_ptr(copy))
    }

    /// The host that the request is for, as a C string, or null.
    pub fn host(self) -> *const c_char {
        if !self.host_cache().is_null() {
            return self.host_cache();
        }
        let of_uri = self.uri().and_then(|uri| uri.get(Part::Host));
        let of_field = || {
            let value = self.input_headers().find(b"Host")?.value();
            Some(without_port(value))
        };
        if let Some(host) = of_uri.or_else(of_field) {
            self.replace(ptr::null_mut(), host, |copy| self.set_host_cache(copy));
        }
        self.host_cache()
    }

    /// Gives up all that is text.
    pub(super) fn take_texts(self) -> [*mut c_char; 4] {
        let texts = [
            self.target(),
            self.remote_host(),
            self.host_cache(),
            self.reason(),
        ];
        self.set_target_ptr(ptr::null_mut());
        self.set_remote_host(ptr::null_mut());
        self.set_host_cache(ptr::null_mut());
        self.set_reason_ptr(ptr::null_mut());
        texts
    }
}

/// A text of a request, until it has another.
fn text<'a>(text: *const c_char) -> &'a [u8] {
    // SAFETY: null, or a C string that belongs to the request.
    unsafe { keyval::text(text) }
}

/// Gives texts to the store that were a request's own, and that it has forgotten.
pub fn give_up<const N: usize>(texts: [*mut c_char; N], store: Option<&Store>) {
    for text in texts {
        // SAFETY: null, or a C string in a block of the hooks, as all texts of a request; nobody
        // has it any more.
        unsafe { Store::give_text(store, text) };
    }
}

/// A host without the port behind it.
fn without_port(value: &[u8]) -> &[u8] {
    let digits = value.iter().rev().take_while(|byte| byte.is_ascii_digit());
    match &value[..value.len() - digits.count()] {
        [host @ .., b':'] => host,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_cut_off() {
        for (value, host) in [
            ("a", "a"),
            ("a:80", "a"),
            ("a:", "a"),
            ("[::1]", "[::1]"),
            ("[::1]:80", "[::1]"),
            ("80", "80"),
            ("", ""),
        ] {
            assert_eq!(without_port(value.as_bytes()), host.as_bytes());
        }
    }
}
