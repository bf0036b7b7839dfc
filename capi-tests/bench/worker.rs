//! The worker programs: compiled once, run on either library.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::library::{self, Problem, project, run};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Contestant {
    Reference,
    Ours,
    Libev,
    Libuv,
    Epoll,
    Cares,
    Nginx,
}

impl Contestant {
    pub const ALL: [Self; 7] = [
        Self::Reference,
        Self::Ours,
        Self::Libev,
        Self::Libuv,
        Self::Epoll,
        Self::Cares,
        Self::Nginx,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "libevent",
            Self::Ours => "libevent_rs",
            Self::Libev => "libev",
            Self::Libuv => "libuv",
            Self::Epoll => "bare epoll",
            Self::Cares => "c-ares",
            Self::Nginx => "nginx",
        }
    }

    /// The program that does what `program` does for libevent.
    pub fn program(self, program: &'static str) -> &'static str {
        match self {
            // Which is the other end for nginx.
            Self::Reference | Self::Ours | Self::Nginx => program,
            Self::Libev => "libev",
            Self::Libuv => "libuv",
            Self::Epoll => "epoll",
            Self::Cares => "cares",
        }
    }
}

/// Compiles a program of this directory.
pub fn compile(name: &str) -> Result<PathBuf, Problem> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    std::fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    let binary = directory.join(name);
    let libraries: &[&str] = match name {
        "libev" => &["-lev"],
        "libuv" => &["-luv"],
        "cares" => &["-lcares"],
        "epoll" | "count" => &[],
        "tls" => &["-levent_openssl", "-levent", "-lssl", "-lcrypto"],
        _ => &["-levent", "-levent_pthreads"],
    };
    run(Command::new(env::var_os("CC").unwrap_or("gcc".into()))
        .args(["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-pthread"])
        .args(["-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&binary)
        .arg(project().join(format!("capi-tests/bench/{name}.c")))
        .args(libraries))?;
    Ok(binary)
}

/// Makes a command run on the contestant's library and checks that it will.
pub fn on(contestant: Contestant, binary: &Path, mut command: Command) -> Result<Command, Problem> {
    command.env_remove("LD_PRELOAD");
    command.env_remove("LD_LIBRARY_PATH");
    if contestant == Contestant::Ours {
        let sonames = library::sonames()?;
        command.env("LD_LIBRARY_PATH", &sonames);
        let loaded = run(Command::new(binary)
            .env("LD_TRACE_LOADED_OBJECTS", "1")
            .env_remove("LD_PRELOAD")
            .env("LD_LIBRARY_PATH", &sonames))?;
        let loaded = String::from_utf8_lossy(&loaded.stdout).into_owned();
        let sonames = sonames.to_string_lossy();
        if !loaded
            .lines()
            .filter(|line| line.contains("libevent"))
            .all(|line| line.contains(&*sonames))
        {
            return Err(format!("{} would run on\n{loaded}", binary.display()));
        }
    }
    Ok(command)
}

/// The names of a worker's works.
pub fn works(binary: &Path) -> Result<Vec<String>, Problem> {
    let output = run(Command::new(binary).arg("list"))?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect())
}

/// Lines of a name and a number.
pub fn pairs<N: std::str::FromStr>(output: &[u8]) -> Vec<(String, N)> {
    String::from_utf8_lossy(output)
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, number)| Some((name.to_owned(), number.parse().ok()?)))
        .collect()
}

/// What `work` costs: nanoseconds, or bytes where that is what the work counts.
pub fn time(
    contestant: Contestant,
    binary: &Path,
    work: &str,
    rounds: usize,
) -> Result<f64, Problem> {
    let mut command = Command::new(binary);
    command
        .args(["time", work])
        .env("ROUNDS", rounds.to_string());
    let output = run(&mut on(contestant, binary, command)?)?;
    pairs(&output.stdout)
        .into_iter()
        .find(|(name, _)| name == work)
        .map(|(_, value)| value)
        .ok_or_else(|| format!("{}: no figure for {work}", binary.display()))
}

/// The system calls of one round of `work`.
pub struct Calls {
    pub operations: u64,
    /// Kinds of calls, and how many there were.
    pub counts: Vec<(String, u64)>,
}

impl Calls {
    pub fn of(
        counter: &Path,
        contestant: Contestant,
        binary: &Path,
        work: &str,
    ) -> Result<Self, Problem> {
        let mut command = Command::new(counter);
        // Being traced, a call takes long where nothing else keeps the processors awake. A multiple of
        // what any work does at a time (64).
        command.env("OPERATIONS", "640");
        command.arg(binary).args(["once", work]);
        let output = run(&mut on(contestant, binary, command)?)?;
        let (operations, counts): (Vec<_>, Vec<_>) = pairs(&output.stdout)
            .into_iter()
            .partition(|(name, _)| name == "operations");
        match operations[..] {
            [(_, operations)] => Ok(Self { operations, counts }),
            _ => Err(format!("{}: {work} did not run", binary.display())),
        }
    }

    /// Per operation, all kinds together.
    pub fn each(&self) -> f64 {
        let all: u64 = self.counts.iter().map(|(_, count)| count).sum();
        all as f64 / self.operations as f64
    }
}
