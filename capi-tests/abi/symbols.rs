//! The names that a shared object exports.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::compiler;
use crate::facts::Symbol;
use crate::library;

/// The names that a shared object exports.
pub fn exported(file: &Path) -> BTreeMap<String, Symbol> {
    let text = compiler::run(Command::new("nm").args(["-DP", "--defined-only"]).arg(file)).unwrap();
    text.lines()
        .map(|line| {
            let (name, rest) = line.split_once(' ').expect("name, type");
            let symbol = match &rest[..1] {
                "T" => Symbol::Function,
                "B" | "D" => Symbol::Data,
                other => panic!("{name} is a symbol of type {other}"),
            };
            (name.to_owned(), symbol)
        })
        .collect()
}

/// Those of our library.
pub fn ours() -> BTreeMap<String, Symbol> {
    exported(&library::shared_object().unwrap())
}
