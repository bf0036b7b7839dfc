//! `missing.txt`: what libevent 2.1 and the additions of 2.2 have and we have not yet.

use std::collections::BTreeSet;
use std::fs;

use crate::library::project;
use crate::{constants, expect_file, exports, layouts, macros, updating};

const HEAD: &str = "\
# What is still to be implemented of libevent 2.1.12 and of the functions that 2.2 adds. This list
# only gets shorter: the ABI gate fails when a name is missing that is not in it, and when a name
# in it is there. `make headers` removes what has come.
";

fn path() -> std::path::PathBuf {
    project().join("capi-tests/abi/missing.txt")
}

/// The lines `KIND NAME` of the list.
fn listed() -> BTreeSet<String> {
    let text = fs::read_to_string(path()).unwrap_or_default();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn missing_parts_are_listed_and_only_they() {
    let kinds = [
        ("export", exports::missing()),
        ("struct", layouts::missing()),
        ("constant", constants::missing()),
        ("macro", macros::missing()),
    ];
    let mut text = HEAD.to_owned();
    for (kind, names) in &kinds {
        text += &format!("# {kind}s: {}\n", names.len());
    }
    let now: BTreeSet<String> = kinds
        .iter()
        .flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind} {name}")))
        .collect();
    let listed = path().exists().then(listed);
    if let Some(problem) = listed.and_then(|listed| problem(&now, &listed, updating())) {
        panic!("{problem}");
    }
    for line in &now {
        text += line;
        text.push('\n');
    }
    expect_file(&path(), &text);
}

/// Why what is missing now does not fit the list.
fn problem(now: &BTreeSet<String>, listed: &BTreeSet<String>, updating: bool) -> Option<String> {
    let lost: Vec<_> = now.difference(listed).collect();
    if !lost.is_empty() {
        return Some(format!("this was there and is gone: {lost:?}"));
    }
    let come: Vec<_> = listed.difference(now).collect();
    (!come.is_empty() && !updating)
        .then(|| format!("run `make headers`, for this has come: {come:?}"))
}

#[test]
fn a_lost_name_is_noticed_even_by_an_update() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let (one, two) = (set(&["export a"]), set(&["export a", "export b"]));
    for updating in [false, true] {
        assert_eq!(problem(&one, &one, updating), None);
        assert!(problem(&two, &one, updating).unwrap().contains("export b"));
    }
    assert!(problem(&one, &two, false).unwrap().contains("export b"));
    assert_eq!(problem(&one, &two, true), None);
}
