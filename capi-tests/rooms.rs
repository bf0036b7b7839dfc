//! The map of `src/lib.rs`, held against the imports, which go down only; and how much unsafe code
//! each room may have.

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

/// The most unsafe blocks in a thousand lines of code, by room. Who needs more of them looks for a
/// type that makes the use safe before raising a number; who needs fewer lowers it.
const UNSAFE_PER_1000: &[(&str, usize)] = &[
    ("ctypes", 0),
    ("sys", 58),
    ("support", 52),
    ("backend", 10),
    ("base", 26),
    ("buffer", 26),
    ("net", 57),
    ("bufferevent", 25),
    ("http", 14),
    ("dns", 9),
    ("rpc", 35),
    ("abi", 33),
];

/// The same for all of the library.
const UNSAFE_PER_1000_OF_ALL: usize = 25;

/// The lines of code and the unsafe blocks of a source, without its unit tests.
fn measure(text: &str) -> (usize, usize) {
    let lines = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.fold((0, 0), |(code, blocks), line| {
        (code + 1, blocks + line.matches("unsafe {").count())
    })
}

#[test]
fn unsafe_code_does_not_grow() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut too_much = Vec::new();
    let (mut all_code, mut all_blocks) = (0, 0);
    for (room, most) in UNSAFE_PER_1000 {
        let mut files = Vec::new();
        sources(&src.join(room), &mut files);
        let (mut code, mut blocks) = (0, 0);
        for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
            let text = fs::read_to_string(file).expect("a source is UTF-8");
            let (more_code, more_blocks) = measure(&text);
            code += more_code;
            blocks += more_blocks;
        }
        all_code += code;
        all_blocks += blocks;
        if blocks * 1000 > most * code {
            too_much.push(format!(
                "{room}: {blocks} in {code} lines, not {most} in 1000"
            ));
        }
    }
    assert!(all_code > 10_000, "only {all_code} lines of code seen");
    if all_blocks * 1000 > UNSAFE_PER_1000_OF_ALL * all_code {
        too_much.push(format!("all: {all_blocks} in {all_code} lines"));
    }
    assert!(
        too_much.is_empty(),
        "unsafe blocks:\n{}",
        too_much.join("\n")
    );
}

#[test]
fn every_room_is_measured() {
    let measured: Vec<&str> = UNSAFE_PER_1000.iter().map(|(room, _)| *room).collect();
    let rooms: Vec<&str> = FLOORS.concat();
    assert!(rooms.iter().all(|room| measured.contains(room)));
}
