//! Tools that look for errors of memory and of threads while a program runs.
//!
//! valgrind works on the library as released. The sanitizers need a library of
//! their own, which Rust's nightly toolchain builds, with debug assertions and
//! overflow checks, and programs that clang has compiled; the runtime is the
//! toolchain's, since one process must have one, and clang's may be too old for
//! what the library calls. Every process of a trial leaves its report in a file:
//! a report fails the trial, whatever becomes of the exit code.

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use libtest_mimic::Trial;

use super::library::{self, Problem, run};
use super::work::{self, Once};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tool {
    Valgrind,
    AddressSanitizer,
    ThreadSanitizer,
}

impl Display for Tool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Tool::Valgrind => "valgrind",
            Tool::AddressSanitizer => "asan",
            Tool::ThreadSanitizer => "tsan",
        })
    }
}

impl Tool {
    pub const ALL: [Self; 3] = [
        Self::Valgrind,
        Self::AddressSanitizer,
        Self::ThreadSanitizer,
    ];

    /// What both compilers call the sanitizer, and its runtime.
    fn sanitizer(self) -> Option<(&'static str, &'static str)> {
        match self {
            Tool::Valgrind => None,
            Tool::AddressSanitizer => Some(("address", "asan")),
            Tool::ThreadSanitizer => Some(("thread", "tsan")),
        }
    }

    /// The directory that has our library under the names to link and to load it by.
    pub fn library(self) -> Result<PathBuf, Problem> {
        static BUILT: Once<Result<PathBuf, Problem>> = Once::new();
        match self.sanitizer() {
            Some((name, _)) => BUILT.get(name.into(), || build_library(name)),
            None => library::sonames(),
        }
    }

    pub fn compiler(self) -> OsString {
        match self.sanitizer() {
            Some(_) => "clang".into(),
            None => compiler(),
        }
    }

    /// The arguments to compile and link a program with, besides the usual ones.
    pub fn arguments(self) -> Result<Vec<String>, Problem> {
        let mut arguments = Vec::new();
        if self != Tool::ThreadSanitizer {
            let owned = library::project().join("capi-tests/runner/owned.c");
            arguments.push(owned.display().to_string());
        }
        let Some((name, runtime)) = self.sanitizer() else {
            return Ok(arguments);
        };
        let directory = run(nightly("rustc").args(["--print", "target-libdir"]))?;
        let directory = String::from_utf8_lossy(&directory.stdout).into_owned();
        let runtime = format!("librustc-nightly_rt.{runtime}.a");
        let runtime = Path::new(directory.trim()).join(runtime);
        arguments.extend([
            format!("-fsanitize={name}"),
            "-fno-sanitize-link-runtime".into(),
            "-rdynamic".into(),
            "-Wl,--whole-archive".into(),
            runtime.display().to_string(),
            "-Wl,--no-whole-archive".into(),
        ]);
        Ok(arguments)
    }

    /// The command that runs `binary` under the tool, which writes to files that begin with `reports`.
    pub fn command(self, binary: &Path, reports: &Path) -> Result<Command, Problem> {
        let reports = reports.display();
        // Tests ask for more memory than there is.
        let options = format!("log_path={reports}:allocator_may_return_null=1");
        let mut command = match self {
            Tool::Valgrind => {
                let mut command = Command::new("valgrind");
                command
                    .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
                    // "Possible" is what only a pointer into its middle leads to: as
                    // every pointer to a bufferevent does.
                    .args(["--show-leak-kinds=definite,indirect"])
                    .args(["--errors-for-leak-kinds=definite,indirect"])
                    .arg(format!("--log-file={reports}.all"))
                    .arg(binary);
                command
            }
            Tool::AddressSanitizer => {
                let mut command = Command::new(binary);
                command.env(
                    "ASAN_OPTIONS",
                    format!("{options}:detect_leaks=1:detect_stack_use_after_return=1"),
                );
                command
            }
            Tool::ThreadSanitizer => {
                let mut command = Command::new(binary);
                command.env(
                    "TSAN_OPTIONS",
                    format!("{options}:second_deadlock_stack=1:die_after_fork=0"),
                );
                command
            }
        };
        command.env("LD_LIBRARY_PATH", self.library()?);
        // Each of them is several times slower than the program alone.
        command.env("CK_TIMEOUT_MULTIPLIER", "10");
        Ok(command)
    }
}

/// What compiles C where no tool has a compiler of its own.
pub fn compiler() -> OsString {
    env::var_os("CC").unwrap_or("gcc".into())
}

fn nightly(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", program]);
    command.current_dir(library::project());
    command
}

/// Cargo, as it builds for the sanitizer; what it builds is in the directory.
fn cargo(sanitizer: &str, work: &str) -> Result<(Command, PathBuf), Problem> {
    let version = run(nightly("rustc").arg("-vV"))
        .map_err(|why| format!("a sanitizer needs Rust's nightly toolchain\n{why}"))?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or("rustc names no host")?;
    let directory = work::scratch("sanitized").join(sanitizer);
    let mut command = nightly("cargo");
    command
        // --target keeps the flags from build scripts.
        .args([work, "--quiet", "--lib", "--target", host, "--target-dir"])
        .arg(&directory)
        // The standard library that comes with the toolchain is not instrumented:
        // the library takes next to nothing from it that is not inlined.
        .env(
            "RUSTFLAGS",
            format!(
                "-Zsanitizer={sanitizer} -Cunsafe-allow-abi-mismatch=sanitizer \
                 -Cdebug-assertions -Coverflow-checks -Cforce-frame-pointers"
            ),
        )
        .env("CARGO_PROFILE_RELEASE_LTO", "false");
    Ok((command, directory.join(host)))
}

fn build_library(sanitizer: &str) -> Result<PathBuf, Problem> {
    let (mut cargo, built) = cargo(sanitizer, "build")?;
    run(cargo.arg("--release"))?;
    let names = built.with_file_name("names");
    library::link_sonames(&built.join("release/libevent_rs.so"), &names)?;
    Ok(names)
}

/// `cargo test --lib` with AddressSanitizer. Not with ThreadSanitizer, which does not see how the
/// standard library's threads wait for one another: that is not built for it, and uses fences.
pub fn unit_tests() -> Trial {
    let body = || {
        let (mut cargo, _) = cargo("address", "test")?;
        run(cargo.env("ASAN_OPTIONS", "allocator_may_return_null=1"))?;
        Ok(())
    };
    Trial::test("unit_tests::asan", body).with_ignored_flag(true)
}

/// Removes what an earlier run left.
pub fn clear(reports: &Path) {
    for file in files(reports) {
        let _ = fs::remove_file(file);
    }
}

/// What the tool had to say about each process that it found fault with.
pub fn found(reports: &Path) -> Vec<String> {
    // Running out of memory is no fault.
    let matters = |line: &str| !line.is_empty() && !line.contains("Sanitizer failed to allocate");
    files(reports)
        .iter()
        .filter_map(|file| fs::read(file).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .filter(|text| text.lines().any(matters))
        .collect()
}

fn files(reports: &Path) -> Vec<PathBuf> {
    let prefix = format!("{}.", reports.display());
    let directory = reports.parent().expect("reports are in a directory");
    let mut files: Vec<_> = fs::read_dir(directory)
        .expect("the directory of the reports can be read")
        .map(|entry| entry.expect("its entries can be read").path())
        .filter(|path| path.to_string_lossy().starts_with(&prefix))
        .collect();
    files.sort();
    files
}
