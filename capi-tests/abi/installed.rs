//! The same numbers as by the headers of the libevent that is installed, on whatever architecture
//! the compiler makes code for: the facts are those of x86-64 only.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use crate::{compiler, declarations, facts, include};

/// C with a table of the size, the alignment and the offsets of every struct, of the types that are
/// known by a macro, and of every constant.
fn table() -> String {
    let ours = include::all();
    let mut source = String::new();
    for name in ours {
        // The reference has fewer.
        writeln!(
            source,
            "#if __has_include(<{name}>)\n#include <{name}>\n#endif"
        )
        .unwrap();
    }
    source += "#include <stddef.h>\nconst long long numbers[] = {\n";
    let mut add = |name: &str, value: &str| writeln!(source, "/* {name} */ {value},").unwrap();
    for name in ["ev_off_t", "ev_ssize_t", "ev_intptr_t", "evutil_socket_t"] {
        add(name, &format!("sizeof({name})"));
    }
    for of in facts::structs() {
        let name = format!("struct {}", of.name);
        add(&name, &format!("sizeof({name})"));
        add(&name, &format!("_Alignof({name})"));
        let bits = |kind: &Option<String>| kind.as_ref().is_some_and(|kind| kind.contains("bits="));
        for member in of.members.iter().filter(|member| !bits(&member.kind)) {
            let path = &member.path;
            add(path, &format!("offsetof({name}, {path})"));
            add(path, &format!("sizeof((({name} *)0)->{path})"));
        }
    }
    let names = declarations::names();
    for (name, _) in facts::constants() {
        if names.contains(&name) {
            add(&name, &format!("(long long)({name})"));
        }
    }
    source + "};\n"
}

/// What the compiler makes of the table, without the compiler's own remarks.
fn compiled(compiler: &mut Command, source: &str) -> Vec<String> {
    let path = compiler::scratch("installed").join("table.c");
    fs::write(&path, source).expect("the target directory is writable");
    let text = compiler::run(compiler.args(["-S", "-o", "-"]).arg(&path)).expect("it compiles");
    text.lines().map(str::to_owned).collect()
}

fn version_installed() -> Option<String> {
    let source = "#if __has_include(<event2/event-config.h>)\n#include <event2/event-config.h>\n\
                  EVENT__NUMERIC_VERSION\n#endif\n";
    let text = compiler::preprocess(&mut Command::new(compiler::cc()), source);
    text.lines().last().map(str::to_owned)
}

#[test]
fn numbers_are_those_of_the_installed_headers() {
    match version_installed() {
        Some(version) if version.starts_with("0x02010c") => {}
        other => {
            println!("skipped: these headers are not those of 2.1.12: {other:?}");
            return;
        }
    }
    let source = table();
    let ours = compiled(&mut compiler::with_our_headers(&compiler::cc()), &source);
    let theirs = compiled(&mut Command::new(compiler::cc()), &source);
    let values = theirs
        .iter()
        .filter(|line| line.trim_start().starts_with('.'))
        .count();
    assert!(values > 500, "{values} lines of numbers");
    for (number, (our, their)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(our, their, "line {number} of {source}");
    }
    assert_eq!(ours.len(), theirs.len());
}

#[test]
fn another_number_is_noticed() {
    let source = table();
    let changed = source.replace("sizeof(struct event)", "sizeof(struct event) + 8");
    assert_ne!(source, changed);
    let cc = || compiler::with_our_headers(&compiler::cc());
    assert_ne!(compiled(&mut cc(), &source), compiled(&mut cc(), &changed));
}
