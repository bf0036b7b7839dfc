//! The built library, and what the binutils tell of it.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::facts::Symbol;
use crate::{compiler, project};

/// The standard output of a command that has to succeed.
pub fn output(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The directory of the release build, which is built on first use.
pub fn directory() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        output(
            Command::new(env!("CARGO"))
                .args(["build", "--release", "--quiet", "--lib"])
                .current_dir(project()),
        );
        // The test's own directory is <target>/tmp.
        Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("release")
    })
}

/// A directory for `LD_LIBRARY_PATH`, with the library under its soname.
pub fn soname_directory() -> PathBuf {
    let directory = compiler::scratch("soname");
    symlink(shared_object(), directory.join("libevent_rs.so.1")).expect("the directory is new");
    directory
}

pub fn shared_object() -> PathBuf {
    directory().join("libevent_rs.so")
}

/// The names that a shared object exports.
pub fn exported(file: &Path) -> BTreeMap<String, Symbol> {
    let text = output(Command::new("nm").args(["-DP", "--defined-only"]).arg(file));
    text.lines()
        .map(|line| {
            let (name, rest) = line.split_once(' ').expect("name, type");
            let symbol = match &rest[..1] {
                "T" => Symbol::Function,
                "B" | "D" => Symbol::Data,
                other => panic!("{name} is a symbol of type {other}"),
            };
            (name.to_owned(), symbol)
        })
        .collect()
}
