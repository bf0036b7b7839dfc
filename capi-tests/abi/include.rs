//! The headers in `include/`: up to date, and fit for every dialect of C and for C++.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::library::project;
use crate::{compare_file, compiler, expect_file, headers};

/// Their paths below `include/`, as one writes them in `#include`.
pub fn all() -> Vec<String> {
    let root = project().join("include");
    let mut names: Vec<String> = [root.clone(), root.join("event2")]
        .iter()
        .flat_map(|directory| fs::read_dir(directory).expect("include/ is readable"))
        .map(|entry| entry.expect("include/ is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "h"))
        .map(|path| {
            path.strip_prefix(&root)
                .expect("below")
                .display()
                .to_string()
        })
        .collect();
    names.sort();
    names
}

/// A source that includes all of them.
pub fn includes() -> String {
    all()
        .iter()
        .map(|name| format!("#include <{name}>\n"))
        .collect()
}

#[test]
fn headers_are_up_to_date() {
    let rendered = headers::render(project());
    for (path, text) in &rendered {
        expect_file(&project().join("include").join(path), text);
    }
    assert_eq!(
        all().len(),
        rendered.len(),
        "include/ has a header too many"
    );
}

#[test]
#[should_panic(expected = "is not what its sources say")]
fn a_changed_header_is_noticed() {
    let (path, text) = headers::render(project()).swap_remove(0);
    let copy = compiler::scratch("changed").join(path.file_name().expect("a header"));
    fs::write(&copy, text.replace("#define", "#undef")).expect("the target directory is writable");
    compare_file(&copy, &text);
}

/// Compiles each source on its own with all warnings, in every given dialect.
fn compile_all(test: &str, sources: &[String], dialects: &[(&[&'static str], &str, &str)]) {
    let directory = compiler::scratch(test);
    for &(compilers, standard, extension) in dialects {
        let files: Vec<PathBuf> = (0..sources.len())
            .map(|number| directory.join(format!("{number}.{extension}")))
            .collect();
        for (file, source) in files.iter().zip(sources) {
            fs::write(file, source).expect("the target directory is writable");
        }
        let compilers = compiler::installed(compilers);
        assert!(!compilers.is_empty(), "no compiler for {standard}");
        for compiler in compilers {
            let result = compiler::run(
                compiler::with_our_headers(compiler)
                    .args([standard, "-fsyntax-only", "-pedantic"])
                    .args(["-Wall", "-Wextra", "-Werror"])
                    .args(&files),
            );
            assert!(
                result.is_ok(),
                "{compiler} {standard}: {}",
                result.unwrap_err()
            );
        }
    }
}

const C: &[&str] = &["gcc", "clang"];
const CXX: &[&str] = &["g++", "clang++"];

/// Includes them, and then expects that they asked for the system's extensions, as the reference's
/// headers do, before they included any of the system's headers.
fn unit(names: &[&String]) -> String {
    let mut source = String::new();
    for name in names {
        source += &format!("#include <{name}>\n");
    }
    source
        + "#include <features.h>\n\
           #if defined(__GLIBC__) && !defined(__USE_GNU)\n\
           #error no extensions\n\
           #endif\n\
           int nothing;\n"
}

#[test]
fn headers_compile_alone_and_together() {
    let all = all();
    let mut sources: Vec<String> = all.iter().map(|name| unit(&[name])).collect();
    sources.push(unit(&all.iter().collect::<Vec<_>>()));
    sources.push(unit(&all.iter().rev().collect::<Vec<_>>()));
    let dialects = [
        (C, "-std=c89", "c"),
        (C, "-std=gnu89", "c"),
        (C, "-std=c99", "c"),
        (C, "-std=c11", "c"),
        (C, "-std=gnu17", "c"),
        (CXX, "-std=c++11", "cc"),
        (CXX, "-std=c++20", "cc"),
    ];
    compile_all("alone", &sources, &dialects);
}

#[test]
fn headers_compile_in_any_order_and_twice() {
    let all = all();
    let sources: Vec<String> = all
        .iter()
        .flat_map(|first| all.iter().map(move |second| unit(&[first, second])))
        .collect();
    compile_all(
        "pairs",
        &sources,
        &[(&["gcc"], "-std=c89", "c"), (&["g++"], "-std=c++11", "cc")],
    );
}
/// Programs that were written for the reference, as far as we have what they include.
#[test]
fn example_programs_of_the_reference_compile() {
    let directory = Path::new("/usr/share/doc/libevent-dev/examples");
    let Ok(entries) = fs::read_dir(directory) else {
        println!("skipped: the examples of libevent-dev are not installed");
        return;
    };
    let ours = all();
    let mut compiled = 0;
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(text) = path
            .extension()
            .filter(|extension| *extension == "c")
            .and_then(|_| fs::read_to_string(&path).ok())
        else {
            continue;
        };
        let wanted: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("#include <")?.split_once('>'))
            .filter_map(|(name, _)| name.starts_with("ev").then_some(name))
            .collect();
        // Some include headers of libevent's sources, which are not installed.
        let complete = !text.contains("#include \"");
        if complete
            && !wanted.is_empty()
            && wanted.iter().all(|name| ours.iter().any(|our| our == name))
        {
            let result = compiler::run(
                compiler::with_our_headers(&compiler::cc())
                    .args(["-fsyntax-only", "-Wall", "-Werror"])
                    .arg(&path),
            );
            assert!(
                result.is_ok(),
                "{}: {}",
                path.display(),
                result.unwrap_err()
            );
            compiled += 1;
        }
    }
    assert!(compiled > 0, "no example could be compiled");
}
