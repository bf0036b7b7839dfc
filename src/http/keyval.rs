//! Lists of names and values, as programs see them: `struct evkeyvalq`.
//!
//! Programs walk these lists, and free and replace the strings in them. So node, name and value are
//! a block of the memory hooks each.

use core::ffi::{CStr, c_char};
use core::ptr::{self, NonNull};

use super::store::Store;
use crate::ctypes::keyvalq_struct::{evkeyval, evkeyvalq};
use crate::ctypes::queue::TailLink;
use crate::support::intrusive::{Linked, TailQueue};
use crate::support::{ascii, mm, words};

/// Why nothing was added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoMemory;

type Queue = TailQueue<evkeyval>;

// SAFETY: only computes the field's address.
unsafe impl Linked<()> for evkeyval {
    unsafe fn link(this: *mut Self) -> *mut TailLink<Self> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*this).next }
    }
}

/// A live list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct List(NonNull<evkeyvalq>);

impl List {
    /// # Safety
    /// `list` is null, or initialised and alive as long as the handle is used; nobody else uses it
    /// meanwhile. Its nodes and their strings are blocks of the memory hooks.
    pub unsafe fn new(list: *mut evkeyvalq) -> Option<List> {
        NonNull::new(list).map(List)
    }

    /// Makes the list at `place` an empty one.
    ///
    /// # Safety
    /// `place` is writable, and stays where it is; beyond that as for [`List::new`].
    pub unsafe fn init(place: NonNull<evkeyvalq>) -> List {
        // SAFETY: the caller's promise. The struct is a TAILQ_HEAD.
        unsafe { Queue::init(place.as_ptr().cast()) };
        List(place)
    }

    pub fn as_ptr(self) -> *mut evkeyvalq {
        self.0.as_ptr()
    }

    fn queue(self) -> *mut Queue {
        self.0.as_ptr().cast()
    }

    pub fn is_empty(self) -> bool {
        // SAFETY: a handle's list is live.
        unsafe { Queue::first(self.queue()) }.is_null()
    }

    /// The headers, in order. The list is not changed meanwhile.
    pub fn iter(self) -> impl Iterator<Item = Header> {
        // SAFETY: a handle's list is live, and so are its nodes.
        let mut next = unsafe { Queue::first(self.queue()) };
        core::iter::from_fn(move || {
            let this = NonNull::new(next)?;
            // SAFETY: as above.
            next = unsafe { Queue::next(this.as_ptr()) };
            Some(Header(this))
        })
    }

    /// The first header of that name.
    pub fn find(self, name: &[u8]) -> Option<Header> {
        self.iter().find(|header| header.is(name))
    }

    pub fn has(self, name: &[u8]) -> bool {
        self.find(name).is_some()
    }

    /// Appends copies of both.
    pub fn add(self, name: &[u8], value: &[u8], store: Option<&Store>) -> Result<(), NoMemory> {
        let [key, copy] = [name, value].map(|text| Store::copy(store, text));
        let node = Store::take(store, size_of::<evkeyval>()).cast::<evkeyval>();
        // SAFETY: the list is live; each block is null, or just taken and as large as needed.
        unsafe {
            if key.is_null() || copy.is_null() || node.is_null() {
                Store::give_text(store, key);
                Store::give_text(store, copy);
                Store::give(store, node.cast(), size_of::<evkeyval>());
                return Err(NoMemory);
            }
            (*node).key = key;
            (*node).value = copy;
            Queue::push_back(self.queue(), node);
        }
        Ok(())
    }

    /// Appends a space and `more` to the last header's value.
    pub fn extend_last(self, more: &[u8]) -> Result<(), NoMemory> {
        if self.is_empty() {
            return Ok(());
        }
        // SAFETY: the list is live and not empty; the value is a block of the hooks with a NUL at
        // its end, and grows by a space and the text.
        unsafe {
            let node = Queue::last(self.queue());
            let old = (*node).value;
            let len = if old.is_null() { 0 } else { libc::strlen(old) };
            let grown = mm::realloc(old.cast(), len + more.len() + 2).cast::<u8>();
            if grown.is_null() {
                return Err(NoMemory);
            }
            (*node).value = grown.cast();
            grown.add(len).write(b' ');
            ptr::copy_nonoverlapping(more.as_ptr(), grown.add(len + 1), more.len());
            grown.add(len + 1 + more.len()).write(0);
        }
        Ok(())
    }

    /// Removes the first header of that name. False if there is none.
    pub fn remove(self, name: &[u8]) -> bool {
        self.find(name)
            .inspect(|header| self.remove_one(*header, None))
            .is_some()
    }

    fn remove_one(self, header: Header, store: Option<&Store>) {
        let node = header.0.as_ptr();
        // SAFETY: the header is of this list, and its three blocks belong to it.
        unsafe {
            Queue::remove(self.queue(), node);
            for text in [(*node).key, (*node).value] {
                Store::give_text(store, text);
            }
            Store::give(store, node.cast(), size_of::<evkeyval>());
        }
    }

    /// Removes all headers.
    pub fn clear(self, store: Option<&Store>) {
        while let Some(first) = self.iter().next() {
            self.remove_one(first, store);
        }
    }
}

/// A header of a live list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header(NonNull<evkeyval>);

impl Header {
    /// The name, up to the next change of the list.
    pub fn name<'a>(self) -> &'a [u8] {
        // SAFETY: the node is alive, its strings belong to it.
        unsafe { text((*self.0.as_ptr()).key) }
    }

    /// The value, up to the next change of the list.
    pub fn value<'a>(self) -> &'a [u8] {
        // SAFETY: as above.
        unsafe { text((*self.0.as_ptr()).value) }
    }

    /// The value for a program.
    pub fn value_ptr(self) -> *const c_char {
        // SAFETY: the node is alive.
        unsafe { (*self.0.as_ptr()).value }
    }

    pub fn is(self, name: &[u8]) -> bool {
        let own = self.name();
        own.len() == name.len() && ascii::same(own, name)
    }
}

/// The bytes of a string; none of null.
///
/// # Safety
/// `text` is null or a C string that lives as long as the result.
pub unsafe fn text<'a>(text: *const c_char) -> &'a [u8] {
    if text.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_bytes()
}

/// Whether nothing in a text ends a line, as programs may give for a name or value.
#[inline]
pub fn is_one_line(text: &[u8]) -> bool {
    let ends = |word| words::equal(word, b'\r') | words::equal(word, b'\n');
    words::run(text, ends) == text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_list(test: impl FnOnce(List)) {
        let mut place = evkeyvalq {
            tqh_first: ptr::null_mut(),
            tqh_last: ptr::null_mut(),
        };
        // SAFETY: the place outlives the handle.
        let list = unsafe { List::init(NonNull::from(&mut place)) };
        test(list);
        list.clear(None);
        assert!(list.is_empty());
    }

    #[test]
    fn the_first_of_a_name_counts() {
        with_list(|list| {
            for (name, value) in [("A", "1"), ("b", ""), ("a", "2")] {
                list.add(name.as_bytes(), value.as_bytes(), None).unwrap();
            }
            assert_eq!(list.find(b"a").unwrap().value(), b"1");
            assert_eq!(list.find(b"B").unwrap().value(), b"");
            assert!(list.remove(b"A"));
            assert_eq!(list.find(b"A").unwrap().value(), b"2");
            assert!(list.remove(b"A"));
            assert!(!list.remove(b"A"));
            assert_eq!(list.iter().count(), 1);
        });
    }

    #[test]
    fn values_grow() {
        with_list(|list| {
            list.extend_last(b"nothing").unwrap();
            list.add(b"A", b"1", None).unwrap();
            list.extend_last(b"2 3").unwrap();
            assert_eq!(list.find(b"A").unwrap().value(), b"1 2 3");
        });
    }

    #[test]
    fn one_line() {
        assert!(is_one_line(b"") && is_one_line(b"b c\t"));
        for text in ["\n", "a\r", "ab\n", "abc\r\nd", "a text\n of some length"] {
            assert!(!is_one_line(text.as_bytes()));
        }
    }
}
