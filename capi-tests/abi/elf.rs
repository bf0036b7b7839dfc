//! How the shared object is linked.

use std::process::Command;

use crate::{compiler, library, symbols};

fn readelf(option: &str) -> String {
    compiler::run(
        Command::new("readelf")
            .args([option, "--wide"])
            .arg(library::shared_object().unwrap()),
    )
    .unwrap()
}

/// The values `[...]` of the dynamic section's entries of one kind.
fn dynamic(kind: &str) -> Vec<String> {
    readelf("--dynamic")
        .lines()
        .filter(|line| line.contains(&format!("({kind})")))
        .filter_map(|line| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned()))
        .collect()
}

#[test]
fn soname_is_ours() {
    assert_eq!(dynamic("SONAME"), ["libevent_rs.so.1"]);
}

#[test]
fn nothing_is_needed_but_libc_and_what_rust_needs() {
    for name in dynamic("NEEDED") {
        let known = ["libc.so.6", "libgcc_s.so.1"].contains(&name.as_str());
        assert!(
            known || name.starts_with("ld-linux") || name == "ld64.so.1",
            "{name} is needed"
        );
    }
}

#[test]
fn symbols_are_bound_at_load_and_tables_are_read_only() {
    let dynamic = readelf("--dynamic");
    assert!(dynamic.contains("BIND_NOW"), "{dynamic}");
    assert!(!dynamic.contains("TEXTREL"), "{dynamic}");
    let segments = readelf("--segments");
    assert!(segments.contains("GNU_RELRO"), "{segments}");
    let stack = segments
        .lines()
        .find(|line| line.contains("GNU_STACK"))
        .expect("the stack's permissions are given");
    assert!(stack.contains(" RW ") && !stack.contains("RWE"), "{stack}");
}

/// A relocation against an exported function would let another library's function of that name
/// take its place inside ours.
#[test]
fn exported_functions_are_bound_inside_the_library() {
    let exported = symbols::ours();
    let relocations = readelf("--relocs");
    assert!(relocations.contains("GLOB_DAT"), "{relocations}");
    for line in relocations.lines() {
        for word in line.split_whitespace() {
            let name = word.split('@').next().expect("split gives one");
            let function = exported.get(name) == Some(&crate::facts::Symbol::Function);
            assert!(!function, "{line}");
        }
    }
}
