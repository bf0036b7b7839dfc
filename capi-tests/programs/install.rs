//! What `make install` brings is enough to build programs against, by
//! pkg-config, and `make uninstall` takes all of it away again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};

use super::build_systems::runs_on;
use super::process;
use super::stage::{self, Library, Stage};

type Case = fn(&Stage) -> Result<(), Failed>;

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let cases: [(&str, Case); 6] = [
        ("builds_against_libevent_rs", shared),
        ("builds_against_the_archive", archive),
        ("builds_without_shared_libraries", all_static),
        ("builds_what_asks_for_libevent", drop_in),
        ("depends_on_openssl_where_asked_to", honest_stub),
        ("goes_away_completely", uninstall),
    ];
    cases
        .into_iter()
        .map(|(name, case)| {
            let stage = Arc::clone(stage);
            Trial::test(format!("install::{name}"), move || case(&stage))
        })
        .collect()
}

fn shared(stage: &Stage) -> Result<(), Failed> {
    let flags = pkg_config(stage, "pkgconfig", &["libevent_rs"])?;
    let program = build(stage, &flags)?;
    expect_run(stage, &program)?;
    expect_needed(&program, &["libevent_rs.so.1"])
}

/// Only the object that stands for `libevent_openssl`.
fn honest_stub(stage: &Stage) -> Result<(), Failed> {
    let directory = stage.directory("stubs")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dropin/stubs.sh");
    let mut command = process::client("sh")?;
    command
        .arg(script)
        .arg("run")
        .arg(stage.library()?)
        .arg(&directory)
        .arg("")
        .env("OPENSSL_LIBS", "-lssl -lcrypto");
    process::run(&mut command, b"")?.success()?;
    for (name, expected) in [("libevent_openssl", true), ("libevent_core", false)] {
        let stub = directory.join(format!("{name}-2.1.so.7"));
        let dynamic =
            process::run(process::client("readelf")?.arg("-d").arg(stub), b"")?.success()?;
        let ours = dynamic.contains("[libevent_rs.so.1]");
        if !ours || dynamic.contains("[libssl.so.") != expected {
            return Err(format!("{name}: {dynamic}").into());
        }
    }
    Ok(())
}

fn archive(stage: &Stage) -> Result<(), Failed> {
    let flags: Vec<_> = pkg_config(stage, "pkgconfig", &["--static", "libevent_rs"])?
        .into_iter()
        .map(|flag| flag.replace("-levent_rs", "-l:libevent_rs.a"))
        .collect();
    let program = build(stage, &flags)?;
    expect_run(stage, &program)?;
    expect_needed::<&str>(&program, &[])
}

fn all_static(stage: &Stage) -> Result<(), Failed> {
    for (directory, package) in [
        ("pkgconfig", "libevent_rs"),
        ("libevent_rs/pkgconfig", "libevent"),
    ] {
        let mut flags = pkg_config(stage, directory, &["--static", package])?;
        flags.insert(0, "-static".to_owned());
        expect_run(stage, &build(stage, &flags)?)?;
    }
    Ok(())
}

fn drop_in(stage: &Stage) -> Result<(), Failed> {
    for packages in [
        &["libevent", "libevent_pthreads"][..],
        &["libevent_core", "libevent_pthreads"],
        &[
            "libevent_core",
            "libevent_extra",
            "libevent_pthreads",
            "libevent_openssl",
        ],
    ] {
        let flags = pkg_config(stage, "libevent_rs/pkgconfig", packages)?;
        let program = build(stage, &flags)?;
        let sonames: Vec<_> = packages
            .iter()
            .map(|name| format!("{name}-2.1.so.7"))
            .collect();
        expect_needed(&program, &sonames)?;
        // It can go back to Debian's.
        runs_on(Library::Soname, stage, &program)?;
        runs_on(Library::Reference, stage, &program)?;
    }
    Ok(())
}

fn uninstall(stage: &Stage) -> Result<(), Failed> {
    // Build roots may have blanks in their names.
    let root = stage.directory("to uninstall")?;
    let destination = format!("DESTDIR={}", root.display());
    let settings = [destination.as_str(), "PREFIX=/usr", "LIBDIR=/usr/lib/arch"];
    stage.prefix()?;
    stage::make(&[&["install"], &settings[..]].concat())?;
    if files(&root)?.is_empty() {
        return Err("nothing was installed".into());
    }
    stage::make(&[&["uninstall"], &settings[..]].concat())?;
    let left = files(&root)?;
    if !left.is_empty() {
        return Err(format!("left behind: {left:?}").into());
    }
    Ok(())
}

/// All files and links below a directory, and the directories of our own.
fn files(root: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type()?.is_dir() || path.ends_with("libevent_rs") {
            found.push(path.clone());
        }
        if entry.file_type()?.is_dir() {
            found.extend(files(&path)?);
        }
    }
    Ok(found)
}

fn pkg_config(stage: &Stage, directory: &str, packages: &[&str]) -> Result<Vec<String>, Failed> {
    let mut command = process::client("pkg-config")?;
    command
        .env(
            "PKG_CONFIG_LIBDIR",
            stage.prefix()?.join("lib").join(directory),
        )
        .env_remove("PKG_CONFIG_PATH")
        .args(["--cflags", "--libs"])
        .args(packages);
    let flags = process::run(&mut command, b"")?.success()?;
    Ok(flags.split_whitespace().map(str::to_owned).collect())
}

fn build(stage: &Stage, flags: &[String]) -> Result<PathBuf, Failed> {
    let directory = stage.directory("build")?;
    let source =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("capi-tests/programs/projects/program.c");
    let program = directory.join("program");
    let mut cc = process::client("cc")?;
    cc.args(["-Wall", "-Wextra", "-Werror"])
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .args(flags);
    process::run(&mut cc, b"")?.success()?;
    Ok(program)
}

fn expect_run(stage: &Stage, program: &Path) -> Result<(), Failed> {
    let mut command = Command::new(program);
    command.env("LD_LIBRARY_PATH", stage.prefix()?.join("lib"));
    let output = process::run(&mut command, b"")?.success()?;
    if output == "done\n" {
        return Ok(());
    }
    Err(format!("the program wrote {output:?}").into())
}

/// Checks which libraries of the family the program asks the loader for.
fn expect_needed<S: AsRef<str>>(program: &Path, sonames: &[S]) -> Result<(), Failed> {
    let mut command = process::client("readelf")?;
    let output = process::run(command.arg("-d").arg(program), b"")?.success()?;
    let needed: Vec<_> = output
        .lines()
        .filter(|line| line.contains("NEEDED") && line.contains("event"))
        .collect();
    let asked = |name: &str| {
        needed
            .iter()
            .any(|line| line.contains(&format!("[{name}]")))
    };
    // The linker may leave out what the program does not use.
    let known = needed.iter().all(|line| {
        let is_in = |name: &str| line.contains(&format!("[{name}]"));
        sonames.iter().any(|name| is_in(name.as_ref()))
    });
    if known && sonames.first().is_none_or(|name| asked(name.as_ref())) {
        return Ok(());
    }
    Err(format!("the program needs {needed:?}").into())
}
