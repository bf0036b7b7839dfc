//! The compiled programs.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::{env, fs};

use super::library::{self, Problem, project, run};
use super::tool::Tool;

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

fn pkg_config(packages: &[&str]) -> Result<Vec<String>, Problem> {
    let output = run(Command::new("pkg-config")
        .args(["--cflags", "--libs"])
        .args(packages))?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .map(str::to_owned)
        .collect())
}

pub fn compiler() -> OsString {
    env::var_os("CC").unwrap_or("gcc".into())
}

/// Compiles the program `name`, for `tool` to watch if there is one, unless this
/// process already has.
pub fn program(name: &str, against: Against, tool: Option<Tool>) -> Result<PathBuf, Problem> {
    compile("conformance", name, against, tool, &["check"])
}

/// Compiles the example `name` unless this process already has.
pub fn example(name: &str, against: Against) -> Result<PathBuf, Problem> {
    compile("examples", name, against, None, &[])
}

/// Compiles the long run's program `name` unless this process already has.
pub fn soak(name: &str, against: Against) -> Result<PathBuf, Problem> {
    compile("soak", name, against, None, &[])
}

fn compile(
    folder: &str,
    name: &str,
    against: Against,
    tool: Option<Tool>,
    packages: &[&str],
) -> Result<PathBuf, Problem> {
    static COMPILED: Once<Result<PathBuf, Problem>> = Once::new();
    let place = match tool {
        Some(tool) => tool.to_string(),
        None => format!("{against:?}").to_lowercase(),
    };
    COMPILED.get(format!("{folder} {name} {place}"), || {
        let binary = scratch(&place).join(name);
        let mut compiler = Command::new(tool.map_or_else(compiler, Tool::compiler));
        compiler
            .args(["-std=gnu11", "-D_GNU_SOURCE", "-g", "-pthread"])
            .args(["-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&binary)
            .arg(project().join(format!("capi-tests/{folder}/{name}.c")));
        if let Some(tool) = tool {
            compiler.args(tool.arguments()?);
        }
        match against {
            Against::Reference => {
                let libevent = ["libevent", "libevent_pthreads"];
                compiler.args(pkg_config(&[packages, &libevent].concat())?);
            }
            Against::Ours => {
                compiler.arg("-I").arg(project().join("include"));
                if !packages.is_empty() {
                    compiler.args(pkg_config(packages)?);
                }
                compiler
                    .arg("-L")
                    .arg(tool.map_or_else(library::directory, Tool::library)?)
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
    let ours = symbols(&library::shared_object()?, "--defined-only")?;
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
