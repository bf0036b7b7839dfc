//! The names that the library exports, against those of the reference.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{self, Symbol};
use crate::symbols;

fn expected() -> BTreeMap<String, Symbol> {
    let mut names = facts::public_exports();
    names.extend(facts::private_exports());
    names.extend(facts::added_exports());
    names.extend(facts::own_exports());
    names
}

pub fn missing() -> BTreeSet<String> {
    let exported = symbols::ours();
    expected()
        .into_keys()
        .filter(|name| !exported.contains_key(name))
        .collect()
}

/// What is exported and should not be, or is something else than it should be.
fn wrong(exported: &BTreeMap<String, Symbol>) -> Vec<String> {
    let expected = expected();
    exported
        .iter()
        .filter_map(|(name, symbol)| match expected.get(name) {
            None => Some(format!("{name} is neither libevent's nor noted as ours")),
            Some(wanted) if wanted != symbol => Some(format!("{name} should be {wanted:?}")),
            Some(_) => None,
        })
        .collect()
}

#[test]
fn only_known_names_are_exported() {
    let wrong = wrong(&symbols::ours());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_facts_are_complete() {
    assert_eq!(facts::public_exports().len(), 455);
    assert_eq!(facts::added_exports().len(), 57);
    assert!(facts::private_exports().len() > 40);
}

#[test]
fn wrong_exports_are_noticed() {
    let symbols = [
        ("event_add", Symbol::Data),
        ("event_del", Symbol::Function),
        ("event_global_current_base_", Symbol::Data),
        ("event_of_ours", Symbol::Function),
    ];
    let exported = symbols
        .map(|(name, symbol)| (name.to_owned(), symbol))
        .into_iter()
        .collect();
    assert_eq!(
        wrong(&exported),
        [
            "event_add should be Function",
            "event_of_ours is neither libevent's nor noted as ours"
        ]
    );
}
