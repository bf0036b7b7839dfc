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
    let listed = listed();
    let lost: Vec<_> = now.difference(&listed).collect();
    assert!(
        lost.is_empty() || !path().exists(),
        "this was there and is gone: {lost:?}"
    );
    for line in &now {
        text += line;
        text.push('\n');
    }
    if !updating() {
        let come: Vec<_> = listed.difference(&now).collect();
        assert!(
            come.is_empty(),
            "run `make headers`, for this has come: {come:?}"
        );
    }
    expect_file(&path(), &text);
}
