//! One run of one program: its surroundings, its results, its trace.

use std::fmt::{self, Display};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::build::{self, Against};
use super::emulator;
use super::library::{self, Problem};
use super::tool::{self, Tool};
use super::work::{self, Once};

pub struct Program {
    pub name: String,
    pub source: PathBuf,
    pub only_ours: bool,
    pub one_backend: bool,
    pub one_locking: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Library {
    Reference,
    Linked,
    Preloaded,
    Sonames,
}

impl Library {
    pub const ALL: [Self; 4] = [
        Self::Reference,
        Self::Linked,
        Self::Preloaded,
        Self::Sonames,
    ];

    /// Has `command`, which runs `binary`, load this library.
    pub fn load_into(self, command: &mut Command, binary: &Path) -> Result<(), Problem> {
        match self {
            Library::Reference => {
                command
                    .env_remove("LD_LIBRARY_PATH")
                    .env("CAPI_EXPECT", "-2.1.so.7");
            }
            Library::Preloaded => {
                build::check_preloadable(binary)?;
                command
                    .env_remove("LD_LIBRARY_PATH")
                    .env("LD_PRELOAD", library::shared_object()?)
                    .env("CAPI_EXPECT", "libevent_rs");
            }
            Library::Linked | Library::Sonames => {
                command
                    .env("LD_LIBRARY_PATH", library::sonames()?)
                    .env("CAPI_EXPECT", "libevent_rs");
            }
        }
        Ok(())
    }

    /// What a program is compiled against that runs on this library.
    pub fn against(self) -> Against {
        match self {
            Self::Linked => Against::Ours,
            _ => Against::Reference,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    Epoll,
    Poll,
    Select,
}

impl Backend {
    pub const ALL: [Self; 3] = [Self::Epoll, Self::Poll, Self::Select];

    /// The variables that make libevent pass over the backends it prefers.
    pub fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Epoll => &[],
            Self::Poll => &["EVENT_NOEPOLL"],
            Self::Select => &["EVENT_NOEPOLL", "EVENT_NOPOLL"],
        }
    }
}

#[derive(Clone, Copy)]
pub struct Run {
    pub program: &'static Program,
    pub library: Library,
    pub backend: Backend,
    pub locks: bool,
    pub tool: Option<Tool>,
}

impl Display for Run {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let locks = if self.locks { "locks" } else { "nolocks" };
        let library = format!("{:?}", self.library).to_lowercase();
        let backend = format!("{:?}", self.backend).to_lowercase();
        write!(out, "{}::{library}::{backend}::{locks}", self.program.name)?;
        match self.tool {
            Some(tool) => write!(out, "::{tool}"),
            None => Ok(()),
        }
    }
}

#[derive(Clone)]
pub struct TestResult {
    pub test: String,
    /// What failed and where; nothing for a test that passed.
    pub failure: Option<String>,
    /// The machine may have been too slow for it.
    late: bool,
}

#[derive(Clone)]
pub struct Outcome {
    pub tests: Vec<TestResult>,
    pub trace: String,
    pub stderr: String,
    /// What the tool found.
    pub reports: Vec<String>,
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(directory)
        .expect("the directory of the suite exists")
        .map(|entry| entry.expect("its entries can be read").path())
}

/// The programs in the suite's folders, in the order of their names.
pub fn programs() -> Vec<Program> {
    let mut programs: Vec<_> = entries(&library::project().join("capi-tests/conformance"))
        .flat_map(|folder| entries(&folder))
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .map(|path| {
            let source = fs::read_to_string(&path).expect("a C source is UTF-8");
            let name = path.file_stem().expect("has a name").to_string_lossy();
            let limits: Vec<_> = source
                .lines()
                .filter_map(|line| line.strip_prefix("// runs: "))
                .flat_map(|words| words.split(", "))
                .collect();
            if let Some(other) = limits
                .iter()
                .find(|word| !["one-backend", "one-locking"].contains(word))
            {
                panic!("{name}.c: unknown limit `{other}`");
            }
            Program {
                only_ours: name.starts_with("ours_"),
                name: name.into_owned(),
                source: path.clone(),
                one_backend: limits.contains(&"one-backend"),
                one_locking: limits.contains(&"one-locking"),
            }
        })
        .collect();
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    programs
}

/// Runs the program, or hands out what the same run gave before.
pub fn outcome(run: &Run) -> Result<Outcome, Problem> {
    static OUTCOMES: Once<Result<Outcome, Problem>> = Once::new();
    OUTCOMES.get(run.to_string(), || execute(run))
}

/// How much longer the times of a test are that comes again because it came late.
const SLOWNESSES: [u32; 3] = [4, 8, 16];

fn execute(run: &Run) -> Result<Outcome, Problem> {
    let mut outcome = attempt(run, &[])?;
    for slowness in SLOWNESSES {
        for result in outcome.tests.iter_mut().filter(|result| result.late) {
            let settings = [
                ("CAPI_ONLY", result.test.clone()),
                ("CAPI_SLOWNESS", slowness.to_string()),
            ];
            let again = attempt(run, &settings)?;
            outcome.stderr += &again.stderr;
            outcome.reports.extend(again.reports);
            for only in again.tests {
                *result = only;
            }
        }
    }
    Ok(outcome)
}

/// Runs all tests of the program, or those that the settings leave.
fn attempt(run: &Run, settings: &[(&str, String)]) -> Result<Outcome, Problem> {
    let binary = build::program(&run.program.source, run.library.against(), run.tool)?;
    let file = |kind: &str| {
        work::scratch("output").join(format!("{}.{kind}", run.to_string().replace("::", ".")))
    };
    let (results, trace, stderr) = (file("results"), file("trace"), file("stderr"));
    let reports = file("reports");
    let _ = fs::remove_file(&results);
    tool::clear(&reports);
    let create = |path| File::create(path).map_err(|error| format!("{path:?}: {error}"));
    let mut command = match run.tool {
        Some(tool) => tool.command(&binary, &reports)?,
        None => emulator::command(&binary),
    };
    // Files, not pipes: a child that a test forgot can't hold us up.
    command
        .stdin(Stdio::null())
        .stdout(create(&trace)?)
        .stderr(create(&stderr)?)
        .env("CAPI_RESULTS", &results)
        .env("LD_BIND_NOW", "1")
        .current_dir(library::project());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("EVENT_") || name == "LD_PRELOAD" {
            command.env_remove(name);
        }
    }
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    for variable in run.backend.variables() {
        command.env(variable, "1");
    }
    if run.locks {
        command.env("CAPI_THREADS", "1");
    }
    if run.tool.is_none() {
        run.library.load_into(&mut command, &binary)?;
    }
    let status = command
        .status()
        .map_err(|error| format!("{}: {error}", binary.display()))?;
    let read = |path| {
        let bytes = fs::read(path).map_err(|error| format!("{path:?}: {error}"))?;
        Ok::<_, Problem>(String::from_utf8_lossy(&bytes).into_owned())
    };
    let stderr = read(&stderr)?;
    let tests = match fs::read_to_string(&results) {
        Ok(text) => parse(&text),
        Err(_) => Vec::new(),
    };
    if tests.is_empty() {
        let reports = tool::found(&reports).join("\n");
        return Err(format!("no results, {status}\n{stderr}\n{reports}"));
    }
    let trace = read(&trace)?;
    Ok(Outcome {
        tests,
        trace,
        stderr,
        reports: tool::found(&reports),
    })
}

/// Lines of `test <tab> pass` or `test <tab> fail <tab> where and why`, with
/// `late` in place of `fail` where a slow machine may be the reason; a message
/// of several lines goes on in lines that name no test.
fn parse(text: &str) -> Vec<TestResult> {
    let mut tests: Vec<TestResult> = Vec::new();
    for line in text.lines() {
        let mut fields = line.splitn(3, '\t');
        match (fields.next(), fields.next(), fields.next()) {
            (Some(test), Some("pass"), None) => tests.push(TestResult {
                test: test.to_owned(),
                failure: None,
                late: false,
            }),
            (Some(test), Some(kind @ ("fail" | "late")), Some(message)) => tests.push(TestResult {
                test: test.to_owned(),
                failure: Some(message.to_owned()),
                late: kind == "late",
            }),
            _ => {
                if let Some(message) = tests.last_mut().and_then(|test| test.failure.as_mut()) {
                    message.push('\n');
                    message.push_str(line);
                }
            }
        }
    }
    tests
}
