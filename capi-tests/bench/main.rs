//! `make bench`: the same work on libevent, on libevent_rs and, where they
//! have the operation, on libev, libuv, a bare epoll loop, c-ares or nginx.
//!
//! Each work belongs to a worker program (`*.c`, helpers in `worker.h`) that is
//! compiled once. The contestants take turns; a figure is the least of all
//! rounds. System calls are counted in runs of their own, under `count.c`.
//!
//! Arguments choose works by a part of their names. In the environment:
//! `ROUNDS` (default 4), and `PUBLISH` to have the section of docs/performance.md and the picture
//! rewritten. Results go to `target/bench/`: `results.csv`, `results.md` and
//! `results.svg`.

#[path = "../library.rs"]
mod library;
mod load;
mod picture;
mod report;
mod rows;
mod worker;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use library::{Problem, project};
use report::Report;
use rows::{GROWTHS, ROWS};
use worker::{Calls, Contestant};

/// Rounds inside a worker for each of its turns.
const ROUNDS_IN_TURN: usize = 3;

/// Turns of works that take a second each.
const ROUNDS_OF_LOAD: usize = 2;

/// Who does which work, in the order of the tables.
struct Plan {
    program: &'static str,
    work: String,
    others: &'static [Contestant],
    count: bool,
}

fn plans(wanted: impl Fn(&str) -> bool, binaries: &mut Binaries) -> Result<Vec<Plan>, Problem> {
    let mut plans: Vec<Plan> = ROWS
        .iter()
        .map(|row| Plan {
            program: row.program,
            work: row.work.to_owned(),
            others: row.others,
            count: row.has_calls(),
        })
        .collect();
    for growth in GROWTHS {
        if growth.program == load::PROGRAM {
            plans.extend(load::SIZES.map(|size| Plan {
                program: load::PROGRAM,
                work: format!("{}/{size}", growth.prefix),
                others: &[Contestant::Nginx],
                count: false,
            }));
            continue;
        }
        for work in worker::works(&binaries.of(growth.program)?)? {
            let grows = work
                .split_once('/')
                .is_some_and(|(prefix, _)| prefix == growth.prefix);
            if grows && plans.iter().all(|plan| plan.work != work) {
                plans.push(Plan {
                    program: growth.program,
                    work,
                    others: &[],
                    count: false,
                });
            }
        }
    }
    plans.retain(|plan| wanted(&plan.work));
    Ok(plans)
}

/// The compiled programs.
#[derive(Default)]
struct Binaries(HashMap<&'static str, PathBuf>);

impl Binaries {
    fn of(&mut self, name: &'static str) -> Result<PathBuf, Problem> {
        if let Some(binary) = self.0.get(name) {
            return Ok(binary.clone());
        }
        let binary = worker::compile(name)?;
        self.0.insert(name, binary.clone());
        Ok(binary)
    }
}

fn bench() -> Result<(), Problem> {
    let rounds = match env::var("ROUNDS") {
        Ok(rounds) => rounds
            .parse()
            .map_err(|error| format!("ROUNDS={rounds}: {error}"))?,
        Err(_) => 4,
    };
    // Cargo adds `--bench`.
    let words: Vec<_> = env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let wanted = |work: &str| words.is_empty() || words.iter().any(|word| work.contains(word));

    let mut binaries = Binaries::default();
    let plans = plans(wanted, &mut binaries)?;
    let counter = binaries.of("count")?;
    let mut report = Report::default();
    for (done, plan) in plans.iter().enumerate() {
        eprint!("\r\x1b[K{}/{} {}", done + 1, plans.len(), plan.work);
        let loaded = plan.program == load::PROGRAM;
        for _ in 0..if loaded {
            rounds.min(ROUNDS_OF_LOAD)
        } else {
            rounds
        } {
            for contestant in Contestant::ALL {
                if contestant > Contestant::Ours && !plan.others.contains(&contestant) {
                    continue;
                }
                let binary = binaries.of(contestant.program(plan.program))?;
                let value = if loaded {
                    load::time(contestant, &binary, &plan.work)?
                } else {
                    worker::time(contestant, &binary, &plan.work, ROUNDS_IN_TURN)?
                };
                report.add(&plan.work, contestant, value);
            }
        }
        for contestant in Contestant::ALL {
            let Some(measured) = report.get_mut(&plan.work, contestant) else {
                continue;
            };
            if plan.count {
                let binary = binaries.of(contestant.program(plan.program))?;
                measured.calls = Some(Calls::of(&counter, contestant, &binary, &plan.work)?.each());
            }
        }
    }
    eprint!("\r\x1b[K");
    publish(&report)
}

fn publish(report: &Report) -> Result<(), Problem> {
    let markdown = report.markdown();
    let picture = picture::draw(report);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    let write = |path: PathBuf, text: &str| {
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    write(directory.join("results.csv"), &report.csv())?;
    write(directory.join("results.md"), &markdown)?;
    write(directory.join("results.svg"), &picture)?;
    println!("{markdown}");
    eprintln!("results are in {}", directory.display());
    if env::var_os("PUBLISH").is_none() {
        return Ok(());
    }
    let page = project().join("docs/performance.md");
    let text = fs::read_to_string(&page).map_err(|error| error.to_string())?;
    let text = report::replace_section(&text, &markdown)
        .ok_or("docs/performance.md has no section between the marks of the benchmark")?;
    write(page, &text)?;
    write(project().join("capi-tests/bench/results.svg"), &picture)
}

fn main() -> ExitCode {
    match bench() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
