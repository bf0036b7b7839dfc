//! Reads `facts/`: what a program built against libevent 2.1.12 expects.

use std::collections::BTreeMap;
use std::fs;

use crate::library::project;

/// What kind of symbol a name is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Symbol {
    Function,
    Data,
}

/// The lines of one file without comments.
fn lines(name: &str) -> Vec<String> {
    let path = project().join("capi-tests/abi/facts").join(name);
    let text = fs::read_to_string(&path).expect("the facts are part of the project");
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// The exported names that the headers of 2.1 declare.
pub fn public_exports() -> BTreeMap<String, Symbol> {
    lines("exports-2.1-public.txt")
        .iter()
        .map(|line| {
            let (name, rest) = line.split_once('\t').expect("name, type, library");
            assert!(rest.starts_with("T\t"), "all of them are functions: {line}");
            (name.to_owned(), Symbol::Function)
        })
        .collect()
}

/// The exported names that no header declares but that other binaries import, with their C types.
pub fn private_types() -> BTreeMap<String, String> {
    lines("exports-2.1-private.txt")
        .iter()
        .map(|line| {
            let (name, kind) = line.split_once('\t').expect("name, C type");
            (name.to_owned(), kind.to_owned())
        })
        .collect()
}

pub fn private_exports() -> BTreeMap<String, Symbol> {
    private_types()
        .into_iter()
        .map(|(name, kind)| {
            let is_data = kind.contains("(data;");
            let symbol = if is_data {
                Symbol::Data
            } else {
                Symbol::Function
            };
            (name, symbol)
        })
        .collect()
}

/// The functions that the API of 2.2 adds.
pub fn added_exports() -> BTreeMap<String, Symbol> {
    lines("exports-2.2-added.txt")
        .into_iter()
        .map(|name| (name, Symbol::Function))
        .collect()
}

/// The functions of our own.
pub fn own_exports() -> BTreeMap<String, Symbol> {
    lines("exports-rs-added.txt")
        .into_iter()
        .map(|name| (name, Symbol::Function))
        .collect()
}

/// Constants and their values, as numbers of 64 bits with a sign.
pub fn constants() -> Vec<(String, i64)> {
    lines("constants-2.1.txt")
        .iter()
        .map(|line| {
            let (name, value) = line.split_once('\t').expect("name, value");
            (name.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}

pub struct Struct {
    pub name: String,
    pub size: u32,
    pub align: u32,
    pub members: Vec<Member>,
}

pub struct Member {
    pub offset: u32,
    pub size: u32,
    pub path: String,
    /// `None` for a struct or union that has no name.
    pub kind: Option<String>,
}

/// Structs that no header defines; the Rust modules that do assert their layouts.
const OPAQUE: [&str; 2] = ["evbuffer", "evbuffer_chain"];

/// The structs that public headers define.
pub fn structs() -> Vec<Struct> {
    let mut structs: Vec<Struct> = Vec::new();
    for line in lines("layouts-2.1.txt") {
        if let Some(rest) = line.strip_prefix("struct ") {
            let words: Vec<&str> = rest.split([' ', '=']).collect();
            let [name, "size", size, "align", align] = words[..] else {
                panic!("not the head of a struct: {line}");
            };
            structs.push(Struct {
                name: name.to_owned(),
                size: size.parse().expect("a number"),
                align: align.parse().expect("a number"),
                members: Vec::new(),
            });
        } else {
            let of = structs.last_mut().expect("members follow their struct");
            of.members.push(member(&line));
        }
    }
    structs.retain(|of| !OPAQUE.contains(&of.name.as_str()));
    structs
}

/// `    40    4 ev_timeout_pos.min_heap_idx : int` or `    40   16 ev_timeout_pos{}`.
fn member(line: &str) -> Member {
    let (offset, rest) = line.trim_start().split_once(' ').expect("an offset");
    let (size, rest) = rest.trim_start().split_once(' ').expect("a size");
    let (path, kind) = match rest.split_once(" : ") {
        Some((path, kind)) => (path, Some(kind.to_owned())),
        None => (rest.trim_end_matches("{}"), None),
    };
    Member {
        offset: offset.parse().expect("a number"),
        size: size.parse().expect("a number"),
        path: path.to_owned(),
        kind,
    }
}

/// Function-like macros with the number of their parameters.
pub fn function_macros() -> Vec<(String, usize)> {
    lines("macros-2.1.txt")
        .iter()
        .filter(|line| !line.contains('\t'))
        .filter_map(|line| line.strip_suffix(')')?.split_once('('))
        .map(|(name, parameters)| (name.to_owned(), count(parameters)))
        .collect()
}

/// How many parameters `x,y` are.
pub fn count(parameters: &str) -> usize {
    parameters
        .split(',')
        .filter(|name| !name.is_empty())
        .count()
}

/// Macros that stand for a type, a name or a text, with what they stand for.
pub fn object_macros() -> Vec<(String, String)> {
    lines("macros-2.1.txt")
        .iter()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, text)| {
            let text = if text == "(empty)" { "" } else { text };
            (name.to_owned(), text.to_owned())
        })
        .collect()
}
