//! Every prototype and every callback type against the reference's headers: the C compiler
//! rejects a second declaration that differs from the first.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::facts::{self, Symbol};
use crate::library::{Problem, project};
use crate::{compiler, declarations, headers, include, symbols};

/// Everything that the reference declares.
pub const REFERENCE_HEADERS: &str = "\
#include <event.h>
#include <evdns.h>
#include <evhttp.h>
#include <evrpc.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <event2/thread.h>
";

/// Whether libevent-dev is there, in the version that the facts are about.
pub fn reference_is_installed() -> bool {
    let source = format!(
        "{REFERENCE_HEADERS}_Static_assert(LIBEVENT_VERSION_NUMBER == 0x02010c00, \"other\");\n"
    );
    let found = compiler::check(&mut Command::new(compiler::cc()), "reference", &source);
    if let Err(error) = &found {
        println!("skipped: libevent-dev 2.1.12 is not installed: {error}");
    }
    found.is_ok()
}

/// Functions whose type is that of 2.2, which takes all that the former one took.
const CHANGED: [&str; 1] = ["evhttp_set_allowed_methods"];

/// Our prototypes of the reference's functions, and the name of each.
fn prototypes() -> Vec<(String, String)> {
    let public = facts::public_exports();
    let mut prototypes = declarations::prototypes();
    prototypes.retain(|(name, _)| public.contains_key(name) && !CHANGED.contains(&name.as_str()));
    prototypes
}

/// The types of callbacks that the declarations mention and the reference has no names for.
fn names_of_ours(declarations: &[String]) -> String {
    let reference = compiler::preprocess(&mut Command::new(compiler::cc()), REFERENCE_HEADERS);
    let reference = declarations::words(&reference);
    let mentioned = declarations::words(&declarations.concat());
    declarations::callbacks()
        .into_iter()
        .filter(|(name, _)| mentioned.contains(name) && !reference.contains(name))
        .map(|(_, definition)| definition + "\n")
        .collect()
}

fn declared_again(declarations: &[String]) -> Result<(), Problem> {
    let source = format!(
        "{REFERENCE_HEADERS}#define EVENT2_EXPORT_SYMBOL\n{}{}\n",
        names_of_ours(declarations),
        declarations.join("\n")
    );
    compiler::check(
        // cbindgen knows no arrays as parameters; for C they are pointers.
        Command::new(compiler::cc()).args(["-std=gnu11", "-Wno-array-parameter"]),
        "prototypes",
        &source,
    )
}

#[test]
fn prototypes_are_those_of_the_reference() {
    if !reference_is_installed() {
        return;
    }
    let reference = compiler::preprocess(&mut Command::new(compiler::cc()), REFERENCE_HEADERS);
    let reference = declarations::words(&reference);
    let select = |declarations: Vec<(String, String)>| -> Vec<String> {
        let common = declarations
            .into_iter()
            .filter(|(name, _)| reference.contains(name));
        common.map(|(_, declaration)| declaration).collect()
    };
    let prototypes = select(prototypes());
    let callbacks = select(declarations::callbacks());
    println!(
        "{} prototypes, {} callbacks",
        prototypes.len(),
        callbacks.len()
    );
    let exported = symbols::ours();
    let mut public = facts::public_exports();
    public.retain(|name, _| exported.contains_key(name));
    public.retain(|name, _| !CHANGED.contains(&name.as_str()));
    assert_eq!(prototypes.len(), public.len());
    assert!(!prototypes.is_empty());
    declared_again(&[callbacks, prototypes].concat()).unwrap();
}

/// So that no prototype escapes the comparison above, and every function can be called from C.
#[test]
fn exactly_the_exported_functions_are_declared() {
    let mut api = facts::public_exports();
    api.extend(facts::added_exports());
    api.extend(facts::own_exports());
    let exported: BTreeSet<String> = symbols::ours()
        .into_keys()
        .filter(|name| api.contains_key(name))
        .collect();
    let prototypes = declarations::prototypes();
    let declared: BTreeSet<String> = prototypes.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(declared.len(), prototypes.len(), "one is declared twice");
    let undeclared: Vec<_> = exported.difference(&declared).collect();
    let unexported: Vec<_> = declared.difference(&exported).collect();
    assert!(
        undeclared.is_empty() && unexported.is_empty(),
        "exported without a prototype: {undeclared:?}; declared but not exported: {unexported:?}"
    );
}

/// Each name that other binaries import without a header, with the type that the facts give it,
/// beside the prototype of ours, or beside its definition in C.
fn private_again(types: &BTreeMap<String, String>) -> Result<(), Problem> {
    let mut source = include::includes();
    source += &headers::render_private(project());
    for (name, kind) in types {
        source += &format!("__typeof__({kind}) {name};\n");
    }
    source += &format!("#include \"{}/src/abi/variadic.c\"\n", project().display());
    compiler::check(
        compiler::with_our_headers(&compiler::cc()).arg("-std=gnu11"),
        "private",
        &source,
    )
}

/// The types of the private functions that we export.
fn private_types() -> BTreeMap<String, String> {
    let exported = symbols::ours();
    let mut types = facts::private_types();
    types.retain(|name, _| exported.get(name) == Some(&Symbol::Function));
    types
}

#[test]
fn private_functions_have_their_types() {
    private_again(&private_types()).unwrap();
}

#[test]
fn no_private_function_escapes() {
    let mut types = private_types();
    for kind in types.values_mut() {
        *kind = "struct another (struct another *)".to_owned();
    }
    let errors = private_again(&types).unwrap_err();
    for name in types.keys() {
        let error = format!("conflicting types for ‘{name}’");
        assert!(errors.contains(&error), "{name} is compared with nothing");
    }
}

/// Each of our prototypes takes part in the comparison: with another type of result it is rejected.
#[test]
fn no_prototype_escapes() {
    if !reference_is_installed() {
        return;
    }
    let wrong: Vec<String> = prototypes()
        .iter()
        .map(|(name, text)| {
            let at = text.find(&format!("{name}(")).expect("its name is in it");
            format!("struct another {}", &text[at..])
        })
        .collect();
    let errors = declared_again(&wrong).unwrap_err();
    assert!(!wrong.is_empty());
    assert_eq!(errors.matches("conflicting types for").count(), wrong.len());
}

#[test]
fn a_wrong_prototype_is_noticed() {
    if !reference_is_installed() {
        return;
    }
    let right = [
        "int event_add(struct event *ev, const struct timeval *timeout);",
        "int evutil_snprintf(char *, size_t, const char *, ...);",
        "typedef void (*event_log_cb)(int severity, const char *msg);",
    ];
    declared_again(&right.map(str::to_owned)).unwrap();
    for wrong in [
        "int event_add(struct event *ev, struct timeval *timeout);",
        "long event_add(struct event *ev, const struct timeval *timeout);",
        "int event_add(struct event *ev);",
        "int evutil_snprintf(char *, size_t, const char *);",
        "typedef int (*event_log_cb)(int severity, const char *msg);",
        "int event_base_dispatch(struct base *);",
    ] {
        let errors = declared_again(&[wrong.to_owned()]).expect_err(wrong);
        assert!(errors.contains("error:"), "{wrong}: {errors}");
    }
}
