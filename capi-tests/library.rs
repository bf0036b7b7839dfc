//! Our library as built for release, for the test programs that run C against it.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

/// Text that says what went wrong, for a failed trial.
pub type Problem = String;

const SONAMES: [&str; 6] = [
    "libevent_rs.so.1",
    "libevent-2.1.so.7",
    "libevent_core-2.1.so.7",
    "libevent_extra-2.1.so.7",
    "libevent_pthreads-2.1.so.7",
    "libevent_openssl-2.1.so.7",
];

pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a command that has to succeed.
pub fn run(command: &mut Command) -> Result<Output, Problem> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!(
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// The directory with `libevent_rs.so`, built on first use.
pub fn directory() -> Result<PathBuf, Problem> {
    static BUILT: OnceLock<Result<PathBuf, Problem>> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            if let Some(directory) = env::var_os("LIBEVENT_RS_LIB") {
                return Ok(PathBuf::from(directory));
            }
            run(Command::new(env!("CARGO"))
                .args(["build", "--release", "--quiet", "--lib"])
                .current_dir(project()))?;
            // The test's own directory is <target>/tmp.
            let release = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("release");
            Ok(release)
        })
        .clone()
}

/// The shared library itself.
pub fn shared_object() -> Result<PathBuf, Problem> {
    let directory = directory()?;
    ["libevent_rs.so", "libevent_rs.so.1"]
        .iter()
        .map(|name| directory.join(name))
        .find(|path| path.exists())
        .ok_or_else(|| format!("no libevent_rs.so in {}", directory.display()))
}

/// A directory for `LD_LIBRARY_PATH` in which our library has its own soname
/// and each of the reference's.
pub fn sonames() -> Result<PathBuf, Problem> {
    static MADE: OnceLock<Result<PathBuf, Problem>> = OnceLock::new();
    MADE.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sonames");
        link_sonames(&shared_object()?, &directory)?;
        Ok(directory)
    })
    .clone()
}

/// Has every soname, and the name to link by, lead from `directory` to `library`.
pub fn link_sonames(library: &Path, directory: &Path) -> Result<(), Problem> {
    let failed = |error: std::io::Error| format!("{}: {error}", directory.display());
    fs::create_dir_all(directory).map_err(failed)?;
    for name in SONAMES.into_iter().chain(["libevent_rs.so"]) {
        let link = directory.join(name);
        let _ = fs::remove_file(&link);
        symlink(library, &link).map_err(failed)?;
    }
    Ok(())
}
