//! The map of `src/lib.rs`, held against the imports: they go down only.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up; those of one floor don't use each other.
const FLOORS: &[&[&str]] = &[
    &["ctypes"],
    &["sys"],
    &["support"],
    &["backend"],
    &["base"],
    &["buffer", "net"],
    &["bufferevent"],
    &["http", "dns"],
    &["rpc"],
    &["abi"],
];

/// In tests and fuzzers only: may use every room, and the tests of every room may use it.
const ASIDE: &str = "testing";

fn floor(room: &str) -> usize {
    FLOORS
        .iter()
        .position(|rooms| rooms.contains(&room))
        .unwrap_or_else(|| panic!("{room} is on no floor"))
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("src can be read") {
        let path = entry.expect("src can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a line of code mentions, comments left out.
fn mentioned(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
        &rest[..end.unwrap_or(rest.len())]
    })
}

#[test]
fn imports_go_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut upward = Vec::new();
    let mut imports = 0;
    for file in files {
        let inside = file.strip_prefix(&src).expect("below src");
        let room = inside.iter().next().expect("a room").to_string_lossy();
        // The roof of all, the binaries beside the library, and what only tests have.
        if [ASIDE, "lib.rs", "bin"].contains(&&*room) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source is UTF-8");
        // `use crate::{..}` would hide rooms from this test.
        assert!(!text.contains("crate::{"), "{}", inside.display());
        for (number, line) in text.lines().enumerate() {
            for other in mentioned(line) {
                imports += 1;
                let allowed = other == ASIDE || other == room || floor(other) < floor(&room);
                if !allowed {
                    upward.push(format!("{}:{}: {other}", inside.display(), number + 1));
                }
            }
        }
    }
    assert!(imports > 100, "only {imports} imports seen");
    assert!(upward.is_empty(), "upward:\n{}", upward.join("\n"));
}
