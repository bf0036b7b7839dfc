//! The value and the type of every public constant.

use std::collections::BTreeSet;

use crate::{compiler, declarations, emulator, facts, include, prototypes};

/// Those of the reference's constants that our headers define.
fn ours() -> Vec<(String, i64)> {
    let names = declarations::names();
    let mut constants = facts::constants();
    constants.retain(|(name, _)| names.contains(name));
    constants
}

pub fn missing() -> BTreeSet<String> {
    let names = declarations::names();
    let all = facts::constants().into_iter().map(|(name, _)| name);
    all.filter(|name| !names.contains(name)).collect()
}

/// C that compiles only if the constants have these values.
fn assertions(constants: &[(String, i64)]) -> String {
    let mut source = include::includes();
    for (name, value) in constants {
        // C has no negative literals, and so none for the smallest number.
        let value = if *value == i64::MIN {
            format!("({}LL - 1)", value + 1)
        } else {
            format!("{value}LL")
        };
        source += &format!("_Static_assert((long long)({name}) == {value}, \"{name}\");\n");
    }
    source
}

fn compile(constants: &[(String, i64)]) -> Result<(), String> {
    compiler::check(
        &mut compiler::with_our_headers(&compiler::cc()),
        "constants",
        &assertions(constants),
    )
}

#[test]
fn constants_have_their_values() {
    let ours = ours();
    assert!(ours.len() > 100, "{}", ours.len());
    compile(&ours).unwrap();
}

#[test]
fn a_wrong_value_is_noticed() {
    let mut ours = ours();
    let (name, value) = &mut ours[3];
    *value += 1;
    let name = name.clone();
    let errors = compile(&ours).unwrap_err();
    assert_eq!(errors.matches(": error:").count(), 1, "{errors}");
    assert!(errors.contains(&name), "{errors}");
}

/// `NAME BYTES SIGN` of each constant, by the compiler that is given.
fn types(mut compiler: std::process::Command, includes: &str) -> String {
    let mut source = format!("{includes}#include <stdio.h>\nint main(void)\n{{\n");
    for (name, _) in ours() {
        source += &format!(
            "printf(\"{name} %d %d\\n\", (int)sizeof({name}), ((__typeof__({name}))-1) < 0);\n"
        );
    }
    source += "return 0;\n}\n";
    let directory = compiler::scratch("types");
    let program = directory.join("types");
    std::fs::write(directory.join("types.c"), source).expect("the target directory is writable");
    compiler::run(
        compiler
            .arg(directory.join("types.c"))
            .arg("-o")
            .arg(&program),
    )
    .unwrap();
    compiler::run(&mut emulator::command(&program)).unwrap()
}

/// A program that compares a constant with a signed number would get a warning if ours were
/// unsigned.
#[test]
fn constants_have_the_types_of_the_reference() {
    if !prototypes::reference_is_installed() {
        return;
    }
    let reference = types(
        std::process::Command::new(compiler::cc()),
        prototypes::REFERENCE_HEADERS,
    );
    let ours = types(
        compiler::with_our_headers(&compiler::cc()),
        &include::includes(),
    );
    for (ours, reference) in ours.lines().zip(reference.lines()) {
        assert_eq!(ours, reference);
    }
}
