//! Runs C and C++ compilers over generated sources.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs};

use crate::library::{self, Problem, project};

/// A new directory for some files of a test.
pub fn scratch(test: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("abi")
        .join(format!("{number}-{test}"));
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("the target directory is writable");
    directory
}

/// The C compiler of the build.
pub fn cc() -> String {
    env::var("CC").unwrap_or_else(|_| "cc".to_owned())
}

/// Those of the compilers that are installed.
pub fn installed(compilers: &[&'static str]) -> Vec<&'static str> {
    let works = |name: &&&str| Command::new(name).arg("--version").output().is_ok();
    compilers.iter().filter(works).copied().collect()
}

/// A compiler that sees our headers.
pub fn with_our_headers(compiler: &str) -> Command {
    let mut command = Command::new(compiler);
    command.arg("-I").arg(project().join("include"));
    command
}

/// What the command prints, or what it complains about.
pub fn run(command: &mut Command) -> Result<String, Problem> {
    let output = library::run(command)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Checks one source without warnings, and gives the messages if there are any.
pub fn check(command: &mut Command, test: &str, source: &str) -> Result<(), Problem> {
    let path = scratch(test).join("check.c");
    fs::write(&path, source).expect("the target directory is writable");
    // The tests read the messages.
    run(command
        .env("LC_ALL", "C.UTF-8")
        .args(["-fsyntax-only", "-Wall", "-Wextra", "-Werror"])
        .arg(&path))
    .map(drop)
}

/// What the preprocessor makes of a source.
pub fn preprocess(command: &mut Command, source: &str) -> String {
    let path = scratch("preprocess").join("source.c");
    fs::write(&path, source).expect("the target directory is writable");
    run(command.arg("-E").arg(&path)).expect("the headers compile")
}
