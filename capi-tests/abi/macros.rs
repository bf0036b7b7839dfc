//! Macros with parameters, and those that stand for types, names and texts.

use std::collections::BTreeSet;

use crate::library::{self, project};
use crate::{compiler, declarations, emulator, facts};

/// `NAME(a, b) text` of a macro with parameters, or `NAME text`.
fn find<'a>(macros: &'a [String], name: &str) -> Option<&'a str> {
    macros.iter().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with(['(', ' '])).then_some(rest)
    })
}

/// Ours has the same number of parameters.
fn same_parameters(ours: &str, count: usize) -> bool {
    let parameters = ours.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    parameters.is_some_and(|(parameters, _)| facts::count(parameters) == count)
}

pub fn missing() -> BTreeSet<String> {
    let macros = declarations::macros();
    let functions = facts::function_macros().into_iter().map(|(name, _)| name);
    let objects = facts::object_macros().into_iter().map(|(name, _)| name);
    functions
        .chain(objects)
        .filter(|name| find(&macros, name).is_none())
        .collect()
}

#[test]
fn macros_have_their_parameters() {
    let macros = declarations::macros();
    let mut found = 0;
    for (name, count) in facts::function_macros() {
        if let Some(ours) = find(&macros, &name) {
            assert!(same_parameters(ours, count), "{name}{ours}");
            found += 1;
        }
    }
    assert!(found > 0);
}

/// After full expansion, because the reference gets at some types in several steps.
#[test]
fn macros_stand_for_what_they_should() {
    let macros = declarations::macros();
    let wanted: Vec<(String, String)> = facts::object_macros()
        .into_iter()
        .filter(|(name, _)| find(&macros, name).is_some())
        .collect();
    let mut source = "start_of_expansions\n".to_owned();
    for (name, text) in &wanted {
        source += &format!("[{name}]\n[{text}]\n");
    }
    let text = declarations::preprocess(&["-P"], &source);
    let text = text.split_once("start_of_expansions").expect("put there").1;
    // Neighbouring strings are one.
    let text = text.replace("\" \"", "");
    let mut expansions = text.lines().filter(|line| line.starts_with('['));
    for (name, _) in &wanted {
        let (ours, reference) = (expansions.next(), expansions.next());
        assert!(
            ours.is_some() && ours == reference,
            "{name}: {ours:?}, {reference:?}"
        );
    }
}

#[test]
fn a_wrong_macro_is_noticed() {
    let macros = ["a(x,y) x".to_owned(), "ab 1".to_owned(), "c".to_owned()];
    assert!(same_parameters(find(&macros, "a").unwrap(), 2));
    assert!(!same_parameters(find(&macros, "a").unwrap(), 1));
    assert!(!same_parameters(find(&macros, "ab").unwrap(), 0));
    assert_eq!(find(&macros, "c"), Some(""));
    assert_eq!(find(&macros, "b"), None);
}
/// `uses.c` uses every macro with parameters that we have, and its program checks what they do.
#[test]
fn macros_work() {
    let source = project().join("capi-tests/abi/uses.c");
    let text = std::fs::read_to_string(&source).expect("a file of the project");
    let macros = declarations::macros();
    for (name, _) in facts::function_macros() {
        let used = text.contains(&format!("{name}("));
        assert_eq!(used, find(&macros, &name).is_some(), "{name} in uses.c");
    }
    let program = compiler::scratch("uses").join("uses");
    compiler::run(
        compiler::with_our_headers(&compiler::cc())
            .args(["-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&program)
            .arg(&source)
            .arg("-L")
            .arg(library::directory().unwrap())
            .arg("-levent_rs"),
    )
    .unwrap();
    compiler::run(emulator::command(&program).env("LD_LIBRARY_PATH", library::sonames().unwrap()))
        .unwrap();
}

/// What `event-config.h` says of this machine's compiler and C library.
#[test]
fn event_config_tells_the_truth() {
    let config = project().join("include/event2/event-config.h");
    let config = std::fs::read_to_string(config).expect("a file of the project");
    let defined = |prefix: &'static str| {
        let lines = config.lines();
        lines
            .filter_map(move |line| line.strip_prefix("#define EVENT__")?.strip_prefix(prefix))
            .filter_map(|rest| rest.split_whitespace().next())
    };
    let mut source = "#include <event2/event-config.h>\n#include <pthread.h>\n\
        #include <sys/types.h>\n#include <time.h>\n"
        .to_owned();
    let mut seen = 0;
    for name in defined("HAVE_") {
        // The headers of TLS libraries need not be there.
        let Some(header) = name
            .strip_suffix("_H")
            .filter(|name| *name != "OPENSSL_SSL")
        else {
            continue;
        };
        let path = ["SYS_", "NETINET_", "ARPA_"]
            .into_iter()
            .find_map(|place| Some((place, header.strip_prefix(place)?)))
            .map_or_else(
                || header.to_lowercase(),
                |(place, rest)| format!("{}{rest}", place.replace('_', "/")).to_lowercase(),
            );
        source += &format!("#if !__has_include(<{path}.h>)\n#error there is no {path}.h\n#endif\n");
        seen += 1;
    }
    for name in defined("SIZEOF_") {
        let kind = match name {
            "VOID_P" => "void *".to_owned(),
            "LONG_LONG" => "long long".to_owned(),
            name => name.to_lowercase(),
        };
        source += &format!("_Static_assert(EVENT__SIZEOF_{name} == sizeof({kind}), \"{kind}\");\n");
        seen += 1;
    }
    assert!(seen > 40, "only {seen} macros seen");
    compiler::check(
        &mut compiler::with_our_headers(&compiler::cc()),
        "event-config",
        &source,
    )
    .unwrap();
}
