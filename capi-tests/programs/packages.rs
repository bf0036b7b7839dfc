//! `make deb`: the packages install beside libevent, take its place for every program once asked
//! to, and go away without a trace. Real dpkg, in a private copy of this system.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};

use super::process;
use super::stage::{self, Stage};

const PROGRAMS: [&str; 3] = ["memcached", "set-user-id program", "tmux"];

/// The steps of `packages.sh`, and whether programs run on our library after them.
const STEPS: [(&str, bool); 8] = [
    ("before", false),
    ("library installed", false),
    ("default installed", true),
    ("libevent reinstalled", true),
    ("default removed", false),
    ("libevent replaced", true),
    ("libevent brought back", false),
    ("all purged", false),
];

type Case = fn(&Stage) -> Result<(), Failed>;

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let cases: [(&str, Case, bool); 3] = [
        ("come_and_go", come_and_go, true),
        ("are_the_same_each_time", reproducible, false),
        ("have_no_errors", lintian, false),
    ];
    cases
        .into_iter()
        .map(|(name, case, needs_root)| {
            let stage = Arc::clone(stage);
            // Only root can make the copy of the system.
            let ignored = needs_root && process::unprivileged_user().is_none();
            Trial::test(format!("packages::{name}"), move || case(&stage))
                .with_ignored_flag(ignored)
        })
        .collect()
}

fn make(stage: &Stage) -> Result<PathBuf, Failed> {
    let directory = stage.directory("deb")?;
    stage.prefix()?;
    let place = format!("DEB={}", directory.display());
    stage::make(&["deb", &place])?;
    Ok(directory)
}

fn packages(directory: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut files: Vec<_> = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, Failed>>()?;
    files.sort();
    if files.len() == 4 {
        return Ok(files);
    }
    Err(format!("not four packages: {files:?}").into())
}

fn come_and_go(stage: &Stage) -> Result<(), Failed> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("capi-tests/programs/packages.sh");
    let mut command = Command::new(script);
    command.arg(make(stage)?).arg(stage.directory("dpkg")?);
    let finished = process::run(&mut command, b"")?;
    let told: BTreeMap<_, _> = finished
        .stdout
        .lines()
        .filter_map(|line| line.split_once(": "))
        .collect();
    let complain = |what: &str| Failed::from(format!("{what}\n{told:#?}\n{}", finished.stderr));
    for (step, ours) in STEPS {
        for program in PROGRAMS {
            let Some(library) = told.get(format!("{step}, {program}").as_str()) else {
                return Err(complain(&format!("{step}: nothing is known of {program}")));
            };
            let wanted = if ours { "libevent_rs.so." } else { "libevent" };
            if !library.starts_with(wanted) || library.contains("libevent_rs") != ours {
                return Err(complain(&format!("{step}: {program} runs on {library:?}")));
            }
        }
    }
    if told.get("files of libevent-dev replaced") != Some(&"0") {
        return Err(complain("files of libevent-dev were replaced"));
    }
    if told.get("packages of libevent beside the replacement") != Some(&"0") {
        return Err(complain("libevent is still there beside its replacement"));
    }
    if told.get("left behind").is_none_or(|left| !left.is_empty()) {
        return Err(complain("something is left behind"));
    }
    Ok(())
}

fn reproducible(stage: &Stage) -> Result<(), Failed> {
    let (first, second) = (make(stage)?, make(stage)?);
    for (one, other) in packages(&first)?.iter().zip(packages(&second)?) {
        if fs::read(one)? != fs::read(&other)? {
            return Err(format!("{} and {} differ", one.display(), other.display()).into());
        }
    }
    Ok(())
}

fn lintian(stage: &Stage) -> Result<(), Failed> {
    let directory = make(stage)?;
    let mut lintian = process::client("lintian")?;
    lintian
        .args(["--fail-on", "error", "--no-cfg"])
        .args(packages(&directory)?);
    process::run(&mut lintian, b"")?.success().map(|_| ())
}
