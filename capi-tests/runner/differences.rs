//! The differences from the reference that are chosen: `differences.txt`.

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use super::harness::{Library, Outcome, Program, Run};
use super::library;
use super::tool::Tool;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The test fails.
    Fails,
    /// The test's lines in the trace are not the reference's.
    Trace,
}

struct Difference {
    program: String,
    test: String,
    /// `reference` or `ours`, then backends, locks or tools if only those are meant.
    scope: Vec<String>,
    kind: Kind,
}

static DIFFERENCES: LazyLock<Vec<Difference>> = LazyLock::new(|| {
    let path = library::project().join("capi-tests/differences.txt");
    let text = fs::read_to_string(&path).expect("differences.txt can be read");
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| parse(line).unwrap_or_else(|| panic!("differences.txt: `{line}`")))
        .collect()
});

fn parse(line: &str) -> Option<Difference> {
    let mut words = line.split_whitespace();
    let (program, test) = words.next()?.split_once('/')?;
    let scope: Vec<_> = words.next()?.split('/').map(str::to_owned).collect();
    let known = |word: &String| {
        ["epoll", "poll", "select", "locks", "nolocks"].contains(&word.as_str())
            || Tool::ALL.iter().any(|tool| tool.to_string() == *word)
    };
    if !matches!(scope[0].as_str(), "reference" | "ours") || !scope[1..].iter().all(known) {
        return None;
    }
    let kind = match words.next()? {
        "fails" => Kind::Fails,
        "trace" => Kind::Trace,
        _ => return None,
    };
    // The reason is not optional.
    words.next()?;
    Some(Difference {
        program: program.to_owned(),
        test: test.to_owned(),
        scope,
        kind,
    })
}

fn expected(run: &Run, test: &str, kind: Kind) -> bool {
    let library = match run.library {
        Library::Reference => "reference",
        _ => "ours",
    };
    let backend = format!("{:?}", run.backend).to_lowercase();
    let locks = if run.locks { "locks" } else { "nolocks" };
    let tool = run.tool.map(|tool| tool.to_string()).unwrap_or_default();
    DIFFERENCES.iter().any(|difference| {
        difference.kind == kind
            && difference.program == run.program.name
            && difference.test == test
            && difference
                .scope
                .iter()
                .all(|word| [library, &backend, locks, &tool].contains(&word.as_str()))
    })
}

/// Refuses entries for programs that don't exist.
pub fn check_names(programs: &[Program]) {
    for difference in DIFFERENCES.iter() {
        assert!(
            programs.iter().any(|it| it.name == difference.program),
            "differences.txt: no program `{}`",
            difference.program
        );
    }
}

/// What is wrong with the results of a run's tests.
pub fn judge_tests(run: &Run, outcome: &Outcome) -> Vec<String> {
    let mut complaints = Vec::new();
    for result in &outcome.tests {
        let listed = expected(run, &result.test, Kind::Fails);
        match &result.failure {
            Some(failure) if !listed => complaints.push(format!("{}: {failure}", result.test)),
            None if listed => complaints.push(format!(
                "{}: passes, but differences.txt says that it fails",
                result.test
            )),
            _ => {}
        }
    }
    complaints
}

/// The lines of the trace that `test` wrote.
fn lines_of<'a>(trace: &'a str, test: &str) -> Vec<&'a str> {
    trace
        .lines()
        .filter(|line| line.split_once(": ").is_some_and(|(name, _)| name == test))
        .collect()
}

/// The first difference and a little of what follows it.
fn excerpt(theirs: &[&str], mine: &[&str]) -> String {
    let same = theirs.iter().zip(mine).take_while(|(a, b)| a == b).count();
    let from = |lines: &[&str]| -> String {
        lines[same..]
            .iter()
            .take(12)
            .map(|line| format!("    {line}\n"))
            .collect()
    };
    format!(
        "  after {same} equal lines\n  reference:\n{}  ours:\n{}",
        from(theirs),
        from(mine)
    )
}

/// What our library printed otherwise than the reference.
pub fn judge_traces(run: &Run, reference: &Outcome, ours: &Outcome) -> Vec<String> {
    let tests: BTreeSet<_> = reference
        .trace
        .lines()
        .chain(ours.trace.lines())
        .map(|line| line.split_once(": ").map_or(line, |(name, _)| name))
        .collect();
    let mut complaints = Vec::new();
    for test in tests {
        let theirs = lines_of(&reference.trace, test);
        let mine = lines_of(&ours.trace, test);
        let listed = expected(run, test, Kind::Trace);
        if (theirs != mine) != listed {
            complaints.push(if listed {
                format!("{test}: same trace, but differences.txt says that it differs")
            } else {
                format!("{test}: trace differs\n{}", excerpt(&theirs, &mine))
            });
        }
    }
    complaints
}
