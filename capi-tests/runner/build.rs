//! The compiled programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::library::{self, Problem, project, run};
use super::tool::{self, Tool};
use super::work::{Once, scratch};

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

/// Compiles the program `source` of the suite, for `tool` to watch if there is one, unless
/// this process already has.
pub fn program(source: &Path, against: Against, tool: Option<Tool>) -> Result<PathBuf, Problem> {
    compile(source, against, tool, &["check"])
}

/// Compiles the example `name` unless this process already has.
pub fn example(name: &str, against: Against) -> Result<PathBuf, Problem> {
    compile(&source("examples", name), against, None, &[])
}

/// Compiles the long run's program `name` unless this process already has.
pub fn soak(name: &str, against: Against) -> Result<PathBuf, Problem> {
    compile(&source("soak", name), against, None, &[])
}

/// A TLS library that a program uses itself, by a line such as `// links: openssl`.
#[derive(Clone, Copy)]
enum Engine {
    Openssl,
    Mbedtls,
}

impl Engine {
    fn libraries(self, against: Against) -> &'static [&'static str] {
        match (self, against) {
            (Engine::Openssl, Against::Reference) => &["-levent_openssl", "-lssl", "-lcrypto"],
            (Engine::Openssl, Against::Ours) => &["-lssl", "-lcrypto"],
            (Engine::Mbedtls, _) => &["-lmbedtls", "-lmbedx509", "-lmbedcrypto"],
        }
    }
}

fn engines(source: &Path) -> Result<Vec<Engine>, Problem> {
    let text =
        fs::read_to_string(source).map_err(|error| format!("{}: {error}", source.display()))?;
    text.lines()
        .filter_map(|line| line.strip_prefix("// links: "))
        .flat_map(|names| names.split(", "))
        .map(|name| match name {
            "openssl" => Ok(Engine::Openssl),
            "mbedtls" => Ok(Engine::Mbedtls),
            other => Err(format!("{}: unknown library `{other}`", source.display())),
        })
        .collect()
}

/// Where the code is that event_rpcgen makes of the messages that a program names by a line such as
/// `// messages: calls`, for a file `calls.rpc` beside it.
fn messages(source: &Path) -> Result<Option<PathBuf>, Problem> {
    static MADE: Once<Result<PathBuf, Problem>> = Once::new();
    let text =
        fs::read_to_string(source).map_err(|error| format!("{}: {error}", source.display()))?;
    let mut names = text
        .lines()
        .filter_map(|line| line.strip_prefix("// messages: "));
    let Some(name) = names.next() else {
        return Ok(None);
    };
    MADE.get(name.to_owned(), || {
        let directory = scratch("messages");
        run(Command::new(env!("CARGO_BIN_EXE_event_rpcgen"))
            .arg("--quiet")
            .arg(source.with_file_name(name).with_extension("rpc"))
            .arg(directory.join(format!("{name}.gen.c"))))?;
        Ok(directory)
    })
    .map(Some)
}

fn source(folder: &str, name: &str) -> PathBuf {
    project().join(format!("capi-tests/{folder}/{name}.c"))
}

fn compile(
    source: &Path,
    against: Against,
    tool: Option<Tool>,
    packages: &[&str],
) -> Result<PathBuf, Problem> {
    static COMPILED: Once<Result<PathBuf, Problem>> = Once::new();
    let place = match tool {
        Some(tool) => tool.to_string(),
        None => format!("{against:?}").to_lowercase(),
    };
    COMPILED.get(format!("{} {place}", source.display()), || {
        let name = source.file_stem().expect("a source has a name");
        let binary = scratch(&place).join(name);
        let mut compiler = Command::new(tool.map_or_else(tool::compiler, Tool::compiler));
        compiler
            .args(["-std=gnu11", "-D_GNU_SOURCE", "-g", "-pthread"])
            .args(["-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&binary)
            .arg("-I")
            .arg(project().join("capi-tests/conformance/support"))
            .arg(source);
        if let Some(directory) = messages(source)? {
            compiler.arg("-I").arg(directory);
        }
        if let Some(tool) = tool {
            compiler.args(tool.arguments()?);
        }
        let engines = engines(source)?;
        compiler.args(engines.iter().flat_map(|engine| engine.libraries(against)));
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
