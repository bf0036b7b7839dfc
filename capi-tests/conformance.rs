//! The C conformance suite: the same C programs on libevent and on libevent_rs.
//!
//! Every `conformance/*/*.c` is a program of many small tests, in a folder for
//! each header or, where only our library is looked at, in `ours/` and `fault/`
//! (helpers are in `conformance/support/`, the `main` function in its `capi.h`).
//! A program's name is that of its file, whatever the folder. It is compiled once
//! against the reference headers and once against ours, and then run as
//!
//! | library   | what runs                                                   |
//! |-----------|-------------------------------------------------------------|
//! | reference | the system's libevent                                       |
//! | linked    | the program compiled with our headers and `-levent_rs`      |
//! | preloaded | the reference program with `LD_PRELOAD=libevent_rs.so`      |
//! | sonames   | the reference program, libevent's sonames being ours        |
//!
//! each on several backends, with and without locks: see [`matrix`]. A trial is
//! named `program::library::backend::locks`, and the usual filters select
//! (`cargo test --test conformance -- event_timer::reference`).
//!
//! A trial passes when every test of the program passes and, for our library,
//! when what the program printed is byte for byte what it prints on the
//! reference. Chosen exceptions stand in `differences.txt`, whose head
//! describes the format; an exception that no longer occurs fails the trial.
//!
//! A program restricts its matrix with a line such as
//! `// runs: one-backend, one-locking`. Programs named `ours_*` use what the
//! reference doesn't have; they run only on our library.
//!
//! The servers in `examples/` are driven by real clients on the same libraries:
//! see the module of that name. `soak/` is a server for long runs.
//!
//! With `--ignored`, each program runs again under valgrind and with the library
//! and itself built for AddressSanitizer and ThreadSanitizer, as
//! `program::linked::epoll::locks::tool`: see `runner/tool.rs`.
//!
//! Our library is built by `cargo build --release` unless `LIBEVENT_RS_LIB`
//! names the directory that holds `libevent_rs.so`.

mod examples;
mod runner;
mod soak;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use runner::differences;
use runner::harness::{self, Backend, Library, Program, Run};
use runner::tool::{self, Tool};

/// The runs of one program. The reference and the linked library see every
/// backend with and without locks; the two drop-in ways run the same code as
/// the linked library, so that the default backend is enough for them.
fn matrix(program: &'static Program) -> Vec<Run> {
    let mut runs = Vec::new();
    for library in Library::ALL {
        if program.only_ours && library != Library::Linked {
            continue;
        }
        let every_backend = matches!(library, Library::Reference | Library::Linked);
        for backend in Backend::ALL {
            if backend != Backend::Epoll && (program.one_backend || !every_backend) {
                continue;
            }
            for locks in [false, true] {
                if !(locks && program.one_locking) {
                    runs.push(Run {
                        program,
                        library,
                        backend,
                        locks,
                        tool: None,
                    });
                }
            }
        }
    }
    runs
}

/// The runs of one program under the tools: what they look at is the same
/// on every backend and however the library was loaded.
fn watched(program: &'static Program) -> Vec<Run> {
    let mut runs = Vec::new();
    for tool in Tool::ALL {
        for locks in [false, true] {
            if !(locks && program.one_locking) {
                runs.push(Run {
                    program,
                    library: Library::Linked,
                    backend: Backend::Epoll,
                    locks,
                    tool: Some(tool),
                });
            }
        }
    }
    runs
}

fn check(run: &Run) -> Result<(), Failed> {
    let outcome = harness::outcome(run)?;
    let mut complaints = differences::judge_tests(run, &outcome);
    complaints.extend(outcome.reports.iter().cloned());
    if run.tool.is_none() && run.library != Library::Reference && !run.program.only_ours {
        let reference = harness::outcome(&Run {
            library: Library::Reference,
            ..*run
        })?;
        complaints.extend(differences::judge_traces(run, &reference, &outcome));
    }
    if complaints.is_empty() {
        return Ok(());
    }
    if !outcome.stderr.is_empty() {
        complaints.push(format!("stderr:\n{}", outcome.stderr));
    }
    Err(complaints.join("\n").into())
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most tests wait for timers: two at once keep both the machine and the
    // tolerances of the tests at ease.
    arguments.test_threads.get_or_insert(2);
    let programs: &'static [Program] = harness::programs().leak();
    differences::check_names(programs);
    let mut trials: Vec<_> = programs
        .iter()
        .flat_map(matrix)
        .map(|run| Trial::test(run.to_string(), move || check(&run)))
        .collect();
    trials.extend(
        programs
            .iter()
            .flat_map(watched)
            .map(|run| Trial::test(run.to_string(), move || check(&run)).with_ignored_flag(true)),
    );
    trials.push(tool::unit_tests());
    trials.extend(examples::trials());
    trials.extend(soak::trials());
    libtest_mimic::run(&arguments, trials).exit_code()
}
