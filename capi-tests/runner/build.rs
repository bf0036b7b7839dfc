//! What the runs need on disk: our library, the compiled programs and the
//! directory in which libevent's sonames lead to our library.

use std::collections::HashMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
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

/// Where everything that the suite makes is kept.
pub fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("conformance")
        .join(name);
    fs::create_dir_all(&directory).expect("the target directory is writable");
    directory
}

/// Computes each key's value once, however many trials ask for it at a time.
pub struct Once<T>(LazyLock<Mutex<HashMap<String, Arc<OnceLock<T>>>>>);

impl<T: Clone> Once<T> {
    pub const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    pub fn get(&self, key: String, compute: impl FnOnce() -> T) -> T {
        let cell = Arc::clone(self.0.lock().expect("not poisoned").entry(key).or_default());
        cell.get_or_init(compute).clone()
    }
}

/// The headers that a program is compiled with, and the library it names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Against {
    Reference,
    Ours,
}

fn run(command: &mut Command) -> Result<Output, Problem> {
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

fn pkg_config(packages: &[&str]) -> Result<Vec<String>, Problem> {
    let output = run(Command::new("pkg-config")
        .args(["--cflags", "--libs"])
        .args(packages))?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .map(str::to_owned)
        .collect())
}

/// The directory with our `libevent_rs.so`, built on first use.
pub fn our_library() -> Result<PathBuf, Problem> {
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
pub fn our_shared_object() -> Result<PathBuf, Problem> {
    let directory = our_library()?;
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
        let ours = our_shared_object()?;
        let directory = scratch("sonames");
        for name in SONAMES {
            let link = directory.join(name);
            let _ = fs::remove_file(&link);
            symlink(&ours, &link).map_err(|error| format!("{}: {error}", link.display()))?;
        }
        Ok(directory)
    })
    .clone()
}

/// Compiles the program `name` unless this process already has.
pub fn program(name: &str, against: Against) -> Result<PathBuf, Problem> {
    static COMPILED: Once<Result<PathBuf, Problem>> = Once::new();
    COMPILED.get(format!("{name} {against:?}"), || {
        let binary = scratch(&format!("{against:?}").to_lowercase()).join(name);
        let mut compiler = Command::new(env::var_os("CC").unwrap_or("gcc".into()));
        compiler
            .args(["-std=gnu11", "-D_GNU_SOURCE", "-g", "-pthread"])
            .args(["-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&binary)
            .arg(project().join(format!("capi-tests/conformance/{name}.c")));
        match against {
            Against::Reference => {
                compiler.args(pkg_config(&["check", "libevent", "libevent_pthreads"])?);
            }
            Against::Ours => {
                compiler
                    .arg("-I")
                    .arg(project().join("include"))
                    .args(pkg_config(&["check"])?)
                    .arg("-L")
                    .arg(our_library()?)
                    .arg("-levent_rs");
            }
        }
        run(&mut compiler)?;
        Ok(binary)
    })
}

/// The dynamic symbols that `nm` lists for `file` with the given option.
fn symbols(file: &Path, which: &str) -> Result<Vec<String>, Problem> {
    let output = run(Command::new("nm").args(["-D", "-P", which]).arg(file))?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split([' ', '@']).next().map(str::to_owned))
        .collect())
}

/// A preloaded library that lacks a function leaves the reference's in place,
/// and the two would work on each other's structures: nothing may be missing.
pub fn check_preloadable(binary: &Path) -> Result<(), Problem> {
    let ours = symbols(&our_shared_object()?, "--defined-only")?;
    let missing: Vec<_> = symbols(binary, "--undefined-only")?
        .into_iter()
        .filter(|name| name.starts_with("ev") || name.starts_with("bufferevent"))
        .filter(|name| name != "eventfd")
        .filter(|name| !ours.contains(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("libevent_rs.so lacks {}", missing.join(", ")))
}
