//! Proof of which library a process runs on: what it mapped, what its calls are
//! bound to, which backend it uses.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Failed;

use super::process::Daemon;
use super::stage::{Flavour, Library, Method, Stage};
use super::tally::Tally;

/// Has the loader bind everything at once and write down where to, in files
/// `STEM.bindings.PID`.
pub fn record_bindings(command: &mut Command, stem: &Path) {
    let mut output = stem.as_os_str().to_owned();
    output.push(".bindings");
    command
        .env("LD_BIND_NOW", "1")
        .env("LD_DEBUG", "bindings")
        .env("LD_DEBUG_OUTPUT", output);
}

/// Checks that every process of `daemon` has mapped the right library; the
/// library and the processes.
pub fn check_mapped(
    stage: &Stage,
    library: Library,
    daemon: &Daemon,
) -> Result<(Option<PathBuf>, Vec<u32>), Failed> {
    let ours = match library {
        Library::Reference => None,
        _ => Some(stage.library()?),
    };
    let processes = same_program(daemon.pid());
    if processes.is_empty() {
        return Err(daemon.complaint("is not running"));
    }
    for &pid in &processes {
        let mapped = mapped_libraries(pid);
        if pid != daemon.pid() && executable(pid) != executable(daemon.pid()) {
            // A child that has ended since, or has executed another program.
            continue;
        }
        check_maps(library, &ours, &mapped)
            .map_err(|error| daemon.complaint(&format!("(process {pid}): {error}")))?;
    }
    Ok((ours, processes))
}

/// Checks that a process, started otherwise than as a daemon, has mapped the
/// right library and no other.
pub fn check_process(stage: &Stage, library: Library, pid: u32) -> Result<(), Failed> {
    let ours = match library {
        Library::Reference => None,
        _ => Some(stage.library()?),
    };
    check_maps(library, &ours, &mapped_libraries(pid))
        .map_err(|error| format!("process {pid}: {error}").into())
}

/// Checks that every process of `daemon` runs on the library and the backend
/// of `flavour`, wholly, and notes it.
pub fn check(
    stage: &Stage,
    flavour: Flavour,
    daemon: &Daemon,
    tally: &mut Tally,
) -> Result<(), Failed> {
    let (ours, processes) = check_mapped(stage, flavour.library, daemon)?;
    let functions = check_bindings(&ours, daemon)?;
    let epoll = processes.iter().any(|&pid| has_epoll(pid));
    if epoll != (flavour.method == Method::Epoll) {
        return Err(daemon.complaint(&format!("does not use {:?}", flavour.method)));
    }

    let library = ours.map_or("Debian's libevent".to_owned(), |path| {
        file_name(&path).to_owned()
    });
    // Preloaded, ours is there before the one that the program asks for.
    let alone = match flavour.library {
        Library::Preload => "",
        _ => " and no other libevent",
    };
    tally.evidence.push(format!(
        "process {} ({}) maps {library}{alone}; its {functions} libevent functions are \
         all bound to it; backend {}",
        daemon.pid(),
        daemon.name(),
        format!("{:?}", flavour.method).to_lowercase(),
    ));
    Ok(())
}

fn check_maps(
    library: Library,
    ours: &Option<PathBuf>,
    mapped: &BTreeSet<PathBuf>,
) -> Result<(), String> {
    // The drop-in objects stand in a folder beside our library.
    let dropin = ours.as_ref().map(|ours| ours.with_file_name("libevent_rs"));
    let debians = mapped.iter().find(|path| {
        file_name(path).starts_with("libevent")
            && Some(*path) != ours.as_ref()
            && path.parent() != dropin.as_deref()
    });
    match (library, ours, debians) {
        (Library::Reference, _, None) => Err("does not map Debian's libevent".into()),
        (Library::Soname, _, Some(path)) => Err(format!("maps {}", path.display())),
        (_, Some(ours), _) if !mapped.contains(ours) => {
            Err(format!("does not map {}", ours.display()))
        }
        _ => Ok(()),
    }
}

/// Checks that every call into libevent, from the program and its libraries, is
/// bound to the one library it should be; the number of functions.
fn check_bindings(ours: &Option<PathBuf>, daemon: &Daemon) -> Result<usize, Failed> {
    let account = daemon
        .directory()
        .join(format!("{}.bindings.{}", daemon.name(), daemon.pid()));
    let account = fs::read_to_string(&account)
        .map_err(|error| daemon.complaint(&format!("left no {}: {error}", account.display())))?;
    let mut functions = BTreeSet::new();
    for line in account.lines() {
        let Some((from, to, symbol)) = binding(line) else {
            continue;
        };
        if !file_name(to).starts_with("libevent") || file_name(from).starts_with("libevent") {
            continue;
        }
        // The loader writes the name that it opened, not what links lead to.
        let to = to.canonicalize()?;
        let right = match ours {
            Some(ours) => to == *ours,
            None => to.starts_with("/usr/lib"),
        };
        if !right {
            return Err(daemon.complaint(&format!("calls {symbol} of {}", to.display())));
        }
        functions.insert(symbol.to_owned());
    }
    if functions.is_empty() {
        return Err(daemon.complaint("calls no libevent function"));
    }
    Ok(functions.len())
}

/// `binding file A [0] to B [0]: normal symbol `S'` as (A, B, S).
fn binding(line: &str) -> Option<(&Path, &Path, &str)> {
    let (_, rest) = line.split_once("binding file ")?;
    let (from, rest) = rest.split_once(" [")?;
    let (_, rest) = rest.split_once("] to ")?;
    let (to, rest) = rest.split_once(" [")?;
    let (_, rest) = rest.split_once("symbol `")?;
    let (symbol, _) = rest.split_once('\'')?;
    Some((Path::new(from), Path::new(to), symbol))
}

fn executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The processes of a server: those of its process group that run its program.
pub fn same_program(leader: u32) -> Vec<u32> {
    let Some(program) = executable(leader) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&pid| process_group(pid) == Some(leader))
        .filter(|&pid| executable(pid).as_ref() == Some(&program))
        .collect()
}

fn process_group(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in brackets that may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(2)?.parse().ok()
}

fn mapped_libraries(pid: u32) -> BTreeSet<PathBuf> {
    fs::read_to_string(format!("/proc/{pid}/maps"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.find('/').map(|start| PathBuf::from(&line[start..])))
        .collect()
}

fn has_epoll(pid: u32) -> bool {
    fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .any(|target| target == Path::new("anon_inode:[eventpoll]"))
}

fn file_name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}
