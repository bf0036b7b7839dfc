//! What the pages in `docs/` promise, held against the project: links lead somewhere, tests that
//! are named exist, and `differences.md` is made from `capi-tests/differences.txt`
//! (`DOCS_UPDATE=1 cargo test --test docs` writes it anew).

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below a directory that have one of the endings.
fn files(directory: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("the project can be read") {
        let path = entry.expect("the project can be read").path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if endings
            .iter()
            .any(|ending| path.to_string_lossy().ends_with(ending))
        {
            found.push(path);
        }
    }
    found
}

fn pages() -> Vec<PathBuf> {
    let mut pages = files(&project().join("docs"), &[".md"]);
    pages.push(project().join("README.md"));
    pages.sort();
    pages
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        for link in read(&page).split("](").skip(1) {
            let target = link.split(')').next().unwrap_or_default();
            let target = target.split('#').next().unwrap_or_default();
            let elsewhere = target.contains(':') || target.is_empty();
            if !elsewhere && !page.with_file_name(target).exists() {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The walks name functions and modules by their paths.
#[test]
fn what_the_walks_name_is_there() {
    let page = read(&project().join("docs/architecture.md"));
    let (_, walks) = page.split_once("## Five walks").expect("there are walks");
    let paths = files(&project().join("src"), &[".rs"]);
    let sources: Vec<_> = paths
        .iter()
        .map(|path| (path.to_string_lossy(), read(path)))
        .collect();
    let names = walks.split('`').skip(1).step_by(2);
    let named: Vec<_> = names.filter(|name| name.contains("::")).collect();
    assert!(named.len() > 20, "{named:?}");
    for name in named {
        let (modules, last) = name.rsplit_once("::").unwrap_or_default();
        // Types stand in files of other names.
        let modules = modules.split("::");
        let is_module = |part: &&str| part.starts_with(|first: char| first.is_lowercase());
        let place: String = modules
            .filter(is_module)
            .map(|part| format!("/{part}"))
            .collect();
        for last in last.trim_matches(['{', '}']).split(", ") {
            let function = ["(", "<"].map(|end| format!("fn {last}{end}"));
            let module = ["/mod.rs", ".rs"].map(|end| format!("{place}/{last}{end}"));
            let found = sources.iter().any(|(path, source)| {
                let inside =
                    path.contains(&format!("{place}/")) || path.ends_with(&format!("{place}.rs"));
                inside && function.iter().any(|text| source.contains(text))
                    || module.iter().any(|end| path.ends_with(end))
            });
            assert!(found, "{name}");
        }
    }
}

/// Tests are named as `program/test` or, in Rust, as `module::test`.
#[test]
fn tests_that_are_named_exist() {
    let sources: String = files(&project().join("capi-tests"), &[".c", ".rs"])
        .into_iter()
        .chain(files(&project().join("src"), &[".rs"]))
        .map(|file| read(&file))
        .collect();
    let pages = ["docs/security.md", "docs/guide.md"].map(|page| read(&project().join(page)));
    // Tables only: other text names files and commands, too.
    let tables: String = pages
        .iter()
        .flat_map(|page| page.lines())
        .filter(|line| line.starts_with('|'))
        .map(|line| line.to_owned() + "\n")
        .collect();
    let mut named = 0;
    for quoted in tables.split('`').skip(1).step_by(2) {
        let Some((place, test)) = quoted.split_once('/').or(quoted.rsplit_once("::")) else {
            continue;
        };
        if place.is_empty() || test.contains(['/', '.', ' ', '*']) {
            continue;
        }
        named += 1;
        let known = [
            format!("({test})"),
            format!("({test},"),
            format!("fn {test}("),
        ];
        assert!(
            known.iter().any(|text| sources.contains(text)),
            "no test {quoted}"
        );
    }
    assert!(named > 15, "only {named} tests are named");
}

/// `capi-tests/tools/programs.sh` writes the page.
#[test]
fn programs_that_are_driven_are_listed() {
    let source = read(&project().join("capi-tests/programs.rs"));
    let page = read(&project().join("docs/programs.md"));
    let mut drivers: Vec<&str> = source
        .lines()
        .filter(|line| line.contains("::drive, &"))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    let mut listed: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains("` | "))
        .filter_map(|line| line.rsplit('`').nth(1))
        .collect();
    drivers.sort_unstable();
    listed.sort_unstable();
    assert!(drivers.len() > 10, "only {drivers:?} are found");
    assert_eq!(
        drivers, listed,
        "capi-tests/tools/programs.sh brings the page up to date"
    );
}

/// What differs, by program: the reason of each exception that is not a tool's.
struct Difference<'a> {
    program: &'a str,
    test: &'a str,
    reference: bool,
    reason: &'a str,
}

fn differences(text: &str) -> Vec<Difference<'_>> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut fields = line.splitn(4, "  ").map(str::trim);
            let mut field = || fields.next().expect("four fields");
            let (program, test) = field().split_once('/').expect("program/test");
            let library = field();
            let _kind = field();
            (
                library,
                Difference {
                    program,
                    test,
                    reference: library.starts_with("reference"),
                    reason: field(),
                },
            )
        })
        .filter(|(library, _)| {
            !["valgrind", "asan", "tsan"]
                .iter()
                .any(|tool| library.contains(tool))
        })
        .map(|(_, difference)| difference)
        .collect()
}

fn render(text: &str) -> String {
    let all = differences(text);
    let mut page = String::from(
        "# Differences from libevent\n\n\
         Made from `capi-tests/differences.txt`, in which the tests look up where the two libraries may\n\
         differ; each line names the test that shows it. Where nothing is listed, the tests found the\n\
         same results on both.\n",
    );
    for (title, reference) in [
        (
            "Defects of libevent 2.1.12 that this library does not have",
            true,
        ),
        ("Other behaviour, by choice", false),
    ] {
        let _ = write!(
            page,
            "\n## {title}\n\n| where | what | test |\n| --- | --- | --- |\n"
        );
        for difference in all
            .iter()
            .filter(|difference| difference.reference == reference)
        {
            let Difference {
                program,
                test,
                reason,
                ..
            } = difference;
            let header = program.split('_').next().unwrap_or(program);
            let who = if reference { "libevent: " } else { "" };
            let reason = reason.replace('|', "\\|");
            let _ = writeln!(page, "| {header} | {who}{reason} | `{program}/{test}` |");
        }
    }
    page
}

#[test]
fn differences_are_up_to_date() {
    let page = project().join("docs/differences.md");
    let wanted = render(&read(&project().join("capi-tests/differences.txt")));
    if std::env::var_os("DOCS_UPDATE").is_some() {
        fs::write(&page, &wanted).expect("docs can be written");
    }
    assert!(
        read(&page) == wanted,
        "docs/differences.md: DOCS_UPDATE=1 cargo test --test docs"
    );
}
